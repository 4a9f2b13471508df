/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk of /proc: processes with descriptors that are sockets, or say so, and files that the
 * kernel would not have written. Every descriptor whose link reads "socket:[N]" comes out once,
 * with its process's name; nothing else does; and a process that cannot be read is counted, unless
 * its stat says that it has no descriptors.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/owners.h"
#include "fuzz/bytes.h"
#include "fuzz/files.h"
#include "fuzz/fuzz.h"

#define PROCESSES   3
#define DESCRIPTORS 4
#define LINK_MAX    80

struct process {
	uint32_t pid;
	bool closed; /* a descriptor that cannot be read */
	bool idle;   /* its stat is that of a thread of the kernel's, or of a zombie */
	bool odd;    /* its stat is any bytes: it may say so or not */
	size_t fds;
	int64_t inodes[DESCRIPTORS]; /* -1: no socket */
	bool found[DESCRIPTORS];
	char comm[OWNER_COMM_SIZE];
};

struct made {
	struct process processes[PROCESSES];
	size_t count;
};

/* A number of digits alone, below 2^32; else -1. */
static int64_t number_of(const char *text, size_t length)
{
	int64_t number = 0;

	if (length == 0 || length > 10)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number <= UINT32_MAX ? number : -1;
}

static int64_t inode_of(const char *link)
{
	size_t length = strlen(link);

	/* The tool reads the first 64 bytes: what a socket's link never fills. */
	if (length > 64)
		length = 64;
	if (strncmp(link, "socket:[", 8) != 0 || length < 9 || link[length - 1] != ']')
		return -1;
	return number_of(link + 8, length - 9);
}

/* A name of the file system's: no NUL, and something. */
static void take_link(struct bytes *in, char link[LINK_MAX + 1])
{
	uint8_t how = take_u8(in);
	size_t length;
	const uint8_t *piece;

	if (how & 1) {
		snprintf(link, LINK_MAX, "socket:[%u]", take_u32(in));
		return;
	}
	piece = take_piece(in, LINK_MAX, &length);
	for (size_t i = 0; i < length; i++)
		link[i] = (char)(piece[i] ? piece[i] : '?');
	link[length] = '\0';
	if (!length)
		strcpy(link, "pipe:[1]");
}

static void make_fds(struct process *p, struct bytes *in)
{
	char path[64], link[LINK_MAX + 1];

	for (size_t i = 0; i < p->fds; i++) {
		take_link(in, link);
		snprintf(path, sizeof(path), "%u/fd/%zu", p->pid, i);
		tree_link(path, link);
		p->inodes[i] = inode_of(link);
	}
	/* No link: reading it fails, as it does for who has no right to. */
	snprintf(path, sizeof(path), "%u/fd/9", p->pid);
	if (p->closed)
		tree_put(path, "", 0);
}

static void make_comm(struct process *p, struct bytes *in)
{
	char path[32];
	size_t length;
	const uint8_t *piece = take_piece(in, 20, &length);

	snprintf(path, sizeof(path), "%u/comm", p->pid);
	tree_put(path, piece, length);
	/* At most as much as the kernel keeps, a line feed at its end not counted. */
	if (length > OWNER_COMM_SIZE + 1)
		length = OWNER_COMM_SIZE + 1;
	length -= length && piece[length - 1] == '\n';
	if (length > OWNER_COMM_SIZE - 1)
		length = OWNER_COMM_SIZE - 1;
	memcpy(p->comm, piece, length);
}

