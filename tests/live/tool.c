/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"

#define RUN_LIMIT_MS 90000
#define MAX_ARGS     16

/* 126: the program is not there. */
static void __attribute__((noreturn)) exec_program(const char *const argv[], int out, int err)
{
	const char *words[2 * MAX_ARGS];
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	for (; argv[n] && n + 1 < sizeof(words) / sizeof(words[0]); n++)
		words[n] = strcmp(argv[n], "lingerstat") ? argv[n] : getenv("LINGERSTAT");
	words[n] = NULL;
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	signal(SIGPIPE, SIG_DFL);
	execvp(words[0], (char *const *)words);
	_exit(errno == ENOENT ? 126 : 127);
}

/* Waits with a limit. Gives the status as in struct tool_run, or a negative errno. */
static int wait_limited(pid_t pid)
{
	int64_t end = now_ms() + RUN_LIMIT_MS;
	int status;
	pid_t done;

	while ((done = waitpid(pid, &status, WNOHANG)) == 0) {
		if (nap_before(end))
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return -ETIMEDOUT;
	}
	if (done < 0)
		return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A file in memory that needs no reader, unlike a pipe. */
static char *whole_file(int fd)
{
	struct stat status;
	char *text;

	if (fstat(fd, &status) < 0)
		return strdup("");
	text = calloc(1, (size_t)status.st_size + 1);
	if (text && pread(fd, text, (size_t)status.st_size, 0) != status.st_size)
		text[0] = '\0';
	return text;
}

int tool_run(struct tool_run *run, const char *const argv[])
{
	int out = memfd_create("stdout", MFD_CLOEXEC);
	int err = memfd_create("stderr", MFD_CLOEXEC);
	int result = 0;
	pid_t pid;

	*run = (struct tool_run){ 0 };
	pid = out < 0 || err < 0 ? -1 : fork();
	if (pid == 0)
		exec_program(argv, out, err);
	run->status = pid < 0 ? -errno : wait_limited(pid);
	if (run->status < 0)
		result = run->status;
	else if (run->status == 126)
		result = -ENOENT;
	run->output = whole_file(out);
	run->errors = whole_file(err);
	close(out);
	close(err);
	return result;
}

void tool_free(struct tool_run *run)
{
	free(run->output);
	free(run->errors);
	*run = (struct tool_run){ 0 };
}

/* Without BPF a hint stands on stderr, which is as it should be. */
static bool is_clean(const struct tool_run *run, int err)
{
	bool clean = err == 0 && run->status == 0;

	if (!clean)
		printf("# %s, status %d, stderr: %s\n", err ? strerror(-err) : "ran", run->status,
		       run->errors);
	return clean;
}

static char *explain(const char *first, const char *arg, va_list list)
{
	const char *argv[MAX_ARGS + 4] = { "lingerstat", "explain" };
	struct tool_run run;
	char *text = NULL;
	int n = 2;

	if (first)
		argv[n++] = first;
	for (; arg && n < MAX_ARGS; arg = va_arg(list, const char *))
		argv[n++] = arg;
	if (is_clean(&run, tool_run(&run, argv)))
		text = strdup(run.output);
	tool_free(&run);
	return text;
}

json_t *tool_explain(const char *arg, ...)
{
	json_error_t error;
	json_t *document;
	va_list list;
	char *text;

	va_start(list, arg);
	text = explain("-j", arg, list);
	va_end(list);
	if (!text)
		return NULL;
	document = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!document)
		printf("# line %d: %s\n", error.line, error.text);
	free(text);
	return document;
}

char *tool_explain_text(const char *arg, ...)
{
	va_list list;
	char *text;

	va_start(list, arg);
	text = explain(NULL, arg, list);
	va_end(list);
	return text;
}

json_t *document_row(const json_t *document, uint32_t inode)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(document, "sockets"), i,
			   row) if (row_is_int(row, "inode", inode)) return row;
	return NULL;
}

uint32_t inode_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 ? 0 : (uint32_t)status.st_ino;
}

static int count_of(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

int tool_run_traced(struct tool_run *run, const char *const argv[])
{
	int err;

	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	err = tool_run(run, argv);
	unsetenv("ASAN_OPTIONS");
	return err;
}

bool tool_traceable(void)
{
	static const char *const argv[] = { "strace",     "-qq",       "-e", "trace=none",
					    "lingerstat", "--version", NULL };
	struct tool_run run;
	int err = tool_run_traced(&run, argv);
	bool can = !err && run.status == 0;

	if (!can)
		printf("# strace %s\n",
		       err == -ENOENT ? "is not installed" : "cannot trace the program here");
	tool_free(&run);
	return can;
}

int tool_requests(const char *const args[])
{
	const char *words[MAX_ARGS] = { "strace", "-e", "trace=sendto,sendmsg", "lingerstat" };
	struct tool_run run;
	int count = -1;

	for (size_t i = 0; args[i] && i + 5 < MAX_ARGS; i++)
		words[i + 4] = args[i];
	if (tool_run_traced(&run, words) == 0 && run.status == 0)
		count = count_of(run.errors, "nlmsg_type=SOCK_DIAG_BY_FAMILY") +
			count_of(run.errors, "nlmsg_type=TCPDIAG_GETSOCK");
	tool_free(&run);
	return count;
}
