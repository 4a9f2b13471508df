# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every test prints TAP. A C program is one cmocka group; it is built and run only where cmocka
# (and jansson, for live tests) is there. A .bats file without bats is one skip.

# A test in one file is one line here: its source is NAME.c, its libraries are these.
LDADD = $(LINGERSTAT_LIBS) $(CMOCKA_LIBS) $(JANSSON_LIBS)
AM_CPPFLAGS += -I$(top_srcdir)/tests $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS) \
	$(LIBNL_IDIAG_CFLAGS)

# Unit tests: no root, no sockets of the machine's.
UNIT_TESTS = \
	tests/unit/test_ahead \
	tests/unit/test_asker \
	tests/unit/test_muster \
	tests/unit/test_roll \
	tests/unit/test_bound \
	tests/unit/test_bytecode \
	tests/unit/test_close \
	tests/unit/test_column \
	tests/unit/test_memo \
	tests/unit/test_cookies \
	tests/unit/test_turnover \
	tests/unit/test_recheck \
	tests/unit/test_contexts \
	tests/unit/test_details \
	tests/unit/test_details_other \
	tests/unit/test_details_tcp \
	tests/unit/test_table \
	tests/unit/test_counts \
	tests/unit/test_escape \
	tests/unit/test_filter \
	tests/unit/test_filter_plan \
	tests/unit/test_filter_values \
	tests/unit/test_groups \
	tests/unit/test_limits \
	tests/unit/test_machine \
	tests/unit/test_nearest \
	tests/unit/test_netlink \
	tests/unit/test_outbuf \
	tests/unit/test_owners \
	tests/unit/test_owners_proc \
	tests/unit/test_peers \
	tests/unit/test_predicates \
	tests/unit/test_range \
	tests/unit/test_replay \
	tests/unit/test_drain \
	tests/unit/test_sorter \
	tests/unit/test_stall \
	tests/unit/test_tcp \
	tests/unit/test_tcp_attrs \
	tests/unit/test_vocabulary \
	tests/unit/test_options \
	tests/unit/test_grid \
	tests/unit/test_window \
	tests/unit/test_workload \
	tests/unit/test_residents \
	tests/unit/test_words \
	tests/unit/test_program \
	tests/unit/test_restart \
	tests/unit/test_restart_answers \
	tests/unit/test_deadline \
	tests/unit/test_measures \
	tests/unit/test_replace \
	tests/unit/test_state_file \
	tests/unit/test_families \
	tests/unit/test_inet_families \
	tests/unit/test_procnet \
	tests/unit/test_filter_ends \
	tests/unit/test_other_families \
	tests/unit/test_close_others \
	tests/unit/test_births \
	tests/unit/test_owners_bpf \
	tests/unit/test_links \
	tests/unit/test_subflows \
	tests/unit/test_unix \
	tests/unit/test_explain

UNIT_HEADER = tests/unit/unit.h
UNIT_DIAG = tests/unit/diag.c tests/unit/diag.h $(UNIT_HEADER)
tests_unit_test_close_SOURCES = \
	tests/unit/test_close.c tests/unit/close_rows.c tests/unit/close_rows.h $(UNIT_DIAG)
tests_unit_test_column_SOURCES = tests/unit/test_column.c $(UNIT_HEADER)
tests_unit_test_ahead_SOURCES = tests/unit/test_ahead.c $(UNIT_HEADER)
tests_unit_test_ahead_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create
tests_unit_test_asker_SOURCES = tests/unit/test_asker.c $(UNIT_HEADER)
tests_unit_test_asker_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=calloc -Wl,--wrap=socket -Wl,--wrap=bind -Wl,--wrap=getsockname \
	-Wl,--wrap=send -Wl,--wrap=recvmmsg
UNIT_CENSUS = tests/unit/fake_census.c tests/unit/fake_census.h $(UNIT_HEADER)
FAKE_CENSUS = -Wl,--wrap=census_find_table -Wl,--wrap=census_walk_every
tests_unit_test_muster_SOURCES = tests/unit/test_muster.c $(UNIT_CENSUS)
tests_unit_test_muster_LDFLAGS = $(AM_LDFLAGS) $(FAKE_CENSUS) \
	-Wl,--wrap=source_dump -Wl,--wrap=source_ask_many -Wl,--wrap=turnover_shares_table
tests_unit_test_roll_SOURCES = tests/unit/test_roll.c $(UNIT_CENSUS)
tests_unit_test_roll_LDFLAGS = $(AM_LDFLAGS) $(FAKE_CENSUS) \
	-Wl,--wrap=calloc -Wl,--wrap=reallocarray
tests_unit_test_cookies_SOURCES = tests/unit/test_cookies.c $(UNIT_HEADER)
tests_unit_test_recheck_SOURCES = tests/unit/test_recheck.c $(UNIT_HEADER)
tests_unit_test_turnover_SOURCES = tests/unit/test_turnover.c $(UNIT_HEADER)
UNIT_MADE = tests/unit/made.h $(UNIT_HEADER)
tests_unit_test_counts_SOURCES = tests/unit/test_counts.c $(UNIT_MADE)
tests_unit_test_groups_SOURCES = tests/unit/test_groups.c $(UNIT_MADE)
tests_unit_test_memo_SOURCES = tests/unit/test_memo.c $(UNIT_MADE)
tests_unit_test_limits_SOURCES = tests/unit/test_limits.c $(UNIT_HEADER)
tests_unit_test_machine_SOURCES = tests/unit/test_machine.c $(UNIT_HEADER)
tests_unit_test_escape_SOURCES = tests/unit/test_escape.c $(UNIT_HEADER)
tests_unit_test_nearest_SOURCES = tests/unit/test_nearest.c $(UNIT_HEADER)
# The linker puts the test's own functions in place of libmnl's socket calls.
tests_unit_test_netlink_SOURCES = \
	tests/unit/test_netlink.c tests/unit/fake_kernel.c tests/unit/fake_kernel.h $(UNIT_DIAG)
