/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index of peers, and the hash index that it stands on. */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "enrich/owners.h"
#include "enrich/peers.h"
#include "filter/filter.h"

#define MANY 5000

/* ---- the hash index ---- */

static unsigned int positions_with(const struct index *index, uint32_t hash, uint32_t wanted)
{
	unsigned int found = 0;
	uint32_t at = 0, i;

	while ((i = index_next(index, hash, &at)) != INDEX_NONE)
		found += i == wanted;
	return found;
}

static void an_empty_index_has_nothing(void **state)
{
	struct index index = { 0 };
	uint32_t at = 0;

	(void)state;
	assert_int_equal(index_next(&index, 1, &at), INDEX_NONE);
	index_free(&index);
}

/* Through many growths, and with hashes that collide in every slot. */
static void every_position_is_found_once(void **state)
{
	static const uint32_t masks[] = { UINT32_MAX, 7, 0 };

	(void)state;
	for (size_t m = 0; m < COUNT(masks); m++) {
		struct index index = { 0 };
		uint32_t n = masks[m] ? MANY : 300;

		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(index_add(&index, index_hash(&i, sizeof(i)) & masks[m], i),
					 0);
		for (uint32_t i = 0; i < n; i += 7)
			assert_int_equal(
				positions_with(&index, index_hash(&i, sizeof(i)) & masks[m], i), 1);
		assert_true(index.used == n && index.size >= 2 * n);
		index_free(&index);
	}
}

static void the_hash_depends_on_every_byte(void **state)
{
	unsigned char bytes[36] = { 0 };
	uint32_t none = index_hash(bytes, sizeof(bytes));

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = 1;
		assert_int_not_equal(index_hash(bytes, sizeof(bytes)) & 0xff00ffff,
				     none & 0xff00ffff);
		bytes[i] = 0;
	}
}

/* ---- unix ---- */

static struct socket unix_socket(uint32_t inode, const char *name, uint16_t len, bool abstract)
{
	struct socket sk;

	socket_init(&sk);
	sk.family = AF_UNIX;
	sk.netid = NETID_UNIX_STREAM;
	sk.state = STATE_ESTABLISHED;
	sk.inode = inode;
	sk.un.name = name;
	sk.un.name_len = len;
	sk.un.abstract = abstract;
	return sk;
}

static struct socket with_peer(uint32_t inode, uint32_t peer)
{
	struct socket sk = unix_socket(inode, NULL, 0, false);

	sk.un.peer_inode = peer;
	sk.un.peer_hidden = !peer;
	return sk;
}

static void add(struct peers *peers, struct socket sk)
{
	assert_int_equal(peers_add(peers, &sk), 0);
}

static struct other_end other_of(struct peers *peers, struct socket sk)
{
	peers_join(peers, &sk);
	return sk.other;
}

static void assert_name(const struct other_end *other, const char *name, uint16_t len,
			bool abstract)
{
	assert_true(other->found && other->name_known);
	assert_int_equal(other->name.abstract, abstract);
	assert_int_equal(other->name.name_len, len);
	assert_true(!other->name.name == !name);
	if (name)
		assert_memory_equal(other->name.name, name, len);
}

static void a_peer_has_its_name(void **state)
{
	struct peers *peers = peers_new();
	struct other_end other;

	(void)state;
	add(peers, unix_socket(10, "/run/x", 6, false));
	add(peers, unix_socket(11, "a\0b\xff", 4, true));
	add(peers, unix_socket(12, "", 0, true));
	add(peers, unix_socket(13, NULL, 0, false));
	/* A dump may repeat a socket. */
	add(peers, unix_socket(10, "/run/x", 6, false));
	other = other_of(peers, with_peer(1, 10));
	assert_name(&other, "/run/x", 6, false);
	assert_int_equal(other.inode, 10);
	other = other_of(peers, with_peer(1, 11));
	assert_name(&other, "a\0b\xff", 4, true);
	other = other_of(peers, with_peer(1, 12));
	assert_name(&other, "", 0, true);
	other = other_of(peers, with_peer(1, 13));
	assert_name(&other, NULL, 0, false);
	peers_free(peers);
}

