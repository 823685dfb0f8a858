# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_lockhost_global_optspecs
    string join \n h/help V/version
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

complete -c lockhost -n "__fish_lockhost_needs_command" -s h -l help -d 'Print help'
complete -c lockhost -n "__fish_lockhost_needs_command" -s V -l version -d 'Print version'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "acquire" -d 'Take the lock on a directory, and hold it for as long as a command runs, or until a signal ends it'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "break" -d 'Remove the lock of exactly one owner, that a person knows to be dead, and leave the directory free'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "status" -d 'Tell who has the lock on a directory, and whether that is safe to believe. Nothing is changed'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "holds" -d 'Test whether the caller runs under a lock on a directory that is held now. Nothing is printed, and nothing changed'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "doctor" -d 'Tell what locks on a directory are worth, by trying what they are made of'
complete -c lockhost -n "__fish_lockhost_needs_command" -f -a "component" -d 'Write the component that decides to standard output, for another host to run'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l name -d 'The lock file\'s name in each directory, ending in .lock or .pid' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l wait -d 'Wait for the lock: indefinitely, or at most DURATION (seconds, or 300ms, 30s, 5m; 0 is not at all)' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -s E -l conflict-exit-code -d 'The exit code for a refusal' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l on-lost -d 'What to do when the lock file or its directory is removed, replaced or moved while the lock is held' -r -f -a "warn\t'Say so, and go on'
terminate\t'Say so, and send the command SIGTERM; without a command, exit'"
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l mode -d 'Set the mode of the lock\'s files, in octal, so that other users can judge the lock; 0600 keeps it from all of them' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l assume-dead -d 'Take over from exactly this owner, as a refusal names it, though nobody can tell that it is dead' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l notify -d 'What the service manager is told, if one listens' -r -f -a "ready\t'That the service is ready once the lock is held, and what it waits for before that; the command cannot tell it more'
status\t'What it waits for and what it holds; the command says itself when it is ready'
no\t'Nothing'"
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l wait-for-ancestor -d 'Wait also for an owner that is an ancestor of this process, and usually waits for it'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l mkdir -d 'Make directories that are missing'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l close -d 'Keep the lock\'s descriptor from the command, so that it does not keep the directory if lockhost is killed'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l all -d 'Hold the lock until all descendants of the command have ended, and not only the command'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l until-stdin-closes -d 'Hold the lock until standard input is closed, or a signal comes'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -s q -l quiet -d 'Say nothing but failures; a refusal is told by the exit code alone'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -s v -l verbose -d 'Tell each step on standard error'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -l json -d 'Tell each event as one JSON object a line: on standard output, or on standard error if there is a command'
complete -c lockhost -n "__fish_lockhost_using_subcommand acquire" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lockhost -n "__fish_lockhost_using_subcommand break" -l owner -d 'The owner, as a refusal names it' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand break" -l name -d 'The lock file\'s name in it, ending in .lock or .pid' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand break" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lockhost -n "__fish_lockhost_using_subcommand status" -l name -d 'The lock file\'s name in it, ending in .lock or .pid' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand status" -l json -d 'Print one JSON object instead of text'
complete -c lockhost -n "__fish_lockhost_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lockhost -n "__fish_lockhost_using_subcommand holds" -l name -d 'The lock file\'s name in it, ending in .lock or .pid' -r
complete -c lockhost -n "__fish_lockhost_using_subcommand holds" -s v -l verbose -d 'Print the answer and the reason in one line'
complete -c lockhost -n "__fish_lockhost_using_subcommand holds" -l json -d 'Print the answer as one JSON object'
complete -c lockhost -n "__fish_lockhost_using_subcommand holds" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lockhost -n "__fish_lockhost_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lockhost -n "__fish_lockhost_using_subcommand component" -l wit -d 'Print its contract, in WIT, instead'
complete -c lockhost -n "__fish_lockhost_using_subcommand component" -s h -l help -d 'Print help'
