/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters: the tally, ports by destination, listen queues, CLOSE_WAIT by process, and all of them
 * behind one function.
 */
#include "config.h"

#include "unit/unit.h"

#include "count/count.h"
#include "unit/made.h"

/* --- the tally ----------------------------------------------------------------------------- */

static void the_tally_counts_kinds_orphans_and_stakes(void **state)
{
	struct socket orphan = connection(STATE_FIN_WAIT1, 1);
	struct socket mini = connection(STATE_FIN_WAIT2, 2);
	struct socket held = connection(STATE_FIN_WAIT2, 3);
	struct socket risky = connection(STATE_ESTABLISHED, 4);
	struct socket vague = risky;
	struct tally t = { 0 };

	(void)state;
	mini.queue_unit = QUEUE_NONE;
	held.inode = 9;
	risky.close.risk = RISK_POSSIBLE;
	risky.close.risk_max = RISK_CERTAIN;
	risky.close.reasons = REASON_BIT(REASON_UNSENT) | REASON_BIT(REASON_LINGER_UNKNOWN);
	risky.close.at_stake_bytes = 1000;
	vague.netid = NETID_MPTCP;
	vague.close = risky.close;
	vague.close.at_stake_bytes = UNKNOWN;
	tally_add(&t, &orphan, true);
	tally_add(&t, &mini, true);
	tally_add(&t, &held, false);
	tally_add(&t, &risky, true);
	tally_add(&t, &vague, true);
	assert_int_equal(t.sockets, 5);
	assert_int_equal(t.shown, 4);
	assert_int_equal(t.orphans, 1);
	assert_int_equal(t.states[STATE_FIN_WAIT2], 2);
	assert_int_equal(t.kinds[NETID_TCP][STATE_ESTABLISHED], 1);
	assert_int_equal(t.kinds[NETID_MPTCP][STATE_ESTABLISHED], 1);
	assert_int_equal(t.risks[RISK_NONE].sockets, 3);
	assert_int_equal(t.risks[RISK_POSSIBLE].sockets, 2);
	assert_int_equal(t.risks[RISK_POSSIBLE].bytes, 1000);
	assert_int_equal(t.risks[RISK_POSSIBLE].unknown, 1);
	assert_int_equal(t.risks_max[RISK_CERTAIN], 2);
	assert_int_equal(t.reasons[REASON_UNSENT].sockets, 2);
	assert_int_equal(t.reasons[REASON_UNSENT].bytes, 1000);
	assert_int_equal(t.reasons[REASON_UNSENT].unknown, 1);
	assert_int_equal(t.reasons[REASON_ZERO_LINGER].sockets, 0);
	assert_int_equal(t.stake.sockets, 2);
	assert_int_equal(t.linger_unknown, 2);
}

static void one_may_stand_for_many(void **state)
{
	struct socket orphan = connection(STATE_FIN_WAIT1, 1), risky = connection(STATE_LISTEN, 2);
	struct tally many = { 0 }, each = { 0 };

	(void)state;
	risky.close.risk = RISK_POSSIBLE;
	risky.close.at_stake_bytes = 7;
	risky.close.loss_max_bytes = 7;
	risky.close.reasons = REASON_BIT(REASON_LINGER_UNKNOWN);
	for (int i = 0; i < 3; i++) {
		tally_add(&each, &orphan, true);
		tally_add(&each, &risky, true);
	}
	tally_add_alike(&many, &orphan, 3);
	tally_add_alike(&many, &risky, 3);
	assert_int_equal(many.orphans, 3);
	assert_memory_equal(&many, &each, sizeof(many));
}

/* --- ports --------------------------------------------------------------------------------- */

static struct port_range range(uint16_t low, uint16_t high)
{
	return (struct port_range){ .known = true, .low = low, .high = high };
}

static void add_port(struct ports *p, struct socket sk)
{
	assert_int_equal(ports_add(p, &sk), 0);
}

