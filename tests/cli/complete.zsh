# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: zsh -f complete.zsh FOLDER FILE LINE...
#
# An interactive zsh on a pseudo terminal completes each LINE with the script in FOLDER. Every
# compadd notes in FILE what it added; the widget that ran them notes when it is done. The inner
# shell is set up by a startup file and not by typing: what is typed before its line editor has
# the terminal can be lost.

zmodload zsh/zpty
folder=$1 file=$2
shift 2

startup=$file.startup
mkdir -p "$startup" || exit 1
cat >"$startup/.zshrc" <<-'END'
	PS1= PS2= PROMPT_EOL_MARK=
	fpath=($completion_folder $fpath)
	autoload -Uz compinit && compinit -u -D
	zstyle ":completion:*" matcher-list ""
	setopt nolistbeep
	unsetopt automenu
	compadd() {
		local -a hits
		if [[ ${(M)argv[1,(i)(-|--)]:#-[OAD]} == "" ]]; then
			builtin compadd -A hits "$@"
			print -rl -- $hits >>$completion_file
		fi
		builtin compadd "$@"
	}
	press() {
		zle expand-or-complete
		print -r -- "=done" >>$completion_file
		BUFFER=
	}
	zle -N press
	bindkey "^I" press
	zle-line-init() { (( ${+functions[_main_complete]} )) && print -r -- "=ready" >>$completion_file; }
	zle -N zle-line-init
END

: >"$file"
export completion_folder=$folder completion_file=$file ZDOTDIR=$startup
zpty -b inner zsh -d -i

# A minute for each line, however slow the machine is: the caller has a limit of its own.
wait_for() {
	local -i tries
	local ignored
	for ((tries = 0; tries < 6000; tries++)); do
		grep -q "^$1\$" "$file" && return 0
		zpty -rt inner ignored 2>/dev/null
		sleep 0.01
	done
	print -u2 "zsh did not answer: no $1"
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
