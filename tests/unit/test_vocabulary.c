/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables that completion is made of: every command shows its options, every argument has
 * words or a reason to have none, and what is offered is taken.
 */
#include "config.h"

#include "unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/vocabulary.h"
#include "filter/filter.h"

static void every_command_shows_its_options(void **state)
{
	unsigned int n;
	const struct command *const *commands = command_table(&n);

	(void)state;
	assert_true(n > 1);
	for (unsigned int i = 0; i < n; i++)
		if (!commands[i]->options || !commands[i]->summary)
			fail_msg("the command '%s' has no .options or .summary for completion",
				 commands[i]->name);
}

/* A name without a row would be completed with nothing, and nobody would see why. */
static void every_argument_has_a_row(void **state)
{
	unsigned int n;
	const struct command *const *commands = command_table(&n);

	(void)state;
	for (unsigned int c = 0; c < n; c++) {
		const struct option_row *row;

		for (size_t i = 0; (row = options_row(commands[c]->options, i)); i++)
			if (row->arg && !vocabulary_find(row->arg))
				fail_msg("--%s=%s: '%s' has no row in src/cmd/vocabulary.c",
					 row->name, row->arg, row->arg);
	}
}

static bool seen_before(const struct word_list *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(list->word(k), list->word(i)) == 0)
			return true;
	return false;
}

static void words_are_unique_and_plain(void **state)
{
	const struct word_list *list;
	const char *name;

	(void)state;
	for (size_t v = 0; (name = vocabulary_at(v, &list)); v++) {
		size_t i;

		assert_ptr_equal(vocabulary_find(name), list);
		assert_int_equal(list->source == WORDS_FIXED, list->word != NULL);
		if (list->source != WORDS_FIXED)
			continue;
		for (i = 0; list->word(i); i++) {
			assert_false(seen_before(list, i));
			/* A shell's script holds them between spaces. */
			assert_null(strpbrk(list->word(i), " \t\n'\"\\$`"));
			assert_true(*list->word(i));
		}
		assert_true(i > 0);
	}
}

static void brackets_do_not_count(void **state)
{
	(void)state;
	assert_non_null(vocabulary_find("WHEN"));
	assert_ptr_equal(vocabulary_find("[WHEN]"), vocabulary_find("WHEN"));
	assert_null(vocabulary_find("WHE"));
	assert_null(vocabulary_find("WHENEVER"));
	assert_null(vocabulary_find(""));
}

static void a_word_is_picked_in_any_case(void **state)
{
	size_t i = 99;

	(void)state;
	assert_int_equal(vocabulary_pick("--color", "WHEN", "Never", &i), 0);
	assert_int_equal(i, 2);
	assert_int_equal(vocabulary_pick("--linger", "HOW", "getfd", &i), 0);
	assert_int_equal(i, 2);
}

/* What is offered behind a predicate must be taken there. */
static void offered_filter_words_parse(void **state)
{
	struct word_list list;
	const char *predicate;
	unsigned int tried = 0;

	(void)state;
	for (size_t p = 0; (predicate = filter_predicate_word(p, &list)); p++) {
		for (size_t i = 0; list.word && list.word(i); i++) {
			struct filter_error error = { 0 };
			struct filter *filter;
			char text[128];

			snprintf(text, sizeof(text), "%s = %s", predicate, list.word(i));
			if (filter_parse(&filter, text, &error))
				fail_msg("%s: %s", text, error.text);
			filter_free(filter);
			tried++;
		}
	}
	assert_true(tried > 40);
}

static void offered_joining_words_join(void **state)
{
	struct filter_error error = { 0 };
	struct filter *filter;
	size_t n = 0;

	(void)state;
	for (; filter_joining_word(n); n++)
		;
	assert_int_equal(n, 3);
	assert_string_equal(filter_joining_word(2), "not");
	for (size_t i = 0; i < n; i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s %s recvq > 0", i < 2 ? "sendq > 0" : "",
			 filter_joining_word(i));
		assert_int_equal(filter_parse(&filter, text, &error), 0);
		filter_free(filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_shows_its_options),
		cmocka_unit_test(every_argument_has_a_row),
		cmocka_unit_test(words_are_unique_and_plain),
		cmocka_unit_test(brackets_do_not_count),
		cmocka_unit_test(a_word_is_picked_in_any_case),
		cmocka_unit_test(offered_filter_words_parse),
		cmocka_unit_test(offered_joining_words_join),
	};

	return cmocka_run_group_tests_name("vocabulary", tests, NULL, NULL);
}
