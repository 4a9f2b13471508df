/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The muster, of a census that the test makes up: which namespaces it serves, who is told from the
 * roll, and who is asked for. That what is told is true is tests/live/test_muster.c's.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "cmd/muster.h"
#include "cmd/run.h"
#include "plan/needs.h"
#include "source/transport.h"
#include "unit/fake_census.h"

#define HERE      4026532000u
#define OTHER     4026532001u
#define INODE     1000
#define ROWS      32
#define CONNECTED (STATES_ALL & ~(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND_INACTIVE)))
#define JUDGE     (NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO | NEED_OWNERS)

static struct run_plan plan;
static struct run run;
static struct selection sel;
static struct dump_report report;

/* --- the source ------------------------------------------------------------------------------ */

static struct {
	struct selection dumped; /* what listeners were dumped with */
	unsigned int dumps;
	int dump_error, ask_error;
	struct selection asked_with;
	struct socket asked[ROWS];
	size_t n_asked;
	unsigned int asks;
	bool shares_table;
} source;

int __wrap_source_dump(struct source *s, const struct family *family, const struct selection *some,
		       socket_sink sink, void *ctx, struct dump_report *r);
int __wrap_source_ask_many(struct source *s, const struct family *family,
			   const struct selection *some, source_next next, void *next_ctx,
			   socket_sink sink, void *ctx, struct dump_report *r);
bool __wrap_turnover_shares_table(const char *root);

int __wrap_source_dump(struct source *s, const struct family *family, const struct selection *some,
		       socket_sink sink, void *ctx, struct dump_report *r)
{
	(void)s;
	(void)sink;
	(void)ctx;
	assert_ptr_equal(family, &family_tcp);
	*r = (struct dump_report){ .messages = 1, .sockets = 1 };
	source.dumped = *some;
	source.dumps++;
	return source.dump_error ? dump_problem_set(r, DUMP_REFUSED, source.dump_error) : 0;
}

int __wrap_source_ask_many(struct source *s, const struct family *family,
			   const struct selection *some, source_next next, void *next_ctx,
			   socket_sink sink, void *ctx, struct dump_report *r)
{
	struct socket sk;

	(void)s;
	(void)sink;
	(void)ctx;
	(void)r;
	assert_ptr_equal(family, &family_tcp);
	source.asked_with = *some;
	source.asks++;
	socket_init(&sk);
	while (next(next_ctx, &sk)) {
		assert_true(source.n_asked < ROWS);
		source.asked[source.n_asked++] = sk;
	}
	assert_false(next(next_ctx, &sk));
	return source.ask_error;
}

bool __wrap_turnover_shares_table(const char *root)
{
	(void)root;
	return source.shares_table;
}

/* --- who takes rows -------------------------------------------------------------------------- */

static struct socket told[ROWS];
static size_t n_told;
static int sink_error;

static int take_row(void *ctx, struct socket *sk)
{
	assert_ptr_equal(ctx, &told);
	assert_true(n_told < ROWS);
	told[n_told++] = *sk;
	return sink_error;
}

static int take_alike(void *ctx, const struct socket *sk, uint64_t n)
{
	assert_int_equal(n, 1);
	return take_row(ctx, (struct socket *)sk);
}

static int set_up(void **state)
{
	(void)state;
	memset(&census, 0, sizeof(census));
	memset(&source, 0, sizeof(source));
	census.table = 7;
	census.slots = 262144;
	source.shares_table = true;
	n_told = 0;
	sink_error = 0;
	plan = (struct run_plan){ .all_netns = true };
	sel = (struct selection){ .netids = NETID_BIT(NETID_TCP),
				  .states = CONNECTED | STATE_BIT(STATE_LISTEN),
				  .ipv4 = true,
				  .ipv6 = true };
	run = (struct run)RUN_NOT_OPENED;
	run.plan = &plan;
	run.ctx = &told;
	run.recheck.census = FAKE_CENSUS;
	run.spaces.all.count = 10;
	run.enrich.here.netns = HERE;
	run.enrich.here.netns_name = "blue";
	run.enrich.owners = owners_new();
	return run.enrich.owners ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	roll_free(run.roll);
	owners_free(run.enrich.owners);
	return 0;
}

/* --- which namespaces ------------------------------------------------------------------------ */

