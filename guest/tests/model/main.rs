//! Every interleaving, every crash and every failure, in memory: the guest's own machine, one operation a step, gone
//! through by an explicit-state model checker until there is no state left.
//!
//! What is checked stands in [`properties`]; on what, in the rooms with tests: [`interleavings`], [`beside_original`],
//! [`without_links`], [`denied`], [`another_user`], [`assumed`], [`restored`], [`failures`] and [`bounds`]. That the checker
//! finds what is wrong is checked in [`checked`].
//!
//! The model: a [`world`] is a [`directory`] and some processes, each of which is a [`local`] state: a [`contender`] of
//! ours, an [`inspector`], or the [`original`]. They do a [`step`] at a time, the [`host`] answers them as the native one
//! does, and the [`environment`] lets them crash, wait, come back and fail. A run is a [`setting`]: its processes, what
//! may befall them, and its [`starts`]. The [`checker`] is the crate `stateright`; the [`table`] has each state of a
//! process once, so that the machine runs once for each of its own states and not for each state of the world.

// Shared by the rooms of this one program, and by nobody else.
#![allow(missing_docs, unreachable_pub)]

mod another_user;
mod assumed;
mod beside_original;
mod bounds;
mod checked;
mod checker;
mod contender;
mod denied;
mod descriptors;
mod directory;
mod environment;
mod failures;
mod faults;
mod host;
mod inspector;
mod interleavings;
mod local;
mod newcomer;
mod original;
mod properties;
mod restored;
mod seeds;
mod setting;
mod starts;
mod step;
mod table;
mod trace;
mod without_links;
mod world;
