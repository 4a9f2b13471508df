/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details: what the kernel's message says of a socket beside the record. Hardly anybody asks for
 * it, so it is not kept in struct socket: it is read out of the message that a row still carries
 * when the row is shown. A block of the message (struct tcp_info, say) is a const table with a
 * row a value; the values go to a sink one after the other, in the table's order.
 */
#ifndef LINGERSTAT_SOURCE_DETAILS_H
#define LINGERSTAT_SOURCE_DETAILS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outbuf.h"
#include "model/socket.h"

enum detail_kind {
	DETAIL_NUMBER,
	DETAIL_FLAG,    /* 0 or 1 */
	DETAIL_WORD,    /* one of our own words */
	DETAIL_TEXT,    /* bytes from the kernel: any, not ended by a NUL */
	DETAIL_DECIMAL, /* a number that may pass 2^53 */
	DETAIL_HEX,     /* a number that is a name: a cookie, a token, a mask */
	DETAIL_WORDS,   /* a list of our own words */
	DETAIL_NUMBERS, /* a list of numbers */
	DETAIL_LINES,   /* a list of our own words that have spaces in them */
};

/* What a number counts. The end of a key says it too (detail_unit_suffix()). */
enum detail_unit {
	UNIT_NONE,
	UNIT_BYTES,
	UNIT_MS,
	UNIT_US,
	UNIT_SEGMENTS,
	UNIT_RATE,    /* bytes per second */
	UNIT_256THS,  /* BBR's gains: 256 is 1 */
	UNIT_1024THS, /* DCTCP's alpha: 1024 is 1 */
	UNIT_MASK,    /* bits: people read them in hexadecimal */
	UNIT_COUNT
};

struct detail {
	const char *key; /* in JSON */
	enum detail_kind kind;
	enum detail_unit unit;
	bool always; /* people are shown it even when it is 0 */
};

struct detail_value {
	bool known;         /* false: the kernel's record ends before it, or says "no value" */
	uint64_t number;    /* of a list: how many items it has */
	const char *text;   /* of a word (NULL: number has no word) or a text */
	size_t len;         /* of a text */
	const void *source; /* of a list: what item() writes the i-th item from */
	void (*item)(struct outbuf *b, const void *source, size_t i);
};

struct detail_sink {
	void (*take)(struct detail_sink *sink, const struct detail *what,
		     const struct detail_value *value);
	/* NULL: every value is wanted. Else the one of this key: others may be passed over, and
	 * `done` is set where it was met in a block and nothing else needs to be read. */
	const char *only;
	bool done;
};

/* One value of fixed place in a block. */
struct detail_field {
	struct detail what;
	uint16_t offset;
	uint8_t size;             /* 1, 2, 4 or 8 bytes, in the host's order */
	uint8_t bit;              /* the lowest that counts, with `bits` only */
	uint8_t bits;             /* how many count; 0: the whole number */
	uint16_t least;           /* length of a record whose kernel fills it; 0: what holds it */
	bool zero_is_none;        /* 0 is the kernel's number for "no value" */
	uint64_t none;            /* the kernel's number for "no value"; 0: it has none */
	const char *const *words; /* of a DETAIL_WORD */
	size_t word_count;
};

/* How much there was to say. */
enum details_state {
	DETAILS_NONE,    /* such a socket has none of this */
	DETAILS_UNKNOWN, /* the kernel did not say, or the recording does not hold it */
	DETAILS_GIVEN,
};

typedef enum details_state (*details_reader)(const struct socket *sk, struct detail_sink *sink);

/* struct tcp_info and the congestion algorithm's own numbers; of MPTCP, struct mptcp_info. */
enum details_state details_info(const struct socket *sk, struct detail_sink *sink);
/* SK_MEMINFO_*: the buffers' memory, and the packets dropped for want of it. */
enum details_state details_memory(const struct socket *sk, struct detail_sink *sink);
/* The timer that runs, of the record. */
enum details_state details_timer(const struct socket *sk, struct detail_sink *sink);

/* Who owns the socket and how it is known, and what only its family has. */
enum details_state details_extended(const struct socket *sk, struct detail_sink *sink);
/* INET_DIAG_SOCKOPT: options of an internet socket that are on or off. */
enum details_state details_sockopt(const struct socket *sk, struct detail_sink *sink);
/* How an internet socket marks what it sends: TOS, traffic class, priority. */
enum details_state details_tos(const struct socket *sk, struct detail_sink *sink);
/* The filter attached to a packet socket. */
enum details_state details_bpf(const struct socket *sk, struct detail_sink *sink);

/* What hinders a TIPC socket's messages, its service and its group. */
enum details_state details_tipc(const struct socket *sk, struct detail_sink *sink);

/* One number of a group, by its key. Says DETAILS_GIVEN with it in *number, DETAILS_UNKNOWN, or
 * DETAILS_NONE where such a socket has no such number. */
enum details_state details_one(const struct socket *sk, details_reader read, const char *key,
			       int64_t *number);

/* Every value that a table knows, for whoever has to name them all. `group` is the column that
 * shows it. */
void details_names(void (*take)(void *ctx, const char *group, const struct detail *what),
		   void *ctx);

/* What a key of this unit ends with, such as "_us"; "" for UNIT_NONE. */
const char *detail_unit_suffix(enum detail_unit unit);

/* The rest is for the files that know a block. */

/* An attribute of the socket's message. Returns its payload with its length in *len, or NULL
 * when there is none, or the message is not well formed before it. */
const void *details_attribute(const struct socket *sk, uint16_t type, size_t *len);
/* The same among attributes that are nested in `data`. */
const void *details_nested(const void *data, size_t size, uint16_t type, size_t *len);

/* Gives each field of a block to the sink; those that end behind `len` as not known. */
void details_block(const struct detail_field *fields, size_t count, const void *data, size_t len,
		   struct detail_sink *sink);
/* A value that is an attribute of its own. */
struct detail_attribute {
	struct detail what;
	uint16_t type;
	uint8_t size; /* 0: a flag, which is there or not */
	const char *const *words;
	size_t word_count;
};

/* Gives each to the sink, out of the attributes that are nested in `data`. */
void details_attributes(const struct detail_attribute *fields, size_t count, const void *data,
			size_t size, struct detail_sink *sink);
/* Reads one such number of `bytes` bytes. Returns false when it is not there, or too short. */
bool details_nested_number(const void *data, size_t size, uint16_t type, uint8_t bytes,
			   uint64_t *number);

/* Of SCTP: the rest of details_info(), which has found struct sctp_info. */
enum details_state details_sctp(const struct socket *sk, const void *data, size_t len,
				struct detail_sink *sink);

/* Reads one field. Returns false when it is not known. */
bool details_number(const struct detail_field *field, const void *data, size_t len,
		    uint64_t *number);

/* A table for details_names(): `size` bytes a row, which begins with a struct detail. */
struct details_table {
	const char *group;
	const void *rows;
	size_t count, size;
};

#define DETAILS_TABLE(group, rows)                                               \
	{                                                                        \
		group, rows, sizeof(rows) / sizeof((rows)[0]), sizeof((rows)[0]) \
	}

extern const struct details_table details_tcp_tables[];
extern const size_t details_tcp_table_count;
extern const struct details_table details_extended_tables[];
extern const size_t details_extended_table_count;
extern const struct details_table details_filter_tables[];
extern const size_t details_filter_table_count;
extern const struct details_table details_sctp_tables[];
extern const size_t details_sctp_table_count;
extern const struct details_table details_tipc_tables[];
extern const size_t details_tipc_table_count;

#endif
