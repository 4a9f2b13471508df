/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a listener's port can be bound again: which sockets stand in the way (the address and
 * the IP version decide, ipv6_rcv_saddr_equal() in net/ipv4/inet_connection_sock.c), and what
 * SO_REUSEADDR makes of it. test_explain asks the kernel itself.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/restart.h"

#define PORT 8080

static const struct holder own = { .pid = 12, .fd = 3, .comm = "own", .tid = 12 };
static const struct holder another = { .pid = 13, .fd = 3, .comm = "another", .tid = 13 };

/* Somebody else holds it, and not the program of the listener. */
static struct holder_list held_by(const struct holder *holder)
{
	return (struct holder_list){ HOLDERS_COMPLETE, 1, holder };
}

/* Each socket is another one: a listener is told from the others on its port by its cookie. */
static struct socket at(const char *address, uint16_t port, enum sock_state state)
{
	static uint64_t cookie;
	struct socket sk;

	socket_init(&sk);
	sk.family = strchr(address, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(sk.family, address, &sk.local.addr), 1);
	sk.local.port = port;
	sk.state = state;
	sk.inode = 4711;
	sk.cookie = ++cookie;
	sk.uid_known = state != STATE_TIME_WAIT;
	sk.linger.kind = LINGER_OFF;
	sk.unread_bytes = sk.outstanding_bytes = 0;
	sk.holders = held_by(&another);
	return sk;
}

static struct socket listener_at(const char *address, enum tri v6only, enum tri reuseaddr)
{
	struct socket sk = at(address, PORT, STATE_LISTEN);

	sk.v6only = v6only;
	sk.options.reuseaddr = reuseaddr;
	sk.holders = held_by(&own);
	return sk;
}

static struct port_users *watching(const struct socket *listener)
{
	struct port_users *users = port_users_new();

	assert_non_null(users);
	port_users_watch(users, listener);
	return users;
}

/* ---- who stands in the way ---- */

struct meeting {
	const char *listener;
	enum tri v6only;
	const char *user; /* the local end of an established connection */
	bool meets;
};

static const struct meeting meetings[] = {
	{ "0.0.0.0", TRI_UNKNOWN, "127.0.0.1", true },
	{ "0.0.0.0", TRI_UNKNOWN, "10.1.2.3", true },
	{ "127.0.0.1", TRI_UNKNOWN, "127.0.0.1", true },
	{ "127.0.0.1", TRI_UNKNOWN, "127.0.0.2", false },
	{ "127.0.0.1", TRI_UNKNOWN, "10.1.2.3", false },
	/* IPv6 to IPv6: v6only makes no difference. */
	{ "::", TRI_YES, "fd00::1", true },
	{ "::", TRI_NO, "fd00::1", true },
	{ "::1", TRI_YES, "::1", true },
	{ "::1", TRI_YES, "fd00::1", false },
	{ "::1", TRI_NO, "fd00::1", false },
	/* A dual-stack wildcard takes IPv4 too; one for IPv6 alone does not. */
	{ "::", TRI_NO, "127.0.0.1", true },
	{ "::", TRI_NO, "::ffff:127.0.0.1", true },
	{ "::", TRI_YES, "127.0.0.1", false },
	{ "::", TRI_YES, "::ffff:127.0.0.1", false },
	/* Nobody said: a verdict that errs must err towards "it is in the way". */
	{ "::", TRI_UNKNOWN, "127.0.0.1", true },
	{ "::1", TRI_NO, "127.0.0.1", false },
	{ "fd00::1", TRI_NO, "127.0.0.1", false },
	/* IPv4 inside IPv6. */
	{ "::ffff:127.0.0.1", TRI_NO, "127.0.0.1", true },
	{ "::ffff:127.0.0.1", TRI_NO, "127.0.0.2", false },
	{ "127.0.0.1", TRI_UNKNOWN, "::ffff:127.0.0.1", true },
	{ "127.0.0.1", TRI_UNKNOWN, "::ffff:127.0.0.2", false },
	{ "0.0.0.0", TRI_UNKNOWN, "::ffff:127.0.0.1", true },
	{ "0.0.0.0", TRI_UNKNOWN, "::1", false },
	{ "0.0.0.0", TRI_UNKNOWN, "fd00::1", false },
	{ "127.0.0.1", TRI_UNKNOWN, "::1", false },
};

