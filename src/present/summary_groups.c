/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The groups of --by: the largest first, with their share of TIME-WAIT, CLOSE-WAIT and risk.
 */
#include <pwd.h>

#include "present/escape.h"
#include "present/members.h"
#include "present/summary.h"
#include "present/workload.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void process_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
			 const struct group *group)
{
	(void)s;
	(void)group;
	escape_text(b, key->bytes.text, strnlen(key->bytes.text, sizeof(key->bytes.text)));
}

static void pid_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
		     const struct group *group)
{
	process_name(b, s, key, group);
	outbuf_printf(b, "/%u", key->number);
}

static const char *user_of(uint32_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? user->pw_name : NULL;
}

static void user_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
		      const struct group *group)
{
	const char *name = s->numeric ? NULL : user_of(key->number);

	(void)group;
	if (name)
		escape_text(b, name, strlen(name));
	else
		outbuf_u64(b, key->number);
}

static void cgroup_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
			const struct group *group)
{
	(void)s;
	if (group->cgroup)
		escape_text(b, group->cgroup, strlen(group->cgroup));
	else
		outbuf_printf(b, "?(%llu)", (unsigned long long)key->id);
}

static void unit_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
		      const struct group *group)
{
	(void)s;
	(void)group;
	outbuf_str(b, group_text(key));
}

static void container_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
			   const struct group *group)
{
	(void)s;
	(void)key;
	workload_container(b, group->workload);
}

static void namespace_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
			   const struct group *group)
{
	char label[NETNS_LABEL_SIZE];

	(void)s;
	netns_label(key->id, group->netns_name, group->netns_resident, label);
	escape_text(b, label, strlen(label));
}

static void number_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
			const struct group *group)
{
	(void)s;
	(void)group;
	outbuf_u64(b, key->number);
}

static const char *device_of(const struct summary *s, uint32_t ifindex)
{
	return s->links && ifindex ? links_name(s->links, ifindex) : NULL;
}

static struct endpoint end_of(const struct group_key *key)
{
	struct endpoint ep = { 0 };

	memcpy(&ep.addr, &key->bytes, sizeof(ep.addr));
	return ep;
}

static void peer_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
		      const struct group *group)
{
	struct endpoint ep = end_of(key);
	const char *device = device_of(s, key->number);

	(void)group;
	address_number(b, key->family, &ep);
	if (device) {
		outbuf_char(b, '%');
		escape_text(b, device, strlen(device));
	} else if (key->number) {
		outbuf_printf(b, "%%%u", key->number);
	}
}

static void state_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
		       const struct group *group)
{
	(void)s;
	(void)group;
	outbuf_str(b, state_label((enum sock_state)key->number));
}

static void reason_word(struct outbuf *b, const struct summary *s, const struct group_key *key,
			const struct group *group)
{
	(void)s;
	(void)group;
	outbuf_str(b, reason_name((enum reason)key->number));
}

/* --- the same as JSON: members of the group's object, "key" first --- */

static void process_json(struct outbuf *b, const struct group_key *key)
{
	char name[sizeof(key->bytes.text) + 1] = "";

	memcpy(name, key->bytes.text, sizeof(key->bytes.text));
	member_text(b, "key", name);
}

static void pid_json(struct outbuf *b, const struct group_key *key)
{
	char name[sizeof(key->bytes.text) + 1] = "";

	memcpy(name, key->bytes.text, sizeof(key->bytes.text));
	member_count(b, "key", key->number);
	member_text(b, "comm", name);
}

static void user_json(struct outbuf *b, const struct group_key *key)
{
	member_count(b, "key", key->number);
	member_text(b, "user", user_of(key->number));
}

static void text_json(struct outbuf *b, const struct group_key *key)
{
	member_text(b, "key", group_text(key));
}

static void inode_json(struct outbuf *b, const struct group_key *key)
{
	member_count(b, "key", key->id);
}

static void number_json(struct outbuf *b, const struct group_key *key)
{
	member_count(b, "key", key->number);
}

static void peer_json(struct outbuf *b, const struct group_key *key)
{
	struct endpoint ep = end_of(key);

	member_key(b, "key");
	outbuf_char(b, '"');
	address_number(b, key->family, &ep);
	outbuf_char(b, '"');
	if (key->number)
		member_count(b, "ifindex", key->number);
}

static void state_json(struct outbuf *b, const struct group_key *key)
{
	member_text(b, "key", state_json_name((enum sock_state)key->number));
}

static void reason_json(struct outbuf *b, const struct group_key *key)
{
	member_text(b, "key", reason_name((enum reason)key->number));
}

struct key_writer {
	const char *by;
	const char *header;
	void (*text)(struct outbuf *b, const struct summary *s, const struct group_key *key,
		     const struct group *group);
	void (*json)(struct outbuf *b, const struct group_key *key); /* NULL: a cgroup's */
};

static const struct key_writer key_writers[] = {
	{ "process", "PROCESS", process_name, process_json },
	{ "pid", "PROCESS", pid_name, pid_json },
	{ "user", "USER", user_name, user_json },
	{ "cgroup", "CGROUP", cgroup_name, NULL },
	{ "unit", "UNIT", unit_name, text_json },
	{ "container", "CONTAINER", container_name, text_json },
	{ "netns", "NAMESPACE", namespace_name, inode_json },
	{ "local-port", "LOCAL PORT", number_name, number_json },
	{ "peer", "PEER", peer_name, peer_json },
	{ "peer-port", "PEER PORT", number_name, number_json },
	{ "state", "STATE", state_name, state_json },
	{ "reason", "REASON", reason_word, reason_json },
};

