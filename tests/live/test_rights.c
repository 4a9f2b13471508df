/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tool shows to whom: an ordinary user, and a user with the two capabilities that
 * reading linger by BPF needs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "unix_pairs.h"

#define NOBODY       65534
#define OTHER_NOBODY 65533
#define PIPE_SIZE    (256 * 1024)
#define PAIRS        8000 /* some fifty datagrams, of which sixteen can wait to be written */

/* Two pairs: one is root's (this process's), one belongs to a process of the user's. */
struct stage {
	struct tcp_pair roots;
	struct tcp_pair users; /* as the child reported it; its descriptors are the child's */
	pid_t child;
	int pipe[2];
	char dir[32];
	char tool[64];
};

/* The child: opens its pair as the user and holds it until it is killed. Changing the user makes
 * a process undumpable, which hides its descriptors from its own user; so it says otherwise. */
static void __attribute__((noreturn)) hold_as_user(struct stage *stage)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0)
		_exit(1);
	if (setresuid(NOBODY, NOBODY, NOBODY) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		_exit(1);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    tcp_pair_open(&stage->users, AF_INET, 0))
		_exit(1);
	if (tcp_set_linger(stage->users.near, true, 5))
		_exit(1);
	if (write(stage->pipe[1], &stage->users, sizeof(stage->users)) != sizeof(stage->users))
		_exit(1);
	for (;;)
		pause();
}

