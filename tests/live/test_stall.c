/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence of a stall, on real connections: a shut window and a dead path must be called `likely`
 * within seconds; stall_healthy.c has the other half. The thresholds are those of
 * src/judge/stall.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stall_lab.h"
#include "ways.h"

/* Where the RTO is 200 ms it takes 1.4 and 3.2 s; on a busy machine round trips are longer, and so
 * is the RTO. How long it took is printed. */
#define ZERO_WINDOW_MS 20000
#define DEAD_PATH_MS   40000
#define DEAD_SLOW_MS   120000 /* a path whose RTO had grown to seconds before it died */
#define HEALED_MS      60000
#define IDLE_MS        6000
#define WRITTEN        20000

/* Looks until the near end's risk is `likely` for one of the reasons (the second may be NULL), and
 * gives the milliseconds that took. */
static int64_t wait_likely(const struct flow *flow, const char *reason, const char *other,
			   int64_t limit)
{
	int64_t start = now_ms();
	struct listing listing;
	bool likely;
	json_t *row;

	do {
		look(&listing);
		row = near_row(&listing, &flow->pair);
		likely = row_is_text(row, "close.risk", "likely");
		if (likely) {
			check_row(row,
				  row_is_text(row, "close.risk_max", "likely") ||
					  row_has_word(row, "close.reasons", "linger-unknown"));
			check_row(row,
				  row_has_word(row, "close.reasons", reason) ||
					  (other && row_has_word(row, "close.reasons", other)));
			/* Nobody can say how long a standstill takes. */
			check_row(row, row_is_null(row, "close.drain_ms"));
		} else if (now_ms() - start > limit) {
			row_print(row);
			flow_print(flow);
			fail_msg("not likely after %lld ms", (long long)limit);
		}
		listing_free(&listing);
		for (int i = 0; i < 20 && !likely; i++)
			nap_before(INT64_MAX);
	} while (!likely);
	print_message("# likely after %lld ms\n", (long long)(now_ms() - start));
	return now_ms() - start;
}

/* The opposite: no stall any more, the peer reading all the while. */
static void wait_healed(struct flow *flow)
{
	int64_t start = now_ms();
	struct listing listing;
	bool likely;
	json_t *row;

	do {
		for (int i = 0; i < 20; i++) {
			pump_once(flow, 1, false);
			nap_before(INT64_MAX);
		}
		look(&listing);
		row = near_row(&listing, &flow->pair);
		likely = row_is_text(row, "close.risk", "likely");
		if (likely && now_ms() - start > HEALED_MS) {
			row_print(row);
			fail_msg("likely still");
		}
		listing_free(&listing);
	} while (likely);
	print_message("# and no more %lld ms after it was healed\n", (long long)(now_ms() - start));
}

/* ---- a shut window ---- */

static void check_zero_window(int family)
{
	struct flow flow = { 0 };

	assert_return_code(tcp_pair_open(&flow.pair, family, SMALL_BUFFER), 0);
	assert_return_code(way_stall(&flow.pair), 0);
	wait_likely(&flow, "zero-window", NULL, ZERO_WINDOW_MS);
	wait_healed(&flow);
	tcp_pair_close(&flow.pair);
}

static void zero_window_is_likely(void **state)
{
	(void)state;
	check_zero_window(AF_INET);
}

static void zero_window_is_likely_inet6(void **state)
{
	(void)state;
	check_zero_window(AF_INET6);
}

/* The kernel alone goes on: an orphan's stall is seen like any other. */
static void zero_window_of_an_orphan_is_likely(void **state)
{
	struct flow flow = { 0 };
	struct listing listing;
	json_t *row;

	(void)state;
	assert_return_code(tcp_pair_open(&flow.pair, AF_INET, SMALL_BUFFER), 0);
	assert_return_code(way_stall(&flow.pair), 0);
	drop_fd(&flow.pair.near);
	wait_likely(&flow, "zero-window", NULL, ZERO_WINDOW_MS);
	look(&listing);
	row = near_row(&listing, &flow.pair);
	check_row(row, row_has_word(row, "close.reasons", "orphan"));
	listing_free(&listing);
	tcp_pair_close(&flow.pair);
}

