/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "cmd/census.h"
#include "cmd/hints.h"
#include "cmd/muster.h"
#include "cmd/prepass.h"
#include "enrich/program.h"
#include "judge/close.h"
#include "model/words.h"
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

static void enter_stage(const struct run *run, const char *what, const char *which)
{
	if (run->plan->enter_stage)
		run->plan->enter_stage(run->plan->stage_ctx, what, which);
}

static int keep_rights(const struct run *run, unsigned int rights)
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

/* Keeps the first problem of several dumps, and adds up the rest. */
static void merge(struct dump_report *all, const struct dump_report *one)
{
	if (all->problem == DUMP_OK) {
		all->problem = one->problem;
		all->error = one->error;
		all->offset = one->offset;
	}
	all->messages += one->messages;
	all->sockets += one->sockets;
	all->duplicates += one->duplicates;
	all->malformed += one->malformed;
	all->bad_attrs += one->bad_attrs;
	all->interrupted += one->interrupted;
	all->added += one->added;
}

/* Where subflows stand under their connections, these come first: their subflows are then known
 * when TCP is listed. */
static const struct family *next_family(const struct run *run, size_t i)
{
	size_t n;
	const struct family *const *families = source_families(&n);
	bool mptcp_first = run->enrich.here.subflows;

	if (mptcp_first && i == 0)
		return &family_mptcp;
	for (size_t k = 0; k < n; k++) {
		if (mptcp_first && families[k] == &family_mptcp)
			continue;
		if (i-- == mptcp_first)
			return families[k];
	}
	return NULL;
}

static void dump_family(struct run *run, const struct family *family, const struct selection *sel,
			socket_sink sink, void *ctx, struct dump_report *report)
{
	if (family == &family_tcp && muster_serves(run, sel))
		muster_dump(run, sel, sink, ctx, report);
	else
		source_dump(run->source, family, sel, sink, ctx, report);
}

void run_families(struct run *run, const struct selection *sel, socket_sink sink, void *ctx,
		  struct dump_report *all)
{
	uint32_t wanted = sel->netids & ~run->missing_netids & ~run->counted_netids;
	const struct family *family;

	*all = (struct dump_report){ 0 };
	for (size_t i = 0; (family = next_family(run, i)) && all->problem != DUMP_STOPPED; i++) {
		struct dump_report one;

		if (!(family->netids & wanted))
			continue;
		enter_stage(run, "dump of", family->name);
		dump_family(run, family, sel, sink, ctx, &one);
		if (dump_incomplete(&one) && !one.sockets)
			run->unread_netids |= family->netids;
		merge(all, &one);
		if (run->plan->read)
			return;
	}
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
	enter_stage(run, "owners pass", NULL);
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
	enter_stage(run, "pass over", "control groups");
	err = births_read(&run->enrich.births);
	if (err == -ENOMEM)
		message("%s", strerror(-err));
	else if (err)
		tell_births(run, err);
	return err == -ENOMEM ? err : 0;
}

int run_open(struct run *run, const struct run_plan *plan)
{
	bool census;
	int err;

	*run = (struct run)RUN_NOT_OPENED;
	run->plan = plan;
	if (plan->netns_error)
		return plan->netns_error;
	enter_stage(run, "opening the source", NULL);
	err = open_source(run);
	if (err)
		return err;
	run->may_load_bpf = rights_have(RIGHT_LOAD_BPF);
	if (plan->all_netns && (err = spaces_open(run)))
		return err;
	census = census_serves(run);
	err = keep_rights(run, plan_rights(run, census || may_recheck_by_bpf(run)));
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
	if (plan->needs & (NEED_PEER_NAMES | NEED_PEER_HOLDERS | NEED_SUBFLOWS))
		enter_stage(run, "dump of", "peers and subflows");
	err = prepass_peers(run);
	if (!err)
		err = prepass_subflows(run);
	if (err) {
		message("%s", strerror(-err));
		return err;
	}
	run->skipped_owners = needs_descriptors(run) && prepass_selects_nothing(run);
	if (needs_descriptors(run) && !run->skipped_owners)
		err = gather(run);
	else
		prepass_complete_peers(run);
	if (!err && (err = prepass_ports(run)))
		message("%s", strerror(-err));
	return err ? err : keep_rights(run, plan_dump_rights(run));
}

