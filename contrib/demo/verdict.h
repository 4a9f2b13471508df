/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was foretold beside what happened, point by point. */
#ifndef DEMO_VERDICT_H
#define DEMO_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "play.h"

#define VERDICT_POINTS_MAX 8

struct point {
	const char *what;
	char foretold[48];
	char happened[64];
	bool held;
};

struct verdict {
	struct point points[VERDICT_POINTS_MAX];
	size_t count;
	bool held; /* every point */
};

/*
 * Compares. `segments` may be closed; then nothing is said of what was sent.
 * A forecast speaks of the close itself. What an event after it destroys (experiment->later) is
 * held against the risk that was foretold, not against the bytes.
 */
void judge(const struct experiment *experiment, const struct forecast *forecast,
	   const struct observed *observed, const struct segments *segments,
	   struct verdict *verdict);

/* Prints the points as a table with a column for each side. */
void verdict_print(const struct verdict *verdict);

/* "200000 of 200000, then EOF". */
void describe_receipt(const struct observed *observed, char *text, size_t size);

#endif
