/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The muster: TCP in one of many network namespaces, by the roll (source/roll.h). To dump a
 * namespace the kernel walks the table of connections that all of them share; the roll is one walk
 * for all, and each connection on it is then asked for by its ends (source_ask_many()). Listeners
 * have a table of their own, which is dumped.
 *
 * Where no more is wanted than ends, state and queues (run_plan.bare_rows), or a count by state
 * (run_plan.take_alike), the roll says all, and nobody is asked. Of a connection that is
 * established, has nothing in its queues, no protocol above TCP and a holder, and of TIME-WAIT, it
 * says all that most rows want (run_plan.quiet_rows): only the others are asked for. What an answer
 * of the kernel's has besides - tcp_info, user, control group, shutdown, cookie - is not wanted
 * then; the judge asks for none of it where nothing is outstanding.
 *
 * As measured on 6.18 with 100,000 sockets in 262,144 slots, a dump walks for 11 ms and then takes
 * 0.9 us a socket of the namespace; a socket on the roll is asked for in 2.6 us, and the roll takes
 * 0.5 us for each of the table, 0.8 us with queues and inode. So a namespace with more than a share
 * of all sockets is dumped, unless the roll says all, and so is one that has a table of its own
 * (net.ipv4.tcp_child_ehash_entries), or sockets that are bound and nothing else, which cannot be
 * asked for. Without BPF there is no roll: every namespace is dumped, and the rows are the same.
 *
 * Who was there when the roll was taken and is there when its namespace has its turn is listed, in
 * the state that it has then. So none is passed over as in a dump (source/turnover.h). Who need not
 * be asked is listed as it was when the roll was taken.
 */
#ifndef LINGERSTAT_CMD_MUSTER_H
#define LINGERSTAT_CMD_MUSTER_H

#include <stdbool.h>

#include "source/source.h"

struct run;
struct run_plan;

/* With fewer namespaces to come a roll costs as much as the walks that it saves. */
#define MUSTER_LEAST 4

/* The share of the table's sockets up to which a namespace is mustered: one in so many, and what as
 * many empty slots more are worth. */
#define MUSTER_SHARE 16
#define MUSTER_SLOTS 64

/* Whether rows with this plan's needs may come from the roll, of connections that have nothing in
 * their queues: then a command whose rows show nothing else sets run_plan.quiet_rows. */
bool muster_may_tell(const struct run_plan *plan);

/* Whether TCP of the namespace that the run is in is better mustered than dumped. Takes the roll
 * where that is due. */
bool muster_serves(struct run *run, const struct selection *sel);

/* In place of source_dump() of TCP, where muster_serves(). */
int muster_dump(struct run *run, const struct selection *sel, socket_sink sink, void *ctx,
		struct dump_report *report);

#endif
