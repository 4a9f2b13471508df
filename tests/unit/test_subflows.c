/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MPTCP's subflows: what one says of itself, and to which connection it is put. */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>

#include "enrich/subflows.h"
#include "source/source.h"
#include "unit/decode.h"
#include "unit/diag.h"

/* ---- what a message says ---- */

#define NESTED(number) ((number) | NLA_F_NESTED)

static struct nlmsghdr *tcp_message(void)
{
	static char buffer[DIAG_BUFFER] __attribute__((aligned(8)));
	const struct inet_diag_msg msg = { .idiag_family = AF_INET,
					   .idiag_state = STATE_ESTABLISHED,
					   .idiag_inode = 77 };

	return diag_start(buffer, SOCK_DIAG_BY_FAMILY, &msg);
}

/* Puts one attribute at `to`; gives its length with padding. */
static size_t put(char *to, uint16_t type, const void *data, size_t len)
{
	const struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	memset(to, 0, NLA_HDRLEN + NLA_ALIGN(len));
	memcpy(to, &head, sizeof(head));
	memcpy(to + NLA_HDRLEN, data, len);
	return NLA_HDRLEN + NLA_ALIGN(len);
}

/* What the kernel puts for a subflow that joined; `name` with its NUL. */
static size_t subflow_block(char *to, const char *name)
{
	const uint32_t remote = 0x1234, local = 0xdeadbeef, flags = 0x1a8;
	const uint8_t remote_id = 3, local_id = 9;
	char inner[128];
	size_t len = put(inner, MPTCP_SUBFLOW_ATTR_TOKEN_REM, &remote, 4), n;

	len += put(inner + len, MPTCP_SUBFLOW_ATTR_TOKEN_LOC, &local, 4);
	len += put(inner + len, MPTCP_SUBFLOW_ATTR_FLAGS, &flags, 4);
	len += put(inner + len, MPTCP_SUBFLOW_ATTR_ID_REM, &remote_id, 1);
	len += put(inner + len, MPTCP_SUBFLOW_ATTR_ID_LOC, &local_id, 1);
	n = put(to, INET_ULP_INFO_NAME, name, strlen(name) + 1);
	return n + put(to + n, NESTED(INET_ULP_INFO_MPTCP), inner, len);
}

static struct socket decode_block(const char *block, size_t len, unsigned int bad_expected)
{
	struct nlmsghdr *nlh = tcp_message();
	struct socket sk;
	uint64_t bad;
	void *copy;

	diag_attr(nlh, NESTED(INET_DIAG_ULP_INFO), block, len);
	assert_int_equal(decode_exact(&family_tcp, nlh, &sk, &bad, &copy), 0);
	assert_int_equal(bad, bad_expected);
	free(copy);
	return sk;
}

static bool says_nothing(const struct mptcp_ids *ids)
{
	return ids->token == UNKNOWN && ids->remote_token == UNKNOWN && ids->local_id == UNKNOWN &&
	       ids->remote_id == UNKNOWN && ids->flags == UNKNOWN;
}

static void a_subflow_names_its_connection(void **state)
{
	char block[256];
	size_t len = subflow_block(block, "mptcp");
	struct socket sk = decode_block(block, len, 0);

	(void)state;
	assert_true(sk.subflow);
	assert_int_equal(sk.linger.kind, LINGER_NONE);
	assert_int_equal(sk.mptcp.token, 0xdeadbeef);
	assert_int_equal(sk.mptcp.remote_token, 0x1234);
	assert_int_equal(sk.mptcp.local_id, 9);
	assert_int_equal(sk.mptcp.remote_id, 3);
	assert_int_equal(sk.mptcp.flags, 0x1a8);
}

static void a_token_of_zero_is_none(void **state)
{
	const uint32_t zero = 0;
	char inner[64], block[128];
	size_t len = put(inner, MPTCP_SUBFLOW_ATTR_TOKEN_REM, &zero, 4), n;
	struct socket sk;

	(void)state;
	len += put(inner + len, MPTCP_SUBFLOW_ATTR_TOKEN_LOC, &zero, 4);
	n = put(block, INET_ULP_INFO_NAME, "mptcp", 6);
	n += put(block + n, NESTED(INET_ULP_INFO_MPTCP), inner, len);
	sk = decode_block(block, n, 0);
	assert_true(sk.subflow && says_nothing(&sk.mptcp));
}

/* TLS on top of TCP has the same attribute; so has a name that only begins alike. */
static void other_protocols_are_no_subflows(void **state)
{
	static const char *const names[] = { "tls", "mptcp2", "MPTCP", "" };
	char block[256];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		size_t len = subflow_block(block, names[i]);
		struct socket sk = decode_block(block, len, 0);

		assert_false(sk.subflow);
		assert_true(says_nothing(&sk.mptcp));
	}
}

