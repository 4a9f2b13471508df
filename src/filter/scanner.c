/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scanner, and making the tree. What a word is depends on where it stands: a predicate's
 * name, an operator or a value; so a value may be any word, `not` too.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "filter/tree.h"
#include "filter/grammar.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

void scanner_fail(struct scanner *s, const char *format, ...)
{
	va_list args;

	if (s->failed)
		return;
	s->failed = -EINVAL;
	s->error->column = s->word_at;
	va_start(args, format);
	vsnprintf(s->error->text, sizeof(s->error->text), format, args);
	va_end(args);
}

static struct node *new_node(struct scanner *s)
{
	struct node *node;

	if (s->n_nodes == ARRAY_SIZE(s->nodes)) {
		scanner_fail(s, "too long: more than %zu parts", ARRAY_SIZE(s->nodes));
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node)
		s->failed = -ENOMEM;
	else
		s->nodes[s->n_nodes++] = node;
	return node;
}

struct node *node_join(struct scanner *s, enum node_kind kind, struct node *left,
		       struct node *right)
{
	struct node *node = new_node(s);

	if (!node)
		return NULL;
	node->kind = kind;
	node->left = left;
	node->right = right;
	return node;
}

static bool names_state(const struct node *node)
{
	return node->kind == NODE_TEST && node->predicate == &predicate_state && node->op == OP_EQ;
}

struct node *node_beside(struct scanner *s, struct node *left, struct node *right)
{
	bool states = (left->either || names_state(left)) && names_state(right);
	struct node *node = node_join(s, states ? NODE_OR : NODE_AND, left, right);

	if (node)
		node->either = states;
	return node;
}

struct node *node_test(struct scanner *s, const struct predicate *predicate, enum filter_op op,
		       const char *word)
{
	struct filter_error error = { 0 };
	bool ordered = op != OP_EQ && op != OP_NE;
	struct node *node;

	if (predicate->equality_only && ordered) {
		s->word_at = s->op_at;
		scanner_fail(s, "'%s' takes = or != only", predicate->word);
		return NULL;
	}
	node = new_node(s);
	if (!node)
		return NULL;
	node->kind = NODE_TEST;
	node->predicate = predicate;
	node->op = op;
	node->word = word;
	node->value.text = word;
	if (predicate->read && predicate->read(word, &node->value, &error) < 0) {
		if (error.text[0])
			scanner_fail(s, "%s", error.text);
		else
			scanner_fail(s, "'%s' wants %s, not '%s'", predicate->word,
				     predicate->takes, word);
		return NULL;
	}
	if (node->value.is_word && ordered) {
		s->word_at = s->op_at;
		scanner_fail(s, "'%s %s' takes = or != only", predicate->word, word);
		return NULL;
	}
	return node;
}

/* Longest first, so that `<=` is not read as `<`. */
static const struct {
	const char *text;
	int token;
	enum filter_op op;
} symbols[] = {
	{ "&&", AND, 0 },    { "||", OR, 0 },     { "==", OP, OP_EQ }, { "!=", OP, OP_NE },
	{ "<=", OP, OP_LE }, { ">=", OP, OP_GE }, { "&", AND, 0 },     { "|", OR, 0 },
	{ "!", NOT, 0 },     { "(", OPEN, 0 },    { ")", CLOSE, 0 },   { "=", OP, OP_EQ },
	{ "<", OP, OP_LT },  { ">", OP, OP_GT },
};

static const struct {
	const char *word;
	int token;
	enum filter_op op;
} operator_words[] = {
	{ "eq", OP, OP_EQ },  { "ne", OP, OP_NE },  { "neq", OP, OP_NE }, { "lt", OP, OP_LT },
	{ "le", OP, OP_LE },  { "leq", OP, OP_LE }, { "gt", OP, OP_GT },  { "ge", OP, OP_GE },
	{ "geq", OP, OP_GE }, { "and", AND, 0 },    { "or", OR, 0 },      { "not", NOT, 0 },
};

static size_t word_length(const char *at)
{
	return strcspn(at, " \t\n!&|()=<>");
}

static void skip_spaces(struct scanner *s)
{
	while (isspace((unsigned char)s->source[s->at]))
		s->at++;
	s->word_at = s->at;
}

static int read_symbol(struct scanner *s, enum filter_op *op)
{
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		size_t len = strlen(symbols[i].text);

		if (strncmp(s->source + s->at, symbols[i].text, len) != 0)
			continue;
		s->at += len;
		*op = symbols[i].op;
		return symbols[i].token;
	}
	return 0;
}

