//! A crash at any moment holds nobody up and leaves nothing: kills, system calls that end or fail, power losses, and who
//! sweeps what is left.

mod crashes;
mod failures;
mod kills;
mod litter;
mod power_loss;
