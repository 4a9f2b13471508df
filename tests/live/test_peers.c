/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other end of a unix socket: what the tool says of it, compared with the descriptors that
 * this test and a child of it hold, and with the names that ss lists.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ends.h"
#include "harness.h"
#include "peer_rows.h"
#include "tcp.h"
#include "tool.h"

static const struct kind pair_kind = { "", "u_str", "-x", AF_UNIX, SOCK_STREAM, 0, BY_PAIR };
static const struct kind path_kind = { "", "u_str", "-x", AF_UNIX, SOCK_STREAM, 0, BY_PATH };
static const struct kind name_kind = { "", "u_seq", "-x", AF_UNIX, SOCK_SEQPACKET, 0, BY_ABSTRACT };
static const struct kind dgram_kind = { "", "u_dgr", "-x", AF_UNIX, SOCK_DGRAM, 0, BY_PATH };

static bool peer_is_called(const json_t *row, const char *path, bool abstract)
{
	return (path ? row_is_text(row, "peer.path", path) : row_is_null(row, "peer.path")) &&
	       json_is_boolean(row_get(row, "peer.abstract")) &&
	       json_is_true(row_get(row, "peer.abstract")) == abstract;
}

static bool peer_is_not_known(const json_t *row)
{
	return row_is_null(row, "peer.path") && row_is_null(row, "peer.abstract");
}

static const char *path_of(const struct ends *ends)
{
	return ((const struct sockaddr_un *)&ends->name)->sun_path;
}

/* ---- a child that holds what it is told to ---- */

struct child {
	pid_t pid;
	int order; /* closing it ends the child */
};

/* Forks a child that keeps `keep` and lets go of `drop` (-1: nothing). */
static struct child fork_holder(int keep, int drop)
{
	struct child child;
	int order[2], ready[2];
	char byte;

