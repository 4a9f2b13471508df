/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether this kernel lists TCP sockets that are bound and nothing else. One that does not takes
 * the bit of the state for nothing and answers with a plain end, so an empty list alone says
 * nothing: a socket of our own is put among them and looked for.
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/source.h"

struct search {
	uint32_t inode;
	bool found;
};

static int take_bound(void *ctx, struct socket *sk)
{
	struct search *search = ctx;

	search->found |= sk->inode == search->inode;
	return 0;
}

static enum tri look_for(struct source *source, int fd)
{
	struct selection sel = { .netids = NETID_BIT(NETID_TCP),
				 .states = STATE_BIT(STATE_BOUND_INACTIVE),
				 .ipv4 = true };
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct search search = { 0 };
	struct dump_report report;
	struct stat st;

	if (fstat(fd, &st) < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return TRI_UNKNOWN;
	search.inode = (uint32_t)st.st_ino;
	source_dump(source, &family_tcp, &sel, take_bound, &search, &report);
	if (search.found)
		return TRI_YES;
	return dump_incomplete(&report) ? TRI_UNKNOWN : TRI_NO;
}

enum tri source_lists_bound(struct source *source)
{
	enum tri answer = TRI_UNKNOWN;
	int fd;

	if (source_is_replay(source))
		return TRI_UNKNOWN;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		answer = look_for(source, fd);
		close(fd);
	}
	return answer;
}
