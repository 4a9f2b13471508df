#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lingerstat-close(7) says what the tool says: every reason word and outcome is there, the
# thresholds are those of the source, and the commands and the program in it work.

setup() {
	top=$BATS_TEST_DIRNAME/../..
	page=$top/man/lingerstat-close.7
	: "${LINGERSTAT:=lingerstat}"
}

# The words between "Reasons:" and the end of the help.
reasons() {
	"$LINGERSTAT" explain --help | sed -n '/^Reasons:/,$p' | grep -oE '\b[a-z0-9]+(-[a-z0-9]+)*\b'
}

# The entries of the section REASONS.
entries() {
	sed -n '/^\.Sh REASONS/,/^\.Sh BINDING/s/^\.It Sy //p' "$page"
}

@test "close page: every reason of the tool, and no other" {
	tool=$(reasons | sort)
	[ "$(echo "$tool" | wc -l)" -gt 10 ]
	diff <(echo "$tool") <(entries | sort)
}

@test "close page: every reason entry says something" {
	for reason in $(entries); do
		words=$(sed -n "/^\.It Sy $reason\$/,/^\.\(It\|El\)/p" "$page" | sed '1d;$d' | wc -w)
		[ "$words" -ge 8 ] || short="$short $reason"
	done
	[ -z "$short" ] || { echo "too short:$short" && false; }
}

@test "close page: every outcome" {
	outcomes=$(sed -n '/outcome_names\[/,/};/p' "$top/src/model/words.c" |
		grep -oE '"[a-z]+"' | tr -d '"')
	[ "$(echo "$outcomes" | wc -l)" -ge 6 ]
	for outcome in $outcomes; do
		grep -Eq "^\.Sy $outcome|Sy $outcome( |\$)" "$page" || lacks="$lacks $outcome"
	done
	[ -z "$lacks" ] || { echo "not in the page:$lacks" && false; }
}

# "zero-window tcpi_snd_wnd 0", one line a condition; "+" stands for "at least".
thresholds_of_source() {
	tr '\n' ' ' <"$top/src/judge/stall.c" | sed 's/.*rules\[\] = {//; s/};.*//' |
		grep -oE 'REASON_[A-Z_]+|"[A-Za-z_ ]+"|(true|false),[[:space:]]*[0-9]+' |
		awk '/REASON_/ { sub("REASON_", ""); reason = tolower($0); gsub("_", "-", reason); next }
		     /"/ { gsub("\"", ""); field = $0; next }
		     { print reason, field, ($1 == "false," ? "+" : "") $2 }'
}

thresholds_of_page() {
	sed -nE 's/^\.It Sy ([a-z-]+) Ta (Va|Em) ([A-Za-z_ ]+) Ta (at least )?([0-9]+).*/\1 \3 \4\5/p' "$page" |
		sed 's/at least /+/'
}

@test "close page: the thresholds of a stall are those of the source" {
	[ "$(thresholds_of_source | wc -l)" -gt 5 ]
	diff <(thresholds_of_source) <(thresholds_of_page)
}

@test "close page: the tool takes every command of the examples" {
	commands=$(sed -nE 's/^\.Dl [#$] lingerstat ?//p' "$page" | sed 's/ |.*//')
	[ "$(echo "$commands" | wc -l)" -ge 4 ]
	while read -r words; do
		run "$LINGERSTAT" $words
		[ "$status" -eq 0 ] || { echo "lingerstat $words: $output" && false; }
	done <<<"$commands"
}

# The function of the page and a peer that behaves as told.
write_program() {
	cat <<-'END'
		#include <arpa/inet.h>
		#include <errno.h>
		#include <netinet/in.h>
		#include <signal.h>
		#include <stdio.h>
		#include <sys/socket.h>
		#include <sys/time.h>
		#include <sys/wait.h>
		#include <unistd.h>
	END
	sed -n '/^\.Bd -literal/,/^\.Ed/p' "$page" | sed '/^\.[BE]d/d; s/\\e/\\/g; s/\\-/-/g'
	cat <<-'END'
		static void be_peer(int listener, const char *manner)
		{
			char rest[64];
			int fd = accept(listener, NULL, NULL);
			while (manner[0] == 'r' && recv(fd, rest, sizeof(rest), 0) > 0)
				;
			while (manner[0] == 'c' && recv(fd, rest, 1, MSG_PEEK) < 1)
				;
			while (manner[0] == 's')
				pause();
			close(fd);
			_exit(0);
		}

		int main(int argc, char **argv)
		{
			struct sockaddr_in a = { .sin_family = AF_INET,
						 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
			socklen_t length = sizeof(a);
			int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

			if (argc != 2 || bind(listener, (struct sockaddr *)&a, length) || listen(listener, 1) ||
			    getsockname(listener, (struct sockaddr *)&a, &length) ||
			    connect(fd, (struct sockaddr *)&a, length) || send(fd, "word", 4, 0) != 4)
				return 2;
			pid_t peer = fork();
			if (peer == 0)
				be_peer(listener, argv[1]);
			printf("%d\n", finish(fd, argv[1][0] == 's' ? 1 : 30));
			kill(peer, SIGKILL);
			return 0;
		}
	END
}

@test "close page: the safe close compiles and tells a good end from a bad one" {
	command -v cc >/dev/null || skip "no C compiler"
	write_program >"$BATS_TEST_TMPDIR/finish.c"
	cc -Wall -Wextra -Werror -o "$BATS_TEST_TMPDIR/finish" "$BATS_TEST_TMPDIR/finish.c"
	[ "$("$BATS_TEST_TMPDIR/finish" reads)" = 0 ]
	[ "$("$BATS_TEST_TMPDIR/finish" closes-unread)" = -1 ]
	[ "$("$BATS_TEST_TMPDIR/finish" stays-silent)" = -1 ]
}

@test "close page: clean under mandoc" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	run mandoc -T lint -W warning "$page"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}
