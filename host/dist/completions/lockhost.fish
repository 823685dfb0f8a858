# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_lockhost_global_optspecs
    string join \n color= h/help V/version
end

function __fish_lockhost_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_lockhost_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_lockhost_using_subcommand
    set -l cmd (__fish_lockhost_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c lockhost -n "__fish_lockhost_needs_command" -l color -d 'Choose when to use colours: auto by default' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Always, also in a file or a pipe'
never\t'Never'"
complete -c lockhost -n "__fish_lockhost_needs_command" -s h -l help -d 'Print help: a summary with -h, all of it with --help'
complete -c lockhost -n "__fish_lockhost_needs_command" -s V -l version -d 'Print the version; with --version, also those of the component and the target'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "acquire" -d 'Run a command while holding the lock on a directory, or hold it until a signal arrives'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "status" -d 'Report the owner of a lock, without changing anything'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "holds" -d 'Check whether the caller runs under the lock on a directory'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "break" -d 'Remove a lock whose owner you know is dead'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "doctor" -d 'Check what a lock in a directory guarantees'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "component" -d 'Write the WebAssembly component, or its contract, to standard output'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "help" -d 'Print help for a command or a topic'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l wait -d 'Wait for the lock, indefinitely or up to DURATION' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -s E -l conflict-exit-code -d 'Exit with CODE if the lock is refused, 0 to 255' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l assume-dead -d 'Take the lock over from an owner that you know is dead' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l name -d 'Use the lock file NAME, which must end in .lock or .pid' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l mode -d 'Set the mode of the lock\'s files, in octal, whatever the umask is' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l on-lost -d 'Choose what to do if the lock is lost' -r -f -a "warn\t'Print a warning, and go on'
terminate\t'Print it, and send SIGTERM to COMMAND; without COMMAND, exit'"
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l notify -d 'Choose what to report to a service manager' -r -f -a "ready\t'Report readiness once the lock is held, and before that what lockhost waits for'
status\t'Report only what lockhost waits for and holds; COMMAND reports its readiness'
no\t'Report nothing'"
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l coordinator -d 'Judge owners on other machines by their sessions at a coordinator' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l deadline -d 'End COMMAND if no confirm of the session succeeded for DURATION' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l confirm-period -d 'Confirm the session every DURATION' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l confirm-timeout -d 'Wait for an answer of the coordinator for DURATION at most' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l stop-time -d 'Ask COMMAND to end that long before the deadline. At half of it, COMMAND is killed' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l color -d 'Choose when to use colours: auto by default' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Always, also in a file or a pipe'
never\t'Never'"
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l wait-for-ancestor -d 'Wait also for an owner that is an ancestor of this process'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l mkdir -d 'Create missing directories, with their parents'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l all -d 'Hold the lock until all descendants of COMMAND have ended'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l close -d 'Do not pass the lock\'s descriptor to COMMAND'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l until-stdin-closes -d 'Hold the lock until standard input is closed, or a signal arrives'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -s q -l quiet -d 'Print only failures and losses; report a refusal by the exit code alone'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -s v -l verbose -d 'Print each step on standard error'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l json -d 'Print each event as one JSON object a line'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -s h -l help -d 'Print help: a summary with -h, all of it with --help'
complete -c lockhost -n "__fish_lockhost_using_subcommand status" -l name -d 'Use the lock file NAME, which must end in .lock or .pid' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand status" -l coordinator -d 'Judge owners on other machines by their sessions at a coordinator' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand status" -l color -d 'Choose when to use colours: auto by default' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Always, also in a file or a pipe'
never\t'Never'"
complete -c lockhost -n "__fish_lockhost_using_subcommand status" -l json -d 'Print one JSON object instead of text'
complete -c lockhost -n "__fish_lockhost_using_subcommand status" -s h -l help -d 'Print help: a summary with -h, all of it with --help'
complete -c lockhost -n "__fish_lockhost_using_subcommand holds" -l name -d 'Use the lock file NAME, which must end in .lock or .pid' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand holds" -l color -d 'Choose when to use colours: auto by default' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Always, also in a file or a pipe'
never\t'Never'"
complete -c lockhost -n "__fish_lockhost_using_subcommand holds" -s v -l verbose -d 'Print the answer and the reason, in one line'
complete -c lockhost -n "__fish_lockhost_using_subcommand holds" -l json -d 'Print one JSON object instead of text'
complete -c lockhost -n "__fish_lockhost_using_subcommand holds" -s h -l help -d 'Print help: a summary with -h, all of it with --help'
complete -c lockhost -n "__fish_lockhost_using_subcommand break" -l owner -d 'Remove the lock of this owner, as a refusal or \'lockhost status\' named it' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand break" -l name -d 'Use the lock file NAME, which must end in .lock or .pid' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand break" -l coordinator -d 'Judge owners on other machines by their sessions at a coordinator' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand break" -l color -d 'Choose when to use colours: auto by default' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Always, also in a file or a pipe'
never\t'Never'"
complete -c lockhost -n "__fish_lockhost_using_subcommand break" -s h -l help -d 'Print help: a summary with -h, all of it with --help'
complete -c lockhost -n "__fish_lockhost_using_subcommand doctor" -l coordinator -d 'Judge owners on other machines by their sessions at a coordinator' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand doctor" -l deadline -d 'End COMMAND if no confirm of the session succeeded for DURATION' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand doctor" -l confirm-period -d 'Confirm the session every DURATION' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand doctor" -l confirm-timeout -d 'Wait for an answer of the coordinator for DURATION at most' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand doctor" -l stop-time -d 'Ask COMMAND to end that long before the deadline. At half of it, COMMAND is killed' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand doctor" -l color -d 'Choose when to use colours: auto by default' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Always, also in a file or a pipe'
never\t'Never'"
complete -c lockhost -n "__fish_lockhost_using_subcommand doctor" -s h -l help -d 'Print help: a summary with -h, all of it with --help'
complete -c lockhost -n "__fish_lockhost_using_subcommand component" -l color -d 'Choose when to use colours: auto by default' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Always, also in a file or a pipe'
never\t'Never'"
complete -c lockhost -n "__fish_lockhost_using_subcommand component" -l wit -d 'Write the contract of the component, in WIT, instead'
complete -c lockhost -n "__fish_lockhost_using_subcommand component" -s h -l help -d 'Print help: a summary with -h, all of it with --help'
complete -c lockhost -n "__fish_lockhost_using_subcommand help" -l color -d 'Choose when to use colours: auto by default' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Always, also in a file or a pipe'
never\t'Never'"
complete -c lockhost -n "__fish_lockhost_using_subcommand help" -s h -l help -d 'Print help: a summary with -h, all of it with --help'
