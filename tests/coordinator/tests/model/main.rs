//! Every run of the many-machines protocol through all states, and each rule left out in turn.

mod holds;
mod intervals;
mod limits;
mod page;
mod seeds;
