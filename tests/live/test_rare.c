/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vsock, XDP and DCCP sockets, made here, beside what the tool says of them, and what their closing
 * did. Few kernels have them all: what one lacks is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_xdp.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ends.h"
#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES    100

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

static const struct linger five = { 1, 5 };

/* ---- help ---- */

/* A socket, or the test is skipped with the kernel's reason. */
static int socket_or_skip(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0) {
		print_message("# this kernel has no such sockets: %s\n", strerror(errno));
		skip();
	}
	return fd;
}

/* All of a kind; skips where the kernel does not list them. `word` is one more, or NULL. */
static void list_or_skip(struct listing *listing, const char *option, const char *word)
{
	assert_return_code(harness_list(listing, option, "-a", "-p", "-e", word, NULL), errno);
	if (strstr(listing->errors, "this kernel does not list")) {
		assert_int_equal(listing->status, 3);
		print_message("# %s", listing->errors);
		listing_free(listing);
		skip();
	}
	if (listing->status != 0)
		fail_msg("status %d, %s", listing->status, listing->errors);
	assert_int_equal(listing->bad_lines, 0);
}

/* What every kind's row has of a descriptor with that linger. */
static void check_held(const struct listing *listing, const json_t *row, int fd,
		       const struct linger *linger)
{
	const char *why;

	check_row(row, row_has_holder(row, getpid(), fd));
	check_row(row, row_is_int(row, "references", 1));
	check_row(row, json_string_length(row_get(row, "cookie")) > 0);
	if (linger_by_bpf(listing, &why))
		check_row(row, row_is_linger(row, linger));
	else
		check_row(row, row_is_null(row, "linger"));
}

/* The kernel tells neither queue. */
static void check_blind(const json_t *row)
{
	check_row(row, row_is_null(row, "recv_queue"));
	check_row(row, row_is_null(row, "send_queue"));
	check_row(row, row_is_null(row, "queue_unit"));
	check_row(row, row_is_null(row, "unread_bytes"));
	check_row(row, row_is_null(row, "outstanding_bytes"));
}

static void check_cells(const char *option, const char *columns, const char *wanted)
{
	const char *const argv[] = { "lingerstat", "list", option,  "-a", "-n",
				     "-H",         "-C",   columns, NULL };
	struct tool_run run;

	assert_return_code(tool_run(&run, argv), errno);
	assert_int_equal(run.status, 0);
	if (!strstr(run.output, wanted))
		fail_msg("no '%s' in: %s", wanted, run.output);
	tool_free(&run);
}

/* ---- vsock ---- */

static struct sockaddr_vm vsock_name(int fd)
{
	struct sockaddr_vm name = { 0 };
	socklen_t len = sizeof(name);

	assert_return_code(getsockname(fd, (struct sockaddr *)&name, &len), errno);
	return name;
}

/* A pair by way of the machine itself: the listener, who connects, who was accepted. */
struct vsock_pair {
	int listener, near, far;
	uint32_t port;
};

/* Without that module a connection to oneself would go to the machine's host. */
static void need_loopback(void)
{
	int fd = socket_or_skip(AF_VSOCK, SOCK_STREAM, 0);

	close(fd);
	if (access("/sys/module/vsock_loopback", F_OK) == 0)
		return;
	print_message("# no vsock to oneself here: vsock_loopback is not loaded\n");
	skip();
}

static void vsock_open(struct vsock_pair *pair, int type)
{
	struct sockaddr_vm name = { .svm_family = AF_VSOCK,
				    .svm_cid = VMADDR_CID_ANY,
				    .svm_port = VMADDR_PORT_ANY };

	need_loopback();
	pair->listener = socket_or_skip(AF_VSOCK, type, 0);
	assert_return_code(bind(pair->listener, (struct sockaddr *)&name, sizeof(name)), errno);
	assert_return_code(listen(pair->listener, 4), errno);
	pair->port = vsock_name(pair->listener).svm_port;
	name.svm_port = pair->port;
	name.svm_cid = VMADDR_CID_LOCAL;
	pair->near = socket_or_skip(AF_VSOCK, type, 0);
	assert_return_code(connect(pair->near, (struct sockaddr *)&name, sizeof(name)), errno);
	assert_return_code(pair->far = tcp_accept(pair->listener), errno);
}

static void vsock_close(struct vsock_pair *pair)
{
	drop_fd(&pair->near);
	drop_fd(&pair->far);
	drop_fd(&pair->listener);
}

