/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's answers, written beforehand: the linker puts these functions in the place of
 * libmnl's socket calls (--wrap=mnl_socket_...), and each receive gives the next answer.
 */
#ifndef LINGERSTAT_TESTS_FUZZ_ANSWERS_H
#define LINGERSTAT_TESTS_FUZZ_ANSWERS_H

#include <stddef.h>
#include <stdint.h>

#define ANSWERS_MAX    16
#define ANSWERS_PORTID 4242 /* the address of the tool's socket */

/* Forgets all answers, and starts at sequence number 1. */
void answers_reset(void);

/* A datagram; what is given is copied when it is received. */
void answers_add(const void *data, size_t size);

/* A receive that fails. */
void answers_add_error(int error);

/* How many were received. Behind the last answer a receive gives 0 bytes. */
size_t answers_given(void);

#endif
