//! Who looked at a household's data: one row a household, day and member of staff, with what was looked at.
//!
//! The platform notes a look before the data is shown. The household reads the rows of its own; audit reads those of a member of staff.

use basics::{Cell, Date, Id, Instant};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::permission::Role;
use door::{Change, Stamp, key};
use minicbor::{Decode, Encode};

use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::Household;

door::text_enum! {
    /// What of a household was looked at.
    pub enum LookKind {
        /// Names, phone, village, what it asked about its data 身份.
        Person = "person",
        /// Wallet, payments, accounts elsewhere 收支.
        Money = "money",
        /// Loans, lines, papers, facility 借款.
        Loans = "loans",
        /// What is known of its behaviour, rating, limits, decisions 信用.
        Credit = "credit",
    }
}

door::table! {
    /// A day on which a member of staff looked at a household.
    pub struct HouseholdLook = "household_look" (Household, State, key 4) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The civil day.
        looked_on: Date,
        /// Who: a member of staff, or a program with a token.
        staff: Id,
        /// In which role, the first time on that day.
        role: Role,
        /// What was looked at: kinds in the order in which they were first asked for, a space between.
        kinds: String,
        /// When it was first.
        first_at: Instant,
    }
    index "household_look_by_staff" ["cell", "staff", "looked_on", "household"];
}

/// Note that somebody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NoteLook {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// Who.
    #[n(2)]
    pub staff: Id,
    /// In which role.
    #[n(3)]
    pub role: Role,
    /// At what.
    #[n(4)]
    pub kind: LookKind,
    /// The civil day of the command.
    #[n(5)]
    pub on: Date,
}

/// Somebody looked at a household for the first time on a day, or at something else of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Looked {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The civil day.
    #[n(1)]
    pub on: Date,
    /// Who.
    #[n(2)]
    pub staff: Id,
    /// In which role.
    #[n(3)]
    pub role: Role,
    /// At what.
    #[n(4)]
    pub kind: LookKind,
}

impl HouseholdLook {
    /// What was looked at. A kind that a later version wrote is left out.
    pub fn kinds(&self) -> impl Iterator<Item = LookKind> + '_ {
        self.kinds.split(' ').filter_map(LookKind::parse)
    }
}

impl Tianxin {
    /// The civil day of an instant where the institution is.
    pub fn civil_day(&self, at: Instant) -> Date {
        at.date_at_offset(self.institution.zone_minutes)
    }

    pub(crate) fn needs_note_look(&self, command: &NoteLook, needs: &mut Needs) {
        let NoteLook { cell, household, staff, on, .. } = *command;
        needs.rows::<Household>(key![cell, household]);
        needs.rows::<HouseholdLook>(key![cell, household, on, staff]);
    }

    pub(crate) fn note_look(&self, slice: &Overlay, command: &NoteLook, _: &Context) -> Decided<Tianxin> {
        let NoteLook { cell, household, staff, role, kind, on } = *command;
        // Of a household that is closed off, what must be kept can be looked at still.
        if slice.get::<Household>(&key![cell, household])?.is_none() {
            let message = "there is no such household here: check the id";
            return Err(Refusal::new("unknown_household", message).into());
        }
        let row = slice.get::<HouseholdLook>(&key![cell, household, on, staff])?;
        if row.is_some_and(|row| row.kinds().any(|known| known == kind)) {
            return Ok(Change::new(Outcome::AlreadyThere, Vec::new()));
        }
        let fact = Fact::Looked(Looked { household, on, staff, role, kind });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }
}

/// Turns the fact into its row.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, looked: &Looked) -> Result<(), Fault> {
    let Looked { household, on, staff, role, kind } = *looked;
    let row = match books.get::<HouseholdLook>(&key![stamp.cell, household, on, staff])? {
        Some(row) => HouseholdLook { kinds: format!("{} {}", row.kinds, kind.as_str()), ..row },
        None => HouseholdLook {
            cell: stamp.cell,
            household,
            looked_on: on,
            staff,
            role,
            kinds: kind.as_str().to_owned(),
            first_at: stamp.at,
        },
    };
    books.put(&row);
    Ok(())
}
