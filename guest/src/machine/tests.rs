//! Turn by turn: what the machine asks for next, and what it comes to, told answer by answer.
//!
//! For what the model checker cannot see: which file an error names, how long exactly something is waited for, and steps
//! that could be left out or taken once more without harm.

mod attempt;
mod denied;
mod leftovers;
mod numbers;
mod scenes;
mod searching;
mod sweeping;
mod telling;
mod turning_back;
mod unread;
mod waiting;
