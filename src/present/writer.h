/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The present room: sockets in, bytes out. One writer a format, all behind this interface, all
 * streaming, all driven by the column table.
 */
#ifndef LINGERSTAT_PRESENT_WRITER_H
#define LINGERSTAT_PRESENT_WRITER_H

#include <stdbool.h>
#include <time.h>

#include "enrich/owners.h"
#include "present/column.h"
#include "present/explain.h"
#include "present/tally.h"
#include "source/source.h"

/* How it should look. */
struct writer_options {
	const struct column_list *columns;
	struct cell_context cells;
	bool header;  /* -H: false */
	bool oneline; /* -O: details stand behind their row, not beneath it (table only) */
	bool color;
	bool utf8;          /* the terminal takes it */
	unsigned int width; /* of the terminal; 0: no terminal, nothing is cut */
	bool live;  /* events: a row is written as it comes, and is none of a socket that exists */
	bool tally; /* end with the tally line (table only) */
	const struct explain_context *explain; /* NULL: rows only */
};

/* What the run is, for a header. Strings are NULL and numbers 0 where not known (a recording
 * tells nothing of the machine it was made on). */
struct run_info {
	const char *host;
	const char *kernel;
	struct timespec time;
	uint64_t netns;
	const char *netns_name;
	const char *source; /* "kernel" or "replay" */
	const struct owners_status *owners;
	uint32_t missing_netids; /* selected, and not in this kernel */
};

/* How the run ended, for a summary. */
struct run_result {
	const struct tally *tally;
	const struct dump_report *dump;
	bool complete;
	bool judged;         /* the forecast was made */
	uint64_t undecided;  /* sockets left out, as the filter asks what is not known */
	const char *problem; /* NULL when complete */
};

struct writer;

struct writer_format {
	const char *name; /* as --format takes it */
	struct writer *(*open)(struct outbuf *out, const struct writer_options *options);
};

/* The formats, and how many. */
const struct writer_format *writer_formats(size_t *count);

/* open() gives NULL when memory is short. Errors of writing stick in the outbuf. A
 * format with nothing to say before or behind the rows has no begin() or end(). */
struct writer {
	void (*begin)(struct writer *w, const struct run_info *info);
	void (*row)(struct writer *w, const struct socket *sk);
	void (*end)(struct writer *w, const struct run_result *result);
	void (*free)(struct writer *w);
};

struct writer *table_open(struct outbuf *out, const struct writer_options *options);
struct writer *json_open(struct outbuf *out, const struct writer_options *options);
struct writer *record_open(struct outbuf *out, const struct writer_options *options);
struct writer *csv_open(struct outbuf *out, const struct writer_options *options);
struct writer *explain_open(struct outbuf *out, const struct writer_options *options);
struct writer *ndjson_open(struct outbuf *out, const struct writer_options *options);

#endif
