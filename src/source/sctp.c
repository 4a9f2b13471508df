/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCTP: endpoints and associations. The kernel answers with a record for each endpoint, whose
 * state is one of TCP's and whose queue counts associations that wait, and behind it one for each
 * of its associations, told apart by the attribute with the peer's addresses: its state is a
 * number of enum sctp_state, its queues are memory (inet_sctp_diag_fill() and
 * sctp_diag_get_info() in net/sctp/diag.c). Both have the endpoint's inode and cookie.
 */
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>

#include "source/inet.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* enum sctp_event_timeout of include/net/sctp/constants.h: the timer of retransmission, the only
 * one that is told. */
#define T3_RTX 4

/* enum sctp_state of include/net/sctp/constants.h, in its order. */
static const enum sock_state association_states[] = {
	STATE_CLOSE,
	STATE_COOKIE_WAIT,
	STATE_COOKIE_ECHOED,
	STATE_ESTABLISHED,
	STATE_SHUTDOWN_PENDING,
	STATE_SHUTDOWN_SENT,
	STATE_SHUTDOWN_RECEIVED,
	STATE_SHUTDOWN_ACK_SENT,
};

static void read_association(struct socket *sk, const struct inet_diag_msg *msg)
{
	sk->association = true;
	sk->state = msg->idiag_state < ARRAY_SIZE(association_states)
			    ? association_states[msg->idiag_state]
			    : STATE_UNKNOWN;
	sk->timer = msg->idiag_timer == T3_RTX ? TIMER_RETRANSMIT : TIMER_OFF;
	inet_memory_queues(sk);
	if (sk->inode == 0)
		sk->linger.kind = LINGER_NONE;
}

static void read_endpoint(struct socket *sk)
{
	sk->queue_unit = QUEUE_CONNECTIONS;
	sk->unread_bytes = sk->outstanding_bytes = sk->unsent_bytes = 0;
}

static int sctp_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	struct inet_attrs attrs;
	const struct inet_diag_msg *msg;
	int err = inet_decode(nlh, sk, &attrs, bad_attrs);

	if (err)
		return err;
	msg = mnl_nlmsg_get_payload(nlh);
	sk->netid = NETID_SCTP;
	sk->protocol = IPPROTO_SCTP;
	/* There are no minisockets here, whatever the number of the state. */
	sk->uid = msg->idiag_uid;
	sk->uid_known = true;
	if (attrs.has_peers)
		read_association(sk, msg);
	else
		read_endpoint(sk);
	return 0;
}

/* The kernel shows idle endpoints with the listening ones, and any association when the mask has
 * another state than these two (sctp_diag_dump()); which one is decided here. */
static uint32_t kernel_states(uint32_t states)
{
	const uint32_t endpoints = STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_CLOSE);

	return (states & endpoints) ? states | endpoints : states;
}

static struct nlmsghdr *sctp_request(char *buf, const struct selection *sel, unsigned int pass)
{
	uint8_t ext = sel->want_tcp_info ? 1u << (INET_DIAG_INFO - 1) : 0;
	struct selection asked = *sel;

	asked.states = kernel_states(sel->states);
	/* sctp_diag_dump() does not look at it. */
	asked.bytecode = NULL;
	asked.bytecode_len = 0;
	return inet_request_each(buf, &asked, pass, IPPROTO_SCTP, ext);
}

const struct family family_sctp = {
	.name = "sctp",
	.netids = NETID_BIT(NETID_SCTP),
	.no_bytecode = true,
	.request = sctp_request,
	.decode = sctp_decode,
};
