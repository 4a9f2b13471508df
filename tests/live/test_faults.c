/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults by injection: each command runs with one call after the other failing. Whatever fails, a
 * run ends in a status that is right, with a line that says what is missing, without a leak, and
 * nothing that it shows differs from what a run without faults shows but by being unknown.
 *
 * LINGERSTAT_FAULTS=all tries each use of each call; without it long series are tried in a few
 * places.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "injected.h"
#include "tcp.h"
#include "unix_pairs.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PROBLEMS_MAX 10 /* so many are printed of one command */

enum format { TABLE, NDJSON, JSON, TEXT, CHECK, METRICS };

struct command {
	const char *const argv[12];
	enum format format;
	const char *always; /* rules of every run, NULL: none */
};

#define NAMED(...)                              \
	{                                       \
		"lingerstat", __VA_ARGS__, NULL \
	}

/* What may go wrong with a call, and in how many places of a series that is tried unless all are
 * asked for. */
static const struct {
	const char *call, *what;
	unsigned long most;
} faults[] = {
	{ "malloc", "12" /* ENOMEM */, 20 },
	{ "bpf", "1" /* EPERM */, 7 },
	{ "bpf", "12", 1 },
	{ "bpf", "22" /* EINVAL */, 0 },
	{ "bpf", "7" /* E2BIG */, 0 },
	{ "sendto", "1", 2 },
	{ "sendto", "105" /* ENOBUFS */, 1 },
	{ "sendto", "4" /* EINTR */, 1 },
	{ "recvmsg", "105", 3 },
	{ "recvmsg", "4", 1 },
	{ "recvmsg", "11" /* EAGAIN */, 1 },
	{ "recvmsg", "12", 2 },
	{ "recvmsg", "short", 3 },
	{ "recvmsg", "eof", 2 },
	{ "read", "5" /* EIO */, 2 },
	{ "read", "4", 1 },
	{ "read", "11", 0 },
	{ "write", "28" /* ENOSPC */, 1 },
	{ "write", "4", 1 },
	{ "socket", "24" /* EMFILE */, 1 },
	{ "socket", "1", 0 },
	{ "bind", "98" /* EADDRINUSE */, 1 },
	{ "socketpair", "24", 1 },
	{ "setsockopt", "1", 1 },
	{ "getifaddrs", "12", 1 },
	{ "fopen", "24", 3 },
	{ "fopen", "13" /* EACCES */, 0 },
	{ "setmntent", "24", 1 },
	{ "open", "24", 1 },
	{ "openat", "24", 3 },
	{ "openat", "13", 0 },
	{ "opendir", "12", 1 },
	{ "fdopendir", "12", 2 },
	{ "readdir", "5", 2 },
	{ "readlinkat", "13", 2 },
	{ "stat", "2" /* ENOENT */, 1 },
	{ "fstat", "5", 1 },
	{ "capset", "1", 4 },
	{ "fork", "11", 1 },
	{ "pipe2", "24", 1 },
	{ "memfd_create", "24", 1 },
	{ "dup2", "24", 1 },
	{ "pread", "5", 1 },
	{ "timer_create", "11", 1 },
	{ "fchmod", "1", 1 },
	{ "renameat", "28", 1 },
};

/* One command without faults, and what is wrong with those that have one. */
struct trial {
	const struct command *command;
	struct injected base;
	char *output;
	json_t *rows; /* by inode and cookie; NULL where the format has none */
	unsigned int runs, struck, problems;
};

/* --- rows ------------------------------------------------------------------------------------- */

/* The kernel's netlink sockets have no inode, but their own cookies. */
static json_t *rows_by_name(const json_t *list)
{
	json_t *rows = json_object(), *row;
	char name[64];
	size_t i;

	json_array_foreach(list, i, row)
	{
		snprintf(name, sizeof(name), "%lld-%s",
			 (long long)json_integer_value(json_object_get(row, "inode")),
			 json_string_value(json_object_get(row, "cookie")));
		json_object_set(rows, name, row);
	}
	return rows;
}

