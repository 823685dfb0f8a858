//! The place of a server: the network in which it listens, by its address.

/// A network namespace, and an address in it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The address.
    pub address: String,
    /// The words in front of a command that runs there.
    pub words: Vec<String>,
    /// Its own network, so that each port is free.
    pub has_own_network: bool,
}

impl Place {
    /// Returns the loopback interface of the tests themselves.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            address: "127.0.0.1".to_owned(),
            words: Vec::new(),
            has_own_network: false,
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
