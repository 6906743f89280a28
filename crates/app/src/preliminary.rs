//! A preliminary limit 预授信 in a household's own cell: offered once a village campaign is approved, real once it is signed.
//!
//! Until two members of staff have met the household and it has signed, nothing can be drawn on it and it counts in no
//! exposure. Signing grants the facility; each drawing is still a contract of its own.

use basics::{Cell, Currency, Date, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stamp, key};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::application::lowered_to;
use crate::books::{check_amount, check_text};
use crate::command::Outcome;
use crate::facility::facility_view;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::observe::known_household;
use crate::service::check_alive;
use crate::tables::Household;

door::text_enum! {
    /// Where a preliminary limit stands.
    pub enum PreliminaryState {
        /// The household may sign it.
        Offered = "offered",
        /// It was signed: the facility stands.
        Signed = "signed",
        /// It was taken back before that.
        Withdrawn = "withdrawn",
    }
}

door::table! {
    /// A preliminary limit.
    pub struct Preliminary = "preliminary_limit" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The campaign it comes from.
        campaign: Id,
        /// Where it stands.
        state: PreliminaryState,
        /// Minor units.
        amount_minor: i64,
        /// The currency.
        currency: Currency,
        /// The day it was offered.
        offered_on: Date,
        /// The last day on which it may be signed.
        sign_by: Date,
        /// The day it was signed.
        signed_on: Option<Date>,
        /// Hash of the text that was read and signed.
        text_hash: Option<Vec<u8>>,
        /// How it was signed, or why it was taken back.
        evidence: Option<String>,
    }
    index "preliminary_limit_by_campaign" ["cell", "campaign", "household"];
}

/// Offer, sign or take back a preliminary limit.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct MovePreliminary {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The campaign.
    #[n(2)]
    pub campaign: Id,
    /// What is done.
    #[n(3)]
    pub step: PreliminaryStep,
}

/// What is done with a preliminary limit.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum PreliminaryStep {
    /// Offer it; sent by the platform once the office has approved the campaign.
    #[n(0)]
    Offer {
        /// How much.
        #[n(0)]
        amount: Money,
        /// Within how many days it may be signed.
        #[n(1)]
        sign_days: u16,
    },
    /// Sign it, before two members of staff 面签.
    #[n(1)]
    Sign {
        /// Hash of the text that was read.
        #[n(0)]
        text_hash: ByteVec,
        /// How it was signed: where, before whom, what is kept of it.
        #[n(1)]
        evidence: String,
    },
    /// Take it back.
    #[n(2)]
    Withdraw {
        /// Why.
        #[n(0)]
        reason: String,
    },
}

impl MovePreliminary {
    /// The act's name in the permission table, and the amount at stake there.
    pub fn act(&self) -> (&'static str, i64) {
        match &self.step {
            PreliminaryStep::Offer { amount, .. } => ("offer_preliminary", amount.minor()),
            PreliminaryStep::Sign { .. } => ("sign_preliminary", 0),
            PreliminaryStep::Withdraw { .. } => ("withdraw_preliminary", 0),
        }
    }
}

/// The decision that a facility of a preliminary limit rests on.
pub fn decision_of(campaign: Id, household: Id) -> Id {
    campaign.derive(&format!("preliminary {household}"))
}

impl Tianxin {
    pub(crate) fn needs_preliminary(&self, command: &MovePreliminary, needs: &mut Needs) {
        needs.rows::<Household>(key![command.cell, command.household]);
        needs.rows::<Preliminary>(key![command.cell, command.household]);
        self.needs_decide(command.cell, command.household, needs);
    }

