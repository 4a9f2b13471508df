/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of one socket through a run: from the dump, through enrich and judge, past the filter, to
 * the command's sink. What a second look may still tell of waits in between (cmd/late.h).
 */
#ifndef LINGERSTAT_CMD_ROWS_H
#define LINGERSTAT_CMD_ROWS_H

#include <stdbool.h>

#include "cmd/run.h"

/* Takes a socket as it comes from the dump; `ctx` is the run. Duplicates, rows that stand under
 * another and those that wait are not passed on. Returns 0, a negative errno, or what the sink
 * returned: the dump stops then (source/source.h). */
int rows_take(void *ctx, struct socket *sk);

/* The second half of the way, of a socket of which everything that can be known is; `ctx` is the
 * run. As rows_take(). */
int rows_finish(void *ctx, struct socket *sk);

/* Whether sockets younger than the owners pass are looked for again. getfd is told what to touch
 * before the dump, and cannot be asked again. */
bool rows_look_twice(const struct run *run);

#endif
