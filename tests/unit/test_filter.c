/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter's language: how words are read and what binds how, and what is wrong and where.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/tree.h"

/* ---- the shape of the tree ---- */

static void put_shape(const struct node *node, char *out, size_t size)
{
	static const char *const ops[OP_COUNT] = { "=", "!=", "<", "<=", ">", ">=" };
	static const char *const joints[] = {
		[NODE_AND] = "and", [NODE_OR] = "or", [NODE_NOT] = "not"
	};
	size_t used;

	if (node->kind == NODE_TEST) {
		used = strlen(out);
		if (node->predicate->flag)
			snprintf(out + used, size - used, "%s", node->predicate->word);
		else
			snprintf(out + used, size - used, "%s%s%s", node->predicate->word,
				 ops[node->op], node->word);
		return;
	}
	used = strlen(out);
	snprintf(out + used, size - used, "(%s ", joints[node->kind]);
	put_shape(node->left, out, size);
	if (node->right) {
		strncat(out, " ", size - strlen(out) - 1);
		put_shape(node->right, out, size);
	}
	strncat(out, ")", size - strlen(out) - 1);
}

static struct filter *parse(const char *text)
{
	struct filter_error error = { 0 };
	struct filter *filter;

	if (filter_parse(&filter, text, &error) != 0)
		fail_msg("'%s': column %zu: %s", text, error.column, error.text);
	return filter;
}

struct shape {
	const char *text, *shape;
};

static void assert_shapes(const struct shape *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct filter *filter = parse(rows[i].text);
		char shape[512] = "";

		if (filter)
			put_shape(filter->root, shape, sizeof(shape));
		if (strcmp(shape, rows[i].shape) != 0)
			fail_msg("'%s' is read as %s, not as %s", rows[i].text, shape,
				 rows[i].shape);
		filter_free(filter);
	}
}

static void or_binds_weakest_and_not_strongest(void **state)
{
	static const struct shape rows[] = {
		{ "pid 1 or pid 2 and pid 3", "(or pid=1 (and pid=2 pid=3))" },
		{ "pid 1 and pid 2 or pid 3", "(or (and pid=1 pid=2) pid=3)" },
		{ "pid 1 or pid 2 pid 3", "(or pid=1 (and pid=2 pid=3))" },
		{ "pid 1 pid 2 or pid 3 pid 4", "(or (and pid=1 pid=2) (and pid=3 pid=4))" },
		{ "pid 1 and pid 2 pid 3", "(and (and pid=1 pid=2) pid=3)" },
		{ "pid 1 or pid 2 or pid 3", "(or (or pid=1 pid=2) pid=3)" },
		{ "not pid 1 and pid 2", "(and (not pid=1) pid=2)" },
		{ "not pid 1 pid 2", "(and (not pid=1) pid=2)" },
		{ "not pid 1 or pid 2", "(or (not pid=1) pid=2)" },
		{ "pid 1 not pid 2", "(and pid=1 (not pid=2))" },
		{ "not not pid 1", "(not (not pid=1))" },
		{ "not (pid 1 and pid 2)", "(not (and pid=1 pid=2))" },
		{ "(pid 1 or pid 2) and pid 3", "(and (or pid=1 pid=2) pid=3)" },
		{ "(pid 1 or pid 2) pid 3", "(and (or pid=1 pid=2) pid=3)" },
		{ "pid 1 (pid 2 or pid 3)", "(and pid=1 (or pid=2 pid=3))" },
		{ "((pid 1))", "pid=1" },
		{ "( ( pid 1 ) or ( pid 2 ) )", "(or pid=1 pid=2)" },
	};

	(void)state;
	assert_shapes(rows, COUNT(rows));
}

