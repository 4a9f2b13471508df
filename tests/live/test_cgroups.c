/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose each socket is: control groups named as systemd and the runtimes name them, a process in
 * each that makes a socket, and the socket handed to this process, which is in none of them. The
 * groups are the root of a cgroup namespace, so that the paths begin as on a host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/netlink.h>
#include <mntent.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define DEADLINE_MS 30000
#define ID          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD         "8f5ddd81-1d3c-4d8f-9a39-1a2b3c4d5e6f"
#define POD_SLICE   "kubepods-burstable-pod8f5ddd81_1d3c_4d8f_9a39_1a2b3c4d5e6f.slice"
#define PODS        "/kubepods.slice/kubepods-burstable.slice/" POD_SLICE
#define WEB         "/system.slice/web.service"
#define CLIENT      "/system.slice/client.service"

static const struct {
	const char *path, *unit, *runtime, *id, *name, *pod_uid;
} places[] = {
	{ WEB, "web.service", NULL, NULL, NULL, NULL },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app.service",
	  "user@1000.service/app.service", NULL, NULL, NULL, NULL },
	{ "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "docker", ID, NULL, NULL },
	{ "/docker/" ID, NULL, "docker", ID, NULL, NULL },
	{ PODS "/cri-containerd-" ID ".scope", "cri-containerd-" ID ".scope", "containerd", ID,
	  NULL, POD },
	{ "/kubepods/burstable/pod" POD "/" ID, NULL, NULL, ID, NULL, POD },
	{ "/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", "podman", ID, NULL,
	  NULL },
	{ PODS "/crio-" ID ".scope", "crio-" ID ".scope", "crio", ID, NULL, POD },
	{ "/lxc.payload.web/system.slice/web.service", NULL, "lxc", NULL, "web", NULL },
	{ "/machine.slice/machine-my\\x2dweb.scope/payload", "machine-my\\x2dweb.scope", "nspawn",
	  NULL, "my-web", NULL },
	{ "/system.slice/docker-x.service", "docker-x.service", NULL, NULL, NULL, NULL },
};

static char root[] = "/tmp/lingerstat-cgroups-XXXXXX"; /* where the hierarchy is mounted */
static char base[PATH_MAX];                            /* the group that all of these are in */
static int listeners[COUNT(places)];
static uint16_t ports[COUNT(places)];

/* --- groups -------------------------------------------------------------------------------- */

