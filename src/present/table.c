/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table. It streams, so widths cannot wait for the last row: the first SAMPLE rows are held
 * back, decide the widths, and everything after them is printed as it comes.
 */
#include <ctype.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "present/escape.h"
#include "present/wrap.h"
#include "present/writer.h"

#define SAMPLE    256
#define GAP       1  /* spaces between columns */
#define MIN_WIDTH 12 /* a flexible column is not cut below this */
#define INDENT    12 /* of details beneath their row */

/* One row of formatted cells: where each begins in the text, and its ink. */
struct row {
	size_t end[COLUMNS_MAX]; /* offset behind each cell */
	enum ink ink[COLUMNS_MAX];
};

struct table {
	struct writer writer;
	struct outbuf *out;
	struct writer_options options;
	const struct column *order[COLUMNS_MAX]; /* those of the row, then those beneath it */
	size_t columns;                          /* in the row */
	size_t all;
	size_t width[COLUMNS_MAX];
	struct outbuf text; /* cells of the held rows, one after the other */
	struct row rows[SAMPLE];
	size_t held;
	bool flowing; /* widths are fixed, rows go straight out */
	bool plain;
};

static const struct column *column_at(const struct table *t, size_t i)
{
	return t->order[i];
}

/* With the number of all columns: where the next row starts. */
static size_t cell_start(const struct row *row, size_t row_start, size_t i)
{
	return i ? row->end[i - 1] : row_start;
}

/* What belongs to the row above is set in. */
static void format_row(struct table *t, const struct socket *sk, struct row *row, bool beneath)
{
	if (beneath)
		outbuf_str(&t->text, "  ");
	for (size_t i = 0; i < t->all; i++) {
		const struct column *c = column_at(t, i);

		c->cell(&t->text, sk, &t->options.cells);
		row->end[i] = t->text.len;
		row->ink[i] = c->ink && t->options.color ? c->ink(sk) : INK_PLAIN;
	}
}

/* Bytes of the first characters that `columns` has room for; what is left of it afterwards. A
 * character may take two columns, or none. */
static size_t cut_at(const char *s, size_t n, size_t *columns)
{
	size_t i = 0;

	while (i < n) {
		unsigned int point;
		size_t len = utf8_sequence(s + i, n - i, &point);
		size_t width;

		len = len ? len : 1;
		width = text_width(s + i, len);
		if (width > *columns)
			break;
		*columns -= width;
		i += len;
	}
	return i;
}

/* Letters of a pid or a port; a port has a name of a service too, such as `http-alt`, or `*`. */
static bool is_kept(unsigned char c, char mark)
{
	return isalnum(c) || (mark == ':' && strchr("-_.+*", c));
}

/* Of a unix socket the name says more than the inode behind it. */
static bool has_last_part(const char *s, size_t n, char mark)
{
	return mark != '$' && !(mark == ':' && n && (*s == '/' || *s == '@'));
}

/* The part that is kept when the rest is cut: the port behind an address, the pid behind a name.
 * Empty when there is none, or no room for it, or, of a port, when it is not the end: half of one
 * would read as another. */
static const char *kept_part(const char *s, size_t n, char mark, size_t width, size_t *len)
{
	const char *at = has_last_part(s, n, mark) ? memrchr(s, mark, n) : NULL;
	size_t end = 1;

	*len = 0;
	if (!at)
		return s + n;
	while (at + end < s + n && is_kept((unsigned char)at[end], mark))
		end++;
	if (end + 2 > width || (mark == ':' && at + end < s + n))
		return s + n;
	*len = end;
	return at;
}

