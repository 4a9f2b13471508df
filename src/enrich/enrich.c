/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/enrich.h"

#include <errno.h>

#include "base/procfs.h"
#include "enrich/machine.h"
#include "enrich/netns.h"
#include "plan/needs.h"

/* The limit is global and hidden in other namespaces: unknown there, and then no evidence. */
static bool find_orphans_full(void)
{
	struct machine m;

	machine_init(&m);
	machine_read(&m, "/proc", MACHINE_ORPHANS);
	return m.orphans != UNKNOWN && m.orphans_max != UNKNOWN &&
	       m.orphans * 10 >= m.orphans_max * 9;
}

static bool orphans_are_full(struct enrichment *e)
{
	if (e->orphans_full == TRI_UNKNOWN)
		e->orphans_full = find_orphans_full() ? TRI_YES : TRI_NO;
	return e->orphans_full == TRI_YES;
}

/* Evidence of a stall only where something is outstanding (stall_evidence()). */
static bool is_struck_by_orphans(const struct enrichment *e, const struct socket *sk)
{
	return e->needs & NEED_FORECAST && sk->netid == NETID_TCP && sk->outstanding_bytes > 0;
}

static bool connections_migrate(struct surroundings *here)
{
	if (here->migrates == TRI_UNKNOWN)
		here->migrates = machine_number("/proc", "sys/net/ipv4/tcp_migrate_req") > 0
					 ? TRI_YES
					 : TRI_NO;
	return here->migrates == TRI_YES;
}

/* Only a listener of an SO_REUSEPORT group has somewhere to migrate to; of a connection that waits,
 * the listener is not known. Where nothing waits, nothing migrates. */
static bool could_migrate(const struct enrichment *e, const struct socket *sk)
{
	if (!(e->needs & NEED_FORECAST) || sk->family == AF_UNIX)
		return false;
	return sk->state == STATE_LISTEN ? sk->options.reuseport != TRI_NO && sk->recv_queue
					 : socket_is_unaccepted(sk);
}

int enrichment_enter(struct enrichment *e, uint64_t netns, const char *name)
{
	struct surroundings *here = &e->here;

	*here = (struct surroundings){ .netns = netns, .netns_name = name };
	if (!(e->needs & NEED_LINKS))
		return 0;
	here->links = links_new();
	return here->links ? 0 : -ENOMEM;
}

void surroundings_free(struct surroundings *here)
{
	links_free(here->links);
	peers_free(here->peers);
	subflows_free(here->subflows);
	port_users_free(here->ports);
	*here = (struct surroundings){ 0 };
}

/* from_kuid_munged() in kernel/user_namespace.c makes the two one. */
static int64_t overflow_uid(void)
{
	return procfs_users_are_inside() ? machine_number("/proc", "sys/kernel/overflowuid")
					 : UNKNOWN;
}

int enrichment_open(struct enrichment *e, unsigned int needs, bool live)
{
	const char *name = NULL;
	uint64_t netns = 0;

	*e = (struct enrichment){ .needs = live ? needs : 0,
				  .overflow_uid = live ? overflow_uid() : UNKNOWN };
	e->owners = owners_new();
	if (!e->owners)
		return -ENOMEM;
	if (e->needs & NEED_CGROUP && !(e->cgroups = cgroups_new()))
		return -ENOMEM;
	if (e->needs & NEED_NETNS)
		netns = netns_self();
	if (e->needs & NEED_NETNS_NAME && !netns_name(netns, e->own_name, sizeof(e->own_name)))
		name = e->own_name;
	return enrichment_enter(e, netns, name);
}

void enrichment_look_around(struct enrichment *e)
{
	if (e->needs & NEED_FORECAST)
		orphans_are_full(e);
}

void enrichment_close(struct enrichment *e)
{
	owners_free(e->owners);
	cgroups_free(e->cgroups);
	births_free(e->births);
	surroundings_free(&e->here);
}

static void name_device(struct enrichment *e, struct socket *sk)
{
	sk->interface = links_name(e->here.links, sk->ifindex);
	e->lacks_links = e->lacks_links || links_lack_library(e->here.links);
}

void enrich_socket(struct enrichment *e, struct socket *sk)
{
	if (e->here.peers)
		peers_await(e->here.peers, sk);
	if (sk->uid == e->overflow_uid)
		sk->uid_known = false;
	if (e->needs & (NEED_OWNERS | NEED_LINGER))
		owners_join(e->owners, sk);
	if (e->here.peers)
		peers_join(e->here.peers, sk);
	if (e->needs & NEED_PEER_HOLDERS)
		owners_join_other(e->owners, sk);
	if (e->here.links && sk->ifindex)
		name_device(e, sk);
	if (e->births && sk->cgroup_id == UNKNOWN && sk->inode)
		sk->cgroup_id = births_cgroup(e->births, sk->inode);
	if (e->cgroups)
		sk->cgroup = cgroups_path(e->cgroups, sk->cgroup_id, &sk->workload);
	sk->orphans_full = is_struck_by_orphans(e, sk) && orphans_are_full(e);
	sk->may_migrate = could_migrate(e, sk) && connections_migrate(&e->here);
	sk->netns = e->here.netns;
	sk->netns_name = e->here.netns_name;
	sk->netns_resident = e->here.netns_resident;
}
