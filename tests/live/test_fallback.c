/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left where BPF is not to be had: the system call refused at each of its steps, the
 * capability taken away, and the kernel's type information hidden. Holders then come from /proc,
 * linger is unknown, and the run says so in its header and in one line on stderr.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define NOT_PERMITTED 77
#define SECONDS       5
#define ANY_COMMAND   UINT32_MAX

/* The lower half of a system call's first argument. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define COMMAND offsetof(struct seccomp_data, args)
#else
#define COMMAND (offsetof(struct seccomp_data, args) + 4)
#endif

static struct tcp_pair pair;

/* From here on bpf(command) ends with `error`. */
static int refuse_bpf(uint32_t command, uint32_t error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, COMMAND),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, command, 0, command == ANY_COMMAND ? 0 : 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { COUNT(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

/* What a test takes away from the run, in a child. */
struct denial {
	const char *name;
	uint32_t command; /* of bpf(2) */
	uint32_t error;
	const char *stage; /* what then fails, in the header and in the message */
};

/* In a child, where cmocka's own way to fail would go on with the tests that follow. */
#define must(listing, condition)                                                             \
	do {                                                                                 \
		if (!(condition)) {                                                          \
			row_print((listing)->header);                                        \
			row_print(near_row(listing));                                        \
			printf("# not so: %s; stderr: %s\n", #condition, (listing)->errors); \
			fflush(stdout);                                                      \
			_exit(1);                                                            \
		}                                                                            \
	} while (0)

static json_t *near_row(const struct listing *listing)
{
	return row_by_ports(listing, pair.family, pair.near_port, pair.far_port);
}

static bool is_one_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end && end[1] == '\0';
}

/* The run of a child that has lost BPF. */
static void check_without_bpf(const char *stage)
{
	struct listing listing;
	char failed[64];
	json_t *row;

	must(&listing, harness_list(&listing, "-a", "-t", "-p", NULL) == 0);
	must(&listing, listing.status == 0);
	must(&listing, listing.bad_lines == 0);
	must(&listing, row_is_text(listing.header, "owners_source", "proc"));
	must(&listing, row_is_null(listing.header, "linger_source"));
	must(&listing, row_is_text(listing.header, "bpf_problem", stage));
	row = near_row(&listing);
	must(&listing, row_has_holder(row, getppid(), pair.near));
	must(&listing, row_is_null(row, "linger"));
	must(&listing, row_is_null(row, "close.outcome"));
	must(&listing, row_has_word(row, "close.reasons", "linger-unknown"));
	snprintf(failed, sizeof(failed), "BPF program failed to %s: ", stage);
	must(&listing, is_one_line(listing.errors) && strstr(listing.errors, failed));
	listing_free(&listing);
}

/* Runs `lose` and `check` in a child, which ends with 0 when all holds. */
static void in_a_child(int (*lose)(const struct denial *), const struct denial *denial,
		       void (*check)(const char *))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		if (lose(denial) < 0)
			_exit(NOT_PERMITTED);
		check(denial->stage);
		fflush(stdout);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_PERMITTED) {
		print_message("# not permitted here: %s\n", denial->name);
		skip();
	}
	assert_int_equal(status, 0);
}

static int lose_bpf(const struct denial *denial)
{
	return refuse_bpf(denial->command, denial->error);
}

static void a_step_that_is_refused(void **state)
{
	const struct denial *denial = *state;

	in_a_child(lose_bpf, denial, check_without_bpf);
}

/* As root the tool gets what the bounding set leaves. */
static int lose_names(const struct denial *denial)
{
	static const int capabilities[] = { CAP_BPF, CAP_PERFMON };

	(void)denial;
	for (size_t i = 0; i < COUNT(capabilities); i++)
		if (prctl(PR_CAPBSET_DROP, capabilities[i], 0, 0, 0) < 0)
			return -errno;
	return 0;
}

static int lose_capabilities(const struct denial *denial)
{
	int err = lose_names(denial);

	return !err && prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) < 0 ? -errno : err;
}

/* Who may not load a program is not let try: nothing failed, and still it is said. */
static void check_incapable(const char *stage)
{
	struct listing listing;
	json_t *row;

	(void)stage;
	must(&listing, harness_list(&listing, "-a", "-t", "-p", NULL) == 0);
	must(&listing, listing.status == 0);
	must(&listing, row_is_text(listing.header, "owners_source", "proc"));
	must(&listing, row_is_null(listing.header, "linger_source"));
	row = near_row(&listing);
	must(&listing, row_has_holder(row, getppid(), pair.near));
	must(&listing, row_is_null(row, "linger"));
	must(&listing, is_one_line(listing.errors) && strstr(listing.errors, "CAP_BPF"));
	listing_free(&listing);
}

