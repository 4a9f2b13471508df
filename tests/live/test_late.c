/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that are younger than the owners pass: while a process connects and accepts without
 * end, none of its sockets may be said to be unseen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"

#define RUNS  20
#define YOUNG 200 /* pairs that are open at a time */

/* Opens pairs as fast as it can, and closes the oldest. */
static void __attribute__((noreturn)) churn(void)
{
	struct tcp_pair pairs[YOUNG] = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0;; i = (i + 1) % YOUNG) {
		if (pairs[i].near > 0)
			tcp_pair_close(&pairs[i]);
		if (tcp_pair_open(&pairs[i], AF_INET, 0) < 0)
			_exit(1);
	}
}

static void young_sockets_are_not_unseen(void **state)
{
	pid_t child = fork();
	size_t rows = 0, unseen = 0;
	int status;

	(void)state;
	assert_return_code(child, 0);
	if (child == 0)
		churn();
	for (int i = 0; i < RUNS; i++) {
		struct listing listing;
		json_t *row;
		size_t at;

		assert_int_equal(harness_list(&listing, "-t", NULL), 0);
		json_array_foreach(listing.rows, at, row)
		{
			rows++;
			unseen += row_has_word(row, "close.reasons", "holder-unseen");
		}
		listing_free(&listing);
	}
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	printf("# %zu rows in %d runs, %zu unseen\n", rows, RUNS, unseen);
	assert_true(rows > RUNS);
	assert_int_equal(unseen, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(young_sockets_are_not_unseen),
	};

	harness_enter();
	return cmocka_run_group_tests_name("late", tests, NULL, NULL);
}