/* Gives how many columns of the width are left. */
static size_t put_cut(struct table *t, const char *s, size_t n, size_t width, char mark)
{
	size_t len;
	const char *kept = kept_part(s, n, mark, width, &len);
	size_t left = width - 1 - len;
	size_t before = cut_at(s, (size_t)(kept - s), &left);
	bool behind = kept < s + n && before == (size_t)(kept - s);

	/* The mark stands where something is missing. */
	outbuf_put(t->out, s, before);
	if (behind)
		outbuf_put(t->out, kept, len);
	outbuf_str(t->out, t->options.utf8 ? "\xe2\x80\xa6" : ">");
	if (!behind)
		outbuf_put(t->out, kept, len);
	return left;
}

/* One cell with its padding; the last column is not padded. */
static void put_cell(struct table *t, size_t i, const char *s, size_t n, enum ink ink)
{
	const struct column *c = column_at(t, i);
	size_t shown = text_width(s, n);
	bool cut = t->options.width && c->cut && shown > t->width[i];
	size_t pad = shown < t->width[i] ? t->width[i] - shown : 0;

	if (i)
		outbuf_fill(t->out, ' ', GAP);
	if (c->place == PLACE_RIGHT)
		outbuf_fill(t->out, ' ', pad);
	style_begin(t->out, ink);
	if (cut)
		pad = put_cut(t, s, n, t->width[i], c->cut);
	else
		outbuf_put(t->out, s, n);
	style_end(t->out, ink);
	if ((c->place == PLACE_LEFT || cut) && i + 1 < t->columns)
		outbuf_fill(t->out, ' ', pad);
}

/* In one line: `info: ... memory: ...`. */
static void put_details_line(struct table *t, const struct row *row, size_t row_start)
{
	for (size_t i = t->columns; i < t->all; i++) {
		size_t start = cell_start(row, row_start, i);

		if (i)
			outbuf_char(t->out, i == t->columns && !t->options.oneline ? '\t' : ' ');
		outbuf_str(t->out, column_at(t, i)->name);
		outbuf_str(t->out, ": ");
		outbuf_put(t->out, t->text.data + start, row->end[i] - start);
	}
	outbuf_char(t->out, '\n');
}

/* A paragraph each, of those that have something to say. */
static void put_details_wrapped(struct table *t, const struct row *row, size_t row_start)
{
	for (size_t i = t->columns; i < t->all; i++) {
		size_t start = cell_start(row, row_start, i);
		const char *text = t->text.data + start;
		size_t n = row->end[i] - start;

		if (n == 1 && *text == '-')
			continue;
		wrap_labelled(t->out, column_at(t, i)->name, text, n, INDENT, t->options.width);
	}
}

static void put_row(struct table *t, const struct row *row, size_t row_start)
{
	bool beneath = t->all > t->columns;

	for (size_t i = 0; i < t->columns; i++) {
		size_t start = cell_start(row, row_start, i);

		put_cell(t, i, t->text.data + start, row->end[i] - start, row->ink[i]);
	}
	if (t->columns && !(beneath && t->options.oneline))
		outbuf_char(t->out, '\n');
	if (beneath && t->options.width && !t->options.oneline)
		put_details_wrapped(t, row, row_start);
	else if (beneath)
		put_details_line(t, row, row_start);
}

static void put_header(struct table *t)
{
	if (!t->options.header || !t->columns)
		return;
	for (size_t i = 0; i < t->columns; i++) {
		const char *header = column_at(t, i)->header;

		put_cell(t, i, header, strlen(header), t->options.color ? INK_HEADER : INK_PLAIN);
	}
	outbuf_char(t->out, '\n');
}

static void measure(struct table *t)
{
	size_t start = 0;

	for (size_t i = 0; i < t->columns; i++)
		t->width[i] = t->options.header ? strlen(column_at(t, i)->header) : 1;
	for (size_t r = 0; r < t->held; r++) {
		for (size_t i = 0; i < t->columns; i++) {
			size_t from = cell_start(&t->rows[r], start, i);
			size_t w = text_width(t->text.data + from, t->rows[r].end[i] - from);

			if (w > t->width[i])
				t->width[i] = w;
		}
		start = cell_start(&t->rows[r], start, t->all);
	}
}

