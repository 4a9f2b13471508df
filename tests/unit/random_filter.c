/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "unit/random_filter.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t pick(uint64_t *random, size_t n)
{
	return (size_t)(next_random(random) >> 20) % n;
}

/* ---- what there is to choose from ---- */

static const long ports[] = { 0, 1, 22, 80, 443, 8080, 32768, 65534, 65535 };
static const char *const addresses4[] = { "0.0.0.0",  "127.0.0.1", "10.1.2.3", "10.1.2.2",
					  "10.1.3.3", "11.1.2.3",  "138.1.2.3" };
static const char *const addresses6[] = { "::",
					  "::1",
					  "2001:db8::1",
					  "2001:db8::2",
					  "2001:db8:0:1::1",
					  "fe80::1",
					  "::ffff:10.1.2.3",
					  "::ffff:127.0.0.1",
					  "::fffe:10.1.2.3" };
static const int prefixes4[] = { 0, 1, 7, 8, 9, 16, 23, 31, 32 };
static const int prefixes6[] = { 0, 1, 32, 63, 64, 96, 97, 127, 128 };

/* Every spelling of each comparison; the empty one is `=` too. */
static const char *const spellings[6][4] = {
	{ " ", "=", " == ", " eq " },   { "!=", " != ", " ne ", " neq " },
	{ "<", " < ", " lt ", "<" },    { "<=", " <= ", " le ", " leq " },
	{ ">", " > ", " gt ", " GT " }, { ">=", ">= ", " ge ", " geq " },
};

static bool compares(int op, long a, long b)
{
	switch (op) {
	case 0:
		return a == b;
	case 1:
		return a != b;
	case 2:
		return a < b;
	case 3:
		return a <= b;
	case 4:
		return a > b;
	default:
		return a >= b;
	}
}

int port_range(int *first)
{
	static int range[2] = { -1, 65535 };
	FILE *file;

	if (range[0] < 0) {
		file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
		range[0] = 0;
		if (file && fscanf(file, "%d %d", &range[0], &range[1]) != 2)
			abort();
		if (file)
			fclose(file);
	}
	*first = range[0];
	return range[1];
}

/* ---- tests, each with its truth ---- */

static bool bit(const uint8_t *bytes, int i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

/* The address as IPv4 where it is one, mapped or plain; false where it is not. */
static bool as_ipv4(const struct socket *sk, const struct endpoint *end, uint8_t out[4])
{
	uint8_t bytes[16];

	memcpy(bytes, &end->addr, sizeof(bytes));
	if (sk->family == AF_INET) {
		memcpy(out, bytes, 4);
		return true;
	}
	for (int i = 0; i < 12; i++)
		if (bytes[i] != (i < 10 ? 0 : 0xff))
			return false;
	memcpy(out, bytes + 12, 4);
	return true;
}

static bool host_holds(const struct expr *t, const struct socket *sk)
{
	const struct endpoint *end = t->peer ? &sk->peer : &sk->local;
	uint8_t address[16];

	if (t->number >= 0 && t->number != end->port)
		return false;
	if (t->family == 0)
		return true;
	if (t->family == AF_INET6 && sk->family != AF_INET6)
		return false;
	if (t->family == AF_INET6)
		memcpy(address, &end->addr, 16);
	else if ((t->exact && sk->family != AF_INET) || !as_ipv4(sk, end, address))
		return false;
	for (int i = 0; i < t->prefix; i++)
		if (bit(address, i) != bit(t->address, i))
			return false;
	return true;
}

static bool test_host(const struct expr *t, const struct socket *sk, bool autobound)
{
	(void)autobound;
	return host_holds(t, sk) == (t->op == 0);
}

static bool test_port(const struct expr *t, const struct socket *sk, bool autobound)
{
	(void)autobound;
	return compares(t->op, t->peer ? sk->peer.port : sk->local.port, t->number);
}

static bool test_device(const struct expr *t, const struct socket *sk, bool autobound)
{
	(void)autobound;
	return compares(t->op, sk->ifindex, t->number);
}

static bool test_autobound(const struct expr *t, const struct socket *sk, bool autobound)
{
	int first, last = port_range(&first);

	(void)t;
	return autobound && sk->local.port >= first && sk->local.port <= last;
}

static bool test_recvq(const struct expr *t, const struct socket *sk, bool autobound)
{
	(void)autobound;
	return compares(t->op, sk->recv_queue, t->number);
}

static bool test_uid(const struct expr *t, const struct socket *sk, bool autobound)
{
	(void)autobound;
	return compares(t->op, sk->uid, t->number);
}

static bool test_state(const struct expr *t, const struct socket *sk, bool autobound)
{
	(void)autobound;
	return (t->number >> sk->state & 1) == (t->op == 0);
}

static void __attribute__((format(printf, 2, 3))) say(struct expr *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->text, sizeof(t->text), format, args);
	va_end(args);
}

