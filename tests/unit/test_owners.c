/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index of owners: what it gives back of the descriptors that a pass put in, and how it turns
 * the kernel's ticks into what getsockopt would say.
 */
#include "config.h"

#include "unit/unit.h"

#include <limits.h>
#include <string.h>

#include "enrich/owners.h"

static int set_up(void **state)
{
	*state = owners_new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	owners_free(*state);
	return 0;
}

static void add(struct owners *owners, uint32_t pid, uint32_t fd, uint32_t inode)
{
	struct owner_record record = { .pid = pid, .fd = fd, .inode = inode, .comm = "app" };

	assert_int_equal(owners_add(owners, &record), 0);
}

static void finish(struct owners *owners, bool complete)
{
	const struct owners_status status = {
		.holders = OWNERS_FROM_BPF,
		.linger = LINGER_FROM_BPF,
		.complete = complete,
	};

	owners_finish(owners, 250, &status);
}

static struct socket join(struct owners *owners, uint32_t inode)
{
	struct socket sk;

	socket_init(&sk);
	sk.inode = inode;
	owners_join(owners, &sk);
	return sk;
}

/* --- holders ---------------------------------------------------------------------------------- */

static void gives_a_holder_back(void **state)
{
	struct owner_record record = { .pid = 123, .fd = 7, .inode = 4711, .comm = "server" };
	struct socket sk;

	assert_int_equal(owners_add(*state, &record), 0);
	memset(&record, 0, sizeof(record)); /* the index keeps no pointer into it */
	finish(*state, true);
	sk = join(*state, 4711);
	assert_int_equal(sk.holders.known, HOLDERS_COMPLETE);
	assert_int_equal(sk.holders.count, 1);
	assert_int_equal(sk.holders.items[0].pid, 123);
	assert_int_equal(sk.holders.items[0].fd, 7);
	assert_string_equal(sk.holders.items[0].comm, "server");
}

static void keeps_shared_and_duplicated_descriptors_in_order(void **state)
{
	static const struct {
		uint32_t pid, fd, inode;
	} seen[] = {
		{ 10, 3, 1 }, { 10, 4, 2 }, { 10, 5, 1 }, { 11, 3, 1 }, { 12, 9, 2 }, { 10, 7, 1 },
	};
	static const struct {
		uint32_t pid, fd;
	} of_1[] = { { 10, 3 }, { 10, 5 }, { 11, 3 }, { 10, 7 } };
	struct socket sk;

	for (size_t i = 0; i < COUNT(seen); i++)
		add(*state, seen[i].pid, seen[i].fd, seen[i].inode);
	finish(*state, true);
	sk = join(*state, 1);
	assert_int_equal(sk.holders.count, COUNT(of_1));
	for (size_t i = 0; i < COUNT(of_1); i++) {
		assert_int_equal(sk.holders.items[i].pid, of_1[i].pid);
		assert_int_equal(sk.holders.items[i].fd, of_1[i].fd);
	}
	sk = join(*state, 2);
	assert_int_equal(sk.holders.count, 2);
}

static void an_unheld_socket_of_a_complete_pass_has_no_holder(void **state)
{
	struct socket sk;

	add(*state, 10, 3, 1);
	finish(*state, true);
	sk = join(*state, 2);
	assert_int_equal(sk.holders.known, HOLDERS_COMPLETE);
	assert_int_equal(sk.holders.count, 0);
	assert_int_equal(sk.linger.kind, LINGER_UNKNOWN);
}

static void an_incomplete_pass_leaves_it_open(void **state)
{
	struct socket sk;

	add(*state, 10, 3, 1);
	finish(*state, false);
	sk = join(*state, 1);
	assert_int_equal(sk.holders.known, HOLDERS_PARTIAL);
	assert_int_equal(sk.holders.count, 1);
	sk = join(*state, 2);
	assert_int_equal(sk.holders.known, HOLDERS_UNKNOWN);
	assert_int_equal(sk.holders.count, 0);
}

static void inode_zero_is_nobodys(void **state)
{
	struct socket sk;

	add(*state, 10, 3, 1);
	finish(*state, true);
	sk = join(*state, 0);
	assert_int_equal(sk.holders.count, 0);
	assert_int_equal(sk.linger.kind, LINGER_UNKNOWN);
}

static void an_empty_index_knows_nobody(void **state)
{
	struct socket sk = join(*state, 1);
	struct getfd_target target;

	assert_int_equal(sk.holders.known, HOLDERS_UNKNOWN);
	assert_false(owners_first(*state, 1, &target));
	owners_free(NULL);
}

