//! An application: asked for, decided by model and rules, or by people where those refer it.

use basics::{Cell, Date, Id, Money, Rate};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stop, key};
use loan::facility::exposure::{Claim, ClaimKind, HouseholdExposure};
use loan::facility::{FacilityEvent, FacilityHappening, FacilityStatus, fold, in_order};
use loan::schedule::schedule;
use loan::season::Grown;
use loan::{LoanError, Term};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::consent::is_withheld;
use crate::explore::{self, Entered};
use crate::facility::{FacilityLife, facility, facility_events, granted_event, rising_id};
use crate::fact::{Applied, DecidedBy, DecidedFact, Fact};
use crate::guarantee::{Guarantee, GuaranteeSide, GuaranteeState};
use crate::holding::Holding;
use crate::house::Tianxin;
use crate::line::CreditLine;
use crate::observe::{known_household, stale};
use crate::service::check_alive;
use crate::tables::{
    Application, ApplicationStatus, BehaviourProfile, Contract, ContractStatus, DecisionRecord, Facility, Household,
    LoanNote, LoanState,
};
use crate::task::{Task, TaskKind, TaskStatus, end_tasks};

/// Applications of a household that may be open at once.
const OPEN_MAX: usize = 5;
/// Months a facility stays open.
const FACILITY_MONTHS: i32 = 12;

/// Ask for a loan.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Apply {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The application, made by the caller.
    #[n(2)]
    pub application: Id,
    /// The product's code.
    #[n(3)]
    pub product: String,
    /// How much.
    #[n(4)]
    pub amount: Money,
    /// For how many months.
    #[n(5)]
    pub term_months: u16,
    /// What for.
    #[n(6)]
    pub purpose: String,
    /// Where it farms and what it grows, for a product that follows the seasons.
    #[n(7)]
    pub season: Option<SeasonAsked>,
}

/// What a household grows, as it asks for a seasonal loan.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SeasonAsked {
    /// The region, by any of its names in the crop calendar.
    #[n(0)]
    pub region: String,
    /// The crops with their areas.
    #[n(1)]
    pub crops: Vec<Grown>,
}

/// Book what model and rules decided, before the door, on what was known then.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Decide {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The application.
    #[n(2)]
    pub application: Id,
    /// The decision, made by the caller.
    #[n(3)]
    pub decision: Id,
    /// `approved`, `referred` or `declined`.
    #[n(4)]
    pub status: ApplicationStatus,
    /// What is approved, in minor units.
    #[n(5)]
    pub approved_minor: i64,
    /// The yearly rate.
    #[n(6)]
    pub rate: Rate,
    /// The household's whole limit, in minor units.
    #[n(7)]
    pub limit_minor: i64,
    /// The profile's version that was read.
    #[n(8)]
    pub profile_version: i64,
    /// The household's exposure that was seen, in minor units.
    #[n(9)]
    pub exposure_minor: i64,
    /// Codes of the reasons.
    #[n(10)]
    pub reasons: Vec<String>,
    /// Hash of the model file.
    #[n(11)]
    pub model: String,
    /// Hash of the rule set.
    #[n(12)]
    pub rules: String,
    /// The person whose key seals the record.
    #[n(13)]
    pub person: Id,
    /// The record of inputs and outcome, encrypted.
    #[n(14)]
    pub record: ByteVec,
    /// Commitment to it.
    #[n(15)]
    pub commitment: ByteVec,
    /// Whether the exploration lane could have it, and took it.
    #[n(16)]
    pub explored: Option<Entered>,
    /// Whether its behaviour was left out, since the household has withdrawn its consent to that.
    #[n(17)]
    #[cbor(default)]
    pub withheld: bool,
}

/// Decide a referred application in person.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DecideByHand {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The application.
    #[n(2)]
    pub application: Id,
    /// The decision, made by the caller.
    #[n(3)]
    pub decision: Id,
    /// What is approved; zero declines.
    #[n(4)]
    pub approved: Money,
    /// The yearly rate, one of the product's.
    #[n(5)]
    pub rate: Rate,
    /// Why.
    #[n(6)]
    pub reason: String,
}

