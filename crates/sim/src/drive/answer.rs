//! What an answer of the door means: for the household, for what the driver remembers, and whether another step follows.

use app::Tianxin;
use app::command::Outcome;
use app::payment::PaymentState;
use app::tables::ApplicationStatus;
use basics::{Date, Id};
use door::{Answer, DoorError};

use super::book::{Deal, Stage};
use super::errand::{Errand, Step, of_deal};
use super::rail::{Open, REFUSED};
use super::{DriveError, Driver};
use crate::deed::{Act, HouseholdNo, Mine, Told, Wanted};

/// What to make of an answer.
#[derive(Clone, Debug)]
pub(super) enum After {
    /// Money of the wallet moved.
    Wallet,
    /// Money went to another household's wallet.
    Given,
    /// An account elsewhere was bound.
    Bound,
    /// A payment over a rail was asked for.
    Asked(Box<Open>),
    /// The rail's word was brought.
    Word,
    /// An application was let go.
    LetGo(Mine),
    /// An application goes to a person.
    PersonAsked(Mine),
    /// Events were folded.
    Observed(u64),
    /// It waits for its decision.
    Applied,
    /// It was decided: the offer, and the codes of the reasons.
    Decided(Option<Told>, Vec<String>),
    /// It was signed on the text of this hash, and waits for these papers before it can be drawn.
    Signed([u8; 32], Vec<Wanted>),
    /// A paper was added; this comes next.
    PaperAdded(Step),
    /// The use of this loan was shown.
    UseShown(Mine),
    /// It was drawn: how much, what falls due, and by when its use has to be shown.
    Drawn(i64, Vec<(Date, i64)>, Option<Date>),
    /// This much was paid.
    Repaid(i64),
    /// A payment was dated back.
    Corrected,
    /// A loan has a later end.
    Changed,
    /// It sells on lines, and this is kept of each sale, hundredths of a percent.
    SellsOnLines(i64),
    /// This line was opened, with its limit.
    LineOpen(Id, i64),
    /// This was bought by its line.
    Bought(Id, HouseholdNo, i64),
    /// This was paid for by a code of this shop.
    PaidByCode(HouseholdNo, i64),
    /// A purchase went back to this shop.
    BroughtBack(HouseholdNo, i64),
    /// This much was paid on its line.
    LinePaid(i64),
    /// It waits for a second person, under the id of its command.
    Proposed(Id),
}

