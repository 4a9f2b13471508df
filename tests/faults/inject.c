/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library to preload into the tool: calls of the C library that fail when the test says so.
 *
 * INJECT holds rules, separated by commas: CALL:NTH:TIMES:WHAT. From its NTH use on (1 is the
 * first) CALL fails TIMES times (0: ever after) with the errno WHAT. WHAT may be a word instead:
 * `eof` (the call gives 0), `short` (a message arrives cut), `meet` (the call works, after the test
 * has been told through the socket INJECT_MEET and has answered), `sigNUMBER` (that signal comes
 * first).
 *
 * INJECT_REPORT names a file that gets, at exit, a line for each call that was used, with how
 * often; `fired`, how often a rule struck; `leaked`, the blocks of memory that nobody freed; and
 * `low`, how often something was opened as descriptor 0, 1 or 2 (the tool's own place-holders,
 * /dev/null, left out).
 *
 * The tool may have a second thread: uses are counted over both, under a lock.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <mntent.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX 64
#define RULES_MAX 8
#define BLOCKS    (1u << 16)

enum what { FAIL, END_OF_FILE, CUT, MEET, SIGNAL };

struct rule {
	char call[24];
	unsigned long nth, times;
	enum what what;
	int number; /* errno, or the signal's */
};

struct call {
	const char *name;
	unsigned long uses;
};

static struct {
	pid_t pid; /* a child that the tool forks is left in peace */
	struct rule rules[RULES_MAX];
	size_t n_rules;
	struct call calls[CALLS_MAX];
	size_t n_calls;
	unsigned long fired, low;
	void *blocks[BLOCKS]; /* open addressing; TOMB where one was freed */
	unsigned long live;
	bool ready;
	atomic_flag lock;
} inject = { .lock = ATOMIC_FLAG_INIT };

static __thread unsigned int spared; /* above 0: within a call that is left in peace */

/* A lock that needs no memory and no other call that is counted. */
static void lock(void)
{
	while (atomic_flag_test_and_set(&inject.lock))
		sched_yield();
}

static void unlock(void)
{
	atomic_flag_clear(&inject.lock);
}

static char tomb;
#define TOMB ((void *)&tomb)

/* --- rules ------------------------------------------------------------------------------------ */

static void parse_rule(char *text)
{
	struct rule *r = &inject.rules[inject.n_rules];
	char what[16];

	if (inject.n_rules == RULES_MAX ||
	    sscanf(text, "%23[^:]:%lu:%lu:%15s", r->call, &r->nth, &r->times, what) != 4)
		abort();
	inject.n_rules++;
	r->number = atoi(what);
	if (strcmp(what, "eof") == 0)
		r->what = END_OF_FILE;
	else if (strcmp(what, "short") == 0)
		r->what = CUT;
	else if (strcmp(what, "meet") == 0)
		r->what = MEET;
	else if (strncmp(what, "sig", 3) == 0 && (r->number = atoi(what + 3)))
		r->what = SIGNAL;
}

static void __attribute__((constructor)) begin(void)
{
	static char text[1024];
	const char *rules = getenv("INJECT");
	char *at = text, *rule;

	inject.pid = (pid_t)syscall(SYS_getpid);
	if (rules)
		strncpy(text, rules, sizeof(text) - 1);
	while ((rule = strsep(&at, ",")))
		if (*rule)
			parse_rule(rule);
	inject.ready = true;
}

static struct call *find_call(const char *name)
{
	for (size_t i = 0; i < inject.n_calls; i++)
		if (strcmp(inject.calls[i].name, name) == 0)
			return &inject.calls[i];
	if (inject.n_calls == CALLS_MAX)
		abort();
	inject.calls[inject.n_calls].name = name;
	return &inject.calls[inject.n_calls++];
}

static void meet(void)
{
	const char *fd = getenv("INJECT_MEET");
	char byte = 'm';

	if (!fd || syscall(SYS_write, atoi(fd), &byte, 1) != 1 ||
	    syscall(SYS_read, atoi(fd), &byte, 1) != 1)
		abort();
}

static const struct rule *find_rule(const char *name, unsigned long uses)
{
	for (size_t i = 0; i < inject.n_rules; i++) {
		const struct rule *r = &inject.rules[i];

		if (strcmp(r->call, name) == 0 && uses >= r->nth &&
		    (!r->times || uses < r->nth + r->times))
			return r;
	}
	return NULL;
}

