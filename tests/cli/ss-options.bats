#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual page's table of ss's options: it names each option that the installed ss has, and says
# the truth about this tool.

setup() {
	: "${LINGERSTAT:=lingerstat}"
	page=$BATS_TEST_DIRNAME/../../man/lingerstat.8
	err=$BATS_TEST_TMPDIR/err
}

# rows: the table, a line each: its options, then its word. `-a --all same`
rows() {
	sed -n '/^\.Sh SS OPTIONS/,/^\.El/s/^\.It \(.*\) Ta \([a-z]*\)\( Ta .*\)\{0,1\}$/\1 \2/p' "$page" |
		sed 's/\\-/-/g; s/,//g'
}

# value OPTION: one that the option takes, where it takes one.
value() {
	case $1 in
	-A | --query | --socket) echo tcp ;;
	-D | --diag) echo "$BATS_TEST_TMPDIR/dump" ;;
	-F | --filter) echo /dev/null ;;
	-f | --family) echo inet ;;
	-N | --net) echo /proc/self/ns/net ;;
	esac
}

@test "ss's options: the table is there" {
	[ "$(rows | wc -l)" -ge 45 ]
	[ -z "$(rows | cut -d' ' -f1 | sort | uniq -d)" ]
}

@test "ss's options: each that the installed ss has is in the table" {
	command -v ss >/dev/null || skip "ss is not installed"
	listed=" $(rows | tr '\n' ' ')"
	# Lines such as `   -a, --all` and `   -A, --query=QUERY, --socket=QUERY`.
	options=$(ss --help | sed -n 's/^ *\(-[^ ,]*\(, --[^ ,]*\)*\).*/\1/p' | tr -d ',' | sed 's/=[^ ]*//g')
	[ "$(echo "$options" | wc -w)" -gt 60 ]
	for option in $options; do
		[[ $listed == *" $option "* ]] || missing="$missing $option"
	done
	[ -z "$missing" ] || { echo "not in the table:$missing" && false; }
}

@test "ss's options: what is the same or better is taken, in each spelling" {
	rows | grep -E ' (same|better)$' | while read -r row; do
		for option in ${row% *}; do
			# --help comes after all options were read.
			# There may be no value.
			# shellcheck disable=SC2046
			"$LINGERSTAT" "$option" $(value "$option") --help >/dev/null 2>"$err" </dev/null || {
				echo "$option: $(cat "$err")"
				exit 1
			}
		done
	done
}

@test "ss's options: what is absent is refused, and it is said why" {
	rows | grep -E ' absent$' | while read -r row; do
		for option in ${row% *}; do
			status=0
			# There may be no value.
			# shellcheck disable=SC2046
			"$LINGERSTAT" "$option" $(value "$option") >"$err" 2>&1 </dev/null || status=$?
			cat "$err"
			[ "$status" -eq 2 ]
			[ "$(wc -l <"$err")" -eq 1 ]
			grep -q -- "^lingerstat: $option is left out: " "$err"
		done
	done
}

@test "ss's options: -f help is the help" {
	diff <("$LINGERSTAT" -f help) <("$LINGERSTAT" --help)
}
