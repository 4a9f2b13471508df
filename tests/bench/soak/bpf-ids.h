/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF objects of the machine by their numbers, to see whether one stays behind. Numbers are
 * not used again, so what others load and unload meanwhile can be told from what stays.
 */
#ifndef LINGERSTAT_TESTS_BPF_IDS_H
#define LINGERSTAT_TESTS_BPF_IDS_H

#include <stddef.h>
#include <stdint.h>

enum { BPF_IDS_PROGRAMS, BPF_IDS_MAPS, BPF_IDS_LINKS, BPF_IDS_TYPES, BPF_IDS_KINDS };

struct bpf_ids {
	uint32_t *ids[BPF_IDS_KINDS];
	size_t n[BPF_IDS_KINDS];
};

extern const char *const bpf_ids_names[BPF_IDS_KINDS];

/* Takes them down. Returns 0, or a negative errno: -EPERM without CAP_SYS_ADMIN, -ENOSYS where the
 * kernel has no bpf(2). bpf_ids_free() is due in either case. */
int bpf_ids_read(struct bpf_ids *ids);

void bpf_ids_free(struct bpf_ids *ids);

/* How many of `now` are not in `before`. */
size_t bpf_ids_new(const struct bpf_ids *before, const struct bpf_ids *now);

/* How many of `then` are not in `before` and still in `now`; the first of them in *kind and *id. */
size_t bpf_ids_stayed(const struct bpf_ids *before, const struct bpf_ids *then,
		      const struct bpf_ids *now, size_t *kind, uint32_t *id);

#endif