static void cuts_a_name_without_an_end(void **state)
{
	struct owner_record record = { .pid = 1, .fd = 3, .inode = 5 };
	struct socket sk;

	memset(record.comm, 'x', sizeof(record.comm));
	assert_int_equal(owners_add(*state, &record), 0);
	finish(*state, true);
	sk = join(*state, 5);
	assert_string_equal(sk.holders.items[0].comm, "xxxxxxxxxxxxxxx");
}

#define MANY 100000

/* Inodes that are close together and inodes that are far apart, each held twice. */
static uint32_t many_inode(uint32_t i)
{
	return i % 2 ? i + 1 : i * UINT32_C(40503) + 1;
}

static void finds_each_of_many(void **state)
{
	uint32_t distinct = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		add(*state, 1000 + i / 100, i % 100, many_inode(i));
		add(*state, 1000 + i / 100, i % 100 + 100, many_inode(i));
	}
	finish(*state, true);
	for (uint32_t i = 0; i < MANY; i++) {
		struct socket sk = join(*state, many_inode(i));
		bool found = false;

		for (uint32_t k = 0; k < sk.holders.count; k++)
			found = found || (sk.holders.items[k].pid == 1000 + i / 100 &&
					  sk.holders.items[k].fd == i % 100);
		assert_true(found);
		assert_true(sk.holders.count >= 2);
		distinct += sk.holders.count == 2;
	}
	assert_true(distinct > MANY / 2);
	assert_int_equal(join(*state, UINT32_MAX).holders.count, 0);
}

static void one_socket_with_many_holders(void **state)
{
	struct socket sk;

	for (uint32_t i = 0; i < MANY; i++)
		add(*state, i / 10 + 1, i % 10, 77);
	finish(*state, true);
	sk = join(*state, 77);
	assert_int_equal(sk.holders.count, MANY);
	assert_int_equal(sk.holders.items[MANY - 1].pid, (MANY - 1) / 10 + 1);
	assert_int_equal(sk.holders.items[MANY - 1].fd, (MANY - 1) % 10);
}

static void reset_forgets_all(void **state)
{
	add(*state, 10, 3, 1);
	finish(*state, true);
	owners_reset(*state);
	add(*state, 11, 4, 2);
	finish(*state, true);
	assert_int_equal(join(*state, 1).holders.count, 0);
	assert_int_equal(join(*state, 2).holders.count, 1);
}

static void finds_the_first_descriptor(void **state)
{
	struct getfd_target target;

	add(*state, 10, 3, 1);
	add(*state, 11, 4, 1);
	finish(*state, true);
	assert_true(owners_first(*state, 1, &target));
	assert_int_equal(target.pid, 10);
	assert_int_equal(target.fd, 3);
	assert_int_equal(target.inode, 1);
	assert_false(owners_first(*state, 2, &target));
}

/* --- linger ----------------------------------------------------------------------------------- */

/* What an index says of one socket's linger, read as ticks under this HZ. */
static struct linger_setting linger_of(const struct owner_options *options, uint32_t hz)
{
	const struct owners_status status = { .linger = LINGER_FROM_BPF, .complete = true };
	struct owner_record record = { .pid = 1, .fd = 3, .inode = 5, .options = *options };
	struct owners *owners = owners_new();
	struct linger_setting linger;

	assert_non_null(owners);
	assert_int_equal(owners_add(owners, &record), 0);
	owners_finish(owners, hz, &status);
	linger = join(owners, 5).linger;
	owners_free(owners);
	return linger;
}

static struct linger_setting on_for_ticks(uint64_t ticks, uint32_t hz)
{
	const struct owner_options options = {
		.known = true,
		.linger_on = true,
		.linger_ticks = true,
		.linger = ticks,
		.user_timeout_ms = UNKNOWN,
	};

	return linger_of(&options, hz);
}

static const uint32_t rates[] = { 100, 250, 300, 1000 };

static void turns_ticks_into_seconds(void **state)
{
	static const int64_t seconds[] = { 0, 1, 5, 30, 65535, INT_MAX };

	(void)state;
	for (size_t r = 0; r < COUNT(rates); r++)
		for (size_t s = 0; s < COUNT(seconds); s++) {
			uint64_t ticks = (uint64_t)seconds[s] * rates[r];
			struct linger_setting l = on_for_ticks(ticks, rates[r]);

			assert_int_equal(l.kind, LINGER_ON);
			assert_int_equal(l.seconds, seconds[s]);
			assert_false(l.forever);
			assert_int_equal(l.source, LINGER_FROM_BPF);
		}
}

