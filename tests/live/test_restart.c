/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a restart, against the kernel's: a program holds the listener, the tool is asked,
 * the program really ends, and another one binds and listens, with no option, with SO_REUSEADDR,
 * with SO_REUSEPORT, and with both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "takeover.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- listeners ---- */

static socklen_t loopback(int family, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		v6->sin6_addr = in6addr_loopback;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v4->sin_port = htons(port);
	return sizeof(*v4);
}

/* A bound socket with the options of the set `with`, or a negative errno. */
static int bound(int family, uint16_t port, unsigned int with)
{
	struct sockaddr_storage address;
	socklen_t length = loopback(family, port, &address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	set_reuse(fd, with);
	if (bind(fd, (struct sockaddr *)&address, length) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* A pair whose listener has the options of the set `with`. */
static void open_pair(struct tcp_pair *pair, int family, unsigned int with)
{
	*pair = (struct tcp_pair){ .family = family, .near = -1, .far = -1 };
	assert_return_code(pair->listener = bound(family, 0, with), 0);
	assert_return_code(listen(pair->listener, 8), 0);
	pair->far_port = local_port(pair->listener);
}

static void join(struct tcp_pair *pair)
{
	assert_return_code(pair->near = tcp_connect(pair->family, pair->far_port, 0), 0);
	assert_return_code(pair->far = tcp_accept(pair->listener), 0);
}

/* ---- what stands on the port ---- */

static void nothing(struct tcp_pair *pair)
{
	(void)pair;
}

static void established(struct tcp_pair *pair)
{
	join(pair);
}

static void close_wait(struct tcp_pair *pair)
{
	join(pair);
	assert_return_code(shutdown(pair->near, SHUT_WR), 0);
	assert_return_code(tcp_wait_state(pair->far, TCP_CLOSE_WAIT), 0);
}

static void fin_wait1(struct tcp_pair *pair)
{
	join(pair);
	assert_return_code(tcp_deafen(pair->near), 0);
	assert_return_code(shutdown(pair->far, SHUT_WR), 0);
	assert_return_code(tcp_wait_state(pair->far, TCP_FIN_WAIT1), 0);
}

static void fin_wait2(struct tcp_pair *pair)
{
	join(pair);
	assert_return_code(shutdown(pair->far, SHUT_WR), 0);
	assert_return_code(tcp_wait_state(pair->far, TCP_FIN_WAIT2), 0);
}

static void orphan(struct tcp_pair *pair)
{
	fin_wait2(pair);
	drop_fd(&pair->far);
}

static void orphan_in_fin_wait1(struct tcp_pair *pair)
{
	join(pair);
	assert_return_code(tcp_deafen(pair->near), 0);
	drop_fd(&pair->far);
}

static void time_wait(struct tcp_pair *pair)
{
	orphan(pair);
	drop_fd(&pair->near);
}

static void last_ack(struct tcp_pair *pair)
{
	close_wait(pair);
	assert_return_code(tcp_deafen(pair->near), 0);
	drop_fd(&pair->far);
}

static void unaccepted(struct tcp_pair *pair)
{
	assert_return_code(pair->near = tcp_connect(pair->family, pair->far_port, 0), 0);
}

static void unaccepted_with_eof(struct tcp_pair *pair)
{
	unaccepted(pair);
	assert_return_code(shutdown(pair->near, SHUT_WR), 0);
}

static void half_open(struct tcp_pair *pair)
{
	assert_return_code(tcp_hear_syn_only(pair->listener), 0);
	pair->near = tcp_connect(pair->family, pair->far_port, SOCK_NONBLOCK);
	assert_return_code(pair->near, 0);
}

/* The option as it was at the handshake is what counts. */
static void option_set_too_late(struct tcp_pair *pair)
{
	const int on = 1;

	join(pair);
	assert_return_code(setsockopt(pair->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)),
			   0);
}

static void option_cleared_too_late(struct tcp_pair *pair)
{
	const int off = 0;

	join(pair);
	assert_return_code(setsockopt(pair->listener, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)),
			   0);
}

static const struct occupant {
	const char *name;
	void (*settle)(struct tcp_pair *pair);
	const char *state; /* as the sentence names it; NULL: it is in nobody's way */
} occupants[] = {
	{ "nothing", nothing, NULL },
	{ "ESTABLISHED", established, "1 ESTAB" },
	{ "CLOSE_WAIT", close_wait, "1 CLOSE-WAIT" },
	{ "FIN_WAIT1", fin_wait1, "1 FIN-WAIT-1" },
	{ "FIN_WAIT2", fin_wait2, "1 FIN-WAIT-2" },
	{ "FIN_WAIT1 orphan", orphan_in_fin_wait1, "1 FIN-WAIT-1" },
	{ "FIN_WAIT2 orphan", orphan, "1 FIN-WAIT-2" },
	{ "LAST_ACK orphan", last_ack, "1 LAST-ACK" },
	{ "TIME_WAIT", time_wait, "1 TIME-WAIT" },
	{ "not accepted", unaccepted, NULL },
	{ "not accepted, EOF unread", unaccepted_with_eof, NULL },
	{ "half open", half_open, NULL },
	{ "option set after accept()", option_set_too_late, "1 ESTAB" },
	{ "option cleared after accept()", option_cleared_too_late, "1 ESTAB" },
};

static const struct {
	const char *name;
	unsigned int with;
} settings[] = {
	{ "no option", 0 },
	{ "SO_REUSEADDR", BIND_ADDR },
	{ "SO_REUSEPORT", BIND_PORT },
	{ "both options", BIND_BOTH },
};

/* ---- the verdict and the truth ---- */

/* The binds that work now, with a listen() behind them, as a set of 1 << BIND_*. */
static unsigned int try_binds(int family, uint16_t port)
{
	unsigned int works = 0;

	for (unsigned int with = 0; with < BINDS; with++) {
		int fd = bound(family, port, with);

		if (fd >= 0 && listen(fd, 8) == 0)
			works |= 1u << with;
		else
			assert_int_equal(fd < 0 ? -fd : errno, EADDRINUSE);
		if (fd >= 0)
			close(fd);
	}
	return works;
}

/* What `explain` says of the listener. The caller frees it. */
static char *text_on(uint32_t inode)
{
	json_t *document = tool_explain("-l", "-t", NULL);
	json_t *row;
	char *text;

	assert_non_null(document);
	row = document_row(document, inode);
	check_row(row, json_is_string(row_get(row, "explain.restart")));
	text = strdup(json_string_value(row_get(row, "explain.restart")));
	json_decref(document);
	return text;
}

/* The same, once the last segments are through: an orphan has no descriptor to ask. */
static void check_text(uint32_t inode, const char *state)
{
	int64_t end = now_ms() + WAIT_MS;
	char *text = text_on(inode);

	while (state && !strstr(text, state) && nap_before(end)) {
		free(text);
		text = text_on(inode);
	}
	if (state && !strstr(text, state))
		fail_msg("'%s' is not in: %s", state, text);
	if (!state && strstr(text, "On its port"))
		fail_msg("nothing is in the way, but: %s", text);
	free(text);
}

static void check_one(const struct restart_verdict *v, const char *what, int said, bool works)
{
	if (said >= 0 && said != works)
		fail_msg("%s: said to %s (%s), but it %s", what, said ? "work" : "fail", v->reason,
			 works ? "works" : "fails");
}

/* `with`: what the old listener had set, and the new program sets too. */
static void compare(const struct restart_verdict *v, unsigned int works, unsigned int with)
{
	for (unsigned int i = 0; i < BINDS; i++)
		check_one(v, settings[i].name, v->binds[i], works >> i & 1);
	check_one(v, "as before", v->works, works >> with & 1);
}

struct restart_case {
	int family;
	const struct occupant *occupant;
	unsigned int with;
};

/* It may be set or cleared since the bind. */
static unsigned int options_of(int fd)
{
	int addr = 0, port = 0;
	socklen_t length = sizeof(addr);

	assert_return_code(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &addr, &length), errno);
	assert_return_code(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &port, &length), errno);
	return (addr ? BIND_ADDR : 0) | (port ? BIND_PORT : 0);
}

