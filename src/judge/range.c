/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/range.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_digits(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

/* A decimal number: a sign, digits, a point and digits; a digit must be among them. Returns
 * where it ends, or NULL when there is none. strtod() alone would take "0x1p3" and "inf". */
static const char *take_number(const char *p, double *number)
{
	const char *begin = p, *digits;
	bool any;

	if (*p == '-' || *p == '+')
		p++;
	digits = p;
	p = skip_digits(p);
	any = p > digits;
	if (*p == '.') {
		digits = ++p;
		p = skip_digits(p);
		any |= p > digits;
	}
	if (!any)
		return NULL;
	*number = strtod(begin, NULL);
	return p;
}

static const char *take_start(const char *p, double *start)
{
	*start = 0;
	if (*p == ':')
		return p;
	if (*p == '~') {
		*start = -INFINITY;
		return p + 1;
	}
	return take_number(p, start);
}

static const char *take_end(const char *p, double *end)
{
	*end = INFINITY;
	return *p ? take_number(p, end) : p;
}

static const char *number_wanted(const char *p)
{
	return *p == '~' ? "'~' stands for no lower end only; no upper end is '10:'"
			 : "a number is missing; right are 10, 10:, ~:10, 10:20, @10:20";
}

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -EINVAL;
}

/* Splits the text behind the '@'. A single number is the END. */
static int parse_ends(struct range *range, const char *p, const char **why)
{
	const char *next = take_start(p, &range->start);

	if (!next)
		return refuse(why, number_wanted(p));
	if (*next == ':') {
		p = next + 1;
		next = take_end(p, &range->end);
		if (!next)
			return refuse(why, number_wanted(p));
	} else if (*p == '~') {
		return refuse(why, "'~' is the start of a range: ~:10");
	} else {
		range->end = range->start;
		range->start = 0;
	}
	if (*next)
		return refuse(why, "a range is numbers without a unit: 10, 10:, ~:10, 10:20, "
				   "@10:20");
	return 0;
}

int range_parse(struct range *range, const char *text, const char **why)
{
	int err;

	*range = (struct range){ 0 };
	if (!*text)
		return refuse(why, "it is empty; right are 10, 10:, ~:10, 10:20, @10:20");
	if (strlen(text) >= sizeof(range->text))
		return refuse(why, "it is longer than a range can be");
	memcpy(range->text, text, strlen(text) + 1);
	range->inside = *text == '@';
	text += range->inside;
	if (strcmp(text, ":") == 0)
		return refuse(why, "it has neither end; right are 10, 10:, ~:10, 10:20, @10:20");
	err = parse_ends(range, text, why);
	if (err)
		return err;
	if (range->start > range->end)
		return refuse(why, range->start == 0 ? "its end is below 0, where it starts; "
						       "without a start it is ~:-10"
						     : "its start is above its end");
	return 0;
}

/* Whether all, none or some of the values between the bounds lie within the range. */
enum tri range_alerts_between(const struct range *range, double least, double most)
{
	bool all = least >= range->start && most <= range->end;
	bool none = most < range->start || least > range->end;

	if (!all && !none)
		return TRI_UNKNOWN;
	return all == range->inside ? TRI_YES : TRI_NO;
}

bool range_alerts(const struct range *range, double value)
{
	return range_alerts_between(range, value, value) == TRI_YES;
}
