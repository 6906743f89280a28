//! The rows of a loan are changed: a re-plan or a deferral is proposed, agreed to, applied, taken back.
//!
//! A proposal is computed and stored with what it costs; it changes nothing. The borrower agrees to the very text that
//! was shown, two people apply it, and only then does it join the life of the loan. If the loan has gone on meanwhile so
//! that the text is no longer true, it is proposed anew.

use basics::merkle::leaf_hash;
use basics::{Cell, Date, Id, cbor};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{ActorKind, Change, Fault, Record, Stop, key};
use loan::season::{
    BorrowerConsent, ChangePreview, Consent, Consents, Deferral, Departure, GuarantorConsent, NoProposal, Replan,
    SeasonRule, preview, propose,
};
use loan::terms::GuaranteeNeed;
use loan::{Happening, LifeEvent, LoanError, Paper, ProductRef};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::{booked, check_text};
use crate::change_books::{ChangeStatus, LoanChange};
use crate::command::Outcome;
use crate::fact::{ChangeProposed, Fact};
use crate::guarantee::Guarantee;
use crate::house::Tianxin;
use crate::loan_turn::{LoanPlace, Standing};
use crate::paper::{ContractPaper, papers};
use crate::tables::{EntryKind, LoanNote};

/// Propose a re-plan from what was seen of the harvest.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ProposeReplan {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// The change, made by the caller.
    #[n(3)]
    pub change: Id,
    /// What was seen.
    #[n(4)]
    pub departure: Departure,
    /// The harvest after the last row, where the last row's falls short.
    #[n(5)]
    pub next_harvest: Option<Date>,
}

/// The borrower agrees to a proposed change, on the page or at the window.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AgreeChange {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// The change.
    #[n(3)]
    pub change: Id,
    /// The person who agrees.
    #[n(4)]
    pub person: Id,
    /// Hash of the text that was read, with the totals before and after.
    #[n(5)]
    pub text_hash: ByteVec,
    /// The guarantor's word. Only a member of staff says that it was given, by a person whose guarantee is among the papers of
    /// the contract, on the text that the borrower agrees to.
    #[n(6)]
    pub guarantor: GuarantorConsent,
    /// What shows it, where a member of staff takes it at the window: the signed paper's number.
    #[n(7)]
    #[cbor(default)]
    pub evidence: Option<String>,
}

/// Apply a change that was agreed to, or that burdens nobody.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ApplyChange {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// The change.
    #[n(3)]
    pub change: Id,
}

/// Take a change back: a proposal is dropped, an applied change is undone as if it had never been.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct UndoChange {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// The change.
    #[n(3)]
    pub change: Id,
    /// Why.
    #[n(4)]
    pub reason: String,
}

/// A change as its commands name it.
#[derive(Clone, Copy)]
pub(crate) struct ChangePlace {
    pub(crate) loan: LoanPlace,
    pub(crate) change: Id,
}

impl ChangePlace {
    fn key(self) -> door::table::Key {
        key![self.loan.cell, self.loan.household, self.loan.loan, self.change]
    }
}

macro_rules! place {
    ($($command:ident)*) => {$(
        impl $command {
            pub(crate) fn place(&self) -> ChangePlace {
                let loan = LoanPlace { cell: self.cell, household: self.household, loan: self.loan };
                ChangePlace { loan, change: self.change }
            }
        }
    )*};
}

place! { ProposeReplan AgreeChange ApplyChange UndoChange }

/// The hash of the text that shows what a change does.
pub fn text_hash(shown: &ChangePreview) -> [u8; 32] {
    leaf_hash(shown.to_string().as_bytes())
}

impl Tianxin {
    pub(crate) fn needs_change(&self, place: ChangePlace, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        needs.rows::<LoanChange>(place.key());
        self.needs_loan(place.loan, slice, needs)
    }

    pub(crate) fn needs_agree(&self, place: ChangePlace, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        let LoanPlace { cell, household, loan } = place.loan;
        if slice.has(LoanNote::table(), &key![cell, household, loan])
            && let Some(note) = slice.get::<LoanNote>(&key![cell, household, loan])?
        {
            needs.rows::<ContractPaper>(key![cell, household, note.contract]);
            needs.rows::<Guarantee>(key![cell, household]);
        }
        self.needs_change(place, slice, needs)
    }

    pub(crate) fn propose_replan(
        &self,
        slice: &Overlay,
        command: &ProposeReplan,
        context: &Context,
    ) -> Decided<Tianxin> {
        let place = command.place();
        if slice.get::<LoanChange>(&place.key())?.is_some() {
            return Err(Refusal::new("change_exists", "a change with this id exists: use a new id").into());
        }
        let standing = Standing::read(self, slice, place.loan, context.open_date)?;
        if standing.terms.change.is_none() {
            let message = "the contract does not say how far it may be re-planned: extend or reschedule it instead";
            return Ok(not_changed(message.to_owned()));
        }
        let rule = self.season_rule(&standing.terms.product)?;
        let (departure, next) = (&command.departure, command.next_harvest);
        let proposal = match propose(&standing.terms, &standing.events, context.open_date, departure, next, &rule) {
            Ok(proposal) => proposal,
            Err(NoProposal::Loan(error)) => return Err(standing.broken(&error).into()),
            Err(none) => return Ok(not_changed(none.to_string())),
        };
        let event = LifeEvent {
            id: command.change,
            value_date: context.open_date,
            what: Happening::Replanned(proposal.replan),
        };
        let shown = &proposal.preview;
        let outcome = Outcome::ChangeProposed { added_minor: shown.added_fen(), needs_consent: shown.needs_consent };
        Ok(Change::new(outcome, vec![proposed(place.loan, event, shown, None)]))
    }

