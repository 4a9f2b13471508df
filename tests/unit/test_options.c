/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line that hints repeat: a shell reads it back as it was given, or it is cut.
 */
#include "config.h"

#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"

static const struct {
	const char *word, *joined;
} words[] = {
	{ "-a", "me check -a" },
	{ "", "me check ''" },
	{ "linger = 0", "me check 'linger = 0'" },
	{ "comm it's", "me check 'comm it'\\''s'" },
	{ "'", "me check ''\\'''" },
	{ "''", "me check ''\\'''\\'''" },
	{ "$(x)", "me check '$(x)'" },
};

static void what_a_shell_would_read_otherwise_is_quoted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		char me[] = "me", word[32], line[64];
		char *argv[] = { me, word };

		snprintf(word, sizeof(word), "%s", words[i].word);
		options_join(line, sizeof(line), "check", 2, argv);
		assert_string_equal(line, words[i].joined);
	}
}

/* Whatever the room: a whole line, or one that ends in dots; never a half word. */
static void a_line_that_is_too_long_is_cut_between_words(void **state)
{
	char me[] = "me", one[] = "it's", two[] = "plain", line[64];
	char *argv[] = { me, one, two };
	const char *whole = "me 'it'\\''s' plain";

	(void)state;
	for (size_t size = 6; size < sizeof(line); size++) {
		memset(line, '#', sizeof(line));
		options_join(line, size, "", 3, argv);
		assert_in_range(strlen(line), 3, size - 1);
		assert_int_equal(line[size], '#');
		if (size > strlen(whole))
			assert_string_equal(line, whole);
		else
			assert_string_equal(line + strlen(line) - 3, "...");
	}
}

static void a_value_that_stands_apart_is_found(void **state)
{
	const struct option_table *list = command_list.options, *check = command_check.options;

	(void)state;
	assert_string_equal(options_taking(list, "certain"), "risk");
	assert_string_equal(options_taking(list, "Always"), "color");
	/* A word of --linger, whose value cannot be left out. */
	assert_null(options_taking(list, "getfd"));
	assert_null(options_taking(list, ""));
	assert_null(options_taking(check, "certain"));
	assert_non_null(options_find(list, "tcp"));
	assert_null(options_find(list, "tc"));
	assert_null(options_find(check, "risk"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_shell_would_read_otherwise_is_quoted),
		cmocka_unit_test(a_line_that_is_too_long_is_cut_between_words),
		cmocka_unit_test(a_value_that_stands_apart_is_found),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
