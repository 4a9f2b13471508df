/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting inside the kernel against counting what a dump lists: sockets in every state of TCP, and
 * among them so many established ones that the tool prefers to let the kernel count. A filter that
 * every socket passes makes it dump them all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/crowd.h"
#include "cmd/census.h"
#include "harness.h"
#include "tcp.h"
#include "tool.h"
#include "zoo.h"

#define TRIES    20
#define MAX_ARGS 16
#define ANY      "sport >= 0"

static struct crowd crowd;
static char directory[] = "/tmp/lingerstat-census-XXXXXX";

/* --- what there is to count ---------------------------------------------------------------- */

static int bind_only(int family)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	bool six = family == AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1
		      : bind(fd, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
			     six ? sizeof(v6) : sizeof(v4));
}

/* Their peer reads nothing, so they stay in FIN_WAIT1. */
static int leave_orphan(int family)
{
	struct tcp_pair pair;

	if (tcp_pair_open(&pair, family, 0) || tcp_fill_to_zero_window(pair.near) <= 0)
		return -1;
	return close(pair.near);
}

static int gather(void **state)
{
	const char *why = NULL;

	(void)state;
	if (!mkdtemp(directory) || zoo_open(directory, &why)) {
		print_message("# the zoo cannot be opened: %s\n", why ? why : strerror(errno));
		return -1;
	}
	for (int i = 0; i < 3; i++)
		if (bind_only(i ? AF_INET6 : AF_INET) || leave_orphan(i ? AF_INET : AF_INET6))
			return -1;
	return crowd_gather(&crowd, CENSUS_LEAST, 0);
}

static int leave(void **state)
{
	(void)state;
	crowd_leave(&crowd);
	zoo_close(directory);
	return 0;
}

/* --- two ways to count --------------------------------------------------------------------- */

