/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence of a stall: every threshold of the table at its border, and the thresholds themselves
 * as the man page states them, so that neither moves without the other.
 */
#include "config.h"

#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "judge/stall.h"

/* A healthy transfer with data in flight: every field known, no rule satisfied. */
static struct socket healthy(void)
{
	struct socket sk;

	socket_init(&sk);
	sk.outstanding_bytes = 1000;
	sk.unsent_bytes = 0;
	sk.tcp.snd_wnd_bytes = 65535;
	sk.tcp.unacked_segments = 2;
	sk.tcp.retransmits = 0;
	sk.tcp.backoff = 0;
	sk.tcp.probes = 0;
	sk.tcp.rto_us = 200000;
	sk.tcp.last_data_sent_ms = 10;
	sk.tcp.last_ack_recv_ms = 10;
	return sk;
}

static int64_t *fact_of(struct stall_facts *facts, const struct stall_condition *c)
{
	return (int64_t *)((char *)facts + c->offset);
}

/* Facts that satisfy a rule exactly at its borders. */
static struct stall_facts at_border(const struct stall_rule *rule)
{
	struct socket sk = healthy();
	struct stall_facts facts = stall_facts(&sk.tcp);

	/* Not known unless the rule asks for them, so that no other rule comes in. */
	facts.tcp.snd_wnd_bytes = facts.unanswered = facts.dropped = facts.still_shut = UNKNOWN;
	for (size_t i = 0; i < STALL_CONDITIONS_MAX; i++)
		if (rule->conditions[i].field)
			*fact_of(&facts, &rule->conditions[i]) = rule->conditions[i].value;
	return facts;
}

static bool finds(const struct stall_facts *facts, enum reason reason)
{
	return stall_reasons(facts) & REASON_BIT(reason);
}

typedef void (*condition_check)(const struct stall_rule *rule, const struct stall_condition *c);

static void for_every_condition(condition_check check)
{
	size_t count;
	const struct stall_rule *rules = stall_rules(&count);

	assert_true(count >= 3);
	for (size_t r = 0; r < count; r++)
		for (size_t i = 0; i < STALL_CONDITIONS_MAX; i++)
			if (rules[r].conditions[i].field)
				check(&rules[r], &rules[r].conditions[i]);
}

static void check_border(const struct stall_rule *rule, const struct stall_condition *c)
{
	struct stall_facts facts = at_border(rule);

	assert_true(finds(&facts, rule->reason));
	*fact_of(&facts, c) = c->value - 1;
	if (finds(&facts, rule->reason))
		fail_msg("%s: %s one below its threshold still counts", reason_name(rule->reason),
			 c->field);
	*fact_of(&facts, c) = c->value + 1;
	if (finds(&facts, rule->reason) == c->exact)
		fail_msg("%s: %s one above its threshold is wrong", reason_name(rule->reason),
			 c->field);
}

static void each_threshold_at_its_border(void **state)
{
	(void)state;
	for_every_condition(check_border);
}

static void check_unknown(const struct stall_rule *rule, const struct stall_condition *c)
{
	struct stall_facts facts = at_border(rule);

	*fact_of(&facts, c) = UNKNOWN;
	if (finds(&facts, rule->reason))
		fail_msg("%s: an unknown %s counts", reason_name(rule->reason), c->field);
}

static void an_unknown_fact_is_no_evidence(void **state)
{
	(void)state;
	for_every_condition(check_unknown);
}

/* The opposite of no data. */
static struct socket stuck(void)
{
	struct socket sk = healthy();

	sk.tcp.retransmits = sk.tcp.backoff = 8;
	sk.orphans_full = true;
	return sk;
}

static void without_data_nothing_is_stuck(void **state)
{
	static const int64_t none[] = { 0, UNKNOWN };
	struct socket sk = stuck();

	(void)state;
	assert_int_not_equal(stall_evidence(&sk), 0);
	for (size_t i = 0; i < COUNT(none); i++) {
		sk.outstanding_bytes = none[i];
		assert_int_equal(stall_evidence(&sk), 0);
	}
}

