/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups that do not come with a socket: of families whose dump tells none, and where the hierarchy
 * is not mounted or not all in sight. What is not known is unknown, and said once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup_places.h"
#include "groups.h"
#include "harness.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int open_listeners(void **state)
{
	static struct places places;

	(void)state;
	places_open(&places);
	return 0;
}

/* --- what cannot be seen ------------------------------------------------------------------- */

/* Runs `check` in a process of its own, in which it may fail as in any test. */
static void in_a_child(void (*check)(void))
{
	int status;
	pid_t child = fork();

	assert_return_code(child, errno);
	if (child == 0) {
		check();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static bool says(const struct listing *listing, const char *text)
{
	if (!strstr(listing->errors, text))
		print_message("# not there: '%s' in: %s\n", text, listing->errors);
	return strstr(listing->errors, text);
}

static bool all_unknown(const struct listing *listing)
{
	size_t n = json_array_size(listing->rows);

	for (size_t i = 0; i < n; i++) {
		json_t *row = json_array_get(listing->rows, i);

		if (!row_is_null(row, "cgroup") || !row_is_null(row, "unit") ||
		    !row_is_null(row, "container")) {
			row_print(row);
			return false;
		}
	}
	return n == (size_t)PLACES;
}

/* A failed cmocka assertion would go on as the parent: the exit status tells. */
#define demand(condition)                                            \
	do {                                                         \
		if (!(condition)) {                                  \
			print_message("# not so: %s\n", #condition); \
			_exit(1);                                    \
		}                                                    \
	} while (0)

static void check_without_hierarchy(void)
{
	struct listing listing;

	demand(groups_hide() == 0);
	demand(harness_list(&listing, "-l", "-t", "-C", "local,cgroup,unit,container", NULL) == 0);
	demand(listing.status == 0);
	demand(all_unknown(&listing));
	demand(says(&listing, "the cgroup v2 hierarchy is not mounted here"));
	listing_free(&listing);
	/* Not when nobody asked for it by name. */
	demand(harness_list(&listing, "-l", "-t", NULL) == 0);
	demand(all_unknown(&listing));
	demand(!strstr(listing.errors, "cgroup"));
	listing_free(&listing);
}

static void check_outside(void)
{
	const struct run_as nobody = { .uid = 65534 };
	const char *const args[] = { "-l", "-t", "-C", "cgroup,unit,container", NULL };
	struct listing listing;
	char told[64];

	demand(groups_enter("/inner") == 0);
	demand(unshare(CLONE_NEWCGROUP) == 0 && groups_hide() == 0);
	demand(mount("none", groups_root(), "cgroup2", 0, NULL) == 0);
	demand(harness_list(&listing, "-l", "-t", "-C", "cgroup,unit,container", NULL) == 0);
	demand(listing.status == 0);
	demand(all_unknown(&listing));
	snprintf(told, sizeof(told), "%zu sockets are outside this cgroup namespace",
		 (size_t)PLACES);
	demand(says(&listing, told));
	listing_free(&listing);
	/* A walk cannot tell the one from the other. */
	demand(harness_list_as(&listing, &nobody, args) == 0);
	demand(all_unknown(&listing));
	demand(says(&listing, "are removed, or outside this cgroup namespace"));
	listing_free(&listing);
}

static void without_the_hierarchy_all_is_unknown(void **state)
{
	(void)state;
	in_a_child(check_without_hierarchy);
}

static void outside_the_namespace_is_unknown(void **state)
{
	(void)state;
	in_a_child(check_outside);
}
/* --- other families ------------------------------------------------------------------------ */

/* Netlink sockets are listed once they have an address. */
static int address(int fd, int family)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };

	if (family == AF_NETLINK)
		assert_return_code(bind(fd, (const struct sockaddr *)&any, sizeof(any)), errno);
	return fd;
}

/* Of these sock_diag tells no group: BPF reads it. */
static void other_kinds_have_groups_too(void **state)
{
	static const struct {
		int family, type;
	} kinds[] = {
		{ AF_UNIX, SOCK_STREAM },
		{ AF_UNIX, SOCK_DGRAM },
		{ AF_NETLINK, SOCK_RAW },
		{ AF_PACKET, SOCK_DGRAM },
	};
	int fds[COUNT(kinds)][2];
	struct listing listing;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		fds[i][0] = address(
			groups_socket(place_path(PLACE_WEB), kinds[i].family, kinds[i].type),
			kinds[i].family);
		fds[i][1] = address(
			groups_socket(place_path(PLACE_DOCKER), kinds[i].family, kinds[i].type),
			kinds[i].family);
	}
	assert_int_equal(harness_list(&listing, "-a", "-x", "-0", "--netlink", NULL), 0);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		json_t *web = row_by_inode(&listing, inode_of(fds[i][0]));
		json_t *docker = row_by_inode(&listing, inode_of(fds[i][1]));

		/* Not every kernel lists all of these. */
		if (!web && !docker && listing.status == 3 && kinds[i].family != AF_UNIX) {
			print_message("# family %d: %s\n", kinds[i].family, listing.errors);
			continue;
		}
		if (!web || !docker)
			fail_msg("no row of family %d: %s", kinds[i].family, listing.errors);
		if (linger_by_bpf(&listing, &why)) {
			place_check(web, 0);
			place_check(docker, 2);
		} else {
			check_unknown(web);
			check_unknown(docker);
		}
		close(fds[i][0]);
		close(fds[i][1]);
	}
	listing_free(&listing);
}

/* The end that will be accepted is made by whoever connects. */
static void an_accepted_unix_socket_has_its_clients_group(void **state)
{
	int listener = groups_socket(WEB, AF_UNIX, SOCK_STREAM);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int client = groups_socket(CLIENT, AF_UNIX, SOCK_STREAM), server;
	socklen_t size = sizeof(name);
	struct listing listing;
	const char *why;
	json_t *row;

	(void)state;
	/* A name of the kernel's choice. */
	assert_return_code(bind(listener, (struct sockaddr *)&name, sizeof(sa_family_t)), errno);
	assert_return_code(listen(listener, 4), errno);
	assert_return_code(getsockname(listener, (struct sockaddr *)&name, &size), errno);
	/* This process connects, and is in neither group. */
	assert_return_code(connect(client, (struct sockaddr *)&name, size), errno);
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_return_code(server, errno);
	assert_int_equal(harness_list(&listing, "-a", "-x", NULL), 0);
	if (linger_by_bpf(&listing, &why)) {
		row = row_by_inode(&listing, inode_of(listener));
		check_text(row, "unit", "web.service");
		row = row_by_inode(&listing, inode_of(client));
		check_text(row, "unit", "client.service");
		row = row_by_inode(&listing, inode_of(server));
		check_text(row, "cgroup", "/");
	}
	listing_free(&listing);
	close(listener);
	close(client);
	close(server);
}
static int run_all(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_kinds_have_groups_too),
		cmocka_unit_test(an_accepted_unix_socket_has_its_clients_group),
		cmocka_unit_test(without_the_hierarchy_all_is_unknown),
		cmocka_unit_test(outside_the_namespace_is_unknown),
	};

	harness_enter();
	return cmocka_run_group_tests_name("cgroups_hidden", tests, open_listeners, NULL);
}

int main(void)
{
	return groups_run(run_all);
}
