/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON in two wrappings of the same objects: one document, or one object a line. The keys are
 * the column table's paths; columns under one parent stand together in it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "present/cells.h"
#include "present/escape.h"
#include "present/json.h"
#include "present/memo.h"

#define PREFIX_SIZE 48

/* The end of one parent, the start of another, the key. */
struct prefix {
	char text[PREFIX_SIZE];
	size_t len;
};

/* Columns that are written together. */
struct run {
	size_t from, to;
	struct memo *memo; /* NULL: they are written anew for each socket */
	bool depends;      /* some do not apply to every socket */
	void (*tail)(struct outbuf *b, const struct socket *sk); /* of the last one; or NULL */
};

struct json {
	struct writer writer;
	struct outbuf *out;
	bool lines; /* ndjson */
	bool live;
	bool first; /* no socket yet */
	size_t count;
	const struct column *columns[COLUMNS_MAX];
	struct prefix prefix[COLUMNS_MAX];        /* what goes before each value */
	const struct steady *steady[COLUMNS_MAX]; /* what is steady in each, or NULL */
	bool ends_in_parent;
	size_t n_runs;
	struct run runs[COLUMNS_MAX];
	const struct explain_context *explain; /* NULL: no sentences */
};

static bool is_chosen(const struct column_list *list, const struct column *column)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == column)
			return true;
	return false;
}

static size_t parent_length(const char *path)
{
	const char *dot = strchr(path, '.');

	return dot ? (size_t)(dot - path) : 0;
}

static void make_prefix(struct prefix *prefix, const char *path, const char *before)
{
	char *to = prefix->text;
	size_t parent = parent_length(path);
	size_t old = before ? parent_length(before) : 0;
	bool same = parent && parent == old && strncmp(path, before, parent) == 0;

	if (same || !parent)
		snprintf(to, PREFIX_SIZE, "%s,\"%s\":", old && !same ? "}" : "",
			 parent ? path + parent + 1 : path);
	else
		snprintf(to, PREFIX_SIZE, "%s,\"%.*s\":{\"%s\":", old ? "}" : "", (int)parent, path,
			 path + parent + 1);
	prefix->len = strlen(to);
}

/* All of its bytes, of which only the first count: a copy of known size is a few instructions. */
static void put_prefix(struct outbuf *b, const struct prefix *prefix)
{
	char *p = outbuf_reserve(b, sizeof(prefix->text));

	if (!p)
		return;
	memcpy(p, prefix->text, sizeof(prefix->text));
	b->len += prefix->len;
}

/* In the order of the column table, so that columns of one parent stand together. */
static void choose_columns(struct json *j, const struct column_list *list)
{
	const char *before = NULL;
	size_t n;
	const struct column *table = column_table(&n);

	for (size_t i = 0; i < n; i++) {
		if (!is_chosen(list, &table[i]))
			continue;
		make_prefix(&j->prefix[j->count], table[i].json, before);
		j->steady[j->count] = steady_of(&table[i]);
		j->columns[j->count++] = &table[i];
		before = table[i].json;
	}
	j->ends_in_parent = before && parent_length(before);
}

/* Adds a column to the run that ends before it; false where it has to begin another. */
static bool join_run(struct run *run, const struct steady *steady)
{
	if (!run->memo != !steady)
		return false;
	if (!steady)
		return true;
	if (run->tail || !memo_add(run->memo, steady))
		return false;
	run->depends |= steady->applies != NULL;
	run->tail = steady->tail;
	return true;
}

/* The columns in runs. Returns 0 or -ENOMEM. */
static int plan_runs(struct json *j)
{
	for (size_t i = 0; i < j->count; i++) {
		const struct steady *steady = j->steady[i];
		struct run *run = &j->runs[j->n_runs];

		if (!j->n_runs || !join_run(run - 1, steady)) {
			*run = (struct run){ .from = i, .to = i };
			if (steady && !(run->memo = memo_new()))
				return -ENOMEM;
			j->n_runs++;
			join_run(run, steady);
		}
		j->runs[j->n_runs - 1].to = i + 1;
	}
	return 0;
}

