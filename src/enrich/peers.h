/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers: which socket is at the other end of a connection, where that is on this host. A dump
 * made before the listing fills the index; then each listed socket finds its other end in it.
 *
 * Unix sockets know the inode of their peer, and the index has its name. A client that nobody has
 * accepted has a peer without an inode; the listener, which tells the inodes of those that wait,
 * gives it its name. TCP sockets know two addresses: the other end has the same ones swapped.
 */
#ifndef LINGERSTAT_ENRICH_PEERS_H
#define LINGERSTAT_ENRICH_PEERS_H

#include "model/socket.h"

struct peers;

/* Returns NULL when memory is short. */
struct peers *peers_new(void);
void peers_free(struct peers *peers);

/* A socket_sink: adds a unix or TCP socket to the index `ctx`. Other kinds, and TCP sockets
 * without two ends, are passed over. Returns 0 or -ENOMEM. */
int peers_add(void *ctx, struct socket *sk);

/* Fills sk->other but for its holders. What the index does not have (another network namespace,
 * another host, younger than the index) stays unknown; so does a TCP socket whose addresses more
 * than one socket has. A name is valid until peers_free(); nothing may be added after the first
 * call. */
void peers_join(const struct peers *peers, struct socket *sk);

#endif
