/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded table and its largest keys, and groups of sockets by each key.
 */
#include "config.h"

#include "unit/unit.h"

#include "count/groups.h"
#include "count/top.h"
#include "unit/made.h"

/* --- the bounded table --------------------------------------------------------------------- */

struct weight {
	uint64_t n;
};

static void add_key(struct top *top, uint32_t key, uint64_t weight)
{
	struct weight *w = top_at(top, &key);

	assert_non_null(w);
	w->n += weight;
}

static uint64_t weight_at(const struct top *top, size_t i, uint32_t *key)
{
	const void *value;

	memcpy(key, top_item(top, i, &value), sizeof(*key));
	return ((const struct weight *)value)->n;
}

static struct top *new_top(void)
{
	struct top *top = top_new(sizeof(uint32_t), sizeof(struct weight));

	assert_non_null(top);
	return top;
}

static void the_largest_come_first(void **state)
{
	static const struct {
		uint32_t key;
		uint64_t weight;
	} rows[] = { { 7, 3 }, { 9, 5 }, { 7, 1 }, { 1, 4 }, { 2, 4 }, { 9, 1 } };
	static const uint32_t order[] = { 9, 1, 2, 7 };
	static const uint64_t weights[] = { 6, 4, 4, 4 };
	struct top *top = new_top();
	uint32_t key;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		add_key(top, rows[i].key, rows[i].weight);
	top_sort(top, NULL);
	assert_int_equal(top_count(top), COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++) {
		assert_int_equal(weight_at(top, i, &key), weights[i]);
		assert_int_equal(key, order[i]);
	}
	assert_int_equal(top_error(top), 0);
	assert_int_equal(top_lost(top), 0);
	top_free(top);
}

static void an_empty_table_has_nothing(void **state)
{
	struct top *top = new_top();

	(void)state;
	top_sort(top, NULL);
	assert_int_equal(top_count(top), 0);
	top_free(top);
	top_free(NULL);
}

static void many_keys_are_exact_up_to_the_bound(void **state)
{
	struct top *top = new_top();
	uint64_t sum = 0;
	uint32_t key;

	(void)state;
	for (uint32_t i = 0; i < TOP_KEYS_MAX; i++)
		add_key(top, i * 2654435761u, 1);
	for (uint32_t i = 0; i < TOP_KEYS_MAX; i += 3)
		add_key(top, i * 2654435761u, 1);
	assert_int_equal(top_count(top), TOP_KEYS_MAX);
	assert_int_equal(top_error(top), 0);
	for (size_t i = 0; i < top_count(top); i++)
		sum += weight_at(top, i, &key);
	assert_int_equal(sum, TOP_KEYS_MAX + (TOP_KEYS_MAX + 2) / 3);
	top_free(top);
}

/* A heavy key among a flood of light ones is found, and its weight is right within the bound that
 * the table names; what is missing is named too. */
static void a_flood_does_not_hide_the_heavy_key(void **state)
{
	const uint32_t flood = 5 * TOP_KEYS_MAX, heavy = UINT32_MAX;
	struct top *top = new_top();
	uint64_t sum = 0, heavy_weight = 0;
	uint32_t key;

	(void)state;
	for (uint32_t i = 0; i < flood; i++) {
		add_key(top, i, 1);
		if (i % 100 == 0) {
			add_key(top, heavy, 1);
			heavy_weight++;
		}
	}
	top_sort(top, NULL);
	assert_true(top_count(top) <= TOP_KEYS_MAX);
	assert_true(top_error(top) > 0);
	assert_true(weight_at(top, 0, &key) <= heavy_weight);
	assert_true(weight_at(top, 0, &key) + top_error(top) >= heavy_weight);
	assert_int_equal(key, heavy);
	for (size_t i = 0; i < top_count(top); i++)
		sum += weight_at(top, i, &key);
	assert_int_equal(sum + top_lost(top), flood + heavy_weight);
	top_free(top);
}

/* --- groups -------------------------------------------------------------------------------- */

static struct groups *new_groups(const char *key)
{
	const struct group_by *by = group_find(key);
	struct groups *g;

	assert_non_null(by);
	g = groups_new(by);
	assert_non_null(g);
	return g;
}

static void add_group(struct groups *g, const struct socket *sk)
{
	assert_int_equal(groups_add(g, sk), 0);
}

/* The i-th group: its size, and that it has this number or text or value. */
static void check_group(const struct groups *g, size_t i, enum group_value value, uint32_t number,
			const char *text, uint64_t sockets)
{
	const struct group *group;
	const struct group_key *key = groups_item(g, i, &group);

	assert_int_equal(key->value, value);
	assert_int_equal(key->number, number);
	if (text)
		assert_string_equal(key->bytes.text, text);
	assert_int_equal(group->sockets, sockets);
}

static void the_table_of_keys_is_whole(void **state)
{
	size_t n;
	const struct group_by *table = group_table(&n);

	(void)state;
	assert_true(n >= 9);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(group_find(table[i].name), &table[i]);
		assert_non_null(table[i].each);
		assert_non_null(table[i].compare);
		assert_true(strlen(table[i].help) > 0);
	}
	assert_null(group_find("proces"));
	assert_null(group_find(""));
}

