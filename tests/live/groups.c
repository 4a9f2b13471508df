/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <mntent.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "groups.h"
#include "harness.h"
#include "tcp.h"

#define DEADLINE_MS 30000
#define MOUNTS      64

static char root[] = "/tmp/lingerstat-groups-XXXXXX"; /* where the hierarchy is mounted */
static char base[PATH_MAX];                           /* the group that all of these are in */

const char *groups_root(void)
{
	return root;
}

static int make_path(char *path)
{
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int groups_enter(const char *group)
{
	char path[PATH_MAX];
	int err, fd;

	snprintf(path, sizeof(path), "%s%s", root, group);
	err = make_path(path);
	if (err)
		return err;
	strncat(path, "/cgroup.procs", sizeof(path) - strlen(path) - 1);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, "0", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

static int send_fd(int to, int fd)
{
	char room[CMSG_SPACE(sizeof(fd))] = "", byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(to, &message, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int from)
{
	char room[CMSG_SPACE(sizeof(int))], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	int fd;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
		return -EIO;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

int groups_socket(const char *group, int family, int type)
{
	int ends[2], fd;
	pid_t child;

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	child = fork();
	if (child == 0) {
		fd = groups_enter(group) ? -1 : socket(family, type | SOCK_CLOEXEC, 0);
		_exit(fd < 0 || send_fd(ends[1], fd));
	}
	close(ends[1]);
	fd = receive_fd(ends[0]);
	close(ends[0]);
	waitpid(child, NULL, 0);
	if (fd < 0)
		fail_msg("no socket of %s", group);
	return fd;
}

int groups_listener(const char *group, uint16_t *port)
{
	int fd = groups_socket(group, AF_INET, SOCK_STREAM);

	assert_return_code(listen(fd, 8), errno);
	*port = local_port(fd);
	return fd;
}

int groups_client(const char *group, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = groups_socket(group, AF_INET, SOCK_STREAM);

	assert_return_code(connect(fd, (struct sockaddr *)&to, sizeof(to)), errno);
	return fd;
}

/* The kernel may need a moment to see that its processes have ended. */
void groups_remove(const char *group)
{
	int64_t end = now_ms() + DEADLINE_MS;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, group);
	while (rmdir(path) < 0 && nap_before(end))
		;
	assert_int_equal(access(path, F_OK), -1);
}

/* Every cgroup2 mount that is in sight, the test's own with them. */
static int unmount_all(void)
{
	char *dirs[MOUNTS];
	size_t n = 0;
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int err = 0;

	while (mounts && n < MOUNTS && (m = getmntent(mounts)))
		if (strcmp(m->mnt_type, "cgroup2") == 0)
			dirs[n++] = strdup(m->mnt_dir);
	if (mounts)
		endmntent(mounts);
	while (n--) {
		if (umount2(dirs[n], MNT_DETACH) < 0)
			err = -errno;
		free(dirs[n]);
	}
	return err;
}

int groups_hide(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return unmount_all();
}

static int skip_all(const char *what, int err)
{
	printf("1..0 # SKIP no control groups of its own: %s: %s\n", what, strerror(err));
	return 0;
}

/* In the group that was made, which becomes all that there is. */
static int run_inside(int (*inside)(void))
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = groups_enter(base + strlen(root));
	if (err)
		return skip_all("entering one", -err);
	if (unshare(CLONE_NEWCGROUP) < 0)
		return skip_all("a cgroup namespace", errno);
	err = groups_hide();
	if (err)
		return skip_all("unmounting the machine's", -err);
	if (mount("none", root, "cgroup2", 0, NULL) < 0)
		return skip_all("mounting the hierarchy in a namespace", errno);
	return inside();
}

/* The group that this process is in, as the hierarchy calls it. */
static void own_group(char *group, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];

	*group = '\0';
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "0::/", 4) == 0 && strncmp(line, "0::/..", 6) != 0)
			snprintf(group, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
	if (file)
		fclose(file);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_DP)
		rmdir(path);
	return 0;
}

static void remove_all(void)
{
	int64_t end = now_ms() + DEADLINE_MS;

	do
		nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	while (access(base, F_OK) == 0 && nap_before(end));
	umount2(root, MNT_DETACH);
	rmdir(root);
}

static int make_base(const char **why)
{
	char own[1024];

	*why = "a folder to mount at";
	if (!mkdtemp(root))
		return -1;
	*why = "a mount namespace";
	if (chmod(root, 0755) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	*why = "mounting the hierarchy";
	if (mount("none", root, "cgroup2", 0, NULL) < 0)
		return -1;
	own_group(own, sizeof(own));
	snprintf(base, sizeof(base), "%s%s/lingerstat-test-%d", root,
		 strcmp(own, "/") == 0 ? "" : own, getpid());
	*why = "making one";
	return mkdir(base, 0755);
}
int groups_run(int (*inside)(void))
{
	const char *why;
	int status, err;
	pid_t child;

	if (make_base(&why) < 0) {
		err = errno;
		umount2(root, MNT_DETACH);
		rmdir(root);
		return skip_all(why, err);
	}
	fflush(stdout);
	child = fork();
	if (child == 0)
		exit(run_inside(inside));
	if (child < 0 || waitpid(child, &status, 0) < 0)
		status = -1;
	remove_all();
	if (status >= 0 && WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("Bail out! the tests did not end: %#x\n", (unsigned int)status);
	return 99;
}
