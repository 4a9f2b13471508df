#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Monitoring agents run the check: Icinga 2 gets status and performance data whole, the Zabbix agent
# its numbers.
#
# run-tap: live (real daemons, and times)

load common

icinga() {
	mkdir -p plugins perfdata run log cache data spool
	ln -sf "$LINGERSTAT" plugins/check_lingerstat
	cat >icinga2.conf <<CONF
const PluginDir = "$PWD/plugins"
const NodeName = "test"
include <itl>
include "$contrib/icinga2.conf"
object CheckerComponent "checker" { }
object PerfdataWriter "perfdata" {
  service_perfdata_path = "$PWD/perfdata/service"
  service_temp_path = "$PWD/perfdata/service.tmp"
  host_perfdata_path = "$PWD/perfdata/host"
  host_temp_path = "$PWD/perfdata/host.tmp"
  service_format_template = "\$service.name\$\t\$service.state\$\t\$service.perfdata\$\t\$service.output\$"
  rotation_interval = 1s
}
object Host "test" { check_command = "dummy"; check_interval = 5s }
template Service "each-second" { host_name = "test"; check_command = "lingerstat"; check_interval = 1s; retry_interval = 1s }
object Service "fine" {
  import "each-second"
  vars.lingerstat_warning = [ "close_wait=1000", "total=100000" ]
  vars.lingerstat_critical = [ "close_wait=2000" ]
}
object Service "leak" {
  import "each-second"
  vars.lingerstat_critical = [ "close_wait=5" ]
}
object Service "filtered" {
  import "each-second"
  vars.lingerstat_warning = [ "total=5" ]
  vars.lingerstat_filter = "state listen"
}
CONF
	run_icinga() {
		exec icinga2 daemon "$@" -c "$PWD/icinga2.conf" \
			-D RunAsUser=root -D RunAsGroup=root -D DataDir="$PWD/data" -D LogDir="$PWD/log" \
			-D CacheDir="$PWD/cache" -D SpoolDir="$PWD/spool" -D InitRunDir="$PWD/run" -D PidPath="$PWD/run/pid" \
			-D VarsPath="$PWD/cache/vars" -D ObjectsPath="$PWD/cache/objects" -D StatePath="$PWD/data/state" \
			-D ModAttrPath="$PWD/data/modattr"
	}
	(run_icinga -C) >check.log 2>&1 || { cat check.log; return 1; }
	give_leak 8
	start icinga run_icinga
	says() { cat perfdata/service* 2>/dev/null | grep -qE "$1"; }
	wait_for "a CRITICAL with its performance data" says $'^leak\tCRITICAL\tclose_wait=8;;5;0\tLINGERSTAT CRITICAL: close_wait 8 \\(critical beyond 5\\)'
	wait_for "who is behind it" says '^close_wait: 8 leaky-app/[0-9]+ \(fd [0-9 ]+\.\.\.\)'
	wait_for "an OK" says $'^fine\tOK\t.*close_wait=8;1000;2000;0.* total=[0-9]+;100000;;0.*\tLINGERSTAT OK: '
	wait_for "the filter" says $'^filtered\tOK\t.*\tLINGERSTAT OK: total 0'

	# Whole: each label that the check prints by itself arrives.
	"$LINGERSTAT" check -w close_wait=1000 -w total=100000 -c close_wait=2000 >own
	for label in $(sed 's/.*|//' own | head -n 1 | grep -oE '[a-z0-9_]+='); do
		says "^fine.* ?$label" || { echo "no $label in:"; cat perfdata/service*; return 1; }
	done
	end_leak
}

@test "icinga2: runs the check, and its performance data arrives whole" {
	needs icinga2
	in_namespace icinga
}

