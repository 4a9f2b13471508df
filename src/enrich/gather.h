/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathering: which backend fills the index of owners. BPF first, /proc where BPF is not to be
 * had, pidfd_getfd only on request; and each backend's capabilities go as soon as it is done.
 */
#ifndef LINGERSTAT_ENRICH_GATHER_H
#define LINGERSTAT_ENRICH_GATHER_H

#include "enrich/owners.h"
#include "enrich/peers.h"

/* What the user said with --linger. */
enum linger_mode {
	LINGER_MODE_AUTO, /* BPF, or unknown */
	LINGER_MODE_BPF,
	LINGER_MODE_GETFD,
	LINGER_MODE_NONE,
};

struct gather_request {
	enum linger_mode mode;
	bool threads; /* those with a descriptor table of their own, in /proc too */
	/* A procfs to walk, where BPF does not serve; NULL: none whose numbers are wanted. */
	const char *proc;
	/* The numbers of `proc` are wanted, and they are not those of this process's PID namespace:
	 * it is walked in any case, and BPF only tells options. */
	bool other_numbers;
	bool want_holders; /* false: only options are wanted, so /proc would be no use */
	/* Told when the capabilities for loading BPF are no longer needed (may be NULL). */
	void (*bpf_loaded)(void *ctx);
	void *ctx;
	/* Filled with the TCP connections of this network namespace that some process holds, where
	 * the backend tells their ends; NULL: not wanted. */
	struct peers *peers;
	int *again; /* for owners_bpf_read_again(); set to -1 before */
};

/* Fills the index. Never fails for want of privilege: *status says what was to be had. Returns 0
 * or a negative errno (memory, no /proc). */
int owners_gather(struct owners *owners, const struct gather_request *request,
		  struct owners_status *status);

/* The second step of LINGER_MODE_GETFD: reads the options of the sockets with these inodes, and
 * of no others, through duplicates. Returns 0 or a negative errno. */
int owners_gather_getfd(struct owners *owners, const uint32_t *inodes, size_t n,
			struct owners_status *status);

#endif