static void a_healthy_transfer_is_none(void **state)
{
	struct socket sk = healthy();

	(void)state;
	assert_int_equal(stall_evidence(&sk), 0);
	/* One lost packet, and an ACK a moment ago. */
	sk.tcp.retransmits = 1;
	assert_int_equal(stall_evidence(&sk), 0);
	/* A window that shut just now, the first probe not yet answered. */
	sk = healthy();
	sk.tcp.snd_wnd_bytes = 0;
	sk.tcp.unacked_segments = 0;
	sk.tcp.backoff = 1;
	assert_int_equal(stall_evidence(&sk), 0);
	/* An idle connection whose last ACK is old. */
	sk = healthy();
	sk.tcp.last_ack_recv_ms = 1000000;
	assert_int_equal(stall_evidence(&sk), 0);
}

static void nothing_is_known_of_a_bare_record(void **state)
{
	struct socket sk;

	(void)state;
	socket_init(&sk);
	sk.outstanding_bytes = 1000;
	assert_int_equal(stall_evidence(&sk), 0);
}

#define ZERO_WINDOW    REASON_BIT(REASON_ZERO_WINDOW)
#define RETRANSMITTING REASON_BIT(REASON_RETRANSMITTING)
#define NO_PROGRESS    REASON_BIT(REASON_NO_PROGRESS)

/* Written out, not taken from the table. The RTO was 200 ms before it was doubled. */
static const struct {
	int64_t snd_wnd, unacked, retransmits, backoff, probes, last_data_sent_ms, last_ack_recv_ms;
	reason_set found;
} thresholds[] = {
	/* Still shut after two probes: answered, or a third sent since. */
	{ 0, 0, 0, 2, 0, 700, 10, ZERO_WINDOW },
	{ 0, 0, 0, 3, 1, 1500, 810, ZERO_WINDOW },
	{ 0, 0, 0, 9, 7, 99999, 99999, ZERO_WINDOW },
	{ 0, 0, 0, 1, 0, 300, 10, 0 },
	{ 0, 1, 0, 2, 0, 700, 10, 0 },
	/* The opening may have been lost, and the answers to probes. */
	{ 0, 0, 0, 2, 2, 700, 700, 0 },
	{ 0, 0, 0, 2, 1, 700, 10, 0 },
	{ 0, 0, 0, 3, 2, 1500, 1200, 0 },
	{ 0, 0, 0, 5, 5, 12000, 12000, 0 },
	/* Not six of them: the sixth when an RTO has gone by since. */
	{ 0, 0, 0, 6, 6, 12799, 12799, 0 },
	{ 0, 0, 0, 6, 6, 12800, 12800, ZERO_WINDOW },
	{ 0, 0, 0, 7, 7, 25500, 25500, ZERO_WINDOW },
	{ 0, 0, 0, 7, 6, 25500, 25300, 0 },
	{ 0, 0, 0, 7, 6, 25600, 25600, ZERO_WINDOW },
	{ 0, 0, 0, 7, UNKNOWN, 99999, 99999, 0 },
	/* What our own queue drops doubles nothing. */
	{ 0, 0, 0, 1, 3, 1500, 1500, 0 },
	/* A window of one byte is open, though nothing leaves. */
	{ 1, 0, 0, 2, 2, 10, 10, NO_PROGRESS },
	{ 1, 0, 0, 1, 1, 10, 10, 0 },
	{ 65535, 0, 3, 3, 0, 10, 10, NO_PROGRESS },
	/* Four retransmissions that nobody answered. */
	{ 65535, 1, 5, 5, 0, 0, 6200, RETRANSMITTING },
	{ 65535, 1, 4, 4, 0, 200, 3200, RETRANSMITTING },
	{ 65535, 1, 4, 4, 0, 199, 3199, 0 },
	{ 65535, 1, 3, 3, 0, 1599, 2999, 0 },
	{ 65535, 1, 1, 5, 0, 200, 200, 0 }, /* answered; without timestamps it stays doubled */
	/* Our own queue may be full, but eight in a row are evidence. */
	{ 65535, 1, 7, 0, 0, 10, 10, 0 },
	{ 65535, 1, 7, 3, 0, 1599, 10, 0 },
	{ 65535, 1, 8, 0, 0, 10, 10, NO_PROGRESS },
	{ 65535, 0, 8, 0, 0, 10, 10, 0 },
	/* A long silence is none when there was nothing to acknowledge before. */
	{ 65535, 1, 1, 1, 0, 10, 100000, 0 },
};

