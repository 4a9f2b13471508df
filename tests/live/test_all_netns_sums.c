/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check and metrics --all-netns: namespaces made by the test, each number compared with what the
 * test did in them. The machine has other namespaces too: what has no filter (limits, counters) is
 * looked up by its namespace, or known to be at least so much.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define PATIENCE "--timeout=80"
#define ENDS_MAX 64

/* A namespace that this process keeps by a descriptor, and its sockets in it. */
struct place {
	uint64_t netns;
	int fd, listener;
	int ends[ENDS_MAX];
	size_t count;
};

/* In each of them, as they are apart; and of no other run of this test, as all are counted. */
static int port;
static char filter[64];

static int home = -1;
static char state_path[] = "/tmp/lingerstat-sums.XXXXXX";

static void set_up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_return_code(ioctl(fd, SIOCSIFFLAGS, &request), errno);
	close(fd);
}

static int listen_here(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(listen(fd, 32), errno);
	return fd;
}

static void go(int fd)
{
	assert_return_code(setns(fd, CLONE_NEWNET), errno);
}

/* Leaves this process there. */
static void make(struct place *place)
{
	struct stat st;

	*place = (struct place){ .fd = -1 };
	assert_return_code(unshare(CLONE_NEWNET), errno);
	place->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_return_code(fstat(place->fd, &st), errno);
	place->netns = st.st_ino;
	set_up_loopback();
	place->listener = listen_here();
}

static void leave(struct place *place)
{
	for (size_t i = 0; i < place->count; i++)
		drop_fd(&place->ends[i]);
	drop_fd(&place->listener);
	drop_fd(&place->fd);
}

/* A connection; its ends are the last two. */
static void connect_one(struct place *place)
{
	int near = tcp_connect(AF_INET, (uint16_t)port, 0);

	assert_return_code(near, -near);
	assert_int_equal(tcp_wait_waiting(place->listener, 1), 0);
	assert_true(place->count + 2 <= ENDS_MAX);
	place->ends[place->count++] = near;
	place->ends[place->count++] = tcp_accept(place->listener);
	assert_true(place->ends[place->count - 1] >= 0);
}

/* The near end has ended its direction, the far one has not. */
static void leak_one(struct place *place)
{
	connect_one(place);
	assert_return_code(shutdown(place->ends[place->count - 2], SHUT_WR), errno);
	assert_int_equal(tcp_wait_state(place->ends[place->count - 1], TCP_CLOSE_WAIT), 0);
}

/* Closed with a byte unread: TCPAbortOnClose. */
static void abort_one(struct place *place)
{
	connect_one(place);
	assert_int_equal(write(place->ends[place->count - 2], "x", 1), 1);
	assert_int_equal(tcp_wait_readable(place->ends[place->count - 1], 1), 0);
	drop_fd(&place->ends[place->count - 1]);
	drop_fd(&place->ends[place->count - 2]);
	place->count -= 2;
}

static void end_in_time_wait(struct place *place)
{
	int near, far;

	connect_one(place);
	far = place->ends[--place->count];
	near = place->ends[--place->count];
	assert_return_code(shutdown(near, SHUT_WR), errno);
	assert_int_equal(tcp_wait_state(far, TCP_CLOSE_WAIT), 0);
	close(far);
	assert_int_equal(tcp_wait_state(near, TCP_CLOSE), 0);
	close(near);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* --- the tool --- */

static void has_line(const struct tool_run *run, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!strstr(run->output, text))
		fail_msg("no '%s' in: %s%s", text, run->output, run->errors);
}

/* The number behind a word, such as one of perfdata. */
static double number_behind(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	if (!at)
		fail_msg("no '%s' in: %s", word, text);
	return strtod(at + strlen(word), NULL);
}

/* Another namespace of the machine may be one that nobody can enter: then nothing is OK, which is
 * told, and the numbers of this test are not to be had. */
static bool is_whole(const struct tool_run *run)
{
	if (!strstr(run->output, "the list is incomplete"))
		return true;
	print_message("# another namespace cannot be entered here: %s\n", run->output);
	assert_true(run->status != 0);
	return false;
}

/* --- tests --- */

