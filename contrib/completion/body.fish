# The rest is contrib/completion/body.fish.

# The command that is being typed; `list` where none is named.
function __lingerstat_command
    set -l words (commandline -opc)
    if set -q words[2]; and contains -- $words[2] $__lingerstat_commands
        echo $words[2]
    else
        echo list
    end
end

function __lingerstat_is
    test (__lingerstat_command) = $argv[1]
end

# Nothing stands before the word that is being typed.
function __lingerstat_starts
    test (count (commandline -opc)) -eq 1
end

# __lingerstat_offer KIND FUNCTION NAME: the words of a table, or of whoever knows them.
function __lingerstat_offer
    switch $argv[1]
        case file
            __fish_complete_path (string replace -r '^-[^=]*=' '' -- (commandline -ct))
        case user
            __fish_complete_users
        case netns
            path basename /run/netns/*
        case device
            path basename /sys/class/net/*
        case fixed many
            $argv[2] $argv[3]
    end
end

# An option's argument. In a list what stands before the last comma stays.
function __lingerstat_argument
    set -l kind (__lingerstat_kind $argv[1])
    set -l text (string replace -r '^-[^=]*=' '' -- (commandline -ct))
    set -l before ''
    if test $kind[1] = many
        set before (string match -r '^.*,' -- $text; or echo '')
    end
    if test -z "$before" -a -n "$kind[2]"; and string match -q -- "$kind[2]*" $text
        set before $kind[2]
    end
    for word in (__lingerstat_offer $kind[1] __lingerstat_words $argv[1])
        echo $before$word
    end
end

# The words of a filter; a comparison belongs to the predicate before it.
function __lingerstat_filter
    set -l words (commandline -opc)
    set -l last $words[-1]
    if set -q words[2]; and contains -- $last = == != '<' '>' '<=' '>=' eq ne neq lt le leq gt ge geq
        set last $words[-2]
    end
    set -l source (__lingerstat_source $last)
    if test -n "$source" -a "$source" != none
        __lingerstat_offer $source __lingerstat_values $last
        return
    end
    if test $last = $words[1]; or contains -- $last $__lingerstat_commands
        __lingerstat_first (__lingerstat_command)
    end
    printf '%s\n' $__lingerstat_predicates
end

complete -c lingerstat -a '(__lingerstat_filter)'
