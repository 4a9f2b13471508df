/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/bytecode_run.h"

#include <errno.h>
#include <string.h>
#include <linux/inet_diag.h>

#define OP_SIZE ((int)sizeof(struct inet_diag_bc_op))

static struct inet_diag_bc_op op_at(const char *code)
{
	struct inet_diag_bc_op op;

	memcpy(&op, code, sizeof(op));
	return op;
}

/* The bytes of the pattern behind a host operation, or -1 for a family that the kernel refuses. */
static int address_bytes(uint8_t family)
{
	if (family == AF_UNSPEC)
		return 0;
	if (family == AF_INET)
		return 4;
	return family == AF_INET6 ? 16 : -1;
}

/* The least that the operation takes, or -1. */
static int least_size(const char *code, int len)
{
	struct inet_diag_hostcond cond;
	int bytes;

	switch (op_at(code).code) {
	case INET_DIAG_BC_NOP:
	case INET_DIAG_BC_JMP:
	case INET_DIAG_BC_AUTO:
		return OP_SIZE;
	case INET_DIAG_BC_S_GE:
	case INET_DIAG_BC_S_LE:
	case INET_DIAG_BC_D_GE:
	case INET_DIAG_BC_D_LE:
	case INET_DIAG_BC_S_EQ:
	case INET_DIAG_BC_D_EQ:
	case INET_DIAG_BC_DEV_COND:
		return 2 * OP_SIZE;
	case INET_DIAG_BC_S_COND:
	case INET_DIAG_BC_D_COND:
		if (len < OP_SIZE + (int)sizeof(cond))
			return -1;
		memcpy(&cond, code + OP_SIZE, sizeof(cond));
		bytes = address_bytes(cond.family);
		if (bytes < 0 || cond.prefix_len > 8 * bytes)
			return -1;
		return OP_SIZE + (int)sizeof(cond) + bytes;
	default:
		return -1;
	}
}

/* Does walking the code by `yes` steps come to the place `cc` bytes before the end? A jump into
 * the middle of an operation is refused. */
static bool is_boundary(const char *code, int len, int cc)
{
	while (len >= 0) {
		if (cc > len)
			return false;
		if (cc == len)
			return true;
		if (op_at(code).yes < OP_SIZE)
			return false;
		len -= op_at(code).yes;
		code += op_at(code).yes;
	}
	return false;
}

int bytecode_audit(const void *start, size_t size)
{
	const char *code = start;
	int whole = (int)size, len = whole;

	while (len > 0) {
		struct inet_diag_bc_op op;
		int least;

		if (len < OP_SIZE)
			return -EINVAL;
		op = op_at(code);
		least = least_size(code, len);
		if (least < 0 || len < least)
			return -EINVAL;
		if (op.code != INET_DIAG_BC_NOP) {
			if (op.no < (op.code == INET_DIAG_BC_JMP ? OP_SIZE : least) ||
			    op.no > len + OP_SIZE || op.no & 3)
				return -EINVAL;
			if (op.no < len && !is_boundary(start, whole, len - op.no))
				return -EINVAL;
		}
		if (op.yes < least || op.yes > len + OP_SIZE || op.yes & 3)
			return -EINVAL;
		code += op.yes;
		len -= op.yes;
	}
	return len == 0 ? 0 : -EINVAL;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, int bits)
{
	for (int i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

static bool host_holds(const char *code, const struct socket *sk, const struct endpoint *end)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *address = (const uint8_t *)&end->addr;
	struct inet_diag_hostcond cond;
	uint8_t wanted[16] = { 0 };

	memcpy(&cond, code + OP_SIZE, sizeof(cond));
	memcpy(wanted, code + OP_SIZE + sizeof(cond), (size_t)address_bytes(cond.family));
	if (cond.port != -1 && cond.port != end->port)
		return false;
	if (cond.family != AF_UNSPEC && cond.family != sk->family)
		return sk->family == AF_INET6 && cond.family == AF_INET &&
		       memcmp(address, mapped, sizeof(mapped)) == 0 &&
		       same_bits(address + 12, wanted, cond.prefix_len);
	return same_bits(address, wanted, cond.prefix_len);
}

static bool op_holds(const char *code, const struct socket *sk, bool autobound)
{
	uint16_t port = op_at(code + OP_SIZE).no;
	uint32_t index;

	switch (op_at(code).code) {
	case INET_DIAG_BC_S_GE:
		return sk->local.port >= port;
	case INET_DIAG_BC_S_LE:
		return sk->local.port <= port;
	case INET_DIAG_BC_S_EQ:
		return sk->local.port == port;
	case INET_DIAG_BC_D_GE:
		return sk->peer.port >= port;
	case INET_DIAG_BC_D_LE:
		return sk->peer.port <= port;
	case INET_DIAG_BC_D_EQ:
		return sk->peer.port == port;
	case INET_DIAG_BC_S_COND:
		return host_holds(code, sk, &sk->local);
	case INET_DIAG_BC_D_COND:
		return host_holds(code, sk, &sk->peer);
	case INET_DIAG_BC_DEV_COND:
		memcpy(&index, code + OP_SIZE, sizeof(index));
		return sk->ifindex == index;
	case INET_DIAG_BC_AUTO:
		return autobound;
	default:
		return op_at(code).code == INET_DIAG_BC_NOP;
	}
}

/* The code is true when it ends exactly at its end, false when it is left by a jump beyond. */
bool bytecode_run(const void *start, size_t size, const struct socket *sk, bool autobound)
{
	const char *code = start;
	int len = (int)size;

	while (len > 0) {
		struct inet_diag_bc_op op = op_at(code);
		/* The last operation's operand may be missing: JMP and AUTO have none. */
		bool jumps =
			op.code == INET_DIAG_BC_JMP ||
			(op.code == INET_DIAG_BC_AUTO
				 ? !autobound
				 : op.code != INET_DIAG_BC_NOP && !op_holds(code, sk, autobound));
		int step = jumps ? op.no : op.yes;

		len -= step;
		code += step;
	}
	return len == 0;
}
