/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/cmd.h"

static const struct command *const commands[] = {
	&command_list, &command_explain, &command_summary, &command_check, &command_metrics,
};

const struct command *const *command_table(unsigned int *count)
{
	*count = sizeof(commands) / sizeof(commands[0]);
	return commands;
}
