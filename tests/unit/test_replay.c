/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings, which may come from anywhere: whole, cut at every byte, and made to mislead.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/source.h"
#include "unit/diag.h"

/* The file under test, and what is written to it. */
struct recording {
	char path[32];
	int fd;
	size_t length;
	char data[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct dump_report report;
	struct selection selection;
	size_t count;
	uint64_t cookies[64];
};

static int set_up(void **state)
{
	struct recording *r = calloc(1, sizeof(*r));

	if (!r)
		return -1;
	strcpy(r->path, "/tmp/test_replay.XXXXXX");
	r->fd = mkostemp(r->path, O_CLOEXEC);
	r->selection = (struct selection){
		.netids = NETID_BIT(NETID_TCP),
		.states = STATES_ALL,
		.ipv4 = true,
		.ipv6 = true,
		.want_tcp_info = true,
	};
	*state = r;
	return r->fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct recording *r = *state;

	close(r->fd);
	unlink(r->path);
	free(r);
	return 0;
}

static struct nlmsghdr *add(struct recording *r, uint16_t type, const void *data, size_t length)
{
	struct nlmsghdr *nlh = diag_control(r->data + r->length, type, data, length);

	r->length += NLMSG_ALIGN(nlh->nlmsg_len);
	assert_true(r->length <= sizeof(r->data));
	return nlh;
}

static struct nlmsghdr *add_socket_in(struct recording *r, uint32_t cookie, uint8_t family,
				      uint8_t state)
{
	const struct inet_diag_msg msg = {
		.idiag_family = family,
		.idiag_state = state,
		.idiag_inode = cookie,
		.id = { .idiag_cookie = { cookie, 0 } },
	};

	return add(r, SOCK_DIAG_BY_FAMILY, &msg, sizeof(msg));
}

static struct nlmsghdr *add_socket(struct recording *r, uint32_t cookie)
{
	return add_socket_in(r, cookie, AF_INET, STATE_ESTABLISHED);
}

static void add_done(struct recording *r, int code)
{
	add(r, NLMSG_DONE, &code, sizeof(code));
}

static void save(struct recording *r, size_t length)
{
	assert_int_equal(ftruncate(r->fd, 0), 0);
	assert_int_equal(pwrite(r->fd, r->data, length, 0), (ssize_t)length);
}

static int keep(void *ctx, struct socket *sk)
{
	struct recording *r = ctx;

	if (r->count < COUNT(r->cookies))
		r->cookies[r->count] = sk->cookie;
	r->count++;
	return 0;
}

static int dump_path(struct recording *r, const char *path)
{
	struct source *source = NULL;
	int err;

	r->count = 0;
	assert_int_equal(source_open_replay(&source, path), 0);
	assert_true(source_is_replay(source));
	err = source_dump(source, &family_tcp, &r->selection, keep, r, &r->report);
	source_close(source);
	return err;
}

static int dump(struct recording *r)
{
	save(r, r->length);
	return dump_path(r, r->path);
}

static void assert_whole(struct recording *r, size_t sockets)
{
	assert_int_equal(dump(r), 0);
	assert_int_equal(r->report.problem, DUMP_OK);
	assert_false(dump_incomplete(&r->report));
	assert_int_equal(r->count, sockets);
}

static void assert_breaks(struct recording *r, enum dump_problem problem, size_t sockets,
			  uint64_t offset)
{
	assert_true(dump(r) < 0);
	assert_int_equal(r->report.problem, problem);
	assert_true(dump_incomplete(&r->report));
	assert_int_equal(r->count, sockets);
	assert_int_equal(r->report.sockets, sockets);
	assert_int_equal(r->report.offset, offset);
}

/* --- whole ------------------------------------------------------------------------------------ */

static void reads_one_walk(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1);
	add_socket(r, 2);
	add_done(r, 0);
	assert_whole(r, 2);
	assert_int_equal(r->cookies[0], 1);
	assert_int_equal(r->cookies[1], 2);
}

/* `ss -D` ends each of its walks with a NLMSG_DONE. */
static void reads_two_walks(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1);
	add_done(r, 0);
	add_socket_in(r, 2, AF_INET6, STATE_LISTEN);
	add_done(r, 0);
	assert_whole(r, 2);
}

static void reads_the_old_message_type(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1)->nlmsg_type = TCPDIAG_GETSOCK;
	add_done(r, 0);
	assert_whole(r, 1);
}

static void a_walk_without_sockets_is_whole(void **state)
{
	struct recording *r = *state;

	add_done(r, 0);
	assert_whole(r, 0);
}

static void needs_no_padding_at_the_end(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1);
	add_done(r, 0);
	r->length -= 3;
	((struct nlmsghdr *)(r->data + r->length + 3 - NLMSG_SPACE(4)))->nlmsg_len -= 3;
	assert_whole(r, 1);
}

static void drops_repeats(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1);
	add_socket(r, 1);
	add_socket(r, 2);
	add_done(r, 0);
	assert_whole(r, 2);
	assert_int_equal(r->report.duplicates, 1);
}

