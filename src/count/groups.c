/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/sum.h"
#include "count/top.h"
#include "plan/needs.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int take_value(enum group_value value, group_take take, void *ctx)
{
	struct group_key key = { .value = value };

	return take(ctx, &key);
}

static int take_number(uint32_t number, group_take take, void *ctx)
{
	struct group_key key = { .value = GROUP_KNOWN, .number = number };

	return take(ctx, &key);
}

/* --- keys ---------------------------------------------------------------------------------- */

static struct group_key process_key(const struct holder *h)
{
	struct group_key key = { .value = GROUP_KNOWN };

	strncpy(key.bytes.text, h->comm, sizeof(key.bytes.text) - 1);
	return key;
}

static struct group_key pid_key(const struct holder *h)
{
	struct group_key key = process_key(h);

	key.number = h->pid;
	return key;
}

typedef struct group_key (*holder_key)(const struct holder *h);

static bool same_key(const struct group_key *a, const struct group_key *b)
{
	return a->value == b->value && a->number == b->number && a->id == b->id &&
	       a->family == b->family &&
	       memcmp(a->bytes.text, b->bytes.text, sizeof(a->bytes.text)) == 0;
}

static bool came_before(const struct socket *sk, uint32_t n, const struct group_key *key,
			holder_key make)
{
	for (uint32_t i = 0; i < n; i++) {
		struct group_key other = make(&sk->holders.items[i]);

		if (same_key(&other, key))
			return true;
	}
	return false;
}

/* Each process once, however many descriptors it has. What no process in sight holds is held by
 * somebody. */
static int each_holder(const struct socket *sk, holder_key make, group_take take, void *ctx)
{
	int err = 0;

	if (!sk->inode || socket_is_kernels(sk))
		return take_value(GROUP_NONE, take, ctx);
	if (!sk->holders.count)
		return take_value(GROUP_UNKNOWN, take, ctx);
	for (uint32_t i = 0; i < sk->holders.count && !err; i++) {
		struct group_key key = make(&sk->holders.items[i]);

		if (!came_before(sk, i, &key, make))
			err = take(ctx, &key);
	}
	return err;
}

static int each_process(const struct socket *sk, group_take take, void *ctx)
{
	return each_holder(sk, process_key, take, ctx);
}

static int each_pid(const struct socket *sk, group_take take, void *ctx)
{
	return each_holder(sk, pid_key, take, ctx);
}

/* Minisockets carry no user, orphans and unaccepted connections a meaningless 0. */
static int each_user(const struct socket *sk, group_take take, void *ctx)
{
	if (!sk->uid_known || !sk->inode)
		return take_value(GROUP_NONE, take, ctx);
	return take_number(sk->uid, take, ctx);
}

static int each_cgroup(const struct socket *sk, group_take take, void *ctx)
{
	struct group_key key = { .value = GROUP_KNOWN, .id = (uint64_t)sk->cgroup_id };

	if (sk->queue_unit == QUEUE_NONE)
		return take_value(GROUP_NONE, take, ctx);
	if (sk->cgroup_id == UNKNOWN)
		return take_value(GROUP_UNKNOWN, take, ctx);
	return take(ctx, &key);
}

static int take_text(const char *text, group_take take, void *ctx)
{
	struct group_key key = { .value = GROUP_KNOWN, .id = (uint64_t)(uintptr_t)text };

	return text ? take(ctx, &key) : take_value(GROUP_NONE, take, ctx);
}

/* True when the socket is counted as having none, or none that is known. */
static bool lacks_workload(const struct socket *sk, group_take take, void *ctx, int *err)
{
	if (sk->workload)
		return false;
	*err = take_value(sk->queue_unit == QUEUE_NONE ? GROUP_NONE : GROUP_UNKNOWN, take, ctx);
	return true;
}

static int each_unit(const struct socket *sk, group_take take, void *ctx)
{
	int err;

	return lacks_workload(sk, take, ctx, &err) ? err : take_text(sk->workload->unit, take, ctx);
}