    pub(crate) fn agree_change(&self, slice: &Overlay, command: &AgreeChange, context: &Context) -> Decided<Tianxin> {
        let place = command.place();
        let row = change_row(slice, place)?;
        if row.status != ChangeStatus::Proposed {
            return Err(wrong_status(&row).into());
        }
        match (&command.evidence, context.actor.kind) {
            (Some(evidence), _) => check_text("the evidence of consent", evidence, 200)?,
            (None, ActorKind::Staff) => {
                let message = "a consent taken at the window rests on something signed: give its number";
                return Err(Refusal::new("no_evidence", message).into());
            }
            (None, _) => {}
        }
        let standing = Standing::read(self, slice, place.loan, context.open_date)?;
        let guarantor = guarantors_word(slice, command, &standing, &row, context)?;
        if row.text_hash != *command.text_hash {
            let message = "this is not the text that was shown: read the proposal again and agree to that";
            return Err(Refusal::new("other_text", message).into());
        }
        let evidence: [u8; 32] = row.text_hash.as_slice().try_into().map_err(|_| damaged(&row))?;
        let consent = Consent { by: command.person, at: context.at, evidence };
        let consents = Consents { borrower: BorrowerConsent::Given(consent), guarantor };
        let LoanPlace { household, loan, .. } = place.loan;
        let event = agreed(cbor::from_bytes(&row.event).map_err(Fault::from)?, consents);
        let evidence = command.evidence.clone();
        let fact = Fact::ChangeAgreed { household, loan, change: command.change, event, evidence };
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    pub(crate) fn apply_change(&self, slice: &Overlay, command: &ApplyChange, context: &Context) -> Decided<Tianxin> {
        let place = command.place();
        let row = change_row(slice, place)?;
        let ready = row.status == ChangeStatus::Agreed || (row.status == ChangeStatus::Proposed && !row.needs_consent);
        if !ready {
            return Err(wrong_status(&row).into());
        }
        let mut standing = Standing::read(self, slice, place.loan, context.open_date)?;
        let event: LifeEvent = cbor::from_bytes(&row.event).map_err(Fault::from)?;
        let shown = preview(&standing.terms, &standing.events, &event)
            .map_err(|error| Refusal::new("change_stale", format!("it is not possible any more: {error}")))?;
        if row.text_hash != text_hash(&shown) {
            let message = "the loan has gone on since this was shown: propose the change again";
            return Err(Refusal::new("change_stale", message).into());
        }
        let facts = self.happen_as_change(slice, &mut standing, event, None)?;
        Ok(Change::new(Outcome::Done, facts))
    }

    pub(crate) fn undo_change(&self, slice: &Overlay, command: &UndoChange, context: &Context) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 200)?;
        let place = command.place();
        let row = change_row(slice, place)?;
        let LoanPlace { household, loan, .. } = place.loan;
        match row.status {
            ChangeStatus::Undone => Err(wrong_status(&row).into()),
            ChangeStatus::Proposed | ChangeStatus::Agreed => {
                let reason = command.reason.clone();
                let fact = Fact::ChangeUndone { household, loan, change: command.change, reason, maturity: None };
                Ok(Change::new(Outcome::Done, vec![fact]))
            }
            ChangeStatus::Applied => {
                let mut standing = Standing::read_any(self, slice, place.loan, context.open_date)?;
                let event = LifeEvent {
                    id: context.command_id,
                    value_date: context.open_date,
                    what: Happening::Reversed { target: command.change },
                };
                let facts =
                    self.happen_as_change(slice, &mut standing, event, Some((command.change, &command.reason)))?;
                Ok(Change::new(Outcome::Done, facts))
            }
        }
    }

    /// Lets a change, or its reversal, happen: what the books have to show for it, and where the change stands then.
    pub(crate) fn happen_as_change(
        &self,
        slice: &Overlay,
        standing: &mut Standing,
        event: LifeEvent,
        undoes: Option<(Id, &str)>,
    ) -> Result<Vec<Fact>, Stop> {
        let LoanPlace { household, loan, .. } = standing.place;
        let (id, value_date, currency) = (event.id, event.value_date, standing.note.currency);
        let after = standing.happen(self, &event)?;
        let maturity = after.0.schedule.as_ref().map(loan::Schedule::maturity);
        let mut turn = standing.turn(slice);
        turn.touch(&standing.touched(&standing.held, &after.1.holding))?;
        let lines = turn.lines(&self.subjects.roles)?;
        let mut facts = vec![Fact::LoanMoved(standing.moved(event, &after)?)];
        facts.push(match undoes {
            None => Fact::ChangeApplied { household, loan, change: id, maturity },
            Some((change, reason)) => {
                Fact::ChangeUndone { household, loan, change, reason: reason.to_owned(), maturity }
            }
        });
        if !lines.is_empty() {
            facts.push(booked(EntryKind::ContractChange, value_date, currency, lines, None)?);
        }
        Ok(facts)
    }

    /// How far the product lets a loan be re-planned, in the version that was signed. Refuses where that is not among the
    /// products any more.
    pub(crate) fn season_rule(&self, signed: &ProductRef) -> Result<SeasonRule, Refusal> {
        Ok(self.product_version(&signed.code, signed.version)?.season.clone().unwrap_or_default())
    }
}

