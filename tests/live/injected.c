/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "injected.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void __attribute__((noreturn)) wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

void injected_alone(void)
{
	pid_t child;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		return;
	fflush(stdout);
	child = fork();
	if (child < 0) {
		puts("Bail out! no process can be made");
		exit(99);
	}
	if (child > 0)
		wait_for(child);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0)
		printf("# /proc is the machine's: %s\n", strerror(errno));
}

static void read_report(const char *path, struct injected *report)
{
	FILE *file = fopen(path, "re");
	struct injected_call call;

	if (!file)
		return;
	while (fscanf(file, "%23s %lu", call.name, &call.uses) == 2) {
		if (strcmp(call.name, "fired") == 0)
			report->fired = call.uses;
		else if (strcmp(call.name, "leaked") == 0)
			report->leaked = call.uses;
		else if (strcmp(call.name, "low") == 0)
			report->low = call.uses;
		else if (report->count < INJECTED_CALLS)
			report->calls[report->count++] = call;
	}
	report->reported = true;
	fclose(file);
}

int injected_run(struct tool_run *run, struct injected *report, const char *rules,
		 const char *const argv[])
{
	char library[4096], path[] = "/tmp/lingerstat-inject.XXXXXX";
	const char *folder = getenv("TOP_BUILDDIR");
	int fd = mkstemp(path), err;

	*report = (struct injected){ 0 };
	*run = (struct tool_run){ 0 };
	if (fd < 0)
		return -errno;
	close(fd);
	unlink(path); /* there again when the library has reported */
	snprintf(library, sizeof(library), "%s/tests/faults/inject.so", folder ? folder : ".");
	setenv("INJECT", rules ? rules : "", 1);
	setenv("INJECT_REPORT", path, 1);
	setenv("LD_PRELOAD", library, 1);
	err = tool_run(run, argv);
	unsetenv("LD_PRELOAD");
	unsetenv("INJECT_REPORT");
	unsetenv("INJECT");
	read_report(path, report);
	unlink(path);
	return err;
}

bool injected_possible(void)
{
	static const char *const argv[] = { "lingerstat", "--version", NULL };
	struct injected report;
	struct tool_run run;
	bool can = injected_run(&run, &report, NULL, argv) == 0 && report.reported &&
		   injected_uses(&report, "malloc");

	if (!can)
		printf("# the library of faults cannot be preloaded here (status %d): %.*s\n",
		       run.status, run.errors ? (int)strcspn(run.errors, "\n") : 0,
		       run.errors ? run.errors : "");
	tool_free(&run);
	return can;
}

unsigned long injected_uses(const struct injected *report, const char *call)
{
	for (size_t i = 0; i < report->count; i++)
		if (strcmp(report->calls[i].name, call) == 0)
			return report->calls[i].uses;
	return 0;
}