/* A recording holds what was asked for then; what is asked now is picked from it. */
static void applies_the_selection(void **state)
{
	struct recording *r = *state;

	add_socket_in(r, 1, AF_INET, STATE_ESTABLISHED);
	add_socket_in(r, 2, AF_INET6, STATE_ESTABLISHED);
	add_socket_in(r, 3, AF_INET, STATE_LISTEN);
	add_socket_in(r, 4, AF_INET6, STATE_CLOSE);
	add_done(r, 0);
	r->selection.ipv6 = false;
	assert_whole(r, 2);
	r->selection.ipv6 = true;
	r->selection.states = STATE_BIT(STATE_LISTEN);
	assert_whole(r, 1);
	assert_int_equal(r->cookies[0], 3);
	/* Of TCP the kernel's CLOSE is a bound socket. */
	r->selection.states = STATE_BIT(STATE_CLOSE);
	assert_whole(r, 0);
	r->selection.states = STATE_BIT(STATE_BOUND_INACTIVE);
	assert_whole(r, 1);
	r->selection.states = STATE_BIT(STATE_TIME_WAIT);
	assert_whole(r, 0);
}

/* A state nobody has a name for must not vanish from a list of every state. */
static void shows_unknown_states_with_all_others(void **state)
{
	struct recording *r = *state;

	add_socket_in(r, 1, AF_INET, 77);
	add_done(r, 0);
	dump(r);
	assert_true(r->count == 1 || dump_incomplete(&r->report));
}

static void reads_from_a_pipe(void **state)
{
	struct recording *r = *state;
	int ends[2], saved = dup(STDIN_FILENO);

	add_socket(r, 1);
	add_socket(r, 2);
	add_done(r, 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], r->data, r->length), (ssize_t)r->length);
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(dump_path(r, "-"), 0);
	assert_int_equal(r->count, 2);
	/* Standard input is not ours to close. */
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	close(saved);
}

/* --- broken ----------------------------------------------------------------------------------- */

static void an_empty_file_is_no_recording(void **state)
{
	assert_breaks(*state, DUMP_NO_END, 0, 0);
}

static void a_file_without_done_was_cut(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1);
	add_socket(r, 2);
	assert_breaks(r, DUMP_NO_END, 2, r->length);
}

static void messages_behind_the_last_done_were_cut(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1);
	add_done(r, 0);
	add_socket(r, 2);
	assert_breaks(r, DUMP_NO_END, 2, r->length);
}

static void an_error_inside_done(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1);
	add_done(r, -ENOENT);
	assert_true(dump(r) < 0);
	assert_int_equal(r->report.problem, DUMP_DONE_ERROR);
	assert_int_equal(r->report.error, -ENOENT);
	assert_int_equal(r->count, 1);
}

static void a_recorded_refusal(void **state)
{
	const struct nlmsgerr err = { .error = -EOPNOTSUPP };
	struct recording *r = *state;

	add(r, NLMSG_ERROR, &err, sizeof(err));
	assert_true(dump(r) < 0);
	assert_int_equal(r->report.problem, DUMP_REFUSED);
	assert_int_equal(r->report.error, -EOPNOTSUPP);
}

static void a_recorded_interruption(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1)->nlmsg_flags |= NLM_F_DUMP_INTR;
	add_done(r, 0);
	dump(r);
	assert_int_equal(r->count, 1);
	assert_true(dump_incomplete(&r->report));
}

/* Cut at every byte: never more sockets than are whole, never called whole but at an end. */
static void cut_at_every_byte(void **state)
{
	struct recording *r = *state;
	size_t ends[8], n = 0;

	for (uint32_t i = 1; i <= 3; i++) {
		add_socket(r, i);
		ends[n++] = r->length;
	}
	add_done(r, 0);
	for (size_t length = 0; length < r->length; length++) {
		size_t whole = 0;
		uint64_t start = 0;

		while (whole < n && ends[whole] <= length)
			start = ends[whole++];
		save(r, length);
		assert_true(dump_path(r, r->path) < 0);
		assert_int_equal(r->count, whole);
		assert_true(dump_incomplete(&r->report));
		/* The byte that is named is where the last whole message ends. */
		assert_int_equal(r->report.offset, start);
		assert_int_equal(r->report.problem, length == start         ? DUMP_NO_END
						    : length < NLMSG_HDRLEN ? DUMP_BAD_MESSAGE
									    : DUMP_TRUNCATED);
	}
	assert_whole(r, 3);
}

static void misleading_lengths(void **state)
{
	static const uint32_t lengths[] = { 0,          1,          NLMSG_HDRLEN - 1, 65537,
					    0x7fffffff, 0x80000000, 0xfffffffc,       UINT32_MAX };
	struct recording *r = *state;
	struct nlmsghdr *second;
	size_t offset;

	add_socket(r, 1);
	offset = r->length;
	second = add_socket(r, 2);
	add_done(r, 0);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		second->nlmsg_len = lengths[i];
		assert_breaks(r, DUMP_BAD_MESSAGE, 1, offset);
	}
	/* Plausible, but longer than the file. */
	second->nlmsg_len = 65536;
	assert_breaks(r, DUMP_TRUNCATED, 1, offset);
	/* Shorter than a socket: dropped, and said so. */
	second->nlmsg_len = NLMSG_HDRLEN;
	assert_true(dump(r) < 0 || dump_incomplete(&r->report));
}

