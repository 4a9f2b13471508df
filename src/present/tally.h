/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tally in words: the last line of the table on a terminal, and the summary in JSON.
 */
#ifndef LINGERSTAT_PRESENT_TALLY_H
#define LINGERSTAT_PRESENT_TALLY_H

#include "base/outbuf.h"
#include "count/tally.h"

/* One line for people, without a line feed. `judged`: the forecast was made; without it the line
 * says nothing of risk. */
void tally_line(struct outbuf *b, const struct tally *t, bool judged);

/* The members of a JSON object (no braces): counts by state, risk and reason, sums of bytes. */
void tally_json(struct outbuf *b, const struct tally *t, bool judged);

#endif