static void thresholds_are_the_documented_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(thresholds); i++) {
		struct socket sk = healthy();
		bool flight = thresholds[i].unacked > 0;

		sk.tcp.snd_wnd_bytes = thresholds[i].snd_wnd;
		sk.tcp.unacked_segments = thresholds[i].unacked;
		sk.tcp.retransmits = thresholds[i].retransmits;
		sk.tcp.backoff = thresholds[i].backoff;
		sk.tcp.probes = thresholds[i].probes;
		sk.tcp.rto_us = flight ? 200000LL << thresholds[i].backoff : 200000;
		sk.tcp.last_data_sent_ms = thresholds[i].last_data_sent_ms;
		sk.tcp.last_ack_recv_ms = thresholds[i].last_ack_recv_ms;
		if (stall_evidence(&sk) != thresholds[i].found)
			fail_msg("row %zu: found %#x, not %#x", i, stall_evidence(&sk),
				 thresholds[i].found);
	}
}

/* Three retransmissions of an RTO of 0.5 s, and five seconds without an acknowledgement. */
static struct socket long_timer(void)
{
	struct socket sk = healthy();

	sk.tcp.unacked_segments = 1;
	sk.tcp.retransmits = 3;
	sk.tcp.backoff = 3;
	sk.tcp.rto_us = 4000000;
	sk.tcp.last_data_sent_ms = 1500;
	sk.tcp.last_ack_recv_ms = 5000;
	return sk;
}

static void a_long_timer_is_patient_in_seconds(void **state)
{
	struct socket sk = long_timer();

	(void)state;
	assert_int_equal(stall_evidence(&sk), NO_PROGRESS);
	sk.tcp.rto_us = 3999999;
	assert_int_equal(stall_evidence(&sk), 0);
	sk.tcp.rto_us = UNKNOWN;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = long_timer();
	sk.tcp.retransmits = 2;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = long_timer();
	sk.tcp.last_data_sent_ms = 499;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = long_timer();
	sk.tcp.last_ack_recv_ms = 4999;
	assert_int_equal(stall_evidence(&sk), 0);
}

/* Our own queue has dropped one of three, and nothing came for five seconds. */
static struct socket link_down(void)
{
	struct socket sk = long_timer();

	sk.tcp.backoff = 2;
	sk.tcp.rto_us = 800000;
	return sk;
}

static void a_queue_that_drops_is_no_path_that_does(void **state)
{
	struct socket sk = link_down();

	(void)state;
	assert_int_equal(stall_evidence(&sk), NO_PROGRESS);
	sk = link_down();
	sk.tcp.backoff = 3;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = link_down();
	sk.tcp.retransmits = sk.tcp.backoff = 2;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = link_down();
	sk.tcp.last_data_sent_ms = 199;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = link_down();
	sk.tcp.last_ack_recv_ms = 4999;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = link_down();
	sk.tcp.delivered_segments = 20;
	sk.tcp.total_retrans_segments = 20;
	assert_int_equal(stall_evidence(&sk), 0);
	sk.tcp.retransmits = 4;
	assert_int_equal(stall_evidence(&sk), NO_PROGRESS);
}

