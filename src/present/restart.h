/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the verdict on a restart is written: the column's cell, its JSON value and its order for
 * --sort (declared here and not in cells.h, as they are of one matter), and what `explain` says.
 */
#ifndef LINGERSTAT_PRESENT_RESTART_H
#define LINGERSTAT_PRESENT_RESTART_H

#include "present/cells.h"
#include "present/orders.h"

/* `yes`, `no:time-wait`, `?:holders-unknown`; `-` for a socket that does not listen. */
CELL(restart);
/* The object; null for a socket that does not listen. */
VALUE(restart);
/* `no` before `yes`. */
ORDER(restart);

/* The sentences of `explain`. Nothing where there is no verdict, as in a recording. */
void restart_sentences(struct outbuf *b, const struct socket *sk);

/* Who is in the way, in short: `held, child/124`, for a line of `check`. */
void restart_blame(struct outbuf *b, const struct restart *r);

#endif
