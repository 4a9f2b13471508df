# The rest is contrib/completion/body.zsh.

# _lingerstat_offer KIND ARRAY: words of the array, or of whoever knows them.
_lingerstat_offer() {
	case $1 in
	file) _files ;;
	user) _users ;;
	netns) compadd -- /run/netns/*(N:t) ;;
	device) compadd -- /sys/class/net/*(N:t) ;;
	fixed) _describe -V word "$2" ;;
	many)
		compset -P '*,'
		_describe -V word "$2" -S , -q
		;;
	esac
}

# _lingerstat_argument NAME: an option's argument.
_lingerstat_argument() {
	local name=$argv[-1]
	[[ -z $_lingerstat_prefixes[$name] ]] || compset -P "$_lingerstat_prefixes[$name]"
	_lingerstat_offer "$_lingerstat_kinds[$name]" "_lingerstat_words_$name"
}

# The words of a filter, each a word of its own or `predicate=value' in one.
_lingerstat_filter() {
	local last=$words[CURRENT-1]
	if [[ $PREFIX == [a-z-]##[\=\!\<\>]* ]]; then
		last=${PREFIX%%[=!<>]*}
		compset -P '*[=!<>]'
	elif [[ $last == ([\=\!\<\>]##|eq|ne|neq|lt|le|leq|gt|ge|geq) ]]; then
		last=$words[CURRENT-2]
	fi
	if [[ -n $_lingerstat_sources[(ie)$last] && ${_lingerstat_sources[$last]:-none} != none ]]; then
		_lingerstat_offer "$_lingerstat_sources[$last]" "_lingerstat_values_$last"
		return
	fi
	((CURRENT > 2)) || _describe -t first -V word "_lingerstat_first_$lingerstat_command"
	((CURRENT > 2)) || [[ -n $lingerstat_named ]] || _describe -t commands -V command _lingerstat_commands
	compadd -V predicates -- $_lingerstat_predicates
}

_lingerstat_complete() {
	emulate -L zsh
	setopt extendedglob
	local lingerstat_command=list lingerstat_named=
	local -a names=(${_lingerstat_commands%%:*})
	if ((CURRENT > 2)) && ((${names[(Ie)$words[2]]})); then
		lingerstat_command=$words[2]
		lingerstat_named=1
		shift words
		((CURRENT--))
	fi
	local -a specs=("${(@P)${:-_lingerstat_options_$lingerstat_command}}")
	_arguments -s -S : $specs '*: :_lingerstat_filter'
}

_lingerstat_complete "$@"
