/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is dumped before the listing itself, or beside it, as a stream cannot wait for it: the other
 * ends of connections on this host, and the subflows of MPTCP connections.
 */
#ifndef LINGERSTAT_CMD_PREPASS_H
#define LINGERSTAT_CMD_PREPASS_H

#include "cmd/run.h"

/* Makes run->enrich.here.peers, where the plan needs it and this kernel is listed: of unix sockets
 * by one dump of all. A dump that breaks leaves what it did not tell unknown, after a message.
 * Returns 0 or -ENOMEM. */
int prepass_peers(struct run *run);

/* From here on the first TCP socket whose other end should be on this host, and was not met by the
 * owners pass, has all of the kind looked for: by one dump of connections to this host's own
 * addresses, which a host whose connections all have holders never needs. */
void prepass_complete_peers(struct run *run);

/* Makes run->enrich.here.subflows likewise, by a dump of MPTCP, and where that has any connection,
 * one of TCP. Returns 0 or -ENOMEM. */
int prepass_subflows(struct run *run);

/* True when it is certain that the filter selects nothing, whoever holds the sockets: then nobody
 * needs to ask who does. It takes one dump, up to the first socket that may be selected, and is
 * only tried where the kernel leaves out most of the others. */
bool prepass_selects_nothing(struct run *run);

/*
 * Learns which sockets stand on listeners' ports, where the plan needs it and selects listeners of
 * this kernel: a dump of TCP's listeners, whose ports are the ones to watch, and one of everything.
 * What could not be dumped is told, and then nothing is known. Returns 0 or -ENOMEM.
 */
int prepass_ports(struct run *run);

#endif
