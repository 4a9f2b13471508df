/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index of owners: a hash from socket inode to the socket's options and its descriptors.
 * Flat arrays and one table keep it under 64 bytes a descriptor.
 */
#include "enrich/owners.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NO_INDEX UINT32_MAX

/* One socket and its first descriptor, which is the only one of nearly all. `linger` is in ticks
 * until owners_finish(), then in seconds. */
struct entry {
	int64_t linger;
	uint32_t inode;
	uint32_t process, fd;
	uint32_t more; /* descriptors, in order of arrival; NO_INDEX: there are none */
	uint32_t user_timeout_ms;
	uint8_t options_known : 1, linger_on : 1, linger_ticks : 1, linger_known : 1, forever : 1,
		timeout_known : 1;
	uint8_t nonblock : 2, reuseaddr : 2, reuseport : 2, repair : 2; /* enum tri */
	uint8_t linger2_negative : 2, one_to_many : 2;
};

/* A further descriptor of a socket. */
struct descriptor {
	uint32_t process;
	uint32_t fd;
	uint32_t next; /* NO_INDEX: it is the last */
	uint32_t last; /* of the chain; kept in its first */
};

/* A descriptor table: a process's, or that of a thread which has its own. */
struct process {
	uint32_t pid;
	uint32_t tid;
	char comm[OWNER_COMM_SIZE];
};

/* Room for one list of holders. */
struct scratch {
	struct holder *items;
	uint32_t cap;
};

struct owners {
	struct owners_status status;
	struct entry *entries;
	struct descriptor *descriptors;
	struct process *processes;
	uint32_t n_entries, n_descriptors, n_processes;
	uint32_t cap_entries, cap_descriptors, cap_processes;
	uint32_t *slots; /* open addressing: index into entries plus 1, 0 is empty */
	uint32_t n_slots;
	struct scratch joined, joined_other; /* of owners_join(), owners_join_other() */
	uint64_t unlisted; /* sockets whose holders memory was too short to list */
};

struct owners *owners_new(void)
{
	return calloc(1, sizeof(struct owners));
}

void owners_reset(struct owners *owners)
{
	free(owners->entries);
	free(owners->descriptors);
	free(owners->processes);
	free(owners->slots);
	free(owners->joined.items);
	free(owners->joined_other.items);
	*owners = (struct owners){ 0 };
}

void owners_free(struct owners *owners)
{
	if (!owners)
		return;
	owners_reset(owners);
	free(owners);
}

/* Makes room for one more element. Returns where the array is then, or NULL: it is as it was. */
static void *room_for_one(void *array, uint32_t used, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? *cap + *cap / 2 : 64;
	void *bigger;

	if (used < *cap)
		return array;
	bigger = reallocarray(array, more, size);
	if (bigger)
		*cap = more;
	return bigger;
}

/* Sixteen slots are a line of the processor's cache. The kernel counts inodes up (get_next_ino()),
 * and a process's sockets come one after the other: sixteen in a row find their places in one line,
 * where scattered ones would each wait for memory. */
#define LINE_SLOTS 16u

static uint32_t slot_of(const struct owners *o, uint32_t inode)
{
	uint32_t line = inode / LINE_SLOTS * UINT32_C(2654435761);

	return (line * LINE_SLOTS + inode % LINE_SLOTS) & (o->n_slots - 1);
}

static uint32_t empty_slot(const struct owners *o, uint32_t inode)
{
	uint32_t slot = slot_of(o, inode);

	while (o->slots[slot])
		slot = (slot + 1) & (o->n_slots - 1);
	return slot;
}

