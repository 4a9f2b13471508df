/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel as transport: one NETLINK_SOCK_DIAG socket on libmnl. It sends a dump request and
 * hands the answer on, message by message, in constant memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include "source/ahead.h"
#include "source/transport.h"

/* The kernel fills at most 32 KiB a message (netlink_dump() and SKB_WITH_OVERHEAD(32768)), so a
 * larger buffer gains nothing and a smaller one truncates. */
#define RECV_SIZE 32768

/* After so many datagrams of some size there is reason to think that a thread is worth its
 * making: it costs as much as half of one. */
#define AHEAD_AFTER 4

/* So long at most the reader waits before it looks whether it is still wanted. */
#define PATIENCE_MS 20

struct netlink {
	struct mnl_socket *socket;
	unsigned int portid;
	uint32_t seq;
	bool dirty; /* an answer was not read to its end: this socket is of no use any more */
	unsigned int
		large; /* datagrams of the answer that were large, as long as that is counted */
	struct ahead *ahead; /* NULL: each datagram is read when it is wanted */
	char buf[RECV_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static int receive_failed(struct dump_report *report, int error)
{
	if (error == -ENOBUFS)
		return dump_problem_set(report, DUMP_OVERRUN, error);
	if (error == -EMSGSIZE)
		return dump_problem_set(report, DUMP_TRUNCATED, error);
	return dump_problem_set(report, DUMP_RECV_FAILED, error);
}

/* What becomes of an answer. */
struct answer {
	bool dump; /* and not one socket */
	message_sink sink;
	void *ctx;
	const struct pause *pause;
	struct dump_report *report;
};

/* A message of an earlier dump, or not for us: neither belongs to this answer. */
static bool is_stray(const struct netlink *nl, const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_seq != nl->seq || nlh->nlmsg_pid != nl->portid;
}

/* Works through one datagram. 1: the dump is over; 0: read on; negative errno: it broke. */
static int take_datagram(const struct netlink *nl, const void *datagram, int len,
			 const struct answer *answer)
{
	const struct nlmsghdr *nlh = datagram;
	int verdict;

	for (; message_fits(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		if (is_stray(nl, nlh))
			continue;
		verdict = dump_control_message(nlh, answer->report);
		if (verdict)
			return verdict;
		/* The answer to a request for one socket ends with its acknowledgement. */
		if (nlh->nlmsg_type == NLMSG_ERROR && !answer->dump)
			return 1;
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		verdict = answer->sink(answer->ctx, nlh);
		if (verdict)
			return verdict;
	}
	if (len > 0)
		return dump_problem_set(answer->report, DUMP_BAD_MESSAGE, -EBADMSG);
	return 0;
}

/* --- receiving ------------------------------------------------------------------------------- */

/* The length, 0 at an end that the kernel never makes, or a negative errno. */
static ssize_t receive(const struct netlink *nl, void *buf, size_t size)
{
	ssize_t len = mnl_socket_recvfrom(nl->socket, buf, size);

	if (len >= 0)
		return len;
	return errno == ENOSPC ? -EMSGSIZE : -errno; /* libmnl's word for MSG_TRUNC */
}

/* How long a receive waits; 0: for ever. A dump always has its next datagram ready; but where the
 * last of one was lost nothing comes any more, and a reader must be able to leave. */
static bool set_patience(const struct netlink *nl, long ms)
{
	const struct timeval time = { .tv_usec = ms * 1000 };

	return setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVTIMEO, &time,
			  sizeof(time)) == 0;
}

static ssize_t receive_ahead(void *ctx, void *buf, size_t size)
{
	return receive(ctx, buf, size);
}

/* What ends an answer, or cannot be read. A stray's end is none; where the reader is misled by one,
 * reading goes on without it. */
static bool is_last(void *ctx, const void *datagram, size_t size)
{
	const struct nlmsghdr *nlh = datagram;
	int len = (int)size;

	(void)ctx;
	for (; message_fits(nlh, len); nlh = NLMSG_NEXT(nlh, len))
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE && nlh->nlmsg_type != NLMSG_NOOP)
			return true;
	return len > 0;
}

static void leave_ahead(struct netlink *nl)
{
	if (!nl->ahead)
		return;
	ahead_stop(nl->ahead);
	nl->ahead = NULL;
	set_patience(nl, 0);
}

static ssize_t next_datagram(struct netlink *nl, const void **datagram)
{
	if (nl->ahead) {
		ssize_t len = ahead_next(nl->ahead, datagram);

		if (len != AHEAD_OVER)
			return len;
		leave_ahead(nl);
	}
	*datagram = nl->buf;
	return receive(nl, nl->buf, sizeof(nl->buf));
}

/* A dump that has shown that it is long is read ahead from here on. */
static void consider_ahead(struct netlink *nl, ssize_t len)
{
	const struct ahead_calls calls = { receive_ahead, is_last, nl, RECV_SIZE };

	if (nl->large > AHEAD_AFTER || len < RECV_SIZE / 2)
		return;
	if (++nl->large <= AHEAD_AFTER || !set_patience(nl, PATIENCE_MS))
		return;
	nl->ahead = ahead_start(&calls);
	if (!nl->ahead)
		set_patience(nl, 0);
}

static int open_socket(struct netlink *nl)
{
	int err;

	nl->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!nl->socket)
		return -errno;
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		mnl_socket_close(nl->socket);
		nl->socket = NULL;
		return err;
	}
	nl->portid = mnl_socket_get_portid(nl->socket);
	return 0;
}

