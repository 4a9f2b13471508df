/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: hold-socket NAME
 *
 * Calls itself NAME (its first 15 bytes, whatever they are), listens on a loopback port, prints
 * the port, and ends when its standard input does.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char c;

	if (argc != 2 || prctl(PR_SET_NAME, argv[1]) < 0) {
		fprintf(stderr, "usage: hold-socket NAME\n");
		return 2;
	}
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 1) < 0 ||
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
