/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/stall.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Of the segments delivered, one in so many was sent again: a lossy path. */
#define LOSSY_ONE_IN 20

/*
 * Why these numbers. A probe or retransmission timer first fires after one RTO, 200 ms or more,
 * and doubles with each back-off: 2 without a packet in flight mean that two probes went by
 * (0.6 s at least), 4 with packets in flight that nothing at all was acknowledged for 3 s or
 * fifteen RTOs. A healthy transfer never gets there: an acknowledgement of new data sets
 * icsk_backoff back to 0 (tcp_ack() in net/ipv4/tcp_input.c), an opened window does so for a
 * probe's (tcp_ack_probe()). icsk_retransmits is no evidence by itself: a full queue on our own
 * link counts it up without doubling the timer (tcp_retransmit_timer()). A back-off of 3 is seen
 * when many connections start at once over a slow link whose queue outlasts the first RTO.
 *
 * Where one segment in ten gets lost, a living peer misses four in a row (a timeout's own and three
 * retransmissions of it) once in 10,000 timeouts, and two in a row once in 100. So on a lossy path
 * more is asked for: five, which is once in 100,000 and takes 31 RTOs; and of a shut window, whose
 * opening may have been lost, two probes more.
 */
static const struct stall_rule rules[] = {
	{ REASON_ZERO_WINDOW,
	  { { "tcpi_snd_wnd", offsetof(struct tcp_evidence, snd_wnd_bytes), true, 0, 0 },
	    { "tcpi_unacked", offsetof(struct tcp_evidence, unacked_segments), true, 0, 0 },
	    { "tcpi_backoff", offsetof(struct tcp_evidence, backoff), false, 2, 2 } } },
	{ REASON_RETRANSMITTING,
	  { { "tcpi_unacked", offsetof(struct tcp_evidence, unacked_segments), false, 1, 0 },
	    { "tcpi_backoff", offsetof(struct tcp_evidence, backoff), false, 4, 1 } } },
	/* A path whose RTO is so long that four doublings take minutes. tcpi_last_ack_recv alone
	 * would not do: it also counts the time in which there was nothing to acknowledge. Two
	 * timeouts of 1 s or more are silence in any case. */
	{ REASON_NO_PROGRESS,
	  { { "tcpi_retransmits", offsetof(struct tcp_evidence, retransmits), false, 2, 3 },
	    { "tcpi_rto", offsetof(struct tcp_evidence, rto_us), false, 2000000, 0 },
	    { "tcpi_last_ack_recv", offsetof(struct tcp_evidence, last_ack_recv_ms), false, 5000,
	      0 } } },
	/* Retransmissions that our own queue drops are tried again each 0.5 s, undoubled. */
	{ REASON_NO_PROGRESS,
	  { { "tcpi_unacked", offsetof(struct tcp_evidence, unacked_segments), false, 1, 0 },
	    { "tcpi_retransmits", offsetof(struct tcp_evidence, retransmits), false, 8, 0 } } },
	/* The window is open and yet nothing leaves: our own link or route is gone. */
	{ REASON_NO_PROGRESS,
	  { { "tcpi_snd_wnd", offsetof(struct tcp_evidence, snd_wnd_bytes), false, 1, 0 },
	    { "tcpi_unacked", offsetof(struct tcp_evidence, unacked_segments), true, 0, 0 },
	    { "tcpi_backoff", offsetof(struct tcp_evidence, backoff), false, 2, 0 } } },
};

const struct stall_rule *stall_rules(size_t *count)
{
	*count = ARRAY_SIZE(rules);
	return rules;
}

/* A tail loss probe is a retransmission without a timeout. */
bool stall_path_is_lossy(const struct tcp_evidence *tcp)
{
	int64_t before = tcp->total_retrans_segments - tcp->retransmits - 1;

	if (tcp->total_retrans_segments == UNKNOWN || tcp->retransmits == UNKNOWN ||
	    tcp->delivered_segments < LOSSY_ONE_IN)
		return false;
	return before >= tcp->delivered_segments / LOSSY_ONE_IN;
}

static bool holds(const struct stall_condition *c, const struct tcp_evidence *tcp, bool lossy)
{
	int64_t least = lossy ? c->value + c->lossy : c->value;
	int64_t v;

	if (!c->field)
		return true;
	v = *(const int64_t *)((const char *)tcp + c->offset);
	if (v == UNKNOWN)
		return false;
	return c->exact ? v == least : v >= least;
}

reason_set stall_evidence(const struct socket *sk)
{
	bool lossy = stall_path_is_lossy(&sk->tcp);
	reason_set found = 0;

	if (sk->outstanding_bytes <= 0)
		return 0;
	/* tcp_check_oom() in net/ipv4/tcp.c resets the orphan that is one too many. */
	if (sk->orphans_full)
		found |= REASON_BIT(REASON_ORPHAN_LIMIT);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		bool all = true;

		for (size_t k = 0; k < STALL_CONDITIONS_MAX; k++)
			all = all && holds(&rules[i].conditions[k], &sk->tcp, lossy);
		if (all)
			found |= REASON_BIT(rules[i].reason);
	}
	return found;
}
