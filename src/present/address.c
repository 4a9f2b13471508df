/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/protocols.h"
#include "present/ends.h"
#include "present/escape.h"

#define HOST_CACHE 256 /* entries; a power of two */

struct service {
	uint16_t port;
	bool udp;
	char name[30];
};

struct host {
	uint8_t family;
	struct in6_addr addr;
	char name[256];
};

struct names {
	bool want_services, want_hosts;
	struct service *services; /* of TCP and UDP, sorted */
	size_t n_services;
	uint16_t ephemeral_from, ephemeral_to;
	struct host *hosts; /* direct mapped */
};

static int by_port(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	return x->port != y->port ? x->port - y->port : x->udp - y->udp;
}

static void add_service(struct names *names, const struct servent *entry)
{
	struct service *bigger =
		reallocarray(names->services, names->n_services + 1, sizeof(*bigger));

	if (!bigger)
		return;
	names->services = bigger;
	bigger[names->n_services].udp = strcmp(entry->s_proto, "udp") == 0;
	bigger[names->n_services].port = ntohs((uint16_t)entry->s_port);
	snprintf(bigger[names->n_services++].name, sizeof(bigger->name), "%s", entry->s_name);
}

static void load_services(struct names *names)
{
	struct servent *entry;

	setservent(1);
	while ((entry = getservent()))
		if (strcmp(entry->s_proto, "tcp") == 0 || strcmp(entry->s_proto, "udp") == 0)
			add_service(names, entry);
	endservent();
	if (names->n_services)
		qsort(names->services, names->n_services, sizeof(*names->services), by_port);
}

/* A port the kernel picked by itself stands for no service, whatever the list says. */
static void load_ephemeral(struct names *names)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned int from, to;

	if (!f)
		return;
	if (fscanf(f, "%u %u", &from, &to) == 2) {
		names->ephemeral_from = (uint16_t)from;
		names->ephemeral_to = (uint16_t)to;
	}
	fclose(f);
}

struct names *names_new(bool services, bool hosts)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->want_services = services;
	names->want_hosts = hosts;
	names->ephemeral_from = 1;
	if (services) {
		load_services(names);
		load_ephemeral(names);
	}
	if (hosts)
		names->hosts = calloc(HOST_CACHE, sizeof(*names->hosts));
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	free(names->services);
	free(names->hosts);
	free(names);
}

static const char *service_name(const struct names *names, uint16_t port, bool udp)
{
	struct service key = { .port = port, .udp = udp };
	const struct service *found;

	if (!names->n_services)
		return NULL;
	if (port >= names->ephemeral_from && port <= names->ephemeral_to)
		return NULL;
	found = bsearch(&key, names->services, names->n_services, sizeof(key), by_port);
	return found ? found->name : NULL;
}

/* IPv4 inside IPv6 has its name as IPv4: nobody keeps the other in a zone. */
static bool ask_resolver(struct host *host)
{
	bool mapped = host->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&host->addr);
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = host->addr };
	const struct sockaddr *sa = (const struct sockaddr *)&v6;
	socklen_t len = sizeof(v6);

	if (host->family == AF_INET || mapped) {
		memcpy(&v4.sin_addr, &host->addr.s6_addr[mapped ? 12 : 0], sizeof(v4.sin_addr));
		sa = (const struct sockaddr *)&v4;
		len = sizeof(v4);
	}
	return getnameinfo(sa, len, host->name, sizeof(host->name), NULL, 0, NI_NAMEREQD) == 0;
}

/* The name, or NULL when the resolver has none. */
static const char *host_name(struct names *names, uint8_t family, const struct endpoint *ep)
{
	struct in6_addr whole = { 0 };
	const struct in6_addr *addr = &whole;
	struct host *slot;

	if (!names->hosts)
		return NULL;
	memcpy(&whole, &ep->addr, family == AF_INET ? sizeof(ep->addr.v4) : sizeof(ep->addr.v6));
	slot = &names->hosts[(addr->s6_addr32[0] ^ addr->s6_addr32[3] * 31) % HOST_CACHE];
	if (slot->family != family || memcmp(&slot->addr, addr, sizeof(*addr)) != 0) {
		slot->family = family;
		slot->addr = *addr;
		if (!ask_resolver(slot))
			slot->name[0] = '\0';
	}
	return slot->name[0] ? slot->name : NULL;
}

/* Each byte of an IPv4 address as it is written, with the point behind it: an address is then four
 * copies of four bytes. */
#define OCTET(head, last) #head #last "."
#define TO_FIVE(head)                                                                   \
	OCTET(head, 0), OCTET(head, 1), OCTET(head, 2), OCTET(head, 3), OCTET(head, 4), \
		OCTET(head, 5)
#define TO_NINE(head) TO_FIVE(head), OCTET(head, 6), OCTET(head, 7), OCTET(head, 8), OCTET(head, 9)