/* The program holds its listener, and another the connection. */
static void a_restart(void **state)
{
	const struct restart_case *c = *state;
	struct restart_verdict v;
	struct tcp_pair pair;
	unsigned int with;
	uint32_t inode;
	pid_t program;

	need_options();
	open_pair(&pair, c->family, c->with);
	c->occupant->settle(&pair);
	with = options_of(pair.listener);
	inode = inode_of(pair.listener);
	program = hand_over((int *[]){ &pair.listener }, 1);
	check_text(inode, c->occupant->state);
	v = ask_restart(inode);
	assert_true(v.works >= 0);
	end_program(program);
	compare(&v, try_binds(c->family, pair.far_port), with);
	tcp_pair_close(&pair);
}

/* ---- what ends with the program ---- */

static void unread(struct tcp_pair *pair)
{
	join(pair);
	assert_int_equal(write(pair->near, "unread", 6), 6);
	assert_return_code(tcp_wait_readable(pair->far, 6), 0);
}

static void zero_linger(struct tcp_pair *pair)
{
	join(pair);
	assert_return_code(tcp_set_linger(pair->far, true, 0), 0);
}

/* One that listens beside it by SO_REUSEPORT, in the place of a connection. */
static void sibling(struct tcp_pair *pair)
{
	assert_return_code(pair->far = bound(pair->family, pair->far_port, BIND_BOTH), 0);
	assert_return_code(listen(pair->far, 8), 0);
}

