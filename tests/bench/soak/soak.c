/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soak [SECONDS [SOCKETS [RATE]]]: an hour (or so many seconds) of one run a second, of each form
 * in turn, over so many TCP sockets (50,000) in namespaces of its own. A fifth of them
 * are replaced all the time, so many pairs a second (250). Every run must end as it should and
 * write what it should; nothing may grow, and nothing may stay behind.
 *
 * The last sixth of the time asks whether the runs disturb: windows with and without them, in
 * turns, while two processes ask and answer each other. That is printed and not judged.
 *
 * A line a minute, a summary at the end. Exit status: 0, 1 when something was wrong, 2 usage, 77
 * where no namespace is to be had.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/crowd.h"
#include "bench/race.h"
#include "bench/scene.h"
#include "bench/soak/bpf-ids.h"
#include "bench/soak/churn.h"
#include "bench/soak/follower.h"
#include "bench/soak/forms.h"
#include "bench/soak/pace.h"

#define SECONDS             3600
#define SOCKETS             50000
#define RATE                250
#define WRONGS_SHOWN        20
#define WINDOWS             12 /* of each kind, at most */
#define WINDOW_MIN          1.0
#define WINDOW_MAX          10.0
#define NO_NAMESPACE        77
#define FOLLOWER_PATIENCE_S 60
#define BPF_PATIENCE_S      60 /* objects of others go with their runs; the kernel frees them late */

