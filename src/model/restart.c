/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/restart.h"

static const char *const names[RESTART_REASON_COUNT] = {
	[RESTART_FREE] = "free",
	[RESTART_REUSE] = "reuse",
	[RESTART_PASSED_ON] = "passed-on",
	[RESTART_HELD] = "held",
	[RESTART_LISTENER] = "listener",
	[RESTART_BOUND] = "bound",
	[RESTART_CONNECTION] = "connection",
	[RESTART_ORPHAN] = "orphan",
	[RESTART_TIME_WAIT] = "time-wait",
	[RESTART_HOLDERS_UNKNOWN] = "holders-unknown",
	[RESTART_OPTIONS_UNKNOWN] = "options-unknown",
	[RESTART_ENDING] = "ending",
	[RESTART_NOT_JUDGED] = "not-judged",
};

const char *restart_reason_name(enum restart_reason reason)
{
	return names[reason];
}

const char *restart_answer_name(enum tri answer)
{
	static const char *const answers[] = {
		[TRI_UNKNOWN] = "unknown",
		[TRI_NO] = "no",
		[TRI_YES] = "yes",
	};

	return answers[answer];
}

bool restart_applies(const struct socket *sk)
{
	const uint32_t datagrams = NETID_BIT(NETID_UDP) | NETID_BIT(NETID_UDPLITE);

	if (!socket_is_inet(sk) || sk->subflow)
		return false;
	if (NETID_BIT(sk->netid) & datagrams)
		return sk->state == STATE_CLOSE && sk->local.port;
	return sk->state == STATE_LISTEN;
}

bool restart_has_rules(const struct socket *sk)
{
	const uint32_t judged =
		NETID_BIT(NETID_TCP) | NETID_BIT(NETID_UDP) | NETID_BIT(NETID_UDPLITE);

	return restart_applies(sk) && (NETID_BIT(sk->netid) & judged);
}
