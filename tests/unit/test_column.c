/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The column table: every row whole, every name and path once, and what JSON promises there.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "judge/close.h"
#include "plan/needs.h"
#include "present/column.h"

static const struct column *columns;
static size_t n_columns;

static int find_table(void **state)
{
	(void)state;
	columns = column_table(&n_columns);
	return columns && n_columns ? 0 : -1;
}

static bool only_of(const char *text, const char *letters)
{
	return *text && !text[strspn(text, letters)];
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void every_column_is_whole(void **state)
{
	(void)state;
	assert_true(n_columns <= COLUMNS_MAX);
	for (size_t i = 0; i < n_columns; i++) {
		const struct column *c = &columns[i];

		assert_true(only_of(c->name, LOWER "-"));
		assert_true(only_of(c->header, UPPER "-"));
		assert_true(only_of(c->json, LOWER "_."));
		assert_non_null(c->help);
		assert_true(*c->help);
		assert_non_null(c->cell);
		assert_non_null(c->value);
	}
}

static void names_headers_and_paths_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_columns; i++)
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(columns[i].name, columns[k].name);
			assert_string_not_equal(columns[i].header, columns[k].header);
			assert_string_not_equal(columns[i].json, columns[k].json);
		}
}

static size_t parent_length(const char *path)
{
	const char *dot = strchr(path, '.');

	return dot ? (size_t)(dot - path) : 0;
}

static void paths_have_at_most_one_dot(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_columns; i++) {
		const char *dot = strchr(columns[i].json, '.');

		if (!dot)
			continue;
		assert_true(dot > columns[i].json && dot[1]);
		assert_null(strchr(dot + 1, '.'));
	}
}

static bool same_parent(const char *a, const char *b)
{
	size_t n = parent_length(a);

	return n && n == parent_length(b) && strncmp(a, b, n) == 0;
}

/* The JSON writer opens and closes an object where its parent begins and ends: once. */
static void columns_of_one_parent_stand_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_columns; i++)
		for (size_t k = i + 2; k < n_columns; k++) {
			if (!same_parent(columns[i].json, columns[k].json))
				continue;
			if (!same_parent(columns[i].json, columns[k - 1].json))
				fail_msg("%s and %s are apart", columns[i].json, columns[k].json);
		}
	/* A parent is no key of its own. */
	for (size_t i = 0; i < n_columns; i++)
		for (size_t k = 0; k < n_columns; k++) {
			size_t n = parent_length(columns[i].json);

			assert_false(n && n == strlen(columns[k].json) &&
				     strncmp(columns[i].json, columns[k].json, n) == 0);
		}
}

/* `--columns help` prints name, path and help in columns of 12 and 21. */
static size_t at_least(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* `--columns help` pads names and paths; a longer one pushes what is behind it. */
static void help_fits_eighty_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_columns; i++) {
		size_t name = at_least(12, strlen(columns[i].name));
		size_t path = at_least(21, strlen(columns[i].json));

		if (name + 1 + path + 1 + strlen(columns[i].help) >= 80)
			fail_msg("%s: its help is %zu letters too long", columns[i].name,
				 name + 1 + path + 1 + strlen(columns[i].help) - 79);
	}
}

static void json_has_the_promised_keys(void **state)
{
	static const char *const promised[] = {
		"netid",
		"family",
		"state",
		"netns",
		"local",
		"peer",
		"interface",
		"recv_queue",
		"send_queue",
		"unread_bytes",
		"outstanding_bytes",
		"unsent_bytes",
		"netns_name",
		"linger",
		"shutdown",
		"uid",
		"inode",
		"cookie",
		"cgroup",
		"holders",
		"references",
		"close.outcome",
		"close.outcomes",
		"close.risk",
		"close.risk_max",
		"close.reasons",
		"close.loss_min_bytes",
		"close.loss_max_bytes",
		"close.unread_bytes",
		"close.block_seconds",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(promised); i++) {
		bool found = false;

		for (size_t k = 0; k < n_columns; k++)
			found = found || strcmp(columns[k].json, promised[i]) == 0;
		if (!found)
			fail_msg("no column has the key %s", promised[i]);
	}
}

