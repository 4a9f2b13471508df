/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check-cost [SOCKETS [ROUNDS]]: what a check of two states costs among very many established
 * sockets, beside a bare dump whose mask matches nothing. Both make the kernel walk every socket
 * and show none, so that the rest is what the tool itself costs. A process that does nothing, and
 * the tool that only says its version, tell what of that is starting a process and its libraries.
 *
 * Nothing is asserted: the ratio is printed beside the one that is aimed at.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/crowd.h"
#include "bench/race.h"
#include "live/harness.h"

#define TARGET  1.5
#define SOCKETS 100000
#define ROUNDS  101

enum { RACER_BARE, RACER_CHECK, RACER_VERSION, RACER_NOTHING, RACERS };

static struct racer racers[RACERS];

/* TCP_SYN_SENT alone: nobody in the crowd is in that state. */
static void line_up(const char *tool, const char *bare)
{
	static const char *check[] = {
		NULL, "check", "-w", "close_wait=1000", "-w", "time_wait=100000", NULL
	};
	static const char *floor[] = { NULL, "0x4", NULL };
	static const char *version[] = { NULL, "check", "--version", NULL };
	static const char *nothing[] = { "true", NULL };

	check[0] = version[0] = tool;
	floor[0] = bare;
	racers[RACER_BARE] = (struct racer){ .name = "bare dump, nothing matches", .argv = floor };
	racers[RACER_CHECK] =
		(struct racer){ .name = "check -w close_wait=.. -w time_wait=..", .argv = check };
	racers[RACER_VERSION] = (struct racer){ .name = "check --version", .argv = version };
	racers[RACER_NOTHING] = (struct racer){ .name = "true", .argv = nothing };
}

static double ratio(double *values, double *floor, size_t rounds)
{
	return race_median(values, rounds) / race_median(floor, rounds);
}

static int measure(size_t sockets, size_t rounds)
{
	struct crowd crowd;
	int err = crowd_gather(&crowd, sockets, 0);

	if (!err) {
		printf("%zu established sockets in %zu processes, %zu rounds\n", crowd.sockets,
		       crowd.processes, rounds);
		fflush(stdout);
		err = race_run(racers, RACERS, rounds, 0);
	}
	if (!err) {
		race_print(racers, RACERS, RACER_BARE);
		printf("check takes %.2f times as long as the bare dump, and %.2f times the "
		       "processor; "
		       "the aim is %.1f at most\n",
		       ratio(racers[RACER_CHECK].wall, racers[RACER_BARE].wall, rounds),
		       ratio(racers[RACER_CHECK].cpu, racers[RACER_BARE].cpu, rounds), TARGET);
	}
	crowd_leave(&crowd);
	return err;
}

/* A whole number above 0, or 0. */
static size_t number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end ? n : 0;
}

int main(int argc, char **argv)
{
	size_t sockets = argc > 1 ? number(argv[1]) : SOCKETS;
	size_t rounds = argc > 2 ? number(argv[2]) : ROUNDS;
	const char *tool = getenv("LINGERSTAT"), *bare = getenv("BENCH_BARE");
	const char *why = NULL;
	int err;

	if (argc > 3 || !sockets || !rounds || rounds > RACE_ROUNDS_MAX || !tool || !bare) {
		fprintf(stderr,
			"usage: check-cost [SOCKETS [ROUNDS]], rounds from 1 to %d; LINGERSTAT "
			"and BENCH_BARE name the two programs: `make bench` sets them\n",
			RACE_ROUNDS_MAX);
		return 2;
	}
	err = namespace_enter(&why);
	if (err) {
		fprintf(stderr, "bench: skipped: %s: %s\n", why, strerror(-err));
		return RACE_CANNOT;
	}
	line_up(tool, bare);
	return measure(sockets, rounds) ? 1 : 0;
}
