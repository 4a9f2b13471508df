/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pace: two processes that ask and answer each other over one connection as fast as they can. How
 * many rounds they make is what the tool's runs may not change.
 */
#ifndef LINGERSTAT_TESTS_PACE_H
#define LINGERSTAT_TESTS_PACE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PACE_BYTES 1024 /* of each question and of each answer */

struct pace {
	pid_t pids[2];
	volatile uint64_t *rounds; /* so far; shared with the asking process */
};

/* Starts the two. Returns 0 or a negative errno. pace_stop() is due in either case. */
int pace_start(struct pace *pace);

void pace_stop(struct pace *pace);

/* Seconds on a processor that the two have had. */
double pace_cpu(const struct pace *pace);

/* What the rates of two kinds of windows, taken in turns, say of each other. The arrays are
 * sorted; n is 1 at least. */
struct pace_verdict {
	double with, without; /* medians */
	double difference;    /* of them, as a share of `without`: below 0 is slower */
	double noise;         /* from the lowest to the highest without, as a share of `without` */
	double half;          /* the same of their middle half */
};

struct pace_verdict pace_compare(double *with, double *without, size_t n);

#endif
