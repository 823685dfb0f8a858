//! There is never more than one owner: races, churn, forks, and file systems without hard links.

mod churn;
mod fork;
mod races;
mod without_links;
