/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "summing.h"
#include "tool.h"

struct stage stage;

int set_up(void **state)
{
	const char *why;

	(void)state;
	stage = (struct stage){ 0 };
	return namespace_enter(&why);
}

int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < stage.pairs_count; i++)
		tcp_pair_close(&stage.pairs[i]);
	for (size_t i = 0; i < stage.fds_count; i++)
		if (stage.fds[i] >= 0)
			close(stage.fds[i]);
	return 0;
}

struct tcp_pair *open_pair(int family)
{
	struct tcp_pair *pair = &stage.pairs[stage.pairs_count];

	assert_true(stage.pairs_count < PAIRS_MAX);
	assert_return_code(tcp_pair_open(pair, family, 0), 0);
	stage.pairs_count++;
	return pair;
}

int keep(int fd)
{
	assert_return_code(fd, errno);
	assert_true(stage.fds_count < sizeof(stage.fds) / sizeof(stage.fds[0]));
	stage.fds[stage.fds_count++] = fd;
	return fd;
}

void end_in_time_wait(struct tcp_pair *pair)
{
	drop_fd(&pair->near);
	assert_return_code(tcp_wait_state(pair->far, TCP_CLOSE_WAIT), 0);
	drop_fd(&pair->far);
}

void end_in_close_wait(struct tcp_pair *pair)
{
	drop_fd(&pair->far);
	assert_return_code(tcp_wait_state(pair->near, TCP_CLOSE_WAIT), 0);
}

/* --- the tool ------------------------------------------------------------------------------ */

json_t *summary_of(const char *const argv[])
{
	json_t *document, *summary;
	struct tool_run run;

	assert_return_code(tool_run(&run, argv), 0);
	if (run.status)
		fail_msg("status %d: %s", run.status, run.errors);
	document = json_loads(run.output, JSON_REJECT_DUPLICATES, NULL);
	if (!document)
		fail_msg("no JSON: %s", run.output);
	summary = json_incref(json_object_get(document, "summary"));
	assert_non_null(summary);
	json_decref(document);
	tool_free(&run);
	return summary;
}

json_t *summary_now(void)
{
	return summary_of((const char *const[]){ "lingerstat", "summary", "-t", "-j", NULL });
}

int64_t number_at(const json_t *object, const char *path)
{
	json_t *found = row_get(object, path);

	if (!json_is_integer(found))
		fail_msg("no number at %s", path);
	return json_integer_value(found);
}

void check_number(const json_t *object, const char *path, int64_t value)
{
	int64_t found = number_at(object, path);

	if (found != value)
		fail_msg("%s is %lld, not %lld", path, (long long)found, (long long)value);
}

void check_percent(const json_t *object, const char *path, double value)
{
	double found = json_number_value(row_get(object, path));

	if (found < value - 0.06 || found > value + 0.06)
		fail_msg("%s is %g, not %g", path, found, value);
}

json_t *item_at(const json_t *object, const char *path, size_t i)
{
	json_t *item = json_array_get(row_get(object, path), i);

	if (!item)
		fail_msg("no item %zu of %s", i, path);
	return item;
}

static bool all_are(const json_t *summary, const struct expected *expected, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (number_at(summary, expected[i].path) != expected[i].number)
			return false;
	return true;
}

json_t *wait_for(const struct expected *expected, size_t n)
{
	int64_t end = now_ms() + WAIT_MS;
	json_t *summary = summary_now();

	while (!all_are(summary, expected, n) && now_ms() < end) {
		json_decref(summary);
		summary = summary_now();
	}
	for (size_t i = 0; i < n; i++)
		check_number(summary, expected[i].path, expected[i].number);
	json_decref(summary);
	return summary_now();
}

json_t *wait_time_wait(int64_t sockets)
{
	return WAIT_FOR({ "kinds.tcp.time_wait", sockets }, { "kinds.tcp.last_ack", 0 });
}
