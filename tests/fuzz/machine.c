/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel counts and its limits: pieces of the input as the files of /proc. Each value is
 * a number or unknown; what is read twice is the same; two of the readings are done a second time,
 * in a simple way.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enrich/machine.h"
#include "fuzz/bytes.h"
#include "fuzz/files.h"
#include "fuzz/fuzz.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define PIECE_MAX 2048
#define ALL_PARTS (MACHINE_SOCKSTAT | MACHINE_LIMITS | MACHINE_PORTS | MACHINE_NETSTAT)
#define PID       77
#define PROCESS   "77/"
#define FD_MAX    3

static const char *const files[] = {
	"net/sockstat",
	"net/netstat",
	"sys/net/ipv4/ip_local_reserved_ports",
	"sys/net/ipv4/ip_local_port_range",
	"sys/net/ipv4/tcp_mem",
	"sys/net/ipv4/tcp_max_orphans",
	"net/sockstat6",
	PROCESS "limits",
	PROCESS "comm",
	"net/sctp/snmp",
};

/* A line of a file: its text, which ends with a NUL. */
struct piece {
	const char *text;
	size_t length;
};

static void put_files(struct bytes *in, char *copies[COUNT(files)])
{
	for (size_t i = 0; i < COUNT(files); i++) {
		size_t length;
		const uint8_t *piece = take_piece(in, PIECE_MAX, &length);

		copies[i] = calloc(1, length + 1);
		MUST(copies[i] != NULL);
		memcpy(copies[i], piece, length);
		tree_put(files[i], piece, length);
	}
}

/* What `cat` and a pocket calculator make of a file's first number. */
static int64_t first_number(const char *text)
{
	unsigned long long number = 0;

	text += strspn(text, " \t");
	if (!isdigit((unsigned char)*text))
		return UNKNOWN;
	for (; isdigit((unsigned char)*text); text++) {
		if (number > (UINT64_MAX - 9) / 10)
			return UNKNOWN;
		number = number * 10 + (unsigned long long)(*text - '0');
	}
	return number > INT64_MAX ? UNKNOWN : (int64_t)number;
}

static void check_machine(const struct machine *m)
{
	const int64_t values[] = { m->tcp_in_use,
				   m->tcp_allocated,
				   m->orphans,
				   m->time_wait_buckets,
				   m->tcp_memory_bytes,
				   m->tcp6_in_use,
				   m->time_wait_buckets_max,
				   m->orphans_max,
				   m->tcp_memory_pressure_bytes,
				   m->tcp_memory_max_bytes,
				   m->backlog_max };

	for (size_t i = 0; i < COUNT(values); i++)
		CHECK(values[i] >= UNKNOWN);
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		CHECK(m->counters[i] >= UNKNOWN);
	CHECK(!m->ports.known || m->ports.low <= m->ports.high);
	CHECK(m->backlog_max == UNKNOWN); /* there is no such file */
}

static void read_machine(struct machine *m)
{
	memset(m, 0x5a, sizeof(*m));
	machine_init(m);
	machine_read(m, tree_root(), ALL_PARTS);
}

/* As many descriptors as links, once the name is the process's. */
static void check_process(struct bytes *in, const char *comm)
{
	uint32_t fds = take_below(in, FD_MAX + 1);
	int64_t used, max;
	char path[32], name[64];
	size_t length = strcspn(comm, "\n");

	tree_remove(PROCESS "fd");
	for (uint32_t i = 0; i < fds; i++) {
		snprintf(path, sizeof(path), PROCESS "fd/%u", i);
		tree_link(path, "socket:[1]");
	}
	snprintf(name, sizeof(name), "%.*s", (int)length, comm);
	machine_descriptors(tree_root(), PID, name, &used, &max);
	CHECK(used == UNKNOWN || used == (int64_t)fds);
	CHECK(max >= UNKNOWN);
	machine_descriptors(tree_root(), PID, "another name than the file's", &used, &max);
	CHECK(used == UNKNOWN && max == UNKNOWN);
}

void fuzz_machine(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	char *copies[COUNT(files)];
	struct machine one, again;

	put_files(&in, copies);
	read_machine(&one);
	read_machine(&again);
	check_machine(&one);
	CHECK(one.orphans == again.orphans && one.tcp_memory_bytes == again.tcp_memory_bytes);
	CHECK(memcmp(one.counters, again.counters, sizeof(one.counters)) == 0);
	/* A line longer than the tool's is another matter, and so is one behind a NUL. */
	if (strcspn(copies[5], "\n") < 250)
		CHECK(one.orphans_max == first_number(copies[5]));
	check_process(&in, copies[8]);
	for (size_t i = 0; i < COUNT(files); i++)
		free(copies[i]);
}
