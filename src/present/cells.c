/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/cells.h"

#include <time.h>

#include "present/escape.h"

#define UNUSED(x) ((void)(x))

void cell_number(struct outbuf *b, int64_t v)
{
	if (v == UNKNOWN)
		outbuf_char(b, '?');
	else
		outbuf_i64(b, v);
}

static void cell_name(struct outbuf *b, const char *name)
{
	if (name)
		escape_text(b, name, strlen(name));
	else
		outbuf_char(b, '-');
}

CELL(netid)
{
	UNUSED(cx);
	outbuf_str(b, netid_name(sk->netid));
}

CELL(family)
{
	UNUSED(cx);
	outbuf_str(b, family_name(sk->family));
}

CELL(state)
{
	UNUSED(cx);
	outbuf_str(b, state_ss_name(sk->state));
}

INK(state)
{
	if (sk->state == STATE_CLOSE_WAIT)
		return INK_NOTICE;
	return sk->state == STATE_TIME_WAIT ? INK_FAINT : INK_PLAIN;
}

CELL(netns)
{
	UNUSED(cx);
	if (sk->netns_name || sk->netns_resident)
		cell_name(b, sk->netns_name ? sk->netns_name : sk->netns_resident);
	else
		cell_number(b, sk->netns ? (int64_t)sk->netns : UNKNOWN);
}

CELL(netns_name)
{
	UNUSED(cx);
	cell_name(b, sk->netns_name);
}

CELL(local)
{
	address_cell(b, sk, false, cx->names);
}

CELL(peer)
{
	address_cell(b, sk, true, cx->names);
}

CELL(interface)
{
	UNUSED(cx);
	if (!sk->interface && sk->ifindex)
		outbuf_u64(b, sk->ifindex);
	else
		cell_name(b, sk->interface);
}

CELL(ifindex)
{
	UNUSED(cx);
	if (sk->ifindex)
		outbuf_u64(b, sk->ifindex);
	else
		outbuf_char(b, '-');
}

CELL(recv_queue)
{
	UNUSED(cx);
	cell_number(b, socket_recv_queue(sk));
}

CELL(send_queue)
{
	UNUSED(cx);
	cell_number(b, socket_send_queue(sk));
}

static const char *const unit_names[] = {
	[QUEUE_BYTES] = "bytes",   [QUEUE_CONNECTIONS] = "connections", [QUEUE_NONE] = "none",
	[QUEUE_MEMORY] = "memory", [QUEUE_MESSAGES] = "messages",       [QUEUE_UNKNOWN] = NULL,
};

CELL(queue_unit)
{
	const char *name = unit_names[sk->queue_unit];

	UNUSED(cx);
	outbuf_str(b, name ? name : "?");
}

VALUE(queue_unit)
{
	const char *name = unit_names[sk->queue_unit];

	outbuf_str(b, name ? "\"" : "null");
	if (name) {
		outbuf_str(b, name);
		outbuf_char(b, '"');
	}
}

CELL(unread)
{
	UNUSED(cx);
	cell_number(b, sk->unread_bytes);
}

CELL(outstanding)
{
	UNUSED(cx);
	cell_number(b, sk->outstanding_bytes);
}

CELL(unsent)
{
	UNUSED(cx);
	cell_number(b, sk->unsent_bytes);
}

CELL(linger)
{
	const struct linger_setting *l = &sk->linger;
	static const char *const words[] = {
		[LINGER_UNKNOWN] = "?",
		[LINGER_NONE] = "-",
		[LINGER_OFF] = "off",
		[LINGER_ON] = "inf",
	};

	UNUSED(cx);
	if (l->kind != LINGER_ON || l->forever) {
		outbuf_str(b, words[l->kind]);
		return;
	}
	outbuf_i64(b, l->seconds);
	outbuf_char(b, 's');
}

INK(linger)
{
	return sk->linger.kind == LINGER_ON && sk->linger.seconds == 0 ? INK_NOTICE : INK_PLAIN;
}

/* Puts a separator before every item of a list but the first. */
static void separate(struct outbuf *b, bool *first, char separator)
{
	if (!*first)
		outbuf_char(b, separator);
	*first = false;
}

static void option_word(struct outbuf *b, bool *first, enum tri value, const char *word)
{
	if (value != TRI_YES)
		return;
	separate(b, first, ',');
	outbuf_str(b, word);
}

CELL(options)
{
	const struct close_options *o = &sk->options;
	bool first = true;

	UNUSED(cx);
	if (o->nonblock == TRI_UNKNOWN && o->reuseaddr == TRI_UNKNOWN) {
		outbuf_char(b, sk->linger.kind == LINGER_NONE ? '-' : '?');
		return;
	}
	option_word(b, &first, o->nonblock, "nonblock");
	option_word(b, &first, o->reuseaddr, "reuseaddr");
	option_word(b, &first, o->reuseport, "reuseport");
	option_word(b, &first, o->repair, "repair");
	option_word(b, &first, o->linger2_negative, "linger2<0");
	if (o->user_timeout_ms > 0) {
		separate(b, &first, ',');
		outbuf_printf(b, "user-timeout=%lldms", (long long)o->user_timeout_ms);
	}
	if (first)
		outbuf_char(b, '-');
}

static const char *const shutdown_words[] = { "-", "recv", "send", "recv,send" };

CELL(shutdown)
{
	UNUSED(cx);
	outbuf_str(b, sk->shutdown_known             ? shutdown_words[sk->shutdown & 3]
		      : sk->queue_unit == QUEUE_NONE ? "-"
						     : "?");
}

CELL(uid)
{
	UNUSED(cx);
	cell_number(b, sk->uid_known ? (int64_t)sk->uid : UNKNOWN);
}

