# SPDX-License-Identifier: GPL-2.0-or-later

# All of the tool but main.c, so that the tests link what the tool links.
noinst_LIBRARIES += src/liblingerstat.a
LINGERSTAT_LIBS = src/liblingerstat.a $(LIBMNL_LIBS) $(LIBCAP_NG_LIBS)

src_liblingerstat_a_SOURCES = \
	src/base/index.c \
	src/base/index.h \
	src/base/intern.c \
	src/base/intern.h \
	src/base/message.c \
	src/base/message.h \
	src/base/nearest.c \
	src/base/nearest.h \
	src/base/outbuf.c \
	src/base/outbuf.h \
	src/base/procfs.c \
	src/base/procfs.h \
	src/base/utf8.c \
	src/base/utf8.h \
	src/base/wordlist.h \
	src/base/replace.c \
	src/base/replace.h \
	src/base/sum.h \
	src/bpf/census_kernel.h \
	src/bpf/census_record.h \
	src/bpf/iterator.c \
	src/bpf/iterator.h \
	src/bpf/births_record.h \
	src/bpf/namespaces_record.h \
	src/bpf/owners_record.h \
	src/bpf/pids.h \
	src/bpf/program.h \
	src/cmd/absent.c \
	src/cmd/absent.h \
	src/cmd/about.c \
	src/cmd/about.h \
	src/cmd/capture.c \
	src/cmd/capture.h \
	src/cmd/census.c \
	src/cmd/census.h \
	src/cmd/check.c \
	src/cmd/check.h \
	src/cmd/check_blame.c \
	src/cmd/check_options.c \
	src/cmd/check_run.c \
	src/cmd/cmd.h \
	src/cmd/common.c \
	src/cmd/common.h \
	src/cmd/deadline.c \
	src/cmd/deadline.h \
	src/cmd/explain.c \
	src/cmd/families.c \
	src/cmd/families.h \
	src/cmd/filterfile.c \
	src/cmd/filterfile.h \
	src/cmd/filterline.c \
	src/cmd/follow.c \
	src/cmd/follow.h \
	src/cmd/conflicts.c \
	src/cmd/dumps.c \
	src/cmd/dumps.h \
	src/cmd/hints.c \
	src/cmd/hints.h \
	src/cmd/list.c \
	src/cmd/list.h \
	src/cmd/late.c \
	src/cmd/late.h \
	src/cmd/listing.c \
	src/cmd/listing.h \
	src/cmd/metrics.c \
	src/cmd/muster.c \
	src/cmd/muster.h \
	src/cmd/recheck.c \
	src/cmd/recheck.h \
	src/cmd/options.c \
	src/cmd/options.h \
	src/cmd/prepass.c \
	src/cmd/prepass.h \
	src/cmd/processes.c \
	src/cmd/processes.h \
	src/cmd/rows.c \
	src/cmd/rows.h \
	src/cmd/run.c \
	src/cmd/run.h \
	src/cmd/spaces.c \
	src/cmd/spaces.h \
	src/cmd/summary.c \
	src/cmd/summary.h \
	src/cmd/table.c \
	src/cmd/vocabulary.c \
	src/cmd/vocabulary.h \
	src/count/count.c \
	src/count/count.h \
	src/count/groups.c \
	src/count/groups.h \
	src/count/leaks.c \
	src/count/leaks.h \
	src/count/ports.c \
	src/count/ports.h \
	src/count/queues.c \
	src/count/queues.h \
	src/count/tally.c \
	src/count/tally.h \
	src/count/top.c \
	src/count/top.h \
	src/enrich/births.c \
	src/enrich/births.h \
	src/enrich/cgroups.c \
	src/enrich/cgroups.h \
	src/enrich/contexts.c \
	src/enrich/contexts.h \
	src/enrich/enrich.c \
	src/enrich/enrich.h \
	src/enrich/gather.c \
	src/enrich/gather.h \
	src/enrich/links.c \
	src/enrich/links.h \
	src/enrich/machine.c \
	src/enrich/machine.h \
	src/enrich/machines.c \
	src/enrich/machines.h \
	src/enrich/namespaces.c \
	src/enrich/namespaces.h \
	src/enrich/namespaces_bpf.c \
	src/enrich/namespaces_proc.c \
	src/enrich/netns.c \
	src/enrich/netns.h \
	src/enrich/owners.c \
	src/enrich/owners.h \
	src/enrich/owners_bpf.c \
	src/enrich/owners_getfd.c \
	src/enrich/owners_proc.c \
	src/enrich/peers.c \
	src/enrich/peers.h \
	src/enrich/program.c \
	src/enrich/program.h \
	src/enrich/residents.c \
	src/enrich/residents.h \
	src/enrich/subflows.c \
	src/enrich/subflows.h \
	src/enrich/workload.c \
	src/enrich/workload.h \
	src/filter/bytecode.c \
	src/filter/describe.c \
	src/filter/filter.c \
	src/filter/filter.h \
	src/filter/grammar.y \
	src/filter/hosts.c \
	src/filter/match_end.c \
	src/filter/predicates.c \
	src/filter/scanner.c \
	src/filter/tree.h \
	src/filter/values.c \
	src/filter/values.h \
	src/filter/vocabulary.c \
	src/judge/close.c \
	src/judge/close.h \
	src/judge/others.c \
	src/judge/range.c \
	src/judge/range.h \
	src/judge/drain.c \
	src/judge/drain.h \
	src/judge/limits.c \
	src/judge/limits.h \
	src/judge/restart.c \
	src/judge/restart.h \
	src/judge/restart_users.h \
	src/judge/restart_verdict.c \
	src/judge/rules.c \
	src/judge/rules.h \
	src/judge/stall.c \
	src/judge/stall.h \
	src/model/protocols.c \
	src/model/protocols.h \
	src/measure/measures.c \
	src/measure/measures.h \
	src/measure/offenders.c \
	src/measure/offenders.h \
	src/measure/state_file.c \
	src/measure/state_file.h \
	src/measure/thresholds.c \
	src/measure/thresholds.h \
	src/model/reason.c \
	src/model/reason.h \
	src/model/restart.c \
	src/model/restart.h \
	src/model/socket.c \
	src/model/socket.h \
	src/model/words.c \
	src/model/words.h \
	src/model/workload.h \
	src/plan/needs.h \
	src/plan/rights.c \
	src/plan/rights.h \
	src/present/address.c \
	src/present/advice.c \
	src/present/advice.h \
	src/present/explain.c \
	src/present/explain.h \
	src/present/restart.c \
	src/present/restart.h \
	src/present/workload.c \
	src/present/workload.h \
	src/present/wrap.c \
	src/present/wrap.h \
	src/present/address.h \
	src/present/cells.c \
	src/present/cells_holders.c \
	src/present/cells.h \
	src/present/column.c \
	src/present/column.h \
	src/present/csv.c \
	src/present/details.c \
	src/present/details.h \
	src/present/ends.c \
	src/present/ends.h \
	src/present/escape.c \
	src/present/escape.h \
	src/present/grid.c \
	src/present/grid.h \
	src/present/json.c \
	src/present/json.h \
	src/present/memo.c \
	src/present/memo.h \
	src/present/members.c \
	src/present/members.h \
	src/present/orders.c \
	src/present/orders.h \
	src/present/plugin.c \
	src/present/plugin.h \
	src/present/prometheus.c \
	src/present/prometheus.h \
	src/present/record.c \
	src/present/sentences.c \
	src/present/sentences.h \
	src/present/sorter.c \
	src/present/sorter.h \
	src/present/steady.c \
	src/present/steady.h \
	src/present/style.c \
	src/present/style.h \
	src/present/summary.c \
	src/present/summary.h \
	src/present/summary_counts.c \
	src/present/summary_groups.c \
	src/present/summary_leaks.c \
	src/present/summary_limits.c \
	src/present/summary_spaces.c \
	src/present/table.c \
	src/present/tally.c \
	src/present/tally.h \
	src/present/values.c \
	src/present/writer.c \
	src/present/writer.h \
	src/source/ahead.c \
	src/source/ahead.h \
	src/source/attributes.c \
	src/source/asker.c \
	src/source/asker.h \
	src/source/attributes.h \
	src/source/dccp.c \
	src/source/details.c \
	src/source/details.h \
	src/source/details_extended.c \
	src/source/details_filter.c \
	src/source/details_sctp.c \
	src/source/details_tcp.c \
	src/source/details_tipc.c \
	src/source/bound.c \
	src/source/census.c \
	src/source/census.h \
	src/source/cookies.c \
	src/source/cookies.h \
	src/source/events.c \
	src/source/events.h \
	src/source/inet.c \
	src/source/inet.h \
	src/source/mptcp.c \
	src/source/netlink.c \
	src/source/netlink_sockets.c \
	src/source/packet.c \
	src/source/procnet.c \
	src/source/procnet.h \
	src/source/request.c \
	src/source/request.h \
	src/source/raw.c \
	src/source/replay.c \
	src/source/roll.c \
	src/source/roll.h \
	src/source/sctp.c \
	src/source/source.c \
	src/source/source.h \
	src/source/states.c \
	src/source/states.h \
	src/source/subflow.c \
	src/source/subflow.h \
	src/source/tcp.c \
	src/source/transport.h \
	src/source/tipc.c \
	src/source/turnover.c \
	src/source/turnover.h \
	src/source/udp.c \
	src/source/udplite.c \
	src/source/unix.c \
	src/source/vsock.c \
	src/source/window.c \
	src/source/window.h \
	src/source/xdp.c

