/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport of dumps, and events: datagrams of messages, good and bad, and receives that
 * fail. A second reading of the same answers, in one function here, says how the dump must end and
 * how many messages are for the decoder.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "fuzz/answers.h"
#include "fuzz/bytes.h"
#include "fuzz/fuzz.h"
#include "fuzz/shown.h"
#include "source/events.h"
#include "source/source.h"

#define COUNT(a)      (sizeof(a) / sizeof((a)[0]))
#define DATAGRAMS     8
#define DATAGRAM_SIZE 4096
#define RECEIVE_SIZE  32768 /* the tool's buffer; a kernel sends no more */

struct answer {
	int error;
	size_t size;
	char *data; /* ends where the datagram ends */
};

struct script {
	struct answer answers[DATAGRAMS + 2];
	size_t count;
};

/* --- writing -----------------------------------------------------------------------------------
 */

static const uint16_t types[] = { SOCK_DIAG_BY_FAMILY, NLMSG_DONE,      NLMSG_ERROR, NLMSG_NOOP,
				  NLMSG_OVERRUN,       TCPDIAG_GETSOCK, 99,          8 };
static const int errors[] = { EINTR, ENOBUFS, EAGAIN, ECONNREFUSED, ENOMEM };

/* One message: its type, what its length is off by, whose it is, and the payload. */
static size_t put_message(struct bytes *in, char *to, size_t room)
{
	uint8_t how = take_u8(in);
	size_t length;
	const uint8_t *payload = take_piece(in, 300, &length);
	struct nlmsghdr nlh = {
		.nlmsg_len = (uint32_t)(sizeof(nlh) + length),
		.nlmsg_type = types[how % COUNT(types)],
		.nlmsg_flags = how & 8 ? NLM_F_DUMP_INTR : NLM_F_MULTI,
		.nlmsg_seq = (how & 0x70) == 0x70 ? 7 : 1,
		.nlmsg_pid = (how & 0x70) == 0x60 ? 7 : ANSWERS_PORTID,
	};
	size_t whole = NLMSG_ALIGN(nlh.nlmsg_len);

	if (whole > room)
		return 0;
	if (how & 0x80)
		nlh.nlmsg_len = take_u32(in);
	memset(to, 0, whole);
	memcpy(to, &nlh, sizeof(nlh));
	memcpy(to + sizeof(nlh), payload, length);
	return whole;
}

static struct answer make_answer(struct bytes *in)
{
	char buf[DATAGRAM_SIZE];
	struct answer a = { 0 };
	uint8_t how = take_u8(in);
	size_t cut;

	if (how >= 0xf8) {
		a.error = errors[how % COUNT(errors)];
		return a;
	}
	for (uint32_t n = how & 7; n; n--)
		a.size += put_message(in, buf + a.size, sizeof(buf) - a.size);
	/* The datagram may end inside its last message. */
	cut = how & 0x40 ? take_below(in, 20) : 0;
	a.size -= cut < a.size ? cut : 0;
	/* One that no buffer holds. */
	a.data = calloc(1, how == 0xf7 ? RECEIVE_SIZE + 4 : a.size + 1);
	MUST(a.data != NULL);
	memcpy(a.data, buf, a.size);
	if (how == 0xf7)
		a.size = RECEIVE_SIZE + 4;
	return a;
}

static void script_make(struct script *s, struct bytes *in)
{
	*s = (struct script){ 0 };
	answers_reset();
	while (s->count < DATAGRAMS && in->left)
		s->answers[s->count++] = make_answer(in);
	for (size_t i = 0; i < s->count; i++) {
		if (s->answers[i].error)
			answers_add_error(s->answers[i].error);
		else
			answers_add(s->answers[i].data, s->answers[i].size);
	}
}

static void script_free(struct script *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->answers[i].data);
}

/* --- what must become of it --------------------------------------------------------------------
 */

struct expected {
	bool over, whole;
	enum dump_problem problem;
	uint64_t messages, interrupted;
};

static void ends(struct expected *e, enum dump_problem problem)
{
	e->over = true;
	e->whole = problem == DUMP_OK;
	e->problem = problem;
}

static void expect_end(struct expected *e, const struct nlmsghdr *nlh, const char *payload)
{
	size_t length = nlh->nlmsg_len - sizeof(*nlh);
	int code = 0;

	if (length >= sizeof(code))
		memcpy(&code, payload, sizeof(code));
	if (nlh->nlmsg_type == NLMSG_DONE)
		ends(e, code < 0 ? DUMP_DONE_ERROR : DUMP_OK);
	else if (length < sizeof(struct nlmsgerr))
		ends(e, DUMP_BAD_MESSAGE);
	else if (code != 0)
		ends(e, DUMP_REFUSED);
}

static void expect_message(struct expected *e, const struct nlmsghdr *nlh, const char *payload)
{
	if (nlh->nlmsg_seq != 1 || nlh->nlmsg_pid != ANSWERS_PORTID)
		return;
	e->interrupted += (nlh->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
		expect_end(e, nlh, payload);
	else if (nlh->nlmsg_type == NLMSG_OVERRUN)
		ends(e, DUMP_OVERRUN);
	else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE)
		e->messages++;
}

static void expect_datagram(struct expected *e, const char *data, size_t size)
{
	size_t at = 0;

	while (at < size && !e->over) {
		struct nlmsghdr nlh;

		if (size - at < sizeof(nlh)) {
			ends(e, DUMP_BAD_MESSAGE);
			return;
		}
		memcpy(&nlh, data + at, sizeof(nlh));
		if (nlh.nlmsg_len < sizeof(nlh) || nlh.nlmsg_len > size - at) {
			ends(e, DUMP_BAD_MESSAGE);
			return;
		}
		expect_message(e, &nlh, data + at + sizeof(nlh));
		at += NLMSG_ALIGN(nlh.nlmsg_len);
	}
}

