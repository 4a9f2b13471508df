/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/hints.h"

#include "config.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/procfs.h"
#include "plan/needs.h"

void hint_getfd(void)
{
	message("--linger=getfd holds copies of other processes' descriptors for a moment; "
		"a close() in that moment takes effect only after it");
}

void hint_dump(const struct dump_report *report, const char *file)
{
	if (report->problem == DUMP_STOPPED && report->error != -ENOMEM)
		return; /* output failed, and that has a message of its own */
	if (report->problem != DUMP_OK && file)
		message("'%s': %s at byte %llu; %llu sockets were readable", file,
			dump_problem_text(report->problem), (unsigned long long)report->offset,
			(unsigned long long)report->sockets);
	else if (report->problem != DUMP_OK)
		message("the list is incomplete: %s%s%s", dump_problem_text(report->problem),
			report->error ? ": " : "", report->error ? strerror(-report->error) : "");
	if (report->interrupted)
		message("the list is incomplete: the kernel says the dump was interrupted");
	if (isinf(report->may_miss))
		message("rows may be missing: sockets are passed over where others are closed "
			"meanwhile, and /proc/net does not say whether any were");
	else if (report->may_miss > 0)
		message("rows may be missing: sockets were closed while the others were listed, "
			"and these may have been passed over; root's listing has them all");
	if (report->malformed)
		message("the list is incomplete: %llu malformed messages were passed over",
			(unsigned long long)report->malformed);
}

void hint_prepass(const struct dump_report *report)
{
	message("not all peers or subflows could be found: %s%s%s",
		report->problem == DUMP_OK ? "the dump was interrupted"
					   : dump_problem_text(report->problem),
		report->error ? ": " : "", report->error ? strerror(-report->error) : "");
}

void hint_too_young(void)
{
	message("sockets were made during this run, and who holds them shows as '?'; ask again");
}

void hint_undecided(uint64_t sockets)
{
	if (sockets == 1)
		message("1 socket is left out: what the filter asks is not known of it");
	else
		message("%llu sockets are left out: what the filter asks is not known of them",
			(unsigned long long)sockets);
}

void hint_missing(const struct run *run)
{
	uint32_t missing = run->plan->named_netids & run->missing_netids;
	size_t n;
	const struct family *const *families = source_families(&n);

	for (size_t i = 0; i < n; i++)
		if (families[i]->netids & missing)
			message("this kernel does not list %s sockets (no %s_diag)",
				families[i]->name, families[i]->name);
}

void hint_contexts(const struct contexts *contexts, const char *command_line)
{
	uint64_t unknown = contexts_unknown(contexts);

	if (contexts_absent(contexts))
		message("processes have no security context here: no module such as SELinux or "
			"AppArmor is active");
	else if (unknown && geteuid() != 0)
		message("%llu security contexts cannot be read by this user and show as '?'; root "
			"can: sudo %s",
			(unsigned long long)unknown, command_line);
}

void hint_cgroups(const struct run *run)
{
	struct cgroups_unknown unknown;

	if (!run->enrich.cgroups)
		return;
	unknown = cgroups_unknown(run->enrich.cgroups);
	if (unknown.error)
		message("not all control groups could be named: %s", strerror(-unknown.error));
	if (!(run->plan->needs & NEED_CGROUP_NAMED))
		return;
	if (unknown.no_hierarchy)
		message("control groups, units and containers show as '?': the cgroup v2 hierarchy "
			"is not mounted here");
	if (unknown.outside)
		message("the control groups of %llu sockets are outside this cgroup namespace and "
			"show as '?'",
			(unsigned long long)unknown.outside);
	if (unknown.either)
		message("the control groups of %llu sockets are removed, or outside this cgroup "
			"namespace, and show as '?'",
			(unsigned long long)unknown.either);
}

void hint_links(const struct run *run)
{
	if (run->enrich.lacks_links)
		message("devices show by number: their names need " LIBNL_ROUTE_SONAME
			" (Debian: libnl-route-3-200)");
}

void hint_bound(void)
{
	message("this kernel does not list bound, inactive TCP sockets (Linux 6.8 and newer do)");
}

/* Without CAP_PERFMON the load fails with EINVAL, not EPERM, so the error does not tell. */
static bool lacks_privilege(const struct run *run)
{
	const struct owners_status *s = &run->owners;

	return (s->bpf_stage && s->bpf_error != -EOPNOTSUPP && !run->may_load_bpf) ||
	       s->getfd.denied || s->unreadable;
}

static const char *what_is_missing(bool linger, bool holders)
{
	if (linger && holders)
		return "linger and other users' processes";
	return linger ? "linger" : "other users' processes";
}

void hint_unknown(const struct run *run, uint64_t unknown_holders)
{
	const struct owners_status *s = &run->owners;
	unsigned int needs = run->plan->needs;
	bool linger = (needs & NEED_LINGER) && run->plan->linger != LINGER_MODE_NONE &&
		      (s->linger == LINGER_FROM_NOWHERE || s->getfd.denied);
	bool holders = (needs & NEED_OWNERS) && !s->complete && unknown_holders;

	if (s->linger == LINGER_FROM_BPF && !s->hz && (needs & NEED_LINGER))
		message("linger times above 0 show as '?': the length of the kernel's ticks is not "
			"known");
	if (owners_unlisted(run->enrich.owners))
		message("who holds %llu sockets shows as '?': memory was short",
			(unsigned long long)owners_unlisted(run->enrich.owners));
	if (s->getfd.failed)
		message("--linger=getfd could not read %u sockets: %s", s->getfd.failed,
			strerror(-s->getfd.error));
	if (holders && processes_hint_unknown(run))
		holders = false;
	if (!linger && !holders)
		return;
	if (procfs_users_are_inside() && (linger || geteuid() == 0))
		message("'?' stands for %s: reading that takes root's capabilities outside of this "
			"user namespace%s",
			what_is_missing(linger, holders),
			linger ? "; --linger=getfd reads linger of one's own processes" : "");
	else if (lacks_privilege(run) && geteuid() != 0)
		message("%s cannot be read by this user and %s as '?'; root can: sudo %s",
			what_is_missing(linger, holders), holders ? "show" : "shows",
			run->plan->command_line);
	else if (linger && s->bpf_error == -EOPNOTSUPP)
		message("linger cannot be read and shows as '?': %s; --linger=getfd reads it in "
			"another way",
			s->bpf_stage);
	else if (linger && s->bpf_stage && !run->may_load_bpf)
		message("linger cannot be read and shows as '?': that takes CAP_BPF and "
			"CAP_PERFMON, which this process does not have; --linger=getfd reads it in "
			"another way");
	else if (linger && s->bpf_stage)
		message("linger cannot be read and shows as '?': the BPF program failed to %s: %s; "
			"--linger=getfd reads it in another way",
			s->bpf_stage, strerror(-s->bpf_error));
	else
		message("%s cannot be read here: '?' stands for it",
			what_is_missing(linger, holders));
}