/* ---- a dead path ---- */

static void write_some(const struct tcp_pair *pair)
{
	static const char bytes[WRITTEN];

	assert_int_equal(send(pair->near, bytes, WRITTEN, MSG_DONTWAIT | MSG_NOSIGNAL), WRITTEN);
}

static void check_deaf(int family, bool heals)
{
	struct flow flow = { 0 };

	assert_return_code(tcp_pair_open(&flow.pair, family, 0), 0);
	assert_return_code(tcp_deafen(flow.pair.far), 0);
	write_some(&flow.pair);
	wait_likely(&flow, "retransmitting", "no-progress", DEAD_PATH_MS);
	if (heals) {
		assert_return_code(tcp_hear(flow.pair.far), 0);
		wait_healed(&flow);
	}
	tcp_pair_close(&flow.pair);
}

static void deaf_peer_is_likely(void **state)
{
	(void)state;
	check_deaf(AF_INET, true);
}

static void deaf_peer_is_likely_inet6(void **state)
{
	(void)state;
	check_deaf(AF_INET6, false);
}

/* A way to cut link `link`, and to mend it. The commands name its devices. */
struct cut {
	int link;
	bool there; /* in which namespace */
	const char *reason;
	const char *other; /* which may stand in its place, or NULL */
	const char *commands[4];
	const char *mend[3]; /* none: it is not mended */
};

static int run_all(const struct lab *lab, bool there, const char *const *commands)
{
	int err = 0;

	for (; *commands && !err; commands++)
		err = run_command(&lab->places, there, *commands);
	return err;
}

static void check_cut(struct lab *lab, const struct cut *cut)
{
	struct flow flow = { 0 };

	need_link(lab, cut->link);
	assert_return_code(link_pair_open(&lab->places, cut->link, &flow.pair, 0), 0);
	write_some(&flow.pair);
	assert_return_code(tcp_wait_drained(flow.pair.near), 0);
	pump_once(&flow, 1, false);
	need(run_all(lab, cut->there, cut->commands), cut->commands[0]);
	write_some(&flow.pair);
	wait_likely(&flow, cut->reason, cut->other, DEAD_PATH_MS);
	assert_return_code(run_all(lab, cut->there, cut->mend), 0);
	if (cut->mend[0])
		wait_healed(&flow);
	tcp_pair_close(&flow.pair);
}

#define CUT(name, ...)                                     \
	static void name(void **state)                     \
	{                                                  \
		static const struct cut cut = __VA_ARGS__; \
                                                           \
		check_cut(*state, &cut);                   \
	}

CUT(dropped_by_the_peers_firewall_is_likely,
    { .link = 1,
      .there = true,
      .reason = "retransmitting",
      .other = "no-progress",
      .commands = { "nft add table ip lab",
		    "nft add chain ip lab in { type filter hook input priority 0 ; }",
		    "nft add rule ip lab in iifname there1 drop" },
      .mend = { "nft delete table ip lab" } })
CUT(lost_acknowledgements_are_likely,
    { .link = 2,
      .there = false,
      .reason = "retransmitting",
      .other = "no-progress",
      .commands = { "nft add table ip lab",
		    "nft add chain ip lab in { type filter hook input priority 0 ; }",
		    "nft add rule ip lab in iifname here2 drop" } })
CUT(link_down_on_the_peers_side_is_likely, { .link = 3,
					     .there = true,
					     .reason = "retransmitting",
					     .other = "no-progress",
					     .commands = { "ip link set there3 down" } })
CUT(link_down_on_our_side_is_likely, { .link = 4,
				       .there = false,
				       .reason = "no-progress",
				       .other = "retransmitting",
				       .commands = { "ip link set here4 down" },
				       .mend = { "ip link set here4 up" } })

