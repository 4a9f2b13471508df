/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The census: a walk over the TCP sockets of the caller's network namespace, or of every one that
 * shares its table, that says no more than which there are. It reads the kernel's own hash tables,
 * slot by slot, as a lookup does
 * (__inet_lookup_established() in net/ipv4/inet_hashtables.c): under RCU, without a lock and
 * without a reference. It changes nothing and holds up nobody. The kernel's own iterator over TCP
 * (bpf_iter/tcp) is not used: until 6.1.183, 6.6.152, 6.12.104, 6.18.45 and 7.1.9 it takes
 * references of request sockets that have none yet, and connections that come in meanwhile can then
 * bring the kernel down (CVE-2026-74714).
 *
 * Who is in a slot's chain all the time is seen. A chain's end carries its slot's number (the
 * "nulls" of Documentation/RCU/rculist_nulls.rst), and each socket its hash: where one of them is
 * of another slot, a socket was freed and used again under the walker's feet, and the slot is
 * walked once more. A socket that comes or goes meanwhile is seen or not.
 *
 * Sockets that are bound and nothing else stand in chains of another kind, without such ends: there
 * each member says what led to it, and where that is not the way that the walker came, the slot is
 * walked once more.
 *
 * It is run by BPF_PROG_RUN, in the caller's context: as a raw tracepoint's program, which is never
 * attached to anything, as these run under rcu_read_lock() (bpf_prog_test_run_raw_tp()).
 *
 * Wanted of the kernel: bpf_loop() and relocation inside a light skeleton (5.17).
 */
#include "bpf/program.h"

#include "bpf/census_kernel.h"
#include "bpf/census_record.h"

/* linux/bpf.h, which needs those headers too */
#define BPF_MAP_TYPE_ARRAY 2
#define BPF_F_MMAPABLE     (1U << 10)

#define AF_INET  2
#define AF_INET6 10

/* include/net/tcp_states.h */
#define TCP_FIN_WAIT1    4
#define TCP_FIN_WAIT2    5
#define TCP_TIME_WAIT    6
#define TCP_CLOSE        7
#define TCP_LAST_ACK     9
#define TCP_CLOSING      11
#define TCP_NEW_SYN_RECV 12
#define CLOSED_STATES \
	(1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING)

/* include/net/inet_hashtables.h: keeps the ends of listeners' chains apart from the others'. */
#define LISTENING_NULLS_BASE (1U << 29)

#define HEADS_AT_ONCE 8
#define STEPS_A_CALL  65536
#define AGAIN_MAX     65536

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct census_area);
} area SEC(".maps");

/* A socket is copied in one piece, so that what it says of itself and of its successor belong
 * together as far as that is possible without a lock. */
#define COPY_WORDS 24

/* The size must be that which is_another_kernel() demands. */
#define FIELD(copy, type, field) \
	(*(type *)((char *)(copy) + bpf_core_field_offset(struct sock_common, field)))

static inline struct census_area *get_area(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&area, &zero);
}

/* Leaves the loop. */
static inline long stop(struct census_area *a, enum census_end end)
{
	a->end = end;
	return 1;
}

/* Forgets what the slot has given so far, and walks it once more. */
static inline long walk_again(struct census_area *a)
{
	a->count = a->kept;
	a->in_chain = 0;
	return ++a->again > AGAIN_MAX ? stop(a, CENSUS_LOST) : 0;
}

/* No room for the rest of a chain: the slot waits for the next call. */
static inline long leave_slot(struct census_area *a)
{
	a->in_chain = 0;
	a->count = a->kept;
	return stop(a, a->kept ? CENSUS_FULL : CENSUS_TOO_LONG);
}

static inline long next_slot(struct census_area *a)
{
	a->in_chain = 0;
	a->kept = a->count;
	a->slot++;
	return 0;
}

static inline __u64 head_size(const struct census_area *a)
{
	return a->table == CENSUS_LISTENERS ? bpf_core_type_size(struct inet_listen_hashbucket)
					    : bpf_core_type_size(struct inet_ehash_bucket);
}

/* Most slots of a large table are empty: passes over several at once. An empty one holds the end
 * mark, an odd number. */
