/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Namespaces: every network namespace of the host, each once, and ways into it. Where BPF may be
 * loaded, the kernel's own list is read, and so it is known that none is missing; otherwise those
 * that show in /proc and in the folders of names. A namespace lives as long as anything holds it:
 * a process or thread, a mounted name, a descriptor, or a socket that is still delivering.
 *
 * Nothing is held open from the finding to the entering: a namespace that ends meanwhile ends as
 * it would have.
 */
#ifndef LINGERSTAT_ENRICH_NAMESPACES_H
#define LINGERSTAT_ENRICH_NAMESPACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMESPACE_NAME_SIZE 64

struct namespace
{
	uint64_t inode;                 /* of its file, as in /proc/PID/ns/net */
	char name[NAMESPACE_NAME_SIZE]; /* of `ip netns` or Docker; empty: it has none */
	uint32_t pid;                   /* the lowest number of a process in it; 0: none in sight */
	/* For namespaces.c alone. */
	uint64_t id;   /* ns_common.ns_id, 0: the kernel has none (before 6.18) */
	char *ways[4]; /* files that stand for it, of which some may be gone */
	size_t n_ways;
};

struct namespace_list;

struct namespaces {
	struct namespace *items; /* our own first, then by inode */
	size_t count;
	uint32_t unreadable; /* processes whose namespace this user may not see */
	bool whole;          /* the kernel's list was read to its end: there are no others */
	/* For namespaces_bpf.c alone. */
	struct namespace_list *list; /* mapped, NULL: none */
	int again;                   /* an iterator for a second look, -1: none */
};

/* Where to look. */
struct namespaces_request {
	const char *proc;   /* "/proc", or where another is mounted */
	bool other_numbers; /* `proc` is of another PID namespace than this process */
	bool may_load_bpf;
	/* Told when the capabilities for loading BPF are no longer needed (may be NULL). */
	void (*bpf_loaded)(void *ctx);
	void *ctx;
};

/* Finds them. Returns 0, or a negative errno (memory, no /proc); namespaces_free() is due in
 * either case. */
int namespaces_find(struct namespaces *all, const struct namespaces_request *request);
void namespaces_free(struct namespaces *all);

/*
 * Puts this process into the namespace (setns(2)), by the first of its ways that still leads
 * there. Returns 0; -ENOENT when nothing in sight leads there any more; or the negative errno of
 * what stands in the way, such as -EPERM (CAP_SYS_ADMIN is needed in the user namespace that owns
 * it).
 */
int namespace_go(const struct namespace *ns);

/* Whether a namespace to which nothing leads is gone, and its sockets with it. False where the
 * kernel has it still: its sockets are missing. Asks the kernel once, at the first call: to be
 * called when all others were entered. */
bool namespace_is_gone(struct namespaces *all, const struct namespace *ns);

/* --- for the finders ----------------------------------------------------------------------- */

/* The namespace with that inode, added where it is new; NULL when memory is short. */
struct namespace *namespaces_add(struct namespaces *all, uint64_t inode);

/* Notes a file that stands for it; beyond four they are not needed. Returns 0 or -ENOMEM. */
int namespace_add_way(struct namespace *ns, const char *path);

/* Notes that a process lives in it. */
void namespace_add_process(struct namespace *ns, uint32_t pid);

/* Reads the kernel's list, and the namespace of every task, by BPF. Returns 0 or a negative
 * errno. */
int namespaces_read_bpf(struct namespaces *all, const struct namespaces_request *request);

/* Whether the kernel still has it, by the iterator that was opened for this. */
bool namespaces_bpf_has(struct namespaces *all, uint64_t inode);

/* Lets go of what namespaces_read_bpf() opened. */
void namespaces_close_bpf(struct namespaces *all);

/* What has a name: /run/netns, /run/docker/netns. Returns 0 or -ENOMEM. */
int namespaces_read_names(struct namespaces *all);

/* What the processes and threads of a /proc live in. Returns 0 or a negative errno. */
int namespaces_read_tasks(struct namespaces *all, const char *proc);

/* What descriptors and mounts of processes hold: a system call a descriptor, so it is done only
 * where something is missing yet. Returns 0 or a negative errno. */
int namespaces_read_holders(struct namespaces *all, const char *proc);

#endif
