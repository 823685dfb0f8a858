//! `lockhost holds`: whether the caller runs under a lock that is held now, as an exit code like that of test(1).

use std::{io, path::PathBuf};

use lockhost::{Error, ErrorKind, Status, UnknownReason};
use serde::Serialize;

use super::{
    UNTOLD, complain, complain_with,
    exit_code::ExitCode,
    json::{self, Failure, Holder, Stream, kebab, path},
    printable, say,
};

/// The exit code if the caller does not run under the lock.
const NOT_HELD: u8 = 1;

/// The exit code if that cannot be known; the same as for `status`.
const CANNOT_BE_KNOWN: u8 = 4;

#[derive(Debug, clap::Args)]
pub(crate) struct Holds {
    /// The directory with the lock.
    directory: PathBuf,
    /// Use the lock file NAME, which must end in .lock or .pid.
    #[arg(long, value_name = "NAME", default_value = lockhost::DEFAULT_NAME, env = "LOCKHOST_NAME", hide_env_values = true)]
    pub(super) name: String,
    /// Print the answer and the reason, in one line.
    #[arg(short, long)]
    verbose: bool,
    /// Print one JSON object instead of text.
    #[arg(long, conflicts_with = "verbose")]
    json: bool,
}

/// The answer.
enum Answer {
    Known(Box<Status>, Result<bool, UnknownReason>),
    /// There is no such directory, and so no lock.
    NoDirectory,
    Failed(Error),
}

/// Runs the command.
pub(crate) fn run(arguments: &Holds) -> ExitCode {
    let answer = Answer::find(arguments);
    let code = answer.code();
    if let Err(error) = answer.print(arguments, code) {
        complain(&format_args!("{UNTOLD}: {error}"));
        return CANNOT_BE_KNOWN.into();
    }
    code.into()
}

impl Answer {
    fn find(arguments: &Holds) -> Self {
        let directory = &arguments.directory;
        match lockhost::inspect(directory, &arguments.name) {
            Ok(status) => {
                let covers = status.covers_this_process();
                Self::Known(Box::new(status), covers)
            }
            Err(error) if error.path() == directory && is_missing(&error) => Self::NoDirectory,
            Err(error) => Self::Failed(error),
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Known(_, Ok(true)) => 0,
            Self::Known(_, Ok(false)) | Self::NoDirectory => NOT_HELD,
            Self::Failed(error) if error.kind() == ErrorKind::BadName => 2,
            Self::Known(_, Err(_)) | Self::Failed(_) => CANNOT_BE_KNOWN,
        }
    }

    fn print(self, arguments: &Holds, code: u8) -> io::Result<()> {
        if arguments.json {
            return json::write(&self.object(arguments, code), Stream::Output);
        }
        let reason = self.reason(arguments);
        match &self {
            Self::Failed(_) | Self::Known(_, Err(_)) => {
                complain_with(&reason, self.hint().as_deref());
                Ok(())
            }
            _ if arguments.verbose => say(format!("{}\n", printable(&reason)).as_bytes()),
            _ => Ok(()),
        }
    }

    /// Returns what to do if there is no answer.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Failed(error) => error.hint().map(Into::into),
            Self::Known(status, Err(_)) => status.hint(),
            Self::Known(_, Ok(_)) | Self::NoDirectory => None,
        }
    }

    /// Returns the reason for the answer, in one sentence.
    fn reason(&self, arguments: &Holds) -> String {
        let (status, covers) = match self {
            Self::Known(status, covers) => (status, covers),
            Self::NoDirectory => {
                let directory = arguments.directory.display();
                return format!("directory {directory} does not exist, so there is no lock");
            }
            Self::Failed(error) => return error.to_string(),
        };
        let path = status.path();
        let path = path.display();
        let Some(owner) = status.holder() else {
            return format!("{path} is not held: the directory is free");
        };
        let pid = owner
            .pid()
            .map_or("no pid".to_owned(), |it| format!("pid {it}"));
        match covers {
            Ok(true) => format!("{path} is held by {pid}, and this process runs under it"),
            Ok(false) if status.obstacle().is_some() => format!(
                "{path} is held by {pid}, which is not an ancestor of this process: {}",
                owner.explanation()
            ),
            Ok(false) => format!("{path} is not held: {pid}, {}", owner.explanation()),
            Err(_) => format!(
                "cannot determine whether this process runs under {path}, held by {pid}: {}",
                owner.explanation()
            ),
        }
    }

    fn object(self, arguments: &Holds, exit_code: u8) -> Object {
        let (reason, hint) = (self.reason(arguments), self.hint());
        let (status, holds, failure) = match self {
            Self::Known(status, covers) => (Some(*status), covers.ok(), None),
            Self::NoDirectory => (None, Some(false), None),
            Self::Failed(error) => (None, None, Some(Failure::from(&error.into()))),
        };
        Object {
            holds,
            exit_code,
            directory: path(&arguments.directory),
            path: path(&arguments.directory.join(&arguments.name)),
            state: status.as_ref().map(|it| kebab(&it.state())),
            holder: status.as_ref().and_then(Status::holder).map(Holder::from),
            reason,
            hint,
            failure,
        }
    }
}

fn is_missing(error: &Error) -> bool {
    let error = error.io_error();
    error.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The answer for programs.
#[derive(Debug, Serialize)]
struct Object {
    /// `null` if it cannot be known.
    holds: Option<bool>,
    exit_code: u8,
    directory: String,
    path: String,
    state: Option<String>,
    holder: Option<Holder>,
    reason: String,
    hint: Option<String>,
    failure: Option<Failure>,
}
