/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each guard of the BPF programs by itself: on a kernel that lacks one member, has it as something
 * else, or has it elsewhere. Only what that member tells is then unknown, all else is as it was;
 * and what a program cannot do without keeps it from being loaded (test_fallback.c has the rest).
 */
#include "guards.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/births_record.h"
#include "bpf/census_record.h"
#include "bpf/namespaces_record.h"
#include "bpf/owners_record.h"
#include "harness.h"
#include "tcp.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define ROOM          (64u << 20)
#define LINGER        5
#define USER_TIMEOUT  12345
#define ANY_STATE     0xfff
#define NOT_HERE(err) ((err) == -ENOENT)

/* Two connections with everything set that a pass could tell. */
static struct tcp_pair pairs[2];

static char *room;

static void set_number(int fd, int level, int option, int value)
{
	assert_return_code(setsockopt(fd, level, option, &value, sizeof(value)), errno);
}

static void enrich(int fd)
{
	assert_return_code(tcp_set_linger(fd, true, LINGER), 0);
	set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_number(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	set_number(fd, IPPROTO_TCP, TCP_LINGER2, -1);
	set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT);
}

/* ---- the owners ---- */

/* Whose bytes mean nothing: addresses of the other family. */
static void drop_other_family(struct owners_record *r)
{
	if (r->family == AF_INET6) {
		r->local4 = r->peer4 = 0;
		return;
	}
	memset(r->local6, 0, sizeof(r->local6));
	memset(r->peer6, 0, sizeof(r->peer6));
}

/* The records of these descriptors of this process on a kernel with that edit, at most two. */
static int owners_records_of(const struct edit *edit, const int *fds, size_t count,
			     struct owners_record *records)
{
	ssize_t got = guard_read(&object_owners, edit, NULL, room, ROOM);
	size_t found = 0;

	for (size_t at = 0; got > 0 && at + sizeof(*records) <= (size_t)got;
	     at += sizeof(*records)) {
		struct owners_record r;

		memcpy(&r, room + at, sizeof(r));
		for (size_t i = 0; i < count && r.pid == (uint32_t)getpid(); i++) {
			if (r.fd != (uint32_t)fds[i])
				continue;
			drop_other_family(&r);
			records[i] = r;
			found++;
		}
	}
	if (got < 0)
		return (int)got;
	return found == count ? 0 : -ESRCH;
}

/* What is left of a record without what those bits of `known` stand for. */
static void forget(struct owners_record *r, uint32_t lost)
{
	static const struct {
		uint32_t known, values;
		size_t from, size;
	} parts[] = {
		{ OWNERS_KNOWS_LINGER, OWNERS_LINGER_ON,
		  offsetof(struct owners_record, linger_ticks), sizeof(r->linger_ticks) },
		{ OWNERS_KNOWS_FILE_FLAGS, 0, offsetof(struct owners_record, file_flags),
		  sizeof(r->file_flags) },
		{ OWNERS_KNOWS_REUSEADDR, OWNERS_REUSEADDR, 0, 0 },
		{ OWNERS_KNOWS_REUSEPORT, OWNERS_REUSEPORT, 0, 0 },
		{ OWNERS_KNOWS_REPAIR, OWNERS_REPAIR, 0, 0 },
		{ OWNERS_KNOWS_LINGER2, OWNERS_LINGER2_NEGATIVE, 0, 0 },
		{ OWNERS_KNOWS_USER_TIMEOUT, 0, offsetof(struct owners_record, user_timeout_ms),
		  sizeof(r->user_timeout_ms) },
		{ OWNERS_KNOWS_ENDS, 0, offsetof(struct owners_record, netns),
		  sizeof(*r) - offsetof(struct owners_record, netns) },
	};

	r->known &= ~lost;
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (!(lost & parts[i].known))
			continue;
		r->values &= ~parts[i].values;
		memset((char *)r + parts[i].from, 0, parts[i].size);
	}
}

#define ALL_KNOWN                                                                 \
	(OWNERS_KNOWS_LINGER | OWNERS_KNOWS_FILE_FLAGS | OWNERS_KNOWS_REUSEADDR | \
	 OWNERS_KNOWS_REUSEPORT | OWNERS_KNOWS_REPAIR | OWNERS_KNOWS_LINGER2 |    \
	 OWNERS_KNOWS_USER_TIMEOUT | OWNERS_KNOWS_ENDS)
#define ALL_ON                                                                                  \
	(OWNERS_LINGER_ON | OWNERS_REUSEADDR_ONE | OWNERS_REUSEPORT | OWNERS_LINGER2_NEGATIVE | \
	 SOCK_STREAM * OWNERS_TYPE_ONE)

