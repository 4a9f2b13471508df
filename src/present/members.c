/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/members.h"

#include "present/escape.h"

void member_key(struct outbuf *b, const char *key)
{
	if (!b->len || (b->data[b->len - 1] != '{' && b->data[b->len - 1] != '['))
		outbuf_char(b, ',');
	outbuf_char(b, '"');
	outbuf_str(b, key);
	outbuf_str(b, "\":");
}

void member_number(struct outbuf *b, const char *key, int64_t value)
{
	member_key(b, key);
	if (value < 0)
		outbuf_str(b, "null");
	else
		outbuf_i64(b, value);
}

void member_count(struct outbuf *b, const char *key, uint64_t value)
{
	member_key(b, key);
	outbuf_u64(b, value);
}

void member_percent(struct outbuf *b, const char *key, double value)
{
	member_key(b, key);
	if (value < 0)
		outbuf_str(b, "null");
	else
		outbuf_printf(b, "%.1f", value);
}

void member_text(struct outbuf *b, const char *key, const char *text)
{
	member_key(b, key);
	if (text)
		escape_json(b, text, strlen(text));
	else
		outbuf_str(b, "null");
}
