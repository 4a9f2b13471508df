/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -E: what the tool says of sockets that are destroyed, beside what the test did to them and
 * counted itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/sockios.h>

#include "harness.h"
#include "tcp.h"

#define LIMIT_MS 60000

/* The tool, following. */
struct follower {
	pid_t pid;
	int out; /* -1: closed */
	int err;
	char text[65536]; /* read and not taken yet */
	size_t length;
	bool weak; /* without CAP_NET_ADMIN its buffer holds some hundred events */
};

static void start(struct follower *f, const char *const args[])
{
	const char *argv[16] = { getenv("LINGERSTAT"), "-E" };
	int out[2], err[2];
	size_t n = 2;

	while (*args)
		argv[n++] = *args++;
	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	assert_return_code(pipe2(err, O_CLOEXEC), errno);
	f->length = 0;
	f->out = out[0];
	f->err = err[0];
	f->pid = fork();
	assert_return_code(f->pid, errno);
	if (f->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (f->weak)
			prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN);
		signal(SIGPIPE, SIG_DFL);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
}

#define START(f, ...) start((f), (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

/* Reads more, with a limit. False at the end. */
static bool read_more(struct follower *f)
{
	struct pollfd fd = { .fd = f->out, .events = POLLIN };
	ssize_t n;

	if (poll(&fd, 1, LIMIT_MS) != 1)
		fail_msg("nothing came in %d ms", LIMIT_MS);
	n = read(f->out, f->text + f->length, sizeof(f->text) - 1 - f->length);
	assert_true(n >= 0);
	f->length += (size_t)n;
	f->text[f->length] = '\0';
	return n > 0;
}

/* The next line, NULL at the end. The caller frees it. */
static char *next_line(struct follower *f)
{
	char *end, *line;

	while (!(end = memchr(f->text, '\n', f->length)))
		if (!read_more(f))
			return NULL;
	*end = '\0';
	line = strdup(f->text);
	f->length -= (size_t)(end + 1 - f->text);
	memmove(f->text, end + 1, f->length);
	return line;
}

static json_t *next_object(struct follower *f, const char *type)
{
	char *line = next_line(f);
	json_t *object = line ? json_loads(line, 0, NULL) : NULL;

	if (!object || !row_is_text(object, "type", type))
		fail_msg("no %s: %s", type, line ? line : "(the end)");
	free(line);
	return object;
}

/* The subscription stands when the header is there. */
static void wait_header(struct follower *f)
{
	json_decref(next_object(f, "header"));
}

/* The event of a socket by its cookie; others are passed over. */
static json_t *event_of(struct follower *f, uint64_t cookie)
{
	char text[32];

	snprintf(text, sizeof(text), "%llx", (unsigned long long)cookie);
	for (;;) {
		json_t *event = next_object(f, "event");

		if (row_is_text(event, "cookie", text))
			return event;
		json_decref(event);
	}
}

