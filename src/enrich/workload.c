/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/workload.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NAME_SIZE     256 /* of a directory's name (NAME_MAX), and of a unit's (UNIT_NAME_MAX) */
#define ID_LEN        64
#define UID_LEN       36

/* A part of the path. */
struct piece {
	const char *text;
	size_t len;
};

static struct piece next_piece(const char **rest)
{
	struct piece p;

	*rest += strspn(*rest, "/");
	p = (struct piece){ *rest, strcspn(*rest, "/") };
	*rest += p.len;
	return p;
}

static struct piece piece_of(const char *text)
{
	return (struct piece){ text, strlen(text) };
}

static bool is(struct piece p, const char *text)
{
	return p.text && p.len == strlen(text) && memcmp(p.text, text, p.len) == 0;
}

/* Takes a prefix and a suffix off; false when they are not there, or nothing is between them. */
static bool strip(struct piece *p, const char *prefix, const char *suffix)
{
	size_t before = strlen(prefix), behind = strlen(suffix);

	if (p->len <= before + behind || memcmp(p->text, prefix, before) != 0 ||
	    memcmp(p->text + p->len - behind, suffix, behind) != 0)
		return false;
	*p = (struct piece){ p->text + before, p->len - before - behind };
	return true;
}

/* --- units --------------------------------------------------------------------------------- */

/* The kinds that have a control group (systemd.resource-control(5)), without slices. */
static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

/* systemd puts an underscore before a name that the kernel could mean something by. */
static struct piece without_escape(struct piece p)
{
	if (p.len > 1 && p.text[0] == '_')
		return (struct piece){ p.text + 1, p.len - 1 };
	return p;
}

static bool has_unit_characters(struct piece p)
{
	for (size_t i = 0; i < p.len; i++)
		if (!isalnum((unsigned char)p.text[i]) && !strchr(":-_.\\@", p.text[i]))
			return false;
	return p.len < NAME_SIZE;
}

/* A template has no processes; an instance has a name on both sides of the `@`. */
static bool has_unit_name(struct piece stem)
{
	const char *at = memchr(stem.text, '@', stem.len);

	return !at || (at > stem.text && at + 1 < stem.text + stem.len);
}

static bool is_unit(struct piece p)
{
	if (!has_unit_characters(p))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		struct piece stem = p;

		if (strip(&stem, "", suffixes[i]))
			return has_unit_name(stem);
	}
	return false;
}

/* A slice's hyphens are the steps that lead to it: none of them may be empty. */
static bool is_slice(struct piece p)
{
	if (!has_unit_characters(p) || !strip(&p, "", ".slice") || memchr(p.text, '@', p.len))
		return false;
	return p.text[0] != '-' && p.text[p.len - 1] != '-' && !memmem(p.text, p.len, "--", 2);
}

static bool is_user_manager(struct piece p)
{
	if (strip(&p, "capsule@", ".service"))
		return true;
	if (!strip(&p, "user@", ".service"))
		return false;
	for (size_t i = 0; i < p.len; i++)
		if (!isdigit((unsigned char)p.text[i]))
			return false;
	return true;
}

/* Goes over the slices: gives the last of them, and what follows. */
static struct piece skip_slices(const char **rest, struct piece *follows)
{
	struct piece slice = { 0 };

	for (;;) {
		*follows = without_escape(next_piece(rest));
		if (!is_slice(*follows))
			return slice;
		slice = *follows;
	}
}

struct units {
	struct piece slice;   /* the innermost that leads to the unit */
	struct piece manager; /* of a user, where the unit is one of its */
	struct piece unit;
};

static struct units find_units(const char *path)
{
	struct units u = { 0 };
	struct piece follows;

	u.slice = skip_slices(&path, &follows);
	if (!is_unit(follows))
		return u;
	u.unit = follows;
	if (!is_user_manager(follows))
		return u;
	skip_slices(&path, &follows);
	if (!is_unit(follows))
		return u;
	u.manager = u.unit;
	u.unit = follows;
	return u;
}

