/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/stall.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Of the segments delivered, one in so many was sent again: a lossy path. */
#define LOSSY_ONE_IN 20

/* Of a probe timer the least, whatever the RTO (tcp_probe0_base() in include/net/tcp.h). */
#define PROBE_LEAST_US 200000
#define DOUBLINGS_MAX  30

#define FACT(name, member)  name, offsetof(struct stall_facts, member)
#define FIELD(name, member) FACT(name, tcp.member)

/*
 * Why these numbers. A probe or retransmission timer first fires after one RTO, 200 ms or more,
 * and doubles with each back-off. A healthy transfer's goes back soon: an acknowledgement of new
 * data sets icsk_backoff to 0 (tcp_ack() in net/ipv4/tcp_input.c), an opened window does so for a
 * probe's (tcp_ack_probe()). icsk_retransmits is no evidence by itself: a full queue on our own
 * link counts it up without doubling the timer (tcp_retransmit_timer()). A back-off of 3 is seen
 * when many connections start at once over a slow link whose queue outlasts the first RTO.
 *
 * What goes unanswered may be lost, and the next too: on a path that loses a tenth four in a row
 * are once in 10,000 timeouts, five once in 100,000. So one more is asked for on a lossy path,
 * which has two timeouts a minute. The last one counts when an RTO has gone by since: that costs
 * one RTO, and tells as much as a further doubling.
 *
 * That a window is shut is another thing. A peer who says so is alive, so it is enough that it
 * still does after two probes, 0.6 s at least, however many segments get lost. (Linux does not
 * answer two within 500 ms, tcp_oow_rate_limited(). Where the RTO is below 250 ms it is the third
 * that tells, after 1.4 s.) Where nobody says anything, the opening of the window may have been
 * lost, for nobody sends it again, and the answers to probes too; nor does a retransmission tell
 * that such a path is lossy. So six are asked for, one of which may have gone unanswered for the
 * limit.
 */
