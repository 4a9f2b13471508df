/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The orders of the column table: what --sort compares where the letters or digits of a cell
 * would mislead. An order writes bytes that compare as the column should, and nothing where the
 * value is unknown: what is unknown comes last, up or down.
 */
#ifndef LINGERSTAT_PRESENT_ORDERS_H
#define LINGERSTAT_PRESENT_ORDERS_H

#include "present/column.h"

#define ORDER(name) \
	void order_##name(struct outbuf *b, const struct socket *sk, const struct cell_context *cx)

ORDER(local);    /* by family, address and port; without a port, by the cell */
ORDER(peer);     /* likewise */
ORDER(linger);   /* none to apply, off, 0 seconds and up, unbounded */
ORDER(cookie);   /* as a number */
ORDER(risk);     /* by the lower bound, then by the upper */
ORDER(risk_max); /* from none to certain */

#endif
