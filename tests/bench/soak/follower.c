/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/soak/follower.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_S 30

/* --- the reader ------------------------------------------------------------------------------ */

static void read_lines(int fd, struct follower_counts *counts)
{
	FILE *file = fdopen(fd, "r");
	char *line = NULL;
	size_t room = 0;

	while (file && getline(&line, &room, file) > 0) {
		counts->lines++;
		counts->strange += strncmp(line, "{\"type\":\"", 9) != 0;
	}
}

static void be_the_reader(const int ends[2], struct follower_counts *counts)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(ends[1]);
	read_lines(ends[0], counts);
	_exit(0);
}

static void be_the_tool(const int ends[2], int errors, const char *tool)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(ends[1], STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	execl(tool, tool, "list", "-E", "--format=ndjson", (char *)NULL);
	_exit(127);
}

int follower_start(struct follower *f, const char *tool)
{
	int ends[2];

	*f = (struct follower){ .errors = memfd_create("stderr", MFD_CLOEXEC) };
	f->counts = mmap(NULL, sizeof(*f->counts), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (f->counts == MAP_FAILED)
		f->counts = NULL;
	if (f->errors < 0 || !f->counts || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	f->reader = fork();
	if (f->reader == 0)
		be_the_reader(ends, f->counts);
	f->pid = f->reader < 0 ? -1 : fork();
	if (f->pid == 0)
		be_the_tool(ends, f->errors, tool);
	close(ends[0]);
	close(ends[1]);
	return f->pid < 0 ? -errno : 0;
}

/* --- looking at it --------------------------------------------------------------------------- */

static long field_kb(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

static int read_status(pid_t pid, struct follower_size *size)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	size->rss_kb = field_kb(text, "VmRSS:");
	size->peak_kb = field_kb(text, "VmHWM:");
	return size->rss_kb ? 0 : -ESRCH; /* a dead one has no memory */
}

int follower_look(const struct follower *f, struct follower_size *size)
{
	char path[64];
	DIR *dir;

	*size = (struct follower_size){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)f->pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	for (struct dirent *entry; (entry = readdir(dir));)
		size->descriptors += entry->d_name[0] != '.';
	closedir(dir);
	return read_status(f->pid, size);
}

/* --- its end --------------------------------------------------------------------------------- */

static int wait_end(pid_t pid)
{
	int status = 0;

	for (int tries = 0; tries < PATIENCE_S * 100; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -ETIME;
}

static void read_errors(int fd, char *errors, size_t room)
{
	ssize_t n = fd < 0 ? 0 : pread(fd, errors, room - 1, 0);

	errors[n > 0 ? n : 0] = '\0';
}

int follower_end(struct follower *f, char *errors, size_t room)
{
	int ended = -ESRCH;

	if (f->pid > 0) {
		kill(f->pid, SIGINT);
		ended = wait_end(f->pid);
	}
	if (f->reader > 0)
		waitpid(f->reader, NULL, 0);
	read_errors(f->errors, errors, room);
	if (f->errors >= 0)
		close(f->errors);
	f->pid = f->reader = -1;
	return ended;
}