/* What must be read for a column is named, and for those that cost nothing nothing is. */
static void needs_are_named(void **state)
{
	static const struct {
		const char *name;
		unsigned int needs;
	} cases[] = {
		{ "netid", 0 },
		{ "state", 0 },
		{ "recv-q", 0 },
		{ "send-q", 0 },
		{ "unsent", NEED_TCP_INFO },
		{ "linger", NEED_LINGER },
		{ "process", NEED_OWNERS },
		{ "cgroup", NEED_CGROUP },
		{ "local", NEED_LINKS },
		{ "risk", NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO },
		{ "reasons", NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO | NEED_OWNERS },
	};
	char bad[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct column_list list = { 0 };

		assert_int_equal(column_list_parse(&list, cases[i].name, bad, sizeof(bad)), 0);
		assert_int_equal(column_list_needs(&list), cases[i].needs);
	}
	for (size_t i = 0; i < n_columns; i++)
		if (strncmp(columns[i].json, "close.", 6) == 0)
			assert_true(columns[i].needs & NEED_FORECAST);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void parses_the_default(void **state)
{
	struct column_list list = { 0 };
	char bad[32];

	(void)state;
	assert_int_equal(column_list_parse(&list, COLUMNS_DEFAULT, bad, sizeof(bad)), 0);
	assert_int_equal(list.count, 9);
	assert_string_equal(list.items[0]->header, "NETID");
	assert_string_equal(list.items[8]->header, "PROCESS");
}

static void keeps_order_and_drops_repeats(void **state)
{
	struct column_list list = { 0 };
	char bad[32];

	(void)state;
	assert_int_equal(column_list_parse(&list, "peer,state,peer", bad, sizeof(bad)), 0);
	assert_int_equal(column_list_parse(&list, "risk,state", bad, sizeof(bad)), 0);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0]->name, "peer");
	assert_string_equal(list.items[1]->name, "state");
	assert_string_equal(list.items[2]->name, "risk");
}

static void every_column_is_found_by_any_spelling(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_columns; i++) {
		const struct column *c = &columns[i];

		if (column_find(c->name) != c || column_find(c->header) != c ||
		    column_find(c->json) != c)
			fail_msg("'%s', '%s' or '%s' is another column", c->name, c->header,
				 c->json);
	}
}

static void refuses_unknown_and_empty_names(void **state)
{
	static const struct {
		const char *text, *bad;
	} cases[] = {
		{ "", "" },
		{ ",", "" },
		{ "state,", "" },
		{ "state,,risk", "" },
		{ "stat", "stat" },
		{ "state,rissk", "rissk" },
		{ "-", "-" },
		{ "close", "close" },
		{ "statee", "statee" },
		{ " state", " state" },
		{ "a-name-that-is-longer-than-the-room-for-it", "a-name-that-is-" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct column_list list = { 0 };
		char bad[16] = "untouched";

		assert_int_equal(column_list_parse(&list, cases[i].text, bad, sizeof(bad)),
				 -EINVAL);
		assert_string_equal(bad, cases[i].bad);
	}
}

static void every_column_at_once(void **state)
{
	struct column_list list = { 0 };
	size_t usual = 0;
	char bad[32];

	(void)state;
	for (size_t i = 0; i < n_columns; i++)
		usual += !(columns[i].needs & NEED_NAMING);
	column_list_all(&list);
	assert_int_equal(list.count, usual);
	assert_true(usual < n_columns);
	for (size_t i = 0; i < n_columns; i++)
		assert_int_equal(column_list_parse(&list, columns[i].name, bad, sizeof(bad)), 0);
	assert_int_equal(list.count, n_columns);
	column_list_remove(&list, &columns[3]);
	column_list_remove(&list, &columns[3]);
	assert_int_equal(list.count, n_columns - 1);
}

/* --- cells and values ------------------------------------------------------------------------- */

static struct outbuf out;

static const char *shown(void)
{
	outbuf_char(&out, '\0');
	assert_int_equal(out.error, 0);
	out.len = 0;
	return out.data;
}

static struct socket bare(uint8_t family, enum sock_state state)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.family = family;
	sk.state = state;
	judge_close(&sk, &sk.close);
	return sk;
}

