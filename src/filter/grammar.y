/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar: `or` binds weakest, then `and` and mere juxtaposition, then `not`.
 */
%code requires {
#include "filter/tree.h"
}

%code {
#include <string.h>

int filter_yylex(FILTER_YYSTYPE *value, struct scanner *s);
static void filter_yyerror(struct scanner *s, const char *message);
}

%define api.pure full
%define api.prefix {filter_yy}
%param { struct scanner *s }

%union {
	const struct predicate *predicate;
	enum filter_op op;
	const char *word;
	struct node *node;
}

%token AND OR NOT OPEN CLOSE
%token <predicate> PREDICATE FLAG
%token <op> OP
%token <word> VALUE
%type <node> any all one test

%%

filter:	%empty			{ s->result = NULL; }
	| any			{ s->result = $1; }
	;

any:	all
	| any OR all		{ $$ = node_join(s, NODE_OR, $1, $3); if (!$$) YYABORT; }
	;

all:	one
	| all AND one		{ $$ = node_join(s, NODE_AND, $1, $3); if (!$$) YYABORT; }
	| all one		{ $$ = node_beside(s, $1, $2); if (!$$) YYABORT; }
	;

one:	NOT one			{ $$ = node_join(s, NODE_NOT, $2, NULL); if (!$$) YYABORT; }
	| OPEN any CLOSE	{ $$ = $2; }
	| test
	;

test:	PREDICATE OP VALUE	{ $$ = node_test(s, $1, $2, $3); if (!$$) YYABORT; }
	| PREDICATE VALUE	{ $$ = node_test(s, $1, OP_EQ, $2); if (!$$) YYABORT; }
	| FLAG			{ $$ = node_test(s, $1, OP_EQ, ""); if (!$$) YYABORT; }
	;

%%

/* The scanner has said what is wrong with a word; what is left is a word in the wrong place. */
static void filter_yyerror(struct scanner *s, const char *message)
{
	/* bison's own words, for a stack that would pass YYMAXDEPTH. */
	if (strcmp(message, "memory exhausted") == 0)
		scanner_fail(s, "nested too deeply");
	else if (s->source[s->word_at] == '\0')
		scanner_fail(s, "the expression ends too early");
	else
		scanner_fail(s, "unexpected '%.20s'", s->source + s->word_at);
}
