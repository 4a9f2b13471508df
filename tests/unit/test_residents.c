/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a namespace is called after: /proc made up in a folder, with a process's cgroup file as
 * cgroups(7) has it on hosts of each kind.
 */
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enrich/residents.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char root[] = "/tmp/lingerstat-residents.XXXXXX";

static int make_root(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A process with that cgroup file; gives the inode of its namespace. */
static uint64_t make_process(unsigned int pid, const char *groups)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%u", root, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%u/ns", root, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%u/ns/net", root, pid);
	put(path, "");
	assert_int_equal(stat(path, &st), 0);
	snprintf(path, sizeof(path), "%s/%u/cgroup", root, pid);
	put(path, groups);
	return st.st_ino;
}

static void is_called(const char *groups, const char *name)
{
	struct intern texts = { 0 };
	const char *found = resident_name(&texts, root, 7, make_process(7, groups));

	if (!found != !name || (name && strcmp(found, name) != 0))
		fail_msg("%s is %s and should be %s", groups, found ? found : "none",
			 name ? name : "none");
	intern_free(&texts);
}

static void is_called_after_container_or_service(void **state)
{
	(void)state;
	is_called("0::/system.slice/web.service\n", "web.service");
	is_called("0::/system.slice/docker-" ID ".scope\n", "docker:0123456789ab");
	is_called("0::/lxc.payload.web\n", "lxc:web");
	is_called("0::/../../system.slice/docker-" ID ".scope/init\n", "docker:0123456789ab");
	/* Hybrid: units are systemd's own tree's, containers have a group in every tree. */
	is_called("12:memory:/x.slice/not-a-unit.service\n1:name=systemd:/system.slice/a.service\n"
		  "0::/\n",
		  "a.service");
	is_called("12:memory:/docker/" ID "\n1:name=systemd:/\n0::/\n", "docker:0123456789ab");
	is_called("1:name=systemd:/system.slice/docker.service\n0::/docker/" ID "\n",
		  "docker:0123456789ab");
}

static void is_called_after_nobody(void **state)
{
	(void)state;
	is_called("", NULL);
	is_called("0::/\n", NULL);
	is_called("0::/elsewhere\n", NULL);
	is_called("12:memory:/x.slice/not-a-unit.service\n", NULL);
	is_called("what is this\n:\n::\n0::\n0:\n\n", NULL);
}

static void only_of_a_process_that_lives_there(void **state)
{
	uint64_t netns = make_process(8, "0::/system.slice/web.service\n");
	struct intern texts = { 0 };

	(void)state;
	assert_non_null(resident_name(&texts, root, 8, netns));
	assert_null(resident_name(&texts, root, 8, netns + 1));
	assert_null(resident_name(&texts, root, 9, netns));
	assert_null(resident_name(&texts, root, 0, netns));
	/* The host's, whatever its unit. */
	netns = make_process(1, "0::/init.scope\n");
	assert_null(resident_name(&texts, root, 1, netns));
	intern_free(&texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_called_after_container_or_service),
		cmocka_unit_test(is_called_after_nobody),
		cmocka_unit_test(only_of_a_process_that_lives_there),
	};

	return cmocka_run_group_tests_name("residents", tests, make_root, remove_root);
}
