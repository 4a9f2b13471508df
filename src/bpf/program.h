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

/*
 * Numbers. The kernel may have one with another size than it is declared with here, or as a bit
 * field. Loading fits a plain read to an unsigned number of another size, and nothing else: a bit
 * field would be misread, and so would whatever is read by a helper or out of a copy. So numbers
 * are read by one of the macros below, or the program asks IS_OTHER() of them.
 */

/*
 * Moved up to the first of 64 bits. What libbpf has for this also asks whether it is signed. The
 * empty line of assembly keeps the compiler from looking the place up in each of the loads instead:
 * those would have to be of the kernel's size.
 */
#define READ_HIGH(s, field)                                                              \
	({                                                                               \
		const void *at = (const void *)(s) + __CORE_RELO(s, field, BYTE_OFFSET); \
		uint64_t bits = 0;                                                       \
		asm volatile("" : "+r"(at));                                             \
		switch (__CORE_RELO(s, field, BYTE_SIZE)) {                              \
		case 1:                                                                  \
			bits = *(const uint8_t *)at;                                     \
			break;                                                           \
		case 2:                                                                  \
			bits = *(const uint16_t *)at;                                    \
			break;                                                           \
		case 4:                                                                  \
			bits = *(const uint32_t *)at;                                    \
			break;                                                           \
		case 8:                                                                  \
			bits = *(const uint64_t *)at;                                    \
			break;                                                           \
		}                                                                        \
		bits << __CORE_RELO(s, field, LSHIFT_U64);                               \
	})

/* The same as an unsigned number, or whether it is below 0, for which it must be a signed one. */
#define READ_BITS(s, field)   (READ_HIGH(s, field) >> __CORE_RELO(s, field, RSHIFT_U64))
#define IS_NEGATIVE(s, field) (READ_HIGH(s, field) >> 63)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PROBED_TO(bits, size) (&(bits))
#else
#define PROBED_TO(bits, size) ((char *)(&(bits) + 1) - (size))
#endif

/* The same as READ_BITS(), of what only a helper may read: 0 where it cannot. */
#define PROBE_BITS(s, field)                                                                    \
	({                                                                                      \
		uint64_t bits = 0;                                                              \
		bpf_probe_read_kernel(                                                          \
			PROBED_TO(bits, __CORE_RELO(s, field, BYTE_SIZE)),                      \
			__CORE_RELO(s, field, BYTE_SIZE),                                       \
			(const void *)((uint64_t)(s) + __CORE_RELO(s, field, BYTE_OFFSET)));    \
		bits << __CORE_RELO(s, field, LSHIFT_U64) >> __CORE_RELO(s, field, RSHIFT_U64); \
	})

/* Whether this kernel has the number with more or fewer bits: not 0. Each question that is asked of
 * the kernel's types takes some microseconds of every run, so it is but one: a bit field of as many
 * bits, which is none for any practical end, is not told apart. */
#define IS_OTHER(s, field) (__CORE_RELO(s, field, RSHIFT_U64) ^ (64 - 8 * sizeof((s)->field)))

/* Keeps the program from being loaded where that holds, which must be known by then. It is the call
 * that stands, once it is fitted to the kernel, where a member was asked for that there is not. */
#define REFUSE_IF(bad)                                                                         \
	do {                                                                                   \
		if (bad)                                                                       \
			asm volatile("call 0xbad2310" ::: "r0", "r1", "r2", "r3", "r4", "r5"); \
	} while (0)

struct seq_file;

/* Of every iterator. */
struct bpf_iter_meta {
	struct seq_file *seq;
} KERNEL;

/* Some of the helpers are for programs under this licence only. */
char LICENSE[] SEC("license") = "GPL";

#endif
