/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each member that the BPF programs ask for (guarded.h) by itself: on a kernel that lacks it, has
 * it as something else, or has it elsewhere. Only what that member tells is then unknown, all else
 * is as it was; and what a program cannot do without keeps it from being loaded (test_fallback.c
 * has the rest).
 */
#include "guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "relied.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RELIED_MOST  256

static struct scene scene;

/* What each program tells as it is. */
static union told whole[GUARDED_PROGRAMS];

/* ---- the kernel as it is: the test's own knowledge ---- */

#define ALL_KNOWN                                                                 \
	(OWNERS_KNOWS_LINGER | OWNERS_KNOWS_FILE_FLAGS | OWNERS_KNOWS_REUSEADDR | \
	 OWNERS_KNOWS_REUSEPORT | OWNERS_KNOWS_REPAIR | OWNERS_KNOWS_LINGER2 |    \
	 OWNERS_KNOWS_USER_TIMEOUT | OWNERS_KNOWS_ENDS)
#define ALL_ON                                                                                  \
	(OWNERS_LINGER_ON | OWNERS_REUSEADDR_ONE | OWNERS_REUSEPORT | OWNERS_LINGER2_NEGATIVE | \
	 SOCK_STREAM * OWNERS_TYPE_ONE)

static void the_owners_program_tells_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < TOLD_PAIRS; i++) {
		const struct owners_record *r = &whole[0].owners[i];
		const struct tcp_pair *pair = &scene.pairs[i];
		struct stat st;

		assert_return_code(fstat(pair->near, &st), errno);
		assert_int_equal(r->known, ALL_KNOWN);
		assert_int_equal(r->values, ALL_ON);
		assert_int_equal(r->inode, st.st_ino);
		assert_true(r->linger_ticks >= LINGER * 100 && r->linger_ticks % LINGER == 0);
		assert_int_equal(r->user_timeout_ms, USER_TIMEOUT);
		assert_int_equal(r->netns, scene.netns);
		assert_int_equal(r->family, pair->family);
		assert_int_equal(r->local_port, pair->near_port);
		assert_int_equal(r->peer_port, pair->far_port);
	}
}

static void the_others_tell_all(void **state)
{
	const union told *births = &whole[1], *spaces = &whole[2], *census = &whole[3];

	(void)state;
	assert_true(births->birth.cgroup != 0);
	assert_true(spaces->spaces.whole);
	assert_int_equal(spaces->spaces.own.inode, scene.netns);
	assert_int_equal(spaces->spaces.task.inode, scene.netns);
	for (size_t i = 0; i < TOLD_TABLES; i++)
		assert_int_equal(census->census.ends[i], CENSUS_WHOLE);
	assert_int_equal(census->census.counts[CENSUS_CONNECTIONS], 2 * TOLD_PAIRS);
	assert_int_equal(census->census.counts[CENSUS_LISTENERS], TOLD_PAIRS);
}

/* ---- kernels that are made up ---- */

static bool is_guarded(const struct guarded_program *program, const struct relied *r)
{
	for (size_t i = 0; i < program->count; i++)
		if (!strcmp(program->members[i].type, r->type) &&
		    !strcmp(program->members[i].member, r->member))
			return true;
	return false;
}

static bool is_relied(const struct relied *list, int count, const struct guarded *g)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(g->type, list[i].type) && !strcmp(g->member, list[i].member))
			return true;
	return false;
}

/* A program that asks for more than the table has, or for less, is not what the rest tests. */
static void no_member_is_forgotten(void **state)
{
	static struct relied relied[RELIED_MOST];
	int wrong = 0;

	(void)state;
	for (size_t p = 0; p < GUARDED_PROGRAMS; p++) {
		const struct guarded_program *program = &guarded_programs[p];
		int count = relied_of(program->by->object, relied, RELIED_MOST);

		assert_true(count > 0);
		for (int i = 0; i < count; i++) {
			if (is_guarded(program, &relied[i]))
				continue;
			wrong++;
			print_message("# %s asks for %s.%s, of which nothing is known here\n",
				      program->by->name, relied[i].type, relied[i].member);
		}
		for (size_t i = 0; i < program->count; i++) {
			const struct guarded *g = &program->members[i];

			if (is_relied(relied, count, g))
				continue;
			wrong++;
			print_message("# %s does not ask for %s.%s\n", program->by->name, g->type,
				      g->member);
		}
	}
	assert_int_equal(wrong, 0);
}

static bool kernel_has(const char *type, const char *member)
{
	const struct edit edit = { type, member, UNCHANGED, NULL };
	int fd = types_edited(&edit);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Whether this kernel's own ways make the program do without. */
static bool is_spared(const struct guarded *g)
{
	return (g->with_type && !kernel_has(g->with_type, g->with_member)) ||
	       (g->but_type && kernel_has(g->but_type, g->but_member));
}

static bool is_same(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(union told));
}

/* Whether a program tells what is left, and nothing else. Says what is wrong. */
static bool tells(size_t p, const struct guarded *g, enum change change, uint32_t lost)
{
	static const char *const words[] = {
		[MISSING] = "missing",  [NO_NUMBER] = "of another kind",
		[SHORT] = "shorter",    [SIGNED_SHORT] = "shorter and signed",
		[BITS] = "a bit field", [SMALLER] = "smaller",
	};
	const struct told_by *by = guarded_programs[p].by;
	const struct edit edit = { g->type, g->member, change, NULL };
	static union told seen, left;
	int err;

	memset(&seen, 0, sizeof(seen));
	err = by->tell(&scene, &edit, &seen);
	if (err == -ENOENT || err == -EOPNOTSUPP)
		return true;
	if (lost == LOST_ALL && err)
		return true;
	left = whole[p];
	if (lost != LOST_ALL)
		by->forget(&left, lost);
	if (lost != LOST_ALL && !err && is_same(&left, &seen))
		return true;
	print_message("# %s, %s.%s %s: %s\n", by->name, g->type, g->member, words[change],
		      err                ? strerror(-err)
		      : lost == LOST_ALL ? "told all the same"
					 : "told something else");
	return false;
}

