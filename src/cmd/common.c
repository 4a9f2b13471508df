/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/common.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/message.h"
#include "base/nearest.h"
#include "cmd/families.h"
#include "enrich/netns.h"
#include "cmd/vocabulary.h"
#include "plan/needs.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define FLAG(linkage, function, field)                            \
	linkage int function(void *options, const char *value)    \
	{                                                         \
		(void)value;                                      \
		((struct common_options *)options)->field = true; \
		return 0;                                         \
	}

FLAG(extern, common_opt_ipv4, ipv4)
FLAG(extern, common_opt_ipv6, ipv6)
FLAG(extern, common_opt_help, help)
FLAG(extern, common_opt_version, version)
FLAG(static, opt_numeric, numeric)
FLAG(static, opt_resolve, resolve)
FLAG(static, opt_explain_filter, explain_filter)

/* As in ss the last of them decides about states. */
#define STATES(function, field)                                    \
	static int function(void *options, const char *value)      \
	{                                                          \
		struct common_options *o = options;                \
                                                                   \
		(void)value;                                       \
		o->all = o->listening = o->bound_inactive = false; \
		o->field = true;                                   \
		return 0;                                          \
	}

STATES(opt_all, all)
STATES(opt_listening, listening)
STATES(opt_bound, bound_inactive)

#define KIND(linkage, function, mask)                                 \
	linkage int function(void *options, const char *value)        \
	{                                                             \
		(void)value;                                          \
		((struct common_options *)options)->netids |= (mask); \
		((struct common_options *)options)->named |= (mask);  \
		return 0;                                             \
	}

KIND(extern, common_opt_tcp, NETID_BIT(NETID_TCP))
KIND(extern, common_opt_mptcp, NETID_BIT(NETID_MPTCP))
KIND(extern, common_opt_udp, NETID_BIT(NETID_UDP))
KIND(static, opt_udplite, NETID_BIT(NETID_UDPLITE))
KIND(static, opt_raw, NETID_BIT(NETID_RAW))
KIND(extern, common_opt_sctp, NETID_BIT(NETID_SCTP))
KIND(static, opt_dccp, NETID_BIT(NETID_DCCP))
KIND(extern, common_opt_unix, NETIDS_UNIX)
KIND(static, opt_packet, NETIDS_PACKET)
KIND(static, opt_netlink, NETID_BIT(NETID_NETLINK))
KIND(static, opt_vsock, NETIDS_VSOCK)
KIND(static, opt_xdp, NETID_BIT(NETID_XDP))
KIND(static, opt_tipc, NETIDS_TIPC)

/* Lets a table of words add to what was chosen so far. */
static int choose(struct common_options *o, const char *value,
		  int (*take)(struct family_choice *choice, const char *value))
{
	struct family_choice choice = { o->netids, o->named, o->ipv4, o->ipv6 };
	int err = take(&choice, value);

	o->netids = choice.netids;
	o->named = choice.named;
	o->ipv4 = choice.ipv4;
	o->ipv6 = choice.ipv6;
	return err;
}

static int opt_query(void *options, const char *value)
{
	return choose(options, value, families_query);
}

/* `help` prints the help, as in ss. */
static int opt_family(void *options, const char *value)
{
	if (strcmp(value, "help") == 0)
		return common_opt_help(options, value);
	return choose(options, value, families_family);
}

int common_pick(const char *option, const char *word, const void *table, size_t n, size_t stride,
		size_t *index)
{
	char all[512] = "";
	const char *near;

	for (size_t i = 0; i < n; i++) {
		const char *name = *(const char *const *)((const char *)table + i * stride);
		size_t used = strlen(all);

		if (strcasecmp(word, name) == 0) {
			*index = i;
			return 0;
		}
		snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", name);
	}
	near = nearest_word(word, table, n, stride);
	if (near)
		message("%s: unknown word '%s'; did you mean '%s'? (one of: %s)", option, word,
			near, all);
	else
		message("%s: unknown word '%s'; one of: %s", option, word, all);
	return -EINVAL;
}

static int opt_risk(void *options, const char *value)
{
	struct common_options *o = options;
	size_t i = RISK_LIKELY;
	int err = value ? vocabulary_pick("--risk", "LEVEL", value, &i) : 0;

	if (!err)
		o->least_risk = (enum risk)i;
	return err;
}

static int opt_color(void *options, const char *value)
{
	struct common_options *o = options;
	size_t i = COLOR_ALWAYS;
	int err = value ? vocabulary_pick("--color", "WHEN", value, &i) : 0;

	o->color = (enum color_mode)i;
	return err;
}