static void thresholds_apply_to_the_sum(void **state)
{
	const char *const words[] = {
		"lingerstat", "check",    "--all-netns", PATIENCE,         "-c", "close_wait=2",
		"-w",         "listen=2", "-c",          "established=11", "-c", "ports_percent=49",
		filter,       NULL,
	};
	struct place first, second, third;
	struct tool_run run;

	(void)state;
	make(&first);
	for (int i = 0; i < 3; i++)
		connect_one(&first);
	leak_one(&first);
	make(&second);
	put("/proc/sys/net/ipv4/ip_local_port_range", "20000 20009");
	for (int i = 0; i < 3; i++)
		connect_one(&second);
	for (int i = 0; i < 2; i++)
		leak_one(&second);
	make(&third);
	go(home);
	assert_int_equal(tool_run(&run, words), 0);
	if (is_whole(&run)) {
		/* None of the namespaces is beyond any of these but the last. */
		assert_int_equal(run.status, 2);
		has_line(&run, "close_wait 3 (critical beyond 2)");
		has_line(&run, "listen 3 (warning beyond 2)");
		has_line(&run, "established 12 (critical beyond 11)");
		has_line(&run, "ports_percent 50% (critical beyond 49)");
		has_line(&run, "close_wait: 2 test_all_netns_/%d in namespace %llu (fd", getpid(),
			 (unsigned long long)second.netns);
		has_line(&run, "close_wait: 1 test_all_netns_/%d in namespace %llu (fd", getpid(),
			 (unsigned long long)first.netns);
		has_line(&run, "established: 6 test_all_netns_/%d in namespace %llu (fd", getpid(),
			 (unsigned long long)first.netns);
		has_line(&run,
			 "ports_percent: 5 from 127.0.0.1 to 127.0.0.1:%d, 0 of them in "
			 "TIME-WAIT in namespace %llu\n",
			 port, (unsigned long long)second.netns);
	}
	tool_free(&run);
	leave(&first);
	leave(&second);
	leave(&third);
}

/* Of the namespace that this process is in. */
static int buckets_here(void)
{
	char text[1024] = "";
	int fd = open("/proc/self/net/sockstat", O_RDONLY | O_CLOEXEC);

	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return (int)number_behind(text, " tw ");
}

/* Runs while eight of ten buckets are taken: they last for a minute. */
static void run_with_buckets(struct tool_run *run, struct place *place)
{
	const char *const words[] = { "lingerstat", "check", "--all-netns",
				      PATIENCE,     "-c",    "time_wait_percent=79",
				      NULL };
	int64_t deadline = now_ms() + 240000;

	for (;;) {
		go(place->fd);
		while (buckets_here() < 8)
			end_in_time_wait(place);
		go(home);
		assert_int_equal(tool_run(run, words), 0);
		go(place->fd);
		if (buckets_here() == 8)
			return;
		assert_true(now_ms() < deadline);
		tool_free(run);
	}
}

/* A limit that each has for itself: the fullest stands for all. */
static void the_fullest_namespace_is_named(void **state)
{
	struct place empty, full;
	struct tool_run run;

	(void)state;
	make(&empty);
	make(&full);
	put("/proc/sys/net/ipv4/tcp_max_tw_buckets", "10");
	run_with_buckets(&run, &full);
	go(home);
	if (is_whole(&run)) {
		assert_int_equal(run.status, 2);
		assert_true(number_behind(run.output, "time_wait_percent ") >= 80);
		has_line(&run, "time_wait_percent: 80%% in namespace %llu\n",
			 (unsigned long long)full.netns);
	}
	tool_free(&run);
	leave(&full);
	leave(&empty);
}

static double time_of_state(void)
{
	char text[4096] = "";
	int fd = open(state_path, O_RDONLY | O_CLOEXEC);

	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_non_null(strstr(text, "\nnetns all\n"));
	return number_behind(text, "\ntime ");
}

static void run_rates(struct tool_run *run)
{
	const char *const words[] = { "lingerstat",
				      "check",
				      "--all-netns",
				      PATIENCE,
				      "--state-file",
				      state_path,
				      "-c",
				      "aborts_on_close_rate=0",
				      NULL };

	assert_int_equal(tool_run(run, words), 0);
}

/* The times of the state are in milliseconds: a run may be so short that it matters. */
static void check_rate(const struct tool_run *run, const struct place *place, double count,
		       double seconds)
{
	char text[96];
	double rate;

	snprintf(text, sizeof(text), " in namespace %llu\n", (unsigned long long)place->netns);
	has_line(run, "%s", text);
	/* Begins behind the last "aborts_on_close_rate: " before it. */
	for (const char *at = run->output; (at = strstr(at, "\naborts_on_close_rate: "));) {
		at += strlen("\naborts_on_close_rate: ");
		if (strncmp(strpbrk(at, " \n"), text, strlen(text)) != 0)
			continue;
		rate = strtod(at, NULL);
		if (rate < count / (seconds + 0.002) * 0.99 - 0.001 ||
		    (seconds > 0.002 && rate > count / (seconds - 0.002) * 1.01 + 0.001))
			fail_msg("%f a second, not %f in %f s", rate, count, seconds);
		return;
	}
	fail_msg("no rate%sin: %s", text, run->output);
}

