/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run that is ended in mid-dump, by a signal or by check's own deadline, with and without a
 * thread that reads ahead: it ends at once, in the status that says so, and what it has written
 * does not pass for complete.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "injected.h"
#include "unix_pairs.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAIRS        2500 /* some fifteen datagrams */

#define NAMED(...)                              \
	{                                       \
		"lingerstat", __VA_ARGS__, NULL \
	}

static void check_signal(int number, const char *const argv[], const char *call, unsigned long nth)
{
	struct injected report;
	struct tool_run run;
	char rules[64];

	snprintf(rules, sizeof(rules), "%s:%lu:1:sig%d", call, nth, number);
	assert_int_equal(injected_run(&run, &report, rules, argv), 0);
	if (run.status != 128 + number)
		printf("# INJECT=%s: status %d, stderr: %s\n", rules, run.status, run.errors);
	assert_int_equal(run.status, 128 + number);
	assert_string_equal(run.errors, "");
	assert_null(strstr(run.output, "\"complete\":true"));
	tool_free(&run);
}

static void a_signal_ends_a_dump(void **state)
{
	static const char *const argv[] = NAMED("list", "-a", "-t", "-x", "--format=ndjson");
	static const int signals[] = { SIGINT, SIGTERM, SIGPIPE };
	struct injected base;
	struct tool_run run;

	(void)state;
	if (!injected_possible())
		skip();
	assert_int_equal(injected_run(&run, &base, NULL, argv), 0);
	tool_free(&run);
	assert_true(injected_uses(&base, "recvmsg") >= 2);
	for (size_t i = 0; i < COUNT(signals); i++) {
		for (unsigned long nth = 1; nth <= injected_uses(&base, "recvmsg"); nth++)
			check_signal(signals[i], argv, "recvmsg", nth);
		check_signal(signals[i], argv, "bpf", 1);
		check_signal(signals[i], argv, "write", 1);
	}
}

/* So many sockets that this run reads their dump ahead, which *base then tells of; skips the test
 * where that cannot be. To be closed by unix_pairs_close(). */
static int *open_long_dump(const char *const argv[], struct injected *base)
{
	struct tool_run run;
	int *fds = NULL;

	if (!injected_possible() || !several_processors() || !(fds = unix_pairs_open(PAIRS)))
		skip();
	assert_int_equal(injected_run(&run, base, NULL, argv), 0);
	tool_free(&run);
	assert_true(injected_uses(base, "pthread_create") >= 1);
	return fds;
}

/* The reader has them blocked: they are for the thread that writes. */
static void a_signal_ends_a_dump_that_is_read_ahead(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM };
	static const char *const argv[] = NAMED("list", "-a", "-x", "--format=ndjson");
	struct injected base;
	int *fds;

	(void)state;
	fds = open_long_dump(argv, &base);
	for (size_t i = 0; i < COUNT(signals); i++)
		for (unsigned long before_end = 3; before_end <= 5; before_end++)
			check_signal(signals[i], argv, "recvmsg",
				     injected_uses(&base, "recvmsg") - before_end);
	unix_pairs_close(fds);
}

/* Runs check with one second, whose receive number `nth` waits for an answer that never comes. */
static void check_passes_its_deadline(const char *const argv[], unsigned long nth,
				      const char *stage)
{
	int meeting[2];
	struct injected report;
	struct tool_run run;
	char rules[64], fd[16];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, meeting), 0);
	snprintf(rules, sizeof(rules), "recvmsg:%lu:1:meet", nth);
	snprintf(fd, sizeof(fd), "%d", meeting[0]);
	setenv("INJECT_MEET", fd, 1);
	assert_int_equal(injected_run(&run, &report, rules, argv), 0);
	unsetenv("INJECT_MEET");
	close(meeting[0]);
	close(meeting[1]);
	print_message("# %s%s", run.output, run.errors);
	assert_int_equal(run.status, 3);
	assert_non_null(strstr(run.output, "LINGERSTAT UNKNOWN: "));
	assert_non_null(strstr(run.output, stage));
	assert_string_equal(run.errors, "");
	tool_free(&run);
}

static void a_deadline_passes_in_a_dump(void **state)
{
	static const char *const argv[] = NAMED("check", "--timeout", "1", "-w", "close_wait=1000");

	(void)state;
	if (!injected_possible())
		skip();
	check_passes_its_deadline(argv, 1, "dump of tcp");
}

/* The timer's signal must reach the program, and not the thread that waits. */
static void a_deadline_passes_in_a_dump_that_is_read_ahead(void **state)
{
	static const char *const argv[] =
		NAMED("check", "--timeout", "1", "--unix", "-w", "total=100000");
	struct injected base;
	int *fds;

	(void)state;
	fds = open_long_dump(argv, &base);
	check_passes_its_deadline(argv, injected_uses(&base, "recvmsg") - 3, "dump of unix");
	unix_pairs_close(fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_ends_a_dump),
		cmocka_unit_test(a_signal_ends_a_dump_that_is_read_ahead),
		cmocka_unit_test(a_deadline_passes_in_a_dump),
		cmocka_unit_test(a_deadline_passes_in_a_dump_that_is_read_ahead),
	};

	injected_alone();
	harness_enter();
	return cmocka_run_group_tests_name("interrupted", tests, NULL, NULL);
}
