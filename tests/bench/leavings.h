/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What connections leave when they end: TIME-WAIT, for a minute (TCP_TIMEWAIT_LEN in the kernel's
 * include/net/tcp.h), with no process to it.
 */
#ifndef LINGERSTAT_TESTS_LEAVINGS_H
#define LINGERSTAT_TESTS_LEAVINGS_H

#include <stddef.h>

#define LEAVINGS_SECONDS 60

/* Opens and ends so many connections over loopback in this network namespace, and raises its
 * limit of TIME-WAIT to that where it is lower. Returns 0 or a negative errno. */
int leavings_make(size_t time_wait);

#endif
