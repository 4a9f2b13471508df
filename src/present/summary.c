/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/summary.h"

#include "plan/needs.h"

#define JUDGE (NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO | NEED_OWNERS)

static const struct summary_section sections[] = {
	{ "states", "sockets by kind and state", 0, 0, 0, summary_states_text,
	  summary_states_json },
	{ "risk", "by close risk and its reasons, with bytes at stake", JUDGE, 0, 0,
	  summary_risk_text, summary_risk_json },
	{ "close-wait", "processes that hold CLOSE-WAIT, and for how long",
	  NEED_OWNERS | NEED_TCP_INFO | NEED_DESCRIPTORS, COUNT_LEAKS, 0, summary_close_wait_text,
	  summary_close_wait_json },
	{ "ports", "ephemeral ports in use, of the fullest destinations", NEED_LINKS, COUNT_PORTS,
	  MACHINE_PORTS, summary_ports_text, summary_ports_json },
	{ "listeners", "listeners with connections waiting", NEED_OWNERS | NEED_LINKS, COUNT_QUEUES,
	  0, summary_listeners_text, summary_listeners_json },
	{ "limits", "what the counts run into", NEED_OWNERS | NEED_DESCRIPTORS,
	  COUNT_PORTS | COUNT_QUEUES | COUNT_LEAKS,
	  MACHINE_SOCKSTAT | MACHINE_LIMITS | MACHINE_PORTS | MACHINE_NETSTAT, summary_limits_text,
	  summary_limits_json },
	{ "aborts", "resets that closes and failures have caused so far", 0, 0, MACHINE_NETSTAT,
	  summary_aborts_text, summary_aborts_json },
};

const struct summary_section *summary_sections(size_t *count)
{
	*count = sizeof(sections) / sizeof(sections[0]);
	return sections;
}

static void fill_end(struct endpoint *ep, uint8_t family, const uint8_t bytes[16])
{
	if (family == AF_INET)
		memcpy(&ep->addr.v4, bytes, sizeof(ep->addr.v4));
	else
		memcpy(&ep->addr.v6, bytes, sizeof(ep->addr.v6));
}

struct socket summary_destination(const struct summary *s, const struct destination *d)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.family = d->family;
	fill_end(&sk.local, d->family, d->local);
	fill_end(&sk.peer, d->family, d->peer);
	sk.peer.port = d->peer_port;
	sk.ifindex = d->scope;
	sk.interface = d->scope && s->links ? links_name(s->links, d->scope) : NULL;
	return sk;
}

size_t summary_shown(const struct summary *s, size_t n)
{
	return n < s->top ? n : s->top;
}

void summary_note_more(const struct summary *s, struct outbuf *b, size_t n, size_t shown)
{
	if (n > shown)
		grid_note(&s->look, b, "and %zu more; --top N shows more", n - shown);
}