static void check_vsock_kind(int type, const char *netid)
{
	struct vsock_pair pair;
	struct listing listing;
	char cells[64];
	uint32_t port;
	json_t *row;

	vsock_open(&pair, type);
	port = vsock_name(pair.near).svm_port;
	assert_return_code(setsockopt(pair.near, SOL_SOCKET, SO_LINGER, &five, sizeof(five)),
			   errno);
	assert_return_code(ends_send(pair.far, pair.near, BYTES), 0);
	list_or_skip(&listing, "--vsock", NULL);
	row = row_by_inode(&listing, inode_of(pair.listener));
	check_row(row, row_is_text(row, "netid", netid));
	check_row(row, row_is_text(row, "family", "vsock"));
	check_row(row, row_is_text(row, "state", "listen"));
	check_row(row, row_is_int(row, "local.cid", VMADDR_CID_ANY));
	check_row(row, row_is_int(row, "local.port", pair.port));
	check_blind(row);
	row = row_by_inode(&listing, inode_of(pair.near));
	check_row(row, row_is_text(row, "netid", netid));
	check_row(row, row_is_text(row, "state", "established"));
	check_row(row, row_is_int(row, "local.port", port));
	check_row(row, row_is_int(row, "peer.cid", VMADDR_CID_LOCAL));
	check_row(row, row_is_int(row, "peer.port", pair.port));
	check_row(row, json_array_size(row_get(row, "shutdown")) == 0);
	check_row(row, row_is_null(row, "uid"));
	check_blind(row);
	check_held(&listing, row, pair.near, &five);
	check_row(row, !row_has_word(row, "close.outcomes", "reset"));
	check_row(row, row_is_text(row, "close.risk_max", "certain"));
	row = row_by_inode(&listing, inode_of(pair.far));
	check_row(row, row_is_int(row, "local.cid", VMADDR_CID_LOCAL));
	check_row(row, row_is_int(row, "local.port", pair.port));
	check_row(row, row_is_int(row, "peer.port", port));
	listing_free(&listing);
	snprintf(cells, sizeof(cells), "%d:%u", VMADDR_CID_LOCAL, pair.port);
	check_cells("--vsock", "netid,state,peer", cells);
	vsock_close(&pair);
}

static void vsock_rows(void **state)
{
	(void)state;
	check_vsock_kind(SOCK_STREAM, "v_str");
	check_vsock_kind(SOCK_SEQPACKET, "v_seq");
}

/* Ports and states choose among them, and what one side has shut down is seen. */
static void vsock_filters_and_shutdown(void **state)
{
	struct vsock_pair pair;
	struct listing listing;
	char filter[64];
	json_t *row;

	(void)state;
	vsock_open(&pair, SOCK_STREAM);
	assert_return_code(shutdown(pair.near, SHUT_WR), errno);
	snprintf(filter, sizeof(filter), "dst vsock:%d:%u and state connected", VMADDR_CID_LOCAL,
		 pair.port);
	list_or_skip(&listing, "--vsock", filter);
	assert_int_equal(json_array_size(listing.rows), 1);
	row = row_by_inode(&listing, inode_of(pair.near));
	check_row(row, row_has_word(row, "shutdown", "send"));
	check_row(row, !row_has_word(row, "shutdown", "recv"));
	listing_free(&listing);
	vsock_close(&pair);
}

/* Unread data goes without a word, with zero linger as without: the peer sees an end. */
static void vsock_closes_without_a_reset(void **state)
{
	(void)state;
	for (int zero = 0; zero < 2; zero++) {
		struct vsock_pair pair;
		struct fate fate;

		vsock_open(&pair, SOCK_STREAM);
		assert_return_code(ends_send(pair.far, pair.near, BYTES), 0);
		if (zero)
			assert_return_code(tcp_set_linger(pair.near, true, 0), errno);
		drop_fd(&pair.near);
		fate = ends_watch(pair.far, WAIT_MS);
		assert_true(fate.eof && !fate.reset);
		vsock_close(&pair);
	}
}

/* ---- XDP ---- */

#define UMEM_BYTES 65536
#define RING       64

/* A socket with memory and rings, not bound. */
static int xdp_open(void)
{
	int fd = socket_or_skip(AF_XDP, SOCK_RAW, 0);
	struct xdp_umem_reg umem = { .len = UMEM_BYTES, .chunk_size = 2048 };
	static const int rings[] = { XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING };
	const int entries = RING;
	void *memory =
		mmap(NULL, UMEM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	umem.addr = (uintptr_t)memory;
	assert_return_code(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)), errno);
	for (size_t i = 0; i < COUNT(rings); i++)
		assert_return_code(setsockopt(fd, SOL_XDP, rings[i], &entries, sizeof(entries)),
				   errno);
	return fd;
}

static void check_xdp(const struct listing *listing, const json_t *row, int fd)
{
	check_row(row, row_is_text(row, "netid", "xdp"));
	check_row(row, row_is_text(row, "family", "xdp"));
	check_row(row, row_is_text(row, "state", "close"));
	check_row(row, row_is_null(row, "peer"));
	check_row(row, row_is_int(row, "uid", getuid()));
	check_row(row, row_is_null(row, "unread_bytes"));
	check_row(row, row_is_null(row, "outstanding_bytes"));
	check_row(row, row_is_text(row, "close.outcome", "silent"));
	check_row(row, row_is_text(row, "close.risk", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "certain"));
	check_held(listing, row, fd, &five);
}

