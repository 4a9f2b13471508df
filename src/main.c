/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lingerstat: finds the command in the table, runs it, turns its result into an exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "cmd/cmd.h"

static const int exit_status[] = {
	[RESULT_DONE] = 0,
	[RESULT_FAILED] = 1,
	[RESULT_USAGE] = 2,
	[RESULT_INCOMPLETE] = 3,
	[RESULT_PLUGIN_OK] = 0,
	[RESULT_PLUGIN_WARNING] = 1,
	[RESULT_PLUGIN_CRITICAL] = 2,
	[RESULT_PLUGIN_UNKNOWN] = 3,
};

/* A closed standard stream would be taken by the next open(), a netlink socket perhaps, and
 * output would go there. /dev/null opened the wrong way round keeps the number taken and makes
 * its use fail. */
static int hold_standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return -EBADF;
	}
	return 0;
}

/* Monitoring systems find their plugins by name, in folders of their own: a link named so is
 * `lingerstat check`. */
static bool is_plugin(const char *name)
{
	const char *slash = name ? strrchr(name, '/') : NULL;

	return name && strcmp(slash ? slash + 1 : name, "check_lingerstat") == 0;
}

int main(int argc, char **argv)
{
	const struct command *command;
	enum result result;

	if (hold_standard_streams() < 0)
		return exit_status[RESULT_FAILED];
	signal(SIGPIPE, SIG_DFL);
	setlocale(LC_CTYPE, "");
	command = command_find(argc > 1 ? argv[1] : NULL);
	if (is_plugin(argv[0])) {
		result = command_check.run(argc, argv);
	} else if (command) {
		/* A command sees the program's name and its own words. */
		argv[1] = argv[0];
		result = command->run(argc - 1, argv + 1);
	} else {
		result = command_list.run(argc, argv);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		message("cannot write to standard output: %s", strerror(errno));
		result = result < RESULT_PLUGIN_OK ? RESULT_FAILED : RESULT_PLUGIN_UNKNOWN;
	}
	return exit_status[result];
}
