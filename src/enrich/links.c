/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/links.h"

#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

struct links {
	struct nl_sock *socket;
	struct nl_cache *cache;
	unsigned int fills;
	bool tried;
};

struct links *links_new(void)
{
	return calloc(1, sizeof(struct links));
}

void links_free(struct links *links)
{
	if (!links)
		return;
	nl_cache_free(links->cache);
	nl_socket_free(links->socket);
	free(links);
}

/* A failure is remembered: asking again for each row would only be slow. */
static void fill(struct links *links)
{
	links->tried = true;
	links->socket = nl_socket_alloc();
	if (!links->socket || nl_connect(links->socket, NETLINK_ROUTE) < 0)
		return;
	if (rtnl_link_alloc_cache(links->socket, AF_UNSPEC, &links->cache) < 0)
		links->cache = NULL;
	links->fills++;
}

const char *links_name(struct links *links, uint32_t ifindex)
{
	struct rtnl_link *link;
	const char *name;

	if (!ifindex)
		return NULL;
	if (!links->tried)
		fill(links);
	if (!links->cache)
		return NULL;
	link = rtnl_link_get(links->cache, (int)ifindex);
	if (!link)
		return NULL;
	/* The cache keeps its own reference, and with it the name. */
	name = rtnl_link_get_name(link);
	rtnl_link_put(link);
	return name;
}

bool links_own(const struct links *links, const struct socket *sk)
{
	return links && links->socket && sk->netid == NETID_NETLINK &&
	       sk->protocol == NETLINK_ROUTE &&
	       sk->netlink.port_id == nl_socket_get_local_port(links->socket);
}

unsigned int links_fills(const struct links *links)
{
	return links->fills;
}
