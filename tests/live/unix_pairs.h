/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * So many unix sockets that their dump is long enough to be read ahead by a thread
 * (src/source/ahead.h).
 */
#ifndef LINGERSTAT_TESTS_UNIX_PAIRS_H
#define LINGERSTAT_TESTS_UNIX_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether this process may use more than one processor: else nothing is read ahead. */
bool several_processors(void);

/* Opens `n` pairs; this process's limit of descriptors is raised for them. Gives their descriptors,
 * ended by a 0, or NULL where so many are not to be had, which is printed. */
int *unix_pairs_open(size_t n);

void unix_pairs_close(int *fds);

#endif
