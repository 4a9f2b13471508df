/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The duplicate window, against a reference that remembers each cookie's time of arrival.
 */
#include "config.h"

#include "unit/unit.h"

#include <stdlib.h>

#include "source/window.h"

static struct window window;

static int set_up(void **state)
{
	(void)state;
	window_reset(&window);
	return 0;
}

static void finds_a_repeat(void **state)
{
	(void)state;
	assert_false(window_seen(&window, 7));
	assert_true(window_seen(&window, 7));
	assert_true(window_seen(&window, 7));
	assert_false(window_seen(&window, 8));
	assert_true(window_seen(&window, 7));
}

static void cookie_zero_is_never_a_repeat(void **state)
{
	(void)state;
	assert_false(window_seen(&window, 0));
	assert_false(window_seen(&window, 0));
	assert_false(window_seen(&window, 1));
	assert_false(window_seen(&window, 0));
	assert_true(window_seen(&window, 1));
}

static void takes_every_bit_of_a_cookie(void **state)
{
	(void)state;
	for (int bit = 0; bit < 64; bit++)
		assert_false(window_seen(&window, UINT64_C(1) << bit));
	for (int bit = 0; bit < 64; bit++)
		assert_true(window_seen(&window, UINT64_C(1) << bit));
	assert_false(window_seen(&window, UINT64_MAX));
	assert_true(window_seen(&window, UINT64_MAX));
}

static void finds_the_oldest_of_a_full_window(void **state)
{
	(void)state;
	for (uint64_t cookie = 1; cookie <= WINDOW_SIZE; cookie++)
		assert_false(window_seen(&window, cookie));
	for (uint64_t cookie = 1; cookie <= WINDOW_SIZE; cookie++)
		assert_true(window_seen(&window, cookie));
}

static void forgets_beyond_the_window(void **state)
{
	(void)state;
	for (uint64_t cookie = 1; cookie <= WINDOW_SIZE + 1; cookie++)
		assert_false(window_seen(&window, cookie));
	assert_true(window_seen(&window, 2));
	assert_false(window_seen(&window, 1));
	/* 1 is new now and pushed 2 out. */
	assert_false(window_seen(&window, 2));
	assert_true(window_seen(&window, 1));
}

/* A repeat must not keep its cookie longer than the others, or push anything out. */
static void a_repeat_changes_nothing(void **state)
{
	(void)state;
	for (uint64_t cookie = 1; cookie <= WINDOW_SIZE; cookie++)
		window_seen(&window, cookie);
	for (int i = 0; i < 3 * WINDOW_SIZE; i++)
		assert_true(window_seen(&window, 1));
	assert_true(window_seen(&window, WINDOW_SIZE));
	assert_false(window_seen(&window, WINDOW_SIZE + 1));
	assert_false(window_seen(&window, 1));
}

static void reset_forgets_all(void **state)
{
	(void)state;
	for (uint64_t cookie = 1; cookie <= 2 * WINDOW_SIZE; cookie++)
		window_seen(&window, cookie);
	window_reset(&window);
	for (uint64_t cookie = 1; cookie <= 2 * WINDOW_SIZE; cookie++)
		assert_false(window_seen(&window, cookie));
}

#define KINDS 6000 /* more than the window holds, so that cookies come back and are forgotten */

static void compare(uint64_t (*cookie_of)(uint64_t kind))
{
	uint64_t *arrival = calloc(KINDS, sizeof(*arrival));
	uint64_t random = UINT64_C(0x9E3779B97F4A7C15), arrived = 0, repeats = 0;

	assert_non_null(arrival);
	for (int i = 0; i < 1000000; i++) {
		uint64_t kind = next_random(&random) % KINDS;
		bool expected = arrival[kind] && arrived - arrival[kind] < WINDOW_SIZE;

		if (window_seen(&window, cookie_of(kind)) != expected)
			fail_msg("call %d: cookie %llu %s remembered", i,
				 (unsigned long long)cookie_of(kind),
				 expected ? "is not" : "is still");
		if (!expected)
			arrival[kind] = ++arrived;
		repeats += expected;
	}
	free(arrival);
	/* The mix must exercise both ways. */
	assert_true(repeats > 100000 && arrived > 100000);
}

/* The kernel counts cookies up, by CPU in blocks (gen_cookie_next()). */
static uint64_t counted(uint64_t kind)
{
	return kind + 1;
}

static uint64_t scattered(uint64_t kind)
{
	uint64_t x = kind + 1;

	for (int i = 0; i < 3; i++)
		next_random(&x);
	return x;
}

/* All of them meet in few slots. */
static uint64_t colliding(uint64_t kind)
{
	return (kind + 1) << 50 | 1;
}

static void a_million_counted_cookies(void **state)
{
	(void)state;
	compare(counted);
}

static void a_million_random_cookies(void **state)
{
	(void)state;
	compare(scattered);
}

static void a_million_colliding_cookies(void **state)
{
	(void)state;
	compare(colliding);
}

#define WINDOW_TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WINDOW_TEST(finds_a_repeat),
		WINDOW_TEST(cookie_zero_is_never_a_repeat),
		WINDOW_TEST(takes_every_bit_of_a_cookie),
		WINDOW_TEST(finds_the_oldest_of_a_full_window),
		WINDOW_TEST(forgets_beyond_the_window),
		WINDOW_TEST(a_repeat_changes_nothing),
		WINDOW_TEST(reset_forgets_all),
		WINDOW_TEST(a_million_counted_cookies),
		WINDOW_TEST(a_million_random_cookies),
		WINDOW_TEST(a_million_colliding_cookies),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