	assert_return_code(pipe2(order, O_CLOEXEC), 0);
	assert_return_code(pipe2(ready, O_CLOEXEC), 0);
	child.pid = fork();
	assert_return_code(child.pid, 0);
	if (child.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(order[1]);
		if (drop >= 0)
			close(drop);
		if (write(ready[1], &keep, 1) != 1)
			_exit(1);
		_exit(read(order[0], &byte, 1) != 0);
	}
	close(order[0]);
	close(ready[1]);
	child.order = order[1];
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void end_child(struct child *child)
{
	int status;

	close(child->order);
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- unix ---- */

static void a_pair_has_each_other(void **state)
{
	struct listing listing;
	struct ends ends;
	json_t *row;

	(void)state;
	assert_return_code(ends_open(&ends, &pair_kind, 0), 0);
	list_rows(&listing, "-x", NULL);
	row = row_by_inode(&listing, inode_of(ends.near));
	check_row(row, row_is_int(row, "peer.inode", inode_of(ends.far)));
	check_row(row, peer_is_called(row, NULL, false));
	check_row(row, peer_holders(row) == 1 && has_peer_holder(row, getpid(), ends.far));
	row = row_by_inode(&listing, inode_of(ends.far));
	check_row(row, peer_holders(row) == 1 && has_peer_holder(row, getpid(), ends.near));
	listing_free(&listing);
	ends_close(&ends);
}

static void a_client_sees_the_name_it_connected_to(void **state)
{
	static const struct kind *const kinds[] = { &path_kind, &name_kind, &dgram_kind };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		bool abstract = kinds[i]->meeting == BY_ABSTRACT;
		struct listing listing;
		struct ends ends;
		json_t *row;

		assert_return_code(ends_open(&ends, kinds[i], 0), 0);
		list_rows(&listing, "-x", NULL);
		row = row_by_inode(&listing, inode_of(ends.far));
		if (abstract) /* the harness made it with the NUL of a string at its end */
			check_row(row,
				  strncmp(json_string_value(row_get(row, "peer.path")),
					  path_of(&ends) + 1, strlen(path_of(&ends) + 1)) == 0);
		else
			check_row(row, peer_is_called(row, path_of(&ends), false));
		check_row(row, json_is_true(row_get(row, "peer.abstract")) == abstract);
		check_row(row, has_peer_holder(row, getpid(), ends.near));
		listing_free(&listing);
		ends_close(&ends);
	}
}

/* NULs, a control byte, what is no UTF-8: as the row's own name would be shown. */
static void a_hostile_name_is_shown_as_a_name_is(void **state)
{
	static const char bytes[] = "\0p\0\033\xff";
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + sizeof(bytes) - 1;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *const words[] = { "lingerstat",        "-x", "-a", "-H", "-C", "peer",
				      "dst unix:@p@?\xff", NULL };
	char expected[64];
	struct tool_run run;
	int accepted;

	(void)state;
	memcpy(name.sun_path, bytes, sizeof(bytes) - 1);
	assert_return_code(bind(listener, (struct sockaddr *)&name, length), 0);
	assert_return_code(listen(listener, 2), 0);
	assert_return_code(connect(client, (struct sockaddr *)&name, length), 0);
	assert_return_code(accepted = tcp_accept(listener), 0);
	assert_int_equal(tool_run(&run, words), 0);
	snprintf(expected, sizeof(expected), "@p\\x00\\x1b\\xff:%u\n", inode_of(accepted));
	assert_string_equal(run.output, expected);
	tool_free(&run);
	close(accepted);
	close(client);
	close(listener);
}

/* The listener's name is the name of the end that nobody has yet. */
static void nobody_has_what_nobody_accepted(void **state)
{
	struct listing listing;
	struct ends ends;
	json_t *row;
	int client;

	(void)state;
	assert_return_code(ends_listen(&ends, &path_kind), 0);
	assert_return_code(client = ends_connect(&ends), 0);
	list_rows(&listing, "-x", NULL);
	row = row_by_inode(&listing, inode_of(client));
	check_row(row, row_is_null(row, "peer.inode"));
	check_row(row, peer_is_called(row, path_of(&ends), false));
	check_row(row, nobody_has_the_peer(row));
	/* A listener has no other end. */
	row = row_by_inode(&listing, inode_of(ends.listener));
	check_row(row, row_is_null(row, "peer_holders"));
	listing_free(&listing);
	close(client);
	ends_close(&ends);
}

static void a_peer_that_is_gone_is_not_known(void **state)
{
	struct listing listing;
	struct ends ends;
	json_t *row;

	(void)state;
	assert_return_code(ends_open(&ends, &path_kind, 0), 0);
	drop_fd(&ends.near);
	drop_fd(&ends.listener);
	list_rows(&listing, "-x", NULL);
	row = row_by_inode(&listing, inode_of(ends.far));
	check_row(row, row_is_null(row, "peer.inode"));
	check_row(row, peer_is_not_known(row));
	check_row(row, row_is_null(row, "peer_holders"));
	listing_free(&listing);
	ends_close(&ends);
}

static void half_closed_is_still_connected(void **state)
{
	struct listing listing;
	struct ends ends;
	json_t *row;

	(void)state;
	assert_return_code(ends_open(&ends, &path_kind, 0), 0);
	assert_return_code(shutdown(ends.near, SHUT_WR), 0);
	list_rows(&listing, "-x", NULL);
	row = row_by_inode(&listing, inode_of(ends.far));
	check_row(row, peer_is_called(row, path_of(&ends), false));
	check_row(row, has_peer_holder(row, getpid(), ends.near));
	listing_free(&listing);
	ends_close(&ends);
}

static void another_process_has_it(void **state)
{
	struct listing listing;
	struct child child;
	struct ends ends;
	json_t *row;
	int far;

	(void)state;
	assert_return_code(ends_open(&ends, &pair_kind, 0), 0);
	/* The child's copy of the far end is the only one. */
	far = ends.far;
	child = fork_holder(ends.far, ends.near);
	close(far);
	ends.far = -1;
	list_rows(&listing, "-x", NULL);
	row = row_by_inode(&listing, inode_of(ends.near));
	check_row(row, peer_holders(row) == 1 && has_peer_holder(row, child.pid, far));
	listing_free(&listing);
	/* The process ends, and with it the peer. */
	end_child(&child);
	list_rows(&listing, "-x", NULL);
	row = row_by_inode(&listing, inode_of(ends.near));
	check_row(row, row_is_null(row, "peer_holders") && peer_is_not_known(row));
	listing_free(&listing);
	ends_close(&ends);
}

static void send_descriptor(int over, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	*head = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	assert_int_equal(sendmsg(over, &message, 0), 1);
}

static int take_descriptor(int from)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd;

