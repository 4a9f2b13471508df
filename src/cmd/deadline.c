/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/deadline.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t put(char *line, size_t used, size_t size, const char *word)
{
	while (word && *word && used < size)
		line[used++] = *word++;
	return used;
}

/* A handler may call little; a line is put together by hand and written at once. The timer carries
 * the pointer, so nothing global is needed. */
static void passed(int signal, siginfo_t *info, void *context)
{
	const struct deadline *d = info->si_value.sival_ptr;
	char line[256];
	size_t used = 0;

	(void)signal;
	(void)context;
	if (info->si_code != SI_TIMER)
		_exit(3); /* someone's kill -ALRM: no pointer came with it */
	used = put(line, used, sizeof(line) - 1, d->begin);
	used = put(line, used, sizeof(line) - 1, d->what);
	used = put(line, used, sizeof(line) - 1, d->which ? " " : NULL);
	used = put(line, used, sizeof(line) - 1, d->which);
	line[used++] = '\n';
	if (write(STDOUT_FILENO, line, used) < 0)
		_exit(d->status);
	_exit(d->status);
}

int deadline_start(struct deadline *d, unsigned int seconds, const char *begin, int status)
{
	struct sigaction action = { .sa_sigaction = passed, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGALRM,
				  .sigev_value.sival_ptr = d };
	struct itimerspec when = { .it_value.tv_sec = seconds };

	d->status = status;
	d->what = "start";
	d->which = NULL;
	snprintf(d->begin, sizeof(d->begin), "%s", begin);
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGALRM, &action, NULL) < 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, &d->timer) < 0)
		return -errno;
	if (timer_settime(d->timer, 0, &when, NULL) == 0)
		return 0;
	timer_delete(d->timer);
	return -EINVAL;
}

void deadline_stage(struct deadline *d, const char *what, const char *which)
{
	d->which = NULL; /* never the one with the other's */
	d->what = what;
	d->which = which;
}

void deadline_stop(struct deadline *d)
{
	timer_delete(d->timer);
}
