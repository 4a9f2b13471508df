/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/prometheus.h"

#include <stdio.h>

#include "judge/limits.h"
#include "model/words.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- samples --------------------------------------------------------------------------------- */

/* The help comes before the first sample, so that a metric without one leaves nothing. */
static void put_help(struct outbuf *b, const struct metric *m)
{
	outbuf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
}

static void put_sample(struct outbuf *b, const struct metric *m, const char *value, uint64_t n)
{
	outbuf_printf(b, "%s{%s=\"%s\"} %llu\n", m->name, m->labels, value, (unsigned long long)n);
}

static void put_alone(struct outbuf *b, const struct metric *m, uint64_t n)
{
	put_help(b, m);
	outbuf_printf(b, "%s %llu\n", m->name, (unsigned long long)n);
}

static void put_seconds(struct outbuf *b, const struct metric *m, double seconds)
{
	put_help(b, m);
	outbuf_printf(b, "%s %.6f\n", m->name, seconds);
}

/* --- one function a metric ------------------------------------------------------------------- */

/* The states of the kind; one beyond them, of a newer kernel, once it has a socket. */
static bool is_wanted(const struct tally *t, int kind, int state)
{
	return state_is_shown((enum sock_state)state) &&
	       (netid_states((enum netid)kind) & STATE_BIT(state) || t->kinds[kind][state]);
}

static void put_states(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f,
		       int kind)
{
	for (int s = STATE_ESTABLISHED; s < STATE_COUNT; s++)
		if (is_wanted(&f->counts->tally, kind, s))
			outbuf_printf(b, "%s{protocol=\"%s\",state=\"%s\"} %llu\n", m->name,
				      netid_name((enum netid)kind),
				      state_json_name((enum sock_state)s),
				      (unsigned long long)f->counts->tally.kinds[kind][s]);
}

static void emit_sockets(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f)
{
	put_help(b, m);
	for (int kind = 0; kind < NETID_COUNT; kind++)
		if (f->netids & NETID_BIT(kind))
			put_states(b, m, f, kind);
}

static void emit_risks(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f)
{
	put_help(b, m);
	for (int i = 0; i < RISK_COUNT; i++)
		put_sample(b, m, risk_name((enum risk)i), f->counts->tally.risks[i].sockets);
}

static void emit_linger_unknown(struct outbuf *b, const struct metric *m,
				const struct prometheus_facts *f)
{
	put_alone(b, m, f->counts->tally.linger_unknown);
}

static void emit_reasons(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f)
{
	put_help(b, m);
	for (int i = 0; i < REASON_COUNT; i++)
		put_sample(b, m, reason_name((enum reason)i), f->counts->tally.reasons[i].sockets);
}

/* Without the sockets of which nobody can tell, the sum is no upper bound. */
static void emit_loss(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f)
{
	const struct tally *t = &f->counts->tally;

	put_help(b, m);
	put_sample(b, m, "min", t->loss_min_bytes);
	if (!t->loss_unknown)
		put_sample(b, m, "max", t->loss_max_bytes);
}

static void emit_unread(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f)
{
	put_alone(b, m, f->counts->tally.unread_bytes);
}

/* The descriptors of a process are its own affair, and take privilege to read. */
static bool is_exported(int limit)
{
	return limit != LIMIT_DESCRIPTORS;
}

static void put_limits(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f,
		       bool max)
{
	bool any = false;

	for (int i = 0; i < LIMIT_COUNT; i++) {
		struct limit_use use = limit_measure((enum limit_name)i, f->counts, f->machine);
		int64_t n = max ? use.max : use.used;

		if (n == UNKNOWN || !is_exported(i))
			continue;
		if (!any)
			put_help(b, m);
		put_sample(b, m, limit_row((enum limit_name)i)->name, (uint64_t)n);
		any = true;
	}
}

static void emit_limit_used(struct outbuf *b, const struct metric *m,
			    const struct prometheus_facts *f)
{
	put_limits(b, m, f, false);
}

