/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every BPF program here begins with; a program includes it first, and nobody else does.
 *
 * Each program declares the kernel's structures itself, with the few members that it reads. Their
 * places are looked up in the running kernel's own type information when the program is loaded
 * (CO-RE), so the order and the types need not be the kernel's, only the names.
 */
#ifndef LINGERSTAT_BPF_PROGRAM_H
#define LINGERSTAT_BPF_PROGRAM_H

#include <stdint.h>

/* The integer names of linux/types.h, whose own headers sit where clang does not look for BPF. */
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int32_t __s32;
typedef int64_t __s64;
typedef uint16_t __be16;
typedef uint32_t __be32;
typedef uint32_t __wsum;

/* bpf_helper_defs.h only names these in prototypes; sk_buff and the like it declares itself. */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* A structure of the kernel's, with members of its own. */
#define KERNEL __attribute__((preserve_access_index))

struct seq_file;

/* Of every iterator. */
struct bpf_iter_meta {
	struct seq_file *seq;
} KERNEL;

/* Some of the helpers are for programs under this licence only. */
char LICENSE[] SEC("license") = "GPL";

#endif
