//! Waiting for a lock, for several at once, and locks that are lost while they are held.

mod lost;
mod several;
mod wait;
