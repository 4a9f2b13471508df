/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sentences of `explain` without a kernel: wrapping at its borders, a meaning for every
 * reason word, and advice that comes where it applies and nowhere else.
 */
#include "config.h"

#include "unit/unit.h"

#include <string.h>
#include <sys/socket.h>

#include "judge/close.h"
#include "present/advice.h"
#include "present/explain.h"
#include "present/wrap.h"

/* ---- wrapping ---- */

static const struct {
	const char *name, *label, *text;
	size_t indent, width;
	const char *expected;
} wraps[] = {
	{ "nothing", "", "", 0, 10, "\n" },
	{ "one word", "", "word", 0, 10, "word\n" },
	{ "just fits", "", "12345 7890", 0, 10, "12345 7890\n" },
	{ "one too wide", "", "12345 78901", 0, 10, "12345\n78901\n" },
	{ "a word wider than all", "", "a 12345678901 b", 0, 10, "a\n12345678901\nb\n" },
	{ "label and indent", "Is", "aa bb cc", 5, 10, " Is  aa bb\n     cc\n" },
	{ "a label that fills the indent", "Labe", "aa", 5, 10, " Labe aa\n" },
	/* Columns are counted, not bytes. */
	{ "two bytes a letter", "", "\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4", 0, 6,
	  "\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4\n" },
};

static void text_is_wrapped_at_its_width(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wraps); i++) {
		struct outbuf b;

		assert_int_equal(outbuf_open(&b, -1), 0);
		wrap_labelled(&b, wraps[i].label, wraps[i].text, strlen(wraps[i].text),
			      wraps[i].indent, wraps[i].width);
		if (b.len != strlen(wraps[i].expected) ||
		    memcmp(b.data, wraps[i].expected, b.len) != 0)
			fail_msg("%s: '%.*s'", wraps[i].name, (int)b.len, b.data);
		outbuf_close(&b);
	}
}

/* ---- reason words ---- */

static void every_reason_has_a_meaning(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		const char *meaning = advice_reason((enum reason)i);

		if (!meaning || strlen(meaning) < 80 || meaning[strlen(meaning) - 1] != '.')
			fail_msg("%s: %s", reason_name((enum reason)i), meaning ? meaning : "none");
		/* Two spaces or a line feed would survive the wrapping. */
		assert_null(strstr(meaning, "  "));
		assert_null(strchr(meaning, '\n'));
		assert_null(strchr(meaning, '\t'));
	}
}

/* ---- advice ---- */

static struct socket connection(enum sock_state state)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.family = AF_INET;
	sk.state = state;
	sk.inode = 4711;
	sk.queue_unit = QUEUE_BYTES;
	sk.unread_bytes = sk.outstanding_bytes = sk.unsent_bytes = 0;
	sk.linger.kind = LINGER_OFF;
	sk.linger.seconds = 0;
	return sk;
}

static bool advises(struct socket *sk, const char *words)
{
	const char *text;
	bool found = false;

	judge_close(sk, &sk->close);
	for (size_t i = 0; (text = advice_for(sk, i)); i++)
		found |= strstr(text, words) != NULL;
	return found;
}

static void a_quiet_connection_gets_no_advice(void **state)
{
	struct socket sk = connection(STATE_ESTABLISHED);

	(void)state;
	judge_close(&sk, &sk.close);
	assert_null(advice_for(&sk, 0));
}

/* One fact more, one piece of advice more. */
static void advice_follows_the_facts(void **state)
{
	struct socket sk = connection(STATE_ESTABLISHED);

	(void)state;
	sk.unread_bytes = 5;
	assert_true(advises(&sk, "Read until EOF before close()"));
	sk = connection(STATE_ESTABLISHED);
	sk.outstanding_bytes = 5;
	assert_true(advises(&sk, "shutdown(SHUT_WR)"));
	assert_true(advises(&sk, "SIOCOUTQ"));
	assert_false(advises(&sk, "Read until EOF before close()"));
	sk = connection(STATE_ESTABLISHED);
	sk.linger.kind = LINGER_ON;
	assert_true(advises(&sk, "old segments can reach a new connection"));
	sk.linger.seconds = 5;
	assert_false(advises(&sk, "old segments can reach a new connection"));
	assert_true(advises(&sk, "do not take its return for delivery"));
	sk = connection(STATE_CLOSE_WAIT);
	assert_true(advises(&sk, "only the program that holds this descriptor can end"));
	sk.inode = 0;
	assert_false(advises(&sk, "only the program that holds this descriptor can end"));
	assert_true(advises(&sk, "It waits for accept()"));
	sk = connection(STATE_TIME_WAIT);
	assert_true(advises(&sk, "Harmless"));
	sk = connection(STATE_ESTABLISHED);
	assert_false(advises(&sk, "Harmless"));
}

