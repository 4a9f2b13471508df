/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the owners backends share: passes kept in memory, and sockets to look for.
 * Whatever goes wrong here fails the running test.
 */
#ifndef LINGERSTAT_TESTS_LIVE_OWNERS_SEEN_H
#define LINGERSTAT_TESTS_LIVE_OWNERS_SEEN_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "enrich/owners.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The records of one pass that belong to one process, or to all when `only` is 0. */
struct seen {
	uint32_t only;
	struct owner_record *records;
	size_t count, room;
	uint32_t hz;
};

/* An owner_sink: keeps a record in the struct seen that `ctx` is. */
int keep(void *ctx, const struct owner_record *record);

/* One BPF pass. Returns what owners_bpf_read() returned; says where it failed. */
int read_pass(struct seen *seen, uint32_t only);

/* The same, and it must succeed and learn HZ. */
void look(struct seen *seen, uint32_t only);

void forget(struct seen *seen);

/* The record of that descriptor, or NULL. */
const struct owner_record *find(const struct seen *seen, uint32_t pid, int fd);

/* Why no BPF pass can be made here at all, written to `text`; or NULL. */
const char *cannot_run(char *text, size_t size);

/* l_onoff and l_linger. */
struct setting {
	int on, seconds;
};

void set_linger(int fd, struct setting setting);

/* A TCP listener on a port of the kernel's choice. */
int listening(int family, struct setting setting);

/* The record of this descriptor of ours, held by `pid`, says what getsockopt() on it says. */
void check_linger(const struct seen *seen, uint32_t pid, int fd);

#endif
