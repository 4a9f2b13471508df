/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The close lab's vocabulary: what a scenario is made of. The table itself is in scenarios.c.
 */
#ifndef LINGERSTAT_CLOSELAB_SCENARIO_H
#define LINGERSTAT_CLOSELAB_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

/* The state that the socket under test is in when the forecast is asked for. */
enum lab_state {
	EST,
	CW,         /* CLOSE_WAIT: the peer's FIN has arrived */
	FW1,        /* FIN_WAIT1: shutdown(SHUT_WR), the FIN not acknowledged */
	FW2,        /* FIN_WAIT2: the same, acknowledged */
	CLOSING,    /* both shut down, neither FIN acknowledged */
	LAST_ACK,   /* the peer first, then we; our FIN not acknowledged */
	SYN_SENT,   /* connecting to a listener that hears nothing */
	LISTEN,     /* with `waiting` connections not accepted */
	UNACCEPTED, /* the connection itself, seen from the listener's side */
	TIME_WAIT,  /* closed, its minisocket is left */
	ORPHAN,     /* closed with data behind a zero window */
	LAB_STATES
};

enum lab_linger { OFF, L0, L1, L5, FOREVER, LAB_LINGERS };

/* The send queue. */
enum lab_send {
	EMPTY,
	SLOW,    /* draining over a link of 1 Mbit/s */
	ZEROWIN, /* the peer does not read and its window is shut */
	GONE,    /* the peer hears nothing */
	CORKED,  /* 100 bytes behind TCP_CORK */
	LAB_SENDS
};

/* The receive queue. In CW, CLOSING and LAST_ACK the peer's FIN follows what is said here. */
enum lab_recv { NOTHING, BYTE, MANY, EOF_READ, LAB_RECVS };

/* Who refers to the socket. With more than one, the lab first lets one go and demands that
 * nothing happens; the action is then the last one's. */
enum lab_refs { ONE, DUP, FORK, FLIGHT, LAB_REFS };

/* INTERRUPT: close, and SIGKILL while it waits. The last three: shutdown(), then close. */
enum lab_action { CLOSE, EXIT, KILL, INTERRUPT, WR_CLOSE, RD_CLOSE, RDWR_CLOSE, LAB_ACTIONS };

enum lab_family { V4, V6 };

/* Options that change what close() does. */
enum lab_option { PLAIN, REPAIR, LINGER2, LAB_OPTIONS };

/* What happens after the action, which the forecast can only warn of. */
enum lab_event {
	NO_EVENT,
	PEER_SENDS,  /* a byte for a socket that is closed: RST, all unsent is lost */
	PEER_LEAVES, /* the peer closes with our data unread: RST */
	LAB_EVENTS
};

/* Outcomes, in the order of design and tool; a set of them is a mask of 1 << outcome. */
enum lab_outcome { FIN, BACKGROUND, BLOCKS, RESET, SILENT, NONE, LAB_OUTCOMES };

struct scenario {
	enum lab_state state;
	enum lab_linger linger;
	enum lab_send send;
	enum lab_recv recv;
	enum lab_refs refs;
	enum lab_action action;
	enum lab_family family;
	enum lab_outcome wants; /* what Linux does, as the kernel's source has it */
	bool nonblock;
	enum lab_option option;
	enum lab_event event;
	int waiting; /* LISTEN: how many connections wait */
	bool smoke;  /* in the small set that every build runs */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* The scenario in words, such as "established, linger 5, zero window, close". */
void scenario_name(const struct scenario *s, char *name, size_t size);

const char *lab_outcome_word(enum lab_outcome outcome);

/* The outcome a word names; LAB_OUTCOMES if none. */
enum lab_outcome lab_outcome_from(const char *word);

/* l_onoff and l_linger of each linger. */
bool lab_linger_on(enum lab_linger linger);
int lab_linger_seconds(enum lab_linger linger);

/* Payload bytes that wait for the socket under test. */
int lab_recv_bytes(enum lab_recv recv);

#endif
