/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of every kind but TCP and MPTCP. Where the kernel does not show what decides, a
 * verdict spans what may happen.
 */
#include "judge/rules.h"

/* A connection that waits for up to the linger time. */
static bool waits(const struct hearing *h)
{
	return h->linger.on && !h->linger.zero && !h->exiting;
}

static void set_wait(const struct hearing *h, struct close_forecast *f)
{
	f->block_seconds = h->linger.seconds;
	f->block_forever = h->linger.forever;
}

/* Nobody can say what is queued: nothing may be lost, or all of it. */
static void set_blind_risk(struct close_forecast *f)
{
	f->risk = RISK_NONE;
	f->risk_max = RISK_CERTAIN;
	f->loss_max_bytes = UNKNOWN;
}

/* --- unix, and datagrams of any family ------------------------------------------------------ */

static bool is_unix_peer(const struct hearing *h)
{
	return h->sk->state == STATE_ESTABLISHED;
}

/* What we sent lies in the peer's queue and stays readable; it ends with EOF there
 * (unix_release_sock() in net/unix/af_unix.c). */
static void end_unix_peer(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	rule_set_outcome(f, OUTCOME_FIN);
}

/* Datagrams received and not read go with the socket; those sent are on their way already. */
static void drop_datagrams(const struct hearing *h, struct close_forecast *f)
{
	rule_set_outcome(f, OUTCOME_SILENT);
	rule_set_risk(f, h->unread ? RISK_CERTAIN : RISK_NONE);
	/* Of a unix socket the length of the first datagram alone is shown: behind an empty one
	 * there may be more. Without a queue's number, or with a ring beside the queue, there may
	 * be something. */
	if (h->sk->netid == NETID_UNIX_DGRAM || (!h->unread && h->sk->unread_bytes == UNKNOWN))
		f->risk_max = RISK_CERTAIN;
	/* Memory in the send queue of UDP or a raw socket: on its way, or corked (UDP_CORK,
	 * MSG_MORE), and a corked datagram goes with the socket. */
	if (!socket_is_inet(h->sk) || h->sk->outstanding_bytes == 0)
		return;
	f->risk_max = RISK_CERTAIN;
	f->loss_max_bytes = UNKNOWN;
	f->reasons |= REASON_BIT(REASON_MAYBE_CORKED);
}

/* The kernel's own sockets have no descriptor: they end with the namespace. */
static bool is_kernels(const struct hearing *h)
{
	return socket_is_kernels(h->sk);
}

/* What was sent is with the device's queue, and goes out; what waits in a ring that is shared with
 * the program does not (packet_release() in net/packet/af_packet.c). */
static void drop_frames(const struct hearing *h, struct close_forecast *f)
{
	drop_datagrams(h, f);
	if (!h->sk->packet.tx_ring)
		return;
	f->risk_max = RISK_CERTAIN;
	f->loss_max_bytes = UNKNOWN;
}

static void reset_unix_peer(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	rule_set_outcome(f, OUTCOME_RESET);
	rule_set_risk(f, RISK_CERTAIN);
}

/* A ring that the program shares with the kernel may hold anything, both ways (xsk_release() in
 * net/xdp/xsk.c). */
static void drop_rings(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	rule_set_outcome(f, OUTCOME_SILENT);
	set_blind_risk(f);
}

/* --- DCCP: dccp_close() in net/dccp/proto.c, without knowing its queues ----------------------- */

/* How many connections wait the kernel does not tell. */
static void close_blind_listener(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	f->outcomes = OUTCOME_BIT(OUTCOME_SILENT) | OUTCOME_BIT(OUTCOME_RESET);
	set_blind_risk(f);
}

static bool is_not_open(const struct hearing *h)
{
	return h->sk->state == STATE_CLOSE || h->sk->state == STATE_SYN_SENT;
}

static void close_unopened(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	rule_set_outcome(f, OUTCOME_SILENT);
	f->unread_bytes = 0;
}

