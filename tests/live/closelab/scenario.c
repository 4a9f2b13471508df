/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

static const char *const state_words[LAB_STATES] = {
	[EST] = "established",     [CW] = "close_wait",   [FW1] = "fin_wait1",
	[FW2] = "fin_wait2",       [CLOSING] = "closing", [LAST_ACK] = "last_ack",
	[SYN_SENT] = "syn_sent",   [LISTEN] = "listen",   [UNACCEPTED] = "unaccepted",
	[TIME_WAIT] = "time_wait", [ORPHAN] = "orphan",
};

static const char *const linger_words[LAB_LINGERS] = {
	[OFF] = "linger off", [L0] = "linger 0",       [L1] = "linger 1",
	[L5] = "linger 5",    [FOREVER] = "linger -1",
};

static const char *const send_words[LAB_SENDS] = {
	[EMPTY] = "",
	[SLOW] = ", slow link",
	[ZEROWIN] = ", zero window",
	[GONE] = ", peer unreachable",
	[CORKED] = ", corked",
};

static const char *const recv_words[LAB_RECVS] = {
	[NOTHING] = "",
	[BYTE] = ", 1 byte unread",
	[MANY] = ", 5000 bytes unread",
	[EOF_READ] = ", EOF read",
};

static const char *const refs_words[LAB_REFS] = {
	[ONE] = "",
	[DUP] = ", dup",
	[FORK] = ", fork",
	[FLIGHT] = ", in flight",
};

static const char *const action_words[LAB_ACTIONS] = {
	[CLOSE] = "close",
	[EXIT] = "exit",
	[KILL] = "SIGKILL",
	[INTERRUPT] = "close and SIGKILL in it",
	[WR_CLOSE] = "SHUT_WR and close",
	[RD_CLOSE] = "SHUT_RD and close",
	[RDWR_CLOSE] = "SHUT_RDWR and close",
};

static const char *const option_words[LAB_OPTIONS] = {
	[PLAIN] = "",
	[REPAIR] = ", TCP_REPAIR",
	[LINGER2] = ", TCP_LINGER2 < 0",
};

static const char *const event_words[LAB_EVENTS] = {
	[NO_EVENT] = "",
	[PEER_SENDS] = ", then the peer sends",
	[PEER_LEAVES] = ", then the peer leaves",
};

static const char *const outcome_words[LAB_OUTCOMES] = {
	[FIN] = "fin",     [BACKGROUND] = "background", [BLOCKS] = "blocks",
	[RESET] = "reset", [SILENT] = "silent",         [NONE] = "none",
};

void scenario_name(const struct scenario *s, char *name, size_t size)
{
	char waiting[32] = "";

	if (s->state == LISTEN)
		snprintf(waiting, sizeof(waiting), ", %d waiting", s->waiting);
	snprintf(name, size, "%s%s, %s%s%s%s%s%s, %s%s (%s)", state_words[s->state], waiting,
		 linger_words[s->linger], send_words[s->send], recv_words[s->recv],
		 option_words[s->option], refs_words[s->refs], s->nonblock ? ", O_NONBLOCK" : "",
		 action_words[s->action], event_words[s->event], s->family == V6 ? "IPv6" : "IPv4");
}

const char *lab_outcome_word(enum lab_outcome outcome)
{
	return outcome < LAB_OUTCOMES ? outcome_words[outcome] : "?";
}

enum lab_outcome lab_outcome_from(const char *word)
{
	enum lab_outcome outcome = 0;

	while (outcome < LAB_OUTCOMES && strcmp(word, outcome_words[outcome]) != 0)
		outcome++;
	return outcome;
}

bool lab_linger_on(enum lab_linger linger)
{
	return linger != OFF;
}

int lab_linger_seconds(enum lab_linger linger)
{
	static const int seconds[LAB_LINGERS] = { [L1] = 1, [L5] = 5, [FOREVER] = -1 };

	return seconds[linger];
}

int lab_recv_bytes(enum lab_recv recv)
{
	static const int bytes[LAB_RECVS] = { [BYTE] = 1, [MANY] = 5000 };

	return bytes[recv];
}
