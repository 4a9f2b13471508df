/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of `summary` share: sockets that are closed when a test ends, and its JSON, taken
 * apart and waited for.
 */
#ifndef LINGERSTAT_TESTS_SUMMING_H
#define LINGERSTAT_TESTS_SUMMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "tcp.h"

#define PAIRS_MAX 32

/* Sockets of one test; whatever is open is closed when it ends. */
struct stage {
	struct tcp_pair pairs[PAIRS_MAX];
	size_t pairs_count;
	int fds[64];
	size_t fds_count;
};

extern struct stage stage;

/* For cmocka: an empty stage in a namespace of its own, and the end of it. */
int set_up(void **state);
int tear_down(void **state);

/* An established pair on the stage. */
struct tcp_pair *open_pair(int family);

/* Puts a descriptor on the stage and gives it back; fails the test when it is none. */
int keep(int fd);

/* The near end closes first and then the far one: the near end's port is in TIME_WAIT. */
void end_in_time_wait(struct tcp_pair *pair);

/* The far end has closed and the near one has not: a leak. */
void end_in_close_wait(struct tcp_pair *pair);

/* The `summary` object of a run that went well; json_decref() it. summary_now(): of all of TCP. */
json_t *summary_of(const char *const argv[]);
json_t *summary_now(void);

/* The number at a path; the test fails when there is none. */
int64_t number_at(const json_t *object, const char *path);
void check_number(const json_t *object, const char *path, int64_t value);

/* A percentage has one digit behind the point. */
void check_percent(const json_t *object, const char *path, double value);

/* The i-th of the array at a path; the test fails when there is none. */
json_t *item_at(const json_t *object, const char *path, size_t i);

/* A path into the summary, and the number that should be there. */
struct expected {
	const char *path;
	int64_t number;
};

/* The last segments of a close take their time: waits until the numbers are as expected, then
 * gives a summary that was begun after that. */
json_t *wait_for(const struct expected *expected, size_t n);

#define WAIT_FOR(...)                                      \
	wait_for((const struct expected[]){ __VA_ARGS__ }, \
		 sizeof((const struct expected[]){ __VA_ARGS__ }) / sizeof(struct expected))

/* So many in TIME_WAIT, and none on the way there any more. */
json_t *wait_time_wait(int64_t sockets);

#endif
