/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP sockets for the live tests: pairs over loopback, brought into any state on purpose, and
 * what the test itself knows of a socket through its descriptor.
 *
 * Packets vanish by a socket filter, not by a firewall: tcp_v4_rcv() and tcp_v6_rcv() ask the
 * receiving socket's SO_ATTACH_FILTER before TCP sees the segment, so a filter that keeps nothing
 * makes its owner unreachable, needs no privilege and no tool, and touches one socket only.
 *
 * Functions give 0 (or a descriptor, or a count) and a negative errno when they fail; those that
 * wait give -ETIMEDOUT when WAIT_MS have passed. Every descriptor is close-on-exec, so that the
 * tool under test never inherits one. `family` is AF_INET or AF_INET6 throughout.
 */
#ifndef LINGERSTAT_TESTS_TCP_H
#define LINGERSTAT_TESTS_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* How long a condition may take to become true. Over loopback that is a millisecond, but when the
 * machine is busy segments wait for ksoftirqd, and that for its turn. */
#define WAIT_MS 20000

/* States as include/net/tcp_states.h numbers them; netinet/tcp.h has the first eleven. */
#define TCP_STATE_NEW_SYN_RECV 12

struct tcp_pair {
	int family;
	int listener;
	int near; /* the end that connected */
	int far;  /* the end that was accepted */
	uint16_t near_port;
	uint16_t far_port; /* the listener's too */
};

/* Milliseconds of the monotonic clock. */
int64_t now_ms(void);

/* Sleeps one millisecond, or LINGERSTAT_NAP_MS of them where looks are dear; gives false when `end`
 * (of now_ms()) has passed. For polling loops. */
bool nap_before(int64_t end);

/* A listener on loopback at a port the kernel picks, its number in *port. `rcvbuf` above 0 is
 * set with SO_RCVBUF before listen(), so that accepted sockets inherit it. */
int tcp_listen(int family, int rcvbuf, uint16_t *port);

/* A socket connecting to loopback at `port`. With SOCK_NONBLOCK in `flags` it may be on its way
 * still; without, it is connected. */
int tcp_connect(int family, uint16_t port, int flags);

/* Accepts one connection. */
int tcp_accept(int listener);

/* An established pair with its listener; `far_rcvbuf` as in tcp_listen(). Close with
 * tcp_pair_close().
 */
int tcp_pair_open(struct tcp_pair *pair, int family, int far_rcvbuf);
void tcp_pair_close(struct tcp_pair *pair);

/* Closes *fd if it is open and sets it to -1. */
void drop_fd(int *fd);

/* Port of the socket's own end, or of the other end; 0 when it has none. */
uint16_t local_port(int fd);
uint16_t peer_port(int fd);

/* Every segment that arrives for `fd` vanishes, or is taken again. */
int tcp_deafen(int fd);
int tcp_hear(int fd);

/* Only segments with SYN are taken: a listener's connections stay in SYN_RECV. */
int tcp_hear_syn_only(int fd);

int tcp_set_linger(int fd, bool on, int seconds);

/* tcpi_state, or a negative errno. */
int tcp_state(int fd);
int tcp_wait_state(int fd, int state);

/* Waits until so many connections wait in the listener's queue: connect() returns before the last
 * segment of the handshake has reached the listener. */
int tcp_wait_waiting(int listener, unsigned int connections);

/* Writes until the send queue takes no more; gives the bytes written. Leaves O_NONBLOCK as it
 * was. */
ssize_t tcp_fill(int fd);

/* Fills the send queue of `fd`, whose peer does not read, until the peer's window is shut: what
 * is queued is unsent and nothing is in flight. Gives all bytes written. */
ssize_t tcp_fill_to_zero_window(int fd);

/* Waits until SIOCINQ of `fd` shows at least `bytes`. */
int tcp_wait_readable(int fd, int bytes);

/* Waits until the send queue of `fd` is empty, its FIN included. */
int tcp_wait_drained(int fd);

/* What the descriptor itself tells. Queue fields are -1 where the ioctl refuses (listeners). */
struct truth {
	int fd;
	int family;
	int state;
	struct sockaddr_storage local;
	struct sockaddr_storage peer; /* ss_family 0: not connected */
	int outq;                     /* SIOCOUTQ: write_seq - snd_una, a FIN included */
	int outqnsd;                  /* SIOCOUTQNSD: write_seq - snd_nxt, likewise */
	int inq;                      /* SIOCINQ: payload only */
	uint32_t inode;
	uint64_t cookie;
	struct linger linger;
};

int truth_read(int fd, struct truth *truth);

#endif
