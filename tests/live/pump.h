/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running transfers: the near end of each flow writes as much as it may, the far end reads it.
 * A child process does the work for many flows at once, so that the test is free to look.
 */
#ifndef LINGERSTAT_TESTS_PUMP_H
#define LINGERSTAT_TESTS_PUMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tcp.h"

struct flow {
	const char *name; /* for people; NULL: none */
	struct tcp_pair pair;
	int pause_ms;      /* the reader reads only so often; 0: always */
	int64_t next_read; /* for pump_once() alone */
};

/* Moves what can be moved now, in both directions of every flow; writes nothing new unless
 * `writing`. Never waits. */
void pump_once(struct flow *flows, int count, bool writing);

/* A child that pumps until pump_stop(). It dies with the test. */
struct pump {
	pid_t pid;
	struct pulse *pulse; /* shared with it */
};

/* Gives 0 or a negative errno. */
int pump_start(struct pump *pump, struct flow *flows, int count);
void pump_stop(struct pump *pump);

/* True if for the last `ms` the child has never been kept from its work for long: on a machine so
 * busy that readers do not read, a transfer stalls in earnest. */
bool pump_was_steady(const struct pump *pump, int64_t ms);

/* Retransmission timeouts in a row (tcpi_retransmits). */
int flow_timeouts(const struct flow *flow);

/* What the near end's peer has acknowledged so far (tcpi_bytes_acked). */
int64_t flow_acked(const struct flow *flow);

/* Prints the near end's tcp_info as a TAP diagnostic: the fields that the thresholds of a stall
 * look at. */
void flow_print(const struct flow *flow);

#endif
