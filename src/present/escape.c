/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/escape.h"

#include <stdint.h>
#include <wchar.h>

static void put_hex(struct outbuf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		outbuf_printf(b, "\\x%02x", (uint8_t)s[i]);
}

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* The top bit of every byte that is 0, and perhaps of bytes above one: exact where it is none. */
static uint64_t zeros(uint64_t word)
{
	return (word - EACH_BYTE(1)) & ~word & EACH_BYTE(0x80);
}

/* Eight bytes that no format has to escape. */
static bool is_plain_word(uint64_t word)
{
	uint64_t control = (word - EACH_BYTE(0x20)) | word | zeros(word ^ EACH_BYTE(0x7f));

	return !((control & EACH_BYTE(0x80)) | zeros(word ^ EACH_BYTE('"')) |
		 zeros(word ^ EACH_BYTE('\\')));
}

/* The bytes that a format may have to escape, or that are no ASCII. */
static const bool is_special[256] = {
	[0 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0x7f ... 0xff] = true
};

/* How many bytes from the first on can be copied as they are, in every format: of nearly all names
 * all of them. */
static size_t plain_length(const char *s, size_t n)
{
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		if (!is_plain_word(word))
			break;
	}
	while (i < n && !is_special[(uint8_t)s[i]])
		i++;
	return i;
}

void escape_text(struct outbuf *b, const char *s, size_t n)
{
	size_t i = plain_length(s, n);

	outbuf_put(b, s, i);
	while (i < n) {
		unsigned int point = 0;
		size_t len = utf8_sequence(s + i, n - i, &point);

		if (len == 0)
			put_hex(b, s + i, 1);
		else if (utf8_steers(point) || (b->ascii && point > 0x7e))
			put_hex(b, s + i, len);
		else if (point == '\\')
			outbuf_str(b, "\\\\");
		else
			outbuf_put(b, s + i, len);
		b->wide |= point > 0x7e;
		i += len ? len : 1;
	}
}

bool escape_json(struct outbuf *b, const char *s, size_t n)
{
	bool valid = true;
	size_t i = plain_length(s, n);

	outbuf_char(b, '"');
	outbuf_put(b, s, i);
	while (i < n) {
		unsigned int point = 0;
		size_t len = utf8_sequence(s + i, n - i, &point);

		if (len == 0) {
			outbuf_str(b, "\xef\xbf\xbd");
			valid = false;
		} else if (utf8_steers(point)) {
			outbuf_printf(b, "\\u%04x", point);
		} else {
			if (point == '"' || point == '\\')
				outbuf_char(b, '\\');
			outbuf_put(b, s + i, len);
		}
		i += len ? len : 1;
	}
	outbuf_char(b, '"');
	return valid;
}

void escape_base64(struct outbuf *b, const char *s, size_t n)
{
	/* The last one fills up. */
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	const uint8_t *u = (const uint8_t *)s;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)u[i] << 16;

		if (i + 1 < n)
			v |= (uint32_t)u[i + 1] << 8;
		if (i + 2 < n)
			v |= u[i + 2];
		outbuf_char(b, digits[v >> 18]);
		outbuf_char(b, digits[v >> 12 & 63]);
		outbuf_char(b, digits[i + 1 < n ? v >> 6 & 63 : 64]);
		outbuf_char(b, digits[i + 2 < n ? v & 63 : 64]);
	}
}

size_t text_width(const char *s, size_t n)
{
	size_t width = 0;

	for (size_t i = 0, len; i < n; i += len ? len : 1) {
		unsigned int point = 0;
		int columns;

		len = utf8_sequence(s + i, n - i, &point);
		columns = point < 0x80 ? 1 : wcwidth((wchar_t)point);
		width += columns < 0 ? 1 : (size_t)columns;
	}
	return width;
}
