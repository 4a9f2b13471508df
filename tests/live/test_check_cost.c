/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `check` asks the kernel only for what its thresholds need. The linker puts counters in front of
 * the calls that ask; each check runs in a process of its own, in this program's namespace.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "cmd/cmd.h"
#include "enrich/owners.h"
#include "harness.h"
#include "model/words.h"
#include "tcp.h"

#define ESTABLISHED 40

/* What one check asked for. */
struct asked {
	int requests;
	uint32_t states; /* of all requests together */
	bool info;       /* tcp_info was among them */
	int sockets;     /* messages that came */
	int owner_passes;
	int status;
	char output[16384];
};

/* What goes wrong in the next check. */
static struct {
	bool refuse_requests; /* sendto() fails */
	bool refuse_tcp;      /* that for TCP does */
	bool stall_dump;      /* the answer never comes */
	bool stall_owners;    /* the pass over the descriptors never ends */
} trouble;

static struct asked *asked; /* shared with the child */

ssize_t __real_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len);
ssize_t __real_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size);
int __real_owners_bpf_read_first(owner_sink sink, void *ctx, void (*loaded)(void *), void *lctx,
				 uint32_t *hz, const char **stage, int *again);
int __wrap_owners_bpf_read_first(owner_sink sink, void *ctx, void (*loaded)(void *), void *lctx,
				 uint32_t *hz, const char **stage, int *again);

/* Old requests (TCPDIAG_GETSOCK) and new ones have the states at different places. */
static void note_request(const struct nlmsghdr *nlh)
{
	asked->requests++;
	if (nlh->nlmsg_type == TCPDIAG_GETSOCK) {
		const struct inet_diag_req *req = mnl_nlmsg_get_payload(nlh);

		asked->states |= req->idiag_states;
		asked->info |= req->idiag_ext & (1u << (INET_DIAG_INFO - 1));
	} else {
		const struct inet_diag_req_v2 *req = mnl_nlmsg_get_payload(nlh);

		asked->states |= req->idiag_states;
		asked->info |= req->idiag_ext & (1u << (INET_DIAG_INFO - 1));
	}
}

static bool is_for_tcp(const struct nlmsghdr *nlh)
{
	const struct inet_diag_req_v2 *req = mnl_nlmsg_get_payload(nlh);

	return nlh->nlmsg_type == TCPDIAG_GETSOCK || req->sdiag_protocol == IPPROTO_TCP;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	note_request(buf);
	if (trouble.refuse_requests || (trouble.refuse_tcp && is_for_tcp(buf))) {
		errno = EPERM;
		return -1;
	}
	return __real_mnl_socket_sendto(nl, buf, len);
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	ssize_t n;
	int len;

	while (trouble.stall_dump)
		pause();
	n = __real_mnl_socket_recvfrom(nl, buf, size);
	len = (int)n;
	for (const struct nlmsghdr *nlh = buf; n > 0 && mnl_nlmsg_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len))
		asked->sockets += nlh->nlmsg_type >= NLMSG_MIN_TYPE;
	return n;
}

int __wrap_owners_bpf_read_first(owner_sink sink, void *ctx, void (*loaded)(void *), void *lctx,
				 uint32_t *hz, const char **stage, int *again)
{
	asked->owner_passes++;
	while (trouble.stall_owners)
		pause();
	return __real_owners_bpf_read_first(sink, ctx, loaded, lctx, hz, stage, again);
}

