/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the census knows of the kernel: the structures that lead to its TCP sockets
 * (include/net/inet_hashtables.h, include/net/sock.h), with the members that are read, and whether
 * the kernel that runs has them so. For census.bpf.c, behind program.h.
 */
#ifndef LINGERSTAT_BPF_CENSUS_KERNEL_H
#define LINGERSTAT_BPF_CENSUS_KERNEL_H

#include "bpf/program.h"

struct hlist_node {
	struct hlist_node *next, **pprev;
} KERNEL;

struct hlist_head {
	struct hlist_node *first;
} KERNEL;

struct hlist_nulls_node {
	struct hlist_nulls_node *next;
} KERNEL;

struct hlist_nulls_head {
	struct hlist_nulls_node *first;
} KERNEL;

struct inet_ehash_bucket {
	struct hlist_nulls_head chain;
} KERNEL;

struct inet_listen_hashbucket {
	struct hlist_nulls_head nulls_head;
} KERNEL;

struct inet_bind_hashbucket {
	struct hlist_head chain;
} KERNEL;

/* An address and port that sockets have bound; `bhash_node` came with the dump of those that are
 * bound and nothing else (6.8). */
struct inet_bind2_bucket {
	struct hlist_node node, bhash_node;
	struct hlist_head owners;
} KERNEL;

struct inet_hashinfo {
	struct inet_ehash_bucket *ehash;
	unsigned int ehash_mask;
	struct inet_bind_hashbucket *bhash2;
	unsigned int bhash_size;
	unsigned int lhash2_mask;
	struct inet_listen_hashbucket *lhash2;
} KERNEL;

struct inet_timewait_death_row {
	struct inet_hashinfo *hashinfo;
} KERNEL;

struct netns_ipv4 {
	struct inet_timewait_death_row tcp_death_row;
} KERNEL;

struct ns_common {
	unsigned int inum;
} KERNEL;

struct net {
	struct ns_common ns;
	struct netns_ipv4 ipv4;
} KERNEL;

struct nsproxy {
	struct net *net_ns;
} KERNEL;

struct task_struct {
	struct nsproxy *nsproxy;
} KERNEL;

typedef struct {
	struct net *net;
} possible_net_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct in6_addr {
	__u32 words[4];
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	unsigned int skc_hash;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	struct hlist_nulls_node skc_nulls_node;
	struct hlist_node skc_bind_node;
} KERNEL;

struct socket;

struct sock {
	struct socket *sk_socket;
	unsigned long sk_ino;
} KERNEL;

struct inode {
	unsigned long i_ino;
} KERNEL;

/* A socket and the inode of its file (SOCK_INODE()). */
struct socket_alloc {
	struct inode vfs_inode;
} KERNEL;

struct tcp_ulp_ops;

struct inet_connection_sock {
	const struct tcp_ulp_ops *icsk_ulp_ops;
} KERNEL;

struct tcp_sock {
	__u32 rcv_nxt, copied_seq, write_seq, snd_una;
} KERNEL;

struct inet_timewait_sock {
	unsigned char tw_substate;
} KERNEL;

/* Heads of lists are read as the one pointer that they are, and members of a list as two. */
static inline __u64 is_other_list(void)
{
	return bpf_core_field_offset(struct hlist_head, first) |
	       bpf_core_field_offset(struct hlist_nulls_head, first) |
	       bpf_core_field_offset(struct hlist_node, next) |
	       (bpf_core_field_offset(struct hlist_node, pprev) ^ sizeof(__u64));
}

/* What is read as it is declared, out of a copy or by a helper, is so in every kernel so far. */
static inline __u64 is_another_kernel(void)
{
	struct inet_hashinfo *tables = 0;
	struct sock_common *common = 0;
	struct tcp_sock *tcp = 0;
	struct sock *sk = 0;
	__u64 is = 0;

	is |= IS_OTHER(common, skc_daddr) | IS_OTHER(common, skc_rcv_saddr);
	is |= IS_OTHER(common, skc_hash) | IS_OTHER(common, skc_dport);
	is |= IS_OTHER(common, skc_num) | IS_OTHER(common, skc_family);
	is |= IS_OTHER(common, skc_state) | IS_OTHER(common, skc_bound_dev_if);
	is |= IS_OTHER(common, skc_cookie.counter);
	is |= IS_OTHER(tcp, rcv_nxt) | IS_OTHER(tcp, copied_seq);
	is |= IS_OTHER(tcp, write_seq) | IS_OTHER(tcp, snd_una);
	is |= IS_OTHER((struct inet_timewait_sock *)0, tw_substate);
	is |= IS_OTHER((struct net *)0, ns.inum);
	is |= IS_OTHER(tables, ehash_mask) | IS_OTHER(tables, lhash2_mask);
	if (bpf_core_field_exists(sk->sk_ino))
		is |= IS_OTHER(sk, sk_ino);
	else
		is |= IS_OTHER((struct inode *)0, i_ino);
	if (bpf_core_field_exists(struct inet_bind2_bucket, bhash_node))
		is |= IS_OTHER(tables, bhash_size);
	return is | is_other_list();
}

#endif
