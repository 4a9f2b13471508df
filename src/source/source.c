/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/source.h"

#include <errno.h>
#include <stdlib.h>

#include "source/asker.h"
#include "source/procnet.h"
#include "source/transport.h"
#include "source/window.h"

struct source {
	const struct transport *transport;
	void *state;
	struct window window;
	struct pause pause;
};

/* What one dump carries from message to message. */
struct dump {
	struct source *source;
	const struct family *family;
	const struct selection *sel;
	socket_sink sink;
	void *ctx;
	struct dump_report *report;
	bool from_proc; /* and not from the kernel's sock_diag */
};

static const char *const problem_texts[] = {
	[DUMP_OK] = "the dump was whole",
	[DUMP_REFUSED] = "the kernel refused the request",
	[DUMP_DONE_ERROR] = "the kernel ended the dump with an error",
	[DUMP_SEND_FAILED] = "the request could not be sent",
	[DUMP_RECV_FAILED] = "reading the kernel's answer failed",
	[DUMP_OVERRUN] = "the kernel dropped messages (receive buffer overrun)",
	[DUMP_TRUNCATED] = "a message was cut short",
	[DUMP_NO_END] = "the answer stopped before its end mark",
	[DUMP_BAD_MESSAGE] = "not a netlink message",
	[DUMP_STOPPED] = "the dump was stopped",
};

const char *dump_problem_text(enum dump_problem problem)
{
	return problem_texts[problem];
}

bool dump_incomplete(const struct dump_report *report)
{
	return report->problem != DUMP_OK || report->interrupted || report->malformed ||
	       report->may_miss > 0 || report->namespaces;
}

int dump_problem_set(struct dump_report *report, enum dump_problem problem, int error)
{
	if (report->problem == DUMP_OK) {
		report->problem = problem;
		report->error = error;
	}
	return error;
}

static int end_of_dump(const struct nlmsghdr *nlh, struct dump_report *report)
{
	int code = 0;

	/* An old kernel or a recording may leave the code out: that is a plain end. */
	if (nlh->nlmsg_len >= NLMSG_LENGTH(sizeof(int)))
		code = *(const int *)NLMSG_DATA(nlh);
	if (code < 0)
		return dump_problem_set(report, DUMP_DONE_ERROR, code);
	return 1;
}

static int refused(const struct nlmsghdr *nlh, struct dump_report *report)
{
	const struct nlmsgerr *err = NLMSG_DATA(nlh);

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*err)))
		return dump_problem_set(report, DUMP_BAD_MESSAGE, -EBADMSG);
	if (err->error == 0)
		return 0; /* an acknowledgement; within a dump nobody asked for it */
	return dump_problem_set(report, DUMP_REFUSED, err->error < 0 ? err->error : -EPROTO);
}

int dump_control_message(const struct nlmsghdr *nlh, struct dump_report *report)
{
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		report->interrupted++;
	if (nlh->nlmsg_type == NLMSG_DONE)
		return end_of_dump(nlh, report);
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return refused(nlh, report);
	if (nlh->nlmsg_type == NLMSG_OVERRUN)
		return dump_problem_set(report, DUMP_OVERRUN, -ENOBUFS);
	return 0;
}

static int open_source(struct source **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static int give_up(struct source **source, int err)
{
	if (err) {
		free(*source);
		*source = NULL;
	}
	return err;
}

int source_open_kernel(struct source **source)
{
	int err = open_source(source);

	if (err)
		return err;
	err = netlink_transport_open(&(*source)->transport, &(*source)->state);
	return give_up(source, err);
}

int source_open_replay(struct source **source, const char *path)
{
	int err = open_source(source);

	if (err)
		return err;
	err = replay_transport_open(&(*source)->transport, &(*source)->state, path);
	return give_up(source, err);
}

bool source_is_replay(const struct source *source)
{
	return source->transport->replay;
}

/* In the order of their rows. */
static const struct family *const families[] = {
	&family_tcp,   &family_mptcp, &family_udp,  &family_udplite, &family_raw,
	&family_sctp,  &family_dccp,  &family_unix, &family_packet,  &family_netlink,
	&family_vsock, &family_xdp,   &family_tipc,
};

const struct family *const *source_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}

static int take_nothing(void *ctx, struct socket *sk)
{
	(void)ctx;
	(void)sk;
	return 0;
}

