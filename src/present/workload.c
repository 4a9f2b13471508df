/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns `unit` and `container`, as cells and as JSON values. */
#include "present/workload.h"

#include "present/cells.h"
#include "present/escape.h"

static void put_name(struct outbuf *b, const char *name)
{
	if (name)
		escape_text(b, name, strlen(name));
	else
		outbuf_char(b, '-');
}

static void put_json(struct outbuf *b, const char *text)
{
	if (text)
		escape_json(b, text, strlen(text));
	else
		outbuf_str(b, "null");
}

/* A minisocket has no group; of another whose group is not in sight nothing is known. */
static bool has_workload(struct outbuf *b, const struct socket *sk)
{
	if (!sk->workload)
		outbuf_char(b, sk->queue_unit == QUEUE_NONE ? '-' : '?');
	return sk->workload;
}

/* As systemctl(1) writes it, backslashes too: a unit's name has none but harmless characters. */
CELL(unit)
{
	(void)cx;
	if (has_workload(b, sk))
		outbuf_str(b, sk->workload->unit ? sk->workload->unit : "-");
}

void workload_container(struct outbuf *b, const struct workload *w)
{
	if (!w->id) {
		put_name(b, w->container);
		return;
	}
	outbuf_str(b, w->runtime ? w->runtime : "?");
	outbuf_char(b, ':');
	outbuf_put(b, w->id, CONTAINER_SHORT);
}

CELL(container)
{
	if (!has_workload(b, sk))
		return;
	if (cx->exact)
		put_name(b, sk->workload->container);
	else
		workload_container(b, sk->workload);
}

VALUE(unit)
{
	put_json(b, sk->workload ? sk->workload->unit : NULL);
}

/* In a pod's own group there is no container. */
void workload_json(struct outbuf *b, const struct workload *w)
{
	if (!w || (!w->container && !w->pod_uid)) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_str(b, "{\"runtime\":");
	put_json(b, w->runtime);
	outbuf_str(b, ",\"id\":");
	put_json(b, w->id);
	outbuf_str(b, ",\"name\":");
	put_json(b, w->name);
	outbuf_str(b, ",\"pod_uid\":");
	put_json(b, w->pod_uid);
	outbuf_char(b, '}');
}

VALUE(container)
{
	workload_json(b, sk->workload);
}
