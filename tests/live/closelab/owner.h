/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner: a process of its own that holds the socket under test and does what it is told, so
 * that it can exit or be killed while the referee goes on watching.
 */
#ifndef LINGERSTAT_CLOSELAB_OWNER_H
#define LINGERSTAT_CLOSELAB_OWNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "scenario.h"
#include "../tcp.h"

enum order {
	ORDER_CONNECT,     /* to the port `arg` */
	ORDER_CONNECT_ON,  /* the same, without waiting for the connection */
	ORDER_LISTEN,      /* result: the port */
	ORDER_DRESS,       /* linger, O_NONBLOCK and options of the scenario */
	ORDER_REPAIR,      /* TCP_REPAIR on */
	ORDER_WRITE,       /* `arg` bytes, as many as go; result: how many went */
	ORDER_FILL,        /* until the peer's window is shut; result: how many went */
	ORDER_WAIT_UNREAD, /* until `arg` bytes wait */
	ORDER_WAIT_QUEUE,  /* until `arg` connections wait for accept() */
	ORDER_WAIT_STATE,  /* until the state is `arg` */
	ORDER_READ_EOF,
	ORDER_SHUT,    /* shutdown(`arg`) */
	ORDER_SHARE,   /* make the second reference */
	ORDER_UNSHARE, /* let one of the two references go */
	ORDER_TRUTH,
	ORDER_CLOSE, /* let the last reference go; the truth is read just before */
	ORDER_EXIT,  /* no reply */
};

struct reply {
	int64_t result; /* what the order says, 0, or a negative errno */
	int64_t us;     /* ORDER_CLOSE: how long it took */
	bool slept;     /* ORDER_CLOSE: it waited for something; a busy CPU does not count */
	struct truth truth;
};

struct owner {
	pid_t pid;
	int line; /* orders go in, replies come out */
};

/* Starts the owner of a scenario; it dies with its parent. 0 or a negative errno. */
int owner_start(struct owner *owner, const struct scenario *s);

/* Gives an order without waiting for its reply. */
int owner_tell(const struct owner *owner, enum order order, int64_t arg);

/* Waits at most `ms` for a reply: 0, -ETIMEDOUT, or another negative errno. */
int owner_hear(const struct owner *owner, struct reply *reply, int ms);

/* Order and reply in one; gives the reply's result. `reply` may be NULL. */
int64_t owner_do(const struct owner *owner, enum order order, int64_t arg, struct reply *reply);

/* Waits for the owner to end, at most `ms`: 0 or -ETIMEDOUT. */
int owner_wait(struct owner *owner, int ms);

#endif
