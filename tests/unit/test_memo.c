/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the JSON writer keeps from one socket to the next: a row is the same whatever stood before
 * it, also where the two differ in one field alone.
 */
#include "unit/made.h"

#include <stdbool.h>

#include "present/memo.h"
#include "present/writer.h"

static const struct workload nginx = { .unit = "nginx.service", .lasting = "nginx.service" };

static void set_netid(struct socket *sk)
{
	sk->netid = NETID_MPTCP;
}

static void set_raw(struct socket *sk)
{
	sk->netid = NETID_RAW;
	sk->protocol = IPPROTO_ICMP;
}

static void set_family(struct socket *sk)
{
	sk->family = AF_INET6;
}

static void set_unix(struct socket *sk)
{
	sk->netid = NETID_UNIX_STREAM;
	sk->family = AF_UNIX;
}

static void set_interface(struct socket *sk)
{
	sk->interface = "eth0";
}

static void set_long_name(struct socket *sk)
{
	sk->netns_name = "a-name-of-a-namespace-that-is-longer-than-what-is-kept-of-names-and-more";
}

static void set_name(struct socket *sk)
{
	sk->netns_name = "blue";
}

static void set_address(struct socket *sk)
{
	sk->local.addr.v4.s_addr = htonl(0x7f000001);
}

static void set_peer(struct socket *sk)
{
	sk->peer.addr.v4.s_addr = htonl(0x7f000002);
}

static void set_text(struct socket *sk)
{
	sk->cgroup = "/system.slice/nginx.service";
}

static void set_workload(struct socket *sk)
{
	sk->workload = &nginx;
}

static void set_subflows(struct socket *sk)
{
	static struct socket subflow;

	subflow = connection(STATE_ESTABLISHED, 2000);
	subflow.subflow = true;
	sk->netid = NETID_MPTCP;
	sk->subflows.known = true;
	sk->subflows.count = 1;
	sk->subflows.items = &subflow;
}

#define SET(number, field, value)                   \
	static void set_##number(struct socket *sk) \
	{                                           \
		sk->field = (value);                \
	}
#define EACH(DO)                                  \
	DO(1, state, STATE_CLOSE_WAIT)            \
	DO(2, netns, 4026531840)                  \
	DO(3, local.port, 7)                      \
	DO(4, peer.port, 7)                       \
	DO(5, ifindex, 2)                         \
	DO(6, recv_queue, 1)                      \
	DO(7, send_queue, 1)                      \
	DO(8, queue_unit, QUEUE_UNKNOWN)          \
	DO(9, unread_bytes, 1)                    \
	DO(10, outstanding_bytes, 1)              \
	DO(11, unsent_bytes, 1)                   \
	DO(12, linger.kind, LINGER_ON)            \
	DO(13, linger.source, LINGER_FROM_GETFD)  \
	DO(14, linger.forever, true)              \
	DO(15, linger.seconds, 5)                 \
	DO(16, options.repair, TRI_YES)           \
	DO(17, options.linger2_negative, TRI_YES) \
	DO(18, options.nonblock, TRI_YES)         \
	DO(19, options.reuseaddr, TRI_YES)        \
	DO(20, options.reuseport, TRI_YES)        \
	DO(21, options.user_timeout_ms, 9)        \
	DO(22, shutdown, 2)                       \
	DO(23, shutdown_known, true)              \
	DO(24, uid, 33)                           \
	DO(25, uid_known, true)                   \
	DO(26, inode, 77)                         \
	DO(27, cookie, 77)                        \
	DO(28, holders.known, HOLDERS_COMPLETE)   \
	DO(29, other.found, true)                 \
	DO(30, subflow, true)                     \
	DO(31, mptcp.token, 3)                    \
	DO(32, mptcp.remote_token, 3)             \
	DO(33, mptcp.local_id, 3)                 \
	DO(34, mptcp.remote_id, 3)                \
	DO(35, mptcp.flags, 3)                    \
	DO(36, subflows.known, true)              \
	DO(37, close.outcomes, 3)                 \
	DO(38, close.risk, RISK_LIKELY)           \
	DO(39, close.risk_max, RISK_LIKELY)       \
	DO(40, close.reasons, 5)                  \
	DO(41, close.loss_min_bytes, 4)           \
	DO(42, close.loss_max_bytes, 4)           \
	DO(43, close.unread_bytes, 4)             \
	DO(44, close.block_seconds, 4)            \
	DO(45, close.drain_ms, 4)                 \
	DO(46, protocol, IPPROTO_UDP)             \
	DO(47, mark, 6)                           \
	DO(48, v6only, TRI_NO)                    \
	DO(49, association, true)                 \
	DO(50, options.one_to_many, TRI_YES)
EACH(SET)

#define LISTED(number, field, value) set_##number,

static void (*const changes[])(struct socket *sk) = {
	set_netid,   set_raw,  set_family, set_unix,     set_interface, set_long_name, set_name,
	set_address, set_peer, set_text,   set_workload, set_subflows,  EACH(LISTED)
};

/* Where fields count only beside others: each base is changed in every field. */
static struct socket base(size_t which)
{
	struct socket sk = connection(STATE_ESTABLISHED, 1000);

