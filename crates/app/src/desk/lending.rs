//! Behaviour, limits, applications and contracts, as the desk prepares them.

use basics::merkle::leaf_hash;
use basics::{Cell, Id, Instant, cbor};
use door::{Actor, Answer, Order, Request, key};
use insight::event::{Event, EventKind};
use insight::profile::Profile;
use loan::{Method, Product, Term};
use policy::decision::LimitDecision;

use super::known::Reading;
use super::{Desk, DeskError};
use crate::assess::{Assessment, Quote};
use crate::command::Command;
use crate::facility::FacilityView;
use crate::sign::Sign;
use crate::tables::{Application, DecisionRecord};
use crate::vault::VaultError;

/// An application and what came of it.
#[derive(Clone, Debug)]
pub struct DecidedApplication {
    /// The answer of the door.
    pub answer: Answer,
    /// Where the application stands.
    pub application: Application,
    /// The record; none if its key is gone.
    pub assessment: Option<Assessment>,
}

/// What a household could borrow, product by product.
#[derive(Clone, Debug)]
pub struct LimitView {
    /// The product's code.
    pub product: String,
    /// What the rules say.
    pub limit: LimitDecision,
    /// What is available at once, in minor units: within limit, product and exposure.
    pub available_minor: i64,
}

impl Desk {
    /// Folds events into the household's profile, at most [`crate::observe::EVENTS_MAX`] at once.
    pub fn observe(
        &self,
        command_id: Id,
        household: Id,
        events: &[Event],
        actor: Actor,
        at: Instant,
    ) -> Result<Answer, DeskError> {
        let answer = self.until_fresh(|| {
            let known = self.known(household, Reading::Behaviour)?;
            let request = known.observation(self.vault.as_ref(), command_id, events, actor, at)?;
            Ok(self.engine.call(request)?)
        })?;
        self.touch(household);
        if events.iter().any(|event| event.kind == EventKind::HarvestSale) {
            self.tell_of_sale(command_id, household, at)?;
        }
        Ok(answer)
    }

    /// The household's profile and the version it stands at; an empty one if nothing is known.
    pub fn profile(&self, household: Id) -> Result<(Profile, i64), DeskError> {
        self.known(household, Reading::Behaviour)?.profile(self.vault.as_ref())
    }

    /// What the household could borrow of each product today.
    pub fn limits(&self, household: Id) -> Result<Vec<LimitView>, DeskError> {
        let judge = self.judge()?;
        self.known(household, Reading::Lending)?.limits(self.house(), &judge, self.vault.as_ref())
    }

    /// The household's facility, if it has one.
    pub fn facility(&self, household: Id) -> Result<Option<FacilityView>, DeskError> {
        self.known(household, Reading::Lending)?.facility()
    }

    /// Assesses a received application and books the decision.
    pub fn decide(
        &self,
        command_id: Id,
        household: Id,
        application: Id,
        at: Instant,
    ) -> Result<DecidedApplication, DeskError> {
        let mut decided = None;
        let judge = self.judge()?;
        let answer = self.until_fresh(|| {
            let known = self.known(household, Reading::Lending)?;
            let decision = known.decision(self.house(), &judge, self.vault.as_ref(), command_id, application, at)?;
            let answer = self.engine.call(decision.request)?;
            decided = Some((decision.application, decision.assessment));
            Ok(answer)
        })?;
        match decided {
            // What was decided now is what was sent; only an earlier answer has to be read back.
            Some((application, assessment)) if !answer.replayed => {
                Ok(DecidedApplication { answer, application, assessment: Some(assessment) })
            }
            _ => {
                let application = self.application(household, application)?;
                let assessment = self.assessment(household, command_id.derive("decision"))?;
                Ok(DecidedApplication { answer, application, assessment })
            }
        }
    }

    /// The record of a decision; `None` if there is none, or if its key is gone.
    pub fn assessment(&self, household: Id, decision: Id) -> Result<Option<Assessment>, DeskError> {
        let rows: Vec<DecisionRecord> = self.rows(key![self.cell_of(household), household, decision])?;
        let Some(row) = rows.first() else { return Ok(None) };
        match self.vault.open(row.person, &row.ciphertext) {
            Ok(plain) => Ok(Some(cbor::from_bytes(&plain)?)),
            Err(VaultError::Erased) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// An application that must exist.
    pub fn application(&self, household: Id, id: Id) -> Result<Application, DeskError> {
        let rows: Vec<Application> = self.rows(key![self.cell_of(household), household, id])?;
        rows.into_iter()
            .next()
            .ok_or_else(|| DeskError::refused("unknown_application", "there is no such application: check its id"))
    }

    /// What an approved application would be signed at today. Of the household only its open day is looked at.
    pub fn offer(&self, row: &Application) -> Result<Quote, DeskError> {
        self.known(row.household, Reading::Wallet)?.offer(self.house(), row)
    }

    /// Signs an approved application on the text that was shown.
    #[allow(clippy::too_many_arguments, reason = "a signature is made of just these")]
    pub fn sign(
        &self,
        command_id: Id,
        household: Id,
        application: Id,
        contract: Id,
        text: &str,
        evidence: &str,
        actor: Actor,
        at: Instant,
    ) -> Result<Answer, DeskError> {
        let command = Command::Sign(Sign {
            cell: self.cell_of(household),
            household,
            application,
            contract,
            text_hash: leaf_hash(text.as_bytes()).to_vec().into(),
            evidence: evidence.to_owned(),
        });
        Ok(self.engine.call(Request::plain(command_id, actor, at, Order::Do(command)))?)
    }

    /// The products on offer today, newest versions, at today's prices for their longest term.
    pub fn products(&self) -> Result<Vec<Product>, DeskError> {
        let on = self.open_date(Cell::OFFICE)?;
        let priced = self
            .house()
            .offered(on)
            .map(|product| Ok(product.priced_for(Term::Months(product.term_max), on)?.into_owned()));
        priced.collect()
    }

    /// The statement lines on offer today, newest versions.
    pub fn line_products(&self) -> Result<Vec<&Product>, DeskError> {
        let on = self.open_date(Cell::OFFICE)?;
        Ok(self.house().newest(on).filter(|product| product.method == Method::StatementLine).collect())
    }
}
