/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One listing from start to end: the plan that the columns make, the run, and a writer.
 */
#ifndef LINGERSTAT_CMD_LISTING_H
#define LINGERSTAT_CMD_LISTING_H

#include <stdbool.h>

#include "cmd/cmd.h"
#include "cmd/run.h"
#include "present/writer.h"

struct listing {
	struct run_plan plan; /* its needs follow from the columns */
	struct column_list columns;
	const struct writer_format *format;
	enum risk least_risk; /* only rows at or above */
	enum color_mode color;
	bool numeric, resolve, all_holders, threads, no_header, oneline;
	const char *output;        /* a file, NULL or "-": standard output */
	const struct column *sort; /* NULL: as they come */
	bool descending;
	uint64_t count; /* of events; 0: without end */
	bool explain;   /* every socket in sentences */
};

/* Prints the listing to standard output and what went wrong to standard error. */
enum result listing_run(const struct listing *listing);

/* Flushes and closes a buffer on standard output (`name` NULL) or a file. Returns 0, or a negative
 * errno after a message. */
int close_output(struct outbuf *out, const char *name);

#endif
