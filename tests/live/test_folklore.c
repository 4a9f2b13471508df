/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folklore of close() on a real kernel: every claim of man/lingerstat-close.7 and its verdict,
 * over IPv4 and over IPv6, each beside the tool's own forecast.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>

#include "folklore.h"
#include "harness.h"
#include "observe.h"
#include "ways.h"

#define TESTS_MAX 128

void fresh_namespace(void)
{
	const char *why;

	assert_return_code(namespace_enter(&why), 0);
}

void open_pair(struct tcp_pair *pair, int family)
{
	assert_return_code(tcp_pair_open(pair, family, 0), 0);
}

void open_stalled(struct tcp_pair *pair, int family, bool linger, int seconds)
{
	int64_t end = now_ms() + WAIT_MS;
	struct truth truth;

	assert_return_code(tcp_pair_open(pair, family, SMALL_BUFFER), 0);
	assert_return_code(tcp_set_linger(pair->near, linger, seconds), 0);
	assert_return_code(write_all(pair->near, STALLED_BYTES), 0);
	do
		assert_return_code(truth_read(pair->near, &truth), 0);
	while ((truth.outq == 0 || truth.outq != truth.outqnsd) && nap_before(end));
	assert_int_equal(truth.outq, truth.outqnsd);
	assert_true(truth.outq > STALLED_BYTES / 2);
}

void check_all_arrives(int far, const struct counters *before)
{
	enum peer_end end;

	assert_int_equal(read_to_end(far, &end), STALLED_BYTES);
	assert_int_equal(end, END_EOF);
	assert_true(counters_moved(before, 0, 0, 0));
}

struct run {
	const struct folklore *test;
	int family;
};

static void run_one(void **state)
{
	const struct run *run = *state;

	fresh_namespace();
	run->test->run(run->family);
}

int main(void)
{
	static const struct folklore_chapter *const chapters[] = {
		&folklore_linger,
		&folklore_end,
		&folklore_data,
		&folklore_restart,
	};
	static struct CMUnitTest tests[TESTS_MAX];
	static char names[TESTS_MAX][128];
	static struct run runs[TESTS_MAX];
	size_t count = 0;

	harness_enter();
	for (int v6 = 0; v6 < 2; v6++)
		for (size_t c = 0; c < sizeof(chapters) / sizeof(chapters[0]); c++)
			for (size_t i = 0; i < chapters[c]->count && count < TESTS_MAX; i++) {
				runs[count] = (struct run){ &chapters[c]->tests[i],
							    v6 ? AF_INET6 : AF_INET };
				snprintf(names[count], sizeof(names[count]), "%s: %s",
					 v6 ? "inet6" : "inet", runs[count].test->name);
				tests[count] = (struct CMUnitTest){ names[count], run_one, NULL,
								    NULL, &runs[count] };
				count++;
			}
	if (count == TESTS_MAX) {
		puts("Bail out! more claims than TESTS_MAX");
		return 99;
	}
	/* cmocka passes over the entries without a name. */
	return cmocka_run_group_tests_name("folklore", tests, NULL, NULL);
}
