/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define IDLE_MS  WAIT_MS
#define STILL_MS 60

/* ---- counters ---- */

struct counter_name {
	const char *group;
	const char *name;
	size_t to;
};

static const struct counter_name counter_names[] = {
	{ "Tcp:", "OutRsts", offsetof(struct counters, resets_sent) },
	{ "TcpExt:", "TCPAbortOnClose", offsetof(struct counters, abort_close) },
	{ "TcpExt:", "TCPAbortOnData", offsetof(struct counters, abort_data) },
	{ "TcpExt:", "TCPAbortOnLinger", offsetof(struct counters, abort_linger) },
};

#define COUNTERS (sizeof(counter_names) / sizeof(counter_names[0]))

/* One pair of lines, names over values; gives how many of ours it held. */
static int take_counters(struct counters *counters, char *names, char *values)
{
	char *name_rest, *value_rest;
	char *group = strtok_r(names, " \n", &name_rest);
	char *name, *value;
	int found = 0;

	strtok_r(values, " \n", &value_rest);
	while (group && (name = strtok_r(NULL, " \n", &name_rest)) &&
	       (value = strtok_r(NULL, " \n", &value_rest))) {
		for (size_t i = 0; i < COUNTERS; i++) {
			if (strcmp(group, counter_names[i].group) != 0 ||
			    strcmp(name, counter_names[i].name) != 0)
				continue;
			*(int64_t *)((char *)counters + counter_names[i].to) = atoll(value);
			found++;
		}
	}
	return found;
}

static int read_counters(struct counters *counters, const char *path)
{
	FILE *file = fopen(path, "re");
	char names[8192];
	char values[8192];
	int found = 0;

	if (!file)
		return 0;
	while (fgets(names, sizeof(names), file) && fgets(values, sizeof(values), file))
		found += take_counters(counters, names, values);
	fclose(file);
	return found;
}

struct counters counters_now(void)
{
	struct counters counters = { 0 };
	int found = read_counters(&counters, "/proc/net/snmp");

	found += read_counters(&counters, "/proc/net/netstat");
	assert_int_equal(found, COUNTERS);
	return counters;
}

static void print_counters(const struct counters *from, const struct counters *to)
{
	print_message("# RSTs sent %+d, TCPAbortOnClose %+d, OnData %+d, OnLinger %+d\n",
		      (int)(to->resets_sent - from->resets_sent),
		      (int)(to->abort_close - from->abort_close),
		      (int)(to->abort_data - from->abort_data),
		      (int)(to->abort_linger - from->abort_linger));
}

bool wait_resets(const struct counters *before, int resets)
{
	int64_t end = now_ms() + WAIT_MS;

	while (counters_now().resets_sent - before->resets_sent < resets)
		if (!nap_before(end))
			return false;
	return true;
}

/* The last reference to a socket may be that of somebody else on this machine who looks through
 * all descriptors this moment: then a close() takes effect a little later. */
bool counters_moved(const struct counters *before, int resets, int closes, int datas)
{
	struct counters now;

	wait_resets(before, resets);
	now = counters_now();
	if (now.resets_sent - before->resets_sent == resets &&
	    now.abort_close - before->abort_close == closes &&
	    now.abort_data - before->abort_data == datas)
		return true;
	print_counters(before, &now);
	return false;
}

void stand_still(void)
{
	for (int64_t end = now_ms() + STILL_MS; nap_before(end);)
		;
}

/* ---- the tool ---- */

static void look(struct listing *listing)
{
	const char *why;

	for (int i = 0; i < 2; i++) {
		assert_return_code(harness_list(listing, "-a", "-t", "-p",
						i ? "--linger=getfd" : "--linger=auto", NULL),
				   0);
		if (listing->status != 0)
			fail_msg("status %d, stderr: %s", listing->status, listing->errors);
		assert_int_equal(listing->bad_lines, 0);
		if (i || linger_by_bpf(listing, &why))
			return;
		listing_free(listing);
	}
}

uint32_t inode_of(int fd)
{
	struct truth truth;

	assert_return_code(truth_read(fd, &truth), 0);
	return truth.inode;
}

json_t *foretell(int fd)
{
	struct listing listing;
	json_t *row;

	look(&listing);
	row = json_incref(row_by_inode(&listing, inode_of(fd)));
	listing_free(&listing);
	assert_non_null(row);
	return row;
}

json_t *foretell_ports(int family, uint16_t local, uint16_t peer)
{
	struct listing listing;
	json_t *row;

	look(&listing);
	row = json_incref(row_by_ports(&listing, family, local, peer));
	listing_free(&listing);
	return row;
}

