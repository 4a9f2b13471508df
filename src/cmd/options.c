/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/message.h"
#include "base/nearest.h"
#include "cmd/absent.h"
#include "cmd/cmd.h"
#include "cmd/vocabulary.h"

#define OPTIONS_MAX 128
#define LONG_BASE   256 /* getopt's value for row i is LONG_BASE + i */

const struct option_row *options_row(const struct option_table *table, size_t i)
{
	for (size_t g = 0; g < OPTION_GROUPS; g++) {
		if (i < table->groups[g]->count)
			return &table->groups[g]->rows[i];
		i -= table->groups[g]->count;
	}
	return NULL;
}

static int argument_kind(const struct option_row *row)
{
	if (!row->arg)
		return no_argument;
	return row->arg[0] == '[' ? optional_argument : required_argument;
}

static void make_long(const struct option_table *table, struct option *longs)
{
	const struct option_row *row;
	size_t i;

	for (i = 0; (row = options_row(table, i)); i++)
		longs[i] = (struct option){ .name = row->name,
					    .has_arg = argument_kind(row),
					    .val = LONG_BASE + (int)i };
	longs[i] = (struct option){ 0 };
}

/* The leading ':' makes getopt tell a missing value from an unknown option. */
static void make_short(const struct option_table *table, char *shorts)
{
	const struct option_row *row;

	*shorts++ = ':';
	for (size_t i = 0; (row = options_row(table, i)); i++) {
		if (!row->letter)
			continue;
		*shorts++ = row->letter;
		if (argument_kind(row) == required_argument)
			*shorts++ = ':';
	}
	*shorts = '\0';
}

static const struct option_row *row_of(const struct option_table *table, int value)
{
	const struct option_row *row;

	if (value >= LONG_BASE)
		return options_row(table, (size_t)(value - LONG_BASE));
	for (size_t i = 0; (row = options_row(table, i)); i++)
		if (row->letter == value)
			return row;
	return NULL;
}

const struct option_row *options_find(const struct option_table *table, const char *name)
{
	const struct option_row *row;

	for (size_t i = 0; (row = options_row(table, i)); i++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

static bool is_word_of(const struct option_row *row, const char *word)
{
	const struct word_list *words = vocabulary_find(row->arg);

	for (size_t i = 0; words && words->word && words->word(i); i++)
		if (strcasecmp(words->word(i), word) == 0)
			return true;
	return false;
}

const char *options_taking(const struct option_table *table, const char *word)
{
	const struct option_row *row;

	for (size_t i = 0; (row = options_row(table, i)); i++)
		if (argument_kind(row) == optional_argument && is_word_of(row, word))
			return row->name;
	return NULL;
}

/* The command that has an option which this one has not: by its letter, or else by its name. */
static const char *command_with(const char *name, int letter)
{
	unsigned int n;
	const struct command *const *commands = command_table(&n);

	for (unsigned int i = 0; i < n; i++)
		if (letter ? row_of(commands[i]->options, letter) != NULL
			   : options_find(commands[i]->options, name) != NULL)
			return commands[i]->name;
	return NULL;
}

static bool begins_several(const struct option_table *table, const char *word)
{
	const struct option_row *row;
	unsigned int n = 0;

	for (size_t i = 0; (row = options_row(table, i)); i++)
		n += strncmp(row->name, word, strlen(word)) == 0;
	return n > 1;
}

static void unknown_long(const struct option_table *table, const char *word)
{
	const struct absent_option *absent;
	const char *near = NULL, *other;
	const char *names[OPTIONS_MAX];
	size_t n = 0;
	char name[64];

	for (const struct option_row *row; (row = options_row(table, n)); n++)
		names[n] = row->name;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near = nearest_word(name, names, n, sizeof(*names));
	absent = absent_by_name(name);
	other = command_with(name, 0);
	if (absent)
		message("--%s %s", name, absent->why);
	else if (begins_several(table, name))
		message("option '--%s' is ambiguous; see '%s --help'", name, table->command);
	else if (other)
		message("unknown option '--%s'; the command '%s' has it", name, other);
	else if (near)
		message("unknown option '--%s'; did you mean '--%s'?", name, near);
	else
		message("unknown option '--%s'; see '%s --help'", name, table->command);
}

static void unknown_letter(const struct option_table *table, int letter)
{
	const struct absent_option *absent = absent_by_letter(letter);
	const char *other = command_with("", letter);

	if (absent)
		message("-%c %s", letter, absent->why);
	else if (other)
		message("unknown option '-%c'; the command '%s' has it", letter, other);
	else
		message("unknown option '-%c'; see '%s --help'", letter, table->command);
}

static int refuse(const struct option_table *table, int verdict, char **argv)
{
	const struct option_row *row = optopt ? row_of(table, optopt) : NULL;
	const char *word = argv[optind - 1];

	if (verdict == ':' && row)
		message("option '%s' needs a value: %s", word, row->arg);
	else if (row)
		message("option '--%s' takes no value", row->name);
	else if (optopt && optopt < LONG_BASE)
		unknown_letter(table, optopt);
	else
		unknown_long(table, strncmp(word, "--", 2) == 0 ? word + 2 : word);
	return -EINVAL;
}

int options_parse(const struct option_table *table, int argc, char **argv, void *options, int *rest)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 2];
	const struct option_row *row;
	int value, err;

	make_long(table, longs);
	make_short(table, shorts);
	opterr = 0;
	optind = 0;
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return refuse(table, value, argv);
		row = row_of(table, value);
		err = row ? row->apply(options, optarg) : refuse(table, '?', argv);
		if (err)
			return err;
	}
	*rest = optind;
	return 0;
}

