# SPDX-License-Identifier: GPL-2.0-or-later

# What stands beside the tool: programs that are built and not installed go to noinst_PROGRAMS,
# everything a release must carry to EXTRA_DIST.

noinst_PROGRAMS += lingerstat-showcase
lingerstat_showcase_SOURCES = contrib/showcase.c
lingerstat_showcase_LDADD =
EXTRA_DIST += contrib/quickstart

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