static struct expected expect_dump(const struct script *s)
{
	struct expected e = { 0 };

	for (size_t i = 0; i < s->count && !e.over; i++) {
		const struct answer *a = &s->answers[i];

		if (a->error == EINTR)
			continue;
		if (a->error == ENOBUFS)
			ends(&e, DUMP_OVERRUN);
		else if (a->error)
			ends(&e, DUMP_RECV_FAILED);
		else if (a->size > RECEIVE_SIZE)
			ends(&e, DUMP_TRUNCATED);
		else if (a->size == 0)
			ends(&e, DUMP_NO_END);
		else
			expect_datagram(&e, a->data, a->size);
	}
	if (!e.over)
		ends(&e, DUMP_NO_END);
	return e;
}

/* --- dumps -------------------------------------------------------------------------------------
 */

static const struct selection everything = { UINT32_MAX, UINT32_MAX, true, true,
					     NULL,       0,          true, UINT32_MAX };

static int count(void *ctx, struct socket *sk)
{
	CHECK(sk->message_len >= sizeof(struct nlmsghdr));
	++*(uint64_t *)ctx;
	return 0;
}

void fuzz_dump(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	struct dump_report report;
	struct source *source;
	struct expected e;
	struct script s;
	uint64_t sockets = 0;
	int err;

	script_make(&s, &in);
	e = expect_dump(&s);
	MUST(source_open_kernel(&source) == 0);
	err = source_dump(source, &family_tcp, &everything, count, &sockets, &report);
	CHECK((err == 0) == e.whole);
	CHECK(report.problem == e.problem);
	CHECK(report.messages == e.messages && report.interrupted == e.interrupted);
	CHECK(report.sockets == sockets);
	CHECK(report.sockets + report.duplicates + report.malformed <= report.messages);
	CHECK(dump_incomplete(&report) || (e.whole && !e.interrupted && !report.malformed));
	source_close(source);
	script_free(&s);
}

/* --- events ------------------------------------------------------------------------------------
 */

struct events_seen {
	uint64_t count;
	bool good;
};

#define GOOD_PORT 4711

static int look_at(void *ctx, struct socket *sk)
{
	struct events_seen *seen = ctx;
	const struct close_forecast *f = &sk->close;

	seen->count++;
	seen->good = sk->local.port == GOOD_PORT;
	CHECK(sk->state == STATE_CLOSE && sk->inode == 0);
	CHECK(!sk->uid_known && !sk->shutdown_known && sk->linger.kind == LINGER_NONE);
	CHECK(sk->destroyed_ms > 0);
	CHECK(f->loss_min_bytes >= UNKNOWN && f->loss_max_bytes >= UNKNOWN);
	CHECK(f->loss_max_bytes != 0 || f->loss_min_bytes == 0);
	CHECK(sk->peer.port || sk->netid == NETID_UDP || f->loss_max_bytes == UNKNOWN);
	check_ndjson(plain_look(), sk, 1);
	check_table(plain_look(), sk, 1);
	return 0;
}

/* A last event, which must come out whatever stood before it. */
static struct answer good_event(void)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_msg msg;
		struct nlattr protocol;
		uint8_t tcp, padding[3];
	} event = {
		.header = { sizeof(event), SOCK_DIAG_BY_FAMILY, 0, 0, 0 },
		.msg = { .idiag_family = AF_INET, .id.idiag_sport = htons(GOOD_PORT) },
		.protocol = { 5, INET_DIAG_PROTOCOL },
		.tcp = IPPROTO_TCP,
	};
	struct answer a = { .size = sizeof(event), .data = malloc(sizeof(event)) };

	MUST(a.data != NULL);
	memcpy(a.data, &event, sizeof(event));
	return a;
}

/* How many events there are, up to what ends the reading. */
static uint64_t expect_events(const struct script *s, bool *overrun, bool *ended)
{
	uint64_t messages = 0;

	*overrun = *ended = false;
	for (size_t i = 0; i < s->count && !*ended; i++) {
		const struct answer *a = &s->answers[i];
		struct nlmsghdr nlh;

		*overrun |= a->error == ENOBUFS || a->size > RECEIVE_SIZE;
		*ended = a->error && a->error != ENOBUFS;
		if (a->error || a->size > RECEIVE_SIZE)
			continue;
		for (size_t at = 0; at < a->size && a->size - at >= sizeof(nlh);
		     at += NLMSG_ALIGN(nlh.nlmsg_len)) {
			memcpy(&nlh, a->data + at, sizeof(nlh));
			if (nlh.nlmsg_len < sizeof(nlh) || nlh.nlmsg_len > a->size - at)
				break;
			messages += nlh.nlmsg_type == SOCK_DIAG_BY_FAMILY;
		}
	}
	return messages;
}

void fuzz_events(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	struct dump_report report = { 0 };
	struct events_seen seen = { 0 };
	struct events *events;
	struct script s;
	uint64_t messages;
	bool overrun, ended;
	int err;

	script_make(&s, &in);
	s.answers[s.count] = good_event();
	answers_add(s.answers[s.count].data, s.answers[s.count].size);
	s.count++;
	messages = expect_events(&s, &overrun, &ended);
	MUST(events_open(&events, &everything) == 0);
	err = events_read(events, look_at, &seen, &report);
	CHECK(report.messages == messages);
	CHECK(report.sockets == seen.count);
	CHECK(ended || (err == 0 && seen.good));
	CHECK(!overrun || report.problem == DUMP_OVERRUN);
	CHECK(report.sockets + report.malformed >= messages);
	events_close(events);
	script_free(&s);
}
