/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of the tool with tests/faults/inject.c preloaded: calls of the C library fail when a rule
 * says so, and the library reports what it saw.
 */
#ifndef LINGERSTAT_TESTS_INJECTED_H
#define LINGERSTAT_TESTS_INJECTED_H

#include <stdbool.h>
#include <stddef.h>

#include "tool.h"

#define INJECTED_CALLS 64

struct injected_call {
	char name[24];
	unsigned long uses;
};

/* What the library reports of one run. */
struct injected {
	struct injected_call calls[INJECTED_CALLS];
	size_t count;
	bool reported;        /* the run came to its end, or to exit() */
	unsigned long fired;  /* how often a rule struck */
	unsigned long leaked; /* blocks of memory that nobody freed */
	unsigned long low;    /* files that became descriptor 0, 1 or 2 */
};

/*
 * For main() of a test program, before harness_enter(): processes and mounts of its own, /proc
 * among them, so that what else the machine runs is not seen. Returns in a child; its parent waits
 * for it and ends as it does. Without the privilege it returns as if nothing had been asked.
 */
void injected_alone(void);

/* Whether the library can be preloaded into the tool; a diagnostic says why not. */
bool injected_possible(void);

/* tool_run() with these rules (NULL: none, calls are only counted). Free *run with tool_free() in
 * any case. Gives 0 or a negative errno. */
int injected_run(struct tool_run *run, struct injected *report, const char *rules,
		 const char *const argv[]);

/* How often the run used a call, 0 when never. */
unsigned long injected_uses(const struct injected *report, const char *call);

#endif
