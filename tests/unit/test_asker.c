/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking for many sockets at once, of a kernel that the test plays: the linker puts the test's own
 * functions in place of the socket's calls, and of calloc().
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/inet_diag.h>

#include "source/asker.h"
#include "source/source.h"

#define PORTID       4242
#define ANSWERS      (3 * ASKER_BATCH)
#define TYPE         20 /* SOCK_DIAG_BY_FAMILY */
#define REQUEST_SIZE (NLMSG_HDRLEN + 56)

/* What one receive finds next. */
struct reply {
	int error; /* the call fails with it, and gives nothing */
	bool truncated, ends_call;
	uint32_t len;
	struct {
		struct nlmsghdr header;
		int32_t code; /* of NLMSG_ERROR; of others which socket it is */
		char rest[80];
	} message;
};

static struct {
	struct reply replies[ANSWERS];
	size_t count, next;
	int socket_error, bind_error, name_error, send_error;
	unsigned int send_hiccups; /* EINTR before the next goes out */
	unsigned int sends, in_batch;
	uint32_t seq; /* of the first request of the last batch */
	bool no_memory;
	int fd; /* that was handed out last */
} kernel;

/* --- the calls ------------------------------------------------------------------------------- */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *len);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);
int __wrap_recvmmsg(int fd, struct mmsghdr *headers, unsigned int n, int flags,
		    struct timespec *timeout);

void *__wrap_calloc(size_t n, size_t size)
{
	return kernel.no_memory ? NULL : __real_calloc(n, size);
}

static int fail_with(int error)
{
	errno = error;
	return -1;
}

int __wrap_socket(int domain, int type, int protocol)
{
	assert_int_equal(domain, AF_NETLINK);
	assert_true(type & SOCK_CLOEXEC);
	assert_int_equal(protocol, NETLINK_SOCK_DIAG);
	if (kernel.socket_error)
		return fail_with(kernel.socket_error);
	kernel.fd = dup(STDERR_FILENO);
	return kernel.fd;
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len)
{
	assert_int_equal(fd, kernel.fd);
	assert_int_equal(address->sa_family, AF_NETLINK);
	assert_int_equal(len, sizeof(struct sockaddr_nl));
	return kernel.bind_error ? fail_with(kernel.bind_error) : 0;
}

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
	assert_int_equal(fd, kernel.fd);
	assert_int_equal(*len, sizeof(struct sockaddr_nl));
	if (kernel.name_error)
		return fail_with(kernel.name_error);
	((struct sockaddr_nl *)address)->nl_pid = PORTID;
	return 0;
}

/* Looks at each request: one behind the other, numbered, and none wants an acknowledgement. */
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)len;

	assert_int_equal(fd, kernel.fd);
	assert_int_equal(flags, 0);
	if (kernel.send_hiccups && kernel.send_hiccups--)
		return fail_with(EINTR);
	if (kernel.send_error)
		return fail_with(kernel.send_error);
	kernel.sends++;
	kernel.in_batch = 0;
	kernel.seq = nlh->nlmsg_seq;
	for (; NLMSG_OK(nlh, (unsigned int)left); nlh = NLMSG_NEXT(nlh, left)) {
		assert_int_equal(nlh->nlmsg_seq, kernel.seq + kernel.in_batch++);
		assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST);
		assert_int_equal(nlh->nlmsg_type, TYPE);
	}
	assert_int_equal(left, 0);
	return (ssize_t)len;
}

int __wrap_recvmmsg(int fd, struct mmsghdr *headers, unsigned int n, int flags,
		    struct timespec *timeout)
{
	unsigned int i = 0;

	assert_int_equal(fd, kernel.fd);
	assert_int_equal(flags, 0);
	assert_null(timeout);
	/* The real call would wait for ever now. */
	if (kernel.next == kernel.count)
		fail_msg("reads on after the last answer");
	if (kernel.replies[kernel.next].error)
		return fail_with(kernel.replies[kernel.next++].error);
	while (i < n && kernel.next < kernel.count && !kernel.replies[kernel.next].error) {
		const struct reply *r = &kernel.replies[kernel.next++];
		const struct iovec *room = headers[i].msg_hdr.msg_iov;

		assert_int_equal(headers[i].msg_hdr.msg_iovlen, 1);
		assert_true(r->len <= room->iov_len);
		memcpy(room->iov_base, &r->message, r->len);
		headers[i].msg_len = r->len;
		headers[i++].msg_hdr.msg_flags = r->truncated ? MSG_TRUNC : 0;
		if (r->ends_call)
			break;
	}
	return (int)i;
}

/* --- answers --------------------------------------------------------------------------------- */

static uint32_t next_seq; /* of the asker's */

static struct reply *add_reply(uint16_t type, int32_t code)
{
	struct reply *r = &kernel.replies[kernel.count++];

