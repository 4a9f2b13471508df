/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sctp.h"
#include "tcp.h"
#include "tool.h"

#define BACKLOG 8

void sctp_need(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

	if (fd < 0) {
		print_message("# this kernel has no SCTP: %s\n", strerror(errno));
		skip();
	}
	close(fd);
}

/* Loopback at a port of the family. */
static socklen_t name_of(struct sockaddr_storage *name, int family, uint16_t port)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)name;
	struct sockaddr_in *v4 = (struct sockaddr_in *)name;

	*name = (struct sockaddr_storage){ .ss_family = (sa_family_t)family };
	if (family == AF_INET) {
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	v6->sin6_addr = in6addr_loopback;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

int sctp_listen(int family, int type, uint16_t *port)
{
	struct sockaddr_storage name;
	socklen_t len = name_of(&name, family, 0);
	int fd = socket(family, type | SOCK_CLOEXEC, IPPROTO_SCTP);

	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&name, len), errno);
	assert_return_code(listen(fd, BACKLOG), errno);
	*port = local_port(fd);
	return fd;
}

int sctp_connect(int family, uint16_t port, int flags)
{
	struct sockaddr_storage name;
	socklen_t len = name_of(&name, family, port);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, IPPROTO_SCTP);

	assert_return_code(fd, errno);
	if (connect(fd, (struct sockaddr *)&name, len) < 0)
		assert_int_equal(errno, EINPROGRESS);
	return fd;
}

void sctp_open_pair(struct sctp_pair *pair, int family)
{
	pair->second = -1;
	pair->listener = sctp_listen(family, SOCK_STREAM, &pair->port);
	pair->near = sctp_connect(family, pair->port, 0);
	pair->far = tcp_accept(pair->listener);
	assert_true(pair->far >= 0);
}

void sctp_open_many(struct sctp_pair *pair)
{
	pair->listener = -1;
	pair->near = sctp_listen(AF_INET, SOCK_SEQPACKET, &pair->port);
	pair->far = sctp_connect(AF_INET, pair->port, 0);
	pair->second = sctp_connect(AF_INET, pair->port, 0);
}

/* With an ABORT, so that no association is left behind. */
static void drop(int *fd)
{
	if (*fd >= 0)
		tcp_set_linger(*fd, true, 0);
	drop_fd(fd);
}

void sctp_close_pair(struct sctp_pair *pair)
{
	drop(&pair->near);
	drop(&pair->far);
	drop(&pair->second);
	drop(&pair->listener);
}

void sctp_subscribe(int fd, const struct sctp_event_subscribe *events)
{
	assert_return_code(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, sizeof(*events)),
			   errno);
}

/* sctp_rcv() in net/sctp/input.c asks the filter with the first chunk at the packet's start. */
void sctp_drop_chunk(int fd, uint8_t chunk)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, chunk, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
			   errno);
}

int64_t sctp_counter(const char *name)
{
	FILE *file = fopen("/proc/net/sctp/snmp", "re");
	long long value, found = -1;
	char word[64];

	assert_non_null(file);
	while (fscanf(file, "%63s %lld", word, &value) == 2)
		if (strcmp(word, name) == 0)
			found = value;
	fclose(file);
	assert_true(found >= 0);
	return found;
}

static json_t *find(const struct listing *listing, int fd, const char *record, uint16_t port)
{
	json_t *row;
	size_t i;

	json_array_foreach(listing->rows, i,
			   row) if (row_is_int(row, "inode", inode_of(fd)) &&
				    row_is_text(row, "sctp", record) &&
				    (!port || row_is_int(row, "peer.port", port))) return row;
	return NULL;
}

json_t *sctp_endpoint(const struct listing *listing, int fd)
{
	return find(listing, fd, "endpoint", 0);
}

json_t *sctp_association(const struct listing *listing, int fd, uint16_t peer_port)
{
	return find(listing, fd, "association", peer_port);
}

void sctp_list(struct listing *listing, const char *word)
{
	assert_return_code(harness_list(listing, "-S", "-a", "-p", word, NULL), errno);
	if (listing->status != 0)
		fail_msg("status %d, stderr: %s", listing->status, listing->errors);
	assert_int_equal(listing->bad_lines, 0);
}

json_t *sctp_wait_state(struct listing *listing, int fd, const char *state)
{
	int64_t end = now_ms() + WAIT_MS;

	while (true) {
		json_t *row;

		sctp_list(listing, NULL);
		row = sctp_association(listing, fd, 0);
		if (row && row_is_text(row, "state", state))
			return row;
		if (!nap_before(end)) {
			row_print(row);
			fail_msg("no association in %s", state);
		}
		listing_free(listing);
	}
}
