/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forecast.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json.h"

/* In the child: becomes the tool. */
static void become(const struct tool *tool, const char *how, FILE *out, FILE *err)
{
	char linger[32];

	snprintf(linger, sizeof(linger), "--linger=%s", how);
	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(err), STDERR_FILENO);
	execlp(tool->path, tool->path, "list", "-a", "-n", "--format=ndjson", linger, (char *)NULL);
	fprintf(stderr, "%s: %s\n", tool->path, strerror(errno));
	_exit(127);
}

static void show(FILE *file)
{
	char line[512];

	rewind(file);
	while (fgets(line, sizeof(line), file))
		fprintf(stderr, "  %s", line);
}

/* Runs the tool to its end. Its warnings are kept to `err`, and shown only if it fails. */
static int run(const struct tool *tool, const char *how, FILE *out, FILE *err)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(tool, how, out, err);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	rewind(out);
	if (status == 0)
		return 0;
	if (WIFEXITED(status))
		fprintf(stderr, "lingerstat-demo: %s ended with status %d:\n", tool->path,
			WEXITSTATUS(status));
	else
		fprintf(stderr, "lingerstat-demo: %s was killed by signal %d\n", tool->path,
			WTERMSIG(status));
	show(err);
	return -EIO;
}

static int64_t integer_or_unknown(const char *line, const char *path)
{
	int64_t value;

	return json_integer(line, path, &value) ? value : NOT_KNOWN;
}

static bool is_ours(const char *line, uint16_t near_port, uint16_t far_port)
{
	char text[16];

	json_string(line, "type", text, sizeof(text));
	if (strcmp(text, "socket") != 0)
		return false;
	json_string(line, "local.address", text, sizeof(text));
	return !strcmp(text, "127.0.0.1") && integer_or_unknown(line, "local.port") == near_port &&
	       integer_or_unknown(line, "peer.port") == far_port;
}

static void name_linger(const char *line, char *text, size_t size)
{
	int64_t seconds;

	if (json_true(line, "linger.on") && json_integer(line, "linger.seconds", &seconds))
		snprintf(text, size, "%" PRId64 " s", seconds);
	else if (json_find(line, "linger.on") && !strncmp(json_find(line, "linger.on"), "false", 5))
		snprintf(text, size, "off");
	else
		snprintf(text, size, "unknown");
}

static void take(const char *line, struct forecast *f)
{
	json_string(line, "state", f->state, sizeof(f->state));
	name_linger(line, f->linger, sizeof(f->linger));
	json_string(line, "linger.source", f->source, sizeof(f->source));
	json_string(line, "close.outcome", f->outcome, sizeof(f->outcome));
	json_string(line, "close.risk", f->risk, sizeof(f->risk));
	json_words(line, "close.reasons", f->reasons, sizeof(f->reasons));
	f->shared = strstr(f->reasons, "shared") != NULL;
	f->references = integer_or_unknown(line, "references");
	f->loss_min = integer_or_unknown(line, "close.loss_min_bytes");
	f->loss_max = integer_or_unknown(line, "close.loss_max_bytes");
	f->unread = integer_or_unknown(line, "close.unread_bytes");
	f->block_seconds = integer_or_unknown(line, "close.block_seconds");
}

static int find(FILE *out, uint16_t near_port, uint16_t far_port, struct forecast *f)
{
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (!found && getline(&line, &size, out) > 0) {
		found = is_ours(line, near_port, far_port);
		if (found)
			take(line, f);
	}
	free(line);
	if (found)
		return 0;
	fprintf(stderr, "lingerstat-demo: the tool does not list 127.0.0.1:%u to port %u\n",
		near_port, far_port);
	return -ENOENT;
}

static int ask(const struct tool *tool, const char *how, uint16_t near_port, uint16_t far_port,
	       struct forecast *forecast)
{
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	int result = out && err ? run(tool, how, out, err) : -errno;

	if (result == 0)
		result = find(out, near_port, far_port, forecast);
	else if (result != -EIO)
		fprintf(stderr, "lingerstat-demo: cannot run the tool: %s\n", strerror(-result));
	if (out)
		fclose(out);
	if (err)
		fclose(err);
	return result;
}

/* A TIME_WAIT has no linger to be known. */
static bool lacks_linger(const struct forecast *f)
{
	return !strcmp(f->linger, "unknown") && strcmp(f->state, "time_wait") != 0;
}

int forecast_read(const struct tool *tool, uint16_t near_port, uint16_t far_port,
		  struct forecast *forecast)
{
	int err = ask(tool, tool->linger, near_port, far_port, forecast);

	if (err || strcmp(tool->linger, "auto") != 0 || !lacks_linger(forecast))
		return err;
	return ask(tool, "getfd", near_port, far_port, forecast);
}
