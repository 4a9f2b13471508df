/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table in lingerstat-close(7) of what kernels answer where they differ: each row of it is
 * asked of the kernel that runs, and must be what the column of its version says. A row that
 * nothing here asks is a failure, and so is a question without a row. "-" is what hangs on how a
 * kernel was built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/mptcp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#ifndef SOCK_DCCP
#define SOCK_DCCP 6
#endif
#ifndef IPPROTO_DCCP
#define IPPROTO_DCCP 33
#endif
#ifndef IPPROTO_SCTP
#define IPPROTO_SCTP 132
#endif
#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif
#ifndef MPTCP_INFO
#define MPTCP_INFO 1
#endif

#define PAGE    "/man/lingerstat-close.7"
#define SECTION ".Sh WHAT KERNELS ANSWER"
#define KERNELS 3
#define ROWS    16
#define WORD    64

/* ---- the table of the page ---- */

struct row {
	char name[WORD];
	char answers[KERNELS][WORD];
};

struct page {
	char kernels[KERNELS][WORD];
	struct row rows[ROWS];
	size_t count;
};

/* Takes ".It Sy NAME Ta A Ta B Ta C Ta ..." apart, the macro's word left out. */
static bool take_cells(const char *line, const char *macro, struct row *row)
{
	char format[128];

	snprintf(format, sizeof(format),
		 ".It %s %%63[^\t\n] Ta %%63[^ \n] Ta %%63[^ \n] Ta %%63[^ \n]", macro);
	*row = (struct row){ 0 };
	return sscanf(line, format, row->name, row->answers[0], row->answers[1], row->answers[2]) ==
	       1 + KERNELS;
}

/* Blanks before "Ta" are tabulators for sscanf. */
static void mark_cells(char *line)
{
	char *at = strstr(line, " Ta ");

	if (at)
		*at = '\t';
}

static void take_line(struct page *page, char *line)
{
	struct row row;

	mark_cells(line);
	if (take_cells(line, "Em", &row))
		memcpy(page->kernels, row.answers, sizeof(page->kernels));
	else if (take_cells(line, "Sy", &row) && page->count < ROWS)
		page->rows[page->count++] = row;
}

static void read_page(struct page *page)
{
	char path[4096], line[512];
	bool inside = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s" PAGE, getenv("TOP_SRCDIR") ? getenv("TOP_SRCDIR") : "");
	file = fopen(path, "re");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, ".Sh ", 4) == 0)
			inside = strncmp(line, SECTION, strlen(SECTION)) == 0;
		else if (inside)
			take_line(page, line);
	}
	if (file)
		fclose(file);
}

/* ---- the questions: each writes its answer, a word ---- */

static void yes_or_no(char *answer, bool yes)
{
	snprintf(answer, WORD, "%s", yes ? "yes" : "no");
}

/* How much of a structure the kernel fills where there is room for more. */
static void size_of_option(char *answer, int fd, int level, int option)
{
	char room[1024];
	socklen_t length = sizeof(room);

	if (fd < 0 || getsockopt(fd, level, option, room, &length) < 0)
		snprintf(answer, WORD, "no");
	else
		snprintf(answer, WORD, "%u", (unsigned)length);
}

static void ask_tcp_info(char *answer)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	size_of_option(answer, fd, IPPROTO_TCP, TCP_INFO);
	drop_fd(&fd);
}

static void ask_mptcp_info(char *answer)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);

	size_of_option(answer, fd, SOL_MPTCP, MPTCP_INFO);
	drop_fd(&fd);
}

/* Whether the tool lists it, with these options. Takes the descriptor. */
static void is_listed(char *answer, int fd, const char *option)
{
	struct listing listing;

	yes_or_no(answer, false);
	if (fd < 0)
		return;
	assert_int_equal(harness_list(&listing, option, "-a", NULL), 0);
	yes_or_no(answer, row_by_inode(&listing, inode_of(fd)) != NULL);
	listing_free(&listing);
	close(fd);
}

/* Whether the tool knows a value of that socket, with these options. Takes the descriptor. */
static void is_known(char *answer, int fd, const char *option, const char *key)
{
	struct listing listing;
	json_t *row;

	yes_or_no(answer, false);
	if (fd < 0)
		return;
	assert_int_equal(harness_list(&listing, option, "-a", "-i", "-m", NULL), 0);
	row = row_by_inode(&listing, inode_of(fd));
	assert_non_null(row);
	yes_or_no(answer, !row_is_null(row, key));
	listing_free(&listing);
	close(fd);
}

static void is_known_of_tcp(char *answer, const char *key)
{
	struct tcp_pair pair;

	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	is_known(answer, dup(pair.near), "-t", key);
	tcp_pair_close(&pair);
}

static void ask_rcv_wnd(char *answer)
{
	is_known_of_tcp(answer, "info.rcv_wnd_bytes");
}

static void ask_total_rto(char *answer)
{
	is_known_of_tcp(answer, "info.total_rto");
}

static void ask_accecn(char *answer)
{
	is_known_of_tcp(answer, "info.accecn_received_ce_bytes");
}

static void ask_mptcp_bytes(char *answer)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);

	assert_return_code(fd < 0 ? 0 : listen(fd, 1), errno);
	is_known(answer, fd, "-M", "info.bytes_sent");
}

