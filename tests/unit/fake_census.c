/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unit/unit.h"

#include <sys/socket.h>

#include "model/words.h"
#include "unit/fake_census.h"

struct fake_census census;

int __wrap_census_find_table(struct census *c, uint64_t *table, uint32_t *slots);
int __wrap_census_walk_every(struct census *c, enum census_table table, enum census_depth depth,
			     census_sink sink, void *ctx);

int __wrap_census_find_table(struct census *c, uint64_t *table, uint32_t *slots)
{
	assert_ptr_equal(c, FAKE_CENSUS);
	*table = census.table;
	*slots = census.slots;
	return census.find_error;
}

int __wrap_census_walk_every(struct census *c, enum census_table table, enum census_depth depth,
			     census_sink sink, void *ctx)
{
	size_t n = table == CENSUS_CONNECTIONS && census.many ? census.many : census.counts[table];
	int err = 0;

	assert_ptr_equal(c, FAKE_CENSUS);
	census.depth[table] = depth;
	census.walks++;
	for (size_t i = 0; i < n && !err; i++)
		err = sink(ctx, &census.records[table][census.many ? 0 : i]);
	return err ? err : census.errors[table];
}

struct census_record *add_record(enum census_table table, uint32_t netns)
{
	static const enum sock_state states[] = { STATE_ESTABLISHED, STATE_LISTEN, STATE_CLOSE };
	struct census_record *r = &census.records[table][census.counts[table]++];

	assert_true(census.counts[table] <= FAKE_RECORDS);
	*r = (struct census_record){ .family = AF_INET, .state = states[table], .netns = netns };
	return r;
}