static void check_meeting(const struct meeting *m)
{
	struct socket listener = listener_at(m->listener, m->v6only, TRI_NO);
	struct socket user = at(m->user, PORT, STATE_ESTABLISHED);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	assert_int_equal(port_users_add(users, &user), 0);
	judge_restart(users, &listener, NULL, &verdict);
	if (verdict.total != m->meets)
		fail_msg("listener %s (v6only %d), connection at %s: %u in the way", m->listener,
			 (int)m->v6only, m->user, verdict.total);
	assert_int_equal(verdict.states[STATE_ESTABLISHED], m->meets);
	port_users_free(users);
}

static void addresses_meet_as_in_the_kernel(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(meetings); i++)
		check_meeting(&meetings[i]);
}

static void other_ports_do_not_count(void **state)
{
	static const uint16_t others[] = { PORT - 1, PORT + 1, PORT ^ 8, PORT + 256, 0, 65535 };
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
	struct socket neighbour = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	/* Another listener's port is watched as well: its users are not this one's. */
	neighbour.local.port = PORT + 1;
	port_users_watch(users, &neighbour);
	for (size_t i = 0; i < COUNT(others); i++) {
		struct socket user = at("127.0.0.1", others[i], STATE_TIME_WAIT);

		assert_int_equal(port_users_add(users, &user), 0);
	}
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.total, 0);
	judge_restart(users, &neighbour, NULL, &verdict);
	assert_int_equal(verdict.total, 1);
	port_users_free(users);
}

/* Which of its two ends a program closes first goes by their descriptors. */
static void a_program_that_calls_itself(void **state)
{
	static const struct {
		const char *from, *to;
		const struct holder *caller;
		bool works_open;
	} calls[] = {
		{ "127.0.0.1", "127.0.0.1", &own, true },
		{ "127.0.0.2", "127.0.0.1", &own, true },
		{ "10.1.2.3", "10.1.2.3", &own, true },
		{ "::1", "::1", &own, true },
		{ "::ffff:127.0.0.1", "::ffff:127.0.0.1", &own, true },
		{ "10.1.2.3", "10.1.2.4", &own, false }, /* another host's port */
		{ "127.0.0.1", "127.0.0.1", &another, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++) {
		struct socket listener = listener_at("::", TRI_NO, TRI_NO);
		struct socket user = at(calls[i].to, PORT, STATE_ESTABLISHED);
		struct socket call = at(calls[i].from, 40000, STATE_ESTABLISHED);
		struct port_users *users = watching(&listener);
		struct restart verdict;

		listener.options.reuseport = user.options.reuseport = TRI_NO;
		user.options.reuseaddr = TRI_NO;
		user.holders = held_by(&own);
		call.holders = held_by(calls[i].caller);
		call.peer.port = PORT;
		assert_int_equal(inet_pton(call.family, calls[i].to, &call.peer.addr), 1);
		assert_int_equal(port_users_add(users, &user), 0);
		assert_int_equal(port_users_add(users, &call), 0);
		judge_restart(users, &listener, NULL, &verdict);
		assert_int_equal(verdict.works, calls[i].works_open ? TRI_UNKNOWN : TRI_NO);
		assert_int_equal(verdict.reason,
				 calls[i].works_open ? RESTART_ENDING : RESTART_CONNECTION);
		port_users_free(users);
	}
}

static void a_port_nobody_watches_is_not_kept(void **state)
{
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
	struct socket user = at("127.0.0.1", PORT, STATE_ESTABLISHED);
	struct port_users *users = port_users_new();
	struct restart verdict;

	(void)state;
	assert_non_null(users);
	assert_int_equal(port_users_add(users, &user), 0);
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.total, 0);
	port_users_free(users);
}

static void the_listener_is_not_in_its_own_way(void **state)
{
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	assert_int_equal(port_users_add(users, &listener), 0);
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.total, 0);
	port_users_free(users);
}

/* The ends of the port range, where the set of watched ports begins and ends. */
static void the_first_and_the_last_port(void **state)
{
	static const uint16_t ports[] = { 0, 1, 7, 8, 65528, 65535 };

	(void)state;
	for (size_t i = 0; i < COUNT(ports); i++) {
		struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
		struct socket user = at("127.0.0.1", ports[i], STATE_CLOSE_WAIT);
		struct port_users *users;
		struct restart verdict;

		listener.local.port = ports[i];
		users = watching(&listener);
		assert_int_equal(port_users_add(users, &user), 0);
		judge_restart(users, &listener, NULL, &verdict);
		assert_int_equal(verdict.total, 1);
		port_users_free(users);
	}
}