static int opt_linger(void *options, const char *value)
{
	struct common_options *o = options;
	size_t i = 0;
	int err = vocabulary_pick("--linger", "HOW", value, &i);

	o->plan.linger = (enum linger_mode)i;
	return err;
}

static int opt_read(void *options, const char *value)
{
	((struct common_options *)options)->plan.read = value;
	return 0;
}

/* Who names two wants both, or has made a mistake: the last is not all that was asked for. */
int common_opt_net(void *options, const char *value)
{
	struct common_options *o = options;

	if (o->net_word && strcmp(o->net_word, value) != 0) {
		message("--net: given as '%s' and as '%s', and one namespace is listed at a time; "
			"leave out one of them, or take --all-netns for all",
			o->net_word, value);
		return -EINVAL;
	}
	o->net_word = value;
	return 0;
}

int common_opt_proc(void *options, const char *value)
{
	((struct common_options *)options)->plan.proc = value;
	return 0;
}

/* A process's number may be one of --proc's, which may stand behind it. */
static int find_namespace(struct common_options *o)
{
	const char *value = o->net_word, *proc = o->plan.proc ? o->plan.proc : "/proc";
	char near[256];

	if (!value)
		return 0;
	if (netns_find(value, proc, o->net, sizeof(o->net)) == 0) {
		if (strchr(value, '/') || !processes_are_ambiguous(&o->plan, value))
			return 0;
		message("--net: /proc is of another PID namespace, where '%s' is another process; "
			"take its numbers with --proc /proc, or give the namespace's path",
			value);
		return -EINVAL;
	}
	if (netns_nearest(value, near, sizeof(near)) == 0)
		message("--net: no namespace '%s'; did you mean '%s'?", value, near);
	else
		message("--net: no namespace '%s': neither a name in /run/netns, nor a process, "
			"nor a path",
			value);
	return -EINVAL;
}

int common_opt_all_netns(void *options, const char *value)
{
	(void)value;
	((struct common_options *)options)->plan.all_netns = true;
	return 0;
}

static int opt_filter(void *options, const char *value)
{
	struct common_options *o = options;

	if (o->filter_file) {
		message("--filter: there can be one file; '%s' is the second", value);
		return -EINVAL;
	}
	o->filter_file = value;
	return 0;
}

static const struct option_row rows[] = {
	{ "all", 'a', NULL, "sockets in every state", opt_all },
	{ "listening", 'l', NULL, "only listening sockets", opt_listening },
	{ "bound-inactive", 'B', NULL, "only bound, idle sockets of TCP (Linux 6.8)", opt_bound },
	{ "tcp", 't', NULL, "TCP (without any of these: TCP, MPTCP, SCTP)", common_opt_tcp },
	{ "mptcp", 'M', NULL, "MPTCP connections", common_opt_mptcp },
	{ "udp", 'u', NULL, "UDP", common_opt_udp },
	{ "udplite", 0, NULL, "UDP-Lite", opt_udplite },
	{ "raw", 'w', NULL, "raw IP", opt_raw },
	{ "sctp", 'S', NULL, "SCTP endpoints and associations", common_opt_sctp },
	{ "dccp", 'd', NULL, "DCCP", opt_dccp },
	{ "unix", 'x', NULL, "unix stream, seqpacket and datagram", common_opt_unix },
	{ "packet", '0', NULL, "packet: frames of a device", opt_packet },
	{ "netlink", 0, NULL, "netlink", opt_netlink },
	{ "vsock", 0, NULL, "vsock: virtual machine and host", opt_vsock },
	{ "xdp", 0, NULL, "XDP", opt_xdp },
	{ "tipc", 0, NULL, "TIPC", opt_tipc },
	{ "query", 'A', "KINDS", "kinds by name: all,inet,tcp,...; !KIND takes away", opt_query },
	{ "socket", 0, "KINDS", "the same as --query", opt_query },
	{ "family", 'f', "FAMILY", "inet, inet6, unix, link, netlink, ...", opt_family },
	{ "ipv4", '4', NULL, "only IPv4", common_opt_ipv4 },
	{ "ipv6", '6', NULL, "only IPv6", common_opt_ipv6 },
	{ "risk", 0, "[LEVEL]", "only at or above none, possible, likely, certain", opt_risk },
	{ "numeric", 'n', NULL, "port numbers, no service names", opt_numeric },
	{ "resolve", 'r', NULL, "host names, from the resolver", opt_resolve },
	{ "color", 0, "[WHEN]", "auto, always or never", opt_color },
	{ "linger", 0, "HOW", "read SO_LINGER by auto, bpf, getfd or none", opt_linger },
	{ "read", 0, "FILE", "list a recording (ss -D); - is standard input", opt_read },
	{ "net", 'N', "NETNS", "of this network namespace: name, PID or path", common_opt_net },
	{ "proc", 0, "DIR", "processes as this procfs has them, not /proc", common_opt_proc },
	{ "all-netns", 0, NULL, "of every network namespace of the host", common_opt_all_netns },
	{ "filter", 'F', "FILE", "FILTER from a file, beside its words here", opt_filter },
	{ "explain-filter", 0, NULL, "say which part of FILTER the kernel decides",
	  opt_explain_filter },
	{ "help", 'h', NULL, "this text", common_opt_help },
	{ "version", 'V', NULL, "version and how it was built", common_opt_version },
};

