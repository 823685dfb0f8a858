//! Crashes at any moment, which block no process and leave nothing: kills, system calls that end or fail, power losses,
//! and the sweeps afterwards.

mod crashes;
mod failures;
mod kills;
mod litter;
mod power_loss;
