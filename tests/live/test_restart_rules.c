/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of bind(), one by one, against the kernel: which addresses and devices overlap, which
 * options and users share a port, for TCP and UDP; and who keeps a listener whose program ends.
 * Each scene stands at a port of its own: one program holds the old sockets of all, this process
 * the others, the tool is asked once, the program ends, and each address is bound again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/if_tun.h>

#include "harness.h"
#include "takeover.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define FIRST_PORT 20000
#define SCENES_MAX 400
/* Of the tests behind the scenes: each its own, as what closed connections leave stays a minute. */
#define FAMILY_PORT 30001
#define SPACES_PORT 30002
#define CHECK_PORT  30003
#define OTHER_USER  65534
#define DEVICE      "lgtun0"

/* How a socket is bound. */
struct place {
	const char *address;
	int v6only;
	const char *device; /* NULL: none */
	uid_t user;
	unsigned int reuse;
};

struct scene {
	int type;
	struct place old, other;
	unsigned int now; /* options of the old one when the tool is asked */
	bool listens;     /* the other one, of TCP: it is bound and idle otherwise */
	uint16_t port;
	int old_fd, other_fd;
	uint32_t inode;
	struct restart_verdict verdict;
};

static struct scene scenes[SCENES_MAX];
static size_t n_scenes;

/* --- sockets --- */

static socklen_t make_address(const struct place *place, uint16_t port,
			      struct sockaddr_storage *address)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;

	memset(address, 0, sizeof(*address));
	if (strchr(place->address, ':')) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		assert_int_equal(inet_pton(AF_INET6, place->address, &v6->sin6_addr), 1);
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port);
	assert_int_equal(inet_pton(AF_INET, place->address, &v4->sin_addr), 1);
	return sizeof(*v4);
}

static int open_socket(const struct place *place, int type)
{
	bool v6 = strchr(place->address, ':');
	int fd;

	setfsuid(place->user);
	fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
	setfsuid(0);
	assert_return_code(fd, errno);
	if (v6)
		assert_return_code(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &place->v6only,
					      sizeof(place->v6only)),
				   errno);
	if (place->device)
		assert_return_code(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, place->device,
					      (socklen_t)strlen(place->device)),
				   errno);
	set_reuse(fd, place->reuse);
	return fd;
}

