/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side of INET_DIAG_REQ_BYTECODE for tests: what it refuses (inet_diag_bc_audit()) and
 * what it answers (inet_diag_bc_run(), both in net/ipv4/inet_diag.c), for the operations that ss
 * and this program use.
 */
#ifndef LINGERSTAT_TESTS_UNIT_BYTECODE_RUN_H
#define LINGERSTAT_TESTS_UNIT_BYTECODE_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "model/socket.h"

/* 0, or -EINVAL where the kernel would refuse the code. */
int bytecode_audit(const void *start, size_t size);

/* Does the kernel let the socket through? `autobound`: its port was not given by bind(). Only for
 * code that passed the audit. */
bool bytecode_run(const void *code, size_t len, const struct socket *sk, bool autobound);

#endif
