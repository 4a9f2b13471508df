/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets made of an input's bytes: of every kind, in every state, with names that hold whatever a
 * process, an administrator or a kernel of the future may put there. What no decoder and no later
 * room can give (a state without a number, linger on without a time) is not made.
 */
#ifndef LINGERSTAT_TESTS_FUZZ_MADE_H
#define LINGERSTAT_TESTS_FUZZ_MADE_H

#include "fuzz/bytes.h"
#include "model/socket.h"

#define MADE_HOLDERS  3
#define MADE_SUBFLOWS 2
#define MADE_TEXT     128
#define MADE_MESSAGE  640

/* A socket and all that it points to. */
struct made {
	struct socket sk;
	char names[5][MADE_TEXT + 1];
	char paths[2][MADE_TEXT];
	char comms[2][MADE_HOLDERS][16];
	struct holder holders[2][MADE_HOLDERS];
	struct process_context contexts[MADE_HOLDERS];
	uint32_t waiting[2];
	struct socket subflows[MADE_SUBFLOWS];
	uint32_t message[MADE_MESSAGE / 4];
};

/* Fills *made, and judges the socket. */
void make_socket(struct made *made, struct bytes *in);

#endif
