/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cache of device names: nothing is asked of the kernel until a name is needed, then once.
 */
#include "config.h"

#include "unit/unit.h"

#include <dlfcn.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "enrich/links.h"

#define NO_SUCH_INDEX 0x7ffffff0

/* The library is loaded when a name is needed. How often, and whether it is to be had. */
static unsigned int loads;
static bool is_missing;

void *__real_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags)
{
	loads++;
	return is_missing ? NULL : __real_dlopen(name, flags);
}

static void nothing_is_asked_before_a_name_is_needed(void **state)
{
	struct links *links = links_new();

	(void)state;
	assert_non_null(links);
	assert_int_equal(links_fills(links), 0);
	/* Index 0 is "no device" and has no name to ask for. */
	assert_null(links_name(links, 0));
	assert_int_equal(links_fills(links), 0);
	assert_int_equal(loads, 0);
	links_free(links);
}

static void without_the_library_there_are_no_names(void **state)
{
	struct links *links = links_new();
	unsigned int before = loads;

	(void)state;
	assert_false(links_lack_library(links));
	is_missing = true;
	assert_null(links_name(links, 1));
	assert_true(links_lack_library(links));
	is_missing = false;
	assert_int_equal(loads, before + 1);
	assert_null(links_name(links, 1));
	assert_int_equal(loads, before + 1);
	assert_int_equal(links_fills(links), 0);
	links_free(links);
}

static void the_cache_is_filled_once(void **state)
{
	unsigned int loopback = if_nametoindex("lo");
	struct links *links = links_new();
	const char *name;

	(void)state;
	if (!loopback) {
		links_free(links);
		print_message("# this namespace has no device lo\n");
		skip();
	}
	name = links_name(links, loopback);
	assert_non_null(name);
	assert_string_equal(name, "lo");
	assert_int_equal(links_fills(links), 1);
	assert_null(links_name(links, NO_SUCH_INDEX));
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(links_name(links, loopback), name);
	assert_int_equal(links_fills(links), 1);
	links_free(links);
}

static void an_index_nobody_has_is_no_name(void **state)
{
	struct links *links = links_new();

	(void)state;
	assert_null(links_name(links, NO_SUCH_INDEX));
	assert_null(links_name(links, UINT32_MAX));
	assert_true(links_fills(links) <= 1);
	links_free(links);
}

/* No descriptor is left, so the kernel cannot be asked: no name, and no second attempt, not even
 * when there would be one again. */
static void a_failure_is_remembered(void **state)
{
	struct links *links = links_new();
	struct rlimit before, none;

	(void)state;
	assert_return_code(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	assert_return_code(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_null(links_name(links, 1));
	assert_return_code(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(links_fills(links), 0);
	assert_null(links_name(links, 1));
	assert_int_equal(links_fills(links), 0);
	links_free(links);
}

static void freeing_nothing_is_allowed(void **state)
{
	(void)state;
	links_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_asked_before_a_name_is_needed),
		cmocka_unit_test(without_the_library_there_are_no_names),
		cmocka_unit_test(the_cache_is_filled_once),
		cmocka_unit_test(an_index_nobody_has_is_no_name),
		cmocka_unit_test(a_failure_is_remembered),
		cmocka_unit_test(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
