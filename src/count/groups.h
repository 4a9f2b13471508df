/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups: how many sockets share a process, a peer, a state and so on. One const table of keys
 * drives --by, its help and the man page.
 */
#ifndef LINGERSTAT_COUNT_GROUPS_H
#define LINGERSTAT_COUNT_GROUPS_H

#include "model/socket.h"

enum group_value {
	GROUP_KNOWN,
	GROUP_NONE,    /* the socket has none: a TIME_WAIT has no process */
	GROUP_UNKNOWN, /* nobody could read it */
};

/* One value of a key. What is not used by the key is zero. */
struct group_key {
	uint32_t value;  /* enum group_value */
	uint32_t number; /* pid, uid, port, state, reason; scope of a link-local address */
	uint64_t id;     /* of a cgroup, a namespace; the address of an interned text */
	uint8_t family;  /* of an address */
	uint8_t zero[7];
	union {
		char text[16]; /* a process's name */
		struct in_addr v4;
		struct in6_addr v6;
	} bytes;
};

struct group {
	uint64_t sockets;
	uint64_t states[STATE_COUNT];
	uint64_t at_risk; /* `possible` and above, by the lower bound */
	uint64_t stake_bytes, stake_unknown;
	const char *cgroup;              /* path, where the key is a cgroup and it is known */
	const struct workload *workload; /* of its last socket; so too: */
	const char *netns_name, *netns_resident;
};

/* Takes one value; gives 0 or a negative errno. */
typedef int (*group_take)(void *ctx, const struct group_key *key);

struct group_by {
	const char *name; /* first: nearest_word() walks the table */
	const char *help; /* one line */
	unsigned int needs;
	/* Calls `take` for each value that the socket has; once at least. */
	int (*each)(const struct socket *sk, group_take take, void *ctx);
	/* Orders two keys of equal weight (struct group_key). */
	int (*compare)(const void *a, const void *b);
	bool alike; /* sockets of one kind and state have one value: groups_add_alike() will do */
};

/* The table, and its length. */
const struct group_by *group_table(size_t *count);

/* A key's interned text (units, containers); NULL where it is not known or there is none. */
const char *group_text(const struct group_key *key);

/* Units under names that last, for series that do (struct workload). Not in the table. */
extern const struct group_by group_by_lasting;

/* The row of a word, NULL when it is none. */
const struct group_by *group_find(const char *word);

struct groups;

/* Returns NULL when memory is short. */
struct groups *groups_new(const struct group_by *by);
void groups_free(struct groups *groups);

/* Adds a socket to each of its groups. Returns 0 or -ENOMEM. */
int groups_add(struct groups *groups, const struct socket *sk);

/* The same, one for `n` that are alike in all that the key and the groups ask. */
int groups_add_alike(struct groups *groups, const struct socket *sk, uint64_t n);

/* Ends the counting: the largest group comes first. */
void groups_finish(struct groups *groups);

const struct group_by *groups_by(const struct groups *groups);
size_t groups_count(const struct groups *groups);
const struct group_key *groups_item(const struct groups *groups, size_t i,
				    const struct group **group);

/* As of a bounded table (count/top.h): a count may be too low by that much, and that many sockets
 * are in no group. Both 0 unless there are more than TOP_KEYS_MAX groups. */
uint64_t groups_error(const struct groups *groups);
uint64_t groups_lost(const struct groups *groups);

#endif
