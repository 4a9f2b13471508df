/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a kernel lists bound, inactive sockets, with the kernel replaced: one before 6.8 answers
 * as if there were none. That a newer one is recognised is in tests/live/test_bound.c.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "source/source.h"
#include "unit/diag.h"
#include "unit/fake_kernel.h"

static struct source *source;

static int set_up(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	return source_open_kernel(&source);
}

static int tear_down(void **state)
{
	(void)state;
	source_close(source);
	return 0;
}

static void an_empty_answer_is_a_kernel_that_cannot(void **state)
{
	(void)state;
	add_done(datagram(), 0);
	assert_int_equal(source_lists_bound(source), TRI_NO);
	assert_int_equal(kernel.sent, 1);
}

static void other_sockets_are_not_ours(void **state)
{
	struct answer *a = datagram();
	struct inet_diag_msg msg = { .idiag_family = AF_INET, .idiag_state = STATE_CLOSE };

	(void)state;
	msg.id.idiag_cookie[0] = 1;
	add_message(a, SOCK_DIAG_BY_FAMILY, &msg, sizeof(msg));
	add_done(a, 0);
	assert_int_equal(source_lists_bound(source), TRI_NO);
}

static void a_dump_that_breaks_says_nothing(void **state)
{
	(void)state;
	add_refusal(datagram(), -ENOENT);
	assert_int_equal(source_lists_bound(source), TRI_UNKNOWN);
	add_error(ENOBUFS);
	assert_int_equal(source_lists_bound(source), TRI_UNKNOWN);
}

static void a_recording_says_nothing(void **state)
{
	struct source *recording;

	(void)state;
	assert_int_equal(source_open_replay(&recording, "/dev/null"), 0);
	assert_int_equal(source_lists_bound(recording), TRI_UNKNOWN);
	source_close(recording);
	assert_int_equal(kernel.sent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_answer_is_a_kernel_that_cannot, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(other_sockets_are_not_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_dump_that_breaks_says_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_recording_says_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("bound", tests, NULL, NULL);
}
