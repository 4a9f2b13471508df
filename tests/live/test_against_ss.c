/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same numbers as ss: every column that both have, for every socket of the zoo. ss runs before
 * and after, as a socket may change in between; a column of a socket has agreed when it did once in
 * a few rounds. Where the two are known to differ shared_agree.c says how, and why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "shared_columns.h"
#include "ss_lines.h"
#include "tcp.h"
#include "tool.h"
#include "zoo.h"

#define ROUNDS      12    /* a retransmission may fall into one, and into the next */
#define ROUNDS_MS   30000 /* and a busy machine needs more of them */
#define MAX_COLUMNS 96
#define MAX_KNOWN   16
#define OTHER_USER  12345
#define UNIX_SERVER "zoo accepted"

/* ---- sockets that the zoo has not ---- */

static int open_as(uid_t uid, int family, int type)
{
	int fd;

	setfsuid(uid);
	fd = socket(family, type | SOCK_CLOEXEC, 0);
	setfsuid(0);
	return fd;
}

/* Another user's, with two descriptors and a type of service. */
static void open_marked(int family)
{
	struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
	int fd = open_as(OTHER_USER, family, SOCK_STREAM), service = 0x20, zero = 0;

	if (family == AF_INET6)
		setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 3), 0);
	assert_int_equal(setsockopt(fd, SOL_IP, IP_TOS, &service, sizeof(service)), 0);
	if (family == AF_INET6)
		assert_int_equal(setsockopt(fd, SOL_IPV6, IPV6_TCLASS, &service, sizeof(service)),
				 0);
	assert_true(fcntl(fd, F_DUPFD_CLOEXEC, 0) >= 0);
}

/* An accepted unix connection: its one end has the server's name, with data at both ends. */
static void open_accepted(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0" UNIX_SERVER };
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + sizeof(UNIX_SERVER);
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = open_as(OTHER_USER, AF_UNIX, SOCK_STREAM), accepted;

	assert_int_equal(bind(server, (struct sockaddr *)&name, length), 0);
	assert_int_equal(listen(server, 3), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&name, length), 0);
	accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_true(accepted >= 0);
	assert_int_equal(write(client, "to the server", 13), 13);
	assert_int_equal(write(accepted, "and back", 8), 8);
	assert_int_equal(shutdown(accepted, SHUT_WR), 0);
}

/* A datagram and a keepalive timer. */
static void open_waiting(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(53),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), yes = 1;
	struct tcp_pair pair;

	assert_int_equal(sendto(fd, "question", 8, 0, (struct sockaddr *)&to, sizeof(to)), 8);
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	assert_int_equal(setsockopt(pair.near, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes)), 0);
}

/* ---- what has agreed ---- */

struct socket_marks {
	char *key;
	bool here; /* in the last round */
	bool agreed[MAX_COLUMNS];
};

struct marks {
	struct socket_marks *sockets;
	size_t count;
	size_t said[MAX_COLUMNS]; /* sockets of which both said something, and the same */
	size_t known[MAX_KNOWN];  /* sockets that differ as is known */
	size_t alike[MAX_KNOWN];  /* and those that do not, any more */
	char strangers[256];      /* what ss says and this test does not know */
	char lacks[SHARED_TEXT];  /* the last socket that one has and the other has not */
};

static struct socket_marks *marks_of(struct marks *marks, const char *key)
{
	struct socket_marks *larger;

	for (size_t i = 0; i < marks->count; i++)
		if (strcmp(marks->sockets[i].key, key) == 0)
			return &marks->sockets[i];
	larger = realloc(marks->sockets, (marks->count + 1) * sizeof(*larger));
	assert_non_null(larger);
	marks->sockets = larger;
	larger[marks->count] = (struct socket_marks){ .key = strdup(key) };
	return &larger[marks->count++];
}

static void marks_free(struct marks *marks)
{
	for (size_t i = 0; i < marks->count; i++)
		free(marks->sockets[i].key);
	free(marks->sockets);
}

static bool is_known(struct marks *marks, const char *column, const json_t *row,
		     const struct ss_line *line)
{
	for (size_t i = 0; i < known_count; i++) {
		const struct known_difference *k = &known_differences[i];

		if (strcmp(k->column, column) != 0 || !k->applies(row) || !k->is(row, line))
			continue;
		marks->known[i]++;
		return true;
	}
	return false;
}

static void count_alike(struct marks *marks, const char *column, const json_t *row)
{
	for (size_t i = 0; i < known_count; i++)
		if (strcmp(known_differences[i].column, column) == 0 &&
		    known_differences[i].applies(row))
			marks->alike[i]++;
}

static bool is_shared(const char *name)
{
	for (size_t i = 0; i < shared_count; i++)
		if (strcmp(shared_columns[i].name, name) == 0)
			return true;
	return false;
}

