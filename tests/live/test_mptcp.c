/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MPTCP connections with their subflows: over two links between two network namespaces, compared
 * with what the kernel tells the connection's own descriptor and with what ss lists.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/mptcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ends.h"
#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define SOL_MPTCP_LEVEL 284 /* SOL_MPTCP, which older headers do not have */
#define SERVER_PORT     5000
#define SUBFLOWS        3 /* the first and two that join */
#define BACKUP_ID       7 /* of the endpoint that is a backup */

/* ---- two namespaces ---- */

struct stage {
	pid_t server;
	int control; /* one byte each way at each step; closing it ends the server */
	int client;
};

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int run(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (system(line) == 0)
		return 0;
	printf("# failed: %s\n", line);
	return -EIO;
}

static int step(int control)
{
	char byte = 0;

	if (write(control, &byte, 1) != 1)
		return -EIO;
	return read(control, &byte, 1) == 1 ? 0 : -EIO;
}

static int accept_one(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(SERVER_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, PROTO_MPTCP);
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 2) < 0)
		return -errno;
	return fd;
}

/* The other namespace: sets its half up, accepts one connection, answers a byte, and holds on. */
static void __attribute__((noreturn)) serve(int control)
{
	char byte;
	int listener, fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0 || step(control) < 0)
		_exit(1);
	if (run("ip link set lo up && ip addr add 10.9.0.2/24 dev v0 && ip link set v0 up") ||
	    run("ip addr add 10.9.1.2/24 dev v1 && ip link set v1 up") ||
	    run("ip mptcp limits set subflow 4 add_addr_accepted 4"))
		_exit(1);
	listener = accept_one();
	if (listener < 0 || step(control) < 0)
		_exit(1);
	fd = tcp_accept(listener);
	if (fd < 0 || read(fd, &byte, 1) != 1 || write(fd, &byte, 1) != 1)
		_exit(1);
	while (read(control, &byte, 1) > 0)
		;
	_exit(0);
}

static int make_links(pid_t server)
{
	int err = 0;

	for (int i = 0; i < 2 && !err; i++)
		err = run("ip link add v%d type veth peer name v%d netns %d", i, i, (int)server) ||
		      run("ip addr add 10.9.%d.1/24 dev v%d && ip link set v%d up", i, i, i);
	/* A further subflow from either of two addresses; the second is a backup. */
	return err || run("ip mptcp limits set subflow 4 add_addr_accepted 4") ||
	       run("ip addr add 10.9.1.3/24 dev v1") ||
	       run("ip mptcp endpoint add 10.9.1.1 dev v1 id 3 subflow") ||
	       run("ip mptcp endpoint add 10.9.1.3 dev v1 id %d subflow backup", BACKUP_ID);
}

static int connect_to_server(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(SERVER_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, PROTO_MPTCP);
	char byte = 1;

	inet_pton(AF_INET, "10.9.0.2", &to.sin_addr);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	/* Others may join when both sides have seen data of the other. */
	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
		return -EIO;
	return fd;
}

static int open_stage(struct stage *stage)
{
	int control[2], err;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
		return -errno;
	stage->server = fork();
	if (stage->server == 0) {
		close(control[0]);
		serve(control[1]);
	}
	close(control[1]);
	stage->control = control[0];
	if (stage->server < 0 || read(stage->control, &byte, 1) != 1)
		return -EIO;
	err = make_links(stage->server);
	if (err || step(stage->control) < 0)
		return -EIO;
	if (write(stage->control, "", 1) != 1)
		return -EIO;
	return stage->client = connect_to_server();
}

/* ---- what the descriptor tells ---- */

struct truth_of_mptcp {
	uint32_t token;
	unsigned int count;
	struct mptcp_subflow_addrs ends[8];
};

static bool read_addresses(int fd, struct truth_of_mptcp *truth)
{
	struct {
		struct mptcp_subflow_data head;
		struct mptcp_subflow_addrs ends[8];
	} answer = { .head = { .size_subflow_data = sizeof(answer.head),
			       .size_user = sizeof(answer.ends[0]) } };
	socklen_t length = sizeof(answer);

	if (getsockopt(fd, SOL_MPTCP_LEVEL, MPTCP_SUBFLOW_ADDRS, &answer, &length) < 0)
		return false;
	truth->count = answer.head.num_subflows;
	memcpy(truth->ends, answer.ends, sizeof(truth->ends));
	return truth->count <= 8;
}

static bool read_truth(int fd, struct truth_of_mptcp *truth)
{
	struct {
		struct mptcp_subflow_data head;
		struct mptcp_info info;
	} answer = { .head = { .size_subflow_data = sizeof(answer.head),
			       .size_user = sizeof(answer.info) } };
	socklen_t length = sizeof(answer.info);

	if (getsockopt(fd, SOL_MPTCP_LEVEL, MPTCP_INFO, &answer.info, &length) < 0)
		return false;
	truth->token = answer.info.mptcpi_token;
	return read_addresses(fd, truth);
}

