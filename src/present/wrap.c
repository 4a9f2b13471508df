/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/wrap.h"

#include "present/escape.h"

static size_t word_length(const char *s, size_t n)
{
	const char *space = memchr(s, ' ', n);

	return space ? (size_t)(space - s) : n;
}

static void put_margin(struct outbuf *b, const char *label, size_t indent)
{
	size_t len = strlen(label);

	if (!indent)
		return;
	outbuf_char(b, ' ');
	outbuf_put(b, label, len);
	outbuf_fill(b, ' ', len + 1 < indent ? indent - len - 1 : 1);
}

void wrap_labelled(struct outbuf *b, const char *label, const char *text, size_t n, size_t indent,
		   size_t width)
{
	size_t column = indent;

	put_margin(b, label, indent);
	while (n) {
		size_t len = word_length(text, n);
		size_t shown = text_width(text, len);

		if (column > indent && column + 1 + shown > width) {
			outbuf_char(b, '\n');
			outbuf_fill(b, ' ', indent);
			column = indent;
		} else if (column > indent) {
			outbuf_char(b, ' ');
			column++;
		}
		outbuf_put(b, text, len);
		column += shown;
		text += len;
		n -= len;
		if (n) {
			text++;
			n--;
		}
	}
	outbuf_char(b, '\n');
}
