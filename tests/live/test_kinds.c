/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kinds of socket are listed: the words of -A and -f, kinds that this kernel lacks, and the
 * same rows as ss.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "openers.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* How many rows are of this kind. */
static int rows_of(const struct listing *listing, const char *netid)
{
	json_t *row;
	size_t i;
	int n = 0;

	json_array_foreach(listing->rows, i, row) n += row_is_text(row, "netid", netid);
	return n;
}

static void kinds_by_words(void **state)
{
	static const struct {
		const char *option, *value;
		int raw, packet, netlink; /* whether p_raw, p_dgr, nl are there */
	} rows[] = {
		{ "-A", "packet", 1, 1, 0 },        { "-A", "packet_raw", 1, 0, 0 },
		{ "-A", "p_dgr,netlink", 0, 1, 1 }, { "-A", "all", 1, 1, 1 },
		{ "-A", "all,!packet", 0, 0, 1 },   { "-A", "!netlink", 1, 1, 0 },
		{ "--query", "nl", 0, 0, 1 },       { "--socket", "inet,packet,!p_raw", 0, 1, 0 },
		{ "-f", "link", 1, 1, 0 },          { "-f", "netlink", 0, 0, 1 },
		{ "-f", "unix", 0, 0, 0 },
	};
	int raw = open_packet(SOCK_RAW, OWN_TYPE, "lo");
	int dgram = open_packet(SOCK_DGRAM, OWN_TYPE, "lo");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct listing listing;

		assert_return_code(harness_list(&listing, rows[i].option, rows[i].value, NULL),
				   errno);
		if (listing.status != 0 || rows_of(&listing, "p_raw") != rows[i].raw ||
		    rows_of(&listing, "p_dgr") != rows[i].packet ||
		    (rows_of(&listing, "nl") > 0) != rows[i].netlink)
			fail_msg("%s %s: status %d, %s", rows[i].option, rows[i].value,
				 listing.status, listing.errors);
		listing_free(&listing);
	}
	close(dgram);
	close(raw);
}

static bool is_missing(const struct listing *all, const char *netid)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(all->header, "missing"), i,
			   one) if (strcmp(json_string_value(one), netid) == 0) return true;
	return false;
}

/* What this kernel lacks is in the header of a list of all, which is no error; asked for by name
 * it is one, said once. What it has is none. */
static void kinds_that_the_kernel_lacks(void **state)
{
	static const struct {
		const char *option, *netid;
	} rows[] = {
		{ "-t", "tcp" },
		{ "-M", "mptcp" },
		{ "-u", "udp" },
		{ "-w", "raw" },
		{ "-S", "sctp" },
		{ "-d", "dccp" },
		{ "-x", "u_str" },
		{ "-0", "p_raw" },
		{ "--netlink", "nl" },
		{ "--xdp", "xdp" },
		{ "--vsock", "v_str" },
		{ "--tipc", "ti_st" },
		{ "--udplite", "udplite" },
	};
	struct listing all, one;

	(void)state;
	assert_return_code(harness_list(&all, "-A", "all", NULL), errno);
	assert_int_equal(all.status, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool missing = is_missing(&all, rows[i].netid);
		const char *said;

		assert_return_code(harness_list(&one, rows[i].option, NULL), errno);
		said = strstr(one.errors, "this kernel does not list");
		if (one.status != (missing ? 3 : 0) || (said != NULL) != missing ||
		    (said && strstr(said + 1, "this kernel does not list")) ||
		    is_missing(&one, rows[i].netid) != missing)
			fail_msg("%s: status %d, %s", rows[i].option, one.status, one.errors);
		listing_free(&one);
	}
	listing_free(&all);
}

/* ---- beside ss ---- */

/* The lines of a table without what differs between two programs: their own sockets of sock_diag
 * and their spaces. Sorted, one string. */
static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *normal_form(const char *text)
{
	char *copy = strdup(text), *lines[64], *result = calloc(1, strlen(text) + 64);
	size_t n = 0;

	for (char *line = strtok(copy, "\n"); line && n < COUNT(lines); line = strtok(NULL, "\n"))
		if (!strstr(line, " 4:"))
			lines[n++] = line;
	for (size_t i = 0; i < n; i++) {
		char *from = lines[i], *to = lines[i];

		for (; *from; from++)
			if (*from != ' ' || (to > lines[i] && to[-1] != ' '))
				*to++ = *from;
		while (to > lines[i] && to[-1] == ' ')
			to--;
		*to = '\0';
	}
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++) {
		strcat(result, lines[i]);
		strcat(result, "\n");
	}
	free(copy);
	return result;
}

static char *normal_output(const char *const argv[])
{
	struct tool_run run;
	char *text;

	assert_return_code(tool_run(&run, argv), errno);
	assert_int_equal(run.status, 0);
	text = normal_form(run.output);
	tool_free(&run);
	return text;
}