static int make_path(char *path)
{
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Moves this process into a group, which is made. */
static int enter_group(const char *group)
{
	char path[PATH_MAX];
	int err, fd;

	snprintf(path, sizeof(path), "%s%s", root, group);
	err = make_path(path);
	if (err)
		return err;
	strncat(path, "/cgroup.procs", sizeof(path) - strlen(path) - 1);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, "0", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

static int send_fd(int to, int fd)
{
	char room[CMSG_SPACE(sizeof(fd))] = "", byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(to, &message, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int from)
{
	char room[CMSG_SPACE(sizeof(int))], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	int fd;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
		return -EIO;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* A socket that a process in `group` made and handed over before it ended. */
static int made_in(const char *group, int family, int type)
{
	int ends[2], fd;
	pid_t child;

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	child = fork();
	if (child == 0) {
		fd = enter_group(group) ? -1 : socket(family, type | SOCK_CLOEXEC, 0);
		_exit(fd < 0 || send_fd(ends[1], fd));
	}
	close(ends[1]);
	fd = receive_fd(ends[0]);
	close(ends[0]);
	waitpid(child, NULL, 0);
	if (fd < 0)
		fail_msg("no socket of %s", group);
	return fd;
}

static int socket_of(const char *group)
{
	return made_in(group, AF_INET, SOCK_STREAM);
}

static int listener_of(const char *group, uint16_t *port)
{
	int fd = socket_of(group);

	assert_return_code(listen(fd, 8), errno);
	*port = local_port(fd);
	return fd;
}

static int client_of(const char *group, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket_of(group);

	assert_return_code(connect(fd, (struct sockaddr *)&to, sizeof(to)), errno);
	return fd;
}

/* Its processes have ended; the kernel may need a moment to see that. */
static void remove_group(const char *group)
{
	int64_t end = now_ms() + DEADLINE_MS;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, group);
	while (rmdir(path) < 0 && nap_before(end))
		;
	assert_int_equal(access(path, F_OK), -1);
}

/* --- rows ---------------------------------------------------------------------------------- */

static void check_text(const json_t *row, const char *path, const char *text)
{
	check_row(row, text ? row_is_text(row, path, text) : row_is_null(row, path));
}

static void check_place(const json_t *row, size_t i)
{
	check_text(row, "cgroup", places[i].path);
	check_text(row, "unit", places[i].unit);
	if (!places[i].id && !places[i].name) {
		check_row(row, row_is_null(row, "container"));
		return;
	}
	check_text(row, "container.runtime", places[i].runtime);
	check_text(row, "container.id", places[i].id);
	check_text(row, "container.name", places[i].name);
	check_text(row, "container.pod_uid", places[i].pod_uid);
}

static void check_places(const struct listing *listing)
{
	assert_int_equal(listing->status, 0);
	for (size_t i = 0; i < COUNT(places); i++) {
		json_t *row = row_by_ports(listing, AF_INET, ports[i], 0);

		assert_non_null(row);
		check_place(row, i);
	}
}

static void check_unknown(const json_t *row)
{
	assert_non_null(row);
	check_row(row, row_is_null(row, "cgroup"));
	check_row(row, row_is_null(row, "unit"));
	check_row(row, row_is_null(row, "container"));
}

static void every_group_is_read(void **state)
{
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list(&listing, "-l", "-t", NULL), 0);
	check_places(&listing);
	listing_free(&listing);
}

/* Without CAP_DAC_READ_SEARCH the tree is walked: the same comes of it. */
static void an_unprivileged_user_sees_the_same(void **state)
{
	const struct run_as nobody = { .uid = 65534 };
	const char *const args[] = { "-l", "-t", NULL };
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list_as(&listing, &nobody, args), 0);
	check_places(&listing);
	listing_free(&listing);
}

static void a_filter_selects_them(void **state)
{
	static const struct {
		const char *word, *value;
		size_t place;
	} filters[] = {
		{ "unit", "web", 0 },         { "unit", "app.service", 1 },
		{ "container", "podman", 6 }, { "container", "lxc:web", 8 },
		{ "container", "my-web", 9 }, { "unit", "docker-x.service", 10 },
		{ "container", "?:" ID, 5 },
	};
	struct listing listing;

	(void)state;
	for (size_t i = 0; i < COUNT(filters); i++) {
		assert_int_equal(
			harness_list(&listing, "-l", "-t", filters[i].word, filters[i].value, NULL),
			0);
		assert_int_equal(json_array_size(listing.rows), 1);
		check_place(json_array_get(listing.rows, 0), filters[i].place);
		listing_free(&listing);
	}
}

/* --- who has a group ----------------------------------------------------------------------- */

/* An accepted socket is its listener's copy (sk_clone()), whoever accepts it. */
static void a_connection_has_its_listeners_group(void **state)
{
	int client = client_of(CLIENT, ports[0]), server;
	struct listing listing;
	uint16_t port = local_port(client);
	json_t *row;

	(void)state;
	/* Not accepted yet, it has no owner, and a group. */
	assert_int_equal(tcp_wait_waiting(listeners[0], 1), 0);
	assert_int_equal(harness_list(&listing, "-t", NULL), 0);
	row = row_by_ports(&listing, AF_INET, ports[0], port);
	check_row(row, row_is_int(row, "inode", 0));
	check_text(row, "unit", "web.service");
	row = row_by_ports(&listing, AF_INET, port, ports[0]);
	check_text(row, "unit", "client.service");
	listing_free(&listing);
	server = tcp_accept(listeners[0]);
	assert_return_code(server, errno);
	assert_int_equal(harness_list(&listing, "-t", NULL), 0);
	row = row_by_ports(&listing, AF_INET, ports[0], port);
	check_row(row, row_has_holder(row, getpid(), server));
	check_text(row, "unit", "web.service");
	listing_free(&listing);
	close(server);
	close(client);
}

static void an_orphan_keeps_its_group(void **state)
{
	int client = client_of(CLIENT, ports[0]), server = tcp_accept(listeners[0]);
	struct listing listing;
	uint16_t port = local_port(client);
	json_t *row;

	(void)state;
	assert_return_code(server, errno);
	assert_true(tcp_fill_to_zero_window(client) > 0);
	close(client);
	assert_int_equal(harness_list(&listing, "-a", "-t", NULL), 0);
	row = row_by_ports(&listing, AF_INET, port, ports[0]);
	check_text(row, "state", "fin_wait1");
	check_row(row, row_is_int(row, "inode", 0));
	check_text(row, "unit", "client.service");
	check_text(row, "cgroup", CLIENT);
	listing_free(&listing);
	close(server);
}

static void a_time_wait_has_none(void **state)
{
	int client = client_of(CLIENT, ports[0]), server = tcp_accept(listeners[0]);
	int64_t end = now_ms() + DEADLINE_MS;
	uint16_t port = local_port(client);
	struct listing listing;
	json_t *row;

	(void)state;
	assert_return_code(server, errno);
	close(client);
	assert_int_equal(tcp_wait_state(server, 8 /* CLOSE_WAIT */), 0);
	close(server);
	for (;;) {
		assert_int_equal(harness_list(&listing, "-a", "-t", NULL), 0);
		row = row_by_ports(&listing, AF_INET, port, ports[0]);
		if (row && row_is_text(row, "state", "time_wait"))
			break;
		listing_free(&listing);
		if (!nap_before(end))
			fail_msg("no TIME_WAIT came");
	}
	check_unknown(row);
	listing_free(&listing);
}

static void a_removed_group_is_unknown(void **state)
{
	uint16_t port;
	int fd = listener_of("/system.slice/gone.service", &port);
	struct listing listing;

	(void)state;
	remove_group("/system.slice/gone.service");
	assert_int_equal(harness_list(&listing, "-l", "-t", NULL), 0);
	assert_int_equal(listing.status, 0);
	check_unknown(row_by_ports(&listing, AF_INET, port, 0));
	check_places(&listing);
	listing_free(&listing);
	close(fd);
}

/* --- counts -------------------------------------------------------------------------------- */

static json_int_t sockets_of(const json_t *document, const char *key)
{
	const json_t *groups = row_get(document, "summary.groups.largest");

	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);

		if (key ? row_is_text(group, "key", key) : row_is_null(group, "key"))
			return json_integer_value(json_object_get(group, "sockets"));
	}
	return -1;
}

