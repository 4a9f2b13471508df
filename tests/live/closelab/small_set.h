/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named small set of the close lab (--smoke) runs where the whole does not: in further builds
 * and on other kernels. So it must have whatever the table has: every rule of src/judge/rules.c
 * with every outcome that comes of it, every value of every column, and every reason that the tool
 * gives. This says what it lacks.
 */
#ifndef LINGERSTAT_CLOSELAB_SMALL_SET_H
#define LINGERSTAT_CLOSELAB_SMALL_SET_H

#include "forecast.h"

/* Words of the tool, each once, a blank before and after it. Zeroed is empty. */
struct reason_words {
	char of_all[300];
	char of_small[300];
};

/* Notes what a forecast gave for reasons. Those that hang on how long the tool took to look
 * (evidence of a stall) are left out: test_stall has them. */
void small_set_note(struct reason_words *words, const struct scenario *s, const struct forecast *f);

/* Writes to `text` a line for each thing that the table, or what was noted, has and the small set
 * does not; gives their number. */
int small_set_lacks(const struct reason_words *words, char *text, size_t size);

#endif
