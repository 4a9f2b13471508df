#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `metrics`: text that Prometheus takes, the same words as elsewhere, and a file that is whole.

setup() {
	: "${LINGERSTAT:=lingerstat}"
	cd "$BATS_TEST_TMPDIR" || return
	export LC_ALL=C
}

@test "metrics: promtool check metrics has nothing to say" {
	command -v promtool >/dev/null || skip "promtool is not installed"
	"$LINGERSTAT" metrics >out
	run promtool check metrics <out
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	"$LINGERSTAT" metrics --udp --by unit >out
	run promtool check metrics <out
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "metrics: every state, risk and reason is there, at zero too, and each sample once" {
	"$LINGERSTAT" metrics --tcp --by unit >out
	for state in established syn_sent syn_recv fin_wait1 fin_wait2 time_wait close close_wait last_ack \
		listen closing; do
		grep -qE "^lingerstat_sockets\\{protocol=\"tcp\",state=\"$state\"\\} [0-9]+\$" out
	done
	for risk in none possible likely certain; do
		grep -qE "^lingerstat_close_risk_sockets\\{risk=\"$risk\"\\} [0-9]+\$" out
	done
	for reason in $("$LINGERSTAT" explain --help | sed '1,/^Reasons:/d'); do
		grep -qE "^lingerstat_close_risk_reason_sockets\\{reason=\"$reason\"\\} [0-9]+\$" out
	done
	for line in 'lingerstat_complete 1' 'lingerstat_build_info{version="[0-9.]*",bpf="\(yes\|no\)"} 1'; do
		grep -q "^$line\$" out
	done
	[ -z "$(grep -v '^#' out | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
	# Every metric that the help names; that of SCTP where it is loaded.
	for name in $("$LINGERSTAT" metrics --help | sed '1,/^Metrics:/d' | grep -oE '^  lingerstat_[a-z_]+'); do
		[ "$name" != lingerstat_sctp_aborts_total ] || [ -e /proc/net/sctp/snmp ] || continue
		grep -q "^# HELP $name " out && grep -q "^# TYPE $name " out || { echo "no $name" && false; }
	done
}

@test "metrics: each kind has the states that it can be in, and no others" {
	"$LINGERSTAT" metrics --tcp --mptcp --udp --unix >out
	states_of() {
		sed -n "s/^lingerstat_sockets{protocol=\"$1\",state=\"\([a-z0-9_]*\)\"} .*/\1/p" out |
			sort | paste -sd, -
	}
	tcp=bound_inactive,close,close_wait,closing,established,fin_wait1,fin_wait2,last_ack,listen,syn_recv,syn_sent,time_wait
	[ "$(states_of tcp)" = "$tcp" ]
	[ "$(states_of udp)" = close,established ]
	[ "$(states_of u_str)" = close,established,listen ]
	[ "$(states_of u_dgr)" = close,established ]
	! grep -qE 'state="(cookie_|shutdown_)' out || false
	! grep -q 'protocol="mptcp",state="\(bound_inactive\|time_wait\)"' out || false
}

@test "metrics: labels are words, never addresses" {
	"$LINGERSTAT" metrics --tcp --mptcp --udp --unix >out
	! grep -v '^#' out | grep -E '="[^"]*[^a-z0-9_."-][^"]*"' || false
	! grep -qE '="[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+' out || false
	grep -q 'protocol="udp"' out && grep -q 'protocol="u_str"' out
}

@test "metrics: units are on request, no more than asked for, and add up" {
	"$LINGERSTAT" metrics --tcp --udp >out
	[ "$(grep -c unit out)" -eq 0 ]
	"$LINGERSTAT" metrics --tcp --udp --by unit --top 2 >out
	units=$(sed -n 's/^lingerstat_unit_close_risk_sockets{unit="\([^"]*\)"} [0-9]*$/\1/p' out)
	[ "$(grep -vcxE 'none|unknown|other' <<<"$units" || true)" -le 2 ]
	for word in none unknown other; do
		grep -qx "$word" <<<"$units"
	done
	# By state, the units have as many sockets as the kinds.
	sums() {
		sed -n "s/^$1{[^}]*state=\"\([a-z0-9_]*\)\"} /\1 /p" out |
			awk '{ n[$1] += $2 } END { for (s in n) print s, n[s] }' | sort
	}
	[ "$(sums lingerstat_unit_sockets)" = "$(sums lingerstat_sockets)" ]
	[ -n "$(sums lingerstat_unit_sockets)" ]
}

@test "metrics: --output replaces the file as a whole, mode 0644" {
	umask 077
	echo old >m.prom
	"$LINGERSTAT" metrics --output m.prom
	grep -q '^lingerstat_complete 1$' m.prom
	[ "$(stat -c %a m.prom)" = 644 ]
	[ "$(ls -A)" = m.prom ]
	[ "$(tail -c 1 m.prom | od -An -c | tr -d ' ')" = '\n' ]
}

@test "metrics: a failed run leaves the old file, and nothing beside it" {
	mkdir folder
	echo old >folder/m.prom
	# The disk is full: writes beyond a file size fail.
	status=0
	(ulimit -f 1 && trap '' XFSZ && "$LINGERSTAT" metrics --output folder/m.prom) 2>err || status=$?
	[ "$status" -eq 1 ] && grep -q "cannot write to 'folder/m.prom'" err
	[ "$(cat folder/m.prom)" = old ]
	[ "$(ls -A folder)" = m.prom ]
	status=0
	"$LINGERSTAT" metrics --output /nonexistent/m.prom 2>err || status=$?
	[ "$status" -eq 1 ] && grep -q "'/nonexistent/m.prom'" err
}

@test "metrics: usage errors" {
	for arguments in "state listen" "--frob" "--output" "--linger=getfd" "--linger=x" \
		"--by pid" "--by" "--top 3" "--by unit --top 0" "--by unit --top 201" "--by unit --top x"; do
		status=0
		# shellcheck disable=SC2086
		"$LINGERSTAT" metrics $arguments >out 2>err || status=$?
		[ "$status" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] ||
			{ echo "$arguments: $status, $(cat out err)" && false; }
	done
}
