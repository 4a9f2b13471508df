/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "enrich/births.h"

#include <errno.h>
#include <stdlib.h>

#include "base/index.h"
#include "model/socket.h"

#ifdef WITH_BPF

#include <limits.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf.h>

#ifdef WORDS_BIGENDIAN
#include "bpf/births.lskel.eb.h"
#else
#include "bpf/births.lskel.el.h"
#endif

#include "bpf/births_record.h"
#include "bpf/iterator.h"

#define RECORDS_A_READ 2048

struct birth {
	uint32_t inode;
	int64_t cgroup;
};

struct births {
	struct birth *items;
	uint32_t count, cap;
	struct index index;
};

static uint32_t hash_of(uint32_t inode)
{
	return index_hash(&inode, sizeof(inode));
}

int64_t births_cgroup(const struct births *births, uint32_t inode)
{
	uint32_t at = 0, i;

	while ((i = index_next(&births->index, hash_of(inode), &at)) != INDEX_NONE)
		if (births->items[i].inode == inode)
			return births->items[i].cgroup;
	return UNKNOWN;
}

/* One socket may have many descriptors. */
static int add(struct births *b, const struct birth_record *record)
{
	uint32_t inode = (uint32_t)record->inode;

	if (record->cgroup > INT64_MAX || births_cgroup(b, inode) != UNKNOWN)
		return 0;
	if (index_room((void **)&b->items, b->count, &b->cap, sizeof(*b->items)))
		return -ENOMEM;
	b->items[b->count] = (struct birth){ inode, (int64_t)record->cgroup };
	return index_add(&b->index, hash_of(inode), b->count++);
}

/* A read may end inside a record. */
static int read_all(struct births *b, int fd)
{
	static const size_t size = RECORDS_A_READ * sizeof(struct birth_record);
	struct birth_record *records = malloc(size);
	size_t have = 0, n;
	ssize_t got = 1;
	int err = records ? 0 : -ENOMEM;

	while (!err && got > 0) {
		got = iterator_read(fd, (char *)records + have, size - have);
		if (got < 0)
			err = (int)got;
		have += got > 0 ? (size_t)got : 0;
		n = have / sizeof(*records);
		for (size_t i = 0; i < n && !err; i++)
			err = add(b, &records[i]);
		have -= n * sizeof(*records);
		if (records)
			memmove(records, &records[n], have);
	}
	free(records);
	return err;
}

/* The iterator holds the program: the skeleton goes at once. */
static int open_iterator(void)
{
	struct births_bpf *skel = births_bpf__open();
	int err;

	if (!skel)
		return -ENOMEM;
	err = births_bpf__load(skel);
	if (!err && births_bpf__attach(skel) < 0)
		err = -errno;
	if (!err)
		err = iterator_create(skel->links.dump_births_fd);
	births_bpf__destroy(skel);
	return err;
}

int births_read(struct births **births)
{
	int fd = open_iterator(), err;

	*births = NULL;
	if (fd < 0)
		return fd;
	*births = calloc(1, sizeof(**births));
	err = *births ? read_all(*births, fd) : -ENOMEM;
	close(fd);
	if (!err)
		return 0;
	births_free(*births);
	*births = NULL;
	return err;
}

void births_free(struct births *births)
{
	if (!births)
		return;
	index_free(&births->index);
	free(births->items);
	free(births);
}

#else /* !WITH_BPF */

int births_read(struct births **births)
{
	*births = NULL;
	return -EOPNOTSUPP;
}

void births_free(struct births *births)
{
	(void)births;
}

int64_t births_cgroup(const struct births *births, uint32_t inode)
{
	(void)births;
	(void)inode;
	return UNKNOWN;
}

#endif
