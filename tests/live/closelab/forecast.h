/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tool's forecast for the socket under test, and whether what was seen bears it out.
 */
#ifndef LINGERSTAT_CLOSELAB_FORECAST_H
#define LINGERSTAT_CLOSELAB_FORECAST_H

#include "act.h"

enum lab_risk { RISK_NONE, RISK_POSSIBLE, RISK_LIKELY, RISK_CERTAIN, LAB_RISKS };

#define NOT_SAID (-1) /* null in the JSON */

struct forecast {
	bool asked;
	bool by_bpf;       /* linger and options were read */
	unsigned outcomes; /* set of 1 << enum lab_outcome */
	enum lab_risk risk;
	enum lab_risk risk_max;
	char reasons[160]; /* words, a blank before and after each */
	int64_t loss_min;
	int64_t loss_max;
	int64_t unread;
	int64_t block_seconds;
	bool forever;
	int64_t references;
};

/* Runs the tool and takes the socket's forecast; 0, or -1 with scene->why. */
int forecast_ask(struct scene *scene, struct forecast *forecast);

const char *lab_risk_word(enum lab_risk risk);

/*
 * Compares. `first` was asked before the action's first step, `second` (asked: false, if there
 * was none) before its last. Complaints go to `text`, a line each; gives their number.
 */
int verdict(const struct scenario *s, const struct forecast *first, const struct forecast *second,
	    const struct observed *seen, char *text, size_t size);

#endif
