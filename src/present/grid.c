/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/grid.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "present/escape.h"
#include "present/wrap.h"

#define INDENT  2   /* of rows under the title */
#define GAP     2   /* between columns */
#define NOTE    256 /* the longest sentence beneath a grid */
#define BAR_MAX 40
#define BAR_MIN 8 /* a shorter one says nothing */

struct cell {
	size_t start, end; /* in the text */
	enum ink ink;
};

struct bar {
	size_t row;
	double share;
	enum ink ink;
};

struct grid {
	struct grid_look look;
	const struct grid_column *columns;
	size_t n_columns;
	struct outbuf text;
	struct cell *cells;
	size_t n_cells, cap_cells;
	struct bar *bars;
	size_t n_bars, cap_bars;
	int error;
};

struct grid *grid_new(const struct grid_look *look, struct outbuf *out,
		      const struct grid_column *columns, size_t n)
{
	struct grid *g = calloc(1, sizeof(*g));

	if (!g) {
		outbuf_fail(out, -ENOMEM);
		return NULL;
	}
	g->look = *look;
	g->columns = columns;
	g->n_columns = n;
	g->error = outbuf_open(&g->text, -1);
	g->text.ascii = !look->utf8;
	return g;
}

static bool make_room(void **items, size_t used, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 64;
	void *bigger;

	if (used < *cap)
		return true;
	bigger = reallocarray(*items, more, size);
	if (!bigger)
		return false;
	*items = bigger;
	*cap = more;
	return true;
}

static void end_cell(struct grid *g)
{
	if (g->n_cells)
		g->cells[g->n_cells - 1].end = g->text.len;
}

struct outbuf *grid_cell(struct grid *grid, enum ink ink)
{
	end_cell(grid);
	if (!make_room((void **)&grid->cells, grid->n_cells, &grid->cap_cells,
		       sizeof(*grid->cells))) {
		grid->error = -ENOMEM;
		return &grid->text;
	}
	grid->cells[grid->n_cells++] = (struct cell){ .start = grid->text.len, .ink = ink };
	return &grid->text;
}

void grid_number(struct grid *grid, int64_t value)
{
	struct outbuf *b = grid_cell(grid, INK_PLAIN);

	if (value < 0)
		outbuf_char(b, '?');
	else
		outbuf_i64(b, value);
}

void grid_text(struct grid *grid, const char *text)
{
	outbuf_str(grid_cell(grid, INK_PLAIN), text);
}

void grid_bar(struct grid *grid, double share, enum ink ink)
{
	if (!grid->n_cells)
		return;
	if (!make_room((void **)&grid->bars, grid->n_bars, &grid->cap_bars, sizeof(*grid->bars))) {
		grid->error = -ENOMEM;
		return;
	}
	grid->bars[grid->n_bars++] =
		(struct bar){ (grid->n_cells - 1) / grid->n_columns, share, ink };
}

static size_t cell_width(const struct grid *g, size_t i)
{
	const struct cell *c = &g->cells[i];

	return text_width(g->text.data + c->start, c->end - c->start);
}

static size_t header_width(const struct grid *g, size_t column)
{
	size_t width = strlen(g->columns[column].header);

	/* The title stands to the left of its rows. */
	return column || width < INDENT ? width : width - INDENT;
}

static size_t column_width(const struct grid *g, size_t column)
{
	size_t width = header_width(g, column);

	for (size_t i = column; i < g->n_cells; i += g->n_columns)
		if (cell_width(g, i) > width)
			width = cell_width(g, i);
	return width;
}

/* What is left of the line for bars, 0 when that is too little. */
static size_t bar_room(const struct grid *g, const size_t *widths)
{
	size_t used = INDENT + GAP;

	for (size_t i = 0; i < g->n_columns; i++)
		used += widths[i] + (i ? GAP : 0);
	if (!g->n_bars || g->look.width < used + BAR_MIN)
		return 0;
	return g->look.width - used < BAR_MAX ? g->look.width - used : BAR_MAX;
}