/// Asks for what exposure is read from.
pub fn needs_exposure(needs: &mut Needs, cell: Cell, household: Id) {
    needs.rows::<LoanNote>(key![cell, household]);
    needs.rows::<Application>(key![cell, household]);
    needs.rows::<Contract>(key![cell, household]);
    needs.rows::<Facility>(key![cell, household]);
    needs.rows::<FacilityLife>(key![cell, household]);
    needs.rows::<CreditLine>(key![cell, household]);
    needs.rows::<Guarantee>(key![cell, household]);
}

/// The household's exposure 统一授信: its loans, the used limits of its lines, approved applications and signed contracts, and what it
/// guarantees of others' debts. One application may be left out. Errors if the sum does not fit.
pub fn exposure(slice: &Overlay, cell: Cell, household: Id, but: Option<Id>) -> Result<HouseholdExposure, Fault> {
    let own =
        |product: String, owed_fen, promised_fen| Claim { kind: ClaimKind::Own { product }, owed_fen, promised_fen };
    let mut claims = Vec::new();
    for note in slice.range::<LoanNote>(&key![cell, household])? {
        // A claim that was written off is owed as before.
        let owed_fen = note.outstanding_minor.saturating_add(Holding::of(&note)?.claim_fen());
        claims.push(own(note.product, owed_fen, 0));
    }
    for line in slice.range::<CreditLine>(&key![cell, household])? {
        claims.push(own(line.product, line.used_minor, 0));
    }
    for row in slice.range::<Guarantee>(&key![cell, household])? {
        if row.side == GuaranteeSide::Given && row.state == GuaranteeState::Stands {
            let kind = ClaimKind::Guarantee { weight_ppm: row.weight_ppm };
            claims.push(Claim { kind, owed_fen: row.amount_minor, promised_fen: 0 });
        }
    }
    // What was drawn of each contract that may yet be drawn on.
    let mut drawn: Vec<(Id, i64)> = Vec::new();
    for contract in slice.range::<Contract>(&key![cell, household])? {
        match contract.status {
            ContractStatus::Signed => drawn.push((contract.application, 0)),
            ContractStatus::PartDrawn => {
                let notes = slice.range::<LoanNote>(&key![cell, household])?;
                let of_contract = notes.iter().filter(|note| note.contract == contract.id);
                let fen = of_contract.filter(|note| note.status != LoanState::Undone).map(|note| note.principal_minor);
                drawn.push((contract.application, fen.fold(0, i64::saturating_add)));
            }
            ContractStatus::Drawn | ContractStatus::Lapsed => {}
        }
    }
    for application in slice.range::<Application>(&key![cell, household])? {
        let drawn_fen = match application.status {
            ApplicationStatus::Approved => Some(0),
            ApplicationStatus::Signed => drawn.iter().find(|(id, _)| *id == application.id).map(|(_, fen)| *fen),
            _ => None,
        };
        if let Some(drawn_fen) = drawn_fen.filter(|_| Some(application.id) != but) {
            claims.push(own(application.product, 0, application.approved_minor.saturating_sub(drawn_fen).max(0)));
        }
    }
    loan::facility::exposure::exposure(&claims).map_err(|error| Fault::Broken(error.to_string()))
}

impl Tianxin {
    pub(crate) fn needs_apply(&self, command: &Apply, needs: &mut Needs) {
        needs.rows::<Household>(key![command.cell, command.household]);
        needs_exposure(needs, command.cell, command.household);
    }

