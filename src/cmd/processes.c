/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/processes.h"

#include <errno.h>
#include <string.h>

#include "base/message.h"
#include "base/procfs.h"
#include "cmd/run.h"
#include "plan/needs.h"

static const char *root_of(const struct run_plan *plan)
{
	return plan->proc ? plan->proc : "/proc";
}

static int refuse(const struct run_plan *plan, const struct procfs *procfs)
{
	if (procfs->fault == PROCFS_UNREADABLE)
		message("--proc: cannot open '%s': %s", plan->proc, strerror(-procfs->error));
	else if (procfs->fault == PROCFS_NO_PROC)
		message("--proc: '%s' is not where a procfs is mounted, such as /host/proc",
			plan->proc);
	else
		message("--proc: '%s' does not show its process 1: it is mounted with hidepid, or "
			"its PID namespace has ended",
			plan->proc);
	return -EINVAL;
}

int processes_check(const struct run_plan *plan)
{
	struct procfs procfs;

	if (!plan->proc)
		return 0;
	if (plan->read) {
		message("--proc: a recording has no processes; leave out --proc or --read");
		return -EINVAL;
	}
	procfs_look(plan->proc, &procfs);
	if (procfs.fault != PROCFS_USABLE)
		return refuse(plan, &procfs);
	if (plan->linger == LINGER_MODE_GETFD && procfs.view != PROCFS_OURS) {
		message("--linger=getfd: it takes processes by their numbers here, and '%s' is of "
			"another PID namespace; leave out one of them",
			plan->proc);
		return -EINVAL;
	}
	return 0;
}

const char *processes_root(const struct run_plan *plan)
{
	struct procfs procfs;

	if (plan->proc)
		return plan->proc;
	procfs_look("/proc", &procfs);
	return procfs.view == PROCFS_OURS ? "/proc" : NULL;
}

bool processes_walk(const struct run_plan *plan, const char **proc)
{
	struct procfs procfs;

	*proc = root_of(plan);
	procfs_look(*proc, &procfs);
	return procfs.view != PROCFS_OURS;
}

bool processes_are_ambiguous(const struct run_plan *plan, const char *word)
{
	return *word && !word[strspn(word, "0123456789")] && !processes_root(plan);
}

void processes_gather(struct run *run, struct gather_request *request)
{
	const struct run_plan *plan = run->plan;
	bool ours;

	procfs_look(root_of(plan), &run->procfs);
	ours = run->procfs.view == PROCFS_OURS;
	request->proc = ours || plan->proc ? root_of(plan) : NULL;
	request->other_numbers = !ours && plan->proc;
}

/* --- hints ----------------------------------------------------------------------------------- */

static bool shows_others(const struct run *run)
{
	return run->plan->proc && run->procfs.view != PROCFS_OURS;
}

void processes_note(struct run *run, const struct socket *sk)
{
	const struct holder_list *list = &sk->holders;

	if (!sk->inode || socket_is_kernels(sk))
		return;
	run->outside.unseen += list->known == HOLDERS_COMPLETE && list->count == 0;
	run->outside.linger += list->count && sk->linger.kind == LINGER_UNKNOWN;
}

static void hint_unseen(const struct run *run)
{
	unsigned long long n = run->outside.unseen;
	const char *are = n == 1 ? " is" : "s are", *show = n == 1 ? "shows" : "show";

	if (shows_others(run))
		message("%llu socket%s held by no process that '%s' shows: 'unseen'", n, are,
			run->plan->proc);
	else if (procfs_pids_are_inside())
		message("%llu socket%s held by no process of this PID namespace and %s as "
			"'unseen'; who does can be seen from outside, or with the host's procfs: "
			"--proc PATH",
			n, are, show);
}

static void hint_linger(const struct run *run)
{
	unsigned long long n = run->outside.linger;

	if (shows_others(run) && run->owners.linger == LINGER_FROM_BPF)
		message("linger of %llu socket%s as '?': BPF shows the processes of this PID "
			"namespace and no others",
			n, n == 1 ? " shows" : "s shows");
}

void processes_hint(const struct run *run)
{
	if (run->outside.unseen && run->plan->needs & NEED_OWNERS)
		hint_unseen(run);
	if (run->outside.linger && run->plan->needs & NEED_LINGER)
		hint_linger(run);
}

bool processes_hint_unknown(const struct run *run)
{
	if (run->plan->proc || run->owners.holders != OWNERS_FROM_NOWHERE ||
	    run->procfs.view == PROCFS_OURS)
		return false;
	if (run->procfs.view == PROCFS_NONE)
		message("who holds the sockets shows as '?': no procfs is mounted at /proc (mount "
			"-t proc proc /proc)");
	else
		message("who holds the sockets shows as '?': /proc is of another PID namespace, "
			"where processes have other numbers; mount one of this (mount -t proc proc "
			"/proc), or ask for those numbers: --proc /proc");
	return true;
}
