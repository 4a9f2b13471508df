/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The measures and their thresholds: the table is sound, each number is made of what it says, and
 * what is not known never counts as good.
 */
#include "config.h"

#include "unit/unit.h"

#include <math.h>
#include <string.h>

#include "judge/limits.h"
#include "measure/thresholds.h"
#include "plan/needs.h"
#include "present/plugin.h"

struct fixture {
	struct counts counts;
	struct facts facts;
};

static void setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	facts_init(&f->facts, &f->counts);
	f->facts.dumped = true;
}

static size_t index_of(const char *name)
{
	size_t n;
	const struct measure *measures = measure_table(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(measures[i].name, name) == 0)
			return i;
	fail_msg("no measure '%s'", name);
	return 0;
}

static const struct measure *measure(const char *name)
{
	size_t n;

	return &measure_table(&n)[index_of(name)];
}

static struct measured get(const struct fixture *f, const char *name)
{
	return measure_get(measure(name), &f->facts);
}

static void assert_exactly(struct measured value, double expected)
{
	assert_true(measured_known(value));
	assert_true(value.least == expected);
}

static void assert_unknown(struct measured value)
{
	assert_false(measured_known(value));
	assert_true(isinf(value.least) && isinf(value.most));
}

static struct socket a_socket(enum netid netid, enum sock_state state)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = netid;
	sk.family = AF_INET;
	sk.state = state;
	sk.unread_bytes = 0;
	return sk;
}

static void add(struct fixture *f, const struct socket *sk)
{
	facts_add(&f->facts, sk);
	tally_add(&f->counts.tally, sk, true);
}

/* --- the table ------------------------------------------------------------------------------- */

static void the_table_is_sound(void **state)
{
	size_t n;
	const struct measure *measures = measure_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct measure *m = &measures[i];
		struct range range;
		const char *why;

		assert_int_equal(strspn(m->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				 strlen(m->name));
		assert_true(strlen(m->help) < 60);
		assert_non_null(strstr("|B|s|%||", m->uom));
		assert_non_null(m->get);
		assert_true(!m->states == !m->netids);
		assert_true(!m->warn || range_parse(&range, m->warn, &why) == 0);
		assert_true(!m->crit || range_parse(&range, m->crit, &why) == 0);
		assert_true(index_of(m->name) == i); /* no name twice */
	}
}

static void the_defaults_need_no_privilege(void **state)
{
	size_t n;
	const struct measure *measures = measure_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		if (measures[i].warn || measures[i].crit)
			assert_int_equal(measures[i].needs & (NEED_LINGER | NEED_OWNERS), 0);
}

/* --- numbers --------------------------------------------------------------------------------- */

static void states_are_counted_of_tcp_unless_named(void **state)
{
	struct fixture f;
	struct socket sk = a_socket(NETID_TCP, STATE_CLOSE_WAIT);

	(void)state;
	setup(&f);
	add(&f, &sk);
	add(&f, &sk);
	sk = a_socket(NETID_MPTCP, STATE_CLOSE_WAIT);
	add(&f, &sk);
	sk = a_socket(NETID_TCP, STATE_TIME_WAIT);
	add(&f, &sk);
	assert_exactly(get(&f, "close_wait"), 2);
	assert_exactly(get(&f, "time_wait"), 1);
	assert_exactly(get(&f, "total"), 3);
	f.facts.named = NETID_BIT(NETID_MPTCP);
	assert_exactly(get(&f, "close_wait"), 1);
	assert_exactly(get(&f, "total"), 1);
}

static void a_dump_with_gaps_is_no_number(void **state)
{
	static const char *const names[] = {
		"time_wait",     "close_wait",           "total",
		"risk_certain",  "loss_bytes",           "unread_bytes",
		"ports_percent", "listen_queue_percent", "close_wait_silent_seconds",
	};
	struct fixture f;

	(void)state;
	setup(&f);
	f.facts.dumped = false;
	f.facts.silent_seconds = 4;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_unknown(get(&f, names[i]));
}

static void undecided_sockets_may_all_belong(void **state)
{
	struct fixture f;
	struct measured value;

	(void)state;
	setup(&f);
	f.facts.undecided = 3;
	value = get(&f, "close_wait");
	assert_true(value.least == 0 && value.most == 3);
	value = get(&f, "unread_bytes");
	assert_true(value.least == 0 && isinf(value.most));
}

