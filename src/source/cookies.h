/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cookies of a listing: which sockets have been in it. They are noted one after the other while
 * rows stream, in a byte or two each, as the kernel hands cookies out in a row and walks its table
 * in the same order each time. Only who has to ask for one afterwards pays for an index.
 */
#ifndef LINGERSTAT_SOURCE_COOKIES_H
#define LINGERSTAT_SOURCE_COOKIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cookies {
	uint8_t *bytes; /* differences from one to the next, 7 bits a byte, the lowest first */
	size_t len, room;
	uint64_t last;
	size_t count;
	uint64_t *sorted; /* cookies_index() */
	size_t indexed;
	bool failed; /* memory was short: what is here is not all */
};

void cookies_free(struct cookies *cookies);

/* The slower part of cookies_note(): makes room. Returns false where memory is short. */
bool cookies_grow(struct cookies *cookies);

/* Notes a cookie. */
static inline void cookies_note(struct cookies *cookies, uint64_t cookie)
{
	uint64_t difference = cookie - cookies->last;
	/* Small ones in either direction become small numbers. */
	uint64_t rest = difference << 1 ^ (0 - (difference >> 63));

	if (cookies->room - cookies->len < 10 && !cookies_grow(cookies))
		return;
	for (; rest > 127; rest >>= 7)
		cookies->bytes[cookies->len++] = (uint8_t)(rest | 128);
	cookies->bytes[cookies->len++] = (uint8_t)rest;
	cookies->last = cookie;
	cookies->count++;
}

/* Makes what has been noted so far ready for cookies_have(). Returns 0 or -ENOMEM. */
int cookies_index(struct cookies *cookies);

/* Whether a cookie was noted before the last cookies_index(). */
bool cookies_have(const struct cookies *cookies, uint64_t cookie);

#endif
