/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/links.h"

#include "config.h"

#include <dlfcn.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Whoever makes packages finds in the program what it loads by name (the ELF dlopen metadata of
 * the UAPI group: a note of "FDO", type 0x407c0c0a, in JSON). */
__asm__(".pushsection .note.dlopen, \"a\", %note\n"
	".balign 4\n"
	".long 4, 2f - 1f, 0x407c0c0a\n"
	".asciz \"FDO\"\n"
	"1: .asciz \"[{\\\"feature\\\":\\\"links\\\",\\\"description\\\":\\\"names of devices\\\","
	"\\\"priority\\\":\\\"recommended\\\",\\\"soname\\\":[\\\"" LIBNL_ROUTE_SONAME "\\\"]}]\"\n"
	"2: .balign 4\n"
	".popsection\n");

/* What is called of libnl, by its own names. */
#define LIBNL_FUNCTIONS(X)          \
	X(nl_cache_free)            \
	X(nl_connect)               \
	X(nl_socket_alloc)          \
	X(nl_socket_free)           \
	X(nl_socket_get_local_port) \
	X(rtnl_link_alloc_cache)    \
	X(rtnl_link_get)            \
	X(rtnl_link_get_name)       \
	X(rtnl_link_put)

#define MEMBER(function) __typeof__(function) *function;

struct libnl {
	LIBNL_FUNCTIONS(MEMBER)
};

#define ROW(function) { #function, offsetof(struct libnl, function) },

static const struct {
	const char *name;
	size_t offset;
} functions[] = { LIBNL_FUNCTIONS(ROW) };

struct links {
	struct libnl nl;
	struct nl_sock *socket;
	struct nl_cache *cache;
	unsigned int fills;
	bool tried;
	bool lacks_library;
};

/* It stays loaded: another namespace's links will want it again. */
static bool load(struct libnl *nl)
{
	void *library = dlopen(LIBNL_ROUTE_SONAME, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; library && i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(library, functions[i].name);

		if (!function)
			return false;
		memcpy((char *)nl + functions[i].offset, &function, sizeof(function));
	}
	return library;
}

struct links *links_new(void)
{
	return calloc(1, sizeof(struct links));
}

void links_free(struct links *links)
{
	if (!links)
		return;
	if (links->cache)
		links->nl.nl_cache_free(links->cache);
	if (links->socket)
		links->nl.nl_socket_free(links->socket);
	free(links);
}

/* A failure is remembered: asking again for each row would only be slow. */
static void fill(struct links *links)
{
	links->tried = true;
	links->lacks_library = !load(&links->nl);
	if (links->lacks_library)
		return;
	links->socket = links->nl.nl_socket_alloc();
	if (!links->socket || links->nl.nl_connect(links->socket, NETLINK_ROUTE) < 0)
		return;
	if (links->nl.rtnl_link_alloc_cache(links->socket, AF_UNSPEC, &links->cache) < 0)
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
	link = links->nl.rtnl_link_get(links->cache, (int)ifindex);
	if (!link)
		return NULL;
	/* The cache keeps its own reference, and with it the name. */
	name = links->nl.rtnl_link_get_name(link);
	links->nl.rtnl_link_put(link);
	return name;
}

bool links_lack_library(const struct links *links)
{
	return links->lacks_library;
}

bool links_own(const struct links *links, const struct socket *sk)
{
	return links && links->socket && sk->netid == NETID_NETLINK &&
	       sk->protocol == NETLINK_ROUTE &&
	       sk->netlink.port_id == links->nl.nl_socket_get_local_port(links->socket);
}

unsigned int links_fills(const struct links *links)
{
	return links->fills;
}
