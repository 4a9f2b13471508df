/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a monitoring plugin prints (Monitoring Plugins Development Guidelines, "Plugin Output"):
 * a first line with the verdict, the worst first, and behind a `|` the performance data; then
 * lines for people. A `|` of someone else's (a process's name) would begin performance data, so
 * each becomes `!`.
 */
#ifndef LINGERSTAT_PRESENT_PLUGIN_H
#define LINGERSTAT_PRESENT_PLUGIN_H

#include "base/outbuf.h"
#include "measure/thresholds.h"

#define PLUGIN_NAME "LINGERSTAT"

/* What was measured, by the index of the measure in its table. */
struct plugin_report {
	const struct thresholds *thresholds;
	struct measured values[MEASURES_MAX];
	bool measured[MEASURES_MAX];
	enum verdict verdicts[MEASURES_MAX]; /* of those that have thresholds */
	enum verdict verdict;
};

/* The first line, with its line feed. */
void plugin_line(struct outbuf *b, const struct plugin_report *report);

/* One line for each measure: its number, its ranges, what it counts. */
void plugin_details(struct outbuf *b, const struct plugin_report *report);

/* The first line where nothing could be measured: `why` is a sentence part. */
void plugin_unknown(struct outbuf *b, const char *why);

/* Text of someone else's: no `|`. */
void plugin_text(struct outbuf *b, const char *text);

/* A number as perfdata has it: no exponent, no needless zeros. */
void plugin_number(struct outbuf *b, double value);

#endif
