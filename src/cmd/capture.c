/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/capture.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PREFIX      "lingerstat: "
#define CAPTURE_MAX 65536

void capture_start(struct capture *c)
{
	c->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	c->memory = memfd_create("messages", MFD_CLOEXEC);
	if (c->saved >= 0 && c->memory >= 0 && dup2(c->memory, STDERR_FILENO) >= 0)
		return;
	if (c->saved >= 0)
		close(c->saved);
	if (c->memory >= 0)
		close(c->memory);
	c->saved = c->memory = -1;
}

/* Moves each line forward over the program's name. */
static void drop_prefixes(char *text)
{
	char *to = text;
	bool begins = true;

	for (const char *from = text; *from;) {
		if (begins && strncmp(from, PREFIX, strlen(PREFIX)) == 0)
			from += strlen(PREFIX);
		begins = *from == '\n';
		if (*from)
			*to++ = *from++;
	}
	*to = '\0';
}

char *capture_end(struct capture *c)
{
	char *text;
	ssize_t n;

	if (c->memory < 0)
		return NULL;
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	text = calloc(1, CAPTURE_MAX);
	n = text ? pread(c->memory, text, CAPTURE_MAX - 1, 0) : -1;
	close(c->memory);
	c->saved = c->memory = -1;
	if (n <= 0) {
		free(text);
		return NULL;
	}
	drop_prefixes(text);
	return text;
}