/* Whatever is unknown: a cell is never empty, a value never breaks the object it is in. */
static void every_column_shows_every_socket(void **state)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct names *names = names_new(false, false);
	struct cell_context cx = { .names = names };

	(void)state;
	assert_non_null(names);
	assert_int_equal(outbuf_open(&out, -1), 0);
	for (int s = 0; s < STATE_COUNT; s++)
		for (int variant = 0; variant < 4; variant++) {
			struct socket sk = bare(families[variant & 1], (enum sock_state)s);

			cx.all_holders = variant & 2;
			for (size_t i = 0; i < n_columns; i++) {
				columns[i].cell(&out, &sk, &cx);
				assert_true(strlen(shown()) > 0);
				columns[i].value(&out, &sk);
				assert_true(strlen(shown()) > 0);
				if (columns[i].ink)
					columns[i].ink(&sk);
			}
		}
	outbuf_close(&out);
	names_free(names);
}

static const struct column *column(const char *name)
{
	for (size_t i = 0; i < n_columns; i++)
		if (strcmp(columns[i].name, name) == 0)
			return &columns[i];
	fail_msg("there is no column %s", name);
	return NULL;
}

/* Unknown is `?` and null, never 0, off, or empty. */
static void unknown_is_never_a_value(void **state)
{
	static const char *const names[] = { "unread", "outstanding", "unsent",
					     "linger", "shutdown",    "uid",
					     "cgroup", "process",     "references" };
	struct socket sk = bare(AF_INET, STATE_ESTABLISHED);
	struct cell_context cx = { 0 };

	(void)state;
	sk.inode = 4711;
	assert_int_equal(outbuf_open(&out, -1), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		column(names[i])->cell(&out, &sk, &cx);
		assert_string_equal(shown(), "?");
		column(names[i])->value(&out, &sk);
		assert_string_equal(shown(), "null");
	}
	outbuf_close(&out);
}

static void linger_in_every_kind(void **state)
{
	static const struct {
		struct linger_setting linger;
		const char *cell, *value;
	} cases[] = {
		{ { LINGER_UNKNOWN, LINGER_FROM_NOWHERE, false, UNKNOWN }, "?", "null" },
		{ { LINGER_OFF, LINGER_FROM_BPF, false, 0 },
		  "off",
		  "{\"on\":false,\"seconds\":0,\"forever\":false,\"source\":\"bpf\"}" },
		{ { LINGER_ON, LINGER_FROM_BPF, false, 0 },
		  "0s",
		  "{\"on\":true,\"seconds\":0,\"forever\":false,\"source\":\"bpf\"}" },
		{ { LINGER_ON, LINGER_FROM_GETFD, false, 5 },
		  "5s",
		  "{\"on\":true,\"seconds\":5,\"forever\":false,\"source\":\"getfd\"}" },
		{ { LINGER_ON, LINGER_FROM_BPF, true, UNKNOWN },
		  "inf",
		  "{\"on\":true,\"seconds\":null,\"forever\":true,\"source\":\"bpf\"}" },
	};
	struct socket sk = bare(AF_INET, STATE_ESTABLISHED);
	struct cell_context cx = { 0 };

	(void)state;
	assert_int_equal(outbuf_open(&out, -1), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		sk.linger = cases[i].linger;
		column("linger")->cell(&out, &sk, &cx);
		assert_string_equal(shown(), cases[i].cell);
		column("linger")->value(&out, &sk);
		assert_string_equal(shown(), cases[i].value);
	}
	outbuf_close(&out);
}

