//! Papers at the door: what a signed contract waits for, and what shows the use of a loan. The clerk sees them and adds them.

use app::command::Command;
use app::paper::AddPaper;
use basics::merkle::leaf_hash;
use door::{Order, Request};
use loan::LoanTerms;
use loan::paper::{Missing, NoSpouse, SpouseWord, USE_OF_FUNDS, missing};

use super::answer::After;
use super::errand::{Made, Making, Step, of_deal, send};
use crate::deed::{Mine, Paper, Wanted, Way};

/// What a contract of these terms waits for before it is drawn, as people are told.
pub(super) fn wanted(terms: &LoanTerms) -> Vec<Wanted> {
    let wanted = |open| match open {
        Missing::SpouseConsent => Wanted::Spouse { signs: false },
        Missing::SpouseSignature => Wanted::Spouse { signs: true },
        other => Wanted::Other(other.to_string()),
    };
    missing(terms, &[]).into_iter().map(wanted).collect()
}

impl Making<'_> {
    /// The next of the papers that were brought.
    pub(super) fn paper(&self, mine: Mine, papers: &[Paper]) -> Made {
        let place = if let Step::Paper(place) = self.errand.step { place } else { 0 };
        let text_hash = self.home.deals.get(&mine).and_then(|deal| deal.text_hash);
        let (Some(paper), Some(text_hash)) = (papers.get(usize::from(place)), text_hash) else {
            return Made::Tell(vec![self.errand.no("no_paper")]);
        };
        let (paper, hash) = match paper {
            Paper::Spouse { signs } => {
                let word = if *signs { SpouseWord::Signed } else { SpouseWord::Consents };
                (loan::Paper::Spouse { person: self.home.id.derive("person-1"), word }, text_hash)
            }
            Paper::NoSpouse { is_widowed } => {
                let why = if *is_widowed { NoSpouse::Widowed } else { NoSpouse::Unmarried };
                (loan::Paper::NoSpouse { why }, leaf_hash(format!("{why:?} {}", self.home.id).as_bytes()))
            }
        };
        let is_last = usize::from(place) + 1 >= papers.len();
        let next = if is_last { Step::Draw } else { Step::Paper(place + 1) };
        self.added(mine, &format!("paper {place}"), (paper, hash), After::PaperAdded(next))
    }

    /// Receipts of what a loan was spent on.
    pub(super) fn use_shown(&self, mine: Mine) -> Made {
        let receipts = leaf_hash(format!("receipts of {} {mine}", self.home.id).as_bytes());
        let paper = loan::Paper::Document { code: USE_OF_FUNDS.to_owned() };
        self.added(mine, "use", (paper, receipts), After::UseShown(mine))
    }

    fn added(&self, mine: Mine, step: &str, (paper, hash): (loan::Paper, [u8; 32]), after: After) -> Made {
        let household = self.home.id;
        let add = Command::AddPaper(AddPaper {
            cell: self.home.cell,
            household,
            contract: of_deal(household, "contract", mine),
            id: self.id(step).derive("paper"),
            paper,
            hash: hash.to_vec().into(),
            evidence: match self.errand.deed.way {
                Way::Phone => "photographed and sent, seen by the clerk",
                Way::Window => "brought to the window, seen by the clerk",
            }
            .to_owned(),
            by_phone: false,
        });
        send(Request::plain(self.id(step), self.around.staff.clerk, self.at(), Order::Do(add)), after)
    }
}