static const struct key_writer *writer_of(const struct groups *groups)
{
	size_t i = 0;

	/* Every row of the key table has one; the tests see to it. */
	while (i + 1 < ARRAY_SIZE(key_writers) &&
	       strcmp(key_writers[i].by, groups_by(groups)->name) != 0)
		i++;
	return &key_writers[i];
}

/* --- both ---------------------------------------------------------------------------------- */

static void put_name(struct outbuf *b, const struct summary *s, const struct group_key *key,
		     const struct group *group)
{
	if (key->value == GROUP_KNOWN)
		writer_of(s->counts->groups)->text(b, s, key, group);
	else
		outbuf_char(b, key->value == GROUP_NONE ? '-' : '?');
}

static size_t shown_groups(const struct summary *s)
{
	return summary_shown(s, groups_count(s->counts->groups));
}

static void group_row(struct grid *g, const struct summary *s, size_t i, uint64_t most)
{
	const struct group *group;
	const struct group_key *key = groups_item(s->counts->groups, i, &group);

	put_name(grid_cell(g, INK_PLAIN), s, key, group);
	grid_number(g, (int64_t)group->sockets);
	grid_number(g, (int64_t)group->states[STATE_TIME_WAIT]);
	grid_number(g, (int64_t)group->states[STATE_CLOSE_WAIT]);
	if (s->judged) {
		grid_number(g, (int64_t)group->at_risk);
		outbuf_printf(grid_cell(g, INK_PLAIN), "%s%llu", group->stake_unknown ? ">" : "",
			      (unsigned long long)group->stake_bytes);
	}
	grid_bar(g, most ? (double)group->sockets / (double)most : 0, INK_PLAIN);
}

/* What is not shown, or not known. */
static void group_rest(struct outbuf *b, const struct summary *s, size_t shown)
{
	const struct groups *groups = s->counts->groups;
	uint64_t sockets = 0;

	for (size_t i = shown; i < groups_count(groups); i++) {
		const struct group *group;

		groups_item(groups, i, &group);
		sockets += group->sockets;
	}
	if (sockets)
		grid_note(&s->look, b, "and %zu more with %llu socket%s; --top N shows more",
			  groups_count(groups) - shown, (unsigned long long)sockets,
			  sockets == 1 ? "" : "s");
	if (groups_lost(groups))
		grid_note(&s->look, b,
			  "there were too many to keep: small ones are left out (%llu sockets), "
			  "and a count may be up to %llu too low",
			  (unsigned long long)groups_lost(groups),
			  (unsigned long long)groups_error(groups));
}

void summary_groups_text(struct outbuf *b, const struct summary *s)
{
	struct grid_column columns[] = {
		{ writer_of(s->counts->groups)->header, false },
		{ "SOCKETS", true },
		{ "TIME-WAIT", true },
		{ "CLOSE-WAIT", true },
		{ "AT RISK", true },
		{ "BYTES AT STAKE", true },
	};
	size_t shown = shown_groups(s);
	uint64_t most = 0;
	const struct group *group;
	struct grid *g = grid_new(&s->look, b, columns, s->judged ? 6 : 4);

	if (!g)
		return;
	if (shown) {
		groups_item(s->counts->groups, 0, &group);
		most = group->sockets;
	}
	for (size_t i = 0; i < shown; i++)
		group_row(g, s, i, most);
	grid_print(g, b);
	group_rest(b, s, shown);
}

static void key_json(struct outbuf *b, const struct summary *s, const struct group_key *key,
		     const struct group *group)
{
	static const char *const values[] = { "known", "none", "unknown" };
	const struct key_writer *w = writer_of(s->counts->groups);

	if (key->value != GROUP_KNOWN) {
		member_text(b, "key", NULL);
	} else if (w->json) {
		w->json(b, key);
	} else {
		member_text(b, "key", group->cgroup);
		member_count(b, "cgroup_id", key->id);
	}
	if (w->text == container_name) {
		member_key(b, "container");
		workload_json(b, key->value == GROUP_KNOWN ? group->workload : NULL);
	}
	if (w->text == namespace_name)
		member_text(b, "netns_name", key->value == GROUP_KNOWN ? group->netns_name : NULL);
	member_text(b, "value", values[key->value]);
}

static void group_json(struct outbuf *b, const struct summary *s, size_t i)
{
	const struct group *group;
	const struct group_key *key = groups_item(s->counts->groups, i, &group);

	outbuf_str(b, i ? ",{" : "{");
	key_json(b, s, key, group);
	member_count(b, "sockets", group->sockets);
	member_count(b, "time_wait", group->states[STATE_TIME_WAIT]);
	member_count(b, "close_wait", group->states[STATE_CLOSE_WAIT]);
	if (s->judged) {
		member_count(b, "at_risk", group->at_risk);
		member_count(b, "at_stake_bytes", group->stake_bytes);
		member_count(b, "at_stake_unknown_sockets", group->stake_unknown);
	}
	outbuf_char(b, '}');
}

void summary_groups_json(struct outbuf *b, const struct summary *s)
{
	const struct groups *groups = s->counts->groups;

	member_key(b, "groups");
	outbuf_char(b, '{');
	member_text(b, "by", groups_by(groups)->name);
	member_count(b, "count", groups_count(groups));
	member_count(b, "left_out_sockets", groups_lost(groups));
	member_count(b, "too_low_by_at_most", groups_error(groups));
	member_key(b, "largest");
	outbuf_char(b, '[');
	for (size_t i = 0; i < shown_groups(s); i++)
		group_json(b, s, i);
	outbuf_str(b, "]}");
}
