/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder of unix sockets, fed with messages made by hand: queues by kind, names of any
 * bytes, attributes that are short, cut or never heard of.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include "unit/decode.h"
#include "unit/diag.h"

/* The message under construction. */
static char buf[DIAG_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));

static struct nlmsghdr *unix_message(uint8_t type, uint8_t state)
{
	const struct unix_diag_msg msg = {
		.udiag_family = AF_UNIX,
		.udiag_type = type,
		.udiag_state = state,
		.udiag_ino = 815,
		.udiag_cookie = { 0x89abcdef, 0x01234567 },
	};

	return diag_control(buf, SOCK_DIAG_BY_FAMILY, &msg, sizeof(msg));
}

static void put_queues(struct nlmsghdr *nlh, uint32_t rqueue, uint32_t wqueue)
{
	const struct unix_diag_rqlen queues = { rqueue, wqueue };

	diag_attr(nlh, UNIX_DIAG_RQLEN, &queues, sizeof(queues));
}

static void unix_short_messages_are_refused(void **state)
{
	(void)state;
	check_short(&family_unix, unix_message(SOCK_STREAM, STATE_ESTABLISHED),
		    sizeof(struct unix_diag_msg));
}

static void unix_other_families_and_kinds_are_refused(void **state)
{
	struct nlmsghdr *nlh = unix_message(SOCK_STREAM, STATE_ESTABLISHED);
	struct unix_diag_msg *msg = NLMSG_DATA(nlh);
	struct socket sk;
	uint64_t bad;
	void *copy;

	(void)state;
	msg->udiag_family = AF_INET;
	assert_true(decode_exact(&family_unix, nlh, &sk, &bad, &copy) < 0);
	free(copy);
	msg->udiag_family = AF_UNIX;
	for (unsigned int type = 0; type < 256; type++) {
		bool known = type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET;

		msg->udiag_type = (uint8_t)type;
		assert_int_equal(decode_exact(&family_unix, nlh, &sk, &bad, &copy) == 0, known);
		free(copy);
	}
}

static void unix_kinds_and_states(void **state)
{
	static const struct {
		uint8_t type;
		enum netid netid;
	} kinds[] = {
		{ SOCK_STREAM, NETID_UNIX_STREAM },
		{ SOCK_SEQPACKET, NETID_UNIX_SEQPACKET },
		{ SOCK_DGRAM, NETID_UNIX_DGRAM },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (unsigned int kernel = 0; kernel < 256; kernel++) {
			struct socket sk = decode(&family_unix,
						  unix_message(kinds[i].type, (uint8_t)kernel), 0);
			enum sock_state known = kernel <= STATE_CLOSING ? kernel : STATE_UNKNOWN;

			assert_int_equal(sk.netid, kinds[i].netid);
			assert_int_equal(sk.state, known);
			assert_int_equal(sk.family, AF_UNIX);
			assert_int_equal(sk.inode, 815);
			assert_true(sk.cookie == 0x0123456789abcdefull);
		}
}

static const struct {
	const char *name;
	uint8_t type, state;
	uint32_t rqueue, wqueue;
	int64_t unread, outstanding;
	enum queue_unit unit;
} unix_queues[] = {
	{ "stream, idle", SOCK_STREAM, STATE_ESTABLISHED, 0, 0, 0, 0, QUEUE_MEMORY },
	{ "stream, unread", SOCK_STREAM, STATE_ESTABLISHED, 13, 0, 13, 0, QUEUE_MEMORY },
	{ "stream, sent", SOCK_STREAM, STATE_ESTABLISHED, 0, 768, 0, UNKNOWN, QUEUE_MEMORY },
	{ "seqpacket, unread", SOCK_SEQPACKET, STATE_ESTABLISHED, 13, 0, 13, 0, QUEUE_MEMORY },
	/* The first datagram only: a lower bound, so not the number. */
	{ "dgram, unread", SOCK_DGRAM, STATE_CLOSE, 13, 0, UNKNOWN, 0, QUEUE_MEMORY },
	{ "dgram, sent", SOCK_DGRAM, STATE_ESTABLISHED, 13, 768, UNKNOWN, UNKNOWN, QUEUE_MEMORY },
	{ "listener, nobody waits", SOCK_STREAM, STATE_LISTEN, 0, 16, UNKNOWN, UNKNOWN,
	  QUEUE_CONNECTIONS },
	{ "listener, two wait", SOCK_SEQPACKET, STATE_LISTEN, 2, 16, UNKNOWN, UNKNOWN,
	  QUEUE_CONNECTIONS },
	{ "all ones", SOCK_STREAM, STATE_ESTABLISHED, UINT32_MAX, UINT32_MAX, UINT32_MAX, UNKNOWN,
	  QUEUE_MEMORY },
};

static void unix_queues_by_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(unix_queues); i++) {
		struct nlmsghdr *nlh = unix_message(unix_queues[i].type, unix_queues[i].state);
		struct socket sk;

		put_queues(nlh, unix_queues[i].rqueue, unix_queues[i].wqueue);
		sk = decode(&family_unix, nlh, 0);
		if (sk.unread_bytes != unix_queues[i].unread ||
		    sk.outstanding_bytes != unix_queues[i].outstanding ||
		    sk.unsent_bytes != unix_queues[i].outstanding)
			fail_msg("%s: unread %lld, outstanding %lld, unsent %lld",
				 unix_queues[i].name, (long long)sk.unread_bytes,
				 (long long)sk.outstanding_bytes, (long long)sk.unsent_bytes);
		assert_int_equal(sk.recv_queue, unix_queues[i].rqueue);
		assert_int_equal(sk.send_queue, unix_queues[i].wqueue);
		assert_int_equal(sk.queue_unit, unix_queues[i].unit);
	}
}

