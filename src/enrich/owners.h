/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners: who holds each socket, through which descriptors, and the options that only a
 * descriptor shows (SO_LINGER first of all). Two backends feed one index: the BPF iterator over
 * every descriptor of every process, which disturbs nothing, and a walk of /proc, which knows
 * holders but no options. A third, pidfd_getfd, adds options to what either found; it touches
 * the sockets, so it is used only when the user asks for it.
 */
#ifndef LINGERSTAT_ENRICH_OWNERS_H
#define LINGERSTAT_ENRICH_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/socket.h"

#define OWNER_COMM_SIZE 16 /* TASK_COMM_LEN, the NUL included */

/* Options of one socket as a backend reports them. */
struct owner_options {
	bool known;        /* false: this backend cannot read options; the rest is then unset */
	bool linger_on;    /* SOCK_LINGER */
	bool linger_ticks; /* `linger` is in jiffies of the kernel; otherwise in seconds */
	uint64_t linger;   /* sk_lingertime, or l_linger when not in ticks */
	enum tri nonblock;
	enum tri reuseaddr;
	enum tri reuseport;
	enum tri one_to_many;
	enum tri repair;
	enum tri linger2_negative;
	int64_t user_timeout_ms; /* UNKNOWN where it has none */
};

/* The two ends of a TCP connection, where a backend tells them. */
struct owner_ends {
	uint32_t netns; /* inode of the namespace that the addresses are of */
	uint8_t family;
	struct endpoint local, peer;
};

/* One descriptor that is a socket. */
struct owner_record {
	uint32_t pid; /* in the caller's PID namespace */
	uint32_t fd;
	uint32_t inode; /* of the socket; the key that sock_diag shows too */
	uint32_t tid;   /* of the thread whose table has the descriptor; 0: the process's own */
	char comm[OWNER_COMM_SIZE];
	struct owner_options options;
	const struct owner_ends *ends; /* NULL: not known, or it has none; valid during the call */
};

/* Takes one record; gives 0 to go on, negative errno to stop the pass. */
typedef int (*owner_sink)(void *ctx, const struct owner_record *record);

/*
 * The BPF backend: one pass of a task_file iterator.
 * Gives the kernel's HZ in *hz (0 if it could not be learned: non-zero linger times then stay
 * unknown). Returns 0, or a negative errno with *stage set to a constant word that names what
 * failed ("built without BPF", "load", "attach", "read", ...). When it fails before the first
 * record the caller may fall back.
 * `loaded` (may be NULL) is called once the program is loaded and attached: from there on the
 * pass needs no capability.
 */
int owners_bpf_read(owner_sink sink, void *ctx, void (*loaded)(void *), void *loaded_ctx,
		    uint32_t *hz, const char **stage);

/*
 * The same, and leaves in *again (which the caller sets to -1 before) a descriptor for one more
 * pass, which then needs no capability: sockets made during a dump are newer than the first pass.
 * The caller closes it.
 */
int owners_bpf_read_first(owner_sink sink, void *ctx, void (*loaded)(void *), void *loaded_ctx,
			  uint32_t *hz, const char **stage, int *again);

/* The second pass. Returns 0 or a negative errno. */
int owners_bpf_read_again(int again, owner_sink sink, void *ctx);

/*
 * The /proc backend. `root` is where /proc is mounted. Counts in *unreadable the processes whose
 * descriptors this user may not read (another user's, without CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH); processes that exit during the walk are not counted. With WALK_TABLES it
 * looks for threads that have a descriptor table of their own as well, which costs a directory a
 * process and a system call a thread. That call takes our numbers: where those of `root` are
 * others, WALK_TABLES_UNTOLD counts every process of several threads as unreadable. Returns 0 or a
 * negative errno when /proc itself cannot be read.
 */
enum walk_threads { WALK_PROCESSES, WALK_TABLES, WALK_TABLES_UNTOLD };
int owners_proc_read(const char *root, enum walk_threads threads, owner_sink sink, void *ctx,
		     uint32_t *unreadable);

/*
 * The getfd backend: fills in the options of the given sockets by duplicating one descriptor of
 * each (pidfd_getfd) in a short-lived child, which exits without closing the duplicates: a dying
 * process neither lingers nor blocks. While a duplicate is held, a close() by the owner takes
 * effect only afterwards; that is why nothing calls this unless the user asks for it.
 * Takes the descriptors to read, gives through `answer` the options of each that could be read,
 * and in *counts how many could not be read. Returns 0 or a negative errno (-ENOSYS where the
 * kernel has no pidfd_getfd).
 */
struct getfd_counts {
	uint32_t denied; /* for lack of permission */
	uint32_t failed; /* otherwise; descriptors that were closed meanwhile are not counted */
	int error;       /* of the last that failed */
};
struct getfd_target {
	uint32_t pid;
	uint32_t fd;
	uint32_t inode; /* what the descriptor must still be when it is duplicated */
};
typedef void (*getfd_answer)(void *ctx, const struct getfd_target *target,
			     const struct owner_options *options);
int owners_getfd_read(const struct getfd_target *targets, size_t count, getfd_answer answer,
		      void *ctx, struct getfd_counts *counts);

/* --- the index ---------------------------------------------------------------------------- */

/* Where holders, or linger, came from; the words that the JSON header prints. */
enum owners_source { OWNERS_FROM_NOWHERE, OWNERS_FROM_BPF, OWNERS_FROM_PROC };

struct owners;

/* What a pass over the host's descriptors turned out to be. */
struct owners_status {
	enum owners_source holders;
	enum linger_source linger;
	bool complete;             /* every process in sight could be read */
	uint32_t unreadable;       /* processes whose descriptors this user may not read */
	struct getfd_counts getfd; /* sockets whose options getfd could not read */
	uint32_t hz;               /* of the kernel, 0: not known, nor any linger time above 0 */
	const char
		*bpf_stage; /* what of the BPF backend failed, NULL when it worked or was unused */
	int bpf_error;
};

/* Returns NULL when memory is short. */
struct owners *owners_new(void);
void owners_free(struct owners *owners);

/* Empties the index, for another backend to start over. */
void owners_reset(struct owners *owners);

/* An owner_sink: adds one descriptor to the index. `ctx` is the struct owners. */
int owners_add(void *ctx, const struct owner_record *record);

/* Ends a pass: turns ticks into seconds with the kernel's HZ (0: not known, non-zero times then
 * stay unknown). */
void owners_finish(struct owners *owners, uint32_t hz, const struct owners_status *status);

/* Forgets every option that was read, so that another backend can fill them in. */
void owners_forget_options(struct owners *owners);

/* Sets the options of one socket, in seconds. Unknown inodes are ignored. */
void owners_set_options(struct owners *owners, uint32_t inode, const struct owner_options *options);

/* The first descriptor of a socket. Returns false when the index has none. */
bool owners_first(const struct owners *owners, uint32_t inode, struct getfd_target *target);

/* Gives a socket its holders, linger and options. The holder list is valid until the next call. */
void owners_join(struct owners *owners, struct socket *sk);

/* How many sockets owners_join() and owners_join_other() left without holders that are in the
 * index, as memory was too short for the list. */
uint64_t owners_unlisted(const struct owners *owners);

/* Gives sk->other its holders. The list is valid until the next call. */
void owners_join_other(struct owners *owners, struct socket *sk);

#endif
