/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run over the kernel's sockets (or a recording's), the same for every command: source,
 * rights, owners pass, then each socket through enrich and judge to the command's own sink.
 */
#ifndef LINGERSTAT_CMD_RUN_H
#define LINGERSTAT_CMD_RUN_H

#include <stdbool.h>

#include "base/procfs.h"
#include "cmd/cmd.h"
#include "cmd/late.h"
#include "cmd/processes.h"
#include "cmd/recheck.h"
#include "cmd/spaces.h"
#include "enrich/enrich.h"
#include "enrich/gather.h"
#include "filter/filter.h"
#include "source/roll.h"
#include "source/source.h"
#include "source/states.h"

/* What a command wants of the run. */
struct run_plan {
	unsigned int needs; /* union of plan/needs.h over everything that is shown or tested */
	struct selection selection; /* want_tcp_info follows from the needs */
	uint32_t named_netids;      /* asked for by name: their absence is an error */
	bool named_bound;           /* asked for bound, inactive sockets alone: likewise */
	enum linger_mode linger;
	bool events;                 /* sockets as they are destroyed, not those that exist */
	bool threads;                /* look for descriptor tables of threads in /proc too */
	bool all_netns;              /* every network namespace, one after the other */
	bool spaces_told;            /* which of them are missing: a run before has told it */
	int netns_error;             /* --net failed, and that was told: nothing can be listed */
	uint32_t touch_states;       /* --linger=getfd touches sockets in these states only */
	const struct filter *filter; /* NULL: every socket of the selection */
	bool may_skip_owners;        /* where the filter selects nothing */
	/* Takes one TCP socket for all that are alike (source/states.h), where nothing else of them
	 * is asked; NULL: each is wanted. */
	alike_sink take_alike;
	const char *proc; /* --proc: a procfs that stands elsewhere; NULL: /proc */
	/* Of a TCP socket no more is wanted than its family, ends, state and queues. */
	bool bare_rows;
	/* Of a TCP connection with nothing in its queues no more is wanted than that, its inode,
	 * who holds it and the forecast (muster_may_tell()). */
	bool quiet_rows;
	const char *read;         /* a recording, NULL: this kernel */
	const char *command_line; /* as it was typed, for hints */
	/* Told, with the sink's context, when the process has come to a namespace, before it is
	 * dumped (may be NULL). Gives 0, or -ENOMEM, which ends the run. */
	int (*in_namespace)(void *ctx, const struct surroundings *here);
	/* Told, with the sink's context, when the dump is over and its rights are still there (may
	 * be NULL). */
	void (*dumped)(void *ctx);
	unsigned int later_rights; /* enum right: for another run of this process */
	/* Told which stage begins, in words that stay (`which` may be NULL); may be NULL. */
	void (*enter_stage)(void *ctx, const char *what, const char *which);
	void *stage_ctx;
};

struct run {
	const struct run_plan *plan;
	struct source *source;
	struct enrichment enrich;
	struct owners_status owners;
	struct states *states;    /* to count with, NULL: by the dump */
	uint32_t counted_netids;  /* need not be dumped: a census has counted them */
	int again;                /* for a second owners pass, -1: none */
	struct late *late;        /* sockets to look for again */
	struct recheck recheck;   /* for rows that the dump has passed over */
	struct roll *roll;        /* of all namespaces that share a table, NULL: none */
	unsigned int rolls_taken; /* cmd/muster.c */
	uint32_t missing_netids;  /* of the selection, not in this kernel */
	uint32_t unread_netids;   /* their dump failed and nothing came: unknown, not none */
	bool want_tcp_peers;      /* the other ends of TCP connections are asked for */
	struct filter *this_host; /* which of them can be on this host */
	int peers_error;          /* of a dump that looked for them */
	bool bound_seen;          /* a bound, inactive socket came: this kernel lists them */
	bool skipped_owners;      /* nothing was selected, so nobody asked who holds it */
	bool failed;              /* beyond the dump: capabilities could not be dropped */
	bool may_load_bpf;        /* the capabilities were there */
	struct dump_report report;
	uint64_t unlooked;    /* younger than the owners pass, and no second one looked for them */
	uint64_t undecided;   /* left out, as the filter asks what is not known of them */
	struct procfs procfs; /* of the owners pass */
	struct outside outside;
	struct spaces spaces;
	socket_sink sink;
	void *ctx;
	source_pause pause; /* of every source, see run_on_pause() */
	void *pause_ctx;
};

/* For run_close() of a run that was not opened: no descriptor is its own, 0 neither. */
#define RUN_NOT_OPENED                             \
	{                                          \
		.again = -1, .spaces = SPACES_NONE \
	}

/* Opens the source, gathers owners, drops every capability. Returns 0, or a negative errno after
 * a message. run_close() is due in either case. */
int run_open(struct run *run, const struct run_plan *plan);

/* Tells the plan's owner which stage begins, in words that stay (`which` may be NULL). */
void run_enter_stage(const struct run *run, const char *what, const char *which);

/* Drops every capability but those for `rights` (enum right) and the plan's later ones. Returns 0,
 * or a negative errno after a message. */
int run_keep_rights(const struct run *run, unsigned int rights);

/* Says on standard error what is missing, once each, and how to get it: rows of the dump, then
 * (where `unknown_holders` sockets, or linger, could not be read) attributes. Returns
 * RESULT_DONE, RESULT_INCOMPLETE, or RESULT_FAILED when nothing at all came. */
enum result run_verdict(const struct run *run, uint64_t sockets, uint64_t unknown_holders);

void run_close(struct run *run);

#endif
