/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many namespaces mustered against the same dumped one after the other: both give the same rows.
 * Without linger there is no BPF, and so no roll. Only namespaces that the test made are compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/muster.h"
#include "harness.h"
#include "source/roll.h"
#include "tcp.h"
#include "tool.h"
#include "zoo.h"

#define TRIES       20
#define COUNT_TRIES 6
#define PAIRS       5
#define OWN_SLOTS   "1024\n"
#define SLOTS_FILE  "/proc/sys/net/ipv4/tcp_child_ehash_entries"
#define COLUMNS     "netns,netid,state,recv-q,send-q,local,peer,uid,inode,cookie,shutdown,mark"
#define BARE        "netns,netid,state,family,recv-q,send-q,local,peer"
#define ENDS        "netns,state,local,peer,inode,process,peer-process"
#define ITER_CREATE "BPF_ITER_CREATE"
#define QUIET                                                                                \
	"netns,state,recv-q,send-q,local,peer,inode,process,references,linger,options,risk," \
	"risk-max,outcomes,reasons,unread,outstanding,unsent,block"

enum place {
	ZOO,
	PAIRED,
	BOUND,     /* beside pairs, one that is bound and nothing else */
	OWN_TABLE, /* pairs in a table of connections of their own */
	EMPTY,
	PLACES,
};

static uint64_t inodes[PLACES];
static pid_t pids[PLACES];
static bool has_own_table;

/* --- the places ------------------------------------------------------------------------------ */

