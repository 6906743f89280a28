//! Requests made ready before the door: pure work on what was read, and sealing. Nothing here sends.
//!
//! The desk prepares one request and sends it; whoever drives the door with many households at once prepares theirs side
//! by side, on as many threads as there are, and sends them in one batch. Both come through these functions.

use basics::merkle::leaf_hash;
use basics::{Cell, Date, Id, Instant, Money, cbor};
use door::backend::{ClaimState, DirectoryRow};
use door::{Actor, DoorError, Order, Request};
use insight::event::{Event, Known as KnownSince};
use insight::profile::Profile;
use loan::{Product, Term};
use policy::{LaneFacts, LimitDecision, draw_ppm};

use super::enrolment::{EnrolRequest, NewMember};
use super::known::Known;
use super::lending::LimitView;
use super::payments::AccountNumber;
use super::{Desk, DeskError};
use crate::application::Decide;
use crate::assess::{self, Asked, Assessment, Judge, Quote, Standing};
use crate::code::{CodeError, PayCode, PaymentCode};
use crate::command::Command;
use crate::enrol::{Enrol, Member, SealedField};
use crate::explore::{Entered, share_of_cell};
use crate::house::Tianxin;
use crate::line::Settles;
use crate::observe::Observe;
use crate::payment::{BankAccount, BindAccount};
use crate::scorer::Said;
use crate::tables::{Application, ApplicationStatus};
use crate::vault::{Vault, VaultError, seal_field};

/// What the exploration lane draws a household by in a quarter of a year: only who has the institution's key can compute it, and a
/// second request of the quarter is the same draw, so that nobody chooses it by asking again.
fn lane_secret(vault: &dyn Vault, household: Id, on: Date) -> [u8; 32] {
    let quarter = (on.month() - 1) / 3 + 1;
    vault.keyed_hash("exploration", format!("{household} {} {quarter}", on.year()).as_bytes())
}

/// A decision made ready: the request, and what it decides.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The request.
    pub request: Request<Command>,
    /// The application as it will stand.
    pub application: Application,
    /// The record.
    pub assessment: Assessment,
}

/// The keyed hash that a resident id is found by.
pub fn resident_hash(vault: &dyn Vault, resident_id: &str) -> [u8; 32] {
    vault.keyed_hash("resident_id", resident_id.to_ascii_uppercase().as_bytes())
}

/// The keyed hash that a phone is found by.
pub fn phone_hash(vault: &dyn Vault, phone: &str) -> [u8; 32] {
    vault.keyed_hash("phone", phone.as_bytes())
}

/// An enrolment: the rows it claims in the directory, and its request. The persons' keys must have been made, those of
/// [`EnrolRequest::persons`].
pub fn enrolment(
    vault: &dyn Vault,
    cells: u16,
    asked: &EnrolRequest,
    actor: Actor,
    at: Instant,
) -> Result<(Vec<DirectoryRow>, Request<Command>), DeskError> {
    let cell = Cell::of(asked.household, cells);
    let mut members = Vec::with_capacity(asked.members.len());
    let mut claims = Vec::with_capacity(asked.members.len());
    for (person, new) in asked.persons().into_iter().zip(&asked.members) {
        members.push(sealed_member(vault, asked.command_id, person, new)?);
        claims.push(DirectoryRow {
            hash: resident_hash(vault, &new.resident_id),
            cell,
            household: asked.household,
            person,
            state: ClaimState::Claimed,
            claimed_at: at,
        });
    }
    let command = Command::Enrol(Enrol {
        cell,
        household: asked.household,
        village: asked.village.clone(),
        members,
        consents: asked.consents.clone(),
    });
    // The digest is of what was typed: the same request is recognised even after its keys are gone.
    let digest = vault.keyed_hash("request", &asked.to_bytes());
    Ok((claims, Request { id: asked.command_id, actor, at, digest, order: Order::Do(command) }))
}

