/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SMALL_RCVBUF 8192
#define GONE_BYTES   60000
#define SLOW_BYTES   200000 /* more than a second's worth: linger 1 runs out */
#define CORKED_BYTES 100

static const int state_numbers[LAB_STATES] = {
	[EST] = TCP_ESTABLISHED,     [CW] = TCP_CLOSE_WAIT,    [FW1] = TCP_FIN_WAIT1,
	[FW2] = TCP_FIN_WAIT2,       [CLOSING] = TCP_CLOSING,  [LAST_ACK] = TCP_LAST_ACK,
	[SYN_SENT] = TCP_SYN_SENT,   [LISTEN] = TCP_LISTEN,    [UNACCEPTED] = TCP_ESTABLISHED,
	[TIME_WAIT] = TCP_TIME_WAIT, [ORPHAN] = TCP_FIN_WAIT1,
};

int scene_state_number(enum lab_state state)
{
	return state_numbers[state];
}

bool scene_failed(struct scene *scene, const char *step, int64_t result)
{
	if (result >= 0)
		return false;
	snprintf(scene->why, sizeof(scene->why), "%s: %s", step, strerror(-(int)result));
	return true;
}

static int wrong(struct scene *scene, const char *what, int64_t seen)
{
	snprintf(scene->why, sizeof(scene->why), "not set up as meant: %s is %lld", what,
		 (long long)seen);
	return -1;
}

static int64_t tell(struct scene *scene, enum order order, int64_t arg)
{
	return owner_do(&scene->owner, order, arg, NULL);
}

/* ---- who is connected to whom ---- */

static int connect_pair(struct scene *scene)
{
	int rcvbuf = scene->s->send == ZEROWIN ? SMALL_RCVBUF : 0;

	scene->listener = tcp_listen(scene->family, rcvbuf, &scene->far_port);
	if (scene_failed(scene, "listen", scene->listener))
		return -1;
	if (scene_failed(scene, "connect", tell(scene, ORDER_CONNECT, scene->far_port)))
		return -1;
	scene->far = tcp_accept(scene->listener);
	if (scene_failed(scene, "accept", scene->far))
		return -1;
	scene->near_port = peer_port(scene->far);
	return 0;
}

/* The SYN goes to a listener that hears nothing. */
static int connect_to_nobody(struct scene *scene)
{
	struct reply reply;

	scene->listener = tcp_listen(scene->family, 0, &scene->far_port);
	if (scene_failed(scene, "listen", scene->listener))
		return -1;
	scene->deaf = true;
	if (scene_failed(scene, "filter", tcp_deafen(scene->listener)))
		return -1;
	if (scene_failed(scene, "connect", tell(scene, ORDER_CONNECT_ON, scene->far_port)))
		return -1;
	if (scene_failed(scene, "look", owner_do(&scene->owner, ORDER_TRUTH, 0, &reply)))
		return -1;
	scene->near_port = scene->family == AF_INET6
				   ? ntohs(((struct sockaddr_in6 *)&reply.truth.local)->sin6_port)
				   : ntohs(((struct sockaddr_in *)&reply.truth.local)->sin_port);
	return 0;
}

/* The owner listens; this process's connections wait in its queue. */
static int wait_in_queue(struct scene *scene)
{
	static const char bytes[8192];
	const struct scenario *s = scene->s;
	int waiting = s->state == UNACCEPTED ? 1 : s->waiting;
	int count = lab_recv_bytes(s->recv);
	int64_t port = tell(scene, ORDER_LISTEN, 0);

	if (scene_failed(scene, "listen", port))
		return -1;
	scene->near_port = port;
	for (int i = 0; i < waiting && i < MAX_WAITING; i++) {
		scene->clients[i] = tcp_connect(scene->family, port, 0);
		if (scene_failed(scene, "connect", scene->clients[i]))
			return -1;
		if (count && send(scene->clients[i], bytes, count, 0) != count)
			return wrong(scene, "a client's send", errno);
		if (scene_failed(scene, "send", tcp_wait_drained(scene->clients[i])))
			return -1;
	}
	if (scene_failed(scene, "the queue", tell(scene, ORDER_WAIT_QUEUE, waiting)))
		return -1;
	scene->far = scene->clients[0];
	if (s->state == UNACCEPTED)
		scene->far_port = local_port(scene->far);
	return 0;
}

