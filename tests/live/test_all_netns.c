/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --all-netns: a village of network namespaces, one for each thing that can keep one alive, with a
 * listener or an orphan in each. The rest of the machine has namespaces too, so only what the
 * test made itself is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
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
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define NAME "lingerstat-named"
#define PORT 20809 /* in each of them: they are apart */

/* What keeps a namespace alive. */
enum keeper {
	BY_PROCESS,
	BY_USER_NAMESPACE, /* a process in a user and a PID namespace of its own */
	BY_NAME,
	BY_DESCRIPTOR,
	BY_SOCKET, /* a descriptor of a socket in it, none of the namespace */
	BY_ORPHANS,
	KEEPERS,
};

/* One namespace, and what the test knows of it. */
struct place {
	uint64_t netns;
	uint32_t inode; /* of the listener; 0: there are orphans */
	pid_t pid;      /* of the process that lives there, 0: none does */
	int fds[2];     /* what this process keeps it by */
};

static struct place places[KEEPERS];
static int home = -1;

static uint64_t netns_of_this(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

static int set_loopback(bool up)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = up ? IFF_UP : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;

	close(fd);
	return err;
}

static int listen_here(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 8) < 0)
		return -errno;
	return fd;
}

static void __attribute__((noreturn)) live_there(int to_parent)
{
	struct place place = { 0 };
	int fd = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) == 0 && set_loopback(true) == 0)
		fd = listen_here();
	place.netns = netns_of_this();
	place.inode = fd < 0 ? 0 : inode_of(fd);
	if (write(to_parent, &place, sizeof(place)) != sizeof(place) || fd < 0)
		_exit(1);
	for (;;)
		pause();
}

/* A process's first child after unshare() is in the PID namespace; its parent, who is not, knows
 * its number. */
static void __attribute__((noreturn)) live_apart(int to_parent)
{
	int go[2];
	pid_t pid = -1;
	char none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pipe2(go, O_CLOEXEC) == 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0)
		pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &none, 1) == 0)
			live_there(to_parent);
	}
	if (pid <= 0 || write(to_parent, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	close(go[1]);
	for (;;)
		pause();
}

static bool get(int fd, void *into, size_t size)
{
	return read(fd, into, size) == (ssize_t)size;
}

static int inhabit(struct place *place, bool apart)
{
	int ends[2];
	pid_t pid;
	bool told;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0 && apart)
		live_apart(ends[1]);
	if (pid == 0)
		live_there(ends[1]);
	close(ends[1]);
	told = !apart || get(ends[0], &pid, sizeof(pid));
	told = told && get(ends[0], place, sizeof(*place));
	close(ends[0]);
	place->pid = pid;
	return told && place->inode ? 0 : -EIO;
}

/* A new namespace for a moment, and back: what was opened there is all that is left in it. */
static int visit(struct place *place)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	place->netns = netns_of_this();
	fd = set_loopback(true) ? -1 : listen_here();
	if (fd >= 0)
		place->inode = inode_of(fd);
	place->fds[0] = fd;
	return fd < 0 ? -EIO : 0;
}

static int come_home(void)
{
	return setns(home, CLONE_NEWNET) < 0 ? -errno : 0;
}

static int keep_by_name(struct place *place)
{
	int err = visit(place);

	/* A /run that only this test, and what it runs, can see. */
	if (!err &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	     mount("lingerstat-test", "/run", "tmpfs", 0, NULL) < 0 ||
	     mkdir("/run/netns", 0755) < 0 || mknod("/run/netns/" NAME, S_IFREG | 0444, 0) < 0 ||
	     mount("/proc/self/ns/net", "/run/netns/" NAME, NULL, MS_BIND, NULL) < 0))
		err = -errno;
	return err ? err : come_home();
}

static int keep_by_descriptor(struct place *place)
{
	int err = visit(place);

	place->fds[1] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return err ? err : come_home();
}

static int keep_by_socket(struct place *place)
{
	int err = visit(place);

	return err ? err : come_home();
}

/* Both ends closed while nothing gets through: each goes on trying for many minutes. */
static int keep_by_orphans(struct place *place)
{
	int err = visit(place), near, far;

	if (err)
		return err;
	near = tcp_connect(AF_INET, PORT, 0);
	err = near < 0 ? near : tcp_wait_waiting(place->fds[0], 1);
	far = err ? err : tcp_accept(place->fds[0]);
	if (far < 0)
		return far;
	err = set_loopback(false);
	close(near);
	close(far);
	drop_fd(&place->fds[0]);
	place->inode = 0;
	return err ? err : come_home();
}

