//! A coordinator for volumes that many machines mount: etcd and its like.
//!
//! A kernel knows whether an owner on its own machine lives. About an owner on another machine only a coordinator can
//! answer, which both machines reach. Each attempt enrolls a [`Session`] there. The owner confirms it again and again, and
//! acts only until the deadline of its last confirm. A session that is gone, and was watched for longer than its owner can
//! act without it, is that of a dead owner.
//!
//! With the feature `coordinator-programs`, `Program` connects a coordinator by a program on PATH.
//!
//! [`Coordinator`] is what this crate needs of a coordinator: operations that read or write a few small keys, each in one
//! transaction. An implementation decides nothing. It reports [`Facts`], and this crate judges them.
//!
//! # What an implementation stores
//!
//! | key | value | removed |
//! | --- | --- | --- |
//! | the incarnation | random, made by the first enrollment that finds none | never |
//! | a session, by its nonce | a text for people | by the end of its lease, or by [`withdraw`](Coordinator::withdraw) |
//! | a mark, by the judged session and the asker | nothing | with the asker's session |
//! | the key of a directory | the nonce of the session that has it, and its D | by [`release`](Coordinator::release) |
//!
//! All of it must be linearizable: an answer reports what is true at one point between the question and the answer. The
//! revision rises with each write of the coordinator, also with those of other keys.

pub(crate) mod asker;
#[cfg(test)]
mod data;
mod error;
pub(crate) mod holding;
mod key;
mod operations;
#[cfg(feature = "coordinator-programs")]
mod program;
pub(crate) mod reading;
mod session;
pub(crate) mod taking;
#[cfg(test)]
mod tests;
mod timing;
mod view;

pub use self::{
    error::{CoordinatorError, CoordinatorErrorKind},
    key::{DirectoryKey, InvalidKey},
    operations::{Coordinator, Enrolled, Enrollment, Facts, KeyOwner, Marked, Taken},
    session::{FencingToken, Incarnation, NoSession, Nonce, Revision, Session},
    timing::{InvalidTiming, Timing},
};

#[cfg(feature = "coordinator-programs")]
pub use self::program::Program;
