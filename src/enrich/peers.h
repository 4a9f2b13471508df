/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers: which socket is at the other end of a connection, where that is on this host. The pass
 * over all descriptors fills the index with the connections that it meets, a dump with all; then
 * each listed socket finds its other end in it.
 *
 * Unix sockets know the inode of their peer, and the index has its name. A client that nobody has
 * accepted has a peer without an inode; the listener, which tells the inodes of those that wait,
 * gives it its name. TCP sockets know two addresses: the other end has the same ones swapped.
 */
#ifndef LINGERSTAT_ENRICH_PEERS_H
#define LINGERSTAT_ENRICH_PEERS_H

#include "enrich/owners.h"
#include "model/socket.h"

struct peers;

/* Returns NULL when memory is short. */
struct peers *peers_new(void);
void peers_free(struct peers *peers);

/* A socket_sink: adds a unix or TCP socket to the index `ctx`. Other kinds, and TCP sockets
 * without two ends, are passed over. Returns 0 or -ENOMEM. */
int peers_add(void *ctx, struct socket *sk);

/* The same for a TCP socket that a process holds, of which the record tells the ends. */
int peers_add_held(struct peers *peers, const struct owner_record *record);

/* Called some work before peers_add_held() and peers_join(): memory is fetched meanwhile. */
void peers_await_held(const struct peers *peers, const struct owner_record *record);
void peers_await(const struct peers *peers, const struct socket *sk);

/* Called by peers_join() for a TCP socket whose other end the index does not have: it may add some,
 * and returns true when to look once more is worth the while. */
typedef bool (*peers_missing)(void *ctx, const struct socket *sk);
void peers_on_missing(struct peers *peers, peers_missing missing, void *ctx);

/* Fills sk->other but for its holders. What the index does not have (another network namespace,
 * another host, younger than the index) stays unknown; so does a TCP socket whose addresses more
 * than one socket has. A name is valid until peers_free(); no unix socket may be added after the
 * first call. */
void peers_join(struct peers *peers, struct socket *sk);

#endif
