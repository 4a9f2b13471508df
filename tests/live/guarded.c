/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guarded.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ROW(type, member, missing, other)                             \
	{                                                             \
		type, member, missing, other, NULL, NULL, NULL, NULL, \
	}

/* The program is not to be had without. */
#define MUST(type, member)        ROW(type, member, LOST_ALL, UNASKED)
#define MUST_NUMBER(type, member) ROW(type, member, LOST_ALL, LOST_ALL)

/* Of it that is told which can be. */
#define MAY(type, member, lost)        ROW(type, member, lost, UNASKED)
#define MAY_NUMBER(type, member, lost) ROW(type, member, lost, LOST_NOTHING)

#define INODE(type, member, size)                                           \
	{                                                                   \
		type, member, LOST_ALL, size, NULL, NULL, "sock", "sk_ino", \
	}

/* Asked for where the kernel lists sockets that are bound and nothing else. */
#define BOUND(type, member, size)                                                            \
	{                                                                                    \
		type, member, LOST_ALL, size, "inet_bind2_bucket", "bhash_node", NULL, NULL, \
	}

#define EVERY_ITERATOR(iterator) MUST(iterator, "meta"), MUST("bpf_iter_meta", "seq")

static const struct guarded owners[] = {
	EVERY_ITERATOR("bpf_iter__task_file"),
	MUST("bpf_iter__task_file", "task"),
	MUST("bpf_iter__task_file", "file"),
	MUST_NUMBER("bpf_iter__task_file", "fd"),
	MUST_NUMBER("task_struct", "pid"),
	MUST_NUMBER("task_struct", "tgid"),
	ROW("task_struct", "comm", LOST_ALL, LOST_ALL),
	MUST("task_struct", "thread_pid"),
	MUST("task_struct", "group_leader"),
	MUST("task_struct", "files"),
	MUST_NUMBER("pid", "level"),
	MUST("pid", "numbers"),
	MUST("upid", ""),
	MUST_NUMBER("upid", "nr"),
	MUST("socket", "sk"),
	MUST("socket_alloc", "vfs_inode"),
	MAY_NUMBER("inode", "i_ino", LOST_ALL),
	MAY_NUMBER("sock", "sk_ino", LOST_NOTHING), /* the file's inode says the same */
	MUST_NUMBER("sock", "sk_type"),
	MUST_NUMBER("sock", "sk_protocol"),
	MUST("sock", "__sk_common"),
	MUST_NUMBER("sock_common", "skc_family"),
	MUST_NUMBER("sock_common", "skc_state"),
	MUST_NUMBER("sock_common", "skc_num"),
	MUST_NUMBER("sock_common", "skc_dport"),
	MUST_NUMBER("sock_common", "skc_rcv_saddr"),
	MUST_NUMBER("sock_common", "skc_daddr"),
	MAY_NUMBER("file", "f_flags", OWNERS_KNOWS_FILE_FLAGS),
	MAY_NUMBER("sock", "sk_lingertime", OWNERS_KNOWS_LINGER),
	MAY_NUMBER("sock_common", "skc_flags", OWNERS_KNOWS_LINGER),
	MAY_NUMBER("sock_common", "skc_reuse", OWNERS_KNOWS_REUSEADDR),
	MAY_NUMBER("sock_common", "skc_reuseport", OWNERS_KNOWS_REUSEPORT),
	MAY_NUMBER("tcp_sock", "repair", OWNERS_KNOWS_REPAIR),
	MAY_NUMBER("tcp_sock", "linger2", OWNERS_KNOWS_LINGER2),
	MAY("tcp_sock", "inet_conn", OWNERS_KNOWS_USER_TIMEOUT),
	MAY_NUMBER("inet_connection_sock", "icsk_user_timeout", OWNERS_KNOWS_USER_TIMEOUT),
	MAY("sock_common", "skc_net", OWNERS_KNOWS_ENDS),
	MAY("possible_net_t", "net", OWNERS_KNOWS_ENDS),
	MAY("net", "ns", OWNERS_KNOWS_ENDS),
	ROW("ns_common", "inum", OWNERS_KNOWS_ENDS, OWNERS_KNOWS_ENDS),
	MAY("sock_common", "skc_v6_daddr", LOST_ENDS6),
	MAY("sock_common", "skc_v6_rcv_saddr", LOST_ENDS6),
};

static const struct guarded births[] = {
	EVERY_ITERATOR("bpf_iter__task_file"),
	MUST("bpf_iter__task_file", "file"),
	MUST("socket", "sk"),
	MUST("sock", "__sk_common"),
	MAY_NUMBER("sock_common", "skc_family", LOST_ALL),
	MAY("sock", "sk_cgrp_data", LOST_CGROUP),
	MAY("sock_cgroup_data", "cgroup", LOST_CGROUP),
	MUST("cgroup", "kn"),
	MAY_NUMBER("kernfs_node", "id", LOST_ALL),
	MUST("socket_alloc", "vfs_inode"),
	MAY_NUMBER("inode", "i_ino", LOST_ALL),
};

