/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of thresholds: a second parser, of the grammar as the Monitoring Plugins write it down,
 * must take and refuse the same, and a second evaluation must alert for the same values.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "judge/range.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct second {
	bool inside;
	double low, high;
};

/* The whole of `text` as a number, of digits, one point at most, and a sign before them. */
static bool whole_number(const char *text, double *number)
{
	size_t sign = *text == '+' || *text == '-', digits = 0, points = 0;

	for (const char *p = text + sign; *p; p++) {
		digits += *p >= '0' && *p <= '9';
		points += *p == '.';
		if (!(*p >= '0' && *p <= '9') && *p != '.')
			return false;
	}
	*number = atof(text);
	return digits && points <= 1;
}

/* [@][START:][END], where something stands on one side of a colon at least. */
static bool parse(struct second *s, const char *text)
{
	char copy[RANGE_TEXT_MAX], *start = copy, *colon;

	if (!*text || strlen(text) >= sizeof(copy))
		return false;
	*s = (struct second){ .inside = *text == '@', .high = INFINITY };
	strcpy(copy, text + s->inside);
	colon = strchr(copy, ':');
	if (!colon)
		return whole_number(copy, &s->high) && s->high >= 0;
	*colon = '\0';
	if (!*start && !colon[1])
		return false;
	if (strcmp(start, "~") == 0)
		s->low = -INFINITY;
	else if (*start && !whole_number(start, &s->low))
		return false;
	return (!colon[1] || whole_number(colon + 1, &s->high)) && s->low <= s->high;
}

static void check_value(const struct range *range, const struct second *s, double value)
{
	bool within = value >= s->low && value <= s->high;

	CHECK(range_alerts(range, value) == (within == s->inside));
}

/* Between two values nothing is known but what holds at every point. */
static void check_between(const struct range *range, double least, double most)
{
	enum tri between = range_alerts_between(range, least, most);
	bool low = range_alerts(range, least), high = range_alerts(range, most);

	CHECK(between != TRI_YES || (low && high));
	CHECK(between != TRI_NO || (!low && !high));
	CHECK(low == high || between == TRI_UNKNOWN);
}

void fuzz_range(const uint8_t *data, size_t size)
{
	static const double values[] = { -1e18, -11, -10, -1, -0.5, 0,  0.5,
					 1,     2,   5,   10, 10.5, 20, 1e18 };
	char text[256];
	const char *why = NULL;
	struct range range;
	struct second second;
	int err;

	size = size < sizeof(text) ? size : sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	err = range_parse(&range, text, &why);
	CHECK(err == 0 || (err == -EINVAL && why && *why));
	CHECK((err == 0) == parse(&second, text));
	if (err)
		return;
	CHECK(strcmp(range.text, text) == 0);
	for (size_t i = 0; i < COUNT(values); i++) {
		check_value(&range, &second, values[i]);
		for (size_t k = i; k < COUNT(values); k++)
			check_between(&range, values[i], values[k]);
	}
	check_value(&range, &second, second.low);
	check_value(&range, &second, second.high);
	check_value(&range, &second, second.low - 1);
	check_value(&range, &second, second.high + 1);
}
