/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of ss that are left out on purpose. Whoever types one is told why, and what to type
 * instead.
 */
#ifndef LINGERSTAT_CMD_ABSENT_H
#define LINGERSTAT_CMD_ABSENT_H

struct absent_option {
	const char *name; /* long name; NULL: ss has only the letter */
	char letter;      /* 0: ss has only the long name */
	const char *why;  /* the rest of a sentence that begins with the option */
};

/* The absent option with this letter, or NULL. */
const struct absent_option *absent_by_letter(int letter);

/* The absent option with this long name, or NULL. */
const struct absent_option *absent_by_name(const char *name);

#endif
