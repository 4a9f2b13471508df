/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other half of the evidence of a stall: a transfer that runs is never called `likely`, however
 * slow it is, and what is foretold of the time to drain its queue is about right.
 */
#include "stall_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "ways.h"

#define SAMPLES    1000
#define FLOWS_MAX  16
#define RUNNING    20000 /* bytes acknowledged: a flow is on its way */
#define RUNNING_MS 60000
#define STEADY_MS  8000  /* how long what a busy machine did to a flow may be seen in it */
#define BUSY_MS    60000 /* of samples that do not count: then it is given up */

/* Queues that hold all that their flows send: no segment is lost. */
static const struct speed deep[] = { { "400kbit", "256kb" }, { "1mbit", "256kb" } };
/* Queues that drop, as a crowded uplink does: of 0.25 to 0.4 s. */
static const struct speed crowded[] = { { "400kbit", "12kb" },
					{ "400kbit", "20kb" },
					{ "1mbit", "32kb" } };

/* ---- healthy transfers ---- */

struct tally {
	int samples;
	int busy; /* with bytes outstanding: the others could not be called likely */
	int alarms;
};

static void take_sample(const struct listing *listing, const struct flow *flow, struct tally *tally)
{
	json_t *row = near_row(listing, &flow->pair);
	bool alarm = !row_is_text(row, "close.risk", "none") &&
		     !row_is_text(row, "close.risk", "possible");

	tally->samples++;
	tally->busy += !row_is_int(row, "outstanding_bytes", 0);
	tally->alarms += alarm;
	if (!alarm)
		return;
	evidence_print(flow, row);
	flow_print(flow);
}

/* Waits until every flow is on its way, and notes how far each has come. */
static void wait_running(const struct flow *flows, int count, int64_t *acked)
{
	int64_t end = now_ms() + RUNNING_MS;

	for (int i = 0; i < count; i++) {
		while ((acked[i] = flow_acked(&flows[i])) < RUNNING && nap_before(end))
			;
		assert_true(acked[i] >= RUNNING);
	}
}

/* Samples of times when the machine did not let the flows run do not count. */
void check_healthy(struct flow *flows, int count, int every, int64_t least)
{
	struct tally tally = { 0 };
	int64_t acked[FLOWS_MAX];
	struct listing listing;
	struct pump pump;
	int64_t end, next;

	assert_in_range(count, 1, FLOWS_MAX);
	assert_return_code(pump_start(&pump, flows, count), 0);
	wait_running(flows, count, acked);
	end = now_ms() + BUSY_MS;
	while (tally.samples < SAMPLES && now_ms() < end) {
		next = now_ms() + every;
		look(&listing);
		for (int i = 0; i < count && pump_was_steady(&pump, STEADY_MS); i++)
			take_sample(&listing, &flows[i], &tally);
		listing_free(&listing);
		while (nap_before(next))
			;
	}
	pump_stop(&pump);
	if (tally.samples < SAMPLES && !tally.alarms) {
		print_message("# the machine is too busy for transfers to run: %d samples\n",
			      tally.samples);
		skip();
	}
	print_message("# %d samples, %d with bytes outstanding: %d false alarms\n", tally.samples,
		      tally.busy, tally.alarms);
	for (int i = 0; i < count; i++) {
		assert_true(flow_acked(&flows[i]) - acked[i] >= least);
		tcp_pair_close(&flows[i].pair);
	}
	assert_int_equal(tally.alarms, 0);
	assert_true(tally.busy >= tally.samples * 9 / 10);
}

void healthy_loopback_is_never_likely(void **state)
{
	struct flow flows[4] = { 0 };

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_return_code(
			tcp_pair_open(&flows[i].pair, i & 1 ? AF_INET6 : AF_INET, 262144), 0);
	check_healthy(flows, 4, 5, 10000000);
}

/* The reader is the slow one: the window shuts again and again, and opens in time. */
void healthy_slow_reader_is_never_likely(void **state)
{
	static const int pauses[] = { 20, 50, 100, 200 };
	struct flow flows[8] = { 0 };

	(void)state;
	for (int i = 0; i < 8; i++) {
		assert_return_code(tcp_pair_open(&flows[i].pair, i & 1 ? AF_INET6 : AF_INET,
						 i < 4 ? SMALL_BUFFER : 65536),
				   0);
		flows[i].pause_ms = pauses[i % 4];
	}
	check_healthy(flows, 8, 23, 50000);
}

/* Some flows on each of some slow links at once. */
static void check_slow_links(const struct lab *lab, int first, const struct speed *speeds,
			     int links, int flows_each)
{
	struct flow flows[FLOWS_MAX] = { 0 };
	int count = links * flows_each;

	assert_in_range(count, 1, FLOWS_MAX);
	for (int i = 0; i < links; i++)
		need_slow_link(lab, first + i, &speeds[i]);
	for (int i = 0; i < count; i++)
		assert_return_code(
			link_pair_open(&lab->places, first + i / flows_each, &flows[i].pair, 0), 0);
	check_healthy(flows, count, 50, 3000);
}

void healthy_slow_link_is_never_likely(void **state)
{
	check_slow_links(*state, SLOW_LINKS, deep, 2, 6);
}

/* The sender's own queue drops: the kernel counts a timeout, but does not double the RTO. */
void healthy_crowded_link_is_never_likely(void **state)
{
	check_slow_links(*state, CROWDED_LINKS, crowded, 3, 3);
}

/* ---- the time to drain ---- */

#define DRAIN_FLOWS  8
#define DRAIN_ROUNDS 2
#define DRAIN_TRIES  5   /* rounds that a busy machine spoils are repeated */
#define PROMPT_MS    100 /* a third of what the shortest queue takes to drain */