static int connect_all(struct scene *scene)
{
	if (scene->s->state == LISTEN || scene->s->state == UNACCEPTED)
		return wait_in_queue(scene);
	if (scene->s->state == SYN_SENT)
		return connect_to_nobody(scene);
	return connect_pair(scene);
}

/* ---- what is queued ---- */

static bool has_peers_fin(enum lab_state state)
{
	return state == CW || state == LAST_ACK;
}

/* What the peer sends: bytes, then in some states its FIN. */
static int receive(struct scene *scene)
{
	static const char bytes[8192];
	const struct scenario *s = scene->s;
	int count = lab_recv_bytes(s->recv);

	if (count && send(scene->far, bytes, count, 0) != count)
		return wrong(scene, "the peer's send", errno);
	if (scene_failed(scene, "unread data", tell(scene, ORDER_WAIT_UNREAD, count)))
		return -1;
	if (!has_peers_fin(s->state))
		return 0;
	shutdown(scene->far, SHUT_WR);
	if (scene_failed(scene, "CLOSE_WAIT", tell(scene, ORDER_WAIT_STATE, TCP_CLOSE_WAIT)))
		return -1;
	/* A FIN whose acknowledgement is still due would be sent again, into a socket that may have
	 * gone in silence by then, and draw a reset that is none of the close's. */
	if (scene_failed(scene, "FIN_WAIT2", tcp_wait_state(scene->far, TCP_FIN_WAIT2)))
		return -1;
	if (s->recv == EOF_READ && scene_failed(scene, "EOF", tell(scene, ORDER_READ_EOF, 0)))
		return -1;
	return 0;
}

static int deafen(struct scene *scene)
{
	scene->deaf = true;
	return scene_failed(scene, "filter", tcp_deafen(scene->far)) ? -1 : 0;
}

static int write_out(struct scene *scene, enum order order, int64_t bytes)
{
	scene->written = tell(scene, order, bytes);
	return scene_failed(scene, "write", scene->written) ? -1 : 0;
}

static int send_slowly(struct scene *scene)
{
	int err = slow_link();

	scene->skip = err == -ENOENT;
	if (scene_failed(scene, "slow link (tc)", err))
		return -1;
	return write_out(scene, ORDER_WRITE, SLOW_BYTES);
}

static int fill_send_queue(struct scene *scene)
{
	switch (scene->s->send) {
	case SLOW:
		return send_slowly(scene);
	case ZEROWIN:
		scene->stalled = true;
		return write_out(scene, ORDER_FILL, 0);
	case GONE:
		if (deafen(scene))
			return -1;
		return write_out(scene, ORDER_WRITE, GONE_BYTES);
	case CORKED:
		return write_out(scene, ORDER_WRITE, CORKED_BYTES);
	default:
		return 0;
	}
}

/* ---- into the state ---- */

static int shut_down_both(struct scene *scene)
{
	if (scene_failed(scene, "SHUT_WR", tell(scene, ORDER_SHUT, SHUT_WR)))
		return -1;
	if (scene_failed(scene, "FIN_WAIT2", tell(scene, ORDER_WAIT_STATE, TCP_FIN_WAIT2)))
		return -1;
	shutdown(scene->far, SHUT_WR);
	return scene_failed(scene, "TIME_WAIT", tell(scene, ORDER_WAIT_STATE, TCP_CLOSE)) ? -1 : 0;
}

/* Our FIN is out; where no data holds it back, the peer must not hear it. */
static int shut_down_unheard(struct scene *scene)
{
	if (scene->s->send == EMPTY && deafen(scene))
		return -1;
	if (scene_failed(scene, "SHUT_WR", tell(scene, ORDER_SHUT, SHUT_WR)))
		return -1;
	if (scene->s->state == CLOSING)
		shutdown(scene->far, SHUT_WR);
	return 0;
}

static int enter_state(struct scene *scene)
{
	switch (scene->s->state) {
	case FW1:
	case CLOSING:
	case LAST_ACK:
		return shut_down_unheard(scene);
	case FW2:
		return scene_failed(scene, "SHUT_WR", tell(scene, ORDER_SHUT, SHUT_WR)) ? -1 : 0;
	case TIME_WAIT:
		return shut_down_both(scene);
	case ORPHAN:
		return scene_failed(scene, "close", tell(scene, ORDER_CLOSE, 0)) ? -1 : 0;
	default:
		return 0;
	}
}