/* The two run one after the other: a frame that comes between them is no difference. */
static void same_as_ss(const char *const ss[], const char *const ours[])
{
	for (int left = 10;; left--) {
		char *theirs = normal_output(ss), *mine = normal_output(ours);
		bool same = *theirs && strcmp(mine, theirs) == 0;

		if (!same && !left)
			fail_msg("ss:\n%sours:\n%s", theirs, mine);
		free(theirs);
		free(mine);
		if (same)
			return;
	}
}

static bool have_ss(void)
{
	struct tool_run run;
	int err = tool_run(&run, (const char *const[]){ "ss", "-V", NULL });
	bool have = !err && run.status == 0;

	if (!err)
		tool_free(&run);
	return have;
}

#define COLUMNS "state,recv-q,send-q,local,peer"

/* In this namespace nobody else makes sockets, and these are still. */
static void the_same_as_ss(void **state)
{
	int fds[] = {
		open_packet(SOCK_RAW, ETH_P_IP, "lo"), open_packet(SOCK_DGRAM, ETH_P_ALL, "lo"),
		open_packet(SOCK_RAW, OWN_TYPE, NULL), open_netlink(OWN_PORT_ID, 0),
		open_socket(AF_INET, SOCK_RAW, 89),
	};

	(void)state;
	if (!have_ss()) {
		print_message("# SKIP ss is not installed\n");
		skip();
	}
	/* Asked for one kind of packet sockets, ss shows both. */
	same_as_ss((const char *const[]){ "ss", "-H", "-a", "-0", NULL },
		   (const char *const[]){ "lingerstat", "list", "-H", "-a", "-0", "-C",
					  "netid," COLUMNS, NULL });
	same_as_ss((const char *const[]){ "ss", "-H", "-a", "-n", "-0", NULL },
		   (const char *const[]){ "lingerstat", "list", "-H", "-a", "-n", "-0", "-C",
					  "netid," COLUMNS, NULL });
	same_as_ss((const char *const[]){ "ss", "-H", "-a", "-n", "-f", "netlink", NULL },
		   (const char *const[]){ "lingerstat", "list", "-H", "-a", "-n", "-f", "netlink",
					  "-C", COLUMNS, NULL });
	same_as_ss((const char *const[]){ "ss", "-H", "-a", "-4", "-w", NULL },
		   (const char *const[]){ "lingerstat", "list", "-H", "-a", "-4", "-w", "-C",
					  COLUMNS, NULL });
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
}

/* How many rows are netlink sockets of programs: the kernel's own have port id 0. */
static int netlink_of_programs(const struct listing *listing)
{
	json_t *row;
	size_t i;
	int n = 0;

	json_array_foreach(listing->rows, i, row) n +=
		row_is_text(row, "netid", "nl") && !row_is_int(row, "local.port_id", 0);
	return n;
}

static int open_diag(void)
{
	int fd = open_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };

	assert_return_code(bind(fd, (struct sockaddr *)&name, sizeof(name)), errno);
	return fd;
}

/* The tool asks through a netlink socket, and for the name of a device through another: neither is
 * listed, and those that somebody else has are, though they be of the same protocols. */
static void not_the_tools_own_sockets(void **state)
{
	static const char *const summary[] = {
		"lingerstat", "summary", "-j", "-A", "netlink", NULL
	};
	int packet = open_packet(SOCK_RAW, OWN_TYPE, "lo");
	int route = open_netlink(0, 0), diag = open_diag();
	struct listing listing;
	struct tool_run run;
	json_t *document;
	size_t rows;

	(void)state;
	/* The packet socket comes first, so that the device's name is known when netlink's do. */
	assert_return_code(harness_list(&listing, "-a", "-A", "packet,netlink", NULL), errno);
	assert_int_equal(rows_of(&listing, "p_raw"), 1);
	assert_int_equal(netlink_of_programs(&listing), 2);
	assert_non_null(row_by_inode(&listing, inode_of(route)));
	assert_non_null(row_by_inode(&listing, inode_of(diag)));
	rows = (size_t)rows_of(&listing, "nl");
	listing_free(&listing);

	assert_return_code(tool_run(&run, summary), errno);
	document = json_loads(run.output, 0, NULL);
	assert_non_null(document);
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(document, "summary"), "sockets")),
			 rows);
	json_decref(document);
	tool_free(&run);
	close(diag);
	close(route);
	close(packet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_by_words),
		cmocka_unit_test(kinds_that_the_kernel_lacks),
		cmocka_unit_test(the_same_as_ss),
		cmocka_unit_test(not_the_tools_own_sockets),
	};

	harness_enter();
	return cmocka_run_group_tests_name("kinds", tests, NULL, NULL);
}
