/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cells that speak of processes: who holds a socket, its other end, and what security modules
 * call them.
 */
#include <string.h>

#include "present/cells.h"
#include "present/escape.h"

#define UNUSED(x) ((void)(x))

static void put_context(struct outbuf *b, const char *text)
{
	if (text && *text)
		escape_text(b, text, strlen(text));
	else
		outbuf_char(b, text ? '-' : '?');
}

static bool has_no_context(const struct socket *sk)
{
	return sk->inode == 0 || sk->contexts.absent || socket_is_kernels(sk);
}

/* Without -p that of the first holder, as in PROCESS; with it each, behind its process's number
 * where there are several. */
CELL(context)
{
	const struct context_list *list = &sk->contexts;

	if (list->count == 0)
		outbuf_char(b, has_no_context(sk) ? '-' : '?');
	for (uint32_t i = 0; i < list->count && (i == 0 || cx->all_holders); i++) {
		if (i)
			outbuf_char(b, ' ');
		if (list->count > 1 && cx->all_holders)
			outbuf_printf(b, "%u=", list->items[i].pid);
		put_context(b, list->items[i].text);
	}
}

CELL(socket_context)
{
	UNUSED(cx);
	if (has_no_context(sk))
		outbuf_char(b, '-');
	else
		put_context(b, sk->socket_context);
}

static void put_comm(struct outbuf *b, const struct holder *h)
{
	if (*h->comm)
		escape_text(b, h->comm, strlen(h->comm));
	else
		outbuf_char(b, '?'); /* it could not be read */
	outbuf_char(b, '/');
	outbuf_u64(b, h->pid);
}

static bool is_same(const struct holder *a, const struct holder *b, bool threads)
{
	return a->pid == b->pid && (!threads || a->tid == b->tid);
}

/* Every holder as `name/pid(fd 3,5)`, a thread as `name/pid:tid(fd 3)`; the descriptors of a table
 * come one after the other. */
static void put_all_holders(struct outbuf *b, const struct holder_list *list, bool threads)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct holder *h = &list->items[i];

		if (i && is_same(h, &list->items[i - 1], threads)) {
			outbuf_printf(b, ",%u", h->fd);
			continue;
		}
		if (i)
			outbuf_str(b, ") ");
		put_comm(b, h);
		if (threads && h->tid != h->pid)
			outbuf_printf(b, ":%u", h->tid);
		outbuf_printf(b, "(fd %u", h->fd);
	}
	outbuf_char(b, ')');
}

static uint32_t other_processes(const struct holder_list *list)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < list->count; i++)
		n += list->items[i].pid != list->items[i - 1].pid;
	return n;
}

/* Who holds the socket with this inode. */
static void put_holders(struct outbuf *b, uint32_t inode, const struct holder_list *list,
			const struct cell_context *cx)
{
	if (inode == 0) {
		outbuf_char(b, '-');
	} else if (list->count == 0) {
		outbuf_str(b, list->known == HOLDERS_COMPLETE ? "unseen" : "?");
	} else if (cx->all_holders) {
		put_all_holders(b, list, cx->threads);
	} else {
		put_comm(b, &list->items[0]);
		if (other_processes(list))
			outbuf_printf(b, " +%u", other_processes(list));
	}
	if (cx->all_holders && list->count && list->known == HOLDERS_PARTIAL)
		outbuf_str(b, " ?");
}

CELL(process)
{
	if (socket_is_kernels(sk))
		outbuf_str(b, "kernel");
	else
		put_holders(b, sk->inode, &sk->holders, cx);
}

CELL(peer_process)
{
	if (sk->other.found)
		put_holders(b, sk->other.inode, &sk->other.holders, cx);
	else
		outbuf_char(b, socket_has_peer(sk) ? '?' : '-');
}

static int64_t references(const struct socket *sk)
{
	return sk->holders.count ? (int64_t)sk->holders.count : UNKNOWN;
}

CELL(references)
{
	UNUSED(cx);
	if (sk->inode == 0)
		outbuf_char(b, '-');
	else
		cell_number(b, references(sk));
}
