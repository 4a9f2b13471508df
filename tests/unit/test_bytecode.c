/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation into the kernel's bytecode: by hand on small expressions, and at random against
 * an interpreter of the kernel's rules, the filter's own evaluation, and a truth of the test's.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/inet_diag.h>

#include "filter/filter.h"
#include "unit/bytecode_run.h"
#include "unit/random_filter.h"

#define CODE_MAX 4096

/* A filter and its bytecode. */
struct translated {
	struct filter *filter;
	char code[CODE_MAX];
	size_t len;
};

static void translate(struct translated *t, const char *text, size_t room)
{
	struct filter_error error = { 0 };

	if (filter_parse(&t->filter, text, &error) != 0)
		fail_msg("'%s': column %zu: %s", text, error.column, error.text);
	t->len = filter_bytecode(t->filter, t->code, room);
	if (bytecode_audit(t->code, t->len) != 0)
		fail_msg("'%s': the kernel would refuse the code", text);
}

static struct socket socket_of(int family, const char *local, uint16_t sport, const char *peer,
			       uint16_t dport)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.family = (uint8_t)family;
	sk.state = STATE_ESTABLISHED;
	inet_pton(family, local, &sk.local.addr);
	inet_pton(family, peer, &sk.peer.addr);
	sk.local.port = sport;
	sk.peer.port = dport;
	return sk;
}

/* ---- by hand ---- */

static void assert_op(const struct translated *t, size_t at, int code, int yes, int no)
{
	struct inet_diag_bc_op op;

	memcpy(&op, t->code + at, sizeof(op));
	assert_int_equal(op.code, code);
	assert_int_equal(op.yes, yes);
	assert_int_equal(op.no, no);
}

static void a_port_is_two_bounds(void **state)
{
	struct translated t;

	(void)state;
	translate(&t, "sport = 80", sizeof(t.code));
	assert_int_equal(t.len, 16);
	assert_op(&t, 0, INET_DIAG_BC_S_GE, 8, 20);
	assert_op(&t, 8, INET_DIAG_BC_S_LE, 8, 12);
	filter_free(t.filter);
}

static void not_is_a_jump_over_the_end(void **state)
{
	struct translated t;

	(void)state;
	translate(&t, "not dport >= 1", sizeof(t.code));
	assert_int_equal(t.len, 12);
	assert_op(&t, 0, INET_DIAG_BC_D_GE, 8, 12);
	assert_op(&t, 8, INET_DIAG_BC_JMP, 4, 8);
	filter_free(t.filter);
}

static void or_jumps_over_its_right_side(void **state)
{
	struct translated t;

	(void)state;
	translate(&t, "sport <= 7 or dport >= 1", sizeof(t.code));
	assert_int_equal(t.len, 20);
	assert_op(&t, 0, INET_DIAG_BC_S_LE, 8, 12);
	assert_op(&t, 8, INET_DIAG_BC_JMP, 4, 12);
	assert_op(&t, 12, INET_DIAG_BC_D_GE, 8, 12);
	filter_free(t.filter);
}

/* What the kernel calls autobound, of the ports that it chooses from. */
static void autobound_is_within_the_range(void **state)
{
	struct translated t;

	(void)state;
	translate(&t, "autobound", sizeof(t.code));
	assert_int_equal(t.len, 20);
	assert_op(&t, 0, INET_DIAG_BC_AUTO, 4, 24);
	assert_op(&t, 4, INET_DIAG_BC_S_GE, 8, 20);
	assert_op(&t, 12, INET_DIAG_BC_S_LE, 8, 12);
	filter_free(t.filter);
}

static void nothing_is_no_code(void **state)
{
	char code[64];

	(void)state;
	assert_int_equal(filter_bytecode(NULL, code, sizeof(code)), 0);
}

/* ---- what goes to the kernel, and what stays ---- */