/* l_linger -1: 6.1 keeps (unsigned int)-1 * HZ, newer kernels MAX_SCHEDULE_TIMEOUT. */
static void a_negative_time_is_for_ever(void **state)
{
	(void)state;
	for (size_t r = 0; r < COUNT(rates); r++) {
		const uint64_t ticks[] = {
			LONG_MAX, UINT64_C(4294967295) * rates[r],   /* -1 */
			(UINT64_C(4294967295) - 1000000) * rates[r], /* -1000001 */
			(UINT64_C(1) << 31) * rates[r],              /* INT_MIN */
		};

		for (size_t i = 0; i < COUNT(ticks); i++) {
			struct linger_setting l = on_for_ticks(ticks[i], rates[r]);

			assert_int_equal(l.kind, LINGER_ON);
			assert_true(l.forever);
			assert_int_equal(l.seconds, UNKNOWN);
		}
	}
}

static void without_hz_a_time_is_unknown(void **state)
{
	static const uint64_t ticks[] = { 1, 250, 1250, LONG_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(ticks); i++) {
		struct linger_setting l = on_for_ticks(ticks[i], 0);

		/* Never a number of seconds, and never off. */
		assert_int_equal(l.seconds, UNKNOWN);
		assert_true(l.kind == LINGER_UNKNOWN || l.kind == LINGER_ON);
	}
}

static void zero_ticks_are_zero_seconds_whatever_hz_is(void **state)
{
	struct linger_setting l = on_for_ticks(0, 0);

	(void)state;
	assert_int_equal(l.kind, LINGER_ON);
	assert_int_equal(l.seconds, 0);
	assert_false(l.forever);
}

/* getsockopt tells the time of a linger that is off, too. */
static void off_keeps_its_time(void **state)
{
	struct owner_options options = {
		.known = true,
		.linger_ticks = true,
		.linger = 30 * 250,
		.user_timeout_ms = UNKNOWN,
	};
	struct linger_setting l = linger_of(&options, 250);

	(void)state;
	assert_int_equal(l.kind, LINGER_OFF);
	assert_int_equal(l.seconds, 30);
	l = linger_of(&options, 0);
	assert_int_equal(l.kind, LINGER_OFF);
	assert_int_equal(l.seconds, UNKNOWN);
	options.linger = 0;
	l = linger_of(&options, 0);
	assert_int_equal(l.kind, LINGER_OFF);
	assert_int_equal(l.seconds, 0);
}

static void options_that_were_not_read_stay_unknown(void **state)
{
	const struct owner_options options = { .known = false };
	struct linger_setting l = linger_of(&options, 250);

	(void)state;
	assert_int_equal(l.kind, LINGER_UNKNOWN);
	assert_int_equal(l.seconds, UNKNOWN);
}

static void gives_the_other_options_back(void **state)
{
	struct owner_record record = {
		.pid = 1,
		.fd = 3,
		.inode = 5,
		.options = {
			.known = true,
			.nonblock = TRI_YES,
			.reuseaddr = TRI_NO,
			.repair = TRI_UNKNOWN,
			.linger2_negative = TRI_YES,
			.user_timeout_ms = UINT32_MAX,
		},
	};
	struct socket sk;

	assert_int_equal(owners_add(*state, &record), 0);
	record.inode = 6;
	record.options.user_timeout_ms = UNKNOWN;
	assert_int_equal(owners_add(*state, &record), 0);
	finish(*state, true);
	sk = join(*state, 5);
	assert_int_equal(sk.options.nonblock, TRI_YES);
	assert_int_equal(sk.options.reuseaddr, TRI_NO);
	assert_int_equal(sk.options.repair, TRI_UNKNOWN);
	assert_int_equal(sk.options.linger2_negative, TRI_YES);
	assert_int_equal(sk.options.user_timeout_ms, UINT32_MAX);
	assert_int_equal(join(*state, 6).options.user_timeout_ms, UNKNOWN);
}