static void ask_raw(char *answer)
{
	is_known(answer, socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP), "-w", "memory");
}

static void ask_bound(char *answer)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(bind(fd, (struct sockaddr *)&any, sizeof(any)), errno);
	is_listed(answer, fd, "-t");
}

static void ask_dccp(char *answer)
{
	int fd = socket(AF_INET, SOCK_DCCP | SOCK_CLOEXEC, IPPROTO_DCCP);

	yes_or_no(answer, fd >= 0);
	drop_fd(&fd);
}

static void ask_xdp(char *answer)
{
	is_listed(answer, socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), "--xdp");
}

static void ask_vsock(char *answer)
{
	is_listed(answer, socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), "--vsock");
}

static void ask_sctp(char *answer)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

	assert_return_code(fd < 0 ? 0 : listen(fd, 1), errno);
	is_listed(answer, fd, "-S");
}

static uint64_t netns_of_this(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

/* In a child: a namespace in which nothing is left but two orphans, whose peers do not hear. Writes
 * its inode. */
static void __attribute__((noreturn)) leave_orphans(int to_parent)
{
	struct tcp_pair pair;
	const char *why;
	uint64_t inode = 0;

	if (namespace_enter(&why) == 0 && tcp_pair_open(&pair, AF_INET, 0) == 0 &&
	    tcp_deafen(pair.far) == 0 && tcp_deafen(pair.near) == 0 &&
	    send(pair.near, "x", 1, 0) == 1)
		inode = netns_of_this();
	_exit(write(to_parent, &inode, sizeof(inode)) != sizeof(inode));
}

static bool has_netns(const struct listing *listing, uint64_t inode)
{
	json_t *row;
	size_t i;

	json_array_foreach(listing->rows, i, row)
	{
		if (row_is_int(row, "netns", (int64_t)inode))
			return true;
	}
	return false;
}

static void ask_orphans_namespace(char *answer)
{
	const struct run_as root = { 0 };
	const char *const args[] = { "-a", "-t", "--all-netns", NULL };
	struct listing listing;
	uint64_t inode = 0;
	int ends[2];
	pid_t pid;

	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	pid = fork();
	if (pid == 0)
		leave_orphans(ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &inode, sizeof(inode)), sizeof(inode));
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(inode != 0);
	assert_int_equal(harness_list_as(&listing, &root, args), 0);
	yes_or_no(answer, has_netns(&listing, inode));
	if (strcmp(answer, "no") == 0)
		assert_int_equal(listing.status, 3);
	listing_free(&listing);
}

static const struct {
	const char *name;
	void (*ask)(char *answer);
} questions[] = {
	{ "tcp_info, bytes", ask_tcp_info },
	{ "mptcp_info, bytes", ask_mptcp_info },
	{ "rcv_wnd_bytes", ask_rcv_wnd },
	{ "total_rto", ask_total_rto },
	{ "accecn_*", ask_accecn },
	{ "MPTCP bytes_sent", ask_mptcp_bytes },
	{ "bound and idle", ask_bound },
	{ "only orphans there", ask_orphans_namespace },
	{ "DCCP", ask_dccp },
	{ "SCTP", ask_sctp },
	{ "RAW in full", ask_raw },
	{ "vsock", ask_vsock },
	{ "XDP", ask_xdp },
};

#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

/* ---- the tests ---- */

static const struct row *row_named(const struct page *page, const char *name)
{
	for (size_t i = 0; i < page->count; i++)
		if (strcmp(page->rows[i].name, name) == 0)
			return &page->rows[i];
	return NULL;
}

static void every_row_is_asked(void **state)
{
	const struct page *page = *state;

	assert_int_equal(page->count, QUESTIONS);
	for (size_t i = 0; i < QUESTIONS; i++)
		if (!row_named(page, questions[i].name))
			fail_msg("no row: %s", questions[i].name);
}

/* The column of the kernel that runs; KERNELS where there is none. */
static size_t column_of_this_kernel(const struct page *page, struct utsname *name)
{
	size_t column = 0;
	size_t length;

	uname(name);
	for (; column < KERNELS; column++) {
		length = strlen(page->kernels[column]);
		if (length && strncmp(name->release, page->kernels[column], length) == 0 &&
		    name->release[length] == '.')
			break;
	}
	return column;
}

static void the_kernel_answers_what_its_column_says(void **state)
{
	const struct page *page = *state;
	const struct row *row;
	struct utsname name;
	size_t column = column_of_this_kernel(page, &name);
	char answer[WORD];
	int wrong = 0;

	if (column == KERNELS) {
		print_message("# the table has no column for Linux %s\n", name.release);
		skip();
	}
	for (size_t i = 0; i < QUESTIONS; i++) {
		row = row_named(page, questions[i].name);
		assert_non_null(row);
		questions[i].ask(answer);
		print_message("# %s: %s, the page says %s\n", row->name, answer,
			      row->answers[column]);
		wrong += strcmp(row->answers[column], "-") != 0 &&
			 strcmp(row->answers[column], answer) != 0;
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	static struct page page;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(every_row_is_asked, &page),
		cmocka_unit_test_prestate(the_kernel_answers_what_its_column_says, &page),
	};

	harness_enter();
	if (geteuid() != 0) {
		puts("1..0 # SKIP other namespaces are for root");
		return 0;
	}
	read_page(&page);
	return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
