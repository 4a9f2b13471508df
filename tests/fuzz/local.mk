# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fuzzing: tests/fuzz/test_corpora runs the kept inputs as a test of every build, tests/fuzz/fuzz
# (configure --enable-fuzzing) invents new ones. A new target is a row in targets.c, its file here,
# and its corpus.

FUZZ_TARGETS = tcp inet unix others dump events replay filter filterfile range procnet machine \
	owners state output sums contexts

FUZZ_SOURCES = \
	tests/fuzz/answers.c tests/fuzz/answers.h \
	tests/fuzz/bytes.h \
	tests/fuzz/contexts.c \
	tests/fuzz/decode.c \
	tests/fuzz/dump.c \
	tests/fuzz/files.c tests/fuzz/files.h \
	tests/fuzz/filter.c \
	tests/fuzz/fuzz.h \
	tests/fuzz/machine.c \
	tests/fuzz/made.c tests/fuzz/made.h \
	tests/fuzz/output.c \
	tests/fuzz/owners.c \
	tests/fuzz/procnet.c \
	tests/fuzz/range.c \
	tests/fuzz/replay.c \
	tests/fuzz/shown.c tests/fuzz/shown.h \
	tests/fuzz/state.c \
	tests/fuzz/sums.c \
	tests/fuzz/targets.c \
	tests/unit/bytecode_run.c tests/unit/bytecode_run.h \
	$(UNIT_RESOLVER)
# The linker puts the kernel's answers, and a resolver, in the place of the libraries'.
FUZZ_WRAPS = $(RESOLVER_WRAPS) \
	-Wl,--wrap=mnl_socket_open2 \
	-Wl,--wrap=mnl_socket_bind \
	-Wl,--wrap=mnl_socket_get_portid \
	-Wl,--wrap=mnl_socket_get_fd \
	-Wl,--wrap=mnl_socket_sendto \
	-Wl,--wrap=mnl_socket_recvfrom \
	-Wl,--wrap=mnl_socket_close

tests_fuzz_test_corpora_SOURCES = tests/fuzz/test_corpora.c $(FUZZ_SOURCES)
tests_fuzz_test_corpora_LDFLAGS = $(FUZZ_WRAPS)
tests_fuzz_test_corpora_LDADD = $(LINGERSTAT_LIBS) $(JANSSON_LIBS)
EXTRA_PROGRAMS += tests/fuzz/fuzz
tests_fuzz_fuzz_SOURCES = tests/fuzz/libfuzzer.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_LDFLAGS = $(FUZZ_WRAPS) -fsanitize=fuzzer
tests_fuzz_fuzz_LDADD = $(LINGERSTAT_LIBS) $(JANSSON_LIBS)
CLEANFILES += tests/fuzz/fuzz$(EXEEXT)

if HAVE_JANSSON
TESTS_UNIT += tests/fuzz/test_corpora
endif

FUZZ_FOUND = dump events filter filterfile inet output replay state sums tcp
FUZZ_DICTS = filter machine procnet range state
EXTRA_DIST += tests/fuzz/run-fuzz $(FUZZ_TARGETS:%=tests/fuzz/corpus/%) \
	$(FUZZ_FOUND:%=tests/fuzz/found/%) \
	$(FUZZ_DICTS:%=tests/fuzz/dict/%)

# FUZZ_SECONDS for each target, FUZZ_JOBS of them at a time, FUZZ_TARGETS to name some; FUZZ_SEED
# other than 0 tries the same inputs in every run of one build.
FUZZ_SECONDS = 60
FUZZ_JOBS = 2
FUZZ_SEED = 0
RUN_FUZZ = FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ_JOBS='$(FUZZ_JOBS)' FUZZ_SEED='$(FUZZ_SEED)' \
	TOP_SRCDIR='$(top_srcdir)' $(SHELL) $(top_srcdir)/tests/fuzz/run-fuzz
FUZZ_TOOLS = tests/fuzz/fuzz$(EXEEXT) tests/fuzz/test_corpora$(EXEEXT)

if FUZZING
fuzz: $(FUZZ_TOOLS)
	@$(RUN_FUZZ) run $(FUZZ_TARGETS)

# Makes the corpora anew of what the last runs have left: of inputs that reach the same, the
# smallest.
fuzz-corpora: $(FUZZ_TOOLS)
	@$(RUN_FUZZ) merge $(FUZZ_TARGETS)
else
fuzz fuzz-corpora:
	@echo "make $@: configure --enable-fuzzing CC=clang first" >&2; exit 1
endif
.PHONY: fuzz fuzz-corpora

mostlyclean-local: clean-fuzz
clean-fuzz:
	rm -rf tests/fuzz/run
.PHONY: clean-fuzz