/* It exists, so its holders can be looked for; what it is called nobody said. */
static void a_peer_elsewhere_has_no_known_name(void **state)
{
	struct peers *peers = peers_new();
	struct other_end other = other_of(peers, with_peer(1, 99));

	(void)state;
	assert_true(other.found);
	assert_int_equal(other.inode, 99);
	assert_false(other.name_known);
	other = other_of(peers, unix_socket(1, NULL, 0, false));
	assert_false(other.found || other.name_known);
	peers_free(peers);
}

static void a_client_that_waits_has_its_listeners_name(void **state)
{
	static const uint32_t clients[] = { 21, 0, 22 };
	struct socket listener = unix_socket(20, "/run/l", 6, false);
	struct peers *peers = peers_new();
	struct other_end other;

	(void)state;
	listener.un.waiting = clients;
	listener.un.n_waiting = COUNT(clients);
	add(peers, listener);
	add(peers, unix_socket(21, NULL, 0, false));
	for (uint32_t client = 21; client <= 22; client++) {
		other = other_of(peers, with_peer(client, 0));
		assert_name(&other, "/run/l", 6, false);
		assert_int_equal(other.inode, 0);
	}
	/* Gone, and it waits nowhere. */
	other = other_of(peers, with_peer(23, 0));
	assert_false(other.found || other.name_known);
	/* Accepted since: what the socket says itself goes before. */
	other = other_of(peers, with_peer(21, 20));
	assert_int_equal(other.inode, 20);
	peers_free(peers);
}

static void names_survive_many_others(void **state)
{
	struct peers *peers = peers_new();
	char name[16];

	(void)state;
	for (uint32_t i = 1; i <= MANY; i++) {
		int len = snprintf(name, sizeof(name), "/run/%u", i);

		add(peers, unix_socket(i, name, (uint16_t)len, false));
	}
	for (uint32_t i = 1; i <= MANY; i += 11) {
		struct other_end other = other_of(peers, with_peer(MANY + 1, i));
		int len = snprintf(name, sizeof(name), "/run/%u", i);

		assert_name(&other, name, (uint16_t)len, false);
	}
	peers_free(peers);
}

/* ---- TCP ---- */

static struct endpoint endpoint(uint8_t family, const char *address, uint16_t port)
{
	struct endpoint ep = { .port = port };

	assert_int_equal(inet_pton(family, address, &ep.addr), 1);
	return ep;
}

static struct socket tcp_socket(uint32_t inode, uint8_t family, const char *local, uint16_t port,
				const char *peer, uint16_t peer_port)
{
	struct socket sk;

	socket_init(&sk);
	sk.family = family;
	sk.protocol = IPPROTO_TCP;
	sk.state = STATE_ESTABLISHED;
	sk.inode = inode;
	sk.local = endpoint(family, local, port);
	sk.peer = endpoint(family, peer, peer_port);
	return sk;
}

#define V4(inode, local, port, peer, peer_port) \
	tcp_socket(inode, AF_INET, local, port, peer, peer_port)
#define V6(inode, local, port, peer, peer_port) \
	tcp_socket(inode, AF_INET6, local, port, peer, peer_port)

