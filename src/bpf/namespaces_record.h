/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bpf/namespaces.bpf.c tells user space: the network namespaces that the kernel has, and
 * which of them each task is in. Shared by the program and its reader, so only plain types.
 */
#ifndef LINGERSTAT_BPF_NAMESPACES_RECORD_H
#define LINGERSTAT_BPF_NAMESPACES_RECORD_H

/* More than a host has; what is beyond is said to be missing. */
#define NAMESPACES_MAX 16384

/* A namespace on the kernel's list. */
struct namespace_record {
	uint64_t id;    /* ns_common.ns_id, for a file handle; 0 before 6.18 */
	uint32_t inode; /* as in /proc/PID/ns/net */
	uint32_t unused;
};

struct namespace_list {
	uint32_t count;
	uint32_t whole; /* the walk came round; 0: there are more, or it was lost on its way */
	struct namespace_record items[NAMESPACES_MAX];
};

/* A task and its namespace: first threads, and threads in another one than their first. */
struct task_record {
	uint32_t pid; /* in the PID namespace of the reader; likewise tid */
	uint32_t tid;
	uint32_t inode;
	uint32_t unused;
};

#endif
