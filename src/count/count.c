/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count/count.h"

#include <errno.h>

int counts_open(struct counts *counts, const struct count_request *request)
{
	*counts = (struct counts){ 0 };
	if (request->parts & COUNT_PORTS && !(counts->ports = ports_new(request->range)))
		return -ENOMEM;
	if (request->parts & COUNT_QUEUES && !(counts->queues = queues_new(request->keep)))
		return -ENOMEM;
	if (request->parts & COUNT_LEAKS && !(counts->leaks = leaks_new()))
		return -ENOMEM;
	if (request->by && !(counts->groups = groups_new(request->by)))
		return -ENOMEM;
	return 0;
}

void counts_close(struct counts *counts)
{
	ports_free(counts->ports);
	queues_free(counts->queues);
	leaks_free(counts->leaks);
	groups_free(counts->groups);
}

int counts_add(struct counts *counts, const struct socket *sk)
{
	int err = 0;

	tally_add(&counts->tally, sk, true);
	if (counts->queues)
		queues_add(counts->queues, sk);
	if (counts->ports)
		err = ports_add(counts->ports, sk);
	if (!err && counts->leaks)
		err = leaks_add(counts->leaks, sk);
	if (!err && counts->groups)
		err = groups_add(counts->groups, sk);
	return err;
}

bool counts_take_alike(const struct count_request *request)
{
	return !request->parts && (!request->by || request->by->alike);
}

int counts_add_alike(struct counts *counts, const struct socket *sk, uint64_t n)
{
	tally_add_alike(&counts->tally, sk, n);
	return counts->groups ? groups_add_alike(counts->groups, sk, n) : 0;
}

int counts_enter(struct counts *counts, uint64_t netns)
{
	return counts->ports ? ports_enter(counts->ports, netns) : 0;
}

int counts_finish(struct counts *counts)
{
	int err = counts->ports ? ports_finish(counts->ports) : 0;

	if (counts->leaks)
		leaks_finish(counts->leaks);
	if (counts->groups)
		groups_finish(counts->groups);
	return err;
}