static json_t *summary_by(const char *key)
{
	const char *const argv[] = { "lingerstat", "summary", "-j",    "-t",        "--by", key,
				     "--top",      "100",     "state", "listening", NULL };
	struct tool_run run;
	json_t *document;

	assert_int_equal(tool_run(&run, argv), 0);
	assert_int_equal(run.status, 0);
	document = json_loads(run.output, 0, NULL);
	tool_free(&run);
	assert_non_null(document);
	return document;
}

static void a_summary_counts_them(void **state)
{
	json_t *units = summary_by("unit"), *containers = summary_by("container");

	(void)state;
	assert_int_equal(sockets_of(units, "web.service"), 1);
	assert_int_equal(sockets_of(units, "user@1000.service/app.service"), 1);
	assert_int_equal(sockets_of(units, NULL), 3);
	assert_int_equal(sockets_of(containers, "docker:" ID), 2);
	assert_int_equal(sockets_of(containers, "lxc:web"), 1);
	assert_int_equal(sockets_of(containers, NULL), 3);
	json_decref(units);
	json_decref(containers);
}

static void check_metrics(const char *top, const char *const lines[], size_t n)
{
	const char *const argv[] = { "lingerstat", "metrics", "--by", "unit", "--top", top, NULL };
	struct tool_run run;

	assert_int_equal(tool_run(&run, argv), 0);
	assert_int_equal(run.status, 0);
	for (size_t i = 0; i < n; i++)
		if (!strstr(run.output, lines[i]))
			fail_msg("no '%s' in: %s", lines[i], run.output);
	assert_null(strstr(run.output, ID));
	tool_free(&run);
}

#define LISTEN(unit, n) "lingerstat_unit_sockets{unit=\"" unit "\",state=\"listen\"} " n "\n"

/* Nothing that does not last is a label, and no more than were asked for. */
static void metrics_have_a_bounded_label(void **state)
{
	static const char *const all[] = { LISTEN("web.service", "1"),
					   LISTEN("user@.service/app.service", "1"),
					   LISTEN("container:docker", "2"),
					   LISTEN("container:lxc", "1"),
					   LISTEN("container", "1"),
					   LISTEN("other", "0"),
					   LISTEN("none", "0"),
					   LISTEN("unknown", "0") };
	static const char *const one[] = { LISTEN("container:docker", "2"), LISTEN("other", "9"),
					   "lingerstat_unit_close_risk_sockets{unit=\"other\"} " };

	(void)state;
	check_metrics("20", all, COUNT(all));
	check_metrics("1", one, COUNT(one));
}

/* --- what cannot be seen ------------------------------------------------------------------- */

/* Every cgroup2 mount that is in sight, the test's own with them. */
static int unmount_all(void)
{
	char *dirs[64];
	size_t n = 0;
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int err = 0;

	while (mounts && n < COUNT(dirs) && (m = getmntent(mounts)))
		if (strcmp(m->mnt_type, "cgroup2") == 0)
			dirs[n++] = strdup(m->mnt_dir);
	if (mounts)
		endmntent(mounts);
	while (n--) {
		if (umount2(dirs[n], MNT_DETACH) < 0)
			err = -errno;
		free(dirs[n]);
	}
	return err;
}

