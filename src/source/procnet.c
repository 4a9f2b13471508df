/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/procnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"

#define LINE_MAX_LENGTH 512
#define PATH_SIZE       64

/* What a kernel sends, in the place of one that did not. */
struct made_message {
	struct nlmsghdr header;
	struct inet_diag_msg msg;
};

_Static_assert(sizeof(struct made_message) == NLMSG_LENGTH(sizeof(struct inet_diag_msg)),
	       "no padding between header and message");

static void make_path(char path[PATH_SIZE], const char *table, uint8_t address_family)
{
	snprintf(path, PATH_SIZE, "%s%s", table, address_family == AF_INET6 ? "6" : "");
}

bool procnet_has(const char *table)
{
	return access(table, R_OK) == 0;
}

/* ADDRESS:PORT in hexadecimal; each 32 bits of the address are one number of the machine's own
 * (raw_sock_seq_show() in net/ipv4/raw.c, __ip6_dgram_sock_seq_show() in net/ipv6/datagram.c).
 * Returns what follows, or NULL. */
static const char *read_end(const char *text, uint8_t address_family, __be32 *addr, __be16 *port)
{
	unsigned int words = address_family == AF_INET6 ? 4 : 1, number;
	int used;

	for (unsigned int i = 0; i < words; i++) {
		if (sscanf(text, " %8x%n", &number, &used) != 1 || used < 8)
			return NULL;
		addr[i] = number;
		text += used;
	}
	if (sscanf(text, ":%4x%n", &number, &used) != 1)
		return NULL;
	*port = htons((uint16_t)number);
	return text + used;
}

/* State, queues, timer, retransmits, uid, timeout, inode. */
static bool read_rest(const char *text, struct inet_diag_msg *msg)
{
	unsigned int state, sent, received, uid;
	unsigned long inode;

	if (sscanf(text, " %2x %8x:%8x %*x:%*x %*x %u %*d %lu", &state, &sent, &received, &uid,
		   &inode) != 5)
		return false;
	msg->idiag_state = (uint8_t)state;
	msg->idiag_wqueue = sent;
	msg->idiag_rqueue = received;
	msg->idiag_uid = uid;
	msg->idiag_inode = (uint32_t)inode;
	return true;
}

static bool read_line(const char *line, uint8_t address_family, struct made_message *made)
{
	struct inet_diag_msg *msg = &made->msg;
	const char *text = strchr(line, ':'); /* behind the row's number */

	*made = (struct made_message){ .header.nlmsg_len = sizeof(*made),
				       .header.nlmsg_type = SOCK_DIAG_BY_FAMILY,
				       .msg.idiag_family = address_family };
	text = text ? read_end(text + 1, address_family, msg->id.idiag_src, &msg->id.idiag_sport)
		    : NULL;
	text = text ? read_end(text, address_family, msg->id.idiag_dst, &msg->id.idiag_dport)
		    : NULL;
	return text && read_rest(text, msg);
}

static int take_lines(FILE *table, uint8_t address_family, message_sink sink, void *ctx,
		      struct dump_report *report)
{
	char line[LINE_MAX_LENGTH];
	struct made_message made;
	int err = 0;

	if (!fgets(line, sizeof(line), table)) /* the names of the columns */
		return 0;
	while (!err && fgets(line, sizeof(line), table)) {
		if (read_line(line, address_family, &made))
			err = sink(ctx, &made.header);
		else
			report->malformed++;
	}
	return err;
}

/* What is mounted over it may be another namespace's. */
static bool is_own(const char *path, FILE *file)
{
	static const char root[] = "/proc/";
	const size_t length = sizeof(root) - 1;

	return strncmp(path, root, length) != 0 ||
	       procfs_is_own("/proc", path + length, fileno(file));
}

int procnet_dump(const char *table, uint8_t address_family, message_sink sink, void *ctx,
		 struct dump_report *report)
{
	char path[PATH_SIZE];
	FILE *file;
	int err;

	make_path(path, table, address_family);
	file = fopen(path, "re");
	/* A machine without IPv6 has no table for it. */
	if (!file && errno == ENOENT && address_family == AF_INET6)
		return 0;
	if (!file)
		return dump_problem_set(report, DUMP_RECV_FAILED, -errno);
	if (!is_own(path, file))
		err = dump_problem_set(report, DUMP_RECV_FAILED, -EXDEV);
	else
		err = take_lines(file, address_family, sink, ctx, report);
	if (!err && ferror(file))
		err = dump_problem_set(report, DUMP_RECV_FAILED, -EIO);
	fclose(file);
	return err;
}
