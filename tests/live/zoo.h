/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zoo of sockets for filters to choose from: every TCP state over IPv4 and IPv6, IPv4 inside
 * IPv6, UDP, marks, devices, ports at both ends of their range, and unix sockets with odd names.
 * What an expression can name is fixed:
 *
 *	tcp 0.0.0.0:8080	listens; from 127.0.0.3 to 127.0.0.1, from 127.0.0.2 to 127.0.0.2,
 *				and from an IPv6 socket as ::ffff:127.0.0.1
 *	tcp [::]:9090		listens, both versions; from ::1 and from 127.0.0.1
 *	tcp [::1]:443, 127.0.0.1:22, 127.1.2.3:8081	listen
 *	tcp 0.0.0.0:7070	listens on lo only; 7071 has the mark 0x15
 *	udp 127.0.0.1:53, [::1]:53	each with a client; 53 on lo only: 127.0.0.9
 *	udp 10.1.2.3:5353, 10.200.0.1:5353, [2001:db8::5]:5353, [2001:db8:0:1::5]:5353
 *	udp 127.0.0.1:1, 127.0.0.1:65535; 127.0.0.1:7072 has the mark 0x25
 *	unix			see zoo.c
 */
#ifndef LINGERSTAT_TESTS_ZOO_H
#define LINGERSTAT_TESTS_ZOO_H

/* Opens all of it, to stay open until the program ends; paths of unix sockets are made in
 * `directory`. Returns 0, or a negative errno with *why set to what could not be made. */
int zoo_open(const char *directory, const char **why);

/* Some TCP sockets live for a minute: opens new ones of those when they are some seconds old. To be
 * called between looks that are not compared. 0 or a negative errno. */
int zoo_refresh(void);

/* Removes the paths and the directory. */
void zoo_close(const char *directory);

#endif