bin_PROGRAMS += lingerstat
lingerstat_SOURCES = src/main.c
lingerstat_LDADD = $(LINGERSTAT_LIBS)

# A monitoring system finds its plugins by name, in a folder of their own.
install-exec-hook:
	$(MKDIR_P) '$(DESTDIR)$(plugindir)'
	cd '$(DESTDIR)$(plugindir)' && rm -f check_lingerstat && \
		$(LN_S) '$(bindir)/lingerstat$(EXEEXT)' check_lingerstat
uninstall-hook:
	rm -f '$(DESTDIR)$(plugindir)/check_lingerstat'

# --- the filter's grammar -----------------------------------------------------------------------

AM_YFLAGS = -d -Wno-yacc
# Not BUILT_SOURCES: automake would give `check` a recipe of its own for it.
src/filter/scanner.$(OBJEXT): src/filter/grammar.h
MAINTAINERCLEANFILES = src/filter/grammar.c src/filter/grammar.h

# --- the BPF programs ----------------------------------------------------------------------------

# A light skeleton holds a program as bytes of the host's order; the program is loaded with plain
# system calls, so that nothing of libbpf is linked. One more program is its name here, its files in
# a line of its own, and the object that includes its skeleton.
BPF_SKELETONS = \
	src/bpf/births.lskel.$(BPF_ENDIAN).h \
	src/bpf/census.lskel.$(BPF_ENDIAN).h \
	src/bpf/namespaces.lskel.$(BPF_ENDIAN).h \
	src/bpf/owners.lskel.$(BPF_ENDIAN).h
