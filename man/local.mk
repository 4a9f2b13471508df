# SPDX-License-Identifier: GPL-2.0-or-later

# Manual pages: one line each, `dist_man_MANS += man/NAME.SECTION`.
dist_man_MANS += man/lingerstat.8
dist_man_MANS += man/lingerstat-close.7
dist_man_MANS += man/lingerstat-check.8
