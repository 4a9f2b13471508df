/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/machine.h"

#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PATH_SIZE     4096
#define BLANKS        " \t\n"

static const struct machine_counter_row counter_rows[MACHINE_COUNTERS] = {
	[MACHINE_ABORT_ON_CLOSE] = { "on_close", "TCPAbortOnClose", "closed with unread data" },
	[MACHINE_ABORT_ON_DATA] = { "on_data", "TCPAbortOnData",
				    "zero linger, or data after the close" },
	[MACHINE_ABORT_ON_TIMEOUT] = { "on_timeout", "TCPAbortOnTimeout",
				       "the peer no longer answered" },
	[MACHINE_ABORT_ON_MEMORY] = { "on_memory", "TCPAbortOnMemory",
				      "too many orphans, or out of memory" },
	[MACHINE_ABORT_ON_LINGER] = { "on_linger", "TCPAbortOnLinger",
				      "FIN-WAIT-2 with TCP_LINGER2 below 0" },
	[MACHINE_ABORT_FAILED] = { "failed", "TCPAbortFailed", "no memory for the reset itself" },
	[MACHINE_TW_OVERFLOW] = { "time_wait_overflow", "TCPTimeWaitOverflow",
				  "no TIME-WAIT bucket was left" },
	[MACHINE_LISTEN_OVERFLOWS] = { "listen_overflows", "ListenOverflows",
				       "an accept queue was full" },
	[MACHINE_SCTP_ABORTS] = { "sctp", "SctpAborteds",
				  "SCTP: an ABORT by either end, or no answer" },
};

const struct machine_counter_row *machine_counter_row(enum machine_counter counter)
{
	return &counter_rows[counter];
}

void machine_init(struct machine *machine)
{
	*machine = (struct machine){
		.tcp_in_use = UNKNOWN,
		.tcp_allocated = UNKNOWN,
		.orphans = UNKNOWN,
		.time_wait_buckets = UNKNOWN,
		.tcp_memory_bytes = UNKNOWN,
		.tcp6_in_use = UNKNOWN,
		.time_wait_buckets_max = UNKNOWN,
		.orphans_max = UNKNOWN,
		.tcp_memory_pressure_bytes = UNKNOWN,
		.tcp_memory_max_bytes = UNKNOWN,
		.backlog_max = UNKNOWN,
	};
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		machine->counters[i] = UNKNOWN;
}

void machine_forget_namespace(struct machine *machine)
{
	struct machine whole;

	machine_init(&whole);
	whole.orphans = machine->orphans;
	whole.orphans_max = machine->orphans_max;
	whole.tcp_memory_bytes = machine->tcp_memory_bytes;
	whole.tcp_memory_pressure_bytes = machine->tcp_memory_pressure_bytes;
	whole.tcp_memory_max_bytes = machine->tcp_memory_max_bytes;
	*machine = whole;
}

static FILE *open_below(const char *root, const char *path)
{
	char name[PATH_SIZE];
	FILE *f;

	if ((size_t)snprintf(name, sizeof(name), "%s/%s", root, path) >= sizeof(name))
		return NULL;
	f = fopen(name, "re");
	if (!f || procfs_is_own(root, path, fileno(f)))
		return f;
	fclose(f);
	return NULL;
}

/* A number of the kernel's that no int64_t holds, or less than 0, is none. */
static bool read_number(const char *text, char **end, int64_t *value)
{
	unsigned long long v;

	while (isblank((unsigned char)*text))
		text++;
	if (!isdigit((unsigned char)*text))
		return false;
	v = strtoull(text, end, 10);
	if (v > INT64_MAX)
		return false;
	*value = (int64_t)v;
	return true;
}

/* Up to `n` numbers of a file's first line; gives how many there were. */
static size_t read_numbers(const char *root, const char *path, int64_t *values, size_t n)
{
	FILE *f = open_below(root, path);
	char line[256];
	char *at = line;
	size_t i = 0;

	if (!f)
		return 0;
	if (!fgets(line, sizeof(line), f))
		*line = '\0';
	while (i < n && read_number(at, &at, &values[i]))
		i++;
	fclose(f);
	return i;
}

int64_t machine_number(const char *root, const char *path)
{
	int64_t value;

	return read_numbers(root, path, &value, 1) == 1 ? value : UNKNOWN;
}

static int64_t pages_to_bytes(int64_t pages)
{
	int64_t size = sysconf(_SC_PAGESIZE);

	return pages == UNKNOWN || pages > INT64_MAX / size ? UNKNOWN : pages * size;
}