/* ---- is it as meant? ---- */

static int verify_state(struct scene *scene)
{
	int wanted = state_numbers[scene->s->state];
	int64_t end = now_ms() + WAIT_MS;
	int seen;

	while ((seen = listed_state(scene->family, scene->near_port, scene->far_port)) != wanted)
		if (!nap_before(end))
			return wrong(scene, "the state", seen);
	return 0;
}

static int verify_queues(struct scene *scene, const struct truth *truth)
{
	const struct scenario *s = scene->s;
	bool waits = s->send != EMPTY;

	if (s->state == LISTEN || s->state == UNACCEPTED)
		return 0;
	if (truth->inq != lab_recv_bytes(s->recv))
		return wrong(scene, "SIOCINQ", truth->inq);
	if ((truth->outq > 1) != waits)
		return wrong(scene, "SIOCOUTQ", truth->outq);
	if (waits && truth->outqnsd < 2)
		return wrong(scene, "SIOCOUTQNSD", truth->outqnsd);
	if (s->send == ZEROWIN && truth->outqnsd != truth->outq)
		return wrong(scene, "what is in flight", truth->outq - truth->outqnsd);
	return 0;
}

/* A corked segment leaves after the least RTO all the same, 200 ms. Kernels from 6.11 let that be
 * chosen for the namespace; on others the scenario must be quicker. */
static void hold_the_cork(void)
{
	static const char us[] = "10000000";
	int fd = open("/proc/sys/net/ipv4/tcp_rto_min_us", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, us, strlen(us)) < 0)
		errno = 0;
	drop_fd(&fd);
}

int scene_set_up(struct scene *scene, const struct scenario *s, struct truth *truth)
{
	bool connected = s->state != LISTEN && s->state != UNACCEPTED && s->state != SYN_SENT;
	struct reply reply = { 0 };

	*scene = (struct scene){ .s = s, .listener = -1, .far = -1 };
	scene->owner.line = scene->sniffer.fd = -1;
	for (int i = 0; i < MAX_WAITING; i++)
		scene->clients[i] = -1;
	scene->family = s->family == V6 ? AF_INET6 : AF_INET;
	if (s->send == CORKED)
		hold_the_cork();
	if (scene_failed(scene, "packet socket", sniffer_open(&scene->sniffer)) ||
	    scene_failed(scene, "owner", owner_start(&scene->owner, s)))
		return -1;
	if (connect_all(scene))
		return -1;
	scene->sniffer.from = scene->near_port;
	scene->sniffer.to = scene->far_port;
	if (scene_failed(scene, "options", tell(scene, ORDER_DRESS, 0)))
		return -1;
	if (connected && (receive(scene) || fill_send_queue(scene) || enter_state(scene)))
		return -1;
	if (s->option == REPAIR && scene_failed(scene, "TCP_REPAIR", tell(scene, ORDER_REPAIR, 0)))
		return -1;
	if (s->refs != ONE && scene_failed(scene, "share", tell(scene, ORDER_SHARE, 0)))
		return -1;
	if (verify_state(scene))
		return -1;
	if (s->state == ORPHAN || s->state == TIME_WAIT)
		return 0;
	if (scene_failed(scene, "look", owner_do(&scene->owner, ORDER_TRUTH, 0, &reply)))
		return -1;
	*truth = reply.truth;
	return verify_queues(scene, truth);
}

void scene_release(struct scene *scene)
{
	if (scene->deaf && scene->far >= 0)
		tcp_hear(scene->far);
	scene->deaf = false;
	scene->stalled = false;
}

void scene_end(struct scene *scene)
{
	drop_fd(&scene->owner.line);
	if (scene->owner.pid > 0) {
		kill(scene->owner.pid, SIGKILL);
		owner_wait(&scene->owner, WAIT_MS);
	}
	drop_fd(&scene->sniffer.fd);
	drop_fd(&scene->listener);
	if (scene->far == scene->clients[0])
		scene->far = -1;
	drop_fd(&scene->far);
	for (int i = 0; i < MAX_WAITING; i++)
		drop_fd(&scene->clients[i]);
}