struct soak {
	const char *tool;
	struct crowd crowd;
	struct churn churn;
	struct follower follower;
	struct follower_size warm, size; /* after a tenth of the time, and now */
	struct bpf_ids bpf;
	int bpf_err;                        /* why BPF objects cannot be listed; 0: they can */
	struct pace_verdict pace, pace_cpu; /* rounds a second; a second of their processor time */
	size_t windows;                     /* of each kind, in both */
	double run_cpu, run_share;          /* processor time of all runs; its share in `pace` */
	double begin, minute;
	uint64_t next_form, runs, wrong, late;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_until(double when)
{
	struct timespec t = { .tv_sec = (time_t)when };

	t.tv_nsec = (long)((when - (double)t.tv_sec) * 1e9);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* --- what is wrong --------------------------------------------------------------------------- */

static void wrong(struct soak *s, const char *what, const char *why)
{
	if (++s->wrong <= WRONGS_SHOWN)
		printf("WRONG after %.0f s: %s: %s\n", now() - s->begin, what, why);
	fflush(stdout);
}

static void wrong_run(struct soak *s, const struct form *form, const struct onerun *run,
		      const char *why)
{
	wrong(s, form->name, why);
	if (s->wrong <= WRONGS_SHOWN)
		printf("  exit status %d, %llu lines, the last: %.200s\n  stderr: %s\n",
		       run->status, (unsigned long long)run->lines, run->last, run->errors);
}

/* --- one run a second ------------------------------------------------------------------------ */

static void run_next(struct soak *s)
{
	const char *argv[FORM_ARGS + 2] = { s->tool };
	struct onerun run;
	const char *why;
	struct form *form;
	int err;

	if (!forms[s->next_form].name)
		s->next_form = 0;
	form = &forms[s->next_form++];
	memcpy(&argv[1], form->args, sizeof(form->args));
	err = onerun(&run, argv);
	why = err ? strerror(-err) : form_take(form, &run, s->crowd.sockets);
	s->runs++;
	s->run_cpu += run.cpu;
	if (why)
		wrong_run(s, form, &run, why);
}

static size_t new_bpf_objects(const struct soak *s)
{
	struct bpf_ids ids;
	size_t found = 0;

	if (!s->bpf_err && bpf_ids_read(&ids) == 0) {
		found = bpf_ids_new(&s->bpf, &ids);
		bpf_ids_free(&ids);
	}
	return found;
}

static void print_minute(struct soak *s)
{
	printf("%5.0f s: %llu runs, %llu wrong, %llu pairs replaced, %llu ended; -E has %ld KB, "
	       "%zu descriptors; %zu new BPF objects\n",
	       now() - s->begin, (unsigned long long)s->runs, (unsigned long long)s->wrong,
	       (unsigned long long)s->churn.counts->replaced,
	       (unsigned long long)s->follower.counts->lines, s->size.rss_kb, s->size.descriptors,
	       new_bpf_objects(s));
	fflush(stdout);
}

static void look_around(struct soak *s)
{
	if (follower_look(&s->follower, &s->size) < 0 && s->follower.pid > 0) {
		wrong(s, "list -E", "it has ended by itself");
		s->follower.pid = -1;
	}
	if (s->churn.counts->err) {
		wrong(s, "the sockets that change", strerror(-s->churn.counts->err));
		s->churn.counts->err = 0;
	}
	if (now() < s->minute)
		return;
	print_minute(s);
	s->minute += 60;
}

static void run_until(struct soak *s, double until)
{
	double next = now();

	while (next < until) {
		sleep_until(next);
		run_next(s);
		look_around(s);
		next += 1;
		if (next < now()) {
			next = now();
			s->late++;
		}
	}
	sleep_until(until);
}

/* --- whether it disturbs --------------------------------------------------------------------- */

/* Rounds a second while the tool runs, or does not; and rounds a second that the two have a
 * processor, which others who want it too do not change. */
struct rates {
	double wall[2][WINDOWS], cpu[2][WINDOWS];
	size_t n[2];
};

static void window(struct soak *s, const struct pace *pace, double seconds, bool with,
		   struct rates *rates)
{
	double start = now(), cpu = pace_cpu(pace), rounds = (double)*pace->rounds;
	size_t i = rates->n[with]++;

	if (with)
		run_until(s, start + seconds);
	else
		sleep_until(start + seconds);
	rounds = (double)*pace->rounds - rounds;
	cpu = pace_cpu(pace) - cpu;
	rates->wall[with][i] = rounds / (now() - start);
	rates->cpu[with][i] = cpu > 0 ? rounds / cpu : 0;
}

/* Without, with, with, without: what changes slowly falls on both alike. */
static void compare_windows(struct soak *s, const struct pace *pace, double seconds, size_t windows)
{
	struct rates rates = { 0 };
	double run_cpu = s->run_cpu;

	for (size_t i = 0; i < 2 * windows; i++)
		window(s, pace, seconds, i % 4 == 1 || i % 4 == 2, &rates);
	s->pace = pace_compare(rates.wall[true], rates.wall[false], windows);
	s->pace_cpu = pace_compare(rates.cpu[true], rates.cpu[false], windows);
	s->run_share = (s->run_cpu - run_cpu) / (seconds * (double)windows);
	s->windows = windows;
}

static void ask_whether_it_disturbs(struct soak *s, double seconds)
{
	size_t windows = WINDOWS;
	struct pace pace;
	int err = pace_start(&pace);

	/* As many as there is time for, in pairs, so that each kind has as many. */
	while (windows > 2 && seconds / (double)(2 * windows) < WINDOW_MIN)
		windows -= 2;
	if (err)
		wrong(s, "two processes that ask and answer", strerror(-err));
	else
		compare_windows(s, &pace, seconds / (double)(2 * windows), windows);
	pace_stop(&pace);
}

/* --- the summary ----------------------------------------------------------------------------- */

static void sum_forms(struct soak *s)
{
	long first, last;

	printf("%-30s %6s %6s %6s %9s %8s %10s %10s\n", "form", "runs", "wrong", "gaps", "wall ms",
	       "cpu ms", "peak KB", "at last");
	for (struct form *form = forms; form->name; form++) {
		if (!form->runs)
			continue;
		if (form_grew(form, &first, &last))
			wrong(s, form->name, "its memory has grown");
		printf("%-30s %6llu %6llu %6llu %9.1f %8.1f %10ld %10ld\n", form->name,
		       (unsigned long long)form->runs, (unsigned long long)form->wrong,
		       (unsigned long long)form->gaps, race_median(form->seconds, form->runs) * 1e3,
		       race_median(form->cpu, form->runs) * 1e3, first, last);
		if (form->said && form->said[0])
			printf("  which says each time: %s", form->said);
	}
}

static void sum_follower(struct soak *s)
{
	bool ran = s->follower.pid > 0;
	char errors[ONERUN_ERRORS];
	int ended = follower_end(&s->follower, errors, sizeof(errors));

	printf("list -E, all the time: %llu ended sockets, %ld KB then %ld KB (%ld KB at most), "
	       "%zu "
	       "then %zu descriptors\n",
	       (unsigned long long)s->follower.counts->lines, s->warm.rss_kb, s->size.rss_kb,
	       s->size.peak_kb, s->warm.descriptors, s->size.descriptors);
	if (errors[0])
		printf("  which says: %s", errors);
	if (ran && ended != 128 + SIGINT)
		wrong(s, "list -E", "not ended by the signal that ended it");
	if (s->follower.counts->strange)
		wrong(s, "list -E", "a line that is no object");
	if (s->follower.counts->lines < 2)
		wrong(s, "list -E", "it saw nothing end");
	if (ran && s->size.descriptors != s->warm.descriptors)
		wrong(s, "list -E", "descriptors have come or gone");
	if (ran && s->size.rss_kb > s->warm.rss_kb + s->warm.rss_kb / 10 + 1024)
		wrong(s, "list -E", "its memory has grown");
}

/* What is new at the end may be that of others' runs, which goes with them: it is given time, while
 * what they make meanwhile does not matter. Returns how many stay, or a negative errno. */
static int bpf_objects_that_stay(const struct soak *s, size_t *kind, uint32_t *id)
{
	double until = now() + BPF_PATIENCE_S;
	struct bpf_ids then, still;
	int err = bpf_ids_read(&then), stay = 1;

	while (!err && stay) {
		err = bpf_ids_read(&still);
		stay = (int)bpf_ids_stayed(&s->bpf, &then, &still, kind, id);
		bpf_ids_free(&still);
		if (now() > until)
			break;
		sleep_until(now() + 0.1);
	}
	bpf_ids_free(&then);
	return err ? err : stay;
}

static void sum_bpf(struct soak *s)
{
	uint32_t id = 0;
	size_t kind = 0;
	char what[80];
	int stay = s->bpf_err ? s->bpf_err : bpf_objects_that_stay(s, &kind, &id);

	if (stay < 0) {
		printf("BPF objects cannot be listed here: %s\n", strerror(-stay));
		return;
	}
	printf("BPF objects: %zu programs, %zu maps, %zu links at first; %d more have stayed\n",
	       s->bpf.n[BPF_IDS_PROGRAMS], s->bpf.n[BPF_IDS_MAPS], s->bpf.n[BPF_IDS_LINKS], stay);
	if (!stay)
		return;
	snprintf(what, sizeof(what), "%s %u", bpf_ids_names[kind], id);
	wrong(s, what, "a BPF object has stayed behind");
}

static void print_pace(const struct pace_verdict *v, const char *what, size_t windows)
{
	printf("  %s: %.0f without the runs, %.0f with: %+.2f%%; the %zu windows without differ "
	       "among themselves by %.2f%%, their middle half by %.2f%%\n",
	       what, v->without, v->with, v->difference * 100, windows, v->noise * 100,
	       v->half * 100);
}

static void sum_pace(const struct soak *s)
{
	if (!s->windows)
		return;
	printf("two processes that ask and answer, while the runs take %.2f of %ld processors:\n",
	       s->run_share, sysconf(_SC_NPROCESSORS_ONLN));
	print_pace(&s->pace, "rounds a second", s->windows);
	print_pace(&s->pace_cpu, "rounds a second of their own on a processor", s->windows);
}

static int sum(struct soak *s)
{
	printf("\n%llu runs in %.0f s, %llu of which had to wait for the one before\n",
	       (unsigned long long)s->runs, now() - s->begin, (unsigned long long)s->late);
	sum_forms(s);
	sum_follower(s);
	sum_bpf(s);
	sum_pace(s);
	printf("soak: %s, %llu wrong\n", s->wrong ? "FAILED" : "passed",
	       (unsigned long long)s->wrong);
	return s->wrong ? 1 : 0;
}

/* --- from the beginning ---------------------------------------------------------------------- */

static int soak(struct soak *s, double seconds)
{
	double pace_seconds = seconds / 6;

	if (pace_seconds > 2 * WINDOWS * WINDOW_MAX)
		pace_seconds = 2 * WINDOWS * WINDOW_MAX;
	s->begin = now();
	s->minute = s->begin + 60;
	run_until(s, s->begin + seconds / 10);
	s->warm = s->size;
	run_until(s, s->begin + seconds - pace_seconds);
	ask_whether_it_disturbs(s, pace_seconds);
	return sum(s);
}

/* Until it has seen a socket end: it has all descriptors then that it will have. */
static int wait_follower(const struct follower *follower)
{
	double until = now() + FOLLOWER_PATIENCE_S;

	while (follower->counts->lines < 2 && now() < until)
		sleep_until(now() + 0.01);
	return follower->counts->lines < 2 ? -ETIME : 0;
}

static int set_up(struct soak *s, size_t sockets, size_t rate)
{
	int err = crowd_gather(&s->crowd, sockets / 5 * 4, 0);

	if (!err)
		err = churn_start(&s->churn, sockets / 5, rate);
	s->bpf_err = bpf_ids_read(&s->bpf);
	if (!err)
		err = follower_start(&s->follower, s->tool);
	if (!err)
		err = wait_follower(&s->follower);
	if (!err)
		printf("%zu sockets that stay, in %zu processes, and %zu that change, %zu pairs a "
		       "second\n",
		       s->crowd.sockets, s->crowd.processes, s->churn.sockets, rate);
	else
		fprintf(stderr, "soak: cannot begin: %s\n", strerror(-err));
	fflush(stdout);
	return err;
}

/* --- and its place --------------------------------------------------------------------------- */

/* A whole number above 0, or 0. */
static size_t number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end ? n : 0;
}

/* In the first process of its namespaces. */
static int run(struct soak *s, double seconds, size_t sockets, size_t rate)
{
	const char *why = NULL;
	int err = scene_enter(&why);

	if (err) {
		fprintf(stderr, "soak: skipped: %s: %s\n", why, strerror(-err));
		return NO_NAMESPACE;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	err = set_up(s, sockets, rate);
	err = err ? 1 : soak(s, seconds);
	bpf_ids_free(&s->bpf);
	churn_stop(&s->churn);
	crowd_leave(&s->crowd);
	fflush(stdout);
	return err;
}

static int run_apart(struct soak *s, double seconds, size_t sockets, size_t rate)
{
	const char *why = NULL;
	int status = 0, err = scene_apart(&why);
	pid_t pid;

	if (err) {
		fprintf(stderr, "soak: skipped: %s: %s\n", why, strerror(-err));
		return NO_NAMESPACE;
	}
	pid = fork();
	if (pid == 0)
		_exit(run(s, seconds, sockets, rate));
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("soak");
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	size_t seconds = argc > 1 ? number(argv[1]) : SECONDS;
	size_t sockets = argc > 2 ? number(argv[2]) : SOCKETS;
	size_t rate = argc > 3 ? number(argv[3]) : RATE;
	struct soak s = { .tool = getenv("LINGERSTAT") };

	if (argc > 4 || !seconds || sockets < 100 || !rate || !s.tool) {
		fprintf(stderr, "usage: soak [SECONDS [SOCKETS [RATE]]], 100 sockets at least; "
				"LINGERSTAT names the program: `make soak` sets it\n");
		return 2;
	}
	return run_apart(&s, (double)seconds, sockets, rate);
}