/* A queue of seconds has taught the sender a long RTO; then the path dies. */
static void slow_link_that_dies_is_likely(void **state)
{
	static const struct speed slow = { "400kbit", "256kb" };
	struct lab *lab = *state;
	struct flow flow = { 0 };
	int64_t end;

	need_slow_link(lab, DYING_LINK, &slow);
	assert_return_code(link_pair_open(&lab->places, DYING_LINK, &flow.pair, 0), 0);
	for (end = now_ms() + 2000; nap_before(end);)
		pump_once(&flow, 1, true);
	assert_return_code(run_command(&lab->places, true, "ip link set there9 down"), 0);
	wait_likely(&flow, "retransmitting", "no-progress", DEAD_SLOW_MS);
	flow_print(&flow);
	tcp_pair_close(&flow.pair);
}

/* Waits for the first timeout of what the peer does not hear, looks, and gives false when that took
 * so long that there was a second one. */
static bool look_after_one_timeout(const struct flow *flow, struct listing *listing)
{
	int64_t end = now_ms() + WAIT_MS;

	assert_return_code(tcp_deafen(flow->pair.far), 0);
	write_some(&flow->pair);
	while (flow_timeouts(flow) == 0)
		assert_true(nap_before(end));
	look(listing);
	return flow_timeouts(flow) == 1;
}

/* The last acknowledgement is long ago because there was nothing to acknowledge: that alone, and
 * one lost segment, are no stall. */
static void idle_connection_that_loses_a_segment_is_not_likely(void **state)
{
	struct lab *lab = *state;
	struct listing listing;
	bool in_time = false;
	struct flow *flow;
	json_t *row;

	while (nap_before(lab->idle_since + IDLE_MS))
		;
	for (int i = 0; i < IDLE_FLOWS && !in_time; i++) {
		flow = &lab->idle[i];
		in_time = look_after_one_timeout(flow, &listing);
		if (!in_time)
			listing_free(&listing);
	}
	if (!in_time) {
		print_message("# the machine is too busy to look within 400 ms\n");
		skip();
	}
	assert_return_code(tcp_hear(flow->pair.far), 0);
	row = near_row(&listing, &flow->pair);
	flow_print(flow);
	check_row(row, row_is_int(row, "outstanding_bytes", WRITTEN));
	check_row(row, row_is_text(row, "close.risk", "possible"));
	listing_free(&listing);
	wait_healed(flow);
}

static int make_lab(struct lab *lab)
{
	int err = places_make(&lab->places);

	if (err)
		snprintf(lab->why, sizeof(lab->why), "a second network namespace: %s",
			 strerror(-err));
	/* They do nothing while the other tests run. */
	for (int i = 0; i < IDLE_FLOWS; i++) {
		err = tcp_pair_open(&lab->idle[i].pair, AF_INET, 0);
		if (err) {
			printf("Bail out! a connection over loopback: %s\n", strerror(-err));
			return err;
		}
	}
	lab->idle_since = now_ms();
	return 0;
}

int main(void)
{
	static struct lab lab;
	struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_window_is_likely),
		cmocka_unit_test(zero_window_is_likely_inet6),
		cmocka_unit_test(zero_window_of_an_orphan_is_likely),
		cmocka_unit_test(deaf_peer_is_likely),
		cmocka_unit_test(deaf_peer_is_likely_inet6),
		cmocka_unit_test_prestate(dropped_by_the_peers_firewall_is_likely, &lab),
		cmocka_unit_test_prestate(lost_acknowledgements_are_likely, &lab),
		cmocka_unit_test_prestate(link_down_on_the_peers_side_is_likely, &lab),
		cmocka_unit_test_prestate(link_down_on_our_side_is_likely, &lab),
		cmocka_unit_test_prestate(slow_link_that_dies_is_likely, &lab),
		cmocka_unit_test_prestate(idle_connection_that_loses_a_segment_is_not_likely, &lab),
		cmocka_unit_test(healthy_loopback_is_never_likely),
		cmocka_unit_test(healthy_slow_reader_is_never_likely),
		cmocka_unit_test_prestate(healthy_slow_link_is_never_likely, &lab),
		cmocka_unit_test_prestate(healthy_crowded_link_is_never_likely, &lab),
		cmocka_unit_test_prestate(drain_time_is_about_right, &lab),
	};

	harness_enter();
	if (make_lab(&lab))
		return 99;
	return cmocka_run_group_tests_name("stall", tests, NULL, NULL);
}
