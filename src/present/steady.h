/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values that are made of a few bytes of the record and of nothing else: of which, and what of them
 * can be kept from one socket to the next. In a crowd most sockets share most of their values, and
 * to compare these bytes and copy a finished text is several times cheaper than to write it.
 */
#ifndef LINGERSTAT_PRESENT_STEADY_H
#define LINGERSTAT_PRESENT_STEADY_H

#include "present/column.h"

#define STEADY_SPANS 4
#define STEADY_TEXT  0 /* as a size */

/* Bytes of struct socket. Of size STEADY_TEXT: a pointer to a string which may change or go while
 * the pointer stays, so that the string is what counts. */
struct span {
	uint16_t offset;
	uint16_t size;
};

struct steady {
	void (*value)(struct outbuf *b, const struct socket *sk); /* as in the column table */
	size_t n_spans;
	struct span spans[STEADY_SPANS];
	/* True of a socket whose value is made of the spans alone; NULL: of every socket. */
	bool (*applies)(const struct socket *sk);
	/* NULL: the value is steady as a whole. Else head() writes its steady part, and tail() what
	 * follows, for sockets that it applies to. */
	void (*head)(struct outbuf *b, const struct socket *sk);
	void (*tail)(struct outbuf *b, const struct socket *sk);
};

/* What is steady in a column's JSON value; NULL: nothing. */
const struct steady *steady_of(const struct column *column);

#endif
