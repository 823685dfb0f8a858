//! The place of a server: the network in which it listens, by its address, and where its data is.

use std::path::{Path, PathBuf};

/// A network namespace, and an address in it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The address.
    pub address: String,
    /// The words in front of a command that runs there.
    pub words: Vec<String>,
    /// Its own network, so that each port is free.
    pub has_own_network: bool,
    /// The folder below which a server keeps its data, if that is not to be in memory.
    pub storage: Option<PathBuf>,
}

impl Place {
    /// Returns the loopback interface of the tests themselves.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            address: "127.0.0.1".to_owned(),
            words: Vec::new(),
            has_own_network: false,
            storage: None,
        }
    }

    /// Returns the same place with another folder for the data, as on a disk.
    #[must_use]
    pub fn with_data_in(self, folder: &Path) -> Self {
        Self {
            storage: Some(folder.to_owned()),
            ..self
        }
    }

    /// Returns the command that runs a program there.
    #[must_use]
    pub fn command(&self, program: &str) -> std::process::Command {
        let mut words = self.words.iter().map(String::as_str).chain([program]);
        let mut command = std::process::Command::new(words.next().unwrap_or(program));
        command.args(words);
        command
    }
}
