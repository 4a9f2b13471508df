/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges, as the Monitoring Plugins Development Guidelines define them for -w and -c (section
 * "Threshold and Ranges"): `[@][START:][END]`. A value outside START to END alerts, both ends
 * belong to the range; with `@` a value inside alerts. START left out is 0, `~` is minus
 * infinity; END left out is infinity. Numbers are decimal, without unit and exponent.
 */
#ifndef LINGERSTAT_JUDGE_RANGE_H
#define LINGERSTAT_JUDGE_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/socket.h"

#define RANGE_TEXT_MAX 64 /* a range as it was typed, the NUL included */

struct range {
	double start, end; /* -INFINITY and INFINITY where there is no such end */
	bool inside;       /* alerts on a value inside */
	char text[RANGE_TEXT_MAX];
};

/* Parses all of `text`. Returns 0, or -EINVAL with *why set to a constant part of a sentence
 * that says what is wrong and what would be right. */
int range_parse(struct range *range, const char *text, const char **why);

/* Whether a value alerts. */
bool range_alerts(const struct range *range, double value);

/* The same for a value of which only its bounds are known (least <= most): TRI_UNKNOWN where it
 * hangs on what is not known. */
enum tri range_alerts_between(const struct range *range, double least, double most);

#endif
