/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at details: a socket with a message made by hand, and what a group says of it. The
 * message is always a copy that ends where it ends, so that the sanitizer sees a byte read behind
 * it.
 */
#ifndef LINGERSTAT_TESTS_UNIT_DETAILS_LOOK_H
#define LINGERSTAT_TESTS_UNIT_DETAILS_LOOK_H

#include <stdbool.h>

#include "present/details.h"
#include "source/details.h"
#include "source/source.h"
#include "unit/diag.h"

/* Begins a message of an IPv4 socket in a state; attributes may follow. */
struct nlmsghdr *start(uint8_t state);

/* Begins any other: with the head of its family. */
struct nlmsghdr *start_with(const void *head, size_t length);

/* The socket of a message, with a copy of it that give_back() frees. */
struct socket take(const struct family *family, const struct nlmsghdr *nlh);
void give_back(struct socket *sk);

/* A TCP socket with this much of a tcp_info. */
struct socket with_info(uint8_t state, const uint8_t *info, size_t length);

/* Writes a number of 1, 2, 4 or 8 bytes. */
void put_number(uint8_t *at, size_t size, uint64_t number);

#define VALUES_MAX 128

/* What a group gave. */
struct seen {
	struct detail_sink sink;
	const struct detail *what[VALUES_MAX];
	struct detail_value value[VALUES_MAX];
	size_t count;
};

/* Reads a group and demands what it says of itself. */
struct seen look(const struct socket *sk, details_reader read, enum details_state want);

/* A value by its key; the test fails when there is none, or when it is not as expected. */
const struct detail_value *find(const struct seen *seen, const char *key);
void expect(const struct seen *seen, const char *key, uint64_t number);
void expect_unknown(const struct seen *seen, const char *key);

/* A column's cell, valid until the next. */
const char *text_of(const struct socket *sk,
		    void (*cell)(struct outbuf *b, const struct socket *sk,
				 const struct cell_context *cx),
		    bool exact);
/* A column's JSON, likewise. */
const char *json_of(const struct socket *sk,
		    void (*value)(struct outbuf *b, const struct socket *sk));

/* Demands that a part is, or is not, in a text. */
void contains(const char *all, const char *part);
void lacks(const char *all, const char *part);

#endif
