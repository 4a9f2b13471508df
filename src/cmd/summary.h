/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The summary of a selection, for the command of that name and for `-s` of the list.
 */
#ifndef LINGERSTAT_CMD_SUMMARY_H
#define LINGERSTAT_CMD_SUMMARY_H

#include "cmd/common.h"
#include "count/groups.h"

#define SUMMARY_TOP     10 /* lines of each list, unless told */
#define SUMMARY_TOP_MAX 100000

struct summary_request {
	const struct group_by *by; /* NULL: no groups */
	unsigned int sections;     /* bit i: the i-th of summary_sections(); 0: all, or with groups
				    * none */
	size_t top;
	bool json;
};

/* Makes a parsed selection one of every state, unless -l has narrowed it. To be called before
 * common_filter(), whose states come first. */
void summary_select(struct common_options *common);

/* Counts and prints. */
enum result summary_run(const struct common_options *common, const struct summary_request *request);

#endif
