/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter in words again, and which part is decided where. */
#include "filter/tree.h"
#include "present/escape.h"

static const char *const op_words[OP_COUNT] = {
	[OP_EQ] = "=", [OP_NE] = "!=", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">=",
};

static void put_states(struct outbuf *b, uint32_t mask)
{
	bool first = true;

	for (int i = STATE_ESTABLISHED; i < STATE_COUNT; i++) {
		if (!(mask & STATE_BIT(i)) || !state_is_shown((enum sock_state)i))
			continue;
		outbuf_str(b, first ? "" : " ");
		outbuf_str(b, state_json_name((enum sock_state)i));
		first = false;
	}
	if (first)
		outbuf_str(b, "none");
}

static void put_test(struct outbuf *b, const struct node *node)
{
	bool quotes;

	outbuf_str(b, node->predicate->word);
	if (node->predicate->flag)
		return;
	quotes = !*node->word || *node->word == '"' || strpbrk(node->word, " \t\n!&|()=<>");
	outbuf_printf(b, " %s %s", op_words[node->op], quotes ? "\"" : "");
	escape_text(b, node->word, strlen(node->word));
	outbuf_str(b, quotes ? "\"" : "");
}

static void put_node(struct outbuf *b, const struct node *node)
{
	if (node->kind == NODE_TEST) {
		put_test(b, node);
		return;
	}
	outbuf_str(b, node->kind == NODE_NOT ? "not (" : "(");
	put_node(b, node->left);
	if (node->right) {
		outbuf_str(b, node->kind == NODE_AND ? " and " : " or ");
		put_node(b, node->right);
	}
	outbuf_char(b, ')');
}

static bool only_states(const struct node *node)
{
	if (node->kind == NODE_TEST)
		return node->predicate == &predicate_state || node->predicate == &predicate_exclude;
	return only_states(node->left) && (!node->right || only_states(node->right));
}

/* The parts of the top-level `and` that are, or are not, the kernel's. */
static void put_side(struct outbuf *b, const struct node *node, bool kernel, bool *first)
{
	if (node->kind == NODE_AND && !node->in_kernel) {
		put_side(b, node->left, kernel, first);
		put_side(b, node->right, kernel, first);
		return;
	}
	/* What asks for states alone is in the mask already. */
	if (node->in_kernel != kernel || only_states(node))
		return;
	outbuf_str(b, *first ? "" : " and ");
	put_node(b, node);
	*first = false;
}

static bool has_kernel_part(const struct node *node)
{
	if (node->kind == NODE_AND && !node->in_kernel)
		return has_kernel_part(node->left) || has_kernel_part(node->right);
	return node->in_kernel;
}

static void put_line(struct outbuf *b, const char *label, const struct filter *filter, bool kernel)
{
	bool first = true;

	outbuf_str(b, label);
	put_side(b, filter->root, kernel, &first);
	outbuf_str(b, first ? "nothing\n" : "\n");
}

void filter_explain(const struct filter *filter, struct outbuf *b)
{
	uint32_t states;

	if (!filter) {
		outbuf_str(b, "no filter: every socket of the selection\n");
		return;
	}
	outbuf_str(b, "states asked for:  ");
	if (filter_states(filter, &states))
		put_states(b, states);
	else
		outbuf_str(b, "those of the options");
	outbuf_char(b, '\n');
	put_line(b, "kernel decides:    ", filter, true);
	put_line(b, "decided here:      ", filter, false);
	if (has_kernel_part(filter->root))
		outbuf_str(b,
			   "other families:    decided here, but for states of unix and vsock\n");
}
