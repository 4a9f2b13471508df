/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel as transport: one NETLINK_SOCK_DIAG socket on libmnl. It sends a dump request and
 * hands the answer on, message by message, in constant memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include "source/transport.h"

/* The kernel fills at most 32 KiB a message (netlink_dump() and SKB_WITH_OVERHEAD(32768)), so a
 * larger buffer gains nothing and a smaller one truncates. */
#define RECV_SIZE 32768

struct netlink {
	struct mnl_socket *socket;
	unsigned int portid;
	uint32_t seq;
	bool dirty; /* an answer was not read to its end: this socket is of no use any more */
	char buf[RECV_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static int receive_failed(struct dump_report *report, int error)
{
	if (error == -ENOBUFS)
		return dump_problem_set(report, DUMP_OVERRUN, error);
	if (error == -ENOSPC) /* libmnl's word for MSG_TRUNC */
		return dump_problem_set(report, DUMP_TRUNCATED, -EMSGSIZE);
	return dump_problem_set(report, DUMP_RECV_FAILED, error);
}

/* A message of an earlier dump, or not for us: neither belongs to this answer. */
static bool is_stray(const struct netlink *nl, const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_seq != nl->seq || nlh->nlmsg_pid != nl->portid;
}

/* Works through one datagram. 1: the dump is over; 0: read on; negative errno: it broke. */
static int take_datagram(struct netlink *nl, int len, bool dump, message_sink sink, void *ctx,
			 struct dump_report *report)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)nl->buf;
	int verdict;

	for (; message_fits(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		if (is_stray(nl, nlh))
			continue;
		verdict = dump_control_message(nlh, report);
		if (verdict)
			return verdict;
		/* The answer to a request for one socket ends with its acknowledgement. */
		if (nlh->nlmsg_type == NLMSG_ERROR && !dump)
			return 1;
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		verdict = sink(ctx, nlh);
		if (verdict)
			return verdict;
	}
	if (len > 0)
		return dump_problem_set(report, DUMP_BAD_MESSAGE, -EBADMSG);
	return 0;
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

static int netlink_run(void *state, struct nlmsghdr *request, message_sink sink, void *ctx,
		       const struct pause *pause, struct dump_report *report)
{
	struct netlink *nl = state;
	bool dump = request->nlmsg_flags & NLM_F_DUMP;
	int verdict = nl->dirty ? reopen(nl) : 0;

	if (verdict)
		return dump_problem_set(report, DUMP_SEND_FAILED, verdict);
	nl->dirty = true;
	request->nlmsg_seq = ++nl->seq;
	if (send_request(nl, request) < 0)
		return dump_problem_set(report, DUMP_SEND_FAILED, -errno);
	do {
		ssize_t len;

		if (pause->call)
			pause->call(pause->ctx, false);
		len = mnl_socket_recvfrom(nl->socket, nl->buf, sizeof(nl->buf));

		if (len < 0 && errno == EINTR) {
			verdict = 0;
			continue;
		}
		if (len < 0)
			return receive_failed(report, -errno);
		if (len == 0)
			return dump_problem_set(report, DUMP_NO_END, -EPROTO);
		verdict = take_datagram(nl, (int)len, dump, sink, ctx, report);
	} while (verdict == 0);
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