static const char octets[256][4] = {
	"0.",        "1.",        "2.",        "3.",        "4.",        "5.",        "6.",
	"7.",        "8.",        "9.",        TO_NINE(1),  TO_NINE(2),  TO_NINE(3),  TO_NINE(4),
	TO_NINE(5),  TO_NINE(6),  TO_NINE(7),  TO_NINE(8),  TO_NINE(9),  TO_NINE(10), TO_NINE(11),
	TO_NINE(12), TO_NINE(13), TO_NINE(14), TO_NINE(15), TO_NINE(16), TO_NINE(17), TO_NINE(18),
	TO_NINE(19), TO_NINE(20), TO_NINE(21), TO_NINE(22), TO_NINE(23), TO_NINE(24), TO_FIVE(25),
};

static void put_v4(struct outbuf *b, struct in_addr addr)
{
	const uint8_t *bytes = (const uint8_t *)&addr;
	char *p = outbuf_reserve(b, 4 * sizeof(octets[0]));

	if (!p)
		return;
	for (int i = 0; i < 4; i++) {
		memcpy(p, octets[bytes[i]], sizeof(octets[0]));
		p += 2 + (bytes[i] > 9) + (bytes[i] > 99);
	}
	b->len = (size_t)(p - 1 - b->data); /* without the last point */
}

static void put_v6(struct outbuf *b, const struct in6_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(AF_INET6, addr, text, sizeof(text)))
		outbuf_str(b, text);
}

void address_number(struct outbuf *b, uint8_t family, const struct endpoint *ep)
{
	if (family == AF_INET)
		put_v4(b, ep->addr.v4);
	else
		put_v6(b, &ep->addr.v6);
}

/* A dual-stack wildcard also takes IPv4: ss writes it `*`. */
static bool is_dual_wildcard(const struct socket *sk, const struct endpoint *ep)
{
	return sk->family == AF_INET6 && sk->v6only == TRI_NO &&
	       IN6_IS_ADDR_UNSPECIFIED(&ep->addr.v6);
}

static void put_address(struct outbuf *b, const struct socket *sk, const struct endpoint *ep,
			struct names *names)
{
	const char *host;

	if (is_dual_wildcard(sk, ep)) {
		outbuf_char(b, '*');
		return;
	}
	host = names->want_hosts ? host_name(names, sk->family, ep) : NULL;
	if (host) {
		escape_text(b, host, strlen(host));
		return;
	}
	if (sk->family == AF_INET6)
		outbuf_char(b, '[');
	address_number(b, sk->family, ep);
	if (sk->family == AF_INET6)
		outbuf_char(b, ']');
}

static bool shows_device(const struct socket *sk, const struct endpoint *ep, bool peer)
{
	if (!sk->ifindex)
		return false;
	return !peer || (sk->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&ep->addr.v6));
}

/* As ss has it: the name and the inode, `*` where there is none; and the peer's name, which ss
 * does not know. */
static void unix_cell(struct outbuf *b, const struct socket *sk, bool peer)
{
	const struct unix_end *un = peer ? &sk->other.name : &sk->un;
	uint32_t inode = peer ? sk->un.peer_inode : sk->inode;

	if (peer && !sk->other.name_known) {
		outbuf_char(b, socket_has_peer(sk) ? '?' : '*');
	} else if (un->name) {
		if (un->abstract)
			outbuf_char(b, '@');
		escape_text(b, un->name, un->name_len);
	} else {
		outbuf_char(b, '*');
	}
	outbuf_char(b, ':');
	if (inode)
		outbuf_u64(b, inode);
	else
		outbuf_char(b, '*');
}

/* Of a raw socket the port is a protocol. */
static const char *port_name(const struct socket *sk, uint16_t port, const struct names *names)
{
	if (sk->netid == NETID_RAW)
		return names->want_services ? ip_protocol_name(port) : NULL;
	return service_name(names, port, sk->netid == NETID_UDP || sk->netid == NETID_UDPLITE);
}

/* True when the end was written: it is no address and port. */
static bool other_cell(struct outbuf *b, const struct socket *sk, bool peer,
		       const struct names *names)
{
	const struct end_format *other = end_format_of(sk->family);

	if (other)
		other->cell(b, sk, peer, !names->want_services);
	else if (sk->family == AF_UNIX)
		unix_cell(b, sk, peer);
	return other || sk->family == AF_UNIX;
}

void address_cell(struct outbuf *b, const struct socket *sk, bool peer, struct names *names)
{
	const struct endpoint *ep = peer ? &sk->peer : &sk->local;
	const char *service;

	if (!socket_is_inet(sk) && other_cell(b, sk, peer, names))
		return;
	put_address(b, sk, ep, names);
	if (shows_device(sk, ep, peer)) {
		outbuf_char(b, '%');
		if (sk->interface)
			escape_text(b, sk->interface, strlen(sk->interface));
		else
			outbuf_u64(b, sk->ifindex);
	}
	outbuf_char(b, ':');
	if (ep->port == 0) {
		outbuf_char(b, '*');
		return;
	}
	service = port_name(sk, ep->port, names);
	if (service)
		escape_text(b, service, strlen(service));
	else
		outbuf_u64(b, ep->port);
}
