/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording: the kernel's own messages, as `ss -D` writes them, of the sockets that were
 * selected. One NLMSG_DONE ends it, because `TCPDIAG_FILE=... ss` stops at the first.
 */
#include <stdlib.h>
#include <linux/netlink.h>

#include "present/writer.h"

struct record {
	struct writer writer;
	struct outbuf *out;
};

static void put_message(struct outbuf *b, const void *message, size_t len)
{
	outbuf_put(b, message, len);
	outbuf_fill(b, '\0', NLMSG_ALIGN(len) - len);
}

static void record_row(struct writer *w, const struct socket *sk)
{
	put_message(((struct record *)w)->out, sk->message, sk->message_len);
}

/* A dump that broke gets no end mark: whoever reads the recording will know. */
static void record_end(struct writer *w, const struct run_result *result)
{
	struct {
		struct nlmsghdr header;
		int code;
	} done = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(int)),
			    .nlmsg_type = NLMSG_DONE,
			    .nlmsg_flags = NLM_F_MULTI },
	};

	if (result->complete)
		put_message(((struct record *)w)->out, &done, done.header.nlmsg_len);
}

static void record_free(struct writer *w)
{
	free(w);
}

struct writer *record_open(struct outbuf *out, const struct writer_options *options)
{
	struct record *r = calloc(1, sizeof(*r));

	(void)options;
	if (!r)
		return NULL;
	r->writer = (struct writer){ NULL, record_row, record_end, record_free };
	r->out = out;
	return &r->writer;
}
