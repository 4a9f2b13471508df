/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions for the sockets of zoo.h: those that choose the same as ss does, and those that do
 * not, one by one, with the reason.
 */
#ifndef LINGERSTAT_TESTS_FILTER_ROWS_H
#define LINGERSTAT_TESTS_FILTER_ROWS_H

#include <stddef.h>

#define FILTER_ROWS_INET "-t -u -a"

/* The same options and the same expression for both programs. */
struct filter_row {
	const char *options, *expression;
};

extern const struct filter_row same_rows[];
extern const size_t same_count;

/*
 * SAME_AS: with the expression `same_as` ss chooses what this program does, where need be with
 * other options, and with all that it lists with the options `plus` besides. FEWER: this program
 * chooses a part of what ss does; NO_MORE: a part or all of it; MORE: all of it and others.
 */
enum relation { SAME_AS, FEWER, NO_MORE, MORE };

struct difference {
	const char *options, *expression;
	const char *same_as;
	enum relation relation;
	const char *why;
	const char *same_options;
	const char *plus;
};

extern const struct difference difference_rows[];
extern const size_t difference_count;

#endif