tests_unit_test_netlink_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=mnl_socket_open2 \
	-Wl,--wrap=mnl_socket_bind \
	-Wl,--wrap=mnl_socket_get_portid \
	-Wl,--wrap=mnl_socket_get_fd \
	-Wl,--wrap=mnl_socket_sendto \
	-Wl,--wrap=mnl_socket_recvfrom \
	-Wl,--wrap=mnl_socket_close
tests_unit_test_bound_SOURCES = \
	tests/unit/test_bound.c tests/unit/fake_kernel.c tests/unit/fake_kernel.h $(UNIT_DIAG)
tests_unit_test_bound_LDFLAGS = $(tests_unit_test_netlink_LDFLAGS)
tests_unit_test_contexts_SOURCES = tests/unit/test_contexts.c $(UNIT_HEADER)
tests_unit_test_outbuf_SOURCES = tests/unit/test_outbuf.c $(UNIT_HEADER)
tests_unit_test_owners_SOURCES = tests/unit/test_owners.c $(UNIT_HEADER)
tests_unit_test_range_SOURCES = tests/unit/test_range.c $(UNIT_HEADER)
tests_unit_test_deadline_SOURCES = tests/unit/test_deadline.c $(UNIT_HEADER)
tests_unit_test_measures_SOURCES = tests/unit/test_measures.c $(UNIT_HEADER)
tests_unit_test_replace_SOURCES = tests/unit/test_replace.c $(UNIT_HEADER)
tests_unit_test_state_file_SOURCES = tests/unit/test_state_file.c $(UNIT_HEADER)
tests_unit_test_peers_SOURCES = tests/unit/test_peers.c $(UNIT_HEADER)
tests_unit_test_replay_SOURCES = tests/unit/test_replay.c $(UNIT_DIAG)
tests_unit_test_drain_SOURCES = tests/unit/test_drain.c $(UNIT_HEADER)
tests_unit_test_sorter_SOURCES = tests/unit/test_sorter.c $(UNIT_HEADER)
tests_unit_test_stall_SOURCES = tests/unit/test_stall.c $(UNIT_HEADER)
tests_unit_test_tcp_SOURCES = tests/unit/test_tcp.c $(UNIT_DIAG)
tests_unit_test_tcp_attrs_SOURCES = tests/unit/test_tcp_attrs.c $(UNIT_DIAG)
tests_unit_test_vocabulary_SOURCES = tests/unit/test_vocabulary.c $(UNIT_HEADER)
tests_unit_test_options_SOURCES = tests/unit/test_options.c $(UNIT_HEADER)
tests_unit_test_grid_SOURCES = tests/unit/test_grid.c $(UNIT_HEADER)
tests_unit_test_grid_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc -Wl,--wrap=realloc
tests_unit_test_window_SOURCES = tests/unit/test_window.c $(UNIT_HEADER)
tests_unit_test_residents_SOURCES = tests/unit/test_residents.c $(UNIT_HEADER)
tests_unit_test_workload_SOURCES = tests/unit/test_workload.c $(UNIT_HEADER)
tests_unit_test_words_SOURCES = tests/unit/test_words.c $(UNIT_HEADER)
# The linker puts a resolver of the tests' own in place of the C library's.
UNIT_RESOLVER = tests/unit/fake_resolver.c tests/unit/fake_resolver.h $(UNIT_HEADER)
RESOLVER_WRAPS = $(AM_LDFLAGS) -Wl,--wrap=getaddrinfo -Wl,--wrap=freeaddrinfo
tests_unit_test_bytecode_SOURCES = \
	tests/unit/test_bytecode.c \
	tests/unit/bytecode_run.c tests/unit/bytecode_run.h \
	tests/unit/random_filter.c tests/unit/random_filter.h $(UNIT_RESOLVER)