static void reset_dccp(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	rule_set_outcome(f, OUTCOME_RESET);
	set_blind_risk(f);
	f->risk = RISK_POSSIBLE;
	f->reasons |= REASON_BIT(REASON_ZERO_LINGER);
}

/* Unread data makes it a reset; what is not sent within the linger time is dropped. */
static void close_dccp(const struct hearing *h, struct close_forecast *f)
{
	f->outcomes = OUTCOME_BIT(OUTCOME_FIN) | OUTCOME_BIT(OUTCOME_RESET);
	set_blind_risk(f);
	if (!waits(h))
		return;
	f->outcomes |= OUTCOME_BIT(OUTCOME_BLOCKS);
	set_wait(h, f);
}

/* --- SCTP: sctp_close() in net/sctp/socket.c -------------------------------------------------- */

static bool is_endpoint(const struct hearing *h)
{
	return !h->sk->association;
}

static bool is_endpoint_with_callers(const struct hearing *h)
{
	return is_endpoint(h) && h->sk->state == STATE_LISTEN && h->sk->recv_queue > 0;
}

/* Each gets a SHUTDOWN, or if there is data of any that nobody read, or with zero linger, an
 * ABORT. */
static void close_callers(const struct hearing *h, struct close_forecast *f)
{
	enum tri unread = h->sk->sctp.socket;

	f->reasons |= REASON_BIT(REASON_UNACCEPTED);
	f->unread_bytes = f->at_stake_bytes = UNKNOWN;
	f->loss_max_bytes = UNKNOWN;
	rule_set_risk(f, unread == TRI_YES ? RISK_CERTAIN : RISK_POSSIBLE);
	if (unread != TRI_NO)
		f->risk_max = RISK_CERTAIN;
	if (unread != TRI_NO || rule_has_zero_linger(h))
		f->outcomes |= OUTCOME_BIT(OUTCOME_RESET);
	if (unread != TRI_YES && !rule_has_zero_linger(h))
		f->outcomes |= OUTCOME_BIT(OUTCOME_FIN);
}

static void goes_with_associations(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	rule_set_outcome(f, OUTCOME_NONE);
	f->reasons |= REASON_BIT(REASON_ENDPOINT);
}

static bool has_no_process(const struct hearing *h)
{
	return h->sk->inode == 0;
}

/* The peer has no association to end yet. */
static bool is_opening(const struct hearing *h)
{
	return STATE_BIT(h->sk->state) & (STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_COOKIE_WAIT) |
					  STATE_BIT(STATE_COOKIE_ECHOED));
}

/* What is queued is of nobody knows how many bytes, of which some may have arrived. */
static void drop_memory(const struct hearing *h, struct close_forecast *f)
{
	if (h->sk->outstanding_bytes == 0)
		return;
	f->loss_max_bytes = UNKNOWN;
	f->risk = RISK_POSSIBLE;
	f->risk_max = RISK_CERTAIN;
}

static void close_opening(const struct hearing *h, struct close_forecast *f)
{
	rule_set_outcome(f, OUTCOME_SILENT);
	drop_memory(h, f);
	if (h->unread)
		rule_set_risk(f, RISK_CERTAIN);
}

static bool has_unread_data(const struct hearing *h)
{
	return h->sk->sctp.own == TRI_YES;
}

static void abort_for_unread(const struct hearing *h, struct close_forecast *f)
{
	rule_set_outcome(f, OUTCOME_RESET);
	drop_memory(h, f);
	rule_set_risk(f, RISK_CERTAIN);
}

/* Memory that may be data, and is lost then. */
static void doubt_unread(struct close_forecast *f)
{
	f->risk_max = RISK_CERTAIN;
	f->at_stake_bytes = UNKNOWN;
}

static void drop_association(const struct hearing *h, struct close_forecast *f)
{
	rule_set_outcome(f, OUTCOME_RESET);
	rule_set_risk(f, RISK_POSSIBLE);
	drop_memory(h, f);
	if (h->sk->sctp.own == TRI_UNKNOWN)
		doubt_unread(f);
}

