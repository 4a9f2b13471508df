/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look from somewhere: one run of the tool by way of programs that bring it there, such as
 * nsenter(1), and what its JSON must say. Whatever is not so fails the cmocka test.
 */
#ifndef LINGERSTAT_TESTS_LOOK_H
#define LINGERSTAT_TESTS_LOOK_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "tool.h"

/* One run; `document` is NULL where the tool wrote no JSON. */
struct look {
	struct tool_run run;
	json_t *document;
};

/* Runs `way` `who` lingerstat `args`; each is words that end with NULL: the way there, who runs
 * it, what the tool is asked. look_end() is due. */
void look_there(struct look *look, const char *const *way, const char *const *who,
		const char *const *args);
void look_end(struct look *look);

/* The row of that inode, which must be there. */
json_t *look_row(const struct look *look, uint32_t inode);

/* Standard error has the text. */
void check_said(const struct look *look, const char *text);

/* The socket has this holder and no other. */
void check_holder(const struct look *look, uint32_t inode, pid_t pid, int fd);

/* The socket's linger is on with these seconds where BPF read it, else it is not known. */
void check_linger(const struct look *look, uint32_t inode, int seconds);

#endif