static int build_village(void)
{
	int err = inhabit(&places[BY_PROCESS], false);

	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!err)
		err = inhabit(&places[BY_USER_NAMESPACE], true);
	for (int i = 0; i < KEEPERS; i++)
		places[i].fds[0] = places[i].fds[1] = -1;
	if (!err)
		err = keep_by_name(&places[BY_NAME]);
	if (!err)
		err = keep_by_descriptor(&places[BY_DESCRIPTOR]);
	if (!err)
		err = keep_by_socket(&places[BY_SOCKET]);
	return err ? err : keep_by_orphans(&places[BY_ORPHANS]);
}

/* So many rows of a namespace. */
static int rows_of(const struct listing *listing, const struct place *place)
{
	size_t i;
	json_t *row;
	int n = 0;

	json_array_foreach(listing->rows, i, row) n +=
		row_is_int(row, "netns", (int64_t)place->netns);
	return n;
}

static void list_all(struct listing *listing, const struct run_as *as)
{
	char words[32];
	const char *const args[] = { "-a", "-t", "--all-netns", words, NULL };

	snprintf(words, sizeof(words), "sport = %d or dport = %d", PORT, PORT);
	assert_int_equal(harness_list_as(listing, as, args), 0);
}

/* Every holder is this process's: those that keep a place by a descriptor are its own. */
static bool is_held_by(const json_t *row, pid_t pid)
{
	json_t *holders = row_get(row, "holders");

	return json_array_size(holders) == 1 && row_is_int(json_array_get(holders, 0), "pid", pid);
}

static void check_listener(const struct listing *listing, enum keeper keeper)
{
	const struct place *place = &places[keeper];
	json_t *row = row_by_inode(listing, place->inode);

	assert_int_equal(rows_of(listing, place), 1);
	check_row(row, row_is_int(row, "netns", (int64_t)place->netns));
	check_row(row, row_is_int(row, "local.port", PORT));
	check_row(row, is_held_by(row, place->pid ? place->pid : getpid()));
	if (keeper == BY_NAME)
		check_row(row, row_is_text(row, "netns_name", NAME));
	else
		check_row(row, row_is_null(row, "netns_name"));
}

/* Something else on the machine may have a namespace that ends in the midst of a run, and one that
 * nobody can enter: then the run says so. */
static void check_said(const struct listing *listing)
{
	const char *incomplete = strstr(listing->errors, "the list is incomplete");

	assert_int_equal(listing->status, incomplete ? 3 : 0);
	assert_int_equal(listing->bad_lines, 0);
	assert_true(json_is_true(row_get(listing->summary, "complete")) == !incomplete);
}

static bool knows_all(const struct listing *listing)
{
	const char *why;

	if (linger_by_bpf(listing, &why))
		return true;
	print_message("# no BPF here: %s\n", why);
	return false;
}

/* From 6.18 on the kernel's number of a namespace opens it. */
static bool kernel_has_handles(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 18);
}

static void each_namespace_is_listed_once(void **state)
{
	const struct run_as root = { 0 };
	struct listing listing;

	(void)state;
	list_all(&listing, &root);
	check_said(&listing);
	check_listener(&listing, BY_PROCESS);
	check_listener(&listing, BY_USER_NAMESPACE);
	check_listener(&listing, BY_NAME);
	check_listener(&listing, BY_DESCRIPTOR);
	listing_free(&listing);
}

/* Nothing but a socket keeps these; no file leads there. */
static void what_only_sockets_keep_is_listed_or_named(void **state)
{
	const struct run_as root = { 0 };
	struct listing listing;
	char inode[32];

	(void)state;
	list_all(&listing, &root);
	if (!knows_all(&listing)) {
		listing_free(&listing);
		skip();
	}
	if (kernel_has_handles()) {
		check_listener(&listing, BY_SOCKET);
		assert_int_equal(rows_of(&listing, &places[BY_ORPHANS]), 2);
	} else {
		assert_int_equal(listing.status, 3);
		snprintf(inode, sizeof(inode), "%llu",
			 (unsigned long long)places[BY_ORPHANS].netns);
		assert_non_null(strstr(listing.errors, inode));
	}
	listing_free(&listing);
}

