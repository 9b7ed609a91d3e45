# fish completion for retry(1)

set -g __retry_valued -n -i -m -b -d -j -t -w -g -r -s -u -c -o -l --attempts --initial --max-delay --backoff --delay --delays --jitter --timeout --within --kill-signal --grace --budget --delay-from --reset-after --retry-on --stop-on --retry-stdout --retry-stderr --stop-stdout --stop-stderr --success-on --until --consecutive --exhausted-code --tcp --http --file --output --log --log-file --report --on-retry --on-giveup --completion

# The command to run starts at the first word that is no flag and no flag's value.
function __retry_before_command
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip no
    for word in $words
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case --
                return 1
            case $__retry_valued
                set skip yes
            case '--*'
            case '-*'
                # Of several short flags the last may have its value in the next word.
                string match -qr '^-[qvphV]+[nimbdjtwgrsucol]$' -- $word; and set skip yes
            case '*'
                return 1
        end
    end
end

# Completes that command's line as if it had been typed alone.
function __retry_command_line
    set -l words (commandline -opc) (commandline -ct)
    set -e words[1]
    while set -q words[2]
        switch $words[1]
            case --
                set -e words[1]
                break
            case $__retry_valued
                set -e words[1..2]
            case '-*'
                string match -qr '^-[qvphV]+[nimbdjtwgrsucol]$' -- $words[1]; and set -e words[1]
                set -e words[1]
            case '*'
                break
        end
    end
    complete -C (string join ' ' -- (string escape -- $words[1..-2]) $words[-1])
end

function __retry_flag
    complete -c retry -n __retry_before_command $argv
end

complete -c retry -x -n 'not __retry_before_command' -a '(__retry_command_line)'
complete -c retry -x -n __retry_before_command -a '(__fish_complete_command)'
__retry_flag -x -s n -l attempts -a unlimited -d 'Attempts at most'
__retry_flag -x -s i -l initial -d 'The first delay'
__retry_flag -x -s m -l max-delay -d 'No delay is longer'
__retry_flag -x -s b -l backoff -a 'exponential linear constant fibonacci decorrelated' -d 'How delays grow'
__retry_flag -x -s d -l delays -d 'These delays, one before each attempt'
__retry_flag -x -s j -l jitter -a 'full equal none' -d 'Spread of a delay'
__retry_flag -x -l delay -d 'The same delay each time'
__retry_flag -x -s t -l timeout -d 'End an attempt that takes longer'
__retry_flag -x -s w -l within -d 'End it all then'
__retry_flag -f -l last-try -d 'Use what --within leaves for a last attempt'
__retry_flag -x -l kill-signal -a 'TERM INT HUP QUIT USR1 USR2 KILL' -d 'Ends an attempt, with KILL after the grace'
__retry_flag -x -s g -l grace -d 'Time between TERM and KILL'
__retry_flag -x -l budget -d 'No more retries than a shared budget allows'
__retry_flag -x -l delay-from -d 'A group that is the delay it asks for'
__retry_flag -x -l reset-after -d 'An attempt this long starts the delays afresh'
__retry_flag -x -s r -l retry-on -a 'timeout signal' -d 'Only on these exit codes'
__retry_flag -x -s s -l stop-on -a 'timeout signal' -d 'Never on these exit codes'
__retry_flag -x -l retry-stdout -d 'If stdout matches'
__retry_flag -x -l retry-stderr -d 'If stderr matches'
__retry_flag -x -l stop-stdout -d 'Never if stdout matches'
__retry_flag -x -l stop-stderr -d 'Never if stderr matches'
__retry_flag -x -l success-on -a 'timeout signal' -d 'Success is one of these'
__retry_flag -x -s u -l until -d 'Success is output that matches'
__retry_flag -f -l follow -d 'End the attempt when its output matches --until'
__retry_flag -f -l until-fails -d 'Success is a failure'
__retry_flag -x -s c -l consecutive -d 'Success is so many successes in a row'
__retry_flag -x -l exhausted-code -d 'The exit code when no attempts are left'
__retry_flag -x -l tcp -a '(__fish_print_hostnames):' -d 'Wait until it takes connections'
__retry_flag -x -l http -d 'Wait until it answers with a status below 400'
__retry_flag -r -F -l file -d 'Wait until it is there'
__retry_flag -f -l no-stdin -d 'The command has no input'
__retry_flag -x -s o -l output -a 'stream last once prefix' -d 'What is shown of the output'
__retry_flag -f -s q -l quiet -d 'Say nothing but our own errors'
__retry_flag -f -s v -l verbose -d 'Say more, with times'
__retry_flag -x -s l -l log -a 'text json' -d 'Form of what is said'
__retry_flag -r -F -l log-file -d 'Say it there, at its end'
__retry_flag -r -F -l report -d 'Write all that happened there, as JSON'
__retry_flag -x -l on-retry -a '(__fish_complete_command)' -d 'Run by the shell before each delay; exit 99 stops'
__retry_flag -x -l on-giveup -a '(__fish_complete_command)' -d 'Run by the shell when there was no success'
__retry_flag -f -s p -l plan -d 'Print the delays; run nothing'
__retry_flag -f -l status -d 'Print how the budget of --budget is'
__retry_flag -f -s h -l help -d 'Print a summary'
__retry_flag -f -l man -d 'Print the manual'
__retry_flag -x -l completion -a 'bash zsh fish' -d 'Print completions'
__retry_flag -f -s V -l version -d 'Print the version'
functions -e __retry_flag