static void the_other_end_has_the_same_addresses(void **state)
{
	struct peers *peers = peers_new();
	struct other_end other;

	(void)state;
	add(peers, V4(1, "127.0.0.1", 80, "127.0.0.1", 4000));
	add(peers, V6(2, "::1", 80, "fe80::1", 4000));
	add(peers, V6(3, "::ffff:10.0.0.1", 80, "::ffff:10.0.0.2", 4000));
	add(peers, V4(0, "127.0.0.1", 80, "127.0.0.1", 4001));
	other = other_of(peers, V4(9, "127.0.0.1", 4000, "127.0.0.1", 80));
	assert_true(other.found && other.inode == 1 && !other.name_known);
	other = other_of(peers, V6(9, "fe80::1", 4000, "::1", 80));
	assert_true(other.found && other.inode == 2);
	/* IPv4 on one side, the same address within IPv6 on the other. */
	other = other_of(peers, V4(9, "10.0.0.2", 4000, "10.0.0.1", 80));
	assert_true(other.found && other.inode == 3);
	/* An orphan, or not accepted yet: it is there, and nobody has it. */
	other = other_of(peers, V4(9, "127.0.0.1", 4001, "127.0.0.1", 80));
	assert_true(other.found && other.inode == 0);
	/* The same way round is the socket itself, not its peer. */
	assert_false(other_of(peers, V4(9, "127.0.0.1", 80, "127.0.0.1", 4000)).found);
	assert_false(other_of(peers, V4(9, "127.0.0.1", 4002, "127.0.0.1", 80)).found);
	assert_false(other_of(peers, V4(9, "127.0.0.2", 4000, "127.0.0.1", 80)).found);
	peers_free(peers);
}

static void a_socket_connected_to_itself_is_its_own_peer(void **state)
{
	struct peers *peers = peers_new();
	struct other_end other;

	(void)state;
	add(peers, V4(7, "127.0.0.1", 80, "127.0.0.1", 80));
	other = other_of(peers, V4(7, "127.0.0.1", 80, "127.0.0.1", 80));
	assert_true(other.found && other.inode == 7);
	peers_free(peers);
}

/* Two VRFs may have the same addresses: no telling which socket it is. */
static void what_several_have_is_nobodys(void **state)
{
	struct peers *peers = peers_new();

	(void)state;
	add(peers, V4(1, "10.0.0.1", 80, "10.0.0.2", 4000));
	add(peers, V4(2, "10.0.0.1", 80, "10.0.0.2", 4000));
	add(peers, V4(3, "10.0.0.1", 80, "10.0.0.2", 4001));
	add(peers, V4(3, "10.0.0.1", 80, "10.0.0.2", 4001));
	assert_false(other_of(peers, V4(9, "10.0.0.2", 4000, "10.0.0.1", 80)).found);
	assert_true(other_of(peers, V4(9, "10.0.0.2", 4001, "10.0.0.1", 80)).found);
	peers_free(peers);
}

static void listeners_and_other_protocols_have_no_other_end(void **state)
{
	struct peers *peers = peers_new();
	struct socket udp = V4(1, "127.0.0.1", 53, "127.0.0.1", 4000);

	(void)state;
	udp.protocol = IPPROTO_UDP;
	add(peers, udp);
	add(peers, V4(2, "0.0.0.0", 0, "0.0.0.0", 0));
	assert_false(other_of(peers, V4(9, "127.0.0.1", 4000, "127.0.0.1", 53)).found);
	assert_false(other_of(peers, V4(9, "0.0.0.0", 0, "0.0.0.0", 0)).found);
	peers_free(peers);
}

/* ---- what the pass over descriptors tells, and what it does not ---- */

static void add_held(struct peers *peers, const struct socket *sk)
{
	const struct owner_ends ends = { .family = sk->family,
					 .local = sk->local,
					 .peer = sk->peer };
	const struct owner_record record = { .inode = sk->inode, .ends = &ends };

	assert_int_equal(peers_add_held(peers, &record), 0);
}

static void a_held_connection_is_found_as_a_dumped_one(void **state)
{
	const struct socket v4 = V4(7, "127.0.0.1", 80, "127.0.0.1", 4000);
	struct peers *peers = peers_new();

	(void)state;
	add_held(peers, &v4);
	add_held(peers, &v4);
	add(peers, v4);
	assert_int_equal(other_of(peers, V4(9, "127.0.0.1", 4000, "127.0.0.1", 80)).inode, 7);
	assert_false(other_of(peers, V4(9, "127.0.0.1", 4001, "127.0.0.1", 80)).found);
	peers_free(peers);
}