static void ports_are_counted_by_destination(void **state)
{
	struct port_range r = range(1000, 1009);
	struct ports *p = ports_new(&r);
	const struct destination_use *use;
	const struct destination *d;

	(void)state;
	add_port(p, connection(STATE_ESTABLISHED, 1000));
	add_port(p, connection(STATE_TIME_WAIT, 1009));
	add_port(p, connection(STATE_TIME_WAIT, 1005));
	/* The borders, another peer port, another peer, another local address. */
	add_port(p, connection(STATE_ESTABLISHED, 999));
	add_port(p, connection(STATE_ESTABLISHED, 1010));
	add_port(p, tcp(STATE_ESTABLISHED, "10.0.0.1", 1000, "10.0.0.2", 80));
	add_port(p, tcp(STATE_ESTABLISHED, "10.0.0.1", 1000, "10.0.0.3", 443));
	add_port(p, tcp(STATE_ESTABLISHED, "10.0.0.4", 1000, "10.0.0.2", 443));
	/* The same 4-tuple space, whatever the socket's family. */
	add_port(p, tcp(STATE_ESTABLISHED, "::ffff:10.0.0.1", 1001, "::ffff:10.0.0.2", 443));
	ports_finish(p);
	assert_int_equal(ports_available(p), 10);
	assert_int_equal(ports_count(p), 4);
	assert_int_equal(ports_used(p), 4);
	d = ports_item(p, 0, &use);
	assert_int_equal(d->family, AF_INET);
	assert_int_equal(d->peer_port, 443);
	assert_int_equal(use->ports, 4);
	assert_int_equal(use->time_wait, 2);
	ports_free(p);
}

static void ports_that_nobody_can_have_do_not_count(void **state)
{
	struct port_range r = range(1000, 1009);
	struct ports *p;

	(void)state;
	port_set_add(&r.reserved, 1002);
	port_set_add(&r.reserved, 1003);
	port_set_add(&r.reserved, 5000);
	p = ports_new(&r);
	add_port(p, tcp(STATE_LISTEN, "0.0.0.0", 1004, "0.0.0.0", 0));
	add_port(p, tcp(STATE_LISTEN, "::", 1004, "::", 0));
	add_port(p, tcp(STATE_LISTEN, "0.0.0.0", 80, "0.0.0.0", 0));
	add_port(p, connection(STATE_ESTABLISHED, 1002));
	add_port(p, connection(STATE_ESTABLISHED, 1004));
	ports_finish(p);
	assert_int_equal(ports_available(p), 7);
	assert_int_equal(ports_count(p), 0);
	assert_int_equal(ports_used(p), 0);
	ports_free(p);
}

/* The same ends in three namespaces: one with a range of its own, one in which a port is listened
 * on. */
static void ports_are_each_namespaces_own(void **state)
{
	struct port_range r = range(1000, 1009);
	struct ports *p = ports_new(&r);
	const struct destination_use *use;
	const struct destination *d;

	(void)state;
	assert_int_equal(ports_enter(p, 30), 0);
	for (uint16_t port = 1000; port < 1004; port++)
		add_port(p, connection(STATE_ESTABLISHED, port));
	assert_int_equal(ports_enter(p, 10), 0);
	r = range(1000, 1003);
	add_port(p, tcp(STATE_LISTEN, "0.0.0.0", 1003, "0.0.0.0", 0));
	for (uint16_t port = 1000; port < 1004; port++)
		add_port(p, connection(STATE_TIME_WAIT, port));
	assert_int_equal(ports_enter(p, 20), 0);
	r = range(1, 20000);
	add_port(p, tcp(STATE_LISTEN, "0.0.0.0", 4000, "0.0.0.0", 0));
	add_port(p, connection(STATE_ESTABLISHED, 1003));
	assert_int_equal(ports_finish(p), 0);
	assert_int_equal(ports_spaces(p), 3);
	assert_int_equal(ports_space(p, 0)->netns, 10);
	assert_int_equal(ports_space(p, 0)->low, 1000);
	assert_int_equal(ports_space(p, 0)->high, 1003);
	assert_int_equal(ports_space(p, 0)->available, 3);
	assert_int_equal(ports_space(p, 1)->available, 19999);
	assert_int_equal(ports_space(p, 2)->available, 10);
	/* Most are used in one, and none is left in another. */
	assert_int_equal(ports_count(p), 3);
	d = ports_item(p, 0, &use);
	assert_int_equal(d->netns, 30);
	assert_int_equal(use->ports, 4);
	assert_int_equal(ports_available_to(p, d), 10);
	assert_int_equal(ports_used(p), 3);
	assert_int_equal(ports_available(p), 3);
	ports_free(p);
}

