//! `tianxin import`: takes another system's book over in mid-life, whole or not at all.

mod columns;
mod complaint;
mod loans;
mod plan;
mod send;
mod trial;

use std::path::{Path, PathBuf};

use app::take_over::{LoanToTake, TakenView};
use basics::merkle::leaf_hash;
use basics::money::format_minor;
use basics::{Date, Id};
use clap::{Args, Subcommand};
use loan::LoanError;
use serde_json::json;

use self::complaint::Complaints;
use self::loans::Loan;
use self::trial::Trial;
use crate::config::{self, Opened, Place, Use};
use crate::failure::Failure;
use crate::terminal::say;

/// Take another system's books over.
#[derive(Subcommand)]
pub enum Import {
    /// Take over loans as they stand, and the trial balance they are part of (存量业务迁移)
    Book(Book),
}

impl Import {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Import::Book(book) => book.run(place),
        }
    }
}

/// Take over loans as they stand, and the trial balance they are part of.
///
/// All rows are read and checked first: what a loan comes to by the rules here must be what the old book says of it, and the loans
/// with the other subjects must be the old trial balance, to the fen. If anything differs, everything that does is named by row and
/// column, and nothing is written. An import that was cut off is run again with the same files and goes on where it stopped; until
/// then no day is closed. Loans and trial balance are of the old book's last day, the day before the one that is open here.
#[derive(Args)]
pub struct Book {
    /// The loans: CSV, UTF-8, with a header line; see --template
    #[arg(long, value_name = "FILE", required_unless_present = "template")]
    loans: Option<PathBuf>,
    /// The old trial balance: CSV with the columns subject, debit, credit
    #[arg(long, value_name = "FILE", required_unless_present = "template")]
    trial_balance: Option<PathBuf>,
    /// Check the files and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print an empty table of loans, with what each column means, and end
    #[arg(long, conflicts_with_all = ["loans", "trial_balance", "dry_run"])]
    template: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A book that was read and found right.
struct Checked {
    /// It follows from the bytes of its files.
    id: Id,
    /// Its last day.
    on: Date,
    loans: Vec<Loan>,
    /// As the door takes them, side by side with `loans`.
    taken: Vec<LoanToTake>,
    trial: Trial,
    /// What of the trial balance is not of loans: subject and balance, debit positive, in minor units.
    rest: Vec<(ledger::SubjectCode, i64)>,
}

impl Book {
    fn run(self, place: &Place) -> Result<(), Failure> {
        if self.template {
            say(columns::template().trim_end());
            return Ok(());
        }
        let (Some(loans), Some(trial)) = (&self.loans, &self.trial_balance) else {
            return Err(Failure::Usage("name the files with --loans and --trial-balance".to_owned()));
        };
        let opened = config::open(place, if self.dry_run { Use::Read } else { Use::Write })?;
        let book = check(&opened, loans, trial)?;
        let done = if self.dry_run { None } else { Some(send::send(&opened, &book)?) };
        self.tell(&book, done.as_ref());
        Ok(())
    }

    fn tell(&self, book: &Checked, done: Option<&send::Done>) {
        let principal: i64 = book.loans.iter().map(|loan| loan.principal_minor).sum();
        let households = send::persons(&book.loans).len();
        if self.json {
            let object = json!({
                "book": book.id.to_string(), "last_day": book.on.to_string(), "loans": book.loans.len(),
                "households": households, "principal": format_minor(principal), "written": done.is_some(),
                "loans_written": done.map(|done| done.loans), "loans_known": done.map(|done| done.known),
                "equal": done.map(|done| done.equal),
            });
            say(object.to_string());
            return;
        }
        let (count, principal) = (book.loans.len(), format_minor(principal));
        say(format!(
            "{count} loans of {households} households, {principal} of principal, as of the end of {}",
            book.on
        ));
        match done {
            None => say("the loans come to the trial balance; nothing was written"),
            Some(done) => {
                say(format!("{} loans taken over, {} were here already", done.loans, done.known));
                say(if done.equal {
                    "the books here are equal to the old trial balance, to the fen"
                } else {
                    "the old trial balance was added to what stood here before"
                });
            }
        }
    }
}

/// Reads both files and holds them against the rules and each other.
fn check(opened: &Opened, loans_file: &Path, trial_file: &Path) -> Result<Checked, Failure> {
    let house = &opened.tianxin;
    let on = opened.open_day()?.add_days(-1);
    house.opening_subject().map_err(|refusal| Failure::Wrong(refusal.to_string()))?;
    let read = |path: &Path| std::fs::read(path).map_err(|error| Failure::file(path, "read", error));
    let (loan_bytes, trial_bytes) = (read(loans_file)?, read(trial_file)?);
    let mut complaints = Complaints::default();
    let loans = loans::read(&loans_file.display().to_string(), &loan_bytes, house, on, &mut complaints);
    let trial = trial::read(&trial_file.display().to_string(), &trial_bytes, house, &mut complaints);
    complaints.none()?;
    let id = book_id(&loan_bytes, &trial_bytes);
    let taken: Vec<LoanToTake> = loans.iter().map(|loan| loan.to_take(id)).collect();
    let views = views(opened, &taken);
    let mut sums = trial::Sums::default();
    for (loan, view) in loans.iter().zip(views) {
        match view {
            Ok(view) => {
                loan.hold_against(&view, house, &mut complaints);
                sums.add(&view.balances);
            }
            Err(error) => complaints.add(loan.place("plan"), error.to_string()),
        }
    }
    send::check_guarantors(opened, id, &loans, &mut complaints)?;
    // Where rows are wrong, the sums are too, and say nothing more.
    complaints.none()?;
    let rest = trial.rest(&sums, house, &mut complaints);
    complaints.none()?;
    Ok(Checked { id, on, loans, taken, trial, rest })
}

/// What each loan will be here, worked out on as many threads as there are.
fn views(opened: &Opened, taken: &[LoanToTake]) -> Vec<Result<TakenView, LoanError>> {
    let house = &opened.tianxin;
    let size = taken.len().div_ceil(crate::many::hands().get()).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = taken
            .chunks(size)
            .map(|part| scope.spawn(move || part.iter().map(|loan| house.as_taken_over(loan)).collect::<Vec<_>>()))
            .collect();
        let broken = || Err(LoanError::Terms("the thread that worked it out broke off".to_owned()));
        parts
            .into_iter()
            .zip(taken.chunks(size))
            .flat_map(|(part, of)| part.join().unwrap_or_else(|_| of.iter().map(|_| broken()).collect()))
            .collect()
    })
}

/// The id of a book: of the same files the same.
fn book_id(loans: &[u8], trial: &[u8]) -> Id {
    let hashes = [leaf_hash(loans), leaf_hash(trial)].concat();
    let hash = leaf_hash(&hashes);
    Id::from_u128(hash.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte)))
}
