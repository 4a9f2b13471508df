/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tcp.h"

#define RUN_LIMIT_MS 90000
#define MAX_ARGS     16

/* ---- the namespace ---- */

static int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	/* An Ethernet's size: with loopback's 64 KiB one segment would fill a small window. */
	request.ifr_mtu = 1500;
	if (ioctl(fd, SIOCSIFMTU, &request) < 0)
		err = -errno;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (!err && ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		err = -errno;
	close(fd);
	return err;
}

int namespace_enter(const char **why)
{
	*why = "a network namespace of its own";
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	*why = "loopback up";
	return loopback_up();
}

void harness_enter(void)
{
	const char *cases = getenv("LINGERSTAT_CASES");
	const char *why;
	int err;

	if (!getenv("LINGERSTAT")) {
		puts("Bail out! LINGERSTAT names no program to test");
		exit(99);
	}
	if (cases)
		cmocka_set_test_filter(cases);
	err = namespace_enter(&why);
	if (err) {
		printf("1..0 # SKIP %s: %s\n", why, strerror(-err));
		exit(0);
	}
	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 1);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- one run of the tool ---- */

struct text {
	char *bytes;
	size_t length;
	size_t room;
};

/* Reads once from fd to the end of text. Gives 0 at the end of file, 1 while there may be more,
 * or a negative errno. */
static int text_read(struct text *text, int fd)
{
	char *larger;
	ssize_t got;

	if (text->room - text->length < 65536) {
		larger = realloc(text->bytes, text->room + 262144);
		if (!larger)
			return -ENOMEM;
		text->bytes = larger;
		text->room += 262144;
	}
	got = read(fd, text->bytes + text->length, text->room - text->length - 1);
	if (got < 0)
		return errno == EINTR ? 1 : -errno;
	text->length += got;
	text->bytes[text->length] = '\0';
	return got > 0;
}

/* Reads both pipes to their ends. */
static int read_both(int out, int err, struct text texts[2])
{
	struct pollfd pipes[2] = { { .fd = out, .events = POLLIN },
				   { .fd = err, .events = POLLIN } };
	int64_t end = now_ms() + RUN_LIMIT_MS;
	int more;

	while (pipes[0].fd >= 0 || pipes[1].fd >= 0) {
		if (now_ms() >= end)
			return -ETIMEDOUT;
		if (poll(pipes, 2, 1000) < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < 2; i++) {
			if (pipes[i].fd < 0 || !pipes[i].revents)
				continue;
			more = text_read(&texts[i], pipes[i].fd);
			if (more < 0)
				return more;
			if (!more)
				pipes[i].fd = -1;
		}
	}
	return 0;
}

static int raise_ambient(uint64_t set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = set, .permitted = set, .inheritable = set },
		{ .effective = set >> 32, .permitted = set >> 32, .inheritable = set >> 32 },
	};

	if (syscall(SYS_capset, &header, data) < 0)
		return -1;
	for (int cap = 0; cap < 64; cap++)
		if (set & (1ull << cap) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -1;
	return 0;
}

