/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/message.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* In place: what is put instead is never longer. */
static void make_harmless(char *line, bool utf8)
{
	size_t length = strlen(line), i = 0;
	char *to = line;

	while (i < length) {
		unsigned int point = 0;
		size_t n = utf8_sequence(line + i, length - i, &point);

		if (n == 0 || utf8_steers(point) || (!utf8 && point > 0x7e)) {
			*to++ = '?';
		} else {
			memmove(to, line + i, n);
			to += n;
		}
		i += n ? n : 1;
	}
	*to = '\0';
}

void message(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	make_harmless(line, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
	fprintf(stderr, "lingerstat: %s\n", line);
}