/* The user may not be able to reach the build tree: the tool is copied to where it can. */
static int copy_tool(struct stage *stage)
{
	const char *tool = getenv("LINGERSTAT");
	struct stat status;
	int from = open(tool, O_RDONLY | O_CLOEXEC);
	int to;

	if (from < 0 || fstat(from, &status) < 0)
		return -errno;
	strcpy(stage->dir, "/tmp/lingerstat-test-XXXXXX");
	if (!mkdtemp(stage->dir) || chmod(stage->dir, 0755) < 0)
		return -errno;
	snprintf(stage->tool, sizeof(stage->tool), "%s/lingerstat", stage->dir);
	to = open(stage->tool, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (to < 0)
		return -errno;
	while (status.st_size > 0) {
		ssize_t done = sendfile(to, from, NULL, status.st_size);

		if (done <= 0)
			return -EIO;
		status.st_size -= done;
	}
	fchmod(to, 0755);
	close(to);
	close(from);
	return setenv("LINGERSTAT", stage->tool, 1);
}

static int set_up(void **state)
{
	static struct stage stage;

	*state = &stage;
	if (copy_tool(&stage) || pipe2(stage.pipe, O_CLOEXEC) < 0)
		return -1;
	stage.child = fork();
	if (stage.child == 0)
		hold_as_user(&stage);
	if (stage.child < 0)
		return -1;
	if (read(stage.pipe[0], &stage.users, sizeof(stage.users)) != sizeof(stage.users))
		return -1;
	if (tcp_pair_open(&stage.roots, AF_INET, 0))
		return -1;
	return tcp_set_linger(stage.roots.near, true, 5);
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	kill(stage->child, SIGKILL);
	waitpid(stage->child, NULL, 0);
	tcp_pair_close(&stage->roots);
	unlink(stage->tool);
	rmdir(stage->dir);
	return 0;
}

static void list_as(struct listing *listing, uid_t uid, uint64_t ambient)
{
	const char *const args[] = { "-a", "-t", "-p", NULL };
	const struct run_as as = { .uid = uid, .ambient = ambient };

	assert_return_code(harness_list_as(listing, &as, args), 0);
	if (listing->status != 0)
		fail_msg("status %d, stderr: %s", listing->status, listing->errors);
	assert_int_equal(listing->bad_lines, 0);
	assert_true(json_is_true(json_object_get(listing->summary, "complete")));
}

static json_t *near_row(const struct listing *listing, const struct tcp_pair *pair)
{
	json_t *row = row_by_ports(listing, pair->family, pair->near_port, pair->far_port);

	check_row(row, row_is_text(row, "state", "established"));
	return row;
}

static int lines_in(const char *text)
{
	int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* Everything sock_diag gives, owners of the user's own processes, null for the rest, one hint. */
static void an_ordinary_user(void **state)
{
	struct stage *stage = *state;
	struct listing listing;
	json_t *row;

	list_as(&listing, NOBODY, 0);
	if (lines_in(listing.errors) != 1)
		fail_msg("one hint is due, stderr: %s", listing.errors);
	row = near_row(&listing, &stage->users);
	check_row(row, row_has_holder(row, stage->child, stage->users.near));
	check_row(row, row_is_null(row, "linger"));
	check_row(row, row_has_word(row, "close.reasons", "linger-unknown"));
	check_row(row, row_is_int(row, "uid", NOBODY));
	row = near_row(&listing, &stage->roots);
	check_row(row, row_is_int(row, "uid", 0));
	check_row(row, row_is_null(row, "linger"));
	check_row(row, row_is_null(row, "references"));
	check_row(row, json_array_size(row_get(row, "holders")) == 0);
	check_row(row, row_has_word(row, "close.reasons", "linger-unknown"));
	listing_free(&listing);
}

/* A user who owns none of the processes sees the same sockets. */
static void a_stranger(void **state)
{
	struct stage *stage = *state;
	struct listing listing;
	json_t *row;

	list_as(&listing, OTHER_NOBODY, 0);
	row = near_row(&listing, &stage->users);
	check_row(row, json_array_size(row_get(row, "holders")) == 0);
	check_row(row, row_is_null(row, "linger"));
	near_row(&listing, &stage->roots);
	listing_free(&listing);
}

static void the_two_capabilities(void **state)
{
	const uint64_t bpf = 1ull << CAP_BPF | 1ull << CAP_PERFMON;
	const struct linger value = { 1, 5 };
	struct stage *stage = *state;
	struct listing listing;
	const char *why;
	json_t *row;

	list_as(&listing, NOBODY, bpf);
	if (!linger_by_bpf(&listing, &why)) {
		print_message("# %s\n", why);
		listing_free(&listing);
		skip();
	}
	row = near_row(&listing, &stage->roots);
	check_row(row, row_is_linger(row, &value));
	check_row(row, row_is_text(row, "linger.source", "bpf"));
	check_row(row, row_has_holder(row, getpid(), stage->roots.near));
	check_row(row, row_is_int(row, "references", 1));
	row = near_row(&listing, &stage->users);
	check_row(row, row_is_linger(row, &value));
	check_row(row, row_has_holder(row, stage->child, stage->users.near));
	listing_free(&listing);
}

/* CAP_BPF alone is not enough: the same as none, and nothing is guessed. */
static void one_capability(void **state)
{
	struct stage *stage = *state;
	struct listing listing;
	json_t *row;

	list_as(&listing, NOBODY, 1ull << CAP_BPF);
	row = near_row(&listing, &stage->roots);
	check_row(row, row_is_null(row, "linger"));
	check_row(row, row_is_null(row, "close.outcome"));
	listing_free(&listing);
}

/* ---- nobody is asked who holds what is not selected ---- */

static void list_filtered(struct listing *listing, uid_t uid, const char *filter)
{
	const char *const args[] = { "-a", "-t", filter, NULL };
	const struct run_as as = { .uid = uid };

	assert_return_code(harness_list_as(listing, uid ? &as : NULL, args), 0);
	assert_int_equal(listing->status, 0);
	assert_int_equal(listing->bad_lines, 0);
	assert_true(json_is_true(json_object_get(listing->summary, "complete")));
}

static bool asked_for_owners(const struct listing *listing)
{
	return !json_is_null(json_object_get(listing->header, "owners_source"));
}

/* Port 1 has no socket here; that linger is unknown says nothing before it was asked for. */
static void owners_of_nothing_are_not_asked_for(void **state)
{
	static const char *const nothing[] = { "sport = 1", "state last-ack",
					       "sport = 1 or dport = 1",
					       "sport = 1 and linger unknown",
					       "state closing and comm = *" };
	static const uid_t users[] = { 0, NOBODY };

	(void)state;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		for (size_t u = 0; u < 2; u++) {
			struct listing listing;

			list_filtered(&listing, users[u], nothing[i]);
			assert_int_equal(json_array_size(listing.rows), 0);
			assert_false(asked_for_owners(&listing));
			/* There is nothing that could not be read. */
			assert_string_equal(listing.errors, "");
			listing_free(&listing);
		}
	}
}

static void owners_of_what_may_be_selected_are_asked_for(void **state)
{
	static const char *const formats[] = { "sport = %u", "sport = %u and not linger unknown",
					       "sport = %u and pid != 0 and risk <= certain",
					       "sport = %u and reason != linger-unknown" };
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct listing listing;
		char filter[128];
		const char *why;
		json_t *row;

		snprintf(filter, sizeof(filter), formats[i], stage->roots.near_port);
		list_filtered(&listing, 0, filter);
		assert_true(asked_for_owners(&listing));
		/* Where linger cannot be read some of them select nothing. */
		if (i == 0 || linger_by_bpf(&listing, &why)) {
			row = near_row(&listing, &stage->roots);
			check_row(row, row_has_holder(row, getpid(), stage->roots.near));
		}
		listing_free(&listing);
	}
}

/* ---- rights that are over ---- */

/* The named set of a running process, as /proc shows it; all bits where it cannot be read. */
static uint64_t capabilities(pid_t pid, const char *set)
{
	char path[64], line[128];
	size_t length = strlen(set);
	uint64_t bits = UINT64_MAX;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return bits;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, set, length) == 0)
			bits = strtoull(line + length, NULL, 16);
	fclose(file);
	return bits;
}

