/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "segments.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CATCH_BUFFER  (16 << 20) /* bytes: an experiment is well below one megabyte */
#define STAMP_LATE_MS 5          /* a time so far back was not taken when the packet was read */
#define STAMP_TRIES   100

void segments_close(struct segments *segments)
{
	if (segments->fd >= 0)
		close(segments->fd);
	free(segments->list);
	*segments = (struct segments){ .fd = -1 };
}

static void add(struct segments *segments, const struct segment *segment)
{
	if (segments->count == segments->size) {
		size_t size = segments->size ? 2 * segments->size : 256;
		struct segment *list = realloc(segments->list, size * sizeof(*list));

		if (!list) {
			segments->incomplete = true;
			return;
		}
		segments->list = list;
		segments->size = size;
	}
	segments->list[segments->count++] = *segment;
}

static int64_t microseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

/* --- what came over the device ----------------------------------------------------------- */

static int64_t kernel_time(struct msghdr *message)
{
	struct timespec t = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&t, CMSG_DATA(c), sizeof(t));
	return microseconds(&t);
}

/* Gives false for what is no TCP segment. */
static bool parse(const uint8_t *bytes, size_t length, struct segment *segment)
{
	struct iphdr ip;
	struct tcphdr tcp;
	size_t header;

	if (length < sizeof(ip))
		return false;
	memcpy(&ip, bytes, sizeof(ip));
	header = (size_t)ip.ihl * 4;
	if (ip.protocol != IPPROTO_TCP || length < header + sizeof(tcp))
		return false;
	memcpy(&tcp, bytes + header, sizeof(tcp));
	segment->from = ntohs(tcp.th_sport);
	segment->to = ntohs(tcp.th_dport);
	segment->seq = ntohl(tcp.th_seq);
	segment->flags = tcp.th_flags;
	segment->bytes = ntohs(ip.tot_len) - (uint32_t)header - tcp.th_off * 4u;
	return true;
}

/* Loopback shows every packet twice: as it leaves, and as it arrives. The first is taken, because
 * the answer to a segment may be seen before the segment's own arrival. Only a socket for all
 * protocols is shown what leaves (dev_queue_xmit_nit() in net/core/dev.c). */
