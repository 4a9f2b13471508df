/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON values of the column table. */
#include "present/cells.h"

#include "model/protocols.h"
#include "present/ends.h"
#include "present/escape.h"

static void json_number(struct outbuf *b, int64_t v)
{
	if (v == UNKNOWN)
		outbuf_str(b, "null");
	else
		outbuf_i64(b, v);
}

static void json_word(struct outbuf *b, const char *word)
{
	size_t n = word ? strlen(word) : 0;
	char *p = word ? outbuf_reserve(b, n + 2) : NULL;

	if (!word)
		outbuf_str(b, "null");
	if (!p)
		return;
	p[0] = p[n + 1] = '"';
	memcpy(p + 1, word, n);
	b->len += n + 2;
}

static void json_text(struct outbuf *b, const char *text)
{
	if (text)
		escape_json(b, text, strlen(text));
	else
		outbuf_str(b, "null");
}

static void json_tri(struct outbuf *b, enum tri value)
{
	static const char *const words[] = {
		[TRI_UNKNOWN] = "null",
		[TRI_NO] = "false",
		[TRI_YES] = "true",
	};

	outbuf_str(b, words[value]);
}

VALUE(netid)
{
	json_word(b, netid_name(sk->netid));
}

VALUE(family)
{
	json_word(b, family_name(sk->family));
}

VALUE(state)
{
	json_word(b, state_json_name(sk->state));
}

VALUE(netns)
{
	json_number(b, sk->netns ? (int64_t)sk->netns : UNKNOWN);
}

VALUE(netns_name)
{
	json_text(b, sk->netns_name);
}

static void json_endpoint(struct outbuf *b, uint8_t family, const struct endpoint *ep)
{
	outbuf_str(b, "{\"address\":\"");
	address_number(b, family, ep);
	outbuf_str(b, "\",\"port\":");
	outbuf_u64(b, ep->port);
	outbuf_char(b, '}');
}

/* A raw socket has a protocol where others have a port, at its own end only. */
static void json_raw(struct outbuf *b, const struct socket *sk, bool peer)
{
	outbuf_str(b, "{\"address\":\"");
	address_number(b, sk->family, peer ? &sk->peer : &sk->local);
	outbuf_char(b, '"');
	if (!peer) {
		outbuf_printf(b, ",\"protocol\":%u", sk->protocol);
		end_protocol_name(b, ip_protocol_name(sk->protocol));
	}
	outbuf_char(b, '}');
}

/* True when the end was written: it is neither an address and port nor a path. */
static bool json_other_end(struct outbuf *b, const struct socket *sk, bool peer)
{
	const struct end_format *other = socket_is_inet(sk) ? NULL : end_format_of(sk->family);

	if (other)
		other->value(b, sk, peer);
	else if (sk->netid == NETID_RAW)
		json_raw(b, sk, peer);
	return other || sk->netid == NETID_RAW;
}

/* Names are bytes: what is no UTF-8 stands beside in base64. */
static void json_unix_name(struct outbuf *b, const struct unix_end *un)
{
	outbuf_str(b, "\"path\":");
	if (!un->name) {
		outbuf_str(b, "null");
	} else if (!escape_json(b, un->name, un->name_len)) {
		outbuf_str(b, ",\"path_base64\":\"");
		escape_base64(b, un->name, un->name_len);
		outbuf_char(b, '"');
	}
	outbuf_str(b, un->abstract ? ",\"abstract\":true" : ",\"abstract\":false");
}

VALUE(local)
{
	if (json_other_end(b, sk, false))
		return;
	if (sk->family != AF_UNIX) {
		json_endpoint(b, sk->family, &sk->local);
		return;
	}
	outbuf_char(b, '{');
	json_unix_name(b, &sk->un);
	outbuf_char(b, '}');
}

VALUE(peer)
{
	if (json_other_end(b, sk, true))
		return;
	if (sk->family != AF_UNIX) {
		json_endpoint(b, sk->family, &sk->peer);
		return;
	}
	outbuf_str(b, "{\"inode\":");
	json_number(b, sk->un.peer_inode ? (int64_t)sk->un.peer_inode : UNKNOWN);
	outbuf_char(b, ',');
	if (sk->other.name_known)
		json_unix_name(b, &sk->other.name);
	else
		outbuf_str(b, "\"path\":null,\"abstract\":null");
	outbuf_char(b, '}');
}

