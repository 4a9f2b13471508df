/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/soak/forms.h"

#include <stdlib.h>
#include <string.h>

#include "bench/race.h"

#define NO_INCOMPLETE (-1)
#define RUNS_TO_JUDGE 6 /* of growth */

/* Sockets come and go while the kernel is walked; those that stay are at least nine in ten. */
static bool few(uint64_t lines, size_t steady)
{
	return lines < steady / 10 * 9;
}

static const char *judge_table(const struct onerun *run, size_t steady)
{
	if (strncmp(run->first, "NETID", 5) != 0)
		return "the first line is no header";
	if (few(run->lines, steady))
		return "rows are missing";
	return strncmp(run->last, "tcp", 3) == 0 ? NULL : "the last line is no row";
}

static const char *judge_csv(const struct onerun *run, size_t steady)
{
	if (strncmp(run->first, "netid,", 6) != 0)
		return "the first line is no header";
	return few(run->lines, steady) ? "rows are missing" : NULL;
}

/* `complete` and the exit status say the same. */
static const char *judge_ndjson(const struct onerun *run, size_t steady)
{
	const char *complete = run->status ? "\"complete\":false" : "\"complete\":true";

	if (few(run->lines, steady))
		return "rows are missing";
	if (strncmp(run->first, "{\"type\":\"header\"", 16) != 0)
		return "the first line is no header";
	if (strncmp(run->last, "{\"type\":\"summary\"", 17) != 0)
		return "the last line is no summary";
	return strstr(run->last, complete) ? NULL : "complete is not what the exit status says";
}

static const char *judge_summary(const struct onerun *run, size_t steady)
{
	(void)steady;
	if (strncmp(run->first, "STATES", 6) != 0)
		return "the first line is no header";
	return strstr(run->last, "counted since") ? NULL : "the last section is missing";
}

static const char *judge_counts(const struct onerun *run, size_t steady)
{
	(void)steady;
	return run->first[0] == '{' && run->last[strlen(run->last) - 1] == '}' ? NULL
									       : "no JSON document";
}

static const char *judge_plugin(const struct onerun *run, size_t steady)
{
	static const char *const words[] = { "OK: ", "WARNING: ", "CRITICAL: ", "UNKNOWN: " };
	const char *word = words[run->status & 3];

	(void)steady;
	if (strncmp(run->first, "LINGERSTAT ", 11) != 0 ||
	    strncmp(run->first + 11, word, strlen(word)) != 0)
		return "the first word is not what the exit status says";
	return strstr(run->first, " | ") ? NULL : "no performance data";
}

static const char *judge_metrics(const struct onerun *run, size_t steady)
{
	(void)steady;
	return strncmp(run->last, "lingerstat_build_info{", 22) == 0 ? NULL
								     : "the last metric is missing";
}

static const char *judge_events(const struct onerun *run, size_t steady)
{
	(void)steady;
	return run->lines == 21 ? NULL : "not 20 sockets and a header";
}

static const char *judge_explain(const struct onerun *run, size_t steady)
{
	(void)steady;
	return run->lines > 2 ? NULL : "nothing is explained";
}

struct form forms[] = {
	{ .name = "list -tanp",
	  .args = { "list", "-tanp" },
	  .incomplete = 3,
	  .judge = judge_table },
	{ .name = "list -tan --format=ndjson",
	  .args = { "list", "-tan", "--format=ndjson" },
	  .incomplete = 3,
	  .judge = judge_ndjson },
	{ .name = "summary", .args = { "summary" }, .incomplete = 3, .judge = judge_summary },
	/* A busy machine is not to be told by the ten seconds that check waits by itself. */
	{ .name = "check",
	  .args = { "check", "-t", "100", "-w", "close_wait=1000000", "-w", "time_wait=100000000" },
	  .incomplete = NO_INCOMPLETE,
	  .judge = judge_plugin },
	{ .name = "metrics", .args = { "metrics" }, .incomplete = 3, .judge = judge_metrics },
	{ .name = "list -tan",
	  .args = { "list", "-tan", "-C", "netid,state,recv-q,send-q,local,peer" },
	  .incomplete = 3,
	  .judge = judge_table },
	{ .name = "check, too many",
	  .args = { "check", "-t", "100", "-w", "established=1", "-c", "total=100000000" },
	  .status = 1,
	  .incomplete = NO_INCOMPLETE,
	  .judge = judge_plugin },
	{ .name = "list --sort --format=csv",
	  .args = { "list", "-tan", "--sort=-send-q", "--format=csv" },
	  .incomplete = 3,
	  .judge = judge_csv },
	{ .name = "list -E --count=20",
	  .args = { "list", "-E", "--count=20" },
	  .incomplete = 3,
	  .judge = judge_events },
	{ .name = "summary --by process --json",
	  .args = { "summary", "--by", "process", "--json" },
	  .incomplete = 3,
	  .judge = judge_counts },
	{ .name = "explain state listening",
	  .args = { "explain", "state", "listening" },
	  .incomplete = 3,
	  .judge = judge_explain },
	{ .name = NULL },
};

/* --- what was seen --------------------------------------------------------------------------- */

static bool make_room(struct form *form)
{
	size_t room = form->room ? 2 * form->room : 64;
	long *peaks = reallocarray(form->peaks_kb, room, sizeof(*peaks));
	double *times;

	if (!peaks)
		return false;
	form->peaks_kb = peaks;
	times = reallocarray(form->seconds, room, sizeof(*times));
	if (!times)
		return false;
	form->seconds = times;
	times = reallocarray(form->cpu, room, sizeof(*times));
	if (!times)
		return false;
	form->cpu = times;
	form->room = room;
	return true;
}

static const char *judge_status(struct form *form, const struct onerun *run)
{
	if (run->status == form->incomplete) {
		form->gaps++;
		return run->errors[0] ? NULL : "incomplete, and not a word why";
	}
	if (run->status != form->status)
		return "another exit status";
	if (!form->said)
		form->said = strdup(run->errors);
	return form->said && strcmp(form->said, run->errors) == 0
		       ? NULL
		       : "standard error is not what it was at first";
}

const char *form_take(struct form *form, const struct onerun *run, size_t steady)
{
	const char *wrong = judge_status(form, run);

	if (!wrong)
		wrong = form->judge(run, steady);
	if (!wrong && run->left_behind)
		wrong = "it left a process behind";
	form->wrong += wrong != NULL;
	if (form->runs < form->room || make_room(form)) {
		form->peaks_kb[form->runs] = run->peak_kb;
		form->seconds[form->runs] = run->seconds;
		form->cpu[form->runs] = run->cpu;
		form->runs++;
	}
	return wrong;
}

static int by_size(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long median(const long *values, size_t n)
{
	long *sorted = calloc(n + 1, sizeof(*sorted)), middle = 0;

	if (sorted && n) {
		memcpy(sorted, values, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), by_size);
		middle = sorted[n / 2];
	}
	free(sorted);
	return middle;
}

bool form_grew(const struct form *form, long *first, long *last)
{
	size_t third = form->runs < 3 ? 1 : form->runs / 3;

	*first = median(form->peaks_kb, third);
	*last = median(form->peaks_kb + form->runs - third, third);
	return form->runs >= RUNS_TO_JUDGE && *last > *first + *first / 20 + 1024;
}
