/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/sentences.h"

#include "judge/close.h"
#include "present/cells.h"
#include "present/restart.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PART(name)                                                  \
	static void name(struct outbuf *b, const struct socket *sk, \
			 const struct explain_context *cx)
#define UNUSED(x) ((void)(x))

/* Milliseconds in the unit a person would use. */
static void put_duration(struct outbuf *b, int64_t ms)
{
	static const struct {
		int64_t from, unit;
		const char *name;
	} units[] = {
		{ 172800000, 86400000, "days" },
		{ 7200000, 3600000, "hours" },
		{ 120000, 60000, "minutes" },
		{ 1000, 1000, "s" },
		{ 0, 1, "ms" },
	};
	size_t i = 0;

	while (ms < units[i].from && i + 1 < ARRAY_SIZE(units))
		i++;
	if (units[i].unit == 1000 && ms < 10000)
		outbuf_printf(b, "%lld.%lld s", (long long)(ms / 1000),
			      (long long)(ms % 1000 / 100));
	else
		outbuf_printf(b, "%lld %s", (long long)(ms / units[i].unit), units[i].name);
}

static const char *const state_sentences[STATE_COUNT] = {
	[STATE_UNKNOWN] = "In a state that this program does not know.",
	[STATE_ESTABLISHED] = "Established: both sides may send.",
	[STATE_SYN_SENT] = "Connecting: the peer has not answered the SYN.",
	[STATE_SYN_RECV] = "Half open: the peer has not completed the handshake.",
	[STATE_FIN_WAIT1] = "This side has finished sending; its FIN is not acknowledged yet.",
	[STATE_FIN_WAIT2] = "This side has finished sending and the peer knows; the peer may still "
			    "send.",
	[STATE_TIME_WAIT] =
		"Over on both sides; the pair of ports is kept until late segments have "
		"died.",
	[STATE_CLOSE] = "Not connected.",
	[STATE_BOUND_INACTIVE] = "Bound to a port and not connected.",
	[STATE_CLOSE_WAIT] = "The peer has finished sending; this side has not closed.",
	[STATE_LAST_ACK] = "Both sides have finished; the last FIN, ours, is not acknowledged yet.",
	[STATE_LISTEN] = "Listening for connections.",
	[STATE_COOKIE_WAIT] = "Connecting: the peer has not answered the INIT.",
	[STATE_COOKIE_ECHOED] = "Connecting: the peer has not confirmed the cookie.",
	[STATE_SHUTDOWN_PENDING] =
		"This side has finished; what is outstanding is delivered first.",
	[STATE_SHUTDOWN_SENT] = "This side has finished and told the peer, which may still send.",
	[STATE_SHUTDOWN_RECEIVED] =
		"The peer has finished; what is outstanding is delivered first.",
	[STATE_SHUTDOWN_ACK_SENT] = "Both sides have finished; the peer has not confirmed it yet.",
	[STATE_CLOSING] =
		"Both sides have finished at the same time; ours is not acknowledged yet.",
};

#define ANYONE (NETID_BIT(NETID_UDP) | NETID_BIT(NETID_UDPLITE) | NETID_BIT(NETID_RAW))

static const char *state_sentence(const struct socket *sk)
{
	uint32_t kind = NETID_BIT(sk->netid);

	if (kind & NETIDS_STATELESS)
		return "Open: its kind has no other state.";
	if (sk->netid == NETID_SCTP && !sk->association && sk->state != STATE_LISTEN)
		return "An endpoint: its associations have rows of their own.";
	if (kind & ANYONE)
		return sk->state == STATE_ESTABLISHED ? "Connected: it has one peer."
						      : "Not connected: anyone may send to it.";
	return state_sentences[sk->state];
}

static bool has_queues(const struct socket *sk)
{
	return sk->queue_unit == QUEUE_BYTES && sk->state != STATE_CLOSE &&
	       sk->state != STATE_BOUND_INACTIVE;
}

/* When anything last went forward. For CLOSE-WAIT it is the only clue to its age: the kernel
 * keeps no time of entry, and keepalive answers set the clock back. */
static void put_progress(struct outbuf *b, const struct socket *sk)
{
	const struct tcp_evidence *tcp = &sk->tcp;

	if (!has_queues(sk) || tcp->last_ack_recv_ms == UNKNOWN)
		return;
	if (sk->outstanding_bytes <= 0 && sk->state == STATE_CLOSE_WAIT) {
		outbuf_str(b, " It has been so for ");
		put_duration(b, tcp->last_ack_recv_ms);
		outbuf_str(b, " at least.");
	} else {
		outbuf_str(b, " The peer was last heard of ");
		put_duration(b, tcp->last_ack_recv_ms);
		outbuf_str(b, " ago.");
	}
}

