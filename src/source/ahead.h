/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading ahead. The kernel makes a datagram of a dump inside recvmsg(), in the time of whoever
 * calls it (netlink_recvmsg() calls netlink_dump()). A reader thread that lives for the rest of one
 * dump calls it and puts what comes into a small ring; whoever decodes takes it from there in
 * order, meanwhile. This is all that the thread does: it calls two functions of the transport's and
 * touches nothing else of the program's. It has all signals blocked, and the rights that its
 * starter had.
 *
 * The reader is the slower of the two as a rule, so it is spared: it wakes the taker for several
 * datagrams at once only.
 */
#ifndef LINGERSTAT_SOURCE_AHEAD_H
#define LINGERSTAT_SOURCE_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What ahead_next() gives after the last datagram. */
#define AHEAD_OVER (-ESHUTDOWN)

struct ahead;

/* Both are called by the reader thread. */
struct ahead_calls {
	/* Reads one datagram without waiting for long: -EAGAIN where there is none yet. Gives its
	 * length; 0 and any other error are handed on, and nothing is read after them. */
	ssize_t (*receive)(void *ctx, void *buf, size_t size);
	/* Whether it is the last: nothing is read after it. */
	bool (*is_last)(void *ctx, const void *datagram, size_t len);
	void *ctx;
	size_t size; /* of a buffer for one datagram */
};

/* Starts to read. NULL where that cannot be: this process may use one processor only, memory is
 * short, or no thread is to be had. Then the caller reads by itself, and has lost nothing. */
struct ahead *ahead_start(const struct ahead_calls *calls);

/* The next datagram: its length, and where it is in *datagram, until the next call. Or what
 * receive() gave that was none. AHEAD_OVER when the last was taken: the thread reads no more, and
 * the caller can. */
ssize_t ahead_next(struct ahead *ahead, const void **datagram);

/* Ends the reader, wherever it is, and waits for that: not longer than one receive(). What it has
 * read and nobody took is lost. NULL is fine. */
void ahead_stop(struct ahead *ahead);

#endif
