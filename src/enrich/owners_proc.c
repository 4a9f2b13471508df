/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The /proc backend of owners.h: every process, every descriptor that is a socket, by the links
 * "socket:[INODE]" in /proc/PID/fd. It knows holders and no options. It costs a system call a
 * descriptor and disturbs nothing.
 *
 * Processes come and go during the walk: whatever is no longer there is passed over. Whatever is
 * there and cannot be read is counted, so that nobody takes the result for whole. A thread that
 * left its process's descriptor table (unshare(CLONE_FILES)) has descriptors that this walk looks
 * for on request only: it costs a directory a process, and next to no program does it.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/kcmp.h>

#include "enrich/owners.h"

/* PF_KTHREAD of include/linux/sched.h, in field 9 of /proc/PID/stat: a thread of the kernel's
 * own. It has no descriptors, yet its fd directory is closed to ordinary users. */
#define KERNEL_THREAD 0x00200000u

struct walk {
	owner_sink sink;
	void *ctx;
	int proc_fd;
	uint32_t unreadable;
	bool saw_first; /* PID 1 */
	enum walk_threads threads;
};

/* What one descriptor directory had to tell. */
enum fd_view {
	VIEW_EMPTY,  /* no descriptor */
	VIEW_SHOWN,  /* at least one */
	VIEW_GONE,   /* the process, or its descriptors, went away */
	VIEW_CLOSED, /* this user may not look, or it failed in some other way */
};

/* A number of digits alone that fits in 32 bits. */
static bool parse_u32(const char *text, size_t length, uint32_t *value)
{
	uint64_t sum = 0;
	size_t i;

	if (length == 0 || length > 10)
		return false;
	for (i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		sum = sum * 10 + (uint64_t)(text[i] - '0');
	}
	if (sum > UINT32_MAX)
		return false;
	*value = (uint32_t)sum;
	return true;
}

/* The link's text is made in sockfs_dname(), net/socket.c: "socket:[%lu]" and nothing more. A
 * file of that name shows with its path, which begins with a slash. */
static bool parse_socket_link(const char *text, size_t length, uint32_t *inode)
{
	static const char head[] = "socket:[";
	const size_t head_length = sizeof(head) - 1;

	if (length <= head_length || memcmp(text, head, head_length) != 0 ||
	    text[length - 1] != ']')
		return false;
	return parse_u32(text + head_length, length - head_length - 1, inode);
}

static bool is_gone(int err)
{
	return err == ENOENT || err == ESRCH;
}

/* Reads a small file whole. Returns its length or a negative errno. */
static ssize_t read_file(int dir_fd, const char *path, char *text, size_t size)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	do
		length = read(fd, text, size);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		length = -errno;
	close(fd);
	return length;
}

/*
 * The process name, byte for byte as the kernel has it; empty when it cannot be read. False when
 * the process has ended. The way there leads through its own open folder of descriptors: by the
 * number it could end at another process, which got that number meanwhile.
 */
static bool read_comm(int dir_fd, const struct owner_record *record, char comm[OWNER_COMM_SIZE])
{
	const char *path = record->tid == record->pid ? "../comm" : "../../../comm";
	char text[OWNER_COMM_SIZE + 1];
	ssize_t length = read_file(dir_fd, path, text, sizeof(text));

	memset(comm, 0, OWNER_COMM_SIZE);
	if (length <= 0)
		return !is_gone((int)-length);
	if (text[length - 1] == '\n')
		length--;
	if (length >= OWNER_COMM_SIZE)
		length = OWNER_COMM_SIZE - 1;
	memcpy(comm, text, (size_t)length);
	return true;
}

/*
 * True for a process that cannot hold a descriptor: a thread of the kernel, or one whose last
 * thread has ended. /proc/PID/stat is open to all; its second field is the name in parentheses,
 * which may hold any byte, so the fields are counted from the last parenthesis.
 */
