/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/procfs.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ROOT_INODE 1 /* PROC_ROOT_INO of include/linux/proc_fs.h */

/* Inodes of the first namespaces of their kinds (enum init_ns_ino of linux/nsfs.h, which was
 * include/linux/proc_ns.h before it was promised to stay). */
#define FIRST_USER_NAMESPACE UINT64_C(0xeffffffd)
#define FIRST_PID_NAMESPACE  UINT64_C(0xeffffffc)

static int fault(struct procfs *p, enum procfs_fault fault, int err)
{
	p->fault = fault;
	p->error = err;
	return -1;
}

static int open_root(const char *path, struct procfs *p)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return fault(p, errno == ENOTDIR ? PROCFS_NO_PROC : PROCFS_UNREADABLE, -errno);
	if (fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC && fstat(fd, &st) == 0 &&
	    st.st_ino == ROOT_INODE)
		return fd;
	close(fd);
	return fault(p, PROCFS_NO_PROC, 0);
}

/* A small file below a folder, ended by a NUL. Returns 0 or a negative errno. */
static int read_below(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? (int)n : 0;
}

/* How many numbers the line has: one a PID namespace. 0: there is no such line. */
static unsigned int count_numbers(const char *status)
{
	static const char label[] = "\nNSpid:";
	const char *at = strstr(status, label);
	unsigned int n = 0;

	if (!at)
		return 0;
	for (at += sizeof(label) - 1; *at && *at != '\n'; n++) {
		at += strspn(at, "\t ");
		at += strcspn(at, "\t \n");
	}
	return n;
}

static enum procfs_view view_of(int dir)
{
	char status[4096];
	struct stat st;

	/* No namespace is around the first, and the procfs of one inside it has no `self` for us.
	 */
	if (fstatat(dir, "self/ns/pid", &st, 0) == 0 && st.st_ino == FIRST_PID_NAMESPACE)
		return PROCFS_OURS;
	if (read_below(dir, "self/status", status, sizeof(status)) < 0)
		return PROCFS_OTHER;
	/* A kernel without PID namespaces has no such line, and nothing to be confused with. */
	return count_numbers(status) > 1 ? PROCFS_OUTER : PROCFS_OURS;
}

void procfs_look(const char *root, struct procfs *procfs)
{
	struct stat first;
	int dir;

	*procfs = (struct procfs){ .view = PROCFS_NONE };
	dir = open_root(root, procfs);
	if (dir < 0)
		return;
	procfs->view = view_of(dir);
	/* With hidepid=1 the folder shows, and nothing in it is to be had (proc_pid_permission()).
	 */
	if (fstatat(dir, "1/stat", &first, 0) < 0)
		fault(procfs, PROCFS_HIDDEN, 0);
	close(dir);
}

static bool is_inside(const char *link, uint64_t first)
{
	struct stat st;

	return stat(link, &st) == 0 && st.st_ino != first;
}

bool procfs_pids_are_inside(void)
{
	return is_inside("/proc/self/ns/pid", FIRST_PID_NAMESPACE);
}

bool procfs_users_are_inside(void)
{
	return is_inside("/proc/self/ns/user", FIRST_USER_NAMESPACE);
}

/* The mount that a path, or an open file, is in; 0 where nobody can tell. */
static uint64_t mount_of(int fd, const char *path)
{
#ifdef STATX_MNT_ID
	struct statx stx;

	if (statx(fd, path, AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &stx) == 0 &&
	    stx.stx_mask & STATX_MNT_ID)
		return stx.stx_mnt_id;
#else
	(void)fd;
	(void)path;
#endif
	return 0;
}

bool procfs_is_own(const char *root, const char *path, int fd)
{
	bool network = strncmp(path, "net/", 4) == 0, sysctl = strncmp(path, "sys/net/", 8) == 0;
	char top[PATH_MAX];
	uint64_t above, there;

	if (!network && !sysctl)
		return true;
	/* Containers have `sys` or `sys/net` mounted over itself; below, the reader decides still.
	 */
	if ((size_t)snprintf(top, sizeof(top), "%s/%s", root, sysctl ? "sys/net" : "") >=
	    sizeof(top))
		return true;
	there = mount_of(fd, "");
	above = mount_of(AT_FDCWD, top);
	return !there || !above || there == above;
}
