/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A race between commands: each runs many times, one after the other in turns, so that whatever
 * else the machine does falls on all of them; medians are compared, not sums.
 */
#ifndef LINGERSTAT_TESTS_RACE_H
#define LINGERSTAT_TESTS_RACE_H

#include <stdbool.h>
#include <stddef.h>

#define RACE_ROUNDS_MAX 1000
#define RACE_CANNOT     77 /* exit status of a bench's program that cannot run here */

struct racer {
	const char *name;             /* in the table */
	const char *const *argv;      /* ends with NULL; argv[0] is looked for in PATH */
	bool optional;                /* where it is not installed or cannot run it is left out */
	bool without_bpf;             /* runs without the capabilities that BPF wants */
	size_t most;                  /* rounds at most; 0: as many as the others */
	double wall[RACE_ROUNDS_MAX]; /* seconds of each run; likewise the next three */
	double user[RACE_ROUNDS_MAX];
	double system[RACE_ROUNDS_MAX];
	double cpu[RACE_ROUNDS_MAX]; /* the two together: exact, while they are shared out by ticks
				      */
	size_t rounds;               /* that it ran */
	long peak_kb;                /* the most memory that a run had */
	const char *missing;         /* why it was left out, or NULL */
};

/*
 * Runs each of the racers so many times, or fewer when that takes longer than so many seconds (0:
 * however long); a round is run to its end, and three at least, but of a racer that takes half of
 * that time alone one run is enough. What they print is thrown away; one that does not exit with 0
 * ends the race. Returns 0, or a negative errno after a message.
 */
int race_run(struct racer *racers, size_t n, size_t rounds, double limit);

/* The median of so many numbers, which are sorted. */
double race_median(double *values, size_t rounds);

/* The medians as a table, and beside each the ratio to the racer `base`: of the time that passed,
 * which others' work lengthens for all alike, and of the time on a processor. */
void race_print(struct racer *racers, size_t n, size_t base);

/* Whether two racers, run once more, print the same. Returns 1 or 0, or a negative errno. */
int race_same_output(const struct racer *one, const struct racer *other);

#endif
