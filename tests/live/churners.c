/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "churners.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define FIRST_ADDRESS 0x7f020001u /* 127.2.0.1: not the crowd's */
#define AT_ONCE       64          /* connections that one process has open */

int churn_namespace(unsigned int slots)
{
	int fd = open("/proc/sys/net/ipv4/tcp_child_ehash_entries", O_WRONLY | O_CLOEXEC);
	char text[16];
	const char *why;
	int n = snprintf(text, sizeof(text), "%u", slots), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)n) != n)
		err = -errno;
	close(fd);
	return err ? err : namespace_enter(&why);
}

/* --- one process ----------------------------------------------------------------------------- */

static int listen_at(size_t which, struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(FIRST_ADDRESS + (unsigned int)which);
	if (fd < 0 || bind(fd, (struct sockaddr *)address, len) < 0 || listen(fd, AT_ONCE) < 0 ||
	    getsockname(fd, (struct sockaddr *)address, &len) < 0)
		return -errno;
	return fd;
}

struct pair {
	int near, far;
};

static void close_pair(struct pair *pair, bool reset)
{
	const struct linger linger = { .l_onoff = 1 };

	if (pair->near >= 0 && reset)
		setsockopt(pair->near, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (pair->near >= 0)
		close(pair->near);
	if (pair->far >= 0)
		close(pair->far);
	pair->near = pair->far = -1;
}

static void open_pair(struct pair *pair, int listener, const struct sockaddr_in *address)
{
	pair->near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (pair->near < 0 ||
	    connect(pair->near, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return;
	pair->far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

/* Each goes as the one that was opened so many before. One in sixteen ends orderly and leaves a
 * TIME_WAIT; more would use up the ports. */
static void __attribute__((noreturn)) churn(size_t which, uint64_t *closed)
{
	struct pair pairs[AT_ONCE];
	struct sockaddr_in address;
	int listener;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < AT_ONCE; i++)
		pairs[i] = (struct pair){ -1, -1 };
	listener = listen_at(which, &address);
	if (listener < 0)
		_exit(1);
	for (uint64_t n = 0;; n++) {
		struct pair *pair = &pairs[n % AT_ONCE];

		close_pair(pair, n % 16 != 0);
		open_pair(pair, listener, &address);
		if (n >= AT_ONCE)
			__atomic_add_fetch(closed, 1, __ATOMIC_RELAXED);
	}
}

/* --- all of them ----------------------------------------------------------------------------- */

int churners_start(struct churners *churners, size_t count)
{
	*churners = (struct churners){ 0 };
	churners->closed = mmap(NULL, sizeof(*churners->closed), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (churners->closed == MAP_FAILED) {
		churners->closed = NULL;
		return -errno;
	}
	for (size_t i = 0; i < count && i < CHURNERS_MAX; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (pid == 0)
			churn(i, churners->closed);
		churners->pids[churners->count++] = pid;
	}
	return 0;
}

uint64_t churners_closed(const struct churners *churners)
{
	return __atomic_load_n(churners->closed, __ATOMIC_RELAXED);
}

void churners_end(struct churners *churners)
{
	for (size_t i = 0; i < churners->count; i++)
		kill(churners->pids[i], SIGKILL);
	for (size_t i = 0; i < churners->count; i++)
		waitpid(churners->pids[i], NULL, 0);
	if (churners->closed)
		munmap(churners->closed, sizeof(*churners->closed));
	*churners = (struct churners){ 0 };
}
