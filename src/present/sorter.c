/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/sorter.h"

#include <errno.h>
#include <stdlib.h>

struct key {
	enum { KEY_NUMBER, KEY_BYTES, KEY_UNKNOWN } kind;
	int64_t number;
	char *bytes;
	size_t len;
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
	bool messages; /* are kept too */
	struct kept *items;
	size_t count, cap;
	struct outbuf cell;
};

struct sorter *sorter_new(const struct column *column, bool descending, bool messages)
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
	s->messages = messages;
	return s;
}

static void free_kept(struct kept *k)
{
	free((void *)k->sk.holders.items);
	free((void *)k->sk.other.holders.items);
	free((void *)k->sk.contexts.items);
	free((void *)k->sk.un.name);
	free((void *)k->sk.message);
	free(k->key.bytes);
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

/* Gives a copy; of nothing NULL, and then *failed stays as it is. */
static void *copy(const void *from, size_t size, bool *failed)
{
	void *to = from ? malloc(size + 1) : NULL;

	*failed |= from && !to;
	return to ? memcpy(to, from, size) : NULL;
}

static void copy_holders(struct holder_list *to, const struct holder_list *from, bool *failed)
{
	to->items = copy(from->items, from->count * sizeof(*from->items), failed);
}

/* The lists of holders and contexts, a unix name and the message live only as long as the row: they
 * are copied. The names of processes, peers, devices and cgroups outlive the dump. */
static int copy_references(struct socket *sk, const struct socket *from, bool messages)
{
	bool failed = false;

	*sk = *from;
	copy_holders(&sk->holders, &from->holders, &failed);
	copy_holders(&sk->other.holders, &from->other.holders, &failed);
	sk->contexts.items = copy(from->contexts.items,
				  from->contexts.count * sizeof(*from->contexts.items), &failed);
	sk->un.name = copy(from->un.name, from->un.name_len, &failed);
	sk->message = messages ? copy(from->message, from->message_len, &failed) : NULL;
	return failed ? -ENOMEM : 0;
}

static int fill_key(struct sorter *s, struct key *key)
{
	char *end;

	if (!s->column->order && s->column->place == PLACE_RIGHT) {
		key->number = strtoll(s->cell.data, &end, 10);
		if (end != s->cell.data)
			return 0;
	}
	key->kind = KEY_UNKNOWN;
	if (!s->cell.len || (!s->column->order && strcmp(s->cell.data, "?") == 0))
		return 0;
	key->bytes = malloc(s->cell.len);
	if (!key->bytes)
		return -ENOMEM;
	memcpy(key->bytes, s->cell.data, s->cell.len);
	key->len = s->cell.len;
	key->kind = KEY_BYTES;
	return 0;
}

static int make_key(struct sorter *s, struct kept *k, const struct cell_context *cells)
{
	s->cell.len = 0;
	(s->column->order ? s->column->order : s->column->cell)(&s->cell, &k->sk, cells);
	outbuf_char(&s->cell, '\0');
	if (s->cell.error)
		return s->cell.error;
	s->cell.len--;
	return fill_key(s, &k->key);
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
	*k = (struct kept){ .order = sorter->count, .descending = sorter->descending };
	err = copy_references(&k->sk, sk, sorter->messages);
	if (!err)
		err = make_key(sorter, k, cells);
	/* A row with half of its references is not to be shown. */
	if (err)
		free_kept(k);
	else
		sorter->count++;
	return err;
}

static int compare_bytes(const struct key *a, const struct key *b)
{
	int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_keys(const struct key *a, const struct key *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == KEY_BYTES)
		return compare_bytes(a, b);
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
