/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/enrich.h"

#include <errno.h>

#include "enrich/machine.h"
#include "enrich/netns.h"
#include "plan/needs.h"

/* The limit is global and hidden in other namespaces: unknown there, and then no evidence. */
static bool orphans_are_full(void)
{
	struct machine m;

	machine_init(&m);
	machine_read(&m, "/proc", MACHINE_SOCKSTAT | MACHINE_LIMITS);
	return m.orphans != UNKNOWN && m.orphans_max != UNKNOWN &&
	       m.orphans * 10 >= m.orphans_max * 9;
}

static void read_limits(struct enrichment *e)
{
	e->migrates = machine_number("/proc", "sys/net/ipv4/tcp_migrate_req") > 0;
	e->orphans_full = orphans_are_full();
}

int enrichment_open(struct enrichment *e, unsigned int needs, bool live)
{
	*e = (struct enrichment){ .needs = live ? needs : 0 };
	e->owners = owners_new();
	if (!e->owners)
		return -ENOMEM;
	if (e->needs & NEED_LINKS && !(e->links = links_new()))
		return -ENOMEM;
	if (e->needs & NEED_CGROUP && !(e->cgroups = cgroups_new()))
		return -ENOMEM;
	if (e->needs & NEED_FORECAST)
		read_limits(e);
	if (e->needs & NEED_NETNS)
		e->netns = netns_self();
	if (e->needs & NEED_NETNS_NAME &&
	    netns_name(e->netns, e->netns_name, sizeof(e->netns_name)))
		e->netns_name[0] = '\0';
	return 0;
}

void enrichment_close(struct enrichment *e)
{
	owners_free(e->owners);
	links_free(e->links);
	cgroups_free(e->cgroups);
	peers_free(e->peers);
	subflows_free(e->subflows);
}

void enrich_socket(struct enrichment *e, struct socket *sk)
{
	if (e->needs & (NEED_OWNERS | NEED_LINGER))
		owners_join(e->owners, sk);
	if (e->peers)
		peers_join(e->peers, sk);
	if (e->needs & NEED_PEER_HOLDERS)
		owners_join_other(e->owners, sk);
	if (e->links && sk->ifindex)
		sk->interface = links_name(e->links, sk->ifindex);
	if (e->cgroups)
		sk->cgroup = cgroups_path(e->cgroups, sk->cgroup_id, &sk->workload);
	sk->orphans_full = e->orphans_full && sk->netid == NETID_TCP;
	/* Only a listener of an SO_REUSEPORT group has somewhere to migrate to; of a connection
	 * that waits, the listener is not known. */
	sk->may_migrate = e->migrates && sk->family != AF_UNIX &&
			  (sk->state != STATE_LISTEN || sk->options.reuseport != TRI_NO);
	sk->netns = e->netns;
	sk->netns_name = e->netns_name[0] ? e->netns_name : NULL;
}