/* One flow on each; the second four have the larger send buffer. */
static const struct speed drain_speeds[] = {
	{ "400kbit", "16kb" }, { "400kbit", "256kb" }, { "1mbit", "32kb" }, { "1mbit", "256kb" }
};

struct drain {
	int64_t asked;    /* ms */
	int64_t foretold; /* ms, -1: unknown */
	int64_t seen;     /* ms, 0: not yet */
};

static int outq_of(int fd)
{
	struct truth truth;

	assert_return_code(truth_read(fd, &truth), 0);
	return truth.outq;
}

/* Asks the tool once, then lets every queue drain. Gives false when the machine was so busy that
 * the times are its own and not the link's. */
static bool watch_drains(struct flow *flows, struct drain *drains)
{
	int64_t last = now_ms(), worst = 0;
	int64_t end = now_ms() + 60000;
	struct listing listing;
	int left = DRAIN_FLOWS;
	json_t *row;

	look(&listing);
	for (int i = 0; i < DRAIN_FLOWS; i++) {
		row = json_object_get(near_row(&listing, &flows[i].pair), "close");
		row = json_object_get(row, "drain_ms");
		drains[i] = (struct drain){ .asked = now_ms() };
		drains[i].foretold = json_is_integer(row) ? json_integer_value(row) : -1;
	}
	listing_free(&listing);
	while (left && nap_before(end)) {
		worst = now_ms() - last > worst ? now_ms() - last : worst;
		last = now_ms();
		pump_once(flows, DRAIN_FLOWS, false);
		for (int i = 0; i < DRAIN_FLOWS; i++) {
			if (drains[i].seen || outq_of(flows[i].pair.near))
				continue;
			drains[i].seen = now_ms() - drains[i].asked + 1;
			left--;
		}
	}
	assert_int_equal(left, 0);
	return worst <= PROMPT_MS;
}

/* How forecasts fared: about right is within a factor of two. */
struct score {
	int good;
	int unknown;
	int wrong;
};

static void take_scores(const struct drain *drains, const char *when, struct score *score)
{
	char foretold[32];

	for (int i = 0; i < DRAIN_FLOWS; i++) {
		const struct drain *d = &drains[i];
		bool good = d->foretold >= d->seen / 2 && d->foretold <= d->seen * 2;

		score->unknown += d->foretold < 0;
		score->good += good;
		score->wrong += d->foretold >= 0 && !good;
		snprintf(foretold, sizeof(foretold), "%lld ms", (long long)d->foretold);
		print_message("# %s, %s, queue %s: %s foretold, %lld ms seen\n", when,
			      drain_speeds[i % 4].rate, drain_speeds[i % 4].limit,
			      d->foretold < 0 ? "nothing" : foretold, (long long)d->seen);
	}
}

static void print_score(const char *when, const struct score *score)
{
	print_message("# %s: %d within a factor of two, %d not foretold, %d wrong\n", when,
		      score->good, score->unknown, score->wrong);
}

static void open_drain_flows(struct lab *lab, struct flow *flows)
{
	static const int buffers[] = { 32768, 49152 };

	for (int i = 0; i < DRAIN_FLOWS; i++) {
		assert_return_code(link_pair_open(&lab->places, DRAIN_LINKS + i, &flows[i].pair, 0),
				   0);
		assert_return_code(setsockopt(flows[i].pair.near, SOL_SOCKET, SO_SNDBUF,
					      &buffers[i / 4], sizeof(int)),
				   errno);
	}
}

static void close_drain_flows(struct flow *flows)
{
	for (int i = 0; i < DRAIN_FLOWS; i++)
		tcp_pair_close(&flows[i].pair);
}

static void give_up_drains(struct flow *flows)
{
	close_drain_flows(flows);
	print_message("# the machine is too busy to time a queue\n");
	skip();
}

/* Straight after the first write there is no rate of the path to go by: better say nothing. The
 * flows are left open. */
static void check_first_forecast(struct lab *lab, struct flow *flows)
{
	struct drain drains[DRAIN_FLOWS];
	struct score score = { 0 };
	bool steady = false;

	for (int i = 0; i < DRAIN_TRIES && !steady; i++) {
		if (i)
			close_drain_flows(flows);
		open_drain_flows(lab, flows);
		pump_once(flows, DRAIN_FLOWS, true);
		steady = watch_drains(flows, drains);
	}
	if (!steady)
		give_up_drains(flows);
	take_scores(drains, "at first", &score);
	print_score("at first", &score);
	assert_true(score.wrong <= DRAIN_FLOWS / 4);
}

/* A sender at work stops and would close now: is the forecast of use beside a linger time? */
void drain_time_is_about_right(void **state)
{
	struct flow flows[DRAIN_FLOWS] = { 0 };
	struct drain drains[DRAIN_FLOWS];
	struct lab *lab = *state;
	struct score score = { 0 };
	int rounds = 0;
	int64_t end;

	for (int i = 0; i < DRAIN_FLOWS; i++)
		need_slow_link(lab, DRAIN_LINKS + i, &drain_speeds[i % 4]);
	check_first_forecast(lab, flows);
	for (int i = 0; i < DRAIN_ROUNDS * DRAIN_TRIES && rounds < DRAIN_ROUNDS; i++) {
		for (end = now_ms() + 1500; nap_before(end);)
			pump_once(flows, DRAIN_FLOWS, true);
		if (!watch_drains(flows, drains))
			continue;
		take_scores(drains, "at work", &score);
		rounds++;
	}
	if (rounds < DRAIN_ROUNDS)
		give_up_drains(flows);
	print_score("at work", &score);
	close_drain_flows(flows);
	assert_true(score.good > DRAIN_ROUNDS * DRAIN_FLOWS / 2);
}
