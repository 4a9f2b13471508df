/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/values.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "base/nearest.h"
#include "model/restart.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct unit {
	const char *name;
	int64_t factor;
};

/* Reads digits with at most one point among them: *number / *scale. Returns what follows, or NULL
 * when it is no number or too large. */
static const char *read_decimal(const char *text, int64_t *number, int64_t *scale)
{
	bool fraction = false;
	const char *p;

	*number = 0;
	*scale = 1;
	for (p = text; isdigit((unsigned char)*p) || (*p == '.' && !fraction); p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, *p - '0', number) ||
		    (fraction && __builtin_mul_overflow(*scale, 10, scale)))
			return NULL;
	}
	return p > text && isdigit((unsigned char)p[-1]) ? p : NULL;
}

/* A decimal number and a unit of the table, which must come out whole; the first unit is the one
 * that may be left out. */
static int read_units(const char *text, const struct unit *units, size_t n, int64_t *number)
{
	int64_t v, scale;
	const char *unit = read_decimal(text, &v, &scale);

	for (size_t i = 0; unit && i < n; i++) {
		if (strcasecmp(unit, units[i].name) != 0 && (*unit || i != 0))
			continue;
		if (__builtin_mul_overflow(v, units[i].factor, &v) || v % scale)
			return -EINVAL;
		*number = v / scale;
		return 0;
	}
	return -EINVAL;
}

/* Decimal, or hexadecimal behind 0x. A leading 0 means nothing. Returns what follows, or NULL. */
static const char *read_integer(const char *text, int64_t *number)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	*number = strtoll(text, &end, hex ? 16 : 10);
	return errno ? NULL : end;
}

int value_number(const char *text, struct filter_value *value, struct filter_error *error)
{
	const char *end = read_integer(text, &value->number);

	(void)error;
	return !end || *end ? -EINVAL : 0;
}

int value_mark(const char *text, struct filter_value *value, struct filter_error *error)
{
	const char *end = read_integer(text, &value->number);

	(void)error;
	value->mask = UINT32_MAX;
	if (end && *end == '/')
		end = read_integer(end + 1, &value->mask);
	if (!end || *end || value->number > UINT32_MAX || value->mask > UINT32_MAX)
		return -EINVAL;
	return 0;
}

int value_size(const char *text, struct filter_value *value, struct filter_error *error)
{
	static const struct unit units[] = {
		{ "b", 1 },        { "k", 1 << 10 },   { "kb", 1 << 10 },  { "kib", 1 << 10 },
		{ "m", 1 << 20 },  { "mb", 1 << 20 },  { "mib", 1 << 20 }, { "g", 1 << 30 },
		{ "gb", 1 << 30 }, { "gib", 1 << 30 },
	};

	(void)error;
	return read_units(text, units, ARRAY_SIZE(units), &value->number);
}