	assert_int_equal(recvmsg(from, &message, MSG_CMSG_CLOEXEC), 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* On its way over another socket it has no holder, and exists; then whoever took it has it. */
static void a_passed_descriptor(void **state)
{
	struct ends ends, way;
	struct listing listing;
	uint32_t far;
	json_t *row;
	const char *why;

	(void)state;
	assert_return_code(ends_open(&ends, &pair_kind, 0), 0);
	assert_return_code(ends_open(&way, &pair_kind, 0), 0);
	far = inode_of(ends.far);
	send_descriptor(way.near, ends.far);
	drop_fd(&ends.far);
	list_rows(&listing, "-x", NULL);
	row = row_by_inode(&listing, inode_of(ends.near));
	check_row(row, row_is_int(row, "peer.inode", far));
	/* Only a pass that saw every process can say that none has it. */
	if (linger_by_bpf(&listing, &why))
		check_row(row, nobody_has_the_peer(row));
	listing_free(&listing);
	ends.far = take_descriptor(way.far);
	list_rows(&listing, "-x", NULL);
	row = row_by_inode(&listing, inode_of(ends.near));
	check_row(row, peer_holders(row) == 1 && has_peer_holder(row, getpid(), ends.far));
	listing_free(&listing);
	ends_close(&ends);
	ends_close(&way);
}

/* A path leads into another network namespace, and there the socket is not among this one's. Of a
 * stream both ends would be in the namespace of the one that connected (unix_stream_connect()). */
static void a_peer_in_another_namespace(void **state)
{
	struct ends ends = { .kind = &dgram_kind, .listener = -1, .near = -1, .far = -1 };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct listing listing;
	json_t *row;
	int home;

	(void)state;
	snprintf(name.sun_path, sizeof(name.sun_path), "/tmp/lingerstat-elsewhere-%d", getpid());
	memcpy(&ends.name, &name, sizeof(name));
	ends.name_length = sizeof(name);
	assert_return_code(home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), 0);
	assert_return_code(unshare(CLONE_NEWNET), 0);
	ends.far = ends_bind_again(&ends);
	assert_return_code(setns(home, CLONE_NEWNET), 0);
	assert_return_code(ends.far, 0);
	assert_return_code(ends.near = ends_connect(&ends), 0);
	list_rows(&listing, "-x", NULL);
	assert_null(row_by_inode(&listing, inode_of(ends.far)));
	row = row_by_inode(&listing, inode_of(ends.near));
	check_row(row, row_is_int(row, "peer.inode", inode_of(ends.far)));
	check_row(row, peer_is_not_known(row));
	check_row(row, has_peer_holder(row, getpid(), ends.far));
	listing_free(&listing);
	close(home);
	ends_close(&ends);
}

static char *first_line(const char *const words[])
{
	struct tool_run run;
	char *line;

	assert_int_equal(tool_run(&run, words), 0);
	assert_int_equal(run.status, 0);
	line = strndup(run.output, strcspn(run.output, "\n"));
	tool_free(&run);
	return line;
}

static void cells_and_filters(void **state)
{
	char by_inode[64], by_pid[256], expected[256];
	const char *words[] = { "lingerstat",        "-x",     "-a", "-H", "-C",
				"peer,peer-process", by_inode, NULL };
	struct ends ends;
	char *line;

	(void)state;
	assert_return_code(ends_open(&ends, &path_kind, 0), 0);
	snprintf(by_inode, sizeof(by_inode), "inode = %u", inode_of(ends.far));
	snprintf(expected, sizeof(expected), "%s:%u test_peers/%d", path_of(&ends),
		 inode_of(ends.near), getpid());
	line = first_line(words);
	assert_string_equal(line, expected);
	free(line);
	/* The same row, asked for by its other end. */
	snprintf(by_pid, sizeof(by_pid), "peer-pid = %d peer-comm test_p* dst unix:%s", getpid(),
		 path_of(&ends));
	words[6] = by_pid;
	line = first_line(words);
	assert_string_equal(line, expected);
	free(line);
	/* Sorted rows outlive what they were made of. */
	words[6] = "--sort=-peer";
	line = first_line(words);
	assert_true(strlen(line) > 5);
	free(line);
	ends_close(&ends);
}

/* ---- every name against ss ---- */

/* `ss -xanH`: the name and the inode of each socket, the peer's name (always `*`) and inode. */
static bool ss_name_of(const char *output, uint32_t inode, char *name, size_t size)
{
	unsigned int own, found = 0;
	char local[256];

	for (const char *line = output; *line && !found; line += strcspn(line, "\n") + 1) {
		if (sscanf(line, "%*s %*s %*s %*s %255s %u", local, &own) == 2 && own == inode) {
			snprintf(name, size, "%s", local);
			found = 1;
		}
		if (!line[strcspn(line, "\n")])
			break;
	}
	return found;
}

static void names_are_those_of_ss(void **state)
{
	const char *const ss_words[] = { "ss", "-xanH", NULL };
	struct listing listing;
	struct ends path, name, pair;
	struct tool_run ss;
	size_t i, compared = 0;
	json_t *row;

	(void)state;
	assert_return_code(ends_open(&path, &path_kind, 0), 0);
	assert_return_code(ends_open(&name, &dgram_kind, 0), 0);
	assert_return_code(ends_open(&pair, &pair_kind, 0), 0);
	if (tool_run(&ss, ss_words) != 0)
		skip();
	list_rows(&listing, "-x", NULL);
	json_array_foreach(listing.rows, i, row)
	{
		uint32_t peer = (uint32_t)json_integer_value(row_get(row, "peer.inode"));
		const char *ours = json_string_value(row_get(row, "peer.path"));
		char theirs[256];

		if (!peer || !ss_name_of(ss.output, peer, theirs, sizeof(theirs)))
			continue;
		check_row(row, strcmp(ours ? ours : "*", theirs) == 0);
		compared++;
	}
	assert_true(compared >= 6);
	listing_free(&listing);
	tool_free(&ss);
	ends_close(&path);
	ends_close(&name);
	ends_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_has_each_other),
		cmocka_unit_test(a_client_sees_the_name_it_connected_to),
		cmocka_unit_test(a_hostile_name_is_shown_as_a_name_is),
		cmocka_unit_test(nobody_has_what_nobody_accepted),
		cmocka_unit_test(a_peer_that_is_gone_is_not_known),
		cmocka_unit_test(half_closed_is_still_connected),
		cmocka_unit_test(another_process_has_it),
		cmocka_unit_test(a_passed_descriptor),
		cmocka_unit_test(a_peer_in_another_namespace),
		cmocka_unit_test(cells_and_filters),
		cmocka_unit_test(names_are_those_of_ss),
	};

	harness_enter();
	return cmocka_run_group_tests_name("unix peers", tests, NULL, NULL);
}
