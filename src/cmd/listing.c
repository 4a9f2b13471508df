/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "cmd/about.h"
#include "cmd/dumps.h"
#include "cmd/follow.h"
#include "cmd/hints.h"
#include "cmd/muster.h"
#include "enrich/contexts.h"
#include "plan/needs.h"
#include "present/sorter.h"

/* What one listing holds beside the run. */
struct view {
	const struct listing *listing;
	struct run run;
	struct run_plan plan;
	struct outbuf out;
	struct writer *writer;
	struct names *names;
	int64_t written_ms; /* when rows were last written out */
	struct tally tally;
	bool tally_wanted;
	int fd;                    /* where the output goes */
	struct sorter *sorter;     /* NULL: rows stream */
	struct follow follow;      /* of events */
	struct contexts *contexts; /* NULL: not asked for */
	struct cell_context cells;
	struct explain_context explain;
};

static bool is_table(const struct listing *l)
{
	return l->format->open == table_open;
}

/* Text, as opposed to data: names, colours. */
static bool is_for_people(const struct listing *l)
{
	return l->format->open == table_open || l->format->open == explain_open;
}

/* Asked for by name, MPTCP is shown with its subflows; JSON has them in a column of their own. */
static bool shows_subflows(const struct listing *l)
{
	return (l->plan.named_netids & NETID_BIT(NETID_MPTCP)) &&
	       (is_for_people(l) || l->format->open == csv_open);
}

/* What can still be known of a socket that was destroyed. */
#define EVENT_NEEDS (NEED_LINKS | NEED_NETNS | NEED_NETNS_NAME | NEED_NAMING)

static unsigned int plan_needs(const struct listing *l)
{
	unsigned int needs = l->plan.needs | column_list_needs(&l->columns);

	if (l->plan.events)
		return needs & EVENT_NEEDS;
	if (l->explain && (l->plan.selection.states & STATES_LISTENING))
		needs |= NEED_RESTART | NEED_OWNERS | NEED_LINGER;
	if (shows_subflows(l))
		needs |= NEED_SUBFLOWS;
	if (l->sort)
		needs |= l->sort->needs;
	if (l->least_risk > RISK_NONE)
		needs |= NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO;
	return needs;
}

/* What the kernel's table of sockets itself says of one (cmd/muster.h). */
static const char *const bare_columns[] = { "netid",  "state",  "family", "local",     "peer",
					    "recv-q", "send-q", "netns",  "netns-name" };

static bool is_bare(const struct column *column)
{
	for (size_t i = 0; i < sizeof(bare_columns) / sizeof(bare_columns[0]); i++)
		if (strcmp(column->name, bare_columns[i]) == 0)
			return true;
	return false;
}

/* What the roll, the holders and the judge say of a connection with empty queues. */
static const char *const quiet_columns[] = {
	"inode",    "interface", "ifindex",  "queue-unit", "unread",      "outstanding", "unsent",
	"linger",   "options",   "process",  "references", "outcome",     "outcomes",    "risk",
	"risk-max", "reasons",   "loss-min", "loss-max",   "unread-loss", "block",       "drain",
};

static bool is_quiet(const struct column *column)
{
	for (size_t i = 0; i < sizeof(quiet_columns) / sizeof(quiet_columns[0]); i++)
		if (strcmp(column->name, quiet_columns[i]) == 0)
			return true;
	return is_bare(column);
}

/* `explain` speaks of more than its rows show. */
static bool are_rows_quiet(const struct view *v)
{
	const struct listing *l = v->listing;

	if (l->explain || (l->sort && !is_quiet(l->sort)) || !muster_may_tell(&v->plan))
		return false;
	for (size_t i = 0; i < l->columns.count; i++)
		if (!is_quiet(l->columns.items[i]))
			return false;
	return true;
}

/* JSON and a tally end with more than the rows show. */
static bool are_rows_bare(const struct view *v)
{
	const struct listing *l = v->listing;
	const unsigned int naming = NEED_LINKS | NEED_PEER_NAMES | NEED_NETNS | NEED_NETNS_NAME;

	if (!(is_table(l) || l->format->open == csv_open) || v->tally_wanted || l->sort)
		return false;
	if (v->plan.needs & ~naming || v->plan.filter || v->plan.events)
		return false;
	for (size_t i = 0; i < l->columns.count; i++)
		if (!is_bare(l->columns.items[i]))
			return false;
	return true;
}

/* The tally counts every state, TIME-WAIT among them; it is for terminals, so in a pipe nothing
 * more is asked for than is shown. */
static void make_plan(struct view *v)
{
	uint32_t ignored;

	v->plan = v->listing->plan;
	v->plan.needs = plan_needs(v->listing);
	v->plan.may_skip_owners = !v->listing->explain && v->plan.filter;
	v->plan.touch_states = v->plan.selection.states;
	if (v->tally_wanted && !filter_states(v->plan.filter, &ignored))
		v->plan.selection.states = STATES_ALL;
	v->plan.bare_rows = are_rows_bare(v);
	v->plan.quiet_rows = !v->plan.bare_rows && are_rows_quiet(v);
}

static bool is_shown(const struct view *v, const struct socket *sk)
{
	return selection_has_state(&v->listing->plan.selection, sk->state) &&
	       sk->close.risk >= v->listing->least_risk;
}

static int show_socket(void *ctx, struct socket *sk)
{
	struct view *v = ctx;
	bool shown = is_shown(v, sk);

	tally_add(&v->tally, sk, shown);
	if (shown && v->contexts && contexts_join(v->contexts, sk) < 0)
		return -ENOMEM;
	if (shown && v->sorter)
		return sorter_add(v->sorter, sk, &v->cells);
	if (shown)
		v->writer->row(v->writer, sk);
	return v->out.error;
}

