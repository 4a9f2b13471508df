/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lingerstat-demo: the classic experiments with close(), each beside what lingerstat foretells.
 *
 * A client and a server, two processes with plain sockets over loopback, replay each experiment.
 * Just before the close the tool is asked; it has ended before the close begins. Then what it
 * said and what the peer received are compared.
 *
 * Everything happens in a network namespace of its own where that is possible (root, or a user
 * who may make user namespaces); there the segments are caught and shown too. Otherwise it is
 * this machine's loopback. The tool reads SO_LINGER with its BPF program for root, and through
 * --linger=getfd otherwise, which the two processes permit.
 *
 * Exit status: 0 every forecast held, 1 one did not, 2 usage, 3 something could not be played.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"
#include "stage.h"
#include "verdict.h"

enum { ALL_HELD = 0, NOT_HELD = 1, USAGE = 2, NOT_PLAYED = 3, NO_STAGE = 77 };

#define EXPERIMENTS_MAX 32

/* What the command line asks for. */
struct wishes {
	bool here;        /* on this machine's loopback */
	bool no_segments; /* do not show them; they are judged all the same */
	bool chosen[EXPERIMENTS_MAX];
};

/* One line of the summary. */
struct result {
	char foretold[40];
	char received[64];
	const char *verdict; /* NULL: was not chosen */
};

static void print_help(void)
{
	size_t count;
	const struct experiment *e = experiments(&count);

	puts("lingerstat-demo replays the classic experiments with close(), each beside what\n"
	     "lingerstat foretells, and fails when a forecast does not hold.\n"
	     "\n"
	     "Usage: lingerstat-demo [--here] [--no-segments] [EXPERIMENT]...\n"
	     "\n"
	     "  --here           on this machine's loopback, not in a namespace of its own\n"
	     "  --no-segments    do not show what crossed the loopback\n"
	     "  -h, --help       this text\n"
	     "\n"
	     "LINGERSTAT in the environment names the tool; otherwise it is looked for in PATH.\n"
	     "\n"
	     "Experiments (all, unless some are named):");
	for (size_t i = 0; i < count; i++)
		printf("  %-18s %s\n", e[i].name, e[i].what);
}

/* Gives ALL_HELD or, after a line on stderr, USAGE. */
static int choose(struct wishes *wishes, const char *name)
{
	size_t count;
	const struct experiment *e = experiments(&count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(e[i].name, name) != 0)
			continue;
		wishes->chosen[i] = true;
		return ALL_HELD;
	}
	fprintf(stderr, "lingerstat-demo: '%s': no such experiment; --help lists them\n", name);
	return USAGE;
}

static void choose_all(struct wishes *wishes)
{
	for (size_t i = 0; i < EXPERIMENTS_MAX; i++)
		wishes->chosen[i] = true;
}

/* --- one experiment ------------------------------------------------------------------------ */

static void print_title(size_t number, const struct experiment *e)
{
	printf("\n%zu. %s\n", number, e->name);
	printf("    %s\n", e->what);
	fflush(stdout);
}

static void print_forecast(const struct forecast *f)
{
	printf("    The tool sees: state %s, linger %s", f->state,
	       strcmp(f->state, "time_wait") != 0 ? f->linger : "-");
	if (*f->source && strcmp(f->source, "none") != 0)
		printf(" (by %s)", f->source);
	printf(", reasons: %s\n", *f->reasons ? f->reasons : "none");
}

static void keep_result(struct result *r, const struct experiment *e, const struct forecast *f,
			const struct observed *o, const struct verdict *v)
{
	snprintf(r->foretold, sizeof(r->foretold), "%s, %s", *f->outcome ? f->outcome : "unknown",
		 *f->risk ? f->risk : "unknown");
	describe_receipt(o, r->received, sizeof(r->received));
	if (e->listener)
		snprintf(r->received, sizeof(r->received), "%s",
			 o->end == END_RESET ? "ECONNRESET" : "no reset");
	r->verdict = v->held ? "held" : "DID NOT HOLD";
}

/* Without linger the tool rightly says less than can be compared. */
static bool linger_is_lacking(const struct forecast *f)
{
	if (*f->outcome || strcmp(f->linger, "unknown") != 0)
		return false;
	fputs("lingerstat-demo: the tool could not read SO_LINGER here, so it foretells nothing\n",
	      stderr);
	return true;
}

