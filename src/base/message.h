/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for people: one line each on standard error, with the program's name in front.
 */
#ifndef LINGERSTAT_BASE_MESSAGE_H
#define LINGERSTAT_BASE_MESSAGE_H

/* Prints one line. Control bytes in it (a hostile file name) are shown as `?`. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