int value_time(const char *text, struct filter_value *value, struct filter_error *error)
{
	static const struct unit units[] = {
		{ "s", 1000 },    { "sec", 1000 },  { "ms", 1 },       { "m", 60000 },
		{ "min", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};

	(void)error;
	return read_units(text, units, ARRAY_SIZE(units), &value->number);
}

int value_cookie(const char *text, struct filter_value *value, struct filter_error *error)
{
	char *end;

	(void)error;
	if (!isxdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value->number = (int64_t)strtoull(text, &end, 16);
	return errno || *end ? -EINVAL : 0;
}

/* The ports that the kernel chooses from, as ss takes them: to the kernel an accepted socket is
 * autobound too, though its port is its listener's (sk_clone() drops SOCK_BINDPORT_LOCK). */
int value_autobound(const char *text, struct filter_value *value, struct filter_error *error)
{
	FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	int first, last;

	(void)text;
	(void)error;
	value->number = 0;
	value->last = 65535;
	if (!range)
		return 0;
	if (fscanf(range, "%d %d", &first, &last) == 2) {
		value->number = first;
		value->last = last;
	}
	fclose(range);
	return 0;
}

/* Where systemd mounts the v2 hierarchy; one level down where the controllers are v1 still. */
static const char *cgroup_mount(void)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return "/sys/fs/cgroup";
	return "/sys/fs/cgroup/unified";
}

/* ss takes a directory of the cgroup file system. */
int value_cgroup(const char *text, struct filter_value *value, struct filter_error *error)
{
	const char *mount = cgroup_mount();
	size_t len = strlen(mount);

	(void)error;
	value->text = text;
	if (strncmp(text, mount, len) != 0 || (text[len] && text[len] != '/'))
		return 0;
	value->text = text[len] ? text + len : "/";
	return 0;
}

void value_challenge(struct value_champion *c, const char *name)
{
	const char *pair[] = { c->name[0] ? c->name : NULL, name };

	if (strlen(name) < sizeof(c->name) &&
	    nearest_word(c->typed, pair, 2, sizeof(*pair)) == name)
		memcpy(c->name, name, strlen(name) + 1);
}

void value_complain(struct filter_error *error, const struct value_champion *c, const char *before,
		    const char *behind)
{
	bool near = c->name[0];

	snprintf(error->text, sizeof(error->text), "%s'%.30s'%s%s%s%s", before, c->typed, behind,
		 near ? "; did you mean '" : "", c->name, near ? "'?" : "");
}

static int no_such_device(const char *text, struct filter_error *error)
{
	struct value_champion c = { .typed = text };
	struct if_nameindex *devices = if_nameindex();

	for (size_t i = 0; devices && devices[i].if_name; i++)
		value_challenge(&c, devices[i].if_name);
	if_freenameindex(devices);
	value_complain(error, &c, "there is no device ", "");
	return -EINVAL;
}

/* Nobody waits for a directory service to name all its users: those of this host will do. */
static int no_such_user(const char *text, struct filter_error *error)
{
	struct value_champion c = { .typed = text };
	FILE *users = fopen("/etc/passwd", "re");
	const struct passwd *user;

	while (users && (user = fgetpwent(users)))
		value_challenge(&c, user->pw_name);
	if (users)
		fclose(users);
	value_complain(error, &c, "there is no user ", "");
	return -EINVAL;
}

int value_device(const char *text, struct filter_value *value, struct filter_error *error)
{
	unsigned int index = if_nametoindex(text);

	if (!index && value_number(text, value, error) == 0 && value->number <= INT32_MAX)
		return 0;
	if (!index)
		return no_such_device(text, error);
	value->number = index;
	return 0;
}

int value_user(const char *text, struct filter_value *value, struct filter_error *error)
{
	const struct passwd *user;

	if (value_number(text, value, error) == 0)
		return 0;
	user = getpwnam(text);
	if (!user)
		return no_such_user(text, error);
	value->number = user->pw_uid;
	return 0;
}

/* What is shown as one state has two bits in the kernel's masks: SYN_RECV a request socket's,
 * UNCONN that of a TCP socket which is bound and nothing else. */
#define SYN_RECVS (STATE_BIT(STATE_SYN_RECV) | STATE_BIT(STATE_NEW_SYN_RECV))
#define CLOSES    (STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_BOUND_INACTIVE))
#define MINI      (SYN_RECVS | STATE_BIT(STATE_TIME_WAIT))
#define CONNECTED (STATES_ALL & ~(STATE_BIT(STATE_LISTEN) | CLOSES))

static const struct {
	const char *name;
	uint32_t states;
} groups[] = {
	{ "all", STATES_ALL },
	{ "connected", CONNECTED },
	{ "synchronized", CONNECTED & ~STATE_BIT(STATE_SYN_SENT) },
	{ "bucket", MINI },
	{ "big", STATES_ALL & ~MINI },
	/* ss's own spellings of a state. */
	{ "unconnected", CLOSES },
	{ "bound-inactive", STATE_BIT(STATE_BOUND_INACTIVE) },
	{ "syn-rcv", SYN_RECVS },
};

const char *value_state_word(size_t i)
{
	if (i < ARRAY_SIZE(groups))
		return groups[i].name;
	i += STATE_ESTABLISHED - ARRAY_SIZE(groups);
	if (i >= STATE_NEW_SYN_RECV) /* it has no word of its own */
		i++;
	return i < STATE_COUNT ? state_json_name((enum sock_state)i) : NULL;
}

/* The nearest of states and groups, for a word that is neither. */
static const char *nearest_state(const char *text)
{
	const char *names[ARRAY_SIZE(groups) + STATE_COUNT];
	size_t n = 0;

	for (; value_state_word(n); n++)
		names[n] = value_state_word(n);
	return nearest_word(text, names, n, sizeof(*names));
}

static uint32_t state_bits(enum sock_state state)
{
	uint32_t bit = STATE_BIT(state);

	if (bit & SYN_RECVS)
		return SYN_RECVS;
	return state == STATE_CLOSE ? CLOSES : bit;
}

/* The state that was meant, or else those of TCP, which most others share. */
static void name_states(const char *text, struct filter_error *error)
{
	const char *near = nearest_state(text);
	size_t size = sizeof(error->text);
	int used =
		snprintf(error->text, size, "unknown state '%.30s'; %s%s%s", text,
			 near ? "did you mean '" : "one of: ", near ? near : "", near ? "'?" : "");

	for (int i = STATE_ESTABLISHED; !near && i <= STATE_CLOSING; i++)
		used += snprintf(error->text + used, size - (size_t)used, "%s%s",
				 i > STATE_ESTABLISHED ? ", " : "",
				 state_json_name((enum sock_state)i));
}

int value_states(const char *text, struct filter_value *value, struct filter_error *error)
{
	enum sock_state state = state_from_word(text);

	if (state != STATE_UNKNOWN) {
		value->number = state_bits(state);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (strcasecmp(text, groups[i].name) != 0)
			continue;
		value->number = groups[i].states;
		return 0;
	}
	name_states(text, error);
	return -EINVAL;
}

/* Finds a word among `n` names; complains with the nearest. */
static int read_word(const char *what, const char *text, const char *(*name)(int), int n,
		     struct filter_value *value, struct filter_error *error)
{
	const char *names[64], *near;

	for (int i = 0; i < n; i++) {
		names[i] = name(i);
		if (names[i] && strcasecmp(text, names[i]) == 0) {
			value->number = i;
			return 0;
		}
	}
	near = nearest_word(text, names, (size_t)n, sizeof(*names));
	snprintf(error->text, sizeof(error->text), "unknown %s '%.30s'%s%s%s", what, text,
		 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return -EINVAL;
}

static const char *risk_word(int i)
{
	return risk_name((enum risk)i);
}

static const char *reason_word(int i)
{
	return reason_name((enum reason)i);
}

/* Kinds of one family, as -A has them. */
static const struct {
	const char *name;
	uint32_t netids;
} netid_groups[] = {
	{ "unix", NETIDS_UNIX },
	{ "packet", NETIDS_PACKET },
	{ "netlink", NETID_BIT(NETID_NETLINK) },
	{ "vsock", NETIDS_VSOCK },
	{ "tipc", NETIDS_TIPC },
};

const char *value_netid_word(size_t i)
{
	if (i < NETID_COUNT)
		return netid_name((enum netid)i);
	i -= NETID_COUNT;
	return i < ARRAY_SIZE(netid_groups) ? netid_groups[i].name : NULL;
}

static const char *netid_word(int i)
{
	return value_netid_word((size_t)i);
}

int value_risk(const char *text, struct filter_value *value, struct filter_error *error)
{
	return read_word("risk", text, risk_word, RISK_COUNT, value, error);
}

int value_reason(const char *text, struct filter_value *value, struct filter_error *error)
{
	return read_word("reason", text, reason_word, REASON_COUNT, value, error);
}

int value_netid(const char *text, struct filter_value *value, struct filter_error *error)
{
	int n = NETID_COUNT + (int)ARRAY_SIZE(netid_groups);
	int err = read_word("netid", text, netid_word, n, value, error);

	if (err)
		return err;
	value->number = value->number < NETID_COUNT
				? NETID_BIT(value->number)
				: netid_groups[value->number - NETID_COUNT].netids;
	return 0;
}

static const struct {
	const char *word;
	int64_t number;
} linger_words[] = {
	{ "on", LINGER_WORD_ON },           { "off", LINGER_WORD_OFF },
	{ "unknown", LINGER_WORD_UNKNOWN }, { "?", LINGER_WORD_UNKNOWN },
	{ "none", LINGER_WORD_NONE },       { "inf", LINGER_FOREVER },
	{ "forever", LINGER_FOREVER },
};

const char *value_linger_word(size_t i)
{
	return i < ARRAY_SIZE(linger_words) ? linger_words[i].word : NULL;
}

int value_linger(const char *text, struct filter_value *value, struct filter_error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(linger_words); i++) {
		if (strcasecmp(text, linger_words[i].word) != 0)
			continue;
		value->number = linger_words[i].number;
		value->is_word = value->number < 0;
		return 0;
	}
	if (value_time(text, value, error) < 0 || value->number % 1000)
		return -EINVAL;
	value->number /= 1000;
	return 0;
}

static const char *restart_word(int i)
{
	return restart_answer_name((enum tri)i);
}

const char *value_restart_word(size_t i)
{
	return i <= TRI_YES ? restart_word((int)i) : NULL;
}

int value_restart(const char *text, struct filter_value *value, struct filter_error *error)
{
	if (strcmp(text, "?") == 0)
		text = restart_word(TRI_UNKNOWN);
	return read_word("answer of restart", text, restart_word, TRI_YES + 1, value, error);
}
