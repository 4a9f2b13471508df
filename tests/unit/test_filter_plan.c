/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a filter means for the plan: the states that are asked for, what must be known, and what
 * --explain-filter says about it.
 */
#include "config.h"

#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "filter/filter.h"
#include "plan/needs.h"

static struct filter *parse(const char *text)
{
	struct filter_error error = { 0 };
	struct filter *filter;

	if (filter_parse(&filter, text, &error) != 0)
		fail_msg("'%s': column %zu: %s", text, error.column, error.text);
	return filter;
}

/* ---- which states can be ---- */

#define S(name) STATE_BIT(STATE_##name)
/* Each is shown as one state. */
#define SYN_RECVS (S(SYN_RECV) | S(NEW_SYN_RECV))
#define CLOSES    (S(CLOSE) | S(BOUND_INACTIVE))
#define NOT(set)  (STATES_ALL & ~(set))

static void states_that_can_be(void **state)
{
	static const uint32_t bucket = SYN_RECVS | S(TIME_WAIT);
	const struct {
		const char *text;
		uint32_t states; /* 0: the options decide */
	} rows[] = {
		{ "state established", S(ESTABLISHED) },
		{ "state ESTAB", S(ESTABLISHED) },
		{ "state Time-Wait", S(TIME_WAIT) },
		{ "state fin_wait_2", S(FIN_WAIT2) },
		{ "state unconnected", CLOSES },
		{ "state closed", CLOSES },
		{ "state bound-inactive", S(BOUND_INACTIVE) },
		{ "state bound_inactive", S(BOUND_INACTIVE) },
		{ "exclude bound-inactive", NOT(S(BOUND_INACTIVE)) },
		{ "state listening", S(LISTEN) },
		{ "state syn-rcv", SYN_RECVS },
		{ "state syn_recv", SYN_RECVS },
		{ "exclude syn-recv", NOT(SYN_RECVS) },
		{ "state bucket", bucket },
		{ "state big", NOT(bucket) },
		{ "state all", STATES_ALL },
		{ "state connected", NOT(S(LISTEN) | CLOSES) },
		{ "state synchronized", NOT(S(LISTEN) | CLOSES | S(SYN_SENT)) },
		{ "state closing state listening", S(CLOSING) | S(LISTEN) },
		{ "exclude listening", NOT(S(LISTEN)) },
		{ "exclude listening exclude closed", NOT(S(LISTEN) | CLOSES) },
		{ "state connected exclude closing exclude time-wait",
		  NOT(S(LISTEN) | CLOSES | S(CLOSING) | S(TIME_WAIT)) },
		{ "state != listening", NOT(S(LISTEN)) },
		{ "exclude != listening", S(LISTEN) },
		{ "not state listening", NOT(S(LISTEN)) },
		{ "not exclude listening", S(LISTEN) },
		{ "not (state listening or state closing)", NOT(S(LISTEN) | S(CLOSING)) },
		{ "not (state listening or pid 1)", NOT(S(LISTEN)) },
		{ "not (state listening and pid 1)", STATES_ALL },
		{ "not not state closing", S(CLOSING) },
		{ "state listening pid 1", S(LISTEN) },
		{ "pid 1 and (state listening or state closing)", S(LISTEN) | S(CLOSING) },
		{ "state listening or pid 1", STATES_ALL },
		{ "state listening pid 1 or state closing pid 2", S(LISTEN) | S(CLOSING) },
		{ "pid 1", 0 },
		{ "not pid 1", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filter *filter = parse(rows[i].text);
		uint32_t states = 0;

		assert_int_equal(filter_states(filter, &states), rows[i].states != 0);
		if (states != rows[i].states)
			fail_msg("'%s': 0x%x instead of 0x%x", rows[i].text, states,
				 rows[i].states);
		filter_free(filter);
	}
}

static void states_that_cannot_be(void **state)
{
	struct filter *filter = parse("state listening and state closing");
	uint32_t states = 99;

	(void)state;
	assert_true(filter_states(filter, &states));
	assert_int_equal(states, 0);
	filter_free(filter);
}

/* ---- what must be known ---- */

static void needs_are_those_of_every_word(void **state)
{
	static const unsigned int judge = NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO;
	const struct {
		const char *text;
		unsigned int needs;
	} rows[] = {
		{ "sport = 80 and src 10.0.0.1", 0 },
		{ "sport = 80 or dev 1", NEED_ONE_NETNS },
		{ "state closing recvq > 0 sendq > 0 uid 0 inode 1 cookie 1 netid tcp", 0 },
		{ "unsent > 0", NEED_TCP_INFO },
		{ "not unacked > 0", NEED_TCP_INFO },
		{ "idle > 5m", NEED_TCP_INFO },
		{ "pid 1", NEED_OWNERS },
		{ "comm x", NEED_OWNERS },
		{ "linger off", NEED_LINGER },
		{ "risk likely", judge },
		{ "reason shared", judge | NEED_OWNERS },
		{ "cgroup /", NEED_CGROUP | NEED_CGROUP_NAMED },
		{ "fwmark 1", NEED_MARK },
		{ "sport = 1 or not (pid 1 and cgroup /)",
		  NEED_OWNERS | NEED_CGROUP | NEED_CGROUP_NAMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filter *filter = parse(rows[i].text);

		if (filter_needs(filter) != rows[i].needs)
			fail_msg("'%s': needs 0x%x instead of 0x%x", rows[i].text,
				 filter_needs(filter), rows[i].needs);
		filter_free(filter);
	}
}

/* ---- --explain-filter ---- */

#define SCTP_STATES                                                                    \
	" cookie_wait cookie_echoed shutdown_pending shutdown_sent shutdown_received " \
	"shutdown_ack_sent"

static const struct {
	const char *text, *states, *kernel, *here;
} explained[] = {
	{ "sport = 80", "those of the options", "sport = 80", "nothing" },
	{ "recvq > 0", "those of the options", "nothing", "recvq > 0" },
	{ "state listen", "listen", "nothing", "nothing" },
	{ "state closing state listen dport 1", "listen closing", "dport = 1", "nothing" },
	{ "exclude listen pid 7 and sport 1",
	  "established syn_sent syn_recv fin_wait1 fin_wait2 time_wait close close_wait last_ack "
	  "closing bound_inactive" SCTP_STATES,
	  "sport = 1", "pid = 7" },
	{ "state close and state listen", "none", "nothing", "nothing" },
	{ "sport 1 pid 2 dport 3 uid 4", "those of the options", "sport = 1 and dport = 3",
	  "pid = 2 and uid = 4" },
	{ "sport 1 or pid 2", "those of the options", "nothing", "(sport = 1 or pid = 2)" },
	{ "not (sport >= 1 or dst 10.0.0.1)", "those of the options",
	  "not ((sport >= 1 or dst = 10.0.0.1))", "nothing" },
	{ "not (state listen state close) or pid 1",
	  "established syn_sent syn_recv fin_wait1 fin_wait2 time_wait close close_wait last_ack "
	  "listen closing bound_inactive" SCTP_STATES,
	  "nothing", "(not ((state = listen or state = close)) or pid = 1)" },
	{ "not autobound comm !=x", "those of the options", "not (autobound)", "comm != x" },
	{ "comm \"a (b)\" sport 1", "those of the options", "sport = 1", "comm = \"a (b)\"" },
	{ "comm \x1b[31m", "those of the options", "nothing", "comm = \\x1b[31m" },
};

static void says_what_is_decided_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(explained); i++) {
		struct filter *filter = parse(explained[i].text);
		char code[1024], said[1024], expected[1024];
		FILE *out = tmpfile();
		struct outbuf b;
		size_t n;

		assert_non_null(out);
		assert_int_equal(outbuf_open(&b, fileno(out)), 0);
		filter_bytecode(filter, code, sizeof(code));
		filter_explain(filter, &b);
		assert_int_equal(outbuf_close(&b), 0);
		rewind(out);
		n = fread(said, 1, sizeof(said) - 1, out);
		said[n] = '\0';
		fclose(out);
		snprintf(expected, sizeof(expected),
			 "states asked for:  %s\nkernel decides:    %s\ndecided here:      %s\n%s",
			 explained[i].states, explained[i].kernel, explained[i].here,
			 strcmp(explained[i].kernel, "nothing") == 0
				 ? ""
				 : "other families:    decided here, but for states of unix and "
				   "vsock\n");
		assert_string_equal(said, expected);
		filter_free(filter);
	}
}

