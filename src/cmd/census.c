/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/census.h"

#include <errno.h>

#include "enrich/machine.h"

static bool is_crowded(void)
{
	struct machine m;

	machine_init(&m);
	machine_read(&m, "/proc", MACHINE_SOCKSTAT);
	if (m.tcp_in_use == UNKNOWN || m.time_wait_buckets == UNKNOWN)
		return false;
	return m.tcp_in_use + m.time_wait_buckets +
		       (m.tcp6_in_use == UNKNOWN ? 0 : m.tcp6_in_use) >=
	       CENSUS_LEAST;
}

bool census_serves(const struct run *run)
{
	const struct run_plan *plan = run->plan;
	const struct selection *sel = &plan->selection;

	/* The iterator stays in the namespace that it was opened in. */
	return plan->take_alike && !plan->read && !plan->all_netns && !plan->needs &&
	       !plan->filter && (sel->netids & NETID_BIT(NETID_TCP)) && sel->states == STATES_ALL &&
	       is_crowded();
}

/* By IP version: 4, then 6. */
struct bound {
	uint64_t sockets[2];
};

static int count_bound(void *ctx, struct socket *sk)
{
	struct bound *bound = ctx;

	if (sk->state != STATE_BOUND_INACTIVE)
		return -ECANCELED;
	bound->sockets[sk->family == AF_INET6]++;
	return 0;
}

/* Connections are asked for too: where they match nothing the kernel walks them all. */
static bool find_bound(struct run *run, const struct selection *sel, struct bound *bound)
{
	struct selection some = *sel;
	struct dump_report report;

	some.states = STATES_ALL & ~STATE_BIT(STATE_LISTEN);
	*bound = (struct bound){ 0 };
	source_dump(run->source, &family_tcp, &some, count_bound, bound, &report);
	if (report.problem == DUMP_STOPPED && report.error == -ECANCELED)
		return !report.interrupted && !report.malformed;
	return !dump_incomplete(&report);
}

static int hand_on_bound(struct run *run, uint8_t family, uint64_t n)
{
	struct socket sk;

	if (!n)
		return 0;
	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.family = family;
	sk.protocol = IPPROTO_TCP;
	sk.state = STATE_BOUND_INACTIVE;
	sk.inode = 1; /* some process has it */
	return run->plan->take_alike(run->ctx, &sk, n);
}

int64_t census_take(struct run *run, const struct selection *sel)
{
	struct bound bound;
	uint64_t sockets;
	int err;

	if (!run->states || states_count(run->states) < 0 || !find_bound(run, sel, &bound))
		return -EAGAIN;
	err = states_each(run->states, sel, run->plan->take_alike, run->ctx, &sockets);
	if (!err)
		err = hand_on_bound(run, AF_INET, bound.sockets[0]);
	if (!err)
		err = hand_on_bound(run, AF_INET6, bound.sockets[1]);
	return err ? err : (int64_t)(sockets + bound.sockets[0] + bound.sockets[1]);
}
