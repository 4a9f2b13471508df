/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/dumps.h"

#include <errno.h>

#include "cmd/census.h"
#include "cmd/muster.h"
#include "cmd/rows.h"
#include "plan/needs.h"
#include "plan/rights.h"

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
		run_enter_stage(run, "dump of", family->name);
		dump_family(run, family, sel, sink, ctx, &one);
		if (dump_incomplete(&one) && !one.sockets)
			run->unread_netids |= family->netids;
		merge(all, &one);
		if (run->plan->read)
			return;
	}
}

static void recheck(struct run *run, const struct selection *sel)
{
	int err;

	if (run->plan->read || run->report.problem == DUMP_STOPPED)
		return;
	err = recheck_run(&run->recheck, run->source, sel, rows_take, run, &run->report);
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
			   spaces_have_socket, rows_finish, run);
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
	run_families(run, sel, rows_take, run, &report);
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
	run->late = run->again >= 0 && rows_look_twice(run) ? late_new() : NULL;
	dump_spaces(run, &sel);
	resolve_late(run);
	if (run->plan->dumped)
		run->plan->dumped(ctx);
	run->failed = run_keep_rights(run, RIGHTS_NOTHING) < 0;
}
