//! The documentation's statements: its examples and commands work, and the tests that it names exist.

mod dist;
mod examples;
mod filesystems;
mod from_flock;
mod layers;
mod links;
mod names;
mod tutorials;