static void holders_with_hostile_names(void **state)
{
	const struct holder items[] = { { 12, 3, "a\x1b[31m\n", 12 },
					{ 12, 5, "a\x1b[31m\n", 14 },
					{ 13, 7, "b\xff", 13 } };
	struct socket sk = bare(AF_INET, STATE_ESTABLISHED);
	struct cell_context cx = { .all_holders = true };

	(void)state;
	sk.inode = 4711;
	sk.holders = (struct holder_list){ HOLDERS_COMPLETE, 3, items };
	assert_int_equal(outbuf_open(&out, -1), 0);
	column("process")->cell(&out, &sk, &cx);
	assert_string_equal(shown(), "a\\x1b[31m\\x0a/12(fd 3,5) b\\xff/13(fd 7)");
	cx.threads = true;
	column("process")->cell(&out, &sk, &cx);
	assert_string_equal(shown(),
			    "a\\x1b[31m\\x0a/12(fd 3) a\\x1b[31m\\x0a/12:14(fd 5) b\\xff/13(fd 7)");
	cx.all_holders = false;
	column("process")->cell(&out, &sk, &cx);
	assert_string_equal(shown(), "a\\x1b[31m\\x0a/12 +1");
	column("process")->value(&out, &sk);
	assert_string_equal(shown(),
			    "[{\"pid\":12,\"tid\":12,\"comm\":\"a\\u001b[31m\\u000a\",\"fd\":3},"
			    "{\"pid\":12,\"tid\":14,\"comm\":\"a\\u001b[31m\\u000a\",\"fd\":5},"
			    "{\"pid\":13,\"tid\":13,\"comm\":\"b\xef\xbf\xbd\",\"comm_base64\":"
			    "\"Yv8=\",\"fd\":7}]");
	column("references")->value(&out, &sk);
	assert_string_equal(shown(), "3");
	sk.holders = (struct holder_list){ HOLDERS_COMPLETE, 0, NULL };
	column("process")->value(&out, &sk);
	assert_string_equal(shown(), "[]");
	column("references")->value(&out, &sk);
	assert_string_equal(shown(), "null");
	outbuf_close(&out);
}

static void a_risk_that_hangs_on_something_has_a_question_mark(void **state)
{
	struct socket sk = bare(AF_INET, STATE_ESTABLISHED);
	struct cell_context cx = { 0 };

	(void)state;
	assert_int_equal(outbuf_open(&out, -1), 0);
	sk.close.risk = RISK_POSSIBLE;
	sk.close.risk_max = RISK_CERTAIN;
	column("risk")->cell(&out, &sk, &cx);
	assert_string_equal(shown(), "possible?");
	column("risk")->value(&out, &sk);
	assert_string_equal(shown(), "\"possible\"");
	sk.close.risk_max = RISK_POSSIBLE;
	column("risk")->cell(&out, &sk, &cx);
	assert_string_equal(shown(), "possible");
	sk.close.outcomes = OUTCOME_BIT(OUTCOME_FIN) | OUTCOME_BIT(OUTCOME_RESET);
	column("outcome")->value(&out, &sk);
	assert_string_equal(shown(), "null");
	column("outcomes")->value(&out, &sk);
	assert_string_equal(shown(), "[\"fin\",\"reset\"]");
	outbuf_close(&out);
}

#define TABLE_TEST(function) cmocka_unit_test_setup(function, find_table)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(every_column_is_whole),
		TABLE_TEST(names_headers_and_paths_are_unique),
		TABLE_TEST(paths_have_at_most_one_dot),
		TABLE_TEST(columns_of_one_parent_stand_together),
		TABLE_TEST(help_fits_eighty_columns),
		TABLE_TEST(json_has_the_promised_keys),
		TABLE_TEST(needs_are_named),
		TABLE_TEST(parses_the_default),
		TABLE_TEST(keeps_order_and_drops_repeats),
		TABLE_TEST(every_column_is_found_by_any_spelling),
		TABLE_TEST(refuses_unknown_and_empty_names),
		TABLE_TEST(every_column_at_once),
		TABLE_TEST(every_column_shows_every_socket),
		TABLE_TEST(unknown_is_never_a_value),
		TABLE_TEST(linger_in_every_kind),
		TABLE_TEST(holders_with_hostile_names),
		TABLE_TEST(a_risk_that_hangs_on_something_has_a_question_mark),
	};

	return cmocka_run_group_tests_name("column", tests, NULL, NULL);
}
