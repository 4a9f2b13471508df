/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts of `summary` against sockets that the test has made itself, in a network namespace that
 * nobody else has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"
#include "summing.h"
#include "tcp.h"
#include "tool.h"

static int64_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int64_t n = -1; /* the directory's own */

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* --- counts -------------------------------------------------------------------------------- */

static void states_are_counted(void **state)
{
	json_t *s;

	(void)state;
	for (int i = 0; i < 4; i++)
		open_pair(i % 2 ? AF_INET6 : AF_INET);
	end_in_time_wait(&stage.pairs[0]);
	end_in_time_wait(&stage.pairs[1]);
	end_in_close_wait(&stage.pairs[2]);
	/* The leak's peer is closed: a FIN_WAIT2 minisocket, or still an orphan. */
	s = WAIT_FOR({ "kinds.tcp.time_wait", 2 }, { "kinds.tcp.last_ack", 0 },
		     { "kinds.tcp.fin_wait2", 1 });
	check_number(s, "kinds.tcp.listen", 4);
	check_number(s, "kinds.tcp.established", 2);
	check_number(s, "kinds.tcp.close_wait", 1);
	check_number(s, "kinds.tcp.fin_wait2", 1);
	check_number(s, "kinds.tcp.fin_wait1", 0);
	check_number(s, "sockets", 10);
	check_number(s, "states.time_wait", 2);
	assert_true(json_is_false(json_object_get(s, "narrowed")));
	json_decref(s);
}

static void a_filter_narrows(void **state)
{
	json_t *s;

	(void)state;
	open_pair(AF_INET);
	open_pair(AF_INET6);
	s = summary_of((const char *const[]){ "lingerstat", "summary", "-t", "-j", "state",
					      "established", NULL });
	check_number(s, "sockets", 4);
	check_number(s, "kinds.tcp.established", 4);
	check_number(s, "kinds.tcp.listen", 0);
	assert_true(json_is_true(json_object_get(s, "narrowed")));
	json_decref(s);
}

static void orphans_with_data_are_counted(void **state)
{
	struct tcp_pair *pair = open_pair(AF_INET);
	json_t *s;

	(void)state;
	assert_true(tcp_fill_to_zero_window(pair->near) > 0);
	drop_fd(&pair->near);
	s = WAIT_FOR({ "kinds.tcp.fin_wait1", 1 });
	check_number(s, "orphans", 1);
	/* Of the whole machine: others may have some. */
	assert_true(number_at(s, "limits.orphans.used") >= 0);
	assert_true(row_is_text(s, "limits.orphans.scope", "machine"));
	check_number(s, "at_stake_by_reason.orphan.sockets", 1);
	json_decref(s);
}

/* --- CLOSE_WAIT ---------------------------------------------------------------------------- */

static bool has_number(const json_t *array, int64_t n)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) if (json_integer_value(item) == n) return true;
	return false;
}

static void a_leak_is_shown_with_its_descriptors(void **state)
{
	struct rlimit old, few;
	int64_t start = now_ms(), before;
	json_t *s, *leak;

	(void)state;
	assert_return_code(getrlimit(RLIMIT_NOFILE, &old), errno);
	few = (struct rlimit){ 200, old.rlim_max };
	assert_return_code(setrlimit(RLIMIT_NOFILE, &few), errno);
	for (int i = 0; i < 3; i++)
		end_in_close_wait(open_pair(AF_INET));
	before = open_descriptors();
	s = summary_now();
	assert_return_code(setrlimit(RLIMIT_NOFILE, &old), errno);
	check_number(s, "close_wait.sockets", 3);
	check_number(s, "close_wait.process_count", 1);
	leak = item_at(s, "close_wait.processes", 0);
	check_row(leak, row_is_text(leak, "kind", "held"));
	check_number(leak, "pid", getpid());
	check_number(leak, "sockets", 3);
	check_number(leak, "descriptor_count", 3);
	for (int i = 0; i < 3; i++)
		check_row(leak, has_number(row_get(leak, "descriptors"), stage.pairs[i].near));
	check_number(leak, "open_descriptors_max", 200);
	/* The run itself opened two files for the tool's output. */
	check_row(leak, number_at(leak, "open_descriptors") >= before);
	check_row(leak, number_at(leak, "open_descriptors") <= before + 4);
	check_number(s, "limits.descriptors.max", 200);
	check_number(s, "limits.descriptors.used", number_at(leak, "open_descriptors"));
	/* A lower bound of the time in CLOSE_WAIT, so never more than the test has run; the kernel
	 * counts in ticks. */
	check_row(leak, number_at(leak, "silent_ms") <= now_ms() - start + 50);
	json_decref(s);
}