/* On the kernel as it is: the test's own knowledge. */
static void check_whole(const struct owners_record *r, const struct tcp_pair *pair)
{
	struct stat st;

	assert_return_code(fstat(pair->near, &st), errno);
	assert_int_equal(r->known, ALL_KNOWN);
	assert_int_equal(r->values, ALL_ON);
	assert_int_equal(r->inode, st.st_ino);
	assert_true(r->linger_ticks >= LINGER * 100 && r->linger_ticks % LINGER == 0);
	assert_int_equal(r->user_timeout_ms, USER_TIMEOUT);
	assert_int_equal(r->family, pair->family);
	assert_int_equal(r->local_port, pair->near_port);
	assert_int_equal(r->peer_port, pair->far_port);
}

/* A member, and what nobody can tell without it: of IPv4, and of IPv6. */
struct owners_guard {
	const char *type, *member;
	uint32_t lost, lost6;
};

#define GUARD(type, member, lost)         \
	{                                 \
		type, member, lost, lost, \
	}

static const struct owners_guard guards[] = {
	GUARD("file", "f_flags", OWNERS_KNOWS_FILE_FLAGS),
	GUARD("sock", "sk_lingertime", OWNERS_KNOWS_LINGER),
	GUARD("sock_common", "skc_flags", OWNERS_KNOWS_LINGER),
	GUARD("sock_common", "skc_reuse", OWNERS_KNOWS_REUSEADDR),
	GUARD("sock_common", "skc_reuseport", OWNERS_KNOWS_REUSEPORT),
	GUARD("tcp_sock", "repair", OWNERS_KNOWS_REPAIR),
	GUARD("tcp_sock", "linger2", OWNERS_KNOWS_LINGER2),
	GUARD("inet_connection_sock", "icsk_user_timeout", OWNERS_KNOWS_USER_TIMEOUT),
	GUARD("sock_common", "skc_net", OWNERS_KNOWS_ENDS),
	GUARD("ns_common", "inum", OWNERS_KNOWS_ENDS),
	{ "sock_common", "skc_v6_daddr", 0, OWNERS_KNOWS_ENDS },
	{ "sock", "sk_ino", 0, 0 }, /* the file's inode says the same */
};

/* What the program as it is says of both. */
static struct owners_record whole[COUNT(pairs)];

static void check_owners(const struct edit *edit, const uint32_t lost[COUNT(pairs)])
{
	const int fds[] = { pairs[0].near, pairs[1].near };
	struct owners_record seen[COUNT(pairs)];
	int err = owners_records_of(edit, fds, COUNT(pairs), seen);

	if (NOT_HERE(err)) {
		print_message("# this kernel has no %s.%s\n", edit->type, edit->member);
		return;
	}
	if (err)
		fail_msg("%s.%s: %s", edit->type, edit->member, strerror(-err));
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct owners_record left = whole[i];

		forget(&left, lost[i]);
		if (memcmp(&left, &seen[i], sizeof(left)) != 0)
			fail_msg("%s.%s: known %#x, not %#x; values %#x, not %#x", edit->type,
				 edit->member, seen[i].known, left.known, seen[i].values,
				 left.values);
	}
}

static void the_whole_program_tells_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		check_whole(&whole[i], &pairs[i]);
}

static void check_guards(enum change change)
{
	for (size_t i = 0; i < COUNT(guards); i++) {
		const struct owners_guard *g = &guards[i];
		const struct edit edit = { g->type, g->member, change, NULL };

		check_owners(&edit, (const uint32_t[]){ g->lost, g->lost6 });
	}
}

static void one_missing_member_is_one_unknown(void **state)
{
	(void)state;
	check_guards(MISSING);
}

/* A structure in the place of a number is no number. */
static void one_member_of_another_kind_is_one_unknown(void **state)
{
	(void)state;
	check_guards(NO_NUMBER);
}

