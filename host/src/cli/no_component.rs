//! `lockhost component` in a program that has none.

use anyhow::bail;

use super::exit_code::ExitCode;

/// Returns which part of the program decides, for `--version`.
pub(crate) fn decides() -> String {
    "native code, and no component".to_owned()
}

/// The options that the command has where there is a component.
#[derive(Debug, clap::Args)]
pub(crate) struct Component {
    /// Print its contract, in WIT, instead.
    #[arg(long)]
    wit: bool,
}

impl Component {
    /// Fails.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let what = if self.wit { "its contract" } else { "it" };
        bail!(
            "this program was built without the component (feature `native`): a program built with the feature \
             `component` prints {what}"
        );
    }
}
