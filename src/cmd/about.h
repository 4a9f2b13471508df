/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * About the run and its surroundings, for headers: which machine, which kernel, what kind of
 * terminal.
 */
#ifndef LINGERSTAT_CMD_ABOUT_H
#define LINGERSTAT_CMD_ABOUT_H

#include <sys/utsname.h>

#include "cmd/run.h"
#include "present/writer.h"

struct about {
	struct utsname uts; /* what `info` points to, as to the name */
	char netns_name[64];
	struct run_info info;
};

/* Fills in what is known of an open run; a recording tells nothing of its machine. */
void about_run(struct about *about, const struct run *run);

/* What is wrong with a dump, NULL when it was whole. */
const char *about_problem(const struct dump_report *report);

/* Columns of the terminal on standard output, 0: it is none. */
unsigned int about_width(void);

/* Whether the locale is a UTF-8 one. */
bool about_utf8(void);

#endif
