/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns that this program and ss share: for each, what ss should write for a row of this
 * program's JSON. And those in which the two differ on purpose.
 */
#ifndef LINGERSTAT_TESTS_SHARED_COLUMNS_H
#define LINGERSTAT_TESTS_SHARED_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "ss_lines.h"

#define SHARED_TEXT 512

/*
 * How a text of this program stands to those of ss before and after it. SAME: it is one of the
 * two. GROWS: its number lies between theirs, where nothing counts as 0. TIMER: the same timer, and
 * its time lies between theirs, which ss rounds down where it is long.
 */
enum shared_how { SAME, GROWS, TIMER };

struct shared_column {
	const char *name; /* as in ss_lines.h */
	/* Writes what ss would, SHARED_TEXT bytes at most; false where it would write nothing. */
	bool (*make)(const json_t *row, const struct shared_column *column, char *text);
	const char *path; /* in the row */
	const char *second;
	enum shared_how how;
	bool rare; /* the sockets of the test need not have it */
};

extern const struct shared_column shared_columns[];
extern const size_t shared_count;

/* True when the text, NULL for none, agrees with both lines. */
bool shared_agrees(const struct shared_column *column, const char *text,
		   const struct ss_line *before, const struct ss_line *after);

/* A difference: where it applies, ss writes just what `make` says (or, another version of it, what
 * this program does). */
struct known_difference {
	const char *column;
	bool (*applies)(const json_t *row);
	bool (*is)(const json_t *row, const struct ss_line *line);
	const char *why;
};

extern const struct known_difference known_differences[];
extern const size_t known_count;

#endif
