/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice: what to do about a verdict, and what each reason word means at length. Texts only,
 * with the condition under which each applies.
 */
#ifndef LINGERSTAT_PRESENT_ADVICE_H
#define LINGERSTAT_PRESENT_ADVICE_H

#include <stddef.h>

#include "model/socket.h"

/* The i-th piece of advice for this socket (0, 1, ...), or NULL when there is no more. */
const char *advice_for(const struct socket *sk, size_t i);

/* What a reason word means, why the kernel does so, and what to change. */
const char *advice_reason(enum reason reason);

#endif