static int each_lasting(const struct socket *sk, group_take take, void *ctx)
{
	int err;

	return lacks_workload(sk, take, ctx, &err) ? err
						   : take_text(sk->workload->lasting, take, ctx);
}

static int each_container(const struct socket *sk, group_take take, void *ctx)
{
	int err;

	return lacks_workload(sk, take, ctx, &err) ? err
						   : take_text(sk->workload->container, take, ctx);
}

static int each_netns(const struct socket *sk, group_take take, void *ctx)
{
	struct group_key key = { .value = GROUP_KNOWN, .id = sk->netns };

	return sk->netns ? take(ctx, &key) : take_value(GROUP_UNKNOWN, take, ctx);
}

static bool is_internet(const struct socket *sk)
{
	return sk->family == AF_INET || sk->family == AF_INET6;
}

static int each_port(const struct socket *sk, uint16_t port, group_take take, void *ctx)
{
	if (!is_internet(sk) || !port)
		return take_value(GROUP_NONE, take, ctx);
	return take_number(port, take, ctx);
}

static int each_local_port(const struct socket *sk, group_take take, void *ctx)
{
	return each_port(sk, sk->local.port, take, ctx);
}

static int each_peer_port(const struct socket *sk, group_take take, void *ctx)
{
	return each_port(sk, sk->peer.port, take, ctx);
}

/* IPv4 inside IPv6 is the same host as IPv4. */
static int each_peer(const struct socket *sk, group_take take, void *ctx)
{
	struct group_key key = { .value = GROUP_KNOWN, .family = sk->family };

	if (!is_internet(sk) || !sk->peer.port)
		return take_value(GROUP_NONE, take, ctx);
	if (sk->family == AF_INET) {
		key.bytes.v4 = sk->peer.addr.v4;
	} else if (IN6_IS_ADDR_V4MAPPED(&sk->peer.addr.v6)) {
		key.family = AF_INET;
		memcpy(&key.bytes.v4, &sk->peer.addr.v6.s6_addr[12], sizeof(key.bytes.v4));
	} else {
		key.bytes.v6 = sk->peer.addr.v6;
	}
	if (key.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&key.bytes.v6))
		key.number = sk->ifindex;
	return take(ctx, &key);
}

static int each_state(const struct socket *sk, group_take take, void *ctx)
{
	if (sk->state == STATE_UNKNOWN)
		return take_value(GROUP_UNKNOWN, take, ctx);
	return take_number(sk->state, take, ctx);
}

static int each_reason(const struct socket *sk, group_take take, void *ctx)
{
	int err = 0;

	if (!sk->close.reasons)
		return take_value(GROUP_NONE, take, ctx);
	for (uint32_t i = 0; i < REASON_COUNT && !err; i++)
		if (sk->close.reasons & REASON_BIT(i))
			err = take_number(i, take, ctx);
	return err;
}

/* --- order --------------------------------------------------------------------------------- */

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Known ones first, then by name, address and number. */
static int by_name(const void *a, const void *b)
{
	const struct group_key *x = a, *y = b;
	int order = compare_u64(x->value, y->value);

	if (!order)
		order = compare_u64(x->family, y->family);
	if (!order)
		order = memcmp(x->bytes.text, y->bytes.text, sizeof(x->bytes.text));
	return order ? order : compare_u64(x->number, y->number);
}

static int by_number(const void *a, const void *b)
{
	const struct group_key *x = a, *y = b;
	int order = compare_u64(x->value, y->value);

	if (!order)
		order = compare_u64(x->number, y->number);
	return order ? order : compare_u64(x->id, y->id);
}

const char *group_text(const struct group_key *key)
{
	return key->value == GROUP_KNOWN ? (const char *)(uintptr_t)key->id : NULL;
}

static int by_text(const void *a, const void *b)
{
	const struct group_key *x = a, *y = b;

	if (x->value != y->value || x->value != GROUP_KNOWN)
		return compare_u64(x->value, y->value);
	return strcmp(group_text(x), group_text(y));
}