/* The flexible column that takes most room and can still give some, or -1. */
static int widest_flexible(const struct table *t)
{
	int found = -1;

	for (size_t i = 0; i < t->columns; i++) {
		if (!column_at(t, i)->cut || t->width[i] <= MIN_WIDTH)
			continue;
		if (found < 0 || t->width[i] > t->width[found])
			found = (int)i;
	}
	return found;
}

static size_t width_of_all(const struct table *t)
{
	size_t total = t->columns ? (t->columns - 1) * GAP : 0;

	for (size_t i = 0; i < t->columns; i++)
		total += t->width[i];
	return total;
}

/* Cells that are cut and rows that are broken all the same would be the worst of both: where
 * cutting is not enough, only what is wider than the terminal by itself is cut. */
static void restore_widths(struct table *t, const size_t whole[COLUMNS_MAX])
{
	for (size_t i = 0; i < t->columns; i++)
		t->width[i] = whole[i] < t->options.width ? whole[i] : t->options.width;
}

static void fit_terminal(struct table *t)
{
	size_t total = width_of_all(t), whole[COLUMNS_MAX];

	if (!t->options.width)
		return;
	memcpy(whole, t->width, sizeof(whole));
	while (total > t->options.width) {
		int i = widest_flexible(t);

		if (i < 0) {
			restore_widths(t, whole);
			return;
		}
		t->width[i]--;
		total--;
	}
}

/* Fixes the widths and prints what was held back. */
static void flow(struct table *t)
{
	size_t start = 0;

	if (t->flowing || t->text.error)
		return;
	t->flowing = true;
	measure(t);
	fit_terminal(t);
	put_header(t);
	for (size_t r = 0; r < t->held; r++) {
		put_row(t, &t->rows[r], start);
		start = cell_start(&t->rows[r], start, t->all);
	}
	t->text.len = 0;
}

/* Of events nobody knows how wide they will be: room for a time, IPv4 addresses, counts. */
static size_t live_width(const struct column *c)
{
	size_t header = strlen(c->header);
	size_t usual = c->cut == ':' ? 21 : c->cut ? 16 : c->place == PLACE_RIGHT ? 8 : 5;

	if (strcmp(c->name, "time") == 0)
		usual = sizeof("00:00:00.000") - 1;
	return header > usual ? header : usual;
}

static void live_begin(struct writer *w, const struct run_info *info)
{
	struct table *t = (struct table *)w;

	(void)info;
	for (size_t i = 0; i < t->columns; i++)
		t->width[i] = live_width(column_at(t, i));
	fit_terminal(t);
	put_header(t);
	t->flowing = true;
}

/* In the row, beneath nothing, in one colour and uncut: the cells stand in the text as they will be
 * seen, and need no second look. */
static bool is_plain(const struct table *t)
{
	return t->all == t->columns && !t->options.color && !t->options.width;
}

/* Pads the cell that is the end of the text. It has few bytes, or few spaces before it: moving
 * them by hand is quicker than a call. */
static void pad_cell(struct outbuf *text, size_t start, size_t width, enum place place)
{
	size_t n = text->len - start, pad, i;
	size_t shown = text->wide ? text_width(text->data + start, n) : n;
	char *cell;

	if (shown >= width || !outbuf_reserve(text, width - shown))
		return;
	pad = width - shown;
	cell = text->data + start;
	text->len += pad;
	if (place == PLACE_RIGHT)
		for (i = n; i-- > 0;)
			cell[i + pad] = cell[i];
	else
		cell += n;
	for (i = 0; i < pad; i++)
		cell[i] = ' ';
}