static void one_of_many_is_mustered(void **state)
{
	(void)state;
	add_record(CENSUS_CONNECTIONS, HERE);
	assert_true(muster_serves(&run, &sel));
	assert_true(muster_serves(&run, &sel));
	assert_int_equal(run.rolls_taken, 1);
	assert_int_equal(census.depth[CENSUS_CONNECTIONS], CENSUS_ENDS);
}

static void who_has_reasons_is_dumped(void **state)
{
	const struct selection whole = sel;

	(void)state;
	plan.all_netns = false;
	assert_false(muster_serves(&run, &sel));
	plan.all_netns = true;
	run.recheck.census = NULL;
	assert_false(muster_serves(&run, &sel));
	run.recheck.census = FAKE_CENSUS;
	sel.bytecode_len = 8;
	assert_false(muster_serves(&run, &sel));
	sel = whole;
	sel.netids = NETID_BIT(NETID_UDP);
	assert_false(muster_serves(&run, &sel));
	sel = whole;
	sel.states = STATE_BIT(STATE_LISTEN);
	assert_false(muster_serves(&run, &sel));
	assert_int_equal(run.rolls_taken, 0);
}

static void few_are_not_worth_a_roll(void **state)
{
	(void)state;
	run.spaces.all.count = MUSTER_LEAST;
	run.spaces.next = 2;
	assert_false(muster_serves(&run, &sel));
	assert_int_equal(census.walks, 0);
	run.spaces.next = 1;
	assert_true(muster_serves(&run, &sel));
}

static void who_has_much_of_the_table_is_dumped(void **state)
{
	(void)state;
	census.slots = MUSTER_SLOTS;
	for (int i = 0; i < MUSTER_SHARE; i++)
		add_record(CENSUS_CONNECTIONS, OTHER);
	add_record(CENSUS_CONNECTIONS, HERE);
	assert_true(muster_serves(&run, &sel));
	roll_free(run.roll);
	run.roll = NULL;
	run.rolls_taken = 0;
	add_record(CENSUS_CONNECTIONS, HERE);
	assert_false(muster_serves(&run, &sel));
	/* Unless nobody need be asked. */
	plan.bare_rows = true;
	assert_true(muster_serves(&run, &sel));
}

static void bound_sockets_are_dumped_where_they_are_wanted(void **state)
{
	(void)state;
	add_record(CENSUS_BOUND, HERE);
	assert_true(muster_serves(&run, &sel));
	sel.states |= STATE_BIT(STATE_BOUND_INACTIVE);
	assert_false(muster_serves(&run, &sel));
	run.enrich.here.netns = OTHER;
	assert_true(muster_serves(&run, &sel));
}

/* The first table may be that of one namespace alone. */
static void there_is_a_second_roll_and_no_third(void **state)
{
	(void)state;
	assert_true(muster_serves(&run, &sel));
	census.table = 8;
	source.shares_table = false;
	assert_false(muster_serves(&run, &sel));
	assert_int_equal(run.rolls_taken, 1);
	source.shares_table = true;
	assert_true(muster_serves(&run, &sel));
	assert_int_equal(run.rolls_taken, 2);
	census.table = 9;
	assert_false(muster_serves(&run, &sel));
	assert_int_equal(run.rolls_taken, 2);
}

static void without_a_roll_all_are_dumped(void **state)
{
	(void)state;
	census.errors[CENSUS_CONNECTIONS] = -ENOTSUP;
	assert_false(muster_serves(&run, &sel));
	assert_null(run.roll);
}

static void the_plan_says_how_much_is_read(void **state)
{
	(void)state;
	plan.bare_rows = true;
	assert_true(muster_serves(&run, &sel));
	assert_int_equal(census.depth[CENSUS_CONNECTIONS], CENSUS_QUEUES);
	plan.bare_rows = false;
	plan.quiet_rows = true;
	census.table++;
	assert_true(muster_serves(&run, &sel));
	assert_int_equal(census.depth[CENSUS_CONNECTIONS], CENSUS_INODES);
}

/* --- which plans ----------------------------------------------------------------------------- */