static const char *spell(const struct expr *t, uint64_t *random)
{
	return spellings[t->op][pick(random, 4)];
}

/* `=` may be left out in any test; the first spelling of an order is an operator. */
static void make_host(struct expr *t, uint64_t *random)
{
	char port[24] = "", prefix[16] = "";
	const char *address = "*", *family = "", *end = t->peer ? "dst" : "src";
	size_t kind = pick(random, 5);

	t->holds = test_host;
	t->op = (int)pick(random, 2);
	t->number = kind == 4 || pick(random, 3) == 0 ? ports[pick(random, COUNT(ports))] : -1;
	if (t->number >= 0)
		snprintf(port, sizeof(port), ":%ld", t->number);
	if (kind < 2) {
		t->family = AF_INET;
		t->prefix = prefixes4[pick(random, COUNT(prefixes4))];
		address = addresses4[pick(random, COUNT(addresses4))];
	} else if (kind < 4) {
		t->family = AF_INET6;
		t->prefix = prefixes6[pick(random, COUNT(prefixes6))];
		address = addresses6[pick(random, COUNT(addresses6))];
	}
	if (t->family)
		inet_pton(t->family, address, t->address);
	if (t->family && (t->prefix != (t->family == AF_INET ? 32 : 128) || pick(random, 2)))
		snprintf(prefix, sizeof(prefix), "/%d", t->prefix);
	t->exact = t->family && pick(random, 3) == 0;
	if (t->exact)
		family = t->family == AF_INET ? "inet:" : "inet6:";
	if (t->family == AF_INET6 && pick(random, 2))
		say(t, "%s%s%s[%s%s]%s", end, spell(t, random), family, address, prefix, port);
	else if (t->family == AF_INET6 && (*port || pick(random, 2)))
		say(t, "%s%s%s[%s]%s%s", end, spell(t, random), family, address, prefix, port);
	else
		say(t, "%s%s%s%s%s%s", end, spell(t, random), family, address, prefix, port);
}

static void make_port(struct expr *t, uint64_t *random)
{
	t->holds = test_port;
	t->op = (int)pick(random, 6);
	t->number = ports[pick(random, COUNT(ports))];
	say(t, "%s%s%s%ld", t->peer ? "dport" : "sport", spell(t, random),
	    pick(random, 2) ? ":" : "", t->number);
}

static void make_device(struct expr *t, uint64_t *random)
{
	t->holds = test_device;
	t->op = (int)pick(random, 2);
	t->number = (long)pick(random, 3) + 7000001; /* no device has these */
	say(t, "dev%s%ld", spell(t, random), t->number);
}

static void make_autobound(struct expr *t, uint64_t *random)
{
	(void)random;
	t->holds = test_autobound;
	say(t, "autobound");
}

static void make_recvq(struct expr *t, uint64_t *random)
{
	t->holds = test_recvq;
	t->op = (int)pick(random, 6);
	t->number = (long)pick(random, 4);
	say(t, "recvq%s%ld", spell(t, random), t->number);
}

static void make_uid(struct expr *t, uint64_t *random)
{
	t->holds = test_uid;
	t->op = (int)pick(random, 6);
	t->number = (long)pick(random, 4);
	say(t, "uid%s%ld", spell(t, random), t->number);
}

static void make_state(struct expr *t, uint64_t *random)
{
	static const struct {
		const char *word;
		long mask;
	} states[] = {
		{ "established", 1 << 1 },     { "time-wait", 1 << 6 },
		{ "CLOSE_WAIT", 1 << 8 },      { "listening", 1 << 10 },
		{ "bucket", 1 << 3 | 1 << 6 }, { "all", 0x3ffe },
		{ "closing", 1 << 11 },        { "big", 0x3ffe & ~(1 << 3 | 1 << 6) },
	};
	size_t i = pick(random, COUNT(states));
	bool exclude = pick(random, 3) == 0;

	t->holds = test_state;
	t->number = states[i].mask;
	t->op = exclude ? 0 : (int)pick(random, 2);
	say(t, "%s%s%s", exclude ? "exclude" : "state", spell(t, random), states[i].word);
	if (exclude)
		t->op = 1;
}

