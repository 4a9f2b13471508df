/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink sockets that a run must not open, or cannot: a seccomp filter stands in for a kernel
 * that lacks them, and ends a run that opens one it has no need of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define ENDED(signal) (128 + (signal))
#define NOT_PERMITTED 77

/* The lower half of a system call's argument. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARGUMENT(i) (uint32_t)(offsetof(struct seccomp_data, args) + (i)*8)
#else
#define ARGUMENT(i) (uint32_t)(offsetof(struct seccomp_data, args) + (i)*8 + 4)
#endif

/* From here on socket(AF_NETLINK, ..., protocol) ends as `action` says. */
static int deny_netlink(uint32_t protocol, uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(0)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(2)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, protocol, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { COUNT(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

/* What a run is to give: `words` in the only line, of stderr, or of stdout where that is said. */
struct expected {
	int status;
	const char *words;
	bool on_stdout;
};

static bool is_one_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end && end[1] == '\0';
}

static bool is_as_expected(const struct tool_run *run, const struct expected *expected)
{
	const char *text = expected->on_stdout ? run->output : run->errors;

	if (run->status != expected->status)
		return false;
	return !expected->words || (strstr(text, expected->words) && is_one_line(text));
}

/* The filter cannot be taken away again, so a child has it. */
static void check_run(uint32_t protocol, uint32_t action, const struct expected *expected,
		      const char *const argv[])
{
	struct tool_run run;
	int status;
	bool good;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		if (deny_netlink(protocol, action) < 0)
			_exit(NOT_PERMITTED);
		good = tool_run(&run, argv) == 0 && is_as_expected(&run, expected);
		if (!good)
			printf("# %s: status %d, stdout: %s, stderr: %s\n", argv[1], run.status,
			       run.output, run.errors);
		fflush(stdout);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_PERMITTED) {
		print_message("# seccomp filters are not permitted\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define CHECK_RUN(protocol, action, expected, ...) \
	check_run(protocol, action, &(expected),   \
		  (const char *const[]){ "lingerstat", __VA_ARGS__, NULL })

/* ---- without sock_diag ---- */

static void without_sock_diag_nothing_is_listed(void **state)
{
	static const int errors[] = { EPROTONOSUPPORT, EAFNOSUPPORT, EPERM };
	const struct expected failed = { 1, "cannot open NETLINK_SOCK_DIAG: ", false };
	const struct expected unknown = { 3, "UNKNOWN: cannot open NETLINK_SOCK_DIAG: ", true };

	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		uint32_t action = SECCOMP_RET_ERRNO | (uint32_t)errors[i];

		CHECK_RUN(NETLINK_SOCK_DIAG, action, failed, "list", "-t");
		CHECK_RUN(NETLINK_SOCK_DIAG, action, failed, "list", "-a", "-j");
		CHECK_RUN(NETLINK_SOCK_DIAG, action, failed, "explain");
		CHECK_RUN(NETLINK_SOCK_DIAG, action, failed, "summary");
		CHECK_RUN(NETLINK_SOCK_DIAG, action, unknown, "check");
	}
}

/* A recording needs no kernel. */
static void without_sock_diag_a_recording_is_read(void **state)
{
	const struct expected good = { 0, NULL, false };
	const char *data = getenv("TESTDATA");
	char path[4096];

	(void)state;
	if (!data)
		skip();
	snprintf(path, sizeof(path), "%s/states.dump", data);
	CHECK_RUN(NETLINK_SOCK_DIAG, SECCOMP_RET_ERRNO | EPERM, good, "list", "--read", path);
}

/* ---- rtnetlink ---- */

/* Listens on a port of loopback, bound to the device where that is said. */
static int listen_on_lo(bool device)
{
	uint16_t port;
	int fd = tcp_listen(AF_INET, 0, &port);

	assert_return_code(fd, 0);
	if (device)
		assert_return_code(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), errno);
	return fd;
}

static void rtnetlink_is_for_rows_that_show_a_device(void **state)
{
	const struct expected good = { 0, NULL, false };
	const struct expected ended = { ENDED(SIGSYS), NULL, false };
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;
	int fd = listen_on_lo(false);

	(void)state;
	CHECK_RUN(NETLINK_ROUTE, action, good, "list", "-a", "-t", "-n");
	CHECK_RUN(NETLINK_ROUTE, action, good, "explain", "-l", "-t");
	close(fd);
	fd = listen_on_lo(true);
	CHECK_RUN(NETLINK_ROUTE, action, ended, "list", "-a", "-t", "-n");
	/* The row is there and its device is not asked for. */
	CHECK_RUN(NETLINK_ROUTE, action, good, "list", "-a", "-t", "-n", "-C",
		  "netid,state,recv-q");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_sock_diag_nothing_is_listed),
		cmocka_unit_test(without_sock_diag_a_recording_is_read),
		cmocka_unit_test(rtnetlink_is_for_rows_that_show_a_device),
	};

	harness_enter();
	return cmocka_run_group_tests_name("denied", tests, NULL, NULL);
}
