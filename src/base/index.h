/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash index beside an array: from a hash to positions in the array, whose elements its owner
 * compares. It keeps 8 bytes a slot and at most half of the slots full.
 */
#ifndef LINGERSTAT_BASE_INDEX_H
#define LINGERSTAT_BASE_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INDEX_NONE UINT32_MAX /* no position */

struct index_slot {
	uint32_t hash;
	uint32_t entry; /* position plus 1, 0: empty */
};

/* All zero is an empty index. */
struct index {
	struct index_slot *slots;
	uint32_t size, used;
};

/* Adds a position. Returns 0 or -ENOMEM. */
int index_add(struct index *index, uint32_t hash, uint32_t entry);

/* Has the processor fetch what index_next() reads first. In a large index that is a wait for
 * memory, which other work can fill. */
static inline void index_await(const struct index *index, uint32_t hash)
{
	if (index->size)
		__builtin_prefetch(&index->slots[hash & (index->size - 1)]);
}

/* The next position with this hash, INDEX_NONE behind the last. *at begins as 0 and belongs to
 * the walk. */
uint32_t index_next(const struct index *index, uint32_t hash, uint32_t *at);

void index_free(struct index *index);

#define INDEX_SEED   UINT64_C(0xcbf29ce484222325)
#define INDEX_FACTOR UINT64_C(0x9e3779b97f4a7c15)

/* A hash of `n` bytes: eight at a time, multiplied and folded so that the low bits depend on all.
 * In the header, as of a key whose size is known nothing but the multiplications is left. */
static inline uint32_t index_hash(const void *bytes, size_t n)
{
	uint64_t hash = INDEX_SEED ^ n, word = 0;
	size_t i = 0;

	for (; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, (const char *)bytes + i, sizeof(word));
		hash = (hash ^ word) * INDEX_FACTOR;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, (const char *)bytes + i, n - i);
	hash = (hash ^ word) * INDEX_FACTOR;
	hash ^= hash >> 32;
	return (uint32_t)(hash * INDEX_FACTOR >> 32);
}

/* Makes room for one more element of an array that has `used` of *cap. Returns 0 or -ENOMEM. */
int index_room(void **array, uint32_t used, uint32_t *cap, size_t size);

#endif