static void a_process_counts_once_a_socket(void **state)
{
	struct holder several[] = { { .pid = 10, .fd = 3, .comm = "web" },
				    { .pid = 10, .fd = 4, .comm = "web" },
				    { .pid = 11, .fd = 3, .comm = "web" },
				    { .pid = 12, .fd = 5, .comm = "log" } };
	struct socket sk = connection(STATE_ESTABLISHED, 1);
	struct groups *g = new_groups("process");

	(void)state;
	sk.inode = 5;
	sk.holders = (struct holder_list){ HOLDERS_COMPLETE, COUNT(several), several };
	add_group(g, &sk);
	sk.holders.count = 1;
	add_group(g, &sk);
	groups_finish(g);
	assert_int_equal(groups_count(g), 2);
	check_group(g, 0, GROUP_KNOWN, 0, "web", 2);
	check_group(g, 1, GROUP_KNOWN, 0, "log", 1);
	groups_free(g);
	g = new_groups("pid");
	sk.holders.count = COUNT(several);
	add_group(g, &sk);
	groups_finish(g);
	assert_int_equal(groups_count(g), 3);
	check_group(g, 0, GROUP_KNOWN, 10, "web", 1);
	check_group(g, 1, GROUP_KNOWN, 11, "web", 1);
	check_group(g, 2, GROUP_KNOWN, 12, "log", 1);
	groups_free(g);
}

static void nobody_and_unknown_are_told_apart(void **state)
{
	struct socket sk = connection(STATE_ESTABLISHED, 1);
	struct groups *g = new_groups("process");

	(void)state;
	add_group(g, &sk); /* no inode: nobody can hold it */
	sk.inode = 5;
	add_group(g, &sk);
	add_group(g, &sk);
	/* Not in sight is not nobody: it may be a process outside of a container. */
	sk.holders.known = HOLDERS_COMPLETE;
	add_group(g, &sk);
	/* The kernel's own. */
	sk.family = AF_NETLINK;
	add_group(g, &sk);
	groups_finish(g);
	assert_int_equal(groups_count(g), 2);
	check_group(g, 0, GROUP_UNKNOWN, 0, NULL, 3);
	check_group(g, 1, GROUP_NONE, 0, NULL, 2);
	groups_free(g);
}

static void users_of_sockets_that_have_one(void **state)
{
	struct socket sk = connection(STATE_ESTABLISHED, 1);
	struct groups *g = new_groups("user");

	(void)state;
	sk.uid_known = true;
	add_group(g, &sk); /* uid 0 of a socket without inode says nothing */
	sk.inode = 7;
	sk.uid = 1000;
	add_group(g, &sk);
	sk.uid_known = false;
	add_group(g, &sk);
	groups_finish(g);
	check_group(g, 0, GROUP_NONE, 0, NULL, 2);
	check_group(g, 1, GROUP_KNOWN, 1000, NULL, 1);
	groups_free(g);
}

static void ports_and_equal_sizes_go_by_number(void **state)
{
	struct groups *g = new_groups("local-port");

	(void)state;
	for (uint16_t port = 300; port > 250; port -= 10) {
		struct socket sk = connection(STATE_ESTABLISHED, port);

		add_group(g, &sk);
	}
	groups_finish(g);
	assert_int_equal(groups_count(g), 5);
	for (size_t i = 0; i < 5; i++)
		check_group(g, i, GROUP_KNOWN, 260 + 10 * (uint32_t)i, NULL, 1);
	groups_free(g);
}

static void a_peer_is_the_same_within_ipv6(void **state)
{
	struct socket v4 = connection(STATE_ESTABLISHED, 1);
	struct socket mapped = tcp(STATE_TIME_WAIT, "::ffff:10.0.0.1", 2, "::ffff:10.0.0.2", 80);
	struct socket v6 = tcp(STATE_ESTABLISHED, "2001:db8::1", 2, "2001:db8::2", 80);
	struct socket listener = tcp(STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0);
	struct groups *g = new_groups("peer");
	const struct group *group;
	const struct group_key *key;

	(void)state;
	add_group(g, &v4);
	add_group(g, &mapped);
	add_group(g, &v6);
	add_group(g, &listener);
	groups_finish(g);
	assert_int_equal(groups_count(g), 3);
	key = groups_item(g, 0, &group);
	assert_int_equal(key->family, AF_INET);
	assert_int_equal(key->bytes.v4.s_addr, v4.peer.addr.v4.s_addr);
	assert_int_equal(group->sockets, 2);
	assert_int_equal(group->states[STATE_TIME_WAIT], 1);
	key = groups_item(g, 1, &group);
	assert_int_equal(key->family, AF_INET6);
	check_group(g, 2, GROUP_NONE, 0, NULL, 1);
	groups_free(g);
}

