/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/memo.h"

#include <stdlib.h>

#define STRING_SIZE 64 /* of an interface's or namespace's name; a longer one is not kept */

struct kept {
	bool valid;
	struct outbuf text; /* in memory */
	struct socket from; /* the spans' bytes of it */
	char strings[MEMO_STRINGS][STRING_SIZE];
};

struct memo {
	size_t n_spans, n_strings;
	struct span spans[MEMO_SPANS]; /* by offset, without gaps that could be closed */
	uint16_t strings[MEMO_STRINGS];
	size_t last, next; /* found last; written next */
	struct kept kept[MEMO_KEPT];
};

struct memo *memo_new(void)
{
	struct memo *m = calloc(1, sizeof(*m));
	int err = 0;

	for (size_t i = 0; m && i < MEMO_KEPT; i++)
		err |= outbuf_open(&m->kept[i].text, -1);
	if (!err)
		return m;
	memo_free(m);
	return NULL;
}

void memo_free(struct memo *m)
{
	for (size_t i = 0; m && i < MEMO_KEPT; i++)
		outbuf_close(&m->kept[i].text);
	free(m);
}

static bool add_string(struct memo *m, uint16_t offset)
{
	if (m->n_strings == MEMO_STRINGS)
		return false;
	m->strings[m->n_strings++] = offset;
	return true;
}

static bool add_span(struct memo *m, struct span span)
{
	size_t at = m->n_spans;

	if (at == MEMO_SPANS)
		return false;
	for (; at && m->spans[at - 1].offset > span.offset; at--)
		m->spans[at] = m->spans[at - 1];
	m->spans[at] = span;
	m->n_spans++;
	return true;
}

/* Neighbours become one span: fewer, longer comparisons. */
static void join_spans(struct memo *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_spans; i++) {
		struct span *to = &m->spans[n ? n - 1 : 0];
		unsigned int end = to->offset + to->size;
		unsigned int stop = m->spans[i].offset + m->spans[i].size;

		if (!n || m->spans[i].offset > end)
			m->spans[n++] = m->spans[i];
		else if (stop > end)
			to->size = (uint16_t)(stop - to->offset);
	}
	m->n_spans = n;
}

bool memo_add(struct memo *m, const struct steady *steady)
{
	for (size_t i = 0; i < steady->n_spans; i++) {
		struct span span = steady->spans[i];
		bool added =
			span.size == STEADY_TEXT ? add_string(m, span.offset) : add_span(m, span);

		if (!added)
			return false;
	}
	join_spans(m);
	return true;
}

static const char *string_at(const struct socket *sk, uint16_t offset)
{
	const char *s;

	memcpy(&s, (const char *)sk + offset, sizeof(s));
	return s;
}

/* No name is empty, so that an empty one stands for none. */
static bool same_strings(const struct memo *m, const struct kept *kept, const struct socket *sk)
{
	for (size_t i = 0; i < m->n_strings; i++) {
		const char *s = string_at(sk, m->strings[i]);

		if (s ? !*s || strcmp(s, kept->strings[i]) != 0 : *kept->strings[i])
			return false;
	}
	return true;
}

/* Most spans are of one number: for them no function is called. */
static bool same_bytes(const char *a, const char *b, size_t size)
{
	uint64_t x, y;
	uint32_t v, w;

	if (size == sizeof(x)) {
		memcpy(&x, a, sizeof(x));
		memcpy(&y, b, sizeof(y));
		return x == y;
	}
	if (size == sizeof(v)) {
		memcpy(&v, a, sizeof(v));
		memcpy(&w, b, sizeof(w));
		return v == w;
	}
	return size == 1 ? *a == *b : memcmp(a, b, size) == 0;
}

static bool is_same(const struct memo *m, const struct kept *kept, const struct socket *sk)
{
	if (!kept->valid)
		return false;
	for (size_t i = 0; i < m->n_spans; i++)
		if (!same_bytes((const char *)&kept->from + m->spans[i].offset,
				(const char *)sk + m->spans[i].offset, m->spans[i].size))
			return false;
	return same_strings(m, kept, sk);
}

bool memo_put(struct memo *m, struct outbuf *b, const struct socket *sk)
{
	for (size_t i = 0; i < MEMO_KEPT; i++) {
		size_t at = (m->last + i) % MEMO_KEPT;

		if (!is_same(m, &m->kept[at], sk))
			continue;
		outbuf_put(b, m->kept[at].text.data, m->kept[at].text.len);
		m->last = at;
		return true;
	}
	return false;
}

struct outbuf *memo_start(struct memo *m)
{
	struct kept *kept = &m->kept[m->next];

	kept->valid = false;
	kept->text.len = 0;
	return &kept->text;
}

static bool keep_strings(const struct memo *m, struct kept *kept, const struct socket *sk)
{
	for (size_t i = 0; i < m->n_strings; i++) {
		const char *s = string_at(sk, m->strings[i]);
		size_t len = s ? strlen(s) : 0;

		if (len >= STRING_SIZE || (s && !len))
			return false;
		memcpy(kept->strings[i], s ? s : "", len + 1);
	}
	return true;
}

void memo_keep(struct memo *m, struct outbuf *b, const struct socket *sk)
{
	struct kept *kept = &m->kept[m->next];

	if (kept->text.error)
		outbuf_fail(b, kept->text.error);
	outbuf_put(b, kept->text.data, kept->text.len);
	for (size_t i = 0; i < m->n_spans; i++)
		memcpy((char *)&kept->from + m->spans[i].offset,
		       (const char *)sk + m->spans[i].offset, m->spans[i].size);
	kept->valid = !kept->text.error && keep_strings(m, kept, sk);
	m->last = m->next;
	m->next = (m->next + 1) % MEMO_KEPT;
}
