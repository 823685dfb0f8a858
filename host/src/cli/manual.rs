//! The parts of the help that are not options: exit codes, environment variables, files and examples. The
//! manual pages and `docs/cli.md` have them from here too.

/// A thing, and its meaning: one line of a table.
pub(crate) type Row = (&'static str, &'static str);

/// The commands, in the order of the help.
pub(crate) const COMMANDS: [&str; 6] =
    ["acquire", "status", "holds", "break", "doctor", "component"];

/// The parts about one command.
pub(crate) struct Page {
    /// The forms of its usage, where it has more than one.
    pub(crate) usage: &'static [&'static str],
    pub(crate) exit_codes: &'static [Row],
    /// Command lines, and their effects.
    pub(crate) examples: &'static [Row],
}

const WRONG_USAGE: Row = ("2", "Wrong usage; nothing was touched");

/// The program's own page.
pub(crate) const PROGRAM: Page = Page {
    usage: &[],
    exit_codes: &[],
    examples: &[
        (
            "lockhost acquire data -- app",
            "Run app while holding the lock on data",
        ),
        (
            "lockhost acquire data",
            "Hold the lock until a signal arrives",
        ),
        ("lockhost status data", "Report the owner of the lock"),
    ],
};

const ACQUIRE: Page = Page {
    usage: &[
        "lockhost acquire [OPTIONS] <DIRECTORY>... -- <COMMAND>...",
        "lockhost acquire [OPTIONS] <DIRECTORY>...",
    ],
    exit_codes: &[
        (
            "COMMAND's",
            "COMMAND ended. If a signal ended it: 128 and the signal's number. If the lock was lost meanwhile, or could \
             not be released: 1 instead of 0",
        ),
        ("126", "COMMAND cannot be run"),
        ("127", "COMMAND was not found"),
        (
            "0",
            "Without COMMAND: a signal ended lockhost, and nothing is left",
        ),
        (
            "75",
            "Refused: the owner lives or may live, or the lock is contended. -E sets another code",
        ),
        (
            "128 + N",
            "Signal N arrived before the lock was acquired. Nothing is left, unless a mount was dead",
        ),
        ("1", "Any other failure, or the lock was lost"),
        WRONG_USAGE,
    ],
    examples: &[
        (
            "lockhost acquire data",
            "Hold the lock until a signal arrives",
        ),
        (
            "lockhost acquire /var/lib/app -- app --serve",
            "Run a service while holding the lock on its directory",
        ),
        (
            "lockhost acquire --wait=30s --name app.pid data -- make backup",
            "Wait for at most 30 seconds for the lock app.pid, then run make",
        ),
        (
            "lockhost acquire -q -E 0 data -- nightly-job",
            "Skip the job, without output or failure, if another process holds the lock",
        ),
    ],
};

const STATUS: Page = Page {
    usage: &[],
    exit_codes: &[
        ("0", "Held by a living owner"),
        ("1", "Stale: the next attempt takes the lock over"),
        ("3", "Free"),
        (
            "4",
            "It cannot be known whether the owner lives, another process is replacing a dead lock, or any failure",
        ),
        WRONG_USAGE,
    ],
    examples: &[
        ("lockhost status data", "Report the owner of the lock"),
        (
            "lockhost status --json --name app.pid /var/lib/app",
            "Print one JSON object about the lock app.pid",
        ),
        (
            "lockhost status data >/dev/null || echo no living owner",
            "Check in a script whether a living owner holds the lock",
        ),
    ],
};

const HOLDS: Page = Page {
    usage: &[],
    exit_codes: &[
        (
            "0",
            "The caller runs under a lock on the directory that is held now",
        ),
        ("1", "It does not"),
        ("4", "It cannot be known, or any failure"),
        WRONG_USAGE,
    ],
    examples: &[(
        "lockhost holds data || exec lockhost acquire data -- \"$0\" \"$@\"",
        "Lock the directory of a script: its first line",
    )],
};

const BREAK: Page = Page {
    usage: &[],
    exit_codes: &[
        ("0", "The lock of that owner is gone"),
        (
            "75",
            "Refused: the owner is known to live, or another process is in the way that lives or may live",
        ),
        (
            "1",
            "Another owner has the lock, or it is free; nothing was changed. Or any other failure",
        ),
        WRONG_USAGE,
    ],
    examples: &[(
        "lockhost break --owner=1@1763932571.250000000 data",
        "Remove the lock of the owner that a refusal has named",
    )],
};