impl Driver {
    /// Makes of an answer what the household is told; says which step comes next, if any.
    pub(super) fn understand(
        &mut self,
        errand: &mut Errand,
        answer: Result<Answer, DoorError>,
        after: After,
        told: &mut Vec<Told>,
    ) -> Result<Option<Step>, DriveError> {
        let no_of = errand.deed.household;
        let (date, what) = (self.day, format!("household {}: {:?}", no_of.0, errand.deed.act));
        let door = |error: DoorError| DriveError::Door { date, what: what.clone(), error };
        let answer = match answer {
            Ok(answer) => answer,
            Err(DoorError::Refused(refusal)) if refusal.code.ends_with("_stale") && errand.tries_again() => {
                return Ok(Some(errand.step));
            }
            Err(DoorError::Refused(refusal)) => {
                told.push(errand.no(refusal.code));
                return Ok(None);
            }
            Err(error) => return Err(door(error)),
        };
        let outcome = answer.outcome::<Tianxin>().map_err(door)?;
        match (&after, &outcome) {
            (After::Proposed(id), _) => return Ok(Some(Step::Approve(*id))),
            (_, Outcome::InsufficientFunds { .. }) => told.push(errand.no("insufficient_funds")),
            (_, Outcome::UnknownPayee) => told.push(errand.no("unknown_payee")),
            (_, Outcome::OverFacility { .. }) => told.push(errand.no("over_facility")),
            (_, Outcome::FacilityShut { .. }) => told.push(errand.no("facility_shut")),
            (_, Outcome::MoreThanDue { .. }) => told.push(errand.no("more_than_due")),
            (_, Outcome::BelowFloor) => told.push(errand.no("below_floor")),
            (_, Outcome::OverLimit { .. }) => told.push(errand.no("over_limit")),
            (After::Observed(count), Outcome::Observed { .. }) => self.counts.events += count,
            (After::Applied, Outcome::Done) => return Ok(Some(Step::Decide)),
            (After::Bound, Outcome::Done) => {
                self.book.bound(no_of);
                return Ok(Some(Step::First));
            }
            (After::Asked(open), Outcome::PaymentAsked) => {
                return Ok(self.payment_stands(open).then_some(Step::Word));
            }
            (After::Word, Outcome::PaymentStands { state }) => {
                if *state == PaymentState::Refused.as_str() {
                    told.push(errand.no(REFUSED));
                }
            }
            (After::LetGo(mine), Outcome::Done) => self.book.set(no_of, *mine, Stage::Ended),
            (After::PersonAsked(mine), Outcome::Done) => {
                self.book.set(no_of, *mine, Stage::Referred);
                self.book.referred.push((no_of, *mine));
                told.push(Told::Referred { mine: *mine });
            }
            (After::Decided(offer, reasons), Outcome::Decided { status, .. }) => {
                self.decided(errand, *status, offer.clone(), reasons, told);
            }
            (After::Signed(text_hash, papers), Outcome::Done) => {
                if papers.is_empty() {
                    return Ok(Some(Step::Draw));
                }
                if let Act::Accept { mine } = errand.deed.act {
                    self.book.signed(no_of, mine, *text_hash);
                    told.push(Told::PapersWanted { mine, papers: papers.clone() });
                }
            }
            (After::PaperAdded(next), Outcome::Done) => return Ok(Some(*next)),
            (After::UseShown(mine), Outcome::Done) => told.push(Told::UseShown { mine: *mine }),
            (After::Drawn(amount_fen, dues, use_by), Outcome::Done) => {
                if let Act::Accept { mine } | Act::BringPapers { mine, .. } = errand.deed.act {
                    self.book.set(no_of, mine, Stage::Running);
                    self.book.watch(no_of, mine, self.day, dues);
                    self.counts.loans += 1;
                    told.push(Told::Drawn { mine, amount_fen: *amount_fen, dues: dues.clone() });
                    told.extend(use_by.map(|by| Told::UseWanted { mine, by }));
                }
            }
            (After::Repaid(amount_fen), Outcome::Repaid { outstanding_minor, closed, .. }) => {
                if let Act::Repay { mine, .. } = errand.deed.act {
                    if *closed {
                        self.book.set(no_of, mine, Stage::Closed);
                    }
                    let (amount_fen, outstanding_fen, closed) = (*amount_fen, *outstanding_minor, *closed);
                    told.push(Told::Paid { mine, amount_fen, outstanding_fen, closed });
                }
            }
            (After::Corrected, Outcome::Corrected { allocation, outstanding_minor, .. }) => {
                if let Act::Repay { mine, .. } = errand.deed.act {
                    let a = allocation;
                    let parts =
                        [a.principal_fen, a.interest_fen, a.fee_fen, a.penalty_fen, a.compound_fen, a.excess_fen];
                    let amount_fen = parts.into_iter().sum();
                    told.push(Told::Paid { mine, amount_fen, outstanding_fen: *outstanding_minor, closed: false });
                }
            }
            (After::Changed, Outcome::Serviced { .. }) => {
                if let Act::Agree { mine } = errand.deed.act
                    && let Some(proposal) = self.book.proposals.remove(&(no_of, mine))
                {
                    self.book.watch(no_of, mine, self.day, &proposal.dues);
                    told.push(Told::Changed { mine, dues: proposal.dues });
                }
            }
            (_, Outcome::OverLine { .. }) => told.push(errand.no("over_line")),
            // What waits for the bank balance is held for the household, and paid to it by the books themselves.
            (After::Wallet, Outcome::Done | Outcome::PendingFunds)
            | (After::Given, Outcome::Done | Outcome::OnItsWay { .. }) => {}
            (
                After::SellsOnLines(_)
                | After::LineOpen(..)
                | After::Bought(..)
                | After::PaidByCode(..)
                | After::BroughtBack(..)
                | After::LinePaid(_),
                outcome,
            ) if self.shopped(no_of, &after, outcome, told) => {
                return Ok(matches!(after, After::PaidByCode(..)).then_some(Step::Noted));
            }
            (after, outcome) => {
                return Err(self.broken(format!("household {}: {after:?} was answered {outcome:?}", no_of.0)));
            }
        }
        Ok(None)
    }

    fn decided(
        &mut self,
        errand: &Errand,
        status: ApplicationStatus,
        offer: Option<Told>,
        reasons: &[String],
        told: &mut Vec<Told>,
    ) {
        let Act::Apply { mine, product, .. } = &errand.deed.act else { return };
        let (no_of, mine) = (errand.deed.household, *mine);
        let Some(id) = self.book.home(no_of).map(|home| home.id) else { return };
        let stage = match status {
            ApplicationStatus::Approved => Stage::Offered,
            ApplicationStatus::Referred => Stage::Referred,
            _ => Stage::Ended,
        };
        let application = of_deal(id, "application", mine);
        self.book.put(
            no_of,
            mine,
            Deal { application, loan: of_deal(id, "loan", mine), product: product.clone(), stage, text_hash: None },
        );
        match (stage, offer) {
            (Stage::Offered, Some(offer)) => told.push(offer),
            (Stage::Referred, _) => {
                self.book.referred.push((no_of, mine));
                told.push(Told::Referred { mine });
            }
            _ => told.push(Told::Refused { mine, reasons: reasons.to_vec() }),
        }
    }
}
