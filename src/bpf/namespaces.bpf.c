/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every network namespace of the host: an iterator program (bpf_iter/task, kernel/bpf/task_iter.c)
 * that writes a record for each task, and at its first call walks the kernel's own list of
 * namespaces. That list also has those that no task lives in, kept by a descriptor, a mount, or a
 * socket that is still delivering; /proc shows none of the latter.
 *
 * Wanted of the kernel: bpf_loop() and relocation inside a light skeleton (5.17).
 */
#include "bpf/program.h"
#include "bpf/namespaces_record.h"
#include "bpf/pids.h"

/* Of linux/bpf.h. */
#define BPF_MAP_TYPE_ARRAY 2
#define BPF_F_MMAPABLE     1024

struct list_head {
	struct list_head *next;
} KERNEL;

struct proc_ns_operations;

struct ns_common {
	const struct proc_ns_operations *ops;
	unsigned int inum;
	uint64_t ns_id;
} KERNEL;

struct net {
	struct list_head list;
	struct ns_common ns;
} KERNEL;

struct nsproxy {
	struct net *net_ns;
} KERNEL;

struct task_struct {
	struct task_struct *group_leader;
	struct nsproxy *nsproxy;
	struct pid *thread_pid;
} KERNEL;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} KERNEL;

/* Read by mapping it: one call of an iterator can write only a few pages. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct namespace_list);
} namespaces SEC(".maps");

struct walk {
	struct net *first, *at;
	const struct proc_ns_operations *ops;
	struct namespace_list *list;
};

/* One step along the list. The head of it is an element like any, but no namespace: what stands
 * where a namespace has its operations is something else there. */
static long take_namespace(uint64_t index, struct walk *walk)
{
	struct namespace_list *list = walk->list;
	struct net *net = walk->at;
	uint32_t n = list->count;
	uint64_t next;

	(void)index;
	if (BPF_CORE_READ(net, ns.ops) == walk->ops) {
		if (n >= NAMESPACES_MAX)
			return 1;
		list->items[n].inode = BPF_CORE_READ(net, ns.inum);
		if (bpf_core_field_exists(net->ns.ns_id))
			list->items[n].id = PROBE_BITS(net, ns.ns_id);
		list->count = n + 1;
	}
	next = (uint64_t)BPF_CORE_READ(net, list.next);
	if (!next)
		return 1;
	walk->at = (struct net *)(next - bpf_core_field_offset(struct net, list));
	if (walk->at != walk->first)
		return 0;
	list->whole = 1;
	return 1;
}

/* Whoever reads is in a namespace, so the list can be entered there. Iterator programs run inside
 * an RCU read-side section, and a namespace leaves the list a grace period before it is freed
 * (net/core/net_namespace.c, cleanup_net()). */
static __always_inline void walk_namespaces(void)
{
	struct task_struct *reader = (struct task_struct *)bpf_get_current_task();
	struct net *first = BPF_CORE_READ(reader, nsproxy, net_ns);
	struct walk walk = { .first = first, .at = first };
	uint32_t zero = 0;

	walk.list = bpf_map_lookup_elem(&namespaces, &zero);
	if (!first || !walk.list || walk.list->count)
		return;
	walk.ops = BPF_CORE_READ(first, ns.ops);
	if (walk.ops)
		bpf_loop(NAMESPACES_MAX + 1, take_namespace, &walk, 0);
}

/* 0 when the task has just been reaped. */
static __always_inline uint32_t pid_for_reader(struct task_struct *task)
{
	struct task_struct *reader = (struct task_struct *)bpf_get_current_task();
	unsigned int level = BPF_CORE_READ(reader, thread_pid, level);

	return pid_at(BPF_CORE_READ(task, thread_pid), level);
}

static __always_inline uint32_t inode_of(struct task_struct *task)
{
	struct net *net = BPF_CORE_READ(task, nsproxy, net_ns);

	return net ? BPF_CORE_READ(net, ns.inum) : 0;
}

SEC("iter/task")
int dump_namespaces(struct bpf_iter__task *ctx)
{
	struct task_record record = {};
	struct task_struct *task = ctx->task, *leader;

	REFUSE_IF(IS_OTHER_PID | IS_OTHER((struct net *)0, ns.inum));
	if (!task) /* the call at the end of the pass */
		return 0;
	walk_namespaces();
	leader = task->group_leader;
	record.inode = inode_of(task);
	if (!record.inode || (task != leader && record.inode == inode_of(leader)))
		return 0;
	record.pid = pid_for_reader(leader);
	record.tid = task == leader ? record.pid : pid_for_reader(task);
	if (!record.pid || !record.tid)
		return 0;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