static inline int skip_empty(struct census_area *a)
{
	__u64 heads[HEADS_AT_ONCE], all = 1;

	if (a->table != CENSUS_CONNECTIONS || head_size(a) != sizeof(heads[0]) ||
	    a->slot % HEADS_AT_ONCE || a->slot + HEADS_AT_ONCE > a->slots)
		return 0;
	if (bpf_probe_read_kernel(heads, sizeof(heads),
				  (void *)(a->heads + (__u64)a->slot * sizeof(heads[0]))))
		return 0;
	for (int i = 0; i < HEADS_AT_ONCE; i++)
		all &= heads[i];
	if (!(all & 1))
		return 0;
	a->slot += HEADS_AT_ONCE;
	return 1;
}

static inline long enter_slot(struct census_area *a)
{
	if (a->slot >= a->slots)
		return stop(a, CENSUS_WHOLE);
	if (skip_empty(a))
		return 0;
	if (bpf_probe_read_kernel(&a->node, sizeof(a->node),
				  (void *)(a->heads + a->slot * head_size(a))))
		return stop(a, CENSUS_LOST);
	if (a->node & 1)
		return next_slot(a);
	a->in_chain = 1;
	return 0;
}

static inline long end_chain(struct census_area *a)
{
	__u32 number = (__u32)(a->node >> 1);

	if (a->table == CENSUS_LISTENERS)
		number &= ~LISTENING_NULLS_BASE;
	return number == a->slot ? next_slot(a) : walk_again(a);
}

static inline int is_wanted(const struct census_area *a, const __u64 *copy)
{
	__u32 state = FIELD(copy, __u8, skc_state);

	if (!a->every && FIELD(copy, __u64, skc_net.net) != a->net)
		return 0;
	if (state > 31)
		return 0;
	/* A minisocket in FIN_WAIT2 is in TIME_WAIT here (tw_substate). */
	if (state == TCP_TIME_WAIT && a->states & 1U << TCP_FIN_WAIT2)
		return 1;
	return (a->states >> state) & 1;
}

/* A kernel without these members has no such sockets, unless they have other names there. */
static inline int has_ends(const __u64 *copy)
{
	return FIELD(copy, __u16, skc_family) != AF_INET6 ||
	       bpf_core_field_exists(struct sock_common, skc_v6_daddr);
}

static inline void put_addresses(struct census_record *r, const __u64 *copy)
{
	if (r->family == AF_INET6 && bpf_core_field_exists(struct sock_common, skc_v6_daddr)) {
		for (int i = 0; i < 4; i++) {
			r->local[i] = (&FIELD(copy, __u32, skc_v6_rcv_saddr))[i];
			r->peer[i] = (&FIELD(copy, __u32, skc_v6_daddr))[i];
		}
		return;
	}
	r->local[0] = FIELD(copy, __u32, skc_rcv_saddr);
	r->peer[0] = FIELD(copy, __u32, skc_daddr);
	for (int i = 1; i < 4; i++)
		r->local[i] = r->peer[i] = 0;
}

/* What is told of only some states lies beyond what was copied, in a line of memory that is better
 * not touched without need. Only a closed socket can be an orphan. */
static inline void put_kind(struct census_record *r, __u64 from)
{
	r->substate = r->orphan = 0;
	if (r->state == TCP_TIME_WAIT)
		r->substate = BPF_CORE_READ((struct inet_timewait_sock *)from, tw_substate);
	else if (CLOSED_STATES >> (r->state & 31) & 1)
		r->orphan = !BPF_CORE_READ((struct sock *)from, sk_socket);
}

static inline __u32 inode_of(__u64 net)
{
	return BPF_CORE_READ((struct net *)net, ns.inum);
}

static inline void put_record(struct census_record *r, const __u64 *copy)
{
	r->cookie = FIELD(copy, __u64, skc_cookie);
	r->ifindex = FIELD(copy, __u32, skc_bound_dev_if);
	r->local_port = FIELD(copy, __u16, skc_num);
	r->peer_port = FIELD(copy, __u16, skc_dport);
	r->family = FIELD(copy, __u16, skc_family);
	r->state = FIELD(copy, __u8, skc_state);
	put_addresses(r, copy);
}

/* As tcp_diag_get_info() in net/ipv4/tcp_diag.c has them. A minisocket has none. */
static inline void put_queues(struct census_record *r, __u64 from)
{
	struct tcp_sock *tp = (struct tcp_sock *)from;
	__s32 unread;

	r->recv_queue = r->send_queue = 0;
	if (r->state == TCP_TIME_WAIT || r->state == TCP_NEW_SYN_RECV)
		return;
	unread = (__s32)(BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq));
	r->recv_queue = unread > 0 ? (__u32)unread : 0;
	r->send_queue = BPF_CORE_READ(tp, write_seq) - BPF_CORE_READ(tp, snd_una);
}

