/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of /proc/net as a source: lines as the kernel writes them, and lines that it never
 * would.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/procnet.h"

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
#define LINE4                                                                               \
	"   1: 0100007F:0059 0200007F:0000 07 00000300:00000340 00:00000000 00000000  1000" \
	"        0 4711 2 0000000000000000 0\n"
#define LINE6                                                                                \
	"   58: 00000000000000000000000001000000:003A 00000000000000000000000000000000:0000" \
	" 07 00000000:00000000 00:00000000 00000000     0        0 815 2 0000000000000000 0\n"

/* A table and its IPv6 twin, in a folder of their own. */
struct tables {
	char dir[32];
	char path[48], path6[64];
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void tables_make(struct tables *t, const char *text, const char *text6)
{
	strcpy(t->dir, "/tmp/procnet.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->path, sizeof(t->path), "%s/raw", t->dir);
	snprintf(t->path6, sizeof(t->path6), "%s6", t->path);
	if (text)
		write_file(t->path, text);
	if (text6)
		write_file(t->path6, text6);
}

static void tables_remove(const struct tables *t)
{
	unlink(t->path);
	unlink(t->path6);
	rmdir(t->dir);
}

struct seen {
	struct socket rows[8];
	size_t count;
	int answer;
};

static int take(void *ctx, const struct nlmsghdr *nlh)
{
	struct seen *seen = ctx;
	uint64_t bad = 0;

	assert_true(seen->count < COUNT(seen->rows));
	assert_int_equal(family_raw.decode(nlh, &seen->rows[seen->count++], &bad), 0);
	assert_int_equal(bad, 0);
	return seen->answer;
}

static void a_line_is_a_socket(void **state)
{
	struct dump_report report = { 0 };
	struct seen seen = { .count = 0 };
	struct tables t;

	(void)state;
	tables_make(&t, HEAD LINE4, HEAD LINE6);
	assert_true(procnet_has(t.path));
	assert_int_equal(procnet_dump(t.path, AF_INET, take, &seen, &report), 0);
	assert_int_equal(procnet_dump(t.path, AF_INET6, take, &seen, &report), 0);
	tables_remove(&t);
	assert_int_equal(seen.count, 2);
	assert_int_equal(report.malformed, 0);
	assert_int_equal(seen.rows[0].family, AF_INET);
	assert_int_equal(seen.rows[0].state, STATE_CLOSE);
	assert_int_equal(seen.rows[0].protocol, 0x59);
	assert_int_equal(ntohl(seen.rows[0].local.addr.v4.s_addr), 0x7f000001);
	assert_int_equal(ntohl(seen.rows[0].peer.addr.v4.s_addr), 0x7f000002);
	assert_int_equal(seen.rows[0].send_queue, 0x300);
	assert_int_equal(seen.rows[0].recv_queue, 0x340);
	assert_int_equal(seen.rows[0].unread_bytes, UNKNOWN);
	assert_int_equal(seen.rows[0].uid, 1000);
	assert_int_equal(seen.rows[0].inode, 4711);
	assert_int_equal(seen.rows[0].cookie, 0);
	assert_int_equal(seen.rows[0].cgroup_id, UNKNOWN);
	assert_false(seen.rows[0].shutdown_known);
	assert_int_equal(seen.rows[1].family, AF_INET6);
	assert_int_equal(seen.rows[1].protocol, 58);
	assert_memory_equal(&seen.rows[1].local.addr.v6, &in6addr_loopback, 16);
	assert_int_equal(seen.rows[1].inode, 815);
}

static void every_beginning_of_a_line(void **state)
{
	const size_t inode_at = strstr(LINE4, "4711") - LINE4;

	(void)state;
	for (size_t len = 0; len < sizeof(LINE4) - 1; len++) {
		char text[sizeof(HEAD LINE4) + 1];
		struct dump_report report = { 0 };
		struct seen seen = { .count = 0 };
		struct tables t;

		snprintf(text, sizeof(text), "%s%.*s\n", HEAD, (int)len, LINE4);
		tables_make(&t, text, NULL);
		assert_int_equal(procnet_dump(t.path, AF_INET, take, &seen, &report), 0);
		tables_remove(&t);
		assert_int_equal(seen.count + report.malformed, 1);
		assert_int_equal(seen.count, len > inode_at);
	}
}

static void strange_lines_are_counted(void **state)
{
	static const char *const lines[] = {
		"\n",
		"::::::::\n",
		"no table at all\n",
		"   1: 0100007F 0059\n",
		"   1: 7F:0059 0200007F:0000 07 0:0 0:0 0 0 0 1\n",
		"   1: GGGGGGGG:0059 0200007F:0000 07 0:0 0:0 0 0 0 1\n",
		LINE6,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char text[1024];
		struct dump_report report = { 0 };
		struct seen seen = { .count = 0 };
		struct tables t;

		snprintf(text, sizeof(text), "%s%s%s", HEAD, lines[i], LINE4);
		tables_make(&t, text, NULL);
		assert_int_equal(procnet_dump(t.path, AF_INET, take, &seen, &report), 0);
		tables_remove(&t);
		if (seen.count != 1 || report.malformed != 1)
			fail_msg("%zu rows, %d malformed: %s", seen.count, (int)report.malformed,
				 lines[i]);
	}
}

static void a_table_that_is_not_there(void **state)
{
	struct dump_report report = { 0 };
	struct seen seen = { .count = 0 };
	struct tables t;

	(void)state;
	tables_make(&t, NULL, NULL);
	assert_false(procnet_has(t.path));
	assert_int_equal(procnet_dump(t.path, AF_INET, take, &seen, &report), -ENOENT);
	assert_int_equal(report.problem, DUMP_RECV_FAILED);
	/* A kernel without IPv6 has no such socket. */
	report = (struct dump_report){ 0 };
	assert_int_equal(procnet_dump(t.path, AF_INET6, take, &seen, &report), 0);
	assert_int_equal(report.problem, DUMP_OK);
	assert_int_equal(seen.count, 0);
	tables_remove(&t);
}

static void a_sink_can_stop_it(void **state)
{
	struct dump_report report = { 0 };
	struct seen seen = { .answer = -EPIPE };
	struct tables t;

	(void)state;
	tables_make(&t, HEAD LINE4 LINE4, NULL);
	assert_int_equal(procnet_dump(t.path, AF_INET, take, &seen, &report), -EPIPE);
	assert_int_equal(seen.count, 1);
	tables_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_socket),
		cmocka_unit_test(every_beginning_of_a_line),
		cmocka_unit_test(strange_lines_are_counted),
		cmocka_unit_test(a_table_that_is_not_there),
		cmocka_unit_test(a_sink_can_stop_it),
	};

	return cmocka_run_group_tests_name("procnet", tests, NULL, NULL);
}