/* Block elements, from one eighth to the whole (Unicode, U+258F to U+2588). */
static void put_blocks(struct outbuf *out, size_t eighths)
{
	static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };

	for (; eighths >= 8; eighths -= 8)
		outbuf_str(out, "█");
	outbuf_str(out, parts[eighths]);
}

static void put_bar(const struct grid *g, struct outbuf *out, const struct bar *bar, size_t room)
{
	double share = bar->share > 1 ? 1 : bar->share;
	size_t units = room * (g->look.utf8 ? 8 : 1);
	size_t n = (size_t)(share * (double)units + 0.5);

	if (!(share > 0))
		return;
	if (!n)
		n = 1;
	outbuf_fill(out, ' ', GAP);
	if (g->look.color)
		style_begin(out, bar->ink);
	if (g->look.utf8)
		put_blocks(out, n);
	else
		outbuf_fill(out, '#', n);
	if (g->look.color)
		style_end(out, bar->ink);
}

static void put_padded(const struct grid *g, struct outbuf *out, size_t column, const char *s,
		       size_t n, size_t width, enum ink ink, bool last)
{
	size_t shown = text_width(s, n);
	size_t pad = shown < width ? width - shown : 0;
	bool right = g->columns[column].right;

	if (column)
		outbuf_fill(out, ' ', GAP);
	if (right)
		outbuf_fill(out, ' ', pad);
	if (g->look.color)
		style_begin(out, ink);
	outbuf_put(out, s, n);
	if (g->look.color)
		style_end(out, ink);
	/* No blanks at the end of a line. */
	if (!right && !last)
		outbuf_fill(out, ' ', pad);
}

static void put_header(const struct grid *g, struct outbuf *out, const size_t *widths)
{
	for (size_t i = 0; i < g->n_columns; i++) {
		const char *text = g->columns[i].header;

		put_padded(g, out, i, text, strlen(text), widths[i] + (i ? 0 : INDENT), INK_HEADER,
			   i + 1 == g->n_columns);
	}
	outbuf_char(out, '\n');
}

static const struct bar *bar_of(const struct grid *g, size_t row)
{
	for (size_t i = 0; i < g->n_bars; i++)
		if (g->bars[i].row == row && g->bars[i].share > 0)
			return &g->bars[i];
	return NULL;
}

static void put_row(const struct grid *g, struct outbuf *out, size_t row, const size_t *widths,
		    size_t room)
{
	const struct bar *bar = room ? bar_of(g, row) : NULL;

	outbuf_fill(out, ' ', INDENT);
	for (size_t i = 0; i < g->n_columns; i++) {
		const struct cell *c = &g->cells[row * g->n_columns + i];

		put_padded(g, out, i, g->text.data + c->start, c->end - c->start, widths[i], c->ink,
			   i + 1 == g->n_columns && !bar);
	}
	if (bar)
		put_bar(g, out, bar, room);
	outbuf_char(out, '\n');
}

static void print(const struct grid *g, struct outbuf *out)
{
	size_t *widths = calloc(g->n_columns, sizeof(*widths));
	size_t room;

	if (!widths) {
		outbuf_fail(out, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < g->n_columns; i++)
		widths[i] = column_width(g, i);
	room = bar_room(g, widths);
	put_header(g, out, widths);
	for (size_t row = 0; (row + 1) * g->n_columns <= g->n_cells; row++)
		put_row(g, out, row, widths, room);
	free(widths);
}

void grid_print(struct grid *grid, struct outbuf *out)
{
	end_cell(grid);
	if (grid->error || grid->text.error)
		outbuf_fail(out, -ENOMEM);
	else
		print(grid, out);
	outbuf_close(&grid->text);
	free(grid->cells);
	free(grid->bars);
	free(grid);
}

static void put_wrapped(const struct grid_look *look, struct outbuf *out, const char *text,
			size_t indent)
{
	wrap_labelled(out, "", text, strlen(text), indent, look->width ? look->width : SIZE_MAX);
}

void grid_sentence(const struct grid_look *look, struct outbuf *out, const char *text)
{
	put_wrapped(look, out, text, 0);
}

void grid_note(const struct grid_look *look, struct outbuf *out, const char *format, ...)
{
	char text[NOTE];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n > 0)
		put_wrapped(look, out, text, INDENT);
}
