//! What a household has said to the purposes that its data is used for: given when it enrols, withdrawn and given again at any time.
//!
//! A withdrawal undoes nothing that was decided before (个人信息保护法 15). From then on the data of that purpose enters no features and
//! no model: the household is judged as one of which nothing is known, so that a person decides. What the law has a lender keep and watch
//! (books, fraud, money laundering) goes on, and contracts run as signed.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stamp, key};
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::observe::known_household;

/// The purpose of looking at income and spending to work out a limit.
pub const CREDIT: &str = "credit";
/// The purpose of keeping an account, which lasts as long as the account does.
pub const ACCOUNT: &str = "account";

door::text_enum! {
    /// What was said to a purpose.
    pub enum ConsentWord {
        /// Agreed to 同意.
        Given = "given",
        /// Withdrawn 撤回.
        Withdrawn = "withdrawn",
    }
}

door::table! {
    /// What a household last said to a purpose.
    pub struct HouseholdConsent = "household_consent" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// What its data is used for.
        purpose: String,
        /// What it said.
        word: ConsentWord,
        /// Version of the text that it was said to.
        version: String,
        /// The day.
        said_on: Date,
    }
}

/// Give a consent or withdraw it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SayConsent {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// What the data is used for.
    #[n(2)]
    pub purpose: String,
    /// What is said.
    #[n(3)]
    pub word: ConsentWord,
    /// Version of the text that was read.
    #[n(4)]
    pub version: String,
}

/// A consent was given or withdrawn.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ConsentSaid {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// What the data is used for.
    #[n(1)]
    pub purpose: String,
    /// What was said.
    #[n(2)]
    pub word: ConsentWord,
    /// Version of the text that was read.
    #[n(3)]
    pub version: String,
}

/// Whether the household has withdrawn its consent to being judged by its behaviour. A household that enrolled before consents were
/// rows has none, and has not.
pub(crate) fn is_withheld(slice: &Overlay, cell: Cell, household: Id) -> Result<bool, Fault> {
    let row = slice.get::<HouseholdConsent>(&key![cell, household, CREDIT.to_owned()])?;
    Ok(row.is_some_and(|row| row.word == ConsentWord::Withdrawn))
}

/// Asks for what [`is_withheld`] looks at.
pub(crate) fn needs(needs: &mut Needs, cell: Cell, household: Id) {
    needs.rows::<HouseholdConsent>(key![cell, household, CREDIT.to_owned()]);
}

impl Tianxin {
    pub(crate) fn needs_say_consent(&self, command: &SayConsent, needs: &mut Needs) {
        let (cell, household) = (command.cell, command.household);
        needs.rows::<crate::tables::Household>(key![cell, household]);
        needs.rows::<HouseholdConsent>(key![cell, household, command.purpose.clone()]);
    }

    pub(crate) fn say_consent(&self, slice: &Overlay, command: &SayConsent, _: &Context) -> Decided<Tianxin> {
        let SayConsent { cell, household, purpose, word, version } = command.clone();
        check_text("a consent's purpose", &purpose, 60)?;
        check_text("a consent's version", &version, 60)?;
        known_household(slice, cell, household)?;
        if purpose == ACCOUNT && word == ConsentWord::Withdrawn {
            let message =
                "an account cannot be kept without it: ask for your data to be deleted, which closes the account";
            return Err(Refusal::new("consent_needed", message).into());
        }
        let row = slice.get::<HouseholdConsent>(&key![cell, household, purpose.clone()])?;
        if row.is_some_and(|row| row.word == word && row.version == version) {
            return Err(Refusal::new("consent_stands", "this was said to this purpose already").into());
        }
        let fact = Fact::ConsentSaid(ConsentSaid { household, purpose, word, version });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }
}

/// Turns the fact into its row.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, said: &ConsentSaid) {
    books.put(&HouseholdConsent {
        cell: stamp.cell,
        household: said.household,
        purpose: said.purpose.clone(),
        word: said.word,
        version: said.version.clone(),
        said_on: stamp.booking_date,
    });
}