/// A person's account elsewhere, sealed and bound under these ids of command and account. Whose it is was seen before.
pub fn binding(
    vault: &dyn Vault,
    (command_id, account): (Id, Id),
    (cell, household, person): (Cell, Id, Id),
    number: &AccountNumber,
    actor: Actor,
    at: Instant,
) -> Result<Request<Command>, DeskError> {
    let letters = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    let fits = (5..=34).contains(&number.number.len()) && letters(&number.number);
    if !fits || !(1..=35).contains(&number.bank.len()) || !letters(&number.bank) {
        let message = "an account number has 5 to 34 letters and digits, the number of its bank 1 to 35";
        return Err(DeskError::refused("bad_account", message));
    }
    let plain = cbor::to_bytes(&(number.holder.trim(), &number.number, &number.bank));
    let sealed = seal_field(vault, person, &BankAccount::field(account), command_id, &plain)?;
    let command = BindAccount { cell, household, account, person, sealed };
    Ok(Request::plain(command_id, actor, at, Order::Do(Command::BindAccount(command))))
}

/// The signature of what a payment code says, by a key that only this institution has.
pub fn code_signature(vault: &dyn Vault, told: &[u8]) -> [u8; 32] {
    vault.keyed_hash("payment code", told)
}

/// The command by which a household pays a code, read at an instant; the merchant is paid as the register says.
pub fn code_payment(
    sign: impl Fn(&[u8]) -> [u8; 32],
    text: &str,
    (cell, household): (Cell, Id),
    merchant: Settles,
    now: Instant,
) -> Result<PayCode, DeskError> {
    let code = read_code(text, sign, now)?;
    let Settles { cell: to_cell, household: to, discount } = merchant;
    Ok(PayCode {
        cell,
        household,
        code: code.id,
        merchant: code.merchant,
        to: (to_cell, to),
        amount: code.amount,
        discount,
    })
}

/// Reads a code. Errors for one that is not genuine or has expired.
pub(super) fn read_code(text: &str, sign: impl Fn(&[u8]) -> [u8; 32], now: Instant) -> Result<PaymentCode, DeskError> {
    PaymentCode::read(text, sign, now).map_err(|error| {
        let name = match error {
            CodeError::NotGenuine => "code_not_genuine",
            CodeError::Expired => "payment_code_expired",
        };
        DeskError::refused(name, error.to_string())
    })
}

/// The head of a list of so many things, as the encoding of a whole list begins.
fn list_head(count: usize) -> Vec<u8> {
    let mut head = Vec::new();
    // Encoding into a Vec cannot fail: its error type is `Infallible`.
    let _ = minicbor::Encoder::new(&mut head).array(count as u64);
    head
}

fn sealed_member(vault: &dyn Vault, command: Id, person: Id, new: &NewMember) -> Result<Member, DeskError> {
    let seal = |field: &str, value: &str| -> Result<SealedField, VaultError> {
        seal_field(vault, person, field, command, value.as_bytes())
    };
    let mut fields = vec![seal("name", &new.name)?, seal("resident_id", &new.resident_id)?];
    let mut contacts = vec![("resident_id".to_owned(), resident_hash(vault, &new.resident_id).to_vec().into())];
    if let Some(phone) = &new.phone {
        fields.push(seal("phone", phone)?);
        contacts.push(("phone".to_owned(), phone_hash(vault, phone).to_vec().into()));
    }
    for (field, value) in &new.extra_fields {
        fields.push(seal(field, value)?);
    }
    Ok(Member { person, role: new.role, fields, contacts })
}

