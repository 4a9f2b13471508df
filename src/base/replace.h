/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replace: a file that is replaced as a whole or not at all. What is written goes into a new file
 * in the same folder, which takes the name at the end by rename(2); a reader sees the old content
 * or the new, and a run that fails leaves the old.
 */
#ifndef LINGERSTAT_BASE_REPLACE_H
#define LINGERSTAT_BASE_REPLACE_H

#include <limits.h>
#include <sys/types.h>

#define REPLACE_SUFFIX ".XXXXXX.tmp"

struct replacement {
	int dir; /* of the file; -1: nothing is open */
	int fd;  /* to be written to */
	char name[NAME_MAX + 1];
	char temp[NAME_MAX + 1]; /* begins with a point and ends with .tmp */
};

/* Splits a path into its folder, which is opened (O_PATH), and its last name, which is copied.
 * Returns the descriptor, or a negative errno: -EINVAL where the path ends with no name. */
int replace_folder(const char *path, char name[NAME_MAX + 1]);

/* Makes the new file, with that mode whatever the umask. Nothing that already has the name is
 * followed or written to. Returns 0 or a negative errno. */
int replace_open(struct replacement *r, const char *path, mode_t mode);

/* Ends the writing and gives the new file its name. Returns 0 or a negative errno; the old file is
 * untouched then, and the new one gone. */
int replace_commit(struct replacement *r);

/* Removes the new file. Does nothing when none is open. */
void replace_abandon(struct replacement *r);

#endif
