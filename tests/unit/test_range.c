/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges: the examples of the Monitoring Plugins guidelines, both borders of each, everything
 * that is refused, and values of which only bounds are known. test_range --oracle prints verdicts
 * over a generated set, for tests/cli/range-oracle.bats.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/range.h"

static struct range parsed(const char *text)
{
	struct range range;
	const char *why = NULL;

	if (range_parse(&range, text, &why))
		fail_msg("'%s' was refused: %s", text, why);
	return range;
}

/* The table of examples in the guidelines, with both neighbours of each border. */
static void alerts_as_the_guidelines_say(void **state)
{
	static const struct {
		const char *range;
		double value;
		bool alerts;
	} cases[] = {
		{ "10", -0.5, true },      { "10", 0, false },         { "10", 10, false },
		{ "10", 10.001, true },    { "10:", 9.999, true },     { "10:", 10, false },
		{ "10:", 1e15, false },    { "~:10", -1e15, false },   { "~:10", 10, false },
		{ "~:10", 11, true },      { "10:20", 9, true },       { "10:20", 10, false },
		{ "10:20", 20, false },    { "10:20", 21, true },      { "@10:20", 9, false },
		{ "@10:20", 10, true },    { "@10:20", 20, true },     { "@10:20", 21, false },
		{ ":10", -1, true },       { ":10", 10, false },       { "0", 0, false },
		{ "0", 1, true },          { "1.5:2.25", 1.49, true }, { "1.5:2.25", 2.25, false },
		{ "-20:-10", -15, false }, { "-20:-10", -9, true },    { "@~:0", -3, true },
		{ "@~:0", 1, false },      { "@5:", 5, true },         { "@5:", 4, false },
		{ "~:", 5, false },        { "@~:", 5, true },         { ".5", 0.4, false },
		{ "+3", 4, true },         { "5:5", 5, false },        { "5:5", 6, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct range range = parsed(cases[i].range);

		if (range_alerts(&range, cases[i].value) != cases[i].alerts)
			fail_msg("%s of %g: not %d", cases[i].range, cases[i].value,
				 cases[i].alerts);
	}
}

static void refuses_what_is_no_range(void **state)
{
	static const char *const texts[] = {
		"",       ":",
		"@",      "@:",
		"~",      "@~",
		"10:~",   "20:10",
		"-10",    "ten",
		"10k",    "10%",
		"1e3",    "0x10",
		"inf",    "nan",
		".",      "-",
		"10::",   "10:2:",
		"10:20s", "@@10",
		" 10",    "10 ",
		"10: 20", "~10",
		"~~:10",  "--1",
		"1..2",   "1,5",
		"10;",    "10:@20",
		"10-20",  "1111111111111111111111111111111111111111111111111111111111111111111111",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct range range;
		const char *why = NULL;

		if (range_parse(&range, texts[i], &why) != -EINVAL)
			fail_msg("'%s' was taken", texts[i]);
		assert_non_null(why);
		assert_true(strlen(why) > 10);
	}
}

static void keeps_what_was_typed(void **state)
{
	(void)state;
	assert_string_equal(parsed("@10:20").text, "@10:20");
	assert_string_equal(parsed("007").text, "007");
}

static void bounds_decide_where_they_can(void **state)
{
	static const struct {
		const char *range;
		double least, most;
		enum tri verdict;
	} cases[] = {
		{ "10", 0, 10, TRI_NO },           { "10", 0, 11, TRI_UNKNOWN },
		{ "10", 11, 20, TRI_YES },         { "10", 10, 10, TRI_NO },
		{ "10:20", 5, 9, TRI_YES },        { "10:20", 5, 10, TRI_UNKNOWN },
		{ "10:20", 5, 25, TRI_UNKNOWN },   { "@10:20", 5, 9, TRI_NO },
		{ "@10:20", 10, 20, TRI_YES },     { "@10:20", 5, 25, TRI_UNKNOWN },
		{ "@10:20", 20, 21, TRI_UNKNOWN }, { "~:", 0, 1e9, TRI_NO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct range range = parsed(cases[i].range);

		if (range_alerts_between(&range, cases[i].least, cases[i].most) != cases[i].verdict)
			fail_msg("%s of %g to %g: not %d", cases[i].range, cases[i].least,
				 cases[i].most, cases[i].verdict);
	}
}

/* A known value is its own bounds. */
static void bounds_of_one_value_agree_with_it(void **state)
{
	uint64_t x = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[RANGE_TEXT_MAX];
		double start = (double)(next_random(&x) % 40) / 4 - 5;
		double end = start + (double)(next_random(&x) % 40) / 4;
		double value = (double)(next_random(&x) % 80) / 4 - 8;
		struct range range;

		snprintf(text, sizeof(text), "%s%.2f:%.2f", next_random(&x) % 2 ? "@" : "", start,
			 end);
		range = parsed(text);
		assert_int_equal(range_alerts_between(&range, value, value),
				 range_alerts(&range, value) ? TRI_YES : TRI_NO);
	}
}

/* --- for the oracle: `RANGE VALUE 0|1`, one a line ----------------------------------------- */

static void random_number(char *text, size_t size, uint64_t *x)
{
	static const char *const forms[] = { "%.0f", "%.1f", "%.3f", "%.0f" };
	double number = (double)(next_random(x) % 4001) / 8 - 100;

	snprintf(text, size, forms[next_random(x) % COUNT(forms)], number);
}

static void random_range(char *text, size_t size, uint64_t *x)
{
	char start[24], end[24];
	const char *at = next_random(x) % 3 ? "" : "@";

	random_number(start, sizeof(start), x);
	random_number(end, sizeof(end), x);
	switch (next_random(x) % 5) {
	case 0:
		snprintf(text, size, "%s%s", at, end);
		break;
	case 1:
		snprintf(text, size, "%s%s:", at, start);
		break;
	case 2:
		snprintf(text, size, "%s~:%s", at, end);
		break;
	default:
		snprintf(text, size, "%s%s:%s", at, start, end);
	}
}

/* A third of the values stand on a border. */
static double random_value(const struct range *range, uint64_t *x)
{
	uint64_t choice = next_random(x) % 6;

	if (choice == 0 && range->start > -1e9)
		return range->start;
	if (choice == 1 && range->end < 1e9)
		return range->end;
	return (double)(next_random(x) % 8001) / 16 - 120;
}

static int print_for_oracle(unsigned long count)
{
	uint64_t x = 2463534242u;

	while (count--) {
		struct range range;
		const char *why;
		char text[RANGE_TEXT_MAX];
		double value;

		random_range(text, sizeof(text), &x);
		if (range_parse(&range, text, &why)) {
			printf("%s - refused\n", text);
			continue;
		}
		value = random_value(&range, &x);
		printf("%s %.17g %d\n", text, value, range_alerts(&range, value));
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alerts_as_the_guidelines_say),
		cmocka_unit_test(refuses_what_is_no_range),
		cmocka_unit_test(keeps_what_was_typed),
		cmocka_unit_test(bounds_decide_where_they_can),
		cmocka_unit_test(bounds_of_one_value_agree_with_it),
	};

	if (argc == 3 && strcmp(argv[1], "--oracle") == 0)
		return print_for_oracle(strtoul(argv[2], NULL, 10));
	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