/* A socket that is bound and idle may stand on a wildcard itself. */
static const struct {
	const char *listener;
	enum tri v6only;
	const char *user;
	enum tri user_v6only;
	bool meets;
} wildcards[] = {
	{ "127.0.0.1", TRI_UNKNOWN, "0.0.0.0", TRI_UNKNOWN, true },
	{ "127.0.0.1", TRI_UNKNOWN, "::", TRI_NO, true },
	{ "127.0.0.1", TRI_UNKNOWN, "::", TRI_YES, false },
	{ "0.0.0.0", TRI_UNKNOWN, "::", TRI_NO, true },
	{ "0.0.0.0", TRI_UNKNOWN, "::", TRI_YES, false },
	{ "::1", TRI_YES, "::", TRI_YES, true },
	{ "::1", TRI_NO, "::", TRI_NO, true },
	{ "::1", TRI_NO, "0.0.0.0", TRI_UNKNOWN, false },
	{ "::", TRI_YES, "::", TRI_YES, true },
	{ "::", TRI_YES, "0.0.0.0", TRI_UNKNOWN, false },
	{ "::", TRI_NO, "0.0.0.0", TRI_UNKNOWN, true },
	{ "::", TRI_NO, "::", TRI_YES, true },
	{ "::", TRI_YES, "::", TRI_NO, true },
};

static void wildcards_meet_as_in_the_kernel(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wildcards); i++) {
		struct socket listener =
			listener_at(wildcards[i].listener, wildcards[i].v6only, TRI_NO);
		struct socket user = at(wildcards[i].user, PORT, STATE_CLOSE);
		struct port_users *users = watching(&listener);
		struct restart verdict;

		user.v6only = wildcards[i].user_v6only;
		assert_int_equal(port_users_add(users, &user), 0);
		judge_restart(users, &listener, NULL, &verdict);
		if (verdict.total != wildcards[i].meets)
			fail_msg("row %zu: listener %s, bound at %s: %u in the way", i,
				 wildcards[i].listener, wildcards[i].user, verdict.total);
		port_users_free(users);
	}
}

/* ---- the verdict ---- */

static const enum sock_state holding_states[] = {
	STATE_ESTABLISHED, STATE_FIN_WAIT1, STATE_FIN_WAIT2, STATE_TIME_WAIT,
	STATE_CLOSE_WAIT,  STATE_LAST_ACK,  STATE_CLOSING,   STATE_CLOSE,
};

/* Both must have the option, as inet_bind_conflict() demands; what the user's own setting is may
 * not be known (no descriptor is left), and then the listener's stands for it. */
static const struct {
	enum tri listener, user;
	enum tri works;
	bool assumed;
} options[] = {
	{ TRI_YES, TRI_YES, TRI_YES, false },
	{ TRI_YES, TRI_NO, TRI_NO, false },
	{ TRI_YES, TRI_UNKNOWN, TRI_YES, true },
	{ TRI_NO, TRI_NO, TRI_NO, false },
	{ TRI_NO, TRI_UNKNOWN, TRI_NO, true },
	{ TRI_UNKNOWN, TRI_NO, TRI_NO, false },
	{ TRI_UNKNOWN, TRI_YES, TRI_YES, false },
	{ TRI_UNKNOWN, TRI_UNKNOWN, TRI_UNKNOWN, true },
	/* The new socket's own setting counts, not that of the listener that is gone. */
	{ TRI_NO, TRI_YES, TRI_YES, false },
};

static void the_options_decide(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(options); i++)
		for (size_t k = 0; k < COUNT(holding_states); k++) {
			struct socket listener =
				listener_at("0.0.0.0", TRI_UNKNOWN, options[i].listener);
			struct socket user = at("127.0.0.1", PORT, holding_states[k]);
			struct port_users *users = watching(&listener);
			struct restart verdict;

			listener.options.reuseport = options[i].listener;
			user.options.reuseaddr = user.options.reuseport = options[i].user;
			assert_int_equal(port_users_add(users, &user), 0);
			judge_restart(users, &listener, NULL, &verdict);
			if (verdict.binds[BIND_REUSEADDR] != options[i].works ||
			    verdict.binds[BIND_REUSEPORT] != options[i].works)
				fail_msg("row %zu, %s: reuseaddr %d, reuseport %d", i,
					 state_ss_name(holding_states[k]),
					 (int)verdict.binds[BIND_REUSEADDR],
					 (int)verdict.binds[BIND_REUSEPORT]);
			assert_int_equal(verdict.assumed, options[i].assumed);
			assert_int_equal(verdict.states[holding_states[k]], 1);
			assert_int_equal(verdict.listeners, 0);
			port_users_free(users);
		}
}