static void put_text(struct outbuf *b, const char *key, const char *text)
{
	outbuf_printf(b, ",\"%s\":", key);
	if (text)
		escape_json(b, text, strlen(text));
	else
		outbuf_str(b, "null");
}

static void put_time(struct outbuf *b, const struct timespec *time)
{
	struct tm tm;
	char text[32];

	if (!time->tv_sec || !gmtime_r(&time->tv_sec, &tm)) {
		put_text(b, "time", NULL);
		return;
	}
	put_text(b, "time", strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) ? text : NULL);
}

static const char *const owners_sources[] = {
	[OWNERS_FROM_NOWHERE] = NULL,
	[OWNERS_FROM_BPF] = "bpf",
	[OWNERS_FROM_PROC] = "proc",
};

static const char *const linger_sources[] = {
	[LINGER_FROM_NOWHERE] = NULL,
	[LINGER_FROM_BPF] = "bpf",
	[LINGER_FROM_GETFD] = "getfd",
};

/* Kinds that the selection names and this kernel lacks. */
static void put_missing(struct outbuf *b, uint32_t netids)
{
	bool first = true;

	outbuf_str(b, ",\"missing\":[");
	for (int i = 0; i < NETID_COUNT; i++) {
		if (!(netids & NETID_BIT(i)))
			continue;
		outbuf_printf(b, "%s\"%s\"", first ? "" : ",", netid_name((enum netid)i));
		first = false;
	}
	outbuf_char(b, ']');
}

void json_header(struct outbuf *b, const struct run_info *info)
{
	const struct owners_status *o = info->owners;

	outbuf_str(b, "{\"type\":\"header\",\"schema\":1,\"program\":\"lingerstat\"");
	put_text(b, "version", PACKAGE_VERSION);
	put_text(b, "source", info->source);
	put_text(b, "host", info->host);
	put_time(b, &info->time);
	put_text(b, "kernel", info->kernel);
	outbuf_str(b, ",\"netns\":");
	if (info->netns)
		outbuf_u64(b, info->netns);
	else
		outbuf_str(b, "null");
	put_text(b, "netns_name", info->netns_name);
	put_text(b, "linger_source", linger_sources[o->linger]);
	put_text(b, "owners_source", owners_sources[o->holders]);
	outbuf_printf(b, ",\"owners_complete\":%s,\"unreadable_processes\":%u",
		      o->complete ? "true" : "false", o->unreadable);
	put_text(b, "bpf_problem", o->bpf_stage);
	put_missing(b, info->missing_netids);
	outbuf_char(b, '}');
}

static const char *const recheckers[] = {
	[RECHECKED_BY_CENSUS] = "bpf",
	[RECHECKED_BY_DUMP] = "dump",
};

void json_summary(struct outbuf *b, const struct run_result *r)
{
	outbuf_printf(b, "\"type\":\"summary\",\"complete\":%s", r->complete ? "true" : "false");
	put_text(b, "problem", r->problem);
	outbuf_char(b, ',');
	tally_json(b, r->tally, r->judged);
	outbuf_printf(b,
		      ",\"undecided_sockets\":%llu,\"duplicates_removed\":%llu,"
		      "\"added_sockets\":%llu,\"malformed_messages\":%llu,"
		      "\"malformed_attributes\":%llu",
		      (unsigned long long)r->undecided, (unsigned long long)r->dump->duplicates,
		      (unsigned long long)r->dump->added, (unsigned long long)r->dump->malformed,
		      (unsigned long long)r->dump->bad_attrs);
	put_text(b, "rechecked", recheckers[r->dump->rechecked]);
}

static void json_begin(struct writer *w, const struct run_info *info)
{
	struct json *j = (struct json *)w;

	if (!j->lines)
		outbuf_str(j->out, "{\"header\":");
	json_header(j->out, info);
	outbuf_str(j->out, j->lines ? "\n" : ",\n\"sockets\":[");
}

static void put_subflows(struct json *j, const struct socket *sk);

