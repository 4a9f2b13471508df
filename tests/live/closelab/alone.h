/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario alone with its tool. A pass over every descriptor of every process holds a reference
 * to each file while it looks at it (task_file_seq_get_next() in kernel/bpf/task_iter.c): a
 * close() in that instant is not the last, returns at once, and the pass's own fput() does the
 * rest a moment later. The tool of one scenario must not look at the sockets of another that is
 * being closed, so each scenario has a PID namespace of its own, which bounds the pass.
 */
#ifndef LINGERSTAT_CLOSELAB_ALONE_H
#define LINGERSTAT_CLOSELAB_ALONE_H

#include <stdbool.h>

/* True if a process may have a PID namespace with its own /proc here. */
bool alone_is_possible(void);

/* Runs work(ctx) as process 1 of a new PID namespace with its own /proc, and waits for its end. It
 * dies with the caller. Gives 0, or a negative errno when it could not be started. */
int alone_run(void (*work)(void *ctx), void *ctx);

#endif
