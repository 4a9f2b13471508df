/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --net: another network namespace, by the number of a process in it, by path and by name. A
 * child holds a namespace whose loopback has another name than ours, and a listener bound to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define LOOP "loop9"

/* What the child tells of its namespace. */
struct there {
	pid_t pid;
	uint64_t netns;
	uint16_t port;
	uint32_t inode;
	int listener;
	int error; /* 0, or why there is no such namespace */
};

static struct there there;
static char by_pid[32], by_path[64];

static int rename_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	/* A device that is up keeps its name. */
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		err = -errno;
	strcpy(request.ifr_newname, LOOP);
	if (!err && ioctl(fd, SIOCSIFNAME, &request) < 0)
		err = -errno;
	strcpy(request.ifr_name, LOOP);
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (!err && ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int listen_on_loop(struct there *t)
{
	t->listener = tcp_listen(AF_INET, 0, &t->port);
	if (t->listener < 0)
		return t->listener;
	if (setsockopt(t->listener, SOL_SOCKET, SO_BINDTODEVICE, LOOP, strlen(LOOP)) < 0)
		return -errno;
	t->inode = inode_of(t->listener);
	return 0;
}

static uint64_t netns_of_this(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

static void __attribute__((noreturn)) live_there(int to_parent)
{
	struct there t = { .pid = getpid() };
	const char *why;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	t.error = namespace_enter(&why);
	if (!t.error)
		t.error = rename_loopback();
	if (!t.error)
		t.error = listen_on_loop(&t);
	t.netns = netns_of_this();
	if (write(to_parent, &t, sizeof(t)) != sizeof(t))
		_exit(1);
	for (;;)
		pause();
}

static int open_there(void)
{
	int ends[2];
	pid_t child;
	ssize_t got;

	if (pipe(ends) < 0)
		return -errno;
	child = fork();
	if (child == 0)
		live_there(ends[1]);
	close(ends[1]);
	got = read(ends[0], &there, sizeof(there));
	close(ends[0]);
	if (got != sizeof(there) || there.error)
		return there.error ? there.error : -EIO;
	snprintf(by_pid, sizeof(by_pid), "%d", there.pid);
	snprintf(by_path, sizeof(by_path), "/proc/%d/ns/net", there.pid);
	return 0;
}

/* The one row there is, by each way to name the namespace. */
static void check_there(const char *word)
{
	struct listing listing;
	json_t *row;

	assert_int_equal(harness_list(&listing, "-l", "-t", "-N", word, NULL), 0);
	if (listing.status != 0)
		print_message("# %s", listing.errors);
	assert_int_equal(listing.status, 0);
	assert_int_equal(json_array_size(listing.rows), 1);
	row = json_array_get(listing.rows, 0);
	check_row(row, row_is_int(row, "local.port", there.port));
	check_row(row, row_is_int(row, "inode", there.inode));
	check_row(row, row_is_int(row, "netns", (int64_t)there.netns));
	check_row(row, row_is_text(row, "interface", LOOP));
	/* Owners are those of the whole machine. */
	check_row(row, row_has_holder(row, there.pid, there.listener));
	assert_true(row_is_int(listing.header, "netns", (int64_t)there.netns));
	listing_free(&listing);
}

static void a_process_names_its_namespace(void **state)
{
	(void)state;
	check_there(by_pid);
}

static void a_path_names_a_namespace(void **state)
{
	(void)state;
	check_there(by_path);
}

static void ours_stays_ours(void **state)
{
	struct listing listing;
	uint16_t port;
	int fd = tcp_listen(AF_INET, 0, &port);

	(void)state;
	assert_return_code(fd, 0);
	assert_int_equal(harness_list(&listing, "-l", "-t", NULL), 0);
	assert_int_equal(json_array_size(listing.rows), 1);
	assert_true(row_is_int(listing.header, "netns", (int64_t)netns_of_this()));
	listing_free(&listing);
	assert_int_equal(harness_list(&listing, "-l", "-t", "-N", "/proc/self/ns/net", NULL), 0);
	assert_int_equal(listing.status, 0);
	assert_int_equal(json_array_size(listing.rows), 1);
	listing_free(&listing);
	close(fd);
}

/* The device of a filter is looked up where the sockets are. */
static void a_filter_knows_the_devices_there(void **state)
{
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list(&listing, "-l", "-t", "-N", by_pid, "dev", LOOP, NULL), 0);
	assert_int_equal(listing.status, 0);
	assert_int_equal(json_array_size(listing.rows), 1);
	listing_free(&listing);
	assert_int_equal(harness_list(&listing, "-l", "-t", "dev", LOOP, NULL), 0);
	assert_int_equal(listing.status, 2);
	listing_free(&listing);
}

/* A /run/netns that only this test and what it runs can see. */
static bool make_names(const char *name)
{
	char path[64];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("lingerstat-test", "/run", "tmpfs", 0, NULL) < 0)
		return false;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	if (mkdir("/run/netns", 0755) < 0 || mknod(path, S_IFREG | 0444, 0) < 0)
		return false;
	return mount(by_path, path, NULL, MS_BIND, NULL) == 0;
}

static void refused(const char *word, const char *text)
{
	struct listing listing;

	assert_int_equal(harness_list(&listing, "-N", word, NULL), 0);
	assert_int_equal(listing.status, 2);
	if (!strstr(listing.errors, text))
		fail_msg("no '%s' in: %s", text, listing.errors);
	listing_free(&listing);
}

static void a_name_is_that_of_ip_netns(void **state)
{
	struct listing listing;

	(void)state;
	if (!make_names("blue")) {
		print_message("# no mount namespace of its own: %s\n", strerror(errno));
		skip();
	}
	check_there("blue");
	assert_int_equal(harness_list(&listing, "-l", "-t", "-N", "blue", NULL), 0);
	assert_true(row_is_text(listing.header, "netns_name", "blue"));
	assert_true(row_is_text(json_array_get(listing.rows, 0), "netns_name", "blue"));
	listing_free(&listing);
	assert_int_equal(harness_list(&listing, "-t", NULL), 0);
	assert_true(row_is_null(listing.header, "netns_name"));
	listing_free(&listing);
	refused("bleu", "no namespace 'bleu'; did you mean 'blue'?");
	refused("green", "no namespace 'green': neither a name in /run/netns");
}

static void an_unprivileged_user_is_told(void **state)
{
	const struct run_as nobody = { .uid = 65534 };
	const char *const args[] = { "-N", by_pid, NULL };
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list_as(&listing, &nobody, args), 0);
	assert_int_equal(listing.status, 1);
	assert_non_null(strstr(listing.errors, "--net: this user cannot enter"));
	assert_non_null(strstr(listing.errors, "sudo"));
	assert_null(strchr(strchr(listing.errors, '\n') + 1, '\n'));
	listing_free(&listing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_names_its_namespace),
		cmocka_unit_test(a_path_names_a_namespace),
		cmocka_unit_test(ours_stays_ours),
		cmocka_unit_test(a_filter_knows_the_devices_there),
		cmocka_unit_test(an_unprivileged_user_is_told),
		/* Last: it hides the machine's /run. */
		cmocka_unit_test(a_name_is_that_of_ip_netns),
	};
	int failed, err;

	harness_enter();
	err = open_there();
	if (err) {
		printf("Bail out! a second namespace: %s\n", strerror(-err));
		return 99;
	}
	failed = cmocka_run_group_tests_name("netns", tests, NULL, NULL);
	kill(there.pid, SIGKILL);
	waitpid(there.pid, NULL, 0);
	return failed;
}