/* The name alone is what the kernel shows of a listener. */
static void a_name_alone_is_a_subflow(void **state)
{
	char block[32];
	size_t len = put(block, INET_ULP_INFO_NAME, "mptcp", 6);
	struct socket sk = decode_block(block, len, 0);

	(void)state;
	assert_true(sk.subflow && says_nothing(&sk.mptcp));
}

/* Wherever the block ends, nothing is read behind its end or made up. */
static void blocks_cut_anywhere(void **state)
{
	char block[256];
	size_t whole = subflow_block(block, "mptcp");

	(void)state;
	for (size_t len = 4; len < whole; len++) {
		struct nlmsghdr *nlh = tcp_message();
		struct socket sk;
		uint64_t bad;
		void *copy;

		diag_attr(nlh, NESTED(INET_DIAG_ULP_INFO), block, len);
		assert_int_equal(decode_exact(&family_tcp, nlh, &sk, &bad, &copy), 0);
		assert_true(bad <= 1);
		assert_true(sk.mptcp.token == UNKNOWN || sk.mptcp.token == 0xdeadbeef);
		assert_int_equal(sk.mptcp.local_id, UNKNOWN);
		free(copy);
	}
}

static void short_numbers_are_counted(void **state)
{
	char inner[64], block[128];
	size_t len = put(inner, MPTCP_SUBFLOW_ATTR_TOKEN_LOC, "abc", 3), n;
	struct socket sk;

	(void)state;
	len += put(inner + len, MPTCP_SUBFLOW_ATTR_ID_LOC, "", 0);
	n = put(block, INET_ULP_INFO_NAME, "mptcp", 6);
	n += put(block + n, NESTED(INET_ULP_INFO_MPTCP), inner, len);
	sk = decode_block(block, n, 2);
	assert_true(sk.subflow && says_nothing(&sk.mptcp));
}

/* ---- the connection's own token ---- */

static void a_connection_has_a_token_where_its_record_reaches_so_far(void **state)
{
	struct mptcp_info info = { .mptcpi_token = 0xcafe };
	const size_t end = offsetof(struct mptcp_info, mptcpi_token) + sizeof(info.mptcpi_token);

	(void)state;
	for (size_t len = end - 4; len <= end; len++) {
		struct nlmsghdr *nlh = tcp_message();
		struct socket sk;
		uint64_t bad;
		void *copy;

		diag_attr(nlh, INET_DIAG_INFO, &info, len);
		assert_int_equal(decode_exact(&family_mptcp, nlh, &sk, &bad, &copy), 0);
		assert_int_equal(sk.mptcp.token, len == end ? 0xcafe : UNKNOWN);
		free(copy);
	}
}

/* ---- putting them together ---- */

static struct socket socket_with(enum netid netid, int64_t token, uint32_t inode, uint64_t cookie)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = netid;
	sk.family = AF_INET;
	sk.state = STATE_ESTABLISHED;
	sk.mptcp.token = token;
	sk.inode = inode;
	sk.cookie = cookie;
	sk.message = "message";
	sk.message_len = 7;
	return sk;
}

static void connection(struct subflows *s, int64_t token, uint32_t inode)
{
	struct socket sk = socket_with(NETID_MPTCP, token, inode, 0);

	assert_int_equal(subflows_connection(s, &sk), 0);
}

static void subflow(struct subflows *s, int64_t token, uint32_t inode, uint64_t cookie)
{
	struct socket sk = socket_with(NETID_TCP, token, inode, cookie);

	assert_int_equal(subflows_add(s, &sk), 0);
}

static const struct socket *subflows_by(struct subflows *s, int64_t token, uint32_t inode,
					uint32_t *count, bool *known)
{
	struct socket sk = socket_with(NETID_MPTCP, token, inode, 0);

	return subflows_of(s, &sk, count, known);
}

static struct subflows *make(void)
{
	struct subflows *s = subflows_new();

	connection(s, 100, 1);
	connection(s, 200, 2);
	connection(s, 300, 0); /* nobody has accepted it */
	connection(s, UNKNOWN, 4);
	connection(s, 200, 2); /* a repeat */
	subflow(s, 100, 1, 11);
	subflow(s, 200, 2, 21);
	subflow(s, 100, 1, 12);
	subflow(s, 300, 0, 31);
	subflow(s, UNKNOWN, 4, 41); /* tokens are not shown to everyone */
	subflow(s, UNKNOWN, 2, 22);
	subflow(s, 900, 9, 91); /* of no connection that was dumped */
	subflow(s, UNKNOWN, 0, 92);
	assert_true(subflows_wanted(s));
	assert_int_equal(subflows_finish(s), 0);
	return s;
}

