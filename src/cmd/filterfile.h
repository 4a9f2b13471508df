/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter from a file (-F): an expression over any number of lines, comments behind a `#` at
 * the start of a line.
 */
#ifndef LINGERSTAT_CMD_FILTERFILE_H
#define LINGERSTAT_CMD_FILTERFILE_H

#include "filter/filter.h"

#define FILTERFILE_MAX (1 << 20) /* bytes; a filter has at most a few hundred words */

/* Reads and parses the file (`-`: standard input). Returns 0 with *filter, which is NULL when
 * nothing stands in it, or a negative errno after a message that names the line and the column. */
int filterfile_read(struct filter **filter, const char *path);

#endif