/* The ports of the namespace that the socket is in: a row may have waited for a second look. */
static struct port_users *ports_of(struct run *run, const struct socket *sk)
{
	return sk->netns == run->enrich.here.netns ? run->enrich.here.ports
						   : spaces_ports(&run->spaces, sk->netns);
}

/* Without a verdict it is not known: memory was short, or the ports were not learned. */
static void judge_listener(struct run *run, struct socket *sk)
{
	struct port_users *ports = ports_of(run, sk);
	struct program program;

	if (!ports || !restart_has_rules(sk))
		return;
	program_of("/proc", sk, &program);
	sk->restart = port_users_judge(ports, sk, &program);
}

/* The second half of a socket's way: everything that can be known is. */
static int finish_socket(void *ctx, struct socket *sk)
{
	struct run *run = ctx;
	enum tri verdict;

	if (run->plan->needs & NEED_FORECAST)
		judge_close(sk, &sk->close);
	if (run->plan->needs & NEED_RESTART)
		judge_listener(run, sk);
	verdict = filter_match(run->plan->filter, sk);
	run->undecided += verdict == TRI_UNKNOWN;
	if (verdict != TRI_YES)
		return 0;
	processes_note(run, sk);
	if (sk->subflows.known)
		subflows_listed(run->enrich.here.subflows, sk);
	return run->sink(run->ctx, sk);
}

/* The lists of holders belong to one row at a time; whose they are, the connection's row says. */
static void take_subflow(struct run *run, struct socket *sk)
{
	enrich_socket(&run->enrich, sk);
	if (run->plan->needs & NEED_FORECAST)
		judge_close(sk, &sk->close);
	sk->holders = (struct holder_list){ 0 };
	sk->other.holders = (struct holder_list){ 0 };
}

static void take_subflows(struct run *run, struct socket *sk)
{
	struct subflow_list *list = &sk->subflows;
	struct socket *items =
		subflows_of(run->enrich.here.subflows, sk, &list->count, &list->known);

	list->items = items;
	for (uint32_t i = 0; i < list->count; i++)
		take_subflow(run, &items[i]);
}

/* Connections come before TCP then (run_families()), so it is known which were listed. One that
 * was held back is not among them yet: its subflows have rows of their own besides. */
static bool is_listed_already(const struct run *run, const struct socket *sk)
{
	return run->enrich.here.subflows && sk->netid == NETID_TCP &&
	       subflows_has_listed(run->enrich.here.subflows, sk);
}

/* getfd was told what to touch before the dump; it cannot be asked again. */
static bool looks_twice(const struct run *run)
{
	return run->owners.holders == OWNERS_FROM_BPF && run->plan->linger != LINGER_MODE_GETFD;
}

static int take_socket(void *ctx, struct socket *sk)
{
	struct run *run = ctx;

	if (recheck_note(&run->recheck, sk)) {
		run->report.duplicates++;
		return 0;
	}
	run->bound_seen |= sk->state == STATE_BOUND_INACTIVE;
	if (is_listed_already(run, sk) || links_own(run->enrich.here.links, sk))
		return 0;
	if (run->enrich.here.subflows && sk->netid == NETID_MPTCP)
		take_subflows(run, sk);
	enrich_socket(&run->enrich, sk);
	if (run->peers_error)
		return run->peers_error;
	if (run->late && late_keep(run->late, sk))
		return 0;
	if (looks_twice(run))
		run->unlooked += late_give_up(sk);
	return finish_socket(run, sk);
}