static void capabilities_that_were_dropped(void **state)
{
	static const struct denial denial = { .name = "dropping capabilities" };

	(void)state;
	in_a_child(lose_capabilities, &denial, check_incapable);
}

static int hide_types(const struct denial *denial)
{
	(void)denial;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	if (mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL) < 0)
		return -errno;
	return access("/sys/kernel/btf/vmlinux", F_OK) < 0 ? 0 : -EEXIST;
}

static void check_with_bpf(const char *stage)
{
	const struct linger linger = { 1, SECONDS };
	struct listing listing;
	json_t *row;

	(void)stage;
	must(&listing, harness_list(&listing, "-a", "-t", "-p", NULL) == 0);
	must(&listing, row_is_text(listing.header, "linger_source", "bpf"));
	row = near_row(&listing);
	must(&listing, row_has_holder(row, getppid(), pair.near));
	must(&listing, row_is_linger(row, &linger));
	must(&listing, !*listing.errors);
	listing_free(&listing);
}

/* The program is fitted to the kernel by the kernel, with its own copy of the types: that nobody
 * else can read them changes nothing. */
static void types_that_are_hidden(void **state)
{
	static const struct denial denial = { .name = "mounting over /sys/kernel/btf" };

	(void)state;
	in_a_child(hide_types, &denial, check_with_bpf);
}

/* CAP_SYS_ADMIN stands for the two that came after it, for all that they are for. */
static void check_admin(const char *stage)
{
	struct listing listing;

	check_with_bpf(stage);
	must(&listing, harness_list(&listing, "-a", "-t", "--all-netns", NULL) == 0);
	must(&listing, !strstr(listing.errors, "BPF"));
	must(&listing, row_is_text(listing.header, "linger_source", "bpf"));
	listing_free(&listing);
}

static void an_older_capability(void **state)
{
	static const struct denial denial = { .name = "dropping capabilities" };

	(void)state;
	in_a_child(lose_names, &denial, check_admin);
}

static bool has_bpf(void)
{
	struct listing listing;
	const char *why;
	bool has;

	harness_list(&listing, "-a", "-t", NULL);
	has = linger_by_bpf(&listing, &why);
	if (!has)
		printf("1..0 # SKIP %s\n", why);
	listing_free(&listing);
	return has;
}

static int set_up(void **state)
{
	(void)state;
	if (tcp_pair_open(&pair, AF_INET, 0))
		return -1;
	return tcp_set_linger(pair.near, true, SECONDS);
}

static int tear_down(void **state)
{
	(void)state;
	tcp_pair_close(&pair);
	return 0;
}

int main(void)
{
	static struct denial denials[] = {
		{ "bpf(2) not permitted", ANY_COMMAND, EPERM, "load" },
		{ "a kernel without bpf(2)", ANY_COMMAND, ENOSYS, "load" },
		{ "a program refused", BPF_PROG_LOAD, EINVAL, "load" },
		{ "a program too large", BPF_PROG_LOAD, E2BIG, "load" },
		{ "a map refused", BPF_MAP_CREATE, EPERM, "load" },
		{ "an iterator not attached", BPF_LINK_CREATE, EPERM, "attach" },
		{ "an iterator not created", BPF_ITER_CREATE, EPERM, "create" },
	};
	struct CMUnitTest tests[COUNT(denials) + 3];

	harness_enter();
	if (!has_bpf())
		return 0;
	for (size_t i = 0; i < COUNT(denials); i++)
		tests[i] = (struct CMUnitTest){ denials[i].name, a_step_that_is_refused, NULL, NULL,
						&denials[i] };
	tests[COUNT(denials)] = (struct CMUnitTest)cmocka_unit_test(capabilities_that_were_dropped);
	tests[COUNT(denials) + 1] = (struct CMUnitTest)cmocka_unit_test(types_that_are_hidden);
	tests[COUNT(denials) + 2] = (struct CMUnitTest)cmocka_unit_test(an_older_capability);
	return cmocka_run_group_tests_name("fallback", tests, set_up, tear_down);
}
