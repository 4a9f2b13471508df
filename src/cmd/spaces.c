/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/spaces.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/message.h"
#include "cmd/prepass.h"
#include "cmd/run.h"
#include "enrich/netns.h"
#include "enrich/residents.h"

#define FILES_EACH 4  /* its source, and what reads device names there */
#define TOLD_MAX   10 /* more than these are counted */

struct left_space {
	struct source *source;
	struct surroundings here;
};

/* Every namespace keeps descriptors until the end; most systems allow 1024 unless asked. */
static void allow_files(size_t namespaces)
{
	const rlim_t wanted = 64 + namespaces * FILES_EACH;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* A list of our own namespace alone, where nothing else may be seen, is still a list. */
static void tell_unseen(const struct run *run)
{
	uint32_t unreadable = run->spaces.all.unreadable;

	if (!unreadable || run->plan->spaces_told)
		return;
	message("the list is incomplete: the network namespaces of %u processes cannot be seen%s%s",
		unreadable, geteuid() ? " by this user; root can: sudo " : " here",
		geteuid() ? run->plan->command_line : "");
}

/* No gap that is known of, so the result counts as complete. */
static void tell_hidden(const struct run *run)
{
	if (run->spaces.all.whole || run->plan->spaces_told)
		return;
	message("network namespaces that only a socket or an orphan keeps cannot be seen without "
		"BPF%s%s",
		geteuid() ? "; root can: sudo " : "", geteuid() ? run->plan->command_line : "");
}

int spaces_open(struct run *run)
{
	struct spaces *spaces = &run->spaces;
	struct namespaces_request request = { .may_load_bpf = run->may_load_bpf };
	int err;

	request.other_numbers = processes_walk(run->plan, &request.proc);
	err = namespaces_find(&spaces->all, &request);
	spaces->home = netns_open_self();
	if (!err && spaces->home < 0)
		err = spaces->home;
	if (!err) {
		spaces->lost = calloc(spaces->all.count, sizeof(*spaces->lost));
		spaces->left = calloc(spaces->all.count, sizeof(*spaces->left));
		err = spaces->lost && spaces->left ? 0 : -ENOMEM;
	}
	if (err) {
		message("--all-netns: cannot find the network namespaces: %s", strerror(-err));
		return err;
	}
	allow_files(spaces->all.count);
	tell_unseen(run);
	tell_hidden(run);
	spaces->missing += spaces->all.unreadable > 0;
	/* Our own is the first, and we are there. */
	spaces->next = spaces->all.count && spaces->all.items[0].inode == netns_self();
	return 0;
}

static void tell_missing(struct run *run, const struct namespace *ns, int err)
{
	const char *name = ns->name[0] ? ns->name : NULL;
	/* Of processes out of sight nobody knows where they are. */
	bool empty = !ns->pid && !run->spaces.all.unreadable;

	if (run->spaces.missing++ >= TOLD_MAX || run->plan->spaces_told)
		return;
	message("the list is incomplete: network namespace %llu%s%s%s%s: %s%s%s",
		(unsigned long long)ns->inode, name ? " (" : "", name ? name : "", name ? ")" : "",
		empty ? ", in which no process is" : "", strerror(-err),
		err == -EPERM && geteuid() ? "; root can: sudo " : "",
		err == -EPERM && geteuid() ? run->plan->command_line : "");
}

static void leave(struct run *run)
{
	struct spaces *spaces = &run->spaces;

	spaces->left[spaces->n_left++] = (struct left_space){ run->source, run->enrich.here };
	run->source = NULL;
	run->enrich.here = (struct surroundings){ 0 };
}

/* One that has a name goes by that. */
static void find_resident(struct run *run, const struct namespace *ns)
{
	if (!ns->name[0])
		run->enrich.here.netns_resident =
			resident_name(&run->spaces.texts, "/proc", ns->pid, ns->inode);
}

void spaces_begin(struct run *run)
{
	const struct spaces *spaces = &run->spaces;

	enrichment_look_around(&run->enrich);
	if (spaces->next)
		find_resident(run, &spaces->all.items[0]);
}

/* What run_open() does for the first one. */
static int arrive(struct run *run, const struct namespace *ns)
{
	int err = source_open_kernel(&run->source);

	if (err)
		return err;
	source_on_pause(run->source, run->pause, run->pause_ctx);
	err = enrichment_enter(&run->enrich, ns->inode, ns->name[0] ? ns->name : NULL);
	find_resident(run, ns);
	if (!err)
		err = prepass_peers(run);
	/* Addresses of the host are the namespace's; what the owners pass met was in the first. */
	filter_free(run->this_host);
	run->this_host = NULL;
	prepass_complete_peers(run);
	if (!err)
		err = prepass_subflows(run);
	return err ? err : prepass_ports(run);
}

int spaces_next(struct run *run)
{
	struct spaces *spaces = &run->spaces;

	while (spaces->next < spaces->all.count) {
		const struct namespace *ns = &spaces->all.items[spaces->next++];
		int err = namespace_go(ns);

		if (err == -ENOENT) {
			spaces->lost[spaces->n_lost++] = ns;
			continue;
		}
		if (err) {
			tell_missing(run, ns, err);
			continue;
		}
		leave(run);
		err = arrive(run, ns);
		if (!err || err == -ENOMEM)
			return err ? err : 1;
		tell_missing(run, ns, err);
	}
	return 0;
}

static void tell_rest(const struct run *run)
{
	const struct spaces *spaces = &run->spaces;

	if (spaces->missing > TOLD_MAX && !run->plan->spaces_told)
		message("and %llu network namespaces more",
			(unsigned long long)(spaces->missing - TOLD_MAX));
}

void spaces_end(struct run *run)
{
	struct spaces *spaces = &run->spaces;

	for (size_t i = 0; i < spaces->n_lost; i++)
		if (!namespace_is_gone(&spaces->all, spaces->lost[i]))
			tell_missing(run, spaces->lost[i], -ENXIO);
	tell_rest(run);
	if (spaces->n_left && setns(spaces->home, CLONE_NEWNET) < 0)
		message("cannot come back to the network namespace of the start: %s",
			strerror(errno));
}

bool spaces_have_socket(void *ctx, const struct socket *sk)
{
	struct run *run = ctx;

	for (size_t i = 0; i < run->spaces.n_left; i++)
		if (run->spaces.left[i].here.netns == sk->netns)
			return source_has_socket(run->spaces.left[i].source, sk);
	return run->source && source_has_socket(run->source, sk);
}

struct port_users *spaces_ports(const struct spaces *spaces, uint64_t netns)
{
	for (size_t i = 0; i < spaces->n_left; i++)
		if (spaces->left[i].here.netns == netns)
			return spaces->left[i].here.ports;
	return NULL;
}

void spaces_close(struct spaces *spaces)
{
	for (size_t i = 0; i < spaces->n_left; i++) {
		surroundings_free(&spaces->left[i].here);
		source_close(spaces->left[i].source);
	}
	free(spaces->left);
	free(spaces->lost);
	namespaces_free(&spaces->all);
	intern_free(&spaces->texts);
	if (spaces->home >= 0)
		close(spaces->home);
}