/* Looks for one socket. */
struct search {
	const struct family *family;
	const struct socket *sk;
	bool found;
};

/* A socket that was closed meanwhile may still be there, as an orphan: it has no inode then. */
static int take_found(void *ctx, const struct nlmsghdr *nlh)
{
	struct search *search = ctx;
	struct socket now;
	uint64_t bad_attrs = 0;

	if (search->family->decode(nlh, &now, &bad_attrs) == 0)
		search->found = now.inode == search->sk->inode;
	return 0;
}

static const struct family *family_of(enum netid netid)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i]->netids & NETID_BIT(netid))
			return families[i];
	return NULL;
}

bool source_has_socket(struct source *source, const struct socket *sk)
{
	char buf[FAMILY_REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct search search = { .family = family_of(sk->netid), .sk = sk };
	struct dump_report report = { 0 };

	if (!search.family || !search.family->exact || source->transport->replay)
		return false;
	source->transport->run(source->state, search.family->exact(buf, sk), take_found, &search,
			       &source->pause, &report);
	return search.found;
}

void source_on_pause(struct source *source, source_pause pause, void *ctx)
{
	source->pause = (struct pause){ pause, ctx };
}

void source_close(struct source *source)
{
	if (!source)
		return;
	source->transport->close(source->state);
	free(source);
}

bool selection_has_state(const struct selection *sel, enum sock_state state)
{
	/* A state without a name belongs to every state. */
	if (state == STATE_UNKNOWN)
		return (sel->states & STATES_ALL) == STATES_ALL;
	return sel->states & STATE_BIT(state);
}

static uint64_t mix(uint64_t hash, const void *data, size_t n)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Recognises a socket. An accepted MPTCP socket inherits its listener's cookie (the whole sock is
 * cloned), and SCTP's associations have their endpoint's: so there the two ends count too. */
static uint64_t identity(const struct socket *sk)
{
	uint64_t hash = sk->cookie;

	if (sk->netid != NETID_MPTCP && sk->netid != NETID_SCTP)
		return sk->cookie;
	hash = mix(hash, &sk->association, sizeof(sk->association));
	hash = mix(hash, &sk->local.addr, sizeof(sk->local.addr));
	hash = mix(hash, &sk->peer.addr, sizeof(sk->peer.addr));
	hash = mix(hash, &sk->local.port, sizeof(sk->local.port));
	return mix(hash, &sk->peer.port, sizeof(sk->peer.port));
}

/* The kernel has applied the selection already; a recording may hold anything. */
static bool selected(const struct socket *sk, const struct selection *sel)
{
	if (!selection_has_state(sel, sk->state))
		return false;
	if (!(sel->netids & NETID_BIT(sk->netid)))
		return false;
	if (!socket_is_inet(sk))
		return true;
	return sk->family == AF_INET6 ? sel->ipv6 : sel->ipv4;
}

/* Our own socket is there because we look, and has our answer unread: it says nothing of the
 * machine. */
static bool is_ours(const struct source *source, const struct socket *sk)
{
	return source->transport->owns && source->transport->owns(source->state, sk);
}

static int take_message(void *ctx, const struct nlmsghdr *nlh)
{
	struct dump *dump = ctx;
	struct dump_report *report = dump->report;
	struct socket sk;
	int err;

	report->messages++;
	err = dump->family->decode(nlh, &sk, &report->bad_attrs);
	if (err) {
		report->malformed++;
		return 0;
	}
	sk.message = nlh;
	sk.message_len = nlh->nlmsg_len;
	sk.kernel_filtered = dump->sel->bytecode && socket_is_inet(&sk) &&
			     !dump->family->no_bytecode && !dump->from_proc &&
			     !dump->source->transport->replay;
	if (window_seen(&dump->source->window, identity(&sk))) {
		report->duplicates++;
		return 0;
	}
	if (!selected(&sk, dump->sel) || is_ours(dump->source, &sk))
		return 0;
	report->sockets++;
	err = dump->sink(dump->ctx, &sk);
	return err ? dump_problem_set(report, DUMP_STOPPED, err) : 0;
}

/* What a kernel without the family, or without its diag module, answers
 * (sock_diag_rcv_msg(), inet_diag_lock_handler()). Any other error says nothing about that. */
