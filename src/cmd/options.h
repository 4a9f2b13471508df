/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option tables: a command lists its options once; parsing, `--help` and the suggestions in
 * error messages come from the list. getopt_long does the splitting.
 */
#ifndef LINGERSTAT_CMD_OPTIONS_H
#define LINGERSTAT_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct option_row {
	const char *name; /* long name; first: nearest_word() walks the table */
	char letter;      /* 0: no short form */
	const char *arg;  /* NULL: takes none; "[WORD]": optional; else its name, which tells its
			     words too (cmd/vocabulary.h) */
	const char *help; /* one line */
	/* Takes the value (NULL without one). Returns 0, or -EINVAL after a message of its own. */
	int (*apply)(void *options, const char *value);
};

struct option_group {
	const struct option_row *rows;
	size_t count;
};

#define OPTION_GROUPS 2

/* A command's own options and those it shares with others. */
struct option_table {
	const char *command; /* for messages, such as "lingerstat explain" */
	const struct option_group *groups[OPTION_GROUPS];
};

/*
 * Parses argv[1..]; options and other words may be mixed, `--` ends the options. Moves the other
 * words to the end and gives the index of the first in *rest. Returns 0, or -EINVAL after one
 * line on standard error.
 */
int options_parse(const struct option_table *table, int argc, char **argv, void *options,
		  int *rest);

/* Joins the words of a command line again, `command` (which may be empty) behind the program's
 * name, quoted where a shell needs it, cut with "..." where `size` is too small. */
void options_join(char *line, size_t size, const char *command, int argc, char **argv);

/* The i-th option of all groups, or NULL behind the last. */
const struct option_row *options_row(const struct option_table *table, size_t i);

/* The option with this long name, or NULL. */
const struct option_row *options_find(const struct option_table *table, const char *name);

/* The long name of the option that may stand without a value, and of whose values this word is one:
 * such a value is part of its option's word. NULL for none. */
const char *options_taking(const struct option_table *table, const char *word);

/* Prints the options as --help shows them: under 80 columns. */
void options_help(const struct option_table *table);

#endif
