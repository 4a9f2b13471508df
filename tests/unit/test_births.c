/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control groups that sockets were made in, from the records of a pass that is made up.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "bpf/births_record.h"
#include "enrich/births.h"
#include "model/socket.h"
#include "unit/fake_bpf.h"

#define MANY 3000

#ifdef WITH_BPF

static int begin(void **state)
{
	(void)state;
	fake_bpf_begin();
	return 0;
}

static struct births *read_births(void)
{
	struct births *births = NULL;

	assert_int_equal(births_read(&births), 0);
	assert_non_null(births);
	return births;
}

static void a_socket_has_the_group_that_it_was_made_in(void **state)
{
	const struct birth_record records[] = { { 10, 4026 }, { 11, 1 }, { UINT32_MAX, 7 } };
	struct births *births;

	(void)state;
	fake_bpf_give(records, sizeof(records));
	births = read_births();
	assert_int_equal(births_cgroup(births, 10), 4026);
	assert_int_equal(births_cgroup(births, 11), 1);
	assert_int_equal(births_cgroup(births, UINT32_MAX), 7);
	assert_int_equal(births_cgroup(births, 12), UNKNOWN);
	assert_int_equal(births_cgroup(births, 0), UNKNOWN);
	births_free(births);
}

static void of_an_empty_pass_nothing_is_known(void **state)
{
	struct births *births = read_births();

	(void)state;
	assert_int_equal(births_cgroup(births, 10), UNKNOWN);
	births_free(births);
}

/* Several descriptors lead to one socket, of several processes too. */
static void a_socket_may_come_again(void **state)
{
	const struct birth_record records[] = { { 10, 5 }, { 11, 6 }, { 10, 5 }, { 10, 5 } };
	struct births *births;

	(void)state;
	fake_bpf_give(records, sizeof(records));
	births = read_births();
	assert_int_equal(births_cgroup(births, 10), 5);
	assert_int_equal(births_cgroup(births, 11), 6);
	births_free(births);
}

/* UNKNOWN is below 0, and so would such an id be. */
static void an_id_beyond_63_bits_is_none(void **state)
{
	const struct birth_record records[] = { { 10, UINT64_MAX }, { 11, (uint64_t)INT64_MAX } };
	struct births *births;

	(void)state;
	fake_bpf_give(records, sizeof(records));
	births = read_births();
	assert_int_equal(births_cgroup(births, 10), UNKNOWN);
	assert_true(births_cgroup(births, 11) == INT64_MAX);
	births_free(births);
}

static void a_read_may_end_inside_a_record(void **state)
{
	const struct birth_record records[] = { { 10, 5 }, { 11, 6 }, { 12, 7 } };
	const char *bytes = (const char *)records;
	struct births *births;

	(void)state;
	for (size_t cut = 1; cut < sizeof(records); cut++) {
		fake_bpf_begin();
		fake_bpf_give(bytes, cut);
		fake_bpf_give(bytes + cut, sizeof(records) - cut);
		births = read_births();
		for (size_t i = 0; i < COUNT(records); i++)
			assert_int_equal(births_cgroup(births, (uint32_t)records[i].inode),
					 records[i].cgroup);
		births_free(births);
	}
}

static void finds_each_of_many(void **state)
{
	struct birth_record *records = calloc(MANY, sizeof(*records));
	struct births *births;

	(void)state;
	assert_non_null(records);
	for (uint32_t i = 0; i < MANY; i++)
		records[i] = (struct birth_record){ i * 7 + 1, i + 100 };
	fake_bpf_give(records, MANY * sizeof(*records));
	births = read_births();
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(births_cgroup(births, i * 7 + 1), i + 100);
		assert_int_equal(births_cgroup(births, i * 7 + 2), UNKNOWN);
	}
	births_free(births);
	free(records);
}

/* Nothing of a pass that failed is kept, and no descriptor. */
static void a_refusal_at_each_step_is_told(void **state)
{
	static const enum bpf_cmd steps[] = { BPF_MAP_CREATE,  BPF_MAP_UPDATE_ELEM,
					      BPF_PROG_LOAD,   BPF_PROG_TEST_RUN,
					      BPF_LINK_CREATE, BPF_ITER_CREATE };
	unsigned int before = fake_bpf_descriptors();

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct births *births = (struct births *)&before;

		fake_bpf_begin();
		fake_bpf_refuse(steps[i], EPERM);
		assert_int_equal(births_read(&births), -EPERM);
		assert_null(births);
		assert_int_equal(fake_bpf_descriptors(), before);
	}
}

static void a_pass_that_breaks_is_told(void **state)
{
	unsigned int before = fake_bpf_descriptors();
	struct births *births = (struct births *)&before;

	(void)state;
	fake_bpf_break();
	assert_int_equal(births_read(&births), -EBADF);
	assert_null(births);
	assert_int_equal(fake_bpf_descriptors(), before);
}

static void a_whole_pass_leaves_no_descriptor(void **state)
{
	const struct birth_record record = { 10, 5 };
	unsigned int before = fake_bpf_descriptors();

	(void)state;
	fake_bpf_give(&record, sizeof(record));
	births_free(read_births());
	assert_int_equal(fake_bpf_descriptors(), before);
}

#else

static int begin(void **state)
{
	(void)state;
	return 0;
}

static void a_tool_without_bpf_reads_none(void **state)
{
	struct births *births = (struct births *)&begin;

	(void)state;
	assert_int_equal(births_read(&births), -EOPNOTSUPP);
	assert_null(births);
	assert_int_equal(births_cgroup(births, 10), UNKNOWN);
}

#endif

static void freeing_nothing_is_allowed(void **state)
{
	(void)state;
	births_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef WITH_BPF
		TEST(a_socket_has_the_group_that_it_was_made_in),
		TEST(of_an_empty_pass_nothing_is_known),
		TEST(a_socket_may_come_again),
		TEST(an_id_beyond_63_bits_is_none),
		TEST(a_read_may_end_inside_a_record),
		TEST(finds_each_of_many),
		TEST(a_refusal_at_each_step_is_told),
		TEST(a_pass_that_breaks_is_told),
		TEST(a_whole_pass_leaves_no_descriptor),
#else
		TEST(a_tool_without_bpf_reads_none),
#endif
		TEST(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests_name("births", tests, NULL, NULL);
}
