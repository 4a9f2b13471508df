/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the namespaces of --all-netns are called and counted: processes in namespaces of their own,
 * in control groups named as systemd and a container's runtime name them.
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

#include "groups.h"
#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define DEADLINE_MS 30000
#define PORT        20813
#define FILTER      "sport = 20813 or dport = 20813"
#define ID          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* One namespace each, with a process in the group, or none. */
static const struct {
	const char *group, *label;
	int connections, backlog;
} kinds[] = {
	{ "/system.slice/web.service", "web.service", 3, 4 },
	{ "/system.slice/docker-" ID ".scope", "docker:0123456789ab", 2, 9 },
	{ NULL, NULL, 1, 19 },
};

#define PLACES (sizeof(kinds) / sizeof(kinds[0]))

struct place {
	pid_t pid;
	uint64_t netns;
};

static struct place places[PLACES];

/* --- inhabitants --------------------------------------------------------------------------- */

static int set_up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = ioctl(fd, SIOCSIFFLAGS, &request);

	close(fd);
	return err;
}

/* Connections that nobody accepts: they wait in the queue. */
static int open_sockets(size_t kind)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, kinds[kind].backlog) < 0)
		return -1;
	for (int i = 0; i < kinds[kind].connections; i++)
		if (tcp_connect(AF_INET, PORT, 0) < 0)
			return -1;
	return tcp_wait_waiting(fd, (unsigned int)kinds[kind].connections);
}

static void __attribute__((noreturn)) live_there(size_t kind, int to_parent)
{
	struct stat st;
	uint64_t netns;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((kinds[kind].group && groups_enter(kinds[kind].group) < 0) ||
	    unshare(CLONE_NEWNET) < 0 || set_up_loopback() < 0 || open_sockets(kind) < 0 ||
	    stat("/proc/self/ns/net", &st) < 0)
		_exit(1);
	netns = st.st_ino;
	if (write(to_parent, &netns, sizeof(netns)) != sizeof(netns))
		_exit(1);
	for (;;)
		pause();
}

static int inhabit(size_t kind)
{
	struct place *place = &places[kind];
	int ends[2];
	bool told;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	place->pid = fork();
	if (place->pid == 0)
		live_there(kind, ends[1]);
	close(ends[1]);
	told = read(ends[0], &place->netns, sizeof(place->netns)) == sizeof(place->netns);
	close(ends[0]);
	return told ? 0 : -1;
}

static void end_places(void)
{
	for (size_t i = 0; i < PLACES; i++) {
		if (places[i].pid <= 0)
			continue;
		kill(places[i].pid, SIGKILL);
		waitpid(places[i].pid, NULL, 0);
	}
}

/* --- tests --------------------------------------------------------------------------------- */

static const char *label_of(size_t i, char room[32])
{
	if (kinds[i].label)
		return kinds[i].label;
	snprintf(room, 32, "%llu", (unsigned long long)places[i].netns);
	return room;
}

/* A line that begins with one word and ends with another. */
static bool has_line(const char *text, const char *begin, const char *end)
{
	size_t first = strlen(begin), last = strlen(end);

	for (const char *line = text; *line; line += line[strcspn(line, "\n")] == '\n') {
		size_t n = strcspn(line, "\n");

		while (n && line[n - 1] == ' ')
			n--;
		if (n >= first + last && strncmp(line, begin, first) == 0 &&
		    strncmp(line + n - last, end, last) == 0)
			return true;
		line += strcspn(line, "\n");
	}
	return false;
}

static void the_column_names_who_lives_there(void **state)
{
	const char *const words[] = { "lingerstat",  "list", "-l", "-t",
				      "--all-netns", "-n",   "-C", "state,recv-q,netns",
				      FILTER,        NULL };
	char room[32], begin[64];
	struct tool_run run;

	(void)state;
	assert_int_equal(tool_run(&run, words), 0);
	for (size_t i = 0; i < PLACES; i++) {
		snprintf(begin, sizeof(begin), "LISTEN");
		if (!has_line(run.output, begin, label_of(i, room)))
			fail_msg("no %s in: %s%s", room, run.output, run.errors);
	}
	tool_free(&run);
}

/* In JSON it stays the inode, and there is no name. */
static void json_has_the_inode(void **state)
{
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list(&listing, "-l", "-t", "--all-netns", FILTER, NULL), 0);
	for (size_t i = 0; i < PLACES; i++) {
		const json_t *row, *found = NULL;
		size_t k;

		json_array_foreach(listing.rows, k,
				   row) if (row_is_int(row, "netns", (int64_t)places[i].netns))
			found = row;
		assert_non_null(found);
		check_row(found, row_is_null(found, "netns_name"));
		check_row(found, row_is_int(found, "recv_queue", kinds[i].connections));
	}
	listing_free(&listing);
}

