/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/residents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enrich/workload.h"

#define INIT       1
#define LABEL_SIZE 512

static FILE *open_groups(int folder)
{
	int fd = openat(folder, "cgroup", O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !f)
		close(fd);
	return f;
}

/* The path in a line of /proc/PID/cgroup, `ID:CONTROLLERS:PATH` (cgroups(7)); NULL: it is none. */
static char *path_in(char *line, const char **controllers)
{
	char *rest = line;

	line[strcspn(line, "\n")] = '\0';
	strsep(&rest, ":");
	*controllers = strsep(&rest, ":");
	return rest && *rest == '/' ? rest : NULL;
}

/* systemd's own tree: the one of cgroup v2, or on a hybrid host the one that is named so. */
static bool is_of_units(const char *controllers)
{
	return !*controllers || strcmp(controllers, "name=systemd") == 0;
}

/* A container's processes are in its group in every tree. In a tree that systemd does not keep, a
 * group's name says nothing of units. */
static int read_groups(struct intern *texts, FILE *f, struct workload *found)
{
	struct workload one;
	const char *controllers;
	char *line = NULL, *path;
	size_t size = 0;
	int err = 0;

	*found = (struct workload){ 0 };
	while (!err && !found->container && getline(&line, &size, f) > 0) {
		path = path_in(line, &controllers);
		err = path ? workload_read(texts, path, &one) : 0;
		if (err || !path)
			continue;
		if (one.container)
			*found = one;
		else if (is_of_units(controllers) && one.unit)
			found->unit = one.unit;
	}
	free(line);
	return err;
}

static const char *name_of(struct intern *texts, const struct workload *w)
{
	char text[LABEL_SIZE];
	int n;

	if (!w->id)
		return w->container ? w->container : w->unit;
	n = snprintf(text, sizeof(text), "%s:%.*s", w->runtime ? w->runtime : "?", CONTAINER_SHORT,
		     w->id);
	return intern(texts, text, (size_t)n);
}

const char *resident_name(struct intern *texts, const char *root, uint32_t pid, uint64_t netns)
{
	char path[4096];
	struct workload found = { 0 };
	struct stat st;
	int folder, err;
	FILE *f;

	if (pid <= INIT || (size_t)snprintf(path, sizeof(path), "%s/%u", root, pid) >= sizeof(path))
		return NULL;
	/* Through the folder of the process, which is never another's. */
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f = folder < 0 ? NULL : open_groups(folder);
	err = f ? read_groups(texts, f, &found) : -ENOENT;
	if (!err && (fstatat(folder, "ns/net", &st, 0) < 0 || st.st_ino != netns))
		err = -ENOENT;
	if (f)
		fclose(f);
	if (folder >= 0)
		close(folder);
	return err ? NULL : name_of(texts, &found);
}
