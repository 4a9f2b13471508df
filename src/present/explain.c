/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "present/advice.h"
#include "present/cells.h"
#include "present/escape.h"
#include "present/sentences.h"
#include "present/style.h"
#include "present/wrap.h"
#include "present/writer.h"

#define INDENT 10

static void put_title(struct outbuf *b, const struct socket *sk, const struct explain_context *cx)
{
	struct cell_context cells = { .names = cx->names };
	enum ink ink = cx->color ? ink_risk(sk) : INK_PLAIN;

	cell_netid(b, sk, &cells);
	outbuf_char(b, ' ');
	cell_state(b, sk, &cells);
	outbuf_char(b, ' ');
	cell_local(b, sk, &cells);
	outbuf_str(b, " -> ");
	cell_peer(b, sk, &cells);
	outbuf_str(b, "  risk ");
	style_begin(b, ink);
	cell_risk(b, sk, &cells);
	style_end(b, ink);
	if (sk->close.reasons) {
		outbuf_str(b, " (");
		cell_reasons(b, sk, &cells);
		outbuf_char(b, ')');
	}
	if (cx->everywhere) {
		outbuf_str(b, "  in namespace ");
		cell_netns(b, sk, &cells);
	}
	outbuf_char(b, '\n');
}

void explain_text(struct outbuf *b, const struct socket *sk, const struct explain_context *cx)
{
	size_t count;
	const struct part *parts = explain_parts(&count);
	struct outbuf text;
	const char *advice;

	if (outbuf_open(&text, -1) < 0) {
		outbuf_fail(b, text.error);
		return;
	}
	text.ascii = b->ascii;
	put_title(b, sk, cx);
	for (size_t i = 0; i < count; i++) {
		text.len = 0;
		parts[i].write(&text, sk, cx);
		if (text.len && parts[i].label)
			wrap_labelled(b, parts[i].label, text.data, text.len, INDENT,
				      EXPLAIN_WIDTH);
	}
	for (size_t i = 0; (advice = advice_for(sk, i)); i++)
		wrap_labelled(b, i ? "" : "To do", advice, strlen(advice), INDENT, EXPLAIN_WIDTH);
	outbuf_char(b, '\n');
	if (text.error)
		outbuf_fail(b, text.error);
	outbuf_close(&text);
}

static void json_parts(struct outbuf *b, struct outbuf *text, const struct socket *sk,
		       const struct explain_context *cx)
{
	size_t count;
	const struct part *parts = explain_parts(&count);

	for (size_t i = 0; i < count; i++) {
		text->len = 0;
		parts[i].write(text, sk, cx);
		outbuf_printf(b, "%s\"%s\":", i ? "," : "", parts[i].key);
		if (text->len)
			escape_json(b, text->data, text->len);
		else
			outbuf_str(b, "null");
	}
}

void explain_json(struct outbuf *b, const struct socket *sk, const struct explain_context *cx)
{
	struct outbuf text;
	const char *advice;

	if (outbuf_open(&text, -1) < 0) {
		outbuf_fail(b, text.error);
		return;
	}
	outbuf_char(b, '{');
	json_parts(b, &text, sk, cx);
	outbuf_str(b, ",\"advice\":[");
	for (size_t i = 0; (advice = advice_for(sk, i)); i++) {
		if (i)
			outbuf_char(b, ',');
		escape_json(b, advice, strlen(advice));
	}
	outbuf_str(b, "]}");
	if (text.error)
		outbuf_fail(b, text.error);
	outbuf_close(&text);
}

void explain_reason(struct outbuf *b, enum reason reason)
{
	const char *text = advice_reason(reason);
	char title[160];

	snprintf(title, sizeof(title), "%s: %s", reason_name(reason), reason_help(reason));
	wrap_labelled(b, "", title, strlen(title), 0, EXPLAIN_WIDTH);
	outbuf_char(b, '\n');
	wrap_labelled(b, "", text, strlen(text), 0, EXPLAIN_WIDTH);
}

void explain_reason_json(struct outbuf *b, enum reason reason)
{
	const char *text = advice_reason(reason);

	outbuf_printf(b,
		      "{\"type\":\"reason\",\"reason\":\"%s\",\"summary\":", reason_name(reason));
	escape_json(b, reason_help(reason), strlen(reason_help(reason)));
	outbuf_str(b, ",\"meaning\":");
	escape_json(b, text, strlen(text));
	outbuf_str(b, "}\n");
}

/* --- as a writer --------------------------------------------------------------------------- */

struct explain_writer {
	struct writer writer;
	struct outbuf *out;
	const struct explain_context *context;
	uint64_t shown;
};

static void writer_row(struct writer *w, const struct socket *sk)
{
	struct explain_writer *x = (struct explain_writer *)w;

	explain_text(x->out, sk, x->context);
	x->shown++;
}

static void writer_end(struct writer *w, const struct run_result *result)
{
	struct explain_writer *x = (struct explain_writer *)w;

	if (!x->shown && result->complete)
		outbuf_str(x->out, "No socket is selected.\n");
}

static void writer_free(struct writer *w)
{
	free(w);
}

struct writer *explain_open(struct outbuf *out, const struct writer_options *options)
{
	struct explain_writer *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->writer = (struct writer){ NULL, writer_row, writer_end, writer_free };
	x->out = out;
	x->context = options->explain;
	out->ascii = !options->utf8;
	return &x->writer;
}
