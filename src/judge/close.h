/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge: what close() of the last reference would do to a socket right now, and whether it
 * destroys data. Pure functions of the record; nothing is asked of the kernel here. The rules
 * are those of tcp_close() and tcp_disconnect() in net/ipv4/tcp.c, in their order.
 */
#ifndef LINGERSTAT_JUDGE_CLOSE_H
#define LINGERSTAT_JUDGE_CLOSE_H

#include "model/socket.h"

/*
 * Takes a socket with whatever is known of its queues, linger and holders; gives the forecast.
 * Where SO_LINGER decides and is unknown, the forecast spans what each setting would do: the set
 * of outcomes, and lower and upper bounds of risk and loss. Byte counts are UNKNOWN where the
 * kernel shows none.
 */
void judge_close(const struct socket *sk, struct close_forecast *forecast);

/*
 * The same for a process that exits or is killed while it holds the last reference: a dying
 * process never lingers (inet_release() in net/ipv4/af_inet.c looks at PF_EXITING), but zero
 * linger and unread data reset all the same.
 */
void judge_exit(const struct socket *sk, struct close_forecast *forecast);

#endif
