/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures: the numbers that a threshold of `check` can be set on, one const table. A row says
 * what the number is made of, so that only that is asked of the kernel; which default thresholds
 * it has; and who is to blame when it alerts. -w and -c, perfdata, `check --measures` and
 * lingerstat-check(8) come from it.
 *
 * A number of which something could not be read has two bounds instead: a socket whose linger is
 * unknown may be at risk or not. What is not known at all lies between minus and plus infinity.
 */
#ifndef LINGERSTAT_MEASURE_MEASURES_H
#define LINGERSTAT_MEASURE_MEASURES_H

#include <stddef.h>

#include "count/count.h"
#include "enrich/machines.h"

#define MEASURES_MAX 48

/* Sums of the selection beside the tally's. */
struct measure_sums {
	uint64_t unread_bytes;   /* payload received and not read, of connections */
	uint64_t unread_unknown; /* connections of which that is not known */
	/* Bytes that a close would destroy at most; where linger is not known, from the best case
	 * to the worst. */
	uint64_t loss_least, loss_most;
	uint64_t loss_unknown;
	uint64_t restart_blocked; /* listeners whose program could not be restarted */
	uint64_t restart_unknown; /* of which that is not known */
};

/* Everything that a run has found out. */
struct facts {
	struct counts *counts;
	struct measure_sums sums;
	struct machine machine;
	uint32_t named;        /* kinds asked for by name; 0: each measure's own */
	uint32_t tallied;      /* measure_plan.tallied; 0: all that come */
	bool dumped;           /* the sockets were read, all of them */
	uint64_t undecided;    /* sockets that the filter could say neither yes nor no of */
	double silent_seconds; /* below 0: not known */
	double rates[MACHINE_COUNTERS]; /* per second; below 0: not known */
};

struct measured {
	double least, most; /* equal when the number is known */
};

/* Whom to name when a measure alerts. */
enum offender {
	OFFENDER_NONE,        /* the whole machine, or nobody in particular */
	OFFENDER_HOLDER,      /* processes that hold the sockets */
	OFFENDER_PEER,        /* the peers they are with: no process holds them any more */
	OFFENDER_DESTINATION, /* the destination whose ports run out */
	OFFENDER_LISTENER,
	OFFENDER_NAMESPACE, /* of several, those whose own number it is */
	OFFENDER_BLOCKED,   /* the listener, and who is in the way of its restart */
};

struct measure {
	const char *name;           /* first: nearest_word() walks the table */
	const char *uom;            /* unit in perfdata: "", "B", "s", "%" */
	const char *help;           /* one line, under 60 characters */
	unsigned int needs;         /* enum need */
	uint32_t states;            /* of the sockets to be read; 0: none are read */
	uint32_t netids;            /* kinds that it counts when none are named */
	unsigned int count_parts;   /* enum count_part */
	unsigned int machine_parts; /* enum machine_part */
	bool state_file;            /* only with what an earlier run has left */
	enum offender offender;
	const char *warn, *crit; /* ranges when the user gives none; NULL: none */
	struct measured (*get)(const struct facts *facts, int which);
	int which; /* what `get` is told: a state, a level, a limit, a counter */
};

const struct measure *measure_table(size_t *count);

/* Its number, from what was found out. */
struct measured measure_get(const struct measure *measure, const struct facts *facts);

/* The same of one network namespace alone, for those that blame OFFENDER_NAMESPACE. */
struct measured measure_get_in(const struct measure *measure, const struct machine_space *space);

/* Whether it is known exactly. */
bool measured_known(struct measured value);

/* Sets everything to unknown. */
void facts_init(struct facts *facts, struct counts *counts);

/* Adds one socket to the sums (the counts are the caller's). */
void facts_add(struct facts *facts, const struct socket *sk);

/* True when a socket belongs to what a measure counts (of a risk: at that level or above). */
bool measure_blames(const struct measure *measure, const struct socket *sk);

/* What several measures need together. */
struct measure_plan {
	unsigned int needs;
	uint32_t states;
	uint32_t netids;
	uint32_t tallied; /* of these, what is counted for more than its restart */
	unsigned int count_parts, machine_parts;
	bool state_file;
};

void measure_plan_add(struct measure_plan *plan, const struct measure *measure);

/* True when a plan made for others finds out what this measure needs too. */
bool measure_plan_covers(const struct measure_plan *plan, const struct measure *measure);

#endif
