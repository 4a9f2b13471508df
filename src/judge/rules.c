/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/rules.h"

/* States in which close() with linger waits for the acknowledgement of data and FIN
 * (sk_stream_closing() in net/core/stream.c, after tcp_close_state()). */
#define WAITING_STATES                                                                             \
	(STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_FIN_WAIT1) | \
	 STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_LAST_ACK) | STATE_BIT(STATE_SYN_RECV))
/* States whose close goes through FIN_WAIT1, or is there. */
#define FIN_WAIT1_AHEAD \
	(STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_SYN_RECV) | STATE_BIT(STATE_FIN_WAIT1))
/* States in which tcp_disconnect() sends a reset (tcp_need_reset()). */
#define RESET_STATES                                                                               \
	(STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_FIN_WAIT1) | \
	 STATE_BIT(STATE_FIN_WAIT2) | STATE_BIT(STATE_SYN_RECV))

static bool in_states(const struct socket *sk, uint32_t states)
{
	return STATE_BIT(sk->state) & states;
}

static enum risk worse(enum risk a, enum risk b)
{
	return a > b ? a : b;
}

/* Bytes that are queued but not certain to be lost: the risk is as good as the path. */
static enum risk outstanding_risk(const struct hearing *h)
{
	if (h->sk->outstanding_bytes == 0 || h->sk->outstanding_bytes == UNKNOWN)
		return RISK_NONE;
	return h->stall ? RISK_LIKELY : RISK_POSSIBLE;
}

void rule_set_outcome(struct close_forecast *f, enum outcome outcome)
{
	f->outcomes = OUTCOME_BIT(outcome);
}

void rule_set_risk(struct close_forecast *f, enum risk risk)
{
	f->risk = f->risk_max = risk;
}

/*
 * The close throws the send queue away. What was never sent is lost for sure; what is in flight
 * may arrive. When the kernel is too old to show tcpi_notsent_bytes only the upper bound is
 * known.
 */
static void drop_send_queue(const struct hearing *h, struct close_forecast *f)
{
	const struct socket *sk = h->sk;

	f->loss_min_bytes = sk->unsent_bytes;
	f->loss_max_bytes = sk->outstanding_bytes;
	f->risk = f->risk_max = outstanding_risk(h);
	if (sk->unsent_bytes > 0)
		rule_set_risk(f, RISK_CERTAIN);
	else if (sk->unsent_bytes == UNKNOWN && sk->outstanding_bytes != 0)
		f->risk_max = RISK_CERTAIN;
}

/* --- the rules: each a test and a verdict ------------------------------------------------ */

bool rule_is_over(const struct hearing *h)
{
	return h->sk->state == STATE_TIME_WAIT ||
	       (h->sk->state == STATE_SYN_RECV && h->sk->queue_unit == QUEUE_NONE);
}

void rule_nothing_to_close(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	rule_set_outcome(f, OUTCOME_NONE);
}

bool rule_is_orphan(const struct hearing *h)
{
	return socket_is_orphan(h->sk);
}

void rule_already_closed(const struct hearing *h, struct close_forecast *f)
{
	rule_set_outcome(f, OUTCOME_NONE);
	rule_set_risk(f, outstanding_risk(h));
	if (h->sk->outstanding_bytes == UNKNOWN)
		f->risk_max = RISK_POSSIBLE;
	f->reasons |= REASON_BIT(REASON_ORPHAN);
}

bool rule_is_unaccepted(const struct hearing *h)
{
	return socket_is_unaccepted(h->sk);
}

/* With net.ipv4.tcp_migrate_req another listener of the port's group takes over what waits
 * (inet_csk_listen_stop()); whether there is one is not known here. */
static void may_migrate(const struct hearing *h, struct close_forecast *f)
{
	if (!h->sk->may_migrate)
		return;
	f->outcomes |= OUTCOME_BIT(OUTCOME_SILENT);
	f->risk = RISK_POSSIBLE;
	f->loss_min_bytes = 0;
}