static const struct guarded spaces[] = {
	EVERY_ITERATOR("bpf_iter__task"),
	MUST("bpf_iter__task", "task"),
	MUST("task_struct", "nsproxy"),
	MUST("task_struct", "group_leader"),
	MUST("task_struct", "thread_pid"),
	MUST("nsproxy", "net_ns"),
	MUST("net", "ns"),
	MUST("net", "list"),
	MUST("list_head", "next"),
	MUST("ns_common", "ops"),
	MUST_NUMBER("ns_common", "inum"),
	MAY_NUMBER("ns_common", "ns_id", LOST_ID),
	MUST_NUMBER("pid", "level"),
	MUST("pid", "numbers"),
	MUST("upid", ""),
	MUST_NUMBER("upid", "nr"),
};

static const struct guarded census[] = {
	MUST("task_struct", "nsproxy"),
	MUST("nsproxy", "net_ns"),
	MUST("net", "ipv4"),
	MUST("net", "ns"),
	MUST_NUMBER("ns_common", "inum"),
	MUST("netns_ipv4", "tcp_death_row"),
	MUST("inet_timewait_death_row", "hashinfo"),
	MUST("inet_hashinfo", "ehash"),
	MUST_NUMBER("inet_hashinfo", "ehash_mask"),
	MUST("inet_ehash_bucket", ""),
	MUST("inet_ehash_bucket", "chain"),
	MUST("inet_hashinfo", "lhash2"),
	MUST_NUMBER("inet_hashinfo", "lhash2_mask"),
	MAY("inet_listen_hashbucket", "", LOST_LISTENERS),
	MAY("inet_listen_hashbucket", "nulls_head", LOST_LISTENERS),
	BOUND("inet_hashinfo", "bhash2", UNASKED),
	BOUND("inet_hashinfo", "bhash_size", LOST_ALL),
	BOUND("inet_bind_hashbucket", "", UNASKED),
	BOUND("inet_bind_hashbucket", "chain", UNASKED),
	BOUND("inet_bind2_bucket", "node", UNASKED),
	BOUND("inet_bind2_bucket", "owners", UNASKED),
	MAY("inet_bind2_bucket", "bhash_node", LOST_BOUND),
	BOUND("sock_common", "skc_bind_node", UNASKED),
	MUST("hlist_head", "first"),
	MUST("hlist_node", "next"),
	MUST("hlist_node", "pprev"),
	MUST("hlist_nulls_head", "first"),
	MUST("hlist_nulls_node", "next"),
	MUST("sock_common", ""),
	MUST("sock_common", "skc_nulls_node"),
	MUST_NUMBER("sock_common", "skc_hash"),
	MUST_NUMBER("sock_common", "skc_state"),
	MUST_NUMBER("sock_common", "skc_family"),
	MUST_NUMBER("sock_common", "skc_num"),
	MUST_NUMBER("sock_common", "skc_dport"),
	MUST_NUMBER("sock_common", "skc_rcv_saddr"),
	MUST_NUMBER("sock_common", "skc_daddr"),
	MUST_NUMBER("sock_common", "skc_bound_dev_if"),
	MUST("sock_common", "skc_cookie"),
	MUST_NUMBER("atomic64_t", "counter"),
	MUST("sock_common", "skc_net"),
	MUST("possible_net_t", "net"),
	MUST("sock_common", "skc_v6_daddr"),
	MUST("sock_common", "skc_v6_rcv_saddr"),
	MUST_NUMBER("tcp_sock", "rcv_nxt"),
	MUST_NUMBER("tcp_sock", "copied_seq"),
	MUST_NUMBER("tcp_sock", "write_seq"),
	MUST_NUMBER("tcp_sock", "snd_una"),
	MUST_NUMBER("inet_timewait_sock", "tw_substate"),
	MUST("sock", "sk_socket"),
	ROW("sock", "sk_ino", LOST_NOTHING, LOST_ALL),
	INODE("socket_alloc", "vfs_inode", UNASKED),
	INODE("inode", "i_ino", LOST_ALL),
	MAY("inet_connection_sock", "icsk_ulp_ops", LOST_PROTOCOL),
};

const struct guarded_program guarded_programs[GUARDED_PROGRAMS] = {
	{ &told_by_owners, owners, COUNT(owners) },
	{ &told_by_births, births, COUNT(births) },
	{ &told_by_spaces, spaces, COUNT(spaces) },
	{ &told_by_census, census, COUNT(census) },
};