static void words_and_symbols_mean_the_same(void **state)
{
	static const struct shape rows[] = {
		{ "pid=1&&pid=2||!pid=3", "(or (and pid=1 pid=2) (not pid=3))" },
		{ "pid = 1 & pid == 2 | ! pid eq 3", "(or (and pid=1 pid=2) (not pid=3))" },
		{ "pid 1 AND pid 2 Or NOT pid 3", "(or (and pid=1 pid=2) (not pid=3))" },
		{ "PID 1 Recvq GT 5", "(and pid=1 recvq>5)" },
		{ "recvq<1", "recvq<1" },
		{ "recvq lt 1", "recvq<1" },
		{ "recvq<=1", "recvq<=1" },
		{ "recvq le 1 recvq leq 2", "(and recvq<=1 recvq<=2)" },
		{ "recvq>1", "recvq>1" },
		{ "recvq>=1", "recvq>=1" },
		{ "recvq ge 1 recvq geq 2", "(and recvq>=1 recvq>=2)" },
		{ "pid!=1", "pid!=1" },
		{ "pid ne 1 pid neq 2", "(and pid!=1 pid!=2)" },
		{ "!(pid=1|pid=2)", "(not (or pid=1 pid=2))" },
		{ "!autobound", "(not autobound)" },
		{ "not autobound sport = 1", "(and (not autobound) sport=1)" },
		{ "  pid\t1\npid 2  ", "(and pid=1 pid=2)" },
		{ "excl listening", "exclude=listening" },
	};

	(void)state;
	assert_shapes(rows, COUNT(rows));
}

/* What a word is depends on where it stands. */
static void a_value_may_look_like_any_word(void **state)
{
	static const struct shape rows[] = {
		{ "comm not", "comm=not" },
		{ "comm = and", "comm=and" },
		{ "comm or or comm and and comm not", "(or comm=or (and comm=and comm=not))" },
		{ "comm state", "comm=state" },
		{ "comm = eq", "comm=eq" },
		{ "comm eq eq", "comm=eq" },
		{ "comm eq not and not comm ne gt", "(and comm=not (not comm!=gt))" },
		{ "comm a*b?[c]", "comm=a*b?[c]" },
		{ "cgroup /a/b.c-d_e:f", "cgroup=/a/b.c-d_e:f" },
		{ "src /run/a,b;c", "src=/run/a,b;c" },
	};

	(void)state;
	assert_shapes(rows, COUNT(rows));
}

static void states_side_by_side_are_either(void **state)
{
	static const struct shape rows[] = {
		{ "state closing state listen", "(or state=closing state=listen)" },
		{ "state closing state listen state close",
		  "(or (or state=closing state=listen) state=close)" },
		{ "state closing state listen pid 1",
		  "(and (or state=closing state=listen) pid=1)" },
		{ "state closing and state listen", "(and state=closing state=listen)" },
		{ "state closing pid 1 state listen",
		  "(and (and state=closing pid=1) state=listen)" },
		{ "state closing state != listen", "(and state=closing state!=listen)" },
		{ "state connected exclude closing", "(and state=connected exclude=closing)" },
		{ "exclude closing exclude listen", "(and exclude=closing exclude=listen)" },
		{ "state closing not state listen", "(and state=closing (not state=listen))" },
		{ "not state closing state listen", "(and (not state=closing) state=listen)" },
	};

	(void)state;
	assert_shapes(rows, COUNT(rows));
}

static void nothing_selects_everything(void **state)
{
	static const char *const texts[] = { "", " ", "\t \n" };
	struct socket sk;
	uint32_t states = 1;

	(void)state;
	socket_init(&sk);
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_null(parse(texts[i]));
	assert_int_equal(filter_match(NULL, &sk), TRI_YES);
	assert_int_equal(filter_needs(NULL), 0);
	assert_false(filter_states(NULL, &states));
	filter_free(NULL);
}

/* ---- what is wrong, and where ---- */