/* The lines of ndjson as one document; NULL when a line is no JSON. */
static json_t *lines_as_document(const char *text)
{
	json_t *document = json_object(), *list = json_array();

	json_object_set_new(document, "sockets", list);
	while (*text) {
		size_t length = strcspn(text, "\n");
		json_t *line = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
		const char *type = json_string_value(json_object_get(line, "type"));

		if (!type || text[length] != '\n') {
			json_decref(line);
			json_decref(document);
			return NULL;
		}
		if (strcmp(type, "socket") == 0)
			json_array_append(list, line);
		else
			json_object_set(document, type, line);
		json_decref(line);
		text += length + 1;
	}
	return document;
}

static json_t *parse(const struct command *command, const char *text)
{
	if (command->format == NDJSON)
		return lines_as_document(text);
	return json_loads(text, JSON_REJECT_DUPLICATES, NULL);
}

/* What stands still while the sockets do. */
static const char *const steady[] = {
	"netid",
	"family",
	"state",
	"netns",
	"local",
	"peer",
	"uid",
	"recv_queue",
	"send_queue",
	"unread_bytes",
	"outstanding_bytes",
	"cgroup",
	"linger",
	"holders",
	"references",
	"unsent_bytes",
	"interface",
};

/* A process that shows its descriptors, but whose name could not be read, has none: null. */
static bool same_holders(const json_t *now, const json_t *was)
{
	if (json_array_size(now) != json_array_size(was) || !json_array_size(now))
		return false;
	for (size_t i = 0; i < json_array_size(now); i++) {
		const json_t *a = json_array_get(now, i), *b = json_array_get(was, i);

		if (!json_equal(json_object_get(a, "pid"), json_object_get(b, "pid")) ||
		    !json_equal(json_object_get(a, "fd"), json_object_get(b, "fd")) ||
		    (!json_is_null(json_object_get(a, "comm")) &&
		     !json_equal(json_object_get(a, "comm"), json_object_get(b, "comm"))))
			return false;
	}
	return true;
}

/* NULL, or what a row says that is not so. Unknown is not wrong, but must be told. */
static const char *compare_row(const json_t *row, const json_t *base, bool *unknown)
{
	for (size_t i = 0; i < COUNT(steady); i++) {
		const json_t *now = json_object_get(row, steady[i]);
		const json_t *was = json_object_get(base, steady[i]);

		if (json_is_null(now) && !json_is_null(was))
			*unknown |= strcmp(steady[i], "netns") != 0; /* null says enough */
		else if (!json_is_null(was) && !json_equal(now, was) && !same_holders(now, was))
			return steady[i];
	}
	return NULL;
}

static const char *compare_rows(const struct trial *trial, const json_t *document,
				const struct tool_run *run)
{
	json_t *rows = rows_by_name(json_object_get(document, "sockets")), *base;
	const char *wrong = NULL, *name;
	bool unknown = false;

	if (json_object_size(rows) != json_object_size(trial->rows))
		wrong = "rows are missing, or too many";
	json_object_foreach(trial->rows, name, base)
	{
		const json_t *row = json_object_get(rows, name);

		if (!wrong)
			wrong = row ? compare_row(row, base, &unknown) : "a row is missing";
	}
	if (!wrong && unknown && !*run->errors)
		wrong = "something is unknown, and nobody says so";
	json_decref(rows);
	return wrong;
}

/* --- one run ---------------------------------------------------------------------------------- */

static const char *check_document(const struct trial *trial, const struct tool_run *run)
{
	json_t *document = parse(trial->command, run->output);
	const json_t *complete = json_object_get(json_object_get(document, "summary"), "complete");
	const char *wrong = NULL;

	if (!document)
		wrong = "no JSON";
	else if (!json_is_boolean(complete))
		wrong = "no summary";
	else if (json_is_true(complete) != (run->status == 0))
		wrong = "complete and the status disagree";
	else if (run->status == 0 && trial->rows)
		wrong = compare_rows(trial, document, run);
	json_decref(document);
	return wrong;
}