static void link_local_peers_differ_by_their_device(void **state)
{
	struct groups *g = new_groups("peer");

	(void)state;
	for (uint32_t device = 2; device <= 3; device++) {
		struct socket sk = tcp(STATE_ESTABLISHED, "fe80::1", 2, "fe80::2", 80);

		sk.ifindex = device;
		add_group(g, &sk);
	}
	groups_finish(g);
	assert_int_equal(groups_count(g), 2);
	check_group(g, 0, GROUP_KNOWN, 2, NULL, 1);
	check_group(g, 1, GROUP_KNOWN, 3, NULL, 1);
	groups_free(g);
}

static void states_and_reasons(void **state)
{
	struct socket sk = connection(STATE_ESTABLISHED, 1);
	struct groups *g = new_groups("state");

	(void)state;
	add_group(g, &sk);
	sk.state = STATE_UNKNOWN;
	add_group(g, &sk);
	groups_finish(g);
	check_group(g, 0, GROUP_KNOWN, STATE_ESTABLISHED, NULL, 1);
	check_group(g, 1, GROUP_UNKNOWN, 0, NULL, 1);
	groups_free(g);
	g = new_groups("reason");
	add_group(g, &sk);
	sk.close.reasons = REASON_BIT(REASON_UNREAD_DATA) | REASON_BIT(REASON_SHARED);
	add_group(g, &sk);
	add_group(g, &sk);
	groups_finish(g);
	assert_int_equal(groups_count(g), 3);
	check_group(g, 0, GROUP_KNOWN, REASON_UNREAD_DATA, NULL, 2);
	check_group(g, 1, GROUP_KNOWN, REASON_SHARED, NULL, 2);
	check_group(g, 2, GROUP_NONE, 0, NULL, 1);
	groups_free(g);
}

static void cgroups_by_their_id(void **state)
{
	struct socket sk = connection(STATE_ESTABLISHED, 1);
	struct groups *g = new_groups("cgroup");
	const struct group *group;

	(void)state;
	add_group(g, &sk); /* a full socket whose group the kernel did not tell */
	sk.cgroup_id = 77;
	sk.cgroup = "/a.service";
	add_group(g, &sk);
	add_group(g, &sk);
	sk = connection(STATE_TIME_WAIT, 2);
	add_group(g, &sk);
	groups_finish(g);
	assert_int_equal(groups_item(g, 0, &group)->id, 77);
	assert_string_equal(group->cgroup, "/a.service");
	check_group(g, 1, GROUP_NONE, 0, NULL, 1);
	check_group(g, 2, GROUP_UNKNOWN, 0, NULL, 1);
	groups_free(g);
}

/* Two groups of one unit are one; the names are interned, as enrich makes them. */
static void units_and_containers_by_their_names(void **state)
{
	static const struct workload first = { .unit = "b.service", .container = "lxc:b" },
				     second = { .unit = "b.service", .container = "lxc:c" },
				     bare = { .unit = "a.service" };
	struct socket sk = connection(STATE_ESTABLISHED, 1);
	struct groups *units = new_groups("unit"), *containers = new_groups("container");
	const struct workload *known[] = { &first, &second, &bare, NULL };
	const struct group *group;

	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		sk.workload = known[i];
		add_group(units, &sk);
		add_group(containers, &sk);
	}
	sk = connection(STATE_TIME_WAIT, 2);
	add_group(units, &sk);
	groups_finish(units);
	assert_int_equal(groups_count(units), 4);
	assert_string_equal(group_text(groups_item(units, 0, &group)), "b.service");
	assert_int_equal(group->sockets, 2);
	assert_string_equal(group_text(groups_item(units, 1, &group)), "a.service");
	assert_int_equal(groups_item(units, 2, &group)->value, GROUP_NONE);
	assert_int_equal(groups_item(units, 3, &group)->value, GROUP_UNKNOWN);
	assert_null(group_text(groups_item(units, 3, &group)));
	groups_finish(containers);
	assert_int_equal(groups_count(containers), 4);
	assert_string_equal(group_text(groups_item(containers, 0, &group)), "lxc:b");
	assert_ptr_equal(group->workload, &first);
	groups_free(units);
	groups_free(containers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_come_first),
		cmocka_unit_test(an_empty_table_has_nothing),
		cmocka_unit_test(many_keys_are_exact_up_to_the_bound),
		cmocka_unit_test(a_flood_does_not_hide_the_heavy_key),
		cmocka_unit_test(the_table_of_keys_is_whole),
		cmocka_unit_test(a_process_counts_once_a_socket),
		cmocka_unit_test(nobody_and_unknown_are_told_apart),
		cmocka_unit_test(users_of_sockets_that_have_one),
		cmocka_unit_test(ports_and_equal_sizes_go_by_number),
		cmocka_unit_test(a_peer_is_the_same_within_ipv6),
		cmocka_unit_test(link_local_peers_differ_by_their_device),
		cmocka_unit_test(states_and_reasons),
		cmocka_unit_test(cgroups_by_their_id),
		cmocka_unit_test(units_and_containers_by_their_names),
	};

	return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
