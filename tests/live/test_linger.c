/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SO_LINGER as the tool shows it against what the test set: for every way to hold a socket, for
 * sockets nobody holds, and with each backend that the user can ask for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "ways.h"

#define AT_ONCE_MS 4000 /* a close() that does not wait takes less; one that waits takes 5 s */

static const struct linger values[] = { { 0, 0 }, { 1, 0 }, { 1, 5 }, { 1, 30 }, { 1, -1 } };

#define VALUES (sizeof(values) / sizeof(values[0]))

static const int families[] = { AF_INET, AF_INET6 };

#define list_with(listing, ...)                                                                    \
	do {                                                                                       \
		assert_return_code(harness_list(listing, "-a", "-t", "-p", __VA_ARGS__, NULL), 0); \
		if ((listing)->status != 0)                                                        \
			fail_msg("status %d, stderr: %s", (listing)->status, (listing)->errors);   \
		assert_int_equal((listing)->bad_lines, 0);                                         \
	} while (0)

static uint32_t inode_of(int fd)
{
	struct truth truth;

	assert_return_code(truth_read(fd, &truth), 0);
	return truth.inode;
}

/* The row of `fd` must say `value`, which getsockopt must say too (but for -1: the kernel then
 * answers the low bits of an endless time). */
static json_t *check_linger(const struct listing *listing, int fd, const struct linger *value)
{
	struct truth truth;
	json_t *row;

	assert_return_code(truth_read(fd, &truth), 0);
	assert_int_equal(truth.linger.l_onoff, value->l_onoff);
	if (value->l_linger >= 0)
		assert_int_equal(truth.linger.l_linger, value->l_linger);
	row = row_by_inode(listing, truth.inode);
	check_row(row, row_is_linger(row, value));
	check_row(row, row_has_holder(row, getpid(), fd));
	return row;
}

/* Skips the test where BPF is not to be had; with --linger=auto linger is then unknown. */
static void need_bpf(void)
{
	struct listing listing;
	const char *why;
	bool works;

	list_with(&listing, "--linger=auto");
	works = linger_by_bpf(&listing, &why);
	if (!works)
		print_message("# %s\n", why);
	listing_free(&listing);
	if (!works)
		skip();
}

/* Pairs whose near end has each value by setsockopt, and whose far end and listener have it too:
 * the far end by inheritance (inet_csk_clone_lock() copies the listener's sock). */
static void open_with_values(int family, struct tcp_pair pairs[VALUES])
{
	for (size_t i = 0; i < VALUES; i++) {
		struct tcp_pair *p = &pairs[i];

		p->listener = tcp_listen(family, 0, &p->far_port);
		assert_return_code(p->listener, 0);
		assert_return_code(
			tcp_set_linger(p->listener, values[i].l_onoff, values[i].l_linger), 0);
		assert_return_code(p->near = tcp_connect(family, p->far_port, 0), 0);
		assert_return_code(p->far = tcp_accept(p->listener), 0);
		assert_return_code(tcp_set_linger(p->near, values[i].l_onoff, values[i].l_linger),
				   0);
	}
}

static void check_all_values(int family, const char *source)
{
	struct tcp_pair pairs[VALUES];
	struct listing listing;
	char option[32];
	json_t *row;

	open_with_values(family, pairs);
	snprintf(option, sizeof(option), "--linger=%s", source);
	list_with(&listing, option);
	for (size_t i = 0; i < VALUES; i++) {
		row = check_linger(&listing, pairs[i].near, &values[i]);
		check_row(row, row_is_text(row, "linger.source", source));
		check_linger(&listing, pairs[i].far, &values[i]);
		check_linger(&listing, pairs[i].listener, &values[i]);
		tcp_set_linger(pairs[i].near, false, 0);
		tcp_pair_close(&pairs[i]);
	}
	listing_free(&listing);
}

static void values_by_bpf(void **state)
{
	need_bpf();
	check_all_values(*(const int *)*state, "bpf");
}

static void values_by_getfd(void **state)
{
	check_all_values(*(const int *)*state, "getfd");
}

static void a_duplicate(void **state)
{
	struct linger value = { 1, 5 };
	struct listing listing;
	struct tcp_pair pair;
	json_t *row;
	int copy;

	need_bpf();
	assert_return_code(tcp_pair_open(&pair, *(const int *)*state, 0), 0);
	assert_return_code(tcp_set_linger(pair.near, true, 5), 0);
	assert_return_code(copy = fcntl(pair.near, F_DUPFD_CLOEXEC, 0), errno);
	list_with(&listing, "--linger=auto");
	row = check_linger(&listing, pair.near, &value);
	check_row(row, row_has_holder(row, getpid(), copy));
	check_row(row, row_is_int(row, "references", 2));
	check_row(row, row_has_word(row, "close.reasons", "shared"));
	row = row_by_inode(&listing, inode_of(pair.far));
	check_row(row, row_is_int(row, "references", 1));
	check_row(row, !row_has_word(row, "close.reasons", "shared"));
	listing_free(&listing);
	close(copy);
	tcp_pair_close(&pair);
}