static int status_of(struct follower *f)
{
	int status = -1;
	int64_t end = now_ms() + LIMIT_MS;
	pid_t done;

	while ((done = waitpid(f->pid, &status, WNOHANG)) == 0 && nap_before(end))
		;
	if (done == 0) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, &status, 0);
		fail_msg("it did not end");
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void said(struct follower *f, char *text, size_t size)
{
	ssize_t n = read(f->err, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
}

static void finish(struct follower *f)
{
	if (f->out >= 0)
		close(f->out);
	close(f->err);
}

/* Ends it, which must go well: a summary, and the signal. */
static void stop(struct follower *f, uint64_t least)
{
	json_t *summary = NULL;
	char *line;

	kill(f->pid, SIGINT);
	while ((line = next_line(f))) {
		json_decref(summary);
		summary = json_loads(line, 0, NULL);
		free(line);
	}
	check_row(summary, row_is_text(summary, "type", "summary"));
	check_row(summary, json_is_true(row_get(summary, "complete")));
	check_row(summary, json_integer_value(row_get(summary, "sockets")) >= (json_int_t)least);
	json_decref(summary);
	assert_int_equal(status_of(f), 128 + SIGINT);
	finish(f);
}

static uint64_t cookie_of(int fd)
{
	struct truth truth;

	assert_return_code(truth_read(fd, &truth), 0);
	return truth.cookie;
}

/* ---- what an end cost ---- */

static void an_orderly_end_costs_nothing(void **state)
{
	int family = *(const int *)*state;
	struct follower f = { .weak = false };
	struct tcp_pair pair;
	uint64_t near, far;
	json_t *event;

	assert_return_code(tcp_pair_open(&pair, family, 0), 0);
	near = cookie_of(pair.near);
	far = cookie_of(pair.far);
	START(&f, "--format=ndjson");
	wait_header(&f);
	drop_fd(&pair.far);
	assert_return_code(tcp_wait_state(pair.near, TCP_CLOSE_WAIT), 0);
	drop_fd(&pair.near);
	for (int i = 0; i < 2; i++) {
		event = event_of(&f, i ? near : far);
		check_row(event, row_is_text(event, "event", "destroyed"));
		check_row(event, row_is_text(event, "netid", "tcp"));
		check_row(event, row_is_text(event, "state", "close"));
		check_row(event,
			  row_is_text(event, "family", family == AF_INET ? "inet" : "inet6"));
		check_row(event,
			  row_is_int(event, "local.port", i ? pair.near_port : pair.far_port));
		check_row(event,
			  row_is_int(event, "peer.port", i ? pair.far_port : pair.near_port));
		check_row(event, row_is_int(event, "close.loss_min_bytes", 0));
		check_row(event, row_is_text(event, "close.outcome", "none"));
		check_row(event, row_is_null(event, "uid"));
		check_row(event, row_is_int(event, "inode", 0));
		check_row(event, json_is_string(row_get(event, "time")));
		json_decref(event);
	}
	stop(&f, 2);
	tcp_pair_close(&pair);
}

/* A reset that destroys what was written and not sent, because something was not read. */
static void a_reset_costs_what_was_not_sent(void **state)
{
	int family = *(const int *)*state;
	struct follower f = { .weak = false };
	struct tcp_pair pair;
	ssize_t written;
	uint64_t near;
	int arrived = 0;
	json_t *event;
	int64_t lost;

	assert_return_code(tcp_pair_open(&pair, family, 4096), 0);
	near = cookie_of(pair.near);
	assert_int_equal(write(pair.far, "unread", 6), 6);
	assert_return_code(tcp_wait_readable(pair.near, 6), 0);
	written = tcp_fill_to_zero_window(pair.near);
	assert_return_code(written, 0);
	assert_return_code(ioctl(pair.far, SIOCINQ, &arrived), errno);
	lost = written - arrived;
	assert_true(lost > 0);
	START(&f, "--format=ndjson");
	wait_header(&f);
	drop_fd(&pair.near);
	event = event_of(&f, near);
	check_row(event, json_integer_value(row_get(event, "close.loss_min_bytes")) <= lost);
	check_row(event, json_integer_value(row_get(event, "close.loss_min_bytes")) > 0);
	check_row(event, json_integer_value(row_get(event, "close.loss_max_bytes")) >= lost);
	check_row(event, row_is_int(event, "recv_queue", 6));
	json_decref(event);
	stop(&f, 1);
	tcp_pair_close(&pair);
}

/* The kernel has forgotten the peer and made a new sequence number by then. */
static void zero_linger_leaves_nothing_to_count(void **state)
{
	struct follower f = { .weak = false };
	struct tcp_pair pair;
	uint64_t near;
	json_t *event;

	assert_return_code(tcp_pair_open(&pair, *(const int *)*state, 4096), 0);
	near = cookie_of(pair.near);
	assert_return_code(tcp_fill_to_zero_window(pair.near), 0);
	assert_return_code(tcp_set_linger(pair.near, true, 0), 0);
	START(&f, "-i", "--format=ndjson");
	wait_header(&f);
	drop_fd(&pair.near);
	event = event_of(&f, near);
	check_row(event, row_is_int(event, "peer.port", 0));
	check_row(event, row_is_null(event, "info"));
	check_row(event, row_is_null(event, "recv_queue"));
	check_row(event, row_is_null(event, "send_queue"));
	check_row(event, row_is_null(event, "queue_unit"));
	check_row(event, row_is_null(event, "close.loss_min_bytes"));
	check_row(event, row_is_null(event, "close.loss_max_bytes"));
	check_row(event, row_is_null(event, "unsent_bytes"));
	json_decref(event);
	stop(&f, 1);
	tcp_pair_close(&pair);
}

/* ---- which ---- */

static int udp_socket(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&any, sizeof(any)), errno);
	return fd;
}

static void udp_is_told_of_on_request(void **state)
{
	struct follower f = { .weak = false };
	int fd = udp_socket();
	uint16_t port = local_port(fd);
	json_t *event;

	(void)state;
	START(&f, "-u", "--format=ndjson", "--count=1");
	wait_header(&f);
	close(fd);
	event = next_object(&f, "event");
	check_row(event, row_is_text(event, "netid", "udp"));
	check_row(event, row_is_int(event, "local.port", port));
	check_row(event, row_is_text(event, "queue_unit", "memory"));
	check_row(event, row_is_int(event, "recv_queue", 0));
	check_row(event, row_is_int(event, "send_queue", 0));
	json_decref(event);
	/* That was the last one asked for. */
	json_decref(next_object(&f, "summary"));
	assert_int_equal(status_of(&f), 0);
	finish(&f);
}