/* The two options are two questions. */
static void reuseport_is_judged_by_itself(void **state)
{
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
	struct socket user = at("127.0.0.1", PORT, STATE_ESTABLISHED);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	user.options.reuseaddr = TRI_NO;
	user.options.reuseport = TRI_YES;
	assert_int_equal(port_users_add(users, &user), 0);
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.binds[BIND_REUSEADDR], TRI_NO);
	assert_int_equal(verdict.binds[BIND_REUSEPORT], TRI_YES);
	port_users_free(users);
}

/* One that refuses is enough; one that is not known leaves it open. */
static void all_must_agree(void **state)
{
	static const enum tri own[] = { TRI_YES, TRI_UNKNOWN, TRI_NO };
	static const enum tri works[] = { TRI_YES, TRI_UNKNOWN, TRI_NO };
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_UNKNOWN);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	for (size_t i = 0; i < COUNT(own); i++) {
		struct socket user = at("127.0.0.1", PORT, STATE_ESTABLISHED);

		user.options.reuseaddr = own[i];
		assert_int_equal(port_users_add(users, &user), 0);
		judge_restart(users, &listener, NULL, &verdict);
		assert_int_equal(verdict.binds[BIND_REUSEADDR], works[i]);
	}
	port_users_free(users);
}

/* A port that is shared by SO_REUSEPORT stays taken until its last listener closes, and
 * SO_REUSEADDR never shares it with one that listens. */
static void another_listener_holds_the_port(void **state)
{
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_YES);
	struct socket other = listener_at("127.0.0.1", TRI_UNKNOWN, TRI_YES);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	listener.options.reuseport = other.options.reuseport = TRI_YES;
	other.holders = held_by(&another);
	assert_int_equal(port_users_add(users, &listener), 0);
	assert_int_equal(port_users_add(users, &other), 0);
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.total, 1);
	assert_int_equal(verdict.listeners, 1);
	assert_int_equal(verdict.binds[BIND_REUSEADDR], TRI_NO);
	assert_int_equal(verdict.binds[BIND_REUSEPORT], TRI_YES);
	port_users_free(users);
}

static const struct {
	uint32_t listener, user;
	bool meets;
} devices[] = {
	{ 0, 0, true }, { 0, 7, true }, { 7, 0, true }, { 7, 7, true }, { 7, 8, false },
};

/* Sockets bound to two devices do not share a port. */
static void devices_keep_ports_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(devices); i++) {
		struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
		struct socket user = at("127.0.0.1", PORT, STATE_ESTABLISHED);
		struct port_users *users = watching(&listener);
		struct restart verdict;

		listener.ifindex = devices[i].listener;
		user.ifindex = devices[i].user;
		assert_int_equal(port_users_add(users, &user), 0);
		judge_restart(users, &listener, NULL, &verdict);
		assert_int_equal(verdict.total, devices[i].meets);
		port_users_free(users);
	}
}

/* With nothing there it does not matter what is not known. */
static void a_free_port_is_free(void **state)
{
	static const enum tri own[] = { TRI_NO, TRI_YES, TRI_UNKNOWN };

	(void)state;
	for (size_t i = 0; i < COUNT(own); i++) {
		struct socket listener = listener_at("::", TRI_NO, own[i]);
		struct port_users *users = watching(&listener);
		struct restart verdict;

		judge_restart(users, &listener, NULL, &verdict);
		assert_int_equal(verdict.total, 0);
		assert_int_equal(verdict.listeners, 0);
		assert_int_equal(verdict.assumed, 0);
		port_users_free(users);
	}
}

