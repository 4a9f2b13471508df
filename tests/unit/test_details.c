/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details beside those of TCP: memory, timers, what a family has of its own; and that the manual
 * page names them all.
 */
#include "config.h"

#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/filter.h>
#include <linux/packet_diag.h>
#include <linux/unix_diag.h>

#include "unit/details_look.h"

/* ---- memory ---- */

static const char *const memory_keys[] = {
	"rmem_alloc_bytes",  "rcvbuf_bytes", "wmem_alloc_bytes", "sndbuf_bytes", "fwd_alloc_bytes",
	"wmem_queued_bytes", "optmem_bytes", "backlog_bytes",    "drops",
};

static void check_memory(struct socket *sk, size_t length)
{
	struct seen seen = look(sk, details_memory, DETAILS_GIVEN);

	assert_int_equal(seen.count, COUNT(memory_keys));
	for (size_t i = 0; i < COUNT(memory_keys); i++)
		if (4 * (i + 1) <= length)
			expect(&seen, memory_keys[i], 100 + i);
		else
			expect_unknown(&seen, memory_keys[i]);
	give_back(sk);
}

static struct nlmsghdr *start_unix(void)
{
	struct unix_diag_msg msg = { .udiag_family = AF_UNIX,
				     .udiag_type = SOCK_STREAM,
				     .udiag_state = STATE_ESTABLISHED,
				     .udiag_ino = 9 };

	return start_with(&msg, sizeof(msg));
}

static void memory_of_every_length(void **state)
{
	uint32_t words[12];

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		words[i] = (uint32_t)(100 + i);
	for (size_t length = 0; length <= sizeof(words); length++) {
		struct nlmsghdr *nlh = start(STATE_ESTABLISHED);
		struct socket sk;

		diag_attr(nlh, INET_DIAG_SKMEMINFO, words, length);
		sk = take(&family_udp, nlh);
		check_memory(&sk, length);
		nlh = start_unix();
		diag_attr(nlh, UNIX_DIAG_MEMINFO, words, length);
		sk = take(&family_unix, nlh);
		check_memory(&sk, length);
	}
}

static void memory_that_is_not_there(void **state)
{
	struct socket sk = take(&family_tcp, start(STATE_ESTABLISHED));

	(void)state;
	look(&sk, details_memory, DETAILS_UNKNOWN);
	give_back(&sk);
	sk = take(&family_tcp, start(STATE_TIME_WAIT));
	look(&sk, details_memory, DETAILS_NONE);
	give_back(&sk);
}

/* ---- timer ---- */

