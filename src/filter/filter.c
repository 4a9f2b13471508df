/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "filter/tree.h"
#include "plan/needs.h"

static void free_node(struct node *node)
{
	if (!node)
		return;
	free_node(node->left);
	free_node(node->right);
	free(node);
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	free_node(filter->root);
	free(filter->text);
	filter_free(filter->joined);
	free(filter);
}

int filter_both(struct filter **filter, struct filter *other)
{
	struct node *both;

	if (!*filter || !other) {
		*filter = other ? other : *filter;
		return 0;
	}
	both = calloc(1, sizeof(*both));
	if (!both) {
		filter_free(other);
		return -ENOMEM;
	}
	both->kind = NODE_AND;
	both->left = (*filter)->root;
	both->right = other->root;
	(*filter)->root = both;
	/* Its tree is ours now; what remains is the text that the tree points into. */
	other->root = NULL;
	other->joined = (*filter)->joined;
	(*filter)->joined = other;
	return 0;
}

/* Only the path of a unix socket is a name that has to be looked for. */
static bool asks_peer_name(const struct node *node)
{
	if (node->predicate != &predicate_dst)
		return false;
	for (unsigned int i = 0; i < node->value.hosts; i++)
		if (node->value.host[i].family == AF_UNIX)
			return true;
	return false;
}

static unsigned int needs_of(const struct node *node)
{
	if (!node)
		return 0;
	if (node->kind == NODE_TEST)
		return node->predicate->needs | (asks_peer_name(node) ? NEED_PEER_NAMES : 0);
	return needs_of(node->left) | needs_of(node->right);
}

unsigned int filter_needs(const struct filter *filter)
{
	return filter ? needs_of(filter->root) : 0;
}

static bool is_state_test(const struct node *node)
{
	return node->predicate == &predicate_state || node->predicate == &predicate_exclude;
}

static bool names_states(const struct node *node)
{
	if (!node)
		return false;
	if (node->kind == NODE_TEST)
		return is_state_test(node);
	return names_states(node->left) || names_states(node->right);
}

/* States in which a node can hold; with `negated`, in which it can fail. */
static uint32_t possible_states(const struct node *node, bool negated)
{
	uint32_t left, right, mask;

	if (node->kind == NODE_NOT)
		return possible_states(node->left, !negated);
	if (node->kind == NODE_TEST) {
		if (!is_state_test(node))
			return STATES_ALL;
		mask = (uint32_t)node->value.number & STATES_ALL;
		if ((node->predicate == &predicate_exclude) != (node->op == OP_NE))
			negated = !negated;
		return negated ? STATES_ALL & ~mask : mask;
	}
	left = possible_states(node->left, negated);
	right = possible_states(node->right, negated);
	/* not (a and b) holds where either fails. */
	return (node->kind == NODE_AND) != negated ? left & right : left | right;
}

bool filter_states(const struct filter *filter, uint32_t *states)
{
	if (!filter || !names_states(filter->root))
		return false;
	*states = possible_states(filter->root, false);
	return true;
}

/* Kleene's logic: unknown stays unknown unless the other side decides. */
static enum tri match(const struct node *node, const struct socket *sk, unsigned int lacking)
{
	enum tri decides = node->kind == NODE_AND ? TRI_NO : TRI_YES;
	enum tri left, right;

	if (node->in_kernel && sk->kernel_filtered)
		return TRI_YES;
	if (node->kind == NODE_TEST && (node->predicate->needs & lacking))
		return TRI_UNKNOWN;
	if (node->kind == NODE_TEST)
		return node->predicate->test(sk, node->op, &node->value);
	left = match(node->left, sk, lacking);
	if (node->kind == NODE_NOT)
		return left == TRI_UNKNOWN ? left : left == TRI_YES ? TRI_NO : TRI_YES;
	if (left == decides)
		return left;
	right = match(node->right, sk, lacking);
	return right == decides || left == TRI_YES || left == TRI_NO ? right : left;
}

enum tri filter_match_without(const struct filter *filter, const struct socket *sk,
			      unsigned int lacking)
{
	return filter ? match(filter->root, sk, lacking) : TRI_YES;
}

enum tri filter_match(const struct filter *filter, const struct socket *sk)
{
	return filter_match_without(filter, sk, 0);
}

static const char *undecidable(const struct node *node)
{
	const char *left;

	if (!node || node->in_kernel)
		return NULL;
	if (node->kind == NODE_TEST)
		return node->predicate == &predicate_autobound ? node->predicate->word : NULL;
	left = undecidable(node->left);
	return left ? left : undecidable(node->right);
}

const char *filter_undecidable(const struct filter *filter)
{
	return filter ? undecidable(filter->root) : NULL;
}
