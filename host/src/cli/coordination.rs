//! The options for a volume that many machines mount: its coordinator, and the intervals of sessions there.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use lockhost::{
    Options,
    coordinator::{DirectoryKey, Program, Timing},
};

use super::hint::hinted;

/// The heading of these options.
const MACHINES: &str = "Volumes that many machines mount";

#[derive(Debug, clap::Args)]
pub(crate) struct Coordination {
    /// Judge owners on other machines by their sessions at a coordinator.
    ///
    /// ADDRESS is etcd://HOST:PORT,…/PREFIX?directory=KEY, or a file that contains it. KEY names DIRECTORY at the
    /// coordinator: it is the same on all machines, and no other directory has it.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "LOCKHOST_COORDINATOR",
        hide_env_values = true,
        help_heading = MACHINES
    )]
    coordinator: Option<String>,
    /// End COMMAND if no confirm of the session succeeded for DURATION.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = interval, help_heading = MACHINES)]
    deadline: Duration,
    /// Confirm the session every DURATION.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval, help_heading = MACHINES)]
    confirm_period: Duration,
    /// Wait for an answer of the coordinator for DURATION at most.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = interval, help_heading = MACHINES)]
    confirm_timeout: Duration,
    /// Ask COMMAND to end that long before the deadline. At half of it, COMMAND is killed.
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = interval, help_heading = MACHINES)]
    stop_time: Duration,
}

fn interval(text: &str) -> Result<Duration, &'static str> {
    super::duration(text).ok_or("expected 10 (seconds), 300ms or 10s")
}

impl Coordination {
    /// Returns whether there is a coordinator.
    pub(crate) fn is_given(&self) -> bool {
        self.coordinator.as_deref().is_some_and(|it| !it.is_empty())
    }

    /// Returns the intervals. The coordinator keeps a session for a fifth longer than its owner may act without it.
    pub(crate) fn timing(&self) -> Timing {
        Timing {
            deadline: self.deadline,
            period: self.confirm_period,
            timeout: self.confirm_timeout,
            stop: self.stop_time,
            lease: self.deadline + self.deadline / 5,
        }
    }

    /// Connects the coordinator, if one is given.
    pub(crate) fn add_to(&self, options: Options) -> anyhow::Result<Options> {
        let Some(given) = self.coordinator.as_deref().filter(|it| !it.is_empty()) else {
            return Ok(options);
        };
        let address = address(given)?;
        let directory = directory(&address)?;
        let program = Program::start(&address)?;
        Ok(options.coordinator(Arc::new(program), directory, self.timing()))
    }
}

/// Returns the address: the text itself, or the contents of the file that it names.
fn address(given: &str) -> anyhow::Result<String> {
    if given.contains("://") {
        return Ok(given.to_owned());
    }
    let text = fs::read_to_string(Path::new(given))
        .with_context(|| format!("cannot read the coordinator's address from {given}"))?;
    Ok(text.trim().to_owned())
}

fn directory(address: &str) -> anyhow::Result<DirectoryKey> {
    let options = address.split_once('?').map_or("", |(_, options)| options);
    let key = options
        .split('&')
        .find_map(|option| option.strip_prefix("directory="));
    let key = key.ok_or_else(|| {
        hinted(
            "the coordinator's address names no directory".to_owned(),
            "add ?directory=KEY, with the same KEY on all machines and for no other directory",
        )
    })?;
    key.parse()
        .context("the directory in the coordinator's address is no key")
}

#[cfg(test)]
mod tests {
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
    }

    #[test]
    fn a_file_may_have_the_address() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("address");
        fs::write(&file, "etcd://a:1?directory=b\n").unwrap();
        let file = file.to_str().unwrap();
        assert_eq!(address(file).unwrap(), "etcd://a:1?directory=b");
        assert_eq!(address("etcd://a:1").unwrap(), "etcd://a:1");
        assert!(address("missing").is_err());
    }
}
