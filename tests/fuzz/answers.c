/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <libmnl/libmnl.h>

#include "fuzz/fuzz.h"

static struct {
	struct {
		const void *data;
		size_t size;
		int error;
	} answers[ANSWERS_MAX];
	size_t count, next;
} script;

void answers_reset(void)
{
	script.count = script.next = 0;
}

void answers_add(const void *data, size_t size)
{
	MUST(script.count < ANSWERS_MAX);
	script.answers[script.count].data = data;
	script.answers[script.count].size = size;
	script.answers[script.count++].error = 0;
}

void answers_add_error(int error)
{
	MUST(script.count < ANSWERS_MAX);
	script.answers[script.count++].error = error;
}

size_t answers_given(void)
{
	return script.next;
}

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags);
int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid);
unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *nl);
int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size);
int __wrap_mnl_socket_close(struct mnl_socket *nl);

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags)
{
	(void)bus;
	(void)flags;
	return malloc(1); /* so that one that is never closed is found */
}

int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *nl)
{
	(void)nl;
	return ANSWERS_PORTID;
}

int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return -1;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	(void)nl;
	(void)buf;
	return (ssize_t)len;
}

/* As libmnl does it: what the buffer does not hold is ENOSPC. */
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	size_t i = script.next++;

	(void)nl;
	if (i >= script.count)
		return 0;
	errno = script.answers[i].error;
	if (errno)
		return -1;
	if (script.answers[i].size > size) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(buf, script.answers[i].data, script.answers[i].size);
	return (ssize_t)script.answers[i].size;
}

int __wrap_mnl_socket_close(struct mnl_socket *nl)
{
	free(nl);
	return 0;
}
