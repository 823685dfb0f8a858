//! The options for a volume that many machines mount: its coordinator, and the intervals of sessions there.

use std::{
    fs::File,
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use lockhost::{
    Options,
    coordinator::{CoordinatorError, DirectoryKey, InvalidTiming, Program, Timing},
};

use super::hint::hinted;

/// The heading of these options.
const MACHINES: &str = "Volumes that many machines mount";

/// How much of a file with an address is read.
const LARGEST: u64 = 65_536;

/// The coordinator alone, for commands that only ask.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// Judge owners on other machines by their sessions at a coordinator.
    ///
    /// ADDRESS is etcd://HOST:PORT,HOST:PORT/PREFIX?directory=KEY, or a file that contains it. KEY names DIRECTORY at the
    /// coordinator: it is the same on all machines, and no other directory has it.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "LOCKHOST_COORDINATOR",
        hide_env_values = true,
        help_heading = MACHINES
    )]
    coordinator: Option<String>,
}

/// The coordinator, and the intervals of a session there.
#[derive(Debug, clap::Args)]
pub(crate) struct Coordination {
    #[command(flatten)]
    asked: Asked,
    /// End COMMAND if no confirm of the session succeeded for DURATION.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "10s",
        value_parser = interval,
        requires = "coordinator",
        help_heading = MACHINES
    )]
    deadline: Duration,
    /// Confirm the session every DURATION.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "1s",
        value_parser = interval,
        requires = "coordinator",
        help_heading = MACHINES
    )]
    confirm_period: Duration,
    /// Wait for an answer of the coordinator for DURATION at most.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "2s",
        value_parser = interval,
        requires = "coordinator",
        help_heading = MACHINES
    )]
    confirm_timeout: Duration,
    /// Ask COMMAND to end that long before the deadline. At half of it, COMMAND is killed.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "3s",
        value_parser = interval,
        requires = "coordinator",
        help_heading = MACHINES
    )]
    stop_time: Duration,
}

fn interval(text: &str) -> Result<Duration, &'static str> {
    super::duration(text).ok_or("expected 10 (seconds), 300ms or 10s")
}

/// A coordinator that was found.
pub(crate) struct Connected {
    pub(crate) program: Arc<Program>,
    pub(crate) directory: DirectoryKey,
}

impl Asked {
    /// Returns the coordinator as it was given. An empty one is none, as in an environment that empties a variable which
    /// it cannot remove.
    fn given(&self) -> Option<&str> {
        self.coordinator.as_deref().filter(|it| !it.is_empty())
    }

    /// Connects the coordinator, if one is given.
    pub(crate) fn connect(&self) -> anyhow::Result<Option<Connected>> {
        let Some(given) = self.given() else {
            return Ok(None);
        };
        let address = address(given)?;
        let directory = directory(&address)?;
        let program = Program::start(&address).map_err(unusable)?;
        Ok(Some(Connected {
            program: Arc::new(program),
            directory,
        }))
    }

    /// Connects the coordinator, if one is given, for questions alone.
    pub(crate) fn add_to(&self, options: Options) -> anyhow::Result<Options> {
        Ok(match self.connect()? {
            None => options,
            Some(it) => options.coordinator(it.program, it.directory, Timing::default()),
        })
    }
}

impl Coordination {
    /// Returns whether there is a coordinator.
    pub(crate) fn is_given(&self) -> bool {
        self.asked.given().is_some()
    }

    /// Returns the intervals. The coordinator keeps a session for a fifth longer than its owner may act without it.
    pub(crate) fn timing(&self) -> Timing {
        Timing {
            deadline: self.deadline,
            period: self.confirm_period,
            timeout: self.confirm_timeout,
            stop: self.stop_time,
            lease: self.deadline.saturating_add(self.deadline / 5),
        }
    }