static void a_namespace_without_a_range_leaves_all_unknown(void **state)
{
	struct port_range r = range(1000, 1009);
	struct ports *p = ports_new(&r);

	(void)state;
	assert_int_equal(ports_enter(p, 30), 0);
	add_port(p, connection(STATE_ESTABLISHED, 1000));
	assert_int_equal(ports_enter(p, 31), 0);
	r = (struct port_range){ 0 };
	assert_int_equal(ports_finish(p), 0);
	assert_int_equal(ports_used(p), UNKNOWN);
	assert_int_equal(ports_available(p), UNKNOWN);
	ports_free(p);
}

static void other_protocols_and_unconnected_sockets_do_not_count(void **state)
{
	struct port_range r = range(1, 65535);
	struct socket udp = connection(STATE_ESTABLISHED, 1000);
	struct ports *p = ports_new(&r);

	(void)state;
	udp.netid = NETID_UDP;
	add_port(p, udp);
	udp.netid = NETID_MPTCP; /* its subflows are TCP sockets, and those count */
	add_port(p, udp);
	add_port(p, tcp(STATE_CLOSE, "10.0.0.1", 1000, "0.0.0.0", 0));
	ports_finish(p);
	assert_int_equal(ports_count(p), 0);
	assert_int_equal(ports_available(p), 65535);
	ports_free(p);
}

static void without_a_range_nothing_is_known(void **state)
{
	struct port_range r = { 0 };
	struct ports *p = ports_new(&r);

	(void)state;
	add_port(p, connection(STATE_ESTABLISHED, 1000));
	ports_finish(p);
	assert_int_equal(ports_used(p), UNKNOWN);
	assert_int_equal(ports_available(p), UNKNOWN);
	assert_int_equal(ports_count(p), 0);
	ports_free(p);
}

/* --- listen queues ------------------------------------------------------------------------- */

static void add_listener(struct queues *q, uint16_t port, uint32_t waiting, uint32_t backlog)
{
	struct socket sk = tcp(STATE_LISTEN, "0.0.0.0", port, "0.0.0.0", 0);

	sk.recv_queue = waiting;
	sk.send_queue = backlog;
	queues_add(q, &sk);
}

static void the_fullest_listeners_are_kept(void **state)
{
	static const uint16_t order[] = { 5, 2, 6 };
	struct queues *q = queues_new(3);
	struct socket connected = connection(STATE_ESTABLISHED, 1);

	(void)state;
	connected.recv_queue = 1000000;
	queues_add(q, &connected);
	add_listener(q, 1, 10, 99); /* 10 % */
	add_listener(q, 2, 1, 1);   /* 50 % */
	add_listener(q, 3, 0, 0);   /* nobody waits */
	add_listener(q, 4, 100, 999);
	add_listener(q, 5, 50, 99); /* 50 %, and the longer queue */
	add_listener(q, 6, 1, 1);   /* as 2, and later */
	assert_int_equal(queues_listeners(q), 6);
	assert_int_equal(queues_waiting(q), 5);
	assert_int_equal(queues_count(q), 3);
	for (size_t i = 0; i < COUNT(order); i++)
		assert_int_equal(queues_item(q, i)->sk.local.port, order[i]);
	queues_free(q);
}

