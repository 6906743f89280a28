//! A re-plan proposed when the harvest departs from the plan: computed, shown, never applied by itself.

use basics::money::format_minor;
use basics::{Date, Id};
use minicbor::{Decode, Encode};

use crate::season::preview::{ChangePreview, preview};
use crate::season::rows::shares;
use crate::season::{BorrowerConsent, Consents, GuarantorConsent, Replan, ReplanReason, ReplanRow, SeasonRule};
use crate::{Happening, LifeEvent, LoanError, LoanTerms, fold};

/// What was seen that the plan did not expect.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Departure {
    /// Income that was to pay the row of a date came in short.
    #[n(0)]
    Short {
        /// The row's due date.
        #[n(0)]
        due: Date,
        /// Income expected by then, minor units.
        #[n(1)]
        expected_fen: i64,
        /// Income observed by then, minor units.
        #[n(2)]
        observed_fen: i64,
    },
    /// The harvest that was to pay the row of a date comes or sells later.
    #[n(1)]
    Late {
        /// The row's due date.
        #[n(0)]
        due: Date,
        /// When it is expected now.
        #[n(1)]
        to: Date,
    },
    /// A declared event has taken part of the harvest that was to pay the row of a date.
    #[n(2)]
    Lost {
        /// The row's due date.
        #[n(0)]
        due: Date,
        /// The event's document.
        #[n(1)]
        document: String,
        /// What part of the harvest is lost, ppm.
        #[n(2)]
        lost_ppm: i64,
    },
}

/// A re-plan that could be agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The rows still to come, and why.
    pub replan: Replan,
    /// What it does.
    pub preview: ChangePreview,
}

/// Why nothing is proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProposal {
    /// The departure is smaller than the product's threshold.
    #[error("income is short by {} %, and a re-plan is proposed from {} %", percent(*short_ppm), percent(*threshold_ppm))]
    Small {
        /// What is missing, ppm of what was expected.
        short_ppm: i64,
        /// Threshold, ppm.
        threshold_ppm: i64,
    },
    /// The row named is not there, is due already, or has no principal.
    #[error("no principal is still to come on {0}: name a due date of the plan after today")]
    NoSuchRow(Date),
    /// There is no later row, and no later harvest was named.
    #[error("{} of the row of {due} has no later harvest to move to: name the next one", format_minor(*moved_fen))]
    NoLaterHarvest {
        /// The row.
        due: Date,
        /// What would move, minor units.
        moved_fen: i64,
    },
    /// The contract or the rules allow none.
    #[error("no re-plan is possible: {0}")]
    NotAllowed(String),
    /// The loan cannot be looked at.
    #[error(transparent)]
    Loan(LoanError),
}

impl From<LoanError> for NoProposal {
    fn from(error: LoanError) -> NoProposal {
        match error {
            LoanError::Change { problem, .. } => NoProposal::NotAllowed(problem),
            other => NoProposal::Loan(other),
        }
    }
}

/// What part of a row moves: a fraction of at most one.
struct Part {
    of: i128,
    whole: i128,
}

fn percent(ppm: i64) -> String {
    format!("{}.{:02}", ppm / 10_000, ppm % 10_000 / 100)
}

