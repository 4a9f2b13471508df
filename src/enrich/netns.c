/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/netns.h"

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/nearest.h"

#define NAMES_DIR "/run/netns"
#define OWN_FILE  "/proc/self/ns/net"

/* Docker's are named by the container's sandbox. */
static const char *const folders[] = { NAMES_DIR, "/run/docker/netns" };

const char *const *netns_folders(size_t *count)
{
	*count = sizeof(folders) / sizeof(folders[0]);
	return folders;
}

/* Without a /proc that has us, a socket tells its namespace, if to CAP_NET_ADMIN only. */
int netns_open_self(void)
{
	int fd = open(OWN_FILE, O_RDONLY | O_CLOEXEC), err = -errno, sock;

	if (fd >= 0)
		return fd;
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return err;
	fd = ioctl(sock, SIOCGSKNS);
	close(sock);
	return fd < 0 ? err : fd;
}

static bool stat_self(struct stat *st)
{
	int fd, err;

	if (stat(OWN_FILE, st) == 0)
		return true;
	fd = netns_open_self();
	if (fd < 0)
		return false;
	err = fstat(fd, st);
	close(fd);
	return err == 0;
}

uint64_t netns_self(void)
{
	struct stat st;

	return stat_self(&st) ? st.st_ino : 0;
}

/* The name of a namespace in one of the folders. */
static int name_in(const char *folder, uint64_t inode, char *name, unsigned long size)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;
	int err = -ENOENT;

	if (!dir)
		return -ENOENT;
	while (err && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) < 0 || st.st_ino != inode)
			continue;
		snprintf(name, size, "%s", entry->d_name);
		err = 0;
	}
	closedir(dir);
	return err;
}

int netns_name(uint64_t inode, char *name, unsigned long size)
{
	int err = -ENOENT;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && err; i++)
		err = name_in(folders[i], inode, name, size);
	return err;
}

/* True when the path was made whole and is there. */
static bool is_there(int length, size_t size, const char *path)
{
	struct stat st;

	return length > 0 && (size_t)length < size && stat(path, &st) == 0;
}

int netns_find(const char *word, const char *proc, char *path, size_t size)
{
	struct stat st;
	int n;

	if (strlen(word) + strlen(proc) + sizeof("//ns/net") + sizeof(NAMES_DIR) > size)
		return -ENAMETOOLONG;
	if (strchr(word, '/')) {
		snprintf(path, size, "%s", word);
		return stat(path, &st) < 0 && errno == ENOENT ? -ENOENT : 0;
	}
	n = snprintf(path, size, NAMES_DIR "/%s", word);
	if (*word && *word != '.' && is_there(n, size, path))
		return 0;
	if (!*word || word[strspn(word, "0123456789")])
		return -ENOENT;
	/* The directory shows also where the link in it is another user's. */
	snprintf(path, size, "%s/%s", proc, word);
	if (stat(path, &st) < 0)
		return -ENOENT;
	snprintf(path, size, "%s/%s/ns/net", proc, word);
	return 0;
}

int netns_nearest(const char *word, char *name, size_t size)
{
	DIR *dir = opendir(NAMES_DIR);
	const char *names[256], *near = NULL;
	char *copies[256];
	size_t n = 0;
	struct dirent *entry;

	while (dir && n < sizeof(names) / sizeof(names[0]) && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && (copies[n] = strdup(entry->d_name)))
			n++;
	if (dir)
		closedir(dir);
	memcpy(names, copies, n * sizeof(names[0]));
	near = nearest_word(word, names, n, sizeof(names[0]));
	if (near)
		snprintf(name, size, "%s", near);
	for (size_t i = 0; i < n; i++)
		free(copies[i]);
	return near ? 0 : -ENOENT;
}

/* To where we are already takes no privilege. */
static bool is_ours(int fd)
{
	struct stat theirs, ours;

	return fstat(fd, &theirs) == 0 && stat_self(&ours) && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

int netns_enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (!is_ours(fd) && setns(fd, CLONE_NEWNET) < 0)
		err = -errno;
	close(fd);
	return err;
}
