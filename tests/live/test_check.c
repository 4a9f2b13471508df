/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `check` on real sockets: each number is the one that the test made, each verdict follows, and the
 * processes behind it are named. The namespace is the test's own, so the numbers are exact.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define MANY 12

static struct tool_run run;

static void check(const char *const arguments[])
{
	/* The machine may be busy: nothing here is about the time that a check takes. */
	const char *argv[32] = { "lingerstat", "check", "-t", "600" };

	for (int i = 0; arguments[i]; i++)
		argv[4 + i] = arguments[i];
	assert_int_equal(tool_run(&run, argv), 0);
	if (*run.errors)
		fail_msg("on standard error: %s", run.errors);
}

#define CHECK(...) check((const char *const[]){ __VA_ARGS__, NULL })

static void assert_says(int status, const char *text)
{
	if (run.status != status || !strstr(run.output, text))
		fail_msg("not %d with '%s', but %d: %s", status, text, run.status, run.output);
	tool_free(&run);
}

/* The number behind `label=` in the performance data; -1 when it is not there. */
static double perfdata(const char *label)
{
	char key[64];
	const char *found;
	char *bar = strchr(run.output, '|');

	snprintf(key, sizeof(key), " %s=", label);
	found = bar ? strstr(bar, key) : NULL;
	return found ? strtod(found + strlen(key), NULL) : -1;
}

/* Pairs whose far end has closed: the near ends are in CLOSE_WAIT. */
static void open_leaks(struct tcp_pair *pairs, int n)
{
	for (int i = 0; i < n; i++) {
		assert_int_equal(tcp_pair_open(&pairs[i], AF_INET, 0), 0);
		drop_fd(&pairs[i].far);
		assert_int_equal(tcp_wait_state(pairs[i].near, 8), 0);
	}
}

static void close_pairs(struct tcp_pair *pairs, int n)
{
	for (int i = 0; i < n; i++)
		tcp_pair_close(&pairs[i]);
}

static void a_leak_is_counted_and_its_process_named(void **state)
{
	struct tcp_pair pairs[MANY];
	char expected[64];

	(void)state;
	open_leaks(pairs, MANY);
	CHECK("-c", "close_wait=11");
	assert_true(perfdata("close_wait") == MANY);
	snprintf(expected, sizeof(expected), "\nclose_wait: %d leaker/%d (fd ", MANY, getpid());
	assert_says(2, expected);
	CHECK("-c", "close_wait=12");
	assert_says(0, "LINGERSTAT OK: close_wait 12 |");
	snprintf(expected, sizeof(expected), "sport = :%u", pairs[0].near_port);
	CHECK("-w", "close_wait=1", expected);
	assert_says(0, "LINGERSTAT OK: close_wait 1 |");
	close_pairs(pairs, MANY);
}

static void the_age_of_a_close_wait_counts_from_the_first_run(void **state)
{
	char path[] = "/tmp/lingerstat-check.XXXXXX";
	struct tcp_pair pair;
	int64_t first, age_ms;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	open_leaks(&pair, 1);
	first = now_ms();
	CHECK("--state-file", path, "-w", "close_wait_silent_seconds=1000");
	assert_says(0, "LINGERSTAT OK: close_wait_silent_seconds ");
	age_ms = now_ms() - first; /* the first run saw it at some instant within this */
	while (now_ms() - first < 1500 + age_ms)
		nap_before(INT64_MAX);
	CHECK("--state-file", path, "-w", "close_wait_silent_seconds=1000");
	assert_true(perfdata("close_wait_silent_seconds") >= 1.5);
	assert_true(perfdata("close_wait_silent_seconds") * 1000 <=
		    (double)(now_ms() - first) + 60000);
	assert_says(0, "LINGERSTAT OK");
	tcp_pair_close(&pair);
	unlink(path);
}

/* The young one is younger than a second when the check has ended; where the machine was too busy
 * for that, it is replaced by another. */
static void only_the_old_close_wait_is_to_blame(void **state)
{
	struct tcp_pair old, young;
	char expected[64];
	int64_t first, born;

	(void)state;
	open_leaks(&old, 1);
	first = now_ms();
	while (now_ms() - first < 2000)
		nap_before(INT64_MAX);
	for (int64_t end = now_ms() + 10 * WAIT_MS; nap_before(end); tool_free(&run)) {
		born = now_ms();
		open_leaks(&young, 1);
		CHECK("-w", "close_wait_silent_seconds=1.5", "-w", "close_wait=1");
		tcp_pair_close(&young);
		if (now_ms() - born < 1500)
			break;
	}
	assert_non_null(run.output);
	snprintf(expected, sizeof(expected), "\nclose_wait: 2 leaker/%d (fd ", getpid());
	assert_non_null(strstr(run.output, expected));
	snprintf(expected, sizeof(expected), "\nclose_wait_silent_seconds: 1 leaker/%d (fd %d)\n",
		 getpid(), old.near);
	tcp_pair_close(&old);
	assert_says(1, expected);
}

