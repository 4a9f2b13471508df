/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The action of a scenario, and what was seen of it.
 */
#ifndef LINGERSTAT_CLOSELAB_ACT_H
#define LINGERSTAT_CLOSELAB_ACT_H

#include "scene.h"

enum peer_end { PEER_OPEN, PEER_EOF, PEER_RESET };

/* All byte counts are payload. */
struct observed {
	enum lab_outcome kind;
	int64_t us;          /* how long the close, the exit or the kill took */
	bool slept;          /* a close: it waited, and was not only kept waiting for a CPU */
	int64_t outstanding; /* just before it: sent and not acknowledged, plus unsent */
	int64_t unsent;
	int64_t unread;
	int64_t peer_read; /* all that the peer could ever read */
	int64_t lost;      /* written and never read by the peer */
	enum peer_end end; /* what the peer saw after the last byte */
	int counter;       /* enum abort_counter, ABORTS if none moved, -1 if several */
	int resets;        /* segments with RST from the socket, by the action itself */
	bool deaf;         /* the peer heard nothing while it happened */
	bool spoilt;       /* what was set up had passed before the action: it shows nothing */
};

/*
 * The action's first step: a shutdown(), and the close of one reference of two, which must do
 * nothing at all. Gives 0, or -1 with scene->why, and the truth as it is then in *truth.
 * Nothing to do is fine.
 */
int act_first(struct scene *scene, struct truth *truth);

/* True if act_first() does something, so that a second forecast is worth asking for. */
bool act_has_first(const struct scenario *s);

/* The last step, the event after it, and the peer's view to its end. `known` is the socket as
 * last seen. Gives 0, or -1 with scene->why. */
int act_last(struct scene *scene, const struct truth *known, struct observed *seen);

/* exit and SIGKILL take less, on a busy machine too, unless they wait for linger or for the peer:
 * 5 s and more. */
#define EXIT_US 4000000

const char *peer_end_word(enum peer_end end);

#endif
