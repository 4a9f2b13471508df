/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/field.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX          8
#define ROUNDS_OF_THE_SLOW 2

struct entry {
	const char *name;
	const char *words[WORDS_MAX]; /* the first: one of the three below, or a name */
	bool optional, without_bpf;
};

#define TOOL "@tool"
#define DUMP "@bare"
#define WALK "@pass"

#define NARROW_COLUMNS "netid,state,recv-q,send-q,local,peer"
#define INFO_COLUMNS   "netid,state,recv-q,send-q,unsent,rtt,local,peer"
#define TABLE_COLUMNS  "netid,state,recv-q,send-q,linger,risk,local,peer,process"
#define ALL_STATES     "0xffffffff"
#define STATES_OF_SS   "0xfff" /* without the walk for sockets that are bound and no more */
#define TCP_INFO       "0x2"   /* 1 << (INET_DIAG_INFO - 1) */

static const struct entry entries[RACERS] = {
	[BARE] = { .name = "bare dump, no attributes", .words = { DUMP, ALL_STATES } },
	[BARE_SS] = { .name = "bare dump, no BOUND-INACTIVE", .words = { DUMP, STATES_OF_SS } },
	[BARE_INFO] = { .name = "bare dump, tcp_info", .words = { DUMP, ALL_STATES, TCP_INFO } },
	[PASS] = { .name = "bare pass over descriptors (BPF)",
		   .words = { WALK },
		   .optional = true },
	[NARROW] = { .name = "list -tanH -C netid,..: no attributes",
		     .words = { TOOL, "-tanH", "-C", NARROW_COLUMNS } },
	[INFO] = { .name = "list -tanH -C ..,unsent,rtt,..: tcp_info",
		   .words = { TOOL, "-tanH", "-C", INFO_COLUMNS } },
	[FULL] = { .name = "list -tanH: owners, linger, forecast", .words = { TOOL, "-tanH" } },
	[NDJSON] = { .name = "list -tan --format=ndjson",
		     .words = { TOOL, "-tan", "--format=ndjson" } },
	[NDJSON_SAME] = { .name = "the same, -C as the table",
			  .words = { TOOL, "-tan", "--format=ndjson", "-C", TABLE_COLUMNS } },
	[FULL_P] = { .name = "list -tanpH", .words = { TOOL, "-tanpH" } },
	[STATES] = { .name = "summary -t --sections=states",
		     .words = { TOOL, "summary", "-t", "--sections=states" } },
	[STATES_NO_BPF] = { .name = "the same without BPF",
			    .words = { TOOL, "summary", "-t", "--sections=states" },
			    .without_bpf = true },
	[SS] = { .name = "ss -tanH", .words = { "ss", "-tanH" }, .optional = true },
	[SS_P] = { .name = "ss -tanpH", .words = { "ss", "-tanpH" }, .optional = true },
	[NETSTAT] = { .name = "netstat -tan", .words = { "netstat", "-tan" }, .optional = true },
};

static const char *program_of(const char *word, const struct programs *programs)
{
	if (strcmp(word, TOOL) == 0)
		return programs->tool;
	if (strcmp(word, DUMP) == 0)
		return programs->bare;
	if (strcmp(word, WALK) == 0)
		return programs->pass;
	return word;
}

void field_line_up(struct racer *racers, const struct programs *programs, const struct scene *scene,
		   size_t ss_p_most)
{
	static const char *argvs[RACERS][WORDS_MAX];
	size_t sockets = scene->established + scene->time_wait;

	for (size_t i = 0; i < RACERS; i++) {
		memcpy(argvs[i], entries[i].words, sizeof(argvs[i]));
		argvs[i][0] = program_of(argvs[i][0], programs);
		racers[i].name = entries[i].name;
		racers[i].argv = argvs[i];
		racers[i].optional = entries[i].optional;
		racers[i].without_bpf = entries[i].without_bpf;
	}
	if (scene->established > ss_p_most)
		racers[SS_P].missing = "left out: quadratic, minutes (SS_P_MOST=.. permits it)";
	else if (sockets >= 50000)
		racers[SS_P].most = ROUNDS_OF_THE_SLOW;
}

void field_note(struct outcomes *outcomes, struct racer *racers)
{
	for (size_t i = 0; i < RACERS; i++)
		outcomes->of[i] = (struct outcome){
			.ran = racers[i].rounds,
			.wall = race_median(racers[i].wall, racers[i].rounds),
			.cpu = race_median(racers[i].cpu, racers[i].rounds),
			.peak_kb = racers[i].peak_kb,
		};
	outcomes->done = true;
}