struct helper {
	struct peers *peers;
	struct socket late; /* added when it is missed */
	unsigned int calls;
	bool helps;
};

static bool help_once(void *ctx, const struct socket *sk)
{
	struct helper *helper = ctx;

	helper->calls++;
	assert_int_equal(sk->inode, 9);
	if (!helper->helps)
		return false;
	peers_on_missing(helper->peers, NULL, NULL);
	add(helper->peers, helper->late);
	return true;
}

static void what_is_missing_is_asked_for(void **state)
{
	struct helper helper = { .peers = peers_new(),
				 .late = V4(8, "127.0.0.1", 80, "127.0.0.1", 4001) };
	const struct socket met = V4(7, "127.0.0.1", 80, "127.0.0.1", 4000);
	struct peers *peers = helper.peers;

	(void)state;
	add_held(peers, &met);
	peers_on_missing(peers, help_once, &helper);
	assert_true(other_of(peers, V4(9, "127.0.0.1", 4000, "127.0.0.1", 80)).found);
	assert_false(other_of(peers, V4(9, "0.0.0.0", 4000, "0.0.0.0", 0)).found);
	assert_int_equal(helper.calls, 0);
	assert_false(other_of(peers, V4(9, "127.0.0.1", 4001, "127.0.0.1", 80)).found);
	helper.helps = true;
	assert_int_equal(other_of(peers, V4(9, "127.0.0.1", 4001, "127.0.0.1", 80)).inode, 8);
	assert_false(other_of(peers, V4(9, "127.0.0.1", 4002, "127.0.0.1", 80)).found);
	assert_int_equal(helper.calls, 2);
	peers_free(peers);
}

/* ---- their holders ---- */

static void both_ends_have_holders_of_their_own(void **state)
{
	const struct owners_status whole = { .complete = true };
	const struct owner_record records[] = {
		{ .pid = 1, .fd = 3, .inode = 10, .comm = "own" },
		{ .pid = 2, .fd = 4, .inode = 11, .comm = "peer" },
		{ .pid = 2, .fd = 5, .inode = 11, .comm = "peer" },
	};
	struct owners *owners = owners_new();
	struct socket sk = with_peer(10, 11);

	(void)state;
	for (size_t i = 0; i < COUNT(records); i++)
		assert_int_equal(owners_add(owners, &records[i]), 0);
	owners_finish(owners, 0, &whole);
	sk.other.found = true;
	sk.other.inode = 11;
	owners_join(owners, &sk);
	owners_join_other(owners, &sk);
	assert_int_equal(sk.holders.count, 1);
	assert_int_equal(sk.holders.items[0].pid, 1);
	assert_int_equal(sk.other.holders.count, 2);
	assert_int_equal(sk.other.holders.known, HOLDERS_COMPLETE);
	assert_int_equal(sk.other.holders.items[0].pid, 2);
	assert_int_equal(sk.other.holders.items[1].fd, 5);
	/* No process has it: there is nothing to look for, and nothing is claimed. */
	sk.other = (struct other_end){ .found = true };
	owners_join_other(owners, &sk);
	assert_int_equal(sk.other.holders.count, 0);
	owners_free(owners);
}

/* ---- what a filter makes of them ---- */

#define YES TRI_YES
#define NO  TRI_NO
#define UNK TRI_UNKNOWN

struct row {
	const char *text;
	enum tri expected;
};

static void assert_rows(const struct socket *sk, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct filter_error error = { 0 };
		struct filter *filter;

		assert_int_equal(filter_parse(&filter, rows[i].text, &error), 0);
		if (filter_match(filter, sk) != rows[i].expected)
			fail_msg("'%s'", rows[i].text);
		filter_free(filter);
	}
}

#define ASSERT_ROWS(sk, ...)                                \
	do {                                                \
		const struct row rows_[] = { __VA_ARGS__ }; \
		assert_rows((sk), rows_, COUNT(rows_));     \
	} while (0)

