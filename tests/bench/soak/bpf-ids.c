/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/soak/bpf-ids.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>

const char *const bpf_ids_names[BPF_IDS_KINDS] = { "program", "map", "link", "type information" };

static const int next_id[BPF_IDS_KINDS] = { BPF_PROG_GET_NEXT_ID, BPF_MAP_GET_NEXT_ID,
					    BPF_LINK_GET_NEXT_ID, BPF_BTF_GET_NEXT_ID };

static int add(struct bpf_ids *ids, size_t kind, uint32_t id)
{
	uint32_t *more = reallocarray(ids->ids[kind], ids->n[kind] + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	ids->ids[kind] = more;
	more[ids->n[kind]++] = id;
	return 0;
}

static int read_kind(struct bpf_ids *ids, size_t kind)
{
	union bpf_attr attr;
	int err = 0;

	memset(&attr, 0, sizeof(attr));
	while (!err && syscall(SYS_bpf, next_id[kind], &attr, sizeof(attr)) == 0) {
		err = add(ids, kind, attr.next_id);
		attr.start_id = attr.next_id;
	}
	if (err)
		return err;
	return errno == ENOENT ? 0 : -errno;
}

int bpf_ids_read(struct bpf_ids *ids)
{
	int err = 0;

	*ids = (struct bpf_ids){ 0 };
	for (size_t kind = 0; kind < BPF_IDS_KINDS && !err; kind++)
		err = read_kind(ids, kind);
	return err;
}

void bpf_ids_free(struct bpf_ids *ids)
{
	for (size_t kind = 0; kind < BPF_IDS_KINDS; kind++)
		free(ids->ids[kind]);
	*ids = (struct bpf_ids){ 0 };
}

static bool has(const struct bpf_ids *ids, size_t kind, uint32_t id)
{
	for (size_t i = 0; i < ids->n[kind]; i++)
		if (ids->ids[kind][i] == id)
			return true;
	return false;
}

size_t bpf_ids_new(const struct bpf_ids *before, const struct bpf_ids *now)
{
	uint32_t id;
	size_t kind;

	return bpf_ids_stayed(before, now, now, &kind, &id);
}

size_t bpf_ids_stayed(const struct bpf_ids *before, const struct bpf_ids *then,
		      const struct bpf_ids *now, size_t *kind, uint32_t *id)
{
	size_t found = 0;

	for (size_t k = 0; k < BPF_IDS_KINDS; k++)
		for (size_t i = 0; i < then->n[k]; i++) {
			if (has(before, k, then->ids[k][i]) || !has(now, k, then->ids[k][i]))
				continue;
			if (!found++) {
				*kind = k;
				*id = then->ids[k][i];
			}
		}
	return found;
}
