# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tables of fish's completion, from what contrib/completion/words prints.

BEGIN {
	FS = OFS = "\t"
	print "# fish completion for lingerstat. Made from the tool's tables; do not edit."
	print ""
}

# A text inside '...'.
function quoted(text) {
	gsub(/[\\']/, "\\\\&", text)
	return "'" text "'"
}

function pair(word, help) {
	return sprintf("            %s\n", quoted(word "\t" help))
}

# An argument's name as a part of another: `[LEVEL]', `NAME=RANGE'.
function plain(name) {
	gsub(/\[|\]/, "", name)
	gsub(/[^A-Za-z0-9_]/, "_", name)
	return name
}

$1 == "command" {
	commands = commands " " $2
	rules = rules sprintf("complete -c lingerstat -n __lingerstat_starts -a %s -d %s\n", $2, quoted($3))
}
$1 == "first" { first[$2] = first[$2] pair($3, $4) }

$1 == "option" {
	name = plain($5)
	rules = rules sprintf("complete -c lingerstat -n '__lingerstat_is %s' -l %s%s%s -d %s\n", $2,
		substr($3, 3), $4 == "" ? "" : " -s " substr($4, 2),
		name == "" ? "" : ($5 ~ /^\[/ ? "" : " -x") " -a '(__lingerstat_argument " name ")'",
		quoted($6))
}

$1 == "argument" || $1 == "word" { $2 = plain($2) }
$1 == "argument" { argument[++n_arguments] = $2; kind[$2] = $4 ? "many" : $3; prefix[$2] = $5 }
$1 == "word" { words[$2] = words[$2] pair($3, $4) }
$1 == "predicate" { predicate[++n_predicates] = $2; source[$2] = $3; filter = filter " " $2 }
$1 == "value" { values[$2] = values[$2] pair($3, $4) }
$1 == "joining" { filter = filter " " $2 }

function print_case(word, text) {
	printf "        case %s\n            printf '%%s\\n' \\\n", word
	gsub(/\n/, " \\\n", text)
	sub(/ \\\n$/, "\n", text)
	printf "%s", text
}

END {
	printf "set -g __lingerstat_commands%s\n", commands
	printf "set -g __lingerstat_predicates%s\n", filter

	print "\n# COMMAND: what its first word may be beside a filter.\nfunction __lingerstat_first\n    switch $argv[1]"
	for (name in first)
		print_case(name, first[name])
	print "    end\nend"

	print "\n# ARGUMENT: who knows its words, and what may stand before the first.\nfunction __lingerstat_kind\n    switch $argv[1]"
	for (i = 1; i <= n_arguments; i++)
		printf "        case %s\n            printf '%%s\\n' %s %s\n", argument[i], kind[argument[i]],
			quoted(prefix[argument[i]])
	print "    end\nend"

	print "\nfunction __lingerstat_words\n    switch $argv[1]"
	for (i = 1; i <= n_arguments; i++)
		if (words[argument[i]] != "")
			print_case(argument[i], words[argument[i]])
	print "    end\nend"

	print "\n# PREDICATE: who knows the words of its value.\nfunction __lingerstat_source\n    switch $argv[1]"
	for (i = 1; i <= n_predicates; i++)
		printf "        case %s\n            echo %s\n", predicate[i], source[predicate[i]]
	print "    end\nend"

	print "\nfunction __lingerstat_values\n    switch $argv[1]"
	for (i = 1; i <= n_predicates; i++)
		if (values[predicate[i]] != "")
			print_case(predicate[i], values[predicate[i]])
	printf "    end\nend\n\ncomplete -c lingerstat -f\n%s\n", rules
}
