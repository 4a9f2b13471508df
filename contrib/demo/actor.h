/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The actors: processes of their own that do what the director tells them, one order at a time,
 * with plain socket calls. A client and a server are actors alike.
 */
#ifndef DEMO_ACTOR_H
#define DEMO_ACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum order {
	DO_LISTEN,     /* on 127.0.0.1, with a small receive buffer; gives the port */
	DO_CONNECT,    /* n: the port; gives the own port */
	DO_ACCEPT,     /* and closes the listener */
	DO_LINGER,     /* n: SO_LINGER {on, n} */
	DO_WRITE,      /* n: bytes; fails when the kernel does not take them all */
	DO_SHUT_WRITE, /* shutdown(SHUT_WR) */
	DO_READ,       /* to the end; gives the bytes read since the actor began, and the end */
	DO_CLOSE,      /* gives the microseconds that close() took */
	DO_LOOK,       /* gives the queues */
	DO_SHARE,      /* forks a child that holds the same sockets */
	DO_UNSHARE,    /* ends that child, and comes back when it is gone */
};

/* How a connection ended for its reader. */
enum end { END_NOT_SEEN, END_EOF, END_RESET };

/* What the descriptor itself tells: the demonstration's own knowledge, not the tool's. */
struct queues {
	int state; /* TCP_ESTABLISHED and so on; 0 without a socket */
	int unread;
	int outstanding; /* as SIOCOUTQ counts: our FIN included */
	int unsent;
	bool stalled; /* all that is outstanding is unsent, and the window is shut */
};

struct answer {
	int error; /* 0 or an errno */
	int64_t n;
	bool slept; /* a close() waited, and was not only kept waiting for a CPU */
	enum end end;
	struct queues queues;
};

struct actor {
	const char *name;
	pid_t pid;
	int wire; /* orders go out, answers come in */
};

/* Starts an actor whose process is called `name` (at most 15 bytes). Gives 0 or -errno. */
int actor_start(struct actor *actor, const char *name);

/* Gives an order and does not wait. Gives 0 or -errno. */
int actor_tell(struct actor *actor, enum order order, int64_t n);

/* Waits for the answer to the last order. Gives 0, the actor's own -errno, -EAGAIN when there is
 * no answer after `ms` milliseconds, or -EPIPE when the actor is gone. */
int actor_hear(struct actor *actor, struct answer *answer, int ms);

/* Both at once, for orders that are done soon. A failure is told on stderr. */
int actor_do(struct actor *actor, enum order order, int64_t n, struct answer *answer);

/* Ends an actor, whatever it is doing. */
void actor_end(struct actor *actor);

#endif