/* Numbers of another size or sign, and bit fields: the values here fit into 16 bits. */
static void a_number_is_read_whatever_its_size_and_sign(void **state)
{
	static const struct edit edits[] = {
		{ "sock", "sk_lingertime", SHORT, NULL },
		{ "sock", "sk_lingertime", SIGNED_SHORT, NULL },
		{ "sock", "sk_lingertime", BITS, NULL },
		{ "inet_connection_sock", "icsk_user_timeout", SHORT, NULL },
		{ "inet_connection_sock", "icsk_user_timeout", SIGNED_SHORT, NULL },
		{ "inet_connection_sock", "icsk_user_timeout", BITS, NULL },
		{ "tcp_sock", "linger2", SIGNED_SHORT, NULL },
		{ "tcp_sock", "linger2", BITS, NULL },
		{ "file", "f_flags", SHORT, NULL },
		{ "sock_common", "skc_flags", SHORT, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(edits); i++)
		check_owners(&edits[i], (const uint32_t[]){ 0, 0 });
}

/* Where two have changed places, each is looked for where the kernel says that it is. */
static void a_member_is_looked_for_where_it_is(void **state)
{
	static const struct edit edit = { "sock_common", "skc_daddr", SWAPPED, "skc_rcv_saddr" };
	static const uint8_t near[4] = { 127, 0, 0, 2 }, far[4] = { 127, 0, 0, 1 };
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct owners_record before, after;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	memcpy(&address.sin_addr, near, sizeof(near));
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	memcpy(&address.sin_addr, far, sizeof(far));
	address.sin_port = htons(pairs[0].far_port);
	assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(owners_records_of(NULL, &fd, 1, &before), 0);
	assert_return_code(owners_records_of(&edit, &fd, 1, &after), 0);
	assert_memory_equal(&before.local4, near, sizeof(near));
	assert_memory_equal(&before.peer4, far, sizeof(far));
	assert_memory_equal(&after.local4, far, sizeof(far));
	assert_memory_equal(&after.peer4, near, sizeof(near));
	assert_int_equal(after.local_port, before.local_port);
	assert_int_equal(after.inode, before.inode);
	close(fd);
}

/* Nothing is told rather than something wrong. */
static void what_cannot_be_done_without_is_refused(void **state)
{
	static const struct {
		const struct object *object;
		struct edit edit;
	} cases[] = {
		{ &object_owners, { "socket", "sk", MISSING, NULL } },
		{ &object_owners, { "task_struct", "tgid", MISSING, NULL } },
		{ &object_owners, { "task_struct", "comm", MISSING, NULL } },
		{ &object_owners, { "sock_common", "skc_family", MISSING, NULL } },
		{ &object_owners, { "sock_common", "skc_dport", NO_NUMBER, NULL } },
		/* Read plainly: a signed number of another size would be misread. */
		{ &object_owners, { "file", "f_flags", SIGNED_SHORT, NULL } },
		{ &object_owners, { "sock_common", "skc_flags", SIGNED_SHORT, NULL } },
		{ &object_births, { "cgroup", "kn", MISSING, NULL } },
		{ &object_namespaces, { "net", "list", MISSING, NULL } },
		{ &object_namespaces, { "ns_common", "inum", MISSING, NULL } },
		{ &object_census, { "sock_common", "skc_hash", MISSING, NULL } },
		{ &object_census, { "inet_hashinfo", "ehash", MISSING, NULL } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bpf_object *object;
		int err = guard_load(cases[i].object, &cases[i].edit, &object);

		if (!err || NOT_HERE(err))
			fail_msg("without %s.%s: %d", cases[i].edit.type, cases[i].edit.member,
				 err);
	}
}

/* ---- the others ---- */

/* The control group of a socket's birth, 0: not told. */
static int birth_of(const struct edit *edit, int fd, uint64_t *cgroup)
{
	ssize_t got = guard_read(&object_births, edit, NULL, room, ROOM);
	struct birth_record record;
	struct stat st;

	*cgroup = 0;
	assert_return_code(fstat(fd, &st), errno);
	for (size_t at = 0; got > 0 && at + sizeof(record) <= (size_t)got; at += sizeof(record)) {
		memcpy(&record, room + at, sizeof(record));
		if (record.inode == st.st_ino)
			*cgroup = record.cgroup;
	}
	return got < 0 ? (int)got : 0;
}

static void without_its_member_no_birth_is_told(void **state)
{
	static const enum change changes[] = { MISSING, NO_NUMBER };
	struct edit edit = { "sock_cgroup_data", "cgroup", MISSING, NULL };
	uint64_t whole, seen;
	int ends[2];

	(void)state;
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	assert_return_code(birth_of(NULL, ends[0], &whole), 0);
	assert_true(whole != 0);
	for (size_t i = 0; i < COUNT(changes); i++) {
		edit.change = changes[i];
		assert_return_code(birth_of(&edit, ends[0], &seen), 0);
		assert_int_equal(seen, 0);
	}
	close(ends[0]);
	close(ends[1]);
}

/* Maps the one value of a program's only map of that name. */
static void *map_of(struct bpf_object *object, const char *name, size_t size)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_true(fd >= 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

static int namespaces_of(const struct edit *edit, struct namespace_list *copy)
{
	struct bpf_object *object;
	ssize_t got = guard_read(&object_namespaces, edit, &object, room, ROOM);
	struct namespace_list *list;

	if (got < 0)
		return (int)got;
	list = map_of(object, "namespaces", sizeof(*list));
	memcpy(copy, list, sizeof(*copy));
	munmap(list, sizeof(*list));
	bpf_object__close(object);
	return 0;
}

static bool has_inode(const struct namespace_list *list, uint32_t inode)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->items[i].inode == inode)
			return true;
	return false;
}

/* Its id only serves to open it later. */
static void without_ids_namespaces_are_told(void **state)
{
	static const struct edit edit = { "ns_common", "ns_id", MISSING, NULL };
	static struct namespace_list list;
	struct stat st;
	int err;

	(void)state;
	assert_return_code(stat("/proc/self/ns/net", &st), errno);
	assert_return_code(namespaces_of(NULL, &list), 0);
	assert_true(list.whole && has_inode(&list, (uint32_t)st.st_ino));
	err = namespaces_of(&edit, &list);
	if (NOT_HERE(err)) {
		print_message("# this kernel has no ns_common.ns_id\n");
		skip();
	}
	assert_return_code(err, 0);
	assert_true(list.whole && has_inode(&list, (uint32_t)st.st_ino));
	for (uint32_t i = 0; i < list.count; i++)
		assert_int_equal(list.items[i].id, 0);
}

/* How a census of that table ends, and how many sockets it has. */
static int census_of(const struct edit *edit, enum census_table table, uint32_t *count,
		     uint32_t *end)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct census_area *area;
	struct bpf_object *object;
	int err = guard_load(&object_census, edit, &object);

	*count = 0;
	if (err)
		return err;
	area = map_of(object, "area", sizeof(*area));
	area->table = table;
	area->states = ANY_STATE;
	do {
		err = bpf_prog_test_run_opts(
			bpf_program__fd(bpf_object__next_program(object, NULL)), &run);
		*count += area->count;
	} while (!err && (area->end == CENSUS_GOING || area->end == CENSUS_FULL));
	*end = area->end;
	munmap(area, sizeof(*area));
	bpf_object__close(object);
	return err;
}

