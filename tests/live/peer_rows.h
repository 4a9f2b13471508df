/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a row says of the holders of its other end.
 */
#ifndef LINGERSTAT_TESTS_PEER_ROWS_H
#define LINGERSTAT_TESTS_PEER_ROWS_H

#include "harness.h"

/* Lists all states with two options (the second may be NULL) and fails the test where the tool
 * does. */
void list_rows(struct listing *listing, const char *option, const char *more);

/* True if `peer_holders` has this process and descriptor. */
bool has_peer_holder(const json_t *row, pid_t pid, int fd);

/* How many there are, 0 also where they are not known. */
size_t peer_holders(const json_t *row);

/* True if it is known that there are none. */
bool nobody_has_the_peer(const json_t *row);

#endif
