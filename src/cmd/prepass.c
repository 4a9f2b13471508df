/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/prepass.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

#include "base/outbuf.h"
#include "cmd/dumps.h"
#include "cmd/hints.h"
#include "cmd/muster.h"
#include "plan/needs.h"

/* Sockets that have, or had, another end. */
#define STATES_WITH_PEER                                                                         \
	(STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_SYN_SENT) | STATE_BIT(STATE_FIN_WAIT1) | \
	 STATE_BIT(STATE_FIN_WAIT2) | STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_LAST_ACK) |  \
	 STATE_BIT(STATE_CLOSING))

static int dump(struct run *run, const struct family *family, const struct selection *sel,
		socket_sink sink, void *ctx)
{
	struct dump_report report;

	if (family == &family_tcp && muster_serves(run, sel))
		muster_dump(run, sel, sink, ctx, &report);
	else
		source_dump(run->source, family, sel, sink, ctx, &report);
	if (report.error == -ENOMEM)
		return -ENOMEM;
	if (dump_incomplete(&report))
		hint_prepass(&report);
	return 0;
}

static int dump_unix(struct run *run)
{
	const struct selection sel = { .netids = NETIDS_UNIX,
				       .states = STATES_ALL,
				       .want = WANT_WAITING };

	return dump(run, &family_unix, &sel, peers_add, run->enrich.here.peers);
}

static void put_address(struct outbuf *b, const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN];

	if (address->sa_family == AF_INET &&
	    inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
		      sizeof(text)))
		outbuf_printf(b, " or dst %s", text);
	if (address->sa_family == AF_INET6 &&
	    inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text,
		      sizeof(text)))
		outbuf_printf(b, " or dst [%s]", text);
}

/* A filter for connections to this host. NULL when that cannot be said, or is too much to say:
 * every connection is asked for then. */
static struct filter *to_this_host(void)
{
	struct ifaddrs *addresses;
	struct filter_error error;
	struct filter *filter = NULL;
	struct outbuf text;

	if (outbuf_open(&text, -1) < 0)
		return NULL;
	outbuf_str(&text, "dst 127.0.0.0/8 or dst [::1]");
	if (getifaddrs(&addresses) == 0) {
		for (struct ifaddrs *one = addresses; one; one = one->ifa_next)
			if (one->ifa_addr)
				put_address(&text, one->ifa_addr);
		freeifaddrs(addresses);
		outbuf_char(&text, '\0');
		if (text.error || filter_parse(&filter, text.data, &error))
			filter = NULL;
	}
	outbuf_close(&text);
	return filter;
}

static int cannot_dump(int err)
{
	const struct dump_report report = { .problem = DUMP_SEND_FAILED, .error = err };

	if (err == -ENOMEM)
		return err;
	hint_prepass(&report);
	return 0;
}

/* Whether the other end is here the kernel can tell by its address, so that a host with many
 * clients elsewhere is not asked for all of them twice. The listing's own dump is under way on the
 * run's source: this one needs another. */
static int dump_tcp(struct run *run)
{
	char bytecode[4096] __attribute__((aligned(4)));
	struct selection sel = { .netids = NETID_BIT(NETID_TCP),
				 .states = STATES_WITH_PEER,
				 .ipv4 = true,
				 .ipv6 = true };
	struct source *own = run->source;
	int err = source_open_kernel(&run->source);

	if (err) {
		run->source = own;
		return cannot_dump(err);
	}
	/* Those of a muster are asked for by name, and the kernel's filter has no say. */
	if (!muster_serves(run, &sel))
		sel.bytecode_len = filter_bytecode(run->this_host, bytecode, sizeof(bytecode));
	sel.bytecode = sel.bytecode_len ? bytecode : NULL;
	err = dump(run, &family_tcp, &sel, peers_add, run->enrich.here.peers);
	source_close(run->source);
	run->source = own;
	return err;
}

/* The other end of a socket is none that the owners pass met: it is elsewhere, or no process has it
 * (any more, or yet), or there was no pass that tells. The first of which the address is of this
 * host makes a dump of all the like. */
static bool complete_peers(void *ctx, const struct socket *sk)
{
	struct run *run = ctx;

	if (run->this_host && filter_match(run->this_host, sk) == TRI_NO)
		return false;
	peers_on_missing(run->enrich.here.peers, NULL, NULL);
	run->peers_error = dump_tcp(run);
	return true;
}

void prepass_complete_peers(struct run *run)
{
	if (!run->want_tcp_peers || run->this_host)
		return;
	run->this_host = to_this_host();
	peers_on_missing(run->enrich.here.peers, complete_peers, run);
}

int prepass_peers(struct run *run)
{
	const uint32_t tcp = NETID_BIT(NETID_TCP) | NETID_BIT(NETID_MPTCP);
	uint32_t netids = run->plan->selection.netids & ~run->missing_netids;
	unsigned int needs = run->plan->needs;
	bool want_unix = (needs & (NEED_PEER_NAMES | NEED_PEER_HOLDERS)) && (netids & NETIDS_UNIX);

	run->want_tcp_peers = !run->plan->read && (needs & NEED_PEER_HOLDERS) && (netids & tcp);
	if (run->plan->read || (!want_unix && !run->want_tcp_peers))
		return 0;
	run->enrich.here.peers = peers_new();
	if (!run->enrich.here.peers)
		return -ENOMEM;
	return want_unix ? dump_unix(run) : 0;
}

