//! How a driver compares names where no kernel keeps evidence: by the number of a file, by how many names it has, and by
//! what is in it.

use lockhost_machine::facts::ErrorCode;

use crate::{
    directory::{File, Name},
    setting::Cached,
    step::{Answer, With},
    table::Table,
    world::World,
};

impl World {
    /// Answers whether a name is that of this file.
    pub fn compared(
        &self,
        slot: usize,
        name: Name,
        (known, with): (File, With),
        table: &Table,
    ) -> Result<Answer, ErrorCode> {
        let there = self.directory.id(name)?;
        if there != known && table.cached == Cached::Nothing {
            return Ok(Answer::Id(there));
        }
        let stat = |file| self.stat(slot, file, table);
        let differs = match with {
            With::Ours(names) => {
                let last = table.info(self.locals[slot]).last;
                let claim = last.and_then(|claim| self.directory.id(Name::Claim(claim)).ok());
                let fewer = claim.is_some_and(|claim| stat(claim).links < names);
                fewer && (stat(there).links > 1 || stat(there).content != stat(known).content)
            }
            With::Open => {
                let (there, known) = (stat(there), stat(known));
                let counts = there.links != known.links && there.modified != known.modified;
                counts || there.content != known.content
            }
        };
        Ok(match differs {
            true if there != known && table.cached == Cached::Believable => Answer::Id(there),
            true => Answer::Differs,
            false => Answer::Id(known),
        })
    }
}