static const struct expr *make_test(struct expr *t, uint64_t *random,
				    const struct expr_style *style)
{
	static void (*const makers[])(struct expr *, uint64_t *) = {
		make_host,      make_host,  make_port, make_port,  make_device,
		make_autobound, make_recvq, make_uid,  make_state,
	};
	size_t maker;

	t->peer = pick(random, 2);
	do
		maker = pick(random, style->beyond_kernel ? COUNT(makers) : 6);
	while (makers[maker] == make_autobound && !style->autobound);
	makers[maker](t, random);
	return t;
}

/* ---- expressions ---- */

const struct expr *expr_random(struct expr_pool *pool, uint64_t *random,
			       const struct expr_style *style, int depth)
{
	struct expr *e = &pool->nodes[pool->used++];
	size_t kind = pick(random, 8);

	*e = (struct expr){ .number = -1 };
	if (depth <= 1 || kind == 0)
		return make_test(e, random, style);
	e->kind = kind < 3 ? EXPR_NOT : kind < 6 ? EXPR_AND : EXPR_OR;
	e->left = expr_random(pool, random, style, depth - 1);
	if (e->kind != EXPR_NOT)
		e->right = expr_random(pool, random, style, depth - 1);
	return e;
}

static void add(char *text, size_t size, const char *more)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s", more);
}

static void write_inside(const struct expr *e, int level, uint64_t *random, char *text, size_t size)
{
	static const char *const nots[] = { "not ", "!", "! ", "NOT " };
	static const char *const ands[] = { " and ", " & ", "&&", " AND " };
	static const char *const ors[] = { " or ", " | ", "||", " Or " };
	static const int levels[] = {
		[EXPR_OR] = 1, [EXPR_AND] = 2, [EXPR_NOT] = 3, [EXPR_TEST] = 4
	};
	bool parens = levels[e->kind] < level || pick(random, 6) == 0;
	/* Side by side, two states would be either; so they are joined by a word. */
	bool beside = e->kind == EXPR_AND && pick(random, 2) &&
		      !(e->right->kind == EXPR_TEST && e->right->holds == test_state);
	const char *word = "";

	if (parens)
		add(text, size, pick(random, 2) ? "(" : "( ");
	if (e->kind == EXPR_TEST)
		add(text, size, e->text);
	if (e->kind == EXPR_NOT)
		add(text, size, nots[pick(random, 4)]);
	if (e->left)
		write_inside(e->left, levels[e->kind], random, text, size);
	if (e->kind == EXPR_AND)
		word = beside ? " " : ands[pick(random, 4)];
	if (e->kind == EXPR_OR)
		word = ors[pick(random, 4)];
	add(text, size, word);
	/* Both join from the left: the same one on the right wants parentheses, or not; the answer
	 * is the same. */
	if (e->right)
		write_inside(e->right, levels[e->kind], random, text, size);
	if (parens)
		add(text, size, pick(random, 2) ? ")" : " )");
}

void expr_write(const struct expr *e, uint64_t *random, char *text, size_t size)
{
	*text = '\0';
	write_inside(e, 0, random, text, size);
}

bool expr_holds(const struct expr *e, const struct socket *sk, bool autobound)
{
	switch (e->kind) {
	case EXPR_TEST:
		return e->holds(e, sk, autobound);
	case EXPR_NOT:
		return !expr_holds(e->left, sk, autobound);
	case EXPR_AND:
		return expr_holds(e->left, sk, autobound) && expr_holds(e->right, sk, autobound);
	default:
		return expr_holds(e->left, sk, autobound) || expr_holds(e->right, sk, autobound);
	}
}

static void random_end(struct endpoint *end, int family, uint64_t *random)
{
	const char *address = family == AF_INET ? addresses4[pick(random, COUNT(addresses4))]
						: addresses6[pick(random, COUNT(addresses6))];

	inet_pton(family, address, &end->addr);
	end->port = (uint16_t)ports[pick(random, COUNT(ports))];
	if (pick(random, 8) == 0)
		((uint8_t *)&end->addr)[pick(random, family == AF_INET ? 4 : 16)] ^=
			(uint8_t)(1 << pick(random, 8));
}

void socket_random(struct socket *sk, uint64_t *random)
{
	socket_init(sk);
	sk->netid = NETID_TCP;
	sk->family = pick(random, 2) ? AF_INET : AF_INET6;
	sk->state = (enum sock_state)(1 + pick(random, STATE_CLOSING));
	random_end(&sk->local, sk->family, random);
	random_end(&sk->peer, sk->family, random);
	sk->ifindex = pick(random, 2) ? (uint32_t)pick(random, 3) + 7000001 : 0;
	sk->recv_queue = (uint32_t)pick(random, 4);
	sk->uid = (uint32_t)pick(random, 4);
	sk->uid_known = true;
}