/* Copies the word at the read position. An empty one can only be a misplaced symbol. */
static const char *copy_word(struct scanner *s)
{
	size_t len = word_length(s->source + s->at);
	char *copy = s->words;

	memcpy(copy, s->source + s->at, len);
	copy[len] = '\0';
	s->words += len + 1;
	s->at += len;
	return copy;
}

static int find_operator_word(const char *word, bool logical, enum filter_op *op)
{
	for (size_t i = 0; i < ARRAY_SIZE(operator_words); i++) {
		if (strcasecmp(word, operator_words[i].word) != 0 ||
		    (operator_words[i].token == OP) == logical)
			continue;
		*op = operator_words[i].op;
		return operator_words[i].token;
	}
	return 0;
}

static int scan_predicate(struct scanner *s, FILTER_YYSTYPE *value)
{
	enum filter_op op;
	int token = read_symbol(s, &op);
	const char *word, *near;

	if (token == OP)
		s->at = s->word_at; /* an operator with nothing before it: the grammar complains */
	if (token) {
		value->op = op;
		return token;
	}
	word = copy_word(s);
	token = find_operator_word(word, true, &op);
	if (token)
		return token;
	value->predicate = s->predicate = predicate_find(word);
	if (!s->predicate) {
		s->error->stray = true;
		near = predicate_nearest(word);
		if (near)
			scanner_fail(s, "unknown word '%s'; did you mean '%s'?", word, near);
		else
			scanner_fail(s, "unknown word '%s'", word);
		return FILTER_YYerror;
	}
	if (s->predicate->flag)
		return FLAG;
	s->state = SCAN_OPERATOR;
	return PREDICATE;
}

static int scan_operator(struct scanner *s, FILTER_YYSTYPE *value)
{
	size_t start = s->at;
	int token = read_symbol(s, &value->op);
	const char *word;

	s->state = SCAN_VALUE;
	s->op_at = s->word_at;
	if (token == OP)
		return OP;
	if (token) {
		s->state = SCAN_PREDICATE;
		return token;
	}
	if (s->source[s->at] == '"')
		return 0;
	word = copy_word(s);
	if (find_operator_word(word, false, &value->op))
		return OP;
	s->at = start;
	s->words -= strlen(word) + 1;
	return 0; /* no operator: a value follows */
}

/* A value in double quotes may hold anything; a backslash there takes the next byte along, and
 * stays, since it means the same in a pattern. NULL when the quotes are not closed. */
static const char *copy_quoted(struct scanner *s)
{
	const char *from = s->source + s->at + 1, *end = from;
	char *copy = s->words;
	size_t len;

	while (*end && *end != '"')
		end += *end == '\\' && end[1] ? 2 : 1;
	if (!*end)
		return NULL;
	len = (size_t)(end - from);
	memcpy(copy, from, len);
	copy[len] = '\0';
	s->words += len + 1;
	s->at += len + 2;
	return copy;
}

static int scan_quoted(struct scanner *s, FILTER_YYSTYPE *value)
{
	value->word = copy_quoted(s);
	if (value->word)
		return VALUE;
	scanner_fail(s, "the quotes are not closed");
	return FILTER_YYerror;
}

static int scan_value(struct scanner *s, FILTER_YYSTYPE *value)
{
	s->state = SCAN_PREDICATE;
	if (s->source[s->at] == '"')
		return scan_quoted(s, value);
	if (word_length(s->source + s->at) == 0) {
		scanner_fail(s, "'%s' wants %s", s->predicate->word, s->predicate->takes);
		return FILTER_YYerror;
	}
	value->word = copy_word(s);
	return VALUE;
}

int filter_yylex(FILTER_YYSTYPE *value, struct scanner *s)
{
	int token;

	skip_spaces(s);
	if (!s->source[s->at] && s->state == SCAN_PREDICATE)
		return 0;
	if (s->state == SCAN_PREDICATE)
		return scan_predicate(s, value);
	if (s->state == SCAN_OPERATOR && s->source[s->at]) {
		token = scan_operator(s, value);
		if (token)
			return token;
	}
	return scan_value(s, value);
}

int filter_parse(struct filter **filter, const char *text, struct filter_error *error)
{
	struct scanner s = { .source = text, .error = error };
	struct filter *f = calloc(1, sizeof(*f));

	*filter = NULL;
	if (f)
		f->text = s.words = malloc(2 * strlen(text) + 2);
	if (!f || !f->text) {
		free(f);
		return -ENOMEM;
	}
	if (filter_yyparse(&s) != 0 && !s.failed)
		s.failed = -ENOMEM;
	if (s.failed || !s.result) {
		for (size_t i = 0; i < s.n_nodes; i++)
			free(s.nodes[i]);
		free(f->text);
		free(f);
		return s.failed;
	}
	f->root = s.result;
	*filter = f;
	return 0;
}