static void put_plain_row(struct table *t, const struct socket *sk, bool beneath)
{
	struct outbuf *text = &t->text;

	text->len = 0;
	text->wide = false;
	if (beneath)
		outbuf_str(text, "  ");
	for (size_t i = 0; i < t->columns; i++) {
		const struct column *c = t->order[i];
		size_t start = i ? text->len : 0;

		c->cell(text, sk, &t->options.cells);
		if (c->place == PLACE_RIGHT || i + 1 < t->columns)
			pad_cell(text, start, t->width[i], c->place);
		outbuf_char(text, i + 1 < t->columns ? ' ' : '\n');
	}
	if (!text->error)
		outbuf_put(t->out, text->data, text->len);
}

static void take_row(struct table *t, const struct socket *sk, bool beneath)
{
	if (!t->flowing) {
		format_row(t, sk, &t->rows[t->held++], beneath);
		if (t->held == SAMPLE)
			flow(t);
		return;
	}
	if (t->plain) {
		put_plain_row(t, sk, beneath);
		return;
	}
	t->text.len = 0;
	format_row(t, sk, &t->rows[0], beneath);
	if (!t->text.error)
		put_row(t, &t->rows[0], 0);
}

/* The subflows of an MPTCP connection are rows beneath it. */
static void table_row(struct writer *w, const struct socket *sk)
{
	struct table *t = (struct table *)w;

	take_row(t, sk, false);
	for (uint32_t i = 0; i < sk->subflows.count; i++) {
		const struct socket row = socket_subflow(sk, i);

		take_row(t, &row, true);
	}
}

/* A line of clauses with semicolons between them, broken behind one where it is too long. */
static void put_clauses(struct outbuf *b, const char *text, size_t n, size_t width)
{
	size_t column = 0;

	while (n) {
		const char *end = memmem(text, n, "; ", 2);
		size_t len = end ? (size_t)(end - text) + 1 : n;

		if (column && width && column + 1 + len > width) {
			outbuf_char(b, '\n');
			column = 0;
		} else if (column) {
			outbuf_char(b, ' ');
			column++;
		}
		outbuf_put(b, text, len);
		column += len;
		n -= end ? len + 1 : len;
		text += end ? len + 1 : len;
	}
	outbuf_char(b, '\n');
}

/* The held rows are printed: their buffer has room for the line. */
static void put_tally(struct table *t, const struct run_result *result)
{
	struct outbuf *line = &t->text;

	line->len = 0;
	tally_line(line, result->tally, result->judged);
	if (result->undecided)
		outbuf_printf(line, "; %llu left out: not known",
			      (unsigned long long)result->undecided);
	if (!result->complete)
		outbuf_str(line, "; INCOMPLETE");
	style_begin(t->out, t->options.color ? INK_FAINT : INK_PLAIN);
	put_clauses(t->out, line->data, line->len, t->options.width);
	style_end(t->out, t->options.color ? INK_FAINT : INK_PLAIN);
}

static void table_end(struct writer *w, const struct run_result *result)
{
	struct table *t = (struct table *)w;

	flow(t);
	if (t->text.error)
		outbuf_fail(t->out, t->text.error);
	if (!t->options.tally)
		return;
	put_tally(t, result);
}

static void table_free(struct writer *w)
{
	struct table *t = (struct table *)w;

	outbuf_close(&t->text);
	free(t);
}

static void place_columns(struct table *t, const struct column_list *list, bool beneath)
{
	for (size_t i = 0; i < list->count; i++)
		if ((list->items[i]->place == PLACE_BENEATH) == beneath)
			t->order[t->all++] = list->items[i];
}

struct writer *table_open(struct outbuf *out, const struct writer_options *options)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	if (outbuf_open(&t->text, -1) < 0) {
		free(t);
		return NULL;
	}
	t->writer = (struct writer){ options->live ? live_begin : NULL, table_row, table_end,
				     table_free };
	t->out = out;
	t->text.ascii = !options->utf8;
	t->options = *options;
	place_columns(t, options->columns, false);
	t->columns = t->all;
	place_columns(t, options->columns, true);
	t->plain = is_plain(t);
	return &t->writer;
}