static void show_sorted(void *ctx, const struct socket *sk)
{
	struct view *v = ctx;

	v->writer->row(v->writer, sk);
}

/* Columns that have to be named are read out of the kernel's message, when the row is shown. */
static bool reads_messages(const struct listing *l)
{
	return (column_list_needs(&l->columns) | l->sort->needs) & NEED_NAMING;
}

static int open_writer(struct view *v)
{
	const struct listing *l = v->listing;
	struct writer_options options = {
		.columns = &l->columns,
		.header = !l->no_header,
		.oneline = l->oneline,
		.color = is_for_people(l) && style_wanted(l->color, STDOUT_FILENO),
		.utf8 = about_utf8(),
		.width = about_width(),
		.tally = v->tally_wanted,
		.live = l->plan.events,
		.explain = l->explain ? &v->explain : NULL,
	};

	if (outbuf_open(&v->out, v->fd) < 0)
		return -ENOMEM;
	v->names = names_new(is_for_people(l) && !l->numeric, is_for_people(l) && l->resolve);
	v->cells = options.cells = (struct cell_context){ .names = v->names,
							  .all_holders = l->all_holders,
							  .threads = l->threads };
	if (l->sort && !(v->sorter = sorter_new(l->sort, l->descending, reads_messages(l))))
		return -ENOMEM;
	if (v->plan.needs & NEED_CONTEXT && !v->plan.read &&
	    !(v->contexts =
		      contexts_new(processes_root(&v->plan), v->plan.needs & NEED_SOCKET_CONTEXT)))
		return -ENOMEM;
	v->explain = (struct explain_context){ v->names, options.color, l->plan.all_netns };
	v->writer = v->names ? l->format->open(&v->out, &options) : NULL;
	return v->writer ? 0 : -ENOMEM;
}

static void begin(struct view *v)
{
	struct about about;

	if (!v->writer->begin)
		return;
	about_run(&about, &v->run);
	v->writer->begin(v->writer, &about.info);
}

static void end(struct view *v)
{
	struct run_result result = {
		.tally = &v->tally,
		.dump = &v->run.report,
		.complete = !dump_incomplete(&v->run.report),
		.judged = v->plan.needs & NEED_FORECAST,
		.undecided = v->run.undecided,
		.problem = about_problem(&v->run.report),
	};

	if (v->writer->end)
		v->writer->end(v->writer, &result);
}

int close_output(struct outbuf *out, const char *name)
{
	int fd = out->fd;
	int err = outbuf_close(out);

	if (fd > STDERR_FILENO && close(fd) < 0 && !err)
		err = -errno;
	if (err)
		message("cannot write to %s: %s", name ? name : "standard output", strerror(-err));
	return err;
}

/* Opened before the dump, so that a wrong name costs nothing. */
static int open_output(const struct listing *l)
{
	int fd;

	if (!l->output || strcmp(l->output, "-") == 0)
		return STDOUT_FILENO;
	fd = open(l->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		fd = -errno;
		message("cannot write to '%s': %s", l->output, strerror(errno));
	}
	return fd;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Rows are written when the buffer is full. Where few are chosen, or the source takes its time,
 * that could be long; so they also are when nothing else is at hand, and ten times a second. */
static void write_out(void *ctx, bool dry)
{
	struct view *v = ctx;
	int64_t now = now_ms();

	if (!v->out.len || (!dry && now - v->written_ms < 100))
		return;
	outbuf_flush(&v->out);
	v->written_ms = now;
}

/* Subscribed to before anything else is done, so that the header says that nothing is missed. */
static int open_events(struct view *v)
{
	int err = 0;

	if (v->plan.events)
		err = events_open(&v->follow.events, &v->plan.selection);
	if (err)
		message("cannot subscribe to the kernel's events: %s", strerror(-err));
	return err;
}

static void follow(struct view *v)
{
	v->follow.run = &v->run;
	v->follow.out = &v->out;
	v->follow.count = v->listing->count;
	v->follow.sink = show_socket;
	v->follow.ctx = v;
	follow_run(&v->follow);
}

static enum result show(struct view *v)
{
	begin(v);
	run_on_pause(&v->run, write_out, v);
	if (v->plan.events)
		follow(v);
	else
		run_dump(&v->run, show_socket, v);
	if (v->sorter)
		sorter_emit(v->sorter, show_sorted, v);
	end(v);
	v->fd = -1;
	if (close_output(&v->out, v->listing->output))
		return RESULT_FAILED;
	if (v->contexts && v->tally.shown)
		hint_contexts(v->contexts, v->plan.command_line);
	return run_verdict(&v->run, v->tally.sockets, v->tally.holders_unknown);
}

/* Where nothing was shown, nothing has closed it. */
static void drop_output(struct view *v)
{
	outbuf_close(&v->out);
	if (v->fd > STDERR_FILENO)
		close(v->fd);
}

enum result listing_run(const struct listing *listing)
{
	struct view v = {
		.listing = listing,
		.run = RUN_NOT_OPENED,
		.tally_wanted = is_table(listing) && !listing->plan.events && isatty(STDOUT_FILENO),
	};
	enum result result = RESULT_FAILED;

	make_plan(&v);
	v.fd = open_output(listing);
	if (v.fd < 0)
		return RESULT_FAILED;
	if (open_events(&v) == 0 && run_open(&v.run, &v.plan) == 0) {
		if (open_writer(&v) == 0)
			result = show(&v);
		else
			message("%s", strerror(ENOMEM));
	}
	if (v.writer)
		v.writer->free(v.writer);
	drop_output(&v);
	names_free(v.names);
	sorter_free(v.sorter);
	contexts_free(v.contexts);
	run_close(&v.run);
	events_close(v.follow.events);
	follow_raise(&v.follow);
	return result;
}