/* What is kept outlives its row: names and holders are copied, wherever an item moves. */
static void kept_listeners_have_their_own_names(void **state)
{
	struct queues *q = queues_new(2);

	(void)state;
	for (uint32_t i = 1; i <= 4; i++) {
		char name[2] = { (char)('a' + i), '\0' };
		char comm[2] = { (char)('p' + i), '\0' };
		struct holder h = { .pid = i, .fd = i, .comm = comm };
		struct socket sk = tcp(STATE_LISTEN, "0.0.0.0", 1, "0.0.0.0", 0);

		sk.netid = NETID_UNIX_STREAM;
		sk.family = AF_UNIX;
		sk.un.name = name;
		sk.un.name_len = 1;
		sk.recv_queue = i;
		sk.send_queue = 9;
		sk.holders = (struct holder_list){ HOLDERS_COMPLETE, 1, &h };
		queues_add(q, &sk);
		name[0] = comm[0] = '!';
	}
	assert_int_equal(queues_count(q), 2);
	assert_int_equal(queues_item(q, 0)->sk.un.name[0], 'e');
	assert_string_equal(queues_item(q, 0)->sk.holders.items[0].comm, "t");
	assert_int_equal(queues_item(q, 1)->sk.un.name[0], 'd');
	assert_string_equal(queues_item(q, 1)->sk.holders.items[0].comm, "s");
	queues_free(q);
}

/* --- CLOSE_WAIT ---------------------------------------------------------------------------- */

static void close_wait_by_process(void **state)
{
	struct holder shared[] = { { .pid = 10, .fd = 3, .comm = "web" },
				   { .pid = 10, .fd = 4, .comm = "web" },
				   { .pid = 11, .fd = 9, .comm = "log" } };
	struct socket sk = connection(STATE_CLOSE_WAIT, 1);
	struct socket other = connection(STATE_ESTABLISHED, 2);
	struct leaks *l = leaks_new();
	struct leak *web;

	(void)state;
	assert_int_equal(leaks_silent_ms(l), 0);
	other.tcp.last_ack_recv_ms = 99999;
	assert_int_equal(leaks_add(l, &other), 0);
	sk.inode = 5;
	sk.holders = (struct holder_list){ HOLDERS_COMPLETE, COUNT(shared), shared };
	assert_int_equal(leaks_add(l, &sk), 0);
	assert_int_equal(leaks_silent_ms(l), UNKNOWN);
	sk.tcp.last_ack_recv_ms = 700;
	sk.holders.count = 1;
	assert_int_equal(leaks_add(l, &sk), 0);
	sk.tcp.last_ack_recv_ms = 500;
	assert_int_equal(leaks_add(l, &sk), 0);
	leaks_finish(l);
	assert_int_equal(leaks_silent_ms(l), 700);
	assert_int_equal(leaks_count(l), 2);
	web = leaks_item(l, 0);
	assert_int_equal(web->kind, LEAK_HELD);
	assert_int_equal(web->pid, 10);
	assert_string_equal(web->comm, "web");
	assert_int_equal(web->sockets, 3);
	assert_int_equal(web->fd_count, 4);
	assert_int_equal(web->fds[1], 4);
	assert_int_equal(web->silent_ms, 700);
	assert_int_equal(web->descriptors_used, UNKNOWN);
	assert_int_equal(leaks_item(l, 1)->sockets, 1);
	assert_int_equal(leaks_item(l, 1)->silent_ms, UNKNOWN);
	leaks_free(l);
}

static void close_wait_that_nobody_is_known_to_hold(void **state)
{
	struct socket sk = connection(STATE_CLOSE_WAIT, 1);
	struct leaks *l = leaks_new();
	static const enum leak_kind order[] = { LEAK_UNKNOWN, LEAK_UNACCEPTED, LEAK_UNSEEN };

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(leaks_add(l, &sk), 0);
	sk.inode = 5;
	for (int i = 0; i < 3; i++)
		assert_int_equal(leaks_add(l, &sk), 0);
	sk.holders.known = HOLDERS_COMPLETE;
	assert_int_equal(leaks_add(l, &sk), 0);
	leaks_finish(l);
	assert_int_equal(leaks_count(l), COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++) {
		assert_int_equal(leaks_item(l, i)->kind, order[i]);
		assert_int_equal(leaks_item(l, i)->sockets, 3 - i);
	}
	leaks_free(l);
}

