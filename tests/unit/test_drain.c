/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The estimate of how long a send queue takes: each rule by itself, and at its border.
 */
#include "config.h"

#include "unit/unit.h"

#include "judge/drain.h"

#define OPEN_WINDOW 65535

/* Data in flight; of the path nothing is known. */
static struct socket in_flight(int64_t bytes)
{
	struct socket sk;

	socket_init(&sk);
	sk.outstanding_bytes = bytes;
	sk.unsent_bytes = 0;
	sk.tcp.snd_wnd_bytes = OPEN_WINDOW;
	return sk;
}

/* The same with a rate of late, in bytes a second. */
static struct socket at_rate(int64_t bytes, int64_t rate)
{
	struct socket sk = in_flight(bytes);

	sk.tcp.delivery_rate_bytes_per_second = rate;
	sk.tcp.rate_app_limited = 0;
	return sk;
}

static const struct {
	int64_t outstanding, delivery, app_limited, pacing, window, ms;
} drains[] = {
	{ 0, UNKNOWN, UNKNOWN, UNKNOWN, OPEN_WINDOW, 0 },
	{ 0, 1000, 0, 1000, 0, 0 },
	{ UNKNOWN, 1000, 0, 1000, OPEN_WINDOW, UNKNOWN },
	{ 1000, UNKNOWN, UNKNOWN, UNKNOWN, OPEN_WINDOW, UNKNOWN },
	{ 1000, 0, 0, UNKNOWN, OPEN_WINDOW, UNKNOWN },
	{ 1000, 0, 0, 4000, OPEN_WINDOW, UNKNOWN }, /* pacing is a bound, no measure */
	{ 1000, 1000, 0, UNKNOWN, OPEN_WINDOW, 1000 },
	{ 1000, 1000, 0, UNKNOWN, UNKNOWN, 1000 },
	{ 1000, 1000, 0, UNKNOWN, 0, UNKNOWN }, /* who knows when the peer reads */
	{ 1000, 1000, 0, 4000, OPEN_WINDOW, 1000 },
	{ 1000, 1000, 0, 500, OPEN_WINDOW, 2000 },
	{ 1000, 1000, 0, 0, OPEN_WINDOW, 1000 },
	{ 1000, 1000, 1, UNKNOWN, OPEN_WINDOW, UNKNOWN }, /* the sender's own rate */
	{ 1000, 1000, UNKNOWN, UNKNOWN, OPEN_WINDOW, UNKNOWN },
	{ 1001, 1000000, 0, UNKNOWN, OPEN_WINDOW, 2 }, /* rounded up */
	{ 4000000000, 1, 0, UNKNOWN, OPEN_WINDOW, INT64_C(4000000000000) },
};

static void bytes_over_the_rate_of_late(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(drains); i++) {
		struct socket sk = in_flight(drains[i].outstanding);

		sk.tcp.delivery_rate_bytes_per_second = drains[i].delivery;
		sk.tcp.rate_app_limited = drains[i].app_limited;
		sk.tcp.pacing_rate_bytes_per_second = drains[i].pacing;
		sk.tcp.snd_wnd_bytes = drains[i].window;
		if (drain_estimate_ms(&sk) != drains[i].ms)
			fail_msg("row %zu: %lld ms", i, (long long)drain_estimate_ms(&sk));
	}
}

static void data_never_takes_no_time(void **state)
{
	struct socket sk = at_rate(1, INT64_C(100000000000));

	(void)state;
	assert_int_equal(drain_estimate_ms(&sk), 1);
}

/* --- a round trip ----------------------------------------------------------------------------- */

static void what_is_in_flight_takes_the_rest_of_a_round_trip(void **state)
{
	struct socket sk = at_rate(1000, 100000);

	(void)state;
	sk.tcp.rtt_us = 200000;
	sk.tcp.last_data_sent_ms = 50;
	assert_int_equal(drain_estimate_ms(&sk), 150);
	sk.tcp.last_data_sent_ms = 195; /* its bytes take longer than that */
	assert_int_equal(drain_estimate_ms(&sk), 10);
	/* What was not sent yet comes before it. */
	sk.outstanding_bytes = 3000;
	sk.unsent_bytes = 2000;
	sk.tcp.last_data_sent_ms = 0;
	assert_int_equal(drain_estimate_ms(&sk), 220);
}

