/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forecast: every row of close_rows.c through the decoder and the judge, and what must hold
 * for every socket whatever its queues, linger and options.
 */
#include "config.h"

#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/close.h"
#include "source/source.h"
#include "unit/close_rows.h"
#include "unit/diag.h"

static void decode(const struct given *g, struct socket *sk)
{
	char buf[DIAG_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct inet_diag_msg msg = {
		.idiag_family = AF_INET,
		.idiag_state = (uint8_t)g->state,
		.idiag_timer = g->timer,
		.idiag_rqueue = g->rqueue,
		.idiag_wqueue = g->wqueue,
		.idiag_inode = g->no_inode ? 0 : 4711,
		.id = { .idiag_cookie = { 1, 0 } },
	};
	struct nlmsghdr *nlh = diag_start(buf, SOCK_DIAG_BY_FAMILY, &msg);
	uint8_t info[TCP_INFO_SIZE] = { 0 };
	uint64_t bad = 0;

	info_set(info, AT_RETRANSMITS, 1, g->retransmits);
	info_set(info, AT_BACKOFF, 1, g->backoff);
	info_set(info, AT_UNACKED, 4, g->unacked);
	info_set(info, AT_NOTSENT, 4, g->notsent);
	info_set(info, AT_SND_WND, 4, g->snd_wnd);
	info_set(info, AT_LAST_ACK_RECV, 4, g->last_ack_recv_ms);
	diag_attr(nlh, INET_DIAG_INFO, info, g->short_info ? AT_NOTSENT : sizeof(info));
	assert_int_equal(family_tcp.decode(nlh, sk, &bad), 0);
	assert_int_equal(bad, 0);
}

static void set_linger(const struct given *g, struct socket *sk)
{
	struct linger_setting *l = &sk->linger;

	if (g->linger == DECODED)
		return;
	if (g->linger == NOT_READ)
		*l = (struct linger_setting){ .kind = LINGER_UNKNOWN, .seconds = UNKNOWN };
	else if (g->linger == OFF)
		*l = (struct linger_setting){ .kind = LINGER_OFF };
	else if (g->linger == ENDLESS)
		*l = (struct linger_setting){ LINGER_ON, LINGER_FROM_BPF, true, UNKNOWN };
	else
		*l = (struct linger_setting){ LINGER_ON, LINGER_FROM_BPF, false, g->linger };
}

static void set_holders(const struct given *g, struct socket *sk)
{
	static const struct holder items[] = { { 100, 3, "app", 100 }, { 101, 3, "app", 101 } };
	static const struct holder_list lists[] = {
		[ONE] = { HOLDERS_COMPLETE, 1, items },
		[NONE_SEEN] = { HOLDERS_COMPLETE, 0, NULL },
		[NOBODY_LOOKED] = { HOLDERS_UNKNOWN, 0, NULL },
		[TWO] = { HOLDERS_COMPLETE, 2, items },
		[TWO_OF_SOME] = { HOLDERS_PARTIAL, 2, items },
		[ONE_OF_SOME] = { HOLDERS_PARTIAL, 1, items },
	};

	sk->holders = g->no_inode ? lists[NONE_SEEN] : lists[g->holders];
}

/* TCP_LINGER2 is read in the same pass as linger. */
static enum tri linger2_of(const struct given *g)
{
	if (g->linger2_unread)
		return TRI_UNKNOWN;
	if (g->linger2_negative != TRI_UNKNOWN)
		return g->linger2_negative;
	return g->linger == NOT_READ ? TRI_UNKNOWN : TRI_NO;
}

typedef void (*judge_function)(const struct socket *sk, struct close_forecast *forecast);

static struct close_forecast judge_by(judge_function function, const struct given *g)
{
	struct close_forecast f;
	struct socket sk;

	decode(g, &sk);
	set_linger(g, &sk);
	set_holders(g, &sk);
	sk.options.repair = g->repair;
	sk.options.linger2_negative = linger2_of(g);
	function(&sk, &f);
	return f;
}

static struct close_forecast judge(const struct given *g)
{
	return judge_by(judge_close, g);
}

static const char *describe(const struct expected *e, char *text, size_t size)
{
	size_t n = 0;

#define SAY(...) (n += (size_t)snprintf(text + n, n < size ? size - n : 0, __VA_ARGS__))
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (e->outcomes & OUTCOME_BIT(i))
			SAY("%s ", outcome_name((enum outcome)i));
	SAY("risk %s..%s", risk_name(e->risk), risk_name(e->risk_max));
	for (int i = 0; i < REASON_COUNT; i++)
		if (e->reasons & REASON_BIT(i))
			SAY(" %s", reason_name((enum reason)i));
	SAY(" loss %lld..%lld unread %lld block %lld", (long long)e->loss_min,
	    (long long)e->loss_max, (long long)e->unread, (long long)e->block);
#undef SAY
	return text;
}

static struct expected as_expected(const struct close_forecast *f)
{
	return (struct expected){
		.outcomes = f->outcomes,
		.risk = f->risk,
		.risk_max = f->risk_max,
		.reasons = f->reasons,
		.loss_min = f->loss_min_bytes,
		.loss_max = f->loss_max_bytes,
		.unread = f->unread_bytes,
		.block = f->block_forever ? FOREVER : f->block_seconds,
	};
}

static void judges_as_the_kernel_does(void **state)
{
	const struct row *row = *state;
	struct close_forecast f = judge(&row->given);
	struct expected got = as_expected(&f);
	char want_text[256], got_text[256];

	if (f.block_forever)
		assert_int_equal(f.block_seconds, UNKNOWN);
	describe(&row->expected, want_text, sizeof(want_text));
	assert_string_equal(describe(&got, got_text, sizeof(got_text)), want_text);
}

/* --- what must hold for every socket -------------------------------------------------------- */

static const enum sock_state states[] = {
	STATE_ESTABLISHED, STATE_SYN_SENT,   STATE_SYN_RECV, STATE_FIN_WAIT1, STATE_FIN_WAIT2,
	STATE_CLOSE,       STATE_CLOSE_WAIT, STATE_LAST_ACK, STATE_LISTEN,    STATE_CLOSING,
};
static const int lingers[] = { OFF, ON(0), ON(5), ENDLESS };
static const uint32_t numbers[] = { 0, 1, 2, 101 };

/* Calls `check` for every combination of state, queues and inode that the kernel could show. */
static void for_every_socket(void (*check)(struct given *g))
{
	for (size_t s = 0; s < COUNT(states); s++)
		for (size_t r = 0; r < COUNT(numbers); r++)
			for (size_t w = 0; w < COUNT(numbers); w++)
				for (int variant = 0; variant < 8; variant++) {
					struct given g = {
						.state = states[s],
						.rqueue = numbers[r],
						.wqueue = numbers[w],
						.no_inode = variant & 1,
						.repair = variant & 2 ? TRI_YES : TRI_NO,
						.linger2_negative = variant & 4 ? TRI_YES : TRI_NO,
					};

					check(&g);
				}
}

static void say_which(const struct given *g, const char *what)
{
	print_message("%s: %s rqueue %u wqueue %u notsent %u inode %d linger %d repair %d "
		      "linger2 %d\n",
		      what, state_ss_name(g->state), g->rqueue, g->wqueue, g->notsent, !g->no_inode,
		      g->linger, g->repair, g->linger2_negative);
}

/* The wider forecast, in which something is unknown, holds the narrower one. */
static void assert_spans(const struct given *g, const struct close_forecast *wide,
			 const struct close_forecast *narrow)
{
	bool spans = (wide->outcomes & narrow->outcomes) == narrow->outcomes &&
		     wide->risk <= narrow->risk && wide->risk_max >= narrow->risk_max &&
		     (wide->loss_min_bytes == UNKNOWN ||
		      wide->loss_min_bytes <= narrow->loss_min_bytes) &&
		     (wide->loss_max_bytes == UNKNOWN ||
		      wide->loss_max_bytes >= narrow->loss_max_bytes) &&
		     wide->unread_bytes == narrow->unread_bytes &&
		     (wide->block_seconds == UNKNOWN ||
		      (wide->block_seconds == narrow->block_seconds && !narrow->block_forever));
	struct expected e[2] = { as_expected(wide), as_expected(narrow) };
	char text[256];

	if (spans)
		return;
	say_which(g, "not spanned");
	print_message("unknown: %s\n", describe(&e[0], text, sizeof(text)));
	print_message("known:   %s\n", describe(&e[1], text, sizeof(text)));
	fail();
}

static void check_unknown_linger(struct given *g)
{
	struct close_forecast wide;

	g->linger = NOT_READ;
	wide = judge(g);
	for (size_t i = 0; i < COUNT(lingers); i++) {
		struct close_forecast narrow;

		g->linger = lingers[i];
		narrow = judge(g);
		assert_spans(g, &wide, &narrow);
	}
}

static void spans_every_linger(void **state)
{
	(void)state;
	for_every_socket(check_unknown_linger);
}

static void check_unknown_notsent(struct given *g)
{
	for (size_t i = 0; i < COUNT(lingers); i++) {
		struct close_forecast wide;

		g->linger = lingers[i];
		g->short_info = true;
		wide = judge(g);
		g->short_info = false;
		for (size_t n = 0; n < COUNT(numbers); n++) {
			struct close_forecast narrow;

			g->notsent = numbers[n];
			if (g->notsent > g->wqueue)
				continue;
			narrow = judge(g);
			assert_spans(g, &wide, &narrow);
		}
		g->notsent = 0;
	}
}

static void spans_every_notsent(void **state)
{
	(void)state;
	for_every_socket(check_unknown_notsent);
}

static void check_unknown_linger2(struct given *g)
{
	for (size_t i = 0; i < COUNT(lingers); i++) {
		struct close_forecast wide, narrow;

		g->linger = lingers[i];
		g->linger2_unread = true;
		wide = judge(g);
		g->linger2_unread = false;
		g->linger2_negative = TRI_YES;
		narrow = judge(g);
		assert_spans(g, &wide, &narrow);
		g->linger2_negative = TRI_NO;
		narrow = judge(g);
		assert_spans(g, &wide, &narrow);
	}
}

static void spans_every_linger2(void **state)
{
	(void)state;
	for_every_socket(check_unknown_linger2);
}

static void check_sense(struct given *g)
{
	const uint32_t destroying = OUT(RESET) | OUT(SILENT);

	for (size_t i = 0; i < COUNT(lingers); i++) {
		struct close_forecast f;
		bool sane;

		g->linger = lingers[i];
		f = judge(g);
		sane = f.outcomes && f.risk <= f.risk_max &&
		       (f.loss_min_bytes == UNKNOWN || f.loss_min_bytes <= f.loss_max_bytes) &&
		       (f.risk != RISK_CERTAIN || !(f.outcomes & ~destroying)) &&
		       (f.loss_max_bytes <= 0 || f.outcomes & destroying) &&
		       !(f.reasons & WHY(LINGER_UNKNOWN));
		if (!sane)
			say_which(g, "makes no sense");
		assert_true(sane);
	}
}

static void forecasts_make_sense(void **state)
{
	(void)state;
	for_every_socket(check_sense);
}

/* A dying process lingers no more; all else is as in close(). */
static void check_exit(struct given *g)
{
	for (size_t i = 0; i < COUNT(lingers); i++) {
		struct close_forecast f, exits;

		g->linger = lingers[i];
		f = judge(g);
		exits = judge_by(judge_exit, g);
		if (f.outcomes & OUT(BLOCKS))
			f.outcomes = (f.outcomes & ~OUT(BLOCKS)) | OUT(BACKGROUND);
		assert_int_equal(exits.outcomes, f.outcomes);
		assert_int_equal(exits.risk, f.risk);
		assert_int_equal(exits.risk_max, f.risk_max);
		assert_int_equal(exits.reasons, f.reasons);
		assert_int_equal(exits.loss_min_bytes, f.loss_min_bytes);
		assert_int_equal(exits.loss_max_bytes, f.loss_max_bytes);
		assert_int_equal(exits.block_seconds, 0);
		assert_false(exits.block_forever);
	}
}

static void exit_never_lingers(void **state)
{
	(void)state;
	for_every_socket(check_exit);
}

static void exit_with_unknown_linger_never_blocks(void **state)
{
	const struct given g = { EST, .wqueue = 1000, .notsent = 10, .linger = NOT_READ };
	struct close_forecast f = judge_by(judge_exit, &g);

	(void)state;
	assert_int_equal(f.outcomes, OUT(BACKGROUND) | OUT(RESET));
	assert_int_equal(f.block_seconds, 0);
	assert_int_equal(f.risk, RISK_POSSIBLE);
	assert_int_equal(f.risk_max, RISK_CERTAIN);
}

/* Bytes at stake: what is lost, or what nobody will confirm. */
static void counts_bytes_at_stake(void **state)
{
	static const struct {
		struct given given;
		int64_t bytes;
	} cases[] = {
		{ { EST, .linger = OFF }, 0 },
		{ { EST, .wqueue = 1000, .linger = OFF }, 1000 },
		{ { CW, .rqueue = 8, .wqueue = 1000, .linger = OFF }, 1007 },
		{ { FW1, .wqueue = 1, .linger = OFF }, 0 },
		{ { .state = STATE_LISTEN, .rqueue = 1, .linger = OFF }, UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(judge(&cases[i].given).at_stake_bytes, cases[i].bytes);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(spans_every_linger),
		cmocka_unit_test(spans_every_notsent),
		cmocka_unit_test(spans_every_linger2),
		cmocka_unit_test(forecasts_make_sense),
		cmocka_unit_test(exit_never_lingers),
		cmocka_unit_test(exit_with_unknown_linger_never_blocks),
		cmocka_unit_test(counts_bytes_at_stake),
	};
	size_t count = close_rows_count + COUNT(others);
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	assert_non_null(tests);
	for (size_t i = 0; i < close_rows_count; i++)
		tests[i] = (struct CMUnitTest){ .name = close_rows[i].name,
						.test_func = judges_as_the_kernel_does,
						.initial_state = (void *)&close_rows[i] };
	memcpy(tests + close_rows_count, others, sizeof(others));
	failed = _cmocka_run_group_tests("close", tests, count, NULL, NULL);
	free(tests);
	return failed;
}
