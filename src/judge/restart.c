/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of what stands on ports. How the verdict is found stands in restart_verdict.c.
 */
#include "judge/restart_users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "judge/close.h"

#define PORTS 65536
#define CHUNK 64 /* verdicts */

/* Verdicts are handed out by address, so that they never move. */
struct verdicts {
	struct verdicts *before;
	size_t used;
	struct restart items[CHUNK];
};

/* A process that is connected to a port of its own host. */
struct caller {
	uint32_t pid, port;
};

struct port_users {
	uint8_t watched[PORTS / 8];
	uint32_t *heads[PORT_SPACES]; /* by port: the newest user plus 1; NULL: none at all */
	struct port_user *items;
	uint32_t count, cap;
	struct index index; /* by what makes users alike */
	struct caller *callers;
	uint32_t caller_count, caller_cap;
	struct index caller_index;
	struct verdicts *verdicts;
};

struct port_users *port_users_new(void)
{
	return calloc(1, sizeof(struct port_users));
}

void port_users_free(struct port_users *users)
{
	struct verdicts *chunk, *before;

	if (!users)
		return;
	for (chunk = users->verdicts; chunk; chunk = before) {
		before = chunk->before;
		free(chunk);
	}
	for (int i = 0; i < PORT_SPACES; i++)
		free(users->heads[i]);
	index_free(&users->index);
	index_free(&users->caller_index);
	free(users->callers);
	free(users->items);
	free(users);
}

void port_users_watch(struct port_users *users, const struct socket *listener)
{
	users->watched[listener->local.port / 8] |= (uint8_t)(1u << (listener->local.port % 8));
}

int port_space(const struct socket *sk)
{
	static const struct {
		enum netid netid;
		int space;
	} spaces[] = {
		{ NETID_TCP, PORTS_TCP },
		{ NETID_UDP, PORTS_UDP },
		{ NETID_UDPLITE, PORTS_UDPLITE },
	};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (sk->netid == spaces[i].netid)
			return spaces[i].space;
	return -1;
}

static bool is_watched_port(const struct port_users *users, uint16_t port)
{
	return users->watched[port / 8] & 1u << (port % 8);
}

static bool is_watched(const struct port_users *users, const struct socket *sk, int space)
{
	if (space != PORTS_TCP)
		return space >= 0 && sk->local.port;
	return is_watched_port(users, sk->local.port);
}

/* These vanish with the listener itself (inet_csk_listen_stop()). */
static bool goes_with_listener(const struct socket *sk)
{
	return sk->netid == NETID_TCP && (socket_is_unaccepted(sk) || sk->state == STATE_SYN_RECV);
}

static struct in6_addr mapped(const struct socket *sk, const struct endpoint *end)
{
	struct in6_addr addr = end->addr.v6;

	if (sk->family != AF_INET)
		return addr;
	memset(&addr, 0, sizeof(addr));
	addr.s6_addr[10] = addr.s6_addr[11] = 0xff;
	memcpy(&addr.s6_addr[12], &end->addr.v4, 4);
	return addr;
}

/* --- who calls whom on this host --- */

static bool is_loopback(const struct in6_addr *addr)
{
	return IN6_IS_ADDR_LOOPBACK(addr) ||
	       (IN6_IS_ADDR_V4MAPPED(addr) && addr->s6_addr[12] == IN_LOOPBACKNET);
}

/* The other end of a connection to a watched port, where it is one of this host. Who connects to
 * an address of its own has that address too, unless it was bound to another. */
static bool is_caller(const struct port_users *users, const struct socket *sk)
{
	struct in6_addr local, peer;

	if (port_space(sk) != PORTS_TCP || !sk->inode || !is_watched_port(users, sk->peer.port) ||
	    sk->state == STATE_LISTEN)
		return false;
	local = mapped(sk, &sk->local);
	peer = mapped(sk, &sk->peer);
	return is_loopback(&peer) || memcmp(&local, &peer, sizeof(local)) == 0;
}

static bool is_known_caller(const struct port_users *users, const struct caller *caller)
{
	uint32_t hash = index_hash(caller, sizeof(*caller)), at = 0, i;

	while ((i = index_next(&users->caller_index, hash, &at)) != INDEX_NONE)
		if (memcmp(&users->callers[i], caller, sizeof(*caller)) == 0)
			return true;
	return false;
}

static int add_caller(struct port_users *users, const struct caller *caller)
{
	void *items = users->callers;
	int err;

	if (is_known_caller(users, caller))
		return 0;
	err = index_room(&items, users->caller_count, &users->caller_cap, sizeof(*caller));
	users->callers = items;
	if (!err)
		err = index_add(&users->caller_index, index_hash(caller, sizeof(*caller)),
				users->caller_count);
	if (!err)
		users->callers[users->caller_count++] = *caller;
	return err;
}

static int add_callers(struct port_users *users, const struct socket *sk)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < sk->holders.count; i++)
		err = add_caller(users,
				 &(struct caller){ sk->holders.items[i].pid, sk->peer.port });
	return err;
}

bool port_users_calls_itself(const struct port_users *users, const struct socket *listener)
{
	for (uint32_t i = 0; i < listener->holders.count; i++)
		if (is_known_caller(users, &(struct caller){ listener->holders.items[i].pid,
							     listener->local.port }))
			return true;
	return false;
}

/* --- places --- */

static enum reach reach_of(const struct socket *sk, const struct in6_addr *addr)
{
	static const uint8_t any_v4[16] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(addr, any_v4, sizeof(any_v4)) == 0)
		return V4_ANY;
	if (IN6_IS_ADDR_V4MAPPED(addr))
		return V4_ADDR;
	if (!IN6_IS_ADDR_UNSPECIFIED(addr))
		return V6_ADDR;
	return sk->v6only == TRI_YES ? V6_ANY_ONLY : V6_ANY;
}

