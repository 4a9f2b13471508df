#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The way to Prometheus: metrics --output, node_exporter's textfile collector, a scrape, a query,
# an alert.
#
# run-tap: live (real daemons, and times)

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "prometheus: the alert rules are valid, and do what their tests say" {
	command -v promtool >/dev/null || skip "promtool is not installed"
	promtool check rules "$contrib/lingerstat.rules.yml"
	promtool test rules "$contrib/lingerstat.rules.test.yml"
}

@test "prometheus: every metric and label in the rules and the dashboard is one that the tool writes" {
	"$LINGERSTAT" metrics >"$BATS_TEST_TMPDIR/metrics"
	for name in $(grep -hoE 'lingerstat_[a-z_]+' "$contrib/lingerstat.rules.yml" "$contrib/grafana.json" | sort -u); do
		grep -q "^# TYPE $name " "$BATS_TEST_TMPDIR/metrics" || { echo "no metric $name" && false; }
	done
	for label in $(grep -hoE '(state|limit|risk|protocol)=\\?"[a-z_0-9]+' "$contrib/lingerstat.rules.yml" "$contrib/grafana.json" |
		tr -d '\\' | sort -u); do
		grep -q "[{,]$label\"" "$BATS_TEST_TMPDIR/metrics" || { echo "no label $label\"" && false; }
	done
}

@test "prometheus: the commands in the runbooks are ones that the tool takes" {
	grep -v '^#' "$contrib/lingerstat.rules.yml" | tr -s '\n ' ' ' | sed 's/[.,;] /\n/g' |
		sed -n "s/.*\<lingerstat \(\(-\|explain\|summary\|metrics\).*\)/\1/p" >commands
	[ "$(wc -l <commands)" -ge 10 ]
	while read -r words; do
		status=0
		eval "\"$LINGERSTAT\" $words" >/dev/null 2>err </dev/null || status=$?
		[ "$status" -ne 2 ] || { echo "lingerstat $words: $(cat err)" && false; }
	done <commands
}

# The rules wait for minutes, which the test does not have; what they look at stays the same.
chain() {
	mkdir -p textfile data
	sed 's/^\( *for:\) .*/\1 1s/' "$contrib/lingerstat.rules.yml" >rules.yml
	cat >prometheus.yml <<'YAML'
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
scrape_configs:
  - { job_name: node, static_configs: [{ targets: ['127.0.0.1:9100'] }] }
  - { job_name: prometheus, static_configs: [{ targets: ['127.0.0.1:9090'] }] }
YAML
	query() { promtool query instant http://127.0.0.1:9090 "$1"; }
	has() { [ -n "$(query "$1")" ]; }
	write() { "$LINGERSTAT" metrics --tcp --output textfile/lingerstat.prom; }
	firing() { write && has "ALERTS{alertname=\"$1\",alertstate=\"firing\"}"; }
	silent() { write && [ -z "$(query "ALERTS{alertname=\"$1\"}")" ]; }
	# As the tool writes them: without the labels of the scrape, no blanks.
	queried() {
		query '{__name__=~"lingerstat_(sockets|close_.*|linger_.*|unread_.*|limit_.*|complete)"}' |
			sed 's/instance="[^"]*",* *//; s/job="[^"]*",* *//; s/, /,/g; s/,}/}/; s/{}//; s/ => / /; s/ @.*//' | sort
	}
	written() {
		grep -E '^lingerstat_(sockets|close_|linger_|unread_|limit_|complete)' textfile/lingerstat.prom | sort
	}

	write
	start node prometheus-node-exporter --web.listen-address=127.0.0.1:9100 \
		--collector.disable-defaults --collector.textfile --collector.textfile.directory=textfile
	start prometheus prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
		--web.listen-address=127.0.0.1:9090
	wait_for "the first scrape" has lingerstat_complete

	# The numbers that were printed are those that a query returns.
	wait_for "the same numbers" bash -c "$(declare -f query queried written); diff <(written) <(queried)" || {
		diff <(written) <(queried)
		return 1
	}
	[ "$(written | wc -l)" -gt 30 ]

	# A healthy host: the rules were evaluated again and again, and none has anything to say.
	wait_for "three evaluations" has 'min(prometheus_rule_group_iterations_total) >= 3'
	has 'sum(prometheus_rule_evaluation_failures_total) == 0'
	[ -z "$(query ALERTS)" ] || { query ALERTS; return 1; }

	# A leak: its alert fires, and no other. (What a close would destroy at some instant, with a
	# scrape on its way, is as the machine pleases.)
	give_leak 60
	wait_for "the alert of the leak" firing LingerstatCloseWaitLeak
	others='ALERTS{alertname!~"LingerstatCloseWaitLeak|LingerstatCloseRisk|LingerstatDataDestroyed"}'
	[ -z "$(query "$others")" ] || { query ALERTS; return 1; }
	has 'lingerstat_sockets{protocol="tcp",state="close_wait"} >= 60'

	# It is mended: the alert goes.
	end_leak
	wait_for "the end of the alert" silent LingerstatCloseWaitLeak
}

@test "prometheus: node_exporter, scrape, query, alert" {
	needs promtool prometheus prometheus-node-exporter
	in_namespace chain
}
