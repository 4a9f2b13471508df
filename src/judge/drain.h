/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the send queue takes to be delivered: an estimate from numbers that the kernel keeps of
 * the connection, for whoever wants to know whether a linger time will do.
 *
 * tests/live/test_netem.c measures it, on paths with delay, loss and 400 kbit/s.
 */
#ifndef LINGERSTAT_JUDGE_DRAIN_H
#define LINGERSTAT_JUDGE_DRAIN_H

#include "model/socket.h"

/*
 * Takes a socket with its tcp_info; gives milliseconds, rounded up. 0 when nothing is outstanding.
 * UNKNOWN where no rate was measured; behind a shut window; and where the rate is the sender's own
 * (tcpi_delivery_rate_app_limited), so that the path was never measured.
 *
 * What was never sent takes its bytes over the rate of the path, what is in flight the same, or the
 * rest of a round trip if that is longer. While the window still grows a rate says little:
 * see drain.c.
 */
int64_t drain_estimate_ms(const struct socket *sk);

#endif
