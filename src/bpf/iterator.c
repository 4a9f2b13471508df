/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/iterator.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef WITH_BPF

#include <linux/bpf.h>

int iterator_create(int link_fd)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (uint32_t)link_fd;
	fd = syscall(SYS_bpf, BPF_ITER_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

#endif

/* EAGAIN is the kernel's word for "a million objects and nothing written yet": the position has
 * moved on, the next read goes on from there (bpf_seq_read(), MAX_ITER_OBJECTS). */
ssize_t iterator_read(int fd, void *buffer, size_t size)
{
	ssize_t got;

	do
		got = read(fd, buffer, size);
	while (got < 0 && (errno == EINTR || errno == EAGAIN));
	return got < 0 ? -errno : got;
}