static void what_the_roll_has_may_be_told(void **state)
{
	static const unsigned int more[] = {
		NEED_CGROUP,   NEED_MARK,    NEED_CONGESTION,   NEED_MEMORY,
		NEED_EXTENDED, NEED_TOS,     NEED_PEER_HOLDERS, NEED_FILTER,
		NEED_SUBFLOWS, NEED_RESTART, NEED_CONTEXT,      NEED_SOCKET_CONTEXT
	};
	(void)state;
	plan.needs = JUDGE | NEED_LINKS | NEED_NETNS | NEED_NETNS_NAME;
	assert_true(muster_may_tell(&plan));
	for (size_t i = 0; i < COUNT(more); i++) {
		struct run_plan other = plan;

		other.needs |= more[i];
		assert_false(muster_may_tell(&other));
	}
	plan.events = true;
	assert_false(muster_may_tell(&plan));
	plan.events = false;
	plan.filter = (const struct filter *)&plan;
	assert_false(muster_may_tell(&plan));
}

/* --- rows ------------------------------------------------------------------------------------ */

static void add_holder(uint32_t inode)
{
	const struct owner_record record = { .pid = 1, .fd = 3, .inode = inode, .comm = "one" };

	assert_int_equal(owners_add(run.enrich.owners, &record), 0);
}

/* One that need not be asked for. */
static struct census_record *add_quiet(uint16_t port)
{
	struct census_record *r = add_record(CENSUS_CONNECTIONS, HERE);

	r->local_port = port;
	r->plain = 1;
	r->inode = INODE + port;
	add_holder(r->inode);
	return r;
}

static int muster(void)
{
	report = (struct dump_report){ 0 };
	assert_true(muster_serves(&run, &sel));
	return muster_dump(&run, &sel, take_row, &told, &report);
}

static void expect_asked(uint16_t port)
{
	assert_int_equal(muster(), 0);
	assert_int_equal(n_told, 0);
	assert_int_equal(source.n_asked, 1);
	assert_int_equal(source.asked[0].local.port, port);
}

static void each_is_asked_for_by_its_ends(void **state)
{
	struct census_record *r;

	(void)state;
	r = add_record(CENSUS_CONNECTIONS, HERE);
	r->family = AF_INET6;
	r->ifindex = 5;
	r->cookie = 77;
	r->local_port = 22;
	r->peer_port = htons(4711);
	for (uint32_t i = 0; i < 4; i++) {
		r->local[i] = htonl(i + 1);
		r->peer[i] = htonl(i + 10);
	}
	add_record(CENSUS_CONNECTIONS, OTHER);
	expect_asked(22);
	assert_int_equal(source.asked[0].family, AF_INET6);
	assert_int_equal(source.asked[0].ifindex, 5);
	assert_true(source.asked[0].cookie == UINT64_MAX);
	assert_int_equal(source.asked[0].peer.port, 4711);
	assert_memory_equal(&source.asked[0].local.addr, r->local, 16);
	assert_memory_equal(&source.asked[0].peer.addr, r->peer, 16);
	assert_int_equal(source.asked_with.states, CONNECTED);
}

static void who_is_not_selected_is_not_asked_for(void **state)
{
	static const struct {
		uint8_t state, substate;
	} others[] = { { STATE_TIME_WAIT, STATE_TIME_WAIT },
		       { STATE_CLOSE_WAIT, 0 },
		       { STATE_NEW_SYN_RECV, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		struct census_record *r = add_record(CENSUS_CONNECTIONS, HERE);

		r->state = others[i].state;
		r->substate = others[i].substate;
	}
	add_record(CENSUS_CONNECTIONS, HERE)->family = AF_INET6;
	add_record(CENSUS_CONNECTIONS, HERE)->local_port = 1;
	sel.ipv6 = false;
	sel.states = STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_FIN_WAIT2);
	expect_asked(1);
}

/* A minisocket in FIN-WAIT-2 is one in TIME-WAIT to the table, a request one in a state of its
 * own. */