static void a_risk_counts_the_worse_ones_too(void **state)
{
	struct fixture f;
	struct socket sk = a_socket(NETID_TCP, STATE_ESTABLISHED);

	(void)state;
	setup(&f);
	sk.close.risk = sk.close.risk_max = RISK_CERTAIN;
	add(&f, &sk);
	sk.close.risk = sk.close.risk_max = RISK_LIKELY;
	add(&f, &sk);
	assert_exactly(get(&f, "risk_certain"), 1);
	assert_exactly(get(&f, "risk_likely"), 2);
	assert_exactly(get(&f, "risk_possible"), 2);
}

static void an_unknown_linger_leaves_bounds(void **state)
{
	struct fixture f;
	struct socket sk = a_socket(NETID_TCP, STATE_ESTABLISHED);
	struct measured value;

	(void)state;
	setup(&f);
	sk.close.risk = RISK_NONE;
	sk.close.risk_max = RISK_CERTAIN;
	sk.close.reasons = REASON_BIT(REASON_LINGER_UNKNOWN);
	sk.close.loss_max_bytes = 500;
	add(&f, &sk);
	value = get(&f, "risk_certain");
	assert_true(value.least == 0 && value.most == 1);
	value = get(&f, "loss_bytes");
	assert_true(value.least == 0 && value.most == 500);
	sk.close.reasons = 0;
	add(&f, &sk);
	value = get(&f, "loss_bytes");
	assert_true(value.least == 500 && value.most == 1000);
	sk.close.loss_max_bytes = UNKNOWN;
	add(&f, &sk);
	value = get(&f, "loss_bytes");
	assert_true(value.least == 500 && isinf(value.most));
}

static void unread_bytes_are_those_of_connections(void **state)
{
	struct fixture f;
	struct socket sk = a_socket(NETID_TCP, STATE_ESTABLISHED);

	(void)state;
	setup(&f);
	sk.unread_bytes = 40;
	add(&f, &sk);
	sk.state = STATE_LISTEN;
	sk.unread_bytes = UNKNOWN;
	add(&f, &sk);
	sk = a_socket(NETID_MPTCP, STATE_ESTABLISHED);
	sk.unread_bytes = UNKNOWN;
	add(&f, &sk);
	assert_exactly(get(&f, "unread_bytes"), 40);
	f.facts.named = NETID_BIT(NETID_MPTCP) | NETID_BIT(NETID_TCP);
	add(&f, &sk);
	assert_false(measured_known(get(&f, "unread_bytes")));
}

static void the_machine_is_unknown_until_read(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	assert_unknown(get(&f, "orphans"));
	assert_unknown(get(&f, "orphans_percent"));
	assert_unknown(get(&f, "time_wait_percent"));
	assert_unknown(get(&f, "tcp_mem_percent"));
	assert_unknown(get(&f, "close_wait_silent_seconds"));
	assert_unknown(get(&f, "aborts_on_data_rate"));
	f.facts.machine.orphans = 30;
	f.facts.machine.orphans_max = 120;
	assert_exactly(get(&f, "orphans"), 30);
	assert_exactly(get(&f, "orphans_percent"), 25);
	f.facts.rates[MACHINE_ABORT_ON_DATA] = 2.5;
	assert_exactly(get(&f, "aborts_on_data_rate"), 2.5);
	f.facts.silent_seconds = 0;
	assert_exactly(get(&f, "close_wait_silent_seconds"), 0);
}

/* --- plans ----------------------------------------------------------------------------------- */

static void a_plan_covers_what_it_finds_out(void **state)
{
	struct measure_plan plan = { 0 };

	(void)state;
	measure_plan_add(&plan, measure("time_wait"));
	assert_int_equal(plan.states, STATE_BIT(STATE_TIME_WAIT));
	assert_int_equal(plan.needs, 0);
	assert_int_equal(plan.machine_parts, 0);
	assert_true(measure_plan_covers(&plan, measure("time_wait")));
	assert_false(measure_plan_covers(&plan, measure("close_wait")));
	assert_false(measure_plan_covers(&plan, measure("total")));
	assert_false(measure_plan_covers(&plan, measure("orphans")));
	assert_false(measure_plan_covers(&plan, measure("aborts_on_data_rate")));
	measure_plan_add(&plan, measure("total"));
	assert_true(measure_plan_covers(&plan, measure("close_wait")));
	assert_true(measure_plan_covers(&plan, measure("unread_bytes")));
	assert_false(measure_plan_covers(&plan, measure("risk_certain")));
	assert_false(measure_plan_covers(&plan, measure("ports_percent")));
}

