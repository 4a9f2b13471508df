/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of a task, of which it has one in each PID namespace from its own up to the first.
 * For BPF programs, behind program.h.
 */
#ifndef LINGERSTAT_BPF_PIDS_H
#define LINGERSTAT_BPF_PIDS_H

#include "bpf/program.h"

struct upid {
	int nr;
} KERNEL;

struct pid {
	unsigned int level;
	struct upid numbers[1]; /* really level + 1 of them */
} KERNEL;

/* For REFUSE_IF(). */
#define IS_OTHER_PID (IS_OTHER((struct pid *)0, level) | IS_OTHER((struct upid *)0, nr))

/*
 * The number in the PID namespace of that level. An iterator over tasks shows only processes of the
 * reader's namespace or below it, so the number at the reader's level is theirs in the reader's. 0
 * where `pid` is NULL: the process has just been reaped.
 */
static __always_inline uint32_t pid_at(struct pid *pid, unsigned int level)
{
	uint64_t at = (uint64_t)pid;
	int nr;

	/* The array's length is only known at run time, which CO-RE cannot express by an index. */
	at += bpf_core_field_offset(struct pid, numbers);
	at += (uint64_t)level * bpf_core_type_size(struct upid);
	at += bpf_core_field_offset(struct upid, nr);
	/* Where it cannot read, as near address 0, the helper leaves zeros: no need to branch. */
	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)at);
	return nr;
}

#endif