static size_t lines_in(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* Of a run that came to its end, if only to that of what could be read. */
static const char *check_output(const struct trial *trial, const struct tool_run *run)
{
	switch (trial->command->format) {
	case NDJSON:
	case JSON:
		return check_document(trial, run);
	case METRICS:
		if (run->status == 0 && !strstr(run->output, "\nlingerstat_complete 1\n"))
			return "metrics are not complete";
		return run->status && !strstr(run->output, "\nlingerstat_complete 0\n")
			       ? "metrics do not say that they are incomplete"
			       : NULL;
	case TABLE:
		return run->status == 0 && lines_in(run->output) != lines_in(trial->output)
			       ? "rows are missing, or too many"
			       : NULL;
	case TEXT:
		/* Sections and paragraphs have an empty line between them. */
		return *run->output == '\n' || strstr(run->output, "\n\n\n") ? "a section is empty"
									     : NULL;
	default:
		return NULL;
	}
}

static const char *check_errors(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		if (strncmp(line, "lingerstat: ", 12) != 0)
			return "a line of stderr that is no message";
		if (line[strcspn(line, "\n")] != '\n')
			return "a line of stderr without an end";
	}
	return strstr(text, "(null)") ? "a message without its word" : NULL;
}

/* A failed run may have written rows before, but must not have said that they are all; but for
 * the one that could not give up its capabilities, which comes after the rows. */
static const char *check_failed(const struct tool_run *run)
{
	if (!*run->errors)
		return "failed without a word";
	if (strstr(run->errors, "cannot drop capabilities"))
		return NULL;
	return strstr(run->output, "\"complete\":true") ||
			       strstr(run->output, "lingerstat_complete 1")
		       ? "failed, and says that it is complete"
		       : NULL;
}

static const char *check_plugin(const struct tool_run *run)
{
	if (run->status > 3)
		return "a status that no plugin has";
	if (strncmp(run->output, "LINGERSTAT ", 11) != 0)
		return strstr(run->errors, "cannot write to standard output") ? NULL
									      : "no plugin line";
	return run->status == 3 && !strstr(run->output, "UNKNOWN") ? "unknown without the word"
								   : NULL;
}

/* NULL, or what is wrong with a run. */
static const char *check_run(const struct trial *trial, const struct tool_run *run,
			     const struct injected *report)
{
	const char *wrong;

	if (run->status > 127)
		return "ended by a signal";
	if (!report->reported)
		return "no report";
	if (report->leaked > trial->base.leaked)
		return "memory leaked";
	if (report->low)
		return "a file took the place of a standard stream";
	wrong = check_errors(run->errors);
	if (wrong)
		return wrong;
	if (trial->command->format == CHECK)
		return check_plugin(run);
	if (run->status == 2)
		return "a usage error";
	if (run->status == 1)
		return check_failed(run);
	if (run->status == 3 && !*run->errors)
		return "incomplete without a word";
	return check_output(trial, run);
}

static void tell(struct trial *trial, const char *rules, const char *wrong,
		 const struct tool_run *run)
{
	if (trial->problems++ >= PROBLEMS_MAX)
		return;
	printf("# INJECT=%s %s", rules, trial->command->argv[1]);
	printf(": %s; status %d, stderr: %.200s\n", wrong, run->status, run->errors);
}

static void try_fault(struct trial *trial, const char *call, const char *what, unsigned long nth)
{
	const char *always = trial->command->always;
	struct injected report;
	struct tool_run run;
	const char *wrong;
	char rules[128];

	snprintf(rules, sizeof(rules), "%s%s%s:%lu:1:%s", always ? always : "", always ? "," : "",
		 call, nth, what);
	assert_int_equal(injected_run(&run, &report, rules, trial->command->argv), 0);
	trial->runs++;
	trial->struck += report.fired > 0;
	wrong = check_run(trial, &run, &report);
	if (wrong)
		tell(trial, rules, wrong, &run);
	tool_free(&run);
}

