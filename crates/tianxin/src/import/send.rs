//! A book on its way through the door: households, loans, and what stands beside them, in large batches.

use std::collections::{BTreeMap, HashMap};

use app::command::Command;
use app::desk::prepare;
use app::desk::{EnrolRequest, NewMember};
use app::general_ledger;
use app::tables::MemberRole;
use app::take_over::{BeginTakeOver, EndTakeOver, LOANS_MAX, LoanToTake, TakeOverLoans, TakenBook};
use app::vault::Vault;
use basics::{Cell, Id};
use door::backend::{ClaimState, DirectoryRow};
use door::directory::{DirectoryOrder, enrol_many};
use door::table::Record;
use door::{Actor, Order, Request, Stepper, key};
use ledger::SubjectCode;

use super::Checked;
use super::complaint::Complaints;
use super::loans::{Borrower, Loan};
use crate::clock;
use crate::config::Opened;
use crate::failure::Failure;
use crate::terminal::Progress;
use crate::vault::Keys;

/// Households enrolled in one go.
const ENROLLED_AT_ONCE: usize = 1_000;
/// Commands of a batch of the door.
const BATCH: usize = 256;
/// What a household that comes with a book consented to: its contracts.
const CONSENT: (&str, &str) = ("loan_service", "contracts of the book taken over");

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    /// Loans written now.
    pub loans: usize,
    /// Loans that an earlier run had written.
    pub known: usize,
    /// Whether the trial balance here is that of the old book.
    pub equal: bool,
}

/// The persons of a book, each once, with their loans by place.
pub fn persons(loans: &[Loan]) -> BTreeMap<&str, Vec<usize>> {
    let mut persons: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, loan) in loans.iter().enumerate() {
        persons.entry(loan.borrower.resident_id.as_str()).or_default().push(place);
    }
    persons
}

/// Sends a book. A book that was sent in part goes on where it stopped.
pub fn send(opened: &Opened, book: &Checked) -> Result<Done, Failure> {
    let mut stepper = Stepper::new(opened.tianxin.clone(), opened.backend.clone(), BATCH);
    let vault = Keys::new(opened.keys.clone());
    let before = closings(opened)?;
    let was_empty = before.values().all(|balance| *balance == 0);
    let loans = u32::try_from(book.loans.len()).unwrap_or(u32::MAX);
    let begin = Command::BeginTakeOver(BeginTakeOver { book: book.id, on: book.on, loans });
    one(&mut stepper, request(book.id.derive("begin"), begin))?;
    let progress = Progress::begin("taking the book over");
    let households = enrol(opened, &vault, &mut stepper, book, &progress)?;
    let mut by_cell: BTreeMap<Cell, Vec<LoanToTake>> = BTreeMap::new();
    for (loan, taken) in book.loans.iter().zip(&book.taken) {
        let missing = || Failure::Wrong(format!("the household of loan {} is not enrolled: run again", loan.number));
        let (cell, household) = *households.get(loan.borrower.resident_id.as_str()).ok_or_else(missing)?;
        by_cell.entry(cell).or_default().push(LoanToTake { household, ..taken.clone() });
    }
    let (mut written, mut known) = (0, 0);
    for (cell, taken) in by_cell {
        for (part, loans) in taken.chunks(LOANS_MAX).enumerate() {
            let id = book.id.derive(&format!("loans {cell} {part}"));
            let command = TakeOverLoans { cell, book: book.id, loans: loans.to_vec() };
            let replayed = one(&mut stepper, request(id, Command::TakeOverLoans(command)))?;
            *(if replayed { &mut known } else { &mut written }) += loans.len();
            progress.set(format!("{} of {} loans", written + known, book.loans.len()));
        }
    }
    let end = Command::EndTakeOver(EndTakeOver { book: book.id, balances: book.rest.clone() });
    one(&mut stepper, request(book.id.derive("end"), end))?;
    drop(progress);
    let after = closings(opened)?;
    let opening = opened.tianxin.opening_subject().map_err(|refusal| Failure::Wrong(refusal.to_string()))?;
    let balance = |code: SubjectCode| after.get(&code).copied().unwrap_or(0);
    if balance(opening) != 0 {
        let left = basics::money::format_minor(balance(opening));
        return Err(Failure::Wrong(format!("{left} is left on subject {opening}: run `tianxin audit verify`")));
    }
    let contra = opened.tianxin.subjects.roles.code(app::posting::Role::OffContra);
    let equal = book.trial.balances().all(|(code, old)| balance(code) == old)
        && after.iter().all(|(code, balance)| *code == contra || book.trial.balance(*code) == *balance);
    if was_empty && !equal {
        let what =
            "the books do not come to the old trial balance: run `tianxin audit verify`, and do not go on with them";
        return Err(Failure::Wrong(what.to_owned()));
    }
    Ok(Done { loans: written, known, equal })
}

/// The balance of every subject as of now, debit positive, in minor units.
fn closings(opened: &Opened) -> Result<BTreeMap<SubjectCode, i64>, Failure> {
    let open = opened.open_day()?;
    let mut connection = opened.backend.connect()?;
    connection.begin_snapshot()?;
    let turnovers = general_ledger::turnovers(connection.as_mut(), opened.backend.cells(), open, open);
    connection.rollback();
    let closing = |turnover: &ledger::Turnover| turnover.closing_minor().unwrap_or(i64::MAX);
    Ok(turnovers?.iter().map(|(code, turnover)| (*code, closing(turnover))).collect())
}

