/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What restart answers, and why: a row a rule. tests/live/test_restart_rules asks the kernel
 * itself.
 */
#include "config.h"

#include "unit/unit.h"

#include "unit/restart_made.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_has_its_answer),
		cmocka_unit_test(who_keeps_it_decides),
		cmocka_unit_test(unknown_options_are_unknown),
		cmocka_unit_test(udp_that_shares_and_that_does_not),
		cmocka_unit_test(protocols_do_not_meet),
	};

	return cmocka_run_group_tests_name("restart_answers", tests, NULL, NULL);
}
