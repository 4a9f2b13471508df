/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of a JSON object, each with a comma before it unless an object or array has just begun.
 * The buffer is one in memory, so that what was written last can be seen.
 */
#ifndef LINGERSTAT_PRESENT_MEMBERS_H
#define LINGERSTAT_PRESENT_MEMBERS_H

#include <stdbool.h>

#include "base/outbuf.h"

/* `,"key":` */
void member_key(struct outbuf *b, const char *key);

/* A number, null below 0. */
void member_number(struct outbuf *b, const char *key, int64_t value);
void member_count(struct outbuf *b, const char *key, uint64_t value);

/* A number with one digit behind the point, null below 0. */
void member_percent(struct outbuf *b, const char *key, double value);

/* A string, escaped; null for NULL. */
void member_text(struct outbuf *b, const char *key, const char *text);

#endif
