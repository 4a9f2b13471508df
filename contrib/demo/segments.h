/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The segments that crossed the loopback device, caught with a packet socket. They are kept from
 * segments_begin() on, together with marks of what the director did meanwhile, and printed much as
 * tcpdump(8) would.
 */
#ifndef DEMO_SEGMENTS_H
#define DEMO_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment {
	int64_t us; /* by CLOCK_REALTIME */
	uint16_t from, to;
	uint32_t seq;
	uint32_t bytes;   /* payload */
	uint8_t flags;    /* TH_SYN and so on, as on the wire */
	const char *mark; /* not a segment: what the director did, a constant */
};

struct segments {
	int fd; /* -1: nothing is caught */
	size_t count, size;
	struct segment *list; /* in the order in which it all happened */
	bool incomplete;      /* the kernel dropped some, or memory was short */
};

/* Opens the packet socket on "lo" of this network namespace; needs CAP_NET_RAW there. Gives 0 or
 * -errno, and in both cases something the other functions take. */
int segments_open(struct segments *segments);
void segments_close(struct segments *segments);

/* Forgets everything so far. */
void segments_begin(struct segments *segments);

/* Notes that `what` (NULL: nothing worth a line) happens now. Gives the place in the list, for
 * segments_count(): all that was sent before stands before it. */
size_t segments_mark(struct segments *segments, const char *what);

/* Takes in what the kernel has caught since the beginning. */
void segments_end(struct segments *segments);

/* Counts the segments from port `from` with any of `flags` (0: all segments) from place `begin`
 * on and before place `end` (SIZE_MAX: to the last). */
size_t segments_count(const struct segments *segments, uint16_t from, uint8_t flags, size_t begin,
		      size_t end);

/*
 * Prints those between the two ports, with the marks. Pure acknowledgements are left out and
 * counted; data segments of one direction that follow one another are one line.
 */
void segments_print(const struct segments *segments, uint16_t client, uint16_t server);

#endif
