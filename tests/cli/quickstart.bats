#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# contrib/quickstart on a machine made of fakes: PATH holds nothing but the commands linked or
# written here, so nothing is installed and no network is asked. Each fake manager notes how it
# was called in $M/calls and "installs" by creating what the packages would bring.

setup() {
	M=$BATS_TEST_TMPDIR/machine
	TREE=$BATS_TEST_TMPDIR/tree
	mkdir -p "$M/bin" "$M/pc" "$TREE/contrib" "$TREE/src/bpf"
	cp "$BATS_TEST_DIRNAME/../../contrib/quickstart" "$TREE/contrib/"
	: >"$M/calls"
	for tool in awk cat dirname env getconf grep mkdir mkfifo mktemp rm sh tail tee; do
		ln -s "$(command -v "$tool")" "$M/bin/$tool"
	done
	fake id 'echo "${FAKE_UID-0}"'
	fake autoreconf 'echo autoreconf >>"$M/calls"; : >Makefile.in; cp "$M/configure" configure'
	ln -s "$(command -v cp)" "$M/bin/cp"
	ln -s "$(command -v chmod)" "$M/bin/chmod"
	write_script "$M/configure" 'echo "configure $*" >>"$M/calls"; : >config.status'
	fake make "$FAKE_MAKE"
	everything
}

# A make that "builds" a tool and a showcase, and whose tests end with the line in $M/count.
FAKE_MAKE='echo "make $*" >>"$M/calls"
case "$*" in
*check) echo "a test"; cat "$M/count"; exit "$(cat "$M/check-status")" ;;
esac
cp "$M/lingerstat" build/lingerstat
cp "$M/showcase" build/lingerstat-showcase'

# write_script FILE BODY
write_script() {
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod +x "$1"
}

# fake COMMAND BODY: a command of that name on the fake PATH.
fake() {
	write_script "$M/bin/$1" "$2"
}

# All that is needed to build and to test.
everything() {
	for tool in cc pkg-config autoconf automake bison clang bpftool bats jq ip tc nft mandoc strace zsh fish python3; do
		fake "$tool" :
	done
	fake pkg-config '[ -e "$M/pc/$2" ]'
	for library in libmnl libnl-3.0 libnl-route-3.0 libcap-ng libbpf cmocka jansson libnl-idiag-3.0; do
		: >"$M/pc/$library"
	done
	write_script "$M/lingerstat" 'echo "listing: $*"'
	write_script "$M/showcase" 'echo ready; cat >/dev/null; echo gone >>"$M/calls"'
	echo "3 passed, 0 failed, 1 skipped" >"$M/count"
	echo 0 >"$M/check-status"
}

# manager COMMAND: a package manager that brings jq, bats, libmnl, bpftool and cc.
manager() {
	fake "$1" 'echo "'"$1"' $*" >>"$M/calls"
	case $* in *update | -Sy) exit ;; esac
	for tool in jq bats bpftool cc; do
		printf "#!/bin/sh\n" >"$M/bin/$tool" && chmod +x "$M/bin/$tool"
	done
	: >"$M/pc/libmnl"'
}

# quickstart ARGUMENT...: on the fake machine, with nothing of the caller's environment.
quickstart() {
	run "$M/bin/env" -i M="$M" FAKE_UID="${FAKE_UID-0}" PATH="$M/bin" \
		"$M/bin/sh" "$TREE/contrib/quickstart" "$@"
}

calls_are() {
	diff -u - "$M/calls"
}

@test "quickstart: nothing missing: nothing is installed" {
	manager apt-get
	quickstart install check
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	calls_are </dev/null
}

@test "quickstart: apt-get brings what is missing, once" {
	manager apt-get
	rm "$M/bin/jq" "$M/pc/libmnl"
	quickstart install check
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "quickstart: missing: libmnl jq" ]
	calls_are <<-END
		apt-get update
		apt-get install -y --no-install-recommends libmnl-dev jq
	END
	: >"$M/calls"
	quickstart install check
	[ "$status" -eq 0 ]
	calls_are </dev/null
}

@test "quickstart: dnf, zypper and apk are asked without a question" {
	manager dnf
	rm "$M/bin/jq" "$M/bin/bats"
	quickstart install check
	[ "$status" -eq 0 ]
	echo "dnf install -y bats jq" | calls_are

	rm "$M/bin/dnf" "$M/bin/jq" "$M/bin/bats"
	: >"$M/calls"
	manager zypper
	quickstart install check
	[ "$status" -eq 0 ]
	echo "zypper --non-interactive install bats jq" | calls_are

	rm "$M/bin/zypper" "$M/bin/jq" "$M/bin/bats"
	: >"$M/calls"
	manager apk
	quickstart install check
	[ "$status" -eq 0 ]
	echo "apk add --no-cache bats jq" | calls_are
}