/* What was printed is read when the command has ended: it is shorter than a pipe is wide. */
static void read_output(int fd)
{
	ssize_t n = read(fd, asked->output, sizeof(asked->output) - 1);

	asked->output[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* A check gives its capabilities away, and prints: hence the process of its own. */
static void run_command(const struct command *command, int ok, const char *const arguments[])
{
	int n = 0, status, out[2];
	pid_t pid;

	while (arguments[n])
		n++;
	*asked = (struct asked){ 0 };
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		_exit(command->run(n, (char **)arguments) - ok);
	}
	close(out[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	asked->status = WEXITSTATUS(status);
	read_output(out[0]);
}

#define CHECK(...)                                    \
	run_command(&command_check, RESULT_PLUGIN_OK, \
		    (const char *const[]){ "lingerstat", "-t", "600", __VA_ARGS__, NULL })

static void one_state_is_one_masked_dump(void **state)
{
	(void)state;
	CHECK("-w", "time_wait=1000");
	assert_int_equal(asked->status, 0);
	assert_int_equal(asked->requests, 1);
	assert_int_equal(asked->states, STATE_BIT(STATE_TIME_WAIT));
	assert_false(asked->info);
	assert_int_equal(asked->owner_passes, 0);
	assert_int_equal(asked->sockets, 0); /* not one of the established */
}

static void two_states_are_one_dump_too(void **state)
{
	(void)state;
	CHECK("-w", "time_wait=1000", "-c", "close_wait=1000");
	assert_int_equal(asked->status, 0);
	assert_int_equal(asked->requests, 1);
	assert_int_equal(asked->states, STATE_BIT(STATE_TIME_WAIT) | STATE_BIT(STATE_CLOSE_WAIT));
	assert_int_equal(asked->owner_passes, 0);
	assert_int_equal(asked->sockets, 0);
}

static void the_machines_limits_take_no_dump(void **state)
{
	(void)state;
	CHECK("-w", "time_wait_percent=80", "-w", "orphans=100000000");
	assert_int_equal(asked->requests, 0);
	assert_int_equal(asked->owner_passes, 0);
}

static void the_defaults_are_one_dump_without_owners(void **state)
{
	(void)state;
	CHECK("-v");
	assert_int_equal(asked->status, 0);
	assert_int_equal(asked->requests, 1);
	assert_false(asked->info);
	assert_int_equal(asked->owner_passes, 0);
	assert_true(asked->sockets >= 2 * ESTABLISHED);
}

static void silence_takes_tcp_info_of_close_waits_alone(void **state)
{
	(void)state;
	CHECK("-w", "close_wait_silent_seconds=100");
	assert_int_equal(asked->status, 0);
	assert_int_equal(asked->requests, 1);
	assert_int_equal(asked->states, STATE_BIT(STATE_CLOSE_WAIT));
	assert_true(asked->info);
	assert_int_equal(asked->owner_passes, 0);
}

static void a_filter_narrows_the_mask(void **state)
{
	(void)state;
	CHECK("-w", "total=1000", "state", "listen");
	assert_int_equal(asked->status, 0);
	assert_int_equal(asked->requests, 1);
	assert_int_equal(asked->states, STATE_BIT(STATE_LISTEN));
}

static void a_risk_takes_one_owners_pass(void **state)
{
	(void)state;
	CHECK("-c", "risk_certain=1000");
	assert_int_equal(asked->owner_passes, 1);
	assert_true(asked->info);
}

static void offenders_are_looked_for_only_when_something_alerts(void **state)
{
	(void)state;
	CHECK("-w", "established=10000");
	assert_int_equal(asked->status, 0);
	assert_int_equal(asked->requests, 1);
	assert_int_equal(asked->owner_passes, 0);
	CHECK("-w", "established=1");
	assert_int_equal(asked->status, 1);
	assert_int_equal(asked->owner_passes, 1);
	assert_int_equal(asked->states, STATE_BIT(STATE_ESTABLISHED));
}

static void assert_unknown(const char *text)
{
	if (asked->status != 3 || strncmp(asked->output, "LINGERSTAT UNKNOWN: ", 20) != 0 ||
	    !strstr(asked->output, text))
		fail_msg("not UNKNOWN with '%s', but %d: %s", text, asked->status, asked->output);
}

/* Limits of the machine could be read, and would be fine. */
static void a_refused_dump_is_never_ok(void **state)
{
	(void)state;
	trouble.refuse_requests = true;
	CHECK("-v");
	assert_unknown("");
	CHECK("-w", "close_wait=10", "-w", "time_wait_percent=90");
	assert_unknown("");
	trouble.refuse_requests = false;
}

/* Where the kernel has no MPTCP nothing is left to be written. */
static void metrics_have_no_zeros_for_a_refused_kind(void **state)
{
	static const char *const arguments[] = { "lingerstat", NULL };

	(void)state;
	run_command(&command_metrics, RESULT_DONE, arguments);
	assert_int_equal(asked->status, RESULT_DONE);
	assert_non_null(strstr(asked->output, "{protocol=\"tcp\",state=\"established\"} 80\n"));
	trouble.refuse_tcp = true;
	run_command(&command_metrics, RESULT_DONE, arguments);
	trouble.refuse_tcp = false;
	assert_null(strstr(asked->output, "protocol=\"tcp\""));
	if (asked->status == RESULT_INCOMPLETE)
		assert_non_null(strstr(asked->output, "\nlingerstat_complete 0\n"));
	else
		assert_int_equal(asked->status, RESULT_FAILED);
}

static void a_timeout_names_the_stage(void **state)
{
	(void)state;
	trouble.stall_dump = true;
	CHECK("-t", "1", "-w", "close_wait=10");
	trouble.stall_dump = false;
	assert_unknown("timed out after 1 s in the stage: dump of tcp");
	trouble.stall_owners = true;
	CHECK("-t", "1", "-c", "risk_certain=10");
	trouble.stall_owners = false;
	assert_unknown("timed out after 1 s in the stage: owners pass");
}

static struct tcp_pair pairs[ESTABLISHED];

static int open_pairs(void **state)
{
	(void)state;
	for (int i = 0; i < ESTABLISHED; i++)
		if (tcp_pair_open(&pairs[i], AF_INET, 0))
			return -1;
	return 0;
}

static int close_pairs(void **state)
{
	(void)state;
	for (int i = 0; i < ESTABLISHED; i++)
		tcp_pair_close(&pairs[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_state_is_one_masked_dump),
		cmocka_unit_test(two_states_are_one_dump_too),
		cmocka_unit_test(the_machines_limits_take_no_dump),
		cmocka_unit_test(the_defaults_are_one_dump_without_owners),
		cmocka_unit_test(silence_takes_tcp_info_of_close_waits_alone),
		cmocka_unit_test(a_filter_narrows_the_mask),
		cmocka_unit_test(a_risk_takes_one_owners_pass),
		cmocka_unit_test(offenders_are_looked_for_only_when_something_alerts),
		cmocka_unit_test(a_refused_dump_is_never_ok),
		cmocka_unit_test(a_timeout_names_the_stage),
		cmocka_unit_test(metrics_have_no_zeros_for_a_refused_kind),
	};

	harness_enter();
	asked = mmap(NULL, sizeof(*asked), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (asked == MAP_FAILED)
		return 99;
	return cmocka_run_group_tests_name("cost of a check", tests, open_pairs, close_pairs);
}