    /// Returns why the intervals do not fit each other, in the words of the options.
    pub(crate) fn misfit(&self) -> Option<String> {
        let options = [
            ("--deadline", self.deadline),
            ("--confirm-period", self.confirm_period),
            ("--confirm-timeout", self.confirm_timeout),
            ("--stop-time", self.stop_time),
        ];
        let mut short = options.iter().filter(|(_, it)| it.as_millis() == 0);
        if let Some((option, _)) = short.next() {
            return Some(format!("{option} is shorter than a millisecond"));
        }
        let deadline = humantime::format_duration(self.deadline);
        match self.timing().check().err()? {
            InvalidTiming::TooLong if self.deadline.as_secs() >= 3600 => {
                Some(format!("--deadline {deadline} is longer than an hour"))
            }
            _ => {
                let timeout = self.confirm_timeout;
                let longer = self.confirm_period.max(timeout);
                let least = longer.saturating_add(timeout.saturating_mul(2));
                let least = humantime::format_duration(least.saturating_add(self.stop_time));
                Some(format!(
                    "--deadline {deadline} is too short: it must be longer than {least}, which is the longer one of \
                     --confirm-period and --confirm-timeout, twice --confirm-timeout, and --stop-time"
                ))
            }
        }
    }

    /// Connects the coordinator, if one is given.
    pub(crate) fn connect(&self) -> anyhow::Result<Option<Connected>> {
        self.asked.connect()
    }

    /// Connects the coordinator, if one is given.
    pub(crate) fn add_to(&self, options: Options) -> anyhow::Result<Options> {
        Ok(match self.connect()? {
            None => options,
            Some(it) => options.coordinator(it.program, it.directory, self.timing()),
        })
    }
}

fn unusable(failure: CoordinatorError) -> anyhow::Error {
    anyhow::Error::from(failure).context("cannot use the coordinator")
}

const FORM: &str = "expected NAME://HOST:PORT/PREFIX?directory=KEY, or a file that contains it";

/// Returns the address: the text itself, or the contents of the file that it names.
fn address(given: &str) -> anyhow::Result<String> {
    if given.contains("://") {
        return Ok(given.to_owned());
    }
    let text = read(given).map_err(|error| {
        let what = format!("cannot read the coordinator's address from {given}: {error}");
        hinted(what, FORM)
    })?;
    let text = text.trim();
    if !text.contains("://") || text.contains('\n') {
        let what = format!("{given} does not contain the address of a coordinator");
        return Err(hinted(what, FORM));
    }
    Ok(text.to_owned())
}

fn read(file: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn directory(address: &str) -> anyhow::Result<DirectoryKey> {
    let options = address.split_once('?').map_or("", |(_, options)| options);
    let mut keys = options
        .split('&')
        .filter_map(|option| option.strip_prefix("directory="));
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(hinted(
            "the coordinator's address does not name one directory".to_owned(),
            "add ?directory=KEY, with the same KEY on all machines and for no other directory",
        ));
    };
    key.parse()
        .context("the directory in the coordinator's address is no key")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_directorys_key_is_an_option_of_the_address() {
        let key = |address: &str| directory(address).ok().map(|key| key.to_string());
        assert_eq!(
            key("etcd://a:1/locks?user=x&directory=billing").as_deref(),
            Some("billing")
        );
        assert_eq!(key("etcd://a:1/locks?user=x"), None);
        assert_eq!(key("etcd://a:1/directory=billing"), None);
        assert_eq!(key("etcd://a:1?directory="), None);
        assert_eq!(key("etcd://a:1?directory=b&directory=c"), None);
    }

    #[test]
    fn a_file_may_have_the_address() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("address");
        fs::write(&file, "etcd://a:1?directory=b\n").unwrap();
        let path = file.to_str().unwrap();
        assert_eq!(address(path).unwrap(), "etcd://a:1?directory=b");
        for text in ["", "a:1\n", "etcd://a\netcd://b\n"] {
            fs::write(&file, text).unwrap();
            assert!(address(path).is_err(), "{text:?}");
        }
        assert_eq!(address("etcd://a:1").unwrap(), "etcd://a:1");
        assert!(address("missing").is_err());
    }
}
