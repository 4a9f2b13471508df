/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spaces [SCENE]...: what many network namespaces cost. A scene is "200x500", which is 200
 * namespaces with 500 established sockets each, listed with --all-netns, beside one namespace with
 * as many sockets in all; or "0+100000", a namespace without a socket beside another with 100,000,
 * against the same with none anywhere.
 *
 * Namespaces share the machine's table of connections, as those of containers do, so others'
 * sockets are in it too. Nothing is asserted: ratios stand beside what is aimed at.
 *
 * Exit status: 0, 1 when something failed to run, 2 usage, 77 where no namespaces are to be had.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/race.h"
#include "bench/scene.h"
#include "bench/spread.h"
#include "live/harness.h"

#define AIM           2.0
#define ROUNDS        21
#define SECONDS       12
#define RACERS_MAX    8
#define OTHERS_MANY   1000
#define WORDS_MAX     8
#define SHORT_COLUMNS "netid,state,recv-q,send-q,local,peer"

static const char *const default_words[] = { "200x500", "0+100000", "0+500000" };

struct plan {
	const char *word;
	size_t namespaces; /* beside the one in which commands run */
	size_t sockets;    /* in each */
	bool beside;       /* they are not listed */
};

/* Medians of one half of a scene; shared with the process that plays it. */
struct half {
	double wall[RACERS_MAX], cpu[RACERS_MAX];
};

struct entry {
	const char *name;
	const char *words[WORDS_MAX]; /* behind the tool's name; NULL first: the bare dump */
	bool no_aim;
};

static const struct entry listings[] = {
	{ "list -tanH -C netid,..: no attributes", { "-tanH", "-C", SHORT_COLUMNS }, false },
	{ "list -tanH: owners, linger, forecast", { "-tanH" }, false },
	{ "summary -t --sections=states", { "summary", "-t", "--sections=states" }, false },
	{ "summary -t", { "summary", "-t" }, false },
	{ "the first with --linger=none: no BPF",
	  { "-tanH", "--linger=none", "-C", SHORT_COLUMNS },
	  true },
};

static const struct entry lookers[] = {
	{ "bare dump", { NULL }, false },
	{ "list -tanH -C netid,..: no attributes", { "-tanH", "-C", SHORT_COLUMNS }, false },
	{ "list -tanH: owners, linger, forecast", { "-tanH" }, false },
	{ "check -w close_wait=1000", { "check", "-w", "close_wait=1000" }, false },
	{ "summary -t --sections=states", { "summary", "-t", "--sections=states" }, false },
};

#define N(table) (sizeof(table) / sizeof((table)[0]))

static bool read_plan(struct plan *plan, const char *word)
{
	char sign = 0, rest = 0;
	size_t one = 0, other = 0;

	*plan = (struct plan){ .word = word };
	if (sscanf(word, "%zu%c%zu%c", &one, &sign, &other, &rest) != 3 || !other)
		return false;
	plan->beside = sign == '+';
	plan->namespaces = plan->beside ? 1 : one;
	plan->sockets = other;
	return plan->beside ? one == 0 : sign == 'x' && one > 0;
}

/* --- one half of a scene --------------------------------------------------------------------- */

struct play {
	const struct entry *entries;
	size_t n;
	const char *every; /* "--all-netns" or NULL */
	size_t namespaces, sockets;
	struct half *half;
};

static void line_up(struct racer *racers, const struct play *play)
{
	static const char *argvs[RACERS_MAX][WORDS_MAX + 2];

	for (size_t i = 0; i < play->n; i++) {
		const struct entry *entry = &play->entries[i];
		size_t n = 1;

		argvs[i][0] = getenv(entry->words[0] ? "LINGERSTAT" : "BENCH_BARE");
		for (size_t k = 0; k < WORDS_MAX && entry->words[k]; k++)
			argvs[i][n++] = entry->words[k];
		if (play->every)
			argvs[i][n++] = play->every;
		argvs[i][n] = NULL;
		racers[i] = (struct racer){ .name = entry->name, .argv = argvs[i] };
	}
}

static int race(const struct play *play)
{
	static struct racer racers[RACERS_MAX];
	int err;

	line_up(racers, play);
	err = race_run(racers, play->n, ROUNDS, SECONDS);
	for (size_t i = 0; i < play->n && !err; i++) {
		play->half->wall[i] = race_median(racers[i].wall, racers[i].rounds);
		play->half->cpu[i] = race_median(racers[i].cpu, racers[i].rounds);
	}
	return err;
}

