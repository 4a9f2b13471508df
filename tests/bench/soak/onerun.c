/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/soak/onerun.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_S 120

/* --- what it writes -------------------------------------------------------------------------- */

struct lines {
	struct onerun *run;
	size_t at; /* of the line that is being read */
};

static void add_text(char *line, size_t at, const char *text, size_t n)
{
	if (at >= ONERUN_LINE - 1)
		return;
	if (n > ONERUN_LINE - 1 - at)
		n = ONERUN_LINE - 1 - at;
	memcpy(line + at, text, n);
	line[at + n] = '\0';
}

/* A piece of a line: the last line is kept until the next begins. */
static void take_piece(struct lines *l, const char *text, size_t n)
{
	if (!l->at)
		l->run->last[0] = '\0';
	add_text(l->run->last, l->at, text, n);
	if (!l->run->lines)
		add_text(l->run->first, l->at, text, n);
	l->at += n;
}

static void take(struct lines *l, const char *text, size_t n)
{
	const char *end;

	for (; (end = memchr(text, '\n', n)); n -= (size_t)(end + 1 - text), text = end + 1) {
		take_piece(l, text, (size_t)(end - text));
		l->run->lines++;
		l->at = 0;
	}
	if (n)
		take_piece(l, text, n);
}

static void take_errors(struct onerun *run, const char *text, size_t n)
{
	size_t have = strlen(run->errors);

	if (n > sizeof(run->errors) - 1 - have)
		n = sizeof(run->errors) - 1 - have;
	memcpy(run->errors + have, text, n);
	run->errors[have + n] = '\0';
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Reads both pipes to their ends. Returns 0, or a negative errno. */
static int read_both(struct onerun *run, int out, int err, double deadline)
{
	struct pollfd fds[] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };
	struct lines lines = { .run = run };
	static char text[65536];

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (now() > deadline)
			return -ETIME;
		if (poll(fds, 2, 1000) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < 2; i++) {
			ssize_t n = fds[i].revents ? read(fds[i].fd, text, sizeof(text)) : -1;

			if (!fds[i].revents)
				continue;
			if (n <= 0)
				fds[i].fd = -1;
			else if (i == 0)
				take(&lines, text, (size_t)n);
			else
				take_errors(run, text, (size_t)n);
		}
	}
	return 0;
}

/* --- how it runs ----------------------------------------------------------------------------- */

size_t onerun_children(void)
{
	char path[64], text[4096];
	size_t n, children = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (!file)
		return 0;
	while ((n = fread(text, 1, sizeof(text), file)) > 0)
		for (size_t i = 0; i < n; i++)
			children += text[i] == ' ';
	fclose(file);
	return children;
}

static int spawn(const char *const *argv, const int out[2], const int err[2], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
	failed = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -failed;
}

static void note_end(struct onerun *run, int status, const struct rusage *usage)
{
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	run->peak_kb = usage->ru_maxrss;
	run->cpu = (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
		   (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static int run_with(struct onerun *run, const char *const *argv, int out[2], int err[2])
{
	double start = now();
	size_t children = onerun_children(), left;
	struct rusage usage;
	int status = 0;
	pid_t pid;
	int failed = spawn(argv, out, err, &pid);

	close(out[1]);
	close(err[1]);
	out[1] = err[1] = -1;
	if (failed)
		return failed;
	failed = read_both(run, out[0], err[0], start + LIMIT_S);
	if (failed)
		kill(pid, SIGKILL);
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return -errno;
	run->seconds = now() - start;
	note_end(run, status, &usage);
	left = onerun_children();
	run->left_behind = left > children ? left - children : 0;
	return failed;
}

int onerun(struct onerun *run, const char *const *argv)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, failed = 0;

	*run = (struct onerun){ 0 };
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		failed = -errno;
	if (!failed)
		failed = run_with(run, argv, out, err);
	for (size_t i = 0; i < 2; i++) {
		if (out[i] >= 0)
			close(out[i]);
		if (err[i] >= 0)
			close(err[i]);
	}
	return failed;
}
