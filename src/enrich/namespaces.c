/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/namespaces.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enrich/netns.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* include/uapi/linux/nsfs.h and fcntl.h of 6.18: a file handle made of the kernel's number of a
 * namespace opens it when nothing else does. */
#define HANDLE_ROOT (-10003)
#define HANDLE_TYPE 0xf1
struct handle_of_namespace {
	struct file_handle head;
	struct {
		uint64_t id;
		uint32_t type;
		uint32_t inode;
	} body;
};

struct namespace *namespaces_add(struct namespaces *all, uint64_t inode)
{
	struct namespace *bigger;

	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].inode == inode)
			return &all->items[i];
	bigger = reallocarray(all->items, all->count + 1, sizeof(*bigger));
	if (!bigger)
		return NULL;
	all->items = bigger;
	bigger += all->count++;
	*bigger = (struct namespace){ .inode = inode };
	return bigger;
}

int namespace_add_way(struct namespace *ns, const char *path)
{
	if (ns->n_ways == ARRAY_SIZE(ns->ways))
		return 0;
	ns->ways[ns->n_ways] = strdup(path);
	return ns->ways[ns->n_ways] ? (ns->n_ways++, 0) : -ENOMEM;
}

void namespace_add_process(struct namespace *ns, uint32_t pid)
{
	if (!ns->pid || pid < ns->pid)
		ns->pid = pid;
}

static int by_inode(const void *a, const void *b)
{
	const struct namespace *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* Whoever asks sees his own first. */
static void sort(struct namespaces *all)
{
	uint64_t own = netns_self();
	struct namespace *items = all->items, first;

	if (all->count)
		qsort(items, all->count, sizeof(*items), by_inode);
	for (size_t i = 1; i < all->count; i++) {
		if (items[i].inode != own)
			continue;
		first = items[i];
		memmove(&items[1], items, i * sizeof(*items));
		items[0] = first;
	}
}

/* A handle needs no file to lead to it. */
static bool lacks_ways(const struct namespaces *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (!all->items[i].n_ways && !all->items[i].id)
			return true;
	return false;
}

int namespaces_find(struct namespaces *all, const struct namespaces_request *request)
{
	int err = -EPERM;

	*all = (struct namespaces){ .again = -1 };
	if (request->may_load_bpf)
		err = namespaces_read_bpf(all, request);
	if (err == -ENOMEM)
		return err;
	/* What one way could not tell the others may. */
	err = namespaces_read_names(all);
	if (!err && (!all->whole || request->other_numbers))
		err = namespaces_read_tasks(all, request->proc);
	/* Of a whole list only ways can be missing, and that is told of each. */
	if (all->whole)
		all->unreadable = 0;
	if (!err && (!all->whole || lacks_ways(all)))
		err = namespaces_read_holders(all, request->proc);
	sort(all);
	return err;
}

void namespaces_free(struct namespaces *all)
{
	for (size_t i = 0; i < all->count; i++)
		for (size_t k = 0; k < all->items[i].n_ways; k++)
			free(all->items[i].ways[k]);
	free(all->items);
	namespaces_close_bpf(all);
	*all = (struct namespaces){ .again = -1 };
}

static int open_handle(const struct namespace *ns)
{
	struct handle_of_namespace handle = {
		.head = { .handle_bytes = sizeof(handle.body), .handle_type = HANDLE_TYPE },
		.body = { .id = ns->id, .type = CLONE_NEWNET, .inode = (uint32_t)ns->inode },
	};
	int fd = open_by_handle_at(HANDLE_ROOT, &handle.head, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Process numbers are used again, and names: what was opened must be what was meant. */
static int open_way(const struct namespace *ns, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && st.st_ino == ns->inode)
		return fd;
	close(fd);
	return -ENOENT;
}

static bool is_gone(int err)
{
	return err == -ENOENT || err == -ESRCH || err == -ESTALE;
}

/* Returns a descriptor, or the error that says most: one of a way that is still there. */
static int open_any(const struct namespace *ns)
{
	int fd = ns->id ? open_handle(ns) : -ENOENT, err = fd;

	for (size_t i = 0; fd < 0 && i < ns->n_ways; i++) {
		fd = open_way(ns, ns->ways[i]);
		if (fd < 0 && !is_gone(fd))
			err = fd;
	}
	return fd < 0 ? err : fd;
}

int namespace_go(const struct namespace *ns)
{
	int fd, err;

	if (ns->inode == netns_self())
		return 0;
	fd = open_any(ns);
	if (fd < 0)
		return is_gone(fd) ? -ENOENT : fd;
	err = setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
	close(fd);
	return err;
}

bool namespace_is_gone(struct namespaces *all, const struct namespace *ns)
{
	/* A handle leads to it as long as it is there. */
	return ns->id || !namespaces_bpf_has(all, ns->inode);
}