static const struct own_part {
	const char *name;
	void (*settle)(struct tcp_pair *pair);
	unsigned int with;
	int works; /* -1: not to be known before */
	const char *reason;
} own_parts[] = {
	{ "ESTABLISHED", established, 0, 0, "connection" },
	{ "ESTABLISHED, shared", established, BIND_ADDR, 1, "reuse" },
	{ "unread data", unread, 0, 1, "free" },
	{ "zero linger", zero_linger, 0, 1, "free" },
	{ "CLOSE_WAIT", close_wait, 0, -1, "ending" },
	{ "CLOSE_WAIT, shared", close_wait, BIND_ADDR, 1, "reuse" },
	{ "FIN_WAIT2", fin_wait2, 0, 0, "connection" },
	{ "a listener", sibling, BIND_BOTH, 1, "free" },
};

struct own_case {
	int family;
	const struct own_part *part;
};

static void a_program_with(void **state)
{
	const struct own_case *c = *state;
	struct restart_verdict v;
	struct tcp_pair pair;
	uint32_t inode;
	pid_t program;

	need_options();
	open_pair(&pair, c->family, c->part->with);
	c->part->settle(&pair);
	inode = inode_of(pair.listener);
	program = hand_over((int *[]){ &pair.listener, &pair.far }, 2);
	v = ask_restart(inode);
	end_program(program);
	assert_int_equal(v.works, c->part->works);
	assert_string_equal(v.reason, c->part->reason);
	compare(&v, try_binds(c->family, pair.far_port), c->part->with);
	tcp_pair_close(&pair);
}

/* The program is the client of its own connection: which end it closes first is not foretold. */
static void a_program_that_calls_itself(void **state)
{
	struct restart_verdict v;
	struct tcp_pair pair;
	pid_t program;
	uint32_t inode;

	(void)state;
	need_options();
	open_pair(&pair, AF_INET, 0);
	established(&pair);
	inode = inode_of(pair.listener);
	program = hand_over((int *[]){ &pair.listener, &pair.near, &pair.far }, 3);
	v = ask_restart(inode);
	end_program(program);
	assert_int_equal(v.works, -1);
	assert_string_equal(v.reason, "ending");
}

/* ---- other listeners, other holders ---- */

static void a_listener_beside_it(void **state)
{
	struct restart_verdict v;
	struct tcp_pair pair;
	pid_t program;
	uint32_t inode;
	int other;

	(void)state;
	need_options();
	open_pair(&pair, AF_INET, BIND_BOTH);
	assert_return_code(other = bound(AF_INET, pair.far_port, BIND_BOTH), 0);
	assert_return_code(listen(other, 8), 0);
	inode = inode_of(pair.listener);
	program = hand_over((int *[]){ &pair.listener }, 1);
	check_text(inode, "1 LISTEN");
	v = ask_restart(inode);
	assert_string_equal(v.reason, "reuse");
	end_program(program);
	compare(&v, try_binds(AF_INET, pair.far_port), BIND_BOTH);
	close(other);
}

/* What had shared the port when it was bound does so no more. */
static void a_listener_in_its_way(void **state)
{
	struct restart_verdict v;
	struct tcp_pair pair;
	pid_t program;
	uint32_t inode;
	int other;

	(void)state;
	need_options();
	open_pair(&pair, AF_INET, BIND_BOTH);
	assert_return_code(other = bound(AF_INET, pair.far_port, BIND_BOTH), 0);
	assert_return_code(listen(other, 8), 0);
	set_reuse(pair.listener, BIND_ADDR);
	inode = inode_of(pair.listener);
	program = hand_over((int *[]){ &pair.listener }, 1);
	v = ask_restart(inode);
	assert_int_equal(v.works, 0);
	assert_string_equal(v.reason, "listener");
	assert_int_equal(v.blocker, getpid());
	end_program(program);
	compare(&v, try_binds(AF_INET, pair.far_port), BIND_ADDR);
	close(other);
}