/* A time that is not known is none that has gone by: one less is taken to be unanswered. */
static void an_unknown_time_does_not_count(void **state)
{
	struct socket sk = healthy();

	(void)state;
	sk.tcp.retransmits = sk.tcp.backoff = 4;
	sk.tcp.rto_us = 3200000;
	sk.tcp.last_data_sent_ms = 1000;
	assert_int_equal(stall_facts(&sk.tcp).unanswered, 4);
	sk.tcp.last_data_sent_ms = UNKNOWN;
	assert_int_equal(stall_facts(&sk.tcp).unanswered, 3);
	sk.tcp.last_data_sent_ms = 1000;
	sk.tcp.rto_us = UNKNOWN;
	assert_int_equal(stall_facts(&sk.tcp).unanswered, 3);
	sk.tcp.unacked_segments = 0;
	sk.tcp.probes = 2;
	sk.tcp.backoff = 2;
	sk.tcp.last_ack_recv_ms = 100000;
	assert_int_equal(stall_facts(&sk.tcp).unanswered, 1);
	sk.tcp.rto_us = 1000; /* a probe's timer is 200 ms at least */
	assert_int_equal(stall_facts(&sk.tcp).unanswered, 2);
	sk.tcp.last_ack_recv_ms = 799;
	assert_int_equal(stall_facts(&sk.tcp).unanswered, 1);
	sk.tcp.last_ack_recv_ms = UNKNOWN;
	assert_int_equal(stall_facts(&sk.tcp).unanswered, 1);
	sk.tcp.unacked_segments = UNKNOWN;
	assert_int_equal(stall_facts(&sk.tcp).unanswered, UNKNOWN);
}

/* Whatever a recording says. */
static void any_figures_will_do(void **state)
{
	struct socket sk = healthy();

	(void)state;
	sk.tcp.rto_us = UINT32_MAX;
	sk.tcp.backoff = sk.tcp.probes = UINT8_MAX;
	sk.tcp.last_ack_recv_ms = sk.tcp.last_data_sent_ms = UINT32_MAX;
	sk.tcp.unacked_segments = 0;
	assert_int_equal(stall_facts(&sk.tcp).unanswered, UINT8_MAX - 1);
	sk.tcp.retransmits = UINT8_MAX;
	sk.tcp.unacked_segments = 1;
	assert_int_equal(stall_facts(&sk.tcp).unanswered, UINT8_MAX);
}

/* Of 100 segments delivered five were lost, besides those that time out now and a probe. */
static struct socket lossy(int64_t retransmits)
{
	struct socket sk = healthy();

	sk.tcp.delivered_segments = 100;
	sk.tcp.retransmits = retransmits;
	sk.tcp.total_retrans_segments = 5 + 1 + retransmits;
	return sk;
}

static void a_lossy_path_is_one_in_twenty(void **state)
{
	struct socket sk = lossy(4);

	(void)state;
	assert_true(stall_path_is_lossy(&sk.tcp));
	sk.tcp.total_retrans_segments--;
	assert_false(stall_path_is_lossy(&sk.tcp));
	sk = lossy(4);
	sk.tcp.delivered_segments = 119;
	assert_true(stall_path_is_lossy(&sk.tcp));
	sk.tcp.delivered_segments = 120;
	assert_false(stall_path_is_lossy(&sk.tcp));
	sk.tcp.delivered_segments = 19; /* too few to say */
	assert_false(stall_path_is_lossy(&sk.tcp));
	sk.tcp.delivered_segments = UNKNOWN;
	assert_false(stall_path_is_lossy(&sk.tcp));
	sk = lossy(4);
	sk.tcp.retransmits = UNKNOWN;
	assert_false(stall_path_is_lossy(&sk.tcp));
	sk = lossy(4);
	sk.tcp.total_retrans_segments = UNKNOWN;
	assert_false(stall_path_is_lossy(&sk.tcp));
}