/* A bound socket, or a negative errno. */
static int open_bound(const struct place *place, int type, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(place, port, &address);
	int fd = open_socket(place, type), err;

	if (bind(fd, (struct sockaddr *)&address, length) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Where the two cannot stand beside each other the scene is none. */
static void add_scene(const struct scene *scene)
{
	struct scene s = *scene;

	assert_true(n_scenes < SCENES_MAX);
	s.port = (uint16_t)(FIRST_PORT + n_scenes);
	s.other_fd = open_bound(&s.other, s.type, s.port);
	assert_return_code(s.other_fd, -s.other_fd);
	s.old_fd = open_bound(&s.old, s.type, s.port);
	if (s.old_fd >= 0 && s.type == SOCK_STREAM && listen(s.old_fd, 4) < 0)
		drop_fd(&s.old_fd);
	if (s.old_fd >= 0 && s.listens && listen(s.other_fd, 4) < 0)
		drop_fd(&s.old_fd);
	if (s.old_fd < 0) {
		close(s.other_fd);
		return;
	}
	set_reuse(s.old_fd, s.now);
	s.inode = inode_of(s.old_fd);
	scenes[n_scenes++] = s;
}

/* --- the comparison --- */

static void ask_all(void)
{
	struct listing listing;

	assert_return_code(harness_list(&listing, "-l", "-t", "-u", "-C", "inode,restart", NULL),
			   0);
	assert_int_equal(listing.status, 0);
	for (size_t i = 0; i < n_scenes; i++) {
		json_t *row = row_by_inode(&listing, scenes[i].inode);

		assert_non_null(row);
		scenes[i].verdict = restart_of_row(row);
	}
	listing_free(&listing);
}

static bool works_now(const struct scene *s, unsigned int reuse)
{
	struct place place = s->old;
	int fd;

	place.reuse = reuse;
	fd = open_bound(&place, s->type, s->port);
	if (fd < 0) {
		assert_int_equal(fd, -EADDRINUSE);
		return false;
	}
	if (s->type == SOCK_STREAM && listen(fd, 4) < 0) {
		assert_int_equal(errno, EADDRINUSE);
		drop_fd(&fd);
		return false;
	}
	close(fd);
	return true;
}

static void put_place(char *text, size_t size, const struct place *p)
{
	snprintf(text, size, "%s%s%s%s uid %u options %u", p->address, p->v6only ? " v6only" : "",
		 p->device ? "%" : "", p->device ? p->device : "", (unsigned int)p->user, p->reuse);
}

static void complain(const struct scene *s, const char *what, int said, bool works)
{
	char old[120], other[120];

	put_place(old, sizeof(old), &s->old);
	put_place(other, sizeof(other), &s->other);
	fail_msg("%s, old %s (now %u), other %s%s: %s is said to %s (%s), but it %s",
		 s->type == SOCK_STREAM ? "TCP" : "UDP", old, s->now, other,
		 s->listens ? " listens" : "", what, said ? "work" : "fail", s->verdict.reason,
		 works ? "works" : "fails");
}

/* Returns whether everything was known. */
static bool compare(const struct scene *s)
{
	static const char *const names[BINDS] = { "a bind", "SO_REUSEADDR", "SO_REUSEPORT",
						  "both" };
	bool known = s->verdict.works >= 0;

	for (unsigned int with = 0; with < BINDS; with++) {
		int said = s->verdict.binds[with];
		bool works = works_now(s, with);

		known = known && said >= 0;
		if (said >= 0 && said != works)
			complain(s, names[with], said, works);
		if (with == s->now && s->verdict.works >= 0 && s->verdict.works != works)
			complain(s, "a restart", s->verdict.works, works);
	}
	return known;
}

/* Fails where more than so many are not known. */
static void run_scenes(size_t unknown_most)
{
	int *fds[SCENES_MAX];
	size_t unknown = 0;
	pid_t program;

	assert_true(n_scenes > 0);
	for (size_t i = 0; i < n_scenes; i++)
		fds[i] = &scenes[i].old_fd;
	program = hand_over(fds, n_scenes);
	ask_all();
	end_program(program);
	for (size_t i = 0; i < n_scenes; i++)
		unknown += !compare(&scenes[i]);
	for (size_t i = 0; i < n_scenes; i++)
		close(scenes[i].other_fd);
	print_message("# %zu scenes, %zu not known beforehand\n", n_scenes, unknown);
	n_scenes = 0;
	assert_true(unknown <= unknown_most);
}

/* A kernel before 6.8 lists no TCP socket that is bound and idle. */
static bool lists_bound(void)
{
	const struct place place = { .address = "127.0.0.1" };
	int fd = open_bound(&place, SOCK_STREAM, FIRST_PORT);
	struct listing listing;
	bool found;

	assert_return_code(fd, -fd);
	assert_return_code(harness_list(&listing, "-a", "-t", NULL), 0);
	found = row_by_inode(&listing, inode_of(fd)) != NULL;
	listing_free(&listing);
	close(fd);
	return found;
}

static void need_bound(int type)
{
	need_options();
	if (type == SOCK_DGRAM || lists_bound())
		return;
	print_message("# this kernel does not list sockets that are bound and idle\n");
	skip();
}

/* --- addresses and devices --- */

static bool have_device;

/* A device beside lo: of those that any kernel has, a tunnel needs no other end. */
static void make_device(void)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), DEVICE);
	have_device =
		fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0 && ioctl(fd, TUNSETPERSIST, 1) == 0;
	if (fd >= 0)
		close(fd);
	if (!have_device)
		print_message("# no second device: %s\n", strerror(errno));
}

static const struct place places[] = {
	{ "0.0.0.0", 0, NULL, 0, BIND_ADDR },
	{ "127.0.0.1", 0, NULL, 0, BIND_ADDR },
	{ "127.0.0.2", 0, NULL, 0, BIND_ADDR },
	{ "::", 0, NULL, 0, BIND_ADDR },
	{ "::", 1, NULL, 0, BIND_ADDR },
	{ "::1", 0, NULL, 0, BIND_ADDR },
	{ "::1", 1, NULL, 0, BIND_ADDR },
	{ "::ffff:0.0.0.0", 0, NULL, 0, BIND_ADDR },
	{ "::ffff:127.0.0.1", 0, NULL, 0, BIND_ADDR },
	{ "0.0.0.0", 0, "lo", 0, BIND_ADDR },
	{ "127.0.0.1", 0, "lo", 0, BIND_ADDR },
	{ "::", 0, "lo", 0, BIND_ADDR },
	{ "0.0.0.0", 0, DEVICE, 0, BIND_ADDR },
	{ "::", 0, DEVICE, 0, BIND_ADDR },
};