static const struct stall_rule rules[] = {
	{ REASON_ZERO_WINDOW,
	  { { FIELD("tcpi_snd_wnd", snd_wnd_bytes), true, 0, 0 },
	    { FIELD("tcpi_unacked", unacked_segments), true, 0, 0 },
	    { FACT("still shut", still_shut), false, 2, 0 } } },
	{ REASON_ZERO_WINDOW,
	  { { FIELD("tcpi_snd_wnd", snd_wnd_bytes), true, 0, 0 },
	    { FIELD("tcpi_unacked", unacked_segments), true, 0, 0 },
	    { FACT("unanswered", unanswered), false, 6, 1 } } },
	{ REASON_RETRANSMITTING,
	  { { FIELD("tcpi_unacked", unacked_segments), false, 1, 0 },
	    { FACT("unanswered", unanswered), false, 4, 1 } } },
	/* A path whose RTO is so long that four doublings take a minute. tcpi_last_ack_recv alone
	 * would not do: it also counts the time in which there was nothing to acknowledge. */
	{ REASON_NO_PROGRESS,
	  { { FIELD("tcpi_unacked", unacked_segments), false, 1, 0 },
	    { FACT("unanswered", unanswered), false, 3, 2 },
	    { FACT("first RTO", base_rto_us), false, 500000, 0 },
	    { FIELD("tcpi_last_ack_recv", last_ack_recv_ms), false, 5000, 0 } } },
	/* Our own link is full, or down: it drops retransmissions, which are tried again undoubled.
	 * Where it is full of what we have sent, acknowledgements come. */
	{ REASON_NO_PROGRESS,
	  { { FIELD("tcpi_unacked", unacked_segments), false, 1, 0 },
	    { FACT("dropped", dropped), false, 1, 0 },
	    { FACT("tried", tries), false, 3, 1 },
	    { FIELD("tcpi_last_ack_recv", last_ack_recv_ms), false, 5000, 0 } } },
	{ REASON_NO_PROGRESS,
	  { { FIELD("tcpi_unacked", unacked_segments), false, 1, 0 },
	    { FIELD("tcpi_retransmits", retransmits), false, 8, 0 } } },
	/* The window is open and yet nothing leaves: our own link or route is gone. */
	{ REASON_NO_PROGRESS,
	  { { FIELD("tcpi_snd_wnd", snd_wnd_bytes), false, 1, 0 },
	    { FIELD("tcpi_unacked", unacked_segments), true, 0, 0 },
	    { FIELD("tcpi_backoff", backoff), false, 2, 0 } } },
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

static int64_t doublings(const struct tcp_evidence *tcp)
{
	return tcp->backoff < DOUBLINGS_MAX ? tcp->backoff : DOUBLINGS_MAX;
}

/* What our own queue dropped counts among the retransmits and doubles nothing. */
static int64_t dropped(const struct tcp_evidence *tcp)
{
	if (tcp->retransmits == UNKNOWN || tcp->backoff == UNKNOWN)
		return UNKNOWN;
	return tcp->retransmits > tcp->backoff ? tcp->retransmits - tcp->backoff : 0;
}

/* icsk_rto is doubled with each retransmission (tcp_retransmit_timer()). */
static int64_t base_rto_us(const struct tcp_evidence *tcp)
{
	if (tcp->rto_us <= 0 || tcp->backoff == UNKNOWN)
		return UNKNOWN;
	return tcp->rto_us >> doublings(tcp);
}

/* Any acknowledgement sets icsk_probes_out back to 0 (tcp_ack()), and only one that opens the
 * window does so to icsk_backoff. */
static int64_t still_shut(const struct tcp_evidence *tcp)
{
	if (tcp->backoff == UNKNOWN || tcp->probes == UNKNOWN)
		return UNKNOWN;
	/* A probe that our own queue dropped doubles nothing. */
	return tcp->backoff > tcp->probes ? tcp->backoff - tcp->probes : 0;
}

/* Whether it is an RTO ago that the last retransmission was sent. */
static bool retry_is_overdue(const struct tcp_evidence *tcp)
{
	int64_t rto = base_rto_us(tcp);

	return rto != UNKNOWN && tcp->last_data_sent_ms != UNKNOWN &&
	       tcp->last_data_sent_ms * 1000 >= rto;
}

/* The same of the last probe: it has no data, so tcpi_last_data_sent does not tell, but as many
 * doublings as the timer has had (tcp_probe0_when()) take that long since an acknowledgement. */
static bool probe_is_overdue(const struct tcp_evidence *tcp)
{
	int64_t rto = tcp->rto_us > PROBE_LEAST_US ? tcp->rto_us : PROBE_LEAST_US;

	return tcp->rto_us > 0 && tcp->backoff != UNKNOWN && tcp->last_ack_recv_ms != UNKNOWN &&
	       tcp->last_ack_recv_ms * 1000 >= rto << doublings(tcp);
}

/* Without timestamps the timer stays doubled for a while when the peer has answered
 * (tcp_ack_update_rtt()). */
static int64_t retries(const struct tcp_evidence *tcp)
{
	return tcp->backoff < tcp->retransmits ? tcp->backoff : tcp->retransmits;
}

/* The last one counts when it is overdue. */
static int64_t counted(int64_t sent, bool overdue)
{
	if (sent == UNKNOWN)
		return UNKNOWN;
	return sent > 0 && !overdue ? sent - 1 : sent;
}

static int64_t unanswered(const struct tcp_evidence *tcp)
{
	if (tcp->unacked_segments == UNKNOWN)
		return UNKNOWN;
	if (tcp->unacked_segments == 0)
		return counted(tcp->probes, probe_is_overdue(tcp));
	return counted(retries(tcp), retry_is_overdue(tcp));
}

struct stall_facts stall_facts(const struct tcp_evidence *tcp)
{
	return (struct stall_facts){
		.tcp = *tcp,
		.still_shut = still_shut(tcp),
		.unanswered = unanswered(tcp),
		.tries = counted(tcp->retransmits, retry_is_overdue(tcp)),
		.dropped = dropped(tcp),
		.base_rto_us = base_rto_us(tcp),
	};
}

static bool holds(const struct stall_condition *c, const struct stall_facts *facts, bool lossy)
{
	int64_t least = lossy ? c->value + c->lossy : c->value;
	int64_t v;

	if (!c->field)
		return true;
	v = *(const int64_t *)((const char *)facts + c->offset);
	if (v == UNKNOWN)
		return false;
	return c->exact ? v == least : v >= least;
}

reason_set stall_reasons(const struct stall_facts *facts)
{
	bool lossy = stall_path_is_lossy(&facts->tcp);
	reason_set found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		bool all = true;

		for (size_t k = 0; k < STALL_CONDITIONS_MAX; k++)
			all = all && holds(&rules[i].conditions[k], facts, lossy);
		if (all)
			found |= REASON_BIT(rules[i].reason);
	}
	return found;
}

reason_set stall_evidence(const struct socket *sk)
{
	struct stall_facts facts;
	reason_set found = 0;

	if (sk->outstanding_bytes <= 0)
		return 0;
	/* tcp_check_oom() in net/ipv4/tcp.c resets the orphan that is one too many. */
	if (sk->orphans_full)
		found |= REASON_BIT(REASON_ORPHAN_LIMIT);
	facts = stall_facts(&sk->tcp);
	return found | stall_reasons(&facts);
}