/// The re-plan that a departure asks for on a day, or why there is none.
///
/// What is missing of a row's income moves the same part of its principal to the later rows, by their own shares;
/// `next_harvest` takes it where the row is the last. A late harvest moves the whole row.
/// Amounts moved are rounded down to whole minor units.
pub fn propose(
    terms: &LoanTerms,
    events: &[LifeEvent],
    on: Date,
    departure: &Departure,
    next_harvest: Option<Date>,
    rule: &SeasonRule,
) -> Result<Proposal, NoProposal> {
    let state = fold(terms, events, on)?;
    let mut rows: Vec<ReplanRow> = state
        .instalments
        .iter()
        .filter(|row| !row.is_due)
        .map(|row| ReplanRow { due: row.due_on, principal_fen: row.due.principal_fen })
        .collect();
    let (due, reason, part) = read(departure, rule)?;
    let index = rows.iter().position(|row| row.due == due && row.principal_fen > 0);
    let index = index.ok_or(NoProposal::NoSuchRow(due))?;
    let moved_fen = take(&mut rows, index, &part);
    match (departure, next_harvest) {
        (Departure::Late { to, .. }, _) => give(&mut rows, *to, moved_fen),
        (_, next) => {
            let later: Vec<i128> = rows.iter().skip(index + 1).map(|row| i128::from(row.principal_fen)).collect();
            match (later.iter().any(|fen| *fen > 0), next) {
                (true, _) => {
                    let parts = shares(&later, moved_fen);
                    rows.iter_mut().skip(index + 1).zip(parts).for_each(|(row, part)| row.principal_fen += part);
                }
                (false, Some(to)) if to > due => give(&mut rows, to, moved_fen),
                (false, _) => return Err(NoProposal::NoLaterHarvest { due, moved_fen }),
            }
        }
    }
    // A last row without principal would only hold interest until a day that no longer matters.
    while rows.last().is_some_and(|row| row.principal_fen == 0) {
        rows.pop();
    }
    let unsigned = Consents { borrower: BorrowerConsent::NoBurden, guarantor: GuarantorConsent::NoGuarantor };
    let replan = Replan { rows, reason, consent: unsigned };
    let event = LifeEvent { id: Id::default(), value_date: on, what: Happening::Replanned(replan.clone()) };
    let preview = preview(terms, events, &event)?;
    Ok(Proposal { replan, preview })
}

/// The row, the reason, and what part of its principal moves.
fn read(departure: &Departure, rule: &SeasonRule) -> Result<(Date, ReplanReason, Part), NoProposal> {
    match departure {
        Departure::Short { due, expected_fen, observed_fen } => {
            let whole = i128::from((*expected_fen).max(1));
            let of = (whole - i128::from((*observed_fen).max(0))).max(0);
            let short_ppm = i64::try_from(of * 1_000_000 / whole).unwrap_or(1_000_000);
            if short_ppm < rule.shortfall_ppm || short_ppm == 0 {
                return Err(NoProposal::Small { short_ppm, threshold_ppm: rule.shortfall_ppm });
            }
            let reason = ReplanReason::IncomeShort { expected_fen: *expected_fen, observed_fen: *observed_fen };
            Ok((*due, reason, Part { of, whole }))
        }
        Departure::Late { due, .. } => Ok((*due, ReplanReason::IncomeMoved, Part { of: 1, whole: 1 })),
        Departure::Lost { due, document, lost_ppm } => {
            let lost_ppm = (*lost_ppm).clamp(0, 1_000_000);
            if lost_ppm < rule.shortfall_ppm || lost_ppm == 0 {
                return Err(NoProposal::Small { short_ppm: lost_ppm, threshold_ppm: rule.shortfall_ppm });
            }
            let part = Part { of: lost_ppm.into(), whole: 1_000_000 };
            Ok((*due, ReplanReason::Declared(document.clone()), part))
        }
    }
}

/// Takes a part of a row's principal, rounded down, and says how much.
fn take(rows: &mut [ReplanRow], index: usize, part: &Part) -> i64 {
    let Some(row) = rows.get_mut(index) else { return 0 };
    let moved = i128::from(row.principal_fen) * part.of / part.whole;
    let moved_fen = i64::try_from(moved).unwrap_or(row.principal_fen);
    row.principal_fen -= moved_fen;
    moved_fen
}

/// Adds principal to the row of a date, which is made if it is not there.
fn give(rows: &mut Vec<ReplanRow>, due: Date, fen: i64) {
    let index = rows.partition_point(|row| row.due < due);
    match rows.get_mut(index) {
        Some(row) if row.due == due => row.principal_fen += fen,
        _ => rows.insert(index, ReplanRow { due, principal_fen: fen }),
    }
}
