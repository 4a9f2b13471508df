/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of the tool, looked at from outside: how it ended, what it wrote first and last, and
 * what it took. Output is read as it comes and forgotten, however much it is.
 */
#ifndef LINGERSTAT_TESTS_ONERUN_H
#define LINGERSTAT_TESTS_ONERUN_H

#include <stddef.h>
#include <stdint.h>

#define ONERUN_LINE   8192
#define ONERUN_ERRORS 1024

struct onerun {
	int status;                 /* exit status, or 128 and the signal's number */
	uint64_t lines;             /* of stdout */
	char first[ONERUN_LINE];    /* line, as much of it as fits */
	char last[ONERUN_LINE];     /* line, likewise; without its newline */
	char errors[ONERUN_ERRORS]; /* the beginning of stderr */
	double seconds, cpu;
	long peak_kb;
	size_t left_behind; /* processes that the run started and that outlive it */
};

/* Runs argv (looked for in PATH, ends with NULL). Returns 0, or a negative errno where it could
 * not be run; -ETIME when it took over two minutes, and was killed. The caller has no children
 * that come and go meanwhile. */
int onerun(struct onerun *run, const char *const *argv);

/* How many children this process has, those included whom a dead child left to it (see
 * PR_SET_CHILD_SUBREAPER); 0 where the kernel does not say. */
size_t onerun_children(void);

#endif