#define CGROUP (NEED_CGROUP | NEED_CGROUP_NAMED)

#define JUDGE (NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO | NEED_OWNERS)

static const struct group_by table[] = {
	{ "process", "name of the process that holds it", NEED_OWNERS, each_process, by_name,
	  false },
	{ "pid", "process", NEED_OWNERS, each_pid, by_number, false },
	{ "user", "user that made it", 0, each_user, by_number, false },
	{ "cgroup", "control group it was made in", CGROUP, each_cgroup, by_number, false },
	{ "unit", "systemd unit it was made in", CGROUP, each_unit, by_text, false },
	{ "container", "container it was made in", CGROUP, each_container, by_text, false },
	{ "netns", "network namespace", NEED_NETNS | NEED_NETNS_NAME, each_netns, by_number,
	  false },
	{ "local-port", "its own port", 0, each_local_port, by_number, false },
	{ "peer", "address of the other end", NEED_LINKS, each_peer, by_name, false },
	{ "peer-port", "port of the other end", 0, each_peer_port, by_number, false },
	{ "state", "state", 0, each_state, by_number, true },
	{ "reason", "reason of its close risk", JUDGE, each_reason, by_number, false },
};

const struct group_by group_by_lasting = { "unit",  "systemd unit, by a name that lasts",
					   CGROUP,  each_lasting,
					   by_text, false };

const struct group_by *group_table(size_t *count)
{
	*count = ARRAY_SIZE(table);
	return table;
}

const struct group_by *group_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strcasecmp(word, table[i].name) == 0)
			return &table[i];
	return NULL;
}

/* --- counting ------------------------------------------------------------------------------ */

struct groups {
	const struct group_by *by;
	struct top *top;
	const struct socket *sk; /* the one that is being added, ... */
	uint64_t n;              /* ... and for how many it stands */
};

struct groups *groups_new(const struct group_by *by)
{
	struct groups *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->by = by;
	g->top = top_new(sizeof(struct group_key), sizeof(struct group));
	if (g->top)
		return g;
	free(g);
	return NULL;
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	top_free(groups->top);
	free(groups);
}

static int take_key(void *ctx, const struct group_key *key)
{
	struct groups *g = ctx;
	const struct socket *sk = g->sk;
	struct group *group = top_at(g->top, key);

	if (!group)
		return -ENOMEM;
	group->sockets += g->n;
	group->states[sk->state] += g->n;
	group->cgroup = sk->cgroup;
	group->workload = sk->workload;
	group->netns_name = sk->netns_name;
	group->netns_resident = sk->netns_resident;
	if (sk->close.risk == RISK_NONE)
		return 0;
	group->at_risk += g->n;
	group->stake_unknown += sk->close.at_stake_bytes == UNKNOWN ? g->n : 0;
	sum_add(&group->stake_bytes, sk->close.at_stake_bytes, g->n);
	return 0;
}

int groups_add_alike(struct groups *groups, const struct socket *sk, uint64_t n)
{
	groups->sk = sk;
	groups->n = n;
	return groups->by->each(sk, take_key, groups);
}

int groups_add(struct groups *groups, const struct socket *sk)
{
	return groups_add_alike(groups, sk, 1);
}

void groups_finish(struct groups *groups)
{
	top_sort(groups->top, groups->by->compare);
}

const struct group_by *groups_by(const struct groups *groups)
{
	return groups->by;
}

size_t groups_count(const struct groups *groups)
{
	return top_count(groups->top);
}

const struct group_key *groups_item(const struct groups *groups, size_t i,
				    const struct group **group)
{
	const void *value;
	const struct group_key *key = top_item(groups->top, i, &value);

	*group = value;
	return key;
}

uint64_t groups_error(const struct groups *groups)
{
	return top_error(groups->top);
}

uint64_t groups_lost(const struct groups *groups)
{
	return top_lost(groups->top);
}