tests_unit_test_bytecode_LDFLAGS = $(RESOLVER_WRAPS)
tests_unit_test_filter_SOURCES = tests/unit/test_filter.c $(UNIT_RESOLVER)
tests_unit_test_filter_LDFLAGS = $(RESOLVER_WRAPS)
tests_unit_test_filter_plan_SOURCES = tests/unit/test_filter_plan.c $(UNIT_HEADER)
tests_unit_test_filter_values_SOURCES = tests/unit/test_filter_values.c $(UNIT_RESOLVER)
tests_unit_test_filter_values_LDFLAGS = $(RESOLVER_WRAPS)
tests_unit_test_predicates_SOURCES = tests/unit/test_predicates.c $(UNIT_RESOLVER)
tests_unit_test_predicates_LDFLAGS = $(RESOLVER_WRAPS)
UNIT_DECODE = tests/unit/decode.c tests/unit/decode.h $(UNIT_DIAG)
tests_unit_test_families_SOURCES = tests/unit/test_families.c $(UNIT_DECODE)
UNIT_DETAILS = tests/unit/details_look.c tests/unit/details_look.h $(UNIT_DECODE)
tests_unit_test_table_SOURCES = tests/unit/test_table.c $(UNIT_HEADER)
tests_unit_test_details_SOURCES = tests/unit/test_details.c $(UNIT_DETAILS)
tests_unit_test_details_other_SOURCES = tests/unit/test_details_other.c $(UNIT_DETAILS)
tests_unit_test_details_tcp_SOURCES = tests/unit/test_details_tcp.c $(UNIT_DETAILS)
tests_unit_test_filter_ends_SOURCES = tests/unit/test_filter_ends.c $(UNIT_HEADER)
tests_unit_test_procnet_SOURCES = tests/unit/test_procnet.c $(UNIT_HEADER)
tests_unit_test_inet_families_SOURCES = tests/unit/test_inet_families.c $(UNIT_DECODE)
tests_unit_test_other_families_SOURCES = tests/unit/test_other_families.c $(UNIT_DECODE)
tests_unit_test_close_others_SOURCES = tests/unit/test_close_others.c $(UNIT_HEADER)
tests_unit_test_subflows_SOURCES = tests/unit/test_subflows.c $(UNIT_DECODE)
tests_unit_test_unix_SOURCES = tests/unit/test_unix.c $(UNIT_DECODE)
tests_unit_test_explain_SOURCES = tests/unit/test_explain.c $(UNIT_HEADER)
FAKE_BPF = tests/unit/fake_bpf.c tests/unit/fake_bpf.h $(UNIT_HEADER)
tests_unit_test_births_SOURCES = tests/unit/test_births.c $(FAKE_BPF)
tests_unit_test_births_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall
tests_unit_test_owners_bpf_SOURCES = tests/unit/test_owners_bpf.c $(FAKE_BPF)
tests_unit_test_owners_bpf_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall
tests_unit_test_links_SOURCES = tests/unit/test_links.c $(UNIT_HEADER)
tests_unit_test_links_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=dlopen
tests_unit_test_program_SOURCES = tests/unit/test_program.c $(UNIT_HEADER)
UNIT_RESTART = tests/unit/restart_made.c tests/unit/restart_made.h $(UNIT_HEADER)
tests_unit_test_restart_SOURCES = tests/unit/test_restart.c $(UNIT_RESTART)
tests_unit_test_restart_answers_SOURCES = tests/unit/test_restart_answers.c $(UNIT_RESTART)

# Live tests: real sockets in namespaces that the test makes. SMOKE_LIVE_TESTS: those of them that
# every build runs, not only the first.
QUICK_LIVE_TESTS = \
	tests/live/test_states \
	tests/live/test_bound \
	tests/live/test_netns \
	tests/live/test_inside \
	tests/live/test_all_netns \
	tests/live/test_muster \
	tests/live/test_all_netns_sums \
	tests/live/test_all_netns_views \
	tests/live/test_threads \
	tests/live/test_contexts \
	tests/live/test_cgroups \
	tests/live/test_cgroups_hidden \
	tests/live/test_events \
	tests/live/test_filter_ss \
	tests/live/test_against_ss \
	tests/live/test_against_libnl \
	tests/live/test_linger \
	tests/live/test_rights \
	tests/live/test_owners \
	tests/live/test_mptcp \
	tests/live/test_owners_pass \
	tests/live/test_peers \
	tests/live/test_tcp_peers \
	tests/live/test_explain \
	tests/live/test_restart \
	tests/live/test_restart_rules \
	tests/live/test_links \
	tests/live/test_recording \
	tests/live/test_denied \
	tests/live/test_fallback \
	tests/live/test_lacking \
	tests/live/test_check \
	tests/live/test_check_cost \
	tests/live/test_limits \
	tests/live/test_summary \
	tests/live/test_census \
	tests/live/test_details \
	tests/live/test_details_set \
	tests/live/test_families \
	tests/live/test_kernels \
	tests/live/test_sctp \
	tests/live/test_sctp_close \
	tests/live/test_rare \
	tests/live/test_kinds \
	tests/live/test_protocols \
	tests/live/test_protocol_rows
LIVE_TESTS = \
	$(QUICK_LIVE_TESTS) \
	tests/live/test_guards \
	tests/live/test_late \
	tests/live/test_churn \
	tests/live/test_faults \
	tests/live/test_interrupted \
	tests/live/test_events_faults \
	tests/live/test_walk \
	tests/live/test_folklore \
	tests/live/test_stall \
	tests/live/test_netem \
	tests/live/closelab/closelab
SMOKE_LIVE_TESTS = \
	$(QUICK_LIVE_TESTS) \
	tests/live/closelab-smoke.t

OWNERS_SEEN = tests/live/owners_seen.c tests/live/owners_seen.h
tests_live_test_owners_SOURCES = tests/live/test_owners.c $(OWNERS_SEEN)
tests_live_test_owners_pass_SOURCES = tests/live/test_owners_pass.c $(OWNERS_SEEN)
tests_live_test_owners_pass_LDFLAGS = $(AM_LDFLAGS) -pthread -Wl,--wrap=setsockopt

LIVE_HARNESS = tests/live/harness.c tests/live/harness.h tests/live/tcp.c tests/live/tcp.h
LIVE_WAYS = tests/live/ways.c tests/live/ways.h
tests_live_test_states_SOURCES = tests/live/test_states.c $(LIVE_WAYS) $(LIVE_HARNESS)
tests_live_test_churn_SOURCES = \
	tests/live/test_churn.c tests/live/churners.c tests/live/churners.h \
	tests/bench/crowd.c tests/bench/crowd.h $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_late_SOURCES = tests/live/test_late.c $(LIVE_HARNESS)
