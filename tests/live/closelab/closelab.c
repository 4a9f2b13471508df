/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The close lab: asks the tool what close() would do, closes, and compares.
 *
 * usage: closelab [--table] [--smoke] [--observe] [--jobs=N] [--only=TEXT]
 *
 * Every scenario runs in a process and a network namespace of its own, several at once; the
 * results come in the table's order, as TAP or (--table) for a reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness.h"
#include "alone.h"
#include "forecast.h"
#include "small_set.h"

#define DEFAULT_JOBS  8
#define MAX_JOBS      64
#define SCENARIO_MS   240000
#define ATTEMPTS      6 /* a scenario that does not come about is built anew */
#define TEXT_SIZE     1500
#define MAX_SCENARIOS 512

enum result_kind { HOLDS, BROKEN, SKIPPED };

/* What a scenario's process writes into its pipe, whole. */
struct result {
	enum result_kind kind;
	struct forecast first;
	struct forecast second;
	struct observed seen;
	int64_t written;
	char text[TEXT_SIZE]; /* complaints, or why not */
};

struct options {
	bool table;
	bool smoke;
	bool observe; /* without the tool: only the kernel against the table */
	bool alone;   /* each scenario in a PID namespace of its own */
	int jobs;
	const char *only;
};

struct job {
	pid_t pid;
	int pipe;
	int64_t deadline;
	size_t index; /* among the chosen */
};

/* ---- one scenario, in its own process ---- */

static enum result_kind say_why(struct result *r, const struct scene *scene)
{
	snprintf(r->text, sizeof(r->text), "%s\n", scene->why);
	return scene->skip ? SKIPPED : BROKEN;
}

/* TCP_REPAIR and TCP_LINGER2 are read where linger is read; where nothing reads them the tool
 * does not know of them, and there is no forecast to hold it to. */
static bool beyond_the_tool(const struct scenario *s, const struct forecast *f)
{
	return s->option != PLAIN && f->asked && !f->by_bpf;
}

/* Asks, acts and compares, on a stage that stands. */
static enum result_kind play(struct scene *scene, const struct options *o, struct truth *truth,
			     struct result *r)
{
	const struct scenario *s = scene->s;

	if (!o->observe && forecast_ask(scene, &r->first))
		return say_why(r, scene);
	if (beyond_the_tool(s, &r->first)) {
		snprintf(r->text, sizeof(r->text), "the tool has no BPF here\n");
		return SKIPPED;
	}
	if (act_first(scene, truth))
		return say_why(r, scene);
	if (!o->observe && act_has_first(s) && forecast_ask(scene, &r->second))
		return say_why(r, scene);
	if (act_last(scene, truth, &r->seen))
		return say_why(r, scene);
	r->written = scene->written;
	return verdict(s, &r->first, &r->second, &r->seen, r->text, sizeof(r->text)) ? BROKEN
										     : HOLDS;
}

static void append(struct result *r, const char *line)
{
	size_t used = strlen(r->text);

	snprintf(r->text + used, sizeof(r->text) - used, "%s\n", line);
}

/* One attempt, in a namespace of its own. Gives true when the scenario came about, so that its
 * result counts. */
static bool attempt(const struct scenario *s, const struct options *o, struct result *r)
{
	struct truth truth = { 0 };
	struct scene scene;
	const char *why;
	bool stands;
	int err = namespace_enter(&why);

	*r = (struct result){ .kind = BROKEN };
	if (err) {
		snprintf(r->text, sizeof(r->text), "%s: %s\n", why, strerror(-err));
		return true;
	}
	stands = scene_set_up(&scene, s, &truth) == 0;
	r->kind = stands ? play(&scene, o, &truth, r) : say_why(r, &scene);
	scene_end(&scene);
	if (r->seen.spoilt)
		append(r, "what was set up had passed before the close");
	return r->kind == SKIPPED || (stands && !r->seen.spoilt);
}

/* What a scenario's process is to do. */
struct task {
	const struct scenario *s;
	const struct options *o;
	int pipe;
};

static void run(void *ctx)
{
	const struct task *task = ctx;
	struct result r;

	for (int i = 0; i < ATTEMPTS && !attempt(task->s, task->o, &r); i++)
		;
	if (write(task->pipe, &r, sizeof(r)) != sizeof(r))
		_exit(1);
}

static void __attribute__((noreturn))
run_alone(const struct scenario *s, const struct options *o, int pipe)
{
	struct task task = { .s = s, .o = o, .pipe = pipe };

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (o->alone)
		_exit(alone_run(run, &task) != 0);
	run(&task);
	_exit(0);
}

