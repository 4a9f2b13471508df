/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Colour: a few inks, used for words that are words without it.
 */
#ifndef LINGERSTAT_PRESENT_STYLE_H
#define LINGERSTAT_PRESENT_STYLE_H

#include <stdbool.h>

#include "base/outbuf.h"

enum ink { INK_PLAIN, INK_HEADER, INK_FAINT, INK_NOTICE, INK_WARNING, INK_ALARM, INK_COUNT };

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* Whether to colour: the mode, and for AUTO whether `fd` is a terminal, NO_COLOR is not set
 * (https://no-color.org) and TERM is not "dumb". */
bool style_wanted(enum color_mode mode, int fd);

/* Begins and ends an ink; plain ink prints nothing. */
void style_begin(struct outbuf *b, enum ink ink);
void style_end(struct outbuf *b, enum ink ink);

#endif
