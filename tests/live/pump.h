/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running transfers: the near end of each flow writes as much as it may, the far end reads it.
 * A child process does the work for many flows at once, so that the test is free to look.
 */
#ifndef LINGERSTAT_TESTS_PUMP_H
#define LINGERSTAT_TESTS_PUMP_H

#include <stdint.h>
#include <sys/types.h>

#include "tcp.h"

struct flow {
	struct tcp_pair pair;
	int pause_ms;      /* the reader reads only so often; 0: always */
	int64_t next_read; /* for pump_once() alone */
};

/* Moves what can be moved now, in both directions of every flow; writes nothing new unless
 * `writing`. Never waits. */
void pump_once(struct flow *flows, int count, bool writing);

/* Starts a child that pumps until pump_stop(). It
 * dies with the test. Gives its pid or a negative errno. */
pid_t pump_start(struct flow *flows, int count);
void pump_stop(pid_t pid);

/* What the near end's peer has acknowledged so far (tcpi_bytes_acked). */
int64_t flow_acked(const struct flow *flow);

/* Prints the near end's tcp_info as a TAP diagnostic: the fields that the thresholds of a stall
 * look at. */
void flow_print(const struct flow *flow);

#endif
