/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prometheus text (exposition format 0.0.4): one const table of metrics gives name, type, help and
 * labels, in the text and in lingerstat.8. Labels are words of the model's tables, so their number
 * is bounded: never an address, a pid or a port. Units of systemd are not words of a table: they
 * have labels on request, a given number of the largest, by names that last. What is not known is
 * left out, as a gauge has no word for it; every other combination is there, at zero too, so that a
 * rule never meets a gap.
 */
#ifndef LINGERSTAT_PRESENT_PROMETHEUS_H
#define LINGERSTAT_PRESENT_PROMETHEUS_H

#include "base/outbuf.h"
#include "count/count.h"
#include "enrich/machine.h"

#define PROMETHEUS_UNITS     20 /* that have series of their own */
#define PROMETHEUS_UNITS_MAX 200

struct prometheus_facts {
	const struct counts *counts;
	const struct machine *machine;
	uint32_t netids;    /* kinds that were counted */
	bool complete;      /* every socket was read */
	double time;        /* when it began, seconds since 1970 */
	double run_seconds; /* how long it took */
	bool bpf;           /* built with BPF */
	/* Network namespaces that were read, and those that could not be. */
	uint64_t namespaces, namespaces_missing;
	size_t units; /* how many have series of their own; 0: no metrics of units */
};

struct metric {
	const char *name;
	const char *type;   /* gauge or counter */
	const char *labels; /* names, with commas; "" for none */
	const char *help;   /* one line */
	/* Writes its samples. */
	void (*emit)(struct outbuf *b, const struct metric *metric,
		     const struct prometheus_facts *facts);
};

const struct metric *metric_table(size_t *count);

/* Writes them all. A metric without a sample is left out with its help. */
void prometheus_write(struct outbuf *b, const struct prometheus_facts *facts);

#endif