static void limits_read_no_sockets(void **state)
{
	struct measure_plan plan = { 0 };

	(void)state;
	measure_plan_add(&plan, measure("time_wait_percent"));
	measure_plan_add(&plan, measure("orphans_percent"));
	assert_int_equal(plan.states, 0);
	assert_int_equal(plan.netids, 0);
}

static void a_measure_blames_its_own(void **state)
{
	struct socket sk = a_socket(NETID_TCP, STATE_ESTABLISHED);

	(void)state;
	sk.close.risk = RISK_LIKELY;
	assert_true(measure_blames(measure("established"), &sk));
	assert_false(measure_blames(measure("close_wait"), &sk));
	assert_true(measure_blames(measure("risk_possible"), &sk));
	assert_true(measure_blames(measure("risk_likely"), &sk));
	assert_false(measure_blames(measure("risk_certain"), &sk));
	assert_false(measure_blames(measure("unread_bytes"), &sk));
	sk.unread_bytes = 1;
	assert_true(measure_blames(measure("unread_bytes"), &sk));
}

/* --- thresholds ------------------------------------------------------------------------------ */

static void set(struct threshold *t, const char *text)
{
	const char *why;

	assert_int_equal(range_parse(&t->range, text, &why), 0);
	t->set = true;
}

static void judges_by_both_ranges(void **state)
{
	static const struct {
		double least, most;
		enum verdict verdict;
	} cases[] = {
		{ 10, 10, VERDICT_OK },       { 11, 11, VERDICT_WARNING },
		{ 20, 20, VERDICT_WARNING },  { 21, 21, VERDICT_CRITICAL },
		{ 0, 10, VERDICT_OK },        { 0, 11, VERDICT_UNKNOWN },
		{ 11, 20, VERDICT_WARNING },  { 11, 30, VERDICT_WARNING }, /* bad at least */
		{ 21, 30, VERDICT_CRITICAL }, { -INFINITY, INFINITY, VERDICT_UNKNOWN },
	};
	struct thresholds t = { 0 };
	size_t i = index_of("close_wait");

	(void)state;
	set(&t.warn[i], "10");
	set(&t.crit[i], "20");
	for (size_t k = 0; k < COUNT(cases); k++) {
		struct measured value = { cases[k].least, cases[k].most };

		if (thresholds_judge(&t, i, value) != cases[k].verdict)
			fail_msg("%g to %g: not %s", value.least, value.most,
				 verdict_name(cases[k].verdict));
	}
}

static void bad_is_worse_than_unknown(void **state)
{
	(void)state;
	assert_int_equal(verdict_worse(VERDICT_OK, VERDICT_UNKNOWN), VERDICT_UNKNOWN);
	assert_int_equal(verdict_worse(VERDICT_UNKNOWN, VERDICT_WARNING), VERDICT_WARNING);
	assert_int_equal(verdict_worse(VERDICT_CRITICAL, VERDICT_WARNING), VERDICT_CRITICAL);
	assert_int_equal(verdict_worse(VERDICT_OK, VERDICT_OK), VERDICT_OK);
}

static void the_defaults_are_those_of_the_table(void **state)
{
	struct thresholds t = { .chosen = true };
	size_t n;
	const struct measure *measures = measure_table(&n);
	unsigned int any = 0;

	(void)state;
	thresholds_default(&t);
	assert_false(t.chosen);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(t.warn[i].set, measures[i].warn != NULL);
		assert_int_equal(t.crit[i].set, measures[i].crit != NULL);
		any += thresholds_has(&t, i);
	}
	assert_true(any >= 5);
}

/* --- the line -------------------------------------------------------------------------------- */

static void assert_line(const struct plugin_report *r, const char *expected)
{
	struct outbuf b;

	assert_int_equal(outbuf_open(&b, -1), 0);
	plugin_line(&b, r);
	outbuf_char(&b, '\0');
	assert_string_equal(b.data, expected);
	outbuf_close(&b);
}

