/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details as they are shown: the values of source/details.h, each with its name and unit. For
 * people `rtt=0.052ms`, without what is zero or not known; for a program every key of a block,
 * as JSON, or as `rtt_us=52` in a field of CSV.
 */
#ifndef LINGERSTAT_PRESENT_DETAILS_H
#define LINGERSTAT_PRESENT_DETAILS_H

#include "present/cells.h"

CELL(info);
CELL(memory);
CELL(timer);
CELL(extended);
CELL(sockopt);
CELL(tos);
CELL(bpf);
CELL(tipc);

/* Single numbers of the groups, and of the record beside them. */
CELL(rtt);
CELL(total_retrans);
CELL(cwnd);
CELL(delivery_rate);
CELL(idle);
CELL(timer_ms);
CELL(mark);
CELL(drops);

VALUE(info);
VALUE(memory);
VALUE(timer);
VALUE(extended);
VALUE(sockopt);
VALUE(tos);
VALUE(bpf);
VALUE(tipc);

VALUE(rtt);
VALUE(total_retrans);
VALUE(cwnd);
VALUE(delivery_rate);
VALUE(idle);
VALUE(timer_ms);
VALUE(mark);
VALUE(drops);

#endif