/* Two descriptors of one process end together. */
static void a_second_descriptor(void **state)
{
	struct restart_verdict v;
	struct tcp_pair pair;
	pid_t program;
	uint32_t inode;
	int copy;

	(void)state;
	need_options();
	open_pair(&pair, AF_INET, 0);
	assert_return_code(copy = fcntl(pair.listener, F_DUPFD_CLOEXEC, 0), 0);
	inode = inode_of(pair.listener);
	program = hand_over((int *[]){ &pair.listener, &copy }, 2);
	v = ask_restart(inode);
	assert_int_equal(v.works, 1);
	end_program(program);
	compare(&v, try_binds(AF_INET, pair.far_port), 0);
}

/* A child that inherited the listener keeps it: only SO_REUSEPORT gets past that. */
static void a_child_that_inherited_it(void **state)
{
	unsigned int with = *(const unsigned int *)*state;
	struct restart_verdict v;
	struct tcp_pair pair;
	pid_t program, child;
	uint32_t inode;
	int copy;
	unsigned int works;

	need_options();
	open_pair(&pair, AF_INET, with);
	assert_return_code(copy = fcntl(pair.listener, F_DUPFD_CLOEXEC, 0), 0);
	inode = inode_of(pair.listener);
	program = hand_over((int *[]){ &pair.listener }, 1);
	child = hand_over((int *[]){ &copy }, 1);
	v = ask_restart(inode);
	assert_string_equal(v.reason, with & BIND_PORT ? "free" : "held");
	assert_int_equal(v.works, !!(with & BIND_PORT));
	if (!(with & BIND_PORT))
		assert_true(v.blocker == child || v.blocker == program);
	end_program(program);
	works = try_binds(AF_INET, pair.far_port);
	end_program(child);
	check_one(&v, "as before", v.works, works >> with & 1);
	works = try_binds(AF_INET, pair.far_port);
	for (unsigned int i = 0; i < BINDS; i++)
		check_one(&v, settings[i].name, v.binds[i], works >> i & 1);
}

static const unsigned int inherited[] = { 0, BIND_ADDR, BIND_PORT };

#define CASES  (2 * COUNT(occupants) * COUNT(settings))
#define OWN    (2 * COUNT(own_parts))
#define OTHERS (4 + COUNT(inherited))

static struct restart_case cases[CASES];
static struct own_case own_cases[OWN];
static char names[CASES + OWN][80];

static void name_cases(struct CMUnitTest *tests)
{
	for (size_t n = 0; n < CASES; n++) {
		const struct occupant *o = &occupants[n / 2 / COUNT(settings)];
		size_t setting = n / 2 % COUNT(settings);
		int family = n % 2 ? AF_INET6 : AF_INET;

		cases[n] = (struct restart_case){ family, o, settings[setting].with };
		snprintf(names[n], sizeof(names[n]), "%s, listener with %s, on its port: %s",
			 family == AF_INET ? "inet" : "inet6", settings[setting].name, o->name);
		tests[n] = (struct CMUnitTest){ names[n], a_restart, NULL, NULL, &cases[n] };
	}
}

static void name_own_cases(struct CMUnitTest *tests)
{
	for (size_t n = 0; n < OWN; n++) {
		const struct own_part *part = &own_parts[n / 2];
		int family = n % 2 ? AF_INET6 : AF_INET;
		char *name = names[CASES + n];

		own_cases[n] = (struct own_case){ family, part };
		snprintf(name, sizeof(names[0]), "%s, the program has %s",
			 family == AF_INET ? "inet" : "inet6", part->name);
		tests[n] = (struct CMUnitTest){ name, a_program_with, NULL, NULL, &own_cases[n] };
	}
}

int main(void)
{
	static struct CMUnitTest tests[CASES + OWN + OTHERS];
	size_t n = CASES + OWN;

	harness_enter();
	name_cases(tests);
	name_own_cases(tests + CASES);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_program_that_calls_itself);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_listener_beside_it);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_listener_in_its_way);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_second_descriptor);
	for (size_t i = 0; i < COUNT(inherited); i++)
		tests[n++] =
			(struct CMUnitTest){ "a child that inherited it", a_child_that_inherited_it,
					     NULL, NULL, (void *)&inherited[i] };
	return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
