/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fuzz_target targets[] = {
	{ "tcp", fuzz_tcp },       { "inet", fuzz_inet },         { "unix", fuzz_unix },
	{ "others", fuzz_others }, { "dump", fuzz_dump },         { "events", fuzz_events },
	{ "replay", fuzz_replay }, { "filter", fuzz_filter },     { "filterfile", fuzz_filterfile },
	{ "range", fuzz_range },   { "procnet", fuzz_procnet },   { "machine", fuzz_machine },
	{ "owners", fuzz_owners }, { "state", fuzz_state },       { "output", fuzz_output },
	{ "sums", fuzz_sums },     { "contexts", fuzz_contexts },
};

const struct fuzz_target *fuzz_targets(size_t *count)
{
	*count = sizeof(targets) / sizeof(targets[0]);
	return targets;
}

const struct fuzz_target *fuzz_target_find(const char *name)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (strcmp(targets[i].name, name) == 0)
			return &targets[i];
	return NULL;
}

void fuzz_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	fflush(NULL);
	abort();
}