/* ---- before everything is known ---- */

#define OWNERS (NEED_OWNERS | NEED_LINGER | NEED_FORECAST)

/* What says NO here says it when holders and linger are known too. */
static void a_no_without_owners_is_a_no(void **state)
{
	static const struct {
		const char *text;
		enum tri expected;
	} rows[] = {
		{ "sport = 80", TRI_YES },
		{ "sport = 81", TRI_NO },
		{ "sport = 81 and pid = 5", TRI_NO },
		{ "sport = 80 and pid = 5", TRI_UNKNOWN },
		{ "sport = 81 or comm = x", TRI_UNKNOWN },
		{ "not (sport = 80 or comm = x)", TRI_NO },
		/* The record has neither; that says nothing. */
		{ "linger unknown", TRI_UNKNOWN },
		{ "not linger unknown", TRI_UNKNOWN },
		{ "linger = 0", TRI_UNKNOWN },
		{ "reason != linger-unknown", TRI_UNKNOWN },
		{ "reason shared", TRI_UNKNOWN },
		{ "risk = none", TRI_UNKNOWN },
		{ "peerpid = 1", TRI_UNKNOWN },
	};
	struct socket sk;

	(void)state;
	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.family = AF_INET;
	sk.state = STATE_LISTEN;
	sk.local.port = 80;
	sk.inode = 5;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filter *filter = parse(rows[i].text);

		if (filter_match_without(filter, &sk, OWNERS) != rows[i].expected)
			fail_msg("'%s'", rows[i].text);
		filter_free(filter);
	}
	assert_int_equal(filter_match_without(NULL, &sk, OWNERS), TRI_YES);
}

/* Only a path asks for the names of peers. */
static void a_path_asks_for_names(void **state)
{
	static const struct {
		const char *text;
		unsigned int needs;
	} rows[] = {
		{ "dst unix:/run/x", NEED_PEER_NAMES },
		{ "sport = 1 or not dst @x", NEED_PEER_NAMES },
		{ "src unix:/run/x", 0 },
		{ "dst 10.0.0.1", 0 },
		{ "dst :80", 0 },
		{ "peercomm x", NEED_OWNERS | NEED_PEER_HOLDERS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filter *filter = parse(rows[i].text);

		assert_int_equal(filter_needs(filter), rows[i].needs);
		filter_free(filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_that_can_be),
		cmocka_unit_test(states_that_cannot_be),
		cmocka_unit_test(needs_are_those_of_every_word),
		cmocka_unit_test(says_what_is_decided_where),
		cmocka_unit_test(a_no_without_owners_is_a_no),
		cmocka_unit_test(a_path_asks_for_names),
	};

	return cmocka_run_group_tests_name("filter plan", tests, NULL, NULL);
}
