/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/roll.h"

#include <errno.h>
#include <stdlib.h>

struct records {
	struct census_record *items;
	size_t count, room;
};

struct roll {
	uint64_t table;
	uint32_t slots;
	struct records connections, listeners;
	uint32_t *bound; /* namespaces, each as often as it has one */
	size_t n_bound, room_bound;
};

static void *grow(void *array, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 1024;
	void *bigger = reallocarray(array, more, size);

	if (bigger)
		*room = more;
	return bigger;
}

static int note(void *ctx, const struct census_record *record)
{
	struct records *records = ctx;

	if (records->count == ROLL_MOST)
		return -E2BIG;
	if (records->count == records->room) {
		void *bigger = grow(records->items, &records->room, sizeof(*records->items));

		if (!bigger)
			return -ENOMEM;
		records->items = bigger;
	}
	records->items[records->count++] = *record;
	return 0;
}

static int note_bound(void *ctx, const struct census_record *record)
{
	struct roll *roll = ctx;

	if (roll->n_bound && roll->bound[roll->n_bound - 1] == record->netns)
		return 0;
	if (roll->n_bound == roll->room_bound) {
		void *bigger = grow(roll->bound, &roll->room_bound, sizeof(*roll->bound));

		if (!bigger)
			return -ENOMEM;
		roll->bound = bigger;
	}
	roll->bound[roll->n_bound++] = record->netns;
	return 0;
}

/* --- sorting --------------------------------------------------------------------------------- */

/* By its digits from the last to the first, each time keeping the order of those that are alike:
 * comparing would cost as much as the walk. Inodes of namespaces have few digits that differ. */
static void sort_by_digit(const struct census_record *from, struct census_record *to, size_t n,
			  unsigned int shift)
{
	size_t places[256] = { 0 }, at = 0;

	for (size_t i = 0; i < n; i++)
		places[from[i].netns >> shift & 255]++;
	for (size_t i = 0; i < 256; i++) {
		size_t here = places[i];

		places[i] = at;
		at += here;
	}
	for (size_t i = 0; i < n; i++)
		to[places[from[i].netns >> shift & 255]++] = from[i];
}

/* Which bits are not the same in all. */
static uint32_t differing(const struct records *records)
{
	uint32_t bits = 0;

	for (size_t i = 1; i < records->count; i++)
		bits |= records->items[i].netns ^ records->items[0].netns;
	return bits;
}

static int sort(struct records *records)
{
	struct census_record *other = reallocarray(NULL, records->count + 1, sizeof(*other));
	uint32_t bits = differing(records);

	if (!other)
		return -ENOMEM;
	for (unsigned int shift = 0; shift < 32; shift += 8) {
		struct census_record *sorted = other;

		if (!(bits >> shift & 255))
			continue;
		sort_by_digit(records->items, sorted, records->count, shift);
		other = records->items;
		records->items = sorted;
	}
	/* It has no room for more than there are. */
	records->room = records->count;
	free(other);
	return 0;
}

/* --- looking up ------------------------------------------------------------------------------ */

/* Where the first record stands whose namespace is not below this one. */
static size_t lower_bound(const struct records *records, uint64_t inode)
{
	size_t low = 0, high = records->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (records->items[middle].netns < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t count_of(const struct records *records, uint64_t inode)
{
	return lower_bound(records, inode + 1) - lower_bound(records, inode);
}

const struct census_record *roll_of(const struct roll *roll, uint64_t inode)
{
	return roll->connections.items + lower_bound(&roll->connections, inode);
}

size_t roll_count(const struct roll *roll, uint64_t inode)
{
	return count_of(&roll->connections, inode);
}

size_t roll_listeners(const struct roll *roll, uint64_t inode, const struct census_record **first)
{
	*first = roll->listeners.items + lower_bound(&roll->listeners, inode);
	return count_of(&roll->listeners, inode);
}

size_t roll_total(const struct roll *roll)
{
	return roll->connections.count;
}

size_t roll_slots(const struct roll *roll)
{
	return roll->slots;
}

bool roll_has_bound(const struct roll *roll, uint64_t inode)
{
	for (size_t i = 0; i < roll->n_bound; i++)
		if (roll->bound[i] == inode)
			return true;
	return false;
}

bool roll_covers(const struct roll *roll, struct census *census)
{
	uint64_t table;
	uint32_t slots;

	return census_find_table(census, &table, &slots) == 0 && table == roll->table;
}

int roll_take(struct roll **out, struct census *census, enum census_depth depth)
{
	struct roll *roll = calloc(1, sizeof(*roll));
	int err = roll ? census_find_table(census, &roll->table, &roll->slots) : -ENOMEM;

	if (!err)
		err = census_walk_every(census, CENSUS_CONNECTIONS, depth, note,
					&roll->connections);
	if (!err)
		err = census_walk_every(census, CENSUS_LISTENERS, CENSUS_ENDS, note,
					&roll->listeners);
	if (!err)
		err = census_walk_every(census, CENSUS_BOUND, CENSUS_ENDS, note_bound, roll);
	if (!err)
		err = sort(&roll->connections);
	if (!err)
		err = sort(&roll->listeners);
	if (err) {
		roll_free(roll);
		roll = NULL;
	}
	*out = roll;
	return err;
}

void roll_free(struct roll *roll)
{
	if (!roll)
		return;
	free(roll->connections.items);
	free(roll->listeners.items);
	free(roll->bound);
	free(roll);
}
