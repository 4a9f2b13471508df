/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's bpf(2) that is made up, for the readers of BPF iterators: programs load without being
 * looked at, and an iterator gives the bytes that the test has put in. Whoever uses it is linked
 * with -Wl,--wrap=syscall; other system calls go on to the kernel.
 */
#ifndef LINGERSTAT_TESTS_UNIT_FAKE_BPF_H
#define LINGERSTAT_TESTS_UNIT_FAKE_BPF_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* At most this many bytes come with one read (PIPE_BUF). */
#define FAKE_BPF_READ 4096

/* Every command succeeds, every iterator is empty. */
void fake_bpf_begin(void);

/* What the next iterator that is opened gives: a call is what one read gives, and what is too long
 * for one comes with several. */
void fake_bpf_give(const void *bytes, size_t n);

/* The command fails with that errno, from now on. */
void fake_bpf_refuse(enum bpf_cmd command, int error);

/* Iterators cannot be read: EBADF. */
void fake_bpf_break(void);

/* How many descriptors this process has open, whatever they are. */
unsigned int fake_bpf_descriptors(void);

#endif
