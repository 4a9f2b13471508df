/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "source/census.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef WITH_BPF

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>

#ifdef WORDS_BIGENDIAN
#include "bpf/census.lskel.eb.h"
#else
#include "bpf/census.lskel.el.h"
#endif

struct census {
	int program;
	struct census_area *area; /* shared with the program */
	size_t mapped;
};

static size_t area_pages(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (sizeof(struct census_area) + page - 1) / page * page;
}

/* Keeps of the skeleton what is wanted: its program and the mapped area. */
static int take_over(struct census *census, struct census_bpf *skel)
{
	void *area;

	census->mapped = area_pages();
	area = mmap(NULL, census->mapped, PROT_READ | PROT_WRITE, MAP_SHARED,
		    skel->maps.area.map_fd, 0);
	if (area == MAP_FAILED)
		return -errno;
	census->area = area;
	census->program = skel->progs.take_census.prog_fd;
	skel->progs.take_census.prog_fd = 0;
	return 0;
}

int census_open(struct census **census)
{
	struct census_bpf *skel = census_bpf__open();
	int err = skel ? 0 : -ENOMEM;

	*census = calloc(1, sizeof(**census));
	if (!*census)
		err = -ENOMEM;
	if (!err)
		err = census_bpf__load(skel);
	if (!err)
		err = take_over(*census, skel);
	census_bpf__destroy(skel);
	if (err) {
		free(*census);
		*census = NULL;
	}
	return err;
}

void census_close(struct census *census)
{
	if (!census)
		return;
	munmap(census->area, census->mapped);
	close(census->program);
	free(census);
}

static int run_program(const struct census *census)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)census->program;
	return syscall(SYS_bpf, BPF_PROG_RUN, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

static int hand_on(const struct census_area *area, census_sink sink, void *ctx)
{
	for (uint32_t i = 0; i < area->count && i < CENSUS_RECORDS; i++) {
		int err = sink(ctx, &area->records[i]);

		if (err)
			return err;
	}
	return 0;
}

/* What is asked for. */
struct question {
	enum census_table table;
	uint32_t states;
	bool every;
	enum census_depth depth;
};

static int walk(struct census *census, const struct question *question, census_sink sink, void *ctx)
{
	struct census_area *area = census->area;
	int err;

	area->table = question->table;
	area->states = question->states;
	area->every = question->every;
	area->depth = question->depth;
	area->slot = area->again = 0;
	do {
		err = run_program(census);
		if (!err)
			err = hand_on(area, sink, ctx);
	} while (!err && (area->end == CENSUS_GOING || area->end == CENSUS_FULL));
	if (err || area->end == CENSUS_WHOLE)
		return err;
	return area->end == CENSUS_TOO_LONG ? -E2BIG : -ENOTSUP;
}

int census_walk(struct census *census, enum census_table table, uint32_t states, census_sink sink,
		void *ctx)
{
	const struct question question = { table, states, false, CENSUS_ENDS };

	return walk(census, &question, sink, ctx);
}

int census_walk_every(struct census *census, enum census_table table, enum census_depth depth,
		      census_sink sink, void *ctx)
{
	const struct question question = { table, UINT32_MAX, true, depth };

	return walk(census, &question, sink, ctx);
}

int census_find_table(struct census *census, uint64_t *table, uint32_t *slots)
{
	int err;

	census->area->table = CENSUS_NO_WALK;
	err = run_program(census);
	if (!err && census->area->end == CENSUS_LOST)
		err = -ENOTSUP;
	*table = census->area->heads;
	*slots = census->area->slots;
	return err;
}

#else /* !WITH_BPF */

int census_open(struct census **census)
{
	*census = NULL;
	return -EOPNOTSUPP;
}

void census_close(struct census *census)
{
	(void)census;
}

int census_walk(struct census *census, enum census_table table, uint32_t states, census_sink sink,
		void *ctx)
{
	(void)census;
	(void)table;
	(void)states;
	(void)sink;
	(void)ctx;
	return -EOPNOTSUPP;
}

int census_walk_every(struct census *census, enum census_table table, enum census_depth depth,
		      census_sink sink, void *ctx)
{
	(void)depth;
	return census_walk(census, table, 0, sink, ctx);
}

int census_find_table(struct census *census, uint64_t *table, uint32_t *slots)
{
	(void)census;
	*table = *slots = 0;
	return -EOPNOTSUPP;
}

#endif