impl Known {
    /// Folds events into the profile that was read: the request, by the version it rests on.
    pub fn observation(
        &self,
        vault: &dyn Vault,
        command_id: Id,
        events: &[Event],
        actor: Actor,
        at: Instant,
    ) -> Result<Request<Command>, DeskError> {
        if let Some(stray) = events.iter().find(|event| event.household != self.household) {
            let message = format!("event {} belongs to another household", stray.id);
            return Err(DeskError::refused("wrong_household", message));
        }
        let person = self.head()?;
        let (mut profile, version_before) = self.profile(vault)?;
        let mut sealed = Vec::with_capacity(events.len());
        // The digest is that of the list as it was told and would be encoded.
        let mut told = list_head(events.len());
        for (place, event) in (version_before as u64 + 1..).zip(events) {
            profile.fold(event).map_err(|error| DeskError::refused("bad_event", error.to_string()))?;
            told.extend_from_slice(&cbor::to_bytes(event));
            // When it became known is the door's word: sent again later, the request is still the same.
            let known = Event { known: Some(KnownSince { at, place }), ..event.clone() };
            let field = format!("event {}", event.id);
            let (ciphertext, commitment) = vault.seal(person, &field, command_id, &cbor::to_bytes(&known))?;
            sealed.push((event.id, ciphertext.into(), commitment.to_vec().into()));
        }
        let version = version_before + events.len() as i64;
        let field = format!("profile {version}");
        let (ciphertext, _) = vault.seal(person, &field, command_id, &cbor::to_bytes(&profile))?;
        let command = Command::Observe(Observe {
            cell: self.cell,
            household: self.household,
            person,
            version_before,
            version,
            events: sealed,
            profile: ciphertext.into(),
        });
        Ok(Request { id: command_id, actor, at, digest: leaf_hash(&told), order: Order::Do(command) })
    }

    /// Assesses an application on what was read: the request that books the decision.
    pub fn decision(
        &self,
        house: &Tianxin,
        judge: &Judge,
        vault: &dyn Vault,
        command_id: Id,
        application: Id,
        at: Instant,
    ) -> Result<Decision, DeskError> {
        let (cell, household) = (self.cell, self.household);
        let person = self.head()?;
        let row = self.application(application)?;
        let (profile, profile_version) = self.judged_profile(vault)?;
        let mut standing = self.standing(vault, Some(application))?;
        standing.lane = judge.rules.lane.as_ref().zip(judge.cells).map(|(lane, cells)| LaneFacts {
            draw_ppm: draw_ppm(&lane.seed, &lane_secret(vault, household, self.open_date)),
            budget_left_minor: share_of_cell(lane.loss_budget_year_minor, cells).saturating_sub(self.lane_used_minor),
        });
        let asked = Asked {
            application,
            amount: Money::new(row.amount_minor, row.currency),
            term_months: row.term_months as u16,
            purpose: row.purpose.clone(),
            on: self.open_date,
        };
        let product = house.product_of(&row).map_err(DoorError::from)?;
        let mut assessment = assess::assess(judge, &product, Some(&profile), &standing, &asked)?;
        assessment.profile_version = profile_version;
        let decision = command_id.derive("decision");
        let field = format!("decision {decision}");
        let (record, commitment) = vault.seal(person, &field, command_id, &cbor::to_bytes(&assessment))?;
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
            explored: assessment.decision.explored.as_ref().zip(judge.rules.lane.as_ref()).map(|(explored, lane)| {
                Entered {
                    propensity_ppm: explored.propensity_ppm,
                    taken: explored.taken,
                    expected_loss_minor: explored.expected_loss_minor,
                    budget_year_minor: lane.loss_budget_year_minor,
                }
            }),
            withheld: self.is_withheld()?,
        });
        let digest = leaf_hash(format!("decide {household} {application}").as_bytes());
        let request = Request { id: command_id, actor: Actor::SYSTEM, at, digest, order: Order::Do(command) };
        let application = Application {
            status: assessment.status(),
            approved_minor: assessment.approved_minor(),
            rate_ppm: assessment.rate.ppm(),
            decision: Some(decision),
            ..row
        };
        Ok(Decision { request, application, assessment })
    }

    /// What the household could borrow of each product today.
    pub fn limits(&self, house: &Tianxin, judge: &Judge, vault: &dyn Vault) -> Result<Vec<LimitView>, DeskError> {
        let (profile, _) = self.judged_profile(vault)?;
        let standing = self.standing(vault, None)?;
        let mut views = Vec::new();
        for product in house.offered(self.open_date) {
            let months = product.term_max.min(12).max(product.term_min);
            let priced = product.priced_for(Term::Months(months), self.open_date)?;
            let limit = assess::limit(judge, &priced, Some(&profile), &standing, months, self.open_date);
            let available_minor = limit.available_minor.min(product.amount_max_fen).max(0);
            views.push(LimitView { product: product.code.clone(), limit, available_minor });
        }
        Ok(views)
    }

    /// What a household could borrow at most today, of any product, where the model has spoken already: product and limit,
    /// the largest available one, or the first product's if none is.
    pub fn best_limit(
        &self,
        house: &Tianxin,
        judge: &Judge,
        said: Option<&Said>,
        profile: &Profile,
        vault: &dyn Vault,
    ) -> Result<Option<LimitView>, DeskError> {
        let standing = self.standing(vault, None)?;
        let mut best: Option<LimitView> = None;
        for product in house.offered(self.open_date) {
            let limit = self.limit_of(product, judge, said, profile, &standing)?;
            let available_minor = limit.available_minor.min(product.amount_max_fen).max(0);
            if best.as_ref().is_none_or(|best| best.available_minor < available_minor) {
                best = Some(LimitView { product: product.code.clone(), limit, available_minor });
            }
        }
        Ok(best)
    }

    /// What a household could borrow of one product today, over a year or what of it the product allows, where the model has
    /// spoken already.
    pub(super) fn limit_of(
        &self,
        product: &Product,
        judge: &Judge,
        said: Option<&Said>,
        profile: &Profile,
        standing: &Standing,
    ) -> Result<LimitDecision, DeskError> {
        let months = product.term_max.min(12).max(product.term_min);
        let priced = product.priced_for(Term::Months(months), self.open_date)?;
        Ok(assess::limit_said(judge, said, &priced, profile, standing, months, self.open_date))
    }

    /// What an approved application would be signed at today.
    pub fn offer(&self, house: &Tianxin, row: &Application) -> Result<Quote, DeskError> {
        if row.status != ApplicationStatus::Approved {
            let message = format!("the application is {}, not approved", row.status.as_str());
            return Err(DeskError::refused("wrong_status", message));
        }
        let terms = house.terms_of(row, self.open_date).map_err(DoorError::from)?;
        let product = house.product_of(row).map_err(DoorError::from)?;
        let months = match terms.term {
            Term::Months(months) => months,
            Term::Days(_) => return Err(DeskError::refused("outside_product", "terms in days are not offered here")),
        };
        let quote = assess::quote(&product, terms.principal, months, self.open_date, terms.rate)?;
        house.check_cost(&product, &quote.cost, self.open_date).map_err(DoorError::from)?;
        // What is shown is of the very terms that would be signed.
        Ok(Quote { terms, ..quote })
    }
}