/* Every wanted subflow has joined. */
static bool wait_for_subflows(int fd, struct truth_of_mptcp *truth)
{
	int64_t end = now_ms() + 4 * WAIT_MS;

	do
		if (read_truth(fd, truth) && truth->count == SUBFLOWS)
			return true;
	while (nap_before(end));
	return false;
}

/* ---- the tests ---- */

static json_t *row_of_kind(const struct listing *listing, uint32_t inode, const char *netid)
{
	json_t *row;
	size_t i;

	json_array_foreach(listing->rows, i, row)
	{
		if (row_is_int(row, "inode", inode) && row_is_text(row, "netid", netid))
			return row;
	}
	return NULL;
}

static bool has_ends(const json_t *row, const struct mptcp_subflow_addrs *ends)
{
	char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &ends->sin_local.sin_addr, local, sizeof(local));
	inet_ntop(AF_INET, &ends->sin_remote.sin_addr, remote, sizeof(remote));
	return row_is_text(row, "local.address", local) &&
	       row_is_text(row, "peer.address", remote) &&
	       row_is_int(row, "local.port", ntohs(ends->sin_local.sin_port)) &&
	       row_is_int(row, "peer.port", ntohs(ends->sin_remote.sin_port));
}

static json_t *subflow_with(const json_t *row, const struct mptcp_subflow_addrs *ends)
{
	json_t *subflow;
	size_t i;

	json_array_foreach(row_get(row, "subflows"), i, subflow)
	{
		if (has_ends(subflow, ends))
			return subflow;
	}
	return NULL;
}

/* Two namespaces and a connection between them, made when the first test wants them. */
static struct stage *wanted_stage(void)
{
	static struct stage stage = { .client = -1, .control = -1 };
	static bool tried;

	if (!tried && open_stage(&stage) < 0)
		stage.client = -1;
	tried = true;
	if (stage.client < 0) {
		print_message("# no two namespaces with MPTCP here\n");
		skip();
	}
	return &stage;
}

static void list_with(struct listing *listing, const char *option, const char *more)
{
	assert_return_code(harness_list(listing, "-a", option, more, NULL), 0);
	if (listing->status != 0)
		fail_msg("status %d, stderr: %s", listing->status, listing->errors);
	assert_int_equal(listing->bad_lines, 0);
}

static void a_connection_lists_its_subflows(void **state)
{
	struct stage *stage = wanted_stage();
	struct truth_of_mptcp truth;
	struct listing listing;
	char token[16];
	json_t *row, *subflow;

	(void)state;
	assert_true(wait_for_subflows(stage->client, &truth));
	snprintf(token, sizeof(token), "%08x", truth.token);
	list_with(&listing, "-M", NULL);
	row = row_of_kind(&listing, inode_of(stage->client), "mptcp");
	check_row(row, row_is_text(row, "mptcp.token", token));
	check_row(row, json_array_size(row_get(row, "subflows")) == SUBFLOWS);
	for (unsigned int i = 0; i < truth.count; i++) {
		subflow = subflow_with(row, &truth.ends[i]);
		check_row(subflow, row_is_text(subflow, "type", "subflow"));
		check_row(subflow, row_is_text(subflow, "netid", "tcp"));
		check_row(subflow, row_is_text(subflow, "mptcp.token", token));
		check_row(subflow, row_has_word(subflow, "close.reasons", "subflow"));
		check_row(subflow, row_has_holder(subflow, getpid(), stage->client));
		check_row(subflow, row_is_null(subflow, "subflows"));
	}
	/* Only the connection counts. */
	assert_true(row_is_int(listing.summary, "sockets", 1));
	listing_free(&listing);
}

/* The ids are those of the endpoints that the test made. */
static void ids_and_flags_are_those_that_were_set(void **state)
{
	struct stage *stage = wanted_stage();
	struct truth_of_mptcp truth;
	unsigned int backups = 0, joined = 0;
	struct listing listing;
	json_t *row, *subflow;
	size_t i;

	(void)state;
	assert_true(wait_for_subflows(stage->client, &truth));
	list_with(&listing, "-M", NULL);
	row = row_of_kind(&listing, inode_of(stage->client), "mptcp");
	json_array_foreach(row_get(row, "subflows"), i, subflow)
	{
		bool backup = row_has_word(subflow, "mptcp.flags", "backup-local");

		backups += backup;
		joined += row_has_word(subflow, "mptcp.flags", "join-local");
		check_row(subflow, backup == row_is_int(subflow, "mptcp.local_id", BACKUP_ID));
		check_row(subflow, backup == row_is_text(subflow, "local.address", "10.9.1.3"));
	}
	assert_int_equal(backups, 1);
	assert_int_equal(joined, SUBFLOWS - 1);
	listing_free(&listing);
}