/* Does the kernel decide all of it, as far as the filter is concerned? */
static bool all_in_kernel(const struct translated *t)
{
	struct socket sk = socket_of(AF_INET, "0.0.0.0", 0, "0.0.0.0", 0);

	/* The wrong socket for any of the expressions here: only a YES without a look passes. */
	sk.kernel_filtered = true;
	sk.state = STATE_CLOSE;
	return t->len && filter_match(t->filter, &sk) == TRI_YES;
}

static void the_kernel_gets_what_it_can_decide(void **state)
{
	static const struct {
		const char *text;
		bool some, all;
	} rows[] = {
		{ "sport = 80", true, true },
		{ "src 10.0.0.0/8 and not dst [::1]:443 or dport > 1023 dev = 7000001", true,
		  true },
		{ "sport = 80 and recvq > 0", true, false },
		{ "recvq > 0 and sport = 80", true, false },
		{ "recvq > 0 and (sport = 80 or dport = 80) and uid = 1", true, false },
		{ "state close-wait sport = 80", true, false },
		{ "sport = 80 or recvq > 0", false, false },
		{ "not (sport = 80 and recvq > 0)", false, false },
		{ "recvq > 0", false, false },
		{ "state close-wait", false, false },
		{ "src unix:/tmp/x", true, true },
		{ "src unix:/tmp/x or sport = 80", true, true },
		{ "fwmark = 1", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct translated t;

		translate(&t, rows[i].text, sizeof(t.code));
		if ((t.len > 0) != rows[i].some || all_in_kernel(&t) != rows[i].all)
			fail_msg("'%s': %zu bytes, all in kernel: %d", rows[i].text, t.len,
				 all_in_kernel(&t));
		filter_free(t.filter);
	}
}

/* What does not fit is decided here, never forgotten. */
static void too_little_room_is_no_wrong_answer(void **state)
{
	static const char text[] = "sport = 80 and (dport = 1 or dst 10.0.0.1) and src [::1]";
	struct socket yes = socket_of(AF_INET6, "::1", 80, "::2", 1);
	struct socket no = socket_of(AF_INET6, "::1", 80, "::2", 2);
	size_t last = 0;

	(void)state;
	for (size_t room = 0; room < 128; room++) {
		struct translated t;
		bool passes;

		translate(&t, text, room);
		assert_true(t.len <= room);
		yes.kernel_filtered = no.kernel_filtered = t.len > 0;
		assert_true(bytecode_run(t.code, t.len, &yes, false));
		assert_int_equal(filter_match(t.filter, &yes), TRI_YES);
		passes = bytecode_run(t.code, t.len, &no, false);
		assert_false(passes && filter_match(t.filter, &no) == TRI_YES);
		last = t.len > last ? t.len : last;
		filter_free(t.filter);
	}
	assert_true(last > 64);
}

/* Only the kernel knows which ports it chose. */
static void autobound_is_the_kernels_or_nobodys(void **state)
{
	static const struct {
		const char *text;
		bool decidable;
	} rows[] = {
		{ "autobound", true },
		{ "not autobound", true },
		{ "autobound and recvq > 0", true },
		{ "autobound or sport = 80", true },
		{ "autobound or src unix:@x", true },
		{ "autobound or recvq > 0", false },
		{ "not (autobound and state listening)", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct translated t;
		const char *word;

		translate(&t, rows[i].text, sizeof(t.code));
		word = filter_undecidable(t.filter);
		if (rows[i].decidable)
			assert_null(word);
		else
			assert_string_equal(word, "autobound");
		filter_free(t.filter);
	}
	assert_null(filter_undecidable(NULL));
}

/* Without bytecode (a recording) there is no kernel to know. */
static void autobound_is_unknown_without_the_kernel(void **state)
{
	int first, last = port_range(&first);
	struct socket sk = socket_of(AF_INET, "127.0.0.1", (uint16_t)last, "127.0.0.1", 80);
	struct filter_error error;
	struct filter *filter;

	(void)state;
	assert_int_equal(filter_parse(&filter, "autobound", &error), 0);
	assert_string_equal(filter_undecidable(filter), "autobound");
	assert_int_equal(filter_match(filter, &sk), TRI_UNKNOWN);
	sk.local.port = (uint16_t)first;
	assert_int_equal(filter_match(filter, &sk), TRI_UNKNOWN);
	sk.local.port = (uint16_t)(first - 1);
	assert_int_equal(filter_match(filter, &sk), first ? TRI_NO : TRI_UNKNOWN);
	filter_free(filter);
}

/* A name is every address it has: `=` any of them, `!=` none of them. */
static void a_name_is_all_its_addresses(void **state)
{
	struct socket rows[] = {
		socket_of(AF_INET, "127.0.0.1", 1, "192.0.2.2", 2),
		socket_of(AF_INET6, "::1", 1, "2001:db8::2", 2),
		socket_of(AF_INET6, "::1", 1, "::ffff:192.0.2.2", 2),
		socket_of(AF_INET, "127.0.0.1", 1, "192.0.2.1", 2),
		socket_of(AF_INET6, "::1", 1, "2001:db8::3", 2),
	};
	struct translated is, is_not;

	(void)state;
	translate(&is, "dport = 2 dst two.example", sizeof(is.code));
	translate(&is_not, "dst != two.example:2 and dport = 2", sizeof(is_not.code));
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool same = i < 3;

		assert_int_equal(bytecode_run(is.code, is.len, &rows[i], false), same);
		assert_int_equal(filter_match(is.filter, &rows[i]), same ? TRI_YES : TRI_NO);
		assert_int_equal(bytecode_run(is_not.code, is_not.len, &rows[i], false), !same);
		assert_int_equal(filter_match(is_not.filter, &rows[i]), same ? TRI_NO : TRI_YES);
	}
	filter_free(is.filter);
	filter_free(is_not.filter);
}

/* The interpreter's own check: what the kernel refuses it refuses. */
static void the_audit_refuses_what_the_kernel_refuses(void **state)
{
	static const struct {
		struct inet_diag_bc_op code[2];
		size_t len;
		int expected;
	} rows[] = {
		{ { { INET_DIAG_BC_AUTO, 4, 8 } }, 4, 0 },
		{ { { INET_DIAG_BC_S_GE, 8, 12 }, { 0, 0, 80 } }, 8, 0 },
		{ { { INET_DIAG_BC_JMP, 4, 4 } }, 4, 0 },
		{ { { INET_DIAG_BC_AUTO, 4, 8 } }, 3, -EINVAL },               /* cut */
		{ { { INET_DIAG_BC_S_GE, 8, 12 } }, 4, -EINVAL },              /* no operand */
		{ { { INET_DIAG_BC_AUTO, 4, 12 } }, 4, -EINVAL },              /* too far */
		{ { { INET_DIAG_BC_AUTO, 4, 6 } }, 4, -EINVAL },               /* not aligned */
		{ { { INET_DIAG_BC_AUTO, 0, 8 } }, 4, -EINVAL },               /* no progress */
		{ { { INET_DIAG_BC_S_GE, 8, 4 }, { 0, 0, 80 } }, 8, -EINVAL }, /* into itself */
		{ { { 99, 4, 8 } }, 4, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(bytecode_audit(rows[i].code, rows[i].len), rows[i].expected);
}

/* ---- at random ---- */

#define EXPRESSIONS 4000
#define SOCKETS     40

struct tallies {
	unsigned long yes, no, undecidable, mixed;
};

/* One socket: kernel and filter together must say what is true; and so must the filter alone,
 * where it can. */
static void compare_one(const struct translated *t, const char *text, const struct expr *e,
			uint64_t *random, bool has_autobound, struct tallies *tallies)
{
	struct socket sk;
	bool autobound = next_random(random) >> 40 & 1;
	bool truth, together, passes;
	uint32_t states = STATES_ALL;

	socket_random(&sk, random);
	truth = expr_holds(e, &sk, autobound);
	filter_states(t->filter, &states);
	sk.kernel_filtered = t->len > 0;
	passes = (states & STATE_BIT(sk.state)) && bytecode_run(t->code, t->len, &sk, autobound);
	together = passes && filter_match(t->filter, &sk) == TRI_YES;
	if (together != truth)
		fail_msg("'%s': should be %d (kernel passes it: %d)", text, truth, passes);
	sk.kernel_filtered = false;
	if (!has_autobound && filter_match(t->filter, &sk) != (truth ? TRI_YES : TRI_NO))
		fail_msg("'%s': the filter alone should say %d", text, truth);
	tallies->yes += truth;
	tallies->no += !truth;
	tallies->mixed += passes && !truth;
}

static void compare_many(const struct expr_style *style, struct tallies *tallies)
{
	uint64_t random = UINT64_C(0x2545F4914F6CDD1D);
	static struct expr_pool pool;
	static struct translated t;
	char text[4096];

	*tallies = (struct tallies){ 0 };
	for (int i = 0; i < EXPRESSIONS; i++) {
		const struct expr *e;
		bool has_autobound;

		pool.used = 0;
		e = expr_random(&pool, &random, style, 1 + i % 5);
		expr_write(e, &random, text, sizeof(text));
		has_autobound = strstr(text, "autobound");
		translate(&t, text, sizeof(t.code));
		if (!style->beyond_kernel && (!t.len || filter_undecidable(t.filter)))
			fail_msg("'%s' is not all the kernel's", text);
		if (filter_undecidable(t.filter))
			tallies->undecidable++;
		for (int j = 0; !filter_undecidable(t.filter) && j < SOCKETS; j++)
			compare_one(&t, text, e, &random, has_autobound, tallies);
		filter_free(t.filter);
	}
	printf("# %d expressions on %d sockets each: %lu yes, %lu no; %lu left to the filter; "
	       "%lu undecidable\n",
	       EXPRESSIONS, SOCKETS, tallies->yes, tallies->no, tallies->mixed,
	       tallies->undecidable);
	/* Both answers must be common, or agreement would say little. */
	assert_true(tallies->yes > EXPRESSIONS && tallies->no > EXPRESSIONS);
}

static void the_kernel_alone_decides_as_the_filter(void **state)
{
	static const struct expr_style style = { .autobound = false };
	struct tallies tallies;

	(void)state;
	compare_many(&style, &tallies);
	assert_int_equal(tallies.mixed, 0);
}

static void so_with_what_only_it_knows(void **state)
{
	static const struct expr_style style = { .autobound = true };
	struct tallies tallies;

	(void)state;
	compare_many(&style, &tallies);
	assert_int_equal(tallies.mixed, 0);
}

static void kernel_and_filter_share_the_rest(void **state)
{
	static const struct expr_style style = { .autobound = true, .beyond_kernel = true };
	struct tallies tallies;

	(void)state;
	compare_many(&style, &tallies);
	assert_true(tallies.mixed > EXPRESSIONS && tallies.undecidable > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_is_two_bounds),
		cmocka_unit_test(not_is_a_jump_over_the_end),
		cmocka_unit_test(or_jumps_over_its_right_side),
		cmocka_unit_test(autobound_is_within_the_range),
		cmocka_unit_test(nothing_is_no_code),
		cmocka_unit_test(the_kernel_gets_what_it_can_decide),
		cmocka_unit_test(too_little_room_is_no_wrong_answer),
		cmocka_unit_test(autobound_is_the_kernels_or_nobodys),
		cmocka_unit_test(autobound_is_unknown_without_the_kernel),
		cmocka_unit_test(a_name_is_all_its_addresses),
		cmocka_unit_test(the_audit_refuses_what_the_kernel_refuses),
		cmocka_unit_test(the_kernel_alone_decides_as_the_filter),
		cmocka_unit_test(so_with_what_only_it_knows),
		cmocka_unit_test(kernel_and_filter_share_the_rest),
	};

	return cmocka_run_group_tests_name("bytecode", tests, NULL, NULL);
}
