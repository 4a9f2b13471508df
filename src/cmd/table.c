/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

#include <stddef.h>
#include <string.h>

static const struct command *const commands[] = {
	&command_list, &command_explain, &command_summary, &command_check, &command_metrics,
};

const struct command *const *command_table(unsigned int *count)
{
	*count = sizeof(commands) / sizeof(commands[0]);
	return commands;
}

const struct command *command_find(const char *word)
{
	for (size_t i = 0; word && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(word, commands[i]->name) == 0)
			return commands[i];
	return NULL;
}
