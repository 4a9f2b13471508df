/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Witnesses of a close that have nothing to do with the tool: the segments that crossed the
 * loopback, the namespace's TcpExt counters, and the kernel's own list in /proc/net/tcp.
 */
#ifndef LINGERSTAT_CLOSELAB_WITNESS_H
#define LINGERSTAT_CLOSELAB_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

/* TcpExt counters of connections that were aborted, in the order of `abort_names`. */
enum abort_counter { ON_CLOSE, ON_DATA, ON_LINGER, ON_TIMEOUT, ON_MEMORY, ABORT_FAILED, ABORTS };

struct aborts {
	int64_t count[ABORTS];
};

/* Reads /proc/net/netstat of the caller's namespace; 0 or a negative errno. */
int aborts_read(struct aborts *aborts);

/* The one counter that moved from `before` to `after`, ABORTS if none did, -1 if several or by
 * more than one. */
int aborts_moved(const struct aborts *before, const struct aborts *after);

/* "TCPAbortOnClose", or "-" for ABORTS. */
const char *abort_name(int counter);

/* A packet socket that sees every segment with FIN or RST on it. */
struct sniffer {
	int fd;
	uint16_t from; /* source port that counts */
	uint16_t to;   /* destination port; 0: any */
	int fins;
	int resets;
	int answered; /* FINs in the other direction */
};

int sniffer_open(struct sniffer *sniffer);

/* Takes in what has crossed so far. */
void sniffer_look(struct sniffer *sniffer);

/* The state in /proc/net/tcp or tcp6 of the socket with these ports; 0 when it is not there, or a
 * negative errno. */
int listed_state(int family, uint16_t local, uint16_t peer);

/* True if that list has an inode for it: somebody has a reference to it. */
bool listed_as_held(int family, uint16_t local, uint16_t peer);

/* Makes the loopback a slow link (tbf, 1 Mbit/s). 0, or a negative errno: -ENOENT without tc. */
int slow_link(void);

#endif
