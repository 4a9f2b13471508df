/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/steady.h"

#include "present/cells.h"

#define SIZE_OF(field) sizeof(((const struct socket *)0)->field)
#define BYTES(field)                                           \
	{                                                      \
		offsetof(struct socket, field), SIZE_OF(field) \
	}
#define STRING(field)                                       \
	{                                                   \
		offsetof(struct socket, field), STEADY_TEXT \
	}

/* Their ends are an address and a port. */
static bool has_ports(const struct socket *sk)
{
	return socket_is_inet(sk) && sk->netid != NETID_RAW;
}

static bool has_no_subflows(const struct socket *sk)
{
	return sk->subflows.count == 0;
}

static void put_address(struct outbuf *b, const struct socket *sk, const struct endpoint *ep)
{
	outbuf_str(b, "{\"address\":\"");
	address_number(b, sk->family, ep);
	outbuf_str(b, "\",\"port\":");
}

static void put_port(struct outbuf *b, uint16_t port)
{
	char *p = outbuf_reserve(b, DIGITS_MAX + 1);

	if (!p)
		return;
	p = outbuf_digits(p, port);
	*p++ = '}';
	b->len = (size_t)(p - b->data);
}

static void local_head(struct outbuf *b, const struct socket *sk)
{
	put_address(b, sk, &sk->local);
}

static void local_tail(struct outbuf *b, const struct socket *sk)
{
	put_port(b, sk->local.port);
}

static void peer_head(struct outbuf *b, const struct socket *sk)
{
	put_address(b, sk, &sk->peer);
}

static void peer_tail(struct outbuf *b, const struct socket *sk)
{
	put_port(b, sk->peer.port);
}

/* Path and workload live, and stay what they are, as long as the run: their addresses will do. */
static const struct steady steady[] = {
	{ json_netid, 1, { BYTES(netid) }, NULL, NULL, NULL },
	{ json_family, 1, { BYTES(family) }, NULL, NULL, NULL },
	{ json_state, 1, { BYTES(state) }, NULL, NULL, NULL },
	{ json_netns, 1, { BYTES(netns) }, NULL, NULL, NULL },
	{ json_local, 2, { BYTES(family), BYTES(local.addr) }, has_ports, local_head, local_tail },
	{ json_peer, 2, { BYTES(family), BYTES(peer.addr) }, has_ports, peer_head, peer_tail },
	{ json_interface, 1, { STRING(interface) }, NULL, NULL, NULL },
	{ json_ifindex, 1, { BYTES(ifindex) }, NULL, NULL, NULL },
	{ json_recv_queue, 2, { BYTES(queue_unit), BYTES(recv_queue) }, NULL, NULL, NULL },
	{ json_send_queue, 2, { BYTES(queue_unit), BYTES(send_queue) }, NULL, NULL, NULL },
	{ json_queue_unit, 1, { BYTES(queue_unit) }, NULL, NULL, NULL },
	{ json_unread, 1, { BYTES(unread_bytes) }, NULL, NULL, NULL },
	{ json_outstanding, 1, { BYTES(outstanding_bytes) }, NULL, NULL, NULL },
	{ json_unsent, 1, { BYTES(unsent_bytes) }, NULL, NULL, NULL },
	{ json_netns_name, 1, { STRING(netns_name) }, NULL, NULL, NULL },
	{ json_linger,
	  4,
	  { BYTES(linger.kind), BYTES(linger.source), BYTES(linger.forever),
	    BYTES(linger.seconds) },
	  NULL,
	  NULL,
	  NULL },
	{ json_options, 1, { BYTES(options) }, NULL, NULL, NULL },
	{ json_shutdown, 2, { BYTES(shutdown), BYTES(shutdown_known) }, NULL, NULL, NULL },
	{ json_uid, 2, { BYTES(uid), BYTES(uid_known) }, NULL, NULL, NULL },
	{ json_cgroup, 1, { BYTES(cgroup) }, NULL, NULL, NULL },
	{ json_unit, 1, { BYTES(workload) }, NULL, NULL, NULL },
	{ json_container, 1, { BYTES(workload) }, NULL, NULL, NULL },
	{ json_references, 1, { BYTES(holders.count) }, NULL, NULL, NULL },
	{ json_mptcp, 3, { BYTES(netid), BYTES(subflow), BYTES(mptcp) }, NULL, NULL, NULL },
	{ json_sctp, 2, { BYTES(netid), BYTES(association) }, NULL, NULL, NULL },
	{ json_subflows, 1, { BYTES(subflows.known) }, has_no_subflows, NULL, NULL },
	{ json_outcome, 1, { BYTES(close.outcomes) }, NULL, NULL, NULL },
	{ json_outcomes, 1, { BYTES(close.outcomes) }, NULL, NULL, NULL },
	{ json_risk, 1, { BYTES(close.risk) }, NULL, NULL, NULL },
	{ json_risk_max, 1, { BYTES(close.risk_max) }, NULL, NULL, NULL },
	{ json_reasons, 1, { BYTES(close.reasons) }, NULL, NULL, NULL },
	{ json_loss_min, 1, { BYTES(close.loss_min_bytes) }, NULL, NULL, NULL },
	{ json_loss_max, 1, { BYTES(close.loss_max_bytes) }, NULL, NULL, NULL },
	{ json_close_unread, 1, { BYTES(close.unread_bytes) }, NULL, NULL, NULL },
	{ json_block, 1, { BYTES(close.block_seconds) }, NULL, NULL, NULL },
	{ json_drain, 1, { BYTES(close.drain_ms) }, NULL, NULL, NULL },
};

const struct steady *steady_of(const struct column *column)
{
	for (size_t i = 0; i < sizeof(steady) / sizeof(steady[0]); i++)
		if (steady[i].value == column->value)
			return &steady[i];
	return NULL;
}
