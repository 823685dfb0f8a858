//! Conversion of a backend's errors into errors of this crate.

use std::path::Path;

use super::{
    error::{Error, Kind},
    failure::not_a_lock,
    hint::WayOut,
    holder::Holder,
    message::Circumstance,
    options::Options,
    place::Place,
};
use crate::outcome;

/// Returns the error for an attempt that got no lock.
pub(super) fn refused(place: &Place, options: &Options, error: outcome::Error) -> Error {
    let outcome::Error { file, cause } = error;
    let directory = place.given();
    let path = directory.join(&file);
    let kind = match cause {
        outcome::Cause::Held(refusal) => {
            let circumstance = match refusal.occupation {
                outcome::Occupation::Owning => Circumstance::Owning,
                outcome::Occupation::Reclaiming => Circumstance::Reclaiming,
                outcome::Occupation::Overtaking => Circumstance::Overtaking,
            };
            let way_out = WayOut {
                name: options.name.clone(),
                directory: directory.to_owned(),
                beside: None,
            };
            let is_lock = file == options.name;
            let holder = Holder::new(place.absolute(), file, refusal.holder);
            let held = Error::new(path.clone(), Kind::Held(holder, circumstance, way_out));
            // The lock's owner does not matter then: the reclaim lock is in the way.
            return match &options.assume_dead {
                Some(assumed) if !is_lock => held.beside(assumed, &path),
                _ => held,
            };
        }
        outcome::Cause::Again(_) | outcome::Cause::Contended => Kind::Contended,
        outcome::Cause::NotALock(what) => Kind::NotALock(not_a_lock(what)),
        outcome::Cause::TooDeep => Kind::TooDeep,
        outcome::Cause::Failed(failure) => return place.failed(&file, failure),
        outcome::Cause::Host(why) => return Error::new(directory.to_owned(), Kind::Host(why)),
        outcome::Cause::BadName => return Error::new(file.into(), Kind::BadName),
        outcome::Cause::Ended => return ended(directory),
    };
    Error::new(path, kind)
}

/// Returns the error for an attempt that has ended.
pub(super) fn ended(directory: &Path) -> Error {
    let why = "this attempt has ended, or belongs to a parent process".to_owned();
    Error::new(directory.to_owned(), Kind::Host(why))
}