static bool take_one(struct segments *segments)
{
	uint8_t bytes[128], control[128];
	struct sockaddr_ll address = { 0 };
	struct iovec part = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr message = { .msg_name = &address,
				  .msg_namelen = sizeof(address),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct segment segment = { 0 };
	ssize_t got = recvmsg(segments->fd, &message, 0);

	if (got < 0)
		return errno == EINTR;
	if (address.sll_pkttype != PACKET_OUTGOING || address.sll_protocol != htons(ETH_P_IP) ||
	    !parse(bytes, (size_t)got, &segment))
		return true;
	segment.us = kernel_time(&message);
	add(segments, &segment);
	return true;
}

static void take_all(struct segments *segments)
{
	while (segments->fd >= 0 && take_one(segments))
		;
}

/* The kernel shows a segment to the packet socket as it is sent, so what is not here by now was
 * not sent by now. */
size_t segments_mark(struct segments *segments, const char *what)
{
	struct segment mark = { .mark = what };
	struct timespec now;

	take_all(segments);
	clock_gettime(CLOCK_REALTIME, &now);
	mark.us = microseconds(&now);
	if (what && segments->fd >= 0)
		add(segments, &mark);
	return segments->count;
}

static void nap_ms(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

/* Sends a datagram to nobody, lets it lie, and looks when the kernel says it came. */
static bool is_stamped(struct segments *segments, int sender)
{
	const struct sockaddr_in nobody = { .sin_family = AF_INET,
					    .sin_port = htons(9),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint8_t control[128];
	struct msghdr message = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct timespec now;

	take_all(segments);
	sendto(sender, "", 0, 0, (const struct sockaddr *)&nobody, sizeof(nobody));
	nap_ms(STAMP_LATE_MS);
	if (recvmsg(segments->fd, &message, 0) < 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	return microseconds(&now) - kernel_time(&message) >= STAMP_LATE_MS * INT64_C(1000);
}

/* The kernel begins to stamp packets a while after it was asked to, from a work queue
 * (net_enable_timestamp() in net/core/dev.c); until then a packet has the time at which it is
 * read. That would only spoil the times that are shown, so this does not wait for ever. */
static void wait_for_stamps(struct segments *segments)
{
	int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (int i = 0; sender >= 0 && i < STAMP_TRIES && !is_stamped(segments, sender); i++)
		;
	if (sender >= 0)
		close(sender);
}

int segments_open(struct segments *segments)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = (int)if_nametoindex("lo") };
	int bytes = CATCH_BUFFER, on = 1;
	int err = 0;

	*segments = (struct segments){ .fd = -1 };
	if (!address.sll_ifindex)
		return -errno;
	segments->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (segments->fd < 0)
		return -errno;
	if (setsockopt(segments->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(segments->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (setsockopt(segments->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    bind(segments->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err = -errno;
	if (err)
		segments_close(segments);
	else
		wait_for_stamps(segments);
	return err;
}

void segments_begin(struct segments *segments)
{
	struct tpacket_stats stats;
	socklen_t length = sizeof(stats);

	if (segments->fd < 0)
		return;
	take_all(segments);
	getsockopt(segments->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length);
	segments->count = 0;
	segments->incomplete = false;
}

void segments_end(struct segments *segments)
{
	struct tpacket_stats stats = { 0 };
	socklen_t length = sizeof(stats);

	if (segments->fd < 0)
		return;
	take_all(segments);
	getsockopt(segments->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length);
	segments->incomplete = segments->incomplete || stats.tp_drops > 0;
}

size_t segments_count(const struct segments *segments, uint16_t from, uint8_t flags, size_t begin,
		      size_t end)
{
	size_t found = 0;

	for (size_t i = begin; i < segments->count && i < end; i++) {
		const struct segment *s = &segments->list[i];

		found += !s->mark && s->from == from && (!flags || s->flags & flags);
	}
	return found;
}

/* --- printing ---------------------------------------------------------------------------- */

/* One direction, for sequence numbers that begin at 0. */
struct flow {
	const char *names; /* "client > server" */
	uint32_t first_seq;
	uint32_t highest; /* relative: what lies below was sent before */
	bool begun;
};

/* Data segments that make one line. */
struct run {
	const struct flow *flow;
	int64_t us;
	uint32_t begin, end; /* relative sequence numbers */
	size_t segments;
	bool again;
};

static void print_time(int64_t us)
{
	printf("    %9.6f  ", (double)us / 1e6);
}

static void flush_run(struct run *run)
{
	if (!run->segments)
		return;
	print_time(run->us);
	printf("%s: data %" PRIu32 ":%" PRIu32 ", %" PRIu32 " bytes in %zu segment%s%s\n",
	       run->flow->names, run->begin, run->end, run->end - run->begin, run->segments,
	       run->segments == 1 ? "" : "s", run->again ? ", again" : "");
	run->segments = 0;
}

static void add_to_run(struct run *run, struct flow *flow, int64_t us, uint32_t begin, uint32_t end)
{
	if (run->segments && (run->flow != flow || run->end != begin))
		flush_run(run);
	if (!run->segments)
		*run = (struct run){
			.flow = flow, .us = us, .begin = begin, .again = begin < flow->highest
		};
	run->end = end;
	run->segments++;
	flow->highest = end > flow->highest ? end : flow->highest;
}

static const char *flag_words(uint8_t flags)
{
	if (flags & TH_RST)
		return "RST";
	if (flags & TH_SYN)
		return flags & TH_ACK ? "SYN, ACK" : "SYN";
	return flags & TH_FIN ? "FIN" : "";
}

static void print_segment(const struct segment *s, struct flow *flow, struct run *run, int64_t us,
			  size_t *acks)
{
	uint32_t seq;

	if (!flow->begun)
		flow->first_seq = s->seq;
	flow->begun = true;
	seq = s->seq - flow->first_seq;
	if (s->bytes)
		add_to_run(run, flow, us, seq, seq + s->bytes);
	if (!(s->flags & (TH_SYN | TH_FIN | TH_RST))) {
		*acks += !s->bytes;
		return;
	}
	flush_run(run);
	print_time(us);
	printf("%s: %s\n", flow->names, flag_words(s->flags));
}

void segments_print(const struct segments *segments, uint16_t client, uint16_t server)
{
	struct flow flows[] = { { .names = "client > server" }, { .names = "server > client" } };
	struct run run = { 0 };
	size_t acks = 0;

	if (segments->fd < 0)
		return;
	printf("\n    seconds    what crossed the loopback\n");
	for (size_t i = 0; i < segments->count; i++) {
		const struct segment *s = &segments->list[i];
		int64_t us = s->us - segments->list[0].us;

		if (s->mark) {
			flush_run(&run);
			print_time(us);
			printf("-- %s\n", s->mark);
		} else if (s->from == client && s->to == server) {
			print_segment(s, &flows[0], &run, us, &acks);
		} else if (s->from == server && s->to == client) {
			print_segment(s, &flows[1], &run, us, &acks);
		}
	}
	flush_run(&run);
	printf("               and %zu acknowledgements without data%s\n", acks,
	       segments->incomplete ? "; SOME SEGMENTS WERE NOT CAUGHT" : "");
}