    pub(crate) fn apply_for(&self, slice: &Overlay, command: &Apply, context: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        known_household(slice, cell, household)?;
        check_alive(slice, cell, household)?;
        let product = self.product_for(&command.product, command.season.as_ref(), context.open_date)?;
        let purpose_known = product.uses.contains(&command.purpose);
        if !purpose_known {
            let message = format!(
                "`{}` is no use of {}: choose one of {}",
                command.purpose,
                product.code,
                product.uses.join(", ")
            );
            return Err(Refusal::new("purpose_not_offered", message).into());
        }
        self.check_rules(&product, context.open_date)?;
        if product.line.is_some() {
            let message = format!("{} is a line, not a loan: open it instead of applying", product.code);
            return Err(Refusal::new("outside_product", message).into());
        }
        let outside = |error: LoanError| Refusal::new("outside_product", error.to_string());
        let term = Term::Months(command.term_months);
        let prices = product.priced_for(term, context.open_date).map_err(outside)?.pricing.rates();
        let price = prices.into_iter().max().unwrap_or(Rate::ZERO);
        // The plan is tried out, so that what is applied for can be offered, signed and drawn.
        product
            .terms(command.amount, term, context.open_date, price)
            .and_then(|terms| schedule(&terms))
            .map_err(outside)?;
        let others = slice.range::<Application>(&key![cell, household])?;
        if others.iter().any(|other| other.id == command.application) {
            return Err(Refusal::new("application_exists", "an application with this id exists: use a new id").into());
        }
        let open = |status| {
            matches!(status, ApplicationStatus::Received | ApplicationStatus::Referred | ApplicationStatus::Approved)
        };
        if others.iter().filter(|other| open(other.status)).count() >= OPEN_MAX {
            let message = format!("{OPEN_MAX} applications are open already: sign one, or wait for the office");
            return Err(Refusal::new("too_many_applications", message).into());
        }
        let fact = Fact::Applied(Applied {
            household,
            application: command.application,
            product: product.code.clone(),
            product_version: product.version,
            amount: command.amount,
            term_months: command.term_months,
            purpose: command.purpose.clone(),
            season: command.season.clone(),
        });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    pub(crate) fn needs_decide(&self, cell: Cell, household: Id, needs: &mut Needs) {
        needs.rows::<BehaviourProfile>(key![cell, household]);
        crate::consent::needs(needs, cell, household);
        explore::needs(needs, cell);
        needs_exposure(needs, cell, household);
        needs.rows::<Task>(key![cell, household]);
    }

    pub(crate) fn decide_application(&self, slice: &Overlay, command: &Decide, context: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        let row = application(slice, cell, household, command.application, ApplicationStatus::Received)?;
        let version = slice.get::<BehaviourProfile>(&key![cell, household])?.map_or(0, |row| row.version);
        if version != command.profile_version || is_withheld(slice, cell, household)? != command.withheld {
            return Err(stale("profile_stale", "the profile has changed since it was read: decide again").into());
        }
        let seen = exposure(slice, cell, household, Some(command.application))?;
        if seen.total_fen != command.exposure_minor {
            return Err(stale("exposure_stale", "what the household owes has changed: decide again").into());
        }
        let decidable = [ApplicationStatus::Approved, ApplicationStatus::Referred, ApplicationStatus::Declined];
        let approved = command.status == ApplicationStatus::Approved;
        let sound = decidable.contains(&command.status)
            && command.approved_minor <= row.amount_minor
            && approved == (command.approved_minor > 0);
        if !sound {
            return Err(
                Fault::Broken(format!("a decision of {:?} over {}", command.status, command.approved_minor)).into()
            );
        }
        let mut facts = vec![Fact::Decided(DecidedFact {
            household,
            application: command.application,
            decision: command.decision,
            status: command.status,
            approved_minor: command.approved_minor,
            rate_ppm: command.rate.ppm(),
            reasons: command.reasons.clone(),
            by: DecidedBy::Machine {
                model: command.model.clone(),
                rules: command.rules.clone(),
                profile_version: command.profile_version,
                commitment: command.commitment.clone(),
            },
        })];
        if let Some(lane) = &command.explored {
            facts.push(explore::entered(slice, lane, (household, command.application), context)?);
        }
        if approved {
            let needed_minor = seen.total_fen.saturating_add(command.approved_minor);
            if lowered_below(slice, cell, household, needed_minor, context.open_date)?.is_some() {
                return Err(stale("facility_stale", "the facility was lowered meanwhile: decide again").into());
            }
            let amounts = (needed_minor, command.limit_minor);
            facts.extend(self.grant(slice, cell, household, amounts, command.decision, context)?);
        }
        let outcome = Outcome::Decided {
            status: command.status,
            approved_minor: command.approved_minor,
            rate_ppm: command.rate.ppm(),
        };
        Ok(Change::new(outcome, facts).with_side(&DecisionRecord {
            cell,
            household,
            id: command.decision,
            person: command.person,
            ciphertext: command.record.to_vec(),
        }))
    }

    pub(crate) fn decide_by_hand(
        &self,
        slice: &Overlay,
        command: &DecideByHand,
        context: &Context,
    ) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        let row = application(slice, cell, household, command.application, ApplicationStatus::Referred)?;
        check_text("the reason", &command.reason, 500)?;
        let approved_minor = command.approved.minor();
        if command.approved.currency() != row.currency || approved_minor < 0 || approved_minor > row.amount_minor {
            let message = format!("approve 0 to {}, what was asked for", Money::new(row.amount_minor, row.currency));
            return Err(Refusal::new("bad_amount", message).into());
        }
        let status = if approved_minor > 0 { ApplicationStatus::Approved } else { ApplicationStatus::Declined };
        let mut facts = vec![Fact::Decided(DecidedFact {
            household,
            application: command.application,
            decision: command.decision,
            status,
            approved_minor,
            rate_ppm: command.rate.ppm(),
            reasons: Vec::new(),
            by: DecidedBy::Hand { reason: command.reason.clone() },
        })];
        if status == ApplicationStatus::Approved {
            let product = self.product_of(&row)?;
            product
                .terms(command.approved, Term::Months(row.term_months as u16), context.open_date, command.rate)
                .map_err(|error| Refusal::new("outside_product", error.to_string()))?;
            let seen = exposure(slice, cell, household, Some(command.application))?;
            let needed_minor = seen.total_fen.saturating_add(approved_minor);
            if let Some(of_minor) = lowered_below(slice, cell, household, needed_minor, context.open_date)? {
                let [of, needed] = [of_minor, needed_minor].map(|minor| Money::new(minor, row.currency));
                let message = format!(
                    "the facility was lowered to {of}, and with this approval the household would owe {needed}: have it \
                     raised first, or approve less"
                );
                return Err(Refusal::new("facility_lowered", message).into());
            }
            facts.extend(self.grant(slice, cell, household, (needed_minor, 0), command.decision, context)?);
        }
        let outcome = Outcome::Decided { status, approved_minor, rate_ppm: command.rate.ppm() };
        Ok(Change::new(outcome, facts))
    }