VALUE(interface)
{
	json_text(b, sk->interface);
}

VALUE(ifindex)
{
	json_number(b, sk->ifindex ? (int64_t)sk->ifindex : UNKNOWN);
}

VALUE(recv_queue)
{
	json_number(b, socket_recv_queue(sk));
}

VALUE(send_queue)
{
	json_number(b, socket_send_queue(sk));
}

VALUE(unread)
{
	json_number(b, sk->unread_bytes);
}

VALUE(outstanding)
{
	json_number(b, sk->outstanding_bytes);
}

VALUE(unsent)
{
	json_number(b, sk->unsent_bytes);
}

static const char *const linger_sources[] = {
	[LINGER_FROM_NOWHERE] = "none",
	[LINGER_FROM_BPF] = "bpf",
	[LINGER_FROM_GETFD] = "getfd",
};

VALUE(linger)
{
	const struct linger_setting *l = &sk->linger;

	if (l->kind == LINGER_UNKNOWN) {
		outbuf_str(b, "null");
		return;
	}
	if (l->kind == LINGER_NONE) {
		outbuf_str(b,
			   "{\"on\":null,\"seconds\":null,\"forever\":null,\"source\":\"none\"}");
		return;
	}
	outbuf_str(b, l->kind == LINGER_ON ? "{\"on\":true,\"seconds\":"
					   : "{\"on\":false,\"seconds\":");
	json_number(b, l->seconds);
	outbuf_str(b, l->forever ? ",\"forever\":true,\"source\":\""
				 : ",\"forever\":false,\"source\":\"");
	outbuf_str(b, linger_sources[l->source]);
	outbuf_str(b, "\"}");
}

VALUE(options)
{
	const struct close_options *o = &sk->options;

	outbuf_str(b, "{\"nonblock\":");
	json_tri(b, o->nonblock);
	outbuf_str(b, ",\"reuseaddr\":");
	json_tri(b, o->reuseaddr);
	outbuf_str(b, ",\"reuseport\":");
	json_tri(b, o->reuseport);
	outbuf_str(b, ",\"repair\":");
	json_tri(b, o->repair);
	outbuf_str(b, ",\"linger2_negative\":");
	json_tri(b, o->linger2_negative);
	outbuf_str(b, ",\"user_timeout_ms\":");
	json_number(b, o->user_timeout_ms);
	outbuf_char(b, '}');
}

VALUE(shutdown)
{
	static const char *const lists[] = { "[]", "[\"recv\"]", "[\"send\"]",
					     "[\"recv\",\"send\"]" };

	outbuf_str(b, sk->shutdown_known ? lists[sk->shutdown & 3] : "null");
}

VALUE(uid)
{
	json_number(b, sk->uid_known ? (int64_t)sk->uid : UNKNOWN);
}

VALUE(inode)
{
	outbuf_u64(b, sk->inode);
}

/* The kernel counts them from 1: 0 was never given. */
VALUE(cookie)
{
	if (!sk->cookie) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '"');
	outbuf_hex(b, sk->cookie);
	outbuf_char(b, '"');
}

VALUE(cgroup)
{
	json_text(b, sk->cgroup);
}

static void json_context(struct outbuf *b, const char *text)
{
	json_text(b, text && *text ? text : NULL);
}

/* As the list of holders is: null where nobody knows who they are. */
VALUE(contexts)
{
	const struct context_list *list = &sk->contexts;

	if (sk->holders.known == HOLDERS_UNKNOWN && sk->inode != 0) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '[');
	for (uint32_t i = 0; i < list->count; i++) {
		outbuf_printf(b, "%s{\"pid\":%u,\"tid\":%u,\"context\":", i ? "," : "",
			      list->items[i].pid, list->items[i].tid);
		json_context(b, list->items[i].text);
		outbuf_char(b, '}');
	}
	outbuf_char(b, ']');
}

VALUE(socket_context)
{
	json_context(b, sk->socket_context);
}

