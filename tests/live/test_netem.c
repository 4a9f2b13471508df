/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bad networks: delay, loss and 400 kbit/s by netem. A transfer that is merely slow is never called
 * `likely`, a dead peer is within seconds, and the time to drain is foretold (netem_drain.c).
 *
 * Where the kernel has no netem each test is skipped; make check-vm runs them on kernels that do.
 */
#include "netem_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ways.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define LIVING_LINK  60
#define LIVING_MS    150  /* from one look to the next */
#define LIVING_LEAST 3000 /* bytes that each must move meanwhile */
#define RUNNING_MS   4000 /* how long a flow has been well when its peer dies */
#define NAP_US       10000
#define LOOK_US      100000

/* ---- slow, but living ---- */

static const struct network living[] = {
	{ "10% loss", "delay 100ms loss 10%", "delay 100ms", 0, 0, 0, false },
	{ "10% of ACKs lost", "delay 100ms", "delay 100ms loss 10%", 0, 0, 0, false },
	{ "5% loss both ways", "delay 100ms loss 5%", "delay 100ms loss 5%", 0, 0, 0, false },
	{ "400kbit, 10% loss", "rate 400kbit loss 10% limit 100", NULL, 0, 0, 0, false },
	{ "400kbit, delay, 10% loss", "delay 100ms rate 400kbit loss 10% limit 50",
	  "delay 100ms loss 1%", 0, 0, 0, false },
	{ "400kbit, deep queue", "rate 400kbit limit 1000", NULL, 0, 0, 0, false },
	{ "400kbit, short queue", "rate 400kbit limit 20", "delay 100ms", 0, 0, 0, false },
	{ "a second of delay, 5% loss", "delay 500ms loss 5%", "delay 500ms", 0, 0, 0, false },
	{ "reader pauses", "delay 50ms", "delay 50ms", 0, SMALL_BUFFER, 300, false },
	{ "reader pauses, 10% of ACKs lost", "delay 10ms", "delay 10ms loss 10%", 0, SMALL_BUFFER,
	  200, false },
};

static void slow_transfers_are_never_likely(void **state)
{
	struct flow flows[COUNT(living)];
	const struct lab *lab = *state;

	for (int i = 0; i < COUNT(living); i++)
		need_network(lab, LIVING_LINK + i, &living[i]);
	for (int i = 0; i < COUNT(living); i++)
		network_flow_open(lab, LIVING_LINK + i, &living[i], &flows[i]);
	check_healthy(flows, COUNT(living), LIVING_MS, LIVING_LEAST);
}

/* ---- a dead peer ---- */

/*
 * 16 RTOs of 0.2 to 1 s, 32 where segments get lost, and five seconds where that is too long; 64
 * where the window was shut just then. The link's number is in the commands.
 */
#define DEAD_LINK 80
#define DEAD_MS   120000

static const struct death {
	struct network network;
	const char *cut[4]; /* commands, each there */
} deaths[] = {
	{ { "a good network; the peer's firewall drops", NULL, NULL, 0, 0, 0, false },
	  { "nft add table ip lab",
	    "nft add chain ip lab in { type filter hook input priority 0 ; }",
	    "nft add rule ip lab in iifname there80 drop" } },
	{ { "delay; the peer's link goes down", "delay 100ms", "delay 100ms", 0, 0, 0, false },
	  { "ip link set there81 down" } },
	{ { "400kbit; all answers lost", "rate 400kbit limit 20", "delay 10ms", 0, 0, 0, false },
	  { "tc qdisc change dev there82 root netem loss 100%" } },
	{ { "delay, 10% loss; all answers lost", "delay 100ms loss 10%", "delay 100ms", 0, 0, 0,
	    false },
	  { "tc qdisc change dev there83 root netem loss 100%" } },
	{ { "400kbit, delay, 1% loss; the peer's link goes down",
	    "delay 100ms rate 400kbit loss 1% limit 50", "delay 100ms", 0, 0, 0, false },
	  { "ip link set there84 down" } },
};

#define DEATHS COUNT(deaths)

static void run_well(struct flow *flows)
{
	int64_t end = now_ms() + RUNNING_MS;

	while (now_ms() < end) {
		pump_once(flows, DEATHS, true);
		usleep(NAP_US);
	}
}

static void cut(const struct lab *lab, const struct death *death)
{
	for (int i = 0; i < COUNT(death->cut) && death->cut[i]; i++)
		need(run_command(&lab->places, true, death->cut[i]), death->cut[i]);
}

/* A window may have been shut just when the path died. */
static bool has_stalled(const json_t *row)
{
	return row_has_word(row, "close.reasons", "retransmitting") ||
	       row_has_word(row, "close.reasons", "no-progress") ||
	       row_has_word(row, "close.reasons", "zero-window");
}

/* Notes which of the flows are called likely now, and when that was first so. */
static int take_deaths(const struct flow *flows, const int64_t *died, int64_t *told)
{
	struct listing listing;
	int count = 0;

	look(&listing);
	for (int i = 0; i < DEATHS; i++) {
		json_t *row = near_row(&listing, &flows[i].pair);
		bool likely = row_is_text(row, "close.risk", "likely");

		if (!told[i] && likely) {
			told[i] = now_ms() - died[i];
			check_row(row, has_stalled(row));
			check_row(row, row_is_null(row, "close.drain_ms"));
			print_message("# %s: likely after %lld ms\n", deaths[i].network.name,
				      (long long)told[i]);
			evidence_print(&flows[i], row);
		}
		count += told[i] != 0;
	}
	listing_free(&listing);
	return count;
}

static void dead_peers_are_likely_within_seconds(void **state)
{
	struct flow flows[DEATHS];
	int64_t died[DEATHS], told[DEATHS] = { 0 };
	const struct lab *lab = *state;
	int64_t end;

	for (int i = 0; i < DEATHS; i++)
		need_network(lab, DEAD_LINK + i, &deaths[i].network);
	for (int i = 0; i < DEATHS; i++)
		network_flow_open(lab, DEAD_LINK + i, &deaths[i].network, &flows[i]);
	run_well(flows);
	for (int i = 0; i < DEATHS; i++) {
		cut(lab, &deaths[i]);
		died[i] = now_ms();
		pump_once(flows, DEATHS, true);
	}
	end = now_ms() + DEAD_MS;
	while (take_deaths(flows, died, told) < DEATHS) {
		for (int i = 0; i < DEATHS && now_ms() > end; i++)
			if (!told[i]) {
				flow_print(&flows[i]);
				fail_msg("%s: not likely after %d ms", deaths[i].network.name,
					 DEAD_MS);
			}
		pump_once(flows, DEATHS, true);
		usleep(LOOK_US);
	}
	for (int i = 0; i < DEATHS; i++)
		tcp_pair_close(&flows[i].pair);
}

int main(void)
{
	static struct lab lab;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(slow_transfers_are_never_likely, &lab),
		cmocka_unit_test_prestate(dead_peers_are_likely_within_seconds, &lab),
		cmocka_unit_test_prestate(drain_is_foretold_within_a_factor_of_two, &lab),
	};

	harness_enter();
	netem_lab_make(&lab);
	return cmocka_run_group_tests_name("netem", tests, NULL, NULL);
}
