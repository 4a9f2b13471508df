/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands: one file each, exporting one const entry. A command wires rooms together and
 * says how it went; main alone turns that into an exit status.
 */
#ifndef LINGERSTAT_CMD_CMD_H
#define LINGERSTAT_CMD_CMD_H

#include "base/wordlist.h"
#include "cmd/options.h"

enum result {
	RESULT_DONE,
	RESULT_FAILED,
	RESULT_USAGE,
	RESULT_INCOMPLETE, /* rows are missing; what was read is printed and the gap named */
	/* Of `check`, whose exit statuses are a monitoring plugin's; in that order. */
	RESULT_PLUGIN_OK,
	RESULT_PLUGIN_WARNING,
	RESULT_PLUGIN_CRITICAL,
	RESULT_PLUGIN_UNKNOWN,
};

struct command {
	const char *name;
	const char *summary; /* one line */
	/* Takes the program's name and the words behind the command. */
	enum result (*run)(int argc, char **argv);
	const struct option_table *options;
	const struct word_list *words; /* what its first word may be beside a filter, or NULL */
};

extern const struct command command_list;
extern const struct command command_explain;
extern const struct command command_summary;
extern const struct command command_check;
extern const struct command command_metrics;

/* The commands, and how many: for main, and for messages that suggest one. */
const struct command *const *command_table(unsigned int *count);

/* The command of that name; NULL when there is none, or no word. */
const struct command *command_find(const char *word);

#endif