/* They are in the table, and --all-netns lists them too: ratios mean little then. */
static void tell_others(void)
{
	FILE *file = fopen("/proc/net/sockstat", "re");
	char line[256];
	long others = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "TCP: %*s %*s %*s %*s %*s %*s alloc %ld", &others) == 1)
			break;
	if (file)
		fclose(file);
	if (others >= OTHERS_MANY)
		printf("others have %ld TCP sockets here: no ratio is to be trusted\n", others);
}

/* In the first process of a PID namespace: whatever is made here ends with it. Commands run in a
 * network namespace that has no socket, or, where there is but one, in that one. */
static int play_here(void *ctx)
{
	const struct play *play = ctx;
	struct spread spread = { 0 };
	struct crowd crowd = { 0 };
	const char *why = "a /proc of its own";
	int err = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		err = -errno;
	if (!err)
		err = namespace_enter(&why);
	if (err) {
		fprintf(stderr, "bench: skipped: %s: %s\n", why, strerror(-err));
		return RACE_CANNOT;
	}
	tell_others();
	if (play->namespaces)
		err = spread_make(&spread, play->namespaces, play->sockets);
	else if (play->sockets)
		err = crowd_gather(&crowd, play->sockets, 0);
	if (!err)
		err = race(play);
	spread_end(&spread);
	crowd_leave(&crowd);
	return err != 0;
}

/* --- a scene --------------------------------------------------------------------------------- */

static void print_line(const char *name, const struct half *halves, size_t i, double aim)
{
	double ratio = halves[0].wall[i] / halves[1].wall[i];
	double cpu = halves[0].cpu[i] / halves[1].cpu[i];

	printf("%-40s %9.1f %9.1f %7.2f %9.1f %9.1f %7.2f", name, halves[0].wall[i] * 1e3,
	       halves[1].wall[i] * 1e3, ratio, halves[0].cpu[i] * 1e3, halves[1].cpu[i] * 1e3, cpu);
	if (aim > 0)
		printf("  aim %g: %s", aim, ratio <= aim && cpu <= aim ? "met" : "NOT met");
	printf("\n");
}

static void print_all(const struct plan *plan, const struct play *play, const struct half *halves)
{
	printf("\n=== %s: ", plan->word);
	if (plan->beside)
		printf("a namespace without a socket beside %zu sockets, and beside none\n",
		       plan->sockets);
	else
		printf("%zu namespaces with %zu sockets each, and one with %zu\n", plan->namespaces,
		       plan->sockets, plan->namespaces * plan->sockets);
	printf("%-40s %9s %9s %7s %9s %9s %7s\n", "", "ms", "ms", "ratio", "cpu ms", "cpu ms",
	       "ratio");
	for (size_t i = 0; i < play->n; i++)
		print_line(play->entries[i].name, halves, i,
			   plan->beside || play->entries[i].no_aim ? 0 : AIM);
	fflush(stdout);
}

static int play_plan(const struct plan *plan, struct half *halves)
{
	struct play many = { listings,         N(listings),   "--all-netns",
			     plan->namespaces, plan->sockets, &halves[0] };
	struct play one = many;
	int status;

	if (plan->beside) {
		many.entries = lookers;
		many.n = N(lookers);
		many.every = NULL;
	}
	one = many;
	one.every = NULL;
	one.sockets = plan->beside ? 0 : plan->namespaces * plan->sockets;
	one.namespaces = 0;
	one.half = &halves[1];
	status = scene_play(play_here, &many);
	if (!status)
		status = scene_play(play_here, &one);
	if (!status)
		print_all(plan, &many, halves);
	return status;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? (size_t)argc - 1 : N(default_words);
	const char *const *words = argc > 1 ? (const char *const *)argv + 1 : default_words;
	struct half *halves = mmap(NULL, 2 * sizeof(*halves), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;

	for (size_t i = 0; i < n; i++) {
		struct plan plan;

		if (halves == MAP_FAILED || !getenv("LINGERSTAT") || !getenv("BENCH_BARE") ||
		    !read_plan(&plan, words[i])) {
			fprintf(stderr,
				"usage: spaces [SCENE]..., as 200x500 (namespaces x sockets) or "
				"0+100000 (sockets elsewhere); LINGERSTAT and BENCH_BARE name the "
				"programs: `make bench` sets them\n");
			return 2;
		}
		status = play_plan(&plan, halves);
		if (status)
			return status;
	}
	return status;
}
