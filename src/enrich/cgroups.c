/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/cgroups.h"

#include <errno.h>
#include <fts.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct group {
	uint64_t id;
	char *path;
};

struct cgroups {
	struct group *groups; /* sorted by id once the walk is done */
	size_t count, cap;
	bool walked;
};

struct cgroups *cgroups_new(void)
{
	return calloc(1, sizeof(struct cgroups));
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	for (size_t i = 0; i < cgroups->count; i++)
		free(cgroups->groups[i].path);
	free(cgroups->groups);
	free(cgroups);
}

/* Where the v2 hierarchy is mounted: /sys/fs/cgroup, or .../unified on a hybrid host. */
static char *find_mount(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	char *dir = NULL;

	if (!mounts)
		return NULL;
	while (!dir && (m = getmntent(mounts)))
		if (strcmp(m->mnt_type, "cgroup2") == 0)
			dir = strdup(m->mnt_dir);
	endmntent(mounts);
	return dir;
}

static int add_group(struct cgroups *c, uint64_t id, const char *path)
{
	if (c->count == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct group *bigger = reallocarray(c->groups, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		c->groups = bigger;
		c->cap = cap;
	}
	c->groups[c->count].id = id;
	c->groups[c->count].path = strdup(*path ? path : "/");
	if (!c->groups[c->count].path)
		return -ENOMEM;
	c->count++;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct group *)a)->id, y = ((const struct group *)b)->id;

	return (x > y) - (x < y);
}

static void walk(struct cgroups *c)
{
	char *roots[2] = { find_mount(), NULL };
	size_t skip = roots[0] ? strlen(roots[0]) : 0;
	FTS *tree;
	FTSENT *dir;

	c->walked = true;
	if (!roots[0])
		return;
	tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	while (tree && (dir = fts_read(tree)))
		if (dir->fts_info == FTS_D &&
		    add_group(c, dir->fts_statp->st_ino, dir->fts_path + skip) < 0)
			break;
	if (tree)
		fts_close(tree);
	free(roots[0]);
	if (c->count)
		qsort(c->groups, c->count, sizeof(*c->groups), by_id);
}

const char *cgroups_path(struct cgroups *cgroups, int64_t id)
{
	struct group key = { .id = (uint64_t)id };
	const struct group *found;

	if (id < 0)
		return NULL;
	if (!cgroups->walked)
		walk(cgroups);
	if (!cgroups->count)
		return NULL;
	found = bsearch(&key, cgroups->groups, cgroups->count, sizeof(key), by_id);
	return found ? found->path : NULL;
}