static void a_filter_chooses_events(void **state)
{
	struct tcp_pair one, other;
	struct follower f = { .weak = false };
	char port[16];
	json_t *event;

	(void)state;
	assert_return_code(tcp_pair_open(&one, AF_INET, 0), 0);
	assert_return_code(tcp_pair_open(&other, AF_INET, 0), 0);
	snprintf(port, sizeof(port), "%u", other.near_port);
	START(&f, "--format=ndjson", "--count=1", "sport", port);
	wait_header(&f);
	tcp_pair_close(&one);
	tcp_pair_close(&other);
	event = next_object(&f, "event");
	check_row(event, row_is_int(event, "local.port", other.near_port));
	json_decref(event);
	json_decref(next_object(&f, "summary"));
	assert_int_equal(status_of(&f), 0);
	finish(&f);
}

/* ---- the stream ---- */

static void the_table_is_written_line_by_line(void **state)
{
	struct follower f = { .weak = false };
	int fd = udp_socket();
	uint16_t port = local_port(fd);
	char *line, expected[64];

	(void)state;
	START(&f, "-un", "-C", "netid,local");
	line = next_line(&f);
	assert_string_equal(line, "NETID LOCAL");
	free(line);
	close(fd);
	line = next_line(&f);
	snprintf(expected, sizeof(expected), "udp   0.0.0.0:%u", port);
	assert_string_equal(line, expected);
	free(line);
	kill(f.pid, SIGTERM);
	assert_int_equal(status_of(&f), 128 + SIGTERM);
	finish(&f);
}

/* A program needs the date too. */
static void csv_has_the_whole_time(void **state)
{
	struct follower f = { .weak = false };
	int fd = udp_socket(), length = 0;
	char *line;

	(void)state;
	START(&f, "-u", "--format=csv", "-C", "time,netid", "--count=1");
	line = next_line(&f);
	assert_string_equal(line, "time,netid\r");
	free(line);
	close(fd);
	line = next_line(&f);
	sscanf(line, "%*4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ,udp\r%n", &length);
	assert_int_equal(length, strlen("2026-01-02T03:04:05.678Z,udp\r"));
	free(line);
	assert_int_equal(status_of(&f), 0);
	finish(&f);
}

static void it_ends_with_its_reader(void **state)
{
	struct follower f = { .weak = false };

	(void)state;
	START(&f, "--format=ndjson");
	wait_header(&f);
	close(f.out);
	f.out = -1;
	assert_int_equal(status_of(&f), 128 + SIGPIPE);
	finish(&f);
}

/* Whether any sock_diag socket of this namespace has lost messages: the last but one number of
 * its line in /proc/net/netlink. */
static bool has_drops(void)
{
	FILE *list = fopen("/proc/net/netlink", "re");
	char line[256];
	unsigned int protocol, portid, groups, drops;
	bool found = false;

	assert_non_null(list);
	while (fgets(line, sizeof(line), list))
		if (sscanf(line, "%*s %u %u %x %*s %*s %*s %*s %u", &protocol, &portid, &groups,
			   &drops) == 4)
			found |= protocol == 4 && groups && drops;
	fclose(list);
	return found;
}

/* A reader that cannot keep up loses events, and is told so. */
static void lost_events_are_told(void **state)
{
	int64_t end = now_ms() + LIMIT_MS;
	struct follower f = { .weak = true };
	char errors[1024];
	char *line;
	int status;

	(void)state;
	START(&f, "-u", "--format=csv", "-C", "netid", "--count=1");
	free(next_line(&f));
	kill(f.pid, SIGSTOP);
	assert_int_equal(waitpid(f.pid, &status, WUNTRACED), f.pid);
	while (!has_drops() && now_ms() < end)
		for (int i = 0; i < 100; i++)
			close(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	assert_true(has_drops());
	kill(f.pid, SIGCONT);
	while ((line = next_line(&f)))
		free(line);
	assert_int_equal(status_of(&f), 3);
	said(&f, errors, sizeof(errors));
	assert_non_null(strstr(errors, "the list is incomplete: the kernel dropped messages"));
	finish(&f);
}

int main(void)
{
	static const int v4 = AF_INET, v6 = AF_INET6;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(an_orderly_end_costs_nothing, (void *)&v4),
		cmocka_unit_test_prestate(an_orderly_end_costs_nothing, (void *)&v6),
		cmocka_unit_test_prestate(a_reset_costs_what_was_not_sent, (void *)&v4),
		cmocka_unit_test_prestate(a_reset_costs_what_was_not_sent, (void *)&v6),
		cmocka_unit_test_prestate(zero_linger_leaves_nothing_to_count, (void *)&v4),
		cmocka_unit_test_prestate(zero_linger_leaves_nothing_to_count, (void *)&v6),
		cmocka_unit_test(udp_is_told_of_on_request),
		cmocka_unit_test(a_filter_chooses_events),
		cmocka_unit_test(the_table_is_written_line_by_line),
		cmocka_unit_test(csv_has_the_whole_time),
		cmocka_unit_test(it_ends_with_its_reader),
		cmocka_unit_test(lost_events_are_told),
	};

	harness_enter();
	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
