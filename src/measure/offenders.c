/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/offenders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/outbuf.h"
#include "base/sum.h"
#include "count/top.h"
#include "present/address.h"
#include "present/escape.h"
#include "present/restart.h"

/* Where net.ipv4.ip_local_port_range cannot be read: its default. */
#define EPHEMERAL_LOW 32768

struct label {
	char text[OFFENDER_LABEL_MAX]; /* filled up with NULs: it is a key */
};

struct offenders {
	const struct measure *measure;
	const struct port_range *ports;
	bool namespaces; /* are told */
	struct names *names;
	struct outbuf text;
	struct top *top;
};

struct offenders *offenders_new(const struct measure *measure, const struct port_range *ports,
				bool namespaces)
{
	struct offenders *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->measure = measure;
	o->ports = ports;
	o->namespaces = namespaces;
	o->names = names_new(false, false);
	o->top = top_new(sizeof(struct label), sizeof(struct offender_entry));
	if (outbuf_open(&o->text, -1) == 0 && o->names && o->top)
		return o;
	offenders_free(o);
	return NULL;
}

void offenders_free(struct offenders *o)
{
	if (!o)
		return;
	outbuf_close(&o->text);
	names_free(o->names);
	top_free(o->top);
	free(o);
}

/* --- labels ---------------------------------------------------------------------------------- */

static void put_process(struct outbuf *b, const struct holder *h)
{
	escape_text(b, h->comm, strlen(h->comm));
	outbuf_printf(b, "/%u", h->pid);
}

static void put_no_process(struct outbuf *b, const struct socket *sk)
{
	if (socket_is_unaccepted(sk))
		outbuf_printf(b, "nobody yet: not accepted, port %u", sk->local.port);
	else if (!sk->inode)
		outbuf_str(b, "no process any more");
	else if (sk->holders.known == HOLDERS_COMPLETE)
		outbuf_str(b, "no process in sight");
	else if (sk->uid_known)
		outbuf_printf(b, "a process that cannot be read, of uid %u", sk->uid);
	else
		outbuf_str(b, "a process that cannot be read");
}

/* A port that connect() picks: then the other end is the service. */
static bool is_ephemeral(const struct offenders *o, uint16_t port)
{
	if (!o->ports->known)
		return port >= EPHEMERAL_LOW;
	return port >= o->ports->low && port <= o->ports->high;
}

static void put_peer(struct offenders *o, const struct socket *sk)
{
	if (is_ephemeral(o, sk->local.port)) {
		outbuf_str(&o->text, "to ");
		address_cell(&o->text, sk, true, o->names);
	} else {
		outbuf_printf(&o->text, "of local port %u", sk->local.port);
	}
}

static void put_listener(struct offenders *o, const struct socket *sk)
{
	address_cell(&o->text, sk, false, o->names);
	outbuf_char(&o->text, ' ');
	if (sk->holders.count)
		put_process(&o->text, &sk->holders.items[0]);
	else
		put_no_process(&o->text, sk);
}

static void put_blocked(struct offenders *o, const struct socket *sk)
{
	put_listener(o, sk);
	outbuf_str(&o->text, ": ");
	restart_blame(&o->text, sk->restart);
}

/* --- adding ---------------------------------------------------------------------------------- */

static int64_t weight_of(const struct measure *m, const struct socket *sk)
{
	if (m->offender == OFFENDER_LISTENER)
		return sk->recv_queue;
	if (strcmp(m->name, "loss_bytes") == 0)
		return sk->close.loss_max_bytes;
	if (strcmp(m->name, "unread_bytes") == 0)
		return sk->unread_bytes;
	return 1;
}

static void put_namespace(struct offenders *o, const struct socket *sk)
{
	char text[NETNS_LABEL_SIZE];

	if (!o->namespaces)
		return;
	netns_label(sk->netns, sk->netns_name, sk->netns_resident, text);
	outbuf_str(&o->text, " in namespace ");
	escape_text(&o->text, text, strlen(text));
}

/* Takes the text that was put together, and where that is, as the label. */
static struct offender_entry *entry_of(struct offenders *o, const struct socket *sk)
{
	struct label label = { { 0 } };
	size_t n;

	put_namespace(o, sk);
	n = o->text.len < sizeof(label.text) ? o->text.len : sizeof(label.text) - 1;
	/* What is too long is not cut inside a character. */
	while (n < o->text.len && n && ((unsigned char)o->text.data[n] & 0xc0) == 0x80)
		n--;
	memcpy(label.text, o->text.data, n);
	o->text.len = 0;
	return o->text.error ? NULL : top_at(o->top, &label);
}

static void add_fd(struct offender_entry *entry, uint32_t fd)
{
	if (entry->fd_count < OFFENDER_FDS)
		entry->fds[entry->fd_count] = fd;
	entry->fd_count++;
}

/* A socket that several processes hold is each one's. Descriptors of one process come together. */
static int add_holders(struct offenders *o, const struct socket *sk)
{
	struct offender_entry *entry = NULL;

	for (uint32_t i = 0; i < sk->holders.count; i++) {
		const struct holder *h = &sk->holders.items[i];

		if (i == 0 || sk->holders.items[i - 1].pid != h->pid) {
			put_process(&o->text, h);
			entry = entry_of(o, sk);
			if (!entry)
				return -ENOMEM;
			sum_add(&entry->weight, weight_of(o->measure, sk), 1);
		}
		add_fd(entry, h->fd);
	}
	return 0;
}

static int add_label(struct offenders *o, const struct socket *sk)
{
	struct offender_entry *entry = entry_of(o, sk);

	if (!entry)
		return -ENOMEM;
	sum_add(&entry->weight, weight_of(o->measure, sk), 1);
	return 0;
}

int offenders_add(struct offenders *o, const struct socket *sk)
{
	if (!measure_blames(o->measure, sk) || weight_of(o->measure, sk) == 0)
		return 0;
	if (o->measure->offender == OFFENDER_HOLDER && sk->holders.count)
		return add_holders(o, sk);
	if (o->measure->offender == OFFENDER_HOLDER)
		put_no_process(&o->text, sk);
	else if (o->measure->offender == OFFENDER_LISTENER)
		put_listener(o, sk);
	else if (o->measure->offender == OFFENDER_BLOCKED)
		put_blocked(o, sk);
	else
		put_peer(o, sk);
	return add_label(o, sk);
}

void offenders_finish(struct offenders *o)
{
	top_sort(o->top, NULL);
}

const struct measure *offenders_measure(const struct offenders *o)
{
	return o->measure;
}

size_t offenders_count(const struct offenders *o)
{
	return top_count(o->top);
}

const char *offenders_item(const struct offenders *o, size_t i, const struct offender_entry **entry)
{
	const void *value;
	const struct label *label = top_item(o->top, i, &value);

	*entry = value;
	return label->text;
}