/* Orphans and TIME_WAIT have no inode and hold the port all the same. */
static void orphans_hold_the_port(void **state)
{
	static const enum sock_state states[] = { STATE_FIN_WAIT1, STATE_FIN_WAIT2, STATE_CLOSING,
						  STATE_LAST_ACK, STATE_TIME_WAIT };
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct socket user = at("127.0.0.1", PORT, states[i]);

		user.inode = 0;
		assert_int_equal(port_users_add(users, &user), 0);
	}
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.total, COUNT(states));
	port_users_free(users);
}

/* What no process has accepted dies with the listener, and so does a handshake under way: a bind
 * after the close meets neither (inet_csk_listen_stop()). */
static void what_dies_with_the_listener_is_not_in_the_way(void **state)
{
	static const enum sock_state states[] = { STATE_ESTABLISHED, STATE_CLOSE_WAIT,
						  STATE_SYN_RECV };
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct socket user = at("127.0.0.1", PORT, states[i]);

		user.inode = 0;
		assert_int_equal(port_users_add(users, &user), 0);
	}
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.total, 0);
	port_users_free(users);
}

/* Enough of them that the list has to grow many times; counted by state. */
static void many_are_counted_by_state(void **state)
{
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_YES);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct socket user =
			at("127.0.0.1", PORT, i % 3 ? STATE_TIME_WAIT : STATE_ESTABLISHED);

		assert_int_equal(port_users_add(users, &user), 0);
	}
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.total, 3000);
	assert_int_equal(verdict.states[STATE_TIME_WAIT], 2000);
	assert_int_equal(verdict.states[STATE_ESTABLISHED], 1000);
	port_users_free(users);
}

/* ---- the answer, a row a rule ---- */

enum whose { ANOTHERS, ITS_OWN, NOBODYS, UNREAD, PARTLY_READ };

struct answer_row {
	const char *rule;
	enum netid netid;
	enum sock_state state; /* of the one that is there */
	enum whose whose;
	unsigned int old, its; /* options: BIND_* */
	bool other_user, unknown_linger, unread_data;
	enum tri works;
	enum restart_reason reason;
};

#define TCP_ROW(state) NETID_TCP, STATE_##state
#define UDP_ROW(state) NETID_UDP, STATE_##state