/* A listener of MPTCP has one TCP socket as well; a minisocket is no subflow any more. */
#define STATES_OF_SUBFLOWS (STATES_WITH_PEER | STATE_BIT(STATE_LISTEN))

static int dump_subflows(struct run *run)
{
	struct subflows *subflows = run->enrich.here.subflows;
	struct selection sel = { .netids = NETID_BIT(NETID_MPTCP),
				 .states = STATES_ALL,
				 .ipv4 = true,
				 .ipv6 = true,
				 .want_tcp_info = true };
	int err = dump(run, &family_mptcp, &sel, subflows_connection, subflows);

	if (err || !subflows_wanted(subflows))
		return err;
	run_selection(run, &sel);
	sel.netids = NETID_BIT(NETID_TCP);
	sel.states = STATES_OF_SUBFLOWS;
	sel.ipv4 = sel.ipv6 = true;
	sel.bytecode = NULL;
	sel.bytecode_len = 0;
	err = dump(run, &family_tcp, &sel, subflows_add, subflows);
	return err ? err : subflows_finish(subflows);
}

int prepass_subflows(struct run *run)
{
	uint32_t netids = run->plan->selection.netids & ~run->missing_netids;

	if (run->plan->read || !(run->plan->needs & NEED_SUBFLOWS) ||
	    !(netids & NETID_BIT(NETID_MPTCP)))
		return 0;
	run->enrich.here.subflows = subflows_new();
	return run->enrich.here.subflows ? dump_subflows(run) : -ENOMEM;
}

/* What is not known yet; the forecast hangs on linger. */
#define NEEDS_OF_OWNERS \
	(NEED_OWNERS | NEED_LINGER | NEED_FORECAST | NEED_PEER_HOLDERS | NEED_RESTART)

static int stop_at_candidate(void *ctx, struct socket *sk)
{
	struct run *run = ctx;

	enrich_socket(&run->enrich, sk);
	return filter_match_without(run->plan->filter, sk, NEEDS_OF_OWNERS) == TRI_NO ? 0
										      : -ECANCELED;
}

/* Ports, addresses and states the kernel decides; without them this dump would cost as much as
 * it might save. */
static bool is_narrow(const struct run_plan *plan)
{
	uint32_t states;

	return plan->selection.bytecode_len || filter_states(plan->filter, &states);
}

bool prepass_selects_nothing(struct run *run)
{
	struct dump_report report;
	struct selection sel;

	if (!run->plan->may_skip_owners || run->plan->read || !is_narrow(run->plan))
		return false;
	/* The others would have to be entered for it. */
	if (run->plan->all_netns)
		return false;
	run_selection(run, &sel);
	run_families(run, &sel, stop_at_candidate, run, &report);
	return !dump_incomplete(&report);
}

static int watch_listener(void *ctx, struct socket *sk)
{
	const struct run *run = ctx;

	port_users_watch(run->enrich.here.ports, sk);
	return 0;
}

/* A bind meets each socket's own options, so they are joined first. */
static int add_user(void *ctx, struct socket *sk)
{
	struct run *run = ctx;

	if (!port_users_want(run->enrich.here.ports, sk))
		return 0;
	owners_join(run->enrich.owners, sk);
	return port_users_add(run->enrich.here.ports, sk);
}

/* Half of what stands on the ports is no answer. */
static int learn(struct run *run, uint32_t netids, uint32_t states, socket_sink sink)
{
	const struct selection sel = {
		.netids = netids & run->plan->selection.netids,
		.states = states,
		.ipv4 = true,
		.ipv6 = true,
	};
	struct dump_report report;

	if (!run->enrich.here.ports || !sel.netids)
		return 0;
	run_families(run, &sel, sink, run, &report);
	if (report.error == -ENOMEM)
		return -ENOMEM;
	if (!dump_incomplete(&report))
		return 0;
	hint_prepass(&report);
	port_users_free(run->enrich.here.ports);
	run->enrich.here.ports = NULL;
	return 0;
}

int prepass_ports(struct run *run)
{
	const uint32_t tcp = NETID_BIT(NETID_TCP), udp = NETID_BIT(NETID_UDP);
	const struct run_plan *plan = run->plan;
	int err;

	if (plan->read || !(plan->needs & NEED_RESTART) || run->skipped_owners ||
	    !(plan->selection.states & STATES_LISTENING))
		return 0;
	run->enrich.here.ports = port_users_new();
	if (!run->enrich.here.ports)
		return -ENOMEM;
	err = learn(run, tcp, STATE_BIT(STATE_LISTEN), watch_listener);
	return err ? err : learn(run, tcp | udp | NETID_BIT(NETID_UDPLITE), STATES_ALL, add_user);
}
