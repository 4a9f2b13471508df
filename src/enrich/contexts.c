/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/contexts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CONTEXT_MAX 4096 /* a page: the kernel gives no longer one (proc_pid_attr_read()) */

struct contexts {
	const char *root;
	bool sockets, absent;
	uint64_t unknown;
	char **texts; /* each once, as few processes differ */
	size_t n_texts;
	struct process_context *items; /* of the last socket */
	size_t cap;
};

/* A text that lives as long as the run; NULL when memory is short. */
static const char *intern(struct contexts *c, const char *text)
{
	char **bigger;

	for (size_t i = 0; i < c->n_texts; i++)
		if (strcmp(c->texts[i], text) == 0)
			return c->texts[i];
	bigger = reallocarray(c->texts, c->n_texts + 1, sizeof(*bigger));
	if (!bigger)
		return NULL;
	c->texts = bigger;
	bigger[c->n_texts] = strdup(text);
	return bigger[c->n_texts] ? bigger[c->n_texts++] : NULL;
}

/* SELinux ends a context with a NUL, AppArmor with a line feed. */
static void cut_end(char *text, size_t length)
{
	while (length && (text[length - 1] == '\n' || text[length - 1] == '\0'))
		length--;
	text[length] = '\0';
}

/* Reads a small file, ended by a NUL. Returns 0 or a negative errno. */
static int read_text(int dir, const char *path, char *text)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, CONTEXT_MAX);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	cut_end(text, (size_t)n);
	return 0;
}

/* EINVAL is the kernel's word for "no module answers that" (security_getprocattr()). */
static bool is_absent(int err)
{
	return err == -EINVAL || err == -ENOENT;
}

/* We have no folder in the /proc of a PID namespace that we are not in: that says nothing. */
static bool has_no_module(const char *root)
{
	char path[PATH_MAX], text[CONTEXT_MAX + 1];

	snprintf(path, sizeof(path), "%s/self", root);
	if (access(path, F_OK) < 0)
		return false;
	snprintf(path, sizeof(path), "%s/self/attr/current", root);
	return is_absent(read_text(AT_FDCWD, path, text));
}

struct contexts *contexts_new(const char *root, bool sockets)
{
	struct contexts *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->root = root;
	c->sockets = sockets;
	c->absent = has_no_module(root ? root : "/proc");
	return c;
}

void contexts_free(struct contexts *contexts)
{
	if (!contexts)
		return;
	for (size_t i = 0; i < contexts->n_texts; i++)
		free(contexts->texts[i]);
	free(contexts->texts);
	free(contexts->items);
	free(contexts);
}

bool contexts_absent(const struct contexts *contexts)
{
	return contexts->absent;
}

uint64_t contexts_unknown(const struct contexts *contexts)
{
	return contexts->unknown;
}

/* The directory of the holder's thread, if its descriptor is this socket; else -1. */
static int open_holder(const struct contexts *c, const struct holder *h, uint32_t inode)
{
	char path[PATH_MAX], link[64], expected[64];
	ssize_t n;
	int dir;

	if (!c->root)
		return -1;
	snprintf(path, sizeof(path), "%s/%u/task/%u", c->root, h->pid, h->tid ? h->tid : h->pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	snprintf(path, sizeof(path), "fd/%u", h->fd);
	snprintf(expected, sizeof(expected), "socket:[%u]", inode);
	n = readlinkat(dir, path, link, sizeof(link));
	if (n == (ssize_t)strlen(expected) && memcmp(link, expected, (size_t)n) == 0)
		return dir;
	close(dir);
	return -1;
}

static int64_t read_xattr(int dir, uint32_t fd, const char *name, char *text)
{
	char path[64];
	ssize_t n;

	/* getxattr(2) takes no directory; the magic link of one stands for it. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/fd/%u", dir, fd);
	n = getxattr(path, name, text, CONTEXT_MAX);
	if (n < 0)
		return -errno;
	cut_end(text, (size_t)n);
	return n;
}

/* AppArmor and others label no sockets: that is a known answer, and an empty one. */
static bool has_no_label(int64_t err)
{
	return err == -ENODATA || err == -EOPNOTSUPP;
}

static const char *socket_context(struct contexts *c, int dir, uint32_t fd)
{
	static const char *const names[] = { "security.selinux", "security.SMACK64" };
	char text[CONTEXT_MAX + 1];
	int64_t n = -ENODATA;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && has_no_label(n); i++)
		n = read_xattr(dir, fd, names[i], text);
	if (has_no_label(n))
		return "";
	return n < 0 ? NULL : intern(c, text);
}

/* One holder: its process's context, and the socket's where no other gave it before. */
static const char *look_at(struct contexts *c, const struct holder *h, struct socket *sk)
{
	char text[CONTEXT_MAX + 1];
	const char *found = NULL;
	int dir = open_holder(c, h, sk->inode);

	if (dir < 0)
		return NULL;
	if (read_text(dir, "attr/current", text) == 0)
		found = intern(c, text);
	if (c->sockets && !sk->socket_context)
		sk->socket_context = socket_context(c, dir, h->fd);
	close(dir);
	return found;
}

static int make_room(struct contexts *c, size_t count)
{
	struct process_context *bigger;

	if (count <= c->cap)
		return 0;
	bigger = reallocarray(c->items, count, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	c->items = bigger;
	c->cap = count;
	return 0;
}

/* Descriptors of one table stand together, and its process has one context. */
static bool is_same(const struct holder *a, const struct holder *b)
{
	return a->pid == b->pid && a->tid == b->tid;
}

int contexts_join(struct contexts *c, struct socket *sk)
{
	const struct holder *holders = sk->holders.items;
	size_t n = 0;

	sk->socket_context = c->absent ? "" : NULL;
	if (make_room(c, sk->holders.count) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < sk->holders.count; i++) {
		const char *text = "";

		if (i && is_same(&holders[i], &holders[i - 1]))
			continue;
		if (!c->absent)
			text = look_at(c, &holders[i], sk);
		c->unknown += !text;
		c->items[n++] = (struct process_context){ holders[i].pid, holders[i].tid, text };
	}
	sk->contexts = (struct context_list){ c->absent, (uint32_t)n, c->items };
	return 0;
}
