/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inputs as files, for code that opens what it reads: a file in memory, and a tree of them in the
 * place of /proc.
 */
#ifndef LINGERSTAT_TESTS_FUZZ_FILES_H
#define LINGERSTAT_TESTS_FUZZ_FILES_H

#include <stddef.h>

/* Puts the bytes into a file of memory that has no name; the path by which it can be opened is
 * valid until the next call with the same `slot` (below FILE_SLOTS). The paths of two slots differ
 * by a `6` at the end: slot 1 is to slot 0 what a table of IPv6 is to one of IPv4. */
#define FILE_SLOTS 2
const char *file_of(unsigned int slot, const void *data, size_t size);

/* A folder of its own in memory or in TMPDIR, made at the first call and gone with the process. */
const char *tree_root(void);

/* Writes a file below the root, with the folders that lead to it. */
void tree_put(const char *path, const void *data, size_t size);

/* Makes a symbolic link there, and the folders that lead to it. */
void tree_link(const char *path, const char *target);

/* Removes what is there, with all that is below; "." empties the tree. */
void tree_remove(const char *path);

#endif