static void timers_have_names(void **state)
{
	static const struct {
		uint8_t timer;
		const char *cell, *exact;
	} rows[] = {
		{ 0, "-", "name=off remaining_ms=? retransmits=?" },
		{ 1, "name=retransmit remaining=1500ms retransmits=3",
		  "name=retransmit remaining_ms=1500 retransmits=3" },
		{ 2, "name=keepalive remaining=1500ms retransmits=3",
		  "name=keepalive remaining_ms=1500 retransmits=3" },
		{ 3, "name=time-wait remaining=1500ms retransmits=3",
		  "name=time-wait remaining_ms=1500 retransmits=3" },
		{ 4, "name=probe remaining=1500ms retransmits=3",
		  "name=probe remaining_ms=1500 retransmits=3" },
		{ 77, "name=77 remaining=1500ms retransmits=3",
		  "name=77 remaining_ms=1500 retransmits=3" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct socket sk;

		socket_init(&sk);
		sk.family = AF_INET6;
		sk.timer = rows[i].timer;
		sk.timer_ms = 1500;
		sk.timer_retransmits = 3;
		assert_string_equal(text_of(&sk, cell_timer, false), rows[i].cell);
		assert_string_equal(text_of(&sk, cell_timer, true), rows[i].exact);
	}
}

/* ---- extended ---- */

static void the_record_is_told(void **state)
{
	struct socket sk = take(&family_tcp, start(STATE_ESTABLISHED));
	struct seen seen = look(&sk, details_extended, DETAILS_GIVEN);

	(void)state;
	expect(&seen, "uid", 0);
	expect(&seen, "inode", 4711);
	expect_unknown(&seen, "mark");
	expect_unknown(&seen, "v6only");
	expect_unknown(&seen, "cgroup");
	expect_unknown(&seen, "shutdown");
	sk.mark = 0x2a;
	sk.v6only = TRI_YES;
	sk.cgroup = "/a b/\xff";
	sk.cookie = 0xabc;
	contains(text_of(&sk, cell_extended, false),
		 "cookie=0xabc cgroup=/a\\x20b/\\xff v6only mark=0x2a");
	contains(text_of(&sk, cell_extended, true), "v6only=true mark=42");
	give_back(&sk);
}

static void directions_are_a_list(void **state)
{
	static const char *const lists[] = { "[]", "[\"recv\"]", "[\"send\"]",
					     "[\"recv\",\"send\"]" };
	static const char *const words[] = { "shutdown= ", "shutdown=recv ", "shutdown=send ",
					     "shutdown=recv,send " };

	(void)state;
	for (uint8_t i = 0; i < 4; i++) {
		struct socket sk = take(&family_tcp, start(STATE_ESTABLISHED));
		char want[64];

		sk.shutdown = i;
		sk.shutdown_known = true;
		snprintf(want, sizeof(want), "\"shutdown\":%s", lists[i]);
		contains(json_of(&sk, json_extended), want);
		contains(text_of(&sk, cell_extended, true), words[i]);
		give_back(&sk);
	}
}

/* The file's inode, and the device in the kernel's own form. */
static void unix_files_and_waiting_connections(void **state)
{
	uint32_t file[] = { 1234, 8u << 20 | 17 }, icons[] = { 5, 0, 4294967295u };

	(void)state;
	for (size_t cut = 0; cut < 12; cut++) {
		struct nlmsghdr *nlh = start_unix();
		struct socket sk;
		struct seen seen;

		diag_attr(nlh, UNIX_DIAG_VFS, file, sizeof(file));
		diag_attr(nlh, UNIX_DIAG_ICONS, icons, sizeof(icons) - cut);
		sk = take(&family_unix, nlh);
		seen = look(&sk, details_extended, DETAILS_GIVEN);
		expect(&seen, "path_inode", 1234);
		expect(&seen, "path_device_major", 8);
		expect(&seen, "path_device_minor", 17);
		expect(&seen, "pending_inodes", (sizeof(icons) - cut) / 4);
		if (cut == 0)
			contains(json_of(&sk, json_extended),
				 "\"pending_inodes\":[5,0,4294967295]");
		give_back(&sk);
	}
}

/* ---- switches and marks ---- */

static void switches_of_every_length(void **state)
{
	union {
		struct inet_diag_sockopt opt;
		uint8_t bytes[4];
	} data = { .opt = { .recverr = 1, .transparent = 1, .recverr_rfc4884 = 1 } };

	(void)state;
	for (size_t length = 0; length <= sizeof(data); length++) {
		struct nlmsghdr *nlh = start(STATE_ESTABLISHED);
		struct socket sk;
		struct seen seen;

		diag_attr(nlh, INET_DIAG_SOCKOPT, data.bytes, length);
		sk = take(&family_tcp, nlh);
		seen = look(&sk, details_sockopt, DETAILS_GIVEN);
		if (length > 0) {
			expect(&seen, "recverr", 1);
			expect(&seen, "transparent", 1);
			expect(&seen, "freebind", 0);
		} else {
			expect_unknown(&seen, "recverr");
		}
		if (length > 1) {
			expect(&seen, "recverr_rfc4884", 1);
			expect(&seen, "bind_address_no_port", 0);
		} else {
			expect_unknown(&seen, "recverr_rfc4884");
		}
		give_back(&sk);
	}
}

static void marks_of_what_is_sent(void **state)
{
	struct nlmsghdr *nlh = start(STATE_ESTABLISHED);
	uint8_t tos = 0x10;
	uint32_t class_id = 0x10001;
	struct socket sk = take(&family_tcp, nlh);

	(void)state;
	look(&sk, details_tos, DETAILS_UNKNOWN);
	give_back(&sk);
	nlh = start(STATE_ESTABLISHED);
	diag_attr(nlh, INET_DIAG_TOS, &tos, sizeof(tos));
	diag_attr(nlh, INET_DIAG_CLASS_ID, &class_id, sizeof(class_id));
	sk = take(&family_tcp, nlh);
	assert_string_equal(text_of(&sk, cell_tos, false), "tos=0x10 class_id=0x10001");
	assert_string_equal(text_of(&sk, cell_tos, true), "tos=16 class_id=65537");
	/* Over IPv6 there is a third, which this message lacks. */
	sk.family = AF_INET6;
	assert_string_equal(text_of(&sk, cell_tos, true), "tos=16 tclass=? class_id=65537");
	give_back(&sk);
}

/* ---- attached filters ---- */

static struct nlmsghdr *start_packet(void)
{
	struct packet_diag_msg msg = { .pdiag_family = AF_PACKET, .pdiag_type = SOCK_RAW };

	return start_with(&msg, sizeof(msg));
}

static const struct sock_filter program[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 2, 0x800 }, { 0x20, 0, 0, 0xfffff004 }, { 0xb1, 0, 0, 14 },
	{ 0x48, 0, 0, 16 }, { 0x87, 0, 0, 0 },     { 0x6, 0, 0, 0x40000 },     { 0xffff, 1, 2, 3 },
	{ 0x1d, 4, 5, 0 },  { 0x80, 0, 0, 0 },
};

