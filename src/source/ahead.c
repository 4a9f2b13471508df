/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Measured with 100,000 sockets: a ring of 4 makes the two wait for each other, one of 32 fits into
 * fewer caches. */
#define SLOTS 16
#define BATCH (SLOTS / 2)

/* So long at most a datagram waits for others that are to be taken with it. */
#define WAIT_NS 50000000L

#define STACK_SIZE ((size_t)256 * 1024) /* only what is touched of it takes memory */

struct ahead {
	struct ahead_calls calls;
	pthread_t thread;
	pid_t tid;
	pthread_mutex_t lock;
	pthread_cond_t filled, freed;
	/* The lock's: */
	size_t head, tail; /* datagrams that were put in, and that were given back */
	bool taker_waits, reader_waits;
	bool over; /* no more are put in */
	bool stop;
	/* The slot's owner's: the reader's from `tail` + SLOTS on, else the taker's. */
	ssize_t lengths[SLOTS];
	bool taken; /* the taker's: it has the datagram at `tail` in hand */
	char *buffers;
};

/* --- the reader ------------------------------------------------------------------------------ */

/* False when nobody wants any more. */
static bool wait_for_room(struct ahead *a)
{
	bool go_on;

	pthread_mutex_lock(&a->lock);
	while (a->head - a->tail == SLOTS && !a->stop) {
		a->reader_waits = true;
		pthread_cond_wait(&a->freed, &a->lock);
	}
	a->reader_waits = false;
	go_on = !a->stop;
	pthread_mutex_unlock(&a->lock);
	return go_on;
}

static void put(struct ahead *a, bool last)
{
	bool wake;

	pthread_mutex_lock(&a->lock);
	a->head++;
	a->over = last;
	wake = a->taker_waits && (last || a->head - a->tail >= BATCH);
	pthread_mutex_unlock(&a->lock);
	if (wake)
		pthread_cond_signal(&a->filled);
}

static bool is_last(const struct ahead *a, const char *datagram, ssize_t len)
{
	return len <= 0 || a->calls.is_last(a->calls.ctx, datagram, (size_t)len);
}

static void *read_ahead(void *state)
{
	struct ahead *a = state;
	bool last = false;

	a->tid = (pid_t)syscall(SYS_gettid);
	for (size_t n = 0; !last && wait_for_room(a);) {
		size_t slot = n % SLOTS;
		char *buf = a->buffers + slot * a->calls.size;
		ssize_t len = a->calls.receive(a->calls.ctx, buf, a->calls.size);

		if (len == -EINTR || len == -EAGAIN)
			continue;
		a->lengths[slot] = len;
		last = is_last(a, buf, len);
		put(a, last);
		n++;
	}
	return NULL;
}

/* --- who takes ------------------------------------------------------------------------------- */

static struct timespec end_of_wait(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += WAIT_NS;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* With the lock held. Where datagrams are slow in coming, those there are do not wait. */
static void wait_for_datagrams(struct ahead *a)
{
	while (a->head == a->tail && !a->over) {
		struct timespec end = end_of_wait();

		a->taker_waits = true;
		pthread_cond_timedwait(&a->filled, &a->lock, &end);
	}
	a->taker_waits = false;
}

/* With the lock held. True when the reader is to be woken. */
static bool give_back(struct ahead *a)
{
	if (!a->taken)
		return false;
	a->taken = false;
	a->tail++;
	return a->reader_waits && a->head - a->tail <= SLOTS - BATCH;
}

ssize_t ahead_next(struct ahead *a, const void **datagram)
{
	size_t slot;
	bool wake;

	pthread_mutex_lock(&a->lock);
	wake = give_back(a);
	if (wake)
		pthread_cond_signal(&a->freed);
	wait_for_datagrams(a);
	slot = a->tail % SLOTS;
	a->taken = a->head != a->tail;
	pthread_mutex_unlock(&a->lock);
	if (!a->taken)
		return AHEAD_OVER;
	*datagram = a->buffers + slot * a->calls.size;
	return a->lengths[slot];
}

/* --- its life -------------------------------------------------------------------------------- */

/* Where there is one processor the two would only take it from each other. More of them than fit
 * into the set are an error (EINVAL), and many. */
static bool has_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? errno == EINVAL : CPU_COUNT(&set) > 1;
}

static int start_thread(struct ahead *a)
{
	sigset_t all, before;
	pthread_attr_t attr;
	int err;

	err = pthread_attr_init(&attr);
	if (err)
		return err;
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&a->thread, &attr, read_ahead, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

static void init_conditions(struct ahead *a)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->filled, &attr);
	pthread_cond_init(&a->freed, NULL);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&a->lock, NULL);
}

static void free_ahead(struct ahead *a)
{
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->filled);
	pthread_cond_destroy(&a->freed);
	free(a->buffers);
	free(a);
}

struct ahead *ahead_start(const struct ahead_calls *calls)
{
	struct ahead *a = has_processors() ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return NULL;
	a->calls = *calls;
	a->buffers = malloc(SLOTS * calls->size);
	init_conditions(a);
	if (a->buffers && start_thread(a) == 0)
		return a;
	free_ahead(a);
	return NULL;
}

/* pthread_join() returns when a thread has left its memory; the kernel counts it among those of
 * the process a moment longer, and permits a change of user namespace, among others, to a single
 * thread only. */
static void wait_until_gone(pid_t tid)
{
	for (unsigned int i = 0; i < 100000 && syscall(SYS_tgkill, getpid(), tid, 0) == 0; i++)
		sched_yield();
}

void ahead_stop(struct ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_mutex_unlock(&a->lock);
	pthread_cond_signal(&a->freed);
	pthread_join(a->thread, NULL);
	wait_until_gone(a->tid);
	free_ahead(a);
}
