/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces by the kernel's own list: runs the iterator of bpf/namespaces.bpf.c once.
 */
#include "config.h"

#include <errno.h>

#include "enrich/namespaces.h"

#ifdef WITH_BPF

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>

#ifdef WORDS_BIGENDIAN
#include "bpf/namespaces.lskel.eb.h"
#else
#include "bpf/namespaces.lskel.el.h"
#endif

#include "bpf/iterator.h"
#include "bpf/namespaces_record.h"

#define RECORDS_A_READ 256

/* Loads the program, opens two iterators on it and maps its list; these hold all that is needed,
 * so the skeleton goes at once. */
static int open_program(struct namespaces *all, int *first)
{
	struct namespaces_bpf *skel = namespaces_bpf__open();
	void *list;
	int err;

	if (!skel)
		return -ENOMEM;
	err = namespaces_bpf__load(skel);
	if (!err && namespaces_bpf__attach(skel) < 0)
		err = -errno;
	if (err)
		goto out;
	list = mmap(NULL, sizeof(*all->list), PROT_READ | PROT_WRITE, MAP_SHARED,
		    skel->maps.namespaces.map_fd, 0);
	if (list == MAP_FAILED) {
		err = -errno;
		goto out;
	}
	all->list = list;
	*first = err = iterator_create(skel->links.dump_namespaces_fd);
	if (err >= 0)
		all->again = iterator_create(skel->links.dump_namespaces_fd);
out:
	namespaces_bpf__destroy(skel);
	return err < 0 ? err : 0;
}

/* `proc` NULL: none in sight has these numbers. */
static int take_task(struct namespaces *all, const struct task_record *task, const char *proc)
{
	struct namespace *ns = namespaces_add(all, task->inode);
	char path[PATH_MAX];

	if (!ns)
		return -ENOMEM;
	namespace_add_process(ns, task->pid);
	if (!proc)
		return 0;
	if (task->tid == task->pid)
		snprintf(path, sizeof(path), "%s/%u/ns/net", proc, task->pid);
	else
		snprintf(path, sizeof(path), "%s/%u/task/%u/ns/net", proc, task->pid, task->tid);
	return namespace_add_way(ns, path);
}

/* The iterator's first read walks the list, the rest of it tells the tasks. */
static int read_tasks(struct namespaces *all, int fd, const char *proc)
{
	struct task_record tasks[RECORDS_A_READ];
	size_t have = 0, n;
	ssize_t got;
	int err = 0;

	for (;;) {
		got = iterator_read(fd, (char *)tasks + have, sizeof(tasks) - have);
		if (got <= 0)
			return (int)got;
		have += (size_t)got;
		n = have / sizeof(*tasks);
		for (size_t i = 0; i < n && !err; i++)
			err = take_task(all, &tasks[i], proc);
		if (err)
			return err;
		/* A read may end inside a record. */
		have -= n * sizeof(*tasks);
		memmove(tasks, &tasks[n], have);
	}
}

static int take_list(struct namespaces *all)
{
	const struct namespace_list *list = all->list;

	for (uint32_t i = 0; i < list->count && i < NAMESPACES_MAX; i++) {
		struct namespace *ns = namespaces_add(all, list->items[i].inode);

		if (!ns)
			return -ENOMEM;
		ns->id = list->items[i].id;
	}
	all->whole = list->whole;
	return list->count ? 0 : -ENODATA;
}

int namespaces_read_bpf(struct namespaces *all, const struct namespaces_request *request)
{
	int fd = -1, err = open_program(all, &fd);

	if (err)
		return err;
	if (request->bpf_loaded)
		request->bpf_loaded(request->ctx);
	err = read_tasks(all, fd, request->other_numbers ? NULL : request->proc);
	close(fd);
	return err ? err : take_list(all);
}

bool namespaces_bpf_has(struct namespaces *all, uint64_t inode)
{
	struct task_record tasks[RECORDS_A_READ];

	if (!all->list)
		return false;
	if (all->again >= 0) {
		all->list->count = all->list->whole = 0;
		iterator_read(all->again, tasks, sizeof(tasks));
		close(all->again);
		all->again = -1;
	}
	for (uint32_t i = 0; i < all->list->count && i < NAMESPACES_MAX; i++)
		if (all->list->items[i].inode == inode)
			return true;
	return false;
}

void namespaces_close_bpf(struct namespaces *all)
{
	if (all->again >= 0)
		close(all->again);
	if (all->list)
		munmap(all->list, sizeof(*all->list));
}

#else /* !WITH_BPF */

int namespaces_read_bpf(struct namespaces *all, const struct namespaces_request *request)
{
	(void)all;
	(void)request;
	return -EOPNOTSUPP;
}

bool namespaces_bpf_has(struct namespaces *all, uint64_t inode)
{
	(void)all;
	(void)inode;
	return false;
}

void namespaces_close_bpf(struct namespaces *all)
{
	(void)all;
}

#endif
