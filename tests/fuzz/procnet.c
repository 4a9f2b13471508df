/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of /proc/net as a source of messages: each line becomes one or is counted, and a good
 * line at the end always becomes one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/inet_diag.h>

#include "fuzz/bytes.h"
#include "fuzz/files.h"
#include "fuzz/fuzz.h"
#include "fuzz/shown.h"
#include "judge/close.h"
#include "source/procnet.h"

#define LINE_LENGTH 511 /* the tool reads at most as much at once */
#define GOOD_INODE  4242
#define GOOD_V4                                                                               \
	"\n  58: 0100007F:003A 00000000:0000 07 00000000:00000001 00:00000000 00000000  1000" \
	"        0 4242 2 0000000000000000 0\n"
#define GOOD_V6                                                                               \
	"\n  58: 00000000000000000000000001000000:003A 00000000000000000000000000000000:0000" \
	" 07 00000000:00000001 00:00000000 00000000  1000        0 4242 2 0000000000000000 0\n"

struct seen {
	uint8_t address_family;
	uint64_t count;
	struct inet_diag_msg last;
};

static int look_at(void *ctx, const struct nlmsghdr *nlh)
{
	struct seen *seen = ctx;
	uint64_t bad = 0;
	struct socket sk;

	seen->count++;
	CHECK(nlh->nlmsg_len == NLMSG_LENGTH(sizeof(seen->last)));
	memcpy(&seen->last, NLMSG_DATA(nlh), sizeof(seen->last));
	CHECK(family_raw.decode(nlh, &sk, &bad) == 0 && bad == 0);
	CHECK(sk.family == seen->address_family);
	judge_close(&sk, &sk.close);
	check_ndjson(plain_look(), &sk, 1);
	return 0;
}

/* How often the tool has to read until the end, the line of names left out. */
static uint64_t lines_of(const char *text, size_t size)
{
	uint64_t lines = 0;

	for (size_t at = 0; at < size; lines++) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end ? (size_t)(end - (text + at)) + 1 : size - at;

		at += length < LINE_LENGTH ? length : LINE_LENGTH;
	}
	return lines ? lines - 1 : 0;
}

void fuzz_procnet(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	bool v6 = take_u8(&in) & 1;
	const char *good = v6 ? GOOD_V6 : GOOD_V4;
	struct seen seen = { .address_family = v6 ? AF_INET6 : AF_INET };
	struct dump_report report = { 0 };
	size_t whole = in.left + strlen(good);
	char *text = malloc(whole);
	const char *path;

	MUST(text != NULL);
	memcpy(text, in.at, in.left);
	memcpy(text + in.left, good, strlen(good));
	path = file_of(0, text, whole);
	file_of(1, text, whole);
	CHECK(procnet_dump(path, seen.address_family, look_at, &seen, &report) == 0);
	CHECK(report.problem == DUMP_OK);
	CHECK(seen.count + report.malformed == lines_of(text, whole));
	CHECK(seen.count > 0 && seen.last.idiag_inode == GOOD_INODE);
	CHECK(seen.last.idiag_rqueue == 1 && seen.last.idiag_uid == 1000);
	free(text);
}
