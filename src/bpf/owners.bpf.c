/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pass over every descriptor of every process: an iterator program (bpf_iter/task_file,
 * kernel/bpf/task_iter.c) that writes a record for each socket it meets. It reads and never
 * changes: no lock of a socket is taken, no reference outlives the call.
 *
 * A member that some kernel may lack is asked for with bpf_core_field_exists(); its bit in `known`
 * stays clear then.
 *
 * Wanted of the kernel: task_file iterators (5.8), bpf_sock_from_file() in them (5.11),
 * relocation inside a light skeleton (5.17).
 *
 * Its time goes to memory that is in no cache: a socket's fields lie in nine lines of it. So they
 * are read plainly, which the processor does for several at a time, and not each by a helper's
 * call.
 *
 * On an idle machine it goes to the kernel's verifier, which follows each way through the program:
 * some 2 us an instruction. So there are few ways. What can be computed is not branched on, what
 * user space can decide it decides, and where ways part they meet again with the same registers:
 * a value is kept in one and stored behind the meeting. Pointers of `task`, which is trusted, are
 * read by helper: for each the verifier would search all of the kernel's types twice.
 */
#include "bpf/program.h"

#include <bpf/bpf_endian.h>

#include "bpf/owners_record.h"
#include "bpf/pids.h"

#define AF_INET     2
#define AF_INET6    10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6

struct files_struct;

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *group_leader;
	struct files_struct *files;
	struct pid *thread_pid;
	char comm[OWNERS_RECORD_COMM];
} KERNEL;

struct file {
	unsigned int f_flags;
} KERNEL;

/*
 * The 5th of enum sock_flags in include/net/sock.h, to which kernels only append. Not asked of the
 * running kernel: of its 31 places for names that were looked up (kernel/bpf/btf.c,
 * vmlinux_cand_cache) `sock_flags` has the one of `file`, so that each load would search all of its
 * types twice, a third of the time of loading. Whoever reads the records makes sure of it with
 * sockets of its own.
 */
#define SOCK_LINGER 4

struct ns_common {
	unsigned int inum;
} KERNEL;

struct net {
	struct ns_common ns;
} KERNEL;

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	uint64_t halves[2];
};

struct sock_common {
	uint32_t skc_daddr;
	uint32_t skc_rcv_saddr;
	uint16_t skc_dport; /* in network order, unlike the next */
	uint16_t skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	unsigned char skc_reuse : 4;
	unsigned char skc_reuseport : 1;
	unsigned long skc_flags;
} KERNEL;

struct sock {
	struct sock_common __sk_common;
	unsigned long sk_lingertime;
	unsigned long sk_ino;
	uint16_t sk_type;
	uint16_t sk_protocol;
} KERNEL;

struct socket {
	struct sock *sk;
} KERNEL;

struct inode {
	unsigned long i_ino;
} KERNEL;

/*
 * A socket and the inode of its file (SOCK_INODE()). The inode is not looked for through the file:
 * among names that were looked up `inode` has the place of `net` (see above).
 */
struct socket_alloc {
	struct inode vfs_inode;
} KERNEL;

struct inet_connection_sock {
	uint32_t icsk_user_timeout;
} KERNEL;

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	uint8_t repair : 1;
	int linger2;
} KERNEL;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	uint32_t fd;
	struct file *file;
} KERNEL;

