/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live harness: a network namespace of the test's own, runs of the tool in it, and the tool's
 * JSON taken apart. The tool is named by the environment variable LINGERSTAT.
 */
#ifndef LINGERSTAT_TESTS_HARNESS_H
#define LINGERSTAT_TESTS_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <jansson.h>

struct truth;

/* What one run of the tool gave. `rows` holds the socket objects in their order. */
struct listing {
	int status;     /* exit status, or 128 and the signal's number */
	int64_t ms;     /* how long the run took */
	char *errors;   /* all of stderr */
	int bad_lines;  /* lines of stdout that are no JSON object of a known type */
	json_t *header; /* NULL when there was none; so too the summary */
	json_t *rows;
	json_t *summary;
};

/* Who runs the tool. `uid` 0 changes nothing; for another user every capability goes but those
 * in `ambient`, a set of 1 << CAP_*. */
struct run_as {
	uid_t uid;
	uint64_t ambient;
};

/* Gives the process a network namespace of its own with loopback up. Returns 0 or a negative
 * errno with *why set to the step that failed. */
int namespace_enter(const char **why);

/*
 * For main() of a test program: enters a namespace and makes cmocka print TAP. Where a namespace
 * is not permitted it prints `1..0 # SKIP` with the reason and ends the program, status 0; where
 * LINGERSTAT is not set it bails out, status 99. LINGERSTAT_CASES chooses cases by a pattern of
 * their names (* and ?); all are run where it is not set.
 */
void harness_enter(void);

/* Runs `lingerstat list --format=ndjson ARG...` (the list ends with NULL). Gives 0, or a
 * negative errno when the tool could not be run or took over 90 s; the tool's own failure is in
 * listing->status. Free with listing_free() in both cases. */
int harness_list(struct listing *listing, const char *arg, ...) __attribute__((sentinel));

/* The same as another user, arguments as an array that ends with NULL. */
int harness_list_as(struct listing *listing, const struct run_as *as, const char *const args[]);

void listing_free(struct listing *listing);

/* True if the header says that linger was read by BPF. Where not (built without, no capability,
 * an old kernel) *why gets the header's own reason. */
bool linger_by_bpf(const struct listing *listing, const char **why);

/* The row with these ports and family, or NULL. Peer port 0 finds listeners. */
json_t *row_by_ports(const struct listing *listing, int family, uint16_t local, uint16_t peer);
json_t *row_by_inode(const struct listing *listing, uint32_t inode);

/* How many rows have these ports and family. */
int rows_with_ports(const struct listing *listing, int family, uint16_t local, uint16_t peer);

/* A value by path, such as "close.outcome"; NULL when a key is missing on the way. */
json_t *row_get(const json_t *row, const char *path);

/* True if the value at `path` is there and is that number, that text, or null. */
bool row_is_int(const json_t *row, const char *path, int64_t value);
bool row_is_text(const json_t *row, const char *path, const char *value);
bool row_is_null(const json_t *row, const char *path);

/* True if the array at `path` has this text. */
bool row_has_word(const json_t *row, const char *path, const char *word);

/* True if `holders` has this process and descriptor. */
bool row_has_holder(const json_t *row, pid_t pid, int fd);

/* True if `linger` says what getsockopt(SO_LINGER) says: off; on with these seconds; or, where
 * l_linger is negative (asked for with -1, the kernel answers a number that depends on its HZ),
 * on and forever. */
bool row_is_linger(const json_t *row, const struct linger *value);

/* True if `linger` is the object of a socket that has none to apply: all null, source "none". */
bool row_has_no_linger(const json_t *row);

/* Prints the row as a TAP diagnostic, for the reader of a failed test. */
void row_print(const json_t *row);

/* Fails the cmocka test, with the row in sight. */
#define check_row(row, condition)                           \
	do {                                                \
		if (!(condition)) {                         \
			row_print(row);                     \
			fail_msg("not so: %s", #condition); \
		}                                           \
	} while (0)

#endif