/* One stays and counts 40 more, one ends that had counted, one is made meanwhile and counts 60. */
static void rates_are_kept_by_namespace(void **state)
{
	struct place stays, ends, made;
	struct tool_run run;
	double before, seconds;

	(void)state;
	make(&stays);
	for (int i = 0; i < 7; i++)
		abort_one(&stays);
	make(&ends);
	for (int i = 0; i < 20; i++)
		abort_one(&ends);
	go(home);
	run_rates(&run);
	if (!is_whole(&run)) {
		tool_free(&run);
		skip();
	}
	has_line(&run, "no rates this time");
	assert_int_equal(run.status, 3);
	tool_free(&run);
	before = time_of_state();

	leave(&ends);
	go(stays.fd);
	for (int i = 0; i < 40; i++)
		abort_one(&stays);
	make(&made);
	for (int i = 0; i < 60; i++)
		abort_one(&made);
	go(home);
	run_rates(&run);
	if (is_whole(&run)) {
		seconds = time_of_state() - before;
		assert_int_equal(run.status, 2);
		check_rate(&run, &stays, 40, seconds);
		check_rate(&run, &made, 60, seconds);
		/* The end of one takes nothing away. */
		assert_true(number_behind(run.output, "aborts_on_close_rate=") >=
			    100 / (seconds + 0.002) * 0.99 - 0.001);
	}
	tool_free(&run);
	leave(&stays);
	leave(&made);
}

/* What one namespace left says nothing about all. */
static void rates_of_one_are_not_rates_of_all(void **state)
{
	const char *const words[] = { "lingerstat", "check", "--state-file",
				      state_path,   "-c",    "aborts_on_close_rate=1000000",
				      NULL };
	struct tool_run run;

	(void)state;
	assert_int_equal(tool_run(&run, words), 0);
	assert_int_equal(run.status, 3);
	tool_free(&run);
	run_rates(&run);
	if (is_whole(&run)) {
		assert_int_equal(run.status, 3);
		has_line(&run, "no rates this time: the last run was of other network namespaces");
	}
	tool_free(&run);
}

/* As a user who may not look into the processes of others, nor enter their namespaces. */
static void what_is_missing_is_unknown(void **state)
{
	const char *const limits[] = { "setpriv",
				       "--reuid=65534",
				       "--regid=65534",
				       "--clear-groups",
				       getenv("LINGERSTAT"),
				       "check",
				       "--all-netns",
				       PATIENCE,
				       "-c",
				       "time_wait_percent=100",
				       "-w",
				       "orphans=1000000",
				       NULL };
	const char *const metrics[] = { "setpriv",
					"--reuid=65534",
					"--regid=65534",
					"--clear-groups",
					getenv("LINGERSTAT"),
					"metrics",
					"--all-netns",
					NULL };
	struct place other;
	struct tool_run run;
	int err;

	(void)state;
	make(&other);
	go(home);
	err = tool_run(&run, limits);
	if (err == -ENOENT || run.status == 126 || run.status == 127) {
		print_message("# setpriv is not there, or cannot run the tool\n");
		tool_free(&run);
		leave(&other);
		skip();
	}
	assert_int_equal(run.status, 3);
	has_line(&run, "LINGERSTAT UNKNOWN: ");
	has_line(&run, "time_wait_percent unknown");
	has_line(&run, "the list is incomplete: the network namespaces of ");
	tool_free(&run);
	assert_int_equal(tool_run(&run, metrics), 0);
	assert_int_equal(run.status, 3);
	has_line(&run, "\nlingerstat_complete 0\n");
	has_line(&run, "\nlingerstat_network_namespaces{status=\"read\"} 1\n");
	assert_true(number_behind(run.output, "namespaces{status=\"missing\"} ") >= 1);
	assert_null(strstr(run.output, "{limit=\"tw_buckets\"}"));
	assert_null(strstr(run.output, "{limit=\"ephemeral_ports\"}"));
	tool_free(&run);
	leave(&other);
}