zabbix() {
	sed "s#/usr/local/bin/lingerstat#$LINGERSTAT#g" "$contrib/zabbix_agentd.conf" >userparameters.conf
	printf 'Server=127.0.0.1\nAllowRoot=1\nTimeout=30\nInclude=%s\n' "$PWD/userparameters.conf" >agent.conf
	give_leak 8
	# `key  [t|text]`: the type and the value.
	zabbix_agentd -c agent.conf -t 'lingerstat.value[close_wait]' >value
	grep -qE '^lingerstat\.value\[close_wait\] +\[t\|8\]$' value || { cat value; return 1; }
	zabbix_agentd -c agent.conf -t lingerstat.check >text
	grep -qE '^lingerstat\.check +\[t\|LINGERSTAT OK: close_wait 8' text || { cat text; return 1; }
	zabbix_agentd -c agent.conf -t lingerstat.metrics >metrics
	grep -q '^lingerstat_sockets{protocol="tcp",state="close_wait"} 8$' metrics || { cat metrics; return 1; }
	end_leak
}

@test "zabbix_agentd -t: the user parameters" {
	needs zabbix_agentd
	in_namespace zabbix
}

# The folder of the test's own stands in for the one that the unit names.
unit() {
	local unit=$contrib/lingerstat-metrics.service capabilities option
	capabilities=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit")
	[ "$capabilities" = "$(sed -n 's/^AmbientCapabilities=//p' "$unit")" ]
	option=$(echo "$capabilities" | tr 'A-Z' 'a-z' | sed 's/cap_/+/g; s/ /,/g')
	mkdir out && chmod 777 out
	chmod 755 . && cp "$LINGERSTAT" tool # where another user can reach it
	give_leak 3
	# The unit's ProtectSystem and ProtectKernelTunables, where mounts are to be had.
	unshare --mount --propagation private bash -c '
		for folder in /usr /etc /sys /proc/sys; do
			mount --rbind "$folder" "$folder" && mount -o remount,bind,ro "$folder" || echo "$folder stays writable"
		done
		exec "$@"' closed \
		setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set="-all,$option" \
		--inh-caps="-all,$option" --ambient-caps="-all,$option" \
		./tool metrics --output out/lingerstat.prom
	setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
		./tool metrics >without 2>/dev/null || true
	end_leak
	grep -q 'state="close_wait"} 3$' out/lingerstat.prom
	[ "$(stat -c %a out/lingerstat.prom)" = 644 ]
	grep -q '^lingerstat_linger_unknown_sockets [1-9]' without || { echo "linger is known without capabilities:"; cat without; return 1; }
	# Where BPF is to be had at all, these two capabilities are enough for it.
	"$LINGERSTAT" metrics | grep -q '^lingerstat_linger_unknown_sockets 0$' || return 0
	grep -q '^lingerstat_linger_unknown_sockets 0$' out/lingerstat.prom || { cat out/lingerstat.prom; return 1; }
}

@test "systemd: the unit's user and capabilities are enough, for linger too" {
	needs setpriv
	in_namespace unit
}

without_privilege() {
	local user="setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all" status=0
	chmod 755 . && cp "$LINGERSTAT" tool
	give_leak 7
	$user ./tool check >out || { cat out; return 1; }
	grep -q '^LINGERSTAT OK: close_wait 7, .* close_wait=7;1000;10000;0 ' out || { cat out; return 1; }
	$user ./tool check -c close_wait=6 >out || status=$?
	[ "$status" -eq 2 ] && grep -q '^close_wait: 7 a process that cannot be read, of uid 0$' out || { cat out; return 1; }
	end_leak
}

@test "agents without privilege: the default thresholds, and every state" {
	needs setpriv
	in_namespace without_privilege
}

# names WORD...: the system calls that the words of a SystemCallFilter= stand for.
names() {
	local word
	for word; do
		# Each name is a word.
		# shellcheck disable=SC2046
		case $word in
		@*) names $(systemd-analyze syscall-filter "$word" | sed -n 's/^ \+\(@\?[a-z0-9_-]\+\)$/\1/p') ;;
		*) echo "$word" ;;
		esac
	done
}