impl Tianxin {
    /// Newest versions that can be applied for on a day. A statement line is opened, not applied for as a loan.
    pub(super) fn offered(&self, on: basics::Date) -> impl Iterator<Item = &Product> {
        self.newest(on).filter(|product| product.method != loan::Method::StatementLine)
    }

    /// Newest versions of all products on offer on a day.
    pub(super) fn newest(&self, on: basics::Date) -> impl Iterator<Item = &Product> {
        self.products.offered(on)
    }
}

impl Desk {
    /// The keyed hash that a resident id is found by.
    pub fn resident_hash(&self, resident_id: &str) -> [u8; 32] {
        resident_hash(self.vault.as_ref(), resident_id)
    }

    /// The keyed hash that a phone is found by.
    pub fn phone_hash(&self, phone: &str) -> [u8; 32] {
        phone_hash(self.vault.as_ref(), phone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_encoded_piece_by_piece_is_the_list_encoded_whole() {
        for count in [0_usize, 1, 23, 24, 255, 256, 500] {
            let ids: Vec<Id> = (0..count).map(|n| Id::default().derive(&n.to_string())).collect();
            let mut pieces = list_head(count);
            ids.iter().for_each(|id| pieces.extend_from_slice(&cbor::to_bytes(id)));
            assert_eq!(pieces, cbor::to_bytes(&ids), "{count}");
        }
    }
}
