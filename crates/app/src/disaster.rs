//! A disaster in a row of villages: declared and decided at the office, offered to each loan in its own cell.
//!
//! The office keeps what was declared and whether it is carried out or taken back; that takes two people. Each loan gets
//! a command of its own under an id that follows from disaster and loan, so that carrying it out again goes on where it
//! stopped and offers nothing twice.

use basics::{Cell, Id, cbor};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, key};
use loan::season::{Programme, offer};
use loan::{Happening, LifeEvent};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::change::{not_changed, proposed, refused};
use crate::change_books::{Disaster, DisasterStatus, LoanChange};
use crate::command::Outcome;
use crate::fact::{DisasterDeclared, Fact};
use crate::house::Tianxin;
use crate::loan_turn::{LoanPlace, Standing};

/// Most villages of one disaster.
const VILLAGES_MAX: usize = 500;
/// Most crops of one disaster.
const CROPS_MAX: usize = 40;

/// Why a loan of today is not offered anything yet.
pub(crate) const NOT_YET: &str = "the loan was drawn today, or paid ahead: what is put off counts from tomorrow";

/// Declare a disaster.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DeclareDisaster {
    /// The disaster, made by the caller.
    #[n(0)]
    pub disaster: Id,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// The villages it struck, as households have them.
    #[n(2)]
    pub villages: Vec<String>,
    /// What is offered.
    #[n(3)]
    pub programme: Programme,
    /// SHA-256 of the document.
    #[n(4)]
    pub document_hash: ByteVec,
}

/// Carry a declared disaster out, or take it back.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DecideDisaster {
    /// The disaster.
    #[n(0)]
    pub disaster: Id,
    /// What is to be done.
    #[n(1)]
    pub verdict: DisasterVerdict,
    /// Why.
    #[n(2)]
    pub reason: String,
}

/// What is to be done about a declared disaster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DisasterVerdict {
    /// Offer the programme to every loan it touches.
    #[n(0)]
    CarryOut,
    /// Take back every deferral under it.
    #[n(1)]
    TakeBack,
}

/// Offer a programme to one loan; sent by the platform once the office has decided.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct OfferDeferral {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// The disaster.
    #[n(3)]
    pub disaster: Id,
    /// What is offered.
    #[n(4)]
    pub programme: Programme,
}

impl OfferDeferral {
    pub(crate) fn place(&self) -> LoanPlace {
        LoanPlace { cell: self.cell, household: self.household, loan: self.loan }
    }
}

impl Tianxin {
    pub(crate) fn needs_disaster(&self, disaster: Id, needs: &mut Needs) {
        needs.rows::<Disaster>(key![Cell::OFFICE, disaster]);
    }

    pub(crate) fn declare_disaster(
        &self,
        slice: &Overlay,
        command: &DeclareDisaster,
        context: &Context,
    ) -> Decided<Tianxin> {
        let programme = &command.programme;
        check_text("the name", &command.name, 80)?;
        check_text("the reference of the document", &programme.document, 120)?;
        let refuse = |code, message: String| Err(Refusal::new(code, message).into());
        if command.document_hash.len() != 32 {
            return refuse("bad_document_hash", "the hash of the document has 32 bytes".to_owned());
        }
        if command.villages.is_empty() || command.villages.len() > VILLAGES_MAX {
            return refuse("bad_villages", format!("name 1 to {VILLAGES_MAX} villages"));
        }
        for village in &command.villages {
            check_text("a village", village, 80)?;
        }
        if programme.crops.len() > CROPS_MAX {
            return refuse("bad_crops", format!("name at most {CROPS_MAX} crops, or none for every loan of the area"));
        }
        for crop in &programme.crops {
            self.calendar.crop(crop).map_err(|e| Refusal::new("bad_crops", e.to_string()))?;
        }
        if programme.event_on > context.open_date {
            let message = format!("{} has not come yet: {} is open", programme.event_on, context.open_date);
            return refuse("bad_event_date", message);
        }
        if programme.to <= context.open_date {
            return refuse("bad_end_date", format!("{} is not after {}", programme.to, context.open_date));
        }
        if slice.get::<Disaster>(&key![Cell::OFFICE, command.disaster])?.is_some() {
            return refuse("disaster_exists", "a disaster with this id exists: use a new id".to_owned());
        }
        let fact = Fact::DisasterDeclared(DisasterDeclared {
            disaster: command.disaster,
            name: command.name.clone(),
            villages: command.villages.clone(),
            programme: programme.clone(),
            document_hash: command.document_hash.clone(),
            currency: self.institution.currency,
        });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    pub(crate) fn decide_disaster(&self, slice: &Overlay, command: &DecideDisaster) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 200)?;
        let row = slice
            .get::<Disaster>(&key![Cell::OFFICE, command.disaster])?
            .ok_or_else(|| Refusal::new("unknown_disaster", "there is no such disaster: check its id"))?;
        let status = match (row.status, command.verdict) {
            (DisasterStatus::Declared, DisasterVerdict::CarryOut) => DisasterStatus::CarriedOut,
            (DisasterStatus::Declared | DisasterStatus::CarriedOut, DisasterVerdict::TakeBack) => {
                DisasterStatus::TakenBack
            }
            (status, _) => {
                let message = format!("the disaster is {} already", status.as_str());
                return Err(Refusal::new("wrong_status", message).into());
            }
        };
        let (disaster, reason) = (command.disaster, command.reason.clone());
        Ok(Change::new(Outcome::Done, vec![Fact::DisasterDecided { disaster, status, reason }]))
    }

    pub(crate) fn needs_offer(&self, command: &OfferDeferral, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        let place = command.place();
        needs.rows::<LoanChange>(key![place.cell, place.household, place.loan]);
        self.needs_loan(place, slice, needs)
    }

    pub(crate) fn offer_deferral(
        &self,
        slice: &Overlay,
        command: &OfferDeferral,
        context: &Context,
    ) -> Decided<Tianxin> {
        let place = command.place();
        let mut standing = Standing::read(self, slice, place, context.open_date)?;
        let changes = slice.range::<LoanChange>(&key![place.cell, place.household, place.loan])?;
        if changes.iter().any(|change| change.disaster == Some(command.disaster)) {
            return Ok(not_changed("it was offered this programme already".to_owned()));
        }
        let offered = match offer(&standing.terms, &standing.events, &command.programme) {
            Ok(Some(offered)) => offered,
            Ok(None) => return Ok(not_changed("nothing of it falls under the programme".to_owned())),
            Err(error) => return Ok(not_changed(refused(error)?)),
        };
        if offered.on > context.open_date {
            // Refused and not remembered, so that a later run offers it.
            return Err(Refusal::new("not_yet", NOT_YET).into());
        }
        let shown = &offered.preview;
        let what = Happening::Deferred(offered.deferral.clone());
        let event = LifeEvent { id: context.command_id, value_date: offered.on, what };
        let outcome = Outcome::ChangeProposed { added_minor: shown.added_fen(), needs_consent: shown.needs_consent };
        let mut facts = vec![proposed(place, event.clone(), shown, Some(command.disaster))];
        if !shown.needs_consent {
            facts.extend(self.happen_as_change(slice, &mut standing, event, None)?);
        }
        Ok(Change::new(outcome, facts))
    }
}

/// A row of a disaster, read back.
pub fn programme_of(row: &Disaster) -> Result<Programme, Fault> {
    cbor::from_bytes(&row.programme).map_err(Fault::from)
}
