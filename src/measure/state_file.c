/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/outbuf.h"
#include "base/replace.h"
#include "enrich/netns.h"

#define FORMAT_WORD    "lingerstat-state "
#define FORMAT_LINE    FORMAT_WORD "1"
#define LINE_MAX_BYTES 256

struct sighting {
	uint64_t cookie;
	double since;
};

struct counter {
	uint64_t key; /* of the namespace; 0: the only one */
	char name[32];
	int64_t value;
};

/* What a file says, or will say. */
struct record {
	char boot[40];
	uint64_t netns;
	double time;
	struct counter *counters; /* by key and name, once sorted */
	size_t counter_count, counter_cap;
	struct sighting *seen; /* by cookie, once sorted */
	size_t seen_count, seen_cap;
};

struct state_file {
	char *path;
	int fd; /* holds the lock */
	enum state_past past;
	struct record old, new;
};

void state_here(struct state_here *here)
{
	struct timespec now = { 0 };
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	*here = (struct state_here){ .netns = netns_self() };
	if (f && fscanf(f, "%39s", here->boot) != 1)
		here->boot[0] = '\0';
	if (f)
		fclose(f);
	clock_gettime(CLOCK_BOOTTIME, &now);
	here->now = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int refuse(const char **why, const char *text, int err)
{
	*why = text;
	return err;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool add_seen(struct record *r, uint64_t cookie, double since)
{
	if (r->seen_count == STATE_SEEN_MAX)
		return false;
	if (r->seen_count == r->seen_cap) {
		size_t cap = r->seen_cap ? r->seen_cap * 2 : 64;
		struct sighting *bigger = reallocarray(r->seen, cap, sizeof(*bigger));

		if (!bigger)
			return false;
		r->seen = bigger;
		r->seen_cap = cap;
	}
	r->seen[r->seen_count++] = (struct sighting){ cookie, since };
	return true;
}

static struct counter *new_counter(struct record *r)
{
	struct counter *bigger;
	size_t cap = r->counter_cap ? r->counter_cap * 2 : 16;

	if (r->counter_count == STATE_COUNTERS_MAX)
		return NULL;
	if (r->counter_count == r->counter_cap) {
		bigger = reallocarray(r->counters, cap, sizeof(*bigger));
		if (!bigger)
			return NULL;
		r->counters = bigger;
		r->counter_cap = cap;
	}
	return &r->counters[r->counter_count++];
}

static bool add_counter(struct record *r, uint64_t key, const char *name, int64_t value)
{
	struct counter *c = value < 0 ? NULL : new_counter(r);

	if (!c)
		return false;
	*c = (struct counter){ .key = key, .value = value };
	snprintf(c->name, sizeof(c->name), "%s", name);
	return true;
}

/* Seconds since the machine was started. scanf() takes "nan" and "inf" too, and a number that is
 * longer than a line. */
static bool is_time(double seconds)
{
	return seconds >= 0 && seconds < 1e12;
}

/* One line behind the first. False for one that this program does not write. */
static bool take_line(struct record *r, const char *line)
{
	uint64_t cookie, key = 0;
	char name[32];
	int64_t value;
	double since;

	if (sscanf(line, "boot %39s", r->boot) == 1 ||
	    sscanf(line, "netns %" SCNu64, &r->netns) == 1)
		return true;
	if (strcmp(line, "netns all\n") == 0) {
		r->netns = STATE_EVERYWHERE;
		return true;
	}
	if (sscanf(line, "time %lf", &r->time) == 1)
		return is_time(r->time);
	if (sscanf(line, "counter %31s %" SCNd64 " %" SCNx64, name, &value, &key) >= 2)
		return add_counter(r, key, name, value);
	return sscanf(line, "seen %" SCNx64 " %lf", &cookie, &since) == 2 && is_time(since) &&
	       add_seen(r, cookie, since);
}

static int by_cookie(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;

	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

static int by_key(const void *a, const void *b)
{
	const struct counter *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static int by_key_and_name(const void *a, const void *b)
{
	const struct counter *x = a, *y = b;
	int order = by_key(a, b);

	return order ? order : strcmp(x->name, y->name);
}

static void sort_record(struct record *r)
{
	if (r->seen_count)
		qsort(r->seen, r->seen_count, sizeof(*r->seen), by_cookie);
	if (r->counter_count)
		qsort(r->counters, r->counter_count, sizeof(*r->counters), by_key_and_name);
}

/* A first line that another version of this program may have written. A file that begins
 * otherwise is somebody's, and must not be replaced. */
static bool is_ours(const char *line)
{
	return strncmp(line, FORMAT_WORD, strlen(FORMAT_WORD)) == 0;
}

/* True when the file is whole, from its first line, which was read, to `end`. */
static bool read_lines(FILE *f, char *line, struct record *r)
{
	bool ended = false;

	if (strcmp(line, FORMAT_LINE "\n") != 0)
		return false;
	while (!ended && fgets(line, LINE_MAX_BYTES, f)) {
		ended = strcmp(line, "end\n") == 0;
		if (!ended && !take_line(r, line))
			return false;
	}
	sort_record(r);
	return ended;
}

/* A time after ours cannot be of this boot. */
static enum state_past judge_past(const struct record *old, const struct record *new)
{
	if (!*old->boot || strcmp(old->boot, new->boot) != 0)
		return PAST_BOOT;
	if (old->netns != new->netns)
		return PAST_NETNS;
	return old->time > new->time ? PAST_DAMAGED : PAST_KNOWN;
}

static int take_past(struct state_file *file, FILE *f, const char **why)
{
	char line[LINE_MAX_BYTES];

	if (!fgets(line, sizeof(line), f))
		file->past = PAST_NONE;
	else if (!is_ours(line))
		return refuse(why, "it is no state file, and is left alone", -EEXIST);
	else if (!read_lines(f, line, &file->old))
		file->past = PAST_DAMAGED;
	else
		file->past = judge_past(&file->old, &file->new);
	return 0;
}

static int read_past(struct state_file *file, const char **why)
{
	int copy = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	FILE *f = copy < 0 ? NULL : fdopen(copy, "r");
	int err;

	if (!f) {
		if (copy >= 0)
			close(copy);
		return refuse(why, "memory is short", -ENOMEM);
	}
	err = take_past(file, f, why);
	fclose(f);
	return err;
}

/* --- opening --------------------------------------------------------------------------------- */

static int check_kind(int fd, const char **why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return refuse(why, "it cannot be looked at", -errno);
	if (!S_ISREG(st.st_mode))
		return refuse(why, "it is no plain file", -EINVAL);
	if (st.st_uid != geteuid())
		return refuse(why, "it belongs to another user", -EPERM);
	if (st.st_nlink > 1)
		return refuse(why, "it has a second name (a hard link)", -EPERM);
	return 0;
}

/* Another run may have replaced the file while this one waited: then the name is a new file's, and
 * its lock is the one that counts. */
static bool still_named(int dir, const char *name, int fd)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

static int open_one(int dir, const char *name, const char **why)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return refuse(why, errno == ELOOP ? "it is a symbolic link" : "it cannot be opened",
			      -errno);
	err = check_kind(fd, why);
	if (!err && flock(fd, LOCK_EX) < 0)
		err = refuse(why, "it cannot be locked", -errno);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int open_locked(const char *path, const char **why)
{
	char name[NAME_MAX + 1];
	int dir = replace_folder(path, name);
	int fd;

	if (dir < 0)
		return refuse(why, "its folder cannot be opened", dir);
	while ((fd = open_one(dir, name, why)) >= 0 && !still_named(dir, name, fd))
		close(fd);
	close(dir);
	return fd;
}

int state_file_open(struct state_file **out, const char *path, const struct state_here *here,
		    const char **why)
{
	struct state_file *file = calloc(1, sizeof(*file));
	int err;

	*out = NULL;
	if (!file)
		return refuse(why, "memory is short", -ENOMEM);
	file->fd = -1;
	file->path = strdup(path);
	snprintf(file->new.boot, sizeof(file->new.boot), "%s", here->boot);
	file->new.netns = here->netns;
	file->new.time = here->now;
	file->fd = file->path ? open_locked(path, why) : refuse(why, "memory is short", -ENOMEM);
	err = file->fd < 0 ? file->fd : read_past(file, why);
	if (err) {
		state_file_close(file);
		return err;
	}
	*out = file;
	return 0;
}

/* --- use -------------------------------------------------------------------------------------- */

enum state_past state_file_past(const struct state_file *file)
{
	return file->past;
}

const char *state_past_text(enum state_past past)
{
	static const char *const texts[] = {
		[PAST_NONE] = "no earlier run has left its numbers yet",
		[PAST_BOOT] = "the machine was started since the last run",
		[PAST_NETNS] = "the last run was of other network namespaces",
		[PAST_DAMAGED] = "the state file was damaged, and is written anew",
		[PAST_KNOWN] = NULL,
	};

	return texts[past];
}

static const struct counter *find_counter(const struct record *r, const struct counter *key,
					  int (*compare)(const void *a, const void *b))
{
	if (!r->counter_count)
		return NULL;
	return bsearch(key, r->counters, r->counter_count, sizeof(*key), compare);
}

/* A namespace of which the file has nothing was made since: counters of these begin at 0. */
static int64_t old_counter(const struct record *r, uint64_t key, const char *name)
{
	struct counter wanted = { .key = key };
	const struct counter *found;

	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	found = find_counter(r, &wanted, by_key_and_name);
	if (found)
		return found->value;
	return key && !find_counter(r, &wanted, by_key) ? 0 : UNKNOWN;
}

double state_file_rate_in(struct state_file *file, uint64_t key, const char *name, int64_t value)
{
	double elapsed = file->new.time - file->old.time;
	int64_t before = old_counter(&file->old, key, name);

	if (value < 0 || !add_counter(&file->new, key, name, value))
		return UNKNOWN;
	if (file->past != PAST_KNOWN || before == UNKNOWN || value < before || elapsed <= 0)
		return UNKNOWN;
	return (double)(value - before) / elapsed;
}

double state_file_rate(struct state_file *file, const char *name, int64_t value)
{
	return state_file_rate_in(file, 0, name, value);
}

static const struct sighting *find_sighting(const struct state_file *file, uint64_t cookie)
{
	struct sighting key = { .cookie = cookie };
	const struct sighting *found = NULL;

	if (file->past == PAST_KNOWN && file->old.seen_count)
		found = bsearch(&key, file->old.seen, file->old.seen_count, sizeof(key), by_cookie);
	return found && found->since <= file->new.time ? found : NULL;
}

bool state_file_knows(const struct state_file *file, uint64_t cookie)
{
	return find_sighting(file, cookie) != NULL;
}

double state_file_seen(struct state_file *file, uint64_t cookie)
{
	const struct sighting *found = find_sighting(file, cookie);
	double since = found ? found->since : file->new.time;

	add_seen(&file->new, cookie, since);
	return file->new.time - since;
}

static void write_counter(struct outbuf *b, const struct counter *c)
{
	outbuf_printf(b, "counter %s %" PRId64, c->name, c->value);
	if (c->key)
		outbuf_printf(b, " %" PRIx64, c->key);
	outbuf_char(b, '\n');
}

static void write_record(struct outbuf *b, const struct record *r)
{
	outbuf_printf(b, FORMAT_LINE "\nboot %s\n", r->boot);
	if (r->netns == STATE_EVERYWHERE)
		outbuf_str(b, "netns all\n");
	else
		outbuf_printf(b, "netns %" PRIu64 "\n", r->netns);
	outbuf_printf(b, "time %.3f\n", r->time);
	for (size_t i = 0; i < r->counter_count; i++)
		write_counter(b, &r->counters[i]);
	for (size_t i = 0; i < r->seen_count; i++)
		outbuf_printf(b, "seen %" PRIx64 " %.3f\n", r->seen[i].cookie, r->seen[i].since);
	outbuf_str(b, "end\n");
}

int state_file_commit(struct state_file *file)
{
	struct replacement replacement;
	struct outbuf out;
	int err = replace_open(&replacement, file->path, 0600);

	if (err)
		return err;
	err = outbuf_open(&out, replacement.fd);
	if (!err) {
		write_record(&out, &file->new);
		err = outbuf_close(&out);
	}
	if (!err)
		return replace_commit(&replacement);
	replace_abandon(&replacement);
	return err;
}

void state_file_close(struct state_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	free(file->old.seen);
	free(file->new.seen);
	free(file->old.counters);
	free(file->new.counters);
	free(file->path);
	free(file);
}
