/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Explanations: a verdict in sentences, each made from the record, each about something a person
 * can act on. The same sentences are the paragraphs of `explain` and the members of its JSON.
 */
#ifndef LINGERSTAT_PRESENT_EXPLAIN_H
#define LINGERSTAT_PRESENT_EXPLAIN_H

#include "base/outbuf.h"
#include "model/socket.h"
#include "present/address.h"

#define EXPLAIN_WIDTH 79

/* What sentences need beside the socket. */
struct explain_context {
	struct names *names;
	bool color;
	bool everywhere; /* sockets of several network namespaces: each says of which it is */
};

/* One paragraph for people. */
void explain_text(struct outbuf *b, const struct socket *sk, const struct explain_context *cx);

/* A JSON object: one member a sentence (null where it does not apply) and a list of advice. */
void explain_json(struct outbuf *b, const struct socket *sk, const struct explain_context *cx);

/* What a reason word means, at length; wrapped at EXPLAIN_WIDTH columns. */
void explain_reason(struct outbuf *b, enum reason reason);
void explain_reason_json(struct outbuf *b, enum reason reason);

#endif