/* --- a command -------------------------------------------------------------------------------- */

static bool wants_all(void)
{
	const char *word = getenv("LINGERSTAT_FAULTS");

	return word && strcmp(word, "all") == 0;
}

/* The first use of a call, and some of the others. */
static void try_series(struct trial *trial, const char *call, const char *what, unsigned long most)
{
	unsigned long uses = injected_uses(&trial->base, call);
	unsigned long step =
		wants_all() || uses <= most ? 1 : (uses + most - 1) / (most ? most : 1);

	if (!most && !wants_all())
		return;
	for (unsigned long nth = 1; nth <= uses; nth += step)
		try_fault(trial, call, what, nth);
}

/* The run that all others are compared with. Where it is not whole there is nothing to compare
 * with. */
static void run_base(struct trial *trial)
{
	struct tool_run run;
	json_t *document;

	assert_int_equal(
		injected_run(&run, &trial->base, trial->command->always, trial->command->argv), 0);
	if (run.status)
		printf("# without faults: status %d, %s%s\n", run.status, run.output, run.errors);
	assert_int_equal(run.status, 0);
	assert_int_equal(trial->base.low, 0);
	trial->output = strdup(run.output);
	if (trial->command->format == NDJSON || trial->command->format == JSON) {
		document = parse(trial->command, run.output);
		assert_non_null(document);
		if (json_object_get(document, "sockets"))
			trial->rows = rows_by_name(json_object_get(document, "sockets"));
		json_decref(document);
	}
	tool_free(&run);
}

static void try_command(const struct command *command)
{
	struct trial trial = { .command = command };

	if (!injected_possible())
		skip();
	run_base(&trial);
	for (size_t i = 0; i < COUNT(faults); i++)
		try_series(&trial, faults[i].call, faults[i].what, faults[i].most);
	printf("# %u runs, a fault in %u of them, %u went wrong\n", trial.runs, trial.struck,
	       trial.problems);
	free(trial.output);
	json_decref(trial.rows);
	assert_int_equal(trial.problems, 0);
	assert_true(trial.struck * 2 > trial.runs);
}

#define TEST(name, format, always, ...)                                                       \
	static void name(void **state)                                                        \
	{                                                                                     \
		static const struct command command = { NAMED(__VA_ARGS__), format, always }; \
                                                                                              \
		(void)state;                                                                  \
		try_command(&command);                                                        \
	}

/* Without BPF the walk of /proc takes its place. */
#define NO_BPF "bpf:1:0:1"

TEST(a_table, TABLE, NULL, "list", "-a", "-t", "-u", "-x", "-p")
TEST(rows_as_json, NDJSON, NULL, "list", "-a", "-t", "-x", "--format=ndjson")
TEST(rows_from_proc, NDJSON, NO_BPF, "list", "-a", "-t", "--format=ndjson")
TEST(sorted_rows, JSON, NULL, "list", "-a", "-t", "-j", "--sort", "recv-q")
TEST(rows_by_getfd, NDJSON, NULL, "list", "-a", "-t", "--format=ndjson", "--linger=getfd")
TEST(a_summary, JSON, NULL, "summary", "-j", "--by", "process")
TEST(a_summary_as_text, TEXT, NULL, "summary", "-n")
TEST(a_check, CHECK, NULL, "check", "-w", "close_wait=100", "--state-file",
     "/tmp/lingerstat-faults.state")
TEST(metrics, METRICS, NULL, "metrics")
TEST(metrics_in_a_file, TEXT, NULL, "metrics", "--output", "/tmp/lingerstat-faults.prom")
TEST(an_explanation, TEXT, NULL, "explain", "-a", "-t", "-n")

