/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON objects that every document has: the header of a run, and how it ended.
 */
#ifndef LINGERSTAT_PRESENT_JSON_H
#define LINGERSTAT_PRESENT_JSON_H

#include "present/writer.h"

/* The header object. */
void json_header(struct outbuf *b, const struct run_info *info);

/* The summary object's members, without its braces. */
void json_summary(struct outbuf *b, const struct run_result *result);

#endif