/* --- sockstat ------------------------------------------------------------------------------ */

/* The number behind a word of the line `label ...`: pairs of words and numbers. */
static int64_t find_pair(const char *line, const char *label, const char *word)
{
	size_t length = strlen(label);
	char name[32];
	long long value;
	int used;

	if (strncmp(line, label, length) != 0)
		return UNKNOWN;
	for (line += length; sscanf(line, "%31s %lld%n", name, &value, &used) == 2; line += used)
		if (strcmp(name, word) == 0)
			return value >= 0 ? value : UNKNOWN;
	return UNKNOWN;
}

struct pair {
	const char *label, *word;
	size_t to; /* offset in struct machine */
};

static void read_pairs(struct machine *m, const char *root, const char *path,
		       const struct pair *pairs, size_t n)
{
	FILE *f = open_below(root, path);
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		for (size_t i = 0; i < n; i++) {
			int64_t value = find_pair(line, pairs[i].label, pairs[i].word);

			if (value != UNKNOWN)
				*(int64_t *)((char *)m + pairs[i].to) = value;
		}
	if (f)
		fclose(f);
}

static void read_sockstat(struct machine *m, const char *root)
{
	static const struct pair v4[] = {
		{ "TCP:", "inuse", offsetof(struct machine, tcp_in_use) },
		{ "TCP:", "orphan", offsetof(struct machine, orphans) },
		{ "TCP:", "tw", offsetof(struct machine, time_wait_buckets) },
		{ "TCP:", "alloc", offsetof(struct machine, tcp_allocated) },
		{ "TCP:", "mem", offsetof(struct machine, tcp_memory_bytes) },
	};
	static const struct pair v6[] = {
		{ "TCP6:", "inuse", offsetof(struct machine, tcp6_in_use) },
	};

	m->tcp_memory_bytes = UNKNOWN;
	read_pairs(m, root, "net/sockstat", v4, ARRAY_SIZE(v4));
	read_pairs(m, root, "net/sockstat6", v6, ARRAY_SIZE(v6));
	m->tcp_memory_bytes = pages_to_bytes(m->tcp_memory_bytes);
}

/* --- limits -------------------------------------------------------------------------------- */

static void read_limits(struct machine *m, const char *root)
{
	int64_t pages[3] = { UNKNOWN, UNKNOWN, UNKNOWN };

	m->time_wait_buckets_max = machine_number(root, "sys/net/ipv4/tcp_max_tw_buckets");
	m->orphans_max = machine_number(root, "sys/net/ipv4/tcp_max_orphans");
	m->backlog_max = machine_number(root, "sys/net/core/somaxconn");
	read_numbers(root, "sys/net/ipv4/tcp_mem", pages, 3);
	m->tcp_memory_pressure_bytes = pages_to_bytes(pages[1]);
	m->tcp_memory_max_bytes = pages_to_bytes(pages[2]);
}

static void read_orphans(struct machine *m, const char *root)
{
	static const struct pair orphan = { "TCP:", "orphan", offsetof(struct machine, orphans) };

	read_pairs(m, root, "net/sockstat", &orphan, 1);
	m->orphans_max = machine_number(root, "sys/net/ipv4/tcp_max_orphans");
}

/* --- ports --------------------------------------------------------------------------------- */

static bool is_port(int64_t v)
{
	return v >= 0 && v < PORT_COUNT;
}

/* `8080,9000-9100`: as much of it as makes sense. */
static void add_reserved(struct port_set *set, const char *text)
{
	char *end;
	int64_t low, high;

	while (read_number(text, &end, &low)) {
		high = low;
		if (*end == '-' && !read_number(end + 1, &end, &high))
			return;
		for (int64_t port = low; is_port(port) && port <= high; port++)
			port_set_add(set, (uint16_t)port);
		if (*end != ',')
			return;
		text = end + 1;
	}
}

/* The list has no bound but the number of ports. */
static bool read_reserved(struct machine *m, const char *root)
{
	FILE *f = open_below(root, "sys/net/ipv4/ip_local_reserved_ports");
	char *line = NULL;
	size_t size = 0;

	if (!f)
		return false;
	if (getline(&line, &size, f) > 0)
		add_reserved(&m->ports.reserved, line);
	free(line);
	fclose(f);
	return true;
}