tests_live_test_linger_SOURCES = tests/live/test_linger.c $(LIVE_WAYS) $(LIVE_HARNESS)
LIVE_UNIX_PAIRS = tests/live/unix_pairs.c tests/live/unix_pairs.h
tests_live_test_rights_SOURCES = tests/live/test_rights.c $(LIVE_UNIX_PAIRS) $(LIVE_HARNESS)
LIVE_TOOL = tests/live/tool.c tests/live/tool.h
tests_live_test_filter_ss_SOURCES = \
	tests/live/test_filter_ss.c \
	tests/live/filter_rows.c tests/live/filter_rows.h \
	tests/live/chosen.c tests/live/chosen.h \
	tests/live/zoo.c tests/live/zoo.h \
	$(LIVE_TOOL) $(LIVE_WAYS) $(LIVE_HARNESS)
tests_live_test_against_ss_SOURCES = \
	tests/live/test_against_ss.c \
	tests/live/shared_columns.c tests/live/shared_columns.h \
	tests/live/shared_agree.c \
	tests/live/ss_lines.c tests/live/ss_lines.h \
	tests/live/zoo.c tests/live/zoo.h \
	$(LIVE_TOOL) $(LIVE_WAYS) $(LIVE_HARNESS)
tests_live_test_against_libnl_SOURCES = \
	tests/live/test_against_libnl.c \
	tests/live/zoo.c tests/live/zoo.h \
	$(LIVE_WAYS) $(LIVE_HARNESS)
tests_live_test_against_libnl_LDADD = $(LDADD) $(LIBNL_IDIAG_LIBS)
tests_live_test_explain_SOURCES = \
	tests/live/test_explain.c $(LIVE_TOOL) $(LIVE_WAYS) $(LIVE_HARNESS)
LIVE_TAKEOVER = tests/live/takeover.c tests/live/takeover.h
tests_live_test_restart_SOURCES = \
	tests/live/test_restart.c $(LIVE_TAKEOVER) $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_restart_rules_SOURCES = \
	tests/live/test_restart_rules.c $(LIVE_TAKEOVER) $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_kernels_SOURCES = tests/live/test_kernels.c $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_bound_SOURCES = tests/live/test_bound.c $(LIVE_TOOL) $(LIVE_HARNESS)
LIVE_GROUPS = tests/live/groups.c tests/live/groups.h
tests_live_test_all_netns_views_SOURCES = \
	tests/live/test_all_netns_views.c $(LIVE_GROUPS) $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_all_netns_sums_SOURCES = tests/live/test_all_netns_sums.c $(LIVE_TOOL) \
	$(LIVE_HARNESS)
tests_live_test_all_netns_SOURCES = tests/live/test_all_netns.c $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_muster_SOURCES = \
	tests/live/test_muster.c tests/live/zoo.c tests/live/zoo.h \
	$(LIVE_TOOL) $(LIVE_WAYS) $(LIVE_HARNESS)