static bool has_no_descriptors(const struct walk *walk, uint32_t pid)
{
	char path[32], text[512], state;
	const char *rest;
	unsigned int flags;
	int threads;
	ssize_t length;

	snprintf(path, sizeof(path), "%u/stat", pid);
	length = read_file(walk->proc_fd, path, text, sizeof(text) - 1);
	if (length < 0)
		return is_gone((int)-length);
	text[length] = '\0';
	rest = strrchr(text, ')');
	/* state; five numbers; flags; ten numbers; num_threads: proc(5), fields 3, 9 and 20 */
	if (!rest ||
	    sscanf(rest, ") %c %*s %*s %*s %*s %*s %u %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d",
		   &state, &flags, &threads) != 3)
		return false;
	if (flags & KERNEL_THREAD)
		return true;
	return (state == 'Z' || state == 'X') && threads <= 1;
}

/* One entry of a descriptor directory. Returns 0, or what the sink gave; *view is told. */
static int take_fd(struct walk *walk, int dir_fd, const char *name, struct owner_record *record,
		   enum fd_view *view)
{
	char link[64];
	ssize_t length;

	if (!parse_u32(name, strlen(name), &record->fd))
		return 0;
	length = readlinkat(dir_fd, name, link, sizeof(link));
	if (length < 0) {
		if (!is_gone(errno))
			*view = VIEW_CLOSED;
		return 0;
	}
	*view = VIEW_SHOWN;
	if (!parse_socket_link(link, (size_t)length, &record->inode))
		return 0;
	if (record->comm[0] == '\0' && !read_comm(dir_fd, record, record->comm))
		return 0;
	return walk->sink(walk->ctx, record);
}

/*
 * Walks one descriptor directory, `path` from the root. Returns 0 or what the sink gave. The
 * walk ends at the first link that may not be read: the others will not be either.
 */
static int walk_fds(struct walk *walk, const char *path, uint32_t pid, uint32_t tid,
		    enum fd_view *view)
{
	struct owner_record record = { .pid = pid,
				       .tid = tid,
				       .options = { .user_timeout_ms = UNKNOWN } };
	struct dirent *entry;
	DIR *dir;
	int err = 0;
	int fd = openat(walk->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		*view = is_gone(errno) ? VIEW_GONE : VIEW_CLOSED;
		return 0;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		*view = VIEW_CLOSED;
		return 0;
	}
	*view = VIEW_EMPTY;
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		err = take_fd(walk, fd, entry->d_name, &record, view);
		if (err < 0 || *view == VIEW_CLOSED)
			break;
	}
	if (!entry && errno != 0 && !is_gone(errno))
		*view = VIEW_CLOSED;
	closedir(dir);
	return err;
}

