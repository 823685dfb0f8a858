//! Every run of the many-machines protocol through all states.

mod holds;
