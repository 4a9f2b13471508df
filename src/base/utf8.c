/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/utf8.h"

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

/* Ranges that steer a terminal or the direction of text, or that nobody sees. */
static const struct {
	unsigned int first, last;
} controls[] = {
	{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0xad, 0xad },     { 0x61c, 0x61c },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
};

bool utf8_steers(unsigned int point)
{
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		if (point >= controls[i].first && point <= controls[i].last)
			return true;
	return false;
}