static int set(struct intern *texts, const char **to, struct piece p)
{
	*to = NULL;
	if (!p.len)
		return 0;
	*to = intern(texts, p.text, p.len);
	return *to ? 0 : -ENOMEM;
}

/* MANAGER/UNIT, or the unit alone. */
static int set_unit(struct intern *texts, const char **to, struct piece manager, struct piece unit)
{
	char text[2 * NAME_SIZE];
	int n;

	if (!manager.len || !unit.len)
		return set(texts, to, unit.len ? unit : manager);
	n = snprintf(text, sizeof(text), "%.*s/%.*s", (int)manager.len, manager.text, (int)unit.len,
		     unit.text);
	return set(texts, to, (struct piece){ text, (size_t)n });
}

/* --- units that last ----------------------------------------------------------------------- */

/* foo@bar.service in the room of the caller: foo@.service. */
static struct piece template_of(struct piece p, char *room, size_t size)
{
	const char *at = p.len ? memchr(p.text, '@', p.len) : NULL;
	const char *dot = at ? memrchr(p.text, '.', p.len) : NULL;
	int n;

	if (!dot || dot < at)
		return p;
	n = snprintf(room, size, "%.*s@%.*s", (int)(at - p.text), p.text,
		     (int)(p.text + p.len - dot), dot);
	return (struct piece){ room, (size_t)n };
}

/* Scopes are never configured, they are made for processes that are there already; systemd-run
 * numbers its services. init.scope is systemd itself. */
static bool is_transient(struct piece p)
{
	struct piece scope = p, run = p;

	return (strip(&scope, "", ".scope") && !is(scope, "init")) ||
	       strip(&run, "run-", ".service");
}

static int set_lasting(struct intern *texts, const struct units *u, struct workload *w)
{
	char manager[NAME_SIZE], unit[NAME_SIZE], container[64];
	struct piece above = template_of(u->manager, manager, sizeof(manager));

	if (w->container || w->pod_uid) {
		snprintf(container, sizeof(container), "container%s%s", w->runtime ? ":" : "",
			 w->runtime ? w->runtime : "");
		return set(texts, &w->lasting, piece_of(container));
	}
	if (!u->unit.len)
		return set(texts, &w->lasting, u->slice);
	if (is_transient(u->unit))
		return set(texts, &w->lasting, above.len ? above : u->slice);
	return set_unit(texts, &w->lasting, above, template_of(u->unit, unit, sizeof(unit)));
}

/* --- pods ---------------------------------------------------------------------------------- */

/* A pod's uid, with hyphens or what stands for them; of a static pod a hash without. */
static bool is_pod_uid(struct piece p)
{
	if (p.len != UID_LEN && p.len != 32)
		return false;
	for (size_t i = 0; i < p.len; i++) {
		bool hyphen = p.len == UID_LEN && (i == 8 || i == 13 || i == 18 || i == 23);

		if (hyphen ? p.text[i] != '-' && p.text[i] != '_'
			   : !isxdigit((unsigned char)p.text[i]))
			return false;
	}
	return true;
}

/* The kubelet's groups: kubepods-burstable-podUID.slice with systemd, kubepods/burstable/podUID
 * without (pkg/kubelet/cm/cgroup_manager_linux.go); a group may stand above. */
static bool find_slice_pod(struct piece p, struct piece *uid)
{
	static const size_t lengths[] = { UID_LEN, 32 };
	static const char pod[] = "-pod";
	const size_t n = sizeof(pod) - 1;

	if (!strip(&p, "", ".slice") || !memmem(p.text, p.len, "kubepods", 8))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		if (p.len < lengths[i] + n)
			continue;
		*uid = (struct piece){ p.text + p.len - lengths[i], lengths[i] };
		if (memcmp(uid->text - n, pod, n) == 0 && is_pod_uid(*uid))
			return true;
	}
	return false;
}

