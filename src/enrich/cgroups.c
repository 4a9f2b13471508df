/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "enrich/workload.h"

#define FILEID_KERNFS 0xfe /* enum fid_type in include/linux/exportfs.h: the id, 8 bytes */
#define ROOT_ID       1    /* of the hierarchy; a cgroup namespace's root has another */

enum group_state { GROUP_FOUND, GROUP_REMOVED, GROUP_OUTSIDE, GROUP_EITHER };

struct group {
	uint64_t id;
	enum group_state state;
	const char *path; /* interned */
	bool read;        /* `workload` is filled */
	struct workload workload;
};

struct cgroups {
	struct group **groups; /* those that were asked for, or all there are after a walk */
	uint32_t count, cap;
	struct index index; /* by id */
	struct intern texts;
	struct group *last; /* the one that was asked for last */
	char *mount;
	int mount_fd;
	uint64_t mount_id; /* of the root in sight */
	bool opened, handles;
	uint64_t asked[GROUP_EITHER + 1]; /* sockets, by what came of it */
	int error;                        /* the first that left groups without a path */
};

struct cgroups *cgroups_new(void)
{
	struct cgroups *c = calloc(1, sizeof(*c));

	if (c)
		c->mount_fd = -1;
	return c;
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	for (uint32_t i = 0; i < cgroups->count; i++)
		free(cgroups->groups[i]);
	free(cgroups->groups);
	index_free(&cgroups->index);
	intern_free(&cgroups->texts);
	if (cgroups->mount_fd >= 0)
		close(cgroups->mount_fd);
	free(cgroups->mount);
	free(cgroups);
}

/* --- the mount ----------------------------------------------------------------------------- */

/* The directory's descriptor, where the v2 hierarchy is what one sees there: another mount may
 * lie over it, and then that is -ENOENT. */
static int open_mount(const char *dir, uint64_t *id)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC && fstat(fd, &st) == 0) {
		*id = st.st_ino;
		return fd;
	}
	close(fd);
	return -ENOENT;
}

/* Takes a mount, if it shows more than the one that is known. */
static void take_mount(struct cgroups *c, const char *dir)
{
	uint64_t id = 0;
	int fd;

	if (c->mount_id == ROOT_ID)
		return;
	fd = open_mount(dir, &id);
	if (fd < 0) {
		c->error = fd == -ENOENT ? c->error : fd;
		return;
	}
	if (c->mount_fd >= 0 && id != ROOT_ID) {
		close(fd);
		return;
	}
	if (c->mount_fd >= 0)
		close(c->mount_fd);
	free(c->mount);
	c->mount = strdup(dir);
	c->error = c->mount ? 0 : -ENOMEM;
	c->mount_fd = fd;
	c->mount_id = id;
}

/* Where the v2 hierarchy is mounted: /sys/fs/cgroup, or .../unified on a hybrid host; in a
 * container the host's may be mounted elsewhere. */
static void find_mount(struct cgroups *c)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;

	if (!mounts) {
		c->error = -errno;
		return;
	}
	for (errno = 0; (m = getmntent(mounts)); errno = 0)
		if (strcmp(m->mnt_type, "cgroup2") == 0)
			take_mount(c, m->mnt_dir);
	if (errno == ENOMEM)
		c->error = -ENOMEM;
	endmntent(mounts);
}

