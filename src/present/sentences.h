/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sentences of an explanation: each from the record, each about one thing.
 */
#ifndef LINGERSTAT_PRESENT_SENTENCES_H
#define LINGERSTAT_PRESENT_SENTENCES_H

#include "present/explain.h"

/* The JSON document and the paragraph have the same parts. A part that has nothing to say writes
 * nothing. */
struct part {
	const char *label; /* in the paragraph; NULL: not shown there */
	const char *key;   /* in JSON */
	void (*write)(struct outbuf *b, const struct socket *sk, const struct explain_context *cx);
};

/* The parts in their order, and how many. */
const struct part *explain_parts(size_t *count);

#endif
