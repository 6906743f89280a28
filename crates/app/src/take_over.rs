//! Another system's book is taken over in mid-life 存量业务迁移: loans as they stood, and what stands beside them.
//!
//! The office begins ([`BeginTakeOver`]), each cell takes its loans ([`TakeOverLoans`]), the office ends with what the old trial
//! balance has beside loans ([`EndTakeOver`]). Every entry meets the subject of opening balances in transit, which comes to nothing
//! over the institution once all is taken. Until then no day is closed. All commands have ids that follow from the files of the
//! book, so that a take-over that was cut off goes on where it stopped.

use basics::{Cell, Currency, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stamp, Stop, key};
use ledger::{Line, SubjectCode};
use loan::{Happening, LifeEvent, LoanClass, LoanError, LoanTerms};
use minicbor::{Decode, Encode};

use crate::books::{booked, check_text, needs_booking, own_wallet, wallet_account};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::holding::{Holding, Of, Stands, Touched, Turn};
use crate::house::Tianxin;
use crate::loan_books::{needs_touch, put_event, stand_alone};
use crate::posting::Role;
use crate::tables::{Contract, ContractStatus, EntryKind, Household, LoanNote, LoanState, Wallet};

/// Loans that one command takes over at most.
pub const LOANS_MAX: usize = 200;
/// Lines of the old trial balance at most.
const SUBJECTS_MAX: usize = 2_000;

door::text_enum! {
    /// How far a take-over is.
    pub enum TakeOverStatus {
        /// Loans are still to come.
        Begun = "begun",
        /// All of it is here.
        Ended = "ended",
    }
}

door::table! {
    /// A book of another system that was taken over. Lives in the office's cell.
    pub struct TakenBook = "taken_book" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// Its id, which follows from its files.
        id: Id,
        /// How far it is.
        status: TakeOverStatus,
        /// The old book's last day.
        closed_on: Date,
        /// How many loans it has.
        loans: i64,
    }
}

door::table! {
    /// A loan that was taken over: what the old book knew it by.
    pub struct TakenLoan = "taken_loan" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The loan.
        id: Id,
        /// Its note number in the old book.
        number: String,
        /// The book.
        book: Id,
        /// What was paid out in the old book, in minor units.
        lent_minor: i64,
        /// What the old book had set aside for it, in minor units.
        provision_minor: i64,
    }
    index "taken_loan_by_number" ["cell", "number"];
}

/// Begin to take a book over.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct BeginTakeOver {
    /// The book: it follows from the bytes of its files.
    #[n(0)]
    pub book: Id,
    /// The old book's last day: the day before the open one.
    #[n(1)]
    pub on: Date,
    /// How many loans it has.
    #[n(2)]
    pub loans: u32,
}

/// Take loans of one cell over.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TakeOverLoans {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The book.
    #[n(1)]
    pub book: Id,
    /// The loans, at most [`LOANS_MAX`].
    #[n(2)]
    pub loans: Vec<LoanToTake>,
}

/// A loan as the old book closed it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LoanToTake {
    /// The household, enrolled before.
    #[n(0)]
    pub household: Id,
    /// The loan, made by the caller.
    #[n(1)]
    pub loan: Id,
    /// Its note number in the old book.
    #[n(2)]
    pub number: String,
    /// Its terms, with an opening.
    #[n(3)]
    pub terms: Box<LoanTerms>,
    /// Its class in the old book.
    #[n(4)]
    pub class: LoanClass,
    /// What was set aside for it, in minor units.
    #[n(5)]
    pub provision_minor: i64,
    /// Whether it was written off, and the claim kept.
    #[n(6)]
    pub written_off: bool,
    /// What the household's wallet held, in minor units; with one of its loans.
    #[n(7)]
    pub wallet_minor: i64,
}

/// Book what the old trial balance has beside loans.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct EndTakeOver {
    /// The book.
    #[n(0)]
    pub book: Id,
    /// Subject and balance, debit positive, in minor units.
    #[n(1)]
    pub balances: Vec<(SubjectCode, i64)>,
}