/* A line of proc(5), with what matters chosen; or anything. */
static void make_stat(struct process *p, struct bytes *in)
{
	uint8_t how = take_u8(in);
	char path[32], text[256];
	size_t length;
	const uint8_t *piece = take_piece(in, 200, &length);
	bool kernel = how & 2, zombie = how & 4, threads = how & 8;

	snprintf(path, sizeof(path), "%u/stat", p->pid);
	p->odd = how & 1;
	if (p->odd) {
		tree_put(path, piece, length);
		return;
	}
	length = length < 20 ? length : 20;
	snprintf(text, sizeof(text),
		 "%u (%.*s) %c 1 1 1 0 -1 %u 0 0 0 0 0 0 0 0 20 0 %d 0 7 0 0 1844674407370955161",
		 p->pid, (int)length, (const char *)piece, zombie ? 'Z' : 'S',
		 kernel ? 0x00200040u : 0x400000u, threads ? 2 : 1);
	p->idle = kernel || (zombie && !threads);
	tree_put(path, text, strlen(text));
}

static void make(struct made *made, struct bytes *in)
{
	static const uint32_t pids[PROCESSES] = { 1, 42, 4294967295u };

	memset(made, 0, sizeof(*made));
	tree_remove(".");
	made->count = take_below(in, PROCESSES + 1);
	for (size_t i = 0; i < made->count; i++) {
		struct process *p = &made->processes[i];
		uint8_t how = take_u8(in);

		p->pid = pids[i];
		p->closed = how & 0x80;
		p->fds = how % (DESCRIPTORS + 1);
		make_comm(p, in);
		make_stat(p, in);
		make_fds(p, in);
	}
	tree_put("net/tcp", "", 0);
	tree_put("7x/fd/0", "", 0);
}

static int note(void *ctx, const struct owner_record *record)
{
	struct made *made = ctx;
	struct process *p = NULL;

	for (size_t i = 0; i < made->count; i++)
		if (made->processes[i].pid == record->pid)
			p = &made->processes[i];
	CHECK(p != NULL && record->fd < p->fds);
	CHECK(!p->found[record->fd] && p->inodes[record->fd] == (int64_t)record->inode);
	CHECK(memcmp(record->comm, p->comm, OWNER_COMM_SIZE) == 0);
	CHECK(!record->options.known);
	p->found[record->fd] = true;
	return 0;
}

static void check_found(const struct made *made, uint32_t unreadable)
{
	/* PID 1 that does not show is as good as one that cannot be read. */
	uint32_t most = made->count == 0, least = most;

	for (size_t i = 0; i < made->count; i++) {
		const struct process *p = &made->processes[i];

		most += p->closed && !p->idle;
		least += p->closed && !p->idle && !p->odd;
		/* The walk ends at the one that cannot be read, wherever it comes. */
		for (size_t k = 0; k < p->fds && !p->closed; k++)
			CHECK(p->found[k] == (p->inodes[k] >= 0));
	}
	CHECK(unreadable >= least && unreadable <= most);
}

static int add(void *ctx, const struct owner_record *record)
{
	return owners_add(ctx, record);
}

/* The index has of each socket what the walk has found. */
static void check_index(const struct made *made)
{
	static const struct owners_status status = { .holders = OWNERS_FROM_PROC,
						     .complete = true };
	struct owners *owners = owners_new();
	uint32_t unreadable;

	MUST(owners != NULL);
	CHECK(owners_proc_read(tree_root(), WALK_PROCESSES, add, owners, &unreadable) == 0);
	owners_finish(owners, 0, &status);
	for (size_t i = 0; i < made->count; i++)
		for (size_t k = 0; k < made->processes[i].fds; k++) {
			struct socket sk;

			if (!made->processes[i].found[k] || made->processes[i].inodes[k] == 0)
				continue;
			socket_init(&sk);
			sk.inode = (uint32_t)made->processes[i].inodes[k];
			owners_join(owners, &sk);
			CHECK(sk.holders.count > 0 && sk.linger.kind == LINGER_UNKNOWN);
		}
	owners_free(owners);
}

void fuzz_owners(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	uint32_t unreadable = 0;
	struct made made;

	make(&made, &in);
	CHECK(owners_proc_read(tree_root(), WALK_PROCESSES, note, &made, &unreadable) == 0);
	check_found(&made, unreadable);
	check_index(&made);
}
