/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the program behind a listener could be restarted: its sockets close with it, and a new
 * one binds the same address and listens. Filled by judge_restart() and kept for the whole run.
 */
#ifndef LINGERSTAT_MODEL_RESTART_H
#define LINGERSTAT_MODEL_RESTART_H

#include "model/socket.h"

/* Why the answer is what it is: stable words. */
enum restart_reason {
	RESTART_FREE,      /* yes: nothing would be in the way */
	RESTART_REUSE,     /* yes: what stands there shares the port, as both sides have set it */
	RESTART_PASSED_ON, /* yes: a service manager holds the listener and passes it on */
	RESTART_HELD,      /* no: another process keeps this very socket */
	RESTART_LISTENER,  /* no: another socket listens, of UDP: is bound, at the address */
	RESTART_BOUND,     /* no: a socket is bound there and idle */
	RESTART_CONNECTION,
	RESTART_ORPHAN, /* no: closed connections that are not over */
	RESTART_TIME_WAIT,
	RESTART_HOLDERS_UNKNOWN, /* ?: not every process could be read */
	RESTART_OPTIONS_UNKNOWN, /* ?: nobody could read SO_REUSEADDR or SO_REUSEPORT */
	RESTART_ENDING,          /* ?: it hangs on how connections of the program end */
	RESTART_NOT_JUDGED,      /* ?: no rules for it here, or sockets could not be listed */
	RESTART_REASON_COUNT,
};

/* The word: `time-wait`. */
const char *restart_reason_name(enum restart_reason reason);

/* `yes`, `no`, `unknown`. */
const char *restart_answer_name(enum tri answer);

/* What a new bind may set, as bits: BIND_REUSEADDR alone is one kind of bind, both another. */
enum { BIND_PLAIN = 0, BIND_REUSEADDR = 1, BIND_REUSEPORT = 2, BIND_BOTH = 3, BIND_COUNT = 4 };

/* What becomes of a listener's holders when its program ends. */
struct program {
	enum tri ends;  /* all of them end with it; TRI_NO: `pid` keeps the listener */
	bool passed_on; /* one is a service manager, which keeps it for the next program */
	uint32_t pid;
	char comm[16];
};

/* One of those that refuse, the worst. */
struct restart_blocker {
	enum sock_state state;
	uint32_t pid; /* 0: no process, or not known */
	char comm[16];
};

struct restart {
	enum tri works; /* the new program sets what the old one has set */
	enum restart_reason reason;
	/* The same for each choice of options, once all who hold the listener are gone. */
	enum tri binds[BIND_COUNT];
	enum tri had_reuseaddr, had_reuseport; /* of the old listener */
	uint32_t blockers; /* sockets that refuse the bind, or may, where the answer is not yes */
	struct restart_blocker first;
	/* What stands at an address and device that overlap, and would not go with the program. */
	uint32_t total;
	uint32_t states[STATE_COUNT];
	uint32_t listeners; /* of these, other listeners */
	uint32_t assumed;   /* of these, sockets whose options are not known and were taken to
			     * be the listener's: TIME_WAIT, orphans, unread holders */
};

/* True for a row that has an answer at all: it listens, or is a UDP socket with a port of its own
 * and no peer. */
bool restart_applies(const struct socket *sk);

/* True where the judge has rules for it besides: TCP, UDP, UDP-Lite. */
bool restart_has_rules(const struct socket *sk);

#endif
