/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts and ports of an expression: ADDRESS/PREFIX:PORT in the forms that ss takes, names, and the
 * paths of unix sockets.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/values.h"
#include "model/protocols.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int read_port(const char *text, int32_t *port)
{
	struct servent *service;
	unsigned long v;
	char *end;

	if (strcmp(text, "*") == 0 || !*text) {
		*port = -1;
		return 0;
	}
	v = strtoul(text, &end, 10);
	if (!*end && isdigit((unsigned char)*text) && v <= 65535) {
		*port = (int32_t)v;
		return 0;
	}
	service = getservbyname(text, NULL);
	if (!service)
		return -EINVAL;
	*port = ntohs((uint16_t)service->s_port);
	return 0;
}

/* The kernel chooses vsock ports beyond 16 bits. */
static bool is_vsock_port(const char *text)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno && v <= UINT32_MAX;
}

static int no_such_port(const char *text, struct filter_error *error)
{
	struct value_champion c = { .typed = text };
	const struct servent *service;

	setservent(0);
	while ((service = getservent()))
		value_challenge(&c, service->s_name);
	endservent();
	value_complain(error, &c, "",
		       is_vsock_port(text)
			       ? " is no port from 0 to 65535 (a vsock port: dst vsock:*:PORT)"
			       : " is neither a port from 0 to 65535 nor a service name");
	return -EINVAL;
}

int value_port(const char *text, struct filter_value *value, struct filter_error *error)
{
	int32_t port;

	/* ss writes a bare port as `:80` or `*:80` too. */
	if (*text == '*' && text[1] == ':')
		text++;
	if (*text == ':')
		text++;
	if (read_port(text, &port) < 0)
		return no_such_port(text, error);
	value->number = port;
	return port < 0 ? -EINVAL : 0;
}

/* Splits ADDRESS/PREFIX:PORT in place; the address may stand in brackets, and IPv6 with a port
 * must. ss wants the prefix inside the brackets, `[::1/128]:80`; it may stand behind them too.
 * False when something is left over. */
static bool split_host(char *text, char **address, char **prefix, char **port)
{
	char *rest;

	*address = text;
	*prefix = *port = NULL;
	if (*text == '[') {
		*address = text + 1;
		rest = strchr(text, ']');
		if (!rest)
			return false;
		*rest++ = '\0';
		*prefix = strchr(text, '/');
		if (*prefix)
			*(*prefix)++ = '\0';
	} else {
		rest = text + strcspn(text, "/:");
		if (*rest == ':' && strchr(rest + 1, ':'))
			rest += strcspn(rest, "/");
	}
	if (*rest == '/' && !*prefix) {
		*rest++ = '\0';
		*prefix = rest;
		rest += strcspn(rest, ":");
	}
	if (*rest == ':') {
		*rest++ = '\0';
		*port = rest;
		rest += strcspn(rest, ":/");
	}
	return *rest == '\0';
}

static int add_address(struct filter_value *value, const struct addrinfo *found)
{
	struct host_pattern *host = &value->host[value->hosts];

	if (found->ai_family != AF_INET && found->ai_family != AF_INET6)
		return 0;
	/* Some of its addresses would be a wrong answer. */
	if (value->hosts == HOSTS_MAX)
		return -EINVAL;
	host->family = (uint8_t)found->ai_family;
	host->prefix = host->family == AF_INET ? 32 : 128;
	if (host->family == AF_INET)
		memcpy(&host->addr, &((struct sockaddr_in *)found->ai_addr)->sin_addr, 4);
	else
		host->addr = ((struct sockaddr_in6 *)found->ai_addr)->sin6_addr;
	value->hosts++;
	return 0;
}

/* A name means every address that it has. */
static int resolve(const char *name, uint8_t family, struct filter_value *value)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int err = 0;

	/* 10.1 is a number to the resolver, and another one to ss. */
	if (!name[strspn(name, "0123456789.")] || strpbrk(name, ":%"))
		return -EINVAL;
	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return -EINVAL;
	for (struct addrinfo *one = found; one && !err; one = one->ai_next)
		err = add_address(value, one);
	freeaddrinfo(found);
	return err || !value->hosts ? -EINVAL : 0;
}

static bool means_any(const char *text)
{
	static const char *const words[] = { "", "*", "any", "all", "default" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

/* `10.1` before a prefix is 10.1.0.0, as in ss and ip. */
static bool read_ipv4(const char *text, bool prefixed, struct in6_addr *addr)
{
	char whole[32];
	int n = snprintf(whole, sizeof(whole), "%s", text);

	for (const char *zero = ".0"; prefixed && n < 16 && inet_pton(AF_INET, whole, addr) != 1;)
		n += snprintf(whole + n, sizeof(whole) - (size_t)n, "%s", zero);
	return inet_pton(AF_INET, whole, addr) == 1;
}

static int read_address(const char *text, bool prefixed, uint8_t family, struct filter_value *value)
{
	struct host_pattern *host = value->host;

	value->hosts = 1;
	host->family = family;
	if (means_any(text))
		return 0;
	host->prefix = 32;
	host->family = AF_INET;
	if (family != AF_INET6 && read_ipv4(text, prefixed, &host->addr))
		return 0;
	host->prefix = 128;
	host->family = AF_INET6;
	if (family != AF_INET && inet_pton(AF_INET6, text, &host->addr) == 1)
		return 0;
	value->hosts = 0;
	return resolve(text, family, value);
}

static int read_prefix(const char *text, struct host_pattern *host)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || v > host->prefix)
		return -EINVAL;
	host->prefix = (uint8_t)v;
	return 0;
}