/* --- the targets ----------------------------------------------------------------------------- */

static size_t sockets_of(const struct outcomes *o)
{
	return o->scene.established + o->scene.time_wait;
}

static bool anywhere(const struct outcomes *o)
{
	return sockets_of(o) > 0;
}

static bool when_idle(const struct outcomes *o)
{
	return sockets_of(o) == 0;
}

static bool when_many(const struct outcomes *o)
{
	return sockets_of(o) >= 100000 && !o->scene.time_wait;
}

/* Memory of a descriptor can be told from that of a process only where there are many. */
static bool many_descriptors(const struct outcomes *o)
{
	return o->scene.established >= 20000;
}

/* What is measured. NAN where something of it did not run. */
typedef double (*getter)(const struct outcomes *o, int of, int to);

static double wall_ratio(const struct outcomes *o, int of, int to)
{
	return o->of[of].ran && o->of[to].ran ? o->of[of].wall / o->of[to].wall : NAN;
}

static double cpu_ratio(const struct outcomes *o, int of, int to)
{
	return o->of[of].ran && o->of[to].ran ? o->of[of].cpu / o->of[to].cpu : NAN;
}

static double wall_to_floor(const struct outcomes *o, int of, int to)
{
	return o->of[of].ran && o->of[PASS].ran
		       ? o->of[of].wall / (o->of[to].wall + o->of[PASS].wall)
		       : NAN;
}

static double cpu_to_floor(const struct outcomes *o, int of, int to)
{
	return o->of[of].ran && o->of[PASS].ran ? o->of[of].cpu / (o->of[to].cpu + o->of[PASS].cpu)
						: NAN;
}

static double peak_mb(const struct outcomes *o, int of, int to)
{
	(void)to;
	return o->of[of].ran ? (double)o->of[of].peak_kb / 1024 : NAN;
}

static double bytes_a_descriptor(const struct outcomes *o, int of, int to)
{
	return o->of[of].ran && o->of[to].ran ? (double)(o->of[of].peak_kb - o->of[to].peak_kb) *
							1024 / (double)o->scene.established
					      : NAN;
}

static double same_counts(const struct outcomes *o, int of, int to)
{
	(void)of;
	(void)to;
	return o->same_counts < 0 ? NAN : !o->same_counts;
}

struct target {
	const char *what;
	int of, to;
	double aim;
	bool (*where)(const struct outcomes *o);
	getter wall, cpu; /* cpu: NULL where it is no ratio of times */
};

static const struct target targets[] = {
	{ "no owners: listing / bare dump", NARROW, BARE, 1.15, anywhere, wall_ratio, cpu_ratio },
	{ "  with tcp_info / bare with it", INFO, BARE_INFO, 1.15, anywhere, wall_ratio,
	  cpu_ratio },
	{ "no owners: listing / ss -tanH", NARROW, SS, 0.5, anywhere, wall_ratio, cpu_ratio },
	{ "full listing / (bare + pass)", FULL, BARE_INFO, 1.3, anywhere, wall_to_floor,
	  cpu_to_floor },
	{ "full listing -p / ss -tanpH", FULL_P, SS_P, 0.05, when_many, wall_ratio, cpu_ratio },
	{ "ndjson / table", NDJSON, FULL, 1.2, anywhere, wall_ratio, cpu_ratio },
	{ "  of the same columns", NDJSON_SAME, FULL, 1.2, anywhere, wall_ratio, cpu_ratio },
	{ "by state, BPF / bare dump", STATES, BARE, 1, anywhere, wall_ratio, cpu_ratio },
	{ "by state, no BPF / bare dump", STATES_NO_BPF, BARE, 1.15, anywhere, wall_ratio,
	  cpu_ratio },
	{ "by state: counts differ (0 no, 1 yes)", STATES, STATES_NO_BPF, 0, anywhere, same_counts,
	  NULL },
	{ "idle: list -tanp / ss -tanp", FULL_P, SS_P, 1.5, when_idle, wall_ratio, cpu_ratio },
	{ "no owners: MB at most", NARROW, NARROW, 8, anywhere, peak_mb, NULL },
	{ "  with tcp_info", INFO, INFO, 8, anywhere, peak_mb, NULL },
	{ "owners: bytes a descriptor above that", FULL_P, NARROW, 64, many_descriptors,
	  bytes_a_descriptor, NULL },
};

#define N_TARGETS (sizeof(targets) / sizeof(targets[0]))

