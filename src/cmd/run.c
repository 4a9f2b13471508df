/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "cmd/census.h"
#include "cmd/dumps.h"
#include "cmd/hints.h"
#include "cmd/prepass.h"
#include "judge/close.h"
#include "plan/needs.h"
#include "plan/rights.h"

static bool needs_descriptors(const struct run *run)
{
	return run->plan->needs & (NEED_OWNERS | NEED_LINGER) && !run->plan->read;
}

/* Whoever wants no linger read, or in another way, has a reason to do without BPF. */
static bool may_recheck_by_bpf(const struct run *run)
{
	const struct run_plan *plan = run->plan;

	return !plan->read && !plan->selection.bytecode_len &&
	       (plan->selection.netids & NETID_BIT(NETID_TCP)) &&
	       (plan->linger == LINGER_MODE_AUTO || plan->linger == LINGER_MODE_BPF);
}

/* What the dump itself needs, to its last message. */
static unsigned int plan_dump_rights(const struct run *run)
{
	bool admin = run->plan->needs & (NEED_MARK | NEED_FILTER | NEED_SUBFLOWS | NEED_CONGESTION);
	unsigned int rights = admin ? RIGHT_SEE_MARK : RIGHTS_NOTHING;

	if ((run->plan->needs & NEED_CGROUP) && !run->plan->read)
		rights |= RIGHT_OPEN_CGROUPS;
	if (run->plan->needs & (NEED_DESCRIPTORS | NEED_CONTEXT))
		rights |= RIGHT_READ_PROCESSES;
	/* The files that lead into namespaces are those of processes. */
	if (run->plan->all_netns)
		rights |= RIGHT_ENTER_NETNS | RIGHT_READ_PROCESSES;
	return rights;
}

/* Of these sock_diag does not tell the control group. */
#define NETIDS_WITHOUT_CGROUP                                                                  \
	(NETIDS_UNIX | NETIDS_PACKET | NETIDS_VSOCK | NETIDS_TIPC | NETID_BIT(NETID_NETLINK) | \
	 NETID_BIT(NETID_XDP))

static bool wants_births(const struct run *run)
{
	return (run->plan->needs & NEED_CGROUP) && !run->plan->read && !run->plan->events &&
	       (run->plan->selection.netids & NETIDS_WITHOUT_CGROUP);
}

static unsigned int plan_rights(const struct run *run, bool census)
{
	unsigned int rights = plan_dump_rights(run);

	if (census || wants_births(run))
		rights |= RIGHT_LOAD_BPF;
	if (needs_descriptors(run))
		rights |= RIGHT_LOAD_BPF | RIGHT_READ_PROCESSES;
	return rights;
}

void run_enter_stage(const struct run *run, const char *what, const char *which)
{
	if (run->plan->enter_stage)
		run->plan->enter_stage(run->plan->stage_ctx, what, which);
}

int run_keep_rights(const struct run *run, unsigned int rights)
{
	int err = rights_keep(rights | run->plan->later_rights);

	if (err)
		message("cannot drop capabilities: %s", strerror(-err));
	return err;
}

/* What fails here fails again, and is told, when the pass is over. */
static void bpf_is_loaded(void *ctx)
{
	const struct run *run = ctx;

	rights_keep(plan_dump_rights(run) | RIGHT_READ_PROCESSES | run->plan->later_rights);
}

struct inode_list {
	uint32_t *items;
	size_t count, cap;
};

static int add_inode(struct inode_list *list, uint32_t inode)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 256;
		uint32_t *bigger = reallocarray(list->items, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		list->items = bigger;
		list->cap = cap;
	}
	list->items[list->count++] = inode;
	return 0;
}

/* TCP is in every kernel that has sock_diag at all; the others are asked for first. */
static void find_missing(struct run *run)
{
	size_t n;
	const struct family *const *families = source_families(&n);

	for (size_t i = 1; i < n; i++)
		if ((families[i]->netids & run->plan->selection.netids) &&
		    !source_has(run->source, families[i]))
			run->missing_netids |= families[i]->netids;
}

