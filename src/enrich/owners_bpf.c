/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF backend of owners.h: loads the iterator of bpf/owners.bpf.c, reads its records and
 * hands them on. The program travels as a light skeleton, which loads itself with plain bpf(2)
 * calls: quicker than libbpf's own loader by a factor of ten, and nothing to link. Its price is
 * that the kernel's verifier has no voice: whatever is wrong, the loader says EINVAL.
 */
#include "config.h"

#include <errno.h>

#include "enrich/owners.h"

#ifdef WITH_BPF

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/bpf.h>

#include "bpf/iterator.h"

#ifdef WORDS_BIGENDIAN
#include "bpf/owners.lskel.eb.h"
#else
#include "bpf/owners.lskel.el.h"
#endif

#include "bpf/owners_record.h"

_Static_assert(OWNERS_RECORD_COMM == OWNER_COMM_SIZE, "one size for process names");

/* The kernel fills at most 8 pages a read (kernel/bpf/bpf_iter.c, bpf_seq_read()). */
#define RECORDS_A_READ 1024

/* l_linger of the probe: large enough that the division by it leaves no doubt. */
#define PROBE_SECONDS 1000

enum { PROBE_ON, PROBE_OFF, PROBES };

/*
 * Two sockets of our own, one with a known l_linger and one without. sk_lingertime is kept in
 * jiffies, and nothing tells user space how many of those make a second, so the first one's record
 * is the measure. Both tell whether the program looks at the right flag.
 */
struct hz_probe {
	int fds[PROBES]; /* -1: there is none */
	uint32_t pid;
	uint64_t inodes[PROBES];
	uint64_t ticks; /* what the kernel made of PROBE_SECONDS; 0: not seen yet */
	bool wrong;     /* a record said of a probe what is not so */
};

/* A descriptor table of threads, and the first thread that was met with it. */
struct shared_table {
	uint32_t pid, table, tid;
};

struct pass {
	owner_sink sink;
	void *ctx;
	struct hz_probe probe;
	struct shared_table *tables;
	size_t n_tables;
	size_t last; /* the one that the last record was found in */
};

static void probe_close(struct hz_probe *probe)
{
	for (size_t i = 0; i < PROBES; i++)
		if (probe->fds[i] >= 0)
			close(probe->fds[i]);
}

/* Without probes the pass still works; only linger times stay unknown. */
static void probe_open(struct hz_probe *probe)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = PROBE_SECONDS };
	struct stat st[PROBES];

	*probe = (struct hz_probe){ .fds = { -1, -1 }, .pid = (uint32_t)getpid() };
	/* Unix sockets: they are in every network namespace, and their close never lingers. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, probe->fds) < 0)
		return;
	if (setsockopt(probe->fds[PROBE_ON], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0 &&
	    fstat(probe->fds[PROBE_ON], &st[PROBE_ON]) == 0 &&
	    fstat(probe->fds[PROBE_OFF], &st[PROBE_OFF]) == 0) {
		probe->inodes[PROBE_ON] = st[PROBE_ON].st_ino;
		probe->inodes[PROBE_OFF] = st[PROBE_OFF].st_ino;
		return;
	}
	probe_close(probe);
	probe->fds[PROBE_ON] = probe->fds[PROBE_OFF] = -1;
}

static bool is_probe(const struct hz_probe *probe, const struct owners_record *raw, size_t i)
{
	return probe->fds[i] >= 0 && raw->pid == probe->pid && raw->fd == (uint32_t)probe->fds[i] &&
	       raw->inode == probe->inodes[i];
}

/* Takes a record that may be a probe's; true when it was. */
static bool probe_take(struct hz_probe *probe, const struct owners_record *raw)
{
	bool known = raw->known & OWNERS_KNOWS_LINGER;
	bool on = raw->values & OWNERS_LINGER_ON;

	for (size_t i = 0; i < PROBES; i++) {
		if (!is_probe(probe, raw, i))
			continue;
		probe->wrong |= known && on != (i == PROBE_ON);
		if (known && i == PROBE_ON)
			probe->ticks = raw->linger_ticks;
		return true;
	}
	return false;
}

/* Jiffies a second, or 0 when the probe was not seen or its value makes no sense. */
static uint32_t probe_hz(const struct hz_probe *probe)
{
	uint64_t hz = probe->ticks / PROBE_SECONDS;

	if (probe->ticks % PROBE_SECONDS != 0 || hz > 10000)
		return 0;
	return (uint32_t)hz;
}