/// A loan as it was taken over.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LoanTakenOver {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The loan.
    #[n(1)]
    pub loan: Id,
    /// The book.
    #[n(2)]
    pub book: Id,
    /// Its note number in the old book.
    #[n(3)]
    pub number: String,
    /// Its terms.
    #[n(4)]
    pub terms: LoanTerms,
    /// Its life so far: that it was taken over, judged, written off.
    #[n(5)]
    pub events: Vec<LifeEvent>,
    /// Where it stands.
    #[n(6)]
    pub stands: Stands,
    /// What was set aside for it, in minor units.
    #[n(7)]
    pub provision_minor: i64,
}

/// A loan made ready: its life, where it stands, and what its books come to.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenView {
    /// Its life so far.
    pub events: Vec<LifeEvent>,
    /// Where it stands.
    pub stands: Stands,
    /// Days past due on the old book's last day.
    pub days_past_due: u32,
    /// Balances by role, debit positive, in minor units.
    pub balances: Vec<(Role, i128)>,
}

impl Tianxin {
    /// The subject that opening balances pass through. Refuses a chart that has none.
    pub fn opening_subject(&self) -> Result<SubjectCode, Refusal> {
        let missing = "the chart of accounts has no subject with the role `opening`: add one of the kind `clearing`";
        self.chart.role("opening").map(|subject| subject.code).map_err(|_| Refusal::new("no_opening_subject", missing))
    }

    /// What a loan that is taken over will be, by its terms and the rules of the old book's last day.
    ///
    /// Errors if the terms cannot be gone on from, or a figure does not fit.
    pub fn as_taken_over(&self, taken: &LoanToTake) -> Result<TakenView, LoanError> {
        let opening = taken.terms.opening;
        let opening = opening.ok_or_else(|| LoanError::Terms("it does not say where the loan stood".to_owned()))?;
        let event = |name: &str, what| LifeEvent { id: taken.loan.derive(name), value_date: opening.on, what };
        let amount_fen = taken.terms.principal.minor();
        let mut events = vec![event("taken over", Happening::Disbursed { amount_fen })];
        let by_rules = self.stands(&taken.terms, &events, opening.on)?;
        if taken.class > by_rules.1.holding.class {
            events.push(event("class of the old book", Happening::Judged { class: taken.class }));
        }
        if taken.written_off {
            events.push(event("written off before", Happening::WrittenOff));
        }
        let (state, stands) =
            if events.len() == 1 { by_rules } else { self.stands(&taken.terms, &events, opening.on)? };
        let holding = &stands.holding;
        let accrued = match &holding.accrual {
            Some(accrual) => accrual.at(opening.on.add_days(1))?.div_euclid(i128::from(accrual.denominator.max(1))),
            None => 0,
        };
        let unpaid = |component| holding.unpaid_fen(component);
        let penalty = unpaid(loan::Component::Penalty) + unpaid(loan::Component::Compound);
        let interest = unpaid(loan::Component::Interest);
        let mut balances = vec![
            (Role::LoanPrincipal, i128::from(stands.outstanding_minor)),
            (Role::FeeReceivable, unpaid(loan::Component::Fee)),
            (Role::LoanAllowance, -i128::from(taken.provision_minor)),
            (Role::Wallet, -i128::from(taken.wallet_minor)),
        ];
        let memo = if holding.stage.is_accruing() {
            balances.extend([
                (Role::InterestReceivable, interest),
                (Role::PenaltyReceivable, penalty),
                (Role::InterestAccrued, accrued),
            ]);
            0
        } else {
            balances.extend([(Role::OffInterest, interest), (Role::OffPenalty, penalty), (Role::OffAccrued, accrued)]);
            interest + penalty + accrued
        };
        balances.push((Role::WrittenOffClaims, i128::from(holding.claim_fen())));
        balances.push((Role::OffContra, -(memo + i128::from(holding.claim_fen()))));
        balances.retain(|(_, amount)| *amount != 0);
        Ok(TakenView { events, days_past_due: state.days_past_due, stands, balances })
    }

