/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts that were written, and the bytes of the record that they were made of: the last few, so
 * that the two sides of a crowd of connections, or its handful of states, each find theirs.
 */
#ifndef LINGERSTAT_PRESENT_MEMO_H
#define LINGERSTAT_PRESENT_MEMO_H

#include "present/steady.h"

#define MEMO_SPANS   48
#define MEMO_STRINGS 2
#define MEMO_KEPT    4

struct memo;

/* Returns NULL when memory is short. It looks at no bytes yet. */
struct memo *memo_new(void);
void memo_free(struct memo *m);

/* The text will hang on this too. All have to be added before the first text is kept. Returns
 * false where no more can be taken in. */
bool memo_add(struct memo *m, const struct steady *steady);

/* Puts the text of a socket which has the same bytes; returns false where none is kept. */
bool memo_put(struct memo *m, struct outbuf *b, const struct socket *sk);

/* Where to write what memo_put() did not have, in place of the oldest text. It is empty. */
struct outbuf *memo_start(struct memo *m);

/* Keeps what was written there as the text of this socket, and puts it. */
void memo_keep(struct memo *m, struct outbuf *b, const struct socket *sk);

#endif