/* What of a path in the file system is below the mount; NULL when it is not there. */
static const char *below_mount(const struct cgroups *c, const char *path)
{
	size_t len = strlen(c->mount);

	if (strncmp(path, c->mount, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path[len] ? path + len : "/";
}

/* --- groups -------------------------------------------------------------------------------- */

static struct group *find_group(const struct cgroups *c, uint64_t id)
{
	uint32_t at = 0, i;

	while ((i = index_next(&c->index, index_hash(&id, sizeof(id)), &at)) != INDEX_NONE)
		if (c->groups[i]->id == id)
			return c->groups[i];
	return NULL;
}

/* NULL when memory is short. */
static struct group *add_group(struct cgroups *c, uint64_t id, enum group_state state,
			       const char *path)
{
	struct group *group;

	if (index_room((void **)&c->groups, c->count, &c->cap, sizeof(struct group *)))
		return NULL;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	*group = (struct group){ .id = id, .state = state };
	if (path)
		group->path = intern(&c->texts, path, strlen(path));
	if ((path && !group->path) || index_add(&c->index, index_hash(&id, sizeof(id)), c->count)) {
		free(group);
		return NULL;
	}
	c->groups[c->count++] = group;
	return group;
}

/* --- by handle ----------------------------------------------------------------------------- */

static int open_group(const struct cgroups *c, uint64_t id)
{
	union {
		struct file_handle handle;
		unsigned char room[sizeof(struct file_handle) + sizeof(id)];
	} h = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	int fd;

	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(c->mount_fd, &h.handle, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The path of an open group. A group that is removed in this instant, and one that is outside of
 * the mount's root, have a path too, but it does not lead to them. */
static const char *path_of(const struct cgroups *c, int fd, char *room, size_t size)
{
	char link[64];
	struct stat there, group;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, room, size - 1);
	if (len < 0 || (size_t)len >= size - 1)
		return NULL;
	room[len] = '\0';
	if (fstat(fd, &group) < 0 || stat(room, &there) < 0 || there.st_dev != group.st_dev ||
	    there.st_ino != group.st_ino)
		return NULL;
	return below_mount(c, room);
}

static struct group *ask_for(struct cgroups *c, uint64_t id)
{
	char room[PATH_MAX];
	int fd = open_group(c, id);
	const char *path;

	if (fd < 0)
		return add_group(c, id, fd == -ESTALE ? GROUP_REMOVED : GROUP_EITHER, NULL);
	path = path_of(c, fd, room, sizeof(room));
	close(fd);
	if (path)
		return add_group(c, id, GROUP_FOUND, path);
	return add_group(c, id, c->mount_id == ROOT_ID ? GROUP_REMOVED : GROUP_OUTSIDE, NULL);
}

/* Tried with the one group that is there for certain. */
static bool can_open(const struct cgroups *c)
{
	int fd = open_group(c, c->mount_id);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* --- by a walk ----------------------------------------------------------------------------- */

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A directory of the hierarchy while it is walked. */
struct folder {
	int fd;
	char *path;    /* below the mount; room for PATH_MAX bytes */
	size_t length; /* of it, 0 for the root */
	dev_t device;  /* what is mounted on top is not walked */
};

static int walk_folder(struct cgroups *c, struct folder *at);

/* A group that is removed meanwhile, or closed to this user, has no name to give. */
static int walk_child(struct cgroups *c, struct folder *at, const char *name)
{
	struct folder child = { .path = at->path, .device = at->device };
	int err;

	child.length = at->length + 1 + strlen(name);
	if (child.length >= PATH_MAX)
		return 0;
	child.fd = openat(at->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child.fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	snprintf(at->path + at->length, PATH_MAX - at->length, "/%s", name);
	err = walk_folder(c, &child);
	at->path[at->length] = '\0';
	return err;
}

/* Adds the directory and all below it; closes its descriptor. Returns 0 or a negative errno. The
 * C library's fts(3) would do it, but it crashes where memory is short. */
static int walk_folder(struct cgroups *c, struct folder *at)
{
	DIR *dir = fdopendir(at->fd);
	struct dirent *entry;
	struct stat st;
	int err = dir ? 0 : -errno;

	if (!dir) {
		close(at->fd);
		return err;
	}
	if (fstat(at->fd, &st) < 0)
		err = -errno;
	else if (st.st_dev == at->device &&
		 !add_group(c, st.st_ino, GROUP_FOUND, at->length ? at->path : "/"))
		err = -ENOMEM;
	for (errno = 0; !err && st.st_dev == at->device && (entry = readdir(dir)); errno = 0)
		if (entry->d_type == DT_DIR && !is_dot(entry->d_name))
			err = walk_child(c, at, entry->d_name);
	if (!err && errno && errno != ENOENT && errno != ENODEV)
		err = -errno;
	closedir(dir);
	return err;
}

/* What was found before it failed stays. */
static void walk(struct cgroups *c)
{
	char path[PATH_MAX] = "";
	struct folder root = { .path = path };
	struct stat st;

	root.fd = openat(c->mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root.fd < 0 || fstat(root.fd, &st) < 0) {
		c->error = -errno;
		if (root.fd >= 0)
			close(root.fd);
		return;
	}
	root.device = st.st_dev;
	c->error = walk_folder(c, &root);
}

/* --- both ---------------------------------------------------------------------------------- */

static void open_hierarchy(struct cgroups *c)
{
	c->opened = true;
	find_mount(c);
	if (!c->mount)
		return;
	c->handles = can_open(c);
	if (!c->handles)
		walk(c);
}

static struct group *look_up(struct cgroups *c, uint64_t id)
{
	struct group *group = c->last && c->last->id == id ? c->last : find_group(c, id);

	if (group)
		return group;
	if (c->handles)
		return ask_for(c, id);
	return add_group(c, id, c->mount_id == ROOT_ID ? GROUP_REMOVED : GROUP_EITHER, NULL);
}

const char *cgroups_path(struct cgroups *cgroups, int64_t id, const struct workload **workload)
{
	struct group *group;

	*workload = NULL;
	if (id < 0)
		return NULL;
	if (!cgroups->opened)
		open_hierarchy(cgroups);
	if (!cgroups->mount)
		return NULL;
	group = look_up(cgroups, (uint64_t)id);
	if (!group) {
		cgroups->error = -ENOMEM;
		return NULL;
	}
	cgroups->last = group;
	cgroups->asked[group->state]++;
	if (!group->path)
		return NULL;
	if (!group->read)
		group->read = workload_read(&cgroups->texts, group->path, &group->workload) == 0;
	*workload = group->read ? &group->workload : NULL;
	return group->path;
}

struct cgroups_unknown cgroups_unknown(const struct cgroups *cgroups)
{
	return (struct cgroups_unknown){
		.no_hierarchy = cgroups->opened && !cgroups->mount && !cgroups->error,
		.error = cgroups->error,
		.removed = cgroups->asked[GROUP_REMOVED],
		.outside = cgroups->asked[GROUP_OUTSIDE],
		.either = cgroups->asked[GROUP_EITHER],
	};
}
