# SPDX-License-Identifier: GPL-2.0-or-later
#
# The close lab's named small set, for builds that do not run it whole.
exec "$TOP_BUILDDIR/tests/live/closelab/closelab" --smoke
