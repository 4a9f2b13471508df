/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ss prints, taken apart: each line of `ss -O -e` as names and texts, found by the socket's
 * key (chosen.h has the same keys). Two-part words become one name: `netid`, `state`, `recv-q`,
 * `send-q`, `local`, `peer`, and of the rest `rtt` for `rtt:1/2`, `send` for `send 12bps`, `sack`
 * for `sack`, `congestion` for the one word that stands alone and is none of ss's own, `shutdown`
 * for the arrow. A unix socket also has `peer-inode`, `path-inode` and `dev`.
 */
#ifndef LINGERSTAT_TESTS_SS_LINES_H
#define LINGERSTAT_TESTS_SS_LINES_H

#include <stddef.h>

#define SS_WORDS 80

struct ss_word {
	const char *name, *text;
};

struct ss_line {
	char *key; /* `sk:4a` or `ino:123` */
	struct ss_word words[SS_WORDS];
	size_t count;
};

struct ss_lines {
	char *text; /* what the words point into */
	struct ss_line *lines;
	size_t count;
	size_t strange; /* lines without a key */
};

/* Runs `ss -H -O -e` with these options, which are separated by spaces. 0, or a negative errno when
 * ss cannot be run, fails or has something to say. Free with ss_lines_free() in both cases. */
int ss_lines_read(struct ss_lines *lines, const char *options);
void ss_lines_free(struct ss_lines *lines);

/* The line with this key, or NULL. */
const struct ss_line *ss_line_find(const struct ss_lines *lines, const char *key);

/* What stands there under a name; NULL where there is nothing. */
const char *ss_line_text(const struct ss_line *line, const char *name);

#endif