static bool find_plain_pod(struct piece above, struct piece p, struct piece *uid)
{
	*uid = p;
	return (is(above, "kubepods") || is(above, "burstable") || is(above, "besteffort")) &&
	       strip(uid, "pod", "") && is_pod_uid(*uid);
}

static int set_pod(struct intern *texts, struct piece uid, struct workload *w)
{
	char text[UID_LEN + 1] = "";

	for (size_t i = 0; i < uid.len; i++)
		text[i] = uid.text[i] == '_' ? '-' : uid.text[i];
	return set(texts, &w->pod_uid, piece_of(text));
}

/* --- containers ---------------------------------------------------------------------------- */

enum content { CONTENT_ID, CONTENT_NAME, CONTENT_ESCAPED };

/*
 * The forms of a container's group. `prefix-ID.scope` is what runc and crun ask systemd for;
 * without systemd each runtime has a group of its own choice. A monitor's group (libpod-conmon-ID,
 * crio-conmon-ID, lxc.monitor.NAME) has the form of none of these.
 */
static const struct form {
	const char *runtime;
	const char *parent; /* the group above; NULL: any */
	const char *prefix, *suffix;
	const char *child; /* the group below; NULL: any or none */
	enum content content;
} forms[] = {
	{ "docker", NULL, "docker-", ".scope", NULL, CONTENT_ID },
	{ "docker", "docker", "", "", NULL, CONTENT_ID },
	{ "containerd", NULL, "cri-containerd-", ".scope", NULL, CONTENT_ID },
	{ "containerd", NULL, "nerdctl-", ".scope", NULL, CONTENT_ID },
	{ "podman", NULL, "libpod-", ".scope", NULL, CONTENT_ID },
	{ "podman", NULL, "libpod-", "", NULL, CONTENT_ID },
	/* --cgroups=split, which Quadlet's services have. */
	{ "podman", NULL, "libpod-payload-", "", NULL, CONTENT_ID },
	{ "crio", NULL, "crio-", ".scope", NULL, CONTENT_ID },
	{ "crio", NULL, "crio-", "", NULL, CONTENT_ID },
	/* LXD and Incus too. Where the name was taken LXC appends a number, which is shown. */
	{ "lxc", NULL, "lxc.payload.", "", NULL, CONTENT_NAME },
	{ "lxc", "lxc.payload", "", "", NULL, CONTENT_NAME },
	{ "lxc", "lxc", "", "", NULL, CONTENT_NAME },
	/* systemd-machined names virtual machines so too; only nspawn has a payload. */
	{ "nspawn", NULL, "machine-", ".scope", "payload", CONTENT_ESCAPED },
	{ "nspawn", NULL, "systemd-nspawn@", ".service", "payload", CONTENT_NAME },
};

static bool is_id(struct piece p)
{
	for (size_t i = 0; i < p.len; i++)
		if (!isdigit((unsigned char)p.text[i]) && !(p.text[i] >= 'a' && p.text[i] <= 'f'))
			return false;
	return p.len == ID_LEN;
}

/* A part of the path and its neighbours. */
struct place {
	struct piece above, here, below;
	bool above_is_pod;
};

/* "SLICE:prefix:ID" is what runc makes of systemd's form when it is not to use systemd; gives the
 * slice. */
static bool fits_triple(const struct form *f, struct piece here, struct piece *slice,
			struct piece *id)
{
	const char *first = memchr(here.text, ':', here.len);
	const char *last = memrchr(here.text, ':', here.len);
	size_t prefix = strlen(f->prefix);

	if (!first || first == last || strcmp(f->suffix, ".scope") != 0 || f->content != CONTENT_ID)
		return false;
	*slice = (struct piece){ here.text, (size_t)(first - here.text) };
	*id = (struct piece){ last + 1, (size_t)(here.text + here.len - last - 1) };
	/* Without the hyphen that joins the two in a scope's name. */
	return (size_t)(last - first) == prefix && memcmp(first + 1, f->prefix, prefix - 1) == 0 &&
	       is_id(*id);
}