static int show(size_t number, const struct experiment *e, const struct wishes *wishes,
		const struct tool *tool, struct segments *segments, struct result *result)
{
	struct forecast forecast;
	struct observed observed;
	struct verdict verdict;
	uint16_t client, server;

	print_title(number, e);
	if (play(e, tool, segments, &forecast, &observed) || linger_is_lacking(&forecast)) {
		result->verdict = "could not be played";
		return NOT_PLAYED;
	}
	judge(e, &forecast, &observed, segments, &verdict);
	print_forecast(&forecast);
	verdict_print(&verdict);
	client = e->listener ? observed.far_port : observed.near_port;
	server = e->listener ? observed.near_port : observed.far_port;
	if (!wishes->no_segments)
		segments_print(segments, client, server);
	printf("\n    %s\n", e->lesson);
	keep_result(result, e, &forecast, &observed, &verdict);
	return verdict.held ? ALL_HELD : NOT_HELD;
}

/* --- all of them --------------------------------------------------------------------------- */

static void print_summary(const struct result *results)
{
	size_t count, held = 0, chosen = 0;
	const struct experiment *e = experiments(&count);

	printf("\n%-18s  %-20s  %-34s  %s\n", "EXPERIMENT", "FORETOLD", "THE PEER RECEIVED",
	       "FORECAST");
	for (size_t i = 0; i < count; i++) {
		if (!results[i].verdict)
			continue;
		chosen++;
		held += !strcmp(results[i].verdict, "held");
		printf("%-18s  %-20s  %-34s  %s\n", e[i].name, results[i].foretold,
		       results[i].received, results[i].verdict);
	}
	printf("%zu of %zu forecasts held\n", held, chosen);
}

static void print_place(bool own, int caught)
{
	printf("lingerstat-demo: %s; ",
	       own ? "in a network namespace of its own" : "on this machine's loopback");
	if (caught == 0)
		printf("the segments are caught\n");
	else
		printf("no segments are caught (%s)\n", strerror(-caught));
}

/* Gives the worst of the experiments' results. */
static int perform(const struct wishes *wishes, bool own_namespace)
{
	const char *path = getenv("LINGERSTAT");
	const struct tool tool = { .path = path && *path ? path : "lingerstat",
				   .linger = geteuid() == 0 ? "auto" : "getfd" };
	struct result results[EXPERIMENTS_MAX] = { 0 };
	struct segments segments;
	size_t count, number = 0;
	const struct experiment *e = experiments(&count);
	int worst = ALL_HELD;

	/* On the machine's own loopback other people's segments are nobody's business here. */
	segments = (struct segments){ .fd = -1 };
	print_place(own_namespace, own_namespace ? segments_open(&segments) : -EPERM);
	if (stage_drop_privileges())
		fprintf(stderr, "lingerstat-demo: the tool may be refused to read linger: %s\n",
			strerror(errno));
	for (size_t i = 0; i < count; i++) {
		int status;

		if (!wishes->chosen[i])
			continue;
		status = show(++number, &e[i], wishes, &tool, &segments, &results[i]);
		worst = status > worst ? status : worst;
	}
	print_summary(results);
	segments_close(&segments);
	return worst;
}

/* In a child, because an attempt at a namespace that fails half-way cannot be taken back. */
static int perform_in_namespace(const struct wishes *wishes)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return NO_STAGE;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		status = stage_enter() ? NO_STAGE : perform(wishes, true);
		if (fflush(stdout) == EOF)
			status = NOT_PLAYED;
		_exit(status);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return NOT_PLAYED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_PLAYED;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "here", no_argument, NULL, 'e' },
						 { "no-segments", no_argument, NULL, 's' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	struct wishes wishes = { 0 };
	int letter, status = NO_STAGE;

	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter == '?')
			return USAGE;
		if (letter == 'h') {
			print_help();
			return ALL_HELD;
		}
		wishes.here = wishes.here || letter == 'e';
		wishes.no_segments = wishes.no_segments || letter == 's';
	}
	if (optind == argc)
		choose_all(&wishes);
	for (; optind < argc; optind++)
		if (choose(&wishes, argv[optind]))
			return USAGE;
	if (!wishes.here)
		status = perform_in_namespace(&wishes);
	if (status == NO_STAGE)
		status = perform(&wishes, false);
	if (fflush(stdout) == EOF) {
		fprintf(stderr, "lingerstat-demo: standard output: %s\n", strerror(errno));
		return NOT_PLAYED;
	}
	return status;
}