static int count_wrong(enum change change, uint32_t (*lost)(const struct guarded *))
{
	int wrong = 0;

	for (size_t p = 0; p < GUARDED_PROGRAMS; p++) {
		for (size_t i = 0; i < guarded_programs[p].count; i++) {
			const struct guarded *g = &guarded_programs[p].members[i];

			if (lost(g) != UNASKED)
				wrong +=
					!tells(p, g, change, is_spared(g) ? LOST_NOTHING : lost(g));
		}
	}
	return wrong;
}

static uint32_t lost_some(const struct guarded *g)
{
	return g->missing == LOST_ALL ? UNASKED : g->missing;
}

static void one_missing_member_is_one_unknown(void **state)
{
	(void)state;
	assert_int_equal(count_wrong(MISSING, lost_some), 0);
}

static uint32_t lost_all(const struct guarded *g)
{
	return g->missing == LOST_ALL ? LOST_ALL : UNASKED;
}

static void what_cannot_be_done_without_is_refused(void **state)
{
	(void)state;
	assert_int_equal(count_wrong(MISSING, lost_all), 0);
}

static uint32_t lost_as_another_kind(const struct guarded *g)
{
	return *g->member ? g->missing : UNASKED;
}

/* A structure in the place of a number is no number. */
static void one_member_of_another_kind_is_one_unknown(void **state)
{
	(void)state;
	assert_int_equal(count_wrong(NO_NUMBER, lost_as_another_kind), 0);
}

static uint32_t lost_as_another_size(const struct guarded *g)
{
	return g->other;
}

/* Half as large, at the same place: the values here fit into that. It is read as it is, or nothing
 * is told that hangs on it. */
static void a_shorter_number_is_not_misread(void **state)
{
	(void)state;
	assert_int_equal(count_wrong(SHORT, lost_as_another_size), 0);
}

static uint32_t lost_as_signed(const struct guarded *g)
{
	return strcmp(g->member, "linger2") ? g->other : LOST_NOTHING;
}

static void a_signed_number_is_not_misread(void **state)
{
	(void)state;
	assert_int_equal(count_wrong(SIGNED_SHORT, lost_as_signed), 0);
}

static void a_bit_field_is_not_misread(void **state)
{
	(void)state;
	assert_int_equal(count_wrong(BITS, lost_as_another_size), 0);
}

/* The name of a process. */
static void what_is_smaller_is_not_copied(void **state)
{
	(void)state;
	assert_int_equal(count_wrong(SMALLER, lost_as_another_size), 0);
}

/* Where two have changed places, each is looked for where the kernel says that it is. */
static void a_member_is_looked_for_where_it_is(void **state)
{
	static const struct edit edit = { "sock_common", "skc_daddr", SWAPPED, "skc_rcv_saddr" };
	static const uint8_t near[4] = { 127, 0, 0, 2 }, far[4] = { 127, 0, 0, 1 };
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct owners_record before = { 0 }, after = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	memcpy(&address.sin_addr, near, sizeof(near));
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	memcpy(&address.sin_addr, far, sizeof(far));
	address.sin_port = htons(scene.pairs[0].far_port);
	assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(owners_of(NULL, &fd, 1, &before), 0);
	assert_return_code(owners_of(&edit, &fd, 1, &after), 0);
	assert_memory_equal(&before.local4, near, sizeof(near));
	assert_memory_equal(&before.peer4, far, sizeof(far));
	assert_memory_equal(&after.local4, far, sizeof(far));
	assert_memory_equal(&after.peer4, near, sizeof(near));
	assert_int_equal(after.local_port, before.local_port);
	assert_int_equal(after.inode, before.inode);
	close(fd);
}

static int set_up(void **state)
{
	int err = scene_open(&scene);

	(void)state;
	for (size_t p = 0; p < GUARDED_PROGRAMS && !err; p++)
		err = guarded_programs[p].by->tell(&scene, NULL, &whole[p]);
	return err;
}

static int tear_down(void **state)
{
	(void)state;
	scene_close(&scene);
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
		cmocka_unit_test(the_owners_program_tells_all),
		cmocka_unit_test(the_others_tell_all),
		cmocka_unit_test(no_member_is_forgotten),
		cmocka_unit_test(one_missing_member_is_one_unknown),
		cmocka_unit_test(what_cannot_be_done_without_is_refused),
		cmocka_unit_test(one_member_of_another_kind_is_one_unknown),
		cmocka_unit_test(a_shorter_number_is_not_misread),
		cmocka_unit_test(a_signed_number_is_not_misread),
		cmocka_unit_test(a_bit_field_is_not_misread),
		cmocka_unit_test(what_is_smaller_is_not_copied),
		cmocka_unit_test(a_member_is_looked_for_where_it_is),
	};

	harness_enter();
	if (cannot_run())
		return 0;
	return cmocka_run_group_tests_name("guards", tests, set_up, tear_down);
}