static void states_are_those_of_sock_diag(void **state)
{
	struct census_record *r;

	(void)state;
	plan.bare_rows = true;
	r = add_record(CENSUS_CONNECTIONS, HERE);
	r->state = STATE_TIME_WAIT;
	r->substate = STATE_FIN_WAIT2;
	add_record(CENSUS_CONNECTIONS, HERE)->state = STATE_NEW_SYN_RECV;
	add_record(CENSUS_CONNECTIONS, HERE)->state = STATE_CLOSE_WAIT;
	assert_int_equal(muster(), 0);
	assert_int_equal(n_told, 3);
	assert_int_equal(told[0].state, STATE_FIN_WAIT2);
	assert_int_equal(told[1].state, STATE_SYN_RECV);
	assert_int_equal(told[2].state, STATE_CLOSE_WAIT);
	assert_int_equal(told[0].queue_unit, QUEUE_NONE);
	assert_int_equal(told[1].queue_unit, QUEUE_NONE);
	assert_int_equal(told[2].queue_unit, QUEUE_BYTES);
	assert_int_equal(told[0].linger.kind, LINGER_NONE);
	assert_int_equal(told[2].linger.kind, LINGER_UNKNOWN);
	assert_true(told[0].outstanding_bytes == 0);
	assert_true(told[2].outstanding_bytes == UNKNOWN);
}

static void bare_rows_are_told_with_their_queues(void **state)
{
	struct census_record *r;

	(void)state;
	plan.bare_rows = true;
	r = add_record(CENSUS_CONNECTIONS, HERE);
	r->recv_queue = 3;
	r->send_queue = 4;
	r->peer_port = htons(443);
	r->cookie = 9;
	assert_int_equal(muster(), 0);
	assert_int_equal(source.asks, 0);
	assert_int_equal(n_told, 1);
	assert_int_equal(told[0].netid, NETID_TCP);
	assert_int_equal(told[0].protocol, IPPROTO_TCP);
	assert_int_equal(told[0].recv_queue, 3);
	assert_int_equal(told[0].send_queue, 4);
	assert_int_equal(told[0].peer.port, 443);
	assert_true(told[0].cookie == 9);
	assert_true(told[0].unread_bytes == UNKNOWN);
	assert_int_equal(report.sockets, 2); /* the listeners' dump has one */
}

static void counts_are_told_listeners_too(void **state)
{
	(void)state;
	plan.take_alike = take_alike;
	add_record(CENSUS_CONNECTIONS, HERE);
	add_record(CENSUS_LISTENERS, HERE);
	add_record(CENSUS_LISTENERS, OTHER);
	assert_int_equal(muster(), 0);
	assert_int_equal(source.dumps, 0);
	assert_int_equal(source.asks, 0);
	assert_int_equal(n_told, 2);
	assert_int_equal(told[0].state, STATE_LISTEN);
	assert_int_equal(told[1].state, STATE_ESTABLISHED);
	assert_true(told[0].netns == HERE);
	assert_string_equal(told[1].netns_name, "blue");
}

/* Where there is none, a dump of none all the same: it begins the window of repeats anew. */
static void listeners_are_dumped(void **state)
{
	(void)state;
	add_record(CENSUS_LISTENERS, HERE);
	assert_int_equal(muster(), 0);
	assert_int_equal(source.dumped.states, STATE_BIT(STATE_LISTEN));
	run.enrich.here.netns = OTHER;
	assert_int_equal(muster(), 0);
	assert_int_equal(source.dumped.states, 0);
	assert_int_equal(source.dumps, 2);
}

/* --- quiet ones ------------------------------------------------------------------------------ */

static int set_up_quiet(void **state)
{
	int err = set_up(state);

	plan.quiet_rows = true;
	plan.needs = JUDGE;
	return err;
}

static void quiet_ones_are_told(void **state)
{
	struct census_record *r;

	(void)state;
	add_quiet(1);
	r = add_record(CENSUS_CONNECTIONS, HERE);
	r->state = r->substate = STATE_TIME_WAIT;
	assert_int_equal(muster(), 0);
	assert_int_equal(source.n_asked, 0);
	assert_int_equal(n_told, 2);
	assert_int_equal(told[0].inode, INODE + 1);
	assert_int_equal(told[0].state, STATE_ESTABLISHED);
	assert_int_equal(told[0].queue_unit, QUEUE_BYTES);
	assert_true(told[0].unread_bytes == 0);
	assert_true(told[0].outstanding_bytes == 0);
	assert_true(told[0].unsent_bytes == 0);
	assert_int_equal(told[0].linger.kind, LINGER_UNKNOWN); /* the owners pass knows */
	assert_false(told[0].uid_known);
	assert_false(told[0].shutdown_known);
	assert_int_equal(told[1].state, STATE_TIME_WAIT);
	assert_int_equal(told[1].inode, 0);
	assert_int_equal(told[1].linger.kind, LINGER_NONE);
}