/* A pipe that takes not one byte more. */
static void make_full_pipe(int ends[2])
{
	static const char block[4096];
	int flags;

	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	flags = fcntl(ends[1], F_GETFL);
	assert_return_code(fcntl(ends[1], F_SETFL, flags | O_NONBLOCK), errno);
	for (size_t size = sizeof(block); size; size = size > 1 ? size / 2 : 0)
		while (write(ends[1], block, size) > 0)
			;
	assert_int_equal(errno, EAGAIN);
	assert_return_code(fcntl(ends[1], F_SETFL, flags), errno);
}

static pid_t start_tool(const char *input, int out, const char *const args[])
{
	pid_t pid = fork();
	int in;

	assert_return_code(pid, errno);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* Both ways: a fifo opened so has a writer, and nothing to read. */
	in = open(input, O_RDWR | O_CLOEXEC);
	if (in >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1)
		execv(getenv("LINGERSTAT"), (char *const *)args);
	_exit(127);
}

static uint64_t capabilities_left(pid_t pid)
{
	static const char *const sets[] = { "CapPrm:", "CapEff:", "CapInh:", "CapAmb:" };
	uint64_t left = 0;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		left |= capabilities(pid, sets[i]);
	return left;
}

/* Waits until the tool, which can neither end nor go on, has no capability in any set that counts.
 */
static void check_ends_without_capabilities(const char *input, const char *const args[])
{
	const int64_t end = now_ms() + WAIT_MS;
	uint64_t left;
	int ends[2];
	pid_t pid;

	make_full_pipe(ends);
	pid = start_tool(input, ends[1], args);
	do
		left = capabilities_left(pid);
	while (left && nap_before(end));
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it still runs: that was the tool */
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(left, 0);
}

/* Root's tool, stopped by a reader that reads nothing: what is written is made without rights. */
static void nothing_is_left_when_rows_are_written(void **state)
{
	static const char *const list[] = { "lingerstat", "-a", "-p", NULL };
	static const char *const marks[] = { "lingerstat", "-a", "-C", "+mark", NULL };
	static const char *const explain[] = { "lingerstat", "explain", "-a", NULL };
	static const char *const summary[] = { "lingerstat", "summary", NULL };
	static const char *const check[] = { "lingerstat", "check", "--tcp", NULL };
	static const char *const metrics[] = { "lingerstat", "metrics", NULL };
	static const char *const *const all[] = { list, marks, explain, summary, check, metrics };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check_ends_without_capabilities("/dev/null", all[i]);
}

/* The capabilities of all its threads, in any set that counts. */
static uint64_t threads_capabilities(pid_t pid, size_t *threads)
{
	char path[64];
	struct dirent *entry;
	uint64_t left = 0;
	DIR *dir;

	*threads = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.') {
			left |= capabilities_left(atoi(entry->d_name));
			++*threads;
		}
	if (dir)
		closedir(dir);
	return left;
}

/* The thread that reads a long dump ahead has rights of its own: it waits, as the rows do. */
static void nothing_is_left_to_the_reader(void **state)
{
	static const char *const args[] = { "lingerstat", "list", "-a", "-x", "-p", NULL };
	const int64_t end = now_ms() + WAIT_MS;
	int *fds = several_processors() ? unix_pairs_open(PAIRS) : NULL, ends[2];
	size_t threads;
	uint64_t left;
	pid_t pid;

	(void)state;
	if (!fds)
		skip();
	/* Room for the rows that come before the thread. */
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	assert_return_code(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE), errno);
	pid = start_tool("/dev/null", ends[1], args);
	do
		left = threads_capabilities(pid, &threads);
	while ((left || threads < 2) && nap_before(end));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
	close(ends[1]);
	unix_pairs_close(fds);
	assert_int_equal(threads, 2);
	assert_int_equal(left, 0);
}

/* A recording takes none: they go before its first byte is read. */
static void nothing_is_kept_for_a_recording(void **state)
{
	static const char *const args[] = { "lingerstat", "--read", "-", "-a", NULL };
	struct stage *stage = *state;
	char fifo[sizeof(stage->dir) + 8];

	snprintf(fifo, sizeof(fifo), "%s/fifo", stage->dir);
	assert_return_code(mkfifo(fifo, 0600), errno);
	check_ends_without_capabilities(fifo, args);
	unlink(fifo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_user),
		cmocka_unit_test(a_stranger),
		cmocka_unit_test(the_two_capabilities),
		cmocka_unit_test(one_capability),
		cmocka_unit_test(owners_of_nothing_are_not_asked_for),
		cmocka_unit_test(owners_of_what_may_be_selected_are_asked_for),
		cmocka_unit_test(nothing_is_left_when_rows_are_written),
		cmocka_unit_test(nothing_is_left_to_the_reader),
		cmocka_unit_test(nothing_is_kept_for_a_recording),
	};

	harness_enter();
	if (geteuid() != 0) {
		puts("1..0 # SKIP only root can become another user");
		return 0;
	}
	return cmocka_run_group_tests_name("rights", tests, set_up, tear_down);
}