static const struct answer_row answers[] = {
	{ .rule = "a connection of the program stays as an orphan",
	  TCP_ROW(ESTABLISHED),
	  .whose = ITS_OWN,
	  .works = TRI_NO,
	  .reason = RESTART_CONNECTION },
	{ .rule = "unread data: its end resets it",
	  TCP_ROW(ESTABLISHED),
	  .whose = ITS_OWN,
	  .unread_data = true,
	  .works = TRI_YES,
	  .reason = RESTART_FREE },
	{ .rule = "unread data of another's stays",
	  TCP_ROW(ESTABLISHED),
	  .whose = ANOTHERS,
	  .unread_data = true,
	  .works = TRI_NO,
	  .reason = RESTART_CONNECTION },
	{ .rule = "with linger unknown it is open",
	  TCP_ROW(ESTABLISHED),
	  .whose = ITS_OWN,
	  .unknown_linger = true,
	  .works = TRI_UNKNOWN,
	  .reason = RESTART_ENDING },
	{ .rule = "from CLOSE-WAIT it goes when the peer says so",
	  TCP_ROW(CLOSE_WAIT),
	  .whose = ITS_OWN,
	  .works = TRI_UNKNOWN,
	  .reason = RESTART_ENDING },
	{ .rule = "another's CLOSE-WAIT stays",
	  TCP_ROW(CLOSE_WAIT),
	  .whose = ANOTHERS,
	  .works = TRI_NO,
	  .reason = RESTART_CONNECTION },
	{ .rule = "SYN-SENT goes",
	  TCP_ROW(SYN_SENT),
	  .whose = ITS_OWN,
	  .works = TRI_YES,
	  .reason = RESTART_FREE },
	{ .rule = "its own listener goes",
	  TCP_ROW(LISTEN),
	  .whose = ITS_OWN,
	  .works = TRI_YES,
	  .reason = RESTART_FREE },
	{ .rule = "another's listener stays, whatever SO_REUSEADDR",
	  TCP_ROW(LISTEN),
	  .whose = ANOTHERS,
	  .old = BIND_REUSEADDR,
	  .its = BIND_REUSEADDR,
	  .works = TRI_NO,
	  .reason = RESTART_LISTENER },
	{ .rule = "a listener shares by SO_REUSEPORT",
	  TCP_ROW(LISTEN),
	  .whose = ANOTHERS,
	  .old = BIND_REUSEPORT,
	  .its = BIND_REUSEPORT,
	  .works = TRI_YES,
	  .reason = RESTART_REUSE },
	{ .rule = "SO_REUSEPORT is of one user",
	  TCP_ROW(LISTEN),
	  .whose = ANOTHERS,
	  .old = BIND_REUSEPORT,
	  .its = BIND_REUSEPORT,
	  .other_user = true,
	  .works = TRI_NO,
	  .reason = RESTART_LISTENER },
	{ .rule = "SO_REUSEADDR is of any user",
	  TCP_ROW(ESTABLISHED),
	  .whose = ANOTHERS,
	  .old = BIND_REUSEADDR,
	  .its = BIND_REUSEADDR,
	  .other_user = true,
	  .works = TRI_YES,
	  .reason = RESTART_REUSE },
	{ .rule = "of TIME-WAIT the user does not count",
	  TCP_ROW(TIME_WAIT),
	  .whose = NOBODYS,
	  .old = BIND_REUSEPORT,
	  .its = BIND_REUSEPORT,
	  .other_user = true,
	  .works = TRI_YES,
	  .reason = RESTART_REUSE },
	{ .rule = "TIME-WAIT refuses",
	  TCP_ROW(TIME_WAIT),
	  .whose = NOBODYS,
	  .works = TRI_NO,
	  .reason = RESTART_TIME_WAIT },
	{ .rule = "an orphan refuses",
	  TCP_ROW(FIN_WAIT2),
	  .whose = NOBODYS,
	  .works = TRI_NO,
	  .reason = RESTART_ORPHAN },
	{ .rule = "one side's option is not enough",
	  TCP_ROW(TIME_WAIT),
	  .whose = NOBODYS,
	  .old = BIND_REUSEADDR,
	  .its = BIND_REUSEPORT,
	  .works = TRI_NO,
	  .reason = RESTART_TIME_WAIT },
	{ .rule = "a bound socket refuses",
	  TCP_ROW(BOUND_INACTIVE),
	  .whose = ANOTHERS,
	  .works = TRI_NO,
	  .reason = RESTART_BOUND },
	{ .rule = "a bound socket shares by SO_REUSEADDR",
	  TCP_ROW(BOUND_INACTIVE),
	  .whose = ANOTHERS,
	  .old = BIND_REUSEADDR,
	  .its = BIND_REUSEADDR,
	  .works = TRI_YES,
	  .reason = RESTART_REUSE },
	{ .rule = "a listener whose holder is unread",
	  TCP_ROW(LISTEN),
	  .whose = UNREAD,
	  .works = TRI_UNKNOWN,
	  .reason = RESTART_HOLDERS_UNKNOWN },
	{ .rule = "a listener that others may hold too",
	  TCP_ROW(LISTEN),
	  .whose = PARTLY_READ,
	  .works = TRI_UNKNOWN,
	  .reason = RESTART_HOLDERS_UNKNOWN },
	{ .rule = "UDP: its own goes",
	  UDP_ROW(CLOSE),
	  .whose = ITS_OWN,
	  .works = TRI_YES,
	  .reason = RESTART_FREE },
	{ .rule = "UDP: its own goes, connected too",
	  UDP_ROW(ESTABLISHED),
	  .whose = ITS_OWN,
	  .works = TRI_YES,
	  .reason = RESTART_FREE },
	{ .rule = "UDP: another's stays",
	  UDP_ROW(CLOSE),
	  .whose = ANOTHERS,
	  .works = TRI_NO,
	  .reason = RESTART_LISTENER },
	{ .rule = "UDP: SO_REUSEADDR shares with any",
	  UDP_ROW(CLOSE),
	  .whose = ANOTHERS,
	  .old = BIND_REUSEADDR,
	  .its = BIND_REUSEADDR,
	  .works = TRI_YES,
	  .reason = RESTART_REUSE },
	{ .rule = "UDP: SO_REUSEPORT is of one user",
	  UDP_ROW(CLOSE),
	  .whose = ANOTHERS,
	  .old = BIND_REUSEPORT,
	  .its = BIND_REUSEPORT,
	  .other_user = true,
	  .works = TRI_NO,
	  .reason = RESTART_LISTENER },
};

static void set_options(struct socket *sk, unsigned int bind)
{
	sk->options.reuseaddr = bind & BIND_REUSEADDR ? TRI_YES : TRI_NO;
	sk->options.reuseport = bind & BIND_REUSEPORT ? TRI_YES : TRI_NO;
}