static void the_others_are_asked_for(void **state)
{
	(void)state;
	add_quiet(1)->recv_queue = 1;
	add_quiet(2)->send_queue = 1;
	add_quiet(3)->plain = 0;
	add_quiet(4)->inode = 0;
	add_quiet(5)->inode = INODE + 500; /* nobody is known to hold it */
	add_quiet(6)->state = STATE_CLOSE_WAIT;
	add_quiet(7)->state = STATE_FIN_WAIT2;
	add_quiet(8)->state = STATE_NEW_SYN_RECV;
	*add_quiet(9) = (struct census_record){ .family = AF_INET,
						.netns = HERE,
						.local_port = 9,
						.state = STATE_TIME_WAIT,
						.substate = STATE_FIN_WAIT2 };
	add_quiet(10);
	assert_int_equal(muster(), 0);
	assert_int_equal(source.n_asked, 9);
	for (uint16_t i = 0; i < 9; i++)
		assert_int_equal(source.asked[i].local.port, i + 1);
	assert_int_equal(n_told, 1);
	assert_int_equal(told[0].local.port, 10);
}

static void without_owners_nobody_need_hold_it(void **state)
{
	(void)state;
	plan.needs = NEED_NETNS;
	add_quiet(1)->inode = INODE + 500;
	assert_int_equal(muster(), 0);
	assert_int_equal(source.n_asked, 0);
	assert_int_equal(n_told, 1);
	assert_int_equal(told[0].inode, INODE + 500);
}

/* Of who has much of the table too many might have to be asked for. */
static void much_of_the_table_is_dumped_all_the_same(void **state)
{
	(void)state;
	census.slots = 1;
	add_quiet(1);
	assert_false(muster_serves(&run, &sel));
}

/* --- what goes wrong ------------------------------------------------------------------------- */

static void the_sink_can_stop_it(void **state)
{
	(void)state;
	add_quiet(1);
	add_quiet(2);
	sink_error = -EPIPE;
	assert_int_equal(muster(), -EPIPE);
	assert_int_equal(report.problem, DUMP_STOPPED);
	assert_int_equal(report.error, -EPIPE);
	assert_int_equal(n_told, 1);
	assert_int_equal(source.asks, 0);
}

static void what_breaks_is_told(void **state)
{
	(void)state;
	add_quiet(1)->recv_queue = 1;
	add_record(CENSUS_LISTENERS, HERE);
	source.ask_error = -ENOBUFS;
	assert_int_equal(muster(), -ENOBUFS);
	source.asks = 0;
	source.dump_error = -EPERM;
	assert_int_equal(muster(), -EPERM);
	assert_int_equal(report.problem, DUMP_REFUSED);
	assert_int_equal(source.asks, 0);
}

#define muster_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define quiet_test(name)  cmocka_unit_test_setup_teardown(name, set_up_quiet, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		muster_test(one_of_many_is_mustered),
		muster_test(who_has_reasons_is_dumped),
		muster_test(few_are_not_worth_a_roll),
		muster_test(who_has_much_of_the_table_is_dumped),
		muster_test(bound_sockets_are_dumped_where_they_are_wanted),
		muster_test(there_is_a_second_roll_and_no_third),
		muster_test(without_a_roll_all_are_dumped),
		muster_test(the_plan_says_how_much_is_read),
		muster_test(what_the_roll_has_may_be_told),
		muster_test(each_is_asked_for_by_its_ends),
		muster_test(who_is_not_selected_is_not_asked_for),
		muster_test(states_are_those_of_sock_diag),
		muster_test(bare_rows_are_told_with_their_queues),
		muster_test(counts_are_told_listeners_too),
		muster_test(listeners_are_dumped),
		quiet_test(quiet_ones_are_told),
		quiet_test(the_others_are_asked_for),
		quiet_test(without_owners_nobody_need_hold_it),
		quiet_test(much_of_the_table_is_dumped_all_the_same),
		quiet_test(the_sink_can_stop_it),
		quiet_test(what_breaks_is_told),
	};

	return cmocka_run_group_tests_name("muster", tests, NULL, NULL);
}