    pub(crate) fn needs_taken_books(&self, needs: &mut Needs) {
        needs.rows::<TakenBook>(key![Cell::OFFICE]);
    }

    /// Refuses while a book is only taken over in part.
    pub(crate) fn check_no_half_taken_book(&self, slice: &Overlay) -> Result<(), Stop> {
        let books = slice.range::<TakenBook>(&key![Cell::OFFICE])?;
        if books.iter().any(|book| book.status == TakeOverStatus::Begun) {
            let message =
                "a book is only taken over in part: run `tianxin import book` with the same files again first";
            return Err(Refusal::new("book_half_taken", message).into());
        }
        Ok(())
    }

    pub(crate) fn begin_take_over(
        &self,
        slice: &Overlay,
        command: &BeginTakeOver,
        context: &Context,
    ) -> Decided<Tianxin> {
        self.opening_subject()?;
        check_last_day(command.on, context.open_date)?;
        self.check_no_half_taken_book(slice)?;
        let BeginTakeOver { book, on, loans } = *command;
        if slice.get::<TakenBook>(&key![Cell::OFFICE, book])?.is_some() {
            return Err(Refusal::new("book_known", "this book was taken over already: nothing is to be done").into());
        }
        Ok(Change::new(Outcome::Done, vec![Fact::TakeOverBegun { book, on, loans }]))
    }

    pub(crate) fn needs_take_over(&self, command: &TakeOverLoans, needs: &mut Needs) {
        let cell = command.cell;
        needs_touch(needs, cell);
        for taken in command.loans.iter().take(LOANS_MAX) {
            needs.rows::<Household>(key![cell, taken.household]);
            needs.rows::<LoanNote>(key![cell, taken.household, taken.loan]);
            needs.rows::<Wallet>(key![cell, taken.household, self.institution.currency]);
        }
    }

    pub(crate) fn take_over_loans(
        &self,
        slice: &Overlay,
        command: &TakeOverLoans,
        context: &Context,
    ) -> Decided<Tianxin> {
        let (cell, currency) = (command.cell, self.institution.currency);
        let opening = self.opening_subject()?;
        if command.loans.is_empty() || command.loans.len() > LOANS_MAX {
            return Err(Refusal::new("bad_loan_count", format!("take 1 to {LOANS_MAX} loans over at once")).into());
        }
        let mut turn = Turn::new(slice, cell, context.open_date);
        let mut facts = Vec::with_capacity(command.loans.len() + 1);
        let (mut beside, mut provision_minor, mut wallets_minor) = (Vec::new(), 0_i64, 0_i64);
        let mut seen = std::collections::BTreeSet::new();
        let too_large = || Refusal::new("amount_too_large", "the sums of these loans do not fit: take fewer at once");
        for taken in &command.loans {
            check_text("the note number", &taken.number, 60)?;
            own_wallet(slice, cell, taken.household, currency)?;
            let key = key![cell, taken.household, taken.loan];
            if slice.get::<LoanNote>(&key)?.is_some() || !seen.insert(taken.loan) {
                let message = format!("loan {} was taken over already", taken.number);
                return Err(Refusal::new("loan_exists", message).into());
            }
            let refuse = |problem: String| Refusal::new("not_taken", format!("loan {}: {problem}", taken.number));
            if taken.terms.currency() != currency || taken.provision_minor < 0 || taken.wallet_minor < 0 {
                let message = format!("its amounts are in {currency}, and none is less than nothing");
                return Err(refuse(message).into());
            }
            check_last_day(taken.terms.opening.map_or(context.open_date, |opening| opening.on), context.open_date)?;
            let view = self.as_taken_over(taken).map_err(|error| refuse(error.to_string()))?;
            turn.touch(&Touched {
                household: taken.household,
                id: taken.loan,
                of: Of::Loan,
                product: &taken.terms.product.code,
                currency,
                old: &Holding::default(),
                new: &view.stands.holding,
            })?;
            if taken.wallet_minor > 0 {
                let account = wallet_account(taken.household);
                beside.push(Line::credit(self.subjects.wallet, account, taken.wallet_minor));
                wallets_minor = wallets_minor.checked_add(taken.wallet_minor).ok_or_else(too_large)?;
            }
            provision_minor = provision_minor.checked_add(taken.provision_minor).ok_or_else(too_large)?;
            facts.push(Fact::LoanTakenOver(Box::new(LoanTakenOver {
                household: taken.household,
                loan: taken.loan,
                book: command.book,
                number: taken.number.clone(),
                terms: (*taken.terms).clone(),
                events: view.events,
                stands: view.stands,
                provision_minor: taken.provision_minor,
            })));
        }
        if provision_minor > 0 {
            beside.push(Line::credit(self.subjects.roles.code(Role::LoanAllowance), None, provision_minor));
        }
        let mut lines = self.as_opening(turn.lines(&self.subjects.roles)?);
        lines.extend(beside);
        let counter: i128 = lines.iter().map(|line| i128::from(line.amount_minor)).sum();
        let counter = i64::try_from(-counter).map_err(|_| too_large())?;
        if counter != 0 {
            lines.push(Line::debit(opening, None, counter));
        }
        facts.push(booked(EntryKind::TakeOver, context.open_date, currency, lines, Some("期初 opening".to_owned()))?);
        Ok(Change::new(Outcome::Done, facts))
    }