/* The rule that strikes at this use of a call; NULL: the call shall work. A signal is the
 * process's, as one from outside is. */
static const struct rule *strike(const char *name)
{
	const struct rule *r;

	if (!inject.ready || spared || syscall(SYS_getpid) != inject.pid)
		return NULL;
	lock();
	r = find_rule(name, ++find_call(name)->uses);
	inject.fired += r != NULL;
	unlock();
	if (!r)
		return NULL;
	if (r->what == MEET)
		meet();
	if (r->what == SIGNAL)
		syscall(SYS_kill, inject.pid, r->number);
	if (r->what == FAIL)
		errno = r->number;
	return r->what == MEET || r->what == SIGNAL ? NULL : r;
}

static bool fails(const char *name)
{
	return strike(name) != NULL;
}

#define REAL(name)                     \
	static __typeof__(&name) real; \
	if (!real)                     \
	real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* --- memory ----------------------------------------------------------------------------------- */

/* dlsym() itself asks for memory before the real functions are known. */
static char early[65536] __attribute__((aligned(16)));
static size_t early_used;

static void *early_block(size_t size)
{
	void *block = early + early_used;

	early_used += (size + 15) & ~(size_t)15;
	if (early_used > sizeof(early))
		abort();
	return block;
}

static bool is_early(const void *block)
{
	return (const char *)block >= early && (const char *)block < early + sizeof(early);
}

static size_t slot_of(const void *block)
{
	return (size_t)(((uintptr_t)block >> 4) * UINT64_C(11400714819323198485) >> 48) % BLOCKS;
}

static void note_block(void *block)
{
	size_t i = slot_of(block);

	if (!block || !inject.ready)
		return;
	lock();
	if (inject.live <= BLOCKS / 2) {
		while (inject.blocks[i] && inject.blocks[i] != TOMB)
			i = (i + 1) % BLOCKS;
		inject.blocks[i] = block;
		inject.live++;
	}
	unlock();
}

static void forget_block(const void *block)
{
	size_t i = slot_of(block), n = 0;

	if (!block)
		return;
	lock();
	while (n++ < BLOCKS && inject.blocks[i] && inject.blocks[i] != block)
		i = (i + 1) % BLOCKS;
	if (inject.blocks[i] == block) {
		inject.blocks[i] = TOMB;
		inject.live--;
	}
	unlock();
}

/* Looked up once, and not from within a lookup. */
#define REAL_MEMORY(name)                                          \
	static __typeof__(&name) real;                             \
	static bool looking;                                       \
	if (!real && !looking) {                                   \
		looking = true;                                    \
		real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
		looking = false;                                   \
	}

void *malloc(size_t size)
{
	void *block;
	REAL_MEMORY(malloc)

	if (!real)
		return early_block(size);
	if (fails("malloc"))
		return NULL;
	block = real(size);
	note_block(block);
	return block;
}

/* All three count as malloc: to a program that is out of memory they are one. */
void *calloc(size_t n, size_t size)
{
	void *block;
	REAL_MEMORY(calloc)

	if (!real)
		return early_block(n * size);
	if (fails("malloc"))
		return NULL;
	block = real(n, size);
	note_block(block);
	return block;
}

void *realloc(void *old, size_t size)
{
	void *block;
	REAL_MEMORY(realloc)

	if (!real || is_early(old))
		abort();
	if (fails("malloc"))
		return NULL;
	forget_block(old);
	block = real(old, size);
	note_block(block);
	return block;
}

void free(void *block)
{
	REAL_MEMORY(free)

	if (!real || !block || is_early(block))
		return;
	forget_block(block);
	real(block);
}

/* --- the name service ------------------------------------------------------------------------- */

/* The C library's own crashes when it is out of memory: glibc 2.36 asserts in nss_database.c, and
 * follows a null pointer in nss_database_check_reload_and_get(). That is not what is tested. */
#define SPARED(type, name, parameters, arguments) \
	type name parameters                      \
	{                                         \
		REAL(name);                       \
		type result;                      \
		spared++;                         \
		result = real arguments;          \
		spared--;                         \
		return result;                    \
	}