static void unread_data_is_a_certain_risk(void **state)
{
	struct tcp_pair pair;

	(void)state;
	assert_int_equal(tcp_pair_open(&pair, AF_INET6, 0), 0);
	assert_int_equal(write(pair.near, "0123456789", 10), 10);
	assert_int_equal(tcp_wait_readable(pair.far, 10), 0);
	CHECK("-c", "risk_certain=0", "-w", "unread_bytes=9");
	assert_true(perfdata("unread_bytes") == 10);
	assert_non_null(strstr(run.output, "\nunread_bytes: 10 leaker/"));
	/* The far end has unread data whatever linger is, so this is known without privilege too.
	 */
	assert_says(2, "LINGERSTAT CRITICAL: risk_certain ");
	tcp_pair_close(&pair);
}

static void a_full_listen_queue_is_named(void **state)
{
	uint16_t port;
	int listener = tcp_listen(AF_INET, 0, &port);
	int clients[4], n = 0;
	char expected[64];

	(void)state;
	assert_true(listener >= 0);
	assert_int_equal(listen(listener, 1), 0);
	for (; n < 2; n++)
		assert_true((clients[n] = tcp_connect(AF_INET, port, 0)) >= 0);
	/* The handshake ends at the client first: wait until both are in the queue. */
	for (int64_t end = now_ms() + WAIT_MS; nap_before(end);) {
		CHECK("-w", "listen_queue_percent=99");
		if (perfdata("listen_queue_percent") >= 100)
			break;
		tool_free(&run);
	}
	snprintf(expected, sizeof(expected), ":%u leaker/%d", port, getpid());
	assert_non_null(strstr(run.output, "\nlisten_queue_percent: 2 127.0.0.1:"));
	assert_says(1, expected);
	while (n)
		close(clients[--n]);
	close(listener);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		print_message("%s cannot be set\n", path);
		if (fd >= 0)
			close(fd);
		skip();
	}
	close(fd);
}

static void ports_run_out_for_one_destination(void **state)
{
	uint16_t port;
	int listener, clients[8], n = 0;
	char expected[64];

	(void)state;
	put("/proc/sys/net/ipv4/ip_local_port_range", "40000 40009");
	listener = tcp_listen(AF_INET, 0, &port); /* takes one port of the ten */
	assert_true(listener >= 0);
	for (; n < 8; n++)
		assert_true((clients[n] = tcp_connect(AF_INET, port, 0)) >= 0);
	CHECK("-w", "ports_percent=80", "-c", "ports_percent=95");
	assert_true(perfdata("ports_percent") > 80 && perfdata("ports_percent") < 95);
	snprintf(expected, sizeof(expected), "\nports_percent: 8 from 127.0.0.1 to 127.0.0.1:%u, 0",
		 port);
	assert_says(1, expected);
	while (n)
		close(clients[--n]);
	close(listener);
	put("/proc/sys/net/ipv4/ip_local_port_range", "32768 60999");
}

static void time_waits_are_counted_by_destination(void **state)
{
	struct tcp_pair pairs[3];
	double n;

	(void)state;
	CHECK("-w", "time_wait=100000");
	n = perfdata("time_wait");
	tool_free(&run);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tcp_pair_open(&pairs[i], AF_INET, 0), 0);
		drop_fd(&pairs[i].near);
		assert_int_equal(tcp_wait_state(pairs[i].far, 8), 0);
		drop_fd(&pairs[i].far);
	}
	for (int64_t end = now_ms() + WAIT_MS; nap_before(end);) {
		CHECK("-w", "time_wait=0");
		if (perfdata("time_wait") >= n + 3)
			break;
		tool_free(&run);
	}
	assert_non_null(strstr(run.output, "\ntime_wait: "));
	assert_says(1, "LINGERSTAT WARNING: time_wait ");
	close_pairs(pairs, 3);
}

static void descriptors_of_a_leaking_process(void **state)
{
	struct tcp_pair pair;

	(void)state;
	open_leaks(&pair, 1);
	CHECK("-w", "descriptors_percent=100");
	assert_true(perfdata("descriptors_percent") > 0);
	assert_says(0, "LINGERSTAT OK: descriptors_percent ");
	tcp_pair_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leak_is_counted_and_its_process_named),
		cmocka_unit_test(the_age_of_a_close_wait_counts_from_the_first_run),
		cmocka_unit_test(only_the_old_close_wait_is_to_blame),
		cmocka_unit_test(unread_data_is_a_certain_risk),
		cmocka_unit_test(a_full_listen_queue_is_named),
		cmocka_unit_test(time_waits_are_counted_by_destination),
		cmocka_unit_test(descriptors_of_a_leaking_process),
		cmocka_unit_test(ports_run_out_for_one_destination),
	};

	harness_enter();
	prctl(PR_SET_NAME, "leaker");
	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
