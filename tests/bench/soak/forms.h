/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forms of the command that the soak runs in turn, what is right of each, and what it has
 * taken so far.
 */
#ifndef LINGERSTAT_TESTS_FORMS_H
#define LINGERSTAT_TESTS_FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/soak/onerun.h"

#define FORM_ARGS 12

struct form {
	const char *name;
	const char *args[FORM_ARGS]; /* behind the tool's name */
	int status;                  /* the right one */
	int incomplete;              /* the one that says "incomplete", with a line on stderr */
	/* What is wrong with the output, or NULL. `steady` sockets were there all the time. */
	const char *(*judge)(const struct onerun *run, size_t steady);

	uint64_t runs, wrong, gaps; /* gaps: incomplete, and said */
	char *said;                 /* stderr of the first run, which the others' equals */
	long *peaks_kb;             /* of each run */
	double *seconds, *cpu;
	size_t room;
};

/* The table; ends with a row without a name. */
extern struct form forms[];

/* Notes a run of it, and returns what is wrong with it, or NULL. */
const char *form_take(struct form *form, const struct onerun *run, size_t steady);

/* What growth the peaks show: the medians of the first and of the last third of the runs (one
 * at least), in KiB. Returns whether that is growth: over a twentieth and a MiB more. */
bool form_grew(const struct form *form, long *first, long *last);

#endif