/* All associations of a socket share its receive queue, and one with unread data takes all others
 * with it. */
static bool has_unread_sibling(const struct hearing *h)
{
	return h->sk->sctp.socket == TRI_YES;
}

static void abort_for_sibling(const struct hearing *h, struct close_forecast *f)
{
	drop_association(h, f);
	f->reasons |= REASON_BIT(REASON_SIBLING_UNREAD);
}

static void abort_association(const struct hearing *h, struct close_forecast *f)
{
	drop_association(h, f);
	f->reasons |= REASON_BIT(REASON_ZERO_LINGER);
}

/* Only a one-to-one socket waits (sctp_style() in sctp_close()). */
static void wait_for_shutdown(const struct hearing *h, struct close_forecast *f)
{
	enum tri many = h->sk->options.one_to_many;

	if (many == TRI_YES)
		return;
	set_wait(h, f);
	if (!h->sk->outstanding_bytes)
		return;
	if (many == TRI_NO)
		rule_set_outcome(f, OUTCOME_BLOCKS);
	else
		f->outcomes |= OUTCOME_BIT(OUTCOME_BLOCKS);
}

static void shut_down(const struct hearing *h, struct close_forecast *f)
{
	rule_set_outcome(f, h->sk->outstanding_bytes ? OUTCOME_BACKGROUND : OUTCOME_FIN);
	rule_set_risk(f, h->sk->outstanding_bytes ? RISK_POSSIBLE : RISK_NONE);
	if (waits(h))
		wait_for_shutdown(h, f);
}

/* Notifications that nobody read go without a word, data makes it an ABORT: it may be either. */
static bool may_have_unread(const struct hearing *h)
{
	return h->sk->sctp.socket != TRI_NO;
}

static void shut_down_or_abort(const struct hearing *h, struct close_forecast *f)
{
	shut_down(h, f);
	f->outcomes |= OUTCOME_BIT(OUTCOME_RESET);
	if (h->sk->outstanding_bytes)
		f->loss_max_bytes = UNKNOWN;
	f->risk_max = h->sk->outstanding_bytes ? RISK_CERTAIN : RISK_POSSIBLE;
	if (h->sk->sctp.own == TRI_UNKNOWN)
		doubt_unread(f);
}

/* --- vsock: virtio_transport_close() in net/vmw_vsock/virtio_transport_common.c ----------------
 */

static bool is_vsock_connection(const struct hearing *h)
{
	return h->sk->state == STATE_ESTABLISHED || h->sk->state == STATE_CLOSING;
}

/* Unread data is dropped without a word; what was sent goes on. Zero linger is as none. */
static void close_vsock(const struct hearing *h, struct close_forecast *f)
{
	f->outcomes = OUTCOME_BIT(OUTCOME_FIN) | OUTCOME_BIT(OUTCOME_BACKGROUND);
	set_blind_risk(f);
	if (!waits(h))
		return;
	f->outcomes |= OUTCOME_BIT(OUTCOME_BLOCKS);
	set_wait(h, f);
}

/* --- TIPC: __tipc_shutdown() in net/tipc/socket.c ----------------------------------------------
 */

#define TIPC_WAIT_SECONDS 8 /* CONN_TIMEOUT_DEFAULT, whatever linger says */

static bool is_connected(const struct hearing *h)
{
	return h->sk->state == STATE_ESTABLISHED;
}

/* What was not read goes back to its sender, or ends the connection. */
static void return_messages(const struct hearing *h, struct close_forecast *f)
{
	f->outcomes = OUTCOME_BIT(OUTCOME_RESET);
	if (is_connected(h))
		f->outcomes |= OUTCOME_BIT(OUTCOME_FIN);
	rule_set_risk(f, RISK_CERTAIN);
	f->loss_max_bytes = h->sk->outstanding_bytes;
}