static int bad_host(struct filter_error *error, const char *what, const char *text)
{
	snprintf(error->text, sizeof(error->text), "%s '%.60s'", what, text);
	return -EINVAL;
}

static const struct {
	const char *word;
	uint8_t family;
} family_words[] = {
	{ "inet:", AF_INET },   { "inet6:", AF_INET6 },     { "unix:", AF_UNIX },
	{ "link:", AF_PACKET }, { "netlink:", AF_NETLINK }, { "vsock:", AF_VSOCK },
};

/* Takes `inet:` and the like off the front. */
static uint8_t read_family(const char **text)
{
	for (size_t i = 0; i < ARRAY_SIZE(family_words); i++) {
		size_t len = strlen(family_words[i].word);

		if (strncmp(*text, family_words[i].word, len) != 0)
			continue;
		*text += len;
		return family_words[i].family;
	}
	return AF_UNSPEC;
}

static int value_unix(const char *pattern, struct filter_value *value)
{
	value->hosts = 1;
	value->host[0] = (struct host_pattern){ .family = AF_UNIX, .port = -1, .path = pattern };
	return 0;
}

/* --- ends without an address: NUMBER:NUMBER, each may be a word, `*` or nothing -------------- */

static int64_t device_number(const char *word, const char **near)
{
	unsigned int index = if_nametoindex(word);

	(void)near;
	return index ? (int64_t)index : -1;
}

static int64_t kernel_number(const char *word, const char **near)
{
	*near = "kernel";
	return strcmp(word, *near) == 0 ? 0 : -1;
}

static int64_t link_number(const char *word, const char **near)
{
	return link_protocol_number(word, near);
}

static int64_t netlink_number(const char *word, const char **near)
{
	return netlink_protocol_number(word, near);
}

static int64_t no_number(const char *word, const char **near)
{
	(void)word;
	(void)near;
	return -1;
}

/* A number, and the words that stand for one: -1 for what is none. */
struct number_part {
	const char *what;
	int64_t (*find)(const char *word, const char **near);
};

static const struct {
	uint8_t family;
	const char *form;
	struct number_part first, second;
} number_ends[] = {
	{ AF_PACKET,
	  "not of the form link:PROTOCOL:DEVICE:",
	  { "protocol of packet sockets", link_number },
	  { "device", device_number } },
	{ AF_NETLINK,
	  "not of the form netlink:PROTOCOL:PORTID:",
	  { "protocol of netlink", netlink_number },
	  { "port id", kernel_number } },
	{ AF_VSOCK,
	  "not of the form vsock:CID:PORT:",
	  { "context id", no_number },
	  { "vsock port", no_number } },
};

/* Words come first: some begin with a digit. */
static int read_number(const char *text, const struct number_part *part, int64_t *number,
		       struct filter_error *error)
{
	const char *near = NULL;
	unsigned long v;
	char *end;

	*number = ANY_NUMBER;
	if (!*text || strcmp(text, "*") == 0)
		return 0;
	*number = part->find(text, &near);
	if (*number >= 0)
		return 0;
	if (isdigit((unsigned char)*text)) {
		v = strtoul(text, &end, 0);
		*number = (int64_t)v;
		if (!*end && v <= UINT32_MAX)
			return 0;
	}
	snprintf(error->text, sizeof(error->text), "unknown %s '%.30s'%s%s%s", part->what, text,
		 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return -EINVAL;
}

/* True when the family is one of these; then *err is what came of it. */
static bool value_numbers(uint8_t family, const char *text, struct filter_value *value,
			  struct filter_error *error, int *err)
{
	struct host_pattern *host = value->host;
	char copy[64] = "", *second;
	size_t i = 0;

	while (i < ARRAY_SIZE(number_ends) && number_ends[i].family != family)
		i++;
	if (i == ARRAY_SIZE(number_ends))
		return false;
	snprintf(copy, sizeof(copy), "%s", text);
	second = strchr(copy, ':');
	if (second)
		*second++ = '\0';
	value->hosts = 1;
	*host = (struct host_pattern){ .family = family, .port = -1 };
	if (strlen(text) >= sizeof(copy) || (second && strchr(second, ':'))) {
		*err = bad_host(error, number_ends[i].form, text);
		return true;
	}
	*err = read_number(copy, &number_ends[i].first, &host->first, error);
	if (*err == 0)
		*err = read_number(second ? second : "", &number_ends[i].second, &host->second,
				   error);
	return true;
}

int value_host(const char *text, struct filter_value *value, struct filter_error *error)
{
	char copy[256], *address, *prefix, *port;
	uint8_t family = read_family(&text);
	int32_t port_number = -1;
	int err;

	if (family == AF_UNIX || *text == '/' || *text == '@')
		return value_unix(text, value);
	if (value_numbers(family, text, value, error, &err))
		return err;
	if (strlen(text) >= sizeof(copy))
		return bad_host(error, "too long for a host:", text);
	memcpy(copy, text, strlen(text) + 1);
	if (!split_host(copy, &address, &prefix, &port))
		return bad_host(error, "not of the form ADDRESS/PREFIX:PORT or [IPv6]:PORT:", text);
	if (read_address(address, prefix, family, value) < 0)
		return bad_host(error, "neither an address nor a host name that resolves:", text);
	if (port && read_port(port, &port_number) < 0)
		return bad_host(error, "the port is neither a number nor a service name:", text);
	for (unsigned int i = 0; i < value->hosts; i++) {
		value->host[i].port = port_number;
		value->host[i].exact = family != AF_UNSPEC;
		if (prefix && read_prefix(prefix, &value->host[i]) < 0)
			return bad_host(error, "the prefix is no length for that address:", text);
	}
	return 0;
}
