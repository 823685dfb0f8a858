//! Waiting for a lock, for several at once, and what becomes of one that is lost while it is held.

mod lost;
mod several;
mod wait;