/* What is compared of `lingerstat summary -j --sections states WORD...`; json_decref() it. */
static json_t *counts_of(const char *const before[], const char *const words[], const char *filter)
{
	const char *argv[MAX_ARGS];
	struct tool_run run;
	json_t *document, *counts;
	size_t n = 0;

	for (; before && before[n]; n++)
		argv[n] = before[n];
	argv[n++] = "lingerstat";
	argv[n++] = "summary";
	argv[n++] = "-j";
	argv[n++] = "--sections=states";
	for (size_t i = 0; words[i]; i++)
		argv[n++] = words[i];
	argv[n++] = filter;
	argv[n] = NULL;
	assert_true(n < MAX_ARGS);
	assert_return_code(tool_run(&run, argv), 0);
	assert_int_equal(run.status, 0);
	assert_string_equal(run.errors, "");
	document = json_loads(run.output, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(document);
	counts = json_incref(json_object_get(document, "summary"));
	assert_non_null(counts);
	json_object_del(counts, "narrowed"); /* by the filter, which leaves nothing out */
	json_decref(document);
	tool_free(&run);
	return counts;
}

/* Sockets change their state by themselves: a dump before and one after say whether they did. */
static bool same_counts(const char *const before[], const char *const words[], bool last)
{
	json_t *dump = counts_of(NULL, words, ANY), *census = counts_of(before, words, NULL);
	json_t *again = counts_of(NULL, words, ANY);
	bool same = json_equal(dump, census) && json_equal(dump, again);

	if (last && !same) {
		row_print(dump);
		row_print(census);
		row_print(again);
	}
	json_decref(dump);
	json_decref(census);
	json_decref(again);
	return same;
}

static void assert_same(const char *const before[], const char *const words[])
{
	bool same = false;

	assert_return_code(zoo_refresh(), 0);
	for (int try = 1; !same && try <= TRIES; try++)
		same = same_counts(before, words, try == TRIES);
	assert_true(same);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Agreement on nothing would say little. */
static void every_state_is_there(void **state)
{
	static const char *const paths[] = {
		"kinds.tcp.established",
		"kinds.tcp.syn_sent",
		"kinds.tcp.syn_recv",
		"kinds.tcp.fin_wait1",
		"kinds.tcp.fin_wait2",
		"kinds.tcp.time_wait",
		"kinds.tcp.close_wait",
		"kinds.tcp.last_ack",
		"kinds.tcp.listen",
		"kinds.tcp.closing",
		"orphans",
	};
	json_t *counts;

	(void)state;
	assert_return_code(zoo_refresh(), 0);
	counts = counts_of(NULL, WORDS("-t"), NULL);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (json_integer_value(row_get(counts, paths[i])) > 0)
			continue;
		row_print(counts);
		fail_msg("there is none: %s", paths[i]);
	}
	json_decref(counts);
}

static void counts_are_the_dumps(void **state)
{
	(void)state;
	assert_same(NULL, WORDS("-t"));
	assert_same(NULL, WORDS("-t4"));
	assert_same(NULL, WORDS("-t6"));
}

/* The other kinds are dumped beside it. */
static void counts_of_all_kinds_are_the_dumps(void **state)
{
	(void)state;
	assert_same(NULL, WORDS("-tu"));
}

static void groups_are_the_dumps(void **state)
{
	(void)state;
	assert_same(NULL, WORDS("-t", "--by=state"));
}

static void who_may_not_load_programs_gets_the_same(void **state)
{
	static const char *const nobody[] = { "setpriv", "--reuid=65534", "--clear-groups",
					      "--inh-caps=-all", NULL };
	struct tool_run run;

	(void)state;
	if (tool_run(&run, WORDS("setpriv", "--version")) == -ENOENT) {
		tool_free(&run);
		print_message("# setpriv is not installed\n");
		skip();
	}
	tool_free(&run);
	assert_same(nobody, WORDS("-t"));
}

/* --- which of the two was it? -------------------------------------------------------------- */

/* A loader is run once for each program; the census on top, at least once a table. */
#define RUNS_OF_A_CENSUS 3

static int occurrences(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

static bool takes_a_census(const char *const words[])
{
	const char *argv[MAX_ARGS] = { "strace", "-e", "trace=bpf", "lingerstat", "summary" };
	struct tool_run run;
	bool loads;

	for (size_t i = 0; words[i]; i++)
		argv[5 + i] = words[i];
	assert_return_code(tool_run_traced(&run, argv), 0);
	assert_int_equal(run.status, 0);
	loads = occurrences(run.errors, "BPF_PROG_TEST_RUN") >= RUNS_OF_A_CENSUS;
	tool_free(&run);
	return loads;
}

/* Where linger cannot be read by BPF, nothing can be counted by it. */
static void skip_without_bpf(void)
{
	struct listing listing;
	const char *why = NULL;
	bool bpf;

	assert_return_code(harness_list(&listing, "state", "listening", NULL), 0);
	bpf = linger_by_bpf(&listing, &why);
	if (!bpf)
		print_message("# no BPF: %s\n", why);
	listing_free(&listing);
	if (!bpf || !tool_traceable())
		skip();
}

static void a_crowd_is_counted_inside_the_kernel(void **state)
{
	(void)state;
	skip_without_bpf();
	assert_true(takes_a_census(WORDS("-t", "--by=state")));
	assert_true(takes_a_census(WORDS("-t", "--sections=states")));
}

/* A dump of a small table, beside which sockets have left, is followed by a census of who was
 * passed over (cmd/recheck.h): so not every run tells. */
static bool is_dumped(const char *const words[])
{
	for (int try = 0; try < TRIES; try++)
		if (!takes_a_census(words))
			return true;
	return false;
}

static void who_wants_more_gets_a_dump(void **state)
{
	(void)state;
	skip_without_bpf();
	assert_true(is_dumped(WORDS("-t", "--by=local-port")));
	assert_true(is_dumped(WORDS("-t", "--by=state", "state", "time-wait")));
	assert_true(is_dumped(WORDS("-t", "--by=state", ANY)));
	assert_true(is_dumped(WORDS("-u", "--by=state")));
}

static void few_sockets_are_dumped(void **state)
{
	const char *why;

	(void)state;
	skip_without_bpf();
	assert_return_code(namespace_enter(&why), 0);
	assert_false(takes_a_census(WORDS("-t", "--by=state")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_there),
		cmocka_unit_test(counts_are_the_dumps),
		cmocka_unit_test(counts_of_all_kinds_are_the_dumps),
		cmocka_unit_test(groups_are_the_dumps),
		cmocka_unit_test(who_may_not_load_programs_gets_the_same),
		cmocka_unit_test(a_crowd_is_counted_inside_the_kernel),
		cmocka_unit_test(who_wants_more_gets_a_dump),
		cmocka_unit_test(few_sockets_are_dumped),
	};

	harness_enter();
	return cmocka_run_group_tests_name("census", tests, gather, leave);
}
