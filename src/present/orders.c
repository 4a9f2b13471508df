/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/orders.h"

#include <netinet/in.h>

#include "present/cells.h"

/* The highest byte first. */
static void put_number(struct outbuf *b, uint64_t v)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		outbuf_char(b, (char)(v >> shift));
}

static bool has_port(const struct socket *sk)
{
	return sk->family == AF_INET || sk->family == AF_INET6;
}

static void put_end(struct outbuf *b, const struct socket *sk, const struct endpoint *ep)
{
	size_t len = sk->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	outbuf_char(b, (char)sk->family);
	outbuf_put(b, (const char *)&ep->addr, len);
	outbuf_char(b, (char)(ep->port >> 8));
	outbuf_char(b, (char)ep->port);
}

ORDER(local)
{
	if (has_port(sk)) {
		put_end(b, sk, &sk->local);
		return;
	}
	outbuf_char(b, (char)sk->family);
	cell_local(b, sk, cx);
}

ORDER(peer)
{
	if (has_port(sk)) {
		put_end(b, sk, &sk->peer);
		return;
	}
	outbuf_char(b, (char)sk->family);
	cell_peer(b, sk, cx);
}

ORDER(linger)
{
	const struct linger_setting *l = &sk->linger;
	static const char classes[] = {
		[LINGER_NONE] = 1,
		[LINGER_OFF] = 2,
		[LINGER_ON] = 3,
	};

	(void)cx;
	if (l->kind == LINGER_UNKNOWN ||
	    (l->kind == LINGER_ON && l->seconds == UNKNOWN && !l->forever))
		return;
	outbuf_char(b, classes[l->kind]);
	if (l->kind == LINGER_ON)
		put_number(b, l->forever ? UINT64_MAX : (uint64_t)l->seconds);
}

ORDER(cookie)
{
	(void)cx;
	if (sk->cookie)
		put_number(b, sk->cookie);
}

ORDER(risk)
{
	(void)cx;
	outbuf_char(b, (char)sk->close.risk);
	outbuf_char(b, (char)sk->close.risk_max);
}

ORDER(risk_max)
{
	(void)cx;
	outbuf_char(b, (char)sk->close.risk_max);
}