static void a_listener_is_advised_of_who_waits(void **state)
{
	struct socket sk = connection(STATE_LISTEN);

	(void)state;
	sk.queue_unit = QUEUE_CONNECTIONS;
	assert_false(advises(&sk, "Accept the waiting connections"));
	sk.recv_queue = 1;
	assert_true(advises(&sk, "Accept the waiting connections"));
}

/* What no process can close gets no advice for a writer. */
static void an_orphan_gets_none_for_a_writer(void **state)
{
	struct socket sk = connection(STATE_FIN_WAIT1);

	(void)state;
	sk.outstanding_bytes = 5;
	assert_true(advises(&sk, "shutdown(SHUT_WR)"));
	sk.inode = 0;
	sk.linger.kind = LINGER_NONE;
	assert_false(advises(&sk, "shutdown(SHUT_WR)"));
	assert_true(advises(&sk, "nobody will learn"));
}

/* ---- who waits ---- */

static const struct {
	enum netid netid;
	enum queue_unit unit;
	uint32_t waiting, backlog;
	const char *words;
} queues[] = {
	{ NETID_TCP, QUEUE_CONNECTIONS, 0, 128, "No connection waits for accept().\n" },
	{ NETID_TCP, QUEUE_CONNECTIONS, 1, 0,
	  "1 connection waits for accept(); 1 fit, one more than the backlog.\n" },
	{ NETID_UNIX_STREAM, QUEUE_CONNECTIONS, 2, 1,
	  "2 connections wait for accept(); 2 fit, one more than the backlog.\n" },
	{ NETID_TCP, QUEUE_CONNECTIONS, 2, UINT32_MAX, "; 4294967296 fit" },
	/* The kernel shows the queue of TIPC without its bound, and of vsock neither. */
	{ NETID_TIPC_STREAM, QUEUE_MESSAGES, 3, 0, "3 connections wait for accept().\n" },
	{ NETID_VSOCK_STREAM, QUEUE_UNKNOWN, 0, 0,
	  "How many connections wait for accept() the kernel does not tell.\n" },
};

static void a_listeners_queue_is_told_as_it_is_known(void **state)
{
	struct explain_context cx = { .names = names_new(false, false) };

	(void)state;
	assert_non_null(cx.names);
	for (size_t i = 0; i < COUNT(queues); i++) {
		struct socket sk = connection(STATE_LISTEN);
		struct outbuf b;

		assert_int_equal(outbuf_open(&b, -1), 0);
		sk.netid = queues[i].netid;
		sk.queue_unit = queues[i].unit;
		sk.recv_queue = queues[i].waiting;
		sk.send_queue = queues[i].backlog;
		judge_close(&sk, &sk.close);
		explain_text(&b, &sk, &cx);
		outbuf_char(&b, '\0');
		if (!strstr(b.data, queues[i].words))
			fail_msg("no '%s' in: %s", queues[i].words, b.data);
		outbuf_close(&b);
	}
	names_free(cx.names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listeners_queue_is_told_as_it_is_known),
		cmocka_unit_test(text_is_wrapped_at_its_width),
		cmocka_unit_test(every_reason_has_a_meaning),
		cmocka_unit_test(a_quiet_connection_gets_no_advice),
		cmocka_unit_test(advice_follows_the_facts),
		cmocka_unit_test(a_listener_is_advised_of_who_waits),
		cmocka_unit_test(an_orphan_gets_none_for_a_writer),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
