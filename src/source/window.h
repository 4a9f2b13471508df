/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The duplicate window: remembers the last WINDOW_SIZE cookies of a dump. A dump is resumed by
 * hash slot and position within the chain (inet_diag_dump_icsk() in net/ipv4/inet_diag.c keeps
 * both in cb->args), so a socket can only come twice while its own chain is walked; a window
 * longer than any chain catches every repeat in constant memory.
 */
#ifndef LINGERSTAT_SOURCE_WINDOW_H
#define LINGERSTAT_SOURCE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_SIZE  4096
#define WINDOW_SLOTS (WINDOW_SIZE * 4)

struct window {
	uint64_t ring[WINDOW_SIZE];   /* cookies in order of arrival; 0: none */
	uint16_t slots[WINDOW_SLOTS]; /* open addressing; position in the ring plus 1, 0: empty */
	uint32_t next;
};

void window_reset(struct window *w);

/* Takes a cookie; returns true when it was among the last WINDOW_SIZE ones, and remembers it
 * otherwise. A cookie of 0 (the kernel never gives it) is never a repeat. */
bool window_seen(struct window *w, uint64_t cookie);

#endif
