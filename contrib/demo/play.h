/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The experiments: what is played, and what was seen when it was. */
#ifndef DEMO_PLAY_H
#define DEMO_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "actor.h"
#include "forecast.h"
#include "segments.h"

/*
 * One experiment, as a row of the table. The client connects, sets linger and writes; then the
 * tool is asked; then the client closes; then the server reads to the end. What is false or 0
 * does not take place.
 */
struct experiment {
	const char *name;   /* for the command line */
	const char *what;   /* is done */
	const char *lesson; /* is to be learnt from it */
	const char *later;  /* an event after the close that may destroy what the close did not */
	struct linger linger;
	int writes;         /* bytes, by the client */
	int unread;         /* bytes, by the server, which the client does not read */
	int reads_after_ms; /* the server begins to read so long after the close */
	bool safe;          /* the client shuts down and reads the answer to its end, then closes */
	bool answers;       /* the server writes an answer after the client's close */
	bool shared;        /* a child holds the socket too, and outlives the close */
	bool listener;      /* the server closes its listener, with the client not yet accepted */
};

/* What really happened, from the descriptors and the wire alone. */
struct observed {
	struct queues before; /* of the closing end, just before the close */
	bool first_noticed;   /* shared: the peer noticed the first of two closes */
	bool reset_at_close;  /* the peer's connection was gone at once */
	bool timed;           /* close_us and slept are known */
	int64_t close_us;
	bool slept;      /* close() waited, and was not only kept waiting for a CPU */
	int64_t written; /* towards the peer */
	int64_t received;
	enum end end;                 /* as the peer saw it */
	int64_t unread_lost;          /* bytes that had arrived and that nobody read */
	uint16_t near_port, far_port; /* of the closing end, of its peer */
	size_t closing, settled; /* places among the segments: the last close, its effects seen */
};

/* All experiments in their order, and how many. */
const struct experiment *experiments(size_t *count);

/*
 * Plays one. Segments are caught if `segments` is open. Gives 0 when it was played to its end;
 * otherwise a negative errno, and the failure was told on stderr.
 */
int play(const struct experiment *experiment, const struct tool *tool, struct segments *segments,
	 struct forecast *forecast, struct observed *observed);

#endif
