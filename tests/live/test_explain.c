/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `explain` on live sockets: who holds them, for how long, what the sentences count.
 * test_restart has the verdict on a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"
#include "ways.h"

#define COMM       "expl-holder"
#define AGE_MS     1200
#define SLACK_MS   100
#define TEXT_TRIES 10

/* The text at `path` of a row, which must be there. */
static const char *sentence(const json_t *row, const char *path)
{
	const char *text = json_string_value(row_get(row, path));

	check_row(row, text != NULL);
	return text;
}

#define check_says(row, path, words) check_row(row, strstr(sentence(row, path), words) != NULL)

/* One piece of advice has these words. */
static void check_advice(const json_t *row, const char *words)
{
	json_t *advice = row_get(row, "explain.advice");
	bool found = false;
	json_t *item;
	size_t i;

	json_array_foreach(advice, i, item) found |= strstr(json_string_value(item), words) != NULL;
	check_row(row, found);
}

static json_t *explain_all(void)
{
	json_t *document = tool_explain("-a", "-t", NULL);

	assert_non_null(document);
	return document;
}

/* ---- CLOSE_WAIT ---- */

/* "It has been so for 1.2 s at least." in milliseconds, -1 when it does not say so. */
static int64_t told_age_ms(const char *text)
{
	const char *start = strstr(text, "It has been so for ");
	double number;
	char unit[8];

	if (!start || sscanf(start, "It has been so for %lf %7s at least.", &number, unit) != 2)
		return -1;
	return (int64_t)(strcmp(unit, "s") == 0 ? number * 1000 : number);
}

/* A bound from below: never more than the age, and worth having. */
static void close_wait_names_its_holder_and_its_age(void **state)
{
	int family = *(const int *)*state;
	char holder[64];
	struct tcp_pair pair;
	json_t *document, *row;
	int64_t since, told, end;

	assert_return_code(tcp_pair_open(&pair, family, 0), 0);
	since = now_ms();
	assert_return_code(shutdown(pair.far, SHUT_WR), 0);
	assert_return_code(tcp_wait_state(pair.near, TCP_CLOSE_WAIT), 0);
	for (end = now_ms() + AGE_MS; nap_before(end);)
		;
	document = explain_all();
	row = document_row(document, inode_of(pair.near));
	check_row(row, row_is_text(row, "state", "close_wait"));
	told = told_age_ms(sentence(row, "explain.state"));
	check_row(row, told >= AGE_MS - SLACK_MS && told <= now_ms() - since);
	snprintf(holder, sizeof(holder), "%s/%d(fd %d)", COMM, getpid(), pair.near);
	check_says(row, "explain.holders", holder);
	check_advice(row, "only the program that holds this descriptor can end");
	json_decref(document);
	tcp_pair_close(&pair);
}

/* ---- several descriptors ---- */

/* A child that holds what it inherited and does nothing. */
static pid_t fork_holder(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void the_shared_text_counts_descriptors(void **state)
{
	int family = *(const int *)*state;
	struct tcp_pair pair;
	json_t *document, *row;
	char holder[64];
	pid_t child;
	int copy;

	assert_return_code(tcp_pair_open(&pair, family, 0), 0);
	copy = fcntl(pair.near, F_DUPFD_CLOEXEC, 0);
	assert_return_code(copy, 0);
	child = fork_holder();
	assert_true(child > 0);
	document = explain_all();
	row = document_row(document, inode_of(pair.near));
	check_row(row, row_is_int(row, "references", 4));
	check_says(row, "explain.holders", "4 descriptors");
	check_says(row, "explain.holders", "the last one");
	snprintf(holder, sizeof(holder), "%s/%d(", COMM, getpid());
	check_says(row, "explain.holders", holder);
	snprintf(holder, sizeof(holder), "%s/%d(", COMM, child);
	check_says(row, "explain.holders", holder);
	json_decref(document);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(copy);
	document = explain_all();
	row = document_row(document, inode_of(pair.near));
	check_row(row, strstr(sentence(row, "explain.holders"), "descriptors") == NULL);
	json_decref(document);
	tcp_pair_close(&pair);
}

/* ---- TIME_WAIT ---- */

static json_t *row_in_state(const json_t *document, const char *word)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(document, "sockets"), i,
			   row) if (row_is_text(row, "state", word)) return row;
	return NULL;
}

/* The last segments may be on their way still. */
static json_t *explain_until(const char *word)
{
	int64_t end = now_ms() + WAIT_MS;
	json_t *document = explain_all();

	while (!row_in_state(document, word) && nap_before(end)) {
		json_decref(document);
		document = explain_all();
	}
	return document;
}

static void time_wait_is_told_to_be_harmless(void **state)
{
	int family = *(const int *)*state;
	struct tcp_pair pair;
	json_t *document, *row;

	assert_return_code(tcp_pair_open(&pair, family, 0), 0);
	drop_fd(&pair.near);
	drop_fd(&pair.far);
	document = explain_until("time_wait");
	row = row_in_state(document, "time_wait");
	check_says(row, "explain.state", "Over on both sides");
	check_says(row, "explain.close", "nothing left to do");
	check_row(row, row_is_null(row, "explain.linger"));
	check_row(row, row_is_null(row, "explain.exit"));
	check_row(row, row_is_null(row, "explain.kill"));
	check_row(row, row_is_null(row, "explain.holders"));
	check_row(row, json_array_size(row_get(row, "explain.advice")) == 1);
	check_advice(row, "Harmless");
	check_advice(row, "60 seconds");
	json_decref(document);
	tcp_pair_close(&pair);
}

