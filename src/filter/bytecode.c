/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translation into the kernel's bytecode. Every block of code falls off its own end when it is
 * true and jumps four bytes beyond when it is false; so blocks can be put together without
 * looking inside them, but for jumps that leave a block and must leave the larger one.
 */
#include <string.h>
#include <linux/inet_diag.h>

#include "filter/tree.h"

#define OP_SIZE   sizeof(struct inet_diag_bc_op)
#define BLOCK_MAX 4096
#define BEYOND    OP_SIZE /* how far past its end a false block jumps */

struct block {
	unsigned char *code;
	size_t len, size;
	bool failed; /* too long, or not the kernel's to decide */
};

static struct inet_diag_bc_op *op_at(const struct block *b, size_t at)
{
	return (struct inet_diag_bc_op *)(b->code + at);
}

/* Appends an operation of `size` bytes; false jumps past the end. Returns it, zeroed behind its
 * head, or NULL. */
static struct inet_diag_bc_op *append(struct block *b, uint8_t code, size_t size)
{
	struct inet_diag_bc_op *op;

	if (b->failed || b->len + size > b->size) {
		b->failed = true;
		return NULL;
	}
	op = op_at(b, b->len);
	memset(op, 0, size);
	op->code = code;
	op->yes = (uint8_t)size;
	op->no = (uint16_t)(size + BEYOND);
	b->len += size;
	return op;
}

/* Lengthens by `by` the jumps from [from, to) that go past `to`. */
static void retarget(struct block *b, size_t from, size_t to, size_t by)
{
	for (size_t at = from; at < to && !b->failed; at += op_at(b, at)->yes)
		if (at + op_at(b, at)->no == to + BEYOND)
			op_at(b, at)->no = (uint16_t)(op_at(b, at)->no + by);
}

static void jump(struct block *b, size_t distance)
{
	struct inet_diag_bc_op *op = append(b, INET_DIAG_BC_JMP, OP_SIZE);

	if (op)
		op->no = (uint16_t)distance;
}

static void emit_port(struct block *b, uint8_t code, int64_t port)
{
	struct inet_diag_bc_op *op = append(b, code, 2 * OP_SIZE);

	if (op)
		op[1].no = (uint16_t)port;
}

/* Makes the jump at `at` lead to the end of what is written. */
static void land(struct block *b, size_t at)
{
	if (!b->failed)
		op_at(b, at)->no = (uint16_t)(b->len - at);
}

/* True code now meets a jump beyond the end; false code lands behind that jump. */
static void negate(struct block *b)
{
	jump(b, OP_SIZE + BEYOND);
}

static void join_and(struct block *b, size_t from, size_t middle)
{
	retarget(b, from, middle, b->len - middle);
}

/* The kernel has >= and <= for ports; the rest is made of them. */
static const struct {
	bool both; /* >= and <= */
	bool ge;   /* the one of the two, when not both */
	bool negated;
} port_ops[OP_COUNT] = {
	[OP_EQ] = { true, false, false },  [OP_NE] = { true, false, true },
	[OP_GE] = { false, true, false },  [OP_LT] = { false, true, true },
	[OP_LE] = { false, false, false }, [OP_GT] = { false, false, true },
};

static void emit_port_test(struct block *b, const struct node *node, uint8_t ge, uint8_t le)
{
	size_t from = b->len, middle;

	if (port_ops[node->op].both) {
		emit_port(b, ge, node->value.number);
		middle = b->len;
		emit_port(b, le, node->value.number);
		join_and(b, from, middle);
	} else {
		emit_port(b, port_ops[node->op].ge ? ge : le, node->value.number);
	}
	if (port_ops[node->op].negated)
		negate(b);
}

static void emit_pattern(struct block *b, const struct host_pattern *host, uint8_t code);

/* To the kernel an IPv4 pattern holds for IPv4 inside IPv6 too: takes that away. */
static void emit_not_ipv6(struct block *b, size_t from, uint8_t code)
{
	static const struct host_pattern any_ipv6 = { .family = AF_INET6, .port = -1 };
	size_t middle = b->len;

	emit_pattern(b, &any_ipv6, code);
	negate(b);
	join_and(b, from, middle);
}

static void emit_pattern(struct block *b, const struct host_pattern *host, uint8_t code)
{
	size_t from = b->len;
	size_t bytes = host->family == AF_UNSPEC ? 0 : host->family == AF_INET ? 4 : 16;
	struct inet_diag_bc_op *op;
	struct inet_diag_hostcond *cond;

	/* No internet socket has a path, or an end of another family. */
	if (host->family != AF_INET && host->family != AF_INET6 && host->family != AF_UNSPEC) {
		jump(b, OP_SIZE + BEYOND);
		return;
	}
	op = append(b, code, OP_SIZE + sizeof(*cond) + bytes);
	if (!op)
		return;
	cond = (struct inet_diag_hostcond *)(op + 1);
	cond->family = host->family;
	cond->prefix_len = host->prefix;
	cond->port = host->port;
	memcpy(cond->addr, &host->addr, bytes);
	if (host->exact && host->family == AF_INET)
		emit_not_ipv6(b, from, code);
}

