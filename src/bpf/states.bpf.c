/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the TCP sockets of the reader's network namespace by state, inside the kernel: an iterator
 * program (bpf_iter/tcp, net/ipv4/tcp_ipv4.c) that writes nothing. It counts a socket under the
 * state that sock_diag would give it (inet_diag_dump_icsk(), inet_twsk_diag_fill(),
 * inet_req_diag_fill()), so that the two agree. The tables that it walks are those of listeners and
 * of connections: sockets that are bound and nothing else are in neither.
 */
#include "bpf/program.h"

#include "bpf/states_counts.h"

#define AF_INET6 10

/* include/net/tcp_states.h */
#define TCP_FIN_WAIT1    4
#define TCP_FIN_WAIT2    5
#define TCP_TIME_WAIT    6
#define TCP_LAST_ACK     9
#define TCP_CLOSING      11
#define TCP_NEW_SYN_RECV 12
#define TCP_SYN_RECV     3

#define CLOSED_STATES \
	(1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING)

struct sock_common {
	unsigned short skc_family;
	volatile unsigned char skc_state;
} KERNEL;

struct socket;

struct sock {
	struct socket *sk_socket;
} KERNEL;

struct inet_timewait_sock {
	unsigned char tw_substate;
} KERNEL;

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
} KERNEL;

/* Shared with the reader's memory. One reader walks the iterator, so nobody else writes. */
struct states_counts counts;

static __always_inline void count(struct sock_common *sk, unsigned int kind, unsigned int state)
{
	counts.sockets[sk->skc_family == AF_INET6][kind][state % STATES_COUNTS_STATES]++;
}

/* Only a closed one can be an orphan: the others' struct socket is a line of memory not to touch.
 */
static __always_inline void count_full(struct sock_common *sk, unsigned int state)
{
	struct sock *full = (struct sock *)sk;

	if ((CLOSED_STATES >> state & 1) && !BPF_CORE_READ(full, sk_socket))
		count(sk, STATES_COUNTS_ORPHAN, state);
	else
		count(sk, STATES_COUNTS_FULL, state);
}

SEC("iter/tcp")
int count_states(struct bpf_iter__tcp *ctx)
{
	struct sock_common *sk = ctx->sk_common;
	unsigned int state;

	if (!sk) { /* the call at the end of the pass */
		counts.whole = 1;
		return 0;
	}
	state = sk->skc_state;
	if (state == TCP_TIME_WAIT)
		count(sk, STATES_COUNTS_MINI,
		      BPF_CORE_READ((struct inet_timewait_sock *)sk, tw_substate));
	else if (state == TCP_NEW_SYN_RECV)
		count(sk, STATES_COUNTS_MINI, TCP_SYN_RECV);
	else
		count_full(sk, state);
	return 0;
}