const DOCTOR: Page = Page {
    usage: &[],
    exit_codes: &[
        (
            "0",
            "Locks are possible in the directory, as the verdict says",
        ),
        ("1", "No lock is possible there, or any failure"),
        WRONG_USAGE,
    ],
    examples: &[(
        "lockhost doctor /var/lib/app",
        "Check what a lock in the directory guarantees",
    )],
};

const COMPONENT: Page = Page {
    usage: &[],
    exit_codes: &[
        ("0", "All of it was written"),
        ("1", "It was not, or standard output is a terminal"),
        WRONG_USAGE,
    ],
    examples: &[
        (
            "lockhost component > lockfile.wasm",
            "Write the component to a file",
        ),
        (
            "lockhost component | sha256sum",
            "Print the hash that lockhost --version prints",
        ),
        (
            "lockhost component --wit",
            "Print the contract of the component",
        ),
    ],
};

/// Returns the parts about a command; the program's own for any other word.
pub(crate) fn page(command: &str) -> &'static Page {
    match command {
        "acquire" => &ACQUIRE,
        "status" => &STATUS,
        "holds" => &HOLDS,
        "break" => &BREAK,
        "doctor" => &DOCTOR,
        "component" => &COMPONENT,
        _ => &PROGRAM,
    }
}

/// An environment variable.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
    /// The commands that read it.
    pub(crate) commands: &'static [&'static str],
}

/// The variables that lockhost reads. An option on the command line wins over its variable, and an empty variable counts
/// as not set.
pub(crate) const READ: [Variable; 9] = [
    Variable {
        name: "LOCKHOST_WAIT",
        meaning: "Stands in for --wait: a duration, 0 or forever",
        commands: &["acquire"],
    },
    Variable {
        name: "LOCKHOST_MODE",
        meaning: "Stands in for --mode",
        commands: &["acquire"],
    },
    Variable {
        name: "LOCKHOST_NAME",
        meaning: "Stands in for --name",
        commands: &["acquire", "status", "holds", "break"],
    },
    Variable {
        name: "LOCKHOST_COORDINATOR",
        meaning: "Stands in for --coordinator: an address, or a file that contains it",
        commands: &["acquire", "status", "break", "doctor"],
    },
    Variable {
        name: "LOCKHOST_LOG",
        meaning: "Log each question about a process, and each attempt, on standard error. Levels: error, warn, info, debug \
                  and trace",
        commands: &COMMANDS,
    },
    Variable {
        name: "NOTIFY_SOCKET",
        meaning: "The socket of a service manager, to which --notify reports",
        commands: &["acquire"],
    },
    Variable {
        name: "NO_COLOR",
        meaning: "Do not use colours, unless --color=always is given",
        commands: &COMMANDS,
    },
    Variable {
        name: "CLICOLOR_FORCE",
        meaning: "Use colours also where the output is not a terminal, unless NO_COLOR is set or --color=never is given",
        commands: &COMMANDS,
    },
    Variable {
        name: "TERM",
        meaning: "With the value dumb, and where it is not set: no colours, and no line while waiting",
        commands: &COMMANDS,
    },
];

/// The variables that `acquire` sets for the command.
pub(crate) const SET: [Row; 5] = [
    (
        "LOCKHOST_DIR",
        "The absolute path of the directory. Several are separated by colons, on Windows by semicolons",
    ),
    (
        "LOCKHOST_LOCK",
        "The absolute path of the lock file, or of several",
    ),
    (
        "LOCKHOST_PID",
        "The number in the lock file, which is the pid of lockhost",
    ),
    (
        "LOCKHOST_FENCE",
        "With a coordinator: the fencing token. It is higher than those of all earlier owners of the same epoch",
    ),
    (
        "LOCKHOST_FENCE_EPOCH",
        "With a coordinator: the life of its data. Tokens of two epochs have no order",
    ),
];

/// The files in a directory that is locked.
pub(crate) const FILES: [Row; 3] = [
    (
        "DIRECTORY/tinyforge.lock",
        "The lock file: the pid of the owner and a newline. --name sets another name",
    ),
    (
        "DIRECTORY/tinyforge.lock.IDENTITY",
        "The claim of the owner, a second name of the lock file. IDENTITY distinguishes the owner from every other process",
    ),
    (
        "DIRECTORY/tinyforge.lock.reclaim",
        "The lock of a process that replaces the lock of a dead owner. It exists for a moment",
    ),
];
