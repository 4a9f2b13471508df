/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reader of the owners program makes of its records: of a pass that is made up.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bpf/owners_record.h"
#include "enrich/owners.h"
#include "unit/fake_bpf.h"

#ifdef WITH_BPF

#define TAKEN_MAX 16
#define TOLD                                                                      \
	(OWNERS_KNOWS_LINGER | OWNERS_KNOWS_FILE_FLAGS | OWNERS_KNOWS_REUSEADDR | \
	 OWNERS_KNOWS_REUSEPORT | OWNERS_KNOWS_REPAIR | OWNERS_KNOWS_LINGER2 |    \
	 OWNERS_KNOWS_USER_TIMEOUT)

/* What came out of a pass. */
struct taken {
	struct owner_record records[TAKEN_MAX];
	struct owner_ends ends[TAKEN_MAX];
	bool has_ends[TAKEN_MAX];
	size_t count, most; /* most: then the sink is full */
	unsigned int loaded;
	uint32_t hz;
	const char *stage;
};

static int take(void *ctx, const struct owner_record *record)
{
	struct taken *t = ctx;

	if (t->count == t->most)
		return -ENOMEM;
	t->records[t->count] = *record;
	t->has_ends[t->count] = record->ends;
	if (record->ends)
		t->ends[t->count] = *record->ends;
	t->count++;
	return 0;
}

static void note_loaded(void *ctx)
{
	unsigned int *loaded = ctx;

	++*loaded;
}

static int read_pass(struct taken *t)
{
	*t = (struct taken){ .most = TAKEN_MAX };
	return owners_bpf_read(take, t, note_loaded, &t->loaded, &t->hz, &t->stage);
}

static struct owners_record record_of(uint32_t pid, uint32_t fd)
{
	return (struct owners_record){
		.inode = 1000 + fd, .pid = pid, .tid = pid, .fd = fd, .comm = "server"
	};
}

static int begin(void **state)
{
	(void)state;
	fake_bpf_begin();
	return 0;
}

static void everything_of_a_socket_that_has_everything_on(void **state)
{
	struct owners_record raw = record_of(7, 3);
	const struct owner_options *o;
	struct taken t;

	(void)state;
	raw.known = TOLD;
	raw.values = OWNERS_LINGER_ON | 2 * OWNERS_REUSEADDR_ONE | OWNERS_REUSEPORT |
		     OWNERS_REPAIR | OWNERS_LINGER2_NEGATIVE;
	raw.linger_ticks = 1250;
	raw.file_flags = O_RDWR | O_NONBLOCK;
	raw.user_timeout_ms = 30000;
	fake_bpf_give(&raw, sizeof(raw));
	assert_int_equal(read_pass(&t), 0);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.loaded, 1);
	assert_int_equal(t.records[0].pid, 7);
	assert_int_equal(t.records[0].tid, 7);
	assert_int_equal(t.records[0].fd, 3);
	assert_int_equal(t.records[0].inode, 1003);
	assert_string_equal(t.records[0].comm, "server");
	assert_false(t.has_ends[0]);
	o = &t.records[0].options;
	assert_true(o->known && o->linger_on && o->linger_ticks);
	assert_int_equal(o->linger, 1250);
	assert_int_equal(o->nonblock, TRI_YES);
	assert_int_equal(o->reuseaddr, TRI_YES);
	assert_int_equal(o->reuseport, TRI_YES);
	assert_int_equal(o->repair, TRI_YES);
	assert_int_equal(o->linger2_negative, TRI_YES);
	assert_int_equal(o->user_timeout_ms, 30000);
}

/* Each option is its own: all others stay off. */
static void one_option_is_not_another(void **state)
{
	static const uint32_t values[] = { OWNERS_LINGER_ON, OWNERS_REUSEADDR_ONE, OWNERS_REUSEPORT,
					   OWNERS_REPAIR, OWNERS_LINGER2_NEGATIVE };
	struct taken t = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct owners_record raw = record_of(7, 3);
		const struct owner_options *o = &t.records[0].options;

		raw.known = TOLD;
		raw.values = values[i];
		fake_bpf_begin();
		fake_bpf_give(&raw, sizeof(raw));
		assert_int_equal(read_pass(&t), 0);
		assert_int_equal(o->linger_on, i == 0);
		assert_int_equal(o->reuseaddr, i == 1 ? TRI_YES : TRI_NO);
		assert_int_equal(o->reuseport, i == 2 ? TRI_YES : TRI_NO);
		assert_int_equal(o->repair, i == 3 ? TRI_YES : TRI_NO);
		assert_int_equal(o->linger2_negative, i == 4 ? TRI_YES : TRI_NO);
		assert_int_equal(o->nonblock, TRI_NO);
		assert_int_equal(o->user_timeout_ms, 0);
	}
}