@test "systemd: the unit's system calls and kinds of sockets are enough" {
	for program in systemd-analyze strace; do
		command -v $program >/dev/null || skip "$program is not installed"
	done
	unit=$contrib/lingerstat-metrics.service
	cd "$BATS_TEST_TMPDIR"
	strace -f -o trace true 2>/dev/null || skip "strace may not trace here"
	strace -f -o trace "$LINGERSTAT" metrics --output lingerstat.prom
	# shellcheck disable=SC2046
	names $(sed -n 's/^SystemCallFilter=//p' "$unit") | sort -u >allowed
	sed -n 's/^[0-9]* *\([a-z][a-z0-9_]*\)(.*/\1/p' trace | sort -u >made
	grep -qx bpf allowed && grep -qx sendto made
	[ -z "$(comm -13 allowed made)" ] || { echo "not allowed: $(comm -13 allowed made)" && false; }
	for family in $(sed -n 's/.*[^a-z]socket\(pair\)\?(\(AF_[A-Z0-9_]*\),.*/\2/p' trace | sort -u); do
		grep -q "^RestrictAddressFamilies=.*$family\>" "$unit" || { echo "not allowed: $family" && false; }
	done
	# MemoryDenyWriteExecute
	! grep -E 'PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC' trace
}

@test "systemd: the unit is as closed as it can be" {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
	systemd-analyze security --help | grep -q -- --offline || skip "systemd-analyze has no --offline"
	systemd-analyze security --offline=yes --threshold=30 "$contrib/lingerstat-metrics.service" >"$BATS_TEST_TMPDIR/out" ||
		{ cat "$BATS_TEST_TMPDIR/out" && false; }
}

@test "sudoers: the line is valid" {
	command -v visudo >/dev/null || skip "sudo is not installed"
	visudo -cf "$contrib/lingerstat.sudoers"
}

# The agent's user, here `nobody`, may run that line as root, and nothing else. sudo reads the file
# of the test in a mount namespace of its own.
sudo_line() {
	local line=${1:-} user
	if [ -z "$line" ]; then
		ln -s "$LINGERSTAT" check_lingerstat
		chmod 755 . && chmod a+x ..
		sed "s#^nagios #nobody #; s#/usr/local/libexec/lingerstat/#$PWD/#" "$contrib/lingerstat.sudoers" >sudoers
		chmod 440 sudoers
		give_leak 3
		unshare --mount --propagation private bash -ec "mount --bind sudoers /etc/sudoers; sudo_line inside"
		end_leak
		return
	fi
	user="setpriv --reuid=65534 --regid=65534 --clear-groups"
	line=$PWD/$(sed -n 's/.*\(check_lingerstat .*\)/\1/p' sudoers | tr -d '\\')
	# shellcheck disable=SC2086
	$user sudo -n $line >out || { [ $? -lt 3 ] || { cat out; return 1; }; }
	grep -q '^LINGERSTAT .* risk_certain=[0-9]*;;0;0' out || { cat out; return 1; }
	for other in "$line --state-file $PWD/state" "$PWD/check_lingerstat" "$LINGERSTAT list"; do
		# shellcheck disable=SC2086
		! $user sudo -n $other >out 2>&1 || { echo "sudo ran: $other"; return 1; }
	done
}

@test "sudoers: the agent's user may run that line as root, and nothing else" {
	needs sudo setpriv
	unshare --mount true 2>/dev/null || skip "no mount namespaces here"
	[ -e /etc/sudoers ] || skip "there is no /etc/sudoers"
	export -f sudo_line
	in_namespace sudo_line
}

@test "cron: the line's command is taken" {
	command=$(sed -n 's#.* /usr/local/bin/lingerstat check ##p' "$contrib/lingerstat.cron" | sed "s#/var/lib/lingerstat#$BATS_TEST_TMPDIR#")
	# shellcheck disable=SC2086
	run "$LINGERSTAT" check $command
	[ "$status" -lt 3 ] || { echo "$output" && false; }
	[ -s "$BATS_TEST_TMPDIR/cron.state" ]
}

@test "nagios: the service's arguments are taken" {
	arguments=$(sed -n 's/.*check_lingerstat!//p' "$contrib/nagios.cfg")
	# shellcheck disable=SC2086
	run "$LINGERSTAT" check $arguments
	[ "$status" -lt 3 ] || { echo "$output" && false; }
}
