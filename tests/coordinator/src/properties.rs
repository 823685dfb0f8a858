//! The promises that have to hold in every state.

use crate::{machine::At, newcomer::Newcomers, setting::Setting, world::World};

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// At no time do the commands of two owners run, and no kernel writes a page of a dead owner while another one runs.
    OneActs,
    /// In one incarnation, each owner has a higher token than the one before it.
    TokensRise,
    /// In every state: if all machines lose their power now and all leases expire, a newcomer that is alone acts after a
    /// bounded number of steps. The exception is an owner of another incarnation, which is unknown.
    NoWedge,
    /// Where no session goes but by its own process, and no process ends early, no process waits W.
    ReleaseIsPrompt,
}

impl Promise {
    /// All promises.
    pub const ALL: [Self; 4] = [
        Self::OneActs,
        Self::TokensRise,
        Self::NoWedge,
        Self::ReleaseIsPrompt,
    ];

    /// Returns the name.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneActs => "one owner acts at a time",
            Self::TokensRise => "tokens rise in the order of ownership",
            Self::NoWedge => "no wedge: a newcomer alone gets in",
            Self::ReleaseIsPrompt => "after a release no process waits W",
        }
    }

    /// Returns whether it holds in a state.
    pub fn holds(self, world: &World, setting: &Setting, newcomers: &Newcomers) -> bool {
        match self {
            Self::OneActs => world.acting() <= 1 && !world.overwritten,
            Self::TokensRise => !world.fell,
            Self::NoWedge => newcomers.get_in(world, setting),
            Self::ReleaseIsPrompt => {
                let mut machines = world.machines.iter();
                machines.all(|machine| !matches!(machine.at, At::Watch | At::WatchKey))
            }
        }
    }
}
