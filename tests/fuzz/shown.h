/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the writers make of sockets, read back by readers that are not the tool's: JSON by jansson
 * (strict UTF-8, no key twice), CSV by a small reader of RFC 4180, the table byte by byte.
 */
#ifndef LINGERSTAT_TESTS_FUZZ_SHOWN_H
#define LINGERSTAT_TESTS_FUZZ_SHOWN_H

#include <jansson.h>

#include "base/outbuf.h"
#include "present/writer.h"

/* Parses JSON as strictly as jansson can; the caller gives it back. */
json_t *read_json(const char *text, size_t n);

/* Every column there is. */
const struct column_list *all_columns(void);

/* How a table should look, and what a run is: taken from an input. */
struct look {
	struct writer_options options;
	struct run_info info;
	struct run_result result;
};

/* One that shows every column, plainly. */
const struct look *plain_look(void);

/* Writes the sockets in a format. The buffer is opened here; the caller closes it. */
void show(struct outbuf *b, const char *format, const struct look *look, const struct socket *sks,
	  size_t count);

/* The row of one socket as JSON: two that are the same in every column give the same text. */
void show_row(struct outbuf *b, const struct socket *sk);

/* Each shows the sockets in one format and checks all of it. */
void check_json(const struct look *look, const struct socket *sks, size_t count);
void check_ndjson(const struct look *look, const struct socket *sks, size_t count);
void check_csv(const struct look *look, const struct socket *sks, size_t count);
void check_table(const struct look *look, const struct socket *sks, size_t count);

/* No byte of a line's content steers a terminal or ends the line. `utf8`: it may hold UTF-8. */
void check_printable(const char *text, size_t n, bool utf8);

#endif
