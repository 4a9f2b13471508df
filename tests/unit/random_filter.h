/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random expressions, written in every style that the grammar allows, with an evaluation of their
 * own that shares nothing with the filter's; and random sockets that are near enough to them for
 * both answers to be common.
 */
#ifndef LINGERSTAT_TESTS_UNIT_RANDOM_FILTER_H
#define LINGERSTAT_TESTS_UNIT_RANDOM_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/socket.h"

enum expr_kind { EXPR_TEST, EXPR_NOT, EXPR_AND, EXPR_OR };

/* What a random expression may ask. */
struct expr_style {
	bool autobound;
	bool beyond_kernel; /* states, queues and users, which no bytecode covers */
};

struct expr {
	enum expr_kind kind;
	const struct expr *left, *right;
	char text[96]; /* of a test */
	bool (*holds)(const struct expr *test, const struct socket *sk, bool autobound);
	bool peer;   /* the end that is asked for */
	int op;      /* index into the comparisons of random_filter.c */
	long number; /* port, device, queue, user, state mask */
	int family;  /* of the pattern, 0: any */
	int prefix;
	bool exact; /* sockets of this family only */
	uint8_t address[16];
};

#define EXPR_NODES 64

struct expr_pool {
	struct expr nodes[EXPR_NODES];
	size_t used;
};

/* Makes an expression of at most `depth` levels. */
const struct expr *expr_random(struct expr_pool *pool, uint64_t *random,
			       const struct expr_style *style, int depth);

/* Writes it, with parentheses where precedence asks for them and sometimes where not. */
void expr_write(const struct expr *e, uint64_t *random, char *text, size_t size);

bool expr_holds(const struct expr *e, const struct socket *sk, bool autobound);

/* The last port that the kernel chooses from, and the first; 65535 and 0 where it does not tell. */
int port_range(int *first);

void socket_random(struct socket *sk, uint64_t *random);

#endif