/* What is left of a broken answer would get in the way of the next: the kernel refuses a second
 * dump while one is under way (EBUSY). */
static int reopen(struct netlink *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->dirty = false;
	return open_socket(nl);
}

/* NLMSG_DONE and NLMSG_ERROR are the last that the kernel says. */
static bool ends_answer(int verdict, const struct dump_report *report)
{
	return verdict > 0 || report->problem == DUMP_REFUSED || report->problem == DUMP_DONE_ERROR;
}

static int send_request(struct netlink *nl, const struct nlmsghdr *request)
{
	ssize_t sent;

	do
		sent = mnl_socket_sendto(nl->socket, request, request->nlmsg_len);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

/* 1 when the answer is over, or a negative errno. */
static int read_answer(struct netlink *nl, const struct answer *answer)
{
	int verdict = 0;

	while (verdict == 0) {
		const void *datagram;
		ssize_t len;

		if (answer->pause->call)
			answer->pause->call(answer->pause->ctx, false);
		len = next_datagram(nl, &datagram);
		if (len == -EINTR)
			continue;
		if (len < 0)
			return receive_failed(answer->report, (int)len);
		if (len == 0)
			return dump_problem_set(answer->report, DUMP_NO_END, -EPROTO);
		verdict = take_datagram(nl, datagram, (int)len, answer);
		if (verdict == 0 && answer->dump)
			consider_ahead(nl, len);
	}
	return verdict;
}

static int netlink_run(void *state, struct nlmsghdr *request, message_sink sink, void *ctx,
		       const struct pause *pause, struct dump_report *report)
{
	const struct answer answer = { request->nlmsg_flags & NLM_F_DUMP, sink, ctx, pause,
				       report };
	struct netlink *nl = state;
	int verdict = nl->dirty ? reopen(nl) : 0;

	if (verdict)
		return dump_problem_set(report, DUMP_SEND_FAILED, verdict);
	nl->dirty = true;
	nl->large = 0;
	request->nlmsg_seq = ++nl->seq;
	if (send_request(nl, request) < 0)
		return dump_problem_set(report, DUMP_SEND_FAILED, -errno);
	verdict = read_answer(nl, &answer);
	leave_ahead(nl);
	nl->dirty = !ends_answer(verdict, report);
	return verdict < 0 ? verdict : 0;
}

/* The number is one socket's alone, within a protocol and a network namespace. */
static bool netlink_owns(const void *state, const struct socket *sk)
{
	const struct netlink *nl = state;

	return sk->netid == NETID_NETLINK && sk->protocol == NETLINK_SOCK_DIAG &&
	       sk->netlink.port_id == nl->portid;
}

static void netlink_close(void *state)
{
	struct netlink *nl = state;

	if (nl->socket)
		mnl_socket_close(nl->socket);
	free(nl);
}

static const struct transport netlink_transport = {
	.run = netlink_run,
	.close = netlink_close,
	.owns = netlink_owns,
};

int netlink_transport_open(const struct transport **transport, void **state)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int err;

	if (!nl)
		return -ENOMEM;
	err = open_socket(nl);
	if (err) {
		free(nl);
		return err;
	}
	*transport = &netlink_transport;
	*state = nl;
	return 0;
}
