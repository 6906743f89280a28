//! A disaster at the desk: which loans it touches, what it would cost them, and carrying it out loan by loan.

use std::collections::BTreeMap;
use std::sync::mpsc;

use basics::{Cell, Id, Instant, cbor};
use door::permission::Actor;
use door::table::Record;
use door::{Answer, DoorError, Order, Request, key};
use loan::season::{Programme, offer};
use loan::{LifeEvent, LoanTerms};

use super::{Desk, DeskError};
use crate::change::UndoChange;
use crate::change_books::{ChangeStatus, Disaster, DisasterStatus, LoanChange};
use crate::command::{Command, Outcome};
use crate::disaster::{NOT_YET, OfferDeferral, programme_of};
use crate::house::Tianxin;
use crate::tables::{Contract, Household, LoanEvent, LoanNote, LoanState};

/// Commands on their way at once.
const AT_ONCE: usize = 256;

/// A loan that a disaster touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchedLoan {
    /// The cell.
    pub cell: Cell,
    /// The household.
    pub household: Id,
    /// The loan.
    pub loan: Id,
    /// Where the household lives.
    pub village: String,
    /// The product.
    pub product: String,
    /// Principal not yet paid, in minor units.
    pub outstanding_minor: i64,
    /// What would be put off, and what that adds to the cost; or why nothing can be.
    pub offered: Result<OfferShown, String>,
}

/// What a programme does to one loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferShown {
    /// Principal put off, in minor units.
    pub moved_minor: i64,
    /// What it adds to the cost, in minor units.
    pub added_minor: i64,
    /// Whether the borrower has to agree.
    pub needs_consent: bool,
}

/// What a disaster would do, over all loans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisasterPreview {
    /// Households in its villages.
    pub households: usize,
    /// Their open loans.
    pub loans: usize,
    /// The loans it touches, by cell, household and loan.
    pub touched: Vec<TouchedLoan>,
}

impl DisasterPreview {
    /// Principal put off and cost added, in minor units, over all loans that can be offered it.
    pub fn totals(&self) -> (i64, i64) {
        let offered = self.touched.iter().filter_map(|loan| loan.offered.as_ref().ok());
        offered.fold((0, 0), |(moved, added), shown| {
            (i64::saturating_add(moved, shown.moved_minor), i64::saturating_add(added, shown.added_minor))
        })
    }
}

/// What became of a disaster's loans so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisasterReport {
    /// Deferrals that are applied.
    pub applied: usize,
    /// Deferrals that wait for the borrower's word.
    pub waiting: usize,
    /// Deferrals the borrower has agreed to, that wait to be applied.
    pub agreed: usize,
    /// Deferrals taken back.
    pub undone: usize,
    /// Principal put off by what is applied, in minor units.
    pub moved_minor: i64,
    /// What that adds to the cost, in minor units.
    pub added_minor: i64,
    /// Loans that could not be offered it in this run, with the reason.
    pub refused: Vec<(Id, String)>,
}

impl Desk {
    /// A declared disaster.
    pub fn disaster(&self, id: Id) -> Result<Disaster, DeskError> {
        let rows: Vec<Disaster> = self.rows(key![Cell::OFFICE, id])?;
        rows.into_iter()
            .next()
            .ok_or_else(|| DeskError::refused("unknown_disaster", "there is no such disaster: check its id"))
    }

    /// All declared disasters.
    pub fn disasters(&self) -> Result<Vec<Disaster>, DeskError> {
        self.rows(key![Cell::OFFICE])
    }

    /// Which loans a disaster touches as they stand now, and what it would do to each.
    pub fn preview_disaster(&self, id: Id) -> Result<DisasterPreview, DeskError> {
        let row = self.disaster(id)?;
        let programme = programme_of(&row).map_err(|e| DeskError::Damaged(e.to_string()))?;
        let mut preview = DisasterPreview::default();
        for cell in (1..=self.engine.backend().cells()).map(Cell) {
            self.preview_cell(cell, &row, &programme, &mut preview)?;
        }
        Ok(preview)
    }

