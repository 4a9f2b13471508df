/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A grid: a few rows of counts with a header, aligned by their widths, and on a terminal a bar
 * beside each. It is held in memory until it is printed, so it is for sums, not for sockets.
 */
#ifndef LINGERSTAT_PRESENT_GRID_H
#define LINGERSTAT_PRESENT_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outbuf.h"
#include "present/style.h"

/* How grids should look. */
struct grid_look {
	bool color;
	bool utf8;          /* bars of block characters, an eighth of a column fine; else of # */
	unsigned int width; /* of the terminal; 0: none, and then there are no bars */
};

struct grid_column {
	const char *header; /* the first column's is the title of all */
	bool right;         /* aligned to the right */
};

struct grid;

/* The columns must stay until grid_print(). Returns NULL when memory is short, and then `out` has
 * the error: a part that is not there would look as if there were nothing. */
struct grid *grid_new(const struct grid_look *look, struct outbuf *out,
		      const struct grid_column *columns, size_t n);

/* Begins the next cell, in the next row when this one is full: what is appended to the buffer
 * until the following call is its text, which must be escaped already. */
struct outbuf *grid_cell(struct grid *grid, enum ink ink);

/* A cell with a number, or `?` for one below 0. */
void grid_number(struct grid *grid, int64_t value);
void grid_text(struct grid *grid, const char *text);

/* A bar behind the row of the last cell: `share` of the full length, from 0 to 1 (more is cut).
 * Any share above 0 shows. */
void grid_bar(struct grid *grid, double share, enum ink ink);

/* A sentence by itself, and one beneath a grid, which is set in by two columns. Both are wrapped on
 * a terminal. */
void grid_sentence(const struct grid_look *look, struct outbuf *out, const char *text);
void grid_note(const struct grid_look *look, struct outbuf *out, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Prints, and frees the grid. Errors stick in the buffer. */
void grid_print(struct grid *grid, struct outbuf *out);

#endif
