/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/index.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_SIZE 256 /* slots; a power of two, as is every size after it */

static void put(struct index *index, struct index_slot slot)
{
	uint32_t at = slot.hash & (index->size - 1);

	while (index->slots[at].entry)
		at = (at + 1) & (index->size - 1);
	index->slots[at] = slot;
}

static int grow(struct index *index)
{
	struct index bigger = { .size = index->size ? index->size * 2 : FIRST_SIZE };

	if (index->size && index->used < index->size / 2)
		return 0;
	if (bigger.size < index->size)
		return -ENOMEM;
	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < index->size; i++)
		if (index->slots[i].entry)
			put(&bigger, index->slots[i]);
	bigger.used = index->used;
	free(index->slots);
	*index = bigger;
	return 0;
}

int index_add(struct index *index, uint32_t hash, uint32_t entry)
{
	int err = grow(index);

	if (err)
		return err;
	put(index, (struct index_slot){ hash, entry + 1 });
	index->used++;
	return 0;
}

/* *at counts the slots that the walk has looked at. */
uint32_t index_next(const struct index *index, uint32_t hash, uint32_t *at)
{
	while (*at < index->size) {
		const struct index_slot *slot = &index->slots[(hash + *at) & (index->size - 1)];

		if (!slot->entry)
			return INDEX_NONE;
		(*at)++;
		if (slot->hash == hash)
			return slot->entry - 1;
	}
	return INDEX_NONE;
}

void index_free(struct index *index)
{
	free(index->slots);
	*index = (struct index){ 0 };
}

int index_room(void **array, uint32_t used, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? *cap + *cap / 2 : 64;
	void *bigger;

	if (used < *cap)
		return 0;
	if (more < *cap)
		return -ENOMEM;
	bigger = reallocarray(*array, more, size);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*cap = more;
	return 0;
}
