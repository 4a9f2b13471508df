/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UTF-8, as far as it must be known to tell text from what would steer a terminal.
 */
#ifndef LINGERSTAT_BASE_UTF8_H
#define LINGERSTAT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length in bytes of the valid UTF-8 sequence at `s` (at most `n` bytes), 0 when it is none.
 * Overlong forms, surrogates and values above U+10FFFF are not valid (RFC 3629). *point gets the
 * code point. */
size_t utf8_sequence(const char *s, size_t n, unsigned int *point);

/* True for what steers a terminal, or the direction of text, instead of being shown: C0, DEL, C1,
 * the line and bidirectional controls of Unicode, and what has no width at all (U+200B and its
 * kind), with which one name passes for another. */
bool utf8_steers(unsigned int point);

#endif
