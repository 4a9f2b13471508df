/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/outbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* No room is left, so that each append from here on meets the error. */
int outbuf_fail(struct outbuf *b, int err)
{
	if (!b->error)
		b->error = err;
	b->cap = b->len;
	return b->error;
}

int outbuf_open(struct outbuf *b, int fd)
{
	*b = (struct outbuf){ .fd = fd, .cap = fd < 0 ? 512 : OUTBUF_SIZE };
	b->data = malloc(b->cap);
	return b->data ? 0 : outbuf_fail(b, -ENOMEM);
}

int outbuf_flush(struct outbuf *b)
{
	size_t done = 0, len = b->len;

	if (b->fd < 0 || b->error)
		return b->error;
	b->len = 0;
	while (done < len) {
		ssize_t n = write(b->fd, b->data + done, len - done);

		if (n < 0 && errno != EINTR)
			return outbuf_fail(b, -errno);
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

int outbuf_close(struct outbuf *b)
{
	int err = outbuf_flush(b);

	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
	return err;
}

static int grow(struct outbuf *b, size_t need)
{
	size_t cap = b->cap;
	char *data;

	while (cap < need)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data)
		return outbuf_fail(b, -ENOMEM);
	b->data = data;
	b->cap = cap;
	return 0;
}

char *outbuf_more(struct outbuf *b, size_t n)
{
	if (b->error || outbuf_flush(b))
		return NULL;
	if (b->cap - b->len < n && grow(b, b->len + n))
		return NULL;
	return b->data + b->len;
}

void outbuf_fill(struct outbuf *b, char c, size_t n)
{
	char *p = outbuf_reserve(b, n);

	if (!p)
		return;
	memset(p, c, n);
	b->len += n;
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
			    "25262728293031323334353637383940414243444546474849"
			    "50515253545556575859606162636465666768697071727374"
			    "75767778798081828384858687888990919293949596979899";

static char *put_pair(char *p, uint64_t v)
{
	memcpy(p, pairs + v * 2, 2);
	return p + 2;
}

/* Below a hundred; without a 0 before it. */
static char *put_head(char *p, uint64_t v)
{
	if (v >= 10)
		return put_pair(p, v);
	*p = (char)('0' + v);
	return p + 1;
}

/* Bytes of addresses and ports are all that most rows have: for them no digit is counted. */
char *outbuf_digits(char *p, uint64_t v)
{
	if (v < 100)
		return put_head(p, v);
	if (v < 10000)
		return put_pair(put_head(p, v / 100), v % 100);
	p = outbuf_digits(p, v / 10000);
	p = put_pair(p, v / 100 % 100);
	return put_pair(p, v % 100);
}

void outbuf_number(struct outbuf *b, uint64_t v)
{
	char *p = outbuf_reserve(b, DIGITS_MAX);

	if (p)
		b->len = (size_t)(outbuf_digits(p, v) - b->data);
}

void outbuf_i64(struct outbuf *b, int64_t v)
{
	if (v < 0)
		outbuf_char(b, '-');
	outbuf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void outbuf_hex(struct outbuf *b, uint64_t v)
{
	char tmp[16];
	size_t i = sizeof(tmp);

	do {
		tmp[--i] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	outbuf_put(b, tmp + i, sizeof(tmp) - i);
}

void outbuf_printf(struct outbuf *b, const char *format, ...)
{
	va_list args;
	char *p;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	p = n < 0 ? NULL : outbuf_reserve(b, (size_t)n + 1);
	if (!p)
		return;
	va_start(args, format);
	vsnprintf(p, (size_t)n + 1, format, args);
	va_end(args);
	b->len += (size_t)n;
}