/* Its listener's close resets it (inet_csk_listen_stop() in net/ipv4/inet_connection_sock.c). */
void rule_dies_with_listener(const struct hearing *h, struct close_forecast *f)
{
	rule_set_outcome(f, OUTCOME_RESET);
	rule_set_risk(f, h->unread ? RISK_CERTAIN : RISK_POSSIBLE);
	f->loss_min_bytes = h->sk->unsent_bytes;
	f->loss_max_bytes = h->sk->outstanding_bytes;
	f->reasons |= REASON_BIT(REASON_UNACCEPTED);
	may_migrate(h, f);
}

bool rule_is_listener(const struct hearing *h)
{
	return h->sk->state == STATE_LISTEN;
}

void rule_close_listener(const struct hearing *h, struct close_forecast *f)
{
	f->unread_bytes = 0; /* a listener itself receives nothing */
	if (h->sk->recv_queue == 0) {
		rule_set_outcome(f, OUTCOME_SILENT);
		return;
	}
	rule_set_outcome(f, OUTCOME_RESET);
	rule_set_risk(f, RISK_CERTAIN);
	f->loss_min_bytes = f->loss_max_bytes = f->unread_bytes = f->at_stake_bytes = UNKNOWN;
	f->reasons |= REASON_BIT(REASON_UNACCEPTED);
	may_migrate(h, f);
}

bool rule_is_strange(const struct hearing *h)
{
	return h->sk->state == STATE_UNKNOWN;
}

/* A state that this program has no name for: anything may happen. */
void rule_cannot_say(const struct hearing *h, struct close_forecast *f)
{
	f->outcomes = OUTCOME_BIT(OUTCOME_COUNT) - 1;
	f->risk_max = RISK_CERTAIN;
	f->loss_max_bytes = h->sk->outstanding_bytes;
	f->block_seconds = UNKNOWN;
}

/* SYN_SENT, or bound and idle. */
static bool is_unconnected(const struct hearing *h)
{
	return in_states(h->sk, STATE_BIT(STATE_SYN_SENT) | STATE_BIT(STATE_CLOSE) |
					STATE_BIT(STATE_BOUND_INACTIVE));
}

static void close_silently(const struct hearing *h, struct close_forecast *f)
{
	rule_set_outcome(f, OUTCOME_SILENT);
	drop_send_queue(h, f);
	if (h->unread)
		rule_set_risk(f, RISK_CERTAIN);
}

static bool is_in_repair(const struct hearing *h)
{
	return h->sk->options.repair == TRI_YES;
}

static void close_in_repair(const struct hearing *h, struct close_forecast *f)
{
	close_silently(h, f);
	f->reasons |= REASON_BIT(REASON_REPAIR);
}

bool rule_has_unread(const struct hearing *h)
{
	return h->unread;
}

static void reset_for_unread(const struct hearing *h, struct close_forecast *f)
{
	static const uint32_t outcomes[] = {
		[TRI_NO] = OUTCOME_BIT(OUTCOME_RESET),
		[TRI_YES] = OUTCOME_BIT(OUTCOME_FIN),
		[TRI_UNKNOWN] = OUTCOME_BIT(OUTCOME_RESET) | OUTCOME_BIT(OUTCOME_FIN),
	};

	/* MPTCP that fell back to plain TCP drops the data and sends a FIN all the same
	 * (__mptcp_close() in net/mptcp/protocol.c resets only where it can fast-close). */
	f->outcomes = outcomes[h->sk->netid == NETID_MPTCP ? h->sk->mptcp_fallback : TRI_NO];
	drop_send_queue(h, f);
	rule_set_risk(f, RISK_CERTAIN);
}

bool rule_has_zero_linger(const struct hearing *h)
{
	return h->linger.on && h->linger.zero;
}

/* Whether it resets hangs on something this kernel or backend does not show. */
static void may_reset_too(struct close_forecast *f)
{
	f->outcomes |= OUTCOME_BIT(OUTCOME_RESET);
	f->risk_max = worse(f->risk_max, RISK_POSSIBLE);
}

/* In CLOSING and LAST_ACK tcp_disconnect() resets only while something is unsent, our FIN
 * included. */
static void disconnect(const struct hearing *h, struct close_forecast *f)
{
	bool resets = in_states(h->sk, RESET_STATES) || h->sk->tcp.notsent_bytes > 0;
	bool unsure = !in_states(h->sk, RESET_STATES) && h->sk->tcp.notsent_bytes == UNKNOWN;

	rule_set_outcome(f, resets ? OUTCOME_RESET : OUTCOME_SILENT);
	drop_send_queue(h, f);
	if (unsure)
		may_reset_too(f);
	if (resets && f->risk == RISK_NONE)
		f->risk = RISK_POSSIBLE;
	f->risk_max = worse(f->risk, f->risk_max);
	f->reasons |= REASON_BIT(REASON_ZERO_LINGER);
}

