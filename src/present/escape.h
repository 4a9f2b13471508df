/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Escaping: names come from processes and may hold any byte. No control byte reaches a terminal
 * and no byte breaks a format.
 */
#ifndef LINGERSTAT_PRESENT_ESCAPE_H
#define LINGERSTAT_PRESENT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outbuf.h"
#include "base/utf8.h"

/* For people: what steers a terminal (utf8_steers()) and bytes that are no
 * UTF-8 become \xNN, a backslash becomes \\. In a buffer marked
 * `ascii` so does all else: in a locale that is not UTF-8 its bytes are control bytes. Where it did
 * not, the buffer is `wide`. */
void escape_text(struct outbuf *b, const char *s, size_t n);

/* A JSON string with its quotes. What steers a terminal is \uNNNN. Bytes that are no UTF-8 become
 * U+FFFD; returns false when there were any. */
bool escape_json(struct outbuf *b, const char *s, size_t n);

/* Standard base64 (RFC 4648), padded, without quotes. */
void escape_base64(struct outbuf *b, const char *s, size_t n);

/* Columns that escaped text takes on a terminal: of a character as wcwidth(3) says, one of what it
 * does not know. */
size_t text_width(const char *s, size_t n);

#endif