bool wait_listed(const struct tcp_pair *pair, const char *state)
{
	int64_t end = now_ms() + WAIT_MS;
	bool found;
	json_t *row;

	do {
		row = foretell_ports(pair->family, pair->near_port, pair->far_port);
		found = state ? row_is_text(row, "state", state) : !row;
		json_decref(row);
	} while (!found && nap_before(end));
	return found;
}

/* Runs `lingerstat explain -j -a` with one option more, and gives its document. */
static json_t *run_explain(char *option)
{
	char *argv[] = { getenv("LINGERSTAT"), "explain", "-j", "-a", "-t", option, NULL };
	posix_spawn_file_actions_t actions;
	json_t *document;
	int out[2], status;
	FILE *stream;
	pid_t pid;

	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	assert_int_equal(posix_spawn(&pid, argv[0], &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	stream = fdopen(out[0], "r");
	assert_non_null(stream);
	document = json_loadf(stream, JSON_REJECT_DUPLICATES, NULL);
	fclose(stream);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_non_null(document);
	return document;
}

json_t *explained(uint32_t inode)
{
	json_t *document = run_explain("--linger=auto");
	json_t *row, *found = NULL;
	size_t i;

	if (!row_is_text(document, "header.linger_source", "bpf")) {
		json_decref(document);
		document = run_explain("--linger=getfd");
	}
	json_array_foreach(json_object_get(document, "sockets"), i, row)
	{
		if (row_is_int(row, "inode", inode))
			found = json_incref(row);
	}
	json_decref(document);
	assert_non_null(found);
	return found;
}

/* True if `word` is one of `words`, which `|` separates. */
static bool is_one_of(const char *word, const char *words)
{
	size_t length = word ? strlen(word) : 0;

	while (length && words) {
		if (strncmp(words, word, length) == 0 && strchr("|", words[length]))
			return true;
		words = strchr(words, '|');
		words = words ? words + 1 : NULL;
	}
	return false;
}

void check_forecast(const json_t *row, const char *outcome, const char *risks, int64_t block)
{
	const char *risk = json_string_value(row_get(row, "close.risk"));

	check_row(row, row_is_text(row, "close.outcome", outcome));
	check_row(row, is_one_of(risk, risks));
	check_row(row, row_is_text(row, "close.risk_max", risk));
	if (block < 0)
		check_row(row, row_is_null(row, "close.block_seconds"));
	else
		check_row(row, row_is_int(row, "close.block_seconds", block));
}

int64_t number_at(const json_t *row, const char *path)
{
	check_row(row, json_is_integer(row_get(row, path)));
	return json_integer_value(row_get(row, path));
}

void check_loss(const json_t *row, int64_t lost)
{
	int64_t least = number_at(row, "close.loss_min_bytes");
	int64_t most = number_at(row, "close.loss_max_bytes");

	if (lost >= least && lost <= most)
		return;
	row_print(row);
	fail_msg("%lld bytes were lost", (long long)lost);
}

bool sentence_has(const json_t *row, const char *path, const char *words)
{
	const char *sentence = json_string_value(row_get(row, path));

	if (sentence && strstr(sentence, words))
		return true;
	print_message("# %s: %s\n", path, sentence ? sentence : "(none)");
	return false;
}

/* ---- close, write, read ---- */

int64_t close_timed(int *fd, int *result)
{
	int64_t start = now_ms();

	*result = close(*fd) < 0 ? -errno : 0;
	*fd = -1;
	return now_ms() - start;
}

int write_all(int fd, size_t bytes)
{
	static const char chunk[4096];
	int room = (int)bytes * 2;
	ssize_t done;

	/* The kernel doubles it for its overhead; FORCE needs a privilege and has no ceiling. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) < 0)
		return -errno;
	while (bytes > 0) {
		done = send(fd, chunk, bytes < sizeof(chunk) ? bytes : sizeof(chunk), MSG_NOSIGNAL);
		if (done < 0)
			return -errno;
		bytes -= done;
	}
	return 0;
}

int64_t read_to_end(int fd, enum peer_end *end)
{
	static char bytes[65536];
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t total = 0;
	ssize_t got;

	*end = END_OPEN;
	while (poll(&ready, 1, IDLE_MS) > 0) {
		got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (got > 0) {
			total += got;
			continue;
		}
		if (got == 0)
			*end = END_EOF;
		else
			*end = errno == ECONNRESET || errno == EPIPE ? END_RESET : END_OTHER;
		return total;
	}
	return total;
}

int64_t read_now(int fd)
{
	static char bytes[65536];
	int64_t total = 0;
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		total += got;
	return total;
}
