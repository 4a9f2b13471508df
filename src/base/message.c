/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/message.h"

#include <stdarg.h>
#include <stdio.h>

void message(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	fprintf(stderr, "lingerstat: %s\n", line);
}
