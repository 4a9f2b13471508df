/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the path of a control group says about who runs in it: the unit of systemd and the
 * container. Every text is interned: equal ones have the same address, and live as long as the
 * run. NULL: there is none.
 */
#ifndef LINGERSTAT_MODEL_WORKLOAD_H
#define LINGERSTAT_MODEL_WORKLOAD_H

#define CONTAINER_SHORT 12 /* digits of a container's id that its tools show */

struct workload {
	/* `nginx.service`; of a user's manager behind its name, `user@1000.service/app.service`;
	 * where there is none, the innermost slice. */
	const char *unit;
	/* The same without what does not last: a template for its instance, the slice for a scope
	 * or a transient service, `container:RUNTIME` for what is in one. */
	const char *lasting;
	const char *container; /* RUNTIME:ID or RUNTIME:NAME, `?` for a runtime that is not known */
	const char *runtime;   /* NULL also where there is a container of some other runtime */
	const char *id;        /* 64 hexadecimal digits */
	const char *name;      /* of a container that has a name instead */
	const char *pod_uid;   /* of Kubernetes, with hyphens */
};

#endif