struct place port_place(const struct socket *sk)
{
	struct place place = { .addr = mapped(sk, &sk->local), .ifindex = sk->ifindex };

	place.reach = (uint8_t)reach_of(sk, &place.addr);
	return place;
}

/* Of the processes, whatever their order; a process's descriptors come together. */
uint64_t port_holders_id(const struct holder_list *holders)
{
	uint64_t id = 0;

	for (uint32_t i = 0; i < holders->count; i++)
		if (i == 0 || holders->items[i].pid != holders->items[i - 1].pid)
			id += index_hash(&holders->items[i].pid, sizeof(uint32_t)) + UINT64_C(1);
	return id;
}

/* --- what becomes of it when its holders end --- */

#define RESETS (OUTCOME_BIT(OUTCOME_RESET) | OUTCOME_BIT(OUTCOME_SILENT))

/* A connection that ends in order stays for as long as its peer takes, and then in TIME_WAIT; but
 * from CLOSE_WAIT it goes with the peer's acknowledgement. */
static enum fate fate_of_connection(const struct socket *sk)
{
	struct close_forecast f;

	judge_exit(sk, &f);
	if (!(f.outcomes & ~RESETS))
		return FATE_GOES;
	if (f.outcomes & RESETS || sk->state == STATE_CLOSE_WAIT)
		return FATE_OPEN;
	return FATE_STAYS;
}

#define AT_ONCE                                                                               \
	(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_BOUND_INACTIVE) | \
	 STATE_BIT(STATE_SYN_SENT))

static enum fate fate_of(const struct socket *sk)
{
	if (!sk->inode)
		return FATE_STAYS;
	if (sk->netid != NETID_TCP || STATE_BIT(sk->state) & AT_ONCE)
		return FATE_GOES;
	return fate_of_connection(sk);
}

/* --- the table --- */

static struct port_user user_of(const struct socket *sk, int space)
{
	const struct holder_list *h = &sk->holders;
	struct port_user user;

	memset(&user, 0, sizeof(user)); /* its bytes are a key */
	user.key.place = port_place(sk);
	user.key.holders = port_holders_id(h);
	user.key.uid = sk->uid;
	user.key.port = sk->local.port;
	user.key.space = (uint8_t)space;
	user.key.state = (uint8_t)sk->state;
	user.key.fate = (uint8_t)fate_of(sk);
	user.key.reuseaddr = (uint8_t)sk->options.reuseaddr;
	user.key.reuseport = (uint8_t)sk->options.reuseport;
	user.key.known = (uint8_t)h->known;
	user.key.minisocket = !sk->uid_known;
	user.key.orphan = !sk->inode;
	/* One that listens is itself only, as it is not in its own way. */
	user.key.cookie = restart_applies(sk) ? sk->cookie : 0;
	user.sockets = 1;
	if (!h->count)
		return user;
	user.pid = h->items[0].pid;
	user.several = h->items[h->count - 1].pid != user.pid;
	strncpy(user.comm, h->items[0].comm, sizeof(user.comm) - 1);
	return user;
}

static struct port_user *find_alike(struct port_users *users, const struct port_user *user,
				    uint32_t hash)
{
	uint32_t at = 0, i;

	while ((i = index_next(&users->index, hash, &at)) != INDEX_NONE)
		if (memcmp(&users->items[i].key, &user->key, sizeof(user->key)) == 0)
			return &users->items[i];
	return NULL;
}

static int add_new(struct port_users *users, struct port_user *user, uint32_t hash)
{
	uint32_t **heads = &users->heads[user->key.space];
	void *items = users->items;
	int err = index_room(&items, users->count, &users->cap, sizeof(*users->items));

	users->items = items;
	if (!err && !*heads && !(*heads = calloc(PORTS, sizeof(**heads))))
		err = -ENOMEM;
	if (!err)
		err = index_add(&users->index, hash, users->count);
	if (err)
		return err;
	user->next = (*heads)[user->key.port];
	users->items[users->count++] = *user;
	(*heads)[user->key.port] = users->count;
	return 0;
}

static bool is_user(const struct port_users *users, const struct socket *sk)
{
	return is_watched(users, sk, port_space(sk)) && !goes_with_listener(sk);
}

bool port_users_want(const struct port_users *users, const struct socket *sk)
{
	return is_user(users, sk) || is_caller(users, sk);
}

int port_users_add(struct port_users *users, const struct socket *sk)
{
	struct port_user user, *alike;
	uint32_t hash;
	int err = is_caller(users, sk) ? add_callers(users, sk) : 0;

	if (err || !is_user(users, sk))
		return err;
	user = user_of(sk, port_space(sk));
	hash = index_hash(&user.key, sizeof(user.key));
	alike = find_alike(users, &user, hash);
	if (!alike)
		return add_new(users, &user, hash);
	alike->sockets++;
	return 0;
}

const struct port_user *port_users_first(const struct port_users *users, int space, uint16_t port)
{
	uint32_t head = space >= 0 && users->heads[space] ? users->heads[space][port] : 0;

	return head ? &users->items[head - 1] : NULL;
}

const struct port_user *port_users_next(const struct port_users *users,
					const struct port_user *user)
{
	return user->next ? &users->items[user->next - 1] : NULL;
}

const struct restart *port_users_judge(struct port_users *users, const struct socket *listener,
				       const struct program *program)
{
	struct verdicts *chunk = users->verdicts;

	if (!chunk || chunk->used == CHUNK) {
		chunk = malloc(sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->before = users->verdicts;
		chunk->used = 0;
		users->verdicts = chunk;
	}
	judge_restart(users, listener, program, &chunk->items[chunk->used]);
	return &chunk->items[chunk->used++];
}
