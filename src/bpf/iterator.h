/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every reader of a BPF iterator does once its skeleton is loaded and attached. Plain system
 * calls: nothing of libbpf is linked.
 */
#ifndef LINGERSTAT_BPF_ITERATOR_H
#define LINGERSTAT_BPF_ITERATOR_H

#include <stddef.h>
#include <sys/types.h>

/* An open iterator over the link, for one pass; it holds the program, so that the skeleton may go.
 * Walking it needs no capability. Returns a descriptor or a negative errno. */
int iterator_create(int link_fd);

/* One read(2) of what the program writes. Returns how many bytes came, 0 at the end, or a negative
 * errno. */
ssize_t iterator_read(int fd, void *buffer, size_t size);

#endif
