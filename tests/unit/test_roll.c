/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The roll, of a census that the test makes up: whose each socket is, and what becomes of one that
 * cannot be taken whole. Memory is short at each allocation in turn.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/roll.h"
#include "unit/fake_census.h"

#define A 4026531840u
#define B 4026532249u
#define C (B + 65536) /* another digit, in base 256, than between A and B */

static struct roll *roll;

/* --- memory ---------------------------------------------------------------------------------- */

static size_t allocations, fail_at; /* 0: none */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_reallocarray(void *at, size_t n, size_t size);
void *__wrap_reallocarray(void *at, size_t n, size_t size);

static bool fails(void)
{
	return ++allocations == fail_at;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_reallocarray(void *at, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(at, n, size);
}

/* --- the tests ------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	(void)state;
	memset(&census, 0, sizeof(census));
	census.table = 7;
	census.slots = 1024;
	allocations = fail_at = 0;
	roll = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	roll_free(roll);
	return 0;
}

static void take(void)
{
	assert_int_equal(roll_take(&roll, FAKE_CENSUS, CENSUS_QUEUES), 0);
	assert_non_null(roll);
}

static void nobody_is_there(void **state)
{
	const struct census_record *first;

	(void)state;
	take();
	assert_int_equal(roll_total(roll), 0);
	assert_int_equal(roll_slots(roll), 1024);
	assert_int_equal(roll_count(roll, A), 0);
	assert_int_equal(roll_listeners(roll, A, &first), 0);
	assert_false(roll_has_bound(roll, A));
}

static void asks_of_connections_alone_how_much_is_wanted(void **state)
{
	(void)state;
	take();
	assert_int_equal(census.walks, 3);
	assert_int_equal(census.depth[CENSUS_CONNECTIONS], CENSUS_QUEUES);
	assert_int_equal(census.depth[CENSUS_LISTENERS], CENSUS_ENDS);
	assert_int_equal(census.depth[CENSUS_BOUND], CENSUS_ENDS);
}

/* The order of the walk stays, within a namespace. */
static void each_namespace_has_its_own(void **state)
{
	static const uint32_t walk[] = { C, A, B, B, A, C, 5, A };
	const struct census_record *first;

	(void)state;
	for (size_t i = 0; i < COUNT(walk); i++)
		add_record(CENSUS_CONNECTIONS, walk[i])->local_port = (uint16_t)i;
	take();
	assert_int_equal(roll_total(roll), COUNT(walk));
	assert_int_equal(roll_count(roll, A), 3);
	first = roll_of(roll, A);
	assert_int_equal(first[0].local_port, 1);
	assert_int_equal(first[1].local_port, 4);
	assert_int_equal(first[2].local_port, 7);
	assert_int_equal(roll_count(roll, B), 2);
	assert_int_equal(roll_of(roll, B)[1].local_port, 3);
	assert_int_equal(roll_count(roll, C), 2);
	assert_int_equal(roll_of(roll, C)[1].local_port, 5);
	assert_int_equal(roll_count(roll, 5), 1);
	assert_int_equal(roll_count(roll, 4), 0);
	assert_int_equal(roll_count(roll, B + 1), 0);
	assert_int_equal(roll_count(roll, UINT64_MAX - 1), 0);
	assert_int_equal(roll_count(roll, (uint64_t)A << 32), 0);
}

static void one_namespace_has_all(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 5; i++)
		add_record(CENSUS_CONNECTIONS, A)->local_port = i;
	take();
	assert_int_equal(roll_count(roll, A), 5);
	for (uint16_t i = 0; i < 5; i++)
		assert_int_equal(roll_of(roll, A)[i].local_port, i);
}

static void listeners_stand_apart(void **state)
{
	const struct census_record *first;

	(void)state;
	add_record(CENSUS_CONNECTIONS, B);
	add_record(CENSUS_LISTENERS, B)->local_port = 80;
	add_record(CENSUS_LISTENERS, A)->local_port = 22;
	add_record(CENSUS_LISTENERS, B)->local_port = 443;
	take();
	assert_int_equal(roll_listeners(roll, A, &first), 1);
	assert_int_equal(first->local_port, 22);
	assert_int_equal(roll_listeners(roll, B, &first), 2);
	assert_int_equal(first[1].local_port, 443);
	assert_int_equal(roll_listeners(roll, C, &first), 0);
	assert_int_equal(roll_total(roll), 1);
}

static void who_is_bound_and_nothing_else(void **state)
{
	static const uint32_t walk[] = { A, A, B, A };

	(void)state;
	for (size_t i = 0; i < COUNT(walk); i++)
		add_record(CENSUS_BOUND, walk[i]);
	take();
	assert_true(roll_has_bound(roll, A));
	assert_true(roll_has_bound(roll, B));
	assert_false(roll_has_bound(roll, C));
	assert_int_equal(roll_total(roll), 0);
}

static void a_table_is_known_by_its_number(void **state)
{
	(void)state;
	take();
	assert_true(roll_covers(roll, FAKE_CENSUS));
	census.table = 8;
	assert_false(roll_covers(roll, FAKE_CENSUS));
	census.table = 7;
	census.find_error = -ENOTSUP;
	assert_false(roll_covers(roll, FAKE_CENSUS));
}

static void expect_none(int error)
{
	roll = (struct roll *)&census;
	assert_int_equal(roll_take(&roll, FAKE_CENSUS, CENSUS_INODES), error);
	assert_null(roll);
}

static void a_walk_that_fails_gives_no_roll(void **state)
{
	(void)state;
	for (int i = 0; i < FAKE_TABLES; i++)
		add_record(i, A);
	for (int i = 0; i < FAKE_TABLES; i++) {
		census.errors[i] = -ENOTSUP;
		expect_none(-ENOTSUP);
		census.errors[i] = 0;
	}
	census.find_error = -EPERM;
	expect_none(-EPERM);
}

static void too_many_are_not_taken_down(void **state)
{
	(void)state;
	add_record(CENSUS_CONNECTIONS, A);
	census.many = ROLL_MOST + 1;
	expect_none(-E2BIG);
}

static void without_memory_there_is_none(void **state)
{
	size_t all;

	(void)state;
	for (int i = 0; i < FAKE_TABLES; i++)
		add_record(i, A);
	take();
	all = allocations;
	assert_in_range(all, 6, 20);
	roll_free(roll);
	for (fail_at = 1; fail_at <= all; fail_at++) {
		allocations = 0;
		expect_none(-ENOMEM);
	}
	roll_free(NULL);
}

#define roll_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		roll_test(nobody_is_there),
		roll_test(asks_of_connections_alone_how_much_is_wanted),
		roll_test(each_namespace_has_its_own),
		roll_test(one_namespace_has_all),
		roll_test(listeners_stand_apart),
		roll_test(who_is_bound_and_nothing_else),
		roll_test(a_table_is_known_by_its_number),
		roll_test(a_walk_that_fails_gives_no_roll),
		roll_test(too_many_are_not_taken_down),
		roll_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests_name("roll", tests, NULL, NULL);
}
