/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "witness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TH_FIN 0x01
#define TH_RST 0x04

static const char *const abort_names[ABORTS + 1] = {
	[ON_CLOSE] = "TCPAbortOnClose",
	[ON_DATA] = "TCPAbortOnData",
	[ON_LINGER] = "TCPAbortOnLinger",
	[ON_TIMEOUT] = "TCPAbortOnTimeout",
	[ON_MEMORY] = "TCPAbortOnMemory",
	[ABORT_FAILED] = "TCPAbortFailed",
	[ABORTS] = "-",
};

const char *abort_name(int counter)
{
	return counter < 0 ? "several" : abort_names[counter];
}

/* Takes the values whose names are ours from a pair of lines, names over values. */
static void take_counters(struct aborts *aborts, char *names, char *values)
{
	char *name_rest, *value_rest;
	char *name = strtok_r(names, " \n", &name_rest);
	char *value = strtok_r(values, " \n", &value_rest);

	while (name && value) {
		for (int i = 0; i < ABORTS; i++)
			if (strcmp(name, abort_names[i]) == 0)
				aborts->count[i] = atoll(value);
		name = strtok_r(NULL, " \n", &name_rest);
		value = strtok_r(NULL, " \n", &value_rest);
	}
}

int aborts_read(struct aborts *aborts)
{
	FILE *file = fopen("/proc/net/netstat", "re");
	char names[8192];
	char values[8192];
	int found = 0;

	if (!file)
		return -errno;
	while (fgets(names, sizeof(names), file) && fgets(values, sizeof(values), file)) {
		if (strncmp(names, "TcpExt:", 7) != 0)
			continue;
		take_counters(aborts, names, values);
		found = 1;
	}
	fclose(file);
	return found ? 0 : -ENOENT;
}

int aborts_moved(const struct aborts *before, const struct aborts *after)
{
	int moved = ABORTS;

	for (int i = 0; i < ABORTS; i++) {
		if (after->count[i] == before->count[i])
			continue;
		if (moved != ABORTS || after->count[i] != before->count[i] + 1)
			return -1;
		moved = i;
	}
	return moved;
}

/* ---- segments ---- */

int sniffer_open(struct sniffer *sniffer)
{
	/* A packet socket of type SOCK_DGRAM sees packets from their network header on. */
	struct sock_filter fin_or_rst[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 5, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9), /* IPv4: the protocol */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 7),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13), /* the TCP flags */
		BPF_JUMP(BPF_JMP | BPF_JA, 3, 0, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6), /* IPv6: the next header */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40 + 13),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_FIN | TH_RST, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 128),
	};
	struct sock_fprog program = { .len = sizeof(fin_or_rst) / sizeof(fin_or_rst[0]),
				      .filter = fin_or_rst };

	sniffer->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sniffer->fd < 0)
		return -errno;
	if (setsockopt(sniffer->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	if (bind(sniffer->fd, (struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	return 0;
}

static void take_segment(struct sniffer *sniffer, const uint8_t *packet, ssize_t length)
{
	size_t header = packet[0] >> 4 == 6 ? 40 : 4u * (packet[0] & 0x0f);
	const uint8_t *tcp = packet + header;
	uint16_t from, to;

	if (length < (ssize_t)header + 20)
		return;
	memcpy(&from, tcp, 2);
	memcpy(&to, tcp + 2, 2);
	if (ntohs(to) == sniffer->from && ntohs(from) == sniffer->to)
		sniffer->answered += !!(tcp[13] & TH_FIN);
	if (ntohs(from) != sniffer->from || (sniffer->to && ntohs(to) != sniffer->to))
		return;
	sniffer->fins += !!(tcp[13] & TH_FIN);
	sniffer->resets += !!(tcp[13] & TH_RST);
}

void sniffer_look(struct sniffer *sniffer)
{
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	uint8_t packet[128];
	ssize_t got;

	while ((got = recvfrom(sniffer->fd, packet, sizeof(packet), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &size)) > 0) {
		/* The loopback shows each packet twice, going out and coming in. */
		if (from.sll_pkttype == PACKET_OUTGOING)
			take_segment(sniffer, packet, got);
		size = sizeof(from);
	}
}

/* ---- the kernel's list ---- */

struct listed {
	unsigned int local, peer, state;
	unsigned long inode;
};

/* Finds the row with these ports: 1, 0 when it is not there, or a negative errno. */
static int find_listed(int family, uint16_t local, uint16_t peer, struct listed *found)
{
	FILE *file = fopen(family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp", "re");
	struct listed row;
	char line[512];
	int is_there = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*d: %*[0-9A-F]:%X %*[0-9A-F]:%X %X %*s %*s %*s %*s %*s %lu",
			   &row.local, &row.peer, &row.state, &row.inode) != 4)
			continue;
		if (row.local != local || row.peer != peer)
			continue;
		*found = row;
		is_there = 1;
	}
	fclose(file);
	return is_there;
}

int listed_state(int family, uint16_t local, uint16_t peer)
{
	struct listed row;
	int found = find_listed(family, local, peer, &row);

	return found > 0 ? (int)row.state : found;
}

bool listed_as_held(int family, uint16_t local, uint16_t peer)
{
	struct listed row;

	return find_listed(family, local, peer, &row) > 0 && row.inode != 0;
}

int slow_link(void)
{
	static const char *const argv[] = {
		"tc",   "qdisc", "add",   "dev", "lo",    "root", "tbf",
		"rate", "1mbit", "burst", "4kb", "limit", "4mb",  NULL
	};
	char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int status;
	pid_t pid;

	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	if (posix_spawnp(&pid, "tc", NULL, NULL, (char *const *)argv, environment))
		return -ENOENT;
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return status == 0 ? 0 : WEXITSTATUS(status) == 127 ? -ENOENT : -EIO;
}