static void check_census(enum census_table table, const struct edit *edit, uint32_t end)
{
	uint32_t count, ended;
	int err;

	assert_return_code(census_of(NULL, table, &count, &ended), 0);
	assert_int_equal(ended, CENSUS_WHOLE);
	err = census_of(edit, table, &count, &ended);
	if (NOT_HERE(err)) {
		print_message("# this kernel has no %s.%s\n", edit->type, edit->member);
		return;
	}
	assert_return_code(err, 0);
	assert_int_equal(ended, end);
	assert_int_equal(count, 0);
}

/* Where listeners hang by another node the census says that it is lost; a kernel whose buckets
 * have no such node lists no bound sockets, and there are none to count. */
static void a_census_does_without_its_member(void **state)
{
	static const enum change changes[] = { MISSING, NO_NUMBER };
	struct edit listeners = { "inet_listen_hashbucket", "nulls_head", MISSING, NULL };
	struct edit bound = { "inet_bind2_bucket", "bhash_node", MISSING, NULL };
	uint32_t count, end;

	(void)state;
	assert_return_code(census_of(NULL, CENSUS_LISTENERS, &count, &end), 0);
	assert_int_equal(count, COUNT(pairs));
	for (size_t i = 0; i < COUNT(changes); i++) {
		listeners.change = bound.change = changes[i];
		check_census(CENSUS_LISTENERS, &listeners, CENSUS_LOST);
		check_census(CENSUS_BOUND, &bound, CENSUS_WHOLE);
	}
}

static int set_up(void **state)
{
	int fds[COUNT(pairs)];

	(void)state;
	room = malloc(ROOM);
	if (!room || tcp_pair_open(&pairs[0], AF_INET, 0) || tcp_pair_open(&pairs[1], AF_INET6, 0))
		return -1;
	enrich(pairs[0].near);
	enrich(pairs[1].near);
	fds[0] = pairs[0].near;
	fds[1] = pairs[1].near;
	return owners_records_of(NULL, fds, COUNT(pairs), whole);
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		tcp_pair_close(&pairs[i]);
	free(room);
	return 0;
}

/* Says why none of this can be done here, where it cannot. */
static bool cannot_run(void)
{
	char nothing[1];
	ssize_t got = guard_read(&object_owners, NULL, NULL, nothing, 0);

	if (got < 0)
		printf("1..0 # SKIP a BPF program: %s\n", strerror((int)-got));
	return got < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_program_tells_all),
		cmocka_unit_test(one_missing_member_is_one_unknown),
		cmocka_unit_test(one_member_of_another_kind_is_one_unknown),
		cmocka_unit_test(a_number_is_read_whatever_its_size_and_sign),
		cmocka_unit_test(a_member_is_looked_for_where_it_is),
		cmocka_unit_test(what_cannot_be_done_without_is_refused),
		cmocka_unit_test(without_its_member_no_birth_is_told),
		cmocka_unit_test(without_ids_namespaces_are_told),
		cmocka_unit_test(a_census_does_without_its_member),
	};

	harness_enter();
	if (cannot_run())
		return 0;
	return cmocka_run_group_tests_name("guards", tests, set_up, tear_down);
}