static void filters_are_written_out(void **state)
{
	struct nlmsghdr *nlh = start_packet();
	struct socket sk;

	(void)state;
	diag_attr(nlh, PACKET_DIAG_FILTER, program, sizeof(program));
	sk = take(&family_packet, nlh);
	assert_string_equal(text_of(&sk, cell_bpf, false),
			    "instructions=10 program=ldh [12]; jeq #0x800 +0 +2; ld #type; "
			    "ldxb 4*([14]&0xf); ldh [x+16]; txa; ret #0x40000; "
			    "code 0xffff jt 1 jf 2 k 0x3; jeq x +4 +5; ld #len");
	contains(text_of(&sk, cell_bpf, true), "program=ldh\\x20[12];jeq\\x20#0x800");
	contains(json_of(&sk, json_bpf),
		 "{\"instructions\":10,\"program\":[\"ldh [12]\",\"jeq #0x800 +0 +2\",");
	give_back(&sk);
}

static void filters_of_every_length(void **state)
{
	(void)state;
	for (size_t length = 0; length <= sizeof(program); length++) {
		struct nlmsghdr *nlh = start_packet();
		bool any = length >= sizeof(program[0]);
		struct socket sk;
		struct seen seen;

		diag_attr(nlh, PACKET_DIAG_FILTER, program, length);
		sk = take(&family_packet, nlh);
		/* An empty attribute: the kernel does not tell those without CAP_NET_ADMIN. */
		seen = look(&sk, details_bpf, any ? DETAILS_GIVEN : DETAILS_UNKNOWN);
		if (any)
			expect(&seen, "instructions", length / sizeof(program[0]));
		text_of(&sk, cell_bpf, false);
		give_back(&sk);
	}
}

static void no_filter_is_none(void **state)
{
	struct socket sk = take(&family_packet, start_packet());

	(void)state;
	look(&sk, details_bpf, DETAILS_NONE);
	give_back(&sk);
	sk = take(&family_tcp, start(STATE_ESTABLISHED));
	look(&sk, details_bpf, DETAILS_NONE);
	give_back(&sk);
}

/* ---- names ---- */

/* Reads a file into memory that the caller frees. */
static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	if (!f)
		fail_msg("cannot open %s", path);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || !is_word_char(at[-1])) && !is_word_char(at[len]))
			return true;
	return false;
}

static void name_is_in(void *ctx, const char *group, const struct detail *what)
{
	if (!has_word(ctx, what->key))
		fail_msg("the manual page lacks %s of %s", what->key, group);
}

static void the_manual_names_every_value(void **state)
{
	const char *top = getenv("TOP_SRCDIR");
	char path[4096];
	char *page, *details;

	(void)state;
	if (!top)
		skip();
	snprintf(path, sizeof(path), "%s/man/lingerstat.8", top);
	page = read_file(path);
	details = strstr(page, "\n.Ss Details\n");
	assert_non_null(details);
	*strstr(details + 1, "\n.Ss ") = '\0';
	details_names(name_is_in, details);
	free(page);
}

/* A key says its unit. */
static void key_ends_with_unit(void *ctx, const char *group, const struct detail *what)
{
	const char *suffix = detail_unit_suffix(what->unit);
	size_t len = strlen(what->key), end = strlen(suffix);

	(void)group;
	++*(size_t *)ctx;
	if (what->unit == UNIT_BYTES && strncmp(what->key, "bytes_", 6) == 0)
		return;
	if (len <= end || strcmp(what->key + len - end, suffix) != 0)
		fail_msg("%s does not end with %s", what->key, suffix);
}

static void keys_say_their_units(void **state)
{
	size_t count = 0;

	(void)state;
	details_names(key_ends_with_unit, &count);
	assert_true(count > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_every_length),
		cmocka_unit_test(memory_that_is_not_there),
		cmocka_unit_test(timers_have_names),
		cmocka_unit_test(the_record_is_told),
		cmocka_unit_test(directions_are_a_list),
		cmocka_unit_test(unix_files_and_waiting_connections),
		cmocka_unit_test(switches_of_every_length),
		cmocka_unit_test(marks_of_what_is_sent),
		cmocka_unit_test(filters_are_written_out),
		cmocka_unit_test(filters_of_every_length),
		cmocka_unit_test(no_filter_is_none),
		cmocka_unit_test(the_manual_names_every_value),
		cmocka_unit_test(keys_say_their_units),
	};

	return cmocka_run_group_tests_name("details", tests, NULL, NULL);
}