static bool says_missing(const struct dump_report *report)
{
	static const int errors[] = { -ENOENT, -EPROTONOSUPPORT, -EOPNOTSUPP, -EAFNOSUPPORT };

	if (report->problem != DUMP_REFUSED && report->problem != DUMP_DONE_ERROR)
		return false;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (report->error == errors[i])
			return true;
	return false;
}

/* The request goes out once for each pass; a recording is read through once, as it holds whatever
 * was asked for then. */
static int dump_from_transport(struct dump *dump)
{
	const struct source *source = dump->source;
	char buf[FAMILY_REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (unsigned int pass = 0;; pass++) {
		struct nlmsghdr *request = dump->family->request(buf, dump->sel, pass);
		int err;

		if (!request)
			return 0;
		err = source->transport->run(source->state, request, take_message, dump,
					     &dump->source->pause, dump->report);
		if (err || source->transport->replay)
			return err;
	}
}

static int dump_from_proc(struct dump *dump)
{
	const char *table = dump->family->proc_table;
	int err = 0;

	*dump->report = (struct dump_report){ 0 };
	dump->from_proc = true;
	if (dump->sel->ipv4)
		err = procnet_dump(table, AF_INET, take_message, dump, dump->report);
	if (!err && dump->sel->ipv6)
		err = procnet_dump(table, AF_INET6, take_message, dump, dump->report);
	return err;
}

int source_dump(struct source *source, const struct family *family, const struct selection *sel,
		socket_sink sink, void *ctx, struct dump_report *report)
{
	struct dump dump = { source, family, sel, sink, ctx, report, false };
	int err;

	*report = (struct dump_report){ 0 };
	window_reset(&source->window);
	err = dump_from_transport(&dump);
	if (family->proc_table && !report->messages && says_missing(report))
		err = dump_from_proc(&dump);
	return err;
}

int source_ask(struct source *source, const struct family *family, const struct selection *sel,
	       const struct socket *sk, socket_sink sink, void *ctx, struct dump_report *report)
{
	char buf[FAMILY_REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct selection all = *sel;
	struct dump_report one = { 0 };
	struct dump dump = { source, family, &all, sink, ctx, &one, false };
	int err;

	all.bytecode = NULL;
	all.bytecode_len = 0;
	err = source->transport->run(source->state, family->ask(buf, &all, sk), take_message, &dump,
				     &source->pause, &one);
	report->messages += one.messages;
	report->sockets += one.sockets;
	report->malformed += one.malformed;
	report->bad_attrs += one.bad_attrs;
	if (!err || (one.problem == DUMP_REFUSED && err == -ENOENT))
		return 0;
	return dump_problem_set(report, one.problem, err);
}

static int ask_next(struct asker *asker, struct dump *dump, const struct socket *sk)
{
	char buf[FAMILY_REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));

	return asker_add(asker, dump->family->ask(buf, dump->sel, sk), take_message, dump,
			 dump->report);
}

static int ask_all(struct asker *asker, struct dump *dump, source_next next, void *ctx)
{
	const struct pause *pause = &dump->source->pause;
	struct socket sk;
	int err = 0;

	socket_init(&sk);
	for (size_t i = 0; !err && next(ctx, &sk); i++) {
		if (pause->call && i % ASKER_BATCH == 0)
			pause->call(pause->ctx, false);
		err = ask_next(asker, dump, &sk);
	}
	return err ? err : asker_flush(asker, take_message, dump, dump->report);
}

int source_ask_many(struct source *source, const struct family *family, const struct selection *sel,
		    source_next next, void *next_ctx, socket_sink sink, void *ctx,
		    struct dump_report *report)
{
	struct selection all = *sel;
	struct dump dump = { source, family, &all, sink, ctx, report, false };
	struct asker *asker;
	int err = asker_open(&asker);

	if (err)
		return dump_problem_set(report, DUMP_SEND_FAILED, err);
	all.bytecode = NULL;
	all.bytecode_len = 0;
	err = ask_all(asker, &dump, next, next_ctx);
	asker_close(asker);
	return err;
}

/* Asks for sockets in no state: a kernel that has the family answers with a plain end. */
bool source_has(struct source *source, const struct family *family)
{
	struct selection none = { .netids = family->netids, .ipv4 = true };
	struct dump_report report;

	if (source->transport->replay)
		return true;
	source_dump(source, family, &none, take_nothing, NULL, &report);
	return !says_missing(&report);
}