static void read_ports(struct machine *m, const char *root)
{
	int64_t range[2];

	m->ports = (struct port_range){ 0 };
	if (read_numbers(root, "sys/net/ipv4/ip_local_port_range", range, 2) != 2)
		return;
	if (!is_port(range[0]) || !is_port(range[1]) || range[0] > range[1])
		return;
	m->ports.low = (uint16_t)range[0];
	m->ports.high = (uint16_t)range[1];
	m->ports.known = read_reserved(m, root);
}

/* --- counters ------------------------------------------------------------------------------ */

static enum machine_counter counter_of(const char *kernel)
{
	int i = 0;

	while (i < MACHINE_COUNTERS && strcmp(kernel, counter_rows[i].kernel) != 0)
		i++;
	return (enum machine_counter)i;
}

/* A line of names and a line of numbers, in the same order. */
static void match_counters(struct machine *m, char *names, char *values)
{
	char *name_at, *value_at;
	const char *name = strtok_r(names, BLANKS, &name_at);
	const char *value = strtok_r(values, BLANKS, &value_at);

	for (; name && value;
	     name = strtok_r(NULL, BLANKS, &name_at), value = strtok_r(NULL, BLANKS, &value_at)) {
		enum machine_counter counter = counter_of(name);
		char *end;
		int64_t number;

		if (counter < MACHINE_COUNTERS && read_number(value, &end, &number))
			m->counters[counter] = number;
	}
}

static void read_tcp_counters(struct machine *m, const char *root)
{
	FILE *f = open_below(root, "net/netstat");
	char *names = NULL, *values = NULL;
	size_t names_size = 0, values_size = 0;

	while (f && getline(&names, &names_size, f) > 0 && getline(&values, &values_size, f) > 0)
		if (strncmp(names, "TcpExt:", 7) == 0 && strncmp(values, "TcpExt:", 7) == 0)
			match_counters(m, names, values);
	free(names);
	free(values);
	if (f)
		fclose(f);
}

/* A name and a number a line (sctp_snmp_seq_show() in net/sctp/proc.c). */
static void read_sctp_counters(struct machine *m, const char *root)
{
	FILE *f = open_below(root, "net/sctp/snmp");
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		char *at = line, *name = strsep(&at, BLANKS);

		if (at)
			match_counters(m, name, at);
	}
	free(line);
	if (f)
		fclose(f);
}

static void read_counters(struct machine *m, const char *root)
{
	read_tcp_counters(m, root);
	read_sctp_counters(m, root);
}

void machine_read(struct machine *machine, const char *root, unsigned int parts)
{
	static void (*const readers[])(struct machine * m, const char *root) = {
		read_sockstat, read_limits, read_ports, read_counters, read_orphans,
	};

	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		if (parts & 1u << i)
			readers[i](machine, root);
}

/* --- a process ----------------------------------------------------------------------------- */

static bool has_name(const char *root, uint32_t pid, const char *comm)
{
	size_t length = strlen(comm);
	char path[64], name[64];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%u/comm", pid);
	f = open_below(root, path);
	if (!f)
		return false;
	n = fread(name, 1, sizeof(name), f);
	fclose(f);
	/* A name may hold a line feed; one more ends the file. */
	return n == length + 1 && memcmp(name, comm, length) == 0;
}

static int64_t count_descriptors(const char *root, uint32_t pid)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	int64_t n = 0;
	DIR *dir;

	if ((size_t)snprintf(path, sizeof(path), "%s/%u/fd", root, pid) >= sizeof(path))
		return UNKNOWN;
	dir = opendir(path);
	if (!dir)
		return UNKNOWN;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static int64_t read_nofile(const char *root, uint32_t pid)
{
	static const char label[] = "Max open files";
	char path[64], line[256];
	int64_t value = UNKNOWN;
	char *end;
	FILE *f;

	snprintf(path, sizeof(path), "%u/limits", pid);
	f = open_below(root, path);
	if (!f)
		return UNKNOWN;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, label, sizeof(label) - 1) == 0 &&
		    !read_number(line + sizeof(label) - 1, &end, &value))
			value = UNKNOWN;
	fclose(f);
	return value;
}

void machine_descriptors(const char *root, uint32_t pid, const char *comm, int64_t *used,
			 int64_t *max)
{
	*used = *max = UNKNOWN;
	if (!root)
		return;
	*used = count_descriptors(root, pid);
	*max = read_nofile(root, pid);
	if (!has_name(root, pid, comm))
		*used = *max = UNKNOWN;
}
