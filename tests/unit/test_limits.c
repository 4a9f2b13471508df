/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits: each measure takes its own numbers, percents and levels at their borders, and what is
 * not known stays unknown.
 */
#include "config.h"

#include "unit/unit.h"

#include <string.h>

#include "judge/limits.h"

static struct counts none(void)
{
	return (struct counts){ 0 };
}

static void percent_at_its_borders(void **state)
{
	(void)state;
	assert_true(limit_percent(0, 100) == 0);
	assert_true(limit_percent(50, 200) == 25);
	assert_true(limit_percent(200, 200) == 100);
	assert_true(limit_percent(300, 200) == 150);
	assert_true(limit_percent(1, 3) > 33.3 && limit_percent(1, 3) < 33.4);
	assert_true(limit_percent(INT64_MAX, INT64_MAX) == 100);
}

static void a_limit_of_zero_is_used_up(void **state)
{
	(void)state;
	assert_true(limit_percent(0, 0) == 100);
	assert_true(limit_percent(7, 0) == 100);
}

static void an_unknown_number_gives_no_percent(void **state)
{
	(void)state;
	assert_true(limit_percent(UNKNOWN, 100) < 0);
	assert_true(limit_percent(1, UNKNOWN) < 0);
	assert_true(limit_percent(UNKNOWN, UNKNOWN) < 0);
	assert_true(limit_percent(UNKNOWN, 0) < 0);
	/* Nothing is no part of anything. */
	assert_true(limit_percent(0, UNKNOWN) == 0);
}

static void levels_at_their_borders(void **state)
{
	static const struct {
		int64_t used;
		enum limit_level level;
	} rows[] = {
		{ UNKNOWN, LIMIT_LEVEL_UNKNOWN }, { 0, LIMIT_LEVEL_FINE },
		{ 799, LIMIT_LEVEL_FINE },        { 800, LIMIT_LEVEL_NEAR },
		{ 949, LIMIT_LEVEL_NEAR },        { 950, LIMIT_LEVEL_FULL },
		{ 1000, LIMIT_LEVEL_FULL },       { 2000, LIMIT_LEVEL_FULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(limit_level(rows[i].used, 1000), rows[i].level);
	assert_int_equal(limit_level(1, UNKNOWN), LIMIT_LEVEL_UNKNOWN);
	assert_int_equal(limit_level(0, UNKNOWN), LIMIT_LEVEL_UNKNOWN);
	assert_string_equal(limit_level_name(LIMIT_LEVEL_NEAR), "near");
}

static void every_limit_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < LIMIT_COUNT; i++) {
		const struct limit_row *row = limit_row((enum limit_name)i);

		assert_non_null(row->name);
		assert_non_null(row->help);
		assert_non_null(row->knob);
		assert_true(strlen(limit_scope_name(row->scope)) > 0);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(row->name, limit_row((enum limit_name)k)->name);
	}
}

static void what_the_machine_does_not_say_is_unknown(void **state)
{
	struct counts counts = none();
	struct machine m;

	(void)state;
	machine_init(&m);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		struct limit_use use = limit_measure((enum limit_name)i, &counts, &m);

		assert_int_equal(use.used, UNKNOWN);
		assert_int_equal(use.max, UNKNOWN);
		assert_int_equal(use.hits, UNKNOWN);
		assert_int_equal(limit_level(use.used, use.max), LIMIT_LEVEL_UNKNOWN);
	}
}

static void each_takes_its_own_numbers(void **state)
{
	struct counts counts = none();
	struct limit_use use;
	struct machine m;

	(void)state;
	machine_init(&m);
	m.time_wait_buckets = 11;
	m.time_wait_buckets_max = 12;
	m.orphans = 21;
	m.orphans_max = 22;
	m.tcp_memory_bytes = 31;
	m.tcp_memory_pressure_bytes = 32;
	m.tcp_memory_max_bytes = 33;
	m.counters[MACHINE_TW_OVERFLOW] = 13;
	m.counters[MACHINE_ABORT_ON_MEMORY] = 23;
	use = limit_measure(LIMIT_TW_BUCKETS, &counts, &m);
	assert_int_equal(use.used, 11);
	assert_int_equal(use.max, 12);
	assert_int_equal(use.hits, 13);
	use = limit_measure(LIMIT_ORPHANS, &counts, &m);
	assert_int_equal(use.used, 21);
	assert_int_equal(use.max, 22);
	assert_int_equal(use.hits, 23);
	use = limit_measure(LIMIT_TCP_MEM, &counts, &m);
	assert_int_equal(use.used, 31);
	assert_int_equal(use.max, 33);
}

static struct socket listener(uint32_t waiting, uint32_t backlog)
{
	struct socket sk;