SPARED(struct servent *, getservent, (void), ())
SPARED(struct servent *, getservbyname, (const char *name, const char *protocol), (name, protocol))
SPARED(struct passwd *, getpwuid, (uid_t uid), (uid))
SPARED(struct passwd *, getpwnam, (const char *name), (name))
SPARED(int, getaddrinfo,
       (const char *host, const char *service, const struct addrinfo *hints,
	struct addrinfo **found),
       (host, service, hints, found))

void setservent(int stay)
{
	REAL(setservent);
	spared++;
	real(stay);
	spared--;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int opened(int fd, const char *path)
{
	if (fd >= 0 && fd <= 2 && (!path || strcmp(path, "/dev/null") != 0))
		inject.low++;
	return fd;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                            \
	int name(const char *path, int flags, ...)            \
	{                                                     \
		REAL(name);                                   \
		va_list args;                                 \
		mode_t mode;                                  \
		va_start(args, flags);                        \
		mode = mode_of(flags, args);                  \
		va_end(args);                                 \
		if (fails("open"))                            \
			return -1;                            \
		return opened(real(path, flags, mode), path); \
	}

#define OPENAT(name)                                               \
	int name(int dir, const char *path, int flags, ...)        \
	{                                                          \
		REAL(name);                                        \
		va_list args;                                      \
		mode_t mode;                                       \
		va_start(args, flags);                             \
		mode = mode_of(flags, args);                       \
		va_end(args);                                      \
		if (fails("openat"))                               \
			return -1;                                 \
		return opened(real(dir, path, flags, mode), path); \
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* A call that gives `bad` when it fails. */
#define CALL(type, name, counted, parameters, arguments, bad) \
	type name parameters                                  \
	{                                                     \
		REAL(name);                                   \
		if (fails(counted))                           \
			return bad;                           \
		return real arguments;                        \
	}

#define OPENS(name, parameters, arguments)           \
	int name parameters                          \
	{                                            \
		REAL(name);                          \
		if (fails(#name))                    \
			return -1;                   \
		return opened(real arguments, NULL); \
	}

OPENS(socket, (int domain, int type, int protocol), (domain, type, protocol))
OPENS(memfd_create, (const char *name, unsigned int flags), (name, flags))
CALL(int, socketpair, "socketpair", (int d, int t, int p, int fds[2]), (d, t, p, fds), -1)
CALL(int, pipe2, "pipe2", (int fds[2], int flags), (fds, flags), -1)
CALL(FILE *, fopen, "fopen", (const char *path, const char *mode), (path, mode), NULL)
CALL(FILE *, fopen64, "fopen", (const char *path, const char *mode), (path, mode), NULL)
CALL(FILE *, fdopen, "fdopen", (int fd, const char *mode), (fd, mode), NULL)
CALL(FILE *, setmntent, "setmntent", (const char *path, const char *mode), (path, mode), NULL)
CALL(DIR *, opendir, "opendir", (const char *path), (path), NULL)
CALL(DIR *, fdopendir, "fdopendir", (int fd), (fd), NULL)
CALL(struct dirent *, readdir, "readdir", (DIR * dir), (dir), NULL)
CALL(struct dirent64 *, readdir64, "readdir", (DIR * dir), (dir), NULL)

/* --- reading and writing ---------------------------------------------------------------------- */

/* A call that moves bytes may also end early. */
#define MOVES(name, counted, parameters, arguments)         \
	ssize_t name parameters                             \
	{                                                   \
		REAL(name);                                 \
		const struct rule *rule = strike(counted);  \
		if (rule)                                   \
			return rule->what == FAIL ? -1 : 0; \
		return real arguments;                      \
	}

ssize_t __read_chk(int fd, void *to, size_t n, size_t size);
ssize_t __pread_chk(int fd, void *to, size_t n, off_t at, size_t size);
ssize_t __readlinkat_chk(int dir, const char *path, char *to, size_t n, size_t size);

MOVES(read, "read", (int fd, void *to, size_t n), (fd, to, n))
MOVES(__read_chk, "read", (int fd, void *to, size_t n, size_t size), (fd, to, n, size))
MOVES(pread, "pread", (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
MOVES(__pread_chk, "pread", (int fd, void *to, size_t n, off_t at, size_t size),
      (fd, to, n, at, size))
MOVES(write, "write", (int fd, const void *from, size_t n), (fd, from, n))
MOVES(readlinkat, "readlinkat", (int dir, const char *path, char *to, size_t n), (dir, path, to, n))
MOVES(__readlinkat_chk, "readlinkat", (int dir, const char *path, char *to, size_t n, size_t size),
      (dir, path, to, n, size))
MOVES(sendto, "sendto",
      (int fd, const void *from, size_t n, int flags, const struct sockaddr *a, socklen_t len),
      (fd, from, n, flags, a, len))
MOVES(sendmsg, "sendmsg", (int fd, const struct msghdr *m, int flags), (fd, m, flags))

/* `short`: the kernel had more to say than fitted, and says so. */
ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	REAL(recvmsg);
	const struct rule *rule = strike("recvmsg");
	ssize_t got;

	if (rule && rule->what != CUT)
		return rule->what == FAIL ? -1 : 0;
	got = real(fd, m, flags);
	if (rule && got > 0) {
		m->msg_flags |= MSG_TRUNC;
		got /= 2;
	}
	return got;
}

ssize_t recv(int fd, void *to, size_t n, int flags)
{
	REAL(recv);
	const struct rule *rule = strike("recv");
	ssize_t got;

	if (rule && rule->what != CUT)
		return rule->what == FAIL ? -1 : 0;
	got = real(fd, to, n, flags);
	return rule && got > 0 ? got / 2 : got;
}

/* --- the rest --------------------------------------------------------------------------------- */

CALL(int, bind, "bind", (int fd, const struct sockaddr *a, socklen_t len), (fd, a, len), -1)
CALL(int, getsockopt, "getsockopt", (int fd, int level, int name, void *v, socklen_t *len),
     (fd, level, name, v, len), -1)
CALL(int, setsockopt, "setsockopt", (int fd, int level, int name, const void *v, socklen_t len),
     (fd, level, name, v, len), -1)
CALL(int, fstat, "fstat", (int fd, struct stat *st), (fd, st), -1)
CALL(int, fstatat, "fstatat", (int fd, const char *path, struct stat *st, int flags),
     (fd, path, st, flags), -1)
CALL(int, stat, "stat", (const char *path, struct stat *st), (path, st), -1)
CALL(int, dup2, "dup2", (int from, int to), (from, to), -1)
CALL(int, poll, "poll", (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms), -1)
CALL(int, signalfd, "signalfd", (int fd, const sigset_t *set, int flags), (fd, set, flags), -1)
CALL(pid_t, fork, "fork", (void), (), -1)
CALL(int, timer_create, "timer_create", (clockid_t c, struct sigevent *e, timer_t *t), (c, e, t),
     -1)
CALL(int, fchmod, "fchmod", (int fd, mode_t mode), (fd, mode), -1)
CALL(int, renameat, "renameat", (int a, const char *from, int b, const char *to), (a, from, b, to),
     -1)
CALL(int, getifaddrs, "getifaddrs", (struct ifaddrs * *list), (list), -1)
CALL(struct if_nameindex *, if_nameindex, "if_nameindex", (void), (), NULL)
int capset(void *header, const void *data);
CALL(int, capset, "capset", (void *header, const void *data), (header, data), -1)

/* It gives the errno instead of setting it. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *ctx)
{
	REAL(pthread_create);
	const struct rule *rule = strike("pthread_create");

	return rule ? rule->number : real(thread, attr, run, ctx);
}

/* bpf(2) has a name of its own, whatever else goes through here. */
long syscall(long number, ...)
{
	static long (*real)(long, ...);
	va_list args;
	long a[6];

	va_start(args, number);
	for (size_t i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (!real)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_bpf && fails("bpf"))
		return -1;
	if (number == SYS_kcmp && fails("kcmp"))
		return -1;
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* --- the report ------------------------------------------------------------------------------- */

static void __attribute__((destructor)) report(void)
{
	const char *path = getenv("INJECT_REPORT");
	char text[4096];
	size_t n = 0;
	int fd;

	if (!path || syscall(SYS_getpid) != inject.pid)
		return;
	inject.ready = false;
	for (size_t i = 0; i < inject.n_calls; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %lu\n", inject.calls[i].name,
				      inject.calls[i].uses);
	n += (size_t)snprintf(text + n, sizeof(text) - n, "fired %lu\nleaked %lu\nlow %lu\n",
			      inject.fired, inject.live, inject.low);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		abort();
	close(fd);
}
