/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a container is written: for people as RUNTIME and what its tools show of the id, for
 * programs as an object. Shared by the column and by `summary --by container`.
 */
#ifndef LINGERSTAT_PRESENT_WORKLOAD_H
#define LINGERSTAT_PRESENT_WORKLOAD_H

#include "base/outbuf.h"
#include "model/workload.h"

/* `docker:0123456789ab`, `lxc:web`; `-` where there is no container. */
void workload_container(struct outbuf *b, const struct workload *workload);

/* The JSON object of a container; null where there is none, or it is not known (NULL). */
void workload_json(struct outbuf *b, const struct workload *workload);

#endif
