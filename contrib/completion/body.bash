# shellcheck shell=bash disable=SC2154  # the tables above this line set the variables
# The rest is contrib/completion/body.bash.

# _lingerstat_offer TEXT BEFORE: completes TEXT from `kind` and `found`, each word behind BEFORE.
_lingerstat_offer() {
	local text=$1 before=$2
	case $kind in
	file) compopt -o filenames 2>/dev/null ;;
	many) compopt -o nospace 2>/dev/null ;;
	netns) found=$(ls /run/netns 2>/dev/null) ;;
	device) found=$(ls /sys/class/net 2>/dev/null) ;;
	esac
	if [[ $kind == file ]]; then
		mapfile -t COMPREPLY < <(compgen -P "$before" -f -- "$text")
	elif [[ $kind == user ]]; then
		mapfile -t COMPREPLY < <(compgen -P "$before" -u -- "$text")
	else
		mapfile -t COMPREPLY < <(compgen -P "$before" -W "$found" -- "$text")
	fi
}

# _lingerstat_value ARGUMENT TEXT BEFORE: completes an option's argument. In a list what stands
# before the last comma stays, and is not offered again.
_lingerstat_value() {
	local text=$2 before=$3 kind prefix found word left=
	_lingerstat_words "$1"
	if [[ -n $prefix && $text == "$prefix"* ]]; then
		before+=$prefix
		text=${text#"$prefix"}
	fi
	if [[ $kind == many && $text == *,* ]]; then
		for word in $found; do
			[[ ,${text%,*},help, == *",$word,"* ]] || left+=" $word"
		done
		found=$left
		before+=${text%,*},
		text=${text##*,}
	fi
	_lingerstat_offer "$text" "$before"
}

# The word behind which a filter goes on: a comparison belongs to the predicate before it.
_lingerstat_filter() {
	local cur=$1 last=$2 before_last=$3 kind prefix found
	case $last in
	[=!\<\>]* | eq | ne | neq | lt | le | leq | gt | ge | geq) last=$before_last ;;
	esac
	_lingerstat_values "$last"
	if [[ $kind == none ]]; then
		kind=fixed found=$_lingerstat_predicates
		((COMP_CWORD > 1)) || found+=" $_lingerstat_commands"
		[[ -n $last && $last != "$command" ]] || found+=" $first"
	fi
	_lingerstat_offer "$cur" ''
}

_lingerstat() {
	local cur=${COMP_WORDS[COMP_CWORD]} command=list first options found optional
	local -a tokens=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
	local n last before_last option=
	COMPREPLY=()
	# Readline takes `=' for a word of its own.
	if [[ $cur == = ]]; then
		tokens+=("=")
		cur=
	fi
	n=${#tokens[@]}
	last=
	before_last=
	((n > 0)) && last=${tokens[n - 1]}
	((n > 1)) && before_last=${tokens[n - 2]}
	if ((n > 0)) && [[ " $_lingerstat_commands " == *" ${tokens[0]} "* ]]; then
		command=${tokens[0]}
	fi
	_lingerstat_of_command "$command"

	if [[ $cur == --*=* ]]; then
		_lingerstat_argument "$command:${cur%%=*}"
		_lingerstat_value "$found" "${cur#*=}" "${cur%%=*}="
		return
	fi
	case $last in
	=) [[ $before_last == --* ]] && option=$before_last ;;
	--*) option=$last ;;
	-?*) option=-${last: -1} ;;
	esac
	_lingerstat_argument "$command:$option"
	if [[ -n $found ]] && [[ $last == = || $optional == 0 ]]; then
		_lingerstat_value "$found" "$cur" ''
	elif [[ $cur == -* && " ${tokens[*]} " != *' -- '* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
	else
		_lingerstat_filter "$cur" "$last" "$before_last"
	fi
	return 0
}

complete -F _lingerstat lingerstat
