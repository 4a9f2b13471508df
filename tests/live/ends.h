/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two ends of what is not TCP: UDP, the unix kinds, MPTCP; opened, filled, closed and watched.
 * Functions give 0 and a negative errno when they fail.
 */
#ifndef LINGERSTAT_TESTS_ENDS_H
#define LINGERSTAT_TESTS_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define PROTO_MPTCP 262 /* IPPROTO_MPTCP, which older headers do not have */

/* How the two ends come to know each other. */
enum meeting {
	BY_PAIR,     /* socketpair() */
	BY_PATH,     /* a name in the file system */
	BY_ABSTRACT, /* a name beside it */
	BY_PORT,     /* loopback */
};

struct kind {
	const char *name;  /* for the test's name */
	const char *netid; /* in JSON */
	const char *option;
	int domain, type, protocol;
	enum meeting meeting;
};

/* `near` is the socket under test: the accepted one of a unix pair (it has the name), the one
 * that connected of an MPTCP pair. Datagram sockets are connected to each other. */
struct ends {
	const struct kind *kind;
	int listener; /* -1 where there is none */
	int near;
	int far;
	struct sockaddr_storage name; /* the listener's, or near's own for datagrams */
	socklen_t name_length;
};

/* True for kinds whose messages have no order, no end and no connection. */
bool is_datagram(const struct kind *kind);

/* A listener of the kind at a name of its own. Gives the descriptor. */
int ends_listen(struct ends *ends, const struct kind *kind);

/* `far_rcvbuf` above 0 makes the far end's receive buffer that small (MPTCP). */
int ends_open(struct ends *ends, const struct kind *kind, int far_rcvbuf);
void ends_close(struct ends *ends);

/* A client of the listener. Gives the descriptor. */
int ends_connect(const struct ends *ends);

/* Another socket with the name that near had. Gives the descriptor. */
int ends_bind_again(const struct ends *ends);

/* Sends that many bytes, one message, and waits until the other side can read. */
int ends_send(int from, int to, size_t bytes);

/* Sends until no more is taken. Gives the bytes. */
ssize_t ends_fill(int from);

/* What became of the far end. */
struct fate {
	size_t bytes; /* that it could still read */
	bool reset;   /* it read ECONNRESET */
	bool eof;
	int error; /* any other error, or 0 */
};

/* Reads the far end until EOF, or until nothing comes for `patience_ms`. A reset does not end
 * the reading: SOCK_SEQPACKET tells of it before it gives what had arrived. */
struct fate ends_watch(int far, int patience_ms);

#endif
