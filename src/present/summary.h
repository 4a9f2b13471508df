/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The summary: counts beside what they run into, as a few grids for people or as members of one
 * JSON object. One const table of sections drives the output, --sections, its help and the plan.
 */
#ifndef LINGERSTAT_PRESENT_SUMMARY_H
#define LINGERSTAT_PRESENT_SUMMARY_H

#include "enrich/links.h"
#include "enrich/machines.h"
#include "judge/limits.h"
#include "present/address.h"
#include "present/grid.h"

/* What is shown. */
struct summary {
	struct counts *counts;
	const struct machine *machine; /* all unknown where the sockets are a recording's */
	const struct machines *machines;
	bool recorded;   /* another machine's sockets: this one's limits say nothing */
	bool everywhere; /* of every network namespace, which stand in `machines` */
	bool narrowed;   /* by a filter or to some states: not every socket counts */
	bool judged;     /* the forecast was made */
	uint32_t netids; /* kinds that were asked for and are in this kernel */
	size_t top;      /* lines of each list */
	bool numeric;
	struct names *names;
	struct links *links; /* NULL: devices by number */
	struct grid_look look;
};

struct summary_section {
	const char *name; /* first: nearest_word() walks the table */
	const char *help;
	unsigned int needs;         /* plan/needs.h */
	unsigned int count_parts;   /* enum count_part */
	unsigned int machine_parts; /* enum machine_part */
	void (*text)(struct outbuf *b, const struct summary *s);
	/* Members of the JSON object, each with a comma before it. */
	void (*json)(struct outbuf *b, const struct summary *s);
};

/* The sections in their order, and how many. */
const struct summary_section *summary_sections(size_t *count);

/* The groups of --by, which are no section: they stand first. */
void summary_groups_text(struct outbuf *b, const struct summary *s);
void summary_groups_json(struct outbuf *b, const struct summary *s);

/* --- inside the present room: the parts of the table ---------------------------------------- */

#define SUMMARY_PART(name)                                                     \
	void summary_##name##_text(struct outbuf *b, const struct summary *s); \
	void summary_##name##_json(struct outbuf *b, const struct summary *s)

/* How many of `n` lines are shown, and a note of those that are not. */
size_t summary_shown(const struct summary *s, size_t n);
void summary_note_more(const struct summary *s, struct outbuf *b, size_t n, size_t shown);

SUMMARY_PART(states);
SUMMARY_PART(risk);
SUMMARY_PART(close_wait);
SUMMARY_PART(ports);
SUMMARY_PART(listeners);
SUMMARY_PART(limits);
SUMMARY_PART(aborts);

/* The namespaces of a summary of several, those nearest to a limit first: their part of the limits.
 * Nothing of one. */
void summary_spaces_text(struct outbuf *b, const struct summary *s);
void summary_spaces_json(struct outbuf *b, const struct summary *s);

/* A cell with the namespace of that inode. */
void summary_space_cell(struct grid *g, const struct summary *s, uint64_t netns);

/* A socket with the ends of a destination, for address_cell(). */
struct socket summary_destination(const struct summary *s, const struct destination *d);

#endif
