/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bad networks: links between two namespaces with delay, loss and a rate by netem, in either
 * direction, and what the tests of these share. Whatever is not to be had skips the test.
 *
 * A segment is a packet there: without that, veth hands on 64 kB at once, and a loss is one of
 * 45 segments in a row.
 */
#ifndef LINGERSTAT_TESTS_NETEM_LAB_H
#define LINGERSTAT_TESTS_NETEM_LAB_H

#include "stall_lab.h"

/* What netem does to what leaves here and to what comes back, as tc writes it; NULL: nothing. */
struct network {
	const char *name;
	const char *here;
	const char *there;
	int bytes;    /* a queue that takes seconds to drain, less where nothing limits the rate */
	int rcvbuf;   /* SO_RCVBUF of the reader; 0: the kernel's */
	int pause_ms; /* the reader reads only so often; 0: always */
	bool hard;    /* the rate is no constant: not each run can be foretold */
};

/* A namespace for the other ends, in which nothing is remembered of earlier connections. */
void netem_lab_make(struct lab *lab);

/* Makes link number `link` such a network. */
void need_network(const struct lab *lab, int link, const struct network *network);

/* A connection over it. */
void network_flow_open(const struct lab *lab, int link, const struct network *network,
		       struct flow *flow);

/* The test of netem_drain.c; *state is a struct lab. */
void drain_is_foretold_within_a_factor_of_two(void **state);

#endif
