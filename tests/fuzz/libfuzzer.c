/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer's side: one program for all targets, FUZZ_TARGET in the environment names the one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ_TARGET");
	const struct fuzz_target *all;
	size_t count;

	(void)argc;
	target = name ? fuzz_target_find(name) : NULL;
	if (target)
		return 0;
	fprintf(stderr, "%s: FUZZ_TARGET must name one of:", (*argv)[0]);
	all = fuzz_targets(&count);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, " %s", all[i].name);
	fprintf(stderr, "\n");
	exit(2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target->run(data, size);
	return 0;
}
