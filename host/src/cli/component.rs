//! `lockhost component`: the component itself, or its contract.

use std::io::{self, IsTerminal};

use anyhow::Context;

use super::{UNTOLD, exit_code::ExitCode, hint::hinted, say};

/// The contract, without those of WASI that it uses.
const WIT: &str = include_str!("../../wit/lockfile.wit");

/// The output of `sha256sum` for the component.
const SHA256: &str = include_str!("../../lockfile.wasm.sha256");

/// Returns which part of the program decides, for `--version`.
pub(crate) fn decides() -> String {
    format!("component sha256 {}", SHA256.trim())
}

#[derive(Debug, clap::Args)]
pub(crate) struct Component {
    /// Write the contract of the component, in WIT, instead.
    #[arg(long)]
    wit: bool,
}

impl Component {
    /// Runs the command.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        if !self.wit && io::stdout().is_terminal() {
            return Err(hinted(
                "refusing to write binary to a terminal",
                "redirect it, or print the contract with --wit",
            ));
        }
        let bytes = if self.wit {
            WIT.as_bytes()
        } else {
            lockhost::COMPONENT
        };
        say(bytes).context(UNTOLD)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_noted_hash_is_the_components() {
        let hash = Sha256::digest(lockhost::COMPONENT);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        if SHA256.trim() != hash {
            let noted = concat!(env!("CARGO_MANIFEST_DIR"), "/lockfile.wasm.sha256");
            std::fs::write(noted, format!("{hash}\n")).unwrap();
            panic!("host/lockfile.wasm.sha256 was out of date and is written anew: test again");
        }
    }
}