static void recheck(struct run *run, const struct selection *sel)
{
	int err;

	if (run->plan->read || run->report.problem == DUMP_STOPPED)
		return;
	err = recheck_run(&run->recheck, run->source, sel, take_socket, run, &run->report);
	if (err && run->report.problem == DUMP_OK) {
		run->report.problem = DUMP_STOPPED;
		run->report.error = err;
	}
}

static void resolve_late(struct run *run)
{
	int err;

	if (!run->late || !late_count(run->late) || run->report.problem == DUMP_STOPPED)
		return;
	err = late_resolve(run->late, run->again, &run->owners, run->enrich.owners,
			   spaces_have_socket, finish_socket, run);
	if (late_unread(run->late))
		run->unlooked += late_count(run->late);
	if (err && run->report.problem == DUMP_OK) {
		run->report.problem = DUMP_STOPPED;
		run->report.error = err;
	}
}

static const struct {
	unsigned int need;
	enum wanted want;
} dump_needs[] = {
	{ NEED_CONGESTION, WANT_CONGESTION }, { NEED_MEMORY, WANT_MEMORY },
	{ NEED_EXTENDED, WANT_EXTENDED },     { NEED_TOS, WANT_TOS },
	{ NEED_FILTER, WANT_FILTER },
};

static unsigned int plan_wants(unsigned int needs)
{
	unsigned int want = 0;

	for (size_t i = 0; i < sizeof(dump_needs) / sizeof(dump_needs[0]); i++)
		if (needs & dump_needs[i].need)
			want |= dump_needs[i].want;
	return want;
}

void run_selection(const struct run *run, struct selection *sel)
{
	*sel = run->plan->selection;
	sel->want_tcp_info = run->plan->needs & NEED_TCP_INFO;
	sel->want = plan_wants(run->plan->needs);
}

static void dump_or_count(struct run *run, const struct selection *sel)
{
	int64_t counted = census_take(run, sel);
	struct dump_report report;

	if (counted < 0 && counted != -EAGAIN) {
		run->report =
			(struct dump_report){ .problem = DUMP_STOPPED, .error = (int)counted };
		return;
	}
	if (counted >= 0)
		run->counted_netids = NETID_BIT(NETID_TCP);
	if (muster_serves(run, sel))
		recheck_spare(&run->recheck);
	run_families(run, sel, take_socket, run, &report);
	merge(&run->report, &report);
	if (counted > 0)
		run->report.sockets += (uint64_t)counted;
	recheck(run, sel);
}

/* The process has come to a namespace. */
static int settle(struct run *run)
{
	if (!run->plan->in_namespace)
		return 0;
	return run->plan->in_namespace(run->ctx, &run->enrich.here);
}

static void dump_spaces(struct run *run, const struct selection *sel)
{
	struct dump_report none = { .problem = DUMP_STOPPED };
	int more = 1;

	while (more > 0 && (none.error = settle(run)) == 0) {
		dump_or_count(run, sel);
		recheck_forget(&run->recheck);
		more = run->report.problem == DUMP_STOPPED ? 0 : spaces_next(run);
	}
	if (more < 0)
		none.error = more;
	if (none.error)
		merge(&run->report, &none);
	if (run->plan->all_netns)
		spaces_end(run);
	run->report.namespaces = run->spaces.missing;
}

void run_on_pause(struct run *run, source_pause pause, void *ctx)
{
	run->pause = pause;
	run->pause_ctx = ctx;
	source_on_pause(run->source, pause, ctx);
}

void run_dump(struct run *run, socket_sink sink, void *ctx)
{
	struct selection sel;

	run_selection(run, &sel);
	run->sink = sink;
	run->ctx = ctx;
	run->late = run->again >= 0 && looks_twice(run) ? late_new() : NULL;
	dump_spaces(run, &sel);
	resolve_late(run);
	if (run->plan->dumped)
		run->plan->dumped(ctx);
	run->failed = keep_rights(run, RIGHTS_NOTHING) < 0;
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