@test "quickstart: pacman is asked without a question" {
	manager pacman
	rm "$M/bin/jq" "$M/bin/bats" "$M/bin/bpftool"
	quickstart install check
	[ "$status" -eq 0 ]
	[ "$(tail -n 1 "$M/calls")" = "pacman -S --needed --noconfirm bpf bash-bats jq" ]
}

@test "quickstart: without 'check' the tests' needs are not installed" {
	manager apt-get
	rm "$M/bin/jq" "$M/bin/bats"
	quickstart install
	[ "$status" -eq 0 ]
	calls_are </dev/null
}

@test "quickstart: --with-bpf=no needs neither clang nor bpftool" {
	manager apt-get
	rm "$M/bin/clang" "$M/bin/bpftool"
	quickstart install --with-bpf=no
	[ "$status" -eq 0 ]
	calls_are </dev/null
}

@test "quickstart: a release tarball needs neither autotools nor clang" {
	manager apt-get
	rm "$M/bin/autoconf" "$M/bin/automake" "$M/bin/bison" "$M/bin/clang" "$M/bin/bpftool"
	: >"$TREE/Makefile.in"
	: >"$TREE/src/bpf/owners.lskel.el.h"
	quickstart install
	[ "$status" -eq 0 ]
	calls_are </dev/null
}

@test "quickstart: a release tarball needs the headers of libbpf" {
	fake apt-get 'echo "apt-get $*" >>"$M/calls"'
	rm "$M/pc/libbpf"
	: >"$TREE/Makefile.in"
	: >"$TREE/src/bpf/owners.lskel.el.h"
	quickstart install
	[ "$status" -eq 0 ]
	[ "$(tail -n 1 "$M/calls")" = "apt-get install -y --no-install-recommends libbpf-dev" ]
	[[ $output == *"without libbpf the tool is built without BPF"* ]]
}

@test "quickstart: packages that cannot be had one by one: the others are installed" {
	fake apt-get 'echo "apt-get $*" >>"$M/calls"
		case $* in *bpftool*) exit 100 ;; *jq) printf "#!/bin/sh\n" >"$M/bin/jq"; chmod +x "$M/bin/jq" ;; esac'
	rm "$M/bin/bpftool" "$M/bin/jq"
	quickstart install check
	[ "$status" -eq 0 ]
	[ -x "$M/bin/jq" ]
	[[ $output == *"bpftool could not be installed"* ]]
	[[ $output == *"without bpftool the tool is built without BPF: linger shows as ?"* ]]
}

@test "quickstart: a library that cannot be had ends it" {
	fake apt-get 'exit 100'
	rm "$M/pc/libmnl"
	quickstart
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "quickstart: cannot build without: libmnl" ]
}

@test "quickstart: no package manager: says so, and what is missing" {
	rm "$M/pc/libnl-3.0"
	quickstart
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = "quickstart: missing: libnl-3.0" ]
	[[ ${lines[1]} == *"none of apt-get, dnf, zypper, pacman and apk"* ]]
}

@test "quickstart: not root: installs through sudo, without a password" {
	manager apt-get
	fake sudo '[ "$1" = -n ] || exit 1; echo "sudo $*" >>"$M/calls"; shift; "$@"'
	rm "$M/bin/jq"
	FAKE_UID=1000 quickstart install check
	[ "$status" -eq 0 ]
	grep -q "^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install -y .*jq" "$M/calls"
}

@test "quickstart: not root and sudo wants a password: shows the command, asks nothing" {
	manager apt-get
	fake sudo 'exit 1'
	rm "$M/pc/libmnl"
	FAKE_UID=1000 quickstart
	[ "$status" -eq 1 ]
	[[ $output == *"sudo apt-get install -y --no-install-recommends libmnl-dev"* ]]
	calls_are </dev/null
}

@test "quickstart: builds, lists every state with its holders, removes the showcase" {
	quickstart
	[ "$status" -eq 0 ]
	[[ $output == *"listing: -a -p"* ]]
	[[ $output == *"listing: -p --risk=possible"* ]]
	[[ $output != *"without root"* ]]
	[ "${lines[-1]}" = "  build/lingerstat explain zero-linger" ]
	grep -q '^autoreconf$' "$M/calls"
	grep -q '^configure' "$M/calls"
	[ "$(tail -n 1 "$M/calls")" = gone ]
}

