//! Every interleaving, every crash and every failure, in memory: an explicit-state model checker runs the machine,
//! one operation a step, through all states.
//!
//! [`properties`] has the promises that are checked. The rooms with tests have the situations: [`interleavings`],
//! [`beside_original`], [`without_links`], [`denied`], [`another_user`], [`assumed`], [`restored`], [`failures`] and
//! [`bounds`]. [`checked`] checks that the checker finds faults.
//!
//! The model: a [`world`] is a [`directory`] and some processes, each of which is a [`local`] state: a lockhost
//! [`contender`], an [`inspector`], or the [`original`]. They do a [`step`] at a time, and the [`host`] answers them as
//! the native one does. The [`environment`] lets them crash, wait, come back and fail. A run is a [`setting`]: its
//! processes, the events from outside, and its [`starts`]. The [`checker`] is the crate `stateright`. The [`table`] has
//! each state of a process once. So the machine runs once for each of its own states, and not for each state of the
//! world.

// Shared by the rooms of this one program, and by no other.
#![allow(missing_docs, unreachable_pub)]

mod another_user;
mod assumed;
mod beside_original;
mod bounds;
mod checked;
mod checker;
mod comparison;
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
mod numbers;
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