static enum tri tri_of(const struct owners_record *raw, uint32_t known, uint32_t value)
{
	if (!(raw->known & known))
		return TRI_UNKNOWN;
	return (raw->values & value) ? TRI_YES : TRI_NO;
}

static enum tri tri_nonblock(const struct owners_record *raw)
{
	if (!(raw->known & OWNERS_KNOWS_FILE_FLAGS))
		return TRI_UNKNOWN;
	return (raw->file_flags & O_NONBLOCK) ? TRI_YES : TRI_NO;
}

static enum tri tri_one_to_many(const struct owners_record *raw)
{
	return (raw->values & OWNERS_TYPE) == SOCK_SEQPACKET * OWNERS_TYPE_ONE ? TRI_YES : TRI_NO;
}

static void convert_ends(struct owner_ends *ends, const struct owners_record *raw)
{
	*ends = (struct owner_ends){ .netns = raw->netns, .family = (uint8_t)raw->family };
	if (raw->family == AF_INET) {
		memcpy(&ends->local.addr, &raw->local4, sizeof(raw->local4));
		memcpy(&ends->peer.addr, &raw->peer4, sizeof(raw->peer4));
	} else {
		memcpy(&ends->local.addr, raw->local6, sizeof(raw->local6));
		memcpy(&ends->peer.addr, raw->peer6, sizeof(raw->peer6));
	}
	ends->local.port = (uint16_t)raw->local_port;
	ends->peer.port = (uint16_t)raw->peer_port;
}

static void convert(struct owner_record *record, const struct owners_record *raw)
{
	*record = (struct owner_record){
		.pid = raw->pid,
		.fd = raw->fd,
		.tid = raw->tid,
		.inode = (uint32_t)raw->inode, /* get_next_ino() gives 32 bits, as in sock_diag */
		.options = {
			.known = raw->known & OWNERS_KNOWS_LINGER,
			.linger_on = raw->values & OWNERS_LINGER_ON,
			.linger_ticks = true,
			.linger = raw->linger_ticks,
			.nonblock = tri_nonblock(raw),
			.reuseaddr = tri_of(raw, OWNERS_KNOWS_REUSEADDR, OWNERS_REUSEADDR),
			.reuseport = tri_of(raw, OWNERS_KNOWS_REUSEPORT, OWNERS_REUSEPORT),
			.one_to_many = tri_one_to_many(raw),
			.repair = tri_of(raw, OWNERS_KNOWS_REPAIR, OWNERS_REPAIR),
			.linger2_negative =
				tri_of(raw, OWNERS_KNOWS_LINGER2, OWNERS_LINGER2_NEGATIVE),
			.user_timeout_ms = (raw->known & OWNERS_KNOWS_USER_TIMEOUT) ?
						   (int64_t)raw->user_timeout_ms :
						   UNKNOWN,
		},
	};
	memcpy(record->comm, raw->comm, sizeof(record->comm));
	record->comm[sizeof(record->comm) - 1] = '\0';
}

static bool is_table(const struct shared_table *t, const struct owners_record *raw)
{
	return t->pid == raw->pid && t->table == raw->table;
}

/* The table's entry, made where there is none; NULL when memory is short. Records of one table
 * come together. */
static struct shared_table *find_table(struct pass *pass, const struct owners_record *raw)
{
	struct shared_table *bigger;

	if (pass->last < pass->n_tables && is_table(&pass->tables[pass->last], raw))
		return &pass->tables[pass->last];
	for (size_t i = 0; i < pass->n_tables; i++)
		if (is_table(&pass->tables[i], raw))
			return &pass->tables[pass->last = i];
	bigger = reallocarray(pass->tables, pass->n_tables + 1, sizeof(*bigger));
	if (!bigger)
		return NULL;
	pass->tables = bigger;
	pass->last = pass->n_tables++;
	bigger[pass->last] = (struct shared_table){ raw->pid, raw->table, raw->tid };
	return &bigger[pass->last];
}

/* Threads without their first thread each show the table that they share: the first of them
 * counts. Returns 1 for a record of another, 0, or -ENOMEM. */
static int is_repeated(struct pass *pass, const struct owners_record *raw)
{
	const struct shared_table *table;

	if (raw->tid == raw->pid)
		return 0;
	table = find_table(pass, raw);
	if (!table)
		return -ENOMEM;
	return table->tid != raw->tid;
}

