/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/limits.h"

#define NO_HITS MACHINE_COUNTERS

static const struct limit_row rows[LIMIT_COUNT] = {
	[LIMIT_TW_BUCKETS] = { "tw_buckets", "TIME-WAIT and FIN-WAIT-2 minisockets",
			       "net.ipv4.tcp_max_tw_buckets", NULL, SCOPE_NAMESPACE,
			       MACHINE_SOCKSTAT | MACHINE_LIMITS, 0, MACHINE_TW_OVERFLOW },
	[LIMIT_ORPHANS] = { "orphans", "TCP sockets that no process holds any more",
			    "net.ipv4.tcp_max_orphans", NULL, SCOPE_MACHINE,
			    MACHINE_SOCKSTAT | MACHINE_LIMITS, 0, MACHINE_ABORT_ON_MEMORY },
	[LIMIT_TCP_MEM] = { "tcp_mem", "memory of all TCP queues", "net.ipv4.tcp_mem", "bytes",
			    SCOPE_MACHINE, MACHINE_SOCKSTAT | MACHINE_LIMITS, 0,
			    MACHINE_ABORT_ON_MEMORY },
	[LIMIT_EPHEMERAL_PORTS] = { "ephemeral_ports", "ports to the fullest destination",
				    "net.ipv4.ip_local_port_range", NULL, SCOPE_DESTINATION,
				    MACHINE_PORTS, COUNT_PORTS, NO_HITS },
	[LIMIT_LISTEN_QUEUE] = { "listen_queue", "connections that wait at the fullest listener",
				 "listen(2), net.core.somaxconn", NULL, SCOPE_LISTENER, 0,
				 COUNT_QUEUES, MACHINE_LISTEN_OVERFLOWS },
	[LIMIT_DESCRIPTORS] = { "descriptors", "descriptors of the fullest with a CLOSE-WAIT",
				"RLIMIT_NOFILE", NULL, SCOPE_PROCESS, 0, COUNT_LEAKS, NO_HITS },
};

static const char *const scope_names[] = {
	[SCOPE_MACHINE] = "machine",         [SCOPE_NAMESPACE] = "namespace",
	[SCOPE_DESTINATION] = "destination", [SCOPE_LISTENER] = "listener",
	[SCOPE_PROCESS] = "process",
};

static const char *const level_names[] = {
	[LIMIT_LEVEL_UNKNOWN] = "unknown",
	[LIMIT_LEVEL_FINE] = "fine",
	[LIMIT_LEVEL_NEAR] = "near",
	[LIMIT_LEVEL_FULL] = "full",
};

const struct limit_row *limit_row(enum limit_name name)
{
	return &rows[name];
}

const char *limit_scope_name(enum limit_scope scope)
{
	return scope_names[scope];
}

/* --- one measure a limit ------------------------------------------------------------------- */

typedef struct limit_use (*measure)(const struct counts *c, const struct machine *m);

static struct limit_use tw_buckets(const struct counts *c, const struct machine *m)
{
	(void)c;
	return (struct limit_use){ .used = m->time_wait_buckets, .max = m->time_wait_buckets_max };
}

static struct limit_use orphans(const struct counts *c, const struct machine *m)
{
	(void)c;
	return (struct limit_use){ .used = m->orphans, .max = m->orphans_max };
}

static struct limit_use tcp_memory(const struct counts *c, const struct machine *m)
{
	(void)c;
	return (struct limit_use){ .used = m->tcp_memory_bytes, .max = m->tcp_memory_max_bytes };
}

static struct limit_use ephemeral_ports(const struct counts *c, const struct machine *m)
{
	(void)m;
	if (!c->ports)
		return (struct limit_use){ .used = UNKNOWN, .max = UNKNOWN };
	return (struct limit_use){ .used = ports_used(c->ports), .max = ports_available(c->ports) };
}

static struct limit_use listen_queue(const struct counts *c, const struct machine *m)
{
	const struct listen_queue *fullest;

	(void)m;
	if (!c->queues)
		return (struct limit_use){ .used = UNKNOWN, .max = UNKNOWN };
	if (!queues_count(c->queues))
		return (struct limit_use){ .used = 0, .max = queues_smallest(c->queues) };
	fullest = queues_item(c->queues, 0);
	return (struct limit_use){ .used = fullest->waiting, .max = fullest->fits };
}

/* The process that is nearest to its own limit. */
static struct limit_use descriptors(const struct counts *c, const struct machine *m)
{
	bool nobody = c->leaks && leaks_count(c->leaks) == 0;
	struct limit_use fullest = { .used = nobody ? 0 : UNKNOWN, .max = UNKNOWN };

	(void)m;
	for (size_t i = 0; c->leaks && i < leaks_count(c->leaks); i++) {
		const struct leak *leak = leaks_item(c->leaks, i);

		if (limit_percent(leak->descriptors_used, leak->descriptors_max) <=
		    limit_percent(fullest.used, fullest.max))
			continue;
		fullest.used = leak->descriptors_used;
		fullest.max = leak->descriptors_max;
	}
	return fullest;
}

static const measure measures[LIMIT_COUNT] = {
	[LIMIT_TW_BUCKETS] = tw_buckets,     [LIMIT_ORPHANS] = orphans,
	[LIMIT_TCP_MEM] = tcp_memory,        [LIMIT_EPHEMERAL_PORTS] = ephemeral_ports,
	[LIMIT_LISTEN_QUEUE] = listen_queue, [LIMIT_DESCRIPTORS] = descriptors,
};

struct limit_use limit_measure(enum limit_name name, const struct counts *counts,
			       const struct machine *machine)
{
	struct limit_use use = measures[name](counts, machine);
	enum machine_counter hits = rows[name].hits;

	use.hits = hits < MACHINE_COUNTERS ? machine->counters[hits] : UNKNOWN;
	return use;
}

double limit_percent(int64_t used, int64_t max)
{
	if (used == 0 && max != 0)
		return 0;
	if (used == UNKNOWN || max == UNKNOWN)
		return -1;
	return max ? 100.0 * (double)used / (double)max : 100;
}

enum limit_level limit_level(int64_t used, int64_t max)
{
	double percent = limit_percent(used, max);

	if (percent < 0 || max == UNKNOWN)
		return LIMIT_LEVEL_UNKNOWN;
	if (percent >= LIMIT_FULL_PERCENT)
		return LIMIT_LEVEL_FULL;
	return percent >= LIMIT_NEAR_PERCENT ? LIMIT_LEVEL_NEAR : LIMIT_LEVEL_FINE;
}

const char *limit_level_name(enum limit_level level)
{
	return level_names[level];
}
