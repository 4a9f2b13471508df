/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hearing a case: with what is known, or once for each setting that the unknown could have.
 */
#include "judge/close.h"

#include <stddef.h>

#include "judge/drain.h"
#include "judge/rules.h"
#include "judge/stall.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static enum risk worse(enum risk a, enum risk b)
{
	return a > b ? a : b;
}

static struct close_forecast hear(const struct hearing *h)
{
	struct close_forecast f = { .unread_bytes = h->sk->unread_bytes };
	const struct rule *rule = rules_for(h->sk->netid);

	/* Every table ends with a rule that always fits. */
	while (!rule->fits(h))
		rule++;
	rule->verdict(h, &f);
	return f;
}

static int64_t lesser(int64_t a, int64_t b)
{
	if (a == UNKNOWN || b == UNKNOWN)
		return UNKNOWN;
	return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
	if (a == UNKNOWN || b == UNKNOWN)
		return UNKNOWN;
	return a > b ? a : b;
}

/* Spans two forecasts of the same socket. */
static void widen(struct close_forecast *f, const struct close_forecast *other)
{
	f->outcomes |= other->outcomes;
	f->risk = f->risk < other->risk ? f->risk : other->risk;
	f->risk_max = worse(f->risk_max, other->risk_max);
	/* A reason that only one setting would bring is not a fact about this socket. */
	f->reasons &= other->reasons;
	f->loss_min_bytes = lesser(f->loss_min_bytes, other->loss_min_bytes);
	f->loss_max_bytes = greater(f->loss_max_bytes, other->loss_max_bytes);
	if (f->block_seconds != other->block_seconds)
		f->block_seconds = UNKNOWN;
}

static bool same_verdict(const struct close_forecast *a, const struct close_forecast *b)
{
	return a->outcomes == b->outcomes && a->risk == b->risk && a->risk_max == b->risk_max &&
	       a->block_seconds == b->block_seconds;
}

/* SO_LINGER is not known: what would each setting do? */
static struct close_forecast hear_unknown(struct hearing *h)
{
	static const struct linger_case settings[] = {
		{ .on = false },
		{ .on = true, .zero = true },
		{ .on = true, .seconds = UNKNOWN },
	};
	struct close_forecast f;
	bool matters = false;

	h->linger = settings[0];
	f = hear(h);
	for (size_t i = 1; i < ARRAY_SIZE(settings); i++) {
		struct close_forecast other;

		h->linger = settings[i];
		other = hear(h);
		matters = matters || !same_verdict(&f, &other);
		widen(&f, &other);
	}
	if (matters)
		f.reasons |= REASON_BIT(REASON_LINGER_UNKNOWN);
	return f;
}

static struct linger_case known_linger(const struct linger_setting *linger)
{
	return (struct linger_case){
		.on = linger->kind == LINGER_ON,
		.zero = linger->kind == LINGER_ON && linger->seconds == 0,
		.forever = linger->forever,
		.seconds = linger->seconds,
	};
}

/* What of the send queue is in flight and what is not. Where the kernel does not show the unsent
 * bytes, segments in flight still tell whether there are any. */
static reason_set send_queue_reasons(const struct socket *sk)
{
	reason_set reasons = 0;

	if (sk->outstanding_bytes <= 0)
		return 0;
	if (sk->unsent_bytes > 0)
		reasons |= REASON_BIT(REASON_UNSENT);
	if (sk->unsent_bytes != UNKNOWN && sk->unsent_bytes < sk->outstanding_bytes)
		reasons |= REASON_BIT(REASON_UNACKED);
	if (sk->unsent_bytes == UNKNOWN && sk->tcp.unacked_segments > 0)
		reasons |= REASON_BIT(REASON_UNACKED);
	if (sk->unsent_bytes == UNKNOWN && sk->tcp.unacked_segments == 0)
		reasons |= REASON_BIT(REASON_UNSENT);
	return reasons;
}

/* Reasons that hold whatever the rule: what is queued, who holds it. */
static reason_set queue_reasons(const struct hearing *h)
{
	reason_set unread = h->unread ? REASON_BIT(REASON_UNREAD_DATA) : 0;

	return h->sk->subflow ? 0 : unread | send_queue_reasons(h->sk);
}

static reason_set holder_reasons(const struct socket *sk)
{
	if (sk->holders.known == HOLDERS_UNKNOWN || sk->inode == 0 || sk->subflow ||
	    socket_is_kernels(sk))
		return 0;
	if (sk->holders.count > 1)
		return REASON_BIT(REASON_SHARED);
	return sk->holders.count == 0 ? REASON_BIT(REASON_HOLDER_UNSEEN) : 0;
}

/* Bytes that this close loses, or leaves to nobody's care. */
static int64_t at_stake(const struct socket *sk, bool unread, const struct close_forecast *f)
{
	int64_t bytes = sk->outstanding_bytes;

	if (f->risk_max == RISK_NONE)
		return 0;
	if (bytes == UNKNOWN || f->at_stake_bytes == UNKNOWN)
		return UNKNOWN;
	/* There is unread data, of nobody knows how many bytes. */
	if (unread && f->unread_bytes == UNKNOWN)
		return UNKNOWN;
	/* A recording may hold any number. */
	if (f->unread_bytes > 0 && __builtin_add_overflow(bytes, f->unread_bytes, &bytes))
		return INT64_MAX;
	return bytes;
}

/* A queue counted in memory, or messages, tells that there is data, though not how much. */
static bool is_unread(const struct socket *sk)
{
	bool counted = sk->queue_unit == QUEUE_MEMORY || sk->queue_unit == QUEUE_MESSAGES;

	if (sk->netid == NETID_SCTP)
		return sk->sctp.own == TRI_YES;
	return sk->unread_bytes > 0 ||
	       (sk->unread_bytes == UNKNOWN && counted && sk->recv_queue > 0);
}

static void judge(const struct socket *sk, bool exiting, struct close_forecast *forecast)
{
	struct hearing h = { .sk = sk,
			     .stall = sk->subflow ? 0 : stall_evidence(sk),
			     .unread = is_unread(sk),
			     .exiting = exiting };

	if (sk->linger.kind == LINGER_UNKNOWN) {
		*forecast = hear_unknown(&h);
	} else {
		h.linger = known_linger(&sk->linger);
		*forecast = hear(&h);
	}
	forecast->reasons |= h.stall | queue_reasons(&h) | holder_reasons(sk);
	forecast->at_stake_bytes = at_stake(sk, h.unread, forecast);
	forecast->drain_ms = h.stall ? UNKNOWN : drain_estimate_ms(sk);
}

void judge_close(const struct socket *sk, struct close_forecast *forecast)
{
	judge(sk, false, forecast);
}

void judge_exit(const struct socket *sk, struct close_forecast *forecast)
{
	judge(sk, true, forecast);
}