/* Keeps the table at most half full. */
static int grow_slots(struct owners *o)
{
	uint32_t n = o->n_slots ? o->n_slots * 2 : 256;
	uint32_t *slots;

	if (o->n_slots && o->n_entries < o->n_slots / 2)
		return 0;
	slots = calloc(n, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(o->slots);
	o->slots = slots;
	o->n_slots = n;
	for (uint32_t i = 0; i < o->n_entries; i++)
		slots[empty_slot(o, o->entries[i].inode)] = i + 1;
	return 0;
}

static struct entry *find_entry(const struct owners *o, uint32_t inode)
{
	uint32_t slot;

	if (!o->n_slots || !inode)
		return NULL;
	for (slot = slot_of(o, inode); o->slots[slot]; slot = (slot + 1) & (o->n_slots - 1)) {
		struct entry *e = &o->entries[o->slots[slot] - 1];

		if (e->inode == inode)
			return e;
	}
	return NULL;
}

static void copy_options(struct entry *e, const struct owner_options *options)
{
	if (!options->known)
		return;
	e->options_known = 1;
	e->linger_on = options->linger_on;
	e->linger_ticks = options->linger_ticks;
	e->linger_known = !options->linger_ticks;
	e->linger = options->linger > INT64_MAX ? INT64_MAX : (int64_t)options->linger;
	/* l_linger is an int: anything beyond came from a negative one. 6.1 stores it as
	 * (unsigned int)l_linger * HZ, newer kernels as MAX_SCHEDULE_TIMEOUT
	 * (sk_setsockopt() in net/core/sock.c). */
	e->forever = !options->linger_ticks && e->linger > INT_MAX;
	e->nonblock = options->nonblock;
	e->reuseaddr = options->reuseaddr;
	e->reuseport = options->reuseport;
	e->one_to_many = options->one_to_many;
	e->repair = options->repair;
	e->linger2_negative = options->linger2_negative;
	e->timeout_known = options->user_timeout_ms != UNKNOWN;
	e->user_timeout_ms = e->timeout_known ? (uint32_t)options->user_timeout_ms : 0;
}

static struct entry *add_entry(struct owners *o, const struct owner_record *record)
{
	struct entry *e = room_for_one(o->entries, o->n_entries, &o->cap_entries, sizeof(*e));

	if (!e)
		return NULL;
	o->entries = e;
	if (grow_slots(o))
		return NULL;
	e = &o->entries[o->n_entries];
	*e = (struct entry){ .inode = record->inode,
			     .process = o->n_processes - 1,
			     .fd = record->fd,
			     .more = NO_INDEX };
	copy_options(e, &record->options);
	o->slots[empty_slot(o, record->inode)] = ++o->n_entries;
	return e;
}

/* Descriptors of one process come together, so looking at the last one suffices; a process met
 * twice only costs an entry. */
static int process_index(struct owners *o, const struct owner_record *record)
{
	struct process *p = o->n_processes ? &o->processes[o->n_processes - 1] : NULL;
	uint32_t tid = record->tid ? record->tid : record->pid;

	if (p && p->pid == record->pid && p->tid == tid)
		return 0;
	p = room_for_one(o->processes, o->n_processes, &o->cap_processes, sizeof(*p));
	if (!p)
		return -ENOMEM;
	o->processes = p;
	p += o->n_processes++;
	p->pid = record->pid;
	p->tid = tid;
	memcpy(p->comm, record->comm, sizeof(p->comm));
	p->comm[sizeof(p->comm) - 1] = '\0';
	return 0;
}

static int add_descriptor(struct owners *o, struct entry *e, uint32_t fd)
{
	uint32_t index = o->n_descriptors;
	struct descriptor *d = room_for_one(o->descriptors, index, &o->cap_descriptors, sizeof(*d));

	if (!d)
		return -ENOMEM;
	o->descriptors = d;
	d = &o->descriptors[o->n_descriptors++];
	*d = (struct descriptor){ o->n_processes - 1, fd, NO_INDEX, index };
	if (e->more == NO_INDEX) {
		e->more = index;
		return 0;
	}
	d = &o->descriptors[e->more];
	o->descriptors[d->last].next = index;
	d->last = index;
	return 0;
}

int owners_add(void *ctx, const struct owner_record *record)
{
	struct owners *o = ctx;
	struct entry *e = find_entry(o, record->inode);
	int err = process_index(o, record);

	if (err)
		return err;
	if (e)
		return add_descriptor(o, e, record->fd);
	return add_entry(o, record) ? 0 : -ENOMEM;
}

void owners_finish(struct owners *owners, uint32_t hz, const struct owners_status *status)
{
	owners->status = *status;
	for (uint32_t i = 0; i < owners->n_entries; i++) {
		struct entry *e = &owners->entries[i];

		if (!e->linger_ticks)
			continue;
		/* Zero ticks are zero seconds whatever HZ is. */
		e->linger_known = hz || e->linger == 0;
		if (hz)
			e->linger /= hz;
		e->forever = hz && e->linger > INT_MAX;
		e->linger_ticks = 0;
	}
}

void owners_forget_options(struct owners *owners)
{
	for (uint32_t i = 0; i < owners->n_entries; i++)
		owners->entries[i].options_known = 0;
}

void owners_set_options(struct owners *owners, uint32_t inode, const struct owner_options *options)
{
	struct entry *e = find_entry(owners, inode);

	if (e)
		copy_options(e, options);
}

bool owners_first(const struct owners *owners, uint32_t inode, struct getfd_target *target)
{
	const struct entry *e = find_entry(owners, inode);

	if (!e)
		return false;
	*target = (struct getfd_target){ owners->processes[e->process].pid, e->fd, inode };
	return true;
}

static void join_linger(const struct owners *o, const struct entry *e, struct socket *sk)
{
	struct linger_setting *linger = &sk->linger;

	if (!e->options_known || linger->kind != LINGER_UNKNOWN)
		return;
	if (e->linger_on && !e->linger_known)
		return; /* a time in ticks of unknown length is no time */
	linger->kind = e->linger_on ? LINGER_ON : LINGER_OFF;
	linger->source = o->status.linger;
	linger->forever = e->forever;
	linger->seconds = e->linger_known && !e->forever ? e->linger : UNKNOWN;
}

static void join_options(const struct entry *e, struct socket *sk)
{
	if (!e->options_known)
		return;
	sk->options = (struct close_options){
		.repair = e->repair,
		.linger2_negative = e->linger2_negative,
		.nonblock = e->nonblock,
		.reuseaddr = e->reuseaddr,
		.reuseport = e->reuseport,
		.one_to_many = e->one_to_many,
		.user_timeout_ms = e->timeout_known ? (int64_t)e->user_timeout_ms : UNKNOWN,
	};
}

static bool list_one(const struct owners *o, uint32_t process, uint32_t fd, struct scratch *to,
		     struct holder_list *list)
{
	const struct process *p = &o->processes[process];
	struct holder *items = room_for_one(to->items, list->count, &to->cap, sizeof(*items));

	if (!items)
		return false;
	to->items = items;
	to->items[list->count++] = (struct holder){ p->pid, fd, p->comm, p->tid };
	list->items = to->items;
	return true;
}

/* When memory is short the list stays unknown rather than cut short. */
static bool list_entry(const struct owners *o, const struct entry *e, struct scratch *to,
		       struct holder_list *list)
{
	bool all = list_one(o, e->process, e->fd, to, list);

	for (uint32_t i = e->more; i != NO_INDEX && all; i = o->descriptors[i].next)
		all = list_one(o, o->descriptors[i].process, o->descriptors[i].fd, to, list);
	return all;
}

static struct holder_list list_holders(struct owners *o, const struct entry *e, struct scratch *to)
{
	bool complete = o->status.complete;
	struct holder_list list = { complete ? HOLDERS_COMPLETE : HOLDERS_UNKNOWN, 0, NULL };

	if (!e)
		return list;
	list.known = complete ? HOLDERS_COMPLETE : HOLDERS_PARTIAL;
	if (list_entry(o, e, to, &list))
		return list;
	o->unlisted++;
	return (struct holder_list){ HOLDERS_UNKNOWN, 0, NULL };
}

void owners_join(struct owners *owners, struct socket *sk)
{
	const struct entry *e = find_entry(owners, sk->inode);

	sk->holders = list_holders(owners, e, &owners->joined);
	if (!e || !sk->holders.count)
		return;
	join_linger(owners, e, sk);
	join_options(e, sk);
}

void owners_join_other(struct owners *owners, struct socket *sk)
{
	if (!sk->other.found || !sk->other.inode)
		return;
	sk->other.holders =
		list_holders(owners, find_entry(owners, sk->other.inode), &owners->joined_other);
}

uint64_t owners_unlisted(const struct owners *owners)
{
	return owners->unlisted;
}
