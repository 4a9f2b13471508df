/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

uint64_t netns_self(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

int netns_name(uint64_t inode, char *name, unsigned long size)
{
	DIR *dir = opendir("/run/netns");
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
