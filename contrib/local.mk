# SPDX-License-Identifier: GPL-2.0-or-later

# What stands beside the tool: programs that are built and not installed go to noinst_PROGRAMS,
# everything a release must carry to EXTRA_DIST.

noinst_PROGRAMS += lingerstat-showcase
lingerstat_showcase_SOURCES = contrib/showcase.c
lingerstat_showcase_LDADD =
EXTRA_DIST += contrib/quickstart
dist_doc_DATA = contrib/lingerstat.schema.json

# The demonstration: built here, and installed as sources with a script that compiles them.
DEMO_SOURCES = \
	contrib/demo/actor.c contrib/demo/actor.h \
	contrib/demo/demo.c \
	contrib/demo/forecast.c contrib/demo/forecast.h \
	contrib/demo/json.c contrib/demo/json.h \
	contrib/demo/play.c contrib/demo/play.h \
	contrib/demo/segments.c contrib/demo/segments.h \
	contrib/demo/stage.c contrib/demo/stage.h \
	contrib/demo/verdict.c contrib/demo/verdict.h
noinst_PROGRAMS += contrib/demo/lingerstat-demo
contrib_demo_lingerstat_demo_SOURCES = $(DEMO_SOURCES)
contrib_demo_lingerstat_demo_LDADD =
demodir = $(docdir)/examples/demo
dist_demo_DATA = $(DEMO_SOURCES)
dist_demo_SCRIPTS = contrib/demo/run

# Completion for the shells, made of the tool's tables: an option, a column or a word of the filter
# is completed without a line here. The program that prints the tables links the tool, so it runs
# where it is built; a release carries what came out, and a cross build of a release takes that.
noinst_PROGRAMS += contrib/completion/words
contrib_completion_words_SOURCES = contrib/completion/words.c
contrib_completion_words_LDADD = $(LINGERSTAT_LIBS)

COMPLETIONS = \
	contrib/completion/lingerstat \
	contrib/completion/_lingerstat \
	contrib/completion/lingerstat.fish
COMPLETION_INPUTS = \
	contrib/completion/bash.awk contrib/completion/body.bash \
	contrib/completion/fish.awk contrib/completion/body.fish \
	contrib/completion/zsh.awk contrib/completion/body.zsh
EXTRA_DIST += $(COMPLETION_INPUTS)
MAINTAINERCLEANFILES += $(COMPLETIONS)

# Where each shell looks under any prefix that is in XDG_DATA_DIRS (bash, fish) or is its own (zsh).
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = contrib/completion/lingerstat
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = contrib/completion/_lingerstat
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_fishcompletion_DATA = contrib/completion/lingerstat.fish

# The program comes behind `|': that it was linked just now does not make a release's files old.
COMPLETION_TABLES = $(src_liblingerstat_a_SOURCES) contrib/completion/words.c
MAKE_COMPLETION = \
	$(MKDIR_P) contrib/completion && \
	contrib/completion/words$(EXEEXT) > $@.words && \
	$(AWK) -f $(top_srcdir)/contrib/completion/$$shell.awk $@.words > $@.tmp && \
	cat $(top_srcdir)/contrib/completion/body.$$shell >> $@.tmp && \
	mv -f $@.tmp $@ && rm -f $@.words

V_COMPLETION = $(V_COMPLETION_@AM_V@)
V_COMPLETION_ = $(V_COMPLETION_@AM_DEFAULT_V@)
V_COMPLETION_0 = @echo "  GEN     " $@;

contrib/completion/lingerstat: contrib/completion/bash.awk contrib/completion/body.bash \
		$(COMPLETION_TABLES) | contrib/completion/words$(EXEEXT)
	$(V_COMPLETION)shell=bash; $(MAKE_COMPLETION)
contrib/completion/_lingerstat: contrib/completion/zsh.awk contrib/completion/body.zsh \
		$(COMPLETION_TABLES) | contrib/completion/words$(EXEEXT)
	$(V_COMPLETION)shell=zsh; $(MAKE_COMPLETION)
contrib/completion/lingerstat.fish: contrib/completion/fish.awk contrib/completion/body.fish \
		$(COMPLETION_TABLES) | contrib/completion/words$(EXEEXT)
	$(V_COMPLETION)shell=fish; $(MAKE_COMPLETION)

distclean-local:
	test "$(top_srcdir)" = "$(top_builddir)" || rm -f $(COMPLETIONS)

# What monitoring systems need; contrib/monitoring/README tells where each goes.
monitoringdir = $(docdir)/examples/monitoring
dist_monitoring_DATA = \
	contrib/monitoring/README \
	contrib/monitoring/grafana.json \
	contrib/monitoring/icinga2.conf \
	contrib/monitoring/lingerstat-agent.conf \
	contrib/monitoring/lingerstat-metrics.service \
	contrib/monitoring/lingerstat-metrics.timer \
	contrib/monitoring/lingerstat.cron \
	contrib/monitoring/lingerstat.rules.test.yml \
	contrib/monitoring/lingerstat.rules.yml \
	contrib/monitoring/lingerstat.sudoers \
	contrib/monitoring/nagios.cfg \
	contrib/monitoring/telegraf.conf \
	contrib/monitoring/zabbix_agentd.conf
