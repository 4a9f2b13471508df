/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count/top.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 256

struct top {
	size_t key_size, value_at, item_size;
	unsigned char *items; /* key, then value */
	size_t count, cap;
	uint32_t *slots; /* open addressing: index into items plus 1, 0 is empty */
	size_t n_slots;
	uint64_t error, lost;
};

struct top *top_new(size_t key_size, size_t value_size)
{
	struct top *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->key_size = key_size;
	t->value_at = (key_size + 7) & ~(size_t)7;
	t->item_size = t->value_at + ((value_size + 7) & ~(size_t)7);
	return t;
}

void top_free(struct top *top)
{
	if (!top)
		return;
	free(top->items);
	free(top->slots);
	free(top);
}

static unsigned char *item_at(const struct top *t, size_t i)
{
	return t->items + i * t->item_size;
}

static uint64_t weight_of(const struct top *t, size_t i)
{
	uint64_t weight;

	memcpy(&weight, item_at(t, i) + t->value_at, sizeof(weight));
	return weight;
}

/* FNV-1a (Fowler, Noll, Vo), and its high bits folded in. */
static size_t slot_of(const struct top *t, const unsigned char *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < t->key_size; i++)
		hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
	return (hash ^ hash >> 32) & (t->n_slots - 1);
}

/* The slot that holds the key, or the empty one where it belongs. */
static size_t find_slot(const struct top *t, const unsigned char *key)
{
	size_t slot = slot_of(t, key);

	while (t->slots[slot] && memcmp(item_at(t, t->slots[slot] - 1), key, t->key_size) != 0)
		slot = (slot + 1) & (t->n_slots - 1);
	return slot;
}

static int rebuild_slots(struct top *t, size_t n_slots)
{
	uint32_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -1;
	free(t->slots);
	t->slots = slots;
	t->n_slots = n_slots;
	for (size_t i = 0; i < t->count; i++)
		slots[find_slot(t, item_at(t, i))] = (uint32_t)i + 1;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The weight below and at which half of the items are. */
static int median(const struct top *t, uint64_t *weight)
{
	uint64_t *weights = malloc(t->count * sizeof(*weights));

	if (!weights)
		return -1;
	for (size_t i = 0; i < t->count; i++)
		weights[i] = weight_of(t, i);
	qsort(weights, t->count, sizeof(*weights), by_size);
	*weight = weights[t->count / 2];
	free(weights);
	return 0;
}

/* Throws out every item as light as the median: half of them at least. */
static int prune(struct top *t)
{
	uint64_t limit;
	size_t kept = 0;

	if (median(t, &limit) < 0)
		return -1;
	for (size_t i = 0; i < t->count; i++) {
		if (weight_of(t, i) <= limit)
			t->lost += weight_of(t, i);
		else if (kept++ != i)
			memcpy(item_at(t, kept - 1), item_at(t, i), t->item_size);
	}
	/* What was thrown out before may come back and be thrown out again. */
	t->error += limit;
	t->count = kept;
	return rebuild_slots(t, t->n_slots);
}

static int make_room(struct top *t)
{
	size_t cap = t->cap ? t->cap * 2 : FIRST_SLOTS / 2;
	unsigned char *bigger;

	if (t->count == TOP_KEYS_MAX)
		return prune(t);
	if (t->count < t->cap)
		return 0;
	bigger = reallocarray(t->items, cap, t->item_size);
	if (!bigger)
		return -1;
	t->items = bigger;
	t->cap = cap;
	return rebuild_slots(t, cap * 2);
}

void *top_at(struct top *top, const void *key)
{
	size_t slot = top->n_slots ? find_slot(top, key) : 0;
	unsigned char *item;

	if (top->n_slots && top->slots[slot])
		return item_at(top, top->slots[slot] - 1) + top->value_at;
	if (make_room(top) < 0)
		return NULL;
	item = item_at(top, top->count);
	memset(item, 0, top->item_size);
	memcpy(item, key, top->key_size);
	top->slots[find_slot(top, key)] = (uint32_t)++top->count;
	return item + top->value_at;
}

/* What qsort_r() hands to its comparison. */
struct order {
	const struct top *top;
	int (*compare)(const void *, const void *);
};

static int by_weight(const void *a, const void *b, void *ctx)
{
	const struct order *o = ctx;
	uint64_t x, y;

	memcpy(&x, (const unsigned char *)a + o->top->value_at, sizeof(x));
	memcpy(&y, (const unsigned char *)b + o->top->value_at, sizeof(y));
	if (x != y)
		return x > y ? -1 : 1;
	return o->compare ? o->compare(a, b) : memcmp(a, b, o->top->key_size);
}

void top_sort(struct top *top, int (*compare)(const void *key_a, const void *key_b))
{
	struct order order = { top, compare };

	if (top->count)
		qsort_r(top->items, top->count, top->item_size, by_weight, &order);
}

size_t top_count(const struct top *top)
{
	return top->count;
}

const void *top_item(const struct top *top, size_t i, const void **value)
{
	*value = item_at(top, i) + top->value_at;
	return item_at(top, i);
}

uint64_t top_error(const struct top *top)
{
	return top->error;
}

uint64_t top_lost(const struct top *top)
{
	return top->lost;
}