static void shared_by_fork(void **state)
{
	struct linger value = { 1, 30 };
	struct listing listing;
	struct tcp_pair pair;
	json_t *row;
	pid_t child;

	need_bpf();
	assert_return_code(tcp_pair_open(&pair, *(const int *)*state, 0), 0);
	assert_return_code(tcp_set_linger(pair.near, true, 30), 0);
	child = fork();
	assert_return_code(child, errno);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			pause();
	}
	list_with(&listing, "--linger=auto");
	row = check_linger(&listing, pair.near, &value);
	check_row(row, row_has_holder(row, child, pair.near));
	check_row(row, row_is_int(row, "references", 2));
	check_row(row, json_array_size(row_get(row, "holders")) == 2);
	check_row(row, row_has_word(row, "close.reasons", "shared"));
	listing_free(&listing);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	tcp_set_linger(pair.near, false, 0);
	tcp_pair_close(&pair);
}

static void not_yet_accepted(void **state)
{
	int family = *(const int *)*state;
	struct listing listing;
	uint16_t port;
	int listener = tcp_listen(family, 0, &port);
	int idle, sent;
	json_t *row;

	assert_return_code(listener, 0);
	assert_return_code(tcp_set_linger(listener, true, 5), 0);
	assert_return_code(idle = tcp_connect(family, port, 0), 0);
	assert_return_code(sent = tcp_connect(family, port, 0), 0);
	assert_int_equal(send(sent, "hello", 5, 0), 5);
	assert_return_code(tcp_wait_drained(sent), 0);
	assert_return_code(tcp_wait_waiting(listener, 2), 0);
	list_with(&listing, "--linger=auto");
	row = row_by_ports(&listing, family, port, local_port(idle));
	check_row(row, row_is_text(row, "state", "established"));
	check_row(row, row_is_int(row, "inode", 0));
	check_row(row, row_is_null(row, "linger"));
	check_row(row, row_has_word(row, "close.reasons", "unaccepted"));
	check_row(row, row_is_text(row, "close.outcome", "reset"));
	check_row(row, row_is_text(row, "close.risk", "possible"));
	row = row_by_ports(&listing, family, port, local_port(sent));
	check_row(row, row_is_int(row, "unread_bytes", 5));
	check_row(row, row_has_word(row, "close.reasons", "unaccepted"));
	check_row(row, row_is_text(row, "close.outcome", "reset"));
	check_row(row, row_is_text(row, "close.risk", "certain"));
	listing_free(&listing);
	close(idle);
	close(sent);
	close(listener);
}

/* Puts fd in flight: sent over `carrier`, received by nobody. */
static int put_in_flight(int carrier, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec byte = { "x", 1 };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(carrier, &message, 0) == 1 ? 0 : -errno;
}

static void in_flight(void **state)
{
	struct listing listing;
	struct tcp_pair pair;
	uint32_t inode;
	int carrier[2];
	json_t *row;

	assert_return_code(tcp_pair_open(&pair, *(const int *)*state, 0), 0);
	assert_return_code(tcp_set_linger(pair.near, true, 0), 0);
	inode = inode_of(pair.near);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, carrier), errno);
	assert_return_code(put_in_flight(carrier[0], pair.near), 0);
	drop_fd(&pair.near);
	list_with(&listing, "--linger=auto");
	row = row_by_inode(&listing, inode);
	check_row(row, row_is_text(row, "state", "established"));
	check_row(row, json_array_size(row_get(row, "holders")) == 0);
	check_row(row, row_is_null(row, "references"));
	check_row(row, row_is_null(row, "linger"));
	/* Nobody holds it: only who could look into every process may say so. */
	if (json_is_true(json_object_get(listing.header, "owners_complete")))
		check_row(row, row_has_word(row, "close.reasons", "holder-unseen"));
	else
		check_row(row, row_is_null(row, "holders"));
	check_row(row, row_has_word(row, "close.reasons", "linger-unknown"));
	check_row(row, row_is_null(row, "close.outcome"));
	check_row(row, row_has_word(row, "close.outcomes", "fin"));
	check_row(row, row_has_word(row, "close.outcomes", "reset"));
	listing_free(&listing);
	close(carrier[0]);
	close(carrier[1]);
	tcp_pair_close(&pair);
}

