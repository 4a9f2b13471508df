/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings, which may come from anywhere: any file. Its first byte says for which family it is
 * read. A second reading says how it must end, and at which byte.
 */
#include <string.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "fuzz/bytes.h"
#include "fuzz/files.h"
#include "fuzz/fuzz.h"
#include "fuzz/shown.h"
#include "judge/close.h"
#include "source/source.h"

#define MESSAGE_MAX 65536

struct expected {
	enum dump_problem problem;
	uint64_t messages, offset;
	bool any_offset; /* it ends at a message of the kernel's, not of the file's */
};

static bool is_known(uint16_t type)
{
	return type == TCPDIAG_GETSOCK || type == SOCK_DIAG_BY_FAMILY || type < NLMSG_MIN_TYPE;
}

/* What a message that is no socket does to the dump: DUMP_OK, nothing. */
static enum dump_problem control_problem(const struct nlmsghdr *nlh, const uint8_t *payload)
{
	size_t length = nlh->nlmsg_len - sizeof(*nlh);
	int code = 0;

	if (length >= sizeof(code))
		memcpy(&code, payload, sizeof(code));
	if (nlh->nlmsg_type == NLMSG_DONE)
		return code < 0 ? DUMP_DONE_ERROR : DUMP_OK;
	if (nlh->nlmsg_type == NLMSG_OVERRUN)
		return DUMP_OVERRUN;
	if (nlh->nlmsg_type != NLMSG_ERROR)
		return DUMP_OK;
	if (length < sizeof(struct nlmsgerr))
		return DUMP_BAD_MESSAGE;
	return code ? DUMP_REFUSED : DUMP_OK;
}

static struct expected expect(const uint8_t *data, size_t size)
{
	struct expected e = { DUMP_OK, 0, 0, false };
	bool done = false;

	while (e.offset < size && e.problem == DUMP_OK) {
		size_t left = size - e.offset;
		struct nlmsghdr nlh;

		if (left < sizeof(nlh)) {
			e.problem = e.offset ? DUMP_TRUNCATED : DUMP_BAD_MESSAGE;
			return e;
		}
		memcpy(&nlh, data + e.offset, sizeof(nlh));
		if (nlh.nlmsg_len < sizeof(nlh) || nlh.nlmsg_len > MESSAGE_MAX ||
		    !is_known(nlh.nlmsg_type))
			e.problem = DUMP_BAD_MESSAGE;
		else if (nlh.nlmsg_len > left)
			e.problem = DUMP_TRUNCATED;
		if (e.problem != DUMP_OK)
			return e;
		e.problem = control_problem(&nlh, data + e.offset + sizeof(nlh));
		e.any_offset = e.problem != DUMP_OK;
		e.messages += nlh.nlmsg_type >= NLMSG_MIN_TYPE;
		e.offset += NLMSG_ALIGN(nlh.nlmsg_len);
		done = nlh.nlmsg_type == NLMSG_DONE;
	}
	if (e.problem == DUMP_OK && !done)
		e.problem = DUMP_NO_END;
	return e;
}

static int look_at(void *ctx, struct socket *sk)
{
	++*(uint64_t *)ctx;
	judge_close(sk, &sk->close);
	check_ndjson(plain_look(), sk, 1);
	return 0;
}

void fuzz_replay(const uint8_t *data, size_t size)
{
	static const struct selection any = { UINT32_MAX, UINT32_MAX, true, true,
					      NULL,       0,          true, UINT32_MAX };
	struct bytes in = { data, size };
	size_t families;
	const struct family *const *all = source_families(&families);
	const struct family *family = all[take_below(&in, (uint32_t)families)];
	struct expected e = expect(in.at, in.left);
	struct dump_report report;
	struct source *source;
	uint64_t sockets = 0;
	int err;

	MUST(source_open_replay(&source, file_of(0, in.at, in.left)) == 0);
	err = source_dump(source, family, &any, look_at, &sockets, &report);
	CHECK((err == 0) == (e.problem == DUMP_OK));
	CHECK(report.problem == e.problem && report.messages == e.messages);
	CHECK(e.any_offset || report.offset == e.offset);
	CHECK(report.sockets == sockets);
	CHECK(sockets + report.malformed + report.duplicates <= report.messages);
	source_close(source);
}