/* Any of the patterns: a true one jumps over the rest, a false one lands on the next. */
static void emit_patterns(struct block *b, const struct filter_value *value, unsigned int first,
			  uint8_t code)
{
	size_t jump_at;

	emit_pattern(b, &value->host[first], code);
	if (first + 1 == value->hosts)
		return;
	jump_at = b->len;
	jump(b, 0);
	emit_patterns(b, value, first + 1, code);
	land(b, jump_at);
}

static void emit_host(struct block *b, const struct node *node, uint8_t code)
{
	emit_patterns(b, &node->value, 0, code);
	if (node->op == OP_NE)
		negate(b);
}

static void emit_src(struct block *b, const struct node *node)
{
	emit_host(b, node, INET_DIAG_BC_S_COND);
}

static void emit_dst(struct block *b, const struct node *node)
{
	emit_host(b, node, INET_DIAG_BC_D_COND);
}

static void emit_sport(struct block *b, const struct node *node)
{
	emit_port_test(b, node, INET_DIAG_BC_S_GE, INET_DIAG_BC_S_LE);
}

static void emit_dport(struct block *b, const struct node *node)
{
	emit_port_test(b, node, INET_DIAG_BC_D_GE, INET_DIAG_BC_D_LE);
}

static void emit_dev(struct block *b, const struct node *node)
{
	struct inet_diag_bc_op *op = append(b, INET_DIAG_BC_DEV_COND, 2 * OP_SIZE);
	uint32_t index = (uint32_t)node->value.number;

	if (op)
		memcpy(op + 1, &index, sizeof(index));
	if (node->op == OP_NE)
		negate(b);
}

static void emit_autobound(struct block *b, const struct node *node)
{
	size_t from = b->len, middle;

	append(b, INET_DIAG_BC_AUTO, OP_SIZE);
	middle = b->len;
	emit_port(b, INET_DIAG_BC_S_GE, node->value.number);
	join_and(b, from, middle);
	middle = b->len;
	emit_port(b, INET_DIAG_BC_S_LE, node->value.last);
	join_and(b, from, middle);
}

static const struct {
	const struct predicate *predicate;
	void (*emit)(struct block *b, const struct node *node);
} emitters[] = {
	{ &predicate_src, emit_src },     { &predicate_dst, emit_dst },
	{ &predicate_sport, emit_sport }, { &predicate_dport, emit_dport },
	{ &predicate_dev, emit_dev },     { &predicate_autobound, emit_autobound },
};

static void emit(struct block *b, const struct node *node);

static void emit_test(struct block *b, const struct node *node)
{
	for (size_t i = 0; i < sizeof(emitters) / sizeof(emitters[0]); i++) {
		if (emitters[i].predicate != node->predicate)
			continue;
		emitters[i].emit(b, node);
		return;
	}
	b->failed = true;
}

static void emit_or(struct block *b, const struct node *node)
{
	size_t jump_at;

	emit(b, node->left);
	/* A false left side lands behind this jump, on the right side. */
	jump_at = b->len;
	jump(b, 0);
	emit(b, node->right);
	land(b, jump_at);
}

static void emit(struct block *b, const struct node *node)
{
	size_t from = b->len, middle;

	if (b->failed)
		return;
	if (node->kind == NODE_TEST) {
		emit_test(b, node);
	} else if (node->kind == NODE_OR) {
		emit_or(b, node);
	} else {
		emit(b, node->left);
		middle = b->len;
		if (node->kind == NODE_NOT) {
			negate(b);
			return;
		}
		emit(b, node->right);
		join_and(b, from, middle);
	}
}

/* Both sides of an `and` may go to the kernel on their own; anything else goes whole or not. */
static void take(struct block *b, struct node *node)
{
	size_t from = b->len;
	size_t before = b->len;

	if (node->kind == NODE_AND) {
		take(b, node->left);
		before = b->len;
		take(b, node->right);
		node->in_kernel = node->left->in_kernel && node->right->in_kernel;
		if (before > from && b->len > before)
			join_and(b, from, before);
		return;
	}
	emit(b, node);
	node->in_kernel = !b->failed;
	if (b->failed) {
		b->len = before;
		b->failed = false;
	}
}

size_t filter_bytecode(const struct filter *filter, void *code, size_t size)
{
	struct block b = { .code = code, .size = size < BLOCK_MAX ? size : BLOCK_MAX };

	if (filter)
		take(&b, filter->root);
	return b.len;
}
