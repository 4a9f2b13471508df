/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/sorter.h"

#include <errno.h>
#include <stdlib.h>

/* What a cell sorts by: a number where it begins with one, else its text. */
struct key {
	enum { KEY_NUMBER, KEY_TEXT, KEY_UNKNOWN } kind;
	int64_t number;
	char *text;
};

struct kept {
	struct socket sk;
	struct key key;
	size_t order; /* of arrival */
	bool descending;
};

struct sorter {
	const struct column *column;
	bool descending;
	struct kept *items;
	size_t count, cap;
	struct outbuf cell;
};

struct sorter *sorter_new(const struct column *column, bool descending)
{
	struct sorter *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (outbuf_open(&s->cell, -1) < 0) {
		free(s);
		return NULL;
	}
	s->column = column;
	s->descending = descending;
	return s;
}

static void free_kept(struct kept *k)
{
	free((void *)k->sk.holders.items);
	free((void *)k->sk.un.name);
	free(k->key.text);
}

void sorter_free(struct sorter *sorter)
{
	if (!sorter)
		return;
	for (size_t i = 0; i < sorter->count; i++)
		free_kept(&sorter->items[i]);
	free(sorter->items);
	outbuf_close(&sorter->cell);
	free(sorter);
}

/* The list of holders and a unix name live only as long as the row: they are copied. The names
 * of processes, devices and cgroups outlive the dump. */
static int copy_references(struct socket *sk)
{
	size_t size = sk->holders.count * sizeof(*sk->holders.items);
	struct holder *holders = NULL;
	char *name = NULL;

	if (size && !(holders = malloc(size)))
		return -ENOMEM;
	if (sk->un.name && !(name = malloc(sk->un.name_len + 1u))) {
		free(holders);
		return -ENOMEM;
	}
	if (holders)
		memcpy(holders, sk->holders.items, size);
	if (name)
		memcpy(name, sk->un.name, sk->un.name_len);
	sk->holders.items = holders;
	sk->un.name = name;
	return 0;
}

/* Words with an order of their own sort by it. */
static bool ordered_word(const struct column *column, const struct socket *sk, int64_t *number)
{
	if (strcmp(column->name, "risk") == 0)
		*number = sk->close.risk * RISK_COUNT + sk->close.risk_max;
	else if (strcmp(column->name, "risk-max") == 0)
		*number = sk->close.risk_max;
	else if (strcmp(column->name, "linger") == 0 && sk->linger.forever)
		*number = INT64_MAX;
	else
		return false;
	return true;
}

/* Addresses sort by their bytes and then by port, not by their letters. */
static bool address_key(const struct column *column, const struct socket *sk, struct outbuf *b)
{
	bool local = strcmp(column->name, "local") == 0;
	const struct endpoint *ep = local ? &sk->local : &sk->peer;
	const unsigned char *bytes = (const unsigned char *)&ep->addr;

	if (sk->family == AF_UNIX || (!local && strcmp(column->name, "peer") != 0))
		return false;
	outbuf_printf(b, "%02x", sk->family);
	for (size_t i = 0; i < (sk->family == AF_INET ? 4u : 16u); i++)
		outbuf_printf(b, "%02x", bytes[i]);
	outbuf_printf(b, "%04x", ep->port);
	return true;
}

static int make_key(struct sorter *s, struct kept *k, const struct cell_context *cells)
{
	char *end;

	s->cell.len = 0;
	if (!address_key(s->column, &k->sk, &s->cell))
		s->column->cell(&s->cell, &k->sk, cells);
	outbuf_char(&s->cell, '\0');
	if (s->cell.error)
		return s->cell.error;
	if (ordered_word(s->column, &k->sk, &k->key.number))
		return 0;
	if (strcmp(s->cell.data, "?") == 0) {
		k->key.kind = KEY_UNKNOWN;
		return 0;
	}
	k->key.number = strtoll(s->cell.data, &end, 10);
	if (s->column->right && end != s->cell.data)
		return 0;
	k->key.text = strdup(s->cell.data);
	if (!k->key.text)
		return -ENOMEM;
	k->key.kind = KEY_TEXT;
	return 0;
}

static int make_room(struct sorter *s)
{
	size_t cap = s->cap ? s->cap * 2 : 256;
	struct kept *bigger;

	if (s->count < s->cap)
		return 0;
	bigger = reallocarray(s->items, cap, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	s->items = bigger;
	s->cap = cap;
	return 0;
}

int sorter_add(struct sorter *sorter, const struct socket *sk, const struct cell_context *cells)
{
	struct kept *k;
	int err = make_room(sorter);

	if (err)
		return err;
	k = &sorter->items[sorter->count];
	*k = (struct kept){ .sk = *sk, .order = sorter->count, .descending = sorter->descending };
	err = copy_references(&k->sk);
	if (err)
		return err;
	sorter->count++;
	return make_key(sorter, k, cells);
}

static int compare_keys(const struct key *a, const struct key *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == KEY_TEXT)
		return strcmp(a->text, b->text);
	return (a->number > b->number) - (a->number < b->number);
}

static int compare_kept(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	int by_key = compare_keys(&x->key, &y->key);
	bool unknown = x->key.kind == KEY_UNKNOWN || y->key.kind == KEY_UNKNOWN;

	if (by_key)
		return x->descending && !unknown ? -by_key : by_key;
	return (x->order > y->order) - (x->order < y->order);
}

void sorter_emit(struct sorter *sorter, void (*row)(void *ctx, const struct socket *sk), void *ctx)
{
	if (sorter->count)
		qsort(sorter->items, sorter->count, sizeof(*sorter->items), compare_kept);
	for (size_t i = 0; i < sorter->count; i++)
		row(ctx, &sorter->items[i].sk);
}