static void close_tipc(const struct hearing *h, struct close_forecast *f)
{
	rule_set_outcome(f, is_connected(h) ? OUTCOME_FIN : OUTCOME_SILENT);
	if (h->sk->outstanding_bytes != 0) {
		f->outcomes |= OUTCOME_BIT(OUTCOME_BACKGROUND);
		set_blind_risk(f);
		f->risk = RISK_POSSIBLE;
	}
	if (h->sk->unread_bytes == UNKNOWN)
		f->risk_max = RISK_CERTAIN;
	if (h->sk->tipc.congested && !h->exiting)
		f->block_seconds = TIPC_WAIT_SECONDS;
}

/* --- the tables ------------------------------------------------------------------------------- */

static const struct rule datagram_rules[] = {
	{ rule_always, drop_datagrams },
};

static const struct rule packet_rules[] = {
	{ rule_always, drop_frames },
};

/* netlink_release() in net/netlink/af_netlink.c. */
static const struct rule netlink_rules[] = {
	{ is_kernels, rule_nothing_to_close },
	{ rule_always, drop_datagrams },
};

static const struct rule unix_rules[] = {
	{ rule_is_strange, rule_cannot_say }, { rule_is_listener, rule_close_listener },
	{ rule_has_unread, reset_unix_peer }, { is_unix_peer, end_unix_peer },
	{ rule_always, drop_datagrams },
};

static const struct rule xdp_rules[] = {
	{ rule_always, drop_rings },
};

static const struct rule dccp_rules[] = {
	{ rule_is_strange, rule_cannot_say },       { rule_is_over, rule_nothing_to_close },
	{ rule_is_orphan, rule_already_closed },    { rule_is_unaccepted, rule_dies_with_listener },
	{ rule_is_listener, close_blind_listener }, { is_not_open, close_unopened },
	{ rule_has_zero_linger, reset_dccp },       { rule_always, close_dccp },
};

static const struct rule sctp_rules[] = {
	{ rule_is_strange, rule_cannot_say },
	{ is_endpoint_with_callers, close_callers },
	{ is_endpoint, goes_with_associations },
	{ has_no_process, rule_already_closed },
	{ is_opening, close_opening },
	{ has_unread_data, abort_for_unread },
	{ has_unread_sibling, abort_for_sibling },
	{ rule_has_zero_linger, abort_association },
	{ may_have_unread, shut_down_or_abort },
	{ rule_always, shut_down },
};

static const struct rule vsock_rules[] = {
	{ rule_is_strange, rule_cannot_say },
	{ rule_is_listener, close_blind_listener },
	{ is_vsock_connection, close_vsock },
	{ rule_always, drop_datagrams },
};

static const struct rule tipc_rules[] = {
	{ rule_is_strange, rule_cannot_say },
	{ rule_is_listener, rule_close_listener },
	{ rule_has_unread, return_messages },
	{ rule_always, close_tipc },
};

static const struct rule *const rules_of[NETID_COUNT] = {
	[NETID_UDP] = datagram_rules,
	[NETID_UNIX_STREAM] = unix_rules,
	[NETID_UNIX_SEQPACKET] = unix_rules,
	[NETID_UNIX_DGRAM] = datagram_rules,
	[NETID_UDPLITE] = datagram_rules,
	[NETID_RAW] = datagram_rules,
	[NETID_SCTP] = sctp_rules,
	[NETID_DCCP] = dccp_rules,
	[NETID_PACKET_RAW] = packet_rules,
	[NETID_PACKET_DGRAM] = packet_rules,
	[NETID_NETLINK] = netlink_rules,
	[NETID_VSOCK_STREAM] = vsock_rules,
	[NETID_VSOCK_SEQPACKET] = vsock_rules,
	[NETID_VSOCK_DGRAM] = vsock_rules,
	[NETID_XDP] = xdp_rules,
	[NETID_TIPC_STREAM] = tipc_rules,
	[NETID_TIPC_SEQPACKET] = tipc_rules,
	[NETID_TIPC_RDM] = tipc_rules,
	[NETID_TIPC_DGRAM] = tipc_rules,
};

const struct rule *rules_for_others(enum netid netid)
{
	return rules_of[netid];
}