tests_live_test_inside_SOURCES = \
	tests/live/test_inside.c tests/live/insiders.c tests/live/insiders.h \
	tests/live/look.c tests/live/look.h \
	$(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_netns_SOURCES = tests/live/test_netns.c $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_threads_SOURCES = tests/live/test_threads.c $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_threads_LDFLAGS = $(AM_LDFLAGS) -pthread
LIVE_LISTED = tests/live/listed.c tests/live/listed.h $(LIVE_TOOL)
tests_live_test_details_SOURCES = \
	tests/live/test_details.c $(LIVE_LISTED) $(LIVE_WAYS) $(LIVE_HARNESS)
tests_live_test_details_set_SOURCES = \
	tests/live/test_details_set.c $(LIVE_LISTED) $(LIVE_WAYS) $(LIVE_HARNESS)
LIVE_PLACES = tests/live/cgroup_places.c tests/live/cgroup_places.h $(LIVE_GROUPS)
tests_live_test_cgroups_SOURCES = \
	tests/live/test_cgroups.c $(LIVE_PLACES) $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_cgroups_hidden_SOURCES = \
	tests/live/test_cgroups_hidden.c $(LIVE_PLACES) $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_contexts_SOURCES = tests/live/test_contexts.c $(LIVE_TOOL) $(LIVE_HARNESS)
LIVE_SUMMING = tests/live/summing.c tests/live/summing.h $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_summary_SOURCES = tests/live/test_summary.c $(LIVE_SUMMING)
tests_live_test_limits_SOURCES = tests/live/test_limits.c $(LIVE_SUMMING)
tests_live_test_census_SOURCES = \
	tests/live/test_census.c \
	tests/bench/crowd.c tests/bench/crowd.h \
	tests/live/zoo.c tests/live/zoo.h \
	$(LIVE_TOOL) $(LIVE_WAYS) $(LIVE_HARNESS)
tests_live_test_check_SOURCES = tests/live/test_check.c $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_check_cost_SOURCES = tests/live/test_check_cost.c $(LIVE_HARNESS)
tests_live_test_check_cost_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=mnl_socket_sendto \
	-Wl,--wrap=mnl_socket_recvfrom \
	-Wl,--wrap=owners_bpf_read_first
tests_live_test_events_SOURCES = tests/live/test_events.c $(LIVE_HARNESS)
tests_live_test_recording_SOURCES = tests/live/test_recording.c $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_links_SOURCES = tests/live/test_links.c $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_denied_SOURCES = tests/live/test_denied.c $(LIVE_TOOL) $(LIVE_HARNESS)
# The owners pass with a program that asks for members which no kernel has.
LACKING_SKELETON = tests/live/lacking/bpf/owners.lskel.$(BPF_ENDIAN).h
EXTRA_DIST += tests/live/lacking/owners.bpf.c $(LACKING_SKELETON)
tests_live_test_lacking_SOURCES = \
	tests/live/test_lacking.c src/enrich/owners_bpf.c $(OWNERS_SEEN)
tests_live_test_lacking_CPPFLAGS = -I$(top_builddir)/tests/live/lacking \
	-I$(top_srcdir)/tests/live/lacking $(AM_CPPFLAGS)
if HAVE_BPF
CLEANFILES += tests/live/lacking/owners.bpf.o $(LACKING_SKELETON).tmp
src/enrich/tests_live_test_lacking-owners_bpf.$(OBJEXT): $(LACKING_SKELETON)
endif
$(LACKING_SKELETON): tests/live/lacking/owners.bpf.c src/bpf/owners.lskel.$(BPF_ENDIAN).h
	@if test -z "$(CLANG)" || test -z "$(BPFTOOL)"; then \
		echo "$@ is older than its source: clang and bpftool are needed to make it" >&2; \
		exit 1; \
	fi
	@$(MKDIR_P) tests/live/lacking/bpf
	$(V_BPF)$(CLANG) $(BPF_CFLAGS) $(LIBBPF_CFLAGS) -I$(top_srcdir)/src \
		-c $(top_srcdir)/tests/live/lacking/owners.bpf.c -o tests/live/lacking/owners.bpf.o && \
	echo '#pragma GCC system_header' > $@.tmp && \
	$(BPFTOOL) gen skeleton -L tests/live/lacking/owners.bpf.o name owners_bpf >> $@.tmp && \
	mv -f $@.tmp $@
# The programs as clang leaves them, which the test of their guards carries.
GUARD_OBJECTS = \
	tests/live/guards/births.bpf.o \
	tests/live/guards/census.bpf.o \
	tests/live/guards/namespaces.bpf.o \
	tests/live/guards/owners.bpf.o
if HAVE_BPF_OBJECTS
tests_live_test_guards_SOURCES = \
	tests/live/test_guards.c tests/live/guarded.c tests/live/guarded.h tests/live/guards.c \
	tests/live/guards.h tests/live/relied.c tests/live/relied.h tests/live/told.c \
	tests/live/told.h $(LIVE_HARNESS)
tests_live_test_guards_CFLAGS = $(AM_CFLAGS) $(LIBBPF_LIBRARY_CFLAGS)
tests_live_test_guards_LDADD = $(LDADD) $(LIBBPF_LIBRARY_LIBS)
CLEANFILES += $(GUARD_OBJECTS)
tests/live/test_guards-guards.$(OBJEXT): $(GUARD_OBJECTS)
else
tests_live_test_guards_SOURCES = tests/live/no_guards.c
endif
$(GUARD_OBJECTS): $(BPF_SOURCE_FILES) src/bpf/births_record.h src/bpf/census_kernel.h \
	src/bpf/census_record.h \
	src/bpf/namespaces_record.h src/bpf/owners_record.h src/bpf/pids.h src/bpf/program.h
	@$(MKDIR_P) tests/live/guards
	$(V_BPF)$(CLANG) $(BPF_CFLAGS) $(LIBBPF_CFLAGS) -I$(top_srcdir)/src \
		-c $(top_srcdir)/src/bpf/`basename $@ .o`.c -o $@
tests_live_test_fallback_SOURCES = tests/live/test_fallback.c $(LIVE_HARNESS)
# What the tests of faults preload into the tool: a library, whatever the programs are built with.
check_PROGRAMS += tests/faults/inject.so
tests_faults_inject_so_SOURCES = tests/faults/inject.c
tests_faults_inject_so_CPPFLAGS = -D_GNU_SOURCE
tests_faults_inject_so_CFLAGS = $(WARNING_CFLAGS) -fPIC -fno-builtin
tests_faults_inject_so_LDFLAGS = -shared
tests_faults_inject_so_LDADD = -ldl
LIVE_INJECTED = tests/live/injected.c tests/live/injected.h $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_faults_SOURCES = \
	tests/live/test_faults.c $(LIVE_UNIX_PAIRS) $(LIVE_INJECTED)
tests_live_test_interrupted_SOURCES = \
	tests/live/test_interrupted.c $(LIVE_UNIX_PAIRS) $(LIVE_INJECTED)
tests_live_test_events_faults_SOURCES = tests/live/test_events_faults.c $(LIVE_INJECTED)
tests_live_test_walk_SOURCES = tests/live/test_walk.c $(LIVE_INJECTED)
LIVE_ENDS = tests/live/ends.c tests/live/ends.h $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_protocols_SOURCES = \
	tests/live/test_protocols.c tests/live/protocols.c tests/live/protocols.h $(LIVE_ENDS)
tests_live_test_mptcp_SOURCES = tests/live/test_mptcp.c $(LIVE_ENDS)
PEER_ROWS = tests/live/peer_rows.c tests/live/peer_rows.h
tests_live_test_peers_SOURCES = tests/live/test_peers.c $(PEER_ROWS) $(LIVE_ENDS)
tests_live_test_tcp_peers_SOURCES = \
	tests/live/test_tcp_peers.c $(PEER_ROWS) $(LIVE_TOOL) $(LIVE_HARNESS)
LIVE_OPENERS = tests/live/openers.c tests/live/openers.h $(LIVE_TOOL) $(LIVE_HARNESS)
tests_live_test_families_SOURCES = tests/live/test_families.c $(LIVE_OPENERS)
LIVE_SCTP = tests/live/sctp.c tests/live/sctp.h $(LIVE_ENDS)
tests_live_test_sctp_SOURCES = tests/live/test_sctp.c $(LIVE_SCTP)
tests_live_test_sctp_close_SOURCES = tests/live/test_sctp_close.c $(LIVE_SCTP)
tests_live_test_rare_SOURCES = tests/live/test_rare.c $(LIVE_ENDS)
tests_live_test_kinds_SOURCES = tests/live/test_kinds.c $(LIVE_OPENERS)
tests_live_test_protocol_rows_SOURCES = tests/live/test_protocol_rows.c $(LIVE_ENDS)

tests_live_test_folklore_SOURCES = \
	tests/live/test_folklore.c tests/live/folklore.h tests/live/folklore_data.c \
	tests/live/folklore_end.c tests/live/folklore_linger.c tests/live/folklore_restart.c $(LIVE_TAKEOVER) \
	tests/live/observe.c tests/live/observe.h $(LIVE_WAYS) $(LIVE_HARNESS)
tests_live_test_folklore_LDFLAGS = $(AM_LDFLAGS) -pthread
tests_live_test_stall_SOURCES = \
	tests/live/test_stall.c tests/live/stall_healthy.c tests/live/stall_lab.c \
	tests/live/stall_lab.h tests/live/pump.c tests/live/pump.h tests/live/slowlink.c \
	tests/live/slowlink.h $(LIVE_WAYS) $(LIVE_HARNESS)
tests_live_test_netem_SOURCES = \
	tests/live/test_netem.c tests/live/netem_drain.c tests/live/netem_lab.c \
	tests/live/netem_lab.h tests/live/stall_healthy.c tests/live/stall_lab.c \
	tests/live/stall_lab.h tests/live/pump.c tests/live/pump.h tests/live/slowlink.c \
	tests/live/slowlink.h $(LIVE_WAYS) $(LIVE_HARNESS)

# The close lab runs whole in `make check`; a smoke run takes its named small set.
tests_live_closelab_closelab_SOURCES = \
	tests/live/closelab/act.c \
	tests/live/closelab/act.h \
	tests/live/closelab/alone.c \
	tests/live/closelab/alone.h \
	tests/live/closelab/closelab.c \
	tests/live/closelab/forecast.c \
	tests/live/closelab/forecast.h \
	tests/live/closelab/owner.c \
	tests/live/closelab/owner.h \
	tests/live/closelab/scenario.c \
	tests/live/closelab/scenario.h \
	tests/live/closelab/scenarios.c \
	tests/live/closelab/scene.c \
	tests/live/closelab/scene.h \
	tests/live/closelab/small_set.c \
	tests/live/closelab/small_set.h \
	tests/live/closelab/verdict.c \
	tests/live/closelab/witness.c \
	tests/live/closelab/witness.h \
	$(LIVE_HARNESS)
EXTRA_DIST += tests/live/closelab-smoke.t

# The lab as a table for a reader: what was foretold beside what happened.
closelab: lingerstat$(EXEEXT) tests/live/closelab/closelab$(EXEEXT)
	LINGERSTAT='$(abs_top_builddir)/lingerstat' tests/live/closelab/closelab --table
.PHONY: closelab

# Benchmarks, in namespaces of their own: `make bench` prints what things cost and asserts nothing.
# SIZES: the scenes (see tests/bench/scene.h); SS_P_MOST: sockets up to which ss -p takes part.
# CHECK_COST: the sockets and the rounds of check-cost; SPACES: the scenes of many namespaces (see
# tests/bench/spaces.c).
BENCHES = tests/bench/speed tests/bench/check-cost tests/bench/spaces
EXTRA_PROGRAMS = $(BENCHES) tests/bench/bare tests/bench/pass tests/bench/soak/soak
CLEANFILES += $(EXTRA_PROGRAMS)
BENCH_CROWD = tests/bench/crowd.c tests/bench/crowd.h
BENCH_SCENE = \
	tests/bench/leavings.c tests/bench/leavings.h \
	tests/bench/scene.c tests/bench/scene.h $(BENCH_CROWD)
BENCH_RACE = tests/bench/race.c tests/bench/race.h
tests_bench_bare_SOURCES = tests/bench/bare.c
tests_bench_bare_LDADD = $(LIBMNL_LIBS)
tests_bench_pass_SOURCES = tests/bench/pass.c
tests_bench_pass_LDADD =
if HAVE_BPF
tests/bench/pass.$(OBJEXT): src/bpf/owners.lskel.$(BPF_ENDIAN).h
endif
tests_bench_check_cost_SOURCES = tests/bench/check-cost.c $(BENCH_CROWD) $(BENCH_RACE) $(LIVE_HARNESS)
tests_bench_spaces_SOURCES = \
	tests/bench/spaces.c tests/bench/spread.c tests/bench/spread.h \
	$(BENCH_SCENE) $(BENCH_RACE) $(LIVE_HARNESS)
tests_bench_speed_SOURCES = \
	tests/bench/field.c tests/bench/field.h tests/bench/speed.c \
	$(BENCH_SCENE) $(BENCH_RACE) $(LIVE_HARNESS)
tests_bench_speed_LDADD = $(LDADD) -lm

bench: lingerstat$(EXEEXT) tests/bench/bare$(EXEEXT) tests/bench/pass$(EXEEXT) $(BENCHES)
	@LINGERSTAT='$(abs_top_builddir)/lingerstat' \
	BENCH_BARE='$(abs_top_builddir)/tests/bench/bare' \
	BENCH_PASS='$(abs_top_builddir)/tests/bench/pass' SS_P_MOST='$(SS_P_MOST)' && \
	export LINGERSTAT BENCH_BARE BENCH_PASS SS_P_MOST && \
	{ tests/bench/speed $(SIZES) || test $$? = 77; } && \
	{ tests/bench/check-cost $(CHECK_COST) || test $$? = 77; } && \
	{ tests/bench/spaces $(SPACES) || test $$? = 77; }
.PHONY: bench

# An hour, or DURATION seconds, of runs over sockets that come and go; fails when one is not right.
tests_bench_soak_soak_SOURCES = \
	tests/bench/soak/bpf-ids.c tests/bench/soak/bpf-ids.h \
	tests/bench/soak/churn.c tests/bench/soak/churn.h \
	tests/bench/soak/follower.c tests/bench/soak/follower.h \
	tests/bench/soak/forms.c tests/bench/soak/forms.h \
	tests/bench/soak/onerun.c tests/bench/soak/onerun.h \
	tests/bench/soak/pace.c tests/bench/soak/pace.h \
	tests/bench/soak/soak.c $(BENCH_SCENE) $(BENCH_RACE) $(LIVE_HARNESS)

soak: lingerstat$(EXEEXT) tests/bench/soak/soak$(EXEEXT)
	@LINGERSTAT='$(abs_top_builddir)/lingerstat' tests/bench/soak/soak $(DURATION) || test $$? = 77
.PHONY: soak

# Tests of the command line.
CLI_TESTS = \
	tests/cli/completion.bats \
	tests/cli/check.bats \
	tests/cli/demo.bats \
	tests/cli/details.bats \
	tests/cli/errors.bats \
	tests/cli/explain.bats \
	tests/cli/filter.bats \
	tests/cli/filter-file.bats \
	tests/cli/manpage.bats \
	tests/cli/manpages-close.bats \
	tests/cli/manpages-monitoring.bats \
	tests/cli/csv.bats \
	tests/cli/hardening.bats \
	tests/cli/quickstart.bats \
	tests/cli/range-oracle.bats \
	tests/cli/metrics.bats \
	tests/cli/replay.bats \
	tests/cli/run-tap.bats \
	tests/cli/ss-options.bats \
	tests/cli/schema.bats \
	tests/cli/spaces.bats \
	tests/cli/streams.bats \
	tests/cli/summary.bats

# Those of the command line that only the first build runs.
ONCE_TESTS = \
	tests/cli/host.bats \
	tests/cli/hostile.bats \
	tests/cli/leaks.bats \
	tests/cli/vm.bats
EXTRA_DIST += $(ONCE_TESTS)

# A recording of every TCP state, what is expected of it, and how it was made.
EXTRA_DIST += \
	tests/data/record-states \
	tests/data/details.csv.expected \
	tests/data/details.json.expected \
	tests/data/details.table.expected \
	tests/data/states.dump \
	tests/data/states.all.expected \
	tests/data/states.columns.expected \
	tests/data/states.connected.expected \
	tests/data/states.forecast.expected \
	tests/data/states.listen.expected \
	tests/data/states.ndjson.expected \
	tests/data/states.summary.expected

# A process with a socket and a name of one's choice, for tests/cli/streams.bats.
CLI_HELPERS = tests/cli/hold-socket
tests_cli_hold_socket_SOURCES = tests/cli/hold-socket.c
tests_cli_hold_socket_LDADD =

# Tests with real consumers, where they are installed.
CONSUMER_TESTS = \
	tests/consumers/agents.bats \
	tests/consumers/prometheus.bats
CLI_HELPERS += tests/consumers/leak
tests_consumers_leak_SOURCES = tests/consumers/leak.c
tests_consumers_leak_LDADD =
EXTRA_DIST += $(CONSUMER_TESTS) tests/consumers/common.bash

TESTS_UNIT =
TESTS_LIVE =
TESTS_SMOKE_LIVE =
if HAVE_CMOCKA
TESTS_UNIT += $(UNIT_TESTS)
if HAVE_JANSSON
TESTS_LIVE += $(LIVE_TESTS)
TESTS_SMOKE_LIVE += $(SMOKE_LIVE_TESTS)
endif
endif

check_PROGRAMS += $(TESTS_UNIT) $(TESTS_LIVE) $(CLI_HELPERS)
TESTS = $(TESTS_UNIT) $(TESTS_LIVE) $(CLI_TESTS) $(ONCE_TESTS) $(CONSUMER_TESTS)
# What a second build (another compiler, sanitizers) runs: `make check-smoke`.
SMOKE_TESTS = $(TESTS_UNIT) $(TESTS_SMOKE_LIVE) $(CLI_TESTS)
TEST_EXTENSIONS = .bats .t
EXTRA_DIST += $(CLI_TESTS) tests/cli/complete.zsh tests/cli/recording.bash tests/cli/schema.py tests/run-tap tests/tally

TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
RUN_TAP = $(SHELL) $(top_srcdir)/tests/run-tap
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(RUN_TAP)
BATS_LOG_DRIVER = $(TAP_DRIVER)
BATS_LOG_COMPILER = $(RUN_TAP)
T_LOG_DRIVER = $(TAP_DRIVER)
T_LOG_COMPILER = $(RUN_TAP) $(SHELL)

AM_TESTS_ENVIRONMENT = \
	LINGERSTAT='$(abs_top_builddir)/lingerstat'; export LINGERSTAT; \
	TESTDATA='$(abs_top_srcdir)/tests/data'; export TESTDATA; \
	TOP_SRCDIR='$(abs_top_srcdir)'; export TOP_SRCDIR; \
	TOP_BUILDDIR='$(abs_top_builddir)'; export TOP_BUILDDIR; \
	BATS='$(BATS)'; export BATS; \
	JQ='$(JQ)'; export JQ; \
	HARDENING_OFF='$(hardening_off)'; export HARDENING_OFF; \
	HARDENING_TAKEN='$(hardening_taken)'; export HARDENING_TAKEN; \
	HARDENING_REFUSED='$(hardening_refused)'; export HARDENING_REFUSED; \
	AWK='$(AWK)'; export AWK;

# One line with the sum of all tests comes last, whether they pass, fail, or cannot even be built.
# Automake keeps its `check: check-am` beside this rule for check, so check-am has run when this
# one starts; its failure is ignored there and told by tally, which fails when a test failed or
# left no result.
check:
	@AWK='$(AWK)' $(SHELL) $(top_srcdir)/tests/tally $(TEST_LOGS:.log=.trs)

check-am: forget-results
forget-results:
	@rm -f $(TEST_LOGS:.log=.trs)
.IGNORE: check-am
.PHONY: forget-results

check-smoke:
	@$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(SMOKE_TESTS)'
.PHONY: check-smoke

# Live tests on other kernels, under qemu: Debian's packages, fetched once (tests/vm/kernel).
# VM_KERNELS: which. VM_TESTS: what runs there. Not by themselves: test_faults, whose kernel is a
# library of its own, and what takes minutes where the processor is emulated: there a second of work
# takes two and a half, and all of it is to take eight minutes. `make check-all` runs the rest too.
# VM_SECONDS: after which a guest is taken to hang.
VM_KERNELS = 6.1 6.12
VM_SECONDS = 1200
VM_SLOW_TESTS = \
	tests/live/test_against_ss \
	tests/live/test_churn \
	tests/live/test_filter_ss \
	tests/live/test_protocols \
	tests/live/test_restart
VM_STALL_CASES = zero* deaf* dropped* lost* link_down* slow_link* idle* drain*
VM_NETEM_CASES = slow* dead*
VM_TESTS = $(filter-out $(VM_SLOW_TESTS),$(TESTS_SMOKE_LIVE)) \
	$(addsuffix :one_missing*,$(filter %/test_guards,$(TESTS_LIVE))) \
	$(foreach cases,$(VM_NETEM_CASES),$(addsuffix :$(cases),$(filter %/test_netem,$(TESTS_LIVE)))) \
	$(foreach cases,$(VM_STALL_CASES),$(addsuffix :$(cases),$(filter %/test_stall,$(TESTS_LIVE)))) \
	$(filter %/test_walk,$(TESTS_LIVE))
check-vm: lingerstat$(EXEEXT) tests/faults/inject.so $(TESTS_LIVE)
	@TOP_BUILDDIR='$(abs_top_builddir)' VM_SECONDS='$(VM_SECONDS)' \
		$(top_srcdir)/tests/vm/check-vm $(VM_KERNELS) -- $(VM_TESTS)
.PHONY: check-vm
EXTRA_DIST += tests/vm/check-vm tests/vm/init tests/vm/initramfs tests/vm/judge tests/vm/kernel \
	tests/vm/run-one

# The same listings under churn as `make check` has, more of them, of more sockets.
churn: lingerstat$(EXEEXT) tests/live/test_churn$(EXEEXT)
	LINGERSTAT='$(abs_top_builddir)/lingerstat' LINGERSTAT_CHURN_RUNS=50 \
		LINGERSTAT_CHURN_SOCKETS=50000 tests/live/test_churn
.PHONY: churn
# What the tests reach of src. Some run the tool as another user, so its counters may be written by
# anyone.
COVERAGE_TESTS = $(TESTS)
coverage:
	@test -n '$(COVERAGE_FLAGS)' || { \
		echo 'make coverage: configure --enable-coverage first' >&2; exit 1; }
	@find . -name '*.gcda' -exec rm -f {} +
	@find src -type d -exec chmod a+rwx {} +
	@umask 0; $(MAKE) $(AM_MAKEFLAGS) check TESTS='$(COVERAGE_TESTS)'
	@JQ='$(JQ)' $(top_srcdir)/tests/coverage
CLEANFILES += src/*.gc?? src/*/*.gc?? contrib/*/*.gc?? tests/*/*.gc?? tests/*/*/*.gc??
.PHONY: coverage
EXTRA_DIST += tests/coverage

# Static analysis and style: what CI demands. LINT names the checks; `deep` is one more.
LINT = analyzer tidy cppcheck shell format man
lint: config.h src/filter/grammar.h
	@LINT_FLAGS='$(DEFS) $(DEFAULT_INCLUDES) $(INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS)' \
		$(top_srcdir)/tests/lint $(LINT)
.PHONY: lint
EXTRA_DIST += tests/lint tests/cppcheck.txt tests/.clang-tidy .clang-tidy .clang-format

# Everything there is: all tests, each fault in turn (minutes), the demonstration played on this
# machine, and all live tests, the whole close lab with them, on other kernels.
check-all: check
	@test ! -x tests/live/test_faults$(EXEEXT) || ($(AM_TESTS_ENVIRONMENT) \
		LINGERSTAT_FAULTS=all $(RUN_TAP) tests/live/test_faults$(EXEEXT))
	@LINGERSTAT='$(abs_top_builddir)/lingerstat' $(abs_top_builddir)/contrib/demo/lingerstat-demo
	@$(MAKE) $(AM_MAKEFLAGS) check-vm VM_TESTS='$(TESTS_LIVE)' VM_SECONDS=3600
.PHONY: check-all