    /// The lines of an opening: what was earned, lent from wallets or written off came about in the old book, so that only what
    /// is left on the loans' own subjects is booked here.
    fn as_opening(&self, lines: Vec<Line>) -> Vec<Line> {
        let kept = [
            Role::LoanPrincipal,
            Role::LoanCredit,
            Role::InterestAccrued,
            Role::InterestReceivable,
            Role::PenaltyReceivable,
            Role::FeeReceivable,
            Role::OffAccrued,
            Role::OffInterest,
            Role::OffPenalty,
            Role::WrittenOffClaims,
            Role::OffContra,
        ];
        let is_kept = |line: &Line| self.subjects.roles.role(line.subject).is_some_and(|role| kept.contains(&role));
        lines.into_iter().filter(is_kept).collect()
    }

    pub(crate) fn needs_end_take_over(&self, command: &EndTakeOver, needs: &mut Needs) {
        self.needs_drawers(needs);
        self.needs_taken_books(needs);
        let mut subjects: Vec<SubjectCode> = command.balances.iter().map(|(code, _)| *code).collect();
        subjects.extend(self.opening_subject().ok());
        needs_booking(needs, Cell::OFFICE, self.institution.currency, &subjects, &[]);
    }

    pub(crate) fn end_take_over(&self, slice: &Overlay, command: &EndTakeOver, context: &Context) -> Decided<Tianxin> {
        let opening = self.opening_subject()?;
        let begun = slice.get::<TakenBook>(&key![Cell::OFFICE, command.book])?;
        if begun.is_none_or(|row| row.status != TakeOverStatus::Begun) {
            return Err(Refusal::new("book_not_begun", "this book is not being taken over: begin it first").into());
        }
        if command.balances.len() > SUBJECTS_MAX {
            return Err(Refusal::new("bad_trial_balance", format!("more than {SUBJECTS_MAX} subjects")).into());
        }
        let too_large = || Refusal::new("amount_too_large", "the balances do not fit: check them");
        let (mut lines, mut counter) = (Vec::with_capacity(command.balances.len() + 1), 0_i64);
        for (subject, amount_minor) in &command.balances {
            if self.chart.subject(*subject).is_none() {
                let message = format!("the chart of accounts has no subject {subject}: add it, or leave it out");
                return Err(Refusal::new("unknown_subject", message).into());
            }
            if self.subjects.cash.is_some_and(|cash| cash.cash == *subject) && *amount_minor < 0 {
                let message = format!("{subject} is cash, and there is never less than none: check the trial balance");
                return Err(Refusal::new("bad_trial_balance", message).into());
            }
            counter = counter.checked_add(*amount_minor).ok_or_else(too_large)?;
            lines.push(Line::debit(*subject, None, *amount_minor));
        }
        if counter != 0 {
            lines.push(Line::credit(opening, None, counter));
        }
        let mut facts = vec![Fact::TakeOverEnded { book: command.book }];
        if !lines.is_empty() {
            let memo = Some("期初 opening".to_owned());
            facts.push(booked(EntryKind::TakeOver, context.open_date, self.institution.currency, lines, memo)?);
        }
        Ok(Change::new(Outcome::Done, facts))
    }
}

