/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "takeover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define FDS_MAX 4096 /* more than any test opens */

static bool is_kept(int fd, int **fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (*fds[i] == fd)
			return true;
	return false;
}

pid_t hand_over(int **fds, size_t n)
{
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int fd = STDERR_FILENO + 1; fd < FDS_MAX; fd++)
			if (!is_kept(fd, fds, n))
				close(fd);
		while (true)
			pause();
	}
	for (size_t i = 0; i < n; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	return pid;
}

void end_program(pid_t pid)
{
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int as_number(const json_t *row, const char *path)
{
	const json_t *value = row_get(row, path);

	check_row(row, json_is_boolean(value) || json_is_null(value));
	return json_is_null(value) ? -1 : json_is_true(value);
}

struct restart_verdict restart_of_row(const json_t *row)
{
	static const char *const paths[BINDS] = { "restart.bind.plain", "restart.bind.reuseaddr",
						  "restart.bind.reuseport", "restart.bind.both" };
	struct restart_verdict v = { .works = as_number(row, "restart.works") };

	check_row(row, json_is_string(row_get(row, "restart.reason")));
	snprintf(v.reason, sizeof(v.reason), "%s",
		 json_string_value(row_get(row, "restart.reason")));
	v.blockers = (int)json_integer_value(row_get(row, "restart.blockers"));
	v.blocker = (pid_t)json_integer_value(row_get(row, "restart.blocker.pid"));
	for (int i = 0; i < BINDS; i++)
		v.binds[i] = as_number(row, paths[i]);
	return v;
}

struct restart_verdict ask_restart(uint32_t inode)
{
	struct restart_verdict v;
	struct listing listing;
	json_t *row;

	assert_return_code(
		harness_list(&listing, "-l", "-t", "-u", "-C", "inode,local,restart", NULL), 0);
	assert_int_equal(listing.status, 0);
	row = row_by_inode(&listing, inode);
	assert_non_null(row);
	v = restart_of_row(row);
	listing_free(&listing);
	return v;
}

void set_reuse(int fd, unsigned int bind)
{
	const int addr = !!(bind & BIND_ADDR), port = !!(bind & BIND_PORT);

	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &addr, sizeof(addr)), errno);
	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &port, sizeof(port)), errno);
}

static bool options_are_read(void)
{
	struct listing listing;
	const char *why;
	bool known;

	assert_return_code(harness_list(&listing, "-l", "-t", "--linger=auto", NULL), 0);
	known = linger_by_bpf(&listing, &why);
	if (!known)
		print_message("# %s\n", why);
	listing_free(&listing);
	return known;
}

/* Where they are read once they are always. */
void need_options(void)
{
	static bool known;

	known = known || options_are_read();
	if (!known)
		skip();
}
