/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the options of `list` said, before it becomes a struct listing; and which of them cannot be
 * had together.
 */
#ifndef LINGERSTAT_CMD_LIST_H
#define LINGERSTAT_CMD_LIST_H

#include "cmd/common.h"
#include "present/column.h"
#include "present/writer.h"

#define OPTION_COLUMNS 16 /* at least as many as there are options that add a column */

struct list_options {
	struct common_options common;
	const struct writer_format *format;
	const char *columns;
	bool all_holders, threads, no_header, no_queues, oneline, descending;
	const struct column *added[OPTION_COLUMNS]; /* by -i and its like */
	size_t added_count;
	const struct column *sort;
	const char *record;
	bool summary;
	uint64_t count; /* of events */
};

/* Says on one line which two of the options, or of the words of the filter, do not go together, and
 * why. Returns 0 where all do, else -EINVAL. */
int conflicts_check(const struct list_options *options);

#endif
