# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tables of zsh's completion, from what contrib/completion/words prints.

BEGIN {
	FS = OFS = "\t"
	print "#compdef lingerstat"
	print "# zsh completion for lingerstat. Made from the tool's tables; do not edit."
	print ""
}

# A text inside '...', with what _arguments or _describe would take for its own escaped.
function quoted(text, special) {
	gsub(special, "\\\\&", text)
	gsub(/'/, "'\\''", text)
	return text
}

function described(word, help) {
	return sprintf("\t'%s%s'\n", quoted(word, ":|\\\\"), help == "" ? "" : ":" quoted(help, ":|\\\\"))
}

# _arguments' spec of one spelling. `+' and `=': the argument may follow at once or as a word.
function spec(both, spelling, joint, optional, name, help) {
	return sprintf("\t'%s%s%s[%s]%s'\n", both, spelling, joint, quoted(help, "\\[|\\]|:|\\\\"),
		name == "" ? "" : (optional ? "::" : ":") name ":_lingerstat_argument " name)
}

# An argument's name as a part of another: `[LEVEL]', `NAME=RANGE'.
function plain(name) {
	gsub(/\[|\]/, "", name)
	gsub(/[^A-Za-z0-9_]/, "_", name)
	return name
}

$1 == "command" { commands = commands described($2, $3); order[++n] = $2 }
$1 == "first" { first[$2] = first[$2] described($3, $4) }

$1 == "option" {
	optional = $5 ~ /^\[/
	name = plain($5)
	both = $4 == "" ? "" : "(" $3 " " $4 ")"
	options[$2] = options[$2] spec(both, $3, name == "" ? "" : optional ? "=-" : "=", optional, name, $6)
	if ($4 != "")
		options[$2] = options[$2] spec(both, $4, name == "" ? "" : optional ? "-" : "+", optional, name, $6)
}

$1 == "argument" || $1 == "word" { $2 = plain($2) }
$1 == "argument" {
	argument[++n_arguments] = $2
	kinds = kinds sprintf("\t%s '%s'\n", $2, $4 ? "many" : $3)
	prefixes = prefixes sprintf("\t%s '%s'\n", $2, $5)
}
$1 == "word" { words[$2] = words[$2] described($3, $4) }
$1 == "predicate" {
	predicate[++n_predicates] = $2
	sources = sources sprintf("\t%s %s\n", $2, $3)
	predicates = predicates " " $2
}
$1 == "value" { values[$2] = values[$2] described($3, $4) }
$1 == "joining" { predicates = predicates " " $2 }

function array(name, text) {
	printf "%s=(\n%s)\n", name, text
}

END {
	print "local -A _lingerstat_kinds _lingerstat_prefixes _lingerstat_sources"
	print "local -a _lingerstat_commands _lingerstat_predicates"
	array("_lingerstat_commands", commands)
	printf "_lingerstat_predicates=(%s)\n", substr(predicates, 2)
	array("_lingerstat_kinds", kinds)
	array("_lingerstat_prefixes", prefixes)
	array("_lingerstat_sources", sources)
	for (i = 1; i <= n; i++) {
		printf "local -a _lingerstat_first_%s _lingerstat_options_%s\n", order[i], order[i]
		array("_lingerstat_first_" order[i], first[order[i]])
		array("_lingerstat_options_" order[i], options[order[i]])
	}
	for (i = 1; i <= n_arguments; i++) {
		printf "local -a _lingerstat_words_%s\n", argument[i]
		array("_lingerstat_words_" argument[i], words[argument[i]])
	}
	for (i = 1; i <= n_predicates; i++) {
		printf "local -a _lingerstat_values_%s\n", predicate[i]
		array("_lingerstat_values_" predicate[i], values[predicate[i]])
	}
	print ""
}
