/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter: ss's expressions, and predicates over what ss does not know (linger, risk, bytes,
 * holders). A filter is a tree of tests. What the kernel can decide goes to the kernel, as a mask
 * of states and as bytecode; the tree decides the rest here, on the judged record.
 */
#ifndef LINGERSTAT_FILTER_FILTER_H
#define LINGERSTAT_FILTER_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outbuf.h"
#include "base/wordlist.h"
#include "model/socket.h"

struct filter;

struct filter_error {
	size_t column;  /* of the offending word, from 0 */
	char text[200]; /* what was wrong, and what would be right */
	bool stray;     /* the word stands where a test would, and is none */
};

/* Parses an expression. Returns 0 with *filter set (NULL for an empty expression, which selects
 * everything), or -EINVAL with *error filled, or -ENOMEM. */
int filter_parse(struct filter **filter, const char *text, struct filter_error *error);
void filter_free(struct filter *filter);

/* Makes one filter of two, either of which may be NULL: both must hold. Returns 0 with *filter
 * changed, which then owns `other`; or -ENOMEM, and `other` is freed. */
int filter_both(struct filter **filter, struct filter *other);

/* What must be known of a socket to decide (plan/needs.h). */
unsigned int filter_needs(const struct filter *filter);

/* True when the expression names states; they then replace those of the options. *states is the
 * set of states in which it can hold. */
bool filter_states(const struct filter *filter, uint32_t *states);

/* Decides. A test of something unknown is neither true nor false; only a YES selects. */
enum tri filter_match(const struct filter *filter, const struct socket *sk);

/* The same before everything is known: a test that needs any of `lacking` (plan/needs.h) is
 * unknown, whatever the record says. A NO stays one when the rest is known. */
enum tri filter_match_without(const struct filter *filter, const struct socket *sk,
			      unsigned int lacking);

/*
 * The part that the kernel can decide for internet sockets, as INET_DIAG_REQ_BYTECODE
 * (inet_diag_bc_run() in net/ipv4/inet_diag.c). Returns its length in bytes, 0 when there is none
 * or it would not fit `size`.
 */
size_t filter_bytecode(const struct filter *filter, void *code, size_t size);

/* A word that only the kernel can decide and that the bytecode does not cover (`autobound` under
 * an `or` with something else), or NULL. To be asked after filter_bytecode(). */
const char *filter_undecidable(const struct filter *filter);

/* The words of the grammar, each table to its end, which is NULL: predicates (with what stands
 * behind one, in *values), and `and`, `or`, `not`. */
const char *filter_predicate_word(size_t i, struct word_list *values);
const char *filter_joining_word(size_t i);

/* Writes which part is decided where, for people. */
void filter_explain(const struct filter *filter, struct outbuf *b);

#endif