/// The guarantor's word, as far as whoever tells it may. A consent counts from now.
fn guarantors_word(
    slice: &Overlay,
    command: &AgreeChange,
    standing: &Standing,
    row: &LoanChange,
    context: &Context,
) -> Result<GuarantorConsent, Stop> {
    let papers = papers(slice, command.cell, command.household, standing.note.contract)?;
    let is_guarantor =
        |id: Id| papers.iter().any(|paper| matches!(paper, Paper::Guarantee { person, .. } if *person == id));
    let refuse = |code: &'static str, message: &str| Err(Stop::from(Refusal::new(code, message)));
    match &command.guarantor {
        GuarantorConsent::NoGuarantor => {
            let asked = standing.terms.conditions.as_ref().and_then(|conditions| conditions.guarantee);
            let required = asked.is_some_and(|rule| rule.need == GuaranteeNeed::Required);
            if required || papers.iter().any(|paper| matches!(paper, Paper::Guarantee { .. })) {
                let message = "the loan is guaranteed: ask the guarantor too, and say whether he agreed";
                return refuse("guarantor_not_asked", message);
            }
            Ok(GuarantorConsent::NoGuarantor)
        }
        GuarantorConsent::NotGiven => Ok(GuarantorConsent::NotGiven),
        GuarantorConsent::Given(_) if context.actor.kind != ActorKind::Staff => {
            refuse("guarantor_word", "the borrower cannot speak for the guarantor: he signs at the window")
        }
        GuarantorConsent::Given(consent) if !is_guarantor(consent.by) => {
            refuse("guarantor_word", "this person guarantees nothing under this contract: check the id")
        }
        GuarantorConsent::Given(consent) if consent.evidence[..] != row.text_hash[..] => {
            refuse("other_text", "this is not the text that was shown: have the guarantor sign that")
        }
        GuarantorConsent::Given(consent) => Ok(GuarantorConsent::Given(Consent { at: context.at, ..*consent })),
    }
}

/// The fact of a proposal.
pub(crate) fn proposed(place: LoanPlace, event: LifeEvent, shown: &ChangePreview, disaster: Option<Id>) -> Fact {
    Fact::ChangeProposed(ChangeProposed {
        household: place.household,
        loan: place.loan,
        event,
        disaster,
        cost_before_minor: shown.cost_before_fen,
        cost_after_minor: shown.cost_after_fen,
        moved_minor: shown.moved_fen(),
        needs_consent: shown.needs_consent,
        text_hash: text_hash(shown).to_vec().into(),
    })
}

/// Nothing is changed, for a reason that is remembered.
pub(crate) fn not_changed(reason: String) -> Change<Tianxin> {
    let fact = Fact::Declined { code: "not_changed".to_owned() };
    Change::new(Outcome::NotChanged { reason }, vec![fact])
}

/// What the rules say to a change, or the fault it is.
pub(crate) fn refused(error: LoanError) -> Result<String, Fault> {
    match error {
        LoanError::Change { problem, .. } => Ok(problem),
        LoanError::AfterClosure { .. } | LoanError::BeforeDisbursement(_) => Ok(error.to_string()),
        other => Err(Fault::Broken(other.to_string())),
    }
}

/// The event with the word of those who agreed to it.
fn agreed(event: LifeEvent, consent: Consents) -> LifeEvent {
    let what = match event.what {
        Happening::Replanned(replan) => Happening::Replanned(Replan { consent, ..replan }),
        Happening::Deferred(deferral) => Happening::Deferred(Deferral { consent, ..deferral }),
        other => other,
    };
    LifeEvent { what, ..event }
}

fn change_row(slice: &Overlay, place: ChangePlace) -> Result<LoanChange, Stop> {
    slice
        .get::<LoanChange>(&place.key())?
        .ok_or_else(|| Refusal::new("unknown_change", "there is no such change of this loan: check its id").into())
}

fn wrong_status(row: &LoanChange) -> Refusal {
    let message = match row.status {
        ChangeStatus::Proposed => "the borrower has not agreed to this change yet",
        ChangeStatus::Agreed => "the borrower has agreed to this change already",
        ChangeStatus::Applied => "this change is applied already",
        ChangeStatus::Undone => "this change was taken back: propose another",
    };
    Refusal::new("wrong_status", message)
}

fn damaged(row: &LoanChange) -> Fault {
    Fault::Broken(format!("the hash of change {} is damaged", row.id))
}