static void metrics_add_up(void **state)
{
	const char *const all[] = { "lingerstat", "metrics", "--all-netns", NULL };
	char path[64];
	const char *const one[] = { "lingerstat", "metrics", "--net", path, NULL };
	struct place first, second;
	struct tool_run run;

	(void)state;
	make(&first);
	connect_one(&first);
	leak_one(&first);
	make(&second);
	for (int i = 0; i < 2; i++)
		leak_one(&second);
	abort_one(&second);
	go(home);
	assert_int_equal(tool_run(&run, all), 0);
	assert_true(number_behind(run.output, "_sockets{protocol=\"tcp\",state=\"close_wait\"} ") >=
		    3);
	assert_true(number_behind(run.output, "_sockets{protocol=\"tcp\",state=\"listen\"} ") >= 2);
	assert_true(number_behind(run.output, "namespaces{status=\"read\"} ") >= 3);
	assert_int_equal(run.status,
			 number_behind(run.output, "\nlingerstat_complete ") == 1 ? 0 : 3);
	/* A sum that falls when a namespace ends is no counter. */
	assert_null(strstr(run.output, "lingerstat_tcp_aborts_total"));
	tool_free(&run);

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), second.fd);
	assert_int_equal(tool_run(&run, one), 0);
	assert_int_equal(run.status, 0);
	has_line(&run, "\nlingerstat_sockets{protocol=\"tcp\",state=\"close_wait\"} 2\n");
	has_line(&run, "\nlingerstat_sockets{protocol=\"tcp\",state=\"listen\"} 1\n");
	has_line(&run, "\nlingerstat_tcp_aborts_total{cause=\"on_close\"} 1\n");
	has_line(&run, "\nlingerstat_network_namespaces{status=\"read\"} 1\n");
	tool_free(&run);
	leave(&first);
	leave(&second);
}

/* check of one, by the file of its namespace. */
static void check_enters_one(void **state)
{
	char path[64];
	const char *const words[] = { "lingerstat", "check",
				      "-N",         path,
				      "-c",         "close_wait=1",
				      "-w",         "listen=0",
				      "-w",         "time_wait_percent=0",
				      NULL };
	struct place place;
	struct tool_run run;

	(void)state;
	make(&place);
	for (int i = 0; i < 2; i++)
		leak_one(&place);
	go(home);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), place.fd);
	assert_int_equal(tool_run(&run, words), 0);
	assert_int_equal(run.status, 2);
	has_line(&run, "close_wait 2 (critical beyond 1)");
	has_line(&run, "listen 1 (warning beyond 0)");
	assert_null(strstr(run.output, "in namespace"));
	tool_free(&run);
	leave(&place);
}

/* Namespaces that come and go the whole time. */
static pid_t begin_to_come_and_go(void)
{
	pid_t pid = fork(), child;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		child = fork();
		if (child == 0)
			_exit(unshare(CLONE_NEWNET) < 0);
		waitpid(child, NULL, 0);
	}
}

/* What has ended is not missing: its sockets have ended with it. */
static void one_that_ends_meanwhile_is_not_missed(void **state)
{
	const char *const words[] = {
		"lingerstat",   "check", "--all-netns",           PATIENCE, "-c",
		"close_wait=1", "-c",    "time_wait_percent=100", filter,   NULL
	};
	struct place place;
	struct tool_run run;
	pid_t pid;

	(void)state;
	make(&place);
	leak_one(&place);
	go(home);
	pid = begin_to_come_and_go();
	assert_return_code(pid, errno);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tool_run(&run, words), 0);
		if (is_whole(&run)) {
			assert_int_equal(run.status, 0);
			has_line(&run, "LINGERSTAT OK: close_wait 1,");
		}
		tool_free(&run);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	leave(&place);
}

static int enter_home(void **state)
{
	int fd = mkstemp(state_path);

	(void)state;
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	close(fd);
	return home < 0 || fd < 0;
}

static int forget_state(void **state)
{
	(void)state;
	return unlink(state_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_apply_to_the_sum),
		cmocka_unit_test(the_fullest_namespace_is_named),
		cmocka_unit_test(rates_are_kept_by_namespace),
		cmocka_unit_test(rates_of_one_are_not_rates_of_all),
		cmocka_unit_test(what_is_missing_is_unknown),
		cmocka_unit_test(metrics_add_up),
		cmocka_unit_test(check_enters_one),
		cmocka_unit_test(one_that_ends_meanwhile_is_not_missed),
	};

	port = 21000 + getpid() % 9000;
	snprintf(filter, sizeof(filter), "sport = %d or dport = %d", port, port);
	harness_enter();
	return cmocka_run_group_tests_name("all_netns_sums", tests, enter_home, forget_state);
}