	if (which == 0)
		return sk;
	sk.linger = (struct linger_setting){ .kind = LINGER_OFF, .source = LINGER_FROM_BPF };
	sk.uid_known = sk.shutdown_known = sk.subflow = true;
	sk.interface = "lo";
	sk.netns_name = "green";
	sk.subflows.known = true;
	return sk;
}

struct output {
	struct outbuf bytes;
	struct column_list columns;
	struct writer *writer;
};

static void open_output(struct output *o, const char *columns)
{
	struct writer_options options = { .columns = &o->columns };
	char bad[32];

	o->columns.count = 0;
	if (columns)
		assert_int_equal(column_list_parse(&o->columns, columns, bad, sizeof(bad)), 0);
	else
		column_list_all(&o->columns);
	assert_int_equal(outbuf_open(&o->bytes, -1), 0);
	o->writer = ndjson_open(&o->bytes, &options);
	assert_non_null(o->writer);
}

static void close_output(struct output *o)
{
	o->writer->free(o->writer);
	assert_int_equal(outbuf_close(&o->bytes), 0);
}

/* Writes a row behind what is there, and by a writer that has seen none. */
static void assert_row(struct output *o, const char *columns, const struct socket *sk)
{
	struct output fresh;

	open_output(&fresh, columns);
	fresh.writer->row(fresh.writer, sk);
	o->bytes.len = 0;
	o->writer->row(o->writer, sk);
	assert_int_equal(o->bytes.len, fresh.bytes.len);
	assert_memory_equal(o->bytes.data, fresh.bytes.data, fresh.bytes.len);
	close_output(&fresh);
}

static void compare_neighbours(const char *columns, size_t which)
{
	const struct socket first = base(which);
	struct output o;

	open_output(&o, columns);
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct socket other = first;

		changes[i](&other);
		assert_row(&o, columns, &first);
		assert_row(&o, columns, &other);
		assert_row(&o, columns, &other);
		assert_row(&o, columns, &first);
	}
	close_output(&o);
}

static void neighbours_differ_in_one_field(void **state)
{
	static const char *const choices[] = { NULL, "local,peer", "mptcp,subflows,risk",
					       "interface,netns-name,uid",
					       "cgroup,unit,container" };

	(void)state;
	for (size_t i = 0; i < COUNT(choices); i++)
		for (size_t which = 0; which < 2; which++)
			compare_neighbours(choices[i], which);
}

/* A name that changes in its place is another one: what it is kept in may be used again. */
static void name_changes_where_it_stands(void **state)
{
	struct socket sk = base(1);
	char name[] = "one";
	struct output o;

	(void)state;
	open_output(&o, NULL);
	sk.netns_name = name;
	assert_row(&o, NULL, &sk);
	memcpy(name, "two", sizeof(name));
	assert_row(&o, NULL, &sk);
	name[0] = '\0';
	assert_row(&o, NULL, &sk);
	sk.netns_name = NULL;
	assert_row(&o, NULL, &sk);
	close_output(&o);
}

/* Of a value in two parts both together are what the column table has. */
static void parts_are_the_value(void **state)
{
	size_t n, found = 0;
	const struct column *table = column_table(&n);
	struct outbuf whole, parts;

	(void)state;
	assert_int_equal(outbuf_open(&whole, -1) | outbuf_open(&parts, -1), 0);
	for (size_t i = 0; i < n * 2; i++) {
		const struct steady *steady = steady_of(&table[i / 2]);
		struct socket sk = base(0);

		if (i % 2)
			sk.family = AF_INET6;
		if (!steady || !steady->head)
			continue;
		whole.len = parts.len = 0;
		assert_true(steady->applies(&sk));
		steady->value(&whole, &sk);
		steady->head(&parts, &sk);
		steady->tail(&parts, &sk);
		assert_int_equal(whole.len, parts.len);
		assert_memory_equal(whole.data, parts.data, parts.len);
		found++;
	}
	assert_int_equal(found, 4);
	outbuf_close(&whole);
	outbuf_close(&parts);
}

/* The text comes from the memo the second time, and a fifth one takes the place of the first. */
static void last_few_are_kept(void **state)
{
	static const struct steady port = {
		.n_spans = 1, .spans = { { offsetof(struct socket, inode), sizeof(uint32_t) } }
	};
	struct memo *m = memo_new();
	struct socket sk = base(0);
	struct outbuf b;

	(void)state;
	assert_non_null(m);
	assert_int_equal(outbuf_open(&b, -1), 0);
	assert_true(memo_add(m, &port));
	for (sk.inode = 1; sk.inode <= MEMO_KEPT + 1; sk.inode++) {
		assert_false(memo_put(m, &b, &sk));
		outbuf_u64(memo_start(m), sk.inode);
		memo_keep(m, &b, &sk);
	}
	assert_int_equal(b.len, MEMO_KEPT + 1);
	sk.inode = 1;
	assert_false(memo_put(m, &b, &sk));
	sk.inode = 3;
	assert_true(memo_put(m, &b, &sk));
	assert_int_equal(b.data[b.len - 1], '3');
	outbuf_close(&b);
	memo_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_differ_in_one_field),
		cmocka_unit_test(name_changes_where_it_stands),
		cmocka_unit_test(parts_are_the_value),
		cmocka_unit_test(last_few_are_kept),
	};

	return cmocka_run_group_tests_name("memo", tests, NULL, NULL);
}
