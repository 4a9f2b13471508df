/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wrapping: running text with a label in the margin.
 */
#ifndef LINGERSTAT_PRESENT_WRAP_H
#define LINGERSTAT_PRESENT_WRAP_H

#include "base/outbuf.h"

/* Writes the label, then the text from column `indent` on, broken at spaces before `width`
 * columns (a longer word stands alone), ending with a line feed. */
void wrap_labelled(struct outbuf *b, const char *label, const char *text, size_t n, size_t indent,
		   size_t width);

#endif
