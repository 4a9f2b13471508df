/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/outbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int outbuf_open(struct outbuf *b, int fd)
{
	*b = (struct outbuf){ .fd = fd, .cap = fd < 0 ? 512 : OUTBUF_SIZE };
	b->data = malloc(b->cap);
	if (!b->data)
		b->error = -ENOMEM;
	return b->error;
}

int outbuf_flush(struct outbuf *b)
{
	size_t done = 0;

	if (b->fd < 0 || b->error)
		return b->error;
	while (done < b->len) {
		ssize_t n = write(b->fd, b->data + done, b->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			b->error = -errno;
			break;
		}
		done += (size_t)n;
	}
	b->len = 0;
	return b->error;
}

int outbuf_close(struct outbuf *b)
{
	int err = outbuf_flush(b);

	free(b->data);
	b->data = NULL;
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
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

char *outbuf_reserve(struct outbuf *b, size_t n)
{
	if (b->error)
		return NULL;
	if (b->cap - b->len < n && b->fd >= 0)
		outbuf_flush(b);
	if (b->cap - b->len < n && !b->error)
		b->error = grow(b, b->len + n);
	return b->error ? NULL : b->data + b->len;
}

void outbuf_put(struct outbuf *b, const char *s, size_t n)
{
	char *p = outbuf_reserve(b, n);

	if (!p)
		return;
	memcpy(p, s, n);
	b->len += n;
}

void outbuf_char(struct outbuf *b, char c)
{
	outbuf_put(b, &c, 1);
}

void outbuf_fill(struct outbuf *b, char c, size_t n)
{
	char *p = outbuf_reserve(b, n);

	if (!p)
		return;
	memset(p, c, n);
	b->len += n;
}

void outbuf_u64(struct outbuf *b, uint64_t v)
{
	char tmp[20];
	size_t i = sizeof(tmp);

	do {
		tmp[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	outbuf_put(b, tmp + i, sizeof(tmp) - i);
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
