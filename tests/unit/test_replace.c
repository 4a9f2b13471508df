/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are replaced whole: the new content, the mode, no trace of a run that gives up.
 */
#include "config.h"

#include "unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/replace.h"

/* A folder of the test's own, which is the working folder as long as the test runs. */
static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/lingerstat-replace.XXXXXX");

	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	char command[128];
	int err;

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	err = chdir("/") || system(command);
	free(*state);
	return err;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_content(const char *name, const char *text)
{
	char found[64] = "";
	FILE *f = fopen(name, "r");

	assert_non_null(f);
	found[fread(found, 1, sizeof(found) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(found, text);
}

static int files_here(void)
{
	DIR *dir = opendir(".");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void write_new(struct replacement *r, const char *text)
{
	assert_int_equal(write(r->fd, text, strlen(text)), (int)strlen(text));
}

static void gives_the_new_content_and_mode(void **state)
{
	struct replacement r;
	struct stat st;
	mode_t old = umask(077);

	(void)state;
	put("a.prom", "old");
	assert_int_equal(replace_open(&r, "a.prom", 0644), 0);
	write_new(&r, "new");
	assert_content("a.prom", "old"); /* until it is whole */
	assert_int_equal(replace_commit(&r), 0);
	umask(old);
	assert_content("a.prom", "new");
	assert_int_equal(stat("a.prom", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(files_here(), 1);
}

static void never_has_a_name_that_a_collector_reads(void **state)
{
	struct replacement r;
	size_t n;

	(void)state;
	assert_int_equal(replace_open(&r, "./b.prom", 0644), 0);
	n = strlen(r.temp);
	assert_int_equal(r.temp[0], '.');
	assert_true(n > 4 && strcmp(r.temp + n - 4, ".tmp") == 0);
	assert_int_equal(access(r.temp, F_OK), 0);
	replace_abandon(&r);
}

static void leaves_the_old_when_it_gives_up(void **state)
{
	struct replacement r;

	(void)state;
	put("c", "old");
	assert_int_equal(replace_open(&r, "c", 0644), 0);
	write_new(&r, "half");
	replace_abandon(&r);
	assert_content("c", "old");
	assert_int_equal(files_here(), 1);
	replace_abandon(&r); /* nothing is open any more */
}

static void does_not_follow_a_link(void **state)
{
	struct replacement r;
	struct stat st;

	(void)state;
	put("target", "theirs");
	assert_int_equal(symlink("target", "d"), 0);
	assert_int_equal(replace_open(&r, "d", 0644), 0);
	write_new(&r, "ours");
	assert_int_equal(replace_commit(&r), 0);
	assert_content("target", "theirs");
	assert_int_equal(lstat("d", &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void says_what_cannot_be(void **state)
{
	struct replacement r;
	char name[300];

	(void)state;
	assert_int_equal(replace_open(&r, "missing/e", 0644), -ENOENT);
	assert_int_equal(replace_open(&r, "", 0644), -EINVAL);
	assert_int_equal(replace_open(&r, "/", 0644), -EINVAL);
	assert_int_equal(replace_open(&r, "..", 0644), -EINVAL);
	put("plain", "");
	assert_int_equal(replace_open(&r, "plain/e", 0644), -ENOTDIR);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(replace_open(&r, name, 0644), -ENAMETOOLONG);
	/* A folder with the name: the rename fails, and nothing is left. */
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(replace_open(&r, "folder", 0644), 0);
	assert_true(replace_commit(&r) < 0);
	assert_int_equal(files_here(), 2);
}

/* The longest name that a file can have leaves no room for a suffix, so the temporary one is
 * shorter. */
static void takes_the_longest_name(void **state)
{
	struct replacement r;
	char name[NAME_MAX + 1];

	(void)state;
	memset(name, 'x', NAME_MAX);
	name[NAME_MAX] = '\0';
	assert_int_equal(replace_open(&r, name, 0600), 0);
	assert_int_equal(replace_commit(&r), 0);
	assert_int_equal(access(name, F_OK), 0);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(gives_the_new_content_and_mode),
		IN_FOLDER(never_has_a_name_that_a_collector_reads),
		IN_FOLDER(leaves_the_old_when_it_gives_up),
		IN_FOLDER(does_not_follow_a_link),
		IN_FOLDER(says_what_cannot_be),
		IN_FOLDER(takes_the_longest_name),
	};

	return cmocka_run_group_tests_name("replace", tests, NULL, NULL);
}
