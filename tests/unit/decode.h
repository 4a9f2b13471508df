/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding with an eye on the borders: each message is decoded from a copy that ends where the
 * message ends, so that the sanitizer sees a byte read behind it.
 */
#ifndef LINGERSTAT_TESTS_UNIT_DECODE_H
#define LINGERSTAT_TESTS_UNIT_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "source/source.h"

#define NEWER_ATTRIBUTE 200 /* of a kernel to come */

/* Gives what the decoder gave. The socket's name, if any, points into *copy, which the caller
 * frees. */
int decode_exact(const struct family *family, const struct nlmsghdr *nlh, struct socket *sk,
		 uint64_t *bad, void **copy);

/* The same, demands success and this many bad attributes, and keeps no copy. */
struct socket decode(const struct family *family, const struct nlmsghdr *nlh, uint64_t bad);

/* Every length that cannot hold the head of a socket (`head` bytes) is refused. */
void check_short(const struct family *family, struct nlmsghdr *nlh, size_t head);

#endif
