//! There is never more than one owner: races, churn, forks, sessions at a coordinator, and file systems without hard links.

mod churn;
mod fork;
mod races;
mod sessions;
mod without_links;
