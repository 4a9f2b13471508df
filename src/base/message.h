/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for people: one line each on standard error, with the program's name in front.
 */
#ifndef LINGERSTAT_BASE_MESSAGE_H
#define LINGERSTAT_BASE_MESSAGE_H

/* Prints one line. What is in it from outside (a file name) may hold any byte: what would steer a
 * terminal is shown as `?`, and so are bytes that are no text in this locale. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
