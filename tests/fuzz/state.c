/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file of `check`, as anything may have left it. What is no state file is refused and
 * left as it is; of any other every rate and age is a number or unknown, and what this run writes
 * the next one reads.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/files.h"
#include "fuzz/fuzz.h"
#include "measure/state_file.h"

#define COOKIE UINT64_C(0x1f4)

static const struct state_here first_run = { "5c6d1e5a-0000-4000-8000-00c0ffee0000", 4026531840,
					     2000.5 };

static struct state_file *open_state(const struct state_here *here, int *err)
{
	struct state_file *file = NULL;
	const char *why = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/state", tree_root());
	*err = state_file_open(&file, path, here, &why);
	CHECK(*err == 0 ? file != NULL : file == NULL && why && *why);
	return file;
}

static void check_unchanged(const uint8_t *data, size_t size)
{
	char path[256], *now = malloc(size + 1);
	FILE *file;

	snprintf(path, sizeof(path), "%s/state", tree_root());
	file = fopen(path, "re");
	MUST(now != NULL && file != NULL);
	CHECK(fread(now, 1, size + 1, file) == size && memcmp(now, data, size) == 0);
	fclose(file);
	free(now);
}

static bool is_ours(const uint8_t *data, size_t size)
{
	static const char word[] = "lingerstat-state ";

	return size == 0 || (size >= strlen(word) && memcmp(data, word, strlen(word)) == 0);
}

/* Reads what the run before has left, and leaves the same counters, `more` higher. */
static double run(struct state_file *file, int64_t counter)
{
	double rate = state_file_rate(file, "TCPAbortOnData", counter);
	double age = state_file_seen(file, COOKIE), other = state_file_seen(file, 0x200);

	CHECK(isfinite(rate) && (rate == UNKNOWN || rate >= 0));
	CHECK(isfinite(age) && age >= 0 && isfinite(other) && other >= 0);
	CHECK(state_file_knows(file, COOKIE) || age == 0);
	return rate;
}

void fuzz_state(const uint8_t *data, size_t size)
{
	struct state_here later = first_run;
	struct state_file *file;
	int err;

	tree_put("state", data, size);
	file = open_state(&first_run, &err);
	CHECK(err == 0 || err == -EEXIST);
	CHECK((err == 0) == is_ours(data, size));
	if (err) {
		check_unchanged(data, size);
		return;
	}
	CHECK((state_past_text(state_file_past(file)) == NULL) ==
	      (state_file_past(file) == PAST_KNOWN));
	run(file, 5);
	CHECK(state_file_commit(file) == 0);
	state_file_close(file);

	later.now += 10;
	file = open_state(&later, &err);
	CHECK(err == 0 && state_file_past(file) == PAST_KNOWN);
	CHECK(state_file_knows(file, COOKIE) && state_file_knows(file, 0x200));
	CHECK(fabs(run(file, 25) - 2.0) < 0.01);
	state_file_close(file);
}