@test "quickstart: a second run builds again, but neither installs nor configures" {
	manager apt-get
	quickstart
	: >"$M/calls"
	quickstart
	[ "$status" -eq 0 ]
	[ "$(sed 's/-j [0-9]*/-j N/' "$M/calls")" = "make -C build -j N
gone" ]
}

@test "quickstart: options go to configure, and other options configure anew" {
	quickstart --enable-werror
	grep -q '^configure --enable-werror$' "$M/calls"
	quickstart --with-bpf=no
	grep -q '^configure --with-bpf=no$' "$M/calls"
}

@test "quickstart: what configure lacked and was installed since is configured in" {
	rm "$M/bin/clang"
	quickstart
	[[ $output == *"without clang the tool is built without BPF"* ]]
	: >"$M/calls"
	fake clang :
	quickstart
	[ "$(grep -c '^configure' "$M/calls")" -eq 1 ]
}

@test "quickstart: lists through sudo where that asks nothing" {
	fake sudo '[ "$1" = -n ] || exit 1; shift; [ "$1" = true ] || echo "as root: $*"'
	FAKE_UID=1000 quickstart
	[ "$status" -eq 0 ]
	[[ $output == *"as root: build/lingerstat -a -p"* ]]
}

@test "quickstart: where sudo asks, lists as it is and says what a ? means" {
	fake sudo 'exit 1'
	FAKE_UID=1000 quickstart
	[ "$status" -eq 0 ]
	[[ $output == *"listing: -a -p"* ]]
	[[ $output == *"without root. A ? is a value that only root may read"* ]]
}

@test "quickstart: a build that fails ends it, and shows why" {
	fake make 'echo "no rule to make it"; exit 2'
	quickstart
	[ "$status" -eq 1 ]
	[[ $output == *"no rule to make it"* ]]
	[[ $output == *"failed: make"* ]]
}

@test "quickstart: a listing that fails is its exit status; the showcase still goes" {
	write_script "$M/lingerstat" 'exit 3'
	quickstart
	[ "$status" -eq 3 ]
	[ "$(tail -n 1 "$M/calls")" = gone ]
}

@test "quickstart: a showcase that cannot start does not keep the listing away" {
	write_script "$M/showcase" 'exit 1'
	quickstart
	[[ $output == *"the showcase could not start"* ]]
	[[ $output == *"listing: -a -p"* ]]
}

@test "quickstart check: the last line counts the tests" {
	quickstart check
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "3 passed, 0 failed, 1 skipped" ]
}

@test "quickstart check: a failed test is the exit status" {
	echo "2 passed, 1 failed, 1 skipped" >"$M/count"
	echo 2 >"$M/check-status"
	quickstart check
	[ "$status" -ne 0 ]
	[ "${lines[-1]}" = "2 passed, 1 failed, 1 skipped" ]
}

@test "quickstart check: tests that never counted are no success" {
	: >"$M/count"
	quickstart check
	[ "$status" -ne 0 ]
	[[ ${lines[-1]} == *"the tests did not run to their end"* ]]
}

@test "quickstart: unknown words and managers are usage errors" {
	quickstart chekc
	[ "$status" -eq 2 ]
	[[ $output == *"'chekc'"* ]]
	quickstart packages yum
	[ "$status" -eq 2 ]
	[[ $output == *"'yum'"* ]]
	quickstart packages
	[ "$status" -eq 2 ]
}

# The table of names, for each manager: what a person would type on that distribution.
packages_are() {
	quickstart packages "$1"
	[ "$status" -eq 0 ]
	diff -u - <(printf '%s\n' "$output" | tr '\n' ' ' | sed 's/ $/\n/')
}

@test "quickstart packages: apt" {
	packages_are apt <<-END
		gcc libc6-dev make pkg-config libmnl-dev libnl-3-dev libnl-route-3-dev libcap-ng-dev autoconf automake bison libbpf-dev clang bpftool libcmocka-dev libjansson-dev libnl-idiag-3-dev bats jq iproute2 nftables mandoc python3-jsonschema strace zsh fish
	END
}

@test "quickstart packages: dnf" {
	packages_are dnf <<-END
		gcc glibc-devel make pkgconf-pkg-config libmnl-devel libnl3-devel libcap-ng-devel autoconf automake bison libbpf-devel clang bpftool libcmocka-devel jansson-devel bats jq iproute iproute-tc nftables mandoc python3-jsonschema strace zsh fish
	END
}

@test "quickstart packages: zypper" {
	packages_are zypper <<-END
		gcc glibc-devel make pkg-config libmnl-devel libnl3-devel libcap-ng-devel autoconf automake bison libbpf-devel clang bpftool libcmocka-devel libjansson-devel bats jq iproute2 nftables python3-jsonschema strace zsh fish
	END
}

@test "quickstart packages: pacman" {
	packages_are pacman <<-END
		gcc glibc make pkgconf libmnl libnl libcap-ng autoconf automake bison libbpf clang bpf cmocka jansson bash-bats jq iproute2 nftables python-jsonschema strace zsh fish
	END
}

@test "quickstart packages: apk" {
	packages_are apk <<-END
		gcc musl-dev linux-headers make pkgconf libmnl-dev libnl3-dev libcap-ng-dev autoconf automake bison libbpf-dev clang bpftool cmocka-dev jansson-dev bats jq iproute2 nftables mandoc py3-jsonschema strace zsh fish
	END
}