/* ---- what exit and kill do ---- */

/* A process that dies does not linger, though close() does. */
static void exit_does_not_wait(void **state)
{
	int family = *(const int *)*state;
	struct tcp_pair pair;
	json_t *document, *row;
	const char *why;
	struct listing listing;
	bool known;

	assert_return_code(tcp_pair_open(&pair, family, SMALL_BUFFER), 0);
	assert_return_code(tcp_set_linger(pair.near, true, 7), 0);
	assert_true(tcp_fill_to_zero_window(pair.near) > 0);
	assert_return_code(harness_list(&listing, "-t", NULL), 0);
	known = linger_by_bpf(&listing, &why);
	if (!known)
		print_message("# %s\n", why);
	listing_free(&listing);
	if (!known) {
		tcp_pair_close(&pair);
		skip();
	}
	document = explain_all();
	row = document_row(document, inode_of(pair.near));
	check_says(row, "explain.linger", "SO_LINGER is on with 7 s");
	check_says(row, "explain.close", "close() waits 7 s at most");
	check_row(row, strstr(sentence(row, "explain.exit"), "waits") == NULL);
	check_row(row, strcmp(sentence(row, "explain.exit"), sentence(row, "explain.kill")) == 0);
	check_says(row, "explain.queues", "never sent");
	json_decref(document);
	tcp_pair_close(&pair);
}

/* ---- the whole of it ---- */

static const char *const keys[] = { "state",     "queues",  "linger",  "close",  "exit",    "kill",
				    "certainty", "holders", "restart", "advice", "subflows" };

static void check_keys(const json_t *row)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *value = json_object_get(row_get(row, "explain"), keys[i]);

		if (strcmp(keys[i], "advice") == 0)
			check_row(row, json_is_array(value));
		else
			check_row(row, json_is_null(value) || json_string_length(value) > 0);
	}
	check_row(row, json_object_size(row_get(row, "explain")) == sizeof(keys) / sizeof(keys[0]));
}

/* Runs of white space become one space. */
static void flatten(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	*to = '\0';
}

static void check_lines(const char *text)
{
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		/* A title has addresses and reasons, which are not broken. */
		if (line[0] == ' ' && length > 79)
			fail_msg("%zu columns: %.*s", length, (int)length, line);
		line += length + (line[length] == '\n');
	}
}

/* The first sentence of the data that the text does not have, or NULL. */
static const char *missing_sentence(const json_t *document, const char *text)
{
	static const char *const sentences[] = { "explain.close", "explain.certainty" };
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(document, "sockets"), i, row)
	{
		check_keys(row);
		for (size_t s = 0; s < 2; s++)
			if (!row_is_null(row, sentences[s]) &&
			    !strstr(text, sentence(row, sentences[s])))
				return sentence(row, sentences[s]);
	}
	return NULL;
}

/* Explains all, once as data and once as text; NULL where both say the same of each. Free it. */
static char *compare_text_and_data(void)
{
	json_t *document = explain_all();
	char *text = tool_explain_text("-a", "-t", NULL);
	const char *missing;
	char *copy = NULL;

	assert_non_null(text);
	check_lines(text);
	flatten(text);
	assert_true(json_array_size(json_object_get(document, "sockets")) > 2 * WAYS);
	missing = missing_sentence(document, text);
	if (missing) {
		copy = strdup(missing);
		assert_non_null(copy);
	}
	free(text);
	json_decref(document);
	return copy;
}

/* Every state in one listing: each has all keys, and the text has the sentences of the JSON. The
 * two are taken one after the other: where a timer ran out between them, they are taken again. */
static void text_and_data_say_the_same(void **state)
{
	int family = *(const int *)*state;
	struct tcp_pair pairs[WAYS];
	char *missing = NULL;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		assert_return_code(tcp_pair_open(&pairs[i], family, SMALL_BUFFER), 0);
		assert_return_code(ways[i].reach(&pairs[i]), 0);
		assert_return_code(tcp_wait_state(pairs[i].near, ways[i].state), 0);
	}
	for (i = 0; i < TEXT_TRIES; i++) {
		free(missing);
		missing = compare_text_and_data();
		if (!missing)
			break;
	}
	if (missing)
		fail_msg("not in the text: %s", missing);
	for (i = 0; i < WAYS; i++)
		tcp_pair_close(&pairs[i]);
}

static const int families[] = { AF_INET, AF_INET6 };

static const struct {
	const char *name;
	CMUnitTestFunction run;
} cases[] = {
	{ "CLOSE_WAIT names process, descriptor and age", close_wait_names_its_holder_and_its_age },
	{ "the shared text counts descriptors", the_shared_text_counts_descriptors },
	{ "TIME_WAIT is harmless", time_wait_is_told_to_be_harmless },
	{ "exit does not wait", exit_does_not_wait },
	{ "text and data say the same", text_and_data_say_the_same },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	static struct CMUnitTest tests[2 * CASES];
	static char names[2 * CASES][80];

	harness_enter();
	prctl(PR_SET_NAME, COMM);
	for (size_t i = 0; i < 2 * CASES; i++) {
		size_t family = i / CASES;

		snprintf(names[i], sizeof(names[i]), "%s: %s", family ? "inet6" : "inet",
			 cases[i % CASES].name);
		tests[i] = (struct CMUnitTest){ names[i], cases[i % CASES].run, NULL, NULL,
						(void *)&families[family] };
	}
	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