PART(part_state)
{
	UNUSED(cx);
	outbuf_str(b, state_sentence(sk));
	if (socket_is_orphan(sk))
		outbuf_str(b, " Its process has closed it.");
	if (socket_is_unaccepted(sk))
		outbuf_str(b, " No process has accepted it.");
	put_progress(b, sk);
}

/* One more than the backlog fits (sk_acceptq_is_full(), unix_recvq_full()); TIPC shows no backlog,
 * DCCP and vsock not even who waits. */
static void put_waiting(struct outbuf *b, const struct socket *sk)
{
	unsigned int waiting = sk->recv_queue;

	if (sk->queue_unit == QUEUE_UNKNOWN) {
		outbuf_str(b, "How many connections wait for accept() the kernel does not tell.");
		return;
	}
	if (waiting == 0) {
		outbuf_str(b, "No connection waits for accept().");
		return;
	}
	outbuf_printf(b, "%u connection%s for accept()", waiting,
		      waiting == 1 ? " waits" : "s wait");
	if (sk->queue_unit == QUEUE_CONNECTIONS)
		outbuf_printf(b, "; %llu fit, one more than the backlog",
			      (unsigned long long)sk->send_queue + 1);
	outbuf_char(b, '.');
}

static void put_outstanding(struct outbuf *b, const struct socket *sk)
{
	int64_t unsent = sk->unsent_bytes;

	if (sk->outstanding_bytes == 0) {
		outbuf_str(b, "Nothing of ours is outstanding: the peer's kernel has all of it.");
		return;
	}
	outbuf_printf(b, "%lld bytes written and not acknowledged",
		      (long long)sk->outstanding_bytes);
	if (unsent == UNKNOWN)
		outbuf_str(b, "; how many were never sent this kernel does not tell.");
	else
		outbuf_printf(b,
			      ": %lld in flight, which the peer's kernel may have, and %lld never "
			      "sent, which it does not have.",
			      (long long)(sk->outstanding_bytes - unsent), (long long)unsent);
}

static void put_drain(struct outbuf *b, const struct socket *sk)
{
	if (sk->outstanding_bytes <= 0 || sk->close.drain_ms == UNKNOWN)
		return;
	outbuf_str(b, " At the rate of late they take about ");
	put_duration(b, sk->close.drain_ms);
	if (sk->linger.kind == LINGER_ON && sk->linger.seconds > 0)
		outbuf_printf(b, ", beside a linger time of %lld s", (long long)sk->linger.seconds);
	outbuf_char(b, '.');
}

/* Where the kernel counts memory: what is known is said, and what is not. */
static void put_memory_queues(struct outbuf *b, const struct socket *sk)
{
	if (sk->unread_bytes > 0)
		outbuf_printf(b, "%lld bytes received and not read.", (long long)sk->unread_bytes);
	else if (sk->unread_bytes == 0)
		outbuf_str(b, "Nothing received is unread.");
	else if (sk->netid == NETID_SCTP && sk->sctp.own == TRI_UNKNOWN)
		outbuf_str(b, "There is received data that was not read, or there are only "
			      "notifications: the kernel does not tell.");
	else if (sk->recv_queue > 0)
		outbuf_str(b, "There is received data that was not read; how much the kernel does "
			      "not tell.");
	else
		outbuf_str(b, "No received data is in sight.");
	if (sk->outstanding_bytes > 0)
		outbuf_printf(b, " %lld bytes written and not acknowledged.",
			      (long long)sk->outstanding_bytes);
	else if (sk->family == AF_UNIX && sk->send_queue > 0)
		outbuf_str(b, " What this side sent lies with the peer and stays readable there.");
	else if (sk->outstanding_bytes == UNKNOWN)
		outbuf_str(b, " What is outstanding of ours the kernel does not tell.");
}

PART(part_queues)
{
	UNUSED(cx);
	if (sk->state == STATE_LISTEN)
		put_waiting(b, sk);
	else if (sk->queue_unit == QUEUE_MEMORY && !sk->subflow)
		put_memory_queues(b, sk);
	if (!has_queues(sk))
		return;
	put_outstanding(b, sk);
	put_drain(b, sk);
	if (sk->unread_bytes > 0)
		outbuf_printf(b, " %lld bytes received and not read.", (long long)sk->unread_bytes);
	else
		outbuf_str(b, " Nothing received is unread.");
}

