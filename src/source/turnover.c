/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/turnover.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FILE_SIZE     16384 /* netstat has some 4,000 bytes, and grows by a line a year */
#define PATH_SIZE     4096

/* The whole of a file, ended by a NUL. Returns false when it cannot be read, or is longer. */
static bool read_file(const char *root, const char *name, char *text)
{
	char path[PATH_SIZE];
	ssize_t got = -1;
	size_t len = 0;
	bool own;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", root, name) >= sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	own = procfs_is_own(root, name, fd);
	while (own && len < FILE_SIZE - 1 && (got = read(fd, text + len, FILE_SIZE - 1 - len)) > 0)
		len += (size_t)got;
	close(fd);
	text[len] = '\0';
	return got == 0;
}

/* One number, and where it goes: several add up. */
struct number {
	const char *name;
	size_t to; /* offset in struct turnover */
};

#define TO(field) offsetof(struct turnover, field)

static bool add_number(struct turnover *t, const struct number *numbers, size_t n, const char *name,
		       size_t len, const char *value)
{
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		if (strncmp(numbers[i].name, name, len) != 0 || numbers[i].name[len])
			continue;
		*(int64_t *)((char *)t + numbers[i].to) += strtoll(value, NULL, 10);
		found = true;
	}
	return found;
}

/* The line that begins with a label, or NULL. */
static const char *find_line(const char *text, const char *label)
{
	size_t len = strlen(label);

	while (text && strncmp(text, label, len) != 0) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return text;
}

/* Two lines with one label: names, and the numbers below them. Counts those that were found. */
static size_t add_columns(struct turnover *t, const char *text, const char *label,
			  const struct number *numbers, size_t n)
{
	const char *names = find_line(text, label);
	const char *values = names ? strchr(names, '\n') : NULL;
	size_t found = 0;

	values = values ? find_line(values + 1, label) : NULL;
	while (values) {
		size_t len;

		names += strcspn(names, " \n");
		values += strcspn(values, " \n");
		if (*names != ' ' || *values != ' ')
			break;
		len = strcspn(++names, " \n");
		found += add_number(t, numbers, n, names, len, ++values);
	}
	return found;
}

/* One line with names and numbers in turns. */
static size_t add_pairs(struct turnover *t, const char *text, const char *label,
			const struct number *numbers, size_t n)
{
	const char *at = find_line(text, label);
	size_t found = 0;

	if (!at)
		return 0;
	at += strcspn(at, " \n");
	while (*at == ' ') {
		const char *name = ++at;
		size_t len = strcspn(name, " \n");

		at += len;
		if (*at == ' ')
			found += add_number(t, numbers, n, name, len, ++at);
		at += strcspn(at, " \n");
	}
	return found;
}

/* A kernel without IPv6 has no second file. */
static bool read_sockets(struct turnover *t, const char *root, char *text)
{
	static const struct number sockstat[] = {
		{ "inuse", TO(in_use) },
		{ "tw", TO(minisockets) },
	};

	if (!read_file(root, "net/sockstat", text) ||
	    add_pairs(t, text, "TCP:", sockstat, ARRAY_SIZE(sockstat)) != 2)
		return false;
	if (read_file(root, "net/sockstat6", text))
		add_pairs(t, text, "TCP6:", sockstat, ARRAY_SIZE(sockstat));
	return true;
}

void turnover_read(struct turnover *t, const char *root)
{
	static const struct number snmp[] = {
		{ "ActiveOpens", TO(opened) },
		{ "PassiveOpens", TO(opened) },
		{ "PassiveOpens", TO(passive) },
	};
	static const struct number netstat[] = {
		{ "TW", TO(time_wait) },           { "TWRecycled", TO(time_wait) },
		{ "TWKilled", TO(time_wait) },     { "TCPSynRetrans", TO(requests) },
		{ "EmbryonicRsts", TO(requests) },
	};
	char text[FILE_SIZE];

	*t = (struct turnover){ 0 };
	t->known = read_file(root, "net/snmp", text) &&
		   add_columns(t, text, "Tcp:", snmp, ARRAY_SIZE(snmp)) == 2 &&
		   read_file(root, "net/netstat", text) &&
		   add_columns(t, text, "TcpExt:", netstat, ARRAY_SIZE(netstat)) >= 4 &&
		   read_sockets(t, root, text);
}

int64_t turnover_sockets(const char *root)
{
	struct turnover now = { 0 };
	char text[FILE_SIZE];

	return read_sockets(&now, root, text) ? now.in_use + now.minisockets : -1;
}

/* thash_entries in net/ipv4/tcp.c: a slot for each 128 KiB of memory that is not the kernel's own,
 * 524,288 at most. Half of that leaves room for what the kernel has taken. */
static int64_t least_slots(void)
{
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE), slots = 512;

	while (slots < 524288 && slots * 2 * 131072 <= memory / 2)
		slots *= 2;
	return slots;
}

/* Below 0: the table is that of the namespace that the machine started with. Before 6.1 all have
 * that. */
bool turnover_shares_table(const char *root)
{
	char text[FILE_SIZE];

	return !read_file(root, "sys/net/ipv4/tcp_ehash_entries", text) ||
	       strtoll(text, NULL, 10) < 0;
}

int64_t turnover_slots(const char *root)
{
	char text[FILE_SIZE];
	int64_t slots = 0;

	/* Below 0: as above. */
	if (read_file(root, "sys/net/ipv4/tcp_ehash_entries", text))
		slots = llabs(strtoll(text, NULL, 10));
	return slots ? slots : least_slots();
}

int64_t turnover_left(const struct turnover *before, const struct turnover *after)
{
	int64_t sockets = after->opened - before->opened + before->in_use - after->in_use;
	int64_t others = after->passive - before->passive + after->requests - before->requests +
			 after->time_wait - before->time_wait;

	return (sockets > 0 ? sockets : 0) + (others > 0 ? others : 0);
}