static void emit_limit_max(struct outbuf *b, const struct metric *m,
			   const struct prometheus_facts *f)
{
	put_limits(b, m, f, true);
}

static void emit_sctp_aborts(struct outbuf *b, const struct metric *m,
			     const struct prometheus_facts *f)
{
	int64_t aborts = f->machine->counters[MACHINE_SCTP_ABORTS];

	if (aborts != UNKNOWN)
		put_alone(b, m, (uint64_t)aborts);
}

static void emit_aborts(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f)
{
	bool any = false;

	for (int i = 0; i < MACHINE_ABORTS; i++) {
		if (f->machine->counters[i] == UNKNOWN)
			continue;
		if (!any)
			put_help(b, m);
		put_sample(b, m, machine_counter_row((enum machine_counter)i)->name,
			   (uint64_t)f->machine->counters[i]);
		any = true;
	}
}

static void emit_complete(struct outbuf *b, const struct metric *m,
			  const struct prometheus_facts *f)
{
	put_alone(b, m, f->complete);
}

static void emit_namespaces(struct outbuf *b, const struct metric *m,
			    const struct prometheus_facts *f)
{
	put_help(b, m);
	put_sample(b, m, "read", f->namespaces);
	put_sample(b, m, "missing", f->namespaces_missing);
}

static void emit_time(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f)
{
	put_seconds(b, m, f->time);
}

static void emit_duration(struct outbuf *b, const struct metric *m,
			  const struct prometheus_facts *f)
{
	put_seconds(b, m, f->run_seconds);
}

static void emit_build(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f)
{
	put_help(b, m);
	outbuf_printf(b, "%s{version=\"" PACKAGE_VERSION "\",bpf=\"%s\"} 1\n", m->name,
		      f->bpf ? "yes" : "no");
}

/* --- units ----------------------------------------------------------------------------------- */

/* Adds one group to another. */
static void add_up(struct group *sum, const struct group *one)
{
	sum->sockets += one->sockets;
	sum->at_risk += one->at_risk;
	for (int s = 0; s < STATE_COUNT; s++)
		sum->states[s] += one->states[s];
}

/* A unit's name may have backslashes, which the text format wants doubled. */
static void put_label(struct outbuf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			outbuf_char(b, '\\');
		outbuf_char(b, *text);
	}
}

typedef void (*put_unit)(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f,
			 const char *unit, const struct group *group);

/* The largest units, and what is not in one of them: it is there at zero too. */
static void each_unit(struct outbuf *b, const struct metric *m, const struct prometheus_facts *f,
		      put_unit put)
{
	struct group other = { 0 }, none = { 0 }, unknown = { 0 };
	const struct groups *groups = f->counts->groups;
	size_t shown = 0;

	put_help(b, m);
	for (size_t i = 0; i < groups_count(groups); i++) {
		const struct group *group;
		const struct group_key *key = groups_item(groups, i, &group);

		if (key->value != GROUP_KNOWN)
			add_up(key->value == GROUP_NONE ? &none : &unknown, group);
		else if (shown++ < f->units)
			put(b, m, f, group_text(key), group);
		else
			add_up(&other, group);
	}
	put(b, m, f, "none", &none);
	put(b, m, f, "unknown", &unknown);
	/* With more units than can be counted it would be too low. */
	if (!groups_lost(groups))
		put(b, m, f, "other", &other);
}

/* A state that no kind has which was counted is left out. */
static bool any_kind_has(const struct prometheus_facts *f, int state)
{
	for (int kind = 0; kind < NETID_COUNT; kind++)
		if (f->netids & NETID_BIT(kind) && is_wanted(&f->counts->tally, kind, state))
			return true;
	return false;
}

