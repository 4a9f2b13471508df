/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways into every TCP state that a descriptor can hold: shutdown() leaves the descriptor in
 * place, so all but SYN_RECV and TIME_WAIT are reached with the socket in hand.
 */
#ifndef LINGERSTAT_TESTS_WAYS_H
#define LINGERSTAT_TESTS_WAYS_H

#include <stdbool.h>

#include "tcp.h"

#define SMALL_BUFFER 8192 /* a receive buffer that is soon full */
#define FEW_BYTES    100

/* A way into a state. `reach` starts from an established pair whose far end has a small receive
 * buffer; the near end is the socket under test. It gives 0 or a negative errno. */
struct way {
	const char *name;
	const char *word; /* the state's word in JSON */
	int state;
	int (*reach)(struct tcp_pair *pair);
	int unread;     /* payload bytes waiting for the near end */
	bool eof_waits; /* the peer's FIN has arrived and was not read */
	bool own_fin;   /* our FIN is sent or queued, and not acknowledged */
	bool own_syn;   /* our SYN likewise */
	bool stalled;   /* payload waits behind a zero window */
};

#define WAYS 13

extern const struct way ways[WAYS];

/* Fills the send queue until the peer's window is shut. */
int way_stall(struct tcp_pair *pair);

/* shutdown(SHUT_WR): FIN_WAIT2 when the peer hears it. */
int way_send_fin(struct tcp_pair *pair);

/* The same to a peer that hears nothing: FIN_WAIT1. */
int way_fin_into_void(struct tcp_pair *pair);

/* Both ends shut down, neither hears the other's acknowledgement: CLOSING. */
int way_fins_cross(struct tcp_pair *pair);

/* The peer's FIN is there, ours is sent to a peer that hears no more: LAST_ACK. */
int way_last_fin_into_void(struct tcp_pair *pair);

#endif
