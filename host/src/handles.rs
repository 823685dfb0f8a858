//! Files on Windows by the handle of their directory and one name.

mod creation_time;
mod listing;
mod names;
mod status;

#[cfg(feature = "component")]
pub(crate) use self::names::is_link;
pub(crate) use self::{
    listing::Listing,
    names::{create, link, open, remove},
};