/* The first datagram may be empty and others wait behind it. */
static void an_empty_first_datagram_hides_the_others(void **state)
{
	struct nlmsghdr *nlh = unix_message(SOCK_DGRAM, STATE_ESTABLISHED);

	(void)state;
	put_queues(nlh, 0, 0);
	assert_int_equal(decode(&family_unix, nlh, 0).unread_bytes, UNKNOWN);
}

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	const char *expected; /* NULL: unnamed */
	size_t expected_length;
	bool abstract;
} unix_names[] = {
	{ "no bytes", "", 0, NULL, 0, false },
	{ "a path", "/run/x", 6, "/run/x", 6, false },
	{ "a path with its NUL", "/run/x\0", 7, "/run/x", 6, false },
	{ "a path with bytes behind its NUL", "/run/x\0junk", 11, "/run/x", 6, false },
	{ "one letter", "x", 1, "x", 1, false },
	{ "abstract", "\0hello", 6, "hello", 5, true },
	{ "abstract, a NUL inside", "\0a\0b", 4, "a\0b", 3, true },
	{ "abstract, NULs only", "\0\0\0", 3, "\0\0", 2, true },
	{ "abstract, empty", "\0", 1, "", 0, true },
	{ "control bytes", "/\033[31m\n\177", 8, "/\033[31m\n\177", 8, false },
	{ "no UTF-8", "/\xff\xfe\xc0\x80", 5, "/\xff\xfe\xc0\x80", 5, false },
};

static bool is_name(const struct unix_end *un, const char *bytes, size_t length, bool abstract)
{
	if (un->abstract != abstract || un->name_len != length || !un->name != !bytes)
		return false;
	return !bytes || memcmp(un->name, bytes, length) == 0;
}

static void unix_names_are_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(unix_names); i++) {
		struct nlmsghdr *nlh = unix_message(SOCK_STREAM, STATE_LISTEN);
		struct socket sk;
		uint64_t bad;
		void *copy;

		diag_attr(nlh, UNIX_DIAG_NAME, unix_names[i].bytes, unix_names[i].length);
		assert_int_equal(decode_exact(&family_unix, nlh, &sk, &bad, &copy), 0);
		assert_int_equal(bad, 0);
		if (!is_name(&sk.un, unix_names[i].expected, unix_names[i].expected_length,
			     unix_names[i].abstract))
			fail_msg("%s: %u bytes, abstract %d", unix_names[i].name, sk.un.name_len,
				 sk.un.abstract);
		free(copy);
	}
}

/* sun_path has 108 bytes; a path that fills it comes without a NUL. */
static void the_longest_name(void **state)
{
	struct nlmsghdr *nlh = unix_message(SOCK_STREAM, STATE_LISTEN);
	struct socket sk;
	char path[108];
	uint64_t bad;
	void *copy;

	(void)state;
	memset(path, 'p', sizeof(path));
	diag_attr(nlh, UNIX_DIAG_NAME, path, sizeof(path));
	assert_int_equal(decode_exact(&family_unix, nlh, &sk, &bad, &copy), 0);
	assert_int_equal(sk.un.name_len, sizeof(path));
	assert_memory_equal(sk.un.name, path, sizeof(path));
	free(copy);
}

static void unix_attributes(void **state)
{
	static const uint8_t junk[16] = { 0xff };
	struct nlmsghdr *nlh = unix_message(SOCK_STREAM, STATE_ESTABLISHED);
	const uint32_t peer = 816, uid = 1000;
	const uint8_t shut = 2;
	struct socket sk = decode(&family_unix, nlh, 0);

	(void)state;
	/* What was not said is not known. */
	assert_int_equal(sk.un.peer_inode, 0);
	assert_false(sk.uid_known);
	assert_false(sk.shutdown_known);
	assert_null(sk.un.name);
	diag_attr(nlh, NEWER_ATTRIBUTE, junk, sizeof(junk));
	diag_attr(nlh, UNIX_DIAG_VFS, junk, sizeof(junk));
	diag_attr(nlh, UNIX_DIAG_PEER, &peer, sizeof(peer));
	diag_attr(nlh, UNIX_DIAG_SHUTDOWN, &shut, sizeof(shut));
	diag_attr(nlh, UNIX_DIAG_UID, &uid, sizeof(uid));
	sk = decode(&family_unix, nlh, 0);
	assert_int_equal(sk.un.peer_inode, 816);
	assert_true(sk.uid_known);
	assert_int_equal(sk.uid, 1000);
	assert_true(sk.shutdown_known);
	assert_int_equal(sk.shutdown, 2);
}