/* Another ss may say more than this test knows: that is told once, and not compared. */
static void note_strangers(struct marks *marks, const struct ss_line *line)
{
	for (size_t i = 0; i < line->count; i++) {
		const char *name = line->words[i].name;
		size_t length = strlen(marks->strangers);

		if (!is_shared(name) && !strstr(marks->strangers, name))
			snprintf(marks->strangers + length, sizeof(marks->strangers) - length,
				 " %s", name);
	}
}

/* True when every column has agreed, now or before. */
static bool compare_row(struct marks *marks, struct socket_marks *one, const json_t *row,
			const struct ss_line *before, const struct ss_line *after, bool last)
{
	bool all = true;

	note_strangers(marks, before);
	for (size_t i = 0; i < shared_count; i++) {
		const struct shared_column *c = &shared_columns[i];
		char text[SHARED_TEXT];
		bool made;

		if (one->agreed[i])
			continue;
		made = c->make(row, c, text);
		if (shared_agrees(c, made ? text : NULL, before, after)) {
			one->agreed[i] = true;
			marks->said[i] += made && ss_line_text(before, c->name);
			count_alike(marks, c->name, row);
		} else if (is_known(marks, c->name, row, before)) {
			one->agreed[i] = true;
		} else {
			all = false;
		}
		if (last && !one->agreed[i])
			printf("# %s %s: '%s' here, '%s' and '%s' by ss\n", one->key, c->name,
			       made ? text : "",
			       ss_line_text(before, c->name) ? ss_line_text(before, c->name) : "",
			       ss_line_text(after, c->name) ? ss_line_text(after, c->name) : "");
	}
	return all;
}

static void key_of(const json_t *row, char *key, size_t size)
{
	const char *cookie = json_string_value(row_get(row, "cookie"));

	if (row_is_text(row, "family", "unix"))
		snprintf(key, size, "ino:%lld",
			 (long long)json_integer_value(row_get(row, "inode")));
	else
		snprintf(key, size, "sk:%s", cookie ? cookie : "?");
}

/* Every socket that ss has before and after stands here, and none that it never has. */
static bool the_same_sockets(struct marks *marks, const struct listing *listing,
			     const struct ss_lines *before, const struct ss_lines *after)
{
	json_t *row, *keys = json_object();
	char key[64];
	bool same = true;
	size_t i;

	json_array_foreach(listing->rows, i, row)
	{
		key_of(row, key, sizeof(key));
		json_object_set_new(keys, key, json_true());
		if (ss_line_find(before, key) || ss_line_find(after, key))
			continue;
		snprintf(marks->lacks, sizeof(marks->lacks), "ss lacks %s", key);
		same = false;
	}
	for (i = 0; i < before->count; i++) {
		const char *theirs = before->lines[i].key;

		if (json_object_get(keys, theirs) || !ss_line_find(after, theirs))
			continue;
		snprintf(marks->lacks, sizeof(marks->lacks), "only ss has %s", theirs);
		same = false;
	}
	json_decref(keys);
	return same && before->count > 0;
}

static bool compare_round(struct marks *marks, const char *ss_options, const char *const args[],
			  bool last)
{
	struct ss_lines before, after;
	struct listing listing;
	json_t *row;
	char key[64];
	bool all;
	size_t i;

	assert_return_code(ss_lines_read(&before, ss_options), 0);
	assert_return_code(harness_list_as(&listing, NULL, args), 0);
	assert_return_code(ss_lines_read(&after, ss_options), 0);
	assert_int_equal(listing.status, 0);
	assert_int_equal(listing.bad_lines, 0);
	assert_int_equal(before.strange + after.strange, 0);
	all = the_same_sockets(marks, &listing, &before, &after);
	if (last && !all)
		printf("# %s\n", marks->lacks);
	json_array_foreach(listing.rows, i, row)
	{
		const struct ss_line *first, *second;

		key_of(row, key, sizeof(key));
		first = ss_line_find(&before, key);
		second = ss_line_find(&after, key);
		if (first && second)
			all = compare_row(marks, marks_of(marks, key), row, first, second, last) &&
			      all;
	}
	ss_lines_free(&before);
	ss_lines_free(&after);
	listing_free(&listing);
	return all;
}

static void compare(struct marks *marks, const char *ss_options, const char *const args[])
{
	int64_t end = now_ms() + ROUNDS_MS;
	bool all = false, last = false;
	int round = 0;

	assert_true(shared_count <= MAX_COLUMNS && known_count <= MAX_KNOWN);
	assert_return_code(zoo_refresh(), 0);
	while (!all && !last) {
		last = ++round >= ROUNDS && now_ms() >= end;
		all = compare_round(marks, ss_options, args, last);
	}
	printf("# ss %s: %zu sockets, %d rounds\n", ss_options, marks->count, round);
	if (!all)
		fail_msg("not the same as ss %s: see above", ss_options);
}

/* ---- the tests ---- */