static void put_values(struct json *j, struct outbuf *b, const struct run *run,
		       const struct socket *sk)
{
	for (size_t i = run->from; i < run->to; i++) {
		put_prefix(b, &j->prefix[i]);
		if (j->columns[i]->value == json_subflows && sk->subflows.count)
			put_subflows(j, sk);
		else
			j->columns[i]->value(b, sk);
	}
}

static bool applies(const struct json *j, const struct run *run, const struct socket *sk)
{
	for (size_t i = run->from; run->depends && i < run->to; i++)
		if (j->steady[i]->applies && !j->steady[i]->applies(sk))
			return false;
	return run->memo;
}

/* What a run's memo keeps: all but the tail. */
static void put_steady(struct json *j, struct outbuf *b, const struct run *run,
		       const struct socket *sk)
{
	for (size_t i = run->from; i < run->to; i++) {
		const struct steady *steady = j->steady[i];

		put_prefix(b, &j->prefix[i]);
		(steady->head ? steady->head : steady->value)(b, sk);
	}
}

static void put_run(struct json *j, const struct run *run, const struct socket *sk)
{
	if (!applies(j, run, sk)) {
		put_values(j, j->out, run, sk);
		return;
	}
	if (!memo_put(run->memo, j->out, sk)) {
		put_steady(j, memo_start(run->memo), run, sk);
		memo_keep(run->memo, j->out, sk);
	}
	if (run->tail)
		run->tail(j->out, sk);
}

/* A socket's columns, up to the end of the object. */
static void put_columns(struct json *j, const struct socket *sk)
{
	for (size_t i = 0; i < j->n_runs; i++)
		put_run(j, &j->runs[i], sk);
	if (j->ends_in_parent)
		outbuf_char(j->out, '}');
}

/* Each is an object as its connection is, and has no subflows. */
static void put_subflows(struct json *j, const struct socket *sk)
{
	for (uint32_t i = 0; i < sk->subflows.count; i++) {
		const struct socket row = socket_subflow(sk, i);

		outbuf_str(j->out, i ? ",{\"type\":\"subflow\"" : "[{\"type\":\"subflow\"");
		put_columns(j, &row);
		outbuf_char(j->out, '}');
	}
	outbuf_char(j->out, ']');
}

static void json_row(struct writer *w, const struct socket *sk)
{
	struct json *j = (struct json *)w;

	if (!j->lines)
		outbuf_str(j->out, j->first ? "\n" : ",\n");
	j->first = false;
	outbuf_str(j->out, j->live ? "{\"type\":\"event\",\"event\":\"destroyed\""
				   : "{\"type\":\"socket\"");
	put_columns(j, sk);
	if (j->explain) {
		outbuf_str(j->out, ",\"explain\":");
		explain_json(j->out, sk, j->explain);
	}
	outbuf_char(j->out, '}');
	if (j->lines)
		outbuf_char(j->out, '\n');
}

static void json_end(struct writer *w, const struct run_result *result)
{
	struct json *j = (struct json *)w;

	if (!j->lines)
		outbuf_str(j->out, "\n],\n\"summary\":");
	outbuf_char(j->out, '{');
	json_summary(j->out, result);
	outbuf_str(j->out, j->lines ? "}\n" : "}}\n");
}

static void json_free(struct writer *w)
{
	struct json *j = (struct json *)w;

	for (size_t i = 0; i < j->n_runs; i++)
		memo_free(j->runs[i].memo);
	free(j);
}

static struct writer *open_json(struct outbuf *out, const struct writer_options *options,
				bool lines)
{
	struct json *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->writer = (struct writer){ json_begin, json_row, json_end, json_free };
	j->out = out;
	j->lines = lines;
	j->live = options->live;
	j->explain = options->explain;
	j->first = true;
	choose_columns(j, options->columns);
	if (plan_runs(j) < 0) {
		json_free(&j->writer);
		return NULL;
	}
	return &j->writer;
}

struct writer *json_open(struct outbuf *out, const struct writer_options *options)
{
	return open_json(out, options, false);
}

struct writer *ndjson_open(struct outbuf *out, const struct writer_options *options)
{
	return open_json(out, options, true);
}
