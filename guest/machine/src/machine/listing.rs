//! The claims in a directory, one after another, in constant memory: the driver keeps the directory open and returns a
//! part at a time.

use alloc::vec::Vec;

use crate::{
    call::{Call, Listed, Reply},
    facts::ErrorCode,
    names::Identity,
};

/// A listing under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Listing {
    /// The claims of the last part that were not returned yet.
    claims: Vec<Identity>,
    more: bool,
    /// How many parts were asked for.
    parts: u32,
    /// Whether a reclaim lock may be in the directory: one was shown, or an entry could not be examined.
    pub reclaims: bool,
}

/// The next entry of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A claim.
    Claim(Identity),
    /// Another part, with the reply to this call.
    Part(Call),
    /// None: the directory was read to its end.
    End,
    /// None, though there is more: too many parts were read.
    CutShort,
}

impl Listing {
    /// Begins anew.
    pub fn begin(&mut self) -> Call {
        *self = Self::default();
        Call::List
    }

    /// Takes the next part. Returns why an entry in it could not be examined.
    ///
    /// # Errors
    /// If the rest of the directory cannot be read; the listing is over.
    pub fn take(&mut self, reply: Reply) -> Result<Option<ErrorCode>, ErrorCode> {
        self.more = false;
        let Listed {
            claims,
            reclaims,
            missed,
            more,
        } = reply.listed()?;
        self.reclaims |= reclaims || missed.is_some();
        self.claims = claims;
        self.more = more;
        Ok(missed)
    }

    /// Returns the next entry; `most` is how many parts may be read after the first.
    pub fn next(&mut self, most: u32) -> Entry {
        match self.claims.pop() {
            Some(claim) => Entry::Claim(claim),
            None if !self.more => Entry::End,
            None if self.parts == most => Entry::CutShort,
            None => {
                self.parts += 1;
                Entry::Part(Call::ListOn)
            }
        }
    }
}