fn check_last_day(on: Date, open_date: Date) -> Result<(), Refusal> {
    if on.add_days(1) == open_date {
        return Ok(());
    }
    let message = format!(
        "the old book's last day is {on} and {open_date} is open here: its last day must be the day before the open one"
    );
    Err(Refusal::new("wrong_last_day", message))
}

/// Turns a fact of a take-over into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::TakeOverBegun { book, on, loans } => books.put(&TakenBook {
            cell,
            id: *book,
            status: TakeOverStatus::Begun,
            closed_on: *on,
            loans: i64::from(*loans),
        }),
        Fact::TakeOverEnded { book } => {
            let row = books.get::<TakenBook>(&key![cell, *book])?;
            let row = row.ok_or_else(|| Fault::Broken(format!("book {book} ends and was never begun")))?;
            books.put(&TakenBook { status: TakeOverStatus::Ended, ..row });
        }
        Fact::LoanTakenOver(taken) => take(books, stamp, taken)?,
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a take-over"))),
    }
    Ok(())
}

fn take(books: &mut Overlay, stamp: &Stamp, taken: &LoanTakenOver) -> Result<(), Fault> {
    let (cell, household, loan) = (stamp.cell, taken.household, taken.loan);
    let terms = &taken.terms;
    let opening = terms.opening.ok_or_else(|| Fault::Broken(format!("loan {loan} was taken over without opening")))?;
    let contract = loan.derive("contract");
    let maturity = terms.fixed_rows.last().map_or(terms.start, |row| row.due);
    books.put(&Contract {
        cell,
        household,
        id: contract,
        status: ContractStatus::Drawn,
        application: loan.derive("application"),
        facility: loan.derive("facility"),
        terms: basics::cbor::to_bytes(terms),
        text_hash: Vec::new(),
        signed_on: terms.start,
    });
    books.put(&TakenLoan {
        cell,
        household,
        id: loan,
        number: taken.number.clone(),
        book: taken.book,
        lent_minor: opening.lent_fen,
        provision_minor: taken.provision_minor,
    });
    let currency: Currency = terms.currency();
    books.put(&LoanNote {
        cell,
        household,
        id: loan,
        status: LoanState::Open,
        contract,
        product: terms.product.code.clone(),
        principal_minor: terms.principal.minor(),
        outstanding_minor: terms.principal.minor(),
        currency,
        // In these books it begins on the day it was taken over.
        drawn_on: stamp.booking_date,
        maturity,
        next_due: taken.stands.next_due.unwrap_or(maturity),
        closed_on: None,
        overdue_since: None,
        folded_on: stamp.booking_date,
        agenda_on: None,
        remind_on: None,
        holding: basics::cbor::to_bytes(&Holding::default()),
    });
    for event in &taken.events {
        put_event(books, cell, household, loan, event);
    }
    stand_alone(books, stamp, (household, loan), &taken.stands)?;
    // It stands as the old book closed it: what the first day here brings comes with that day's close.
    let note = books.get::<LoanNote>(&key![cell, household, loan])?;
    let note = note.ok_or_else(|| Fault::Broken(format!("loan {loan} has no note")))?;
    books.put(&LoanNote { folded_on: opening.on, ..note });
    Ok(())
}