    fn preview_cell(
        &self,
        cell: Cell,
        row: &Disaster,
        programme: &Programme,
        preview: &mut DisasterPreview,
    ) -> Result<(), DeskError> {
        let today = self.open_date(cell)?;
        let village = column::<Household>("village")?;
        let villages: Vec<_> = row.villages.lines().map(|name| key![cell, name.to_owned()]).collect();
        let struck: Vec<Household> = self.many(&[0, village], &villages)?;
        preview.households += struck.len();
        let owners: Vec<_> = struck.iter().map(|household| key![cell, household.id]).collect();
        let notes: Vec<LoanNote> = self.many(&[0, 1], &owners)?;
        let mut open: Vec<LoanNote> = notes.into_iter().filter(|note| note.status == LoanState::Open).collect();
        open.sort_by_key(|note| (note.household, note.id));
        preview.loans += open.len();
        let loans: Vec<_> = open.iter().map(|note| key![cell, note.household, note.id]).collect();
        let mut lives: BTreeMap<Id, Vec<LifeEvent>> = BTreeMap::new();
        for event in self.many::<LoanEvent>(&[0, 1, 2], &loans)? {
            lives.entry(event.loan).or_default().push(cbor::from_bytes(&event.bytes)?);
        }
        let contracts: Vec<_> = open.iter().map(|note| key![cell, note.household, note.contract]).collect();
        let signed: Vec<Contract> = self.many(&[0, 1, 2], &contracts)?;
        let terms: BTreeMap<Id, Vec<u8>> = signed.into_iter().map(|contract| (contract.id, contract.terms)).collect();
        for note in open {
            let Some(bytes) = terms.get(&note.contract) else {
                return Err(DeskError::Damaged(format!("loan {} has no contract", note.id)));
            };
            let terms: LoanTerms = cbor::from_bytes(bytes)?;
            let life = lives.get(&note.id).map_or(&[][..], Vec::as_slice);
            let offered = match offer(&terms, life, programme) {
                Ok(None) => continue,
                Ok(Some(offered)) if offered.on > today => Err(NOT_YET.to_owned()),
                Ok(Some(offered)) => Ok(OfferShown {
                    moved_minor: offered.preview.moved_fen(),
                    added_minor: offered.preview.added_fen(),
                    needs_consent: offered.preview.needs_consent,
                }),
                Err(error) => Err(error.to_string()),
            };
            let village = struck.iter().find(|household| household.id == note.household);
            preview.touched.push(TouchedLoan {
                cell,
                household: note.household,
                loan: note.id,
                village: village.map(|household| household.village.clone()).unwrap_or_default(),
                product: note.product,
                outstanding_minor: note.outstanding_minor,
                offered,
            });
        }
        Ok(())
    }

    /// Goes on with what the office has decided about a disaster: offers the programme to every loan it touches, or takes
    /// every deferral back. Done again, it goes on where it stopped and does nothing twice.
    pub fn run_disaster(&self, id: Id, at: Instant) -> Result<DisasterReport, DeskError> {
        let row = self.disaster(id)?;
        let refused = match row.status {
            DisasterStatus::Declared => {
                let message = "the office has not decided about it: have it carried out or taken back first";
                return Err(DeskError::refused("not_decided", message));
            }
            DisasterStatus::CarriedOut => self.offer_to_all(&row, at)?,
            DisasterStatus::TakenBack => self.take_all_back(&row, at)?,
        };
        Ok(DisasterReport { refused, ..self.disaster_report(id)? })
    }

    fn offer_to_all(&self, row: &Disaster, at: Instant) -> Result<Vec<(Id, String)>, DeskError> {
        let programme = programme_of(row).map_err(|e| DeskError::Damaged(e.to_string()))?;
        let preview = self.preview_disaster(row.id)?;
        // What was offered it before is not offered it again, though its rows have moved since.
        let offered: Vec<Id> = self.changes_of(row.id)?.iter().map(|change| change.loan).collect();
        let today = self.open_date(Cell::OFFICE)?;
        let commands = preview.touched.iter().filter(|loan| !offered.contains(&loan.loan)).map(|loan| {
            let command = Command::OfferDeferral(OfferDeferral {
                cell: loan.cell,
                household: loan.household,
                loan: loan.loan,
                disaster: row.id,
                programme: programme.clone(),
            });
            // Of the day, so that a loan that could not be offered it once is offered it again on another day.
            (loan.loan, row.id.derive(&format!("offer {} {today}", loan.loan)), command)
        });
        self.send_all(commands.collect(), at)
    }

