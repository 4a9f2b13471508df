/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/netns.h"

/* Where one record goes. */
struct indexes {
	struct owners *owners;
	struct peers *peers; /* NULL: not wanted */
	uint64_t netns;
};

static int add_record(void *ctx, const struct owner_record *record)
{
	const struct indexes *to = ctx;
	bool ends = to->peers && record->ends && record->ends->netns == to->netns;
	int err;

	if (ends)
		peers_await_held(to->peers, record);
	err = owners_add(to->owners, record);
	return err || !ends ? err : peers_add_held(to->peers, record);
}

/* Tries the BPF pass. Returns 0 with the index filled, or a negative errno with it empty. */
static int gather_bpf(struct owners *owners, const struct gather_request *request,
		      struct owners_status *status, uint32_t *hz)
{
	struct indexes to = { owners, request->peers, request->peers ? netns_self() : 0 };
	int err = owners_bpf_read_first(add_record, &to, request->bpf_loaded, request->ctx, hz,
					&status->bpf_stage, request->again);

	if (err) {
		status->bpf_error = err;
		owners_reset(owners);
		return err;
	}
	status->bpf_stage = NULL;
	status->holders = OWNERS_FROM_BPF;
	status->linger = LINGER_FROM_BPF;
	status->complete = true;
	return 0;
}

static enum walk_threads walk_of(const struct gather_request *request)
{
	if (!request->threads)
		return WALK_PROCESSES;
	return request->other_numbers ? WALK_TABLES_UNTOLD : WALK_TABLES;
}

static int gather_proc(struct owners *owners, const struct gather_request *request,
		       struct owners_status *status)
{
	int err;

	if (!request->proc)
		return 0;
	err = owners_proc_read(request->proc, walk_of(request), owners_add, owners,
			       &status->unreadable);
	if (err) {
		owners_reset(owners);
		return err == -ENOMEM ? err : 0; /* no /proc: holders stay unknown */
	}
	status->holders = OWNERS_FROM_PROC;
	status->complete = status->unreadable == 0;
	return 0;
}

static void take_answer(void *ctx, const struct getfd_target *target,
			const struct owner_options *options)
{
	owners_set_options(ctx, target->inode, options);
}

static bool may_keep_options(enum linger_mode mode)
{
	return mode == LINGER_MODE_AUTO || mode == LINGER_MODE_BPF;
}

/* Of a socket that the walk met, what BPF knows but for who holds it. */
static int add_options(void *ctx, const struct owner_record *record)
{
	const struct indexes *to = ctx;

	owners_set_options(to->owners, record->inode, &record->options);
	if (!to->peers || !record->ends || record->ends->netns != to->netns)
		return 0;
	return peers_add_held(to->peers, record);
}

/* Our own memory is short, and another way would need as much. */
static bool is_final(int err, const struct owners_status *status)
{
	return err == -ENOMEM && strcmp(status->bpf_stage, "index") == 0;
}

/* Holders by the numbers of another PID namespace. BPF has none of these to give, but what it reads
 * of a socket is the socket's. */
static int gather_elsewhere(struct owners *owners, const struct gather_request *request,
			    struct owners_status *status, uint32_t *hz)
{
	struct indexes to = { owners, request->peers, request->peers ? netns_self() : 0 };
	int err = gather_proc(owners, request, status);

	if (err || !may_keep_options(request->mode))
		return err;
	err = owners_bpf_read(add_options, &to, request->bpf_loaded, request->ctx, hz,
			      &status->bpf_stage);
	if (!err) {
		status->bpf_stage = NULL;
		status->linger = LINGER_FROM_BPF;
		return 0;
	}
	status->bpf_error = err;
	owners_forget_options(owners);
	return is_final(err, status) ? err : 0;
}

static int gather_here(struct owners *owners, const struct gather_request *request,
		       struct owners_status *status, uint32_t *hz)
{
	int err = gather_bpf(owners, request, status, hz);

	if (!err || is_final(err, status))
		return err;
	if (!request->want_holders && request->mode != LINGER_MODE_GETFD)
		return 0;
	return gather_proc(owners, request, status);
}

int owners_gather(struct owners *owners, const struct gather_request *request,
		  struct owners_status *status)
{
	uint32_t hz = 0;
	int err;

	*status = (struct owners_status){ 0 };
	if (request->other_numbers)
		err = gather_elsewhere(owners, request, status, &hz);
	else
		err = gather_here(owners, request, status, &hz);
	if (err)
		return err;
	if (!may_keep_options(request->mode)) {
		owners_forget_options(owners);
		status->linger = LINGER_FROM_NOWHERE;
	}
	status->hz = hz;
	owners_finish(owners, hz, status);
	return 0;
}

int owners_gather_getfd(struct owners *owners, const uint32_t *inodes, size_t n,
			struct owners_status *status)
{
	struct getfd_target *targets = reallocarray(NULL, n + 1, sizeof(*targets));
	size_t found = 0;
	int err;

	if (!targets)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		found += owners_first(owners, inodes[i], &targets[found]);
	err = owners_getfd_read(targets, found, take_answer, owners, &status->getfd);
	free(targets);
	status->linger = err ? LINGER_FROM_NOWHERE : LINGER_FROM_GETFD;
	owners_finish(owners, 0, status);
	return err == -ENOSYS ? 0 : err;
}
