/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of a whole command: any arguments, stdout as text or as one JSON document. harness.h has
 * the runs of `list --format=ndjson`, row by row.
 */
#ifndef LINGERSTAT_TESTS_TOOL_H
#define LINGERSTAT_TESTS_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct tool_run {
	int status;   /* exit status, or 128 and the signal's number */
	char *output; /* all of stdout, ends with NUL */
	char *errors; /* all of stderr, likewise */
};

/* Runs a program, looked for in PATH; "lingerstat" stands for the tool under test. `argv` ends
 * with NULL. Gives 0, or a negative errno when it could not be run (-ENOENT: not installed) or
 * took over 30 s. Free with tool_free() in both cases. */
int tool_run(struct tool_run *run, const char *const argv[]);

void tool_free(struct tool_run *run);

/* Whether strace can trace the tool here; a diagnostic says why not. */
bool tool_traceable(void);

/* tool_run() for a command line that begins with strace. A leak check, which cannot trace what is
 * traced already, is left out of it. */
int tool_run_traced(struct tool_run *run, const char *const argv[]);

/* How many requests for sockets the tool sends with these arguments, counted by strace; -1 where
 * the tool fails. */
int tool_requests(const char *const args[]);

/* `lingerstat explain -j ARG...` (the list ends with NULL): the document, which the caller
 * releases, or NULL with the reason printed as a TAP diagnostic where the tool did not exit with
 * 0 or wrote no JSON. */
json_t *tool_explain(const char *arg, ...) __attribute__((sentinel));

/* The same, as text. The caller frees it. */
char *tool_explain_text(const char *arg, ...) __attribute__((sentinel));

/* The row of a document's "sockets" with this inode, or NULL. */
json_t *document_row(const json_t *document, uint32_t inode);

/* The inode of a descriptor, 0 when it has none. */
uint32_t inode_of(int fd);

#endif