static int hand_on(struct pass *pass, const struct owners_record *raw)
{
	struct owner_record record;
	struct owner_ends ends;
	int repeated;

	/* 0: the process has just been reaped. */
	if (!raw->pid || probe_take(&pass->probe, raw))
		return 0;
	repeated = is_repeated(pass, raw);
	if (repeated)
		return repeated < 0 ? repeated : 0;
	convert(&record, raw);
	if (raw->known & OWNERS_KNOWS_ENDS) {
		convert_ends(&ends, raw);
		record.ends = &ends;
	}
	return pass->sink(pass->ctx, &record);
}

static int read_into(struct pass *pass, int fd, struct owners_record *records, const char **stage)
{
	const size_t size = RECORDS_A_READ * sizeof(*records);
	size_t have = 0, i;
	ssize_t got;
	int err;

	for (;;) {
		*stage = "read";
		got = iterator_read(fd, (char *)records + have, size - have);
		if (got < 0)
			return (int)got;
		if (got == 0)
			return have ? -EIO : 0; /* the kernel ends on a whole record */
		have += (size_t)got;
		*stage = "index";
		for (i = 0; i < have / sizeof(*records); i++) {
			err = hand_on(pass, &records[i]);
			if (err < 0)
				return err;
		}
		/* A read may end inside a record: its head waits for the rest. */
		have -= i * sizeof(*records);
		memmove(records, &records[i], have);
	}
}

/* Reads the iterator to its end. Returns 0 or a negative errno. */
static int read_all(struct pass *pass, int fd, const char **stage)
{
	struct owners_record *records = calloc(RECORDS_A_READ, sizeof(*records));
	int err;

	if (!records) {
		*stage = "read";
		return -ENOMEM;
	}
	err = read_into(pass, fd, records, stage);
	free(records);
	free(pass->tables);
	pass->tables = NULL;
	return err;
}

/*
 * Loads the program and opens an iterator on it, and a second where `again` asks for one; they
 * hold the program, so the skeleton goes at once. Returns a descriptor or a negative errno with
 * *stage.
 */
static int open_iterator(int *again, const char **stage)
{
	struct owners_bpf *skel = owners_bpf__open();
	int err;

	*stage = "load";
	if (!skel)
		return -ENOMEM;
	err = owners_bpf__load(skel);
	if (err < 0)
		goto out;
	*stage = "attach";
	if (owners_bpf__attach(skel) < 0) {
		err = -errno; /* unlike load, attach gives what the system call gave */
		goto out;
	}
	*stage = "create";
	err = iterator_create(skel->links.dump_owners_fd);
	if (err >= 0 && again)
		*again = iterator_create(skel->links.dump_owners_fd);
out:
	owners_bpf__destroy(skel);
	return err;
}

int owners_bpf_read_first(owner_sink sink, void *ctx, void (*loaded)(void *), void *loaded_ctx,
			  uint32_t *hz, const char **stage, int *again)
{
	struct pass pass = { .sink = sink, .ctx = ctx };
	int fd, err;

	*hz = 0;
	fd = open_iterator(again, stage);
	if (fd < 0)
		return fd;
	if (loaded)
		loaded(loaded_ctx);
	probe_open(&pass.probe);
	err = read_all(&pass, fd, stage);
	*hz = probe_hz(&pass.probe);
	if (!err && pass.probe.wrong) {
		*stage = "tell linger";
		err = -EPROTO;
	}
	probe_close(&pass.probe);
	close(fd);
	return err;
}

int owners_bpf_read_again(int again, owner_sink sink, void *ctx)
{
	struct pass pass = { .sink = sink, .ctx = ctx };
	const char *stage;

	return read_all(&pass, again, &stage);
}

#else /* !WITH_BPF */

int owners_bpf_read_first(owner_sink sink, void *ctx, void (*loaded)(void *), void *loaded_ctx,
			  uint32_t *hz, const char **stage, int *again)
{
	(void)sink;
	(void)ctx;
	(void)loaded;
	(void)loaded_ctx;
	(void)again;
	*hz = 0;
	*stage = "built without BPF";
	return -EOPNOTSUPP;
}

int owners_bpf_read_again(int again, owner_sink sink, void *ctx)
{
	(void)again;
	(void)sink;
	(void)ctx;
	return -EOPNOTSUPP;
}

#endif

int owners_bpf_read(owner_sink sink, void *ctx, void (*loaded)(void *), void *loaded_ctx,
		    uint32_t *hz, const char **stage)
{
	return owners_bpf_read_first(sink, ctx, loaded, loaded_ctx, hz, stage, NULL);
}