/* The recording is read by itself; what it holds is in tests/cli. */
static void a_recording(void **state)
{
	const char *data = getenv("TESTDATA");
	char path[4096];
	const struct command command = { NAMED("list", "-a", "--format=ndjson", "--read", path),
					 NDJSON, NULL };

	(void)state;
	if (!data)
		skip();
	snprintf(path, sizeof(path), "%s/states.dump", data);
	try_command(&command);
}

/* --- a dump that is read ahead ---------------------------------------------------------------- */

#define PAIRS 2500 /* some fifteen datagrams */

static const struct command long_list = { NAMED("list", "-a", "-x"), TABLE, NULL };

/* The last of a run's receives are the reader's; a receive that fails there fails as one of the
 * program's own does. */
static void a_dump_that_is_read_ahead(void **state)
{
	static const char *const whats[] = { "105", "12", "4", "11", "short", "eof" };
	static const unsigned long before_end[] = { 0, 1, 4 };
	struct trial trial = { .command = &long_list };
	unsigned long receives;
	int *fds = NULL;

	(void)state;
	if (!injected_possible() || !several_processors() || !(fds = unix_pairs_open(PAIRS)))
		skip();
	run_base(&trial);
	receives = injected_uses(&trial.base, "recvmsg");
	assert_true(injected_uses(&trial.base, "pthread_create") >= 1);
	try_fault(&trial, "pthread_create", "11", 1);
	for (size_t i = 0; i < COUNT(whats); i++)
		for (size_t k = 0; k < COUNT(before_end); k++)
			try_fault(&trial, "recvmsg", whats[i], receives - before_end[k]);
	try_series(&trial, "malloc", "12", 8);
	unix_pairs_close(fds);
	printf("# %u runs, a fault in %u of them, %u went wrong\n", trial.runs, trial.struck,
	       trial.problems);
	free(trial.output);
	json_decref(trial.rows);
	assert_int_equal(trial.problems, 0);
	assert_true(trial.struck > 18);
}

/* --- the sockets ------------------------------------------------------------------------------ */

static void *keep(size_t i)
{
	static struct tcp_pair pairs[5];

	return &pairs[i];
}

/* Five pairs: as they are, with two kinds of linger, with unread bytes, half closed; and unix
 * sockets. None of them changes any more. */
static int open_sockets(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0faults" };
	struct tcp_pair *pair;
	int fds[2], listener;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		pair = keep(i);
		if (tcp_pair_open(pair, i % 2 ? AF_INET6 : AF_INET, 0) < 0)
			return -1;
	}
	tcp_set_linger(((struct tcp_pair *)keep(1))->near, true, 0);
	tcp_set_linger(((struct tcp_pair *)keep(2))->near, true, 5);
	pair = keep(3);
	if (write(pair->near, "unread", 6) != 6 || tcp_wait_readable(pair->far, 6) < 0)
		return -1;
	pair = keep(4);
	if (shutdown(pair->near, SHUT_WR) < 0 || tcp_wait_state(pair->far, 8) < 0)
		return -1;
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	return bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t) + 7) < 0 ||
			       listen(listener, 1) < 0
		       ? -1
		       : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table),
		cmocka_unit_test(rows_as_json),
		cmocka_unit_test(rows_from_proc),
		cmocka_unit_test(sorted_rows),
		cmocka_unit_test(rows_by_getfd),
		cmocka_unit_test(a_summary),
		cmocka_unit_test(a_summary_as_text),
		cmocka_unit_test(a_check),
		cmocka_unit_test(metrics),
		cmocka_unit_test(metrics_in_a_file),
		cmocka_unit_test(an_explanation),
		cmocka_unit_test(a_recording),
		cmocka_unit_test(a_dump_that_is_read_ahead),
	};

	injected_alone();
	harness_enter();
	setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests_name("faults", tests, open_sockets, NULL);
}
