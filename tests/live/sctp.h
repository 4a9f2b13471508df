/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCTP sockets for the live tests, over loopback: pairs, one-to-many sockets, what stops between
 * them, and the tool's rows of them. tcp.h and ends.h have what is not SCTP's own. Functions fail
 * the cmocka test where something cannot be made; every descriptor is close-on-exec.
 */
#ifndef LINGERSTAT_TESTS_SCTP_H
#define LINGERSTAT_TESTS_SCTP_H

#include <linux/sctp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "harness.h"

/* Types of chunks (RFC 9260, 3.2). */
#define CHUNK_COOKIE_ECHO 10

/* One-to-one: `near` is the socket under test, which has connected. One-to-many: it listens, is its
 * own listener, and `far` and `second` have connected to it. */
struct sctp_pair {
	int listener;
	int near;
	int far;
	int second;
	uint16_t port; /* the listener's */
};

/* Skips the test, with the reason, on a kernel without SCTP. */
void sctp_need(void);

/* A listener at loopback: SOCK_STREAM for one-to-one, SOCK_SEQPACKET for one-to-many; its port in
 * *port. */
int sctp_listen(int family, int type, uint16_t *port);

/* A one-to-one socket that connects to a port of loopback. With SOCK_NONBLOCK in `flags` it may be
 * on its way still. */
int sctp_connect(int family, uint16_t port, int flags);

void sctp_open_pair(struct sctp_pair *pair, int family);
void sctp_open_many(struct sctp_pair *pair);
void sctp_close_pair(struct sctp_pair *pair);

/* Subscribes the socket, and those that it will accept, to notifications. */
void sctp_subscribe(int fd, const struct sctp_event_subscribe *events);

/* Packets that begin with this chunk vanish on their way to `fd`. */
void sctp_drop_chunk(int fd, uint8_t chunk);

/* A number of the namespace's /proc/net/sctp/snmp, such as SctpAborteds. */
int64_t sctp_counter(const char *name);

/* The tool's row of the socket's endpoint, or NULL. */
json_t *sctp_endpoint(const struct listing *listing, int fd);

/* The row of the socket's association with this port at the peer; 0: of any. NULL: none. */
json_t *sctp_association(const struct listing *listing, int fd, uint16_t peer_port);

/* `list -S -a -p`, with one more word or NULL; it must succeed. */
void sctp_list(struct listing *listing, const char *word);

/* Lists until the socket has an association in that state; fails where it never comes. The listing
 * is the caller's, the row is in it. */
json_t *sctp_wait_state(struct listing *listing, int fd, const char *state);

#endif