static void a_lossy_path_takes_more_to_be_called_dead(void **state)
{
	struct socket sk = lossy(4);

	(void)state;
	sk.tcp.backoff = 4;
	sk.tcp.last_data_sent_ms = 1000;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = lossy(5);
	sk.tcp.backoff = 5;
	sk.tcp.last_data_sent_ms = 1000;
	assert_int_equal(stall_evidence(&sk), RETRANSMITTING);
	sk = lossy(4);
	sk.tcp.backoff = 4;
	sk.tcp.rto_us = 20000000;
	sk.tcp.last_data_sent_ms = sk.tcp.last_ack_recv_ms = 20000;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = lossy(5);
	sk.tcp.backoff = 5;
	sk.tcp.rto_us = 20000000;
	sk.tcp.last_data_sent_ms = sk.tcp.last_ack_recv_ms = 20000;
	assert_int_equal(stall_evidence(&sk), RETRANSMITTING | NO_PROGRESS);
	/* Of a window that the peer says to be shut no loss makes one that is open. */
	sk = lossy(0);
	sk.tcp.snd_wnd_bytes = 0;
	sk.tcp.unacked_segments = 0;
	sk.tcp.backoff = 2;
	assert_int_equal(stall_evidence(&sk), ZERO_WINDOW);
	sk.tcp.backoff = sk.tcp.probes = 7;
	assert_int_equal(stall_evidence(&sk), 0);
	sk.tcp.backoff = sk.tcp.probes = 8;
	assert_int_equal(stall_evidence(&sk), ZERO_WINDOW);
}

/* The machine's orphans are nearly all in use: any outstanding byte is in danger at close. */
static void full_orphans_are_evidence(void **state)
{
	struct socket sk = healthy();

	(void)state;
	sk.orphans_full = true;
	assert_int_equal(stall_evidence(&sk), REASON_BIT(REASON_ORPHAN_LIMIT));
	sk.outstanding_bytes = 0;
	assert_int_equal(stall_evidence(&sk), 0);
}

static void each_condition_names_its_field(void **state)
{
	size_t count;
	const struct stall_rule *rules = stall_rules(&count);

	(void)state;
	for (size_t r = 0; r < count; r++) {
		assert_non_null(rules[r].conditions[0].field);
		for (size_t i = 0; i < STALL_CONDITIONS_MAX; i++) {
			const struct stall_condition *c = &rules[r].conditions[i];

			if (!c->field)
				continue;
			assert_int_equal(strncmp(c->field, "tcpi_", 5) == 0,
					 c->offset < sizeof(struct tcp_evidence));
			assert_true(c->offset + sizeof(int64_t) <= sizeof(struct stall_facts));
			assert_int_equal(c->offset % sizeof(int64_t), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_threshold_at_its_border),
		cmocka_unit_test(an_unknown_fact_is_no_evidence),
		cmocka_unit_test(without_data_nothing_is_stuck),
		cmocka_unit_test(a_healthy_transfer_is_none),
		cmocka_unit_test(nothing_is_known_of_a_bare_record),
		cmocka_unit_test(thresholds_are_the_documented_ones),
		cmocka_unit_test(a_long_timer_is_patient_in_seconds),
		cmocka_unit_test(a_queue_that_drops_is_no_path_that_does),
		cmocka_unit_test(an_unknown_time_does_not_count),
		cmocka_unit_test(any_figures_will_do),
		cmocka_unit_test(a_lossy_path_is_one_in_twenty),
		cmocka_unit_test(a_lossy_path_takes_more_to_be_called_dead),
		cmocka_unit_test(full_orphans_are_evidence),
		cmocka_unit_test(each_condition_names_its_field),
	};

	return cmocka_run_group_tests_name("stall", tests, NULL, NULL);
}