static int hide_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return unmount_all();
}

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
	return n == COUNT(places);
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

	demand(hide_mounts() == 0);
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

	demand(enter_group("/inner") == 0);
	demand(unshare(CLONE_NEWCGROUP) == 0 && hide_mounts() == 0);
	demand(mount("none", root, "cgroup2", 0, NULL) == 0);
	demand(harness_list(&listing, "-l", "-t", "-C", "cgroup,unit,container", NULL) == 0);
	demand(listing.status == 0);
	demand(all_unknown(&listing));
	snprintf(told, sizeof(told), "%zu sockets are outside this cgroup namespace",
		 COUNT(places));
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
		fds[i][0] = address(made_in(places[0].path, kinds[i].family, kinds[i].type),
				    kinds[i].family);
		fds[i][1] = address(made_in(places[2].path, kinds[i].family, kinds[i].type),
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
			check_place(web, 0);
			check_place(docker, 2);
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
	int listener = made_in(WEB, AF_UNIX, SOCK_STREAM);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int client = made_in(CLIENT, AF_UNIX, SOCK_STREAM), server;
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

/* --- setting up ---------------------------------------------------------------------------- */

static int skip_all(const char *what)
{
	printf("1..0 # SKIP no control groups of its own: %s: %s\n", what, strerror(errno));
	return 0;
}

static int open_listeners(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(places); i++)
		listeners[i] = listener_of(places[i].path, &ports[i]);
	return 0;
}

static int run_all(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_group_is_read),
		cmocka_unit_test(an_unprivileged_user_sees_the_same),
		cmocka_unit_test(a_filter_selects_them),
		cmocka_unit_test(a_summary_counts_them),
		cmocka_unit_test(metrics_have_a_bounded_label),
		cmocka_unit_test(a_connection_has_its_listeners_group),
		cmocka_unit_test(an_orphan_keeps_its_group),
		cmocka_unit_test(a_time_wait_has_none),
		cmocka_unit_test(other_kinds_have_groups_too),
		cmocka_unit_test(an_accepted_unix_socket_has_its_clients_group),
		cmocka_unit_test(a_removed_group_is_unknown),
		cmocka_unit_test(without_the_hierarchy_all_is_unknown),
		cmocka_unit_test(outside_the_namespace_is_unknown),
	};

	harness_enter();
	return cmocka_run_group_tests_name("cgroups", tests, open_listeners, NULL);
}

/* In the group that was made, which becomes all that there is. */
static int run_inside(void)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = enter_group(base + strlen(root));
	if (err) {
		errno = -err;
		return skip_all("entering one");
	}
	if (unshare(CLONE_NEWCGROUP) < 0)
		return skip_all("a cgroup namespace");
	err = hide_mounts();
	if (err) {
		errno = -err;
		return skip_all("unmounting the machine's");
	}
	if (mount("none", root, "cgroup2", 0, NULL) < 0)
		return skip_all("mounting the hierarchy in a namespace");
	return run_all();
}

/* The group that this process is in, as the hierarchy calls it. */
static void own_group(char *group, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];

	*group = '\0';
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "0::/", 4) == 0 && strncmp(line, "0::/..", 6) != 0)
			snprintf(group, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
	if (file)
		fclose(file);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_DP)
		rmdir(path);
	return 0;
}

static void remove_all(void)
{
	int64_t end = now_ms() + DEADLINE_MS;

	do
		nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	while (access(base, F_OK) == 0 && nap_before(end));
	umount2(root, MNT_DETACH);
	rmdir(root);
}

static int make_base(const char **why)
{
	char own[1024];

	*why = "a folder to mount at";
	if (!mkdtemp(root))
		return -1;
	*why = "a mount namespace";
	if (chmod(root, 0755) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	*why = "mounting the hierarchy";
	if (mount("none", root, "cgroup2", 0, NULL) < 0)
		return -1;
	own_group(own, sizeof(own));
	snprintf(base, sizeof(base), "%s%s/lingerstat-test-%d", root,
		 strcmp(own, "/") == 0 ? "" : own, getpid());
	*why = "making one";
	return mkdir(base, 0755);
}

int main(void)
{
	const char *why;
	int status, err;
	pid_t child;

	if (make_base(&why) < 0) {
		err = errno;
		umount2(root, MNT_DETACH);
		rmdir(root);
		errno = err;
		return skip_all(why);
	}
	fflush(stdout);
	child = fork();
	if (child == 0)
		exit(run_inside());
	if (child < 0 || waitpid(child, &status, 0) < 0)
		status = -1;
	remove_all();
	if (status >= 0 && WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("Bail out! the tests did not end: %#x\n", (unsigned int)status);
	return 99;
}