/* What getfd needs while it is told which sockets to touch. */
struct getfd_pass {
	struct run *run;
	struct inode_list inodes;
};

/* getfd touches what it reads: only sockets that will be shown, as far as that can be told before
 * linger is known. */
static int collect_inode(void *ctx, struct socket *sk)
{
	struct getfd_pass *pass = ctx;
	struct run *run = pass->run;

	if (!sk->inode || !(STATE_BIT(sk->state) & run->plan->touch_states))
		return 0;
	enrich_socket(&run->enrich, sk);
	if (run->plan->needs & NEED_FORECAST)
		judge_close(sk, &sk->close);
	if (filter_match(run->plan->filter, sk) == TRI_NO)
		return 0;
	return add_inode(&pass->inodes, sk->inode);
}

/* One dump more. A dump that breaks here will break again where it is reported. */
static int gather_getfd(struct run *run)
{
	struct getfd_pass pass = { .run = run };
	struct dump_report report;
	int err;

	hint_getfd();
	run_families(run, &run->plan->selection, collect_inode, &pass, &report);
	err = report.error == -ENOMEM ? -ENOMEM : 0;
	if (!err)
		err = owners_gather_getfd(run->enrich.owners, pass.inodes.items, pass.inodes.count,
					  &run->owners);
	free(pass.inodes.items);
	return err;
}

static int gather(struct run *run)
{
	struct gather_request request = {
		.mode = run->plan->linger,
		.threads = run->plan->threads,
		.want_holders = run->plan->needs & NEED_OWNERS,
		.bpf_loaded = bpf_is_loaded,
		.ctx = run,
		.peers = run->want_tcp_peers ? run->enrich.here.peers : NULL,
		.again = &run->again,
	};
	int err;

	processes_gather(run, &request);
	run_enter_stage(run, "owners pass", NULL);
	err = owners_gather(run->enrich.owners, &request, &run->owners);
	prepass_complete_peers(run);
	if (!err && request.mode == LINGER_MODE_GETFD)
		err = gather_getfd(run);
	if (err)
		message("cannot read who holds the sockets: %s", strerror(-err));
	return err;
}

static int open_source(struct run *run)
{
	const char *path = run->plan->read;
	int err = path ? source_open_replay(&run->source, path) : source_open_kernel(&run->source);

	if (err && path)
		message("--read: cannot open '%s': %s", path, strerror(-err));
	else if (err)
		message("cannot open NETLINK_SOCK_DIAG: %s%s", strerror(-err),
			err == -EPROTONOSUPPORT ? "; the kernel needs CONFIG_INET_DIAG" : "");
	return err;
}

/* Rows of several namespaces are told apart by them. */
static unsigned int enrichment_needs(const struct run_plan *plan)
{
	return plan->all_netns ? plan->needs | NEED_NETNS | NEED_NETNS_NAME : plan->needs;
}

/* Where BPF is not to be had at all, that is told once, with what else is unknown for it. */
static void tell_births(const struct run *run, int err)
{
	if (!run->may_load_bpf && !(run->plan->needs & NEED_CGROUP_NAMED))
		return;
	message("the control groups of unix and other sockets are not known: BPF: %s%s%s",
		strerror(-err), geteuid() ? "; root can: sudo " : "",
		geteuid() ? run->plan->command_line : "");
}

/* Without BPF the groups of these stay unknown. */
static int find_births(struct run *run)
{
	int err;

	if (!wants_births(run))
		return 0;
	run_enter_stage(run, "pass over", "control groups");
	err = births_read(&run->enrich.births);
	if (err == -ENOMEM)
		message("%s", strerror(-err));
	else if (err)
		tell_births(run, err);
	return err == -ENOMEM ? err : 0;
}