static void each_connection_has_its_own(void **state)
{
	struct subflows *s = make();
	const struct socket *items;
	uint32_t count;
	bool known;

	(void)state;
	items = subflows_by(s, 100, 1, &count, &known);
	assert_true(known && count == 2);
	assert_true(items[0].cookie == 11 && items[1].cookie == 12);
	assert_true(items[0].subflow && items[0].linger.kind == LINGER_NONE);
	assert_memory_equal(items[1].message, "message", 7);
	items = subflows_by(s, 200, 2, &count, &known);
	assert_true(known && count == 2 && items[0].cookie == 21 && items[1].cookie == 22);
	items = subflows_by(s, 300, 0, &count, &known);
	assert_true(known && count == 1 && items[0].cookie == 31);
	items = subflows_by(s, UNKNOWN, 4, &count, &known);
	assert_true(known && count == 1 && items[0].cookie == 41);
	/* Younger than the dump. */
	assert_null(subflows_by(s, 400, 5, &count, &known));
	assert_true(!known && count == 0);
	subflows_free(s);
}

static void only_what_was_listed_is_listed(void **state)
{
	struct subflows *s = make();
	struct socket conn = socket_with(NETID_MPTCP, 100, 1, 0);
	struct socket one = socket_with(NETID_TCP, 100, 1, 11);
	struct socket joined_since = socket_with(NETID_TCP, 100, 1, 13);
	struct socket other = socket_with(NETID_TCP, 200, 2, 21);
	struct socket plain = socket_with(NETID_TCP, UNKNOWN, 7, 71);

	(void)state;
	assert_false(subflows_has_listed(s, &one));
	subflows_listed(s, &conn);
	assert_true(subflows_has_listed(s, &one));
	assert_false(subflows_has_listed(s, &joined_since));
	assert_false(subflows_has_listed(s, &other));
	assert_false(subflows_has_listed(s, &plain));
	subflows_free(s);
}

static void without_connections_there_is_nothing_to_look_for(void **state)
{
	struct subflows *s = subflows_new();
	uint32_t count;
	bool known;

	(void)state;
	assert_false(subflows_wanted(s));
	subflow(s, 100, 1, 11);
	assert_null(subflows_by(s, 100, 1, &count, &known));
	assert_false(known);
	subflows_free(s);
}

/* A subflow's row: its own numbers, the connection's holders. */
static void a_row_of_a_subflow(void **state)
{
	static const struct holder holder = { .pid = 5, .fd = 6, .comm = "app" };
	struct socket conn = socket_with(NETID_MPTCP, 100, 1, 0);
	struct socket items[2] = { socket_with(NETID_TCP, 100, 1, 11),
				   socket_with(NETID_TCP, 100, 0, 12) };

	(void)state;
	conn.holders = (struct holder_list){ HOLDERS_COMPLETE, 1, &holder };
	conn.other = (struct other_end){ .found = true, .inode = 8, .holders = conn.holders };
	items[0].other = (struct other_end){ .found = true, .inode = 8 };
	items[1].other = (struct other_end){ .found = true, .inode = 9 };
	conn.subflows = (struct subflow_list){ true, 2, items };
	assert_int_equal(socket_subflow(&conn, 0).holders.count, 1);
	assert_int_equal(socket_subflow(&conn, 0).other.holders.count, 1);
	assert_int_equal(socket_subflow(&conn, 0).cookie, 11);
	assert_int_equal(socket_subflow(&conn, 1).holders.count, 0);
	assert_false(socket_subflow(&conn, 1).other.found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_subflow_names_its_connection),
		cmocka_unit_test(a_token_of_zero_is_none),
		cmocka_unit_test(other_protocols_are_no_subflows),
		cmocka_unit_test(a_name_alone_is_a_subflow),
		cmocka_unit_test(blocks_cut_anywhere),
		cmocka_unit_test(short_numbers_are_counted),
		cmocka_unit_test(a_connection_has_a_token_where_its_record_reaches_so_far),
		cmocka_unit_test(each_connection_has_its_own),
		cmocka_unit_test(only_what_was_listed_is_listed),
		cmocka_unit_test(without_connections_there_is_nothing_to_look_for),
		cmocka_unit_test(a_row_of_a_subflow),
	};

	return cmocka_run_group_tests_name("subflows", tests, NULL, NULL);
}
