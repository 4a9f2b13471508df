/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One scenario on stage: the owner with the socket under test, the peer in this process, and the
 * witnesses, in a network namespace that belongs to the scenario.
 */
#ifndef LINGERSTAT_CLOSELAB_SCENE_H
#define LINGERSTAT_CLOSELAB_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "owner.h"
#include "scenario.h"
#include "witness.h"

#define MAX_WAITING 4

struct scene {
	const struct scenario *s;
	int family;
	struct owner owner;
	struct sniffer sniffer;
	int listener;             /* the peer's, where the owner connects */
	int far;                  /* the peer's end */
	int clients[MAX_WAITING]; /* LISTEN: connections that wait */
	uint16_t near_port;       /* of the socket under test */
	uint16_t far_port;        /* 0: it has no peer */
	bool deaf;                /* the peer hears nothing */
	bool stalled;             /* the data moves on only when the peer lets it */
	int64_t written;          /* payload the owner has sent */
	bool skip;                /* cannot be set up here, `why` says so */
	char why[160];            /* which step failed */
};

/* Notes a failed step. Gives true when `result` is a negative errno. */
bool scene_failed(struct scene *scene, const char *step, int64_t result);

/* Ends the scenario's process and closes what is open. */
void scene_end(struct scene *scene);

/* Sets the scenario up and verifies that it is as the table says; 0, or -1 with scene->why. The
 * truth of the socket is left in *truth where the owner holds one. */
int scene_set_up(struct scene *scene, const struct scenario *s, struct truth *truth);

/* Lets the peer hear again, where it was deaf. */
void scene_release(struct scene *scene);

/* The state number that a scenario's socket is in, as include/net/tcp_states.h has it. */
int scene_state_number(enum lab_state state);

#endif
