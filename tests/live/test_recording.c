/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording of live sockets, listed, is what the live listing was: every value that the kernel
 * gave and that does not run on by itself, from a file and from a pipe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define MARK 0x5a /* 90 */

/* What a recording tells; names of devices, groups and holders are those of a running machine. */
#define COLUMNS                                                                           \
	"netid,family,state,local,peer,ifindex,recv-q,send-q,queue-unit,unread,"          \
	"outstanding,unsent,shutdown,uid,inode,cookie,mptcp,retrans,cwnd,mark,drops,tos," \
	"sockopt"

struct sockets {
	struct tcp_pair pairs[2];
	int listeners[2];
	char dir[32], file[48];
};

static void open_family(struct sockets *s, int i, int family)
{
	static const int mark = MARK;
	uint16_t port;

	s->listeners[i] = tcp_listen(family, 0, &port);
	assert_true(s->listeners[i] >= 0);
	assert_return_code(tcp_pair_open(&s->pairs[i], family, 0), 0);
	assert_return_code(setsockopt(s->pairs[i].near, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)),
			   0);
	assert_int_equal(send(s->pairs[i].far, "unread", 6, 0), 6);
	assert_return_code(tcp_wait_readable(s->pairs[i].near, 6), 0);
	assert_return_code(tcp_wait_drained(s->pairs[i].far), 0);
}

static int set_up(void **state)
{
	static struct sockets s;

	open_family(&s, 0, AF_INET);
	open_family(&s, 1, AF_INET6);
	strcpy(s.dir, "/tmp/test_recording.XXXXXX");
	if (!mkdtemp(s.dir))
		return -1;
	snprintf(s.file, sizeof(s.file), "%s/dump", s.dir);
	*state = &s;
	return 0;
}

static int tear_down(void **state)
{
	struct sockets *s = *state;

	for (int i = 0; i < 2; i++) {
		tcp_pair_close(&s->pairs[i]);
		close(s->listeners[i]);
	}
	unlink(s->file);
	return rmdir(s->dir);
}

static char *output_of(const char *const argv[])
{
	struct tool_run run;
	char *output;

	assert_return_code(tool_run(&run, argv), 0);
	if (run.status != 0)
		fail_msg("%s: status %d: %s", argv[0], run.status, run.errors);
	output = strdup(run.output);
	tool_free(&run);
	return output;
}

#define OUTPUT(...) output_of((const char *const[]){ __VA_ARGS__, NULL })
#define LIST(...) \
	OUTPUT("lingerstat", "-tan", "--format=csv", "--sort=cookie", "-C", COLUMNS, ##__VA_ARGS__)

static void record(struct sockets *s)
{
	free(OUTPUT("lingerstat", "-ta", "-D", s->file));
}

static void a_recording_lists_what_was_live(void **state)
{
	struct sockets *s = *state;
	char *live, *read;

	record(s);
	live = LIST();
	read = LIST("--read", s->file);
	assert_non_null(strstr(live, ",90,"));
	assert_string_equal(live, read);
	free(live);
	free(read);
}

/* The filter that the kernel decides for a dump is decided here for a recording. */
static void a_filter_chooses_the_same(void **state)
{
	static const char *const filters[] = {
		"state listening",         "src 127.0.0.1 and not state listening",
		"fwmark = 0x5a",           "unread = 6",
		"dst [::1] and recvq > 0",
	};
	struct sockets *s = *state;

	record(s);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		char *live = LIST(filters[i]);
		char *read = LIST("--read", s->file, filters[i]);

		assert_string_equal(live, read);
		assert_non_null(strstr(live, "\r\ntcp,"));
		free(live);
		free(read);
	}
}

static void a_pipe_is_a_file(void **state)
{
	struct sockets *s = *state;
	char *file, *pipe;

	record(s);
	file = LIST("--read", s->file);
	pipe = OUTPUT("sh", "-c",
		      "\"${LINGERSTAT:-lingerstat}\" -ta -D - | \"${LINGERSTAT:-lingerstat}\" "
		      "-tan --read - --format=csv --sort=cookie -C " COLUMNS);
	assert_string_equal(file, pipe);
	free(file);
	free(pipe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_lists_what_was_live),
		cmocka_unit_test(a_filter_chooses_the_same),
		cmocka_unit_test(a_pipe_is_a_file),
	};

	harness_enter();
	return cmocka_run_group_tests_name("recording", tests, set_up, tear_down);
}
