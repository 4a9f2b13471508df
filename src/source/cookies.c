/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/cookies.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_ROOM 4096

void cookies_free(struct cookies *cookies)
{
	free(cookies->bytes);
	free(cookies->sorted);
	*cookies = (struct cookies){ 0 };
}

bool cookies_grow(struct cookies *cookies)
{
	size_t room = cookies->room ? cookies->room + cookies->room / 2 : FIRST_ROOM;
	uint8_t *bigger = cookies->failed ? NULL : realloc(cookies->bytes, room);

	if (!bigger) {
		cookies->failed = true;
		return false;
	}
	cookies->bytes = bigger;
	cookies->room = room;
	return true;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t unfold(uint64_t number)
{
	return number >> 1 ^ (0 - (number & 1));
}

static void read_all(const struct cookies *cookies, uint64_t *into)
{
	uint64_t cookie = 0, number = 0;
	unsigned int shift = 0;

	for (size_t i = 0; i < cookies->len; i++) {
		number |= (uint64_t)(cookies->bytes[i] & 127) << shift;
		shift += 7;
		if (cookies->bytes[i] & 128)
			continue;
		cookie += unfold(number);
		*into++ = cookie;
		number = shift = 0;
	}
}

int cookies_index(struct cookies *cookies)
{
	size_t n = cookies->count;

	free(cookies->sorted);
	cookies->sorted = NULL;
	cookies->indexed = 0;
	if (cookies->failed || !n)
		return cookies->failed ? -ENOMEM : 0;
	cookies->sorted = reallocarray(NULL, n, sizeof(*cookies->sorted));
	if (!cookies->sorted)
		return -ENOMEM;
	cookies->indexed = n;
	read_all(cookies, cookies->sorted);
	for (size_t i = 1; i < n; i++) {
		if (cookies->sorted[i - 1] <= cookies->sorted[i])
			continue;
		qsort(cookies->sorted, n, sizeof(*cookies->sorted), compare);
		break;
	}
	return 0;
}

bool cookies_have(const struct cookies *cookies, uint64_t cookie)
{
	return cookies->sorted && bsearch(&cookie, cookies->sorted, cookies->indexed,
					  sizeof(*cookies->sorted), compare);
}
