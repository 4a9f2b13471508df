/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the tables that the command line is made of, for what is generated from them: shell
 * completion, and tests that compare the manual page. One record a line, fields between tabs:
 *
 *   command   NAME SUMMARY
 *   first     COMMAND WORD HELP              what else the first word may be
 *   option    COMMAND --NAME -LETTER ARGUMENT HELP
 *   argument  NAME SOURCE MANY PREFIX        SOURCE as in base/wordlist.h, MANY: 1 or 0
 *   word      ARGUMENT WORD HELP
 *   predicate WORD SOURCE                    of the filter
 *   value     PREDICATE WORD HELP
 *   joining   WORD                           and, or, not
 *   column    NAME HEADER JSON HELP
 *   json      VOCABULARY WORD                as JSON writes it
 *   detail    COLUMN KEY KIND                a key of that column's object
 */
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/vocabulary.h"
#include "filter/filter.h"
#include "model/reason.h"
#include "present/column.h"
#include "source/details.h"

static const char *const sources[] = {
	[WORDS_NONE] = "none", [WORDS_FREE] = "free",   [WORDS_FIXED] = "fixed",
	[WORDS_FILE] = "file", [WORDS_NETNS] = "netns", [WORDS_DEVICE] = "device",
	[WORDS_USER] = "user",
};

static void print_words(const char *record, const char *name, const struct word_list *list)
{
	for (size_t i = 0; list && list->word && list->word(i); i++)
		printf("%s\t%s\t%s\t%s\n", record, name, list->word(i),
		       list->help ? list->help(i) : "");
}

static void print_option(const char *command, const struct option_row *row)
{
	char letter[3] = { '-', row->letter, '\0' };

	printf("option\t%s\t--%s\t%s\t%s\t%s\n", command, row->name, row->letter ? letter : "",
	       row->arg ? row->arg : "", row->help);
}

static void print_command(const struct command *command)
{
	const struct option_row *row;

	printf("command\t%s\t%s\n", command->name, command->summary);
	print_words("first", command->name, command->words);
	for (size_t i = 0; command->options && (row = options_row(command->options, i)); i++)
		print_option(command->name, row);
}

static void print_arguments(void)
{
	const struct word_list *list;
	const char *name;

	for (size_t i = 0; (name = vocabulary_at(i, &list)); i++) {
		printf("argument\t%s\t%s\t%d\t%s\n", name, sources[list->source], list->many,
		       list->prefix);
		print_words("word", name, list);
	}
}

static void print_filter(void)
{
	struct word_list values;
	const char *word;

	for (size_t i = 0; (word = filter_predicate_word(i, &values)); i++) {
		printf("predicate\t%s\t%s\n", word, sources[values.source]);
		print_words("value", word, &values);
	}
	for (size_t i = 0; (word = filter_joining_word(i)); i++)
		printf("joining\t%s\n", word);
}

static void print_columns(void)
{
	size_t n;
	const struct column *columns = column_table(&n);

	for (size_t i = 0; i < n; i++)
		printf("column\t%s\t%s\t%s\t%s\n", columns[i].name, columns[i].header,
		       columns[i].json, columns[i].help);
}

#define PRINT_JSON(vocabulary, name, first, count) \
	for (int i = (first); i < (count); i++)    \
	printf("json\t%s\t%s\n", vocabulary, name(i))

static void print_json(void)
{
	PRINT_JSON("netid", netid_name, 0, NETID_COUNT);
	PRINT_JSON("state", state_json_name, STATE_ESTABLISHED, STATE_COUNT);
	PRINT_JSON("risk", risk_name, 0, RISK_COUNT);
	PRINT_JSON("outcome", outcome_name, 0, OUTCOME_COUNT);
	PRINT_JSON("reason", reason_name, 0, REASON_COUNT);
}

static void print_detail(void *ctx, const char *group, const struct detail *what)
{
	static const char *const kinds[] = {
		[DETAIL_NUMBER] = "number", [DETAIL_FLAG] = "flag",       [DETAIL_WORD] = "word",
		[DETAIL_TEXT] = "text",     [DETAIL_DECIMAL] = "decimal", [DETAIL_HEX] = "hex",
		[DETAIL_WORDS] = "words",   [DETAIL_NUMBERS] = "numbers", [DETAIL_LINES] = "words",
	};

	(void)ctx;
	printf("detail\t%s\t%s\t%s\n", group, what->key, kinds[what->kind]);
}

int main(void)
{
	unsigned int n;
	const struct command *const *commands = command_table(&n);

	for (unsigned int i = 0; i < n; i++)
		print_command(commands[i]);
	print_arguments();
	print_filter();
	print_columns();
	print_json();
	details_names(print_detail, NULL);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
