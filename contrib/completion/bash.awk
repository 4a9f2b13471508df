# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tables of bash's completion, from what contrib/completion/words prints. Each becomes a
# function with a case: bash reads those fast, and they need no bash 4.

BEGIN {
	FS = OFS = "\t"
	print "# bash completion for lingerstat. Made from the tool's tables; do not edit."
}

# An argument's name as a part of another: `[LEVEL]', `NAME=RANGE'.
function plain(name) {
	gsub(/\[|\]/, "", name)
	gsub(/[^A-Za-z0-9_]/, "_", name)
	return name
}

$1 == "command" { commands = commands " " $2; order[++n] = $2 }
$1 == "first" { first[$2] = first[$2] " " $3 }

# An option that takes an argument is completed with its `='.
$1 == "option" {
	optional = $5 ~ /^\[/
	name = plain($5)
	options[$2] = options[$2] " " $3 (name == "" || optional ? "" : "=") ($4 == "" ? "" : " " $4)
	if (name != "" && !optional && $4 != "")
		arguments = arguments sprintf("\t%s:%s | %s:%s) found=%s ;;\n", $2, $3, $2, $4, name)
	else if (name != "")
		arguments = arguments sprintf("\t%s:%s) found=%s optional=%d ;;\n", $2, $3, name, optional)
}

$1 == "argument" || $1 == "word" { $2 = plain($2) }
$1 == "argument" { names[++n_names] = $2; kind[$2] = $4 ? "many" : $3; prefix[$2] = $5 }
$1 == "word" { words[$2] = words[$2] " " $3 }
$1 == "predicate" { predicates = predicates " " $2; predicate[++n_predicates] = $2; source[$2] = $3 }
$1 == "value" { values[$2] = values[$2] " " $3 }
$1 == "joining" { predicates = predicates " " $2 }

END {
	printf "\n_lingerstat_commands='%s'\n", substr(commands, 2)
	printf "_lingerstat_predicates='%s'\n", substr(predicates, 2)

	print "\n# COMMAND: what its first word may be beside a filter, and its options."
	print "_lingerstat_of_command() {\n\tfirst='' options=''\n\tcase $1 in"
	for (i = 1; i <= n; i++)
		printf "\t%s)\n\t\tfirst='%s'\n\t\toptions='%s'\n\t\t;;\n", order[i],
			substr(first[order[i]], 2), substr(options[order[i]], 2)
	print "\tesac\n}"

	print "\n# COMMAND:OPTION: the name of its argument."
	print "_lingerstat_argument() {\n\tfound='' optional=0\n\tcase $1 in"
	printf "%s\tesac\n}\n", arguments

	print "\n# ARGUMENT: its words, or who knows them."
	print "_lingerstat_words() {\n\tkind=free prefix='' found=''\n\tcase $1 in"
	for (i = 1; i <= n_names; i++)
		printf "\t%s) kind=%s prefix='%s' found='%s' ;;\n", names[i], kind[names[i]],
			prefix[names[i]], substr(words[names[i]], 2)
	print "\tesac\n}"

	print "\n# PREDICATE of a filter: the words of its value, or who knows them."
	print "_lingerstat_values() {\n\tkind=none prefix='' found=''\n\tcase $1 in"
	for (i = 1; i <= n_predicates; i++)
		printf "\t%s) kind=%s found='%s' ;;\n", predicate[i], source[predicate[i]],
			substr(values[predicate[i]], 2)
	print "\tesac\n}\n"
}
