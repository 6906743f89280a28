//! Behaviour, limits, applications and contracts, as the desk prepares them.

use basics::merkle::leaf_hash;
use basics::{Cell, Date, Id, Instant, Money, cbor};
use door::{Actor, Answer, DoorError, Order, Request, key};
use insight::event::Event;
use insight::profile::Profile;
use loan::{Method, Product, Term};
use policy::decision::LimitDecision;

use super::{Desk, DeskError};
use crate::application::Decide;
use crate::assess::{self, Asked, Assessment, Quote};
use crate::command::Command;
use crate::facility::FacilityView;
use crate::observe::Observe;
use crate::sign::Sign;
use crate::tables::{Application, ApplicationStatus, BehaviourProfile, DecisionRecord};
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
        if let Some(stray) = events.iter().find(|event| event.household != household) {
            let message = format!("event {} belongs to another household", stray.id);
            return Err(DeskError::refused("wrong_household", message));
        }
        let person = self.head(household)?;
        let cell = self.cell_of(household);
        let mut sealed = Vec::with_capacity(events.len());
        for event in events {
            let field = format!("event {}", event.id);
            let (ciphertext, commitment) = self.vault.seal(person, &field, command_id, &cbor::to_bytes(event))?;
            sealed.push((event.id, ciphertext.into(), commitment.to_vec().into()));
        }
        let digest = leaf_hash(&cbor::to_bytes(&events.to_vec()));
        self.until_fresh(|| {
            let (mut profile, version_before) = self.profile(household)?;
            for event in events {
                profile.fold(event).map_err(|error| DeskError::refused("bad_event", error.to_string()))?;
            }
            let version = version_before + events.len() as i64;
            let field = format!("profile {version}");
            let (ciphertext, _) = self.vault.seal(person, &field, command_id, &cbor::to_bytes(&profile))?;
            let command = Command::Observe(Observe {
                cell,
                household,
                person,
                version_before,
                version,
                events: sealed.clone(),
                profile: ciphertext.into(),
            });
            Ok(self.engine.call(Request { id: command_id, actor, at, digest, order: Order::Do(command) })?)
        })
    }

    /// The household's profile and the version it stands at; an empty one if nothing is known.
    pub fn profile(&self, household: Id) -> Result<(Profile, i64), DeskError> {
        let rows: Vec<BehaviourProfile> = self.rows(key![self.cell_of(household), household])?;
        let Some(row) = rows.first() else { return Ok((Profile::default(), 0)) };
        let plain = self.vault.open(row.person, &row.ciphertext)?;
        Ok((cbor::from_bytes(&plain)?, row.version))
    }

    /// What the household could borrow of each product today.
    pub fn limits(&self, household: Id) -> Result<Vec<LimitView>, DeskError> {
        let known = self.known(household)?;
        let (profile, _) = known.profile(self.vault.as_ref())?;
        let standing = known.standing(self.vault.as_ref(), None)?;
        let mut views = Vec::new();
        for product in self.offered(known.open_date) {
            let months = product.term_max.min(12).max(product.term_min);
            let priced = product.priced_for(Term::Months(months), known.open_date)?;
            let limit = assess::limit(&self.judge, &priced, Some(&profile), &standing, months);
            let available_minor = limit.available_minor.min(product.amount_max_fen).max(0);
            views.push(LimitView { product: product.code.clone(), limit, available_minor });
        }
        Ok(views)
    }

    /// The household's facility, if it has one.
    pub fn facility(&self, household: Id) -> Result<Option<FacilityView>, DeskError> {
        self.known(household)?.facility()
    }

    /// Assesses a received application and books the decision.
    pub fn decide(
        &self,
        command_id: Id,
        household: Id,
        application: Id,
        at: Instant,
    ) -> Result<DecidedApplication, DeskError> {
        let cell = self.cell_of(household);
        let digest = leaf_hash(format!("decide {household} {application}").as_bytes());
        let mut decided = None;
        let answer = self.until_fresh(|| {
            let known = self.known(household)?;
            let person = known.head()?;
            let row = known.application(application)?;
            let (profile, profile_version) = known.profile(self.vault.as_ref())?;
            let standing = known.standing(self.vault.as_ref(), Some(application))?;
            let asked = Asked {
                application,
                amount: Money::new(row.amount_minor, row.currency),
                term_months: row.term_months as u16,
                purpose: row.purpose.clone(),
                on: known.open_date,
            };
            let product = self.house().product_of(&row).map_err(DoorError::from)?;
            let mut assessment = assess::assess(&self.judge, &product, Some(&profile), &standing, &asked)?;
            assessment.profile_version = profile_version;
            let decision = command_id.derive("decision");
            let field = format!("decision {decision}");
            let (record, commitment) = self.vault.seal(person, &field, command_id, &cbor::to_bytes(&assessment))?;
            let command = Command::Decide(Decide {
                cell,
                household,
                application,
                decision,
                status: assessment.status(),
                approved_minor: assessment.approved_minor(),
                rate: assessment.rate,
                limit_minor: assessment.decision.limit_minor,
                profile_version,
                exposure_minor: standing.exposure_minor,
                reasons: assessment.decision.reasons.iter().map(|reason| reason.code.clone()).collect(),
                model: assessment.model.clone(),
                rules: assessment.rules.clone(),
                person,
                record: record.into(),
                commitment: commitment.to_vec().into(),
            });
            let order = Order::Do(command);
            let answer = self.engine.call(Request { id: command_id, actor: Actor::SYSTEM, at, digest, order })?;
            decided = Some((row, assessment, decision));
            Ok(answer)
        })?;
        match decided {
            // What was decided now is what was sent; only an earlier answer has to be read back.
            Some((row, assessment, decision)) if !answer.replayed => {
                let application = Application {
                    status: assessment.status(),
                    approved_minor: assessment.approved_minor(),
                    rate_ppm: assessment.rate.ppm(),
                    decision: Some(decision),
                    ..row
                };
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

    /// What an approved application would be signed at today.
    pub fn offer(&self, row: &Application) -> Result<Quote, DeskError> {
        let on = self.open_date(row.cell)?;
        if row.status != ApplicationStatus::Approved {
            let message = format!("the application is {}, not approved", row.status.as_str());
            return Err(DeskError::refused("wrong_status", message));
        }
        let terms = self.house().terms_of(row, on).map_err(DoorError::from)?;
        let product = self.house().product_of(row).map_err(DoorError::from)?;
        let months = match terms.term {
            Term::Months(months) => months,
            Term::Days(_) => return Err(DeskError::refused("outside_product", "terms in days are not offered here")),
        };
        Ok(assess::quote(&product, terms.principal, months, on, terms.rate)?)
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
        let priced =
            self.offered(on).map(|product| Ok(product.priced_for(Term::Months(product.term_max), on)?.into_owned()));
        priced.collect()
    }

    /// The statement lines on offer today, newest versions.
    pub fn line_products(&self) -> Result<Vec<&Product>, DeskError> {
        let on = self.open_date(Cell::OFFICE)?;
        Ok(self.newest(on).filter(|product| product.method == Method::StatementLine).collect())
    }

    /// Newest versions that can be applied for on a day. A statement line is opened, not applied for as a loan.
    fn offered(&self, on: Date) -> impl Iterator<Item = &Product> {
        self.newest(on).filter(|product| product.method != Method::StatementLine)
    }

    fn newest(&self, on: Date) -> impl Iterator<Item = &Product> {
        let house = self.house();
        house.products.iter().filter(move |product| {
            let is_newest = house.product(&product.code).is_ok_and(|newest| newest == *product);
            is_newest && product.is_offered(on)
        })
    }
}