static void put_unit_states(struct outbuf *b, const struct metric *m,
			    const struct prometheus_facts *f, const char *unit,
			    const struct group *group)
{
	for (int s = STATE_ESTABLISHED; s < STATE_COUNT; s++) {
		if (!any_kind_has(f, s))
			continue;
		outbuf_printf(b, "%s{unit=\"", m->name);
		put_label(b, unit);
		outbuf_printf(b, "\",state=\"%s\"} %llu\n", state_json_name((enum sock_state)s),
			      (unsigned long long)group->states[s]);
	}
}

static void put_unit_risk(struct outbuf *b, const struct metric *m,
			  const struct prometheus_facts *f, const char *unit,
			  const struct group *group)
{
	(void)f;
	outbuf_printf(b, "%s{unit=\"", m->name);
	put_label(b, unit);
	outbuf_printf(b, "\"} %llu\n", (unsigned long long)group->at_risk);
}

static void emit_unit_sockets(struct outbuf *b, const struct metric *m,
			      const struct prometheus_facts *f)
{
	if (f->units)
		each_unit(b, m, f, put_unit_states);
}

static void emit_unit_risks(struct outbuf *b, const struct metric *m,
			    const struct prometheus_facts *f)
{
	if (f->units)
		each_unit(b, m, f, put_unit_risk);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct metric metrics[] = {
	{ "lingerstat_sockets", "gauge", "protocol,state", "Sockets by kind and state.",
	  emit_sockets },
	{ "lingerstat_close_risk_sockets", "gauge", "risk",
	  "Sockets by what a close would cost now; where linger is unknown, at least.",
	  emit_risks },
	{ "lingerstat_linger_unknown_sockets", "gauge", "",
	  "Sockets whose risk hangs on a linger that could not be read.", emit_linger_unknown },
	{ "lingerstat_close_risk_reason_sockets", "gauge", "reason",
	  "Sockets to which a reason applies; one may have several.", emit_reasons },
	{ "lingerstat_close_loss_bytes", "gauge", "bound",
	  "Sent bytes that closing every socket now would destroy.", emit_loss },
	{ "lingerstat_unread_bytes", "gauge", "",
	  "Received bytes that closing every socket now would throw away, where known.",
	  emit_unread },
	{ "lingerstat_unit_sockets", "gauge", "unit,state",
	  "Sockets by systemd unit and state, with --by unit: its N largest units, and the rest as "
	  "other, none and unknown.",
	  emit_unit_sockets },
	{ "lingerstat_unit_close_risk_sockets", "gauge", "unit",
	  "Sockets of a unit that a close would cost something now; as many units.",
	  emit_unit_risks },
	{ "lingerstat_limit_used", "gauge", "limit", "What is used of a limit.", emit_limit_used },
	{ "lingerstat_limit_max", "gauge", "limit", "The limit.", emit_limit_max },
	{ "lingerstat_tcp_aborts_total", "counter", "cause",
	  "Connections that the kernel has reset, as TcpExt counts them.", emit_aborts },
	{ "lingerstat_sctp_aborts_total", "counter", "",
	  "SCTP associations that ended by an ABORT of either end or without an answer, where SCTP "
	  "is loaded.",
	  emit_sctp_aborts },
	{ "lingerstat_complete", "gauge", "",
	  "1 when every socket was read, 0 when some are missing.", emit_complete },
	{ "lingerstat_network_namespaces", "gauge", "status",
	  "Network namespaces: read, and (with --all-netns) missing from every number.",
	  emit_namespaces },
	{ "lingerstat_last_run_timestamp_seconds", "gauge", "", "When the sockets were read.",
	  emit_time },
	{ "lingerstat_run_duration_seconds", "gauge", "", "How long reading them took.",
	  emit_duration },
	{ "lingerstat_build_info", "gauge", "version,bpf", "Always 1; the labels tell the build.",
	  emit_build },
};

const struct metric *metric_table(size_t *count)
{
	*count = ARRAY_SIZE(metrics);
	return metrics;
}

void prometheus_write(struct outbuf *b, const struct prometheus_facts *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
		metrics[i].emit(b, &metrics[i], facts);
}