static const struct {
	const char *text;
	size_t column; /* from 0 */
	const char *says[3];
} wrong[] = {
	{ "sprot = 80", 0, { "unknown word 'sprot'", "did you mean 'sport'?" } },
	{ "pid 1 and stat listen", 10, { "unknown word 'stat'", "'state'" } },
	{ "pid 1 xyzzy 3", 6, { "unknown word 'xyzzy'" } },
	{ "pid 1 nto pid 2", 6, { "unknown word 'nto'", "did you mean 'not'?" } },
	{ "pid 1 adn pid 2", 6, { "unknown word 'adn'", "did you mean 'and'?" } },
	{ "risk = lkely", 7, { "unknown risk 'lkely'", "'likely'" } },
	{ "reason unraed-data", 7, { "unknown reason", "'unread-data'" } },
	{ "comm \"a b", 5, { "the quotes are not closed" } },
	{ "comm \"a\"b", 8, { "unknown word 'b'" } },
	{ "netid tpc", 6, { "unknown netid 'tpc'", "'tcp'" } },
	{ "state close-wiat", 6, { "unknown state 'close-wiat'", "'close_wait'" } },
	{ "state conected", 6, { "unknown state", "'connected'" } },
	{ "exclude lisen", 8, { "unknown state", "'listen'" } },
	{ "state 7", 6, { "unknown state '7'" } },
	{ "pid x", 4, { "'pid' wants a number, not 'x'" } },
	{ "pid and 1", 4, { "'pid' wants a number, not 'and'" } },
	{ "pid -1", 4, { "'pid' wants a number, not '-1'" } },
	{ "pid", 3, { "'pid' wants a number" } },
	{ "pid =", 5, { "'pid' wants a number" } },
	{ "pid = )", 6, { "'pid' wants a number" } },
	{ "pid = = 1", 6, { "'pid' wants a number" } },
	{ "pid > 1", 4, { "'pid' takes = or != only" } },
	{ "dst  <= 10.0.0.1", 5, { "'dst' takes = or != only" } },
	{ "linger < off", 7, { "'linger off' takes = or != only" } },
	{ "sport = 65536", 8, { "'65536' is no port from 0 to 65535 (a vsock port" } },
	{ "sport = :-1", 8, { "'-1' is neither a port" } },
	{ "dport = nosuchservice", 8, { "'nosuchservice' is neither a port" } },
	{ "sport = *", 8, { "'sport' wants a port number" } },
	{ "src 10.0.0.1/33", 4, { "the prefix is no length for that address: '10.0.0.1/33'" } },
	{ "src [::1]/129", 4, { "the prefix is no length" } },
	{ "src 10.0.0.1:http:80", 4, { "neither an address nor a host name" } },
	{ "src 10.0.0.1:nosuchport", 4, { "the port is neither a number nor a service name" } },
	{ "src [::1]junk", 4, { "not of the form ADDRESS/PREFIX:PORT or [IPv6]:PORT" } },
	{ "src [::1", 4, { "not of the form" } },
	{ "src 10.1", 4, { "neither an address nor a host name" } },
	{ "src fe80::1%lo", 4, { "neither an address" } },
	{ "src nosuchhost.invalid", 4, { "neither an address nor a host name that resolves" } },
	{ "src many.example", 4, { "neither an address nor a host name" } },
	{ "src inet6:one.example", 4, { "neither an address nor a host name" } },
	{ "src inet6:10.0.0.1", 4, { "neither an address nor a host name" } },
	{ "src inet:[::1]", 4, { "neither an address nor a host name" } },
	{ "dev nosuchdevice0", 4, { "there is no device 'nosuchdevice0'" } },
	{ "user nosuchuser0", 5, { "there is no user 'nosuchuser0'" } },
	{ "recvq > 4q", 8, { "'recvq' wants a size such as 4096 or 64k, not '4q'" } },
	{ "recvq > 0.5", 8, { "'recvq' wants a size" } },
	{ "idle > 5w", 7, { "'idle' wants a time such as 30s or 5m, not '5w'" } },
	{ "linger 1500ms", 7, { "whole seconds, not '1500ms'" } },
	{ "cookie xyz", 7, { "'cookie' wants a cookie, in hexadecimal, not 'xyz'" } },
	{ "fwmark 1/x", 7, { "'fwmark' wants a mark" } },
	{ "autobound = 1", 10, { "unexpected '= 1'" } },
	{ "(pid 1", 6, { "the expression ends too early" } },
	{ "pid 1)", 5, { "unexpected ')'" } },
	{ "()", 1, { "unexpected ')'" } },
	{ "pid 1 and", 9, { "the expression ends too early" } },
	{ "and pid 1", 0, { "unexpected 'and pid 1'" } },
	{ "pid 1 or or pid 2", 9, { "unexpected 'or pid 2'" } },
	{ "not", 3, { "the expression ends too early" } },
	{ "= 1", 0, { "unexpected '= 1'" } },
	{ "pid 1 &&& pid 2", 8, { "unexpected '& pid 2'" } },
};