static void report(struct plugin_report *r, const char *name, double least, double most)
{
	size_t i = index_of(name);

	r->measured[i] = true;
	r->values[i] = (struct measured){ least, most };
	r->verdicts[i] = thresholds_judge(r->thresholds, i, r->values[i]);
	r->verdict = verdict_worse(r->verdict, r->verdicts[i]);
}

static void the_worst_comes_first(void **state)
{
	struct thresholds t = { 0 };
	struct plugin_report r = { .thresholds = &t };

	(void)state;
	set(&t.warn[index_of("time_wait")], "10");
	set(&t.crit[index_of("unread_bytes")], "100");
	set(&t.warn[index_of("close_wait")], "@0:5");
	report(&r, "time_wait", 7, 7);
	report(&r, "total", 9, 9);
	report(&r, "close_wait", 3, 3);
	report(&r, "unread_bytes", 101, 101);
	assert_line(&r,
		    "LINGERSTAT CRITICAL: unread_bytes 101B (critical beyond 100), close_wait 3 "
		    "(warning is @0:5), time_wait 7 | time_wait=7;10;;0 close_wait=3;@0:5;;0 "
		    "total=9;;;0 unread_bytes=101B;;100;0\n");
}

static void what_is_unknown_has_no_perfdata(void **state)
{
	struct thresholds t = { .chosen = true };
	struct plugin_report r = { .thresholds = &t };

	(void)state;
	set(&t.warn[index_of("orphans_percent")], "80");
	report(&r, "orphans_percent", -INFINITY, INFINITY);
	assert_line(&r, "LINGERSTAT UNKNOWN: orphans_percent unknown\n");
	set(&t.warn[index_of("risk_certain")], "1");
	set(&t.warn[index_of("loss_bytes")], "1");
	report(&r, "risk_certain", 0, 7);
	report(&r, "loss_bytes", 0, INFINITY);
	report(&r, "listen", 4, 4);
	assert_line(&r, "LINGERSTAT UNKNOWN: risk_certain between 0 and 7, loss_bytes "
			"at least 0, orphans_percent unknown | listen=4;;;0\n");
}

static void numbers_have_no_exponent(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 10, "10" },
		{ 1e15, "1000000000000000" },
		{ 0.5, "0.5" },
		{ 33.3333333, "33.333" },
		{ 100, "100" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outbuf b;

		assert_int_equal(outbuf_open(&b, -1), 0);
		plugin_number(&b, cases[i].value);
		outbuf_char(&b, '\0');
		assert_string_equal(b.data, cases[i].text);
		outbuf_close(&b);
	}
}

static void others_text_begins_no_perfdata(void **state)
{
	struct outbuf b;

	(void)state;
	assert_int_equal(outbuf_open(&b, -1), 0);
	plugin_unknown(&b, "a|b=1");
	outbuf_char(&b, '\0');
	assert_string_equal(b.data, "LINGERSTAT UNKNOWN: a!b=1\n");
	outbuf_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sound),
		cmocka_unit_test(the_defaults_need_no_privilege),
		cmocka_unit_test(states_are_counted_of_tcp_unless_named),
		cmocka_unit_test(a_dump_with_gaps_is_no_number),
		cmocka_unit_test(undecided_sockets_may_all_belong),
		cmocka_unit_test(a_risk_counts_the_worse_ones_too),
		cmocka_unit_test(an_unknown_linger_leaves_bounds),
		cmocka_unit_test(unread_bytes_are_those_of_connections),
		cmocka_unit_test(the_machine_is_unknown_until_read),
		cmocka_unit_test(a_plan_covers_what_it_finds_out),
		cmocka_unit_test(limits_read_no_sockets),
		cmocka_unit_test(a_measure_blames_its_own),
		cmocka_unit_test(judges_by_both_ranges),
		cmocka_unit_test(bad_is_worse_than_unknown),
		cmocka_unit_test(the_defaults_are_those_of_the_table),
		cmocka_unit_test(the_worst_comes_first),
		cmocka_unit_test(what_is_unknown_has_no_perfdata),
		cmocka_unit_test(numbers_have_no_exponent),
		cmocka_unit_test(others_text_begins_no_perfdata),
	};

	return cmocka_run_group_tests_name("measures", tests, NULL, NULL);
}
