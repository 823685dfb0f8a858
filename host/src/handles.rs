//! Files on Windows by the handle of their directory and one name. Both backends have their files from here: `wasi/`
//! for the component, and the native backend. So a file means the same to both.

mod creation_time;
mod listing;
mod names;
mod status;

#[cfg(feature = "component")]
pub(crate) use self::names::is_link;
#[cfg(feature = "native")]
pub(crate) use self::status::Status;
pub(crate) use self::{
    listing::Listing,
    names::{create, link, open, remove},
};
