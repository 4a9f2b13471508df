/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listings of a crowd that stays, in a namespace with few hash slots, while other connections come
 * and go as fast as they can. The kernel's dump then gives sockets twice and passes over others
 * (source/turnover.h). No listing may have one twice; each has the whole crowd, or says that rows
 * may be missing. `make churn` has 50,000 sockets and 50 runs; `make check` a few.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/crowd.h"
#include "churners.h"
#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define SLOTS    512
#define CHURNERS 2
#define CHURN_MS 60000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct stage {
	struct crowd crowd;
	struct churners churners;
	size_t runs;
	char why[128]; /* it could not be set up */
};

static size_t from_environment(const char *name, size_t otherwise)
{
	const char *text = getenv(name);

	return text && atol(text) > 0 ? (size_t)atol(text) : otherwise;
}

/* Waits until so many more have been closed. */
static bool wait_for_churn(const struct churners *churners, uint64_t more)
{
	uint64_t until = churners_closed(churners) + more;
	int64_t end = now_ms() + CHURN_MS;

	while (churners_closed(churners) < until)
		if (!nap_before(end))
			return false;
	return true;
}

static int set_up(void **state)
{
	static struct stage stage;
	int err = churn_namespace(SLOTS);

	*state = &stage;
	stage.runs = from_environment("LINGERSTAT_CHURN_RUNS", 5);
	if (err) {
		snprintf(stage.why, sizeof(stage.why), "no table of its own: %s", strerror(-err));
		return 0;
	}
	if (crowd_gather(&stage.crowd, from_environment("LINGERSTAT_CHURN_SOCKETS", 20000), 0) ||
	    churners_start(&stage.churners, CHURNERS))
		return -1;
	return wait_for_churn(&stage.churners, 100) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	churners_end(&stage->churners);
	crowd_leave(&stage->crowd);
	return 0;
}

/* --- one listing --------------------------------------------------------------------------- */

/* Whatever the tool lists, one number a row. */
struct rows {
	uint64_t *ends;    /* of the crowd: both addresses and ports */
	uint64_t *cookies; /* of all */
	size_t crowd, all;
};

/* The crowd's listeners are at 127.1.0.*, their clients at 127.0.0.1. */
static bool is_crowds(const unsigned int *n)
{
	return n[0] == 1 || n[4] == 1;
}

/* `4a,127.0.0.1:50000,127.1.0.1:40000` */
static void take_row(struct rows *rows, const char *line)
{
	static const char format[] = "%llx,127.%u.%u.%u:%u,127.%u.%u.%u:%u";
	unsigned long long cookie;
	unsigned int n[8];
	int got = sscanf(line, format, &cookie, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6],
			 &n[7]);

	if (got < 1)
		return;
	rows->cookies[rows->all++] = cookie;
	if (got == 9 && is_crowds(n))
		rows->ends[rows->crowd++] = (uint64_t)n[0] << 62 | (uint64_t)n[4] << 61 |
					    (uint64_t)n[2] << 48 | (uint64_t)n[6] << 32 |
					    (uint64_t)n[3] << 16 | n[7];
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static size_t count_repeats(uint64_t *numbers, size_t n)
{
	size_t repeats = 0;

	qsort(numbers, n, sizeof(*numbers), compare);
	for (size_t i = 1; i < n; i++)
		repeats += numbers[i] == numbers[i - 1];
	return repeats;
}

static void read_rows(struct rows *rows, const char *text)
{
	size_t lines = 0;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	*rows = (struct rows){ .ends = calloc(lines + 1, sizeof(uint64_t)),
			       .cookies = calloc(lines + 1, sizeof(uint64_t)) };
	assert_non_null(rows->ends);
	assert_non_null(rows->cookies);
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		take_row(rows, line);
	}
}

static void free_rows(struct rows *rows)
{
	free(rows->ends);
	free(rows->cookies);
}

/* The listing has nobody twice, and the whole crowd or a word that it may not. */
static void check_listing(const struct stage *stage, const struct tool_run *run, size_t *doubtful)
{
	struct rows rows;
	size_t twice, missing;

	read_rows(&rows, run->output);
	twice = count_repeats(rows.cookies, rows.all);
	missing = stage->crowd.sockets - rows.crowd + count_repeats(rows.ends, rows.crowd);
	free_rows(&rows);
	if (twice || missing || run->status)
		print_message("# status %d, %zu twice, %zu missing, stderr: %s\n", run->status,
			      twice, missing, run->errors);
	assert_int_equal(twice, 0);
	if (run->status == 3 && strstr(run->errors, "rows may be missing")) {
		++*doubtful;
		return;
	}
	assert_int_equal(run->status, 0);
	assert_int_equal(missing, 0);
}

/* `most`: how many of the runs may say that they do not know. */
static void check_listings(struct stage *stage, const char *const argv[], size_t most)
{
	size_t doubtful = 0;

	if (*stage->why) {
		print_message("# %s\n", stage->why);
		skip();
	}
	for (size_t i = 0; i < stage->runs; i++) {
		struct tool_run run;

		assert_true(wait_for_churn(&stage->churners, 100));
		assert_return_code(tool_run(&run, argv), 0);
		check_listing(stage, &run, &doubtful);
		tool_free(&run);
	}
	print_message("# %zu sockets, %zu runs, %zu of them in doubt\n", stage->crowd.sockets,
		      stage->runs, doubtful);
	assert_in_range(doubtful, 0, most);
}

#define COLUMNS "-C", "cookie,local,peer"

/* The header tells where linger came from, and the census comes from there too. */
static bool has_bpf(const char **why)
{
	struct listing listing;
	bool has = harness_list(&listing, "-l", "-t", NULL) == 0 && linger_by_bpf(&listing, why);

	listing_free(&listing);
	return has;
}

static void with_bpf_nobody_is_missing(void **state)
{
	static const char *const argv[] = { "lingerstat", "list",         "-tan",
					    COLUMNS,      "--format=csv", NULL };
	const char *why = "the tool did not run";

	if (!has_bpf(&why)) {
		print_message("# no BPF: %s\n", why);
		skip();
	}
	check_listings(*state, argv, 0);
}

static void without_bpf_it_is_said(void **state)
{
	static const char *const argv[] = { "lingerstat",   "list",          "-tan", COLUMNS,
					    "--format=csv", "--linger=none", NULL };

	check_listings(*state, argv, SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_bpf_nobody_is_missing),
		cmocka_unit_test(without_bpf_it_is_said),
	};

	harness_enter();
	return cmocka_run_group_tests_name("churn", tests, set_up, tear_down);
}
