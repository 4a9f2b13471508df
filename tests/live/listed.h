/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The row of a descriptor's socket, for tests that have a descriptor and an option.
 */
#ifndef LINGERSTAT_TESTS_LISTED_H
#define LINGERSTAT_TESTS_LISTED_H

#include "harness.h"

/* Lists with -a and two options (such as "-t", "-e"), and gives the row of the descriptor's
 * socket. That the tool fails, or does not list it, fails the test. Free with listing_free(). */
json_t *listed_row(struct listing *listing, int fd, const char *kind, const char *option);

#endif