static struct holder_list holders_of(enum whose whose)
{
	if (whose == UNREAD || whose == NOBODYS)
		return (struct holder_list){ 0 };
	return (struct holder_list){ whose == PARTLY_READ ? HOLDERS_PARTIAL : HOLDERS_COMPLETE, 1,
				     whose == ANOTHERS ? &another : &own };
}

static struct socket user_of(const struct answer_row *row)
{
	struct socket sk = at("127.0.0.1", PORT, row->state);

	sk.netid = row->netid;
	sk.uid = row->other_user ? 1000 : 0;
	sk.holders = holders_of(row->whose);
	set_options(&sk, row->its);
	if (row->unknown_linger)
		sk.linger.kind = LINGER_UNKNOWN;
	if (row->unread_data)
		sk.recv_queue = sk.unread_bytes = 5;
	if (row->whose == NOBODYS)
		sk.inode = 0;
	return sk;
}

static struct socket server_of(const struct answer_row *row)
{
	struct socket sk = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);

	sk.netid = row->netid;
	if (row->netid == NETID_UDP)
		sk.state = STATE_CLOSE;
	set_options(&sk, row->old);
	return sk;
}

static void each_rule_has_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct socket listener = server_of(&answers[i]), user = user_of(&answers[i]);
		struct port_users *users = watching(&listener);
		struct restart verdict;

		assert_int_equal(port_users_add(users, &listener), 0);
		assert_int_equal(port_users_add(users, &user), 0);
		judge_restart(users, &listener, NULL, &verdict);
		if (verdict.works != answers[i].works || verdict.reason != answers[i].reason)
			fail_msg("%s: %s, %s", answers[i].rule, restart_answer_name(verdict.works),
				 restart_reason_name(verdict.reason));
		assert_int_equal(verdict.blockers, verdict.works != TRI_YES);
		port_users_free(users);
	}
}

/* ---- who keeps the listener ---- */

static const struct {
	const char *rule;
	enum netid netid;
	enum tri ends;
	bool passed_on;
	unsigned int old;
	enum tri works;
	enum restart_reason reason;
} keepers[] = {
	{ "nobody", NETID_TCP, TRI_YES, false, 0, TRI_YES, RESTART_FREE },
	{ "a child", NETID_TCP, TRI_NO, false, 0, TRI_NO, RESTART_HELD },
	{ "a child, SO_REUSEADDR", NETID_TCP, TRI_NO, false, BIND_REUSEADDR, TRI_NO, RESTART_HELD },
	{ "a child, SO_REUSEPORT", NETID_TCP, TRI_NO, false, BIND_REUSEPORT, TRI_YES,
	  RESTART_FREE },
	{ "a child, UDP", NETID_UDP, TRI_NO, false, 0, TRI_NO, RESTART_HELD },
	{ "a child, UDP, SO_REUSEADDR", NETID_UDP, TRI_NO, false, BIND_REUSEADDR, TRI_YES,
	  RESTART_FREE },
	{ "not known", NETID_TCP, TRI_UNKNOWN, false, 0, TRI_UNKNOWN, RESTART_HOLDERS_UNKNOWN },
	{ "systemd", NETID_TCP, TRI_YES, true, 0, TRI_YES, RESTART_PASSED_ON },
};

static void who_keeps_it_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keepers); i++) {
		const struct answer_row row = { .netid = keepers[i].netid, .old = keepers[i].old };
		const struct program program = { .ends = keepers[i].ends,
						 .passed_on = keepers[i].passed_on,
						 .pid = 14,
						 .comm = "child" };
		struct socket listener = server_of(&row);
		struct port_users *users = watching(&listener);
		struct restart verdict;

		judge_restart(users, &listener, &program, &verdict);
		if (verdict.works != keepers[i].works || verdict.reason != keepers[i].reason)
			fail_msg("%s: %s, %s", keepers[i].rule, restart_answer_name(verdict.works),
				 restart_reason_name(verdict.reason));
		if (verdict.reason == RESTART_HELD)
			assert_int_equal(verdict.first.pid, 14);
		port_users_free(users);
	}
}

