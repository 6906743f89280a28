//! Erasing a person: what may go goes now, what the law keeps is kept and named.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::{Decode, Encode};

use crate::books::wallet;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::{Contact, Person, Wallet};

/// Erase a person's data.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Erase {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The person.
    #[n(2)]
    pub person: Id,
    /// The last date the household's money moved, if it ever did; the shell finds it in the books.
    #[n(3)]
    pub last_moved: Option<Date>,
}

/// What becomes of a class of fields when its person asks for erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnErasure {
    /// Removed at once.
    Erase,
    /// Kept, unreadable for daily work, until a term is over.
    Retain {
        /// The term, counted from the household's last movement of money.
        years: i16,
    },
}

/// One line of the retention table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The class of fields.
    pub class: &'static str,
    /// In force from (year, month, day).
    pub effective_from: (i16, i8, i8),
    /// What becomes of it.
    pub on_erasure: OnErasure,
    /// Where the term comes from; to be checked by the institution.
    pub source: &'static str,
}

/// The dated retention table. Identity is kept as long as the longest record that needs it.
pub const RETENTION: &[Retention] = &[
    Retention { class: "contact", effective_from: (2021, 11, 1), on_erasure: OnErasure::Erase, source: "PIPL 47" },
    Retention {
        class: "identity",
        effective_from: (2025, 1, 1),
        on_erasure: OnErasure::Retain { years: 10 },
        source: "anti-money-laundering records, 10 years after the business ends",
    },
];

impl Tianxin {
    pub(crate) fn needs_erase(&self, command: &Erase, needs: &mut Needs) {
        needs.rows::<Person>(key![command.cell, command.household, command.person]);
        needs.rows::<Contact>(key![command.cell, command.household, command.person]);
        needs.rows::<Wallet>(key![command.cell, command.household, self.institution.currency]);
    }

    pub(crate) fn erase(&self, slice: &Overlay, command: &Erase, context: &Context) -> Decided<Tianxin> {
        let (cell, household, person) = (command.cell, command.household, command.person);
        let row = slice
            .get::<Person>(&key![cell, household, person])?
            .ok_or_else(|| Refusal::new("unknown_person", "there is no such person in this household"))?;
        if row.erased_at.is_some() {
            return Err(Refusal::new("erased_already", "this person's data was erased before").into());
        }
        let money = wallet(slice, cell, household, self.institution.currency)?;
        if money.is_some_and(|wallet| wallet.balance_minor != 0) {
            let message = "the household's wallet still holds money: pay it out first";
            return Err(Refusal::new("wallet_not_empty", message).into());
        }
        let term_years = RETENTION
            .iter()
            .filter(|line| {
                Date::ymd(line.effective_from.0, line.effective_from.1, line.effective_from.2)
                    .is_ok_and(|from| from <= context.open_date)
            })
            .filter_map(|line| match line.on_erasure {
                OnErasure::Retain { years } => Some(years),
                OnErasure::Erase => None,
            })
            .max();
        let retained_until = match (command.last_moved, term_years) {
            (Some(moved), Some(years)) => {
                moved.add_months(i32::from(years) * 12).ok().filter(|until| *until > context.open_date)
            }
            _ => None,
        };
        let fact = Fact::PersonErased { household, person, retained_until };
        let mut change = Change::new(Outcome::Erased { retained_until }, vec![fact]);
        for contact in slice.range::<Contact>(&key![cell, household, person])? {
            change.forget.push((<Contact as door::Record>::table(), key![cell, household, person, contact.kind]));
        }
        Ok(change)
    }
}