BPF_SOURCE_FILES = \
	src/bpf/births.bpf.c \
	src/bpf/census.bpf.c \
	src/bpf/namespaces.bpf.c \
	src/bpf/owners.bpf.c
src/bpf/births.lskel.$(BPF_ENDIAN).h: src/bpf/births.bpf.c src/bpf/births_record.h src/bpf/program.h
src/bpf/namespaces.lskel.$(BPF_ENDIAN).h: src/bpf/namespaces.bpf.c src/bpf/namespaces_record.h \
	src/bpf/pids.h src/bpf/program.h
src/bpf/owners.lskel.$(BPF_ENDIAN).h: src/bpf/owners.bpf.c src/bpf/owners_record.h \
	src/bpf/pids.h src/bpf/program.h
src/bpf/census.lskel.$(BPF_ENDIAN).h: src/bpf/census.bpf.c src/bpf/census_kernel.h \
	src/bpf/census_record.h src/bpf/program.h
EXTRA_DIST += $(BPF_SOURCE_FILES) $(BPF_SKELETONS)

# -ffreestanding: clang's own stdint.h serves, no header of the C library is looked for.
# -ffile-prefix-map: the skeleton carries file names; it must not depend on where it was made.
BPF_CFLAGS = -target bpf -mcpu=v3 -O2 -g -ffreestanding -Wall -Wextra -Werror \
	-ffile-prefix-map=$(top_srcdir)/=

V_BPF = $(V_BPF_@AM_V@)
V_BPF_ = $(V_BPF_@AM_DEFAULT_V@)
V_BPF_0 = @echo "  BPF     " $@;

if HAVE_BPF
AM_CPPFLAGS += $(LIBBPF_CFLAGS)
CLEANFILES += $(BPF_SOURCE_FILES:.c=.o) $(BPF_SKELETONS:=.tmp)

src/enrich/births.$(OBJEXT): src/bpf/births.lskel.$(BPF_ENDIAN).h
src/enrich/namespaces_bpf.$(OBJEXT): src/bpf/namespaces.lskel.$(BPF_ENDIAN).h
src/enrich/owners_bpf.$(OBJEXT): src/bpf/owners.lskel.$(BPF_ENDIAN).h
src/source/census.$(OBJEXT): src/bpf/census.lskel.$(BPF_ENDIAN).h

# A release carries the skeletons in the source tree; one is only made again when its program
# has changed since. distclean of a release must not remove it: hence no CLEANFILES entry for
# the copy there, and one for the build tree's. What bpftool writes was not written with our
# warnings in mind: the pragma keeps the compiler quiet about it.
$(BPF_SKELETONS):
	@if test -z "$(CLANG)" || test -z "$(BPFTOOL)"; then \
		echo "$@ is older than its source: clang and bpftool are needed to make it" >&2; \
		exit 1; \
	fi
	@$(MKDIR_P) src/bpf
	$(V_BPF)program=`basename $@ .lskel.$(BPF_ENDIAN).h` && \
	$(CLANG) $(BPF_CFLAGS) $(LIBBPF_CFLAGS) -I$(top_srcdir)/src \
		-c $(top_srcdir)/src/bpf/$$program.bpf.c -o src/bpf/$$program.bpf.o && \
	echo '#pragma GCC system_header' > $@.tmp && \
	$(BPFTOOL) gen skeleton -L src/bpf/$$program.bpf.o name $${program}_bpf >> $@.tmp && \
	mv -f $@.tmp $@

clean-local:
	test "$(top_srcdir)" = "$(top_builddir)" || rm -f $(BPF_SKELETONS) $(LACKING_SKELETON)
else
# Only `make dist` asks for them here.
$(BPF_SKELETONS):
	@echo "make dist: a release carries the BPF programs ready made:" \
		"configure --with-bpf=yes first" >&2; exit 1
endif