static bool fits(const struct form *f, const struct place *at, struct piece *content)
{
	struct piece slice;

	if (fits_triple(f, at->here, &slice, content))
		return true;
	*content = at->here;
	if ((f->parent && !is(at->above, f->parent)) || (f->child && !is(at->below, f->child)) ||
	    !strip(content, f->prefix, f->suffix))
		return false;
	return f->content != CONTENT_ID || is_id(*content);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, tolower((unsigned char)c));

	return c && at ? (int)(at - digits) : -1;
}

/* The byte behind `\x`, 0 where there is none. */
static char escaped_byte(struct piece p, size_t i)
{
	int high, low;

	if (i + 4 > p.len || p.text[i] != '\\' || p.text[i + 1] != 'x')
		return 0;
	high = hex_digit(p.text[i + 2]);
	low = hex_digit(p.text[i + 3]);
	return high < 0 || low < 0 ? 0 : (char)(high * 16 + low);
}

/* systemd writes \x2d for a hyphen that is no step of a path (unit_name_escape()). */
static struct piece unescape(struct piece p, char *room)
{
	size_t n = 0;

	for (size_t i = 0; i < p.len; i++) {
		char byte = escaped_byte(p, i);

		room[n++] = byte ? byte : p.text[i];
		i += byte ? 3 : 0;
	}
	return (struct piece){ room, n };
}

static int set_container(struct intern *texts, const char *runtime, enum content content,
			 struct piece what, struct workload *w)
{
	char text[NAME_SIZE + 32], name[NAME_SIZE];
	int n;

	if (content == CONTENT_ESCAPED)
		what = unescape(what, name);
	n = snprintf(text, sizeof(text), "%s:%.*s", runtime ? runtime : "?", (int)what.len,
		     what.text);
	w->runtime = runtime;
	w->id = w->name = NULL;
	if (set(texts, content == CONTENT_ID ? &w->id : &w->name, what))
		return -ENOMEM;
	return set(texts, &w->container, (struct piece){ text, (size_t)n });
}

/* Below a pod of the kubelet's own naming there is an id, and no word of whose. */
static int find_container(struct intern *texts, const struct place *at, struct workload *w)
{
	struct piece content;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (fits(&forms[i], at, &content))
			return set_container(texts, forms[i].runtime, forms[i].content, content, w);
	if (at->above_is_pod && is_id(at->here))
		return set_container(texts, NULL, CONTENT_ID, at->here, w);
	return 0;
}

static int find_pod(struct intern *texts, struct place *at, struct workload *w)
{
	const char *colon = memchr(at->here.text, ':', at->here.len);
	struct piece slice = at->here, uid;

	if (colon)
		slice.len = (size_t)(colon - slice.text);
	at->above_is_pod = find_plain_pod(at->above, at->here, &uid);
	if (!at->above_is_pod && !find_slice_pod(slice, &uid))
		return 0;
	return set_pod(texts, uid, w);
}

/* The last container that fits is the innermost. */
static int find_containers(struct intern *texts, const char *path, struct workload *w)
{
	struct place at = { .here = next_piece(&path) };
	int err = 0;

	while (!err && at.here.len) {
		at.below = next_piece(&path);
		if (at.here.len < NAME_SIZE)
			err = find_container(texts, &at, w);
		if (!err)
			err = find_pod(texts, &at, w);
		at.above = at.here;
		at.here = at.below;
	}
	return err;
}

int workload_read(struct intern *texts, const char *path, struct workload *workload)
{
	struct units u = find_units(path);
	int err;

	*workload = (struct workload){ 0 };
	err = set_unit(texts, &workload->unit, u.manager, u.unit.len ? u.unit : u.slice);
	if (!err)
		err = find_containers(texts, path, workload);
	return err ? err : set_lasting(texts, &u, workload);
}
