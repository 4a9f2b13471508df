/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/files.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

/* Numbers that no other descriptor gets by chance. */
static const int slot_fds[FILE_SLOTS] = { 60, 606 };
static const char *const slot_paths[FILE_SLOTS] = { "/proc/self/fd/60", "/proc/self/fd/606" };

static void open_slot(unsigned int slot)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0 && dup3(fd, slot_fds[slot], O_CLOEXEC) >= 0);
	close(fd);
}

static void put_all(int fd, const void *data, size_t size)
{
	MUST(ftruncate(fd, 0) == 0);
	MUST(pwrite(fd, data, size, 0) == (ssize_t)size);
}

const char *file_of(unsigned int slot, const void *data, size_t size)
{
	if (fcntl(slot_fds[slot], F_GETFD) < 0)
		open_slot(slot);
	put_all(slot_fds[slot], data, size);
	return slot_paths[slot];
}

static char root[64];
static pid_t made_by;

static void remove_below(const char *top, int keep_level)
{
	char *const tops[] = { (char *)top, NULL };
	FTS *tree = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (tree && (entry = fts_read(tree)))
		if (entry->fts_info != FTS_D && entry->fts_level >= keep_level)
			remove(entry->fts_accpath);
	if (tree)
		fts_close(tree);
}

static void remove_root(void)
{
	if (made_by == getpid())
		remove_below(root, 0);
}

const char *tree_root(void)
{
	const char *folder = getenv("TMPDIR");

	/* The child of a process that has one makes its own. */
	if (made_by == getpid())
		return root;
	if (access("/dev/shm", W_OK) == 0)
		folder = "/dev/shm";
	snprintf(root, sizeof(root), "%.40s/fuzz-XXXXXX", folder ? folder : "/tmp");
	MUST(mkdtemp(root) != NULL);
	made_by = getpid();
	atexit(remove_root);
	return root;
}

/* Where it is, with its folders made. */
static void make_path(char *to, size_t size, const char *path)
{
	size_t start = strlen(tree_root()) + 1;

	snprintf(to, size, "%s/%s", tree_root(), path);
	for (char *slash = strchr(to + start, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		MUST(mkdir(to, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

void tree_put(const char *path, const void *data, size_t size)
{
	char whole[256];
	int fd;

	make_path(whole, sizeof(whole), path);
	fd = open(whole, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	MUST(fd >= 0);
	put_all(fd, data, size);
	close(fd);
}

void tree_link(const char *path, const char *target)
{
	char whole[256];

	make_path(whole, sizeof(whole), path);
	MUST(symlink(target, whole) == 0);
}

void tree_remove(const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", tree_root(), path);
	remove_below(whole, strcmp(path, ".") == 0 ? 1 : 0);
}
