/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ephemeral ports in use per destination. What connect() runs out of is not ports as such: it
 * takes a port of net.ipv4.ip_local_port_range whose 4-tuple (local address, port, peer address,
 * peer port) is free (__inet_hash_connect() in net/ipv4/inet_hashtables.c). So ports are counted
 * for each destination: a local address, a peer address and a peer port; TIME_WAIT counts too, as
 * its 4-tuple is taken until it ends (tcp_tw_reuse may give it away sooner).
 *
 * What cannot be had for any destination is taken off the range: ip_local_reserved_ports, and the
 * ports of listeners, which bind() has taken. Other ports that a program has bound by itself are
 * not to be told apart, so the number that is available is an upper bound. TCP alone.
 *
 * All this is each network namespace's own: of several, a destination is one namespace's.
 */
#ifndef LINGERSTAT_COUNT_PORTS_H
#define LINGERSTAT_COUNT_PORTS_H

#include "model/socket.h"

#define PORT_COUNT 65536

/* A set of ports, one bit each. */
struct port_set {
	uint8_t bits[PORT_COUNT / 8];
};

static inline bool port_set_has(const struct port_set *s, uint16_t port)
{
	return s->bits[port >> 3] & (1u << (port & 7));
}

static inline void port_set_add(struct port_set *s, uint16_t port)
{
	s->bits[port >> 3] |= (uint8_t)(1u << (port & 7));
}

/* Where connect() takes ports from. */
struct port_range {
	bool known;
	uint16_t low, high;       /* inclusive */
	struct port_set reserved; /* ip_local_reserved_ports */
};

/* What a destination is. IPv4 inside IPv6 is IPv4: the kernel's 4-tuple is the same. */
struct destination {
	uint64_t netns; /* inode; 0: the only one */
	uint8_t family;
	uint8_t zero;
	uint16_t peer_port;
	uint32_t scope; /* of link-local addresses, else 0 */
	uint8_t local[16];
	uint8_t peer[16];
};

struct destination_use {
	uint64_t ports; /* in use; never too high */
	uint64_t time_wait;
};

struct ports;

/* Takes the range, which must stay until ports_free(). Returns NULL when memory is short. */
struct ports *ports_new(const struct port_range *range);
void ports_free(struct ports *ports);

/* Begins another namespace, with its inode: what is added from here on is there. To be called
 * while the range is still that of the namespace before. Returns 0 or -ENOMEM. */
int ports_enter(struct ports *ports, uint64_t netns);

/* Adds a socket; those that hold no port of the range for a destination change nothing. Listeners
 * should come first, as they do in the kernel's dump. Returns 0 or -ENOMEM. */
int ports_add(struct ports *ports, const struct socket *sk);

/* Ends the counting: the destination with most ports comes first. Returns 0 or -ENOMEM. */
int ports_finish(struct ports *ports);

/* What one namespace has, once the counting has ended. */
struct port_space {
	uint64_t netns;
	bool known;         /* the range */
	uint16_t low, high; /* of the range */
	int64_t available;  /* how many ports one destination can have */
};

/* How many namespaces there are, and the i-th in the order of their inodes. */
size_t ports_spaces(const struct ports *ports);
const struct port_space *ports_space(const struct ports *ports, size_t i);

/* How many ports a destination can have. */
int64_t ports_available_to(const struct ports *ports, const struct destination *d);

/* How many destinations there are, and the i-th in order. */
size_t ports_count(const struct ports *ports);
const struct destination *ports_item(const struct ports *ports, size_t i,
				     const struct destination_use **use);

/* Ports in use for the destination that is nearest to its limit, and that limit. Where there is no
 * destination, 0 of what is the least that one could have; UNKNOWN where a range is not known. */
int64_t ports_used(const struct ports *ports);
int64_t ports_available(const struct ports *ports);

#endif