    /// The facility that carries an approval: the household's own, renewed with what is decided, or its first; a new one
    /// beside a closed one. It is of what is needed for the approval, or of the household's limit where that is more. What is in
    /// force is not lowered by an approval, since lowering is an act of its own, nor raised where an officer has lowered it. A
    /// raise of the same day counts after the grant; where the grant is of more, it is raised with it. A freeze stays. Refuses
    /// where the borrower is recorded as dead.
    pub(crate) fn grant(
        &self,
        slice: &Overlay,
        cell: Cell,
        household: Id,
        (needed_minor, limit_minor): (i64, i64),
        decision: Id,
        context: &Context,
    ) -> Result<Vec<Fact>, Stop> {
        check_alive(slice, cell, household)?;
        let today = context.open_date;
        let whole_minor = needed_minor.max(limit_minor);
        let (mut granted, mut amount_minor) = (household.derive("facility"), whole_minor);
        let mut life = Vec::new();
        if let Some(row) = facility(slice, cell, household)? {
            let events = facility_events(slice, cell, household, row.id)?;
            let stands = fold(&events, today);
            match stands.status {
                FacilityStatus::Closed => granted = decision.derive("facility"),
                FacilityStatus::Active | FacilityStatus::Frozen => {
                    let wanted_minor = if was_lowered(&events) { needed_minor } else { whole_minor };
                    (granted, amount_minor) = (row.id, wanted_minor.max(stands.amount_fen));
                    life = events;
                }
                FacilityStatus::Expired | FacilityStatus::Ungranted => granted = row.id,
            }
        }
        let valid_to: Date = today.add_months(FACILITY_MONTHS).map_err(|error| Fault::Broken(error.to_string()))?;
        let mut facts = vec![Fact::FacilityGranted {
            household,
            facility: granted,
            amount_minor,
            currency: self.institution.currency,
            valid_to,
            decision,
        }];
        // A grant is a review, and renews what has expired.
        let kinds = [TaskKind::ReviewFacility, TaskKind::RenewFacility];
        facts.extend(end_tasks(slice, cell, household, granted, (&kinds, TaskStatus::Done))?);
        if life.iter().any(|event| event.value_date == today) {
            let raised = FacilityEvent {
                id: rising_id(context, life.len() + 1),
                value_date: today,
                what: FacilityHappening::Raised { amount_fen: amount_minor },
            };
            life.push(granted_event(decision, today, amount_minor, valid_to));
            if fold(&life, today).amount_fen < amount_minor {
                let reason = format!("granted with decision {decision}");
                facts.push(Fact::FacilityMoved { household, facility: granted, event: raised, reason });
            }
        }
        Ok(facts)
    }
}