static json_t *summary_of(const char *first, const char *second)
{
	const char *const words[] = { "lingerstat",  "summary", "-j",  "-t",
				      "--all-netns", "--top",   "100", first,
				      second,        FILTER,    NULL };
	struct tool_run run;
	json_t *document, *summary;

	assert_int_equal(tool_run(&run, words), 0);
	document = json_loads(run.output, 0, NULL);
	if (!document)
		fail_msg("no JSON: %s%s", run.output, run.errors);
	summary = json_incref(json_object_get(document, "summary"));
	json_decref(document);
	tool_free(&run);
	return summary;
}

static json_t *item_with(const json_t *array, const char *key, int64_t value)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) if (row_is_int(item, key, value)) return item;
	fail_msg("no %s %lld", key, (long long)value);
	return NULL;
}

static void sockets_are_counted_by_namespace(void **state)
{
	json_t *summary = summary_of("--by", "netns");

	(void)state;
	for (size_t i = 0; i < PLACES; i++) {
		json_t *group = item_with(row_get(summary, "groups.largest"), "key",
					  (int64_t)places[i].netns);

		/* The listener, and both ends of each connection. */
		check_row(group, row_is_int(group, "sockets", 1 + 2 * kinds[i].connections));
		check_row(group, row_is_null(group, "netns_name"));
	}
	json_decref(summary);
}

static void each_has_limits_of_its_own(void **state)
{
	json_t *summary = summary_of("--sections", "ports,listeners,limits");

	(void)state;
	for (size_t i = 0; i < PLACES; i++) {
		json_t *item = item_with(row_get(summary, "ephemeral_ports.destinations"), "netns",
					 (int64_t)places[i].netns);

		check_row(item, row_is_int(item, "used", kinds[i].connections));
		item = item_with(row_get(summary, "listen_queues.fullest"), "netns",
				 (int64_t)places[i].netns);
		check_row(item, row_is_int(item, "waiting", kinds[i].connections));
		check_row(item, row_is_int(item, "fits", kinds[i].backlog + 1));
	}
	/* The fullest by its own limit: three of five. */
	check_row(summary, row_is_int(summary, "limits.listen_queue.used", 3));
	check_row(summary, row_is_int(summary, "limits.listen_queue.max", 5));
	json_decref(summary);
}

static void explain_says_which_namespace(void **state)
{
	const char *const words[] = { "lingerstat",  "explain", "-l",   "-t",
				      "--all-netns", "-n",      FILTER, NULL };
	char room[32], end[64];
	struct tool_run run;

	(void)state;
	assert_int_equal(tool_run(&run, words), 0);
	for (size_t i = 0; i < PLACES; i++) {
		snprintf(end, sizeof(end), "  in namespace %s", label_of(i, room));
		if (!has_line(run.output, "tcp LISTEN 127.0.0.1:20813 ", end))
			fail_msg("no '%s' in: %s%s", end, run.output, run.errors);
	}
	tool_free(&run);
}

/* Without BPF nobody knows of those that no file leads to, and the tool says so, once. */
static void what_cannot_be_seen_is_told(void **state)
{
	const struct run_as nobody = { .uid = 65534 };
	const char *const args[] = { "-l", "-t", "--all-netns", FILTER, NULL };
	const char *told, *what = "network namespaces that only a socket or an orphan keeps cannot "
				  "be seen without BPF; root can: sudo ";
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list_as(&listing, &nobody, args), 0);
	told = strstr(listing.errors, what);
	assert_non_null(told);
	assert_null(strstr(told + 1, what));
	listing_free(&listing);
}

static int run_all(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_column_names_who_lives_there),
		cmocka_unit_test(json_has_the_inode),
		cmocka_unit_test(sockets_are_counted_by_namespace),
		cmocka_unit_test(each_has_limits_of_its_own),
		cmocka_unit_test(explain_says_which_namespace),
		cmocka_unit_test(what_cannot_be_seen_is_told),
	};
	int result;

	harness_enter();
	for (size_t i = 0; i < PLACES; i++) {
		if (inhabit(i) == 0)
			continue;
		end_places();
		printf("Bail out! the namespaces of the test\n");
		return 99;
	}
	result = cmocka_run_group_tests_name("all_netns_views", tests, NULL, NULL);
	end_places();
	return result;
}

int main(void)
{
	return groups_run(run_all);
}