static struct marks found; /* by all tests, for the last one */

static void internet_sockets(void **state)
{
	static const char *const args[] = { "-t", "-u", "-a", "-n",    "-e", "-m",
					    "-i", "-o", "-p", "--tos", NULL };

	(void)state;
	compare(&found, "-t -u -a -n -m -i -o -p --tos", args);
}

static void unix_sockets(void **state)
{
	static const char *const args[] = { "-x", "-a", "-e", "-m", "-p", NULL };

	(void)state;
	compare(&found, "-x -a -n -m -p", args);
}

/* ---- addresses and ports as they are printed ---- */

/* Counts lines `COOKIE LOCAL PEER` that ss spells otherwise; those of sockets that ss lacks, which
 * may have come since, do not count. */
static size_t spelled_otherwise(char *output, const struct ss_lines *lines, size_t *compared)
{
	char key[64], cookie[32], local[128], peer[128];
	size_t wrong = 0;

	for (char *line; output && (line = strsep(&output, "\n"));) {
		const struct ss_line *theirs;

		if (!*line)
			continue;
		assert_int_equal(sscanf(line, "%31s %127s %127s", cookie, local, peer), 3);
		snprintf(key, sizeof(key), "sk:%s", cookie);
		theirs = ss_line_find(lines, key);
		if (!theirs)
			continue;
		++*compared;
		if (strcmp(local, ss_line_text(theirs, "local")) == 0 &&
		    strcmp(peer, ss_line_text(theirs, "peer")) == 0)
			continue;
		wrong++;
		printf("# %s here, %s and %s by ss\n", line, ss_line_text(theirs, "local"),
		       ss_line_text(theirs, "peer"));
	}
	return wrong;
}

static void ends_are_spelled_as_by_ss(void **state)
{
	static const char *const spellings[] = { "-n", "-r", "-a" };

	(void)state;
	assert_return_code(zoo_refresh(), 0);
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		const char *const words[] = { "lingerstat", "-H", "-C", "cookie,local,peer",
					      "-t",         "-u", "-a", spellings[i],
					      NULL };
		char options[32];
		struct ss_lines lines;
		struct tool_run run;
		size_t compared = 0;

		snprintf(options, sizeof(options), "-t -u -a %s", spellings[i]);
		assert_return_code(ss_lines_read(&lines, options), 0);
		assert_return_code(tool_run(&run, words), 0);
		assert_int_equal(run.status, 0);
		assert_int_equal(spelled_otherwise(run.output, &lines, &compared), 0);
		printf("# %s: %zu sockets\n", spellings[i], compared);
		assert_true(compared > 100);
		tool_free(&run);
		ss_lines_free(&lines);
	}
}

/* ---- that there was something to compare ---- */

static void every_column_had_something_to_say(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < shared_count; i++) {
		const struct shared_column *c = &shared_columns[i];

		printf("# %s: %zu sockets\n", c->name, found.said[i]);
		failed += !found.said[i] && !c->rare && strcmp(c->name, "dev") != 0;
	}
	if (*found.strangers)
		printf("# of ss and not compared:%s\n", found.strangers);
	assert_int_equal(failed, 0);
}

static void differences_are_those_listed(void **state)
{
	(void)state;
	for (size_t i = 0; i < known_count; i++) {
		printf("# %s: %zu sockets differ: %s\n", known_differences[i].column,
		       found.known[i], known_differences[i].why);
		/* Another ss may have mended its way. */
		if (found.alike[i])
			printf("# not different with this kernel and ss: %s, %zu sockets\n",
			       known_differences[i].column, found.alike[i]);
		assert_true(found.known[i] + found.alike[i] > 0);
	}
}

/* ---- */

static int open_all(const char *directory, const char **why)
{
	int err = zoo_open(directory, why);

	if (err)
		return err;
	open_marked(AF_INET);
	open_marked(AF_INET6);
	open_accepted();
	open_waiting();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(internet_sockets),
		cmocka_unit_test(unix_sockets),
		cmocka_unit_test(ends_are_spelled_as_by_ss),
		/* Of what those found. */
		cmocka_unit_test(every_column_had_something_to_say),
		cmocka_unit_test(differences_are_those_listed),
	};
	char directory[] = "/tmp/lingerstat-zoo-XXXXXX";
	const char *why = "a directory";
	int failed, err;

	harness_enter();
	/* No name server answers here. */
	setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
	if (system("command -v ss >/dev/null") != 0) {
		puts("1..0 # SKIP ss is not installed");
		return 0;
	}
	err = mkdtemp(directory) ? open_all(directory, &why) : -errno;
	if (err) {
		printf("Bail out! %s cannot be made: %s\n", why, strerror(-err));
		return 99;
	}
	failed = cmocka_run_group_tests_name("numbers against ss", tests, NULL, NULL);
	zoo_close(directory);
	marks_free(&found);
	return failed;
}