/// What an officer has lowered the household's facility to, where that is in force and less than is needed.
fn lowered_below(
    slice: &Overlay,
    cell: Cell,
    household: Id,
    needed_minor: i64,
    today: Date,
) -> Result<Option<i64>, Fault> {
    Ok(lowered_to(slice, cell, household, today)?.filter(|of_minor| *of_minor < needed_minor))
}

/// What an officer has lowered the household's facility to, in minor units; `None` where it is not in force, or was raised or
/// granted anew since.
pub(crate) fn lowered_to(slice: &Overlay, cell: Cell, household: Id, today: Date) -> Result<Option<i64>, Fault> {
    let Some(row) = facility(slice, cell, household)? else { return Ok(None) };
    let events = facility_events(slice, cell, household, row.id)?;
    let stands = fold(&events, today);
    let in_force = matches!(stands.status, FacilityStatus::Active | FacilityStatus::Frozen);
    Ok((in_force && was_lowered(&events)).then_some(stands.amount_fen))
}

/// Whether the last word about a facility's amount was to lower it. A grant that leaves it as it is says nothing: approvals renew
/// what is in force so.
pub(crate) fn was_lowered(events: &[FacilityEvent]) -> bool {
    let (mut of_fen, mut lowered) = (0, false);
    for event in in_order(events) {
        match event.what {
            FacilityHappening::Lowered { amount_fen } => (of_fen, lowered) = (amount_fen, true),
            FacilityHappening::Raised { amount_fen } => (of_fen, lowered) = (amount_fen, false),
            FacilityHappening::Granted { amount_fen, .. } => {
                lowered = lowered && amount_fen <= of_fen;
                of_fen = amount_fen;
            }
            _ => {}
        }
    }
    lowered
}

/// An application that must stand somewhere.
pub(crate) fn application(
    slice: &Overlay,
    cell: Cell,
    household: Id,
    id: Id,
    status: ApplicationStatus,
) -> Result<Application, Stop> {
    let row = slice
        .get::<Application>(&key![cell, household, id])?
        .ok_or_else(|| Refusal::new("unknown_application", "there is no such application: check its id"))?;
    if row.status == status {
        return Ok(row);
    }
    let message = format!("the application is {}, not {}", row.status.as_str(), status.as_str());
    Err(Refusal::new("wrong_status", message).into())
}