static uint64_t netns_of_this(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

/* For namespaces made from here. A kernel before 6.1 has one table for all. */
static bool give_children_a_table(void)
{
	int fd = open(SLOTS_FILE, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, OWN_SLOTS, strlen(OWN_SLOTS)) > 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static int open_pairs(void)
{
	static struct tcp_pair pairs[PAIRS];
	int err = 0;

	for (int i = 0; i < PAIRS && !err; i++)
		err = tcp_pair_open(&pairs[i], i % 2 ? AF_INET6 : AF_INET, 0);
	return err;
}

static int bind_one(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static int furnish(enum place place)
{
	static char directory[] = "/tmp/lingerstat-muster-XXXXXX";
	const char *why = NULL;
	int err = 0;

	if (place == ZOO)
		err = mkdtemp(directory) ? zoo_open(directory, &why) : -errno;
	else if (place != EMPTY)
		err = open_pairs();
	if (place == ZOO)
		zoo_close(directory);
	if (place == BOUND && !err)
		err = bind_one();
	if (err)
		print_message("# place %d: %s: %s\n", place, why ? why : "sockets", strerror(-err));
	return err;
}

static void __attribute__((noreturn)) live_there(enum place place, int to_parent)
{
	const char *why;
	uint64_t inode = 0;
	bool own = false;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (place == OWN_TABLE)
		own = namespace_enter(&why) == 0 && give_children_a_table();
	if (namespace_enter(&why) == 0 && furnish(place) == 0)
		inode = netns_of_this();
	if (write(to_parent, &inode, sizeof(inode)) != sizeof(inode) ||
	    write(to_parent, &own, sizeof(own)) != sizeof(own) || !inode)
		_exit(1);
	for (;;)
		pause();
}

static bool settle(enum place place)
{
	int ends[2];
	bool own = false, told;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pids[place] = fork();
	if (pids[place] == 0)
		live_there(place, ends[1]);
	close(ends[1]);
	told = pids[place] > 0 &&
	       read(ends[0], &inodes[place], sizeof(inodes[place])) == sizeof(inodes[place]) &&
	       read(ends[0], &own, sizeof(own)) == sizeof(own);
	close(ends[0]);
	has_own_table |= own;
	return told && inodes[place];
}

static int settle_all(void **state)
{
	(void)state;
	for (int i = 0; i < PLACES; i++)
		if (!settle(i))
			return -1;
	return 0;
}

static int end_all(void **state)
{
	(void)state;
	for (int i = 0; i < PLACES; i++) {
		if (pids[i] <= 0)
			continue;
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return 0;
}

/* --- the roll -------------------------------------------------------------------------------- */

static struct census *open_census(void)
{
	struct census *census;
	int err = census_open(&census);

	if (!err)
		return census;
	print_message("# no census here: %s\n", strerror(-err));
	return NULL;
}

static int go_to(enum place place)
{
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pids[place]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	err = fd < 0 || setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

static bool covers_place(const struct roll *roll, struct census *census, enum place place)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bool covers;

	assert_int_equal(go_to(place), 0);
	covers = roll_covers(roll, census);
	assert_return_code(setns(home, CLONE_NEWNET), errno);
	close(home);
	return covers;
}

static void the_roll_knows_whose_each_socket_is(void **state)
{
	struct census *census = open_census();
	struct roll *roll;
	const struct census_record *first;

	(void)state;
	if (!census)
		skip();
	assert_int_equal(roll_take(&roll, census, CENSUS_INODES), 0);
	assert_int_equal(roll_count(roll, inodes[PAIRED]), 2 * PAIRS);
	assert_int_equal(roll_count(roll, inodes[BOUND]), 2 * PAIRS);
	assert_int_equal(roll_count(roll, inodes[EMPTY]), 0);
	assert_int_equal(roll_listeners(roll, inodes[PAIRED], &first), PAIRS);
	assert_int_equal(first->netns, inodes[PAIRED]);
	assert_int_equal(roll_listeners(roll, inodes[EMPTY], &first), 0);
	assert_int_equal(roll_count(roll, inodes[OWN_TABLE]), has_own_table ? 0 : 2 * PAIRS);
	assert_true(roll_total(roll) >= roll_count(roll, inodes[ZOO]) + 4 * PAIRS);
	first = roll_of(roll, inodes[PAIRED]);
	for (int i = 0; i < 2 * PAIRS; i++)
		assert_int_equal(first[i].netns, inodes[PAIRED]);
	assert_true(covers_place(roll, census, PAIRED));
	assert_int_equal(covers_place(roll, census, OWN_TABLE), !has_own_table);
	roll_free(roll);
	census_close(census);
}

/* 6.8 is the first that lists them; where the dump shows one the roll has to know of it. */
static void the_roll_knows_who_is_bound_and_nothing_else(void **state)
{
	struct census *census = open_census();
	const char *const args[] = { "-t", "-a", "--all-netns", "state", "bound-inactive", NULL };
	const struct run_as root = { 0 };
	struct listing listing;
	struct roll *roll;
	bool listed = false;
	json_t *row;
	size_t i;

	(void)state;
	if (!census)
		skip();
	assert_int_equal(harness_list_as(&listing, &root, args), 0);
	json_array_foreach(listing.rows, i, row) listed |=
		row_is_int(row, "netns", (int64_t)inodes[BOUND]);
	listing_free(&listing);
	assert_int_equal(roll_take(&roll, census, CENSUS_INODES), 0);
	assert_int_equal(roll_has_bound(roll, inodes[BOUND]), listed);
	assert_false(roll_has_bound(roll, inodes[PAIRED]));
	assert_false(roll_has_bound(roll, inodes[EMPTY]));
	roll_free(roll);
	census_close(census);
}

/* --- rows ------------------------------------------------------------------------------------ */

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_of_the_test(const json_t *row)
{
	for (int i = 0; i < PLACES; i++)
		if (row_is_int(row, "netns", (int64_t)inodes[i]))
			return true;
	return false;
}

/* No roll has it, so with it each is asked for; it is not compared. */
#define ASKED     "mptcp"
#define ASKED_KEY "mptcp"

/* The rows of the test's namespaces, sorted, as one text. */
static char *rows_as_text(const char *const args[], size_t *count)
{
	const struct run_as root = { 0 };
	struct listing listing;
	char **lines, *text;
	size_t i, len = 1;
	json_t *row;

	*count = 0;
	assert_int_equal(harness_list_as(&listing, &root, args), 0);
	lines = calloc(json_array_size(listing.rows) + 1, sizeof(*lines));
	assert_non_null(lines);
	json_array_foreach(listing.rows, i, row)
	{
		if (!is_of_the_test(row))
			continue;
		json_object_del(row, ASKED_KEY);
		lines[*count] = json_dumps(row, JSON_SORT_KEYS);
		len += strlen(lines[(*count)++]) + 1;
	}
	listing_free(&listing);
	qsort(lines, *count, sizeof(*lines), compare_lines);
	text = calloc(1, len);
	assert_non_null(text);
	for (i = 0; i < *count; i++) {
		strcat(strcat(text, lines[i]), "\n");
		free(lines[i]);
	}
	free(lines);
	return text;
}

/* Sockets of the zoo are still under way from one state to the next when it is made, and some end
 * by themselves: looks until nothing happened between two looks. */
static void check_same(const char *const mustered[], const char *const dumped[], size_t least)
{
	bool same = false;

	for (int i = 0; i < TRIES && !same; i++) {
		size_t one, other;
		char *a = rows_as_text(mustered, &one), *b = rows_as_text(dumped, &other);

		same = one >= least && strcmp(a, b) == 0;
		if (!same && i == TRIES - 1)
			print_message("# mustered:\n%s# dumped:\n%s", a, b);
		free(a);
		free(b);
	}
	assert_true(same);
}

/* Who has the other ends takes a look at all of a namespace's before. */
static void so_does_one_that_looks_for_other_ends(void **state)
{
	const char *const mustered[] = { "-tan", "--all-netns", "-C", ENDS, NULL };
	const char *const dumped[] = { "-tan", "--all-netns", "--linger=none", "-C", ENDS, NULL };

	(void)state;
	check_same(mustered, dumped, 8 * PAIRS);
}

/* What the tool prints, or NULL where it says that something is missing: of somebody else's. */
static char *output_of(const char *const argv[])
{
	struct tool_run run;
	char *text = NULL;

	assert_int_equal(tool_run(&run, argv), 0);
	if (run.status == 0)
		text = strdup(run.output);
	tool_free(&run);
	return text;
}

/* Lines that begin with the inode of one of the test's namespaces, sorted. */
static char *own_lines(char *text)
{
	char *lines[1024] = { NULL }, *save = NULL, *own = calloc(1, strlen(text) + 2);
	size_t n = 0;

	assert_non_null(own);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		for (int i = 0; i < PLACES && n < 1024; i++)
			if (strtoull(line, NULL, 10) == inodes[i])
				lines[n++] = line;
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < n; i++)
		strcat(strcat(own, lines[i]), "\n");
	return own;
}

/* Ends, states and queues come without a question to the kernel. */
static void bare_rows_are_those_of_dumps(void **state)
{
	const char *const told[] = { "lingerstat", "list", "-tan",     "--all-netns", "-H",
				     "-C",         BARE,   "--format", "csv",         NULL };
	const char *const dumped[] = { "lingerstat", "list", "-tan", "--all-netns",
				       "-H",         "-C",   BARE,   "--linger=none",
				       "--format",   "csv",  NULL };
	bool same = false;

	(void)state;
	for (int i = 0; i < TRIES && !same; i++) {
		char *a = output_of(told), *b = output_of(dumped);
		char *x = a ? own_lines(a) : NULL, *y = b ? own_lines(b) : NULL;

		same = x && y && *x && strcmp(x, y) == 0;
		if (!same && i == TRIES - 1)
			print_message("# told:\n%s# dumped:\n%s", x ? x : "", y ? y : "");
		free(a);
		free(b);
		free(x);
		free(y);
	}
	assert_true(same);
}

/* Of those that have nothing in their queues the roll says all that these columns show. */
static void quiet_rows_are_those_of_answers(void **state)
{
	const char *const told[] = { "-tan", "--all-netns", "-C", QUIET, NULL };
	const char *const asked[] = { "-tan", "--all-netns", "-C", QUIET "," ASKED, NULL };

	(void)state;
	check_same(told, asked, 8 * PAIRS);
}

/* Counts are those of the whole machine, where others come and go: a difference means something
 * only where each way agrees with itself a moment later, and not when that is so by chance. A dump
 * passes sockets over where others leave meanwhile. */
static void counts_by_state_are_those_of_dumps(void **state)
{
	const char *const told[] = { "lingerstat",  "summary",           "-t",
				     "--all-netns", "--sections=states", NULL };
	const char *const dumped[] = { "lingerstat",        "summary",       "-t", "--all-netns",
				       "--sections=states", "--linger=none", NULL };
	bool same = false;
	int quiet = 0;

	(void)state;
	for (int i = 0; i < COUNT_TRIES && !same; i++) {
		char *a = output_of(told), *b = output_of(dumped);
		char *c = output_of(told), *d = output_of(dumped);

		if (a && b && c && d && strcmp(a, c) == 0 && strcmp(b, d) == 0) {
			quiet++;
			same = strcmp(a, b) == 0;
			if (!same && quiet == COUNT_TRIES / 2)
				print_message("# told:\n%s# dumped:\n%s", a, b);
		}
		free(a);
		free(b);
		free(c);
		free(d);
	}
	if (!same && quiet < COUNT_TRIES / 2) {
		print_message("# others' sockets come and go all the time\n");
		skip();
	}
	assert_true(same);
}

static void a_muster_gives_the_rows_of_dumps(void **state)
{
	const char *const mustered[] = { "-tan", "--all-netns", "-C", COLUMNS, NULL };
	const char *const dumped[] = {
		"-tan", "--all-netns", "--linger=none", "-C", COLUMNS, NULL
	};

	(void)state;
	check_same(mustered, dumped, 8 * PAIRS);
}

static void so_does_one_of_some_states(void **state)
{
	const char *const mustered[] = { "-tn4",  "--all-netns", "-C", COLUMNS,
					 "state", "established", NULL };
	const char *const dumped[] = { "-tn4",  "--all-netns", "--linger=none", "-C",
				       COLUMNS, "state",       "established",   NULL };

	(void)state;
	check_same(mustered, dumped, 6);
}

/* --- how ------------------------------------------------------------------------------------- */

/* How often a word stands in what strace says of the tool with these arguments. */
static int count_calls(const char *word, const char *const args[])
{
	const char *argv[24] = { "strace", "-f", "-e", "trace=bpf,recvmmsg", "lingerstat" };
	struct tool_run run;
	size_t n = 5;
	int count = 0;

	for (; *args && n < 23; args++)
		argv[n++] = *args;
	assert_int_equal(tool_run_traced(&run, argv), 0);
	for (const char *at = strstr(run.errors, word); at; at = strstr(at + 1, word))
		count++;
	tool_free(&run);
	return count;
}

static bool is_small(enum place place)
{
	struct census *census = open_census();
	struct roll *roll = NULL;
	bool small;

	if (!census || roll_take(&roll, census, CENSUS_INODES) < 0)
		return false;
	/* Others' sockets may end before the tool looks. */
	small = roll_count(roll, inodes[place]) * MUSTER_SHARE * 4 <=
		roll_total(roll) + roll_slots(roll) / MUSTER_SLOTS;
	roll_free(roll);
	census_close(census);
	return small;
}

static void small_namespaces_are_mustered(void **state)
{
	const char *const all[] = { "list", "-tan", "--all-netns", "-C", COLUMNS, NULL };
	const char *const no_bpf[] = { "list", "-tan",  "--all-netns", "--linger=none",
				       "-C",   COLUMNS, NULL };

	(void)state;
	if (!tool_traceable())
		skip();
	if (!is_small(PAIRED)) {
		print_message("# too few sockets on this machine beside those of the test\n");
		skip();
	}
	assert_true(count_calls("recvmmsg(", all) > 0);
	assert_int_equal(count_calls("recvmmsg(", no_bpf), 0);
}

/* What the namespaces themselves are found by is in both. */
static void one_owners_pass_serves_all(void **state)
{
	const char *const one[] = { "list", "-tanp", NULL };
	const char *const one_bare[] = { "list", "-tan", "-C", COLUMNS, NULL };
	const char *const all[] = { "list", "-tanp", "--all-netns", NULL };
	const char *const all_bare[] = { "list", "-tan", "--all-netns", "-C", COLUMNS, NULL };
	int pass;

	(void)state;
	if (!tool_traceable())
		skip();
	pass = count_calls(ITER_CREATE, one) - count_calls(ITER_CREATE, one_bare);
	if (!pass) {
		print_message("# no owners pass by BPF here\n");
		skip();
	}
	assert_int_equal(count_calls(ITER_CREATE, all) - count_calls(ITER_CREATE, all_bare), pass);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_roll_knows_whose_each_socket_is),
		cmocka_unit_test(the_roll_knows_who_is_bound_and_nothing_else),
		cmocka_unit_test(a_muster_gives_the_rows_of_dumps),
		cmocka_unit_test(so_does_one_of_some_states),
		cmocka_unit_test(so_does_one_that_looks_for_other_ends),
		cmocka_unit_test(bare_rows_are_those_of_dumps),
		cmocka_unit_test(quiet_rows_are_those_of_answers),
		cmocka_unit_test(counts_by_state_are_those_of_dumps),
		cmocka_unit_test(small_namespaces_are_mustered),
		cmocka_unit_test(one_owners_pass_serves_all),
	};

	harness_enter();
	return cmocka_run_group_tests_name("muster", tests, settle_all, end_all);
}
