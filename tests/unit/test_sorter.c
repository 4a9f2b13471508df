/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sorter: columns with an order of their own, and that what is unknown comes last both ways.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <string.h>

#include "present/sorter.h"

#define ROWS_MAX 8

/* Where each socket came in, in the order that the sorter gives. */
struct seen {
	uint32_t ids[ROWS_MAX];
	size_t count;
};

static void note(void *ctx, const struct socket *sk)
{
	struct seen *seen = ctx;

	assert_in_range(seen->count, 0, ROWS_MAX - 1);
	seen->ids[seen->count++] = sk->inode;
}

static struct seen sort(const char *column, bool descending, struct socket *rows, size_t n)
{
	struct cell_context cells = { .names = names_new(false, false) };
	struct sorter *sorter = sorter_new(column_find(column), descending, false);
	struct seen seen = { 0 };

	assert_non_null(cells.names);
	assert_non_null(sorter);
	for (size_t i = 0; i < n; i++) {
		rows[i].inode = (uint32_t)i + 1;
		assert_int_equal(sorter_add(sorter, &rows[i], &cells), 0);
	}
	sorter_emit(sorter, note, &seen);
	sorter_free(sorter);
	names_free(cells.names);
	return seen;
}

/* Sorts up and down; `up` and `down` name the rows by their place, from 1. */
static void check(const char *column, struct socket *rows, size_t n, const uint32_t *up,
		  const uint32_t *down)
{
	struct seen seen = sort(column, false, rows, n);

	assert_int_equal(seen.count, n);
	assert_memory_equal(seen.ids, up, n * sizeof(*up));
	seen = sort(column, true, rows, n);
	assert_int_equal(seen.count, n);
	assert_memory_equal(seen.ids, down, n * sizeof(*down));
}

static struct socket row(void)
{
	struct socket sk;

	socket_init(&sk);
	sk.family = AF_INET;
	sk.netid = NETID_TCP;
	sk.protocol = IPPROTO_TCP;
	sk.state = STATE_ESTABLISHED;
	return sk;
}

static void linger_sorts_by_how_long_it_waits(void **state)
{
	struct socket rows[] = { row(), row(), row(), row(), row(), row() };

	(void)state;
	rows[0].linger = (struct linger_setting){ LINGER_ON, LINGER_FROM_BPF, true, UNKNOWN };
	rows[1].linger.kind = LINGER_UNKNOWN;
	rows[2].linger = (struct linger_setting){ LINGER_ON, LINGER_FROM_BPF, false, 10 };
	rows[3].linger = (struct linger_setting){ LINGER_ON, LINGER_FROM_BPF, false, 9 };
	rows[4].linger = (struct linger_setting){ LINGER_OFF, LINGER_FROM_BPF, false, 100 };
	rows[5].linger.kind = LINGER_NONE;
	check("linger", rows, 6, (uint32_t[]){ 6, 5, 4, 3, 1, 2 },
	      (uint32_t[]){ 1, 3, 4, 5, 6, 2 });
}

static void cookies_sort_as_numbers(void **state)
{
	struct socket rows[] = { row(), row(), row(), row() };

	(void)state;
	rows[0].cookie = 0x1f;
	rows[1].cookie = 0x2;
	rows[2].cookie = 0xf;
	rows[3].cookie = UINT64_C(0xffffffffffffffff);
	check("cookie", rows, 4, (uint32_t[]){ 2, 3, 1, 4 }, (uint32_t[]){ 4, 1, 3, 2 });
}

static void put_address(struct socket *sk, struct endpoint *ep, const char *text, uint16_t port)
{
	sk->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(sk->family, text, &ep->addr), 1);
	ep->port = port;
}

static void addresses_sort_by_bytes_and_port(void **state)
{
	static const struct {
		const char *text;
		uint16_t port;
	} ends[] = { { "10.0.0.10", 80 },
		     { "10.0.0.9", 443 },
		     { "10.0.0.9", 80 },
		     { "::1", 1 },
		     { "9.0.0.0", 65535 } };
	struct socket locals[5], peers[5];

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		locals[i] = peers[i] = row();
		put_address(&locals[i], &locals[i].local, ends[i].text, ends[i].port);
		put_address(&peers[i], &peers[i].peer, ends[i].text, ends[i].port);
	}
	check("local", locals, 5, (uint32_t[]){ 5, 3, 2, 1, 4 }, (uint32_t[]){ 4, 1, 2, 3, 5 });
	check("peer", peers, 5, (uint32_t[]){ 5, 3, 2, 1, 4 }, (uint32_t[]){ 4, 1, 2, 3, 5 });
}

static void risk_sorts_by_its_bounds(void **state)
{
	static const struct {
		enum risk low, high;
	} bounds[] = { { RISK_CERTAIN, RISK_CERTAIN },
		       { RISK_NONE, RISK_CERTAIN },
		       { RISK_POSSIBLE, RISK_POSSIBLE },
		       { RISK_NONE, RISK_NONE } };
	struct socket rows[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		rows[i] = row();
		rows[i].close.risk = bounds[i].low;
		rows[i].close.risk_max = bounds[i].high;
	}
	check("risk", rows, 4, (uint32_t[]){ 4, 2, 3, 1 }, (uint32_t[]){ 1, 3, 2, 4 });
	check("risk-max", rows, 4, (uint32_t[]){ 4, 3, 1, 2 }, (uint32_t[]){ 1, 2, 3, 4 });
}

static void equal_rows_stay_as_they_came(void **state)
{
	struct socket rows[] = { row(), row(), row() };

	(void)state;
	check("state", rows, 3, (uint32_t[]){ 1, 2, 3 }, (uint32_t[]){ 1, 2, 3 });
}

/* A name with a NUL inside must not be compared as if it ended there. */
static void names_sort_by_all_their_bytes(void **state)
{
	struct socket rows[] = { row(), row(), row() };
	static const char *const names[] = { "a\0c", "a\0b", "a\0" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		rows[i].family = AF_UNIX;
		rows[i].netid = NETID_UNIX_STREAM;
		rows[i].un.name = names[i];
		rows[i].un.name_len = i < 2 ? 3 : 2;
		rows[i].un.abstract = true;
	}
	check("local", rows, 3, (uint32_t[]){ 3, 2, 1 }, (uint32_t[]){ 1, 2, 3 });
}

/* Every column can be sorted by, also of a record of which nothing is known. */
static void every_column_sorts(void **state)
{
	size_t n;
	const struct column *columns = column_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct socket rows[] = { row(), row() };

		assert_int_equal(sort(columns[i].name, false, rows, 2).count, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linger_sorts_by_how_long_it_waits),
		cmocka_unit_test(cookies_sort_as_numbers),
		cmocka_unit_test(addresses_sort_by_bytes_and_port),
		cmocka_unit_test(risk_sorts_by_its_bounds),
		cmocka_unit_test(equal_rows_stay_as_they_came),
		cmocka_unit_test(names_sort_by_all_their_bytes),
		cmocka_unit_test(every_column_sorts),
	};

	return cmocka_run_group_tests_name("sorter", tests, NULL, NULL);
}
