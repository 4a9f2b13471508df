/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits: counts beside what they run into. A pure function of numbers that others have read; one
 * const table of limits drives `summary`, `check`, `metrics` and the man page.
 */
#ifndef LINGERSTAT_JUDGE_LIMITS_H
#define LINGERSTAT_JUDGE_LIMITS_H

#include "count/count.h"
#include "enrich/machine.h"

enum limit_name {
	LIMIT_TW_BUCKETS,
	LIMIT_ORPHANS,
	LIMIT_TCP_MEM,
	LIMIT_EPHEMERAL_PORTS,
	LIMIT_LISTEN_QUEUE,
	LIMIT_DESCRIPTORS,
	LIMIT_COUNT,
};

/* What shares the limit. */
enum limit_scope {
	SCOPE_MACHINE,     /* all network namespaces together */
	SCOPE_NAMESPACE,   /* this network namespace */
	SCOPE_DESTINATION, /* one destination, the fullest */
	SCOPE_LISTENER,    /* one listener, the fullest */
	SCOPE_PROCESS,     /* one process, the fullest */
};

struct limit_row {
	const char *name; /* stable word: JSON, the label of metrics */
	const char *help; /* what is counted, one line */
	const char *knob; /* what sets it */
	const char *unit; /* "bytes", or NULL for plain counts */
	enum limit_scope scope;
	unsigned int machine_parts; /* enum machine_part */
	unsigned int count_parts;   /* enum count_part */
	enum machine_counter hits;  /* how often it has struck; MACHINE_COUNTERS: not counted */
};

const struct limit_row *limit_row(enum limit_name name);
const char *limit_scope_name(enum limit_scope scope);

/* Numbers beside their limit; each UNKNOWN where it could not be read. */
struct limit_use {
	int64_t used, max;
	int64_t hits; /* since the namespace was made */
};

/* Takes what was counted (parts that were not wanted: NULL, then UNKNOWN) and what the machine
 * says. Where nothing is there to run into the limit (no listener, no CLOSE_WAIT), `used` is 0 and
 * `max` UNKNOWN; where no listener has a connection waiting, `max` is the smallest queue's. */
struct limit_use limit_measure(enum limit_name name, const struct counts *counts,
			       const struct machine *machine);

/* Percent of the limit, below 0 when it is not known: nothing used is 0 percent of any limit but
 * 0, which is always used up. */
double limit_percent(int64_t used, int64_t max);

/* How near: at 80 percent it is near, at 95 it is all but reached. Without a limit that is known
 * nobody can tell, whatever is used. */
enum limit_level { LIMIT_LEVEL_UNKNOWN, LIMIT_LEVEL_FINE, LIMIT_LEVEL_NEAR, LIMIT_LEVEL_FULL };
#define LIMIT_NEAR_PERCENT 80
#define LIMIT_FULL_PERCENT 95
enum limit_level limit_level(int64_t used, int64_t max);

/* `unknown`, `fine`, `near` or `full`. */
const char *limit_level_name(enum limit_level level);

#endif