static void print_head(const struct outcomes *outcomes, size_t n, const char *what)
{
	printf("\n%-38s %5s", what, "aim");
	for (size_t i = 0; i < n; i++)
		printf(" %*s", (int)strlen(outcomes[i].scene.word) + 2, outcomes[i].scene.word);
	printf("\n");
}

/* One cell; returns 1 when the aim is missed, 0 when it is met, -1 when nothing is known. */
static int print_cell(const struct target *t, getter get, const struct outcomes *o)
{
	int width = (int)strlen(o->scene.word) + 2;
	double value = t->where(o) && o->done ? get(o, t->of, t->to) : NAN;

	if (isnan(value)) {
		printf(" %*s", width, "-");
		return -1;
	}
	printf(" %*.*f", width, value < 10 ? 2 : 0, value);
	return value > t->aim;
}

static void print_target(const struct target *t, getter get, const struct outcomes *outcomes,
			 size_t n)
{
	const char *missed[n + 1];
	size_t misses = 0, known = 0;

	printf("%-38s %5g", t->what, t->aim);
	for (size_t i = 0; i < n; i++) {
		int cell = print_cell(t, get, &outcomes[i]);

		known += cell >= 0;
		if (cell > 0)
			missed[misses++] = outcomes[i].scene.word;
	}
	printf("  %s", !known ? "not measured" : !misses ? "met" : "NOT met at");
	for (size_t i = 0; i < misses; i++)
		printf(" %s", missed[i]);
	printf("\n");
}

void field_print_targets(const struct outcomes *outcomes, size_t n)
{
	print_head(outcomes, n, "TARGETS, by the time that passed");
	for (size_t i = 0; i < N_TARGETS; i++)
		print_target(&targets[i], targets[i].wall, outcomes, n);
	print_head(outcomes, n, "the same, by the time on a processor");
	for (size_t i = 0; i < N_TARGETS; i++)
		if (targets[i].cpu)
			print_target(&targets[i], targets[i].cpu, outcomes, n);
	printf("A long dump is read ahead by a second thread: where another processor is idle "
	       "less\n"
	       "time passes by that, and no less of the processors' is taken.\n");
}

/* --- growth ---------------------------------------------------------------------------------- */

#define GROWTH_AIM 1.2 /* times what the bare dump's cost of a socket has grown */

/* Among the sizes of established sockets alone, held by as few processes as can. */
static bool is_size(const struct outcomes *o)
{
	return o->done && o->scene.established && !o->scene.processes && !o->scene.time_wait;
}

static double microseconds(const struct outcomes *o, int of)
{
	return o->of[of].wall * 1e6 / (double)o->scene.established;
}

/* How much more a socket costs at the largest size than at the first of 20,000 and more; below
 * that it is the start of a process that is measured. */
static double growth(const struct outcomes *outcomes, size_t n, int of)
{
	const struct outcomes *first = NULL, *last = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct outcomes *o = &outcomes[i];

		if (!is_size(o) || !o->of[of].ran || o->scene.established < 20000)
			continue;
		if (!first || o->scene.established < first->scene.established)
			first = o;
		if (!last || o->scene.established > last->scene.established)
			last = o;
	}
	return first == last ? NAN : microseconds(last, of) / microseconds(first, of);
}

static void print_growth_line(const struct outcomes *outcomes, size_t n, int of)
{
	double grown = growth(outcomes, n, of), beside = grown / growth(outcomes, n, BARE);

	printf("%-44s", entries[of].name);
	for (size_t i = 0; i < n; i++)
		if (is_size(&outcomes[i]) && outcomes[i].of[of].ran)
			printf(" %8.2f", microseconds(&outcomes[i], of));
		else if (is_size(&outcomes[i]))
			printf(" %8s", "-");
	if (!isnan(beside))
		printf("  x%.2f, of bare x%.2f: %s", grown, beside,
		       beside <= GROWTH_AIM ? "linear" : "NOT linear");
	printf("\n");
}

void field_print_growth(const struct outcomes *outcomes, size_t n)
{
	printf("\n%-44s", "GROWTH: microseconds a socket");
	for (size_t i = 0; i < n; i++)
		if (is_size(&outcomes[i]))
			printf(" %8zu", outcomes[i].scene.established);
	printf("  from 20000 on, and beside the bare dump's (aim: %g)\n", GROWTH_AIM);
	for (int of = 0; of < RACERS; of++)
		print_growth_line(outcomes, n, of);
}
