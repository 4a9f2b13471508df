# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: zsh -f complete.zsh FOLDER FILE LINE...
#
# An interactive zsh on a pseudo terminal completes each LINE with the script in FOLDER. Every
# compadd notes in FILE what it added; the widget that ran them notes when it is done.

zmodload zsh/zpty
folder=$1 file=$2
shift 2

zpty -b inner zsh -f -i
zpty -w inner "PS1= PS2= PROMPT_EOL_MARK= fpath=(${(q)folder} \$fpath) file=${(q)file}"
zpty -w inner 'autoload -Uz compinit && compinit -u -D'
zpty -w inner 'zstyle ":completion:*" matcher-list ""; setopt nolistbeep; unsetopt automenu automenu'
zpty -w inner 'compadd() {
	local -a hits
	if [[ ${(M)argv[1,(i)(-|--)]:#-[OAD]} == "" ]]; then
		builtin compadd -A hits "$@"
		print -rl -- $hits >>$file
	fi
	builtin compadd "$@"
}'
zpty -w inner 'press() { zle expand-or-complete; print -r -- "=done" >>$file; BUFFER= ; }; zle -N press; bindkey "^I" press'

: >"$file"
zpty -w inner 'print -r -- "=ready" >>$file'

# A minute for each line, however slow the machine is: the caller has a limit of its own.
wait_for() {
	local -i tries
	local ignored
	for ((tries = 0; tries < 6000; tries++)); do
		grep -q "^$1\$" "$file" && return 0
		zpty -rt inner ignored 2>/dev/null
		sleep 0.01
	done
	print -u2 "zsh did not answer"
	exit 1
}

wait_for '=ready'
for line; do
	: >"$file"
	zpty -wn inner "$line"$'\t'
	wait_for '=done'
	print -r -- "$line:${$(grep -v '^=done$' "$file" | sort -u | xargs):+ }$(grep -v '^=done$' "$file" | sort -u | xargs)"
done
zpty -d inner
