/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The base: small tools that every room may use and that know nothing of sockets.
 *
 * outbuf: bytes on their way to a descriptor. Rows are appended by hand (the hot path), a write
 * happens when the buffer is full or flushed. The first error sticks and later appends do
 * nothing, so callers check once, at the end.
 */
#ifndef LINGERSTAT_BASE_OUTBUF_H
#define LINGERSTAT_BASE_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OUTBUF_SIZE 65536

struct outbuf {
	int fd;     /* -1: memory only; grows instead of writing */
	int error;  /* 0, or the first negative errno */
	bool ascii; /* whoever reads it takes no UTF-8: escape_text() leaves none in */
	bool wide;  /* escape_text() did put some in: bytes are not columns */
	size_t len;
	size_t cap;
	char *data;
};

/* Takes a descriptor, or -1 for a buffer in memory. Returns 0 or -ENOMEM. */
int outbuf_open(struct outbuf *b, int fd);

/* Writes what is left and frees. Returns 0 or the first negative errno of the buffer's life. */
int outbuf_close(struct outbuf *b);

/* Writes what is buffered (nothing for a memory buffer). Returns 0 or a negative errno. */
int outbuf_flush(struct outbuf *b);

/* Gives the buffer an error, where it has none yet; returns the one that it has. */
int outbuf_fail(struct outbuf *b, int err);

/* What outbuf_reserve() does when the room is not there: it writes, or grows. */
char *outbuf_more(struct outbuf *b, size_t n);

/* Makes room for `n` more bytes; returns where they go, or NULL after an error. The caller then
 * adds what it used to b->len. In the header, as what follows: a row calls them some fifty times.
 */
static inline char *outbuf_reserve(struct outbuf *b, size_t n)
{
	return b->cap - b->len >= n ? b->data + b->len : outbuf_more(b, n);
}

static inline void outbuf_put(struct outbuf *b, const char *s, size_t n)
{
	char *p = outbuf_reserve(b, n);

	if (!p)
		return;
	memcpy(p, s, n);
	b->len += n;
}

static inline void outbuf_str(struct outbuf *b, const char *s)
{
	outbuf_put(b, s, strlen(s));
}

static inline void outbuf_char(struct outbuf *b, char c)
{
	outbuf_put(b, &c, 1);
}

/* Writes a number's digits at `p`, which has room for DIGITS_MAX; returns where they end. */
#define DIGITS_MAX 20
char *outbuf_digits(char *p, uint64_t v);

/* outbuf_u64() of any number; most that are shown have one digit. */
void outbuf_number(struct outbuf *b, uint64_t v);

static inline void outbuf_u64(struct outbuf *b, uint64_t v)
{
	if (v < 10)
		outbuf_char(b, (char)('0' + v));
	else
		outbuf_number(b, v);
}

void outbuf_fill(struct outbuf *b, char c, size_t n);
void outbuf_i64(struct outbuf *b, int64_t v);
/* Lower-case hexadecimal, no leading zeros. */
void outbuf_hex(struct outbuf *b, uint64_t v);
void outbuf_printf(struct outbuf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