static bool is_possible(const struct place *place)
{
	return have_device || !place->device || strcmp(place->device, DEVICE) != 0;
}

/* The old one has shared the port and does so no more, so that only the overlap decides. */
static void places_overlap(void **state)
{
	int type = *(const int *)*state;

	need_bound(type);
	for (size_t i = 0; i < COUNT(places); i++)
		for (size_t k = 0; k < COUNT(places); k++)
			if (is_possible(&places[i]) && is_possible(&places[k]))
				add_scene(&(struct scene){ .type = type,
							   .old = places[i],
							   .other = places[k],
							   .now = BIND_PLAIN });
	run_scenes(0);
}

/* --- options and users --- */

static void options_share(void **state)
{
	int type = *(const int *)*state;

	need_bound(type);
	for (unsigned int i = 0; i < BINDS * BINDS * BINDS; i++)
		for (int k = 0; k < (type == SOCK_STREAM ? 4 : 2); k++) {
			struct scene scene = {
				.type = type,
				.old = { .address = "127.0.0.1", .reuse = i / BINDS / BINDS },
				.other = { .address = "127.0.0.1",
					   .reuse = i / BINDS % BINDS,
					   .user = k % 2 ? OTHER_USER : 0 },
				.now = i % BINDS,
				.listens = k / 2,
			};

			add_scene(&scene);
		}
	run_scenes(0);
}

/* --- who keeps it --- */

static uint32_t make_listener(int *fd, uint16_t port)
{
	const struct place place = { .address = "127.0.0.1" };

	*fd = open_bound(&place, SOCK_STREAM, port);
	assert_return_code(*fd, -*fd);
	assert_return_code(listen(*fd, 4), errno);
	return inode_of(*fd);
}

/* The first process of a PID namespace, and a child of it, hold what the test has open. */
struct family {
	pid_t starter; /* of the program, which it cannot be itself */
	pid_t program;
};

static void live_with_a_child(int ready)
{
	if (fork() == 0 && write(ready, "", 1) != 1)
		_exit(1);
	while (true)
		pause();
}

