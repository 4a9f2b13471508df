/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces by files: folders of names, and /proc. What ends during the walk is passed
 * over; what is there and closed to this user is counted.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "enrich/namespaces.h"
#include "enrich/netns.h"

/* False for a path that is too long to be one. */
__attribute__((format(printf, 2, 3))) static bool make_path(char path[PATH_MAX], const char *format,
							    ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, PATH_MAX, format, args);
	va_end(args);
	return n > 0 && n < PATH_MAX;
}

/* Goes through the entries of a folder whose names satisfy `wanted`; one that is not there, or
 * closed, has none. `each` returns 0 to go on. */
static int each_entry(const char *folder, bool (*wanted)(const char *name),
		      int (*each)(void *ctx, const char *folder, const char *name), void *ctx)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int err = 0;

	while (dir && !err && (entry = readdir(dir)))
		if (wanted(entry->d_name))
			err = each(ctx, folder, entry->d_name);
	if (dir)
		closedir(dir);
	return err;
}

static bool is_number(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

static bool is_visible(const char *name)
{
	return *name != '.';
}

/* The inode of a namespace's file, following links; 0: it is none, or may not be seen (errno). */
static uint64_t inode_of(const char *path)
{
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	errno = 0;
	return statfs(path, &fs) == 0 && fs.f_type == NSFS_MAGIC ? st.st_ino : 0;
}

/* --- names --- */

static int take_name(void *ctx, const char *folder, const char *name)
{
	struct namespaces *all = ctx;
	char path[PATH_MAX];
	struct namespace *ns;
	uint64_t inode;

	if (!make_path(path, "%s/%s", folder, name))
		return 0;
	inode = inode_of(path);
	/* `ip netns` leaves an empty file behind where its mount was undone. */
	if (!inode)
		return 0;
	ns = namespaces_add(all, inode);
	if (!ns)
		return -ENOMEM;
	if (!*ns->name)
		snprintf(ns->name, sizeof(ns->name), "%s", name);
	return namespace_add_way(ns, path);
}

int namespaces_read_names(struct namespaces *all)
{
	size_t n;
	const char *const *folders = netns_folders(&n);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = each_entry(folders[i], is_visible, take_name, all);
	return err;
}

/* --- tasks --- */

struct task_walk {
	struct namespaces *all;
	uint32_t pid;
};

static int take_task(void *ctx, const char *folder, const char *name)
{
	struct task_walk *walk = ctx;
	char path[PATH_MAX];
	struct namespace *ns;
	uint64_t inode;

	if (!make_path(path, "%s/%s/ns/net", folder, name))
		return 0;
	inode = inode_of(path);
	if (!inode) {
		walk->all->unreadable += errno == EACCES || errno == EPERM;
		return 0;
	}
	ns = namespaces_add(walk->all, inode);
	if (!ns)
		return -ENOMEM;
	namespace_add_process(ns, walk->pid);
	return namespace_add_way(ns, path);
}

/* A thread may have left its process's namespace: one look a process, and one more a thread. */
static int take_threads(struct task_walk *walk, const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (!make_path(path, "%s/%s/task", folder, name))
		return 0;
	/* proc_task_getattr(): two links, and one a thread. */
	if (stat(path, &st) < 0 || st.st_nlink <= 3)
		return 0;
	return each_entry(path, is_number, take_task, walk);
}

static int take_process(void *ctx, const char *folder, const char *name)
{
	struct task_walk walk = { .all = ctx, .pid = (uint32_t)strtoul(name, NULL, 10) };
	int err = take_task(&walk, folder, name);

	return err ? err : take_threads(&walk, folder, name);
}

int namespaces_read_tasks(struct namespaces *all, const char *proc)
{
	if (access(proc, R_OK | X_OK) < 0)
		return -errno;
	return each_entry(proc, is_number, take_process, all);
}

/* --- descriptors and mounts --- */

/* The inode in a text such as "net:[4026531840]"; 0: it is another. */
static uint64_t inode_in(const char *text)
{
	static const char head[] = "net:[";
	uint64_t inode;
	char *end;

	if (strncmp(text, head, sizeof(head) - 1) != 0)
		return 0;
	inode = strtoull(text + sizeof(head) - 1, &end, 10);
	return *end == ']' ? inode : 0;
}

static int take_way(struct namespaces *all, uint64_t inode, const char *path)
{
	struct namespace *ns = inode ? namespaces_add(all, inode) : NULL;

	if (!inode)
		return 0;
	return ns ? namespace_add_way(ns, path) : -ENOMEM;
}

static int take_descriptor(void *ctx, const char *folder, const char *name)
{
	char path[PATH_MAX], text[64];
	ssize_t n;

	if (!make_path(path, "%s/%s", folder, name))
		return 0;
	n = readlink(path, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return take_way(ctx, inode_in(text), path);
}

struct holder_walk {
	struct namespaces *all;
	uint64_t *seen; /* mount namespaces */
	size_t n_seen;
};

/* Whether this mount namespace was not yet looked at; -ENOMEM. */
static int is_new(struct holder_walk *walk, const char *process)
{
	char path[PATH_MAX];
	uint64_t inode, *bigger;

	if (!make_path(path, "%s/ns/mnt", process))
		return 0;
	inode = inode_of(path);
	for (size_t i = 0; i < walk->n_seen; i++)
		if (walk->seen[i] == inode)
			return 0;
	if (!inode)
		return 0;
	bigger = reallocarray(walk->seen, walk->n_seen + 1, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	walk->seen = bigger;
	bigger[walk->n_seen++] = inode;
	return 1;
}

/* A line of /proc/PID/mountinfo (proc(5)): the fourth word is what of the file system is mounted,
 * for a namespace its text; the fifth is where. */
static int take_mount(struct namespaces *all, const char *process, char *line)
{
	char path[PATH_MAX], *rest = line, *word = NULL;
	uint64_t inode;

	for (int i = 0; i < 4; i++)
		word = strsep(&rest, " ");
	inode = word ? inode_in(word) : 0;
	word = strsep(&rest, " ");
	/* A name with blanks stands there in octal: it is not worth reading. */
	if (!inode || !word || strchr(word, '\\'))
		return 0;
	if (!make_path(path, "%s/root%s", process, word))
		return 0;
	return take_way(all, inode, path);
}

static int take_mounts(struct holder_walk *walk, const char *process)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *file;
	int err = is_new(walk, process);

	if (err <= 0)
		return err;
	if (!make_path(path, "%s/mountinfo", process))
		return 0;
	file = fopen(path, "re");
	for (err = 0; file && !err && getline(&line, &size, file) > 0;)
		err = take_mount(walk->all, process, line);
	free(line);
	if (file)
		fclose(file);
	return err;
}

static int take_holder(void *ctx, const char *folder, const char *name)
{
	struct holder_walk *walk = ctx;
	char path[PATH_MAX];
	int err;

	if (!make_path(path, "%s/%s/fd", folder, name))
		return 0;
	err = each_entry(path, is_number, take_descriptor, walk->all);
	if (err)
		return err;
	if (!make_path(path, "%s/%s", folder, name))
		return 0;
	return take_mounts(walk, path);
}

int namespaces_read_holders(struct namespaces *all, const char *proc)
{
	struct holder_walk walk = { .all = all };
	int err = each_entry(proc, is_number, take_holder, &walk);

	free(walk.seen);
	return err;
}
