/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kinds of socket the options ask for: ss's words for -A and -f as tables over the kinds of
 * the model.
 */
#ifndef LINGERSTAT_CMD_FAMILIES_H
#define LINGERSTAT_CMD_FAMILIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was asked for so far. */
struct family_choice {
	uint32_t netids; /* mask of NETID_BIT() */
	uint32_t named;  /* those of them that were named one by one: to lack them is an error */
	bool ipv4, ipv6;
};

/* The i-th word of -A; NULL behind the last. */
const char *families_query_word(size_t i);

/* The i-th word of -f; NULL behind the last. */
const char *families_family_word(size_t i);

/* Takes -A's list of words, each with `!` before it to take kinds away; adds to the choice.
 * Returns 0, or -EINVAL after a message. */
int families_query(struct family_choice *choice, const char *list);

/* Takes -f's word. Returns 0, or -EINVAL after a message. */
int families_family(struct family_choice *choice, const char *word);

/* The kinds that are shown when none is asked for. */
uint32_t families_default(void);

/* The states in which sockets of these kinds are shown without -a, -l or a filter that names
 * states: those of ss. */
uint32_t families_states(uint32_t netids);

#endif