static void start_program(int ready, int numbers)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		_exit(1);
	pid = fork();
	if (pid == 0)
		live_with_a_child(ready);
	if (write(numbers, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	/* The two alone are to hold it. */
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		close(fd);
	waitpid(pid, NULL, 0);
	_exit(0);
}

static struct family start_family(int *listener)
{
	struct family family = { 0 };
	int ready[2], numbers[2];
	char answer;

	assert_return_code(pipe2(ready, O_CLOEXEC), errno);
	assert_return_code(pipe2(numbers, O_CLOEXEC), errno);
	family.starter = fork();
	assert_return_code(family.starter, errno);
	if (family.starter == 0)
		start_program(ready[1], numbers[1]);
	drop_fd(&ready[1]);
	drop_fd(&numbers[1]);
	drop_fd(listener);
	if (read(numbers[0], &family.program, sizeof(family.program)) != sizeof(family.program)) {
		print_message("# no PID namespace can be made\n");
		waitpid(family.starter, NULL, 0);
		skip();
	}
	assert_int_equal(read(ready[0], &answer, 1), 1);
	drop_fd(&ready[0]);
	drop_fd(&numbers[0]);
	return family;
}

/* What holds it, and how many times: the starter has closed its own by then. */
static struct restart_verdict ask_when_settled(uint32_t inode)
{
	int64_t end = now_ms() + WAIT_MS;
	struct restart_verdict v = ask_restart(inode);

	while (v.works != 1 && nap_before(end))
		v = ask_restart(inode);
	return v;
}

/* The kernel waits for all of a namespace before the first one is gone (zap_pid_ns_processes()). */
static void a_namespace_ends_with_its_first(void **state)
{
	const struct place place = { .address = "127.0.0.1" };
	struct restart_verdict v;
	struct family family;
	int listener, again;
	uint32_t inode;

	(void)state;
	need_options();
	inode = make_listener(&listener, FAMILY_PORT);
	family = start_family(&listener);
	v = ask_when_settled(inode);
	assert_return_code(kill(family.program, SIGKILL), errno);
	assert_int_equal(waitpid(family.starter, NULL, 0), family.starter);
	assert_int_equal(v.works, 1);
	assert_string_equal(v.reason, "free");
	again = open_bound(&place, SOCK_STREAM, FAMILY_PORT);
	assert_return_code(again, -again);
	close(again);
}

/* --- elsewhere --- */

/* A process with a listener in a network namespace of its own. */
static pid_t start_elsewhere(int *inodes)
{
	const struct place place = { .address = "127.0.0.1" };
	pid_t pid = fork();
	uint32_t inode;
	const char *why;
	int fd;

	assert_return_code(pid, errno);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (namespace_enter(&why) < 0)
		_exit(1);
	fd = open_bound(&place, SOCK_STREAM, SPACES_PORT);
	if (fd < 0 || listen(fd, 4) < 0)
		_exit(1);
	inode = inode_of(fd);
	if (write(inodes[1], &inode, sizeof(inode)) != sizeof(inode))
		_exit(1);
	while (true)
		pause();
}

/* What stands on the port here is in nobody's way there. */
static void namespaces_have_ports_of_their_own(void **state)
{
	int listener, near, far, inodes[2];
	struct restart_verdict here, there;
	uint32_t inode, other = 0;
	struct listing listing;
	pid_t elsewhere;

	(void)state;
	need_options();
	/* First, so that it inherits nothing. */
	assert_return_code(pipe2(inodes, O_CLOEXEC), errno);
	elsewhere = start_elsewhere(inodes);
	drop_fd(&inodes[1]);
	inode = make_listener(&listener, SPACES_PORT);
	assert_return_code(near = tcp_connect(AF_INET, SPACES_PORT, 0), 0);
	assert_return_code(far = tcp_accept(listener), 0);
	assert_int_equal(read(inodes[0], &other, sizeof(other)), sizeof(other));
	assert_return_code(
		harness_list(&listing, "--all-netns", "-l", "-t", "-C", "inode,restart", NULL), 0);
	assert_non_null(row_by_inode(&listing, inode));
	assert_non_null(row_by_inode(&listing, other));
	here = restart_of_row(row_by_inode(&listing, inode));
	there = restart_of_row(row_by_inode(&listing, other));
	listing_free(&listing);
	end_program(elsewhere);
	close(inodes[0]);
	close(listener);
	close(near);
	close(far);
	/* This program has both ends of the connection here. */
	assert_int_equal(here.works, -1);
	assert_string_equal(here.reason, "ending");
	assert_int_equal(there.works, 1);
	assert_string_equal(there.reason, "free");
}

/* --- check --- */

static void check_says(int status, const char *words)
{
	const char *const argv[] = { "lingerstat", "check", "-c", "restart_blocked=0", NULL };
	struct tool_run run;

	assert_return_code(tool_run(&run, argv), 0);
	if (run.status != status || !strstr(run.output, words))
		fail_msg("status %d: %s", run.status, run.output);
	tool_free(&run);
}

/* The namespace has these sockets and no others. */
static void check_names_who_is_in_the_way(void **state)
{
	char words[128], comm[16];
	int listener, near, far;
	pid_t program;

	(void)state;
	need_options();
	make_listener(&listener, CHECK_PORT);
	check_says(0, "restart_blocked 0 ");
	assert_return_code(near = tcp_connect(AF_INET, CHECK_PORT, 0), 0);
	assert_return_code(far = tcp_accept(listener), 0);
	program = hand_over((int *[]){ &listener }, 1);
	assert_return_code(prctl(PR_GET_NAME, comm), errno);
	snprintf(words, sizeof(words), "restart_blocked: 1 127.0.0.1:%d %s/%d: connection, %s/%d",
		 CHECK_PORT, comm, program, comm, getpid());
	check_says(2, "restart_blocked 1 (critical beyond 0)");
	check_says(2, words);
	end_program(program);
	close(near);
	close(far);
}

static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

#define TEST(name, test, i)                                          \
	{                                                            \
		name, test, NULL, NULL, (void *)(uintptr_t)&types[i] \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("TCP: addresses and devices that overlap", places_overlap, 0),
		TEST("UDP: addresses and devices that overlap", places_overlap, 1),
		TEST("TCP: options and users that share a port", options_share, 0),
		TEST("UDP: options and users that share a port", options_share, 1),
		cmocka_unit_test(a_namespace_ends_with_its_first),
		cmocka_unit_test(namespaces_have_ports_of_their_own),
		cmocka_unit_test(check_names_who_is_in_the_way),
	};

	harness_enter();
	make_device();
	return cmocka_run_group_tests_name("restart_rules", tests, NULL, NULL);
}