/* ---- the pool ---- */

static int job_start(struct job *job, const struct scenario *s, const struct options *o)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*job = (struct job){ .deadline = now_ms() + SCENARIO_MS };
	job->pid = fork();
	if (job->pid == 0)
		run_alone(s, o, ends[1]);
	close(ends[1]);
	if (job->pid < 0) {
		job->pid = 0;
		close(ends[0]);
		return -EAGAIN;
	}
	job->pipe = ends[0];
	return 0;
}

static void job_end(struct job *job, struct result *r)
{
	bool late = now_ms() >= job->deadline;

	if (late)
		kill(job->pid, SIGKILL);
	if (read(job->pipe, r, sizeof(*r)) != sizeof(*r)) {
		*r = (struct result){ .kind = BROKEN };
		snprintf(r->text, sizeof(r->text), "the scenario %s\n",
			 late ? "took too long" : "ended without a result");
	}
	waitpid(job->pid, NULL, 0);
	close(job->pipe);
	job->pid = 0;
}

/* ---- what is printed ---- */

static void print_forecast(char *text, size_t size, const struct forecast *f)
{
	size_t used = 0;

	snprintf(text, size, "-");
	if (!f->asked)
		return;
	for (int i = 0; i < LAB_OUTCOMES; i++)
		if (f->outcomes & 1u << i && used < size)
			used += snprintf(text + used, size - used, "%s%s", used ? "|" : "",
					 lab_outcome_word(i));
	if (used < size)
		snprintf(text + used, size - used, "/%s", lab_risk_word(f->risk));
}

static void print_row(const struct scenario *s, const struct result *r)
{
	static const char *const words[] = { "holds", "BROKEN", "skipped" };
	char forecast[80];
	char peer[40];
	char name[160];

	scenario_name(s, name, sizeof(name));
	print_forecast(forecast, sizeof(forecast), &r->first);
	snprintf(peer, sizeof(peer), "%lld/%lld", (long long)r->seen.peer_read,
		 (long long)r->written);
	if (r->kind == SKIPPED)
		printf("%-7s  %-19s %-10s %9s  %13s  %-10s  %-16s  %s\n", words[SKIPPED], forecast,
		       "-", "-", "-", "-", "-", name);
	else
		printf("%-7s  %-19s %-10s %8.3fs  %13s  %-10s  %-16s  %s\n", words[r->kind],
		       forecast, lab_outcome_word(r->seen.kind), r->seen.us / 1e6, peer,
		       peer_end_word(r->seen.end), abort_name(r->seen.counter), name);
}