CELL(inode)
{
	UNUSED(cx);
	outbuf_u64(b, sk->inode);
}

CELL(cookie)
{
	UNUSED(cx);
	if (sk->cookie)
		outbuf_hex(b, sk->cookie);
	else
		outbuf_char(b, '?');
}

CELL(cgroup)
{
	UNUSED(cx);
	if (!sk->cgroup && sk->queue_unit != QUEUE_NONE)
		outbuf_char(b, '?');
	else
		cell_name(b, sk->cgroup);
}

/* Date and time in UTC, for programs. */
static void put_moment(struct outbuf *b, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[32] = "";
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		*text = '\0';
	outbuf_printf(b, "%s.%03dZ", text, (int)(ms % 1000));
}

/* For people the time of day is enough. */
CELL(time)
{
	time_t seconds = (time_t)(sk->destroyed_ms / 1000);
	struct tm tm;

	if (sk->destroyed_ms == UNKNOWN)
		outbuf_char(b, '-');
	else if (cx->exact || !localtime_r(&seconds, &tm))
		put_moment(b, sk->destroyed_ms);
	else
		outbuf_printf(b, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec,
			      (int)(sk->destroyed_ms % 1000));
}

VALUE(time)
{
	if (sk->destroyed_ms == UNKNOWN) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '"');
	put_moment(b, sk->destroyed_ms);
	outbuf_char(b, '"');
}

static void put_token(struct outbuf *b, int64_t token)
{
	if (token == UNKNOWN)
		outbuf_char(b, '?');
	else
		outbuf_printf(b, "%08llx", (unsigned long long)token);
}

static void put_flags(struct outbuf *b, int64_t flags)
{
	bool first = true;

	if (flags == UNKNOWN || !flags)
		return;
	outbuf_char(b, ' ');
	for (int i = 0; i < MPTCP_FLAG_COUNT; i++) {
		if (!(flags & (1 << i)))
			continue;
		separate(b, &first, ',');
		outbuf_str(b, mptcp_flag_name(i));
	}
}

/* Our side before the peer's, as in the columns of addresses. */
static void put_subflow_ids(struct outbuf *b, const struct mptcp_ids *ids)
{
	put_token(b, ids->token);
	if (ids->remote_token != UNKNOWN) {
		outbuf_char(b, '/');
		put_token(b, ids->remote_token);
	}
	outbuf_str(b, " id ");
	cell_number(b, ids->local_id);
	outbuf_char(b, '/');
	cell_number(b, ids->remote_id);
	put_flags(b, ids->flags);
}

static bool has_no_token(const struct socket *sk)
{
	return sk->state == STATE_LISTEN || (sk->netid != NETID_MPTCP && !sk->subflow);
}

CELL(mptcp)
{
	UNUSED(cx);
	if (has_no_token(sk))
		outbuf_char(b, '-');
	else if (sk->netid == NETID_MPTCP)
		put_token(b, sk->mptcp.token);
	else if (sk->mptcp.token == UNKNOWN && sk->mptcp.local_id == UNKNOWN)
		outbuf_char(b, '?');
	else
		put_subflow_ids(b, &sk->mptcp);
}

CELL(sctp)
{
	UNUSED(cx);
	outbuf_str(b, sctp_record_name(sk) ? sctp_record_name(sk) : "-");
}

CELL(subflows)
{
	UNUSED(cx);
	if (sk->netid != NETID_MPTCP)
		outbuf_char(b, '-');
	else if (!sk->subflows.known)
		outbuf_char(b, '?');
	else
		outbuf_u64(b, sk->subflows.count);
}

CELL(outcome)
{
	bool first = true;

	UNUSED(cx);
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		if (!(sk->close.outcomes & OUTCOME_BIT(i)))
			continue;
		separate(b, &first, '|');
		outbuf_str(b, outcome_name((enum outcome)i));
	}
}

/* The verdict hangs on something nobody could read. */
static bool risk_is_open(const struct socket *sk)
{
	return sk->close.risk != sk->close.risk_max;
}

CELL(risk)
{
	UNUSED(cx);
	outbuf_str(b, risk_name(sk->close.risk));
	if (risk_is_open(sk))
		outbuf_char(b, '?');
}

INK(risk)
{
	static const enum ink inks[RISK_COUNT] = {
		[RISK_NONE] = INK_PLAIN,
		[RISK_POSSIBLE] = INK_NOTICE,
		[RISK_LIKELY] = INK_WARNING,
		[RISK_CERTAIN] = INK_ALARM,
	};

	return inks[sk->close.risk];
}

CELL(risk_max)
{
	UNUSED(cx);
	outbuf_str(b, risk_name(sk->close.risk_max));
}

CELL(reasons)
{
	bool first = true;

	UNUSED(cx);
	for (int i = 0; i < REASON_COUNT; i++) {
		if (!(sk->close.reasons & REASON_BIT(i)))
			continue;
		separate(b, &first, ',');
		outbuf_str(b, reason_name((enum reason)i));
	}
	if (first)
		outbuf_char(b, '-');
}

CELL(loss_min)
{
	UNUSED(cx);
	cell_number(b, sk->close.loss_min_bytes);
}

CELL(loss_max)
{
	UNUSED(cx);
	cell_number(b, sk->close.loss_max_bytes);
}

CELL(close_unread)
{
	UNUSED(cx);
	cell_number(b, sk->close.unread_bytes);
}

CELL(block)
{
	UNUSED(cx);
	if (sk->close.block_forever)
		outbuf_str(b, "inf");
	else
		cell_number(b, sk->close.block_seconds);
}

CELL(drain)
{
	UNUSED(cx);
	cell_number(b, sk->close.drain_ms);
}
