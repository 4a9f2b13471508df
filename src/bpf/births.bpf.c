/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control groups that sockets were made in, of the families whose sock_diag does not tell it:
 * an iterator over every descriptor of every process (bpf_iter/task_file), which reads and never
 * changes.
 *
 * A program of its own, beside owners.bpf.c, as of the 31 places for names that the kernel has
 * looked up (see there) `cgroup` has the one of `file`, and `kernfs_node` that of `sock`: whoever
 * does not ask for control groups need not wait for them.
 *
 * Wanted of the kernel: as owners.bpf.c; struct sock_cgroup_data with a pointer (5.15).
 */
#include "bpf/program.h"
#include "bpf/births_record.h"

#define AF_INET  2
#define AF_INET6 10

struct file;

struct kernfs_node {
	uint64_t id;
} KERNEL;

struct cgroup {
	struct kernfs_node *kn;
} KERNEL;

struct sock_cgroup_data {
	struct cgroup *cgroup;
} KERNEL;

struct sock_common {
	unsigned short skc_family;
} KERNEL;

struct sock {
	struct sock_common __sk_common;
	struct sock_cgroup_data sk_cgrp_data;
} KERNEL;

struct socket {
	struct sock *sk;
} KERNEL;

struct inode {
	unsigned long i_ino;
} KERNEL;

struct socket_alloc {
	struct inode vfs_inode;
} KERNEL;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct file *file;
} KERNEL;

SEC("iter/task_file")
int dump_births(struct bpf_iter__task_file *ctx)
{
	struct birth_record record = {};
	struct file *file = ctx->file;
	struct kernfs_node *node;
	struct socket *sock;
	unsigned short family;
	struct sock *sk;

	if (!file) /* the call at the end of the pass */
		return 0;
	sock = bpf_sock_from_file(file);
	sk = sock ? sock->sk : 0;
	if (!sk || !bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return 0;
	family = READ_BITS(sk, __sk_common.skc_family);
	if (family == AF_INET || family == AF_INET6)
		return 0;
	node = BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn);
	record.cgroup = PROBE_BITS(node, id);
	record.inode = PROBE_BITS((struct socket_alloc *)sock, vfs_inode.i_ino);
	if (record.cgroup)
		bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
