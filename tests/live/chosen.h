/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sockets an expression chooses: of this tool and of ss, each as a sorted set of keys. A key
 * is the cookie of an internet socket (`sk:4a`), or the inode of a unix socket (`ino:123`).
 */
#ifndef LINGERSTAT_TESTS_CHOSEN_H
#define LINGERSTAT_TESTS_CHOSEN_H

#include <stdbool.h>
#include <stddef.h>

struct chosen {
	bool refused; /* the expression, or the option */
	char *errors; /* stderr */
	char **keys;
	size_t count;
};

/* `options` are words separated by spaces, such as "-t -u -a". Both give 0, or a negative errno
 * when the program could not be run. Free with chosen_free() in both cases. */
int chosen_by_tool(struct chosen *c, const char *options, const char *expression);
int chosen_by_ss(struct chosen *c, const char *options, const char *expression);

/* Adds the keys of `more` to `c`. */
void chosen_add(struct chosen *c, const struct chosen *more);

bool chosen_same(const struct chosen *a, const struct chosen *b);
bool chosen_within(const struct chosen *inner, const struct chosen *outer);

/* Prints, as TAP diagnostics, what one has and the other has not. */
void chosen_print_difference(const char *a_name, const struct chosen *a, const char *b_name,
			     const struct chosen *b);

void chosen_free(struct chosen *c);

#endif
