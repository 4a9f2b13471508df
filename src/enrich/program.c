/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/program.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GENERATIONS 64 /* that are looked up; a longer line is not known */

/* The beginning of a file of a process, as a string. */
static bool read_file(const char *proc, uint32_t pid, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%u/%s", proc, pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* 0: not known, or none. The name in the second field may hold anything, parentheses too. */
static uint32_t parent_of(const char *proc, uint32_t pid)
{
	char text[512];
	const char *end;
	unsigned int parent;

	if (!read_file(proc, pid, "stat", text, sizeof(text)))
		return 0;
	end = strrchr(text, ')');
	return end && sscanf(end, ") %*c %u", &parent) == 1 ? parent : 0;
}

static enum tri descends_from(const char *proc, uint32_t pid, uint32_t ancestor)
{
	for (int i = 0; i < GENERATIONS; i++) {
		pid = parent_of(proc, pid);
		if (pid == ancestor)
			return TRI_YES;
		if (pid <= 1)
			return pid ? TRI_NO : TRI_UNKNOWN;
	}
	return TRI_UNKNOWN;
}

/* The number that it has in its own PID namespace is the last of the list. */
static bool is_first_of_namespace(const char *proc, uint32_t pid)
{
	char text[4096];
	const char *line, *end, *last;

	if (!read_file(proc, pid, "status", text, sizeof(text)))
		return false;
	line = strstr(text, "\nNSpid:");
	if (!line)
		return false;
	end = strchrnul(line + 1, '\n');
	for (last = end; last > line && last[-1] != '\t'; last--)
		;
	return end - last == 1 && *last == '1';
}

/* The path of the group that systemd keeps: of the one hierarchy, or of its own. NULL: not known.
 * Cuts `text`. */
static char *group_path(char *text)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		char *path = strchr(line, ':');

		path = path ? strchr(path + 1, ':') : NULL;
		if (path && (strncmp(line, "0::", 3) == 0 || strstr(line, ":name=systemd:")))
			return path + 1;
	}
	return NULL;
}

struct group {
	char text[4096];
	char *path; /* NULL: not known */
};

static void read_group(const char *proc, uint32_t pid, struct group *group)
{
	bool found = read_file(proc, pid, "cgroup", group->text, sizeof(group->text));

	group->path = found ? group_path(group->text) : NULL;
}

static bool ends_in(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(text + len - n, end, n) == 0;
}

/* The length of the path as far as the innermost service; 0: there is none. */
static size_t service_length(const char *path)
{
	size_t found = 0, len;

	for (size_t at = 0; path[at]; at += len) {
		len = 1 + strcspn(path + at + 1, "/");
		if (ends_in(path, at + len, ".service"))
			found = at + len;
	}
	return found;
}

/* systemd, the system's or a user's, is alone in the group of that name. */
static bool is_manager(const char *proc, uint32_t pid, const char *comm)
{
	struct group group;

	if (strcmp(comm, "systemd") != 0)
		return false;
	read_group(proc, pid, &group);
	return group.path && ends_in(group.path, strlen(group.path), "/init.scope");
}

static bool is_child_of_manager(const char *proc, uint32_t pid)
{
	uint32_t parent = parent_of(proc, pid);
	char comm[17];

	if (!parent || !read_file(proc, parent, "comm", comm, sizeof(comm)))
		return false;
	comm[strcspn(comm, "\n")] = '\0';
	return is_manager(proc, parent, comm);
}

/* --- the holders --- */

/* Descriptors of one process come together. */
static bool is_repeated(const struct holder_list *holders, uint32_t i)
{
	return i > 0 && holders->items[i].pid == holders->items[i - 1].pid;
}

static void name_process(struct program *program, const struct holder *h)
{
	program->pid = h->pid;
	memset(program->comm, 0, sizeof(program->comm));
	strncpy(program->comm, h->comm, sizeof(program->comm) - 1);
}

static bool find_manager(const char *proc, const struct holder_list *holders,
			 struct program *program)
{
	for (uint32_t i = 0; i < holders->count; i++) {
		const struct holder *h = &holders->items[i];

		if (is_repeated(holders, i) || !is_manager(proc, h->pid, h->comm))
			continue;
		name_process(program, h);
		return true;
	}
	return false;
}

/* The holder that descends from no other: the first of them, if there are several. */
static uint32_t eldest(const char *proc, const struct holder_list *holders)
{
	uint32_t top = holders->items[0].pid;

	for (uint32_t i = 1; i < holders->count; i++)
		if (!is_repeated(holders, i) &&
		    descends_from(proc, top, holders->items[i].pid) == TRI_YES)
			top = holders->items[i].pid;
	return top;
}

/* What sees to it that others end with the program. */
struct keeper {
	uint32_t program;
	bool first_of_namespace;
	struct group group;
	size_t service; /* length of its path; 0: it is no main process of a service */
};

static void find_keeper(const char *proc, uint32_t program, struct keeper *k)
{
	k->program = program;
	k->first_of_namespace = is_first_of_namespace(proc, program);
	k->service = 0;
	k->group.path = NULL;
	if (!is_child_of_manager(proc, program))
		return;
	read_group(proc, program, &k->group);
	if (k->group.path)
		k->service = service_length(k->group.path);
}

static bool is_in_service(const char *proc, const struct keeper *k, uint32_t pid)
{
	struct group group;

	if (!k->group.path || !k->service)
		return false;
	read_group(proc, pid, &group);
	return group.path && strncmp(group.path, k->group.path, k->service) == 0 &&
	       (!group.path[k->service] || group.path[k->service] == '/');
}

/* One that has ended meanwhile keeps nothing. */
static enum tri ends_too(const char *proc, const struct keeper *k, uint32_t pid)
{
	if (is_in_service(proc, k, pid))
		return TRI_YES;
	if (k->first_of_namespace)
		return descends_from(proc, pid, k->program);
	return parent_of(proc, pid) ? TRI_NO : TRI_UNKNOWN;
}

static void ask_the_others(const char *proc, const struct holder_list *holders,
			   struct program *program)
{
	struct keeper k;

	find_keeper(proc, eldest(proc, holders), &k);
	for (uint32_t i = 0; i < holders->count && program->ends != TRI_NO; i++) {
		const struct holder *h = &holders->items[i];
		enum tri ends;

		if (is_repeated(holders, i) || h->pid == k.program)
			continue;
		ends = ends_too(proc, &k, h->pid);
		if (ends == TRI_YES)
			continue;
		program->ends = ends;
		name_process(program, h);
	}
}

static bool has_one_process(const struct holder_list *holders)
{
	return holders->items[0].pid == holders->items[holders->count - 1].pid;
}

void program_of(const char *proc, const struct socket *sk, struct program *program)
{
	const struct holder_list *holders = &sk->holders;

	*program = (struct program){ 0 };
	if (!holders->count)
		return;
	program->ends = holders->known == HOLDERS_COMPLETE ? TRI_YES : TRI_UNKNOWN;
	program->passed_on = find_manager(proc, holders, program);
	if (!program->passed_on && !has_one_process(holders))
		ask_the_others(proc, holders, program);
}
