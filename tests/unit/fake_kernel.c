/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <libmnl/libmnl.h>

#include "model/words.h"
#include "unit/diag.h"
#include "unit/fake_kernel.h"

#define RECV_MAX 32768 /* no answer of the kernel's is longer */

struct fake_kernel kernel;

/* --- libmnl's calls --------------------------------------------------------------------------- */

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags);
int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid);
unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *nl);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t size);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size);
int __wrap_mnl_socket_close(struct mnl_socket *nl);
int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl);

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags)
{
	assert_int_equal(bus, NETLINK_SOCK_DIAG);
	assert_true(flags & SOCK_CLOEXEC);
	if (kernel.open_error) {
		errno = kernel.open_error;
		return NULL;
	}
	kernel.opened++;
	kernel.opener = pthread_self();
	return (struct mnl_socket *)&kernel;
}

int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	assert_ptr_equal(nl, &kernel);
	assert_int_equal(groups, 0);
	assert_int_equal(pid, MNL_SOCKET_AUTOPID);
	errno = kernel.bind_error;
	return kernel.bind_error ? -1 : 0;
}

unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *nl)
{
	assert_ptr_equal(nl, &kernel);
	return PORTID;
}

int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl)
{
	assert_ptr_equal(nl, &kernel);
	return kernel.fd ? kernel.fd : -1;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t size)
{
	const struct nlmsghdr *nlh = req;

	assert_ptr_equal(nl, &kernel);
	assert_int_equal(size, nlh->nlmsg_len);
	assert_true(nlh->nlmsg_flags & NLM_F_DUMP);
	assert_true(nlh->nlmsg_seq != kernel.seq);
	if (kernel.send_error) {
		errno = kernel.send_error;
		return -1;
	}
	kernel.seq = nlh->nlmsg_seq;
	kernel.sent++;
	return (ssize_t)size;
}

/* Messages without a sequence number or an address get those of the request. */
static void address(char *data, size_t length)
{
	size_t at = 0;

	while (at + NLMSG_HDRLEN <= length) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(data + at);

		if (nlh->nlmsg_len < NLMSG_HDRLEN)
			return;
		if (!nlh->nlmsg_seq)
			nlh->nlmsg_seq = kernel.seq;
		if (!nlh->nlmsg_pid)
			nlh->nlmsg_pid = PORTID;
		at += NLMSG_ALIGN(nlh->nlmsg_len);
	}
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	struct answer *a = &kernel.answers[kernel.next];

	assert_ptr_equal(nl, &kernel);
	assert_true(size >= RECV_MAX);
	/* The real call would wait for ever now. */
	if (kernel.next == kernel.count)
		fail_msg("reads on after the answer has ended");
	kernel.next++;
	kernel.read_ahead += !pthread_equal(pthread_self(), kernel.opener);
	if (a->error) {
		errno = a->error;
		return -1;
	}
	address(a->data, a->length);
	memcpy(buf, a->data, a->length);
	return (ssize_t)a->length;
}

int __wrap_mnl_socket_close(struct mnl_socket *nl)
{
	assert_ptr_equal(nl, &kernel);
	kernel.closed++;
	return 0;
}

/* --- writing answers -------------------------------------------------------------------------- */

struct answer *datagram(void)
{
	assert_true(kernel.count < COUNT(kernel.answers));
	return &kernel.answers[kernel.count++];
}

void add_error(int error)
{
	datagram()->error = error;
}

struct nlmsghdr *add_message(struct answer *a, uint16_t type, const void *data, size_t length)
{
	struct nlmsghdr *nlh = diag_control(a->data + a->length, type, data, length);

	a->length += NLMSG_ALIGN(nlh->nlmsg_len);
	assert_true(a->length <= sizeof(a->data));
	return nlh;
}

struct nlmsghdr *add_socket(struct answer *a, uint32_t cookie)
{
	const struct inet_diag_msg msg = {
		.idiag_family = AF_INET,
		.idiag_state = STATE_ESTABLISHED,
		.idiag_inode = cookie,
		.id = { .idiag_cookie = { cookie, 0 } },
	};

	return add_message(a, SOCK_DIAG_BY_FAMILY, &msg, sizeof(msg));
}

void add_done(struct answer *a, int code)
{
	add_message(a, NLMSG_DONE, &code, sizeof(code));
}

void add_refusal(struct answer *a, int error)
{
	const struct nlmsgerr err = { .error = error };

	add_message(a, NLMSG_ERROR, &err, sizeof(err));
}