/* A peer without an inode is a peer; without the attribute there is none. */
static void a_peer_may_be_hidden(void **state)
{
	struct nlmsghdr *nlh = unix_message(SOCK_STREAM, STATE_ESTABLISHED);
	struct socket sk = decode(&family_unix, nlh, 0);
	const uint32_t none = 0;

	(void)state;
	assert_false(socket_has_peer(&sk));
	diag_attr(nlh, UNIX_DIAG_PEER, &none, sizeof(none));
	sk = decode(&family_unix, nlh, 0);
	assert_true(sk.un.peer_hidden && sk.un.peer_inode == 0);
	assert_true(socket_has_peer(&sk));
}

/* Half an inode at the end is none. */
static void what_waits_at_a_listener(void **state)
{
	static const uint32_t inodes[] = { 5, 0, 7 };
	struct nlmsghdr *nlh = unix_message(SOCK_STREAM, STATE_LISTEN);
	struct socket sk;
	uint64_t bad;
	void *copy;

	(void)state;
	diag_attr(nlh, UNIX_DIAG_ICONS, inodes, sizeof(inodes) - 2);
	assert_int_equal(decode_exact(&family_unix, nlh, &sk, &bad, &copy), 0);
	assert_int_equal(bad, 0);
	assert_int_equal(sk.un.n_waiting, 2);
	assert_int_equal(sk.un.waiting[0], 5);
	assert_int_equal(sk.un.waiting[1], 0);
	free(copy);
}

static void unix_bad_attributes_are_counted(void **state)
{
	static const uint8_t bytes[8] = { 1 };
	struct nlmsghdr *nlh = unix_message(SOCK_STREAM, STATE_ESTABLISHED);
	struct socket sk;

	(void)state;
	diag_attr(nlh, UNIX_DIAG_PEER, bytes, 3);
	diag_attr(nlh, UNIX_DIAG_RQLEN, bytes, 7);
	diag_attr(nlh, UNIX_DIAG_SHUTDOWN, bytes, 0);
	diag_attr(nlh, UNIX_DIAG_UID, bytes, 2);
	sk = decode(&family_unix, nlh, 4);
	assert_int_equal(sk.un.peer_inode, 0);
	assert_false(sk.shutdown_known);
	assert_false(sk.uid_known);
	nlh = unix_message(SOCK_STREAM, STATE_ESTABLISHED);
	diag_attr_raw(nlh, UNIX_DIAG_NAME, "/run/x", 6, 600);
	sk = decode(&family_unix, nlh, 1);
	assert_null(sk.un.name);
}

/* Any end of any message, cut anywhere behind its head: nothing is read behind the end, and what
 * is cut is counted or gone, never invented. */
static void messages_cut_anywhere(void **state)
{
	struct nlmsghdr *nlh = unix_message(SOCK_STREAM, STATE_ESTABLISHED);
	const uint32_t peer = 816;
	uint32_t whole;

	(void)state;
	diag_attr(nlh, UNIX_DIAG_NAME, "/run/x", 6);
	diag_attr(nlh, UNIX_DIAG_PEER, &peer, sizeof(peer));
	put_queues(nlh, 5, 0);
	whole = nlh->nlmsg_len;
	for (uint32_t len = NLMSG_LENGTH(sizeof(struct unix_diag_msg)); len < whole; len++) {
		struct socket sk;
		uint64_t bad;
		void *copy;

		nlh->nlmsg_len = len;
		assert_int_equal(decode_exact(&family_unix, nlh, &sk, &bad, &copy), 0);
		assert_true(bad <= 1);
		assert_true(!sk.un.name || sk.un.name_len == 6);
		assert_true(sk.un.peer_inode == 0 || sk.un.peer_inode == peer);
		assert_int_equal(sk.recv_queue, 0);
		free(copy);
	}
}

/* A message without its queues says nothing of them: an old kernel, or a hostile hand. */
static void queues_that_were_not_said_are_unknown(void **state)
{
	struct socket sk = decode(&family_unix, unix_message(SOCK_STREAM, STATE_ESTABLISHED), 0);

	(void)state;
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
	assert_int_equal(sk.unsent_bytes, UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unix_short_messages_are_refused),
		cmocka_unit_test(unix_other_families_and_kinds_are_refused),
		cmocka_unit_test(unix_kinds_and_states),
		cmocka_unit_test(unix_queues_by_kind),
		cmocka_unit_test(an_empty_first_datagram_hides_the_others),
		cmocka_unit_test(unix_names_are_bytes),
		cmocka_unit_test(the_longest_name),
		cmocka_unit_test(unix_attributes),
		cmocka_unit_test(a_peer_may_be_hidden),
		cmocka_unit_test(what_waits_at_a_listener),
		cmocka_unit_test(unix_bad_attributes_are_counted),
		cmocka_unit_test(messages_cut_anywhere),
		cmocka_unit_test(queues_that_were_not_said_are_unknown),
	};

	return cmocka_run_group_tests_name("unix", tests, NULL, NULL);
}
