/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sockets stand in the way of binding a listener's port again: the address and the IP version
 * decide (ipv6_rcv_saddr_equal() in net/ipv4/inet_connection_sock.c), and what SO_REUSEADDR makes
 * of it. tests/live/test_restart asks the kernel itself.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "unit/restart_made.h"

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
		cmocka_unit_test(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
