/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter that a program attached to a packet socket (SO_ATTACH_FILTER): classic BPF, written
 * in the notation of the kernel's bpf_asm (Documentation/networking/filter.rst).
 */
#include <linux/filter.h>
#include <linux/packet_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "source/details.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* How an instruction's operand is written. */
enum operand {
	NOTHING,
	ABSOLUTE,  /* [k] */
	INDEXED,   /* [x+k] */
	IMMEDIATE, /* #k */
	MEMORY,    /* M[k] */
	IP_HEADER, /* 4*([k]&0xf) */
	REGISTER_X,
	REGISTER_A,
	LENGTH,   /* #len */
	JUMP,     /* behind k instructions more */
	BRANCH_K, /* #k, then where to, true and false */
	BRANCH_X,
};

static const struct {
	uint16_t code;
	const char *name;
	enum operand operand;
} instructions[] = {
	{ BPF_LD | BPF_W | BPF_ABS, "ld", ABSOLUTE },
	{ BPF_LD | BPF_H | BPF_ABS, "ldh", ABSOLUTE },
	{ BPF_LD | BPF_B | BPF_ABS, "ldb", ABSOLUTE },
	{ BPF_LD | BPF_W | BPF_IND, "ld", INDEXED },
	{ BPF_LD | BPF_H | BPF_IND, "ldh", INDEXED },
	{ BPF_LD | BPF_B | BPF_IND, "ldb", INDEXED },
	{ BPF_LD | BPF_IMM, "ld", IMMEDIATE },
	{ BPF_LD | BPF_MEM, "ld", MEMORY },
	{ BPF_LD | BPF_W | BPF_LEN, "ld", LENGTH },
	{ BPF_LDX | BPF_IMM, "ldx", IMMEDIATE },
	{ BPF_LDX | BPF_MEM, "ldx", MEMORY },
	{ BPF_LDX | BPF_W | BPF_LEN, "ldx", LENGTH },
	{ BPF_LDX | BPF_B | BPF_MSH, "ldxb", IP_HEADER },
	{ BPF_ST, "st", MEMORY },
	{ BPF_STX, "stx", MEMORY },
	/* The kernel's names for two zeros. NOLINTNEXTLINE(misc-redundant-expression) */
	{ BPF_ALU | BPF_ADD | BPF_K, "add", IMMEDIATE },
	{ BPF_ALU | BPF_SUB | BPF_K, "sub", IMMEDIATE },
	{ BPF_ALU | BPF_MUL | BPF_K, "mul", IMMEDIATE },
	{ BPF_ALU | BPF_DIV | BPF_K, "div", IMMEDIATE },
	{ BPF_ALU | BPF_MOD | BPF_K, "mod", IMMEDIATE },
	{ BPF_ALU | BPF_AND | BPF_K, "and", IMMEDIATE },
	{ BPF_ALU | BPF_OR | BPF_K, "or", IMMEDIATE },
	{ BPF_ALU | BPF_XOR | BPF_K, "xor", IMMEDIATE },
	{ BPF_ALU | BPF_LSH | BPF_K, "lsh", IMMEDIATE },
	{ BPF_ALU | BPF_RSH | BPF_K, "rsh", IMMEDIATE },
	{ BPF_ALU | BPF_ADD | BPF_X, "add", REGISTER_X },
	{ BPF_ALU | BPF_SUB | BPF_X, "sub", REGISTER_X },
	{ BPF_ALU | BPF_MUL | BPF_X, "mul", REGISTER_X },
	{ BPF_ALU | BPF_DIV | BPF_X, "div", REGISTER_X },
	{ BPF_ALU | BPF_MOD | BPF_X, "mod", REGISTER_X },
	{ BPF_ALU | BPF_AND | BPF_X, "and", REGISTER_X },
	{ BPF_ALU | BPF_OR | BPF_X, "or", REGISTER_X },
	{ BPF_ALU | BPF_XOR | BPF_X, "xor", REGISTER_X },
	{ BPF_ALU | BPF_LSH | BPF_X, "lsh", REGISTER_X },
	{ BPF_ALU | BPF_RSH | BPF_X, "rsh", REGISTER_X },
	{ BPF_ALU | BPF_NEG, "neg", NOTHING },
	{ BPF_JMP | BPF_JA, "ja", JUMP },
	{ BPF_JMP | BPF_JEQ | BPF_K, "jeq", BRANCH_K },
	{ BPF_JMP | BPF_JGT | BPF_K, "jgt", BRANCH_K },
	{ BPF_JMP | BPF_JGE | BPF_K, "jge", BRANCH_K },
	{ BPF_JMP | BPF_JSET | BPF_K, "jset", BRANCH_K },
	{ BPF_JMP | BPF_JEQ | BPF_X, "jeq", BRANCH_X },
	{ BPF_JMP | BPF_JGT | BPF_X, "jgt", BRANCH_X },
	{ BPF_JMP | BPF_JGE | BPF_X, "jge", BRANCH_X },
	{ BPF_JMP | BPF_JSET | BPF_X, "jset", BRANCH_X },
	{ BPF_RET | BPF_K, "ret", IMMEDIATE },
	{ BPF_RET | BPF_X, "ret", REGISTER_X },
	{ BPF_RET | BPF_A, "ret", REGISTER_A },
	{ BPF_MISC | BPF_TAX, "tax", NOTHING },
	{ BPF_MISC | BPF_TXA, "txa", NOTHING },
};

