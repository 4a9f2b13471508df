/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const sequences[INK_COUNT] = {
	[INK_PLAIN] = "",          [INK_HEADER] = "\033[1m",     [INK_FAINT] = "\033[2m",
	[INK_NOTICE] = "\033[33m", [INK_WARNING] = "\033[1;33m", [INK_ALARM] = "\033[1;31m",
};

bool style_wanted(enum color_mode mode, int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	if (!term || !*term || strcmp(term, "dumb") == 0)
		return false;
	return isatty(fd);
}

void style_begin(struct outbuf *b, enum ink ink)
{
	if (ink != INK_PLAIN)
		outbuf_str(b, sequences[ink]);
}

void style_end(struct outbuf *b, enum ink ink)
{
	if (ink != INK_PLAIN)
		outbuf_str(b, "\033[0m");
}