static DIR *open_threads(struct walk *walk, uint32_t pid)
{
	char path[64];
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%u/task", pid);
	fd = openat(walk->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/*
 * A process whose first thread has ended lives on in the others, but its own fd directory is
 * empty then: the descriptors show under any thread that still runs.
 */
static int walk_threads(struct walk *walk, uint32_t pid, enum fd_view *view)
{
	DIR *dir = open_threads(walk, pid);
	struct dirent *entry;
	char path[64];
	uint32_t tid;
	int err = 0;

	if (!dir)
		return 0;
	while (err == 0 && *view == VIEW_EMPTY && (entry = readdir(dir)) != NULL) {
		if (!parse_u32(entry->d_name, strlen(entry->d_name), &tid) || tid == pid)
			continue;
		snprintf(path, sizeof(path), "%u/task/%u/fd", pid, tid);
		err = walk_fds(walk, path, pid, tid, view);
		if (*view == VIEW_GONE)
			*view = VIEW_EMPTY; /* that thread ended, another may not have */
	}
	closedir(dir);
	return err;
}

/* Threads whose tables were walked, the process's first thread included. */
struct walked {
	uint32_t tids[64];
	size_t count;
};

/* Whether a thread has a descriptor table that was not walked yet. Returns 1, 0, or -1 when nobody
 * can tell: the kernel has no kcmp(2), or does not let this user ask, or there are too many tables,
 * or the numbers are not ours. */
static int has_own_table(const struct walk *walk, const struct walked *walked, uint32_t tid)
{
	if (walk->threads == WALK_TABLES_UNTOLD)
		return -1;
	for (size_t i = 0; i < walked->count; i++) {
		long order = syscall(SYS_kcmp, walked->tids[i], tid, KCMP_FILES, 0, 0);

		if (order == 0)
			return 0;
		/* One of the two has ended: if it is this one, its directory will say so. */
		if (order < 0 && errno != ESRCH)
			return -1;
	}
	return walked->count < sizeof(walked->tids) / sizeof(walked->tids[0]) ? 1 : -1;
}

static int walk_table(struct walk *walk, uint32_t pid, uint32_t tid, enum fd_view *view)
{
	enum fd_view other;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "%u/task/%u/fd", pid, tid);
	err = walk_fds(walk, path, pid, tid, &other);
	if (other == VIEW_CLOSED || (other == VIEW_SHOWN && *view == VIEW_EMPTY))
		*view = other;
	return err;
}

/* The tables of threads that have their own, each once. */
static int walk_tables(struct walk *walk, uint32_t pid, enum fd_view *view)
{
	struct walked walked = { .tids = { pid }, .count = 1 };
	DIR *dir = open_threads(walk, pid);
	struct dirent *entry;
	uint32_t tid;
	int err = 0, own;

	while (err == 0 && dir && (entry = readdir(dir)) != NULL) {
		if (!parse_u32(entry->d_name, strlen(entry->d_name), &tid) || tid == pid)
			continue;
		own = has_own_table(walk, &walked, tid);
		if (own > 0) {
			walked.tids[walked.count++] = tid;
			err = walk_table(walk, pid, tid, view);
		} else if (own < 0) {
			*view = VIEW_CLOSED;
		}
	}
	if (dir)
		closedir(dir);
	return err;
}

static int walk_process(struct walk *walk, uint32_t pid)
{
	enum fd_view view;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "%u/fd", pid);
	err = walk_fds(walk, path, pid, pid, &view);
	if (err == 0 && walk->threads != WALK_PROCESSES &&
	    (view == VIEW_EMPTY || view == VIEW_SHOWN))
		err = walk_tables(walk, pid, &view);
	if (err == 0 && view == VIEW_EMPTY)
		err = walk_threads(walk, pid, &view);
	if (err == 0 && view == VIEW_CLOSED && !has_no_descriptors(walk, pid))
		walk->unreadable++;
	return err;
}

/* Every process of the root directory. Returns 0, the sink's error, or readdir's. */
static int walk_root(struct walk *walk, DIR *dir)
{
	struct dirent *entry;
	uint32_t pid;
	int err = 0;

	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		if (!parse_u32(entry->d_name, strlen(entry->d_name), &pid) || pid == 0)
			continue;
		if (pid == 1)
			walk->saw_first = true;
		err = walk_process(walk, pid);
		if (err < 0)
			return err;
	}
	return -errno;
}

int owners_proc_read(const char *root, enum walk_threads threads, owner_sink sink, void *ctx,
		     uint32_t *unreadable)
{
	struct walk walk = { .sink = sink, .ctx = ctx, .threads = threads };
	DIR *dir;
	int err;

	*unreadable = 0;
	walk.proc_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (walk.proc_fd < 0)
		return -errno;
	dir = fdopendir(walk.proc_fd);
	if (!dir) {
		err = -errno;
		close(walk.proc_fd);
		return err;
	}
	err = walk_root(&walk, dir);
	closedir(dir);
	/* PID 1 is always there. Where it does not show, /proc is mounted with hidepid=2 or the
	 * like, and nobody can say how many others do not show either. */
	if (err == 0 && !walk.saw_first)
		walk.unreadable++;
	*unreadable = walk.unreadable;
	return err;
}
