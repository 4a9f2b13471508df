/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the values of predicates: numbers, sizes and times with units, ports, hosts, words.
 * Each is a value_reader of tree.h.
 */
#ifndef LINGERSTAT_FILTER_VALUES_H
#define LINGERSTAT_FILTER_VALUES_H

#include "filter/tree.h"

/* Decimal, or hexadecimal behind 0x. */
int value_number(const char *text, struct filter_value *value, struct filter_error *error);
/* Bytes; k, m, g (also KiB, MiB, GiB) are powers of 1024. A fraction must come to whole bytes. */
int value_size(const char *text, struct filter_value *value, struct filter_error *error);
/* Milliseconds; without a unit seconds; ms, s, m, h, d. */
int value_time(const char *text, struct filter_value *value, struct filter_error *error);
/* Hexadecimal, as ss prints cookies. */
int value_cookie(const char *text, struct filter_value *value, struct filter_error *error);
/* A number or a service name, a colon before it or not. */
int value_port(const char *text, struct filter_value *value, struct filter_error *error);
/* ADDRESS, ADDRESS/PREFIX, with :PORT or without, [V6]:PORT, *, a host name (all its addresses), or
 * a unix path. */
int value_host(const char *text, struct filter_value *value, struct filter_error *error);
/* A device name or index. */
int value_device(const char *text, struct filter_value *value, struct filter_error *error);
/* A mark, or a mark and the mask of the bits to compare: 0x1/0xff. */
int value_mark(const char *text, struct filter_value *value, struct filter_error *error);
/* Reads no text: the first and the last of the ports that the kernel chooses from. */
int value_autobound(const char *text, struct filter_value *value, struct filter_error *error);
/* A cgroup's path, in the tree or in the file system. */
int value_cgroup(const char *text, struct filter_value *value, struct filter_error *error);
/* A user name or id. */
int value_user(const char *text, struct filter_value *value, struct filter_error *error);
/* A state, or a group of states as ss has them; gives the mask. */
int value_states(const char *text, struct filter_value *value, struct filter_error *error);
int value_risk(const char *text, struct filter_value *value, struct filter_error *error);
int value_reason(const char *text, struct filter_value *value, struct filter_error *error);
/* A kind, or a family of several kinds; gives the mask. */
int value_netid(const char *text, struct filter_value *value, struct filter_error *error);
/* on, off, unknown, none, inf, or whole seconds. The words are the negative numbers below. */
int value_restart(const char *text, struct filter_value *value, struct filter_error *error);
int value_linger(const char *text, struct filter_value *value, struct filter_error *error);

/* The nearest so far of names that come one after the other, to what was typed. */
struct value_champion {
	const char *typed;
	char name[64]; /* empty as long as none is near */
};

void value_challenge(struct value_champion *c, const char *name);
/* "BEFORE'TYPED'BEHIND; did you mean 'NAME'?" */
void value_complain(struct filter_error *error, const struct value_champion *c, const char *before,
		    const char *behind);

/* The words that value_states(), value_netid() and value_linger() read, to the end, which is
 * NULL. */
const char *value_state_word(size_t i);
const char *value_netid_word(size_t i);
const char *value_linger_word(size_t i);
const char *value_restart_word(size_t i);

enum { LINGER_WORD_ON = -2, LINGER_WORD_OFF = -3, LINGER_WORD_UNKNOWN = -4, LINGER_WORD_NONE = -5 };
#define LINGER_FOREVER INT64_MAX

#endif