/* --linger=none: unknown is neither on nor off; where linger cannot matter all is known. */
static void linger_not_asked(void **state)
{
	struct listing listing;
	struct tcp_pair pair;
	json_t *row;

	assert_return_code(tcp_pair_open(&pair, *(const int *)*state, SMALL_BUFFER), 0);
	assert_return_code(way_stall(&pair), 0);
	list_with(&listing, "--linger=none");
	row = row_by_inode(&listing, inode_of(pair.near));
	check_row(row, row_is_null(row, "linger"));
	check_row(row, row_is_null(row, "close.outcome"));
	check_row(row, row_has_word(row, "close.outcomes", "background"));
	check_row(row, row_has_word(row, "close.outcomes", "blocks"));
	check_row(row, row_has_word(row, "close.outcomes", "reset"));
	check_row(row, row_has_word(row, "close.reasons", "linger-unknown"));
	check_row(row, row_is_text(row, "close.risk_max", "certain"));
	check_row(row, !row_is_text(row, "close.risk", "certain"));
	row = row_by_inode(&listing, inode_of(pair.far));
	check_row(row, row_is_null(row, "linger"));
	check_row(row, row_is_text(row, "close.outcome", "reset"));
	check_row(row, row_is_text(row, "close.risk", "certain"));
	check_row(row, row_has_word(row, "close.reasons", "unread-data"));
	check_row(row, !row_has_word(row, "close.reasons", "linger-unknown"));
	listing_free(&listing);
	tcp_pair_close(&pair);
}

/* How many lines of `text` have `word`. */
static int lines_in(const char *text, const char *word)
{
	int lines = 0;

	while ((text = strstr(text, word))) {
		lines++;
		text += strcspn(text, "\n");
	}
	return lines;
}

/* After a --linger=getfd listing no duplicate is left: the owner's close() is the last. */
static void owner_closes_after_getfd(void **state)
{
	static const int errors[VALUES] = { 0, ECONNRESET, 0, 0, 0 };
	struct tcp_pair pairs[VALUES];
	struct listing listing;
	int64_t start;
	char byte;
	int got;

	open_with_values(*(const int *)*state, pairs);
	list_with(&listing, "--linger=getfd");
	assert_int_equal(lines_in(listing.errors, "--linger=getfd"), 1);
	for (size_t i = 0; i < VALUES; i++) {
		check_linger(&listing, pairs[i].near, &values[i]);
		start = now_ms();
		drop_fd(&pairs[i].near);
		assert_true(now_ms() - start < AT_ONCE_MS);
		got = read(pairs[i].far, &byte, 1);
		assert_int_equal(got < 0 ? errno : got, errors[i]);
		tcp_set_linger(pairs[i].far, false, 0);
		tcp_pair_close(&pairs[i]);
	}
	listing_free(&listing);
}

/* The tool does not linger in the owner's stead, and the owner still does. */
static void getfd_does_not_wait(void **state)
{
	struct linger value = { 1, 1 };
	struct listing listing;
	struct tcp_pair pair;
	int64_t start;

	assert_return_code(tcp_pair_open(&pair, *(const int *)*state, SMALL_BUFFER), 0);
	assert_return_code(tcp_set_linger(pair.near, true, 30), 0);
	assert_return_code(way_stall(&pair), 0);
	list_with(&listing, "--linger=getfd");
	assert_true(listing.ms < 25000);
	assert_return_code(tcp_state(pair.near), 0);
	assert_int_equal(tcp_state(pair.near), TCP_ESTABLISHED);
	assert_return_code(tcp_set_linger(pair.near, true, 1), 0);
	listing_free(&listing);
	list_with(&listing, "--linger=getfd");
	check_linger(&listing, pair.near, &value);
	start = now_ms();
	drop_fd(&pair.near);
	assert_in_range(now_ms() - start, 900, 25000); /* the 1 s, not the 30 s of before */
	listing_free(&listing);
	tcp_pair_close(&pair);
}

static const struct {
	const char *name;
	CMUnitTestFunction run;
} cases[] = {
	{ "values by BPF", values_by_bpf },
	{ "values by getfd", values_by_getfd },
	{ "a duplicate", a_duplicate },
	{ "shared by fork", shared_by_fork },
	{ "not yet accepted", not_yet_accepted },
	{ "in flight over SCM_RIGHTS", in_flight },
	{ "linger=none", linger_not_asked },
	{ "the owner closes after getfd", owner_closes_after_getfd },
	{ "getfd does not wait", getfd_does_not_wait },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	static struct CMUnitTest tests[2 * CASES];
	static char names[2 * CASES][64];

	harness_enter();
	for (size_t i = 0; i < 2 * CASES; i++) {
		snprintf(names[i], sizeof(names[i]), "%s: %s", i < CASES ? "inet" : "inet6",
			 cases[i % CASES].name);
		tests[i] = (struct CMUnitTest){ names[i], cases[i % CASES].run, NULL, NULL,
						(void *)&families[i / CASES] };
	}
	return cmocka_run_group_tests_name("linger", tests, NULL, NULL);
}