const struct option_group common_group = { rows, ARRAY_SIZE(rows) };

static void choose_sockets(struct common_options *o)
{
	struct selection *sel = &o->plan.selection;

	o->plan.named_netids = o->named & o->netids;
	sel->netids = o->netids ? o->netids : families_default();
	sel->states = o->listening ? STATES_LISTENING : families_states(sel->netids);
	if (o->bound_inactive)
		sel->states = STATE_BIT(STATE_BOUND_INACTIVE);
	if (o->all)
		sel->states = STATES_ALL;
	sel->ipv4 = o->ipv4 || !o->ipv6;
	sel->ipv6 = o->ipv6 || !o->ipv4;
}

bool common_reads_linger(const struct common_options *o)
{
	return o->plan.linger == LINGER_MODE_BPF || o->plan.linger == LINGER_MODE_GETFD;
}

/* A recording is of another time, and perhaps of another machine. */
static int check_namespace(const struct common_options *o)
{
	if (!o->plan.read || !*o->net)
		return 0;
	message("--net: a recording is listed as it is, in whatever namespace it was made; leave "
		"out --net or --read");
	return -EINVAL;
}

/* What asks for one namespace, or for none. */
static int check_all_namespaces(const struct common_options *o)
{
	if (!o->plan.all_netns)
		return 0;
	if (*o->net)
		message("--all-netns: '--net' names one namespace; leave out one of them");
	else if (o->plan.read)
		message("--all-netns: a recording is listed as it is, in whatever namespace it was "
			"made; leave out --all-netns or --read");
	else if (o->plan.linger == LINGER_MODE_GETFD)
		message("--all-netns: '--linger=getfd' touches what it reads, in one namespace; "
			"name that with --net");
	else
		return 0;
	return -EINVAL;
}

/* `ss -D` and its like record TCP only, so nothing else can be asked of a recording. */
static int check_replay(const struct common_options *o)
{
	if (!o->plan.read || !(o->netids & ~NETID_BIT(NETID_TCP)))
		return 0;
	message("--read: a recording holds TCP sockets only; leave other kinds out");
	return -EINVAL;
}

static int check_linger(const struct common_options *o)
{
	if (!o->plan.read || !common_reads_linger(o))
		return 0;
	message("--linger: a recording has none to read; leave out --linger or --read");
	return -EINVAL;
}

/* Elsewhere a socket that is bound and nothing else is UNCONN. */
static int check_bound(const struct common_options *o)
{
	if (!o->bound_inactive || !o->netids || o->netids & NETID_BIT(NETID_TCP))
		return 0;
	message("-B: only TCP has such sockets; others are UNCONN, which -a shows");
	return -EINVAL;
}

int common_parse(const struct option_table *table, struct common_options *options, const char *word,
		 int argc, char **argv, int *rest)
{
	int err;

	options_join(options->command_line, sizeof(options->command_line), word, argc, argv);
	options->plan.command_line = options->command_line;
	options->table = table;
	err = options_parse(table, argc, argv, options, rest);
	if (err)
		return err;
	choose_sockets(options);
	err = processes_check(&options->plan);
	if (!err)
		err = find_namespace(options);
	if (!err)
		err = check_namespace(options);
	if (!err)
		err = check_all_namespaces(options);
	if (!err)
		err = check_linger(options);
	if (!err)
		err = check_bound(options);
	return err ? err : check_replay(options);
}

enum result common_version(void)
{
	fputs("lingerstat " PACKAGE_VERSION
#ifdef WITH_BPF
	      " (with BPF)\n",
#else
	      " (without BPF)\n",
#endif
	      stdout);
	return RESULT_DONE;
}

void common_free(struct common_options *options)
{
	filter_free(options->filter);
}

enum result common_refusal(int err)
{
	return err == -ENOMEM ? RESULT_FAILED : RESULT_USAGE;
}
