/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV as RFC 4180 has it: a header of column names, CRLF at the end of each record, quotes where
 * a field needs them. A field is the table's cell in full; unknown is `?` here too.
 */
#include <stdlib.h>

#include "present/writer.h"

struct csv {
	struct writer writer;
	struct outbuf *out;
	struct writer_options options;
	struct outbuf field;
};

static void put_field(struct outbuf *b, const char *s, size_t n)
{
	bool quoted = false;

	for (size_t i = 0; i < n && !quoted; i++)
		quoted = strchr(",\"\r\n", s[i]) != NULL;
	if (!quoted) {
		outbuf_put(b, s, n);
		return;
	}
	outbuf_char(b, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"')
			outbuf_char(b, '"');
		outbuf_char(b, s[i]);
	}
	outbuf_char(b, '"');
}

static void csv_begin(struct writer *w, const struct run_info *info)
{
	struct csv *c = (struct csv *)w;

	(void)info;
	if (!c->options.header)
		return;
	for (size_t i = 0; i < c->options.columns->count; i++) {
		if (i)
			outbuf_char(c->out, ',');
		outbuf_str(c->out, c->options.columns->items[i]->name);
	}
	outbuf_str(c->out, "\r\n");
}

static void put_record(struct csv *c, const struct socket *sk)
{
	for (size_t i = 0; i < c->options.columns->count; i++) {
		c->field.len = 0;
		c->options.columns->items[i]->cell(&c->field, sk, &c->options.cells);
		if (i)
			outbuf_char(c->out, ',');
		put_field(c->out, c->field.data, c->field.len);
	}
	outbuf_str(c->out, "\r\n");
	if (c->field.error)
		outbuf_fail(c->out, c->field.error);
}

static void csv_row(struct writer *w, const struct socket *sk)
{
	struct csv *c = (struct csv *)w;

	put_record(c, sk);
	for (uint32_t i = 0; i < sk->subflows.count; i++) {
		const struct socket row = socket_subflow(sk, i);

		put_record(c, &row);
	}
}

static void csv_free(struct writer *w)
{
	struct csv *c = (struct csv *)w;

	outbuf_close(&c->field);
	free(c);
}

struct writer *csv_open(struct outbuf *out, const struct writer_options *options)
{
	struct csv *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (outbuf_open(&c->field, -1) < 0) {
		free(c);
		return NULL;
	}
	c->writer = (struct writer){ csv_begin, csv_row, NULL, csv_free };
	c->out = out;
	c->options = *options;
	c->options.cells.exact = true;
	return &c->writer;
}