static void what_the_kernel_lacks_is_unknown(void **state)
{
	struct owners_record raw = record_of(7, 3);
	const struct owner_options *o;
	struct taken t;

	(void)state;
	raw.values = UINT32_MAX; /* means nothing without its bit */
	raw.file_flags = O_NONBLOCK;
	raw.user_timeout_ms = 5;
	fake_bpf_give(&raw, sizeof(raw));
	assert_int_equal(read_pass(&t), 0);
	assert_int_equal(t.count, 1);
	o = &t.records[0].options;
	assert_false(o->known);
	assert_int_equal(o->nonblock, TRI_UNKNOWN);
	assert_int_equal(o->reuseaddr, TRI_UNKNOWN);
	assert_int_equal(o->reuseport, TRI_UNKNOWN);
	assert_int_equal(o->repair, TRI_UNKNOWN);
	assert_int_equal(o->linger2_negative, TRI_UNKNOWN);
	assert_int_equal(o->user_timeout_ms, UNKNOWN);
	/* Its own sockets were not met, so nothing tells how long a tick is. */
	assert_int_equal(t.hz, 0);
}

/* Addresses of both IP versions are in the record; those of the family count. */
static void ends_are_of_the_family(void **state)
{
	struct owners_record raw[3] = { record_of(7, 3), record_of(7, 4), record_of(7, 5) };
	struct in6_addr local6, peer6;
	struct taken t;

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &local6), 1);
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::2", &peer6), 1);
	for (size_t i = 0; i < COUNT(raw); i++) {
		raw[i].known = i < 2 ? OWNERS_KNOWS_ENDS : 0;
		raw[i].netns = 4026531840;
		raw[i].family = i ? AF_INET6 : AF_INET;
		raw[i].local_port = 80;
		raw[i].peer_port = 40000;
		raw[i].local4 = htonl(0x0a000001);
		raw[i].peer4 = htonl(0x0a000002);
		memcpy(raw[i].local6, &local6, sizeof(local6));
		memcpy(raw[i].peer6, &peer6, sizeof(peer6));
	}
	fake_bpf_give(raw, sizeof(raw));
	assert_int_equal(read_pass(&t), 0);
	assert_int_equal(t.count, 3);
	assert_true(t.has_ends[0] && t.has_ends[1]);
	assert_false(t.has_ends[2]);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(t.ends[i].netns, 4026531840);
		assert_int_equal(t.ends[i].local.port, 80);
		assert_int_equal(t.ends[i].peer.port, 40000);
	}
	assert_int_equal(t.ends[0].family, AF_INET);
	assert_int_equal(t.ends[0].local.addr.v4.s_addr, htonl(0x0a000001));
	assert_int_equal(t.ends[0].peer.addr.v4.s_addr, htonl(0x0a000002));
	assert_int_equal(t.ends[1].family, AF_INET6);
	assert_memory_equal(&t.ends[1].local.addr.v6, &local6, sizeof(local6));
	assert_memory_equal(&t.ends[1].peer.addr.v6, &peer6, sizeof(peer6));
}

/* It was reaped between two looks at it. */
static void a_process_without_a_number_is_left_out(void **state)
{
	const struct owners_record raw[] = { record_of(0, 3), record_of(7, 4) };
	struct taken t;

	(void)state;
	fake_bpf_give(raw, sizeof(raw));
	assert_int_equal(read_pass(&t), 0);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.records[0].fd, 4);
}

