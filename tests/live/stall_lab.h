/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of a stall share: a look at the tool's verdicts, and slow links or a skipped test
 * with its reason. Everything here fails the cmocka test that calls it, or skips it.
 */
#ifndef LINGERSTAT_TESTS_STALL_LAB_H
#define LINGERSTAT_TESTS_STALL_LAB_H

#include "harness.h"
#include "pump.h"
#include "slowlink.h"

/* Numbers of links: nobody uses another's. */
enum { CUT_LINKS = 1, DYING_LINK = 9, SLOW_LINKS = 10, CROWDED_LINKS = 20, DRAIN_LINKS = 30 };

#define IDLE_FLOWS 6

/* The second namespace, or why there is none; and connections that were idle all the time. */
struct lab {
	struct places places;
	char why[128];
	struct flow idle[IDLE_FLOWS];
	int64_t idle_since; /* of now_ms() */
};

/* A rate and the bytes its queue holds, as tc writes them; what comes on top is dropped. */
struct speed {
	const char *rate;
	const char *limit;
};

/* Runs the tool over all TCP sockets, with the columns of the verdict only. Nobody's linger is
 * read: a stall does not hang on it, and some tests look hundreds of times. Free the listing. */
void look(struct listing *listing);

/* The row of the pair's near end, which must be there. */
json_t *near_row(const struct listing *listing, const struct tcp_pair *pair);

/* Prints as a TAP diagnostic which flow it is, and what the tool's row says of it: the reasons and
 * what they are made of. */
void evidence_print(const struct flow *flow, const json_t *row);

/* Skips the test where `err` is one; `what` is what is not to be had on this machine. */
void need(int err, const char *what);

/* Makes a link, slow or not, or skips the test. */
void need_link(const struct lab *lab, int link);
void need_slow_link(const struct lab *lab, int link, const struct speed *speed);

/*
 * A thousand samples of running flows, `every` milliseconds apart; each run of the tool gives one
 * of each flow, and none may be `likely`. Every flow must move at least `least` bytes meanwhile.
 * Samples begin when all run: where many start at once on a slow link, the first acknowledgement
 * can take longer than a dead path takes to be called dead, and the sender's kernel cannot tell
 * the two apart. Closes the flows. On a machine too busy for transfers to run it skips the test.
 */
void check_healthy(struct flow *flows, int count, int every, int64_t least);

/* Tests of stall_healthy.c; *state is a struct lab. */
void healthy_loopback_is_never_likely(void **state);
void healthy_slow_reader_is_never_likely(void **state);
void healthy_slow_link_is_never_likely(void **state);
void healthy_crowded_link_is_never_likely(void **state);
void drain_time_is_about_right(void **state);

#endif
