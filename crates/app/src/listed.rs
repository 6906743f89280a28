//! Lists of persons that an institution must look at before it deals with them: sanctions, wanted persons, its own (名单).
//!
//! A list is loaded in parts by one of the staff and lives in the office's cell; a resident id is kept as the keyed hash that households are found by, never in
//! clear. Who is on a list is an alert of the household, which a person looks at: nothing is refused by a list alone.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal, Stamp};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;

/// Entries of a part at most.
pub const PART_MAX: usize = 200;
/// The typology of a hit by resident id.
pub const LISTED: &str = "listed";
/// The typology of a hit by name alone, which may be somebody else.
pub const LISTED_NAME: &str = "listed_name";

/// Someone on a list.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ListEntry {
    /// Keyed hash of the resident id, where the list has one.
    #[n(0)]
    pub hash: Option<ByteVec>,
    /// The name, normalised ([`normal_name`]).
    #[n(1)]
    pub name: String,
    /// Why it is listed, or its number there.
    #[n(2)]
    pub reason: String,
}

impl ListEntry {
    /// The same for the same person on the same list, whatever version.
    pub fn id(&self, list: &str) -> Id {
        let hash: String = self.hash.iter().flat_map(|hash| hash.iter()).map(|byte| format!("{byte:02x}")).collect();
        // Lengths first, so that no two entries make the same text.
        Id::default().derive(&format!("listed {} {list} {hash} {}", list.len(), self.name))
    }
}

/// Load a part of a list. Who was on it before and is not any more is taken off by [`LoadList::ends`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LoadList {
    /// The list's code.
    #[n(0)]
    pub list: String,
    /// Who issues it.
    #[n(1)]
    pub source: String,
    /// The day it is of.
    #[n(2)]
    pub as_of: Date,
    /// Those on it.
    #[n(3)]
    pub entries: Vec<ListEntry>,
    /// Whether this is the last part: who is only on older versions is off the list then.
    #[n(4)]
    pub ends: bool,
}

door::table! {
    /// Someone on a list. Lives in the office's cell.
    pub struct ListedPerson = "listed_person" (Household, State, key 3) {
        /// The office.
        cell: Cell,
        /// The list's code.
        list: String,
        /// The entry.
        id: Id,
        /// Keyed hash of the resident id; none where the list has only a name.
        hash: Option<Vec<u8>>,
        /// The name, normalised.
        name: String,
        /// Why it is listed.
        reason: String,
        /// Who issues the list.
        source: String,
        /// The version that has it: the day it is of.
        as_of: Date,
    }
    index "listed_by_hash" ["cell", "hash"];
    index "listed_by_name" ["cell", "name"];
}

/// A name as lists and households are compared by: without spaces, middle dots and case.
pub fn normal_name(name: &str) -> String {
    let is_kept = |letter: &char| !letter.is_whitespace() && !matches!(letter, '·' | '•' | '・' | '.' | '-');
    name.chars().filter(is_kept).flat_map(char::to_uppercase).collect()
}

impl Tianxin {
    pub(crate) fn needs_load_list(&self, command: &LoadList, needs: &mut Needs) {
        needs.rows::<ListedPerson>(key![Cell::OFFICE, command.list.clone()]);
    }

    pub(crate) fn load_list(&self, slice: &Overlay, command: &LoadList, context: &Context) -> Decided<Tianxin> {
        check_text("the code of the list", &command.list, 40)?;
        check_text("who issues it", &command.source, 100)?;
        if command.entries.len() > PART_MAX {
            return Err(Refusal::new("list_too_long", format!("give at most {PART_MAX} entries in a part")).into());
        }
        if command.as_of > context.open_date {
            let message = format!("the list is of {}, which lies ahead: check its day", command.as_of);
            return Err(Refusal::new("list_from_ahead", message).into());
        }
        for entry in &command.entries {
            check_text("a name on the list", &entry.name, 100)?;
            check_text("why it is listed", &entry.reason, 200)?;
            if entry.hash.as_ref().is_some_and(|hash| hash.len() != 32) {
                return Err(Refusal::new("bad_list_hash", "a keyed hash of a resident id has 32 bytes").into());
            }
        }
        let rows = slice.range::<ListedPerson>(&key![Cell::OFFICE, command.list.clone()])?;
        if rows.iter().any(|row| row.as_of > command.as_of) {
            let message = "a newer version of this list is loaded: check the day";
            return Err(Refusal::new("list_is_old", message).into());
        }
        Ok(Change::new(Outcome::Done, vec![Fact::ListLoaded(command.clone())]))
    }
}

/// Turns the fact into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, told: &LoadList) -> Result<(), door::Fault> {
    let cell = stamp.cell;
    for entry in &told.entries {
        books.put(&ListedPerson {
            cell,
            list: told.list.clone(),
            id: entry.id(&told.list),
            hash: entry.hash.as_ref().map(|hash| hash.to_vec()),
            name: entry.name.clone(),
            reason: entry.reason.clone(),
            source: told.source.clone(),
            as_of: told.as_of,
        });
    }
    if told.ends {
        for row in books.range::<ListedPerson>(&key![cell, told.list.clone()])? {
            if row.as_of < told.as_of {
                books.remove::<ListedPerson>(&key![cell, row.list, row.id]);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_what_writers_differ_in() {
        assert_eq!(normal_name(" 阿依古丽·买买提 "), normal_name("阿依古丽•买买提"));
        assert_eq!(normal_name("Wang Fang"), normal_name("WANG-FANG"));
        assert_ne!(normal_name("王芳"), normal_name("王方"));
    }

    #[test]
    fn an_entry_is_the_same_from_version_to_version_and_no_other() {
        let entry = |hash: Option<u8>, name: &str| ListEntry {
            hash: hash.map(|byte| vec![byte; 32].into()),
            name: name.into(),
            reason: "x".into(),
        };
        let one = entry(Some(1), "王芳");
        assert_eq!(one.id("a"), ListEntry { reason: "y".into(), ..one.clone() }.id("a"));
        let others = [entry(Some(2), "王芳"), entry(None, "王芳"), entry(Some(1), "王方")];
        assert!(others.iter().all(|other| other.id("a") != one.id("a")) && one.id("a") != one.id("b"));
    }
}