static void print_result(const struct scenario *s, size_t number, const struct result *r,
			 const struct options *o)
{
	char text[TEXT_SIZE];
	char name[160];
	char *rest;

	snprintf(text, sizeof(text), "%s", r->text);
	scenario_name(s, name, sizeof(name));
	if (o->table)
		print_row(s, r);
	else if (r->kind == SKIPPED)
		printf("ok %zu - %s # SKIP %s", number, name, text);
	else
		printf("%s %zu - %s\n", r->kind == HOLDS ? "ok" : "not ok", number, name);
	if (o->table || r->kind != SKIPPED)
		for (char *line = strtok_r(text, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			printf("%s%s\n", o->table ? "         " : "# ", line);
	fflush(stdout);
}

static bool is_wanted(const struct scenario *s, const struct options *o)
{
	char name[160];

	if (o->smoke && !s->smoke)
		return false;
	scenario_name(s, name, sizeof(name));
	return !o->only || strstr(name, o->only);
}

static size_t select_scenarios(size_t *chosen, const struct options *o)
{
	size_t count = 0;

	for (size_t i = 0; i < scenario_count && count < MAX_SCENARIOS; i++)
		if (is_wanted(&scenarios[i], o))
			chosen[count++] = i;
	return count;
}

/* Starts jobs while there is room; gives how many of the chosen are started. */
static size_t start_more(struct job *jobs, const size_t *chosen, size_t started, size_t count,
			 const struct options *o)
{
	for (int j = 0; j < o->jobs && started < count; j++) {
		if (jobs[j].pid || job_start(&jobs[j], &scenarios[chosen[started]], o))
			continue;
		jobs[j].index = started++;
	}
	return started;
}

static void wait_for_some(const struct job *jobs, int count)
{
	struct pollfd pipes[MAX_JOBS];
	int open = 0;

	for (int j = 0; j < count; j++)
		if (jobs[j].pid)
			pipes[open++] = (struct pollfd){ .fd = jobs[j].pipe, .events = POLLIN };
	poll(pipes, open, 1000);
}

static bool is_done(const struct job *job)
{
	struct pollfd pipe = { .fd = job->pipe, .events = POLLIN };

	return job->pid && (poll(&pipe, 1, 0) > 0 || now_ms() >= job->deadline);
}

/* Runs what is chosen and prints each result as soon as those before it are printed. Counts the
 * results of each kind in `tally`. */
static void run_chosen(const size_t *chosen, size_t count, struct result *results, size_t tally[3],
		       const struct options *o)
{
	struct job jobs[MAX_JOBS] = { { 0 } };
	bool done[MAX_SCENARIOS] = { false };
	size_t started = 0;
	size_t printed = 0;

	while (printed < count) {
		started = start_more(jobs, chosen, started, count, o);
		wait_for_some(jobs, o->jobs);
		for (int j = 0; j < o->jobs; j++) {
			if (!is_done(&jobs[j]))
				continue;
			job_end(&jobs[j], &results[jobs[j].index]);
			done[jobs[j].index] = true;
		}
		for (; printed < count && done[printed]; printed++) {
			print_result(&scenarios[chosen[printed]], printed + 1, &results[printed],
				     o);
			tally[results[printed].kind]++;
		}
	}
}

/* The last test: of the whole table, or of what the small set is made of. */
static bool check_small_set(const size_t *chosen, size_t count, const struct result *results)
{
	struct reason_words words = { "", "" };
	char text[TEXT_SIZE];
	int lacking;
	char *rest;

	for (size_t i = 0; i < count; i++) {
		small_set_note(&words, &scenarios[chosen[i]], &results[i].first);
		small_set_note(&words, &scenarios[chosen[i]], &results[i].second);
	}
	lacking = small_set_lacks(&words, text, sizeof(text));
	printf("%s %zu - the small set has all that the table has\n", lacking ? "not ok" : "ok",
	       count + 1);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		printf("# it lacks %s\n", line);
	printf("# reasons:%s\n", words.of_all);
	return lacking == 0;
}

static int usage(const char *name)
{
	fprintf(stderr, "usage: %s [--table] [--smoke] [--observe] [--jobs=1..%d] [--only=TEXT]\n",
		name, MAX_JOBS);
	return 2;
}

/* Several at once spare time where most of it is waiting. A single processor they make late: the
 * kernel sends corked data by itself after 200 ms. */
static int default_jobs(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? DEFAULT_JOBS : 1;
}

static int parse(struct options *o, int argc, char *argv[])
{
	static const struct option names[] = {
		{ "table", no_argument, NULL, 't' },      { "smoke", no_argument, NULL, 's' },
		{ "observe", no_argument, NULL, 'o' },    { "jobs", required_argument, NULL, 'j' },
		{ "only", required_argument, NULL, 'n' }, { NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == '?')
			return -EINVAL;
		o->table |= c == 't';
		o->smoke |= c == 's';
		o->observe |= c == 'o';
		o->jobs = c == 'j' ? atoi(optarg) : o->jobs;
		o->only = c == 'n' ? optarg : o->only;
	}
	return optind < argc || o->jobs < 1 || o->jobs > MAX_JOBS ? -EINVAL : 0;
}

int main(int argc, char *argv[])
{
	static struct result results[MAX_SCENARIOS];
	struct options o = { .jobs = default_jobs() };
	size_t chosen[MAX_SCENARIOS];
	size_t tally[3] = { 0 };
	size_t count;
	bool all_told;

	if (parse(&o, argc, argv))
		return usage(argv[0]);
	count = select_scenarios(chosen, &o);
	all_told = !o.table && !o.observe && !o.only;
	harness_enter();
	o.alone = alone_is_possible();
	if (o.table)
		printf("%-7s  %-19s %-10s %9s  %13s  %-10s  %-16s  %s\n", "VERDICT",
		       "FORECAST/RISK", "OUTCOME", "TOOK", "READ/WRITTEN", "PEER SAW", "COUNTER",
		       "SCENARIO");
	else
		printf("1..%zu\n", count + all_told);
	run_chosen(chosen, count, results, tally, &o);
	if (all_told && !check_small_set(chosen, count, results))
		tally[BROKEN]++;
	if (o.table)
		printf("%zu scenarios hold, %zu do not, %zu skipped\n", tally[HOLDS], tally[BROKEN],
		       tally[SKIPPED]);
	return tally[BROKEN] != 0;
}
