/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/about.h"

#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "enrich/netns.h"

void about_run(struct about *about, const struct run *run)
{
	*about = (struct about){
		.info = {
			.source = run->plan->read ? "replay" : "kernel",
			.owners = &run->owners,
			.missing_netids = run->missing_netids,
		},
	};
	if (run->plan->read)
		return;
	uname(&about->uts);
	about->info.host = about->uts.nodename;
	about->info.kernel = about->uts.release;
	clock_gettime(CLOCK_REALTIME, &about->info.time);
	about->info.netns = netns_self();
	if (netns_name(about->info.netns, about->netns_name, sizeof(about->netns_name)) == 0)
		about->info.netns_name = about->netns_name;
}

const char *about_problem(const struct dump_report *report)
{
	if (!dump_incomplete(report))
		return NULL;
	if (report->problem != DUMP_OK)
		return dump_problem_text(report->problem);
	if (report->namespaces)
		return "not every network namespace could be listed";
	return report->may_miss > 0 ? "sockets may have been passed over"
				    : "the dump was interrupted or held malformed messages";
}

unsigned int about_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

bool about_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
