/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/events.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "source/transport.h"

/* What may wait while we write: some ten thousand events. */
#define BUFFER_SIZE (8 << 20)

/* Datagrams, of one event each, that are read before the caller looks at other things. */
#define BURST 256

struct events {
	struct mnl_socket *socket;
	struct selection sel;
	char buf[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static unsigned int group_bit(unsigned int group)
{
	return 1u << (group - 1);
}

static unsigned int groups_of(const struct selection *sel)
{
	bool tcp = sel->netids & NETID_BIT(NETID_TCP), udp = sel->netids & NETID_BIT(NETID_UDP);
	unsigned int groups = 0;

	if (tcp && sel->ipv4)
		groups |= group_bit(SKNLGRP_INET_TCP_DESTROY);
	if (tcp && sel->ipv6)
		groups |= group_bit(SKNLGRP_INET6_TCP_DESTROY);
	if (udp && sel->ipv4)
		groups |= group_bit(SKNLGRP_INET_UDP_DESTROY);
	if (udp && sel->ipv6)
		groups |= group_bit(SKNLGRP_INET6_UDP_DESTROY);
	return groups;
}

static int subscribe(struct events *e)
{
	int size = BUFFER_SIZE, fd;

	e->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!e->socket)
		return -errno;
	fd = mnl_socket_get_fd(e->socket);
	/* Beyond the sysctl's limit with CAP_NET_ADMIN, up to it without. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return mnl_socket_bind(e->socket, groups_of(&e->sel), MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

int events_open(struct events **events, const struct selection *sel)
{
	struct events *e = calloc(1, sizeof(*e));
	int err;

	*events = NULL;
	if (!e)
		return -ENOMEM;
	e->sel = *sel;
	err = subscribe(e);
	if (err)
		events_close(e);
	else
		*events = e;
	return err;
}

void events_close(struct events *events)
{
	if (!events)
		return;
	if (events->socket)
		mnl_socket_close(events->socket);
	free(events);
}

int events_fd(const struct events *events)
{
	return mnl_socket_get_fd(events->socket);
}

/* The protocol, which only an attribute tells here; -1 when there is none. */
static int protocol_of(const struct nlmsghdr *nlh)
{
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *attr;

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
		return -1;
	attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct inet_diag_msg));
	for (; (const char *)attr < end && mnl_attr_ok(attr, (int)(end - (const char *)attr));
	     attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) == INET_DIAG_PROTOCOL &&
		    mnl_attr_get_payload_len(attr) >= 1)
			return mnl_attr_get_u8(attr);
	return -1;
}

static int64_t zero_or_unknown(uint32_t queue)
{
	return queue ? UNKNOWN : 0;
}

/* Whether the last of what is counted is a FIN nobody can tell any more. */
static void bound_loss(struct socket *sk)
{
	struct close_forecast *f = &sk->close;

	sk->unread_bytes = zero_or_unknown(sk->recv_queue);
	sk->outstanding_bytes = zero_or_unknown(sk->send_queue);
	sk->unsent_bytes = sk->outstanding_bytes == 0 ? 0 : UNKNOWN;
	f->unread_bytes = sk->unread_bytes;
	f->loss_max_bytes = sk->send_queue;
	f->loss_min_bytes = sk->tcp.notsent_bytes;
	if (f->loss_min_bytes > 0)
		f->loss_min_bytes--;
	if (f->loss_max_bytes == 0)
		f->loss_min_bytes = 0;
}

/* tcp_disconnect() has begun the socket anew; what its tcp_info counts are mixtures of both. */
static void know_nothing(struct socket *sk)
{
	sk->message = NULL;
	sk->message_len = 0;
	sk->queue_unit = QUEUE_UNKNOWN;
	sk->unread_bytes = sk->outstanding_bytes = sk->unsent_bytes = UNKNOWN;
	sk->tcp.notsent_bytes = UNKNOWN;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* inet_diag_handler_get_info() leaves out, or finds gone, what is taken back here. */
static void mark_destroyed(struct socket *sk)
{
	sk->state = STATE_CLOSE;
	sk->inode = 0;
	sk->uid_known = false;
	sk->shutdown_known = false;
	sk->linger.kind = LINGER_NONE;
	sk->destroyed_ms = now_ms();
	sk->close = (struct close_forecast){
		.outcomes = OUTCOME_BIT(OUTCOME_NONE),
		.loss_min_bytes = UNKNOWN,
		.loss_max_bytes = UNKNOWN,
		.unread_bytes = UNKNOWN,
		.drain_ms = UNKNOWN,
	};
	/* sk_wmem_alloc_get() takes one off for the socket itself, which is gone too: -1. A socket
	 * is freed when nothing that it sent is on its way. */
	if (sk->netid == NETID_UDP)
		sk->send_queue = 0;
	else if (sk->peer.port)
		bound_loss(sk);
	else
		know_nothing(sk);
}

static int take_event(struct events *e, const struct nlmsghdr *nlh, socket_sink sink, void *ctx,
		      struct dump_report *report)
{
	int protocol = protocol_of(nlh);
	const struct family *family = protocol == IPPROTO_UDP ? &family_udp : &family_tcp;
	struct socket sk;

	report->messages++;
	if ((protocol != IPPROTO_UDP && protocol != IPPROTO_TCP) ||
	    family->decode(nlh, &sk, &report->bad_attrs)) {
		report->malformed++;
		return 0;
	}
	if (!(e->sel.netids & NETID_BIT(sk.netid)))
		return 0;
	sk.message = nlh;
	sk.message_len = nlh->nlmsg_len;
	mark_destroyed(&sk);
	report->sockets++;
	return sink(ctx, &sk);
}

static int take_datagram(struct events *e, int len, socket_sink sink, void *ctx,
			 struct dump_report *report)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)e->buf;
	int err;

	for (; message_fits(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY)
			continue;
		err = take_event(e, nlh, sink, ctx, report);
		if (err)
			return dump_problem_set(report, DUMP_STOPPED, err);
	}
	report->malformed += len > 0;
	return 0;
}

int events_read(struct events *events, socket_sink sink, void *ctx, struct dump_report *report)
{
	for (unsigned int i = 0; i < BURST; i++) {
		ssize_t len = mnl_socket_recvfrom(events->socket, events->buf, sizeof(events->buf));
		int err;

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		/* What did not fit is gone; what comes next is whole again. */
		if (len < 0 && (errno == ENOBUFS || errno == ENOSPC)) {
			dump_problem_set(report, DUMP_OVERRUN, -ENOBUFS);
			continue;
		}
		if (len < 0)
			return dump_problem_set(report, DUMP_RECV_FAILED, -errno);
		err = take_datagram(events, (int)len, sink, ctx, report);
		if (err)
			return err;
	}
	return 0;
}