/* What stands around the number k, and whether there is one. */
static const struct {
	const char *before, *after;
	enum { NO_NUMBER, DECIMAL, HEXADECIMAL } number;
} forms[] = {
	[NOTHING] = { "", "", NO_NUMBER },      [ABSOLUTE] = { " [", "]", DECIMAL },
	[INDEXED] = { " [x+", "]", DECIMAL },   [IMMEDIATE] = { " #", "", HEXADECIMAL },
	[MEMORY] = { " M[", "]", DECIMAL },     [IP_HEADER] = { " 4*([", "]&0xf)", DECIMAL },
	[REGISTER_X] = { " x", "", NO_NUMBER }, [REGISTER_A] = { " a", "", NO_NUMBER },
	[LENGTH] = { " #len", "", NO_NUMBER },  [JUMP] = { " +", "", DECIMAL },
	[BRANCH_K] = { " #", "", HEXADECIMAL }, [BRANCH_X] = { " x", "", NO_NUMBER },
};

/* An offset from the end of 32 bits on reads what is no part of the packet. */
static const struct {
	int32_t offset;
	const char *name;
} extensions[] = {
	{ SKF_AD_PROTOCOL, "proto" },      { SKF_AD_PKTTYPE, "type" },
	{ SKF_AD_IFINDEX, "ifidx" },       { SKF_AD_NLATTR, "nla" },
	{ SKF_AD_NLATTR_NEST, "nlan" },    { SKF_AD_MARK, "mark" },
	{ SKF_AD_QUEUE, "queue" },         { SKF_AD_HATYPE, "hatype" },
	{ SKF_AD_RXHASH, "rxhash" },       { SKF_AD_CPU, "cpu" },
	{ SKF_AD_VLAN_TAG, "vlan_tci" },   { SKF_AD_VLAN_TAG_PRESENT, "vlan_avail" },
	{ SKF_AD_PAY_OFFSET, "poff" },     { SKF_AD_RANDOM, "rand" },
	{ SKF_AD_VLAN_TPID, "vlan_tpid" },
};

static const char *extension(uint32_t k)
{
	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
		if (k == (uint32_t)(SKF_AD_OFF + extensions[i].offset))
			return extensions[i].name;
	return NULL;
}

static void put_operand(struct outbuf *b, const struct sock_filter *f, enum operand operand)
{
	const char *name = operand == ABSOLUTE ? extension(f->k) : NULL;

	if (name) {
		outbuf_printf(b, " #%s", name);
		return;
	}
	outbuf_str(b, forms[operand].before);
	if (forms[operand].number == DECIMAL)
		outbuf_u64(b, f->k);
	else if (forms[operand].number == HEXADECIMAL)
		outbuf_printf(b, "0x%x", f->k);
	outbuf_str(b, forms[operand].after);
	if (operand == BRANCH_K || operand == BRANCH_X)
		outbuf_printf(b, " +%u +%u", f->jt, f->jf);
}

static void put_instruction(struct outbuf *b, const void *source, size_t i)
{
	struct sock_filter f;

	memcpy(&f, (const char *)source + i * sizeof(f), sizeof(f));
	for (size_t n = 0; n < ARRAY_SIZE(instructions); n++) {
		if (instructions[n].code != f.code)
			continue;
		outbuf_str(b, instructions[n].name);
		put_operand(b, &f, instructions[n].operand);
		return;
	}
	outbuf_printf(b, "code %#x jt %u jf %u k %#x", f.code, f.jt, f.jf, f.k);
}

static const struct detail filter_details[] = {
	{ "instructions", DETAIL_NUMBER, UNIT_NONE, true },
	{ "program", DETAIL_LINES, UNIT_NONE, true },
};

/* sock_diag_put_filterinfo() in net/core/sock_diag.c: nothing where there is none, an empty
 * attribute for who lacks CAP_NET_ADMIN. */
enum details_state details_bpf(const struct socket *sk, struct detail_sink *sink)
{
	struct detail_value value = { .known = true, .item = put_instruction };
	size_t len;

	if (sk->family != AF_PACKET)
		return DETAILS_NONE;
	value.source = details_attribute(sk, PACKET_DIAG_FILTER, &len);
	if (!value.source)
		return DETAILS_NONE;
	value.number = len / sizeof(struct sock_filter);
	if (!value.number)
		return DETAILS_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(filter_details); i++)
		sink->take(sink, &filter_details[i], &value);
	return DETAILS_GIVEN;
}

const struct details_table details_filter_tables[] = { DETAILS_TABLE("bpf-filter",
								     filter_details) };

const size_t details_filter_table_count = ARRAY_SIZE(details_filter_tables);
