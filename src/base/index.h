/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash index beside an array: from a hash to positions in the array, whose elements its owner
 * compares. It keeps 8 bytes a slot and at most half of the slots full.
 */
#ifndef LINGERSTAT_BASE_INDEX_H
#define LINGERSTAT_BASE_INDEX_H

#include <stddef.h>
#include <stdint.h>

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

/* The next position with this hash, INDEX_NONE behind the last. *at begins as 0 and belongs to
 * the walk. */
uint32_t index_next(const struct index *index, uint32_t hash, uint32_t *at);

void index_free(struct index *index);

/* A hash of `n` bytes: eight at a time, multiplied and folded so that the low bits depend on all.
 */
uint32_t index_hash(const void *bytes, size_t n);

/* Makes room for one more element of an array that has `used` of *cap. Returns 0 or -ENOMEM. */
int index_room(void **array, uint32_t used, uint32_t *cap, size_t size);

#endif
