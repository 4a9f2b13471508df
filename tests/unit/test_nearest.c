/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suggestions: near words are found, far ones are not offered.
 */
#include "config.h"

#include "unit/unit.h"

#include <string.h>

#include "base/nearest.h"

static const char *const options[] = {
	"all",     "listening", "tcp",  "ipv4",   "ipv6",  "risk",   "numeric", "resolve",
	"columns", "no-header", "json", "format", "color", "linger", "read",    "help",
};

static const char *near_option(const char *typed)
{
	return nearest_word(typed, options, COUNT(options), sizeof(*options));
}

static void finds_near_words(void **state)
{
	static const struct {
		const char *typed, *meant;
	} cases[] = {
		{ "json", "json" },
		{ "jsno", "json" }, /* neighbours swapped */
		{ "colour", "color" },
		{ "colr", "color" }, /* one more, one less */
		{ "kolor", "color" },
		{ "numerical", "numeric" },
		{ "colums", "columns" },
		{ "lisetning", "listening" },
		{ "no-headers", "no-header" },
		{ "noheader", "no-header" },
		{ "fromat", "format" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *found = near_option(cases[i].typed);

		if (!found || strcmp(found, cases[i].meant) != 0)
			fail_msg("'%s': %s", cases[i].typed, found ? found : "nothing");
	}
}

static void the_beginning_of_a_word_is_near(void **state)
{
	(void)state;
	assert_string_equal(near_option("lin"), "linger");
	assert_string_equal(near_option("listen"), "listening");
	assert_string_equal(near_option("RES"), "resolve");
}

static void of_equals_the_one_that_begins_alike(void **state)
{
	static const char *const names[] = { "ftp", "http", "htcp" };

	(void)state;
	assert_string_equal(nearest_word("htp", names, COUNT(names), sizeof(*names)), "http");
}

static void letter_case_does_not_count(void **state)
{
	(void)state;
	assert_string_equal(near_option("JSON"), "json");
	assert_string_equal(near_option("CoLuMn"), "columns");
}

static void far_words_are_not_offered(void **state)
{
	static const char *const typed[] = { "xyz",          "zzzzzz", "state", "dport",
					     "qqqqqqqqqqqq", "jxxn",   "",      "=" };

	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++) {
		const char *found = near_option(typed[i]);

		if (found)
			fail_msg("'%s': offers %s", typed[i], found);
	}
}

/* A third of six letters is two; three are too many. */
static void a_third_of_the_letters_may_change(void **state)
{
	static const char *const words[] = { "abcdef" };

	(void)state;
	assert_non_null(nearest_word("abcdxx", words, 1, sizeof(*words)));
	assert_non_null(nearest_word("xbcdex", words, 1, sizeof(*words)));
	assert_null(nearest_word("xbxdex", words, 1, sizeof(*words)));
}

static void a_short_word_must_fit(void **state)
{
	static const char *const words[] = { "ab", "all", "x" };

	(void)state;
	assert_null(nearest_word("b", words, 3, sizeof(*words)));
	assert_null(nearest_word("cb", words, 3, sizeof(*words)));
	assert_string_equal(nearest_word("al1", words, 3, sizeof(*words)), "all");
}

static void prefers_the_nearest(void **state)
{
	static const char *const words[] = { "closing", "close_wait", "close" };

	(void)state;
	assert_string_equal(nearest_word("clsoe", words, 3, sizeof(*words)), "close");
	assert_string_equal(nearest_word("closign", words, 3, sizeof(*words)), "closing");
}

static void walks_a_table_by_its_stride(void **state)
{
	static const struct {
		const char *name;
		int number;
		char padding[13];
	} table[] = { { "first", 1, "" }, { NULL, 2, "" }, { "second", 3, "" } };

	(void)state;
	assert_ptr_equal(nearest_word("secnd", table, COUNT(table), sizeof(*table)), table[2].name);
	assert_null(nearest_word("first", table, 0, sizeof(*table)));
}

static void survives_long_words(void **state)
{
	static const char *const words[] = {
		"json",
		"a-word-of-exactly-forty-letters-is-this-",
		"a-word-that-is-longer-than-any-option-will-ever-be-in-this-program",
	};
	char typed[4096];

	(void)state;
	memset(typed, 'j', sizeof(typed) - 1);
	typed[sizeof(typed) - 1] = '\0';
	assert_null(nearest_word(typed, words, COUNT(words), sizeof(*words)));
	assert_string_equal(nearest_word("a-word-of-exactly-forty-letters-is-that-", words,
					 COUNT(words), sizeof(*words)),
			    words[1]);
}

static void takes_any_byte(void **state)
{
	(void)state;
	assert_null(near_option("\xff\xfe\x80\x01"));
	assert_string_equal(near_option("js\xf6n"), "json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_near_words),
		cmocka_unit_test(the_beginning_of_a_word_is_near),
		cmocka_unit_test(of_equals_the_one_that_begins_alike),
		cmocka_unit_test(letter_case_does_not_count),
		cmocka_unit_test(far_words_are_not_offered),
		cmocka_unit_test(a_third_of_the_letters_may_change),
		cmocka_unit_test(a_short_word_must_fit),
		cmocka_unit_test(prefers_the_nearest),
		cmocka_unit_test(walks_a_table_by_its_stride),
		cmocka_unit_test(survives_long_words),
		cmocka_unit_test(takes_any_byte),
	};

	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
