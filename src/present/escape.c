/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/escape.h"

#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The forms of RFC 3629: first byte under `mask` equals `lead`; `least` excludes overlong. */
static const struct {
	uint8_t mask, lead, length;
	unsigned int least;
} forms[] = {
	{ 0x80, 0x00, 1, 0x0 },
	{ 0xe0, 0xc0, 2, 0x80 },
	{ 0xf0, 0xe0, 3, 0x800 },
	{ 0xf8, 0xf0, 4, 0x10000 },
};

static bool is_scalar(unsigned int point, unsigned int least)
{
	return point >= least && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

size_t utf8_sequence(const char *s, size_t n, unsigned int *point)
{
	const uint8_t *u = (const uint8_t *)s;
	size_t i = 0, k;

	if (!n)
		return 0;
	while (i < ARRAY_SIZE(forms) && (u[0] & forms[i].mask) != forms[i].lead)
		i++;
	if (i == ARRAY_SIZE(forms) || forms[i].length > n)
		return 0;
	*point = u[0] & (uint8_t)~forms[i].mask;
	for (k = 1; k < forms[i].length; k++) {
		if ((u[k] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (u[k] & 0x3f);
	}
	return is_scalar(*point, forms[i].least) ? k : 0;
}

/* Ranges that steer a terminal or the direction of text. */
static const struct {
	unsigned int first, last;
} controls[] = {
	{ 0x00, 0x1f },     { 0x61c, 0x61c },   { 0x7f, 0x9f },     { 0x200e, 0x200f },
	{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff },
};

static bool is_control(unsigned int point)
{
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		if (point >= controls[i].first && point <= controls[i].last)
			return true;
	return false;
}

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
	uint64_t controls = (word - EACH_BYTE(0x20)) | word | zeros(word ^ EACH_BYTE(0x7f));

	return !((controls & EACH_BYTE(0x80)) | zeros(word ^ EACH_BYTE('"')) |
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
		else if (is_control(point) || (b->ascii && point > 0x7e))
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
		} else if (point < 0x20 || (point >= 0x7f && point <= 0x9f)) {
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
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *u = (const uint8_t *)s;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)u[i] << 16;

		if (i + 1 < n)
			v |= (uint32_t)u[i + 1] << 8;
		if (i + 2 < n)
			v |= u[i + 2];
		outbuf_char(b, digits[v >> 18]);
		outbuf_char(b, digits[v >> 12 & 63]);
		outbuf_char(b, i + 1 < n ? digits[v >> 6 & 63] : '=');
		outbuf_char(b, i + 2 < n ? digits[v & 63] : '=');
	}
}

size_t text_width(const char *s, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++)
		width += ((uint8_t)s[i] & 0xc0) != 0x80;
	return width;
}