static void messages_that_are_no_sockets(void **state)
{
	struct recording *r = *state;

	add_socket(r, 1);
	add(r, SOCK_DIAG_BY_FAMILY, "short", 5);
	add_socket_in(r, 2, AF_UNIX, STATE_ESTABLISHED);
	add_socket(r, 3);
	add_done(r, 0);
	dump(r);
	assert_int_equal(r->count, 2);
	assert_int_equal(r->report.malformed, 2);
	assert_true(dump_incomplete(&r->report));
}

static void text_is_no_recording(void **state)
{
	static const char text[] = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
				   "ESTAB  0      0      10.0.0.1:22        10.0.0.2:53312\n";
	struct recording *r = *state;

	memcpy(r->data, text, sizeof(text));
	r->length = sizeof(text);
	assert_breaks(r, DUMP_BAD_MESSAGE, 0, 0);
}

static void messages_of_other_protocols(void **state)
{
	static const uint16_t types[] = { 16, 17, 21, 1000, UINT16_MAX };
	struct recording *r = *state;

	for (size_t i = 0; i < COUNT(types); i++) {
		r->length = 0;
		add_socket(r, 1)->nlmsg_type = types[i];
		add_done(r, 0);
		assert_breaks(r, DUMP_BAD_MESSAGE, 0, 0);
	}
}

/* Bytes changed at random: whatever comes of it, no more sockets than messages, and a broken
 * dump has a problem with a name. */
static void random_damage(void **state)
{
	struct recording *r = *state;
	const uint8_t info[TCP_INFO_SIZE] = { 0 };
	uint64_t random = UINT64_C(88172645463325252);
	char good[sizeof(r->data)];
	size_t length;

	for (uint32_t i = 1; i <= 4; i++) {
		struct nlmsghdr *nlh = add_socket(r, i);

		diag_attr(nlh, INET_DIAG_INFO, info, sizeof(info));
		diag_attr(nlh, INET_DIAG_SHUTDOWN, "\3", 1);
		r->length = (size_t)((char *)nlh - r->data) + nlh->nlmsg_len;
	}
	add_done(r, 0);
	length = r->length;
	memcpy(good, r->data, length);
	for (int round = 0; round < 3000; round++) {
		int err;

		memcpy(r->data, good, length);
		for (uint64_t n = next_random(&random) % 6 + 1; n; n--)
			r->data[next_random(&random) % length] = (char)next_random(&random);
		r->length = next_random(&random) % 4 ? length : next_random(&random) % length;
		err = dump(r);
		assert_true(r->count <= r->report.messages);
		assert_true(r->report.offset <= r->length + NLMSG_ALIGNTO);
		assert_int_equal(err != 0, r->report.problem != DUMP_OK);
	}
}

static void opening_fails(void **state)
{
	struct source *source = NULL;

	(void)state;
	assert_int_equal(source_open_replay(&source, "/nonexistent/recording"), -ENOENT);
	assert_null(source);
	assert_int_equal(source_open_replay(&source, "/tmp"), -EISDIR);
	assert_null(source);
	assert_int_equal(source_open_replay(&source, ""), -ENOENT);
	assert_null(source);
}

static void a_file_that_cannot_be_read(void **state)
{
	struct recording *r = *state;

	/* /proc/self/mem opens, and refuses to be read at 0. */
	assert_true(dump_path(r, "/proc/self/mem") < 0);
	assert_int_equal(r->report.problem, DUMP_RECV_FAILED);
	assert_int_equal(r->report.error, -EIO);
	assert_int_equal(r->count, 0);
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(reads_one_walk),
		FILE_TEST(reads_two_walks),
		FILE_TEST(reads_the_old_message_type),
		FILE_TEST(a_walk_without_sockets_is_whole),
		FILE_TEST(needs_no_padding_at_the_end),
		FILE_TEST(drops_repeats),
		FILE_TEST(applies_the_selection),
		FILE_TEST(shows_unknown_states_with_all_others),
		FILE_TEST(reads_from_a_pipe),
		FILE_TEST(an_empty_file_is_no_recording),
		FILE_TEST(a_file_without_done_was_cut),
		FILE_TEST(messages_behind_the_last_done_were_cut),
		FILE_TEST(an_error_inside_done),
		FILE_TEST(a_recorded_refusal),
		FILE_TEST(a_recorded_interruption),
		FILE_TEST(cut_at_every_byte),
		FILE_TEST(misleading_lengths),
		FILE_TEST(messages_that_are_no_sockets),
		FILE_TEST(text_is_no_recording),
		FILE_TEST(messages_of_other_protocols),
		FILE_TEST(random_damage),
		cmocka_unit_test(opening_fails),
		FILE_TEST(a_file_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
