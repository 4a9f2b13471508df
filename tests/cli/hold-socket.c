/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: hold-socket NAME [PATH [DEVICE]]
 *
 * Calls itself NAME (its first 15 bytes, whatever they are), listens on a loopback port, prints
 * the port, and ends when its standard input does. With PATH it also listens on a unix socket of
 * that name, written in hexadecimal as it may hold any byte; a first byte 00 makes it abstract.
 * With DEVICE the port is bound to that interface.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Returns 0, or -1 with errno. */
static int listen_unix(const char *hex)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = 0;
	unsigned int byte;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	for (; n < sizeof(address.sun_path) && sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
		address.sun_path[n] = (char)byte;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		return -1;
	return listen(fd, 1);
}

static int bind_device(int fd, const char *device)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device));
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char c;

	if (argc < 2 || argc > 4 || prctl(PR_SET_NAME, argv[1]) < 0) {
		fprintf(stderr, "usage: hold-socket NAME [PATH [DEVICE]]\n");
		return 2;
	}
	if ((argc > 2 && *argv[2] && listen_unix(argv[2]) < 0) ||
	    (argc > 3 && bind_device(fd, argv[3]) < 0) || fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
		perror("hold-socket");
		return 1;
	}
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}