    pub(crate) fn move_preliminary(
        &self,
        slice: &Overlay,
        command: &MovePreliminary,
        context: &Context,
    ) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        let row = slice.get::<Preliminary>(&key![cell, household, command.campaign])?;
        let mut facts = vec![Fact::PreliminaryMoved(command.clone())];
        match &command.step {
            PreliminaryStep::Offer { amount, sign_days } => {
                known_household(slice, cell, household)?;
                check_alive(slice, cell, household)?;
                let amount_minor = check_amount(*amount, self.institution.currency)?;
                if row.is_some() {
                    return Err(Refusal::new("preliminary_exists", "the household was offered this before").into());
                }
                if *sign_days == 0 {
                    return Err(Refusal::new("bad_village_terms", "there must be a day to sign on").into());
                }
                if let Some(stands) = facility_view(slice, cell, household, context.open_date)?
                    && stands.state.status == loan::facility::FacilityStatus::Active
                    && stands.state.amount_fen >= amount_minor
                {
                    return Ok(not_offered("the household has a facility of that much already"));
                }
            }
            PreliminaryStep::Sign { text_hash, evidence } => {
                let row = standing(row)?;
                check_text("the evidence", evidence, 500)?;
                if text_hash.len() != 32 {
                    return Err(Refusal::new("bad_document_hash", "the hash of the text has 32 bytes").into());
                }
                if context.open_date > row.sign_by {
                    let message =
                        format!("it could be signed until {}: a new campaign has to offer it anew", row.sign_by);
                    return Err(Refusal::new("preliminary_lapsed", message).into());
                }
                if lowered_to(slice, cell, household, context.open_date)?.is_some_and(|to| to < row.amount_minor) {
                    let message =
                        "an officer has lowered the facility of the household since: have that reviewed first";
                    return Err(Refusal::new("facility_lowered", message).into());
                }
                let decision = decision_of(command.campaign, household);
                facts.extend(self.grant(slice, cell, household, (0, row.amount_minor), decision, context)?);
            }
            PreliminaryStep::Withdraw { reason } => {
                standing(row)?;
                check_text("the reason", reason, 200)?;
            }
        }
        Ok(Change::new(Outcome::Done, facts))
    }
}

fn not_offered(reason: &str) -> Change<Tianxin> {
    let fact = Fact::Declined { code: "not_offered".to_owned() };
    Change::new(Outcome::NotChanged { reason: reason.to_owned() }, vec![fact])
}

/// A preliminary limit that may still be signed or taken back.
fn standing(row: Option<Preliminary>) -> Result<Preliminary, Refusal> {
    let row = row.ok_or_else(|| Refusal::new("unknown_preliminary", "the household has no such preliminary limit"))?;
    if row.state == PreliminaryState::Offered {
        return Ok(row);
    }
    Err(Refusal::new("preliminary_closed", format!("the preliminary limit is {}", row.state.as_str())))
}

/// Turns the fact into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, moved: &MovePreliminary) -> Result<(), Fault> {
    let (cell, household, campaign) = (stamp.cell, moved.household, moved.campaign);
    let row = books.get::<Preliminary>(&key![cell, household, campaign])?;
    let known = |row: Option<Preliminary>| {
        row.ok_or_else(|| Fault::Broken(format!("household {household} has no preliminary limit of {campaign}")))
    };
    match &moved.step {
        PreliminaryStep::Offer { amount, sign_days } => books.put(&Preliminary {
            cell,
            household,
            campaign,
            state: PreliminaryState::Offered,
            amount_minor: amount.minor(),
            currency: amount.currency(),
            offered_on: stamp.booking_date,
            sign_by: stamp.booking_date.add_days(i32::from(*sign_days)),
            signed_on: None,
            text_hash: None,
            evidence: None,
        }),
        PreliminaryStep::Sign { text_hash, evidence } => books.put(&Preliminary {
            state: PreliminaryState::Signed,
            signed_on: Some(stamp.booking_date),
            text_hash: Some(text_hash.to_vec()),
            evidence: Some(evidence.clone()),
            ..known(row)?
        }),
        PreliminaryStep::Withdraw { reason } => books.put(&Preliminary {
            state: PreliminaryState::Withdrawn,
            evidence: Some(reason.clone()),
            ..known(row)?
        }),
    }
    Ok(())
}