	assert_true(kernel.count <= ANSWERS);
	*r = (struct reply){ .len = sizeof(r->message) };
	r->message.header = (struct nlmsghdr){
		.nlmsg_len = r->len, .nlmsg_type = type, .nlmsg_seq = next_seq, .nlmsg_pid = PORTID
	};
	r->message.code = code;
	return r;
}

/* One socket for the next request, by its number. */
static struct reply *answer(int32_t number)
{
	struct reply *r = add_reply(TYPE, number);

	next_seq++;
	return r;
}

static struct reply *refuse(int32_t error)
{
	struct reply *r = add_reply(NLMSG_ERROR, error);

	next_seq++;
	return r;
}

static void fail_receive(int error)
{
	add_reply(0, 0)->error = error;
}

/* --- who asks -------------------------------------------------------------------------------- */

static struct asker *asker;
static struct dump_report report;
static int32_t seen[ANSWERS];
static size_t n_seen;
static int sink_error; /* at each message */

static int set_up(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	report = (struct dump_report){ 0 };
	n_seen = 0;
	next_seq = 0;
	sink_error = 0;
	return asker_open(&asker);
}

static int tear_down(void **state)
{
	(void)state;
	asker_close(asker);
	asker = NULL;
	return 0;
}

static int see(void *ctx, const struct nlmsghdr *nlh)
{
	assert_ptr_equal(ctx, &report);
	assert_true(n_seen < ANSWERS);
	memcpy(&seen[n_seen++], NLMSG_DATA(nlh), sizeof(seen[0]));
	return sink_error;
}

static int add_sized(uint32_t size)
{
	union {
		struct nlmsghdr header;
		char bytes[256];
	} request = { .header = { .nlmsg_len = size,
				  .nlmsg_type = TYPE,
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };

	return asker_add(asker, &request.header, see, &report, &report);
}

static void add(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(add_sized(REQUEST_SIZE), 0);
}

static int flush(void)
{
	return asker_flush(asker, see, &report, &report);
}

static void expect_problem(int err, enum dump_problem problem, int error)
{
	assert_int_equal(err, error);
	assert_int_equal(report.problem, problem);
	assert_int_equal(report.error, error);
}

/* --- a batch --------------------------------------------------------------------------------- */

static void nothing_to_ask_is_nothing_sent(void **state)
{
	(void)state;
	assert_int_equal(flush(), 0);
	assert_int_equal(kernel.sends, 0);
}

static void waits_until_they_are_enough(void **state)
{
	(void)state;
	add(ASKER_BATCH - 1);
	assert_int_equal(kernel.sends, 0);
	for (int32_t i = 0; i < ASKER_BATCH; i++)
		answer(i);
	add(1);
	assert_int_equal(kernel.sends, 1);
	assert_int_equal(kernel.in_batch, ASKER_BATCH);
	assert_int_equal(n_seen, ASKER_BATCH);
	for (int32_t i = 0; i < ASKER_BATCH; i++)
		assert_int_equal(seen[i], i);
}

static void batches_follow_each_other(void **state)
{
	(void)state;
	for (int32_t i = 0; i < 2 * ASKER_BATCH + 5; i++)
		answer(i);
	add(2 * ASKER_BATCH + 5);
	assert_int_equal(kernel.sends, 2);
	assert_int_equal(flush(), 0);
	assert_int_equal(kernel.sends, 3);
	assert_int_equal(kernel.in_batch, 5);
	assert_int_equal(kernel.seq, 2 * ASKER_BATCH);
	assert_int_equal(n_seen, 2 * ASKER_BATCH + 5);
	assert_int_equal(flush(), 0);
	assert_int_equal(kernel.sends, 3);
}

/* The kernel aligns each, whatever its length. */
static void requests_of_any_length(void **state)
{
	(void)state;
	answer(1);
	answer(2);
	assert_int_equal(add_sized(REQUEST_SIZE + 1), 0);
	assert_int_equal(add_sized(REQUEST_SIZE), 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(n_seen, 2);
	expect_problem(add_sized(129), DUMP_SEND_FAILED, -EMSGSIZE);
	assert_int_equal(kernel.sends, 1);
}

static void answers_come_as_they_like(void **state)
{
	(void)state;
	answer(1)->ends_call = true;
	fail_receive(EINTR);
	answer(2);
	answer(3)->ends_call = true;
	answer(4);
	add(4);
	kernel.send_hiccups = 3;
	assert_int_equal(flush(), 0);
	assert_int_equal(n_seen, 4);
	assert_int_equal(seen[3], 4);
	assert_int_equal(kernel.sends, 1);
}

static void strays_are_no_answers(void **state)
{
	(void)state;
	answer(1);
	add_reply(TYPE, 100)->message.header.nlmsg_pid = PORTID + 1;
	add_reply(TYPE, 101)->message.header.nlmsg_seq = 2; /* that was not asked */
	add_reply(TYPE, 102)->message.header.nlmsg_seq = UINT32_MAX;
	answer(2);
	add(2);
	assert_int_equal(flush(), 0);
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[1], 2);
}

/* --- what is none, and what goes wrong ------------------------------------------------------- */

static void who_is_gone_is_no_error(void **state)
{
	(void)state;
	answer(1);
	refuse(-ENOENT);
	refuse(0); /* an acknowledgement that nobody asked for */
	add_reply(NLMSG_NOOP, 0);
	next_seq++;
	answer(5);
	add(5);
	assert_int_equal(flush(), 0);
	assert_int_equal(report.problem, DUMP_OK);
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[1], 5);
}

