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
#include <linux/sctp.h>
#include <string.h>

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

/* Memory of what was received, by what the kernel adds for each piece of it: for data its length
 * and an uneven size, for a notification the whole of a buffer (sctp_ulpevent_init() in
 * net/sctp/ulpevent.c), which is of this much at least and ends on a line of the processor's cache
 * (__alloc_skb()). The line of each 64-bit processor is one of these, or several. */
#define LEAST_NOTIFICATION 512
#define CACHE_LINE         64

/* Whether there is data in so much memory. */
static enum tri has_data(uint32_t memory)
{
	if (memory == 0)
		return TRI_NO;
	return memory < LEAST_NOTIFICATION || memory % CACHE_LINE ? TRI_YES : TRI_UNKNOWN;
}

/* An association that never got data cannot have any. */
static bool never_got_data(const struct inet_attrs *attrs)
{
	struct sctp_info info;

	if (!attrs->info || attrs->info_len < offsetof(struct sctp_info, sctpi_octrlchunks))
		return false;
	memcpy(&info, attrs->info, offsetof(struct sctp_info, sctpi_octrlchunks));
	return info.sctpi_iuodchunks == 0 && info.sctpi_iodchunks == 0;
}

static enum tri own_data(const struct socket *sk, const struct inet_attrs *attrs)
{
	enum tri data = has_data(sk->recv_queue);

	return data == TRI_UNKNOWN && never_got_data(attrs) ? TRI_NO : data;
}

/* sk_rmem_alloc of the socket covers all of its associations, unless net.sctp.rcvbuf_policy is
 * set: then the number is the association's own (inet_sctp_diag_fill()). */
static enum tri sockets_data(const struct socket *sk, const struct inet_attrs *attrs)
{
	uint32_t own = sk->association ? sk->recv_queue : 0;
	enum tri others;
	uint32_t memory;

	if (sk->sctp.own == TRI_YES)
		return TRI_YES;
	if (!attrs->memory)
		return TRI_UNKNOWN;
	memcpy(&memory, attrs->memory, sizeof(memory));
	/* A moment may have passed between the two. */
	others = memory <= own ? TRI_NO : has_data(memory - own);
	return others == TRI_NO ? sk->sctp.own : others;
}

static void read_association(struct socket *sk, const struct inet_diag_msg *msg,
			     const struct inet_attrs *attrs)
{
	sk->association = true;
	sk->state = msg->idiag_state < ARRAY_SIZE(association_states)
			    ? association_states[msg->idiag_state]
			    : STATE_UNKNOWN;
	sk->timer = msg->idiag_timer == T3_RTX ? TIMER_RETRANSMIT : TIMER_OFF;
	inet_memory_queues(sk);
	sk->sctp.own = own_data(sk, attrs);
	sk->sctp.socket = sockets_data(sk, attrs);
	if (sk->sctp.own == TRI_NO)
		sk->unread_bytes = 0;
	if (sk->inode == 0)
		sk->linger.kind = LINGER_NONE;
}

/* Its state beside LISTEN repeats that of its one association, or says nothing. Without it a
 * connection is counted once. */
static void read_endpoint(struct socket *sk, const struct inet_attrs *attrs)
{
	if (sk->state != STATE_LISTEN)
		sk->state = STATE_CLOSE;
	sk->queue_unit = QUEUE_CONNECTIONS;
	sk->unread_bytes = sk->outstanding_bytes = sk->unsent_bytes = 0;
	sk->sctp.own = TRI_NO;
	sk->sctp.socket = sockets_data(sk, attrs);
}

/* ---- addresses ---- */

/* Takes the list's first address of that family. Gives false where there is none. */
static bool put_first(struct endpoint *end, const struct inet_list *list, sa_family_t family)
{
	struct sockaddr_storage address;

	for (size_t at = 0; at + sizeof(address) <= list->len; at += sizeof(address)) {
		memcpy(&address, (const char *)list->data + at, sizeof(address));
		if (address.ss_family != family)
			continue;
		if (family == AF_INET6) {
			end->addr.v6 = ((struct sockaddr_in6 *)&address)->sin6_addr;
			return true;
		}
		end->addr.v6 = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
		memcpy(&end->addr.v6.s6_addr[12], &((struct sockaddr_in *)&address)->sin_addr,
		       sizeof(struct in_addr));
		return true;
	}
	return false;
}

/* The addresses of an IPv6 socket's association may be of IPv4. Then the kernel reads each where
 * IPv6 has it, and gives zeros (inet_diag_msg_sctpasoc_fill()). The lists have what they are. */
static void mend_ends(struct socket *sk, const struct inet_attrs *attrs)
{
	sa_family_t family = AF_INET6;

	if (sk->family != AF_INET6)
		return;
	if (IN6_IS_ADDR_UNSPECIFIED(&sk->peer.addr.v6) &&
	    put_first(&sk->peer, &attrs->peers, AF_INET))
		family = AF_INET;
	if (IN6_IS_ADDR_UNSPECIFIED(&sk->local.addr.v6))
		put_first(&sk->local, &attrs->locals, family);
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
	if (!attrs.peers.data) {
		read_endpoint(sk, &attrs);
		return 0;
	}
	read_association(sk, msg, &attrs);
	mend_ends(sk, &attrs);
	return 0;
}

/* The kernel shows endpoints in its list of those that take connections when the mask has LISTEN
 * or CLOSE, and when it has another state every association, with its endpoint before it
 * (sctp_diag_dump()); which one is decided here. */
static uint32_t kernel_states(uint32_t states)
{
	const uint32_t endpoints = STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_CLOSE);

	if (states & STATE_BIT(STATE_CLOSE))
		return states | endpoints | STATE_BIT(STATE_ESTABLISHED);
	return (states & endpoints) ? states | endpoints : states;
}

static struct nlmsghdr *sctp_request(char *buf, const struct selection *sel, unsigned int pass)
{
	uint8_t ext = 1u << (INET_DIAG_SKMEMINFO - 1);
	struct selection asked = *sel;

	if (sel->want_tcp_info)
		ext |= 1u << (INET_DIAG_INFO - 1);
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