static const char *const source_words[] = {
	[LINGER_FROM_NOWHERE] = "nowhere",
	[LINGER_FROM_BPF] = "by BPF, which touches nothing",
	[LINGER_FROM_GETFD] = "from a copy of its descriptor",
};

PART(part_linger)
{
	const struct linger_setting *l = &sk->linger;

	UNUSED(cx);
	if (l->kind == LINGER_NONE)
		return;
	if (l->kind == LINGER_UNKNOWN) {
		outbuf_str(b, "SO_LINGER is not known.");
		return;
	}
	if (l->kind == LINGER_OFF)
		outbuf_str(b, "SO_LINGER is off");
	else if (l->forever)
		outbuf_str(b, "SO_LINGER is on without bound");
	else
		outbuf_printf(b, "SO_LINGER is on with %lld s", (long long)l->seconds);
	outbuf_printf(b, " (read %s).", source_words[l->source]);
}

static const char *const outcome_sentences[OUTCOME_COUNT] = {
	[OUTCOME_FIN] = "ends in order (FIN); nothing is outstanding",
	[OUTCOME_BACKGROUND] = "returns at once, and the kernel goes on delivering alone",
	[OUTCOME_BLOCKS] = "waits for the acknowledgement, then the kernel goes on alone",
	[OUTCOME_RESET] = "resets the connection (RST)",
	[OUTCOME_SILENT] = "sends nothing",
	[OUTCOME_NONE] = "has nothing left to do: it is closed already",
};

/* Where a kind has words of its own for what happens. */
static const struct {
	uint32_t netids;
	enum outcome outcome;
	const char *sentence;
} other_sentences[] = {
	{ NETIDS_UNIX, OUTCOME_RESET, "makes the peer's next read fail with ECONNRESET" },
	{ NETIDS_UNIX, OUTCOME_FIN, "lets the peer read what was sent, then EOF" },
	{ NETID_BIT(NETID_SCTP), OUTCOME_RESET, "aborts the association (ABORT)" },
	{ NETID_BIT(NETID_SCTP), OUTCOME_FIN, "ends in order (SHUTDOWN); nothing is outstanding" },
	{ NETID_BIT(NETID_SCTP), OUTCOME_NONE, "has nothing to do for this row" },
	{ NETIDS_VSOCK, OUTCOME_FIN, "ends in order" },
	{ NETIDS_VSOCK, OUTCOME_RESET, "resets the connections that wait" },
	{ NETIDS_TIPC, OUTCOME_RESET, "gives what was not read back to its sender" },
	{ NETIDS_TIPC, OUTCOME_FIN, "ends the connection" },
	{ NETID_BIT(NETID_NETLINK), OUTCOME_NONE, "is not for programs: it is the kernel's own" },
};

static const char *outcome_sentence(const struct socket *sk, enum outcome outcome)
{
	for (size_t i = 0; i < ARRAY_SIZE(other_sentences); i++)
		if ((other_sentences[i].netids & NETID_BIT(sk->netid)) &&
		    other_sentences[i].outcome == outcome)
			return other_sentences[i].sentence;
	return outcome_sentences[outcome];
}

static void put_wait(struct outbuf *b, const struct close_forecast *f)
{
	if (f->block_forever)
		outbuf_str(b, "; close() waits as long as it takes");
	else if (f->block_seconds > 0)
		outbuf_printf(b, "; close() waits %lld s at most", (long long)f->block_seconds);
}

static void put_loss(struct outbuf *b, const struct close_forecast *f)
{
	if (f->loss_max_bytes > 0 && f->loss_min_bytes == UNKNOWN)
		outbuf_printf(b, "; up to %lld bytes of ours are lost",
			      (long long)f->loss_max_bytes);
	else if (f->loss_max_bytes > 0 && f->loss_min_bytes == f->loss_max_bytes)
		outbuf_printf(b, "; %lld bytes of ours are lost", (long long)f->loss_max_bytes);
	else if (f->loss_max_bytes > 0)
		outbuf_printf(b, "; %lld to %lld bytes of ours are lost",
			      (long long)f->loss_min_bytes, (long long)f->loss_max_bytes);
	if (f->unread_bytes > 0)
		outbuf_printf(b, "; %lld unread bytes are gone", (long long)f->unread_bytes);
}