/* What shows in files is found without BPF too. */
static void without_bpf_what_shows_is_listed(void **state)
{
	const struct run_as as = { .uid = 65534,
				   .ambient = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYS_PTRACE |
					      1ULL << CAP_DAC_READ_SEARCH };
	struct listing listing;

	(void)state;
	list_all(&listing, &as);
	check_said(&listing);
	check_listener(&listing, BY_PROCESS);
	check_listener(&listing, BY_USER_NAMESPACE);
	check_listener(&listing, BY_NAME);
	check_listener(&listing, BY_DESCRIPTOR);
	listing_free(&listing);
}

static void an_ordinary_user_is_told_what_is_missing(void **state)
{
	const struct run_as nobody = { .uid = 65534 };
	struct listing listing;

	(void)state;
	list_all(&listing, &nobody);
	assert_int_equal(listing.status, 3);
	assert_non_null(
		strstr(listing.errors, "the list is incomplete: the network namespaces of"));
	assert_non_null(strstr(listing.errors, "root can: sudo"));
	/* Where the processes are that cannot be seen is not known. */
	assert_null(strstr(listing.errors, "in which no process is"));
	assert_int_equal(rows_of(&listing, &places[BY_PROCESS]), 0);
	assert_true(json_is_false(row_get(listing.summary, "complete")));
	listing_free(&listing);
}

/* Namespaces come and go the whole time. */
static void __attribute__((noreturn)) come_and_go(int to_parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What this process inherited it would hold too. */
	for (int i = 0; i < KEEPERS; i++) {
		drop_fd(&places[i].fds[0]);
		drop_fd(&places[i].fds[1]);
	}
	close(to_parent);
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(unshare(CLONE_NEWNET) < 0);
		waitpid(pid, NULL, 0);
	}
}

static void one_that_ends_meanwhile_is_not_missed(void **state)
{
	const struct run_as root = { 0 };
	struct listing listing;
	int ends[2];
	pid_t pid;
	char none;

	(void)state;
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	pid = fork();
	if (pid == 0)
		come_and_go(ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &none, 1), 0);
	close(ends[0]);
	for (int i = 0; i < 3; i++) {
		list_all(&listing, &root);
		check_said(&listing);
		check_listener(&listing, BY_PROCESS);
		check_listener(&listing, BY_NAME);
		listing_free(&listing);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void refused(const char *option, const char *value, const char *text)
{
	struct listing listing;

	assert_int_equal(harness_list(&listing, "--all-netns", option, value, NULL), 0);
	assert_int_equal(listing.status, 2);
	if (!strstr(listing.errors, text))
		fail_msg("no '%s' in: %s", text, listing.errors);
	listing_free(&listing);
}

/* What a unit needs was once taken for what a device needs. */
static void a_unit_is_asked_of_every_namespace(void **state)
{
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list(&listing, "--all-netns", "unit = nothing", NULL), 0);
	if (listing.status == 2)
		fail_msg("%s", listing.errors);
	listing_free(&listing);
}

static void what_means_one_namespace_is_refused(void **state)
{
	(void)state;
	refused("--net", "/proc/self/ns/net", "--all-netns: '--net' names one namespace");
	refused("--linger", "getfd", "--all-netns: '--linger=getfd' touches what it reads");
	refused("dev", "lo", "--all-netns: 'dev' names a device of one namespace");
	refused("--read", "/dev/null", "--all-netns: a recording is listed as it is");
	refused("--events", "--tcp", "--all-netns: events come from one namespace");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_namespace_is_listed_once),
		cmocka_unit_test(what_only_sockets_keep_is_listed_or_named),
		cmocka_unit_test(without_bpf_what_shows_is_listed),
		cmocka_unit_test(an_ordinary_user_is_told_what_is_missing),
		cmocka_unit_test(one_that_ends_meanwhile_is_not_missed),
		cmocka_unit_test(a_unit_is_asked_of_every_namespace),
		cmocka_unit_test(what_means_one_namespace_is_refused),
	};
	int err;

	harness_enter();
	err = build_village();
	if (err) {
		printf("Bail out! the namespaces of the test: %s\n", strerror(-err));
		return 99;
	}
	return cmocka_run_group_tests_name("all_netns", tests, NULL, NULL);
}
