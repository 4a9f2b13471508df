/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of the summary on CLOSE-WAIT: which processes leak sockets, and how near that brings
 * them to their limit of descriptors.
 */
#include <errno.h>
#include <string.h>

#include "present/escape.h"
#include "present/members.h"
#include "present/summary.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void put_duration(struct outbuf *b, int64_t ms)
{
	if (ms < 0)
		outbuf_char(b, '?');
	else if (ms < 60000)
		outbuf_printf(b, "%lld.%llds", (long long)(ms / 1000),
			      (long long)(ms % 1000 / 100));
	else if (ms < 3600000)
		outbuf_printf(b, "%lldm%02llds", (long long)(ms / 60000),
			      (long long)(ms % 60000 / 1000));
	else
		outbuf_printf(b, "%lldh%02lldm", (long long)(ms / 3600000),
			      (long long)(ms % 3600000 / 60000));
}

static void leak_name(struct outbuf *b, const struct leak *leak)
{
	static const char *const names[] = {
		[LEAK_UNSEEN] = "nobody in sight",
		[LEAK_UNKNOWN] = "?",
		[LEAK_UNACCEPTED] = "not accepted yet",
	};

	if (leak->kind != LEAK_HELD) {
		outbuf_str(b, names[leak->kind]);
		return;
	}
	escape_text(b, leak->comm, strlen(leak->comm));
	outbuf_printf(b, "/%u", leak->pid);
}

/* Of many the first are kept. */
static size_t kept_descriptors(const struct leak *leak)
{
	return leak->fd_count < LEAK_DESCRIPTORS ? leak->fd_count : LEAK_DESCRIPTORS;
}

static void leak_descriptors(struct outbuf *b, const struct leak *leak)
{
	size_t kept = kept_descriptors(leak);

	for (size_t i = 0; i < kept; i++)
		outbuf_printf(b, "%s%u", i ? "," : "", leak->fds[i]);
	if (leak->fd_count > kept)
		outbuf_str(b, ",...");
	if (!kept)
		outbuf_char(b, '-');
}

/* Somebody holds it, and nobody here can tell who. */
static bool is_hidden(const struct leak *leak)
{
	return leak->kind == LEAK_UNKNOWN || leak->kind == LEAK_UNSEEN;
}

static void leak_row(struct grid *g, const struct leak *leak, uint64_t most)
{
	leak_name(grid_cell(g, INK_PLAIN), leak);
	grid_number(g, (int64_t)leak->sockets);
	put_duration(grid_cell(g, INK_PLAIN), leak->silent_ms);
	if (leak->kind == LEAK_HELD) {
		leak_descriptors(grid_cell(g, INK_PLAIN), leak);
		grid_number(g, leak->descriptors_used);
		grid_number(g, leak->descriptors_max);
	} else {
		for (int i = 0; i < 3; i++)
			grid_text(g, is_hidden(leak) ? "?" : "-");
	}
	grid_bar(g, most ? (double)leak->sockets / (double)most : 0, INK_NOTICE);
}

static void note_oldest(const struct summary *s, struct outbuf *b)
{
	int64_t ms = leaks_silent_ms(s->counts->leaks);
	struct outbuf time;

	if (ms < 0)
		return;
	if (outbuf_open(&time, -1) < 0) {
		outbuf_fail(b, -ENOMEM);
		return;
	}
	put_duration(&time, ms);
	grid_note(&s->look, b,
		  "The oldest of %llu has been silent for %.*s: it is in CLOSE-WAIT that long at "
		  "least.",
		  (unsigned long long)s->counts->tally.states[STATE_CLOSE_WAIT], (int)time.len,
		  time.data);
	outbuf_close(&time);
}

void summary_close_wait_text(struct outbuf *b, const struct summary *s)
{
	static const struct grid_column columns[] = {
		{ "CLOSE-WAIT", false },  { "SOCKETS", true }, { "SILENT", true },
		{ "DESCRIPTORS", false }, { "OPEN", true },    { "LIMIT", true },
	};
	struct leaks *leaks = s->counts->leaks;
	size_t n = leaks_count(leaks), shown = summary_shown(s, n);
	struct grid *g;

	if (!n) {
		outbuf_str(b, "No socket that was counted is in CLOSE-WAIT.\n");
		return;
	}
	g = grid_new(&s->look, b, columns, ARRAY_SIZE(columns));
	if (!g)
		return;
	for (size_t i = 0; i < shown; i++)
		leak_row(g, leaks_item(leaks, i), leaks_item(leaks, 0)->sockets);
	grid_print(g, b);
	summary_note_more(s, b, n, shown);
	note_oldest(s, b);
}

static void leak_descriptors_json(struct outbuf *b, const struct leak *leak)
{
	outbuf_char(b, '[');
	for (size_t i = 0; i < kept_descriptors(leak); i++)
		outbuf_printf(b, "%s%u", i ? "," : "", leak->fds[i]);
	outbuf_char(b, ']');
}

static void leak_json(struct outbuf *b, const struct leak *leak)
{
	static const char *const kinds[] = { "held", "unseen", "unknown", "unaccepted" };
	bool held = leak->kind == LEAK_HELD;

	outbuf_char(b, '{');
	member_text(b, "kind", kinds[leak->kind]);
	member_number(b, "pid", held ? (int64_t)leak->pid : UNKNOWN);
	member_text(b, "comm", held ? leak->comm : NULL);
	member_count(b, "sockets", leak->sockets);
	member_number(b, "silent_ms", leak->silent_ms);
	member_key(b, "descriptors");
	if (is_hidden(leak))
		outbuf_str(b, "null");
	else
		leak_descriptors_json(b, leak);
	member_number(b, "descriptor_count", is_hidden(leak) ? UNKNOWN : (int64_t)leak->fd_count);
	member_number(b, "open_descriptors", leak->descriptors_used);
	member_number(b, "open_descriptors_max", leak->descriptors_max);
	outbuf_char(b, '}');
}

void summary_close_wait_json(struct outbuf *b, const struct summary *s)
{
	struct leaks *leaks = s->counts->leaks;

	member_key(b, "close_wait");
	outbuf_char(b, '{');
	member_count(b, "sockets", s->counts->tally.states[STATE_CLOSE_WAIT]);
	member_number(b, "silent_ms", leaks_silent_ms(leaks));
	member_number(b, "process_count", leaks_processes(leaks));
	member_key(b, "processes");
	outbuf_char(b, '[');
	for (size_t i = 0; i < summary_shown(s, leaks_count(leaks)); i++) {
		if (i)
			outbuf_char(b, ',');
		leak_json(b, leaks_item(leaks, i));
	}
	outbuf_str(b, "]}");
}