fn request(id: Id, command: Command) -> Request<Command> {
    Request::plain(id, Actor::SYSTEM, clock::now(), Order::Do(command))
}

/// Sends one command; whether it had been answered before.
fn one(stepper: &mut Stepper<app::Tianxin>, request: Request<Command>) -> Result<bool, Failure> {
    let nothing = || Failure::Wrong("a command was not answered: run again".to_owned());
    let answer = stepper.step(vec![request]).pop().ok_or_else(nothing)??;
    Ok(answer.replayed)
}

/// Where each person's household is; those who have none are enrolled.
fn enrol<'b>(
    opened: &Opened,
    vault: &Keys,
    stepper: &mut Stepper<app::Tianxin>,
    book: &'b Checked,
    progress: &Progress,
) -> Result<HashMap<&'b str, (Cell, Id)>, Failure> {
    let all: Vec<(&str, Vec<usize>)> = persons(&book.loans).into_iter().collect();
    let mut households = HashMap::with_capacity(all.len());
    for part in all.chunks(ENROLLED_AT_ONCE) {
        let hashes: Vec<[u8; 32]> = part.iter().map(|(id, _)| prepare::resident_hash(vault, id)).collect();
        let found = stepper.directory(DirectoryOrder::Find(hashes.clone()))?;
        let found: HashMap<[u8; 32], DirectoryRow> = found.into_iter().map(|row| (row.hash, row)).collect();
        let mut asked = Vec::new();
        for ((resident_id, places), hash) in part.iter().zip(&hashes) {
            match found.get(hash).filter(|row| row.state == ClaimState::Confirmed) {
                Some(row) => {
                    households.insert(*resident_id, (row.cell, row.household));
                }
                None => asked.extend(enrolment(vault, book, places)),
            }
        }
        let people: Vec<Id> = asked.iter().flat_map(EnrolRequest::persons).collect();
        vault.make_keys(&people).map_err(|error| Failure::Unreachable(error.to_string()))?;
        let mut ready = Vec::with_capacity(asked.len());
        for asked in &asked {
            let cells = opened.backend.cells();
            let (claims, request) = prepare::enrolment(vault, cells, asked, Actor::SYSTEM, clock::now())?;
            ready.push((claims, request));
        }
        for (answer, asked) in enrol_many(stepper, ready)?.into_iter().zip(&asked) {
            answer.map_err(|error| Failure::Wrong(format!("a household could not be enrolled: {error}")))?;
            if let Some(head) = asked.members.first()
                && let Some((id, _)) = part.iter().find(|(id, _)| *id == head.resident_id)
            {
                households.insert(*id, (Cell::of(asked.household, opened.backend.cells()), asked.household));
            }
        }
        progress.set(format!("{} of {} households", households.len(), all.len()));
    }
    Ok(households)
}

/// A guarantor is kept with the data of a borrower who is enrolled with the book. Of one who is here already nothing would be
/// kept: each such row is named. A book that was begun was checked then, and goes on.
pub fn check_guarantors(opened: &Opened, book: Id, loans: &[Loan], complaints: &mut Complaints) -> Result<(), Failure> {
    let vault = Keys::new(opened.keys.clone());
    let with: Vec<&Loan> = loans.iter().filter(|loan| loan.guarantor.is_some()).collect();
    let mut connection = opened.backend.connect()?;
    let begun = connection.load_many(TakenBook::table(), &[0, 1], &[key![Cell::OFFICE, book]])?;
    if !begun.is_empty() {
        return Ok(());
    }
    for part in with.chunks(ENROLLED_AT_ONCE) {
        let hashes: Vec<[u8; 32]> =
            part.iter().map(|loan| prepare::resident_hash(&vault, &loan.borrower.resident_id)).collect();
        let found = connection.directory_find(&hashes)?;
        for (loan, hash) in part.iter().zip(&hashes) {
            if found.iter().any(|row| row.hash == *hash && row.state == ClaimState::Confirmed) {
                let what = "the borrower is enrolled here already, and the guarantor would not be kept: leave guarantor and \
                            guarantor_id empty, and have the guarantor stand for the loan here";
                complaints.add(loan.place("guarantor"), what);
            }
        }
    }
    Ok(())
}

/// The enrolment of a person with loans at these places, under ids that follow from the person.
fn enrolment(vault: &Keys, book: &Checked, places: &[usize]) -> Option<EnrolRequest> {
    let loans: Vec<&Loan> = places.iter().filter_map(|place| book.loans.get(*place)).collect();
    let Borrower { resident_id, name, phone, village } = loans.first()?.borrower.clone();
    let hash = vault.keyed_hash("household of a book", resident_id.as_bytes());
    let household = Id::from_u128(hash.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte)));
    let guarantor = |loan: &&Loan| {
        let (name, id) = loan.guarantor.as_ref()?;
        Some((format!("guarantor of {}", loan.number), format!("{name} {id}")))
    };
    let extra_fields = loans.iter().filter_map(guarantor).collect();
    let head = NewMember { role: MemberRole::Head, name, resident_id, phone, extra_fields };
    Some(EnrolRequest {
        command_id: household.derive("enrolled with a book"),
        household,
        village,
        members: vec![head],
        consents: vec![(CONSENT.0.to_owned(), CONSENT.1.to_owned())],
    })
}
