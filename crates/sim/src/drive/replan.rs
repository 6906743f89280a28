//! A later end for a loan whose household was struck: asked for, looked at by an officer, agreed to, decided by two.
//!
//! The officer goes there on the next working day and proposes the longest extension that the rules let the loan have.
//! Nothing changes before the household has seen what falls due then and what it adds, and has agreed.

use app::command::Command;
use app::desk::{DeskError, Known, Reading};
use app::service::{LoanAct, ServiceLoan};
use basics::merkle::leaf_hash;
use basics::{Cell, Date, Id, Instant};
use door::{Order, Request};
use loan::act::{Alteration, AlteredPlan, check_extension};
use loan::season::{BorrowerConsent, Consent, Consents, GuarantorConsent};
use loan::{Component, Happening, LifeEvent, LoanError, LoanState, LoanTerms, fold};

use super::answer::After;
use super::book::Stage;
use super::errand::{Made, Making, send};
use super::{DriveError, Driver, People};
use crate::deed::{HouseholdNo, Mine, Reply, Told};

/// How much later a loan may end, in months: the most that the rules let pass is proposed.
const MONTHS: [i32; 4] = [6, 4, 3, 1];
const REASON: &str = "visited: the harvest or the work it was to be paid from was lost";

/// What an officer proposed.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub(super) struct Proposal {
    /// The new last day.
    #[n(0)]
    until: Date,
    /// What would fall due then, and what it adds to the cost: the text that is agreed to.
    #[n(1)]
    pub(super) dues: Vec<(Date, i64)>,
    #[n(2)]
    added_fen: i64,
}

impl Driver {
    /// Visits those who asked for a later end before today, and proposes one where the loan may have it.
    pub(super) fn answer_wishes(&mut self, people: &mut impl People) -> Result<Vec<Reply>, DriveError> {
        if self.is_office_away || self.day.weekday() == 7 {
            return Ok(Vec::new());
        }
        let wishes = std::mem::take(&mut self.book.wishes);
        let places: Vec<(HouseholdNo, Mine, Cell, Id, Id)> = wishes
            .into_iter()
            .filter_map(|(no, mine)| {
                let (home, deal) = self.book.deal(no, mine)?;
                (deal.stage == Stage::Running).then_some((no, mine, home.cell, home.id, deal.loan))
            })
            .collect();
        let keys: Vec<(Cell, Id)> = places.iter().map(|(_, _, cell, household, _)| (*cell, *household)).collect();
        let known = if keys.is_empty() { Vec::new() } else { self.read(&keys, Reading::Loans)? };
        let mut told = Vec::with_capacity(places.len());
        for ((no, mine, _, _, loan), known) in places.into_iter().zip(known) {
            let finding = people.visit(no, self.day);
            let proposal = if finding.is_known && finding.standing >= 0 {
                self.later_end(&known, loan).map_err(|error| self.desk_error("a later end", error))?
            } else {
                None
            };
            let answer = match proposal {
                None => Told::NotChanged { mine },
                Some(proposal) => {
                    let (dues, added_fen) = (proposal.dues.clone(), proposal.added_fen);
                    self.book.proposals.insert((no, mine), proposal);
                    Told::ChangeProposed { mine, dues, added_fen }
                }
            };
            told.push(Reply { household: no, told: answer });
        }
        Ok(told)
    }

    /// The longest extension that a loan may have today.
    fn later_end(&self, known: &Known, loan: Id) -> Result<Option<Proposal>, DeskError> {
        let Some((_, terms, events)) = known.loan(loan)? else { return Ok(None) };
        let rules = self.platform.house.dated.on(self.day)?;
        let before = fold(&terms, &events, self.day)?;
        let Some(last) = before.schedule.as_ref().map(loan::Schedule::maturity) else { return Ok(None) };
        for months in MONTHS {
            let until = last.add_months(months).map_err(LoanError::from)?;
            if check_extension(rules, &terms, &events, self.day, until).is_ok()
                && let Some(after) = extended(&terms, &events, self.day, until)
            {
                let added_fen = cost_fen(&after)? - cost_fen(&before)?;
                return Ok(Some(Proposal { until, dues: still_due(&after)?, added_fen }));
            }
        }
        Ok(None)
    }
}

impl Making<'_> {
    /// The officer proposes what the household has agreed to; a second person decides.
    pub(super) fn agreement(&self, mine: Mine) -> Made {
        let around = self.around;
        let (Some(proposal), Some(deal)) =
            (around.book.proposals.get(&(self.errand.deed.household, mine)), self.home.deals.get(&mine))
        else {
            return Made::Tell(vec![Told::NotChanged { mine }]);
        };
        let evidence = leaf_hash(format!("{proposal:?}").as_bytes());
        let consent = Consent { by: self.home.id.derive("person-0"), at: self.at(), evidence };
        let alteration = alteration(proposal.until, consents(consent));
        let command = Command::ServiceLoan(ServiceLoan {
            cell: self.home.cell,
            household: self.home.id,
            loan: deal.loan,
            what: LoanAct::Extend(alteration),
            reason: REASON.to_owned(),
        });
        let id = self.id("agree");
        send(Request::plain(id, around.staff.officer, self.at(), Order::Propose(command)), After::Proposed(id))
    }
}

fn alteration(until: Date, consent: Consents) -> Alteration {
    Alteration { plan: AlteredPlan::Until(until), rates: None, reason: REASON.to_owned(), consent }
}

fn consents(borrower: Consent) -> Consents {
    Consents { borrower: BorrowerConsent::Given(borrower), guarantor: GuarantorConsent::NoGuarantor }
}

/// The loan with a later end; none if it cannot have it.
fn extended(terms: &LoanTerms, events: &[LifeEvent], on: Date, until: Date) -> Option<LoanState> {
    // As if it were agreed to: this is what the household is shown.
    let consent = Consent { by: Id::default(), at: Instant(0), evidence: [0; 32] };
    let what = Happening::Extended(alteration(until, consents(consent)));
    let with = [events, &[LifeEvent { id: Id::default(), value_date: on, what }]].concat();
    fold(terms, &with, on).ok()
}

/// What is not paid yet of each instalment.
fn still_due(state: &LoanState) -> Result<Vec<(Date, i64)>, LoanError> {
    let mut dues = Vec::new();
    for row in &state.instalments {
        let unpaid = match row.is_due {
            true => Component::ALL.into_iter().map(|component| row.unpaid_fen(component)).sum(),
            false => row.due.total_fen()?,
        };
        if unpaid > 0 {
            dues.push((row.due_on, unpaid));
        }
    }
    Ok(dues)
}

/// All that a loan costs beside its principal.
fn cost_fen(state: &LoanState) -> Result<i64, LoanError> {
    let mut cost = 0_i64;
    for row in &state.instalments {
        cost = cost.saturating_add(row.due.total_fen()? - row.due.principal_fen);
    }
    Ok(cost)
}
