/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/stall.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Why these numbers. A probe or retransmission timer first fires after one RTO, 200 ms or more,
 * and doubles with each back-off: 2 without a packet in flight mean that two probes went by
 * (0.6 s at least), 4 with packets in flight that nothing at all was acknowledged for 3 s or
 * fifteen RTOs. A healthy transfer never gets there: an acknowledgement of new data sets
 * icsk_backoff back to 0 (tcp_ack() in net/ipv4/tcp_input.c), an opened window does so for a
 * probe's (tcp_ack_probe()). icsk_retransmits is no evidence by itself: a full queue on our own
 * link counts it up without doubling the timer (tcp_retransmit_timer()). A back-off of 3 is seen
 * when many connections start at once over a slow link whose queue outlasts the first RTO.
 */
static const struct stall_rule rules[] = {
	{ REASON_ZERO_WINDOW,
	  { { "tcpi_snd_wnd", offsetof(struct tcp_evidence, snd_wnd_bytes), true, 0 },
	    { "tcpi_unacked", offsetof(struct tcp_evidence, unacked_segments), true, 0 },
	    { "tcpi_backoff", offsetof(struct tcp_evidence, backoff), false, 2 } } },
	{ REASON_RETRANSMITTING,
	  { { "tcpi_unacked", offsetof(struct tcp_evidence, unacked_segments), false, 1 },
	    { "tcpi_backoff", offsetof(struct tcp_evidence, backoff), false, 4 } } },
	/* A path whose RTO is so long that four doublings take minutes. tcpi_last_ack_recv alone
	 * would not do: it also counts the time in which there was nothing to acknowledge. Two
	 * timeouts of 1 s or more are silence in any case. */
	{ REASON_NO_PROGRESS,
	  { { "tcpi_retransmits", offsetof(struct tcp_evidence, retransmits), false, 2 },
	    { "tcpi_rto", offsetof(struct tcp_evidence, rto_us), false, 2000000 },
	    { "tcpi_last_ack_recv", offsetof(struct tcp_evidence, last_ack_recv_ms), false,
	      5000 } } },
	/* Retransmissions that our own queue drops are tried again each 0.5 s, undoubled. */
	{ REASON_NO_PROGRESS,
	  { { "tcpi_unacked", offsetof(struct tcp_evidence, unacked_segments), false, 1 },
	    { "tcpi_retransmits", offsetof(struct tcp_evidence, retransmits), false, 8 } } },
	/* The window is open and yet nothing leaves: our own link or route is gone. */
	{ REASON_NO_PROGRESS,
	  { { "tcpi_snd_wnd", offsetof(struct tcp_evidence, snd_wnd_bytes), false, 1 },
	    { "tcpi_unacked", offsetof(struct tcp_evidence, unacked_segments), true, 0 },
	    { "tcpi_backoff", offsetof(struct tcp_evidence, backoff), false, 2 } } },
};

const struct stall_rule *stall_rules(size_t *count)
{
	*count = ARRAY_SIZE(rules);
	return rules;
}

static bool holds(const struct stall_condition *c, const struct tcp_evidence *tcp)
{
	int64_t v;

	if (!c->field)
		return true;
	v = *(const int64_t *)((const char *)tcp + c->offset);
	if (v == UNKNOWN)
		return false;
	return c->exact ? v == c->value : v >= c->value;
}

reason_set stall_evidence(const struct socket *sk)
{
	reason_set found = 0;

	if (sk->outstanding_bytes <= 0)
		return 0;
	/* tcp_check_oom() in net/ipv4/tcp.c resets the orphan that is one too many. */
	if (sk->orphans_full)
		found |= REASON_BIT(REASON_ORPHAN_LIMIT);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		bool all = true;

		for (size_t k = 0; k < STALL_CONDITIONS_MAX; k++)
			all = all && holds(&rules[i].conditions[k], &sk->tcp);
		if (all)
			found |= REASON_BIT(rules[i].reason);
	}
	return found;
}

/* The rate of late, which pacing bounds; UNKNOWN where there was no measure of the path: while
 * the sender wrote less than the path could take, the rate is the sender's own. */
static int64_t path_rate(const struct tcp_evidence *tcp)
{
	int64_t rate = tcp->delivery_rate_bytes_per_second;
	int64_t pacing = tcp->pacing_rate_bytes_per_second;

	if (tcp->rate_app_limited != 0 || rate <= 0)
		return UNKNOWN;
	return pacing > 0 && pacing < rate ? pacing : rate;
}

int64_t drain_estimate_ms(const struct socket *sk)
{
	int64_t rate = path_rate(&sk->tcp);
	double ms;

	if (sk->outstanding_bytes <= 0)
		return sk->outstanding_bytes; /* 0, or UNKNOWN */
	/* A shut window opens when the peer reads, which no rate tells. */
	if (rate == UNKNOWN || sk->tcp.snd_wnd_bytes == 0)
		return UNKNOWN;
	ms = ((double)sk->outstanding_bytes * 1000 + (double)rate - 1) / (double)rate;
	return ms < (double)INT64_MAX ? (int64_t)ms : UNKNOWN;
}