static void a_refusal_is_a_problem(void **state)
{
	(void)state;
	refuse(-EPERM);
	add(1);
	expect_problem(flush(), DUMP_REFUSED, -EPERM);
}

static void an_error_must_be_one(void **state)
{
	struct reply *r;

	(void)state;
	refuse(EPERM);
	add(1);
	expect_problem(flush(), DUMP_BAD_MESSAGE, -EBADMSG);
	report = (struct dump_report){ 0 };
	r = refuse(-EPERM);
	r->len = r->message.header.nlmsg_len = NLMSG_LENGTH(4);
	add(1);
	expect_problem(flush(), DUMP_BAD_MESSAGE, -EBADMSG);
}

static void a_message_must_be_whole(void **state)
{
	static const struct {
		uint32_t received, claimed;
	} lengths[] = { { 0, 0 },   { 4, 20 },  { NLMSG_HDRLEN - 1, NLMSG_HDRLEN },
			{ 40, 41 }, { 40, 15 }, { 40, UINT32_MAX } };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct reply *r = answer(1);

		r->len = lengths[i].received;
		r->message.header.nlmsg_len = lengths[i].claimed;
		add(1);
		expect_problem(flush(), DUMP_BAD_MESSAGE, -EBADMSG);
		report = (struct dump_report){ 0 };
	}
	assert_int_equal(n_seen, 0);
}

static void what_was_cut_short_is_not_read(void **state)
{
	(void)state;
	answer(1);
	answer(2)->truncated = true;
	answer(3);
	add(3);
	expect_problem(flush(), DUMP_TRUNCATED, -EMSGSIZE);
	assert_int_equal(n_seen, 1);
}

/* What is left of the batch before is a stray to the next. */
static void the_next_batch_begins_anew(void **state)
{
	(void)state;
	sink_error = -EPIPE;
	answer(1)->ends_call = true;
	answer(2);
	add(2);
	assert_int_equal(flush(), -EPIPE);
	assert_int_equal(n_seen, 1);
	sink_error = 0;
	answer(3);
	add(1);
	assert_int_equal(flush(), 0);
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[1], 3);
}

static void a_failing_receive(void **state)
{
	(void)state;
	answer(1);
	fail_receive(ENOBUFS);
	add(2);
	expect_problem(flush(), DUMP_OVERRUN, -ENOBUFS);
	assert_int_equal(n_seen, 1);
	report = (struct dump_report){ 0 };
	fail_receive(ENOMEM);
	add(1);
	expect_problem(flush(), DUMP_RECV_FAILED, -ENOMEM);
}

static void a_failing_send(void **state)
{
	(void)state;
	kernel.send_error = ENOBUFS;
	add(1);
	expect_problem(flush(), DUMP_SEND_FAILED, -ENOBUFS);
}

/* --- sockets --------------------------------------------------------------------------------- */

#define WANTED (ASKER_BATCH + 2)

static unsigned int pauses;
static uint32_t inodes_seen;

static void count_pause(void *ctx, bool dry)
{
	assert_null(ctx);
	assert_false(dry);
	pauses++;
}

static bool next_wanted(void *ctx, struct socket *sk)
{
	uint16_t *n = ctx;

	sk->family = *n % 2 ? AF_INET6 : AF_INET;
	sk->local.port = (*n)++;
	return *n <= WANTED;
}

static int see_socket(void *ctx, struct socket *sk)
{
	assert_null(ctx);
	assert_int_equal(sk->netid, NETID_TCP);
	assert_int_equal(sk->inode, 100 + sk->local.port);
	inodes_seen += sk->inode;
	return sink_error;
}

/* As the kernel answers for the n-th; `cookie` says which socket it is. */
static void answer_socket(uint16_t n, uint8_t state, uint32_t cookie)
{
	const struct inet_diag_msg msg = { .idiag_family = AF_INET,
					   .idiag_state = state,
					   .idiag_inode = 100u + n,
					   .id = { .idiag_sport = htons(n),
						   .idiag_cookie = { cookie, 0 } } };
	struct reply *r = answer(0);

	memcpy(&r->message.code, &msg, sizeof(msg));
	r->len = r->message.header.nlmsg_len = NLMSG_LENGTH(sizeof(msg));
}

