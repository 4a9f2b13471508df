/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the filter room: the tree, the predicates, and what scanner and grammar share.
 */
#ifndef LINGERSTAT_FILTER_TREE_H
#define LINGERSTAT_FILTER_TREE_H

#include "filter/filter.h"

enum filter_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_COUNT };

/* A host pattern: address under a prefix, or any; and a port, or any. */
struct host_pattern {
	uint8_t family; /* AF_INET, AF_INET6, AF_UNIX, AF_PACKET, AF_NETLINK, AF_VSOCK, or
			 * AF_UNSPEC for any address */
	uint8_t prefix;
	bool exact;           /* `inet:`: sockets of this family only, no IPv4 inside IPv6 */
	struct in6_addr addr; /* IPv4 in the first four bytes */
	int32_t port;         /* -1: any */
	int64_t first;        /* of the other families: protocol or cid; ANY_NUMBER */
	int64_t second;       /* device, port id or port; ANY_NUMBER */
	const char *path;     /* AF_UNIX: a glob pattern, in the filter's text */
};

#define ANY_NUMBER (-1)

#define HOSTS_MAX 8 /* addresses that one host name may stand for */

struct filter_value {
	int64_t number;
	int64_t mask;       /* fwmark: the bits that are compared */
	int64_t last;       /* autobound: the last port; `number` is the first */
	bool is_word;       /* a word that has no order: = and != only */
	unsigned int hosts; /* how many of `host`: any of them will do */
	struct host_pattern host[HOSTS_MAX];
	const char *text; /* NUL-terminated, in the filter's own copy */
};

/* Reads a value's text. Returns 0, or -EINVAL with the reason in `error`. */
typedef int (*value_reader)(const char *text, struct filter_value *value,
			    struct filter_error *error);

struct predicate {
	const char *word;
	const char *takes; /* for messages: what a value looks like */
	unsigned int needs;
	bool equality_only; /* = and != */
	bool flag;          /* takes no value */
	value_reader read;
	enum tri (*test)(const struct socket *sk, enum filter_op op,
			 const struct filter_value *value);
};

/* Whether an end meets any of the value's host patterns; unknown where the end's name is. */
enum tri filter_any_end(const struct socket *sk, bool peer, const struct filter_value *value);

/* The i-th predicate, or NULL behind the last. */
const struct predicate *predicate_at(size_t i);
const struct predicate *predicate_find(const char *word);
const char *predicate_nearest(const char *word);

/* The predicates that the kernel can decide; bytecode.c compares against them. */
extern const struct predicate predicate_src, predicate_dst, predicate_sport, predicate_dport,
	predicate_dev, predicate_autobound, predicate_state, predicate_exclude;

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST };

struct node {
	enum node_kind kind;
	struct node *left, *right; /* NOT has a left only */
	const struct predicate *predicate;
	enum filter_op op;
	struct filter_value value;
	const char *word; /* the value as it was typed */
	bool either;      /* `state A state B`: an OR that nobody wrote */
	bool in_kernel;   /* the bytecode decides it for internet sockets */
};

struct filter {
	struct node *root;
	char *text;            /* a copy, cut into words by the scanner */
	struct filter *joined; /* filter_both(): owns the other's text */
};

enum scanner_state { SCAN_PREDICATE, SCAN_OPERATOR, SCAN_VALUE };

/* What one parse carries. */
struct scanner {
	const char *source; /* the whole expression */
	size_t at;          /* read position */
	size_t word_at;     /* where the last word began */
	size_t op_at;       /* where the last comparison began */
	char *words;        /* room for the values' copies */
	enum scanner_state state;
	const struct predicate *predicate;
	struct node *result;
	struct node *nodes[256]; /* all that were made, for a failed parse */
	size_t n_nodes;
	struct filter_error *error;
	int failed; /* 0 or a negative errno */
};

struct node *node_join(struct scanner *s, enum node_kind kind, struct node *left,
		       struct node *right);
/* Two expressions side by side: AND, but `state A state B` asks for either, as in ss. */
struct node *node_beside(struct scanner *s, struct node *left, struct node *right);
struct node *node_test(struct scanner *s, const struct predicate *predicate, enum filter_op op,
		       const char *word);

/* Records the first error, at the last word. */
void scanner_fail(struct scanner *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