/* What nobody could read is not taken for unset, unless it makes no difference. */
static void unknown_options_are_unknown(void **state)
{
	struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_UNKNOWN);
	struct socket user = at("127.0.0.1", PORT, STATE_TIME_WAIT);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	user.inode = 0;
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.works, TRI_YES);
	assert_int_equal(port_users_add(users, &user), 0);
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.works, TRI_UNKNOWN);
	assert_int_equal(verdict.reason, RESTART_OPTIONS_UNKNOWN);
	port_users_free(users);
	/* Nor is linger known then, which comes second. */
	user = at("127.0.0.1", PORT, STATE_ESTABLISHED);
	user.linger.kind = LINGER_UNKNOWN;
	user.holders = held_by(&own);
	users = watching(&listener);
	assert_int_equal(port_users_add(users, &user), 0);
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.works, TRI_UNKNOWN);
	assert_int_equal(verdict.reason, RESTART_OPTIONS_UNKNOWN);
	port_users_free(users);
}

/* UDP stops at the first that shares by SO_REUSEPORT, and which that is nobody sees. */
static void udp_that_shares_and_that_does_not(void **state)
{
	const struct answer_row shares = {
		.netid = NETID_UDP, .state = STATE_CLOSE, .its = BIND_BOTH, .old = BIND_REUSEPORT
	};
	const struct answer_row refuses = { .netid = NETID_UDP,
					    .state = STATE_CLOSE,
					    .its = BIND_REUSEADDR };
	struct socket listener = server_of(&shares);
	struct socket first = user_of(&shares), second = user_of(&refuses);
	struct port_users *users = watching(&listener);
	struct restart verdict;

	(void)state;
	assert_int_equal(port_users_add(users, &first), 0);
	assert_int_equal(port_users_add(users, &second), 0);
	judge_restart(users, &listener, NULL, &verdict);
	assert_int_equal(verdict.works, TRI_UNKNOWN);
	assert_int_equal(verdict.reason, RESTART_NOT_JUDGED);
	assert_int_equal(verdict.binds[BIND_BOTH], TRI_YES);
	assert_int_equal(verdict.binds[BIND_PLAIN], TRI_NO);
	port_users_free(users);
}

/* TCP, UDP and UDP-Lite have ports of their own. */
static void protocols_do_not_meet(void **state)
{
	static const enum netid netids[] = { NETID_TCP, NETID_UDP, NETID_UDPLITE };

	(void)state;
	for (size_t i = 0; i < COUNT(netids); i++)
		for (size_t k = 0; k < COUNT(netids); k++) {
			const struct answer_row row = { .netid = netids[i], .state = STATE_CLOSE };
			struct socket listener = listener_at("0.0.0.0", TRI_UNKNOWN, TRI_NO);
			struct socket user = user_of(&row);
			struct port_users *users = watching(&listener);
			struct restart verdict;

			listener.netid = netids[k];
			assert_int_equal(port_users_add(users, &user), 0);
			judge_restart(users, &listener, NULL, &verdict);
			assert_int_equal(verdict.total, i == k);
			port_users_free(users);
		}
}

static void freeing_nothing_is_allowed(void **state)
{
	(void)state;
	port_users_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_meet_as_in_the_kernel),
		cmocka_unit_test(wildcards_meet_as_in_the_kernel),
		cmocka_unit_test(other_ports_do_not_count),
		cmocka_unit_test(a_program_that_calls_itself),
		cmocka_unit_test(a_port_nobody_watches_is_not_kept),
		cmocka_unit_test(the_listener_is_not_in_its_own_way),
		cmocka_unit_test(the_first_and_the_last_port),
		cmocka_unit_test(the_options_decide),
		cmocka_unit_test(reuseport_is_judged_by_itself),
		cmocka_unit_test(all_must_agree),
		cmocka_unit_test(another_listener_holds_the_port),
		cmocka_unit_test(devices_keep_ports_apart),
		cmocka_unit_test(a_free_port_is_free),
		cmocka_unit_test(orphans_hold_the_port),
		cmocka_unit_test(what_dies_with_the_listener_is_not_in_the_way),
		cmocka_unit_test(many_are_counted_by_state),
		cmocka_unit_test(each_rule_has_its_answer),
		cmocka_unit_test(who_keeps_it_decides),
		cmocka_unit_test(unknown_options_are_unknown),
		cmocka_unit_test(udp_that_shares_and_that_does_not),
		cmocka_unit_test(protocols_do_not_meet),
		cmocka_unit_test(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
