/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the recheck notes while rows come: who is there already, and how many there were. What it
 * finds afterwards takes a kernel: tests/live/test_churn.c.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <netinet/in.h>

#include "cmd/recheck.h"

static struct recheck recheck;

static int tear_down(void **state)
{
	(void)state;
	recheck_free(&recheck);
	recheck = (struct recheck){ 0 };
	return 0;
}

/* Whether a TCP row is there already. */
static bool note(enum sock_state state, uint64_t cookie)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.state = state;
	sk.cookie = cookie;
	return recheck_note(&recheck, &sk);
}

static void each_row_is_noted(void **state)
{
	(void)state;
	for (uint64_t cookie = 1; cookie <= 200; cookie++)
		assert_false(note(STATE_ESTABLISHED, cookie));
	assert_int_equal(recheck.rows, 200);
	assert_return_code(cookies_index(&recheck.listed), 0);
	assert_true(cookies_have(&recheck.listed, 1));
	assert_true(cookies_have(&recheck.listed, 200));
	assert_false(cookies_have(&recheck.listed, 201));
}

/* Where the same number means another socket. */
static void other_kinds_are_not(void **state)
{
	struct socket sk;

	(void)state;
	socket_init(&sk);
	sk.netid = NETID_UDP;
	sk.cookie = 7;
	assert_false(recheck_note(&recheck, &sk));
	assert_int_equal(recheck.rows, 0);
	assert_false(note(STATE_ESTABLISHED, 7));
}

/* It was bound when the dump came by first, and had connected when it came by again. */
static void a_bound_socket_that_connects(void **state)
{
	(void)state;
	assert_false(note(STATE_LISTEN, 1));
	assert_false(note(STATE_BOUND_INACTIVE, 2));
	assert_false(note(STATE_BOUND_INACTIVE, 3));
	assert_false(note(STATE_SYN_SENT, 4));
	assert_true(note(STATE_ESTABLISHED, 2));
	assert_true(note(STATE_SYN_SENT, 3));
	assert_false(note(STATE_ESTABLISHED, 5));
	assert_int_equal(recheck.rows, 5);
}

static void a_listener_that_stops(void **state)
{
	(void)state;
	assert_false(note(STATE_LISTEN, 1));
	assert_false(note(STATE_LISTEN, 2));
	assert_true(note(STATE_BOUND_INACTIVE, 2));
	assert_false(note(STATE_BOUND_INACTIVE, 3));
	assert_true(note(STATE_BOUND_INACTIVE, 1));
	assert_int_equal(recheck.rows, 3);
}

/* A short list cannot miss anybody, and a long one says that it does not know. */
static void without_memory_a_short_list_is_whole(void **state)
{
	struct selection sel = { .ipv4 = true };
	struct dump_report report = { 0 };

	(void)state;
	recheck.listed.failed = true;
	assert_false(note(STATE_ESTABLISHED, 1));
	assert_int_equal(recheck_run(&recheck, NULL, &sel, NULL, NULL, &report), 0);
	assert_false(dump_incomplete(&report));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_row_is_noted, tear_down),
		cmocka_unit_test_teardown(other_kinds_are_not, tear_down),
		cmocka_unit_test_teardown(a_bound_socket_that_connects, tear_down),
		cmocka_unit_test_teardown(a_listener_that_stops, tear_down),
		cmocka_unit_test_teardown(without_memory_a_short_list_is_whole, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("recheck", tests, NULL, NULL);
}