/* How deep the PID namespace of whoever reads the iterator is; the first one's is 0. */
static __always_inline unsigned int level_of_reader(void)
{
	struct task_struct *reader = (struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ(reader, thread_pid, level);
}

/*
 * The iterator passes threads over that share their first thread's descriptor table
 * (task_seq_get_next()). Where the first thread has ended it has none, and all that share one
 * among themselves are met: whoever reads the records tells them by this. An address of the
 * kernel's is folded, for nobody is to learn it.
 */
static __always_inline uint32_t table_of(struct task_struct *task)
{
	uint64_t table = (uint64_t)BPF_CORE_READ(task, files);

	table *= 0x9e3779b97f4a7c15;
	return table >> 32;
}

static __always_inline uint32_t pid_of(struct task_struct *task, unsigned int level)
{
	return pid_at(BPF_CORE_READ(task, thread_pid), level);
}

/* The process's first thread has its name. */
static __always_inline void read_task(struct owners_record *record, struct task_struct *task)
{
	unsigned int level = level_of_reader();
	uint32_t pid = task->tgid, tid = task->pid;
	struct task_struct *leader = task;

	if (pid != tid) {
		leader = BPF_CORE_READ(task, group_leader);
		record->table = table_of(task);
	}
	bpf_probe_read_kernel(record->comm, sizeof(record->comm), leader->comm);
	record->comm[OWNERS_RECORD_COMM - 1] = 0; /* where the kernel's are longer */
	if (level > 0) {
		pid = pid_of(BPF_CORE_READ(task, group_leader), level);
		tid = pid_of(task, level);
	}
	record->pid = pid;
	record->tid = tid;
}

/* Options that every kind of socket has. */
static __always_inline void read_socket(struct owners_record *record, struct sock *sk)
{
	uint32_t known = record->known, values = 0;

	if (bpf_core_field_exists(sk->sk_lingertime) &&
	    bpf_core_field_exists(sk->__sk_common.skc_flags)) {
		known |= OWNERS_KNOWS_LINGER;
		record->linger_ticks = READ_BITS(sk, sk_lingertime);
		values |= (READ_BITS(sk, __sk_common.skc_flags) >> SOCK_LINGER & 1) *
			  OWNERS_LINGER_ON;
	}
	if (bpf_core_field_exists(sk->__sk_common.skc_reuse)) {
		known |= OWNERS_KNOWS_REUSEADDR;
		values |= READ_BITS(sk, __sk_common.skc_reuse) * OWNERS_REUSEADDR_ONE;
	}
	if (bpf_core_field_exists(sk->__sk_common.skc_reuseport)) {
		known |= OWNERS_KNOWS_REUSEPORT;
		values |= READ_BITS(sk, __sk_common.skc_reuseport) * OWNERS_REUSEPORT;
	}
	values |= (sk->sk_type & 0xff) * OWNERS_TYPE_ONE;
	record->known = known;
	record->values = values;
}

/* The type is TCP's by what the kernel itself goes by in sk_is_tcp(); MPTCP has a number of its
 * own, and its struct is another. */
static __always_inline int is_tcp(struct sock *sk)
{
	const uint64_t inet = 1ull << AF_INET | 1ull << AF_INET6;
	uint64_t other = ~inet >> (sk->__sk_common.skc_family & 63) & 1;

	return !((sk->sk_type ^ SOCK_STREAM) | (sk->sk_protocol ^ IPPROTO_TCP) | other);
}

static __always_inline void read_tcp(struct owners_record *record, struct tcp_sock *tcp)
{
	uint32_t known = record->known, values = record->values;

	if (bpf_core_field_exists(tcp->repair)) {
		known |= OWNERS_KNOWS_REPAIR;
		values |= READ_BITS(tcp, repair) * OWNERS_REPAIR;
	}
	if (bpf_core_field_exists(tcp->linger2)) {
		known |= OWNERS_KNOWS_LINGER2;
		values |= IS_NEGATIVE(tcp, linger2) * OWNERS_LINGER2_NEGATIVE;
	}
	if (bpf_core_field_exists(tcp->inet_conn.icsk_user_timeout)) {
		known |= OWNERS_KNOWS_USER_TIMEOUT;
		record->user_timeout_ms = READ_BITS(tcp, inet_conn.icsk_user_timeout);
	}
	record->known = known;
	record->values = values;
}

/* States in which the kernel's own lists have a socket under both of its ends; in any other, what
 * stands there may be of a connection that is over. */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT    2
#define TCP_FIN_WAIT1   4
#define TCP_FIN_WAIT2   5
#define TCP_CLOSE_WAIT  8
#define TCP_LAST_ACK    9
#define TCP_CLOSING     11
#define HAS_ENDS                                                                                  \
	(1u << TCP_ESTABLISHED | 1u << TCP_SYN_SENT | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 | \
	 1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING)

static __always_inline int has_net(struct sock *sk)
{
	struct net *net = 0;

	return bpf_core_field_exists(sk->__sk_common.skc_net.net) &&
	       bpf_core_field_exists(net->ns.inum) && !IS_OTHER(net, ns.inum);
}

static __always_inline int has_ends6(struct sock *sk)
{
	return bpf_core_field_exists(sk->__sk_common.skc_v6_daddr) &&
	       bpf_core_field_exists(sk->__sk_common.skc_v6_rcv_saddr);
}

/* Of both IP versions: whoever reads the record takes those of the socket's family. */
static __always_inline void read_ends(struct owners_record *record, struct sock *sk)
{
	unsigned short family = sk->__sk_common.skc_family;

	if (!has_net(sk) || (!has_ends6(sk) && family == AF_INET6))
		return;
	record->known |= (HAS_ENDS >> (sk->__sk_common.skc_state & 31) & 1) * OWNERS_KNOWS_ENDS;
	record->netns = sk->__sk_common.skc_net.net->ns.inum;
	record->family = family;
	record->local_port = sk->__sk_common.skc_num;
	record->peer_port = bpf_ntohs(sk->__sk_common.skc_dport);
	record->local4 = sk->__sk_common.skc_rcv_saddr;
	record->peer4 = sk->__sk_common.skc_daddr;
	if (has_ends6(sk)) {
		*(struct in6_addr *)record->local6 = sk->__sk_common.skc_v6_rcv_saddr;
		*(struct in6_addr *)record->peer6 = sk->__sk_common.skc_v6_daddr;
	}
}

/* Newer kernels have the number beside other things that are read of the socket (6.16), which
 * spares a look at the inode: that is rarely in the processor's cache. */
static __always_inline uint64_t inode_of(struct socket *sock, struct sock *sk)
{
	uint64_t ino = 0;

	if (bpf_core_field_exists(sk->sk_ino) && !IS_OTHER(sk, sk_ino))
		ino = sk->sk_ino;
	return ino ? ino : PROBE_BITS((struct socket_alloc *)sock, vfs_inode.i_ino);
}

/* What is read plainly, or by a helper, and is as it is declared in every kernel so far. */
static __always_inline uint64_t is_another_kernel(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = 0;
	struct sock *sk = 0;
	uint64_t is = bpf_core_field_size(task->comm) < OWNERS_RECORD_COMM;

	is |= IS_OTHER(ctx, fd) | IS_OTHER(task, pid) | IS_OTHER(task, tgid) | IS_OTHER_PID;
	is |= IS_OTHER(sk, sk_type) | IS_OTHER(sk, sk_protocol);
	is |= IS_OTHER(sk, __sk_common.skc_family) | IS_OTHER(sk, __sk_common.skc_state);
	is |= IS_OTHER(sk, __sk_common.skc_num) | IS_OTHER(sk, __sk_common.skc_dport);
	is |= IS_OTHER(sk, __sk_common.skc_rcv_saddr) | IS_OTHER(sk, __sk_common.skc_daddr);
	return is;
}

SEC("iter/task_file")
int dump_owners(struct bpf_iter__task_file *ctx)
{
	struct owners_record record = {};
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *sock;
	struct tcp_sock *tcp;
	struct sock *sk;
	/* Followed here once, and not on each of the ways to where it is used (see above). */
	struct seq_file *seq = ctx->meta->seq;

	REFUSE_IF(is_another_kernel(ctx));
	if (!task || !file) /* the call at the end of the pass */
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock)
		return 0;
	sk = sock->sk;
	if (!sk) /* being closed this instant */
		return 0;

	/* A thread with a descriptor table of its own is a task of its own here. */
	read_task(&record, task);
	record.fd = ctx->fd;
	record.inode = inode_of(sock, sk);
	if (bpf_core_field_exists(file->f_flags)) {
		record.known = OWNERS_KNOWS_FILE_FLAGS;
		record.file_flags = READ_BITS(file, f_flags);
	}
	read_socket(&record, sk);
	if (is_tcp(sk)) {
		/* The verifier lets nobody read past struct sock but through what this gives. */
		tcp = (struct tcp_sock *)bpf_skc_to_tcp_sock(sk);
		if (tcp) {
			read_tcp(&record, tcp);
			read_ends(&record, sk);
		}
	}

	/* When the page is full this fails, and the kernel shows the same descriptor again. */
	bpf_seq_write(seq, &record, sizeof(record));
	return 0;
}