static int ask_many(struct source *source)
{
	const struct selection sel = { .netids = NETID_BIT(NETID_TCP),
				       .states = STATE_BIT(STATE_ESTABLISHED),
				       .ipv4 = true,
				       .ipv6 = true };
	uint16_t n = 0;

	return source_ask_many(source, &family_tcp, &sel, next_wanted, &n, see_socket, NULL,
			       &report);
}

/* One is gone, one has another state by now, one was asked for twice, one cannot be read. */
static void sockets_come_once_and_as_selected(void **state)
{
	struct source *source;

	(void)state;
	assert_int_equal(source_open_replay(&source, "/dev/null"), 0);
	source_on_pause(source, count_pause, NULL);
	pauses = inodes_seen = 0;
	answer_socket(0, STATE_ESTABLISHED, 1);
	refuse(-ENOENT);
	answer_socket(2, STATE_CLOSE_WAIT, 2);
	answer_socket(0, STATE_ESTABLISHED, 1);
	answer(4)->message.header.nlmsg_len = NLMSG_LENGTH(4);
	for (uint16_t n = 5; n < WANTED; n++)
		answer_socket(n, STATE_ESTABLISHED, 100u + n);
	assert_int_equal(ask_many(source), 0);
	assert_int_equal(kernel.sends, 2);
	assert_int_equal(pauses, 2);
	assert_int_equal(report.problem, DUMP_OK);
	assert_int_equal(report.messages, WANTED - 1);
	assert_int_equal(report.sockets, WANTED - 4);
	assert_int_equal(report.duplicates, 1);
	assert_int_equal(report.malformed, 1);
	assert_true(inodes_seen > 100 * (WANTED - 4));
	source_close(source);
}

static void who_takes_sockets_can_stop(void **state)
{
	struct source *source;

	(void)state;
	assert_int_equal(source_open_replay(&source, "/dev/null"), 0);
	sink_error = -EPIPE;
	for (uint16_t n = 0; n < ASKER_BATCH; n++)
		answer_socket(n, STATE_ESTABLISHED, 1u + n);
	expect_problem(ask_many(source), DUMP_STOPPED, -EPIPE);
	assert_int_equal(kernel.sends, 1);
	assert_int_equal(report.sockets, 1);
	report = (struct dump_report){ 0 };
	kernel.socket_error = EMFILE;
	expect_problem(ask_many(source), DUMP_SEND_FAILED, -EMFILE);
	source_close(source);
}

/* --- opening --------------------------------------------------------------------------------- */

static bool is_open(int fd)
{
	int copy = dup(fd);

	if (copy >= 0)
		close(copy);
	return copy >= 0;
}

static void expect_not_opened(int error, bool had_socket)
{
	struct asker *other = asker;
	int mine = kernel.fd;

	assert_int_equal(asker_open(&other), error);
	assert_null(other);
	assert_int_equal(kernel.fd != mine, had_socket);
	if (had_socket)
		assert_false(is_open(kernel.fd));
}

static void what_cannot_be_opened_leaves_nothing(void **state)
{
	(void)state;
	kernel.no_memory = true;
	expect_not_opened(-ENOMEM, false);
	kernel.no_memory = false;
	kernel.socket_error = EPROTONOSUPPORT;
	expect_not_opened(-EPROTONOSUPPORT, false);
	kernel.socket_error = 0;
	kernel.bind_error = EADDRINUSE;
	expect_not_opened(-EADDRINUSE, true);
	kernel.bind_error = 0;
	kernel.fd = -1;
	kernel.name_error = ENOBUFS;
	expect_not_opened(-ENOBUFS, true);
	asker_close(NULL);
}

#define asker_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		asker_test(nothing_to_ask_is_nothing_sent),
		asker_test(waits_until_they_are_enough),
		asker_test(batches_follow_each_other),
		asker_test(requests_of_any_length),
		asker_test(answers_come_as_they_like),
		asker_test(strays_are_no_answers),
		asker_test(who_is_gone_is_no_error),
		asker_test(a_refusal_is_a_problem),
		asker_test(an_error_must_be_one),
		asker_test(a_message_must_be_whole),
		asker_test(what_was_cut_short_is_not_read),
		asker_test(the_next_batch_begins_anew),
		asker_test(a_failing_receive),
		asker_test(a_failing_send),
		asker_test(sockets_come_once_and_as_selected),
		asker_test(who_takes_sockets_can_stop),
		asker_test(what_cannot_be_opened_leaves_nothing),
	};

	return cmocka_run_group_tests_name("asker", tests, NULL, NULL);
}