/* The other ends of connections, and the parts of those of MPTCP. */
static int learn_others(struct run *run)
{
	int err;

	if (run->plan->needs & (NEED_PEER_NAMES | NEED_PEER_HOLDERS | NEED_SUBFLOWS))
		run_enter_stage(run, "dump of", "peers and subflows");
	err = prepass_peers(run);
	if (!err)
		err = prepass_subflows(run);
	if (err)
		message("%s", strerror(-err));
	return err;
}

/* Who holds the sockets, and what stands on the ports. */
static int learn_owners(struct run *run)
{
	int err = 0;

	run->skipped_owners = needs_descriptors(run) && prepass_selects_nothing(run);
	if (needs_descriptors(run) && !run->skipped_owners)
		err = gather(run);
	else
		prepass_complete_peers(run);
	if (!err && (err = prepass_ports(run)))
		message("%s", strerror(-err));
	return err;
}

int run_open(struct run *run, const struct run_plan *plan)
{
	bool census;
	int err;

	*run = (struct run)RUN_NOT_OPENED;
	run->plan = plan;
	if (plan->netns_error)
		return plan->netns_error;
	run_enter_stage(run, "opening the source", NULL);
	err = open_source(run);
	if (err)
		return err;
	run->may_load_bpf = rights_have(RIGHT_LOAD_BPF);
	if (plan->all_netns && (err = spaces_open(run)))
		return err;
	census = census_serves(run);
	err = run_keep_rights(run, plan_rights(run, census || may_recheck_by_bpf(run)));
	if (err)
		return err;
	if (census)
		run->states = states_open();
	else if (may_recheck_by_bpf(run))
		recheck_prepare(&run->recheck, plan->all_netns);
	err = enrichment_open(&run->enrich, enrichment_needs(plan), !plan->read);
	if (err) {
		message("%s", strerror(-err));
		return err;
	}
	if (plan->all_netns)
		spaces_begin(run);
	find_missing(run);
	err = find_births(run);
	if (err)
		return err;
	err = learn_others(run);
	if (!err)
		err = learn_owners(run);
	return err ? err : run_keep_rights(run, plan_dump_rights(run));
}

/* An empty list of bound sockets may only mean that the kernel cannot list them. */
static bool lacks_bound(const struct run *run)
{
	return run->plan->named_bound && !run->bound_seen &&
	       source_lists_bound(run->source) == TRI_NO;
}

/* Says what was asked for by name and is not in this kernel; true when there is any. */
static bool lacks_named(const struct run *run)
{
	bool families = run->plan->named_netids & run->missing_netids, bound = lacks_bound(run);

	if (families)
		hint_missing(run);
	if (bound)
		hint_bound();
	return families || bound;
}

enum result run_verdict(const struct run *run, uint64_t sockets, uint64_t unknown_holders)
{
	const struct dump_report *r = &run->report;
	bool lacking;

	if (run->undecided)
		hint_undecided(run->undecided);
	if (run->unlooked || (run->skipped_owners && (sockets || run->undecided)))
		hint_too_young();
	if (!run->skipped_owners && needs_descriptors(run) && (sockets || run->undecided))
		hint_unknown(run, unknown_holders);
	processes_hint(run);
	hint_cgroups(run);
	hint_links(run);
	lacking = lacks_named(run);
	if (run->failed)
		return RESULT_FAILED;
	if (!dump_incomplete(r))
		return lacking ? RESULT_INCOMPLETE : RESULT_DONE;
	hint_dump(r, run->plan->read);
	/* Nothing at all came: that is a failure, not a short list. */
	return r->problem != DUMP_OK && r->messages == 0 ? RESULT_FAILED : RESULT_INCOMPLETE;
}

void run_close(struct run *run)
{
	late_free(run->late);
	states_close(run->states);
	recheck_free(&run->recheck);
	roll_free(run->roll);
	if (run->again >= 0)
		close(run->again);
	enrichment_close(&run->enrich);
	filter_free(run->this_host);
	source_close(run->source);
	spaces_close(&run->spaces);
}