/* sock_diag tells the inode of a unix peer; its name is known when it was looked for and found. */
static void a_unix_peer_has_a_known_name_or_none(void **state)
{
	struct socket sk = unix_socket(5, NULL, 0, false);

	(void)state;
	ASSERT_ROWS(&sk, { "dst /run/x", NO }, { "dst unix:*", YES }, { "dst != /run/x", YES });
	sk.un.peer_inode = 6;
	ASSERT_ROWS(&sk, { "dst /run/x", UNK }, { "dst != /run/x", UNK }, { "dst unix:*", YES },
		    { "dst unix:**", YES }, { "dst 10.0.0.1", NO });
	sk.other.found = sk.other.name_known = true;
	ASSERT_ROWS(&sk, { "dst /run/x", NO }, { "dst != /run/x", YES }, { "dst unix:*", YES });
	sk.other.name = (struct unix_end){ .name = "/run/x", .name_len = 6 };
	ASSERT_ROWS(&sk, { "dst /run/x", YES }, { "dst != /run/x", NO }, { "dst /RUN/?", YES },
		    { "dst unix:@*", NO }, { "src /run/x", NO }, { "dst 10.0.0.1", NO });
	/* Gone, or not accepted by a listener that is not known. */
	sk.other = (struct other_end){ 0 };
	sk.un.peer_inode = 0;
	sk.un.peer_hidden = true;
	ASSERT_ROWS(&sk, { "dst /run/x", UNK }, { "dst unix:*", YES });
}

static void any_holder_of_the_peer_counts(void **state)
{
	static const struct holder holders[] = { { 7, 3, "client", 7 }, { 8, 3, "worker", 8 } };
	struct socket sk = unix_socket(5, NULL, 0, false);

	(void)state;
	/* A listener has no peer. */
	ASSERT_ROWS(&sk, { "peerpid 7", NO }, { "peer-comm != client", YES });
	sk.un.peer_inode = 6;
	ASSERT_ROWS(&sk, { "peer-pid 7", UNK }, { "peercomm client", UNK });
	sk.other = (struct other_end){ .found = true,
				       .inode = 6,
				       .holders = { HOLDERS_PARTIAL, 2, holders } };
	ASSERT_ROWS(&sk, { "peerpid = 8", YES }, { "peerpid = 9", UNK }, { "peercomm cl*", YES },
		    { "peer-comm != client", NO }, { "comm client", UNK });
	sk.other.holders.known = HOLDERS_COMPLETE;
	ASSERT_ROWS(&sk, { "peerpid = 9", NO }, { "peercomm init", NO });
	/* No process has it. */
	sk.other = (struct other_end){ .found = true };
	ASSERT_ROWS(&sk, { "peerpid = 9", NO }, { "peercomm != init", YES });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_index_has_nothing),
		cmocka_unit_test(every_position_is_found_once),
		cmocka_unit_test(the_hash_depends_on_every_byte),
		cmocka_unit_test(a_peer_has_its_name),
		cmocka_unit_test(a_peer_elsewhere_has_no_known_name),
		cmocka_unit_test(a_client_that_waits_has_its_listeners_name),
		cmocka_unit_test(names_survive_many_others),
		cmocka_unit_test(the_other_end_has_the_same_addresses),
		cmocka_unit_test(a_socket_connected_to_itself_is_its_own_peer),
		cmocka_unit_test(what_several_have_is_nobodys),
		cmocka_unit_test(listeners_and_other_protocols_have_no_other_end),
		cmocka_unit_test(a_held_connection_is_found_as_a_dumped_one),
		cmocka_unit_test(what_is_missing_is_asked_for),
		cmocka_unit_test(both_ends_have_holders_of_their_own),
		cmocka_unit_test(a_unix_peer_has_a_known_name_or_none),
		cmocka_unit_test(any_holder_of_the_peer_counts),
	};

	return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
