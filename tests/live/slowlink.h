/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links between the test's network namespace ("here") and a second one ("there"): pairs of veth
 * devices, slowed by tc's token bucket or cut in several ways, and TCP pairs across them.
 *
 * Link number N (from 1) has device hereN with 10.99.N.1 and thereN with 10.99.N.2. Both
 * namespaces end with the process. Functions give 0 or a negative errno; -ENOENT from those that
 * run a command means that it is not installed.
 */
#ifndef LINGERSTAT_TESTS_SLOWLINK_H
#define LINGERSTAT_TESTS_SLOWLINK_H

#include <stdbool.h>

#include "tcp.h"

#define COMMAND_WORDS 24

/* The two namespaces, as descriptors. */
struct places {
	int here;
	int there;
};

/* Makes the second namespace and comes back. */
int places_make(struct places *places);

/* Runs a command found in PATH or in /usr/sbin, in the namespace `there` or here. `line` is split
 * at spaces, nothing is quoted. Its stderr goes to the test's. -EIO: it failed. */
int run_command(const struct places *places, bool there, const char *line);

/* printf() for run_command(). */
int run_format(const struct places *places, bool there, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Makes link number `n`. It carries packets within a second. */
int link_make(const struct places *places, int n);

/* What leaves `here` on link `n` is slowed to `rate` (as tc writes it); its queue holds `limit`
 * bytes at most, and drops what comes on top. */
int link_slow(const struct places *places, int n, const char *rate, const char *limit);

/* A TCP pair across link `n`: the near end is here, the far end and its listener are there.
 * Waits until the link carries packets. */
int link_pair_open(const struct places *places, int n, struct tcp_pair *pair, int far_rcvbuf);

#endif
