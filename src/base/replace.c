/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 16

int replace_folder(const char *path, char name[NAME_MAX + 1])
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	char folder[PATH_MAX];
	int fd;

	if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return -EINVAL;
	if (strlen(last) > NAME_MAX || (slash && slash - path >= PATH_MAX))
		return -ENAMETOOLONG;
	memcpy(name, last, strlen(last) + 1);
	if (!slash)
		strcpy(folder, ".");
	else
		snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path),
			 path);
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The name is guessed at, not asked for, so that a file cannot be made in its place before. */
static int make_temp(struct replacement *r)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint8_t random[6];
	char word[sizeof(random) + 1] = "";

	for (int i = 0; i < ATTEMPTS; i++) {
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return -EIO;
		for (size_t k = 0; k < sizeof(random); k++)
			word[k] = letters[random[k] % (sizeof(letters) - 1)];
		snprintf(r->temp, sizeof(r->temp), ".%.*s.%s.tmp",
			 (int)(NAME_MAX - sizeof(REPLACE_SUFFIX)), r->name, word);
		r->fd = openat(r->dir, r->temp,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (r->fd >= 0 || errno != EEXIST)
			return r->fd < 0 ? -errno : 0;
	}
	return -EEXIST;
}

int replace_open(struct replacement *r, const char *path, mode_t mode)
{
	int err;

	*r = (struct replacement){ .dir = -1, .fd = -1 };
	r->dir = replace_folder(path, r->name);
	if (r->dir < 0)
		return r->dir;
	err = make_temp(r);
	if (!err && fchmod(r->fd, mode) < 0)
		err = -errno;
	if (err)
		replace_abandon(r);
	return err;
}

static void close_both(struct replacement *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (r->dir >= 0)
		close(r->dir);
	r->fd = r->dir = -1;
}

/* A full disk may be told as late as at close(). */
int replace_commit(struct replacement *r)
{
	int err = close(r->fd) < 0 ? -errno : 0;

	r->fd = -1;
	if (!err && renameat(r->dir, r->temp, r->dir, r->name) < 0)
		err = -errno;
	if (err)
		unlinkat(r->dir, r->temp, 0);
	close_both(r);
	return err;
}

void replace_abandon(struct replacement *r)
{
	if (r->fd >= 0)
		unlinkat(r->dir, r->temp, 0);
	close_both(r);
}