static int become(const struct run_as *as)
{
	if (!as || as->uid == 0)
		return 0;
	if (as->ambient && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -1;
	if (setgroups(0, NULL) < 0 || setresgid(as->uid, as->uid, as->uid) < 0)
		return -1;
	if (setresuid(as->uid, as->uid, as->uid) < 0)
		return -1;
	return as->ambient ? raise_ambient(as->ambient) : 0;
}

/* In the child: the tool takes this process's place. 127 where it cannot. */
static void __attribute__((noreturn))
exec_tool(const struct run_as *as, const char *const args[], int out, int err)
{
	const char *tool = getenv("LINGERSTAT");
	const char *argv[MAX_ARGS + 4] = { tool, "list", "--format=ndjson" };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int count = 3;

	for (int i = 0; i < MAX_ARGS && args[i]; i++)
		argv[count++] = args[i];
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	signal(SIGPIPE, SIG_DFL);
	if (become(as) < 0) {
		dprintf(2, "cannot become user %d: %s\n", (int)as->uid, strerror(errno));
		_exit(127);
	}
	execv(tool, (char *const *)argv);
	dprintf(2, "cannot run %s: %s\n", tool, strerror(errno));
	_exit(127);
}

static void take_line(struct listing *listing, const char *line, size_t length)
{
	json_t *object = json_loadb(line, length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(object, "type"));

	if (!type) {
		listing->bad_lines++;
		json_decref(object);
	} else if (strcmp(type, "socket") == 0) {
		json_array_append_new(listing->rows, object);
	} else if (strcmp(type, "header") == 0 && !listing->header) {
		listing->header = object;
	} else if (strcmp(type, "summary") == 0 && !listing->summary) {
		listing->summary = object;
	} else {
		listing->bad_lines++;
		json_decref(object);
	}
}

static void take_output(struct listing *listing, const struct text *text)
{
	const char *line = text->bytes;
	const char *end = text->bytes + text->length;
	const char *newline;

	while (line < end) {
		newline = memchr(line, '\n', end - line);
		if (!newline)
			newline = end;
		take_line(listing, line, newline - line);
		line = newline + 1;
	}
}

static int wait_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int harness_list_as(struct listing *listing, const struct run_as *as, const char *const args[])
{
	struct text texts[2] = { { 0 }, { 0 } };
	int out[2] = { -1, -1 };
	int err[2] = { -1, -1 };
	int64_t start = now_ms();
	int result;
	pid_t pid;

	*listing = (struct listing){ .rows = json_array() };
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		exec_tool(as, args, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	result = pid < 0 ? -errno : read_both(out[0], err[0], texts);
	close(out[0]);
	close(err[0]);
	if (result && pid > 0)
		kill(pid, SIGKILL);
	if (pid > 0)
		listing->status = wait_status(pid);
	listing->ms = now_ms() - start;
	take_output(listing, &texts[0]);
	free(texts[0].bytes);
	listing->errors = texts[1].bytes ? texts[1].bytes : strdup("");
	return result;
}

int harness_list(struct listing *listing, const char *arg, ...)
{
	const char *args[MAX_ARGS + 1] = { NULL };
	int count = 0;
	va_list list;

	va_start(list, arg);
	while (arg && count < MAX_ARGS) {
		args[count++] = arg;
		arg = va_arg(list, const char *);
	}
	va_end(list);
	return harness_list_as(listing, NULL, args);
}

void listing_free(struct listing *listing)
{
	json_decref(listing->header);
	json_decref(listing->rows);
	json_decref(listing->summary);
	free(listing->errors);
	*listing = (struct listing){ 0 };
}

bool linger_by_bpf(const struct listing *listing, const char **why)
{
	*why = json_string_value(json_object_get(listing->header, "bpf_problem"));
	if (!*why)
		*why = "BPF did not read linger";
	return row_is_text(listing->header, "linger_source", "bpf");
}

/* ---- rows ---- */

json_t *row_get(const json_t *row, const char *path)
{
	char key[64];
	const char *dot;

	while (row && (dot = strchr(path, '.'))) {
		if ((size_t)(dot - path) >= sizeof(key))
			return NULL;
		memcpy(key, path, dot - path);
		key[dot - path] = '\0';
		row = json_object_get(row, key);
		path = dot + 1;
	}
	return json_object_get(row, path);
}

bool row_is_int(const json_t *row, const char *path, int64_t value)
{
	json_t *found = row_get(row, path);

	return json_is_integer(found) && json_integer_value(found) == value;
}

bool row_is_text(const json_t *row, const char *path, const char *value)
{
	const char *found = json_string_value(row_get(row, path));

	return found && strcmp(found, value) == 0;
}

bool row_is_null(const json_t *row, const char *path)
{
	return json_is_null(row_get(row, path));
}

bool row_has_word(const json_t *row, const char *path, const char *word)
{
	json_t *array = row_get(row, path);
	json_t *item;
	size_t i;

	json_array_foreach(array, i,
			   item) if (json_is_string(item) &&
				     strcmp(json_string_value(item), word) == 0) return true;
	return false;
}

bool row_has_holder(const json_t *row, pid_t pid, int fd)
{
	json_t *holders = row_get(row, "holders");
	json_t *item;
	size_t i;

	json_array_foreach(holders, i, item) if (row_is_int(item, "pid", pid) &&
						 row_is_int(item, "fd", fd)) return true;
	return false;
}

static bool row_matches(const json_t *row, int family, uint16_t local, uint16_t peer)
{
	return row_is_text(row, "family", family == AF_INET6 ? "inet6" : "inet") &&
	       row_is_int(row, "local.port", local) && row_is_int(row, "peer.port", peer);
}

json_t *row_by_ports(const struct listing *listing, int family, uint16_t local, uint16_t peer)
{
	json_t *row;
	size_t i;

	json_array_foreach(listing->rows, i,
			   row) if (row_matches(row, family, local, peer)) return row;
	return NULL;
}

int rows_with_ports(const struct listing *listing, int family, uint16_t local, uint16_t peer)
{
	int count = 0;
	json_t *row;
	size_t i;

	json_array_foreach(listing->rows, i, row) count += row_matches(row, family, local, peer);
	return count;
}

json_t *row_by_inode(const struct listing *listing, uint32_t inode)
{
	json_t *row;
	size_t i;

	json_array_foreach(listing->rows, i, row) if (row_is_int(row, "inode", inode)) return row;
	return NULL;
}

bool row_is_linger(const json_t *row, const struct linger *value)
{
	if (!json_is_object(row_get(row, "linger")))
		return false;
	if (!value->l_onoff)
		return json_is_false(row_get(row, "linger.on")) &&
		       json_is_false(row_get(row, "linger.forever"));
	if (!json_is_true(row_get(row, "linger.on")))
		return false;
	if (value->l_linger < 0)
		return json_is_true(row_get(row, "linger.forever")) &&
		       row_is_null(row, "linger.seconds");
	return json_is_false(row_get(row, "linger.forever")) &&
	       row_is_int(row, "linger.seconds", value->l_linger);
}

bool row_has_no_linger(const json_t *row)
{
	return row_is_null(row, "linger.on") && row_is_null(row, "linger.seconds") &&
	       row_is_null(row, "linger.forever") && row_is_text(row, "linger.source", "none");
}

void row_print(const json_t *row)
{
	char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;

	printf("# %s\n", text ? text : "(no such row)");
	free(text);
}