/* --- a window that grows ---------------------------------------------------------------------- */

static struct socket growing(int64_t flight, int64_t unsent)
{
	struct socket sk = at_rate(flight + unsent, 1000);

	sk.unsent_bytes = unsent;
	sk.tcp.snd_ssthresh_segments = INT32_MAX;
	sk.tcp.rtt_us = 100000;
	sk.tcp.min_rtt_us = 100000;
	sk.tcp.last_data_sent_ms = 0;
	return sk;
}

static void a_window_that_grows_doubles(void **state)
{
	static const struct {
		int64_t flight, unsent, ms;
	} cases[] = {
		{ 1000, 0, 100 },     { 1000, 1000, 150 }, { 1000, 2000, 200 },
		{ 1000, 4000, 250 },  { 1000, 6000, 300 }, { 1000, 14000, 400 },
		{ 1000, 22000, 450 }, { 0, 2, 200 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct socket sk = growing(cases[i].flight, cases[i].unsent);

		if (drain_estimate_ms(&sk) != cases[i].ms)
			fail_msg("row %zu: %lld ms", i, (long long)drain_estimate_ms(&sk));
	}
}

/* 1000 bytes in flight and 1000 unsent, at 1000 a second. */
static void check_steady(const struct socket *sk)
{
	assert_int_equal(drain_estimate_ms(sk), 2000);
}

static void a_window_grows_while_nothing_was_lost_and_no_queue_built_up(void **state)
{
	struct socket sk = growing(1000, 1000);

	(void)state;
	sk.tcp.rtt_us = 125000;
	assert_int_equal(drain_estimate_ms(&sk), 188);
	sk.tcp.rtt_us = 125001;
	check_steady(&sk);
	sk = growing(1000, 1000);
	sk.tcp.snd_ssthresh_segments = INT32_MAX - 1;
	check_steady(&sk);
	sk = growing(1000, 1000);
	sk.tcp.snd_ssthresh_segments = UNKNOWN;
	check_steady(&sk);
	sk = growing(1000, 1000);
	sk.tcp.min_rtt_us = UNKNOWN;
	check_steady(&sk);
}

/* 1.1 MB of which 46 segments fill the window of a peer that does not open it further. */
static void a_window_that_the_peer_holds_does_not_grow(void **state)
{
	struct socket sk = growing(67968, 1041072);

	(void)state;
	sk.tcp.delivery_rate_bytes_per_second = 350000;
	sk.tcp.busy_us = 1500000;
	sk.tcp.rwnd_limited_us = 750000;
	sk.tcp.snd_wnd_bytes = 2 * 67968;
	assert_int_equal(drain_estimate_ms(&sk), 409);
	sk.tcp.rwnd_limited_us = 750001;
	assert_int_equal(drain_estimate_ms(&sk), 3169);
	/* It has opened. */
	sk.tcp.snd_wnd_bytes++;
	assert_int_equal(drain_estimate_ms(&sk), 409);
	sk.tcp.snd_wnd_bytes = UNKNOWN;
	assert_int_equal(drain_estimate_ms(&sk), 3169);
}

/* --- the average ------------------------------------------------------------------------------ */

/* 100 kB in a second after the first round trip. */
static struct socket with_average(int64_t late)
{
	struct socket sk = at_rate(100000, late);

	sk.tcp.delivered_segments = 100;
	sk.tcp.snd_mss_bytes = 1000;
	sk.tcp.busy_us = 1100000;
	sk.tcp.min_rtt_us = 100000;
	sk.tcp.rwnd_limited_us = 0;
	sk.tcp.total_retrans_segments = 1;
	return sk;
}

static void where_segments_get_lost_the_average_is_a_bound(void **state)
{
	static const struct {
		int64_t late, ms;
	} cases[] = {
		{ 10000, 2000 },  { 50000, 2000 },  { 80000, 1250 },
		{ 125000, 1000 }, { 200000, 1000 }, { 400000, 500 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct socket sk = with_average(cases[i].late);

		if (drain_estimate_ms(&sk) != cases[i].ms)
			fail_msg("row %zu: %lld ms", i, (long long)drain_estimate_ms(&sk));
	}
}

static void where_nothing_gets_lost_the_rate_of_late_counts(void **state)
{
	struct socket sk = with_average(10000);

	(void)state;
	sk.tcp.total_retrans_segments = 0;
	assert_int_equal(drain_estimate_ms(&sk), 10000);
	sk.tcp.total_retrans_segments = UNKNOWN;
	assert_int_equal(drain_estimate_ms(&sk), 10000);
	/* One in a hundred is lossy, less is not. */
	sk = with_average(400000);
	sk.tcp.delivered_segments = 200;
	assert_int_equal(drain_estimate_ms(&sk), 250);
	sk.tcp.total_retrans_segments = 2;
	assert_int_equal(drain_estimate_ms(&sk), 500);
}

/* Bursts as quick as the path, and pauses between them. */
static void a_slow_reader_takes_the_average(void **state)
{
	struct socket sk = with_average(1000000);

	(void)state;
	sk.tcp.total_retrans_segments = 0;
	sk.tcp.rwnd_limited_us = 550000;
	assert_int_equal(drain_estimate_ms(&sk), 100);
	sk.tcp.rwnd_limited_us = 550001;
	assert_int_equal(drain_estimate_ms(&sk), 1000);
	/* Its window has opened so far that it is something else by now. */
	sk.tcp.snd_wnd_bytes = 200000;
	assert_int_equal(drain_estimate_ms(&sk), 1000);
	sk.tcp.snd_wnd_bytes = 200001;
	assert_int_equal(drain_estimate_ms(&sk), 100);
	sk.tcp.snd_wnd_bytes = OPEN_WINDOW;
	/* It reads quicker by now. */
	sk.tcp.delivery_rate_bytes_per_second = 50000;
	assert_int_equal(drain_estimate_ms(&sk), 2000);
}

static void without_one_of_its_numbers_there_is_no_average(void **state)
{
	static const size_t fields[] = {
		offsetof(struct tcp_evidence, delivered_segments),
		offsetof(struct tcp_evidence, snd_mss_bytes),
		offsetof(struct tcp_evidence, busy_us),
		offsetof(struct tcp_evidence, min_rtt_us),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		struct socket sk = with_average(10000);

		*(int64_t *)((char *)&sk.tcp + fields[i]) = UNKNOWN;
		assert_int_equal(drain_estimate_ms(&sk), 10000);
		*(int64_t *)((char *)&sk.tcp + fields[i]) = 0;
		assert_int_equal(drain_estimate_ms(&sk), 10000);
	}
}

/* In the first round trip nothing could be delivered. */
static void before_the_first_round_trip_there_is_no_average(void **state)
{
	struct socket sk = with_average(10000);

	(void)state;
	sk.tcp.busy_us = sk.tcp.min_rtt_us;
	assert_int_equal(drain_estimate_ms(&sk), 10000);
}

/* One of ten was sent again, and a timeout takes 0.5 s: with two chances, 0.1 s. */
static void the_last_segments_may_wait_for_a_timeout(void **state)
{
	struct socket sk = with_average(100000);

	(void)state;
	sk.tcp.rto_us = 500000;
	sk.tcp.total_retrans_segments = 10;
	assert_int_equal(drain_estimate_ms(&sk), 1100);
	sk.tcp.total_retrans_segments = 0;
	assert_int_equal(drain_estimate_ms(&sk), 1000);
	sk.tcp.total_retrans_segments = 1000; /* no more than each */
	assert_int_equal(drain_estimate_ms(&sk), 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_over_the_rate_of_late),
		cmocka_unit_test(data_never_takes_no_time),
		cmocka_unit_test(what_is_in_flight_takes_the_rest_of_a_round_trip),
		cmocka_unit_test(a_window_that_grows_doubles),
		cmocka_unit_test(a_window_grows_while_nothing_was_lost_and_no_queue_built_up),
		cmocka_unit_test(a_window_that_the_peer_holds_does_not_grow),
		cmocka_unit_test(where_segments_get_lost_the_average_is_a_bound),
		cmocka_unit_test(where_nothing_gets_lost_the_rate_of_late_counts),
		cmocka_unit_test(a_slow_reader_takes_the_average),
		cmocka_unit_test(without_one_of_its_numbers_there_is_no_average),
		cmocka_unit_test(before_the_first_round_trip_there_is_no_average),
		cmocka_unit_test(the_last_segments_may_wait_for_a_timeout),
	};

	return cmocka_run_group_tests_name("drain", tests, NULL, NULL);
}