/* The silence grows: a lower bound that stays at 0 would be one too. */
static void the_silence_of_a_leak_grows(void **state)
{
	int64_t end = now_ms() + WAIT_MS;
	json_t *s;

	(void)state;
	end_in_close_wait(open_pair(AF_INET));
	while (number_at(s = summary_now(), "close_wait.silent_ms") < 100) {
		assert_true(now_ms() < end);
		json_decref(s);
	}
	json_decref(s);
}

static void nobody_has_leaked_what_was_not_accepted(void **state)
{
	uint16_t port;
	int listener = keep(tcp_listen(AF_INET, 0, &port));
	int client = keep(tcp_connect(AF_INET, port, 0));
	json_t *s, *leak;

	(void)state;
	assert_return_code(tcp_wait_waiting(listener, 1), 0);
	close(client);
	stage.fds[1] = -1;
	s = WAIT_FOR({ "kinds.tcp.close_wait", 1 });
	leak = item_at(s, "close_wait.processes", 0);
	check_row(leak, row_is_text(leak, "kind", "unaccepted"));
	check_row(leak, row_is_null(leak, "pid"));
	json_decref(s);
}

/* --- groups -------------------------------------------------------------------------------- */

static json_t *largest_by(const char *key)
{
	json_t *s = summary_of(
		(const char *const[]){ "lingerstat", "summary", "-t", "-j", "--by", key, NULL });
	json_t *largest = json_incref(item_at(s, "groups.largest", 0));

	assert_true(row_is_text(s, "groups.by", key));
	json_decref(s);
	return largest;
}

static void groups_of_this_process(void **state)
{
	json_t *g;

	(void)state;
	for (int i = 0; i < 3; i++)
		open_pair(AF_INET);
	end_in_time_wait(&stage.pairs[0]);
	end_in_close_wait(&stage.pairs[1]);
	json_decref(wait_time_wait(1));
	/* Three listeners, a leak, and a pair. */
	g = largest_by("pid");
	check_number(g, "key", getpid());
	check_number(g, "sockets", 6);
	check_number(g, "close_wait", 1);
	check_number(g, "time_wait", 0);
	json_decref(g);
	g = largest_by("user");
	check_number(g, "key", geteuid());
	check_number(g, "sockets", 6);
	json_decref(g);
	g = largest_by("peer");
	check_row(g, row_is_text(g, "key", "127.0.0.1"));
	check_number(g, "sockets", 5);
	check_number(g, "time_wait", 1);
	json_decref(g);
	g = largest_by("state");
	check_row(g, row_is_text(g, "key", "listen"));
	check_number(g, "sockets", 3);
	json_decref(g);
}

/* --- without privilege --------------------------------------------------------------------- */

static void a_user_without_rights_sees_counts_and_question_marks(void **state)
{
	struct tool_run run;
	json_t *document, *s, *leak;

	(void)state;
	end_in_close_wait(open_pair(AF_INET));
	if (tool_run(&run, (const char *const[]){ "setpriv", "--reuid=65534", "--clear-groups",
						  "--inh-caps=-all", "lingerstat", "summary", "-t",
						  "-j", NULL }) == -ENOENT) {
		tool_free(&run);
		print_message("# setpriv is not installed\n");
		skip();
	}
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.errors, "cannot be read by this user"));
	document = json_loads(run.output, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(document);
	s = json_object_get(document, "summary");
	check_number(s, "close_wait.sockets", 1);
	leak = item_at(s, "close_wait.processes", 0);
	check_row(leak, row_is_text(leak, "kind", "unknown"));
	check_row(leak, row_is_null(leak, "pid"));
	check_row(leak, row_is_null(leak, "descriptors"));
	check_row(leak, row_is_null(leak, "descriptor_count"));
	check_row(leak, row_is_null(leak, "open_descriptors"));
	check_row(s, row_is_null(s, "close_wait.process_count"));
	check_row(s, row_is_null(s, "limits.descriptors.used"));
	json_decref(document);
	tool_free(&run);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(states_are_counted),
		TEST(a_filter_narrows),
		TEST(orphans_with_data_are_counted),
		TEST(a_leak_is_shown_with_its_descriptors),
		TEST(the_silence_of_a_leak_grows),
		TEST(nobody_has_leaked_what_was_not_accepted),
		TEST(groups_of_this_process),
		TEST(a_user_without_rights_sees_counts_and_question_marks),
	};

	harness_enter();
	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