static void put_verdict(struct outbuf *b, const struct socket *sk, const struct close_forecast *f)
{
	bool first = true;

	for (int i = 0; i < OUTCOME_COUNT; i++) {
		if (!(f->outcomes & OUTCOME_BIT(i)))
			continue;
		outbuf_str(b, first ? "" : ", or ");
		outbuf_str(b, outcome_sentence(sk, (enum outcome)i));
		first = false;
	}
	if (sk->state == STATE_LISTEN && sk->recv_queue > 0)
		outbuf_str(b, " of every peer that waits; whatever they sent is lost");
	put_wait(b, f);
	put_loss(b, f);
	outbuf_char(b, '.');
}

static bool is_over(const struct socket *sk)
{
	return sk->close.outcomes == OUTCOME_BIT(OUTCOME_NONE);
}

PART(part_close)
{
	UNUSED(cx);
	put_verdict(b, sk, &sk->close);
}

PART(part_exit)
{
	struct close_forecast f;

	UNUSED(cx);
	if (is_over(sk))
		return;
	judge_exit(sk, &f);
	put_verdict(b, sk, &f);
}

/* Only with the options unread: TCP_REPAIR makes every close of a connection silent. */
static bool hangs_on_repair(const struct socket *sk)
{
	return sk->netid == NETID_TCP && sk->options.repair == TRI_UNKNOWN && sk->inode &&
	       sk->state != STATE_LISTEN;
}

PART(part_certainty)
{
	const struct close_forecast *f = &sk->close;

	UNUSED(cx);
	if (is_over(sk) && f->risk == RISK_NONE)
		return;
	if (f->reasons & REASON_BIT(REASON_LINGER_UNKNOWN))
		outbuf_printf(b,
			      "Bounds only: the risk is between %s and %s, as SO_LINGER decides.",
			      risk_name(f->risk), risk_name(f->risk_max));
	else if (f->risk != f->risk_max)
		outbuf_printf(b, "Bounds only: the risk is between %s and %s.", risk_name(f->risk),
			      risk_name(f->risk_max));
	else if (f->risk == RISK_LIKELY)
		outbuf_str(b, "There is evidence of a stall; it may still clear.");
	else if (f->risk == RISK_POSSIBLE)
		outbuf_str(b, "Sure of what close() does; what becomes of the data depends on what "
			      "comes after.");
	else if (hangs_on_repair(sk))
		outbuf_str(b, "Sure, as things stood at this moment, unless TCP_REPAIR is on, "
			      "which could "
			      "not be read.");
	else
		outbuf_str(b, "Sure, as things stood at this moment.");
}

PART(part_holders)
{
	struct cell_context all = { .names = cx->names, .all_holders = true };

	if (sk->inode == 0)
		return;
	if (sk->holders.count == 0) {
		outbuf_str(b, sk->holders.known == HOLDERS_COMPLETE
				      ? "No process in sight holds it."
				      : "Who holds it is not known.");
		return;
	}
	cell_process(b, sk, &all);
	outbuf_char(b, '.');
	if (sk->holders.count > 1)
		outbuf_printf(b,
			      " %u descriptors: all the above holds for the close of the last one; "
			      "any other does nothing.",
			      sk->holders.count);
}

static void put_unix_restart(struct outbuf *b, const struct socket *sk)
{
	if (!sk->un.name)
		return;
	outbuf_str(b, sk->un.abstract ? "The name is free once the socket is closed."
				      : "bind() to the same path fails with EADDRINUSE until the "
					"file is removed, closed or not.");
}

PART(part_restart)
{
	UNUSED(cx);
	if (sk->family == AF_UNIX && sk->state == STATE_LISTEN)
		put_unix_restart(b, sk);
	restart_sentences(b, sk);
}

PART(part_subflows)
{
	for (uint32_t i = 0; i < sk->subflows.count; i++) {
		const struct socket row = socket_subflow(sk, i);
		const struct cell_context cells = { .names = cx->names };

		if (i)
			outbuf_str(b, "; ");
		cell_local(b, &row, &cells);
		outbuf_str(b, " -> ");
		cell_peer(b, &row, &cells);
		outbuf_char(b, ' ');
		outbuf_str(b, state_ss_name(row.state));
	}
	if (sk->subflows.count)
		outbuf_char(b, '.');
}

static const struct part parts[] = {
	{ "State", "state", part_state },
	{ "Queues", "queues", part_queues },
	{ "Linger", "linger", part_linger },
	{ "close()", "close", part_close },
	{ "exit()", "exit", part_exit },
	{ NULL, "kill", part_exit },
	{ "Certain?", "certainty", part_certainty },
	{ "Held by", "holders", part_holders },
	{ "Subflows", "subflows", part_subflows },
	{ "Restart", "restart", part_restart },
};

const struct part *explain_parts(size_t *count)
{
	*count = ARRAY_SIZE(parts);
	return parts;
}