    fn take_all_back(&self, row: &Disaster, at: Instant) -> Result<Vec<(Id, String)>, DeskError> {
        let changes = self.changes_of(row.id)?;
        let standing = changes.iter().filter(|change| change.status != ChangeStatus::Undone);
        let commands = standing.map(|change| {
            let command = Command::UndoChange(UndoChange {
                cell: change.cell,
                household: change.household,
                loan: change.loan,
                change: change.id,
                reason: format!("taken back: {}", row.name),
            });
            (change.loan, row.id.derive(&format!("undo {}", change.id)), command)
        });
        self.send_all(commands.collect(), at)
    }

    /// What became of a disaster's loans so far.
    pub fn disaster_report(&self, id: Id) -> Result<DisasterReport, DeskError> {
        let mut report = DisasterReport::default();
        for change in self.changes_of(id)? {
            match change.status {
                ChangeStatus::Proposed => report.waiting += 1,
                ChangeStatus::Agreed => report.agreed += 1,
                ChangeStatus::Undone => report.undone += 1,
                ChangeStatus::Applied => {
                    report.applied += 1;
                    report.moved_minor = report.moved_minor.saturating_add(change.moved_minor);
                    let added = change.cost_after_minor.saturating_sub(change.cost_before_minor);
                    report.added_minor = report.added_minor.saturating_add(added);
                }
            }
        }
        Ok(report)
    }

    /// The changes of a disaster, over all cells.
    pub fn changes_of(&self, disaster: Id) -> Result<Vec<LoanChange>, DeskError> {
        let column = column::<LoanChange>("disaster")?;
        let cells = (1..=self.engine.backend().cells()).map(Cell);
        self.many(&[0, column], &cells.map(|cell| key![cell, disaster]).collect::<Vec<_>>())
    }

    /// The changes of a loan, as proposed, agreed, applied, taken back.
    pub fn changes(&self, household: Id, loan: Id) -> Result<Vec<LoanChange>, DeskError> {
        self.rows(key![self.cell_of(household), household, loan])
    }

    pub(super) fn many<R: Record>(&self, columns: &[usize], keys: &[door::table::Key]) -> Result<Vec<R>, DeskError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.readers.with(|reader| reader.load_many(R::table(), columns, keys))?;
        rows.iter().map(|row| R::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))).collect()
    }

    /// Sends commands to their cells, a number at a time, and collects what was refused.
    pub(super) fn send_all(
        &self,
        commands: Vec<(Id, Id, Command)>,
        at: Instant,
    ) -> Result<Vec<(Id, String)>, DeskError> {
        let mut refused = Vec::new();
        for some in commands.chunks(AT_ONCE) {
            let (send, receive) = mpsc::channel();
            for (loan, id, command) in some {
                let (loan, send) = (*loan, send.clone());
                let request = Request::plain(*id, Actor::SYSTEM, at, Order::Do(command.clone()));
                self.engine.submit(request, Box::new(move |answer| drop(send.send((loan, answer)))));
            }
            drop(send);
            for (loan, answer) in receive {
                if let Some(reason) = reason_of(answer)? {
                    refused.push((loan, reason));
                }
            }
        }
        refused.sort();
        Ok(refused)
    }
}

/// Why a loan did not get what was sent to it, if it did not.
fn reason_of(answer: Result<Answer, DoorError>) -> Result<Option<String>, DeskError> {
    match answer {
        Ok(answer) => match answer.outcome::<Tianxin>()? {
            Outcome::NotChanged { reason } => Ok(Some(reason)),
            _ => Ok(None),
        },
        // Closed meanwhile, or changed: told, and the others go on.
        Err(DoorError::Refused(refusal)) => Ok(Some(refusal.message)),
        Err(other) => Err(other.into()),
    }
}

/// The place of a column in its table.
pub(super) fn column<R: Record>(name: &str) -> Result<usize, DeskError> {
    let found = R::table().columns.iter().position(|column| column.name == name);
    found.ok_or_else(|| DeskError::Damaged(format!("table `{}` has no column `{name}`", R::table().name)))
}
