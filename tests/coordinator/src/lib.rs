//! The protocol for volumes that many machines mount, as a model.
//!
//! An owner on another machine is dead when its session is gone from a coordinator (etcd and its like), and has been seen
//! gone for longer than the holder can act without it. The model is written before the code, and imports no part of it.
//!
//! # Rooms
//!
//! A [`world`] is some [`machine`]s, a [`coordinator`] with its [`sessions`], and a [`directory`]. The [`steps`] are those
//! of the processes; [`requests`] has the transaction and the confirm, as the coordinator executes them. The
//! [`environment`] has what can go wrong. A [`setting`] is a run: its machines, its beginning, how often each event can
//! happen, and which [`rules`] are followed. The [`properties`] are the promises; a [`newcomer`] finds out whether anything
//! is left that a person must remove. The [`checker`] goes through all states, and a [`trace`] prints the way to one.
//! [`renewal`] is a second, small model: of the renewer's intervals. [`clock`] has the intervals of the first one.
//!
//! # What one step is
//!
//! One request to the coordinator, one operation on the directory, or one tick of true time is one step. Any process can
//! be slow before any of its steps, for as long as time goes on. So three events need no step of their own:
//!
//! - An asker or a renewer that is paused takes no step.
//! - A confirm or a question that is late or lost is one that is executed late, or was never sent. Neither writes
//!   anything, so the coordinator is the same.
//! - A poll during W is left out. It can only end the wait, and each one may be lost.
//!
//! The guards are the exception: one that is not stopped kills the command before the next tick once that is due. So a
//! command acts in time at most until its deadline. A command *acts* while any process of it can write.
//!
//! The command ends at any time, by itself, by a signal of another process, or because it was asked to when K was left. So
//! asking it needs no step either.
//!
//! A lease may expire at any time, as an operator may revoke it: both are an event of the coordinator. So the promises here
//! need no lease; [`renewal`] has it.
//!
//! # Why small numbers are enough
//!
//! All time is relative: until a deadline, until the end of a wait. D is four ticks, K two, ρ a third. In a run with wrong
//! clocks each machine's clock has a constant extreme rate and is read in whole ticks. A rate between the extremes
//! shortens no wait and lengthens no deadline. P and τ bound nothing in the first model: a process confirms whenever it
//! likes, with answers that are as late as they like. That includes every schedule with P and τ.
//!
//! Revisions are counted write by write where data can be restored. Elsewhere only transactions for the key count: no
//! comparison there sees a difference.
//!
//! # What is not modelled
//!
//! - The reclaim lock `N.reclaim`. It forbids some orders of steps, all of which are gone through here. The guest's model has
//!   it.
//! - A late or replayed LINK, a listing that is stale after the process's own change, putting a lock file back, sweeping.
//! - More than one restore, or a restore after a wipe; a coordinator that is not linearizable.
//! - Processes without a coordinator beside those with one.
//! - A library's holder, which has a deadline and no deadman.

pub mod checker;
pub mod clock;
pub mod coordinator;
pub mod directory;
pub mod environment;
pub mod machine;
pub mod newcomer;
pub mod properties;
pub mod renewal;
pub mod requests;
pub mod rules;
pub mod sessions;
pub mod setting;
pub mod steps;
pub mod trace;
pub mod world;
