/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/asker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_ROOM 128  /* a header and struct inet_diag_req_v2: 72 bytes */
#define ANSWER_ROOM  4096 /* one socket with all of its attributes has 1,500 bytes at most */

struct asker {
	int fd;
	uint32_t portid;
	uint32_t first; /* sequence number of the batch's first request */
	unsigned int count;
	size_t length;
	char requests[ASKER_BATCH * REQUEST_ROOM] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct mmsghdr headers[ASKER_BATCH];
	struct iovec rooms[ASKER_BATCH];
	char answers[ASKER_BATCH][ANSWER_ROOM] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static int bind_socket(struct asker *asker)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(address);

	asker->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (asker->fd < 0 || bind(asker->fd, (struct sockaddr *)&address, len) < 0 ||
	    getsockname(asker->fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	asker->portid = address.nl_pid;
	return 0;
}

int asker_open(struct asker **out)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	int err = -ENOMEM;

	if (asker) {
		for (size_t i = 0; i < ASKER_BATCH; i++) {
			asker->rooms[i] = (struct iovec){ asker->answers[i], ANSWER_ROOM };
			asker->headers[i].msg_hdr.msg_iov = &asker->rooms[i];
			asker->headers[i].msg_hdr.msg_iovlen = 1;
		}
		err = bind_socket(asker);
	}
	if (err) {
		asker_close(asker);
		asker = NULL;
	}
	*out = asker;
	return err;
}

void asker_close(struct asker *asker)
{
	if (!asker)
		return;
	if (asker->fd >= 0)
		close(asker->fd);
	free(asker);
}

static int refused(const struct nlmsghdr *nlh, struct dump_report *report)
{
	const struct nlmsgerr *err = NLMSG_DATA(nlh);

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*err)) || err->error > 0)
		return dump_problem_set(report, DUMP_BAD_MESSAGE, -EBADMSG);
	if (!err->error || err->error == -ENOENT)
		return 0;
	return dump_problem_set(report, DUMP_REFUSED, err->error);
}

/* One answer. Adds to *answered where it belongs to the batch. */
static int take_answer(const struct asker *asker, const struct mmsghdr *header, const char *answer,
		       message_sink sink, void *ctx, struct dump_report *report,
		       unsigned int *answered)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)answer;

	if (header->msg_hdr.msg_flags & MSG_TRUNC)
		return dump_problem_set(report, DUMP_TRUNCATED, -EMSGSIZE);
	if (!message_fits(nlh, (int)header->msg_len))
		return dump_problem_set(report, DUMP_BAD_MESSAGE, -EBADMSG);
	if (nlh->nlmsg_pid != asker->portid || nlh->nlmsg_seq - asker->first >= asker->count)
		return 0;
	++*answered;
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return refused(nlh, report);
	return nlh->nlmsg_type < NLMSG_MIN_TYPE ? 0 : sink(ctx, nlh);
}

static int receive_failed(struct dump_report *report, int error)
{
	return dump_problem_set(report, error == -ENOBUFS ? DUMP_OVERRUN : DUMP_RECV_FAILED, error);
}

static int take_answers(struct asker *asker, message_sink sink, void *ctx,
			struct dump_report *report)
{
	unsigned int answered = 0;

	while (answered < asker->count) {
		int n = recvmmsg(asker->fd, asker->headers, asker->count - answered, 0, NULL);
		int err = 0;

		if (n < 0 && errno != EINTR)
			return receive_failed(report, -errno);
		for (int i = 0; i < n && !err; i++)
			err = take_answer(asker, &asker->headers[i], asker->answers[i], sink, ctx,
					  report, &answered);
		if (err)
			return err;
	}
	return 0;
}

int asker_flush(struct asker *asker, message_sink sink, void *ctx, struct dump_report *report)
{
	ssize_t sent;
	int err;

	if (!asker->count)
		return 0;
	do
		sent = send(asker->fd, asker->requests, asker->length, 0);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return dump_problem_set(report, DUMP_SEND_FAILED, -errno);
	err = take_answers(asker, sink, ctx, report);
	asker->first += asker->count;
	asker->count = 0;
	asker->length = 0;
	return err;
}

int asker_add(struct asker *asker, const struct nlmsghdr *request, message_sink sink, void *ctx,
	      struct dump_report *report)
{
	struct nlmsghdr *copy = (struct nlmsghdr *)(asker->requests + asker->length);

	if (request->nlmsg_len > REQUEST_ROOM)
		return dump_problem_set(report, DUMP_SEND_FAILED, -EMSGSIZE);
	memcpy(copy, request, request->nlmsg_len);
	copy->nlmsg_flags = NLM_F_REQUEST;
	copy->nlmsg_seq = asker->first + asker->count++;
	asker->length += NLMSG_ALIGN(request->nlmsg_len);
	return asker->count == ASKER_BATCH ? asker_flush(asker, sink, ctx, report) : 0;
}