/* Each subflow once: beneath its connection, or where no connection is listed, in its own row. */
static void no_subflow_is_listed_twice(void **state)
{
	struct stage *stage = wanted_stage();
	struct truth_of_mptcp truth;
	struct listing listing;
	uint32_t inode;
	size_t rows = 0, i;
	json_t *row;

	(void)state;
	inode = inode_of(stage->client);
	assert_true(wait_for_subflows(stage->client, &truth));
	list_with(&listing, "-M", "-t");
	assert_non_null(row_of_kind(&listing, inode, "mptcp"));
	assert_null(row_of_kind(&listing, inode, "tcp"));
	listing_free(&listing);
	assert_return_code(harness_list(&listing, "-a", "-M", "-t", "netid tcp", NULL), 0);
	json_array_foreach(listing.rows, i, row) rows += row_is_int(row, "inode", inode);
	assert_int_equal(rows, SUBFLOWS);
	listing_free(&listing);
	/* Without the column there is nowhere else to show them. */
	assert_return_code(harness_list(&listing, "-M", "-t", "-C", "netid,inode", NULL), 0);
	rows = 0;
	json_array_foreach(listing.rows, i, row) rows += row_is_int(row, "inode", inode);
	assert_int_equal(rows, SUBFLOWS + 1);
	listing_free(&listing);
}

static size_t lines_with(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		const char *found = strstr(line, word);

		n += found && found < line + strcspn(line, "\n");
		if (!line[strcspn(line, "\n")])
			break;
	}
	return n;
}

static void in_the_table_they_stand_beneath(void **state)
{
	static const char *const formats[] = { "--format=table", "--format=csv" };
	struct stage *stage = wanted_stage();
	struct truth_of_mptcp truth;

	(void)state;
	assert_true(wait_for_subflows(stage->client, &truth));
	for (size_t i = 0; i < 2; i++) {
		const char *words[] = { "lingerstat",
					"-M",
					"-H",
					"-n",
					formats[i],
					"-C",
					"netid,local,mptcp,subflows",
					NULL };
		struct tool_run out;

		assert_int_equal(tool_run(&out, words), 0);
		assert_int_equal(out.status, 0);
		assert_int_equal(lines_with(out.output, ""), SUBFLOWS + 1);
		assert_int_equal(strncmp(out.output, "mptcp", 5), 0);
		assert_int_equal(lines_with(out.output, i ? "tcp,10.9." : "  tcp"), SUBFLOWS + i);
		assert_int_equal(lines_with(out.output, "10.9.1.3"), 1);
		tool_free(&out);
	}
}

/* ss prints what it has of a socket in two lines; only the second of each is looked at here. */
static void tokens_are_those_of_ss(void **state)
{
	static const char *const mptcp_words[] = { "ss", "-MianH", NULL };
	static const char *const tcp_words[] = { "ss", "-tianH", NULL };
	struct stage *stage = wanted_stage();
	struct truth_of_mptcp truth;
	char token[32], joined[32];
	struct tool_run of_mptcp, of_tcp;
	struct listing listing;
	json_t *row, *subflow;
	size_t i;

	(void)state;
	assert_true(wait_for_subflows(stage->client, &truth));
	if (tool_run(&of_mptcp, mptcp_words) || tool_run(&of_tcp, tcp_words))
		skip();
	list_with(&listing, "-M", NULL);
	row = row_of_kind(&listing, inode_of(stage->client), "mptcp");
	snprintf(token, sizeof(token), "token:%x ",
		 (unsigned int)strtoul(json_string_value(row_get(row, "mptcp.token")), NULL, 16));
	assert_non_null(strstr(of_mptcp.output, token));
	json_array_foreach(row_get(row, "subflows"), i, subflow)
	{
		const char *remote = json_string_value(row_get(subflow, "mptcp.remote_token"));

		/* token:REMOTE(id:REMOTE)/LOCAL(id:LOCAL) */
		snprintf(joined, sizeof(joined), "token:%04x(id:%d)/",
			 remote ? (unsigned int)strtoul(remote, NULL, 16) : 0,
			 (int)json_integer_value(row_get(subflow, "mptcp.remote_id")));
		check_row(subflow, strstr(of_tcp.output, joined) != NULL);
		snprintf(joined, sizeof(joined), ")/%04x(id:%d)", truth.token,
			 (int)json_integer_value(row_get(subflow, "mptcp.local_id")));
		check_row(subflow, strstr(of_tcp.output, joined) != NULL);
	}
	listing_free(&listing);
	tool_free(&of_mptcp);
	tool_free(&of_tcp);
}

static void explain_names_them(void **state)
{
	struct stage *stage = wanted_stage();
	struct truth_of_mptcp truth;
	char *text;

	(void)state;
	assert_true(wait_for_subflows(stage->client, &truth));
	text = tool_explain_text("-M", "-n", NULL);
	assert_non_null(strstr(text, "Subflows"));
	assert_non_null(strstr(text, "10.9.1.3"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_lists_its_subflows),
		cmocka_unit_test(ids_and_flags_are_those_that_were_set),
		cmocka_unit_test(no_subflow_is_listed_twice),
		cmocka_unit_test(in_the_table_they_stand_beneath),
		cmocka_unit_test(tokens_are_those_of_ss),
		cmocka_unit_test(explain_names_them),
	};

	harness_enter();
	return cmocka_run_group_tests_name("MPTCP", tests, NULL, NULL);
}
