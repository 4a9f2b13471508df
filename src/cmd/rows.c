/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/rows.h"

#include "enrich/program.h"
#include "judge/close.h"
#include "plan/needs.h"

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

int rows_finish(void *ctx, struct socket *sk)
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

bool rows_look_twice(const struct run *run)
{
	return run->owners.holders == OWNERS_FROM_BPF && run->plan->linger != LINGER_MODE_GETFD;
}

int rows_take(void *ctx, struct socket *sk)
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
	if (rows_look_twice(run))
		run->unlooked += late_give_up(sk);
	return rows_finish(run, sk);
}