static void only_some_descriptors_are_kept_but_all_are_counted(void **state)
{
	struct socket sk = connection(STATE_CLOSE_WAIT, 1);
	struct leaks *l = leaks_new();

	(void)state;
	sk.inode = 5;
	for (uint32_t fd = 1; fd <= 3 * LEAK_DESCRIPTORS; fd++) {
		struct holder h = { .pid = 10, .fd = fd, .comm = "web" };

		sk.holders = (struct holder_list){ HOLDERS_COMPLETE, 1, &h };
		assert_int_equal(leaks_add(l, &sk), 0);
	}
	leaks_finish(l);
	assert_int_equal(leaks_item(l, 0)->fd_count, 3 * LEAK_DESCRIPTORS);
	assert_int_equal(leaks_item(l, 0)->fds[LEAK_DESCRIPTORS - 1], LEAK_DESCRIPTORS);
	leaks_free(l);
}

/* --- all of them --------------------------------------------------------------------------- */

static void only_what_is_wanted_is_counted(void **state)
{
	struct port_range r = range(1, 2);
	struct count_request request = { .keep = 1, .range = &r };
	struct socket sk = connection(STATE_CLOSE_WAIT, 1);
	struct counts c;

	(void)state;
	assert_int_equal(counts_open(&c, &request), 0);
	assert_int_equal(counts_add(&c, &sk), 0);
	counts_finish(&c);
	assert_int_equal(c.tally.sockets, 1);
	assert_null(c.ports);
	assert_null(c.queues);
	assert_null(c.leaks);
	assert_null(c.groups);
	counts_close(&c);
	request.parts = COUNT_PORTS | COUNT_QUEUES | COUNT_LEAKS;
	request.by = group_find("state");
	assert_int_equal(counts_open(&c, &request), 0);
	assert_int_equal(counts_add(&c, &sk), 0);
	counts_finish(&c);
	assert_int_equal(ports_used(c.ports), 1);
	assert_int_equal(leaks_count(c.leaks), 1);
	assert_int_equal(groups_count(c.groups), 1);
	counts_close(&c);
}

static void what_does_not_tell_alike_apart(void **state)
{
	struct count_request request = { .keep = 1 };
	struct socket sk = connection(STATE_CLOSE_WAIT, 1);
	const struct group *group;
	struct counts c;

	(void)state;
	assert_true(counts_take_alike(&request));
	request.by = group_find("state");
	assert_true(counts_take_alike(&request));
	assert_int_equal(counts_open(&c, &request), 0);
	assert_int_equal(counts_add_alike(&c, &sk, 5), 0);
	assert_int_equal(counts_add(&c, &sk), 0);
	counts_finish(&c);
	assert_int_equal(groups_count(c.groups), 1);
	groups_item(c.groups, 0, &group);
	assert_int_equal(group->sockets, 6);
	assert_int_equal(group->states[STATE_CLOSE_WAIT], 6);
	assert_int_equal(c.tally.sockets, 6);
	counts_close(&c);
	request.by = group_find("local-port");
	assert_false(counts_take_alike(&request));
	request.by = NULL;
	request.parts = COUNT_PORTS;
	assert_false(counts_take_alike(&request));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tally_counts_kinds_orphans_and_stakes),
		cmocka_unit_test(one_may_stand_for_many),
		cmocka_unit_test(ports_are_counted_by_destination),
		cmocka_unit_test(ports_that_nobody_can_have_do_not_count),
		cmocka_unit_test(ports_are_each_namespaces_own),
		cmocka_unit_test(a_namespace_without_a_range_leaves_all_unknown),
		cmocka_unit_test(other_protocols_and_unconnected_sockets_do_not_count),
		cmocka_unit_test(without_a_range_nothing_is_known),
		cmocka_unit_test(the_fullest_listeners_are_kept),
		cmocka_unit_test(kept_listeners_have_their_own_names),
		cmocka_unit_test(close_wait_by_process),
		cmocka_unit_test(close_wait_that_nobody_is_known_to_hold),
		cmocka_unit_test(only_some_descriptors_are_kept_but_all_are_counted),
		cmocka_unit_test(only_what_is_wanted_is_counted),
		cmocka_unit_test(what_does_not_tell_alike_apart),
	};

	return cmocka_run_group_tests_name("counts", tests, NULL, NULL);
}
