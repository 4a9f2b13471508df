/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The field: who races in each scene, what came of it, and how that stands beside what is aimed
 * at.
 */
#ifndef LINGERSTAT_TESTS_FIELD_H
#define LINGERSTAT_TESTS_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/race.h"
#include "bench/scene.h"

enum {
	BARE,        /* dump with libmnl, no attributes */
	BARE_SS,     /* of the states that ss asks for */
	BARE_INFO,   /* the same with tcp_info */
	PASS,        /* over all descriptors by BPF, without an index */
	NARROW,      /* listing that asks for no attribute */
	INFO,        /* listing that asks for tcp_info: no owners, no linger */
	FULL,        /* listing with owners, linger and forecast */
	NDJSON,      /* whole: the other end's process too, which wants a dump of its own */
	NDJSON_SAME, /* of the table's columns alone */
	FULL_P,      /* with every holder */
	STATES,      /* counts by state */
	STATES_NO_BPF,
	SS,
	SS_P,
	NETSTAT,
	RACERS
};

/* Of one racer in one scene: medians. */
struct outcome {
	bool ran;
	double wall, cpu; /* seconds */
	long peak_kb;
};

struct outcomes {
	struct scene scene;
	struct outcome of[RACERS];
	int same_counts; /* with and without BPF: 1, 0, or negative where one could not be run */
	bool done;
};

/* The programs, each by its path. */
struct programs {
	const char *tool, *bare, *pass;
};

/* The racers of a scene; `ss -p` only up to so many sockets, since it needs time for the square
 * of their number. The array is of RACERS, the caller's and all zero. */
void field_line_up(struct racer *racers, const struct programs *programs, const struct scene *scene,
		   size_t ss_p_most);

/* What came of them. */
void field_note(struct outcomes *outcomes, struct racer *racers);

/* Microseconds a socket, by size: how the cost grows. */
void field_print_growth(const struct outcomes *outcomes, size_t n);

/* A line for each target: what it is in each scene that it speaks of, what is aimed at, and
 * whether that is met. */
void field_print_targets(const struct outcomes *outcomes, size_t n);

#endif
