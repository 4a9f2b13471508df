/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The column table: everything that can be shown of a socket, once. A row gives the column's
 * name, its header, what it means, what must be known for it, its cell in the table and its
 * value in JSON. The table, JSON, `--columns help` and the man page all come from it.
 */
#ifndef LINGERSTAT_PRESENT_COLUMN_H
#define LINGERSTAT_PRESENT_COLUMN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outbuf.h"
#include "model/socket.h"
#include "present/address.h"
#include "present/style.h"

/* What cells depend on besides the socket. */
struct cell_context {
	struct names *names;
	bool all_holders; /* -p: every holder with its descriptors */
	bool threads;     /* -T: a thread with a descriptor table of its own by its number too */
	bool exact; /* for a program: details with the keys and numbers of JSON, and all of them */
};

/* Where a column's cells stand. */
enum place {
	PLACE_LEFT,    /* in the row, aligned to the left; false in the table's older rows */
	PLACE_RIGHT,   /* aligned to the right; true */
	PLACE_BENEATH, /* details: under the row, or behind it */
};

struct column {
	const char *name; /* first: nearest_word() walks the table */
	const char *header;
	const char *json; /* path in a JSON socket; at most one dot */
	const char *help; /* one line */
	unsigned int needs;
	enum place place;
	/* 0: never cut. On a terminal that is too narrow the others are; what stands from the last
	 * such character on (a port, a pid) is kept, or nothing where it is '$'. */
	char cut;
	void (*cell)(struct outbuf *b, const struct socket *sk, const struct cell_context *cx);
	void (*value)(struct outbuf *b, const struct socket *sk); /* JSON value */
	enum ink (*ink)(const struct socket *sk);                 /* NULL: plain */
	/* What --sort compares, byte by byte; nothing where it is unknown. NULL: the cell, as a
	 * number in a column aligned to the right. */
	void (*order)(struct outbuf *b, const struct socket *sk, const struct cell_context *cx);
};

#define COLUMNS_MAX     96
#define COLUMNS_EVENTS  "time,netid,recv-q,send-q,loss-min,loss-max,local,peer"
#define COLUMNS_DEFAULT "netid,state,recv-q,send-q,linger,risk,local,peer,process"

/* The whole table, in the order of the JSON keys. */
const struct column *column_table(size_t *count);

/* The column of a name or header, in any case and with or without hyphens, or of a JSON path; or
 * NULL. */
const struct column *column_find(const char *name);

/* A choice of columns, in order. */
struct column_list {
	const struct column *items[COLUMNS_MAX];
	size_t count;
};

/* Adds the comma-separated names in `text` to the list; one that is there already stays where it
 * is. Returns 0; -EINVAL for an unknown or empty name, which is then in *bad (at most size bytes,
 * cut). */
int column_list_parse(struct column_list *list, const char *text, char *bad, size_t size);

/* Takes a column out of the list, where it is there. */
void column_list_remove(struct column_list *list, const struct column *column);

/* Every column but those that have to be named (NEED_NAMING): what JSON shows when none are. */
void column_list_all(struct column_list *list);

/* The union of what the columns need. */
unsigned int column_list_needs(const struct column_list *list);

#endif