static bool needs_quotes(const char *word)
{
	return !*word || word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_-+=/.,:@%")];
}

/* The part of a word up to its next quote, which a shell takes in no other way than behind a
 * backslash. Returns the new length, `size` or more when it does not fit. */
static size_t join_part(char *line, size_t used, size_t size, const char *part, bool more)
{
	int n = snprintf(line + used, size - used, "%.*s%s", (int)strcspn(part, "'"), part,
			 more ? "'\\''" : "");

	return n < 0 ? size : used + (size_t)n;
}

/* Adds a word to the line. Returns the new length, or `size` when it does not fit. */
static size_t join_word(char *line, size_t used, size_t size, const char *word)
{
	const char *quote = needs_quotes(word) ? "'" : "", *next;
	size_t begin = used;
	int n = snprintf(line + used, size - used, "%s%s", used ? " " : "", quote);

	used += n < 0 ? size : (size_t)n;
	while (used < size && (next = strchr(word, '\''))) {
		used = join_part(line, used, size, word, true);
		word = next + 1;
	}
	if (used < size)
		used = join_part(line, used, size, word, false);
	if (used + strlen(quote) < size) {
		memcpy(line + used, quote, strlen(quote) + 1);
		return used + strlen(quote);
	}
	memcpy(line + (begin < size - 4 ? begin : size - 4), "...", sizeof("..."));
	return size;
}

void options_join(char *line, size_t size, const char *command, int argc, char **argv)
{
	size_t used = join_word(line, 0, size, argv[0]);

	if (*command && used < size)
		used = join_word(line, used, size, command);
	for (int i = 1; i < argc && used < size; i++)
		used = join_word(line, used, size, argv[i]);
}

static void help_row(const struct option_row *row)
{
	char left[40], letter[8] = "    ";

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	if (!row->arg)
		snprintf(left, sizeof(left), "%s--%s", letter, row->name);
	else if (row->arg[0] == '[')
		snprintf(left, sizeof(left), "%s--%s[=%s", letter, row->name, row->arg + 1);
	else
		snprintf(left, sizeof(left), "%s--%s=%s", letter, row->name, row->arg);
	printf("  %-27s %s\n", left, row->help);
}

void options_help(const struct option_table *table)
{
	const struct option_row *row;

	for (size_t i = 0; (row = options_row(table, i)); i++)
		help_row(row);
}
