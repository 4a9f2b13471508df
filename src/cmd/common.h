/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that every listing command shares: which sockets, from where, and how linger is read.
 */
#ifndef LINGERSTAT_CMD_COMMON_H
#define LINGERSTAT_CMD_COMMON_H

#include <stdbool.h>

#include "cmd/options.h"
#include "cmd/run.h"
#include "present/style.h"

/* Must be the first member of a command's options, which its option table is applied to. */
struct common_options {
	struct run_plan plan;
	const struct option_table *table; /* the command's, for messages */
	enum risk least_risk;             /* only sockets at or above */
	enum color_mode color;
	uint32_t netids; /* kinds asked for; 0: the default ones */
	uint32_t named;  /* those of them that were named one by one */
	bool all, listening, bound_inactive, ipv4, ipv6;
	bool numeric, resolve;
	bool help, version;
	bool explain_filter;
	const char *net_word;    /* --net, as it was given; NULL: it was not */
	char net[4096];          /* the namespace's file; empty: our own */
	const char *filter_file; /* NULL: only the words of the command line */
	struct filter *filter;
	unsigned char bytecode[4096];
	char command_line[256];
};

extern const struct option_group common_group;

/* What a row of another command's table can call (struct option_row's apply), if its options begin
 * with struct common_options: each sets the flag, or adds the kind, that it is named after. */
int common_opt_tcp(void *options, const char *value);
int common_opt_mptcp(void *options, const char *value);
int common_opt_sctp(void *options, const char *value);
int common_opt_udp(void *options, const char *value);
int common_opt_unix(void *options, const char *value);
int common_opt_ipv4(void *options, const char *value);
int common_opt_ipv6(void *options, const char *value);
int common_opt_net(void *options, const char *value);
int common_opt_proc(void *options, const char *value);
int common_opt_all_netns(void *options, const char *value);
int common_opt_help(void *options, const char *value);
int common_opt_version(void *options, const char *value);

/* Parses the command's options. Returns 0 with the index of the first other word in *rest, or
 * -EINVAL after a message. `word` is the command's, or "" for the default command; it goes into
 * the command line that hints repeat. */
int common_parse(const struct option_table *table, struct common_options *options, const char *word,
		 int argc, char **argv, int *rest);

/* Whether a way of reading SO_LINGER was named, which only a live socket has. */
bool common_reads_linger(const struct common_options *options);

/* Picks a word of a table whose elements begin with their name. Returns 0 with its index, or
 * -EINVAL after a message that names the option, the nearest word and all of them. */
int common_pick(const char *option, const char *word, const void *table, size_t n, size_t stride,
		size_t *index);

/* Prints the version. */
enum result common_version(void);

/* Enters --net's namespace; what fails there is told, and fails again in run_open(). Then
 * makes a filter of the words behind the options and of --filter's file, and puts it into the
 * plan: needs, states, bytecode. Returns 0, or -EINVAL after a message that points at the word. */
int common_filter(struct common_options *options, int argc, char **argv, int first);

/* How a run ends whose words could not be read: it failed when memory was short, else the words
 * were wrong. */
enum result common_refusal(int err);

/* --explain-filter: which part is decided where. */
enum result common_explain_filter(const struct common_options *options);

/* Frees what the options hold. */
void common_free(struct common_options *options);

#endif