/* As sock_i_ino() has it, whichever way the kernel keeps it (6.16: in the socket). */
static inline __u32 socket_inode(struct sock *sk)
{
	struct socket *socket;

	if (bpf_core_field_exists(sk->sk_ino))
		return BPF_CORE_READ(sk, sk_ino);
	socket = BPF_CORE_READ(sk, sk_socket);
	return socket ? BPF_CORE_READ((struct socket_alloc *)socket, vfs_inode.i_ino) : 0;
}

/* tcp_diag_get_aux() tells of a protocol above TCP by the same pointer. */
static inline void put_inode(struct census_record *r, __u64 from)
{
	struct inet_connection_sock *icsk = (struct inet_connection_sock *)from;

	r->inode = r->plain = 0;
	if (r->state == TCP_TIME_WAIT || r->state == TCP_NEW_SYN_RECV)
		return;
	r->inode = socket_inode((struct sock *)from);
	if (bpf_core_field_exists(icsk->icsk_ulp_ops))
		r->plain = !BPF_CORE_READ(icsk, icsk_ulp_ops);
}

/* Whether what was read behind the copy is of the socket that the copy is of, and of the same time:
 * it may have closed, and its memory may be another's. */
static inline int is_same(const __u64 *copy, __u64 from)
{
	struct sock_common *now = (struct sock_common *)from;

	return BPF_CORE_READ(now, skc_hash) == FIELD(copy, __u32, skc_hash) &&
	       BPF_CORE_READ(now, skc_state) == FIELD(copy, __u8, skc_state);
}

/* Returns whether there was room. */
static inline int put_socket(struct census_area *a, const __u64 *copy, __u64 from)
{
	__u32 n = a->count;
	struct census_record *r;

	if (n >= CENSUS_RECORDS)
		return 0;
	r = &a->records[n];
	put_record(r, copy);
	put_kind(r, from);
	r->netns = a->every ? inode_of(FIELD(copy, __u64, skc_net.net)) : 0;
	if (a->depth >= CENSUS_QUEUES)
		put_queues(r, from);
	if (a->depth >= CENSUS_INODES)
		put_inode(r, from);
	a->count = n + 1;
	return 1;
}

static inline long take_socket(struct census_area *a)
{
	__u64 copy[COPY_WORDS];
	__u32 size = bpf_core_type_size(struct sock_common);
	__u64 from = a->node - bpf_core_field_offset(struct sock_common, skc_nulls_node);

	if (size > sizeof(copy))
		return stop(a, CENSUS_LOST);
	if (bpf_probe_read_kernel(copy, size, (void *)from))
		return walk_again(a);
	if (a->table == CENSUS_CONNECTIONS &&
	    (FIELD(copy, __u32, skc_hash) & (a->slots - 1)) != a->slot)
		return walk_again(a);
	a->node = FIELD(copy, __u64, skc_nulls_node.next);
	if (!is_wanted(a, copy))
		return 0;
	if (!has_ends(copy))
		return stop(a, CENSUS_LOST);
	if (!put_socket(a, copy, from))
		return leave_slot(a);
	return a->depth == CENSUS_ENDS || is_same(copy, from) ? 0 : walk_again(a);
}

/* --- bound and nothing else ------------------------------------------------------------------ */

static inline long enter_bound_slot(struct census_area *a)
{
	if (a->slot >= a->slots)
		return stop(a, CENSUS_WHOLE);
	a->owner = 0;
	a->from = a->heads + a->slot * bpf_core_type_size(struct inet_bind_hashbucket);
	if (bpf_probe_read_kernel(&a->node, sizeof(a->node), (void *)a->from))
		return stop(a, CENSUS_LOST);
	a->in_chain = a->node != 0;
	return a->node ? 0 : next_slot(a);
}

/* One address and port: its sockets come next, then what follows it in the chain. */
static inline long enter_bucket(struct census_area *a)
{
	struct inet_bind2_bucket *bucket;
	__u64 node[2]; /* next, pprev */

	if (!a->node)
		return next_slot(a);
	bucket = (void *)(a->node - bpf_core_field_offset(struct inet_bind2_bucket, node));
	a->owner_from = (__u64)bucket + bpf_core_field_offset(struct inet_bind2_bucket, owners);
	if (bpf_probe_read_kernel(&a->owner, sizeof(a->owner), (void *)a->owner_from) ||
	    bpf_probe_read_kernel(node, sizeof(node), (void *)a->node) || node[1] != a->from)
		return walk_again(a);
	a->from = a->node;
	a->node = node[0];
	return 0;
}

