/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bpf/births.bpf.c writes for a socket, and enrich/births.c reads. Fixed-width types alone, in
 * the host's byte order, without holes.
 */
#ifndef LINGERSTAT_BPF_BIRTHS_RECORD_H
#define LINGERSTAT_BPF_BIRTHS_RECORD_H

#include <stdint.h>

struct birth_record {
	uint64_t inode;  /* i_ino of the socket's file */
	uint64_t cgroup; /* id of the control group that it was made in */
};

_Static_assert(sizeof(struct birth_record) == 16, "the record must have no holes");

#endif