	socket_init(&sk);
	sk.state = STATE_LISTEN;
	sk.family = AF_INET;
	sk.queue_unit = QUEUE_CONNECTIONS;
	sk.recv_queue = waiting;
	sk.send_queue = backlog;
	return sk;
}

static struct limit_use measure_listener(uint32_t waiting, uint32_t backlog)
{
	struct count_request request = { .parts = COUNT_QUEUES, .keep = 3 };
	struct socket sk = listener(waiting, backlog);
	struct limit_use use;
	struct counts counts;
	struct machine m;

	machine_init(&m);
	assert_int_equal(counts_open(&counts, &request), 0);
	assert_int_equal(counts_add(&counts, &sk), 0);
	counts_finish(&counts);
	use = limit_measure(LIMIT_LISTEN_QUEUE, &counts, &m);
	counts_close(&counts);
	return use;
}

static void one_more_than_the_backlog_fits(void **state)
{
	struct limit_use use = measure_listener(1, 0);

	(void)state;
	assert_int_equal(use.used, 1);
	assert_int_equal(use.max, 1);
	use = measure_listener(4, 128);
	assert_int_equal(use.used, 4);
	assert_int_equal(use.max, 129);
	use = measure_listener(1, UINT32_MAX);
	assert_int_equal(use.max, (int64_t)UINT32_MAX + 1);
}

static void a_listener_without_waiting_connections_uses_nothing(void **state)
{
	struct limit_use use = measure_listener(0, 128);

	(void)state;
	assert_int_equal(use.used, 0);
	assert_int_equal(use.max, 129);
	assert_int_equal(limit_level(use.used, use.max), LIMIT_LEVEL_FINE);
}

static void the_smallest_queue_stands_for_idle_listeners(void **state)
{
	static const uint32_t backlogs[] = { 128, 5, 4096 };
	struct queues *q = queues_new(1);

	(void)state;
	assert_int_equal(queues_smallest(q), UNKNOWN);
	for (size_t i = 0; i < COUNT(backlogs); i++) {
		struct socket sk = listener(0, backlogs[i]);

		queues_add(q, &sk);
	}
	assert_int_equal(queues_smallest(q), 6);
	queues_free(q);
}

static struct holder holder(uint32_t pid)
{
	return (struct holder){ .pid = pid, .fd = 3, .comm = "leaky" };
}

static void add_leak(struct counts *counts, uint32_t pid)
{
	struct holder h = holder(pid);
	struct socket sk;

	socket_init(&sk);
	sk.state = STATE_CLOSE_WAIT;
	sk.inode = pid;
	sk.holders = (struct holder_list){ HOLDERS_COMPLETE, 1, &h };
	assert_int_equal(counts_add(counts, &sk), 0);
}

/* The process that is nearest to its own limit counts, not the one with most descriptors. */
static void descriptors_of_the_fullest_process(void **state)
{
	struct count_request request = { .parts = COUNT_LEAKS };
	struct limit_use use;
	struct counts counts;
	struct machine m;

	(void)state;
	machine_init(&m);
	assert_int_equal(counts_open(&counts, &request), 0);
	counts_finish(&counts);
	use = limit_measure(LIMIT_DESCRIPTORS, &counts, &m);
	assert_int_equal(use.used, 0);
	for (uint32_t pid = 1; pid <= 3; pid++)
		add_leak(&counts, pid);
	counts_finish(&counts);
	use = limit_measure(LIMIT_DESCRIPTORS, &counts, &m);
	assert_int_equal(use.used, UNKNOWN);
	leaks_item(counts.leaks, 0)->descriptors_used = 500;
	leaks_item(counts.leaks, 0)->descriptors_max = 1000000;
	leaks_item(counts.leaks, 2)->descriptors_used = 60;
	leaks_item(counts.leaks, 2)->descriptors_max = 64;
	use = limit_measure(LIMIT_DESCRIPTORS, &counts, &m);
	assert_int_equal(use.used, 60);
	assert_int_equal(use.max, 64);
	counts_close(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percent_at_its_borders),
		cmocka_unit_test(a_limit_of_zero_is_used_up),
		cmocka_unit_test(an_unknown_number_gives_no_percent),
		cmocka_unit_test(levels_at_their_borders),
		cmocka_unit_test(every_limit_has_words),
		cmocka_unit_test(what_the_machine_does_not_say_is_unknown),
		cmocka_unit_test(each_takes_its_own_numbers),
		cmocka_unit_test(one_more_than_the_backlog_fits),
		cmocka_unit_test(a_listener_without_waiting_connections_uses_nothing),
		cmocka_unit_test(the_smallest_queue_stands_for_idle_listeners),
		cmocka_unit_test(descriptors_of_the_fullest_process),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