static inline long take_owner(struct census_area *a)
{
	__u64 copy[COPY_WORDS], node[2]; /* next, pprev */
	__u32 size = bpf_core_type_size(struct sock_common);
	__u64 from = a->owner - bpf_core_field_offset(struct sock_common, skc_bind_node);

	if (size > sizeof(copy))
		return stop(a, CENSUS_LOST);
	if (bpf_probe_read_kernel(node, sizeof(node), (void *)a->owner) || node[1] != a->owner_from)
		return walk_again(a);
	a->owner_from = a->owner;
	a->owner = node[0];
	/* tcp_diag_dump() (before 6.17 inet_diag_dump_icsk()) lists the same. */
	if (BPF_CORE_READ((struct sock_common *)from, skc_state) != TCP_CLOSE)
		return 0;
	if (bpf_probe_read_kernel(copy, size, (void *)from))
		return walk_again(a);
	if (!is_wanted(a, copy))
		return 0;
	if (!has_ends(copy))
		return stop(a, CENSUS_LOST);
	return put_socket(a, copy, from) ? 0 : leave_slot(a);
}

static inline long step_bound(struct census_area *a)
{
	if (!a->in_chain)
		return enter_bound_slot(a);
	return a->owner ? take_owner(a) : enter_bucket(a);
}

/* --- the walk -------------------------------------------------------------------------------- */

/* One slot entered, one socket taken, or one chain ended. What it works on is in the area, where
 * the verifier need not follow it. */
static long step(__u32 i, void *ctx)
{
	struct census_area *a = get_area();

	(void)i;
	(void)ctx;
	if (!a)
		return 1;
	/* Where the kernel has no such buckets (before 6.1) nothing of them may be in the program.
	 */
	if (a->table == CENSUS_BOUND)
		return bpf_core_field_exists(struct inet_bind2_bucket, bhash_node)
			       ? step_bound(a)
			       : stop(a, CENSUS_WHOLE);
	if (!a->in_chain)
		return enter_slot(a);
	return a->node & 1 ? end_chain(a) : take_socket(a);
}

/* A kernel that does not list them has none to count. */
static inline int find_bound(struct census_area *a, struct inet_hashinfo *tables)
{
	a->slots = 0;
	if (!bpf_core_field_exists(struct inet_bind2_bucket, bhash_node))
		return 1;
	a->slots = BPF_CORE_READ(tables, bhash_size);
	a->heads = (__u64)BPF_CORE_READ(tables, bhash2) +
		   bpf_core_field_offset(struct inet_bind_hashbucket, chain);
	return tables != 0;
}

static inline int find_table(struct census_area *a)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct net *net = BPF_CORE_READ(task, nsproxy, net_ns);
	struct inet_hashinfo *tables = BPF_CORE_READ(net, ipv4.tcp_death_row.hashinfo);

	a->net = (__u64)net;
	if (a->table == CENSUS_BOUND)
		return find_bound(a, tables);
	if (a->table != CENSUS_LISTENERS) {
		a->slots = BPF_CORE_READ(tables, ehash_mask) + 1;
		a->heads = (__u64)BPF_CORE_READ(tables, ehash) +
			   bpf_core_field_offset(struct inet_ehash_bucket, chain);
		return tables != 0;
	}
	/* Before 5.19 listeners hang in these chains by another node. */
	if (!bpf_core_field_exists(struct inet_listen_hashbucket, nulls_head))
		return 0;
	a->slots = BPF_CORE_READ(tables, lhash2_mask) + 1;
	a->heads = (__u64)BPF_CORE_READ(tables, lhash2) +
		   bpf_core_field_offset(struct inet_listen_hashbucket, nulls_head);
	return tables != 0;
}

/* bpftool wants a tracepoint named; it is never attached. */
SEC("raw_tp/sys_enter")
int take_census(void *ctx)
{
	struct census_area *a = get_area();

	(void)ctx;
	if (!a)
		return 0;
	a->count = a->kept = a->in_chain = 0;
	a->end = CENSUS_GOING;
	if (is_another_kernel() || !find_table(a)) {
		a->end = CENSUS_LOST;
		return 0;
	}
	if (a->table == CENSUS_NO_WALK)
		return 0;
	bpf_loop(STEPS_A_CALL, step, (void *)0, 0);
	/* What a chain has given that was not walked to its end is taken again. */
	a->count = a->kept;
	return 0;
}
