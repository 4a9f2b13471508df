/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following events while calls fail: whatever fails, the run ends by itself, says what is missing,
 * leaks nothing and writes nothing broken. Somebody beside it opens and closes connections all the
 * time, so there is always an event to come.
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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "injected.h"
#include "tcp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `ends`: the run cannot be whole when this fails. */
static const struct {
	const char *call, *what;
	unsigned long most;
	bool ends;
} faults[] = {
	{ "malloc", "12" /* ENOMEM */, 40, false },
	{ "socket", "24" /* EMFILE */, 4, false },
	{ "bind", "98" /* EADDRINUSE */, 4, false },
	{ "setsockopt", "1" /* EPERM */, 4, false },
	{ "signalfd", "24", 1, true },
	{ "poll", "12", 2, true },
	{ "poll", "4" /* EINTR */, 2, false },
	{ "recvmsg", "105" /* ENOBUFS */, 4, true },
	{ "recvmsg", "12", 4, true },
	{ "recvmsg", "4", 4, false },
	{ "recvmsg", "11" /* EAGAIN */, 4, false },
	{ "write", "28" /* ENOSPC */, 2, true },
	{ "fopen", "24", 4, false },
	{ "openat", "24", 4, false },
	{ "getifaddrs", "12", 1, false },
	{ "capset", "1", 2, true },
};

static void __attribute__((noreturn)) churn(void)
{
	struct tcp_pair pair;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (tcp_pair_open(&pair, AF_INET, 0) < 0)
			_exit(1);
		tcp_pair_close(&pair);
	}
}

/* NULL when each line is whole JSON, as far as lines were written at all. */
static const char *check_lines(const struct tool_run *run)
{
	const char *line = run->output, *end;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		json_t *value = json_loadb(line, (size_t)(end - line), 0, NULL);

		if (!value)
			return "a broken line";
		json_decref(value);
	}
	return *line && run->status == 0 ? "half a line" : NULL;
}

/* `before`: blocks that libraries keep to the end of a run without faults. */
static const char *wrong_with(const struct tool_run *run, const struct injected *report, bool ends,
			      unsigned long before)
{
	if (run->status != 0 && run->status != 1 && run->status != 3)
		return "a status that nobody expects";
	if (run->status && !*run->errors)
		return "not whole, without a word";
	if (ends && report->fired && run->status == 0)
		return "a fault that was not told";
	if (!report->reported)
		return "ended without cleaning up";
	if (report->leaked > before || report->low)
		return "a leak";
	return check_lines(run);
}

static const char *const follow[] = {
	"lingerstat", "-E", "-t", "--count=5", "--format=ndjson", NULL
};

static bool goes_wrong(size_t fault, unsigned long nth, unsigned long before, unsigned int *struck)
{
	struct injected report;
	struct tool_run run;
	const char *wrong;
	char rules[64];

	snprintf(rules, sizeof(rules), "%s:%lu:1:%s", faults[fault].call, nth, faults[fault].what);
	assert_int_equal(injected_run(&run, &report, rules, follow), 0);
	*struck += report.fired > 0;
	wrong = wrong_with(&run, &report, faults[fault].ends, before);
	if (wrong)
		printf("# INJECT=%s: %s; status %d, stderr: %s\n", rules, wrong, run.status,
		       run.errors);
	tool_free(&run);
	return wrong;
}

static void events_are_followed(void **state)
{
	struct injected base;
	struct tool_run run;

	(void)state;
	if (!injected_possible())
		skip();
	assert_int_equal(injected_run(&run, &base, NULL, follow), 0);
	assert_int_equal(run.status, 0);
	assert_null(wrong_with(&run, &base, false, base.leaked));
	tool_free(&run);
}

static void each_call_fails(void **state)
{
	unsigned int problems = 0, struck = 0;
	struct injected base;
	struct tool_run run;

	(void)state;
	if (!injected_possible())
		skip();
	assert_int_equal(injected_run(&run, &base, NULL, follow), 0);
	tool_free(&run);
	for (size_t i = 0; i < COUNT(faults); i++) {
		unsigned long uses = injected_uses(&base, faults[i].call);

		for (unsigned long nth = 1; nth <= uses && nth <= faults[i].most; nth++)
			problems += goes_wrong(i, nth, base.leaked, &struck);
	}
	printf("# a fault in %u runs, %u went wrong\n", struck, problems);
	assert_int_equal(problems, 0);
	assert_true(struck > 20);
}

static int start_churn(void **state)
{
	static pid_t child;

	child = fork();
	if (child == 0)
		churn();
	*state = &child;
	return child < 0;
}

static int stop_churn(void **state)
{
	pid_t child = *(pid_t *)*state;

	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) != child;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_followed),
		cmocka_unit_test(each_call_fails),
	};

	injected_alone();
	harness_enter();
	setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests_name("events_faults", tests, start_churn, stop_churn);
}