static void errors_name_the_place_and_what_would_be_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct filter_error error = { 0 };
		struct filter *filter = (struct filter *)&error;

		assert_int_equal(filter_parse(&filter, wrong[i].text, &error), -EINVAL);
		assert_null(filter);
		if (error.column != wrong[i].column)
			fail_msg("'%s': column %zu instead of %zu (%s)", wrong[i].text,
				 error.column, wrong[i].column, error.text);
		for (size_t j = 0; j < COUNT(wrong[i].says) && wrong[i].says[j]; j++)
			if (!strstr(error.text, wrong[i].says[j]))
				fail_msg("'%s': \"%s\" does not say \"%s\"", wrong[i].text,
					 error.text, wrong[i].says[j]);
		if (strchr(error.text, '\n') || !error.text[0])
			fail_msg("'%s': not one line", wrong[i].text);
	}
	assert_true(COUNT(wrong) >= 25);
}

static char *repeated(const char *part, size_t times, const char *last)
{
	char *text = calloc(times + 1, strlen(part) + strlen(last) + 1);

	assert_non_null(text);
	for (size_t i = 0; i < times; i++)
		memcpy(text + i * strlen(part), part, strlen(part));
	strcat(text, last);
	return text;
}

static void endless_expressions_are_refused(void **state)
{
	static const struct {
		const char *part, *last;
		size_t times;
		int result;
	} rows[] = {
		{ "pid 1 or ", "pid 1", 127, 0 },      { "pid 1 or ", "pid 1", 128, -EINVAL },
		{ "not ", "pid 1", 255, 0 },           { "not ", "pid 1", 256, -EINVAL },
		{ "(", "pid 1", 20000, -EINVAL },      { "!", "pid 1", 100000, -EINVAL },
		{ "pid 1 and ", "", 100000, -EINVAL }, { "x", "", 100000, -EINVAL },
		{ "src ", "", 10000, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = repeated(rows[i].part, rows[i].times, rows[i].last);
		struct filter_error error = { 0 };
		struct filter *filter;

		assert_int_equal(filter_parse(&filter, text, &error), rows[i].result);
		assert_true(error.column <= strlen(text));
		filter_free(filter);
		free(text);
	}
}

/* Any bytes: never a crash, an error without words, or a column outside. */
static void noise_is_refused_with_a_word(void **state)
{
	static const char *const parts[] = { "pid", "state", "src",         "1",      "::1", "*",
					     "(",   ")",     "!",           "=",      "<=",  "or",
					     "and", " ",     "/8",          ":80",    "[",   "]",
					     "not", "\t",    "established", "linger", "off", "\x80",
					     ".",   "@",     "&",           "exclude" };
	uint64_t random = UINT64_C(0x9E3779B97F4A7C15);
	unsigned long right = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct filter_error error = { 0 };
		struct filter *filter;
		char text[128] = "";

		for (size_t n = next_random(&random) % 9; n; n--) {
			strcat(text, parts[(next_random(&random) >> 16) % COUNT(parts)]);
			strcat(text, next_random(&random) & 256 ? " " : "");
		}
		if (filter_parse(&filter, text, &error) == 0)
			right++;
		else if (!error.text[0] || error.column > strlen(text))
			fail_msg("'%s': \"%s\" at %zu", text, error.text, error.column);
		filter_free(filter);
	}
	assert_true(right > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(or_binds_weakest_and_not_strongest),
		cmocka_unit_test(words_and_symbols_mean_the_same),
		cmocka_unit_test(a_value_may_look_like_any_word),
		cmocka_unit_test(states_side_by_side_are_either),
		cmocka_unit_test(nothing_selects_everything),
		cmocka_unit_test(errors_name_the_place_and_what_would_be_right),
		cmocka_unit_test(endless_expressions_are_refused),
		cmocka_unit_test(noise_is_refused_with_a_word),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
