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
	sk.tcp.last_ack_recv_ms = 10;
	return sk;
}

static int64_t *field_of(struct socket *sk, const struct stall_condition *c)
{
	return (int64_t *)((char *)&sk->tcp + c->offset);
}

/* A socket that satisfies a rule exactly at its borders. */
static struct socket at_border(const struct stall_rule *rule)
{
	struct socket sk = healthy();

	/* Not known unless the rule asks for it, so that no other rule comes in. */
	sk.tcp.snd_wnd_bytes = UNKNOWN;
	for (size_t i = 0; i < STALL_CONDITIONS_MAX; i++)
		if (rule->conditions[i].field)
			*field_of(&sk, &rule->conditions[i]) = rule->conditions[i].value;
	return sk;
}

static bool finds(const struct socket *sk, enum reason reason)
{
	return stall_evidence(sk) & REASON_BIT(reason);
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
	struct socket sk = at_border(rule);

	assert_true(finds(&sk, rule->reason));
	*field_of(&sk, c) = c->value - 1;
	if (finds(&sk, rule->reason))
		fail_msg("%s: %s one below its threshold still counts", reason_name(rule->reason),
			 c->field);
	*field_of(&sk, c) = c->value + 1;
	if (finds(&sk, rule->reason) == c->exact)
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
	struct socket sk = at_border(rule);

	*field_of(&sk, c) = UNKNOWN;
	if (finds(&sk, rule->reason))
		fail_msg("%s: an unknown %s counts", reason_name(rule->reason), c->field);
}

static void an_unknown_field_is_no_evidence(void **state)
{
	(void)state;
	for_every_condition(check_unknown);
}

static void check_no_data(const struct stall_rule *rule, const struct stall_condition *c)
{
	static const int64_t none[] = { 0, UNKNOWN };

	(void)c;
	for (size_t i = 0; i < COUNT(none); i++) {
		struct socket sk = at_border(rule);

		sk.outstanding_bytes = none[i];
		assert_int_equal(stall_evidence(&sk), 0);
	}
}

static void without_data_nothing_is_stuck(void **state)
{
	(void)state;
	for_every_condition(check_no_data);
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

#define NO_PROGRESS REASON_BIT(REASON_NO_PROGRESS)

/* Written out, not taken from the table. */
static const struct {
	int64_t snd_wnd, unacked, retransmits, backoff, last_ack_recv_ms;
	reason_set found;
} thresholds[] = {
	/* Two probes went by; a window of one byte is open, though nothing leaves. */
	{ 0, 0, 0, 2, 10, REASON_BIT(REASON_ZERO_WINDOW) },
	{ 0, 0, 0, 1, 10, 0 },
	{ 0, 1, 0, 2, 10, 0 },
	{ 1, 0, 0, 2, 10, NO_PROGRESS },
	{ 1, 0, 0, 1, 10, 0 },
	{ 65535, 1, 0, 2, 10, 0 },
	/* Four doublings; retransmissions alone are no evidence (our own queue may be full). */
	{ 65535, 1, 4, 4, 10, REASON_BIT(REASON_RETRANSMITTING) },
	{ 65535, 1, 4, 3, 10, 0 },
	{ 65535, 0, 3, 3, 10, NO_PROGRESS },
	/* Eight retransmissions that came to nothing. */
	{ 65535, 1, 8, 0, 10, NO_PROGRESS },
	{ 65535, 1, 7, 0, 10, 0 },
	{ 65535, 0, 8, 0, 10, 0 },
	/* A long silence is none when there was nothing to acknowledge before. */
	{ 65535, 1, 1, 1, 100000, 0 },
};

static void thresholds_are_the_documented_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(thresholds); i++) {
		struct socket sk = healthy();

		sk.tcp.snd_wnd_bytes = thresholds[i].snd_wnd;
		sk.tcp.unacked_segments = thresholds[i].unacked;
		sk.tcp.retransmits = thresholds[i].retransmits;
		sk.tcp.backoff = thresholds[i].backoff;
		sk.tcp.last_ack_recv_ms = thresholds[i].last_ack_recv_ms;
		if (stall_evidence(&sk) != thresholds[i].found)
			fail_msg("row %zu: found %#x, not %#x", i, stall_evidence(&sk),
				 thresholds[i].found);
	}
}

/* Two timeouts of a long timer, and five seconds without an acknowledgement: all three. */
static void a_long_timer_is_patient_in_seconds(void **state)
{
	struct socket sk = healthy();

	(void)state;
	sk.tcp.unacked_segments = 1;
	sk.tcp.retransmits = 2;
	sk.tcp.rto_us = 2000000;
	sk.tcp.last_ack_recv_ms = 5000;
	assert_int_equal(stall_evidence(&sk), NO_PROGRESS);
	sk.tcp.rto_us = 1999999;
	assert_int_equal(stall_evidence(&sk), 0);
	sk.tcp.rto_us = UNKNOWN;
	assert_int_equal(stall_evidence(&sk), 0);
	sk.tcp.rto_us = 2000000;
	sk.tcp.retransmits = 1;
	assert_int_equal(stall_evidence(&sk), 0);
	sk.tcp.retransmits = 2;
	sk.tcp.last_ack_recv_ms = 4999;
	assert_int_equal(stall_evidence(&sk), 0);
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
	assert_int_equal(stall_evidence(&sk), 0);
	sk = lossy(5);
	sk.tcp.backoff = 5;
	assert_int_equal(stall_evidence(&sk), REASON_BIT(REASON_RETRANSMITTING));
	sk = lossy(4);
	sk.tcp.rto_us = 20000000;
	sk.tcp.last_ack_recv_ms = 20000;
	assert_int_equal(stall_evidence(&sk), 0);
	sk = lossy(5);
	sk.tcp.rto_us = 20000000;
	sk.tcp.last_ack_recv_ms = 20000;
	assert_int_equal(stall_evidence(&sk), NO_PROGRESS);
	sk = lossy(0);
	sk.tcp.snd_wnd_bytes = 0;
	sk.tcp.unacked_segments = 0;
	sk.tcp.backoff = 3;
	assert_int_equal(stall_evidence(&sk), 0);
	sk.tcp.backoff = 4;
	assert_int_equal(stall_evidence(&sk), REASON_BIT(REASON_ZERO_WINDOW));
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
			assert_int_equal(strncmp(c->field, "tcpi_", 5), 0);
			assert_true(c->offset + sizeof(int64_t) <= sizeof(struct tcp_evidence));
			assert_int_equal(c->offset % sizeof(int64_t), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_threshold_at_its_border),
		cmocka_unit_test(an_unknown_field_is_no_evidence),
		cmocka_unit_test(without_data_nothing_is_stuck),
		cmocka_unit_test(a_healthy_transfer_is_none),
		cmocka_unit_test(nothing_is_known_of_a_bare_record),
		cmocka_unit_test(thresholds_are_the_documented_ones),
		cmocka_unit_test(a_long_timer_is_patient_in_seconds),
		cmocka_unit_test(a_lossy_path_is_one_in_twenty),
		cmocka_unit_test(a_lossy_path_takes_more_to_be_called_dead),
		cmocka_unit_test(full_orphans_are_evidence),
		cmocka_unit_test(each_condition_names_its_field),
	};

	return cmocka_run_group_tests_name("stall", tests, NULL, NULL);
}
