/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The roll: one census (census.h) of all network namespaces that share the kernel's table of
 * connections, sorted by namespace. The kernel's dump of a namespace walks the whole table, whoever
 * the sockets in it belong to (inet_diag_dump_icsk() in net/ipv4/inet_diag.c, tcp_diag_dump() since
 * 6.17), so that of many namespaces costs as many walks as there are; the roll is one walk for all.
 * It knows who is there and little else of them.
 */
#ifndef LINGERSTAT_SOURCE_ROLL_H
#define LINGERSTAT_SOURCE_ROLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/census.h"

/* More sockets than these are not taken down: 72 MiB. */
#define ROLL_MOST ((size_t)1 << 20)

struct roll;

/* Takes it, from the table of the namespace that the process is in, with as much of each
 * connection as `depth` says. Returns 0 or a negative errno: -E2BIG where there are too many.
 * roll_free() is due where it is 0. */
int roll_take(struct roll **out, struct census *census, enum census_depth depth);
void roll_free(struct roll *roll);

/* Whether the namespace that the process is in has its sockets in the table that was walked. */
bool roll_covers(const struct roll *roll, struct census *census);

/* How many connections there are, of a namespace by its inode and of all; and how many slots. */
size_t roll_count(const struct roll *roll, uint64_t inode);
size_t roll_total(const struct roll *roll);
size_t roll_slots(const struct roll *roll);

/* Whether a namespace has sockets that are bound and nothing else, and that this kernel's dump
 * shows. */
bool roll_has_bound(const struct roll *roll, uint64_t inode);

/* The connections of a namespace: roll_count() of them, in the order of the table's slots. One may
 * be there twice. */
const struct census_record *roll_of(const struct roll *roll, uint64_t inode);

/* Its listeners: how many, and where they begin. */
size_t roll_listeners(const struct roll *roll, uint64_t inode, const struct census_record **first);

#endif
