/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sorting: keeps every socket until the dump has ended, then hands them on in order. The one
 * thing that does not stream, so it is only done when asked for.
 */
#ifndef LINGERSTAT_PRESENT_SORTER_H
#define LINGERSTAT_PRESENT_SORTER_H

#include "present/column.h"

struct sorter;

/* Takes the column to sort by, whether the largest comes first, and whether the kernel's messages
 * are kept for columns that are read out of them. Returns NULL when memory is short. */
struct sorter *sorter_new(const struct column *column, bool descending, bool messages);
void sorter_free(struct sorter *sorter);

/* Keeps a copy of a socket with all it refers to. Returns 0 or -ENOMEM. */
int sorter_add(struct sorter *sorter, const struct socket *sk, const struct cell_context *cells);

/* Sorts (equal ones stay in order of arrival, what is not known comes last), then calls `row`
 * for each. */
void sorter_emit(struct sorter *sorter, void (*row)(void *ctx, const struct socket *sk), void *ctx);

#endif
