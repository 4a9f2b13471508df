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

/* Length in bytes of the valid UTF-8 sequence at `s` (at most `n` bytes), 0 when it is none.
 * Overlong forms, surrogates and values above U+10FFFF are not valid (RFC 3629). *point gets the
 * code point. */
size_t utf8_sequence(const char *s, size_t n, unsigned int *point);

/* For people: control bytes (C0, DEL, C1, line and bidirectional controls) and bytes that are no
 * UTF-8 become \xNN, a backslash becomes \\. In a buffer marked
 * `ascii` so does all else: in a locale that is not UTF-8 its bytes are control bytes. Where it did
 * not, the buffer is `wide`. */
void escape_text(struct outbuf *b, const char *s, size_t n);

/* A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD; returns false when there
 * were any. */
bool escape_json(struct outbuf *b, const char *s, size_t n);

/* Standard base64 (RFC 4648), padded, without quotes. */
void escape_base64(struct outbuf *b, const char *s, size_t n);

/* Columns that escaped text takes on a terminal: one a code point. */
size_t text_width(const char *s, size_t n);

#endif