/* Orphans and minisockets have none to apply; a pass must not give them one. */
static void a_socket_without_linger_gets_none(void **state)
{
	const struct owner_options options = { .known = true, .user_timeout_ms = UNKNOWN };
	struct owner_record record = { .pid = 1, .fd = 3, .inode = 5, .options = options };
	struct socket sk;

	assert_int_equal(owners_add(*state, &record), 0);
	finish(*state, true);
	socket_init(&sk);
	sk.inode = 5;
	sk.linger.kind = LINGER_NONE;
	owners_join(*state, &sk);
	assert_int_equal(sk.linger.kind, LINGER_NONE);
}

/* --- a second backend fills in ---------------------------------------------------------------- */

static void another_backend_fills_in_options(void **state)
{
	const struct owner_options five = {
		.known = true,
		.linger_on = true,
		.linger = 5,
		.user_timeout_ms = UNKNOWN,
	};
	const struct owners_status status = { .linger = LINGER_FROM_GETFD, .complete = true };
	struct socket sk;

	add(*state, 10, 3, 1);
	add(*state, 10, 4, 2);
	finish(*state, true);
	owners_set_options(*state, 1, &five);
	owners_set_options(*state, 99, &five); /* no such socket: ignored */
	owners_finish(*state, 250, &status);
	sk = join(*state, 1);
	assert_int_equal(sk.linger.kind, LINGER_ON);
	assert_int_equal(sk.linger.seconds, 5); /* seconds already: HZ has no say */
	assert_int_equal(sk.linger.source, LINGER_FROM_GETFD);
	assert_int_equal(join(*state, 2).linger.kind, LINGER_UNKNOWN);
	assert_int_equal(join(*state, 99).holders.count, 0);
}

/* What getsockopt answers for {1,-1}: a number that is no time. */
static void a_negative_answer_is_for_ever(void **state)
{
	const struct owner_options answer = {
		.known = true,
		.linger_on = true,
		.linger = (uint64_t)(int64_t)-1752346657,
		.user_timeout_ms = UNKNOWN,
	};
	struct socket sk;

	add(*state, 10, 3, 1);
	owners_set_options(*state, 1, &answer);
	finish(*state, true);
	sk = join(*state, 1);
	assert_int_equal(sk.linger.kind, LINGER_ON);
	assert_true(sk.linger.forever);
	assert_int_equal(sk.linger.seconds, UNKNOWN);
}

static void forgets_options_but_not_holders(void **state)
{
	const struct owner_options options = {
		.known = true,
		.linger_on = true,
		.nonblock = TRI_YES,
		.user_timeout_ms = 5,
	};
	struct owner_record record = { .pid = 1, .fd = 3, .inode = 5, .options = options };
	struct socket sk;

	assert_int_equal(owners_add(*state, &record), 0);
	owners_forget_options(*state);
	finish(*state, true);
	sk = join(*state, 5);
	assert_int_equal(sk.holders.count, 1);
	assert_int_equal(sk.linger.kind, LINGER_UNKNOWN);
	assert_int_equal(sk.options.nonblock, TRI_UNKNOWN);
	assert_int_equal(sk.options.user_timeout_ms, UNKNOWN);
}

#define INDEX_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		INDEX_TEST(gives_a_holder_back),
		INDEX_TEST(keeps_shared_and_duplicated_descriptors_in_order),
		INDEX_TEST(an_unheld_socket_of_a_complete_pass_has_no_holder),
		INDEX_TEST(an_incomplete_pass_leaves_it_open),
		INDEX_TEST(inode_zero_is_nobodys),
		INDEX_TEST(an_empty_index_knows_nobody),
		INDEX_TEST(cuts_a_name_without_an_end),
		INDEX_TEST(finds_each_of_many),
		INDEX_TEST(one_socket_with_many_holders),
		INDEX_TEST(reset_forgets_all),
		INDEX_TEST(finds_the_first_descriptor),
		cmocka_unit_test(turns_ticks_into_seconds),
		cmocka_unit_test(a_negative_time_is_for_ever),
		cmocka_unit_test(without_hz_a_time_is_unknown),
		cmocka_unit_test(zero_ticks_are_zero_seconds_whatever_hz_is),
		cmocka_unit_test(off_keeps_its_time),
		cmocka_unit_test(options_that_were_not_read_stay_unknown),
		INDEX_TEST(gives_the_other_options_back),
		INDEX_TEST(a_socket_without_linger_gets_none),
		INDEX_TEST(another_backend_fills_in_options),
		INDEX_TEST(a_negative_answer_is_for_ever),
		INDEX_TEST(forgets_options_but_not_holders),
	};

	return cmocka_run_group_tests_name("owners", tests, NULL, NULL);
}
