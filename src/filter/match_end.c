/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An end of a socket against the patterns of `src` and `dst`: addresses, paths, numbers. */
#include "config.h"

#include <fnmatch.h>
#include <string.h>

#include "filter/tree.h"

static enum tri as_tri(bool b)
{
	return b ? TRI_YES : TRI_NO;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes) != 0)
		return false;
	return !rest || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0;
}

static bool same_address(const struct socket *sk, const struct endpoint *ep,
			 const struct host_pattern *host)
{
	const uint8_t *addr = (const uint8_t *)&ep->addr;

	if (host->family == AF_UNSPEC)
		return true;
	/* An IPv4 pattern also means IPv4 in an IPv6 socket, as in the kernel. */
	if (host->family == AF_INET && !host->exact && sk->family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&ep->addr.v6))
		return same_prefix(addr + 12, (const uint8_t *)&host->addr, host->prefix);
	if (host->family != sk->family)
		return false;
	return same_prefix(addr, (const uint8_t *)&host->addr, host->prefix);
}

/* A unix socket's name as ss writes it: `@` for each NUL, the first one of an abstract name too;
 * empty without a name. */
static bool same_path(const struct unix_end *un, const char *pattern)
{
	char name[128] = "";
	size_t len = un->name ? un->name_len + un->abstract : 0;

	if (len >= sizeof(name))
		return false;
	if (len)
		memcpy(name + un->abstract, un->name, un->name_len);
	for (size_t i = 0; i < len; i++)
		if (!name[i])
			name[i] = '@';
	name[len] = '\0';
	return fnmatch(pattern, name, FNM_CASEFOLD) == 0;
}

/* A peer in another network namespace, or gone, has no name that is known. */
static enum tri same_unix_end(const struct socket *sk, bool peer, const char *pattern)
{
	static const struct unix_end unnamed;

	if (sk->family != AF_UNIX)
		return TRI_NO;
	if (!peer)
		return as_tri(same_path(&sk->un, pattern));
	if (sk->other.name_known)
		return as_tri(same_path(&sk->other.name, pattern));
	if (socket_has_peer(sk) && pattern[strspn(pattern, "*")])
		return TRI_UNKNOWN;
	return as_tri(same_path(&unnamed, pattern));
}

/* The two numbers of an end without an address; false where there is no such end. */
static bool numbers_of(const struct socket *sk, bool peer, int64_t *first, int64_t *second)
{
	const struct netlink_ends *nl = &sk->netlink;
	const struct vsock_address *vsock = peer ? &sk->vsock.peer : &sk->vsock.local;

	if (sk->family == AF_PACKET) {
		*first = sk->packet.protocol;
		*second = sk->ifindex;
		return !peer;
	}
	if (sk->family == AF_NETLINK) {
		*first = peer ? nl->peer_group : sk->protocol;
		*second = peer ? nl->peer_port_id : nl->port_id;
		return !peer || nl->connected;
	}
	*first = vsock->cid;
	*second = vsock->port;
	return sk->family == AF_VSOCK;
}

static enum tri same_numbers(const struct socket *sk, bool peer, const struct host_pattern *host)
{
	int64_t first, second;

	if (host->family != sk->family)
		return TRI_NO;
	if (!numbers_of(sk, peer, &first, &second))
		return as_tri(host->first == ANY_NUMBER && host->second == ANY_NUMBER);
	return as_tri((host->first == ANY_NUMBER || host->first == first) &&
		      (host->second == ANY_NUMBER || host->second == second));
}

static bool has_address(const struct host_pattern *host)
{
	return host->family == AF_UNSPEC || host->family == AF_INET || host->family == AF_INET6;
}

static enum tri same_end(const struct socket *sk, bool peer, const struct host_pattern *host)
{
	const struct endpoint *ep = peer ? &sk->peer : &sk->local;

	if (host->family == AF_UNIX)
		return same_unix_end(sk, peer, host->path);
	if (!has_address(host))
		return same_numbers(sk, peer, host);
	if (!socket_is_inet(sk))
		return as_tri(host->family == AF_UNSPEC && host->port < 0);
	if (host->port >= 0 && host->port != ep->port)
		return TRI_NO;
	return as_tri(same_address(sk, ep, host));
}

enum tri filter_any_end(const struct socket *sk, bool peer, const struct filter_value *value)
{
	enum tri answer = TRI_NO;

	for (unsigned int i = 0; i < value->hosts && answer == TRI_NO; i++)
		answer = same_end(sk, peer, &value->host[i]);
	return answer;
}
