/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thresholds: the ranges set on measures, and what they make of the numbers. Where a number is
 * known only between bounds, a threshold that hangs on where it really lies says UNKNOWN.
 */
#ifndef LINGERSTAT_MEASURE_THRESHOLDS_H
#define LINGERSTAT_MEASURE_THRESHOLDS_H

#include "judge/range.h"
#include "measure/measures.h"

/* In the order of the exit statuses of a monitoring plugin. */
enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN };

struct threshold {
	bool set;
	struct range range;
};

/* By the index of the measure in its table. */
struct thresholds {
	struct threshold warn[MEASURES_MAX], crit[MEASURES_MAX];
	bool chosen; /* by the user, and not the defaults */
};

/* Sets the defaults of the table. */
void thresholds_default(struct thresholds *t);

bool thresholds_has(const struct thresholds *t, size_t measure);

/* What the thresholds of one measure say of its number. */
enum verdict thresholds_judge(const struct thresholds *t, size_t measure, struct measured value);

/* CRITICAL, WARNING, UNKNOWN, OK in that order: what is known to be bad is worse than what is not
 * known. */
enum verdict verdict_worse(enum verdict a, enum verdict b);

/* `OK`, `WARNING`, `CRITICAL`, `UNKNOWN`. */
const char *verdict_name(enum verdict verdict);

#endif