static bool has_negative_linger2(const struct hearing *h)
{
	return h->sk->state == STATE_FIN_WAIT2 && h->sk->options.linger2_negative == TRI_YES;
}

/* Everything of ours is acknowledged by now; only what the peer still sends is at risk. */
static void reset_in_fin_wait2(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	rule_set_outcome(f, OUTCOME_RESET);
	rule_set_risk(f, RISK_POSSIBLE);
	f->reasons |= REASON_BIT(REASON_NEGATIVE_LINGER2);
}

/* With TCP_LINGER2 below 0 the reset comes as soon as our FIN is acknowledged
 * (tcp_rcv_state_process() in net/ipv4/tcp_input.c): ours has arrived by then, and what the peer
 * still has to say meets it. */
static void reset_behind_fin(struct close_forecast *f)
{
	f->risk = worse(f->risk, RISK_POSSIBLE);
	f->risk_max = worse(f->risk_max, RISK_POSSIBLE);
	f->reasons |= REASON_BIT(REASON_NEGATIVE_LINGER2);
}

static void judge_linger2(const struct hearing *h, struct close_forecast *f)
{
	enum tri negative = h->sk->options.linger2_negative;

	if (h->sk->state == STATE_FIN_WAIT2 && negative == TRI_UNKNOWN)
		may_reset_too(f);
	/* MPTCP does not have the option's effect at the connection. */
	if (h->sk->netid != NETID_TCP || !in_states(h->sk, FIN_WAIT1_AHEAD))
		return;
	if (negative == TRI_YES)
		reset_behind_fin(f);
	if (negative == TRI_UNKNOWN)
		f->risk_max = worse(f->risk_max, RISK_POSSIBLE);
}

bool rule_always(const struct hearing *h)
{
	(void)h;
	return true;
}

static void close_orderly(const struct hearing *h, struct close_forecast *f)
{
	bool waits = h->linger.on && !h->exiting && in_states(h->sk, WAITING_STATES);

	if (h->sk->outstanding_bytes <= 0)
		rule_set_outcome(f, OUTCOME_FIN);
	if (h->sk->outstanding_bytes != 0)
		f->outcomes |= OUTCOME_BIT(waits ? OUTCOME_BLOCKS : OUTCOME_BACKGROUND);
	rule_set_risk(f, outstanding_risk(h));
	if (h->sk->outstanding_bytes == UNKNOWN)
		f->risk_max = RISK_POSSIBLE;
	judge_linger2(h, f);
	if (!waits)
		return;
	f->block_seconds = h->linger.seconds;
	f->block_forever = h->linger.forever;
}

/* --- MPTCP -------------------------------------------------------------------------------- */

static bool is_subflow(const struct hearing *h)
{
	return h->sk->subflow;
}

static void goes_with_connection(const struct hearing *h, struct close_forecast *f)
{
	(void)h;
	rule_set_outcome(f, OUTCOME_NONE);
	f->reasons |= REASON_BIT(REASON_SUBFLOW);
	f->unread_bytes = 0;
}

/* --- the tables: the first rule that fits decides; the order is the kernel's ----------------- */

static const struct rule tcp_rules[] = {
	{ is_subflow, goes_with_connection },
	{ rule_is_strange, rule_cannot_say },
	{ rule_is_over, rule_nothing_to_close },
	{ rule_is_orphan, rule_already_closed },
	{ rule_is_unaccepted, rule_dies_with_listener },
	{ rule_is_listener, rule_close_listener },
	{ is_unconnected, close_silently },
	{ is_in_repair, close_in_repair },
	{ rule_has_unread, reset_for_unread },
	{ rule_has_zero_linger, disconnect },
	{ has_negative_linger2, reset_in_fin_wait2 },
	{ rule_always, close_orderly },
};

const struct rule *rules_for(enum netid netid)
{
	return netid == NETID_TCP || netid == NETID_MPTCP ? tcp_rules : rules_for_others(netid);
}