/* Threads whose first thread has ended each show the table that they share. */
static void a_table_that_threads_share_counts_once(void **state)
{
	struct owners_record raw[6];
	static const struct {
		uint32_t pid, tid, table;
	} seen[] = {
		{ 7, 8, 1 },  /* the first to be met with this table */
		{ 7, 9, 1 },  /* shares it */
		{ 7, 10, 2 }, /* has one of its own */
		{ 6, 8, 1 },  /* another process: the same number is another table */
		{ 7, 8, 1 },  /* the first again, with another descriptor */
		{ 7, 7, 1 },  /* a first thread is never left out */
	};
	static const uint32_t expected[] = { 0, 2, 3, 4, 5 };
	struct taken t;

	(void)state;
	for (size_t i = 0; i < COUNT(raw); i++) {
		raw[i] = record_of(seen[i].pid, (uint32_t)i);
		raw[i].tid = seen[i].tid;
		raw[i].table = seen[i].table;
	}
	fake_bpf_give(raw, sizeof(raw));
	assert_int_equal(read_pass(&t), 0);
	assert_int_equal(t.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_int_equal(t.records[i].fd, expected[i]);
}

static void a_read_may_end_inside_a_record(void **state)
{
	const struct owners_record raw[] = { record_of(7, 3), record_of(7, 4), record_of(7, 5) };
	struct taken t;

	(void)state;
	for (size_t cut = 1; cut < sizeof(raw); cut += 13) {
		fake_bpf_begin();
		fake_bpf_give(raw, cut);
		fake_bpf_give((const char *)raw + cut, sizeof(raw) - cut);
		assert_int_equal(read_pass(&t), 0);
		assert_int_equal(t.count, 3);
		for (uint32_t i = 0; i < 3; i++)
			assert_int_equal(t.records[i].fd, 3 + i);
	}
}

static void half_a_record_at_the_end_is_an_error(void **state)
{
	const struct owners_record raw = record_of(7, 3);
	struct taken t;

	(void)state;
	fake_bpf_give(&raw, sizeof(raw) - 1);
	assert_int_equal(read_pass(&t), -EIO);
	assert_string_equal(t.stage, "read");
	assert_int_equal(t.count, 0);
}

static void a_full_sink_ends_the_pass(void **state)
{
	const struct owners_record raw[] = { record_of(7, 3), record_of(7, 4) };
	struct taken t = { .most = 1 };

	(void)state;
	fake_bpf_give(raw, sizeof(raw));
	assert_int_equal(owners_bpf_read(take, &t, NULL, NULL, &t.hz, &t.stage), -ENOMEM);
	assert_string_equal(t.stage, "index");
	assert_int_equal(t.count, 1);
}

static void each_step_that_fails_is_named(void **state)
{
	static const struct {
		enum bpf_cmd command;
		const char *stage;
	} steps[] = {
		{ BPF_MAP_CREATE, "load" },    { BPF_MAP_UPDATE_ELEM, "load" },
		{ BPF_PROG_LOAD, "load" },     { BPF_PROG_TEST_RUN, "load" },
		{ BPF_LINK_CREATE, "attach" }, { BPF_ITER_CREATE, "create" },
	};
	unsigned int before = fake_bpf_descriptors();
	struct taken t;

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		fake_bpf_begin();
		fake_bpf_refuse(steps[i].command, EACCES);
		assert_int_equal(read_pass(&t), -EACCES);
		assert_string_equal(t.stage, steps[i].stage);
		assert_int_equal(t.loaded, 0);
		assert_int_equal(fake_bpf_descriptors(), before);
	}
	fake_bpf_begin();
	fake_bpf_break();
	assert_int_equal(read_pass(&t), -EBADF);
	assert_string_equal(t.stage, "read");
	assert_int_equal(t.loaded, 1);
	assert_int_equal(fake_bpf_descriptors(), before);
}

/* What was put in is the first iterator's; the second is empty, and open until it is closed. */
static void a_second_pass_is_ready(void **state)
{
	const struct owners_record raw = record_of(7, 3);
	unsigned int before = fake_bpf_descriptors();
	struct taken t = { .most = TAKEN_MAX };
	int again = -1;

	(void)state;
	fake_bpf_give(&raw, sizeof(raw));
	assert_int_equal(owners_bpf_read_first(take, &t, NULL, NULL, &t.hz, &t.stage, &again), 0);
	assert_int_equal(t.count, 1);
	assert_true(again >= 0);
	assert_int_equal(owners_bpf_read_again(again, take, &t), 0);
	assert_int_equal(t.count, 1);
	close(again);
	assert_int_equal(fake_bpf_descriptors(), before);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

#else

static void a_tool_without_bpf_says_so(void **state)
{
	const char *stage = NULL;
	uint32_t hz = 1;

	(void)state;
	assert_int_equal(owners_bpf_read(NULL, NULL, NULL, NULL, &hz, &stage), -EOPNOTSUPP);
	assert_string_equal(stage, "built without BPF");
	assert_int_equal(hz, 0);
	assert_int_equal(owners_bpf_read_again(-1, NULL, NULL), -EOPNOTSUPP);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef WITH_BPF
		TEST(everything_of_a_socket_that_has_everything_on),
		TEST(one_option_is_not_another),
		TEST(what_the_kernel_lacks_is_unknown),
		TEST(ends_are_of_the_family),
		TEST(a_process_without_a_number_is_left_out),
		TEST(a_table_that_threads_share_counts_once),
		TEST(a_read_may_end_inside_a_record),
		TEST(half_a_record_at_the_end_is_an_error),
		TEST(a_full_sink_ends_the_pass),
		TEST(each_step_that_fails_is_named),
		TEST(a_second_pass_is_ready),
#else
		cmocka_unit_test(a_tool_without_bpf_says_so),
#endif
	};

	return cmocka_run_group_tests_name("owners_bpf", tests, NULL, NULL);
}
