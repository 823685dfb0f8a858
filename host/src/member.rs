//! This process' part in the sessions of a coordinator: a session for each attempt, and its renewer once it has the lock.

mod observer;
mod renewal;
mod session;

pub use self::renewal::{Confirmation, Confirms};
pub(crate) use self::{
    observer::Observer,
    renewal::Renewal,
    session::{Coordination, Member, Take, TakeStep, Watched, now},
};