static void json_holder(struct outbuf *b, const struct holder *h)
{
	size_t len = strlen(h->comm);

	outbuf_str(b, "{\"pid\":");
	outbuf_u64(b, h->pid);
	outbuf_str(b, ",\"tid\":");
	outbuf_u64(b, h->tid);
	outbuf_str(b, ",\"comm\":");
	if (!len) {
		outbuf_str(b, "null"); /* it could not be read */
	} else if (!escape_json(b, h->comm, len)) {
		outbuf_str(b, ",\"comm_base64\":\"");
		escape_base64(b, h->comm, len);
		outbuf_char(b, '"');
	}
	outbuf_str(b, ",\"fd\":");
	outbuf_u64(b, h->fd);
	outbuf_char(b, '}');
}

/* An empty list says that nobody holds it, so it takes a complete pass. */
static void json_holders_of(struct outbuf *b, uint32_t inode, const struct holder_list *list)
{
	if (list->known == HOLDERS_UNKNOWN && inode != 0) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '[');
	for (uint32_t i = 0; i < list->count; i++) {
		if (i)
			outbuf_char(b, ',');
		json_holder(b, &list->items[i]);
	}
	outbuf_char(b, ']');
}

VALUE(holders)
{
	json_holders_of(b, sk->inode, &sk->holders);
}

VALUE(peer_holders)
{
	if (sk->other.found)
		json_holders_of(b, sk->other.inode, &sk->other.holders);
	else
		outbuf_str(b, "null");
}

VALUE(references)
{
	json_number(b, sk->holders.count ? (int64_t)sk->holders.count : UNKNOWN);
}

static bool one_bit(uint32_t set)
{
	return set && !(set & (set - 1));
}

/* The words of a set, as the members of a JSON list. */
static void json_set(struct outbuf *b, uint32_t set, int count, const char *(*word)(int))
{
	outbuf_char(b, '[');
	set &= (1u << count) - 1;
	for (uint32_t left = set; left; left &= left - 1) {
		if (left != set)
			outbuf_char(b, ',');
		json_word(b, word(__builtin_ctz(left)));
	}
	outbuf_char(b, ']');
}

static void json_token(struct outbuf *b, int64_t token)
{
	if (token == UNKNOWN)
		outbuf_str(b, "null");
	else
		outbuf_printf(b, "\"%08llx\"", (unsigned long long)token);
}

VALUE(sctp)
{
	json_word(b, sctp_record_name(sk));
}

VALUE(mptcp)
{
	const struct mptcp_ids *ids = &sk->mptcp;

	if (sk->netid != NETID_MPTCP && !sk->subflow) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_str(b, "{\"token\":");
	json_token(b, ids->token);
	outbuf_str(b, ",\"remote_token\":");
	json_token(b, ids->remote_token);
	outbuf_str(b, ",\"local_id\":");
	json_number(b, ids->local_id);
	outbuf_str(b, ",\"remote_id\":");
	json_number(b, ids->remote_id);
	outbuf_str(b, ",\"flags\":");
	if (ids->flags == UNKNOWN)
		outbuf_str(b, "null");
	else
		json_set(b, (uint32_t)ids->flags, MPTCP_FLAG_COUNT, mptcp_flag_name);
	outbuf_char(b, '}');
}

/* A connection that has some is the writer's to write: they are rows. */
VALUE(subflows)
{
	outbuf_str(b, sk->subflows.known ? "[]" : "null");
}

static const char *outcome_word(int i)
{
	return outcome_name((enum outcome)i);
}

static const char *reason_word(int i)
{
	return reason_name((enum reason)i);
}

VALUE(outcome)
{
	if (one_bit(sk->close.outcomes))
		json_word(b, outcome_name((enum outcome)__builtin_ctz(sk->close.outcomes)));
	else
		outbuf_str(b, "null");
}

VALUE(outcomes)
{
	json_set(b, sk->close.outcomes, OUTCOME_COUNT, outcome_word);
}

VALUE(risk)
{
	json_word(b, risk_name(sk->close.risk));
}

VALUE(risk_max)
{
	json_word(b, risk_name(sk->close.risk_max));
}

VALUE(reasons)
{
	json_set(b, sk->close.reasons, REASON_COUNT, reason_word);
}

VALUE(loss_min)
{
	json_number(b, sk->close.loss_min_bytes);
}

VALUE(loss_max)
{
	json_number(b, sk->close.loss_max_bytes);
}

VALUE(close_unread)
{
	json_number(b, sk->close.unread_bytes);
}

VALUE(block)
{
	json_number(b, sk->close.block_seconds);
}

VALUE(drain)
{
	json_number(b, sk->close.drain_ms);
}