static void xdp_rows(void **state)
{
	struct sockaddr_xdp name = { .sxdp_family = AF_XDP,
				     .sxdp_flags = XDP_COPY,
				     .sxdp_ifindex = if_nametoindex("lo") };
	struct listing listing;
	json_t *row;
	int fd;

	(void)state;
	fd = xdp_open();
	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_LINGER, &five, sizeof(five)), errno);
	list_or_skip(&listing, "--xdp", NULL);
	row = row_by_inode(&listing, inode_of(fd));
	check_xdp(&listing, row, fd);
	check_row(row, row_is_null(row, "interface"));
	check_row(row, row_is_null(row, "local.queue"));
	listing_free(&listing);
	check_cells("--xdp", "netid,local", " *:*");
	assert_return_code(bind(fd, (struct sockaddr *)&name, sizeof(name)), errno);
	list_or_skip(&listing, "--xdp", NULL);
	row = row_by_inode(&listing, inode_of(fd));
	check_xdp(&listing, row, fd);
	check_row(row, row_is_text(row, "interface", "lo"));
	check_row(row, row_is_int(row, "local.queue", 0));
	check_row(row, row_is_int(row, "extended.rx_ring_entries", RING));
	listing_free(&listing);
	check_cells("--xdp", "netid,local", " lo:0");
	close(fd);
}

/* ---- DCCP ---- */

static const struct kind dccp = { "", "dccp", "-d", AF_INET, SOCK_DCCP, IPPROTO_DCCP, BY_PORT };

/* Who has connected is in a state without a name (PARTOPEN) until it has heard more. */
static void dccp_open(struct ends *ends)
{
	char data[BYTES];

	close(socket_or_skip(AF_INET, SOCK_DCCP, IPPROTO_DCCP));
	assert_return_code(ends_open(ends, &dccp, 0), 0);
	assert_return_code(ends_send(ends->far, ends->near, BYTES), 0);
	assert_int_equal(recv(ends->near, data, sizeof(data), 0), BYTES);
}

static void dccp_rows(void **state)
{
	struct listing listing;
	struct ends ends;
	json_t *row;

	(void)state;
	dccp_open(&ends);
	assert_return_code(setsockopt(ends.near, SOL_SOCKET, SO_LINGER, &five, sizeof(five)),
			   errno);
	list_or_skip(&listing, "-d", NULL);
	row = row_by_inode(&listing, inode_of(ends.listener));
	check_row(row, row_is_text(row, "netid", "dccp"));
	check_row(row, row_is_text(row, "state", "listen"));
	check_row(row, row_is_int(row, "local.port", local_port(ends.listener)));
	row = row_by_inode(&listing, inode_of(ends.near));
	check_row(row, row_is_text(row, "netid", "dccp"));
	check_row(row, row_is_text(row, "family", "inet"));
	check_row(row, row_is_text(row, "local.address", "127.0.0.1"));
	check_row(row, row_is_int(row, "local.port", local_port(ends.near)));
	check_row(row, row_is_int(row, "peer.port", local_port(ends.listener)));
	check_row(row, row_is_int(row, "uid", getuid()));
	check_blind(row);
	check_held(&listing, row, ends.near, &five);
	check_row(row, row_is_text(row, "close.risk_max", "certain"));
	row = row_by_inode(&listing, inode_of(ends.far));
	check_row(row, row_is_text(row, "state", "established"));
	listing_free(&listing);
	check_cells("-d", "netid,state,local", "LISTEN 127.0.0.1:");
	ends_close(&ends);
}

/* Zero linger resets, and so does unread data, which nobody can foretell. */
static void dccp_resets(void **state)
{
	(void)state;
	for (int zero = 0; zero < 2; zero++) {
		struct listing listing;
		struct fate fate;
		struct ends ends;
		json_t *row;

		dccp_open(&ends);
		if (zero)
			assert_return_code(tcp_set_linger(ends.near, true, 0), errno);
		else
			assert_return_code(ends_send(ends.far, ends.near, BYTES), 0);
		list_or_skip(&listing, "-d", "--linger=getfd");
		row = row_by_inode(&listing, inode_of(ends.near));
		check_row(row, row_has_word(row, "close.outcomes", "reset"));
		if (zero)
			check_row(row, row_is_text(row, "close.outcome", "reset"));
		listing_free(&listing);
		drop_fd(&ends.near);
		fate = ends_watch(ends.far, WAIT_MS);
		assert_true(fate.eof || fate.reset);
		ends_close(&ends);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vsock_rows),
		cmocka_unit_test(vsock_filters_and_shutdown),
		cmocka_unit_test(vsock_closes_without_a_reset),
		cmocka_unit_test(xdp_rows),
		cmocka_unit_test(dccp_rows),
		cmocka_unit_test(dccp_resets),
	};

	harness_enter();
	return cmocka_run_group_tests_name("rare", tests, NULL, NULL);
}
