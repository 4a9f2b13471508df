/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define LONGEST 40

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edit distance with swapped neighbours counted as one change (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t rows[3][LONGEST + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	if (la > LONGEST || lb > LONGEST)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		above[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			int ca = tolower((unsigned char)a[i - 1]);
			int cb = tolower((unsigned char)b[j - 1]);

			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
			    cb == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[lb];
}

/* Of two that are as far, the one with the typed first letter: people seldom err there. */
static size_t score(const char *typed, const char *word)
{
	size_t d = distance(typed, word);

	if (d == SIZE_MAX)
		return d;
	return 2 * d + (tolower((unsigned char)*typed) != tolower((unsigned char)*word));
}

const char *nearest_word(const char *typed, const void *candidates, size_t n, size_t stride)
{
	size_t len = strlen(typed);
	size_t best = 2 * (len / 3) + 2;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *word = *(const char *const *)((const char *)candidates + i * stride);
		size_t d;

		if (!word)
			continue;
		if (len >= 3 && strncasecmp(word, typed, len) == 0)
			return word;
		d = score(typed, word);
		if (d < best) {
			best = d;
			found = word;
		}
	}
	return found;
}
