/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pass: one pass over every descriptor of every process with the tool's own BPF program, and
 * nothing else: the records are read and forgotten. How many bytes came is printed. With a bare
 * dump it is the floor of a listing that knows owners and linger.
 *
 * Exit status: 0; 77 where it cannot be had (built without BPF, no capability); 1 otherwise.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CANNOT 77

#ifdef WITH_BPF

#include <sys/syscall.h>
#include <linux/bpf.h>

#ifdef WORDS_BIGENDIAN
#include "bpf/owners.lskel.eb.h"
#else
#include "bpf/owners.lskel.el.h"
#endif

#define BUFFER 65536 /* the kernel fills at most half of it with one read */

static int read_all(int fd)
{
	static char records[BUFFER];
	unsigned long long bytes = 0;
	ssize_t got;

	do {
		got = read(fd, records, sizeof(records));
		bytes += got > 0 ? (unsigned long long)got : 0;
	} while (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN)));
	printf("%llu\n", bytes);
	return got < 0;
}

static int open_iterator(const struct owners_bpf *skel)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (__u32)skel->links.dump_owners_fd;
	return (int)syscall(SYS_bpf, BPF_ITER_CREATE, &attr, sizeof(attr));
}

int main(void)
{
	struct owners_bpf *skel = owners_bpf__open();
	int fd, failed;

	if (!skel || owners_bpf__load(skel) < 0 || owners_bpf__attach(skel) < 0) {
		fprintf(stderr, "pass: the BPF program cannot be loaded\n");
		return CANNOT;
	}
	fd = open_iterator(skel);
	failed = fd < 0 || read_all(fd);
	if (failed)
		perror("pass");
	owners_bpf__destroy(skel);
	return failed;
}

#else

int main(void)
{
	fprintf(stderr, "pass: built without BPF\n");
	return CANNOT;
}

#endif
