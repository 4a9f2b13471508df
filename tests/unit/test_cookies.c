/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cookies of a listing: that each that was noted is found and no other, whatever their order,
 * and how little room those take that follow each other.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "source/cookies.h"

static struct cookies cookies;

static int tear_down(void **state)
{
	(void)state;
	cookies_free(&cookies);
	return 0;
}

static void nothing_noted_nothing_found(void **state)
{
	(void)state;
	assert_false(cookies_have(&cookies, 1));
	assert_return_code(cookies_index(&cookies), 0);
	assert_false(cookies_have(&cookies, 0));
	assert_false(cookies_have(&cookies, 1));
}

static void finds_what_was_noted(void **state)
{
	static const uint64_t noted[] = {
		5,   6,   4,  1000, 999, UINT64_MAX, 0, UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1,
		127, 128, 64, 63
	};
	static const uint64_t others[] = { 1, 3, 7, 998, 1001, UINT64_MAX - 1, UINT64_C(1) << 62 };

	(void)state;
	for (size_t i = 0; i < COUNT(noted); i++)
		cookies_note(&cookies, noted[i]);
	assert_int_equal(cookies.count, COUNT(noted));
	assert_return_code(cookies_index(&cookies), 0);
	for (size_t i = 0; i < COUNT(noted); i++)
		assert_true(cookies_have(&cookies, noted[i]));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(cookies_have(&cookies, others[i]));
}

/* What comes after the index is for the next one. */
static void an_index_is_of_its_time(void **state)
{
	(void)state;
	cookies_note(&cookies, 10);
	assert_return_code(cookies_index(&cookies), 0);
	cookies_note(&cookies, 9);
	cookies_note(&cookies, 11);
	assert_true(cookies_have(&cookies, 10));
	assert_false(cookies_have(&cookies, 9));
	assert_false(cookies_have(&cookies, 11));
	assert_return_code(cookies_index(&cookies), 0);
	assert_true(cookies_have(&cookies, 9));
	assert_true(cookies_have(&cookies, 10));
	assert_true(cookies_have(&cookies, 11));
}

static void any_numbers_at_all(void **state)
{
	uint64_t random = 88172645463325252u, again = random;

	(void)state;
	for (int i = 0; i < 20000; i++)
		cookies_note(&cookies, next_random(&random) >> (random & 63));
	assert_return_code(cookies_index(&cookies), 0);
	for (int i = 0; i < 20000; i++)
		assert_true(cookies_have(&cookies, next_random(&again) >> (again & 63)));
	for (size_t i = 1; i < cookies.count; i++)
		assert_true(cookies.sorted[i - 1] <= cookies.sorted[i]);
}

static void neighbours_take_a_byte_each(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 100000; i++)
		cookies_note(&cookies, UINT64_C(0x123456789) + i);
	assert_in_range(cookies.len, 100000, 100010);
	assert_in_range(cookies.room, cookies.len, 2 * cookies.len);
}

static void without_memory_it_says_so(void **state)
{
	(void)state;
	cookies.failed = true;
	cookies_note(&cookies, 7);
	assert_int_equal(cookies.count, 0);
	assert_int_equal(cookies_index(&cookies), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_noted_nothing_found, tear_down),
		cmocka_unit_test_teardown(finds_what_was_noted, tear_down),
		cmocka_unit_test_teardown(an_index_is_of_its_time, tear_down),
		cmocka_unit_test_teardown(any_numbers_at_all, tear_down),
		cmocka_unit_test_teardown(neighbours_take_a_byte_each, tear_down),
		cmocka_unit_test_teardown(without_memory_it_says_so, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cookies", tests, NULL, NULL);
}
