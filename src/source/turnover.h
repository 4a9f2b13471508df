/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turnover: how many TCP sockets left the kernel's tables while they were listed, and how many rows
 * that may have cost.
 *
 * A dump walks a slot's chain in steps of 16 sockets and of what fits into a message, and finds its
 * way back by counting (inet_diag_dump_icsk() in net/ipv4/inet_diag.c, tcp_diag_dump() since 6.17).
 * When one of the sockets that it has passed leaves the chain meanwhile, the count is one too high,
 * and one socket is passed over, without a word. (When one comes in at the head the count is one
 * too low, and one socket comes twice: that is window.h.) So of the sockets that leave at most one
 * in as many as there are slots costs a row: the dump is in one chain at a time. As measured with
 * 50,000 sockets in 512 slots, it is between a third and all of that.
 */
#ifndef LINGERSTAT_SOURCE_TURNOVER_H
#define LINGERSTAT_SOURCE_TURNOVER_H

#include <stdbool.h>
#include <stdint.h>

struct turnover {
	bool known;
	int64_t opened;    /* ActiveOpens and PassiveOpens: sockets that came in */
	int64_t passive;   /* PassiveOpens: requests that left */
	int64_t requests;  /* TCPSynRetrans, EmbryonicRsts: requests that leave without one */
	int64_t time_wait; /* TW, TWRecycled, TWKilled: minisockets that left */
	int64_t in_use;    /* sockets that are there, of both IP versions */
	int64_t minisockets;
};

/* Reads the network namespace's counters below `root` (/proc). */
void turnover_read(struct turnover *turnover, const char *root);

/* How many TCP sockets the namespace has, minisockets among them; -1 when that cannot be read. */
int64_t turnover_sockets(const char *root);

/* How many slots the namespace's table has: net.ipv4.tcp_ehash_entries (6.1), before that the least
 * that a machine of this size has. */
int64_t turnover_slots(const char *root);

/* Whether that table is not the namespace's own (net.ipv4.tcp_child_ehash_entries). */
bool turnover_shares_table(const char *root);

/* How many sockets have left between the two. Both must be known. */
int64_t turnover_left(const struct turnover *before, const struct turnover *after);

#endif
