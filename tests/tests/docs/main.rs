//! What the documentation says is so: its examples and commands work, and the tests that it names are there.

mod dist;
mod examples;
mod filesystems;
mod from_flock;
mod layers;
mod links;
mod names;
