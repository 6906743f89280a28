//! The posting table: how facts become rows, and how handlers read them.

use std::collections::BTreeMap;

use basics::{Cell, Currency, Date, Id, Money};
use door::app::Refusal;
use door::overlay::{Fault, Needs, Overlay};
use door::{Record, Stamp, Value, key};
use ledger::{Line, SubAccount, SubjectCode};

use crate::code::SpentCode;
use crate::consent::{ConsentSaid, ConsentWord};
use crate::fact::{Booked, Crossed, Fact};
use crate::hold::WalletHold;
use crate::subject_day;
use crate::tables::{
    BusinessDay, Crossing, CrossingState, Entry, GlBalance, Household, HouseholdStatus, Person, Posting, Quota,
    Reversal, Staff, StaffStatus, WaitingPayout, Wallet,
};
use crate::transfer::Purpose;

/// Sub-account book of wallets.
pub const BOOK_WALLET: u16 = 1;
/// Sub-account book of loans.
pub const BOOK_LOAN: u16 = 2;
/// Sub-account book of groups of accrued interest.
pub const BOOK_GROUP: u16 = 3;
/// The quota of the bank balance.
pub const QUOTA_BANK: &str = "bank";
/// The largest amount one command may move: a hundred billion in major units.
pub const AMOUNT_MAX_MINOR: i64 = 10_000_000_000_000;

/// The sub-account of a household's wallet.
pub fn wallet_account(household: Id) -> Option<SubAccount> {
    Some(SubAccount { book: BOOK_WALLET, owner: household, id: household })
}

/// Checks an amount that came from outside.
pub fn check_amount(amount: Money, currency: Currency) -> Result<i64, Refusal> {
    if amount.currency() != currency {
        let message = format!("the amount is in {}, the books here are in {currency}", amount.currency());
        return Err(Refusal::new("wrong_currency", message));
    }
    if !amount.is_positive() {
        return Err(Refusal::new("amount_not_positive", "the amount must be more than 0.00"));
    }
    if amount.minor() > AMOUNT_MAX_MINOR {
        return Err(Refusal::new("amount_too_large", "the amount is larger than 100,000,000,000.00: check it"));
    }
    Ok(amount.minor())
}

/// Checks a value date that came from outside: not after the open date, not before 1990.
pub fn check_value_date(asked: Option<Date>, open_date: Date) -> Result<Date, Refusal> {
    let date = asked.unwrap_or(open_date);
    if date > open_date {
        let message = format!("the value date {date} lies after the open day {open_date}: nothing is booked ahead");
        return Err(Refusal::new("value_date_ahead", message));
    }
    if date.year() < 1990 {
        return Err(Refusal::new("value_date_too_old", format!("the value date {date} lies before 1990: check it")));
    }
    Ok(date)
}

/// Checks words that came from outside.
pub fn check_text(what: &'static str, text: &str, chars_max: usize) -> Result<(), Refusal> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > chars_max || text.chars().any(char::is_control) {
        let message = format!("{what} must have 1 to {chars_max} characters and no control characters");
        return Err(Refusal::new("bad_text", message));
    }
    Ok(())
}

/// Asks for what booking on these subjects and wallets reads.
pub fn needs_booking(needs: &mut Needs, cell: Cell, currency: Currency, subjects: &[SubjectCode], wallets: &[Id]) {
    for subject in subjects {
        needs.rows::<GlBalance>(gl_key(cell, *subject, currency));
    }
    for household in wallets {
        needs.rows::<Wallet>(key![cell, *household, currency]);
    }
}

/// The key of a GL balance.
pub fn gl_key(cell: Cell, subject: SubjectCode, currency: Currency) -> Vec<Value> {
    key![cell, i64::from(subject.0), currency]
}

/// A GL balance; an empty one if nothing was ever booked.
pub fn gl(slice: &Overlay, cell: Cell, subject: SubjectCode, currency: Currency) -> Result<GlBalance, Fault> {
    let found = slice.get::<GlBalance>(&gl_key(cell, subject, currency))?;
    let subject = i64::from(subject.0);
    Ok(found.unwrap_or(GlBalance {
        cell,
        subject,
        currency,
        balance_minor: 0,
        held_minor: 0,
        day_debit_minor: 0,
        day_credit_minor: 0,
    }))
}

/// A household's wallet, if it has one.
pub fn wallet(slice: &Overlay, cell: Cell, household: Id, currency: Currency) -> Result<Option<Wallet>, Fault> {
    slice.get::<Wallet>(&key![cell, household, currency])
}

/// A wallet that must be there.
pub fn own_wallet(slice: &Overlay, cell: Cell, household: Id, currency: Currency) -> Result<Wallet, door::Stop> {
    wallet(slice, cell, household, currency)?
        .ok_or_else(|| Refusal::new("unknown_household", "there is no such household here: check the id").into())
}

/// The quota row of a cell.
pub fn quota(slice: &Overlay, cell: Cell, currency: Currency) -> Result<Quota, Fault> {
    let found = slice.get::<Quota>(&quota_key(cell, currency))?;
    let kind = QUOTA_BANK.to_owned();
    Ok(found.unwrap_or(Quota { cell, kind, currency, target_minor: 0, asked: false, waiting: 0 }))
}

/// The key of a quota row.
pub fn quota_key(cell: Cell, currency: Currency) -> Vec<Value> {
    key![cell, QUOTA_BANK.to_owned(), currency]
}

/// Makes a fact of an entry. Unbalanced lines are a bug of the caller.
pub fn booked(
    kind: crate::tables::EntryKind,
    value_date: Date,
    currency: Currency,
    lines: Vec<Line>,
    memo: Option<String>,
) -> Result<Fact, Fault> {
    let entry = ledger::Entry::new(value_date, currency, lines).map_err(|e| Fault::Broken(e.to_string()))?;
    Ok(Fact::Booked(Booked { kind, entry, memo, reverses: None }))
}

/// Turns one fact into rows.
pub fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::HouseholdEnrolled(enrolled) => {
            books.put(&Household {
                cell,
                id: enrolled.household,
                status: HouseholdStatus::Active,
                village: enrolled.village.clone(),
                enrolled_on: stamp.booking_date,
                persons: enrolled.persons.len() as i64,
            });
            for person in &enrolled.persons {
                let household = enrolled.household;
                books.put(&Person { cell, household, id: person.person, role: person.role, erased_at: None });
            }
            books.put(&Wallet {
                cell,
                household: enrolled.household,
                currency: enrolled.currency,
                balance_minor: 0,
                held_minor: 0,
            });
            for (purpose, version) in &enrolled.consents {
                let (household, purpose, version) = (enrolled.household, purpose.clone(), version.clone());
                let said = ConsentSaid { household, purpose, word: ConsentWord::Given, version };
                crate::consent::apply(books, stamp, &said);
            }
        }
        Fact::ConsentSaid(said) => crate::consent::apply(books, stamp, said),
        Fact::Looked(looked) => crate::look::apply(books, stamp, looked)?,
        Fact::HouseholdBuried { household } => books.put(&Household {
            cell,
            id: *household,
            status: HouseholdStatus::Buried,
            village: String::new(),
            enrolled_on: stamp.booking_date,
            persons: 0,
        }),
        // Who decided and why: what it does is told by the facts beside it.
        Fact::PayoutReleased { .. } | Fact::PaymentDecided { .. } | Fact::GuaranteeSaid(_) => {}
        Fact::Declined { .. } | Fact::EventsObserved { .. } => {}
        Fact::DrawerSet(_)
        | Fact::DrawerLeftOpen { .. }
        | Fact::CashCounted(_)
        | Fact::SlipMoved(_)
        | Fact::DifferenceCleared(_) => {
            crate::drawer::apply(books, stamp, fact)?;
        }
        Fact::DayClosed { .. } => subject_day::begin_day(books, cell)?,
        Fact::Booked(booked) => apply_entry(books, stamp, booked)?,
        Fact::WalletHeld { household, currency, amount_minor } => {
            let mut row = wallet(books, cell, *household, *currency)?
                .ok_or_else(|| Fault::Broken(format!("no wallet of {household} to hold from")))?;
            row.held_minor = add(row.held_minor, *amount_minor)?;
            books.put(&checked_wallet(row)?);
        }
        Fact::BankHeld { subject, currency, amount_minor } => {
            let mut row = gl(books, cell, *subject, *currency)?;
            row.held_minor = add(row.held_minor, *amount_minor)?;
            if row.held_minor < 0 || row.held_minor > row.balance_minor {
                return Err(Fault::Broken(format!("{cell:?} holds {} of {}", row.held_minor, row.balance_minor)));
            }
            books.put(&row);
        }
        Fact::Crossed(crossed) => apply_crossing(books, cell, crossed),
        Fact::PayoutWaits { household, amount_minor, currency } => {
            let mut row = quota(books, cell, *currency)?;
            row.waiting += 1;
            books.put(&row);
            books.put(&WaitingPayout {
                cell,
                seq: stamp.seq,
                fact: stamp.index,
                household: *household,
                amount_minor: *amount_minor,
                currency: *currency,
            });
        }
        Fact::PayoutPaid { seq, fact, currency } => {
            let mut row = quota(books, cell, *currency)?;
            row.waiting -= 1;
            books.put(&row);
            books.remove::<WaitingPayout>(&key![cell, *seq, *fact]);
        }
        Fact::QuotaAsked { currency, .. } => {
            let row = quota(books, cell, *currency)?;
            books.put(&Quota { asked: true, ..row });
        }
        Fact::QuotaAnswered { currency, target_minor } => {
            let row = quota(books, cell, *currency)?;
            let target_minor = target_minor.unwrap_or(row.target_minor);
            books.put(&Quota { asked: false, target_minor, ..row });
        }
        Fact::CloseStarted { day, expected } => {
            books.put(&BusinessDay {
                cell,
                day: *day,
                expected: *expected,
                received: 0,
                closed: false,
                took_millis: None,
                profit_minor: 0,
                loans_minor: 0,
                reserve_minor: 0,
            });
        }
        Fact::ReceiptTaken { day, year, moved, .. } => {
            subject_day::add_moved(books, *day, moved)?;
            let row = business_day(books, cell, *day)?;
            let told = year.unwrap_or(crate::period_end::YearEnd { profit_minor: 0, loans_minor: 0 });
            let sums = row.with_year(told)?;
            let (profit_minor, loans_minor) = (sums.profit_minor, sums.loans_minor);
            books.put(&BusinessDay { received: row.received + 1, profit_minor, loans_minor, ..row });
        }
        Fact::ReserveSet { day, profit_minor, reserve_minor, .. } => {
            let row = business_day(books, cell, *day)?;
            books.put(&BusinessDay { profit_minor: *profit_minor, reserve_minor: *reserve_minor, ..row });
        }
        Fact::InstitutionDayClosed { day, moved } => {
            subject_day::add_moved(books, *day, moved)?;
            subject_day::set_balances(books, *day)?;
            subject_day::begin_day(books, cell)?;
            let row = business_day(books, cell, *day)?;
            books.put(&BusinessDay { closed: true, ..row });
        }
        Fact::PersonErased { household, person, .. } => {
            let row = books
                .get::<Person>(&key![cell, *household, *person])?
                .ok_or_else(|| Fault::Broken(format!("no person {person} to erase")))?;
            books.put(&Person { erased_at: Some(stamp.at), ..row });
        }
        Fact::Applied(_)
        | Fact::Decided(_)
        | Fact::PersonAsked { .. }
        | Fact::ApplicationWithdrawn { .. }
        | Fact::FacilityGranted { .. }
        | Fact::FacilityMoved { .. }
        | Fact::FacilityExpired { .. }
        | Fact::ContractSigned(_)
        | Fact::ContractLapsed { .. }
        | Fact::DrawingStands { .. }
        | Fact::LoanDrawn(_)
        | Fact::LoanMoved(_)
        | Fact::LoanServiced { .. }
        | Fact::LoanCorrected(_)
        | Fact::DrawUndone { .. } => crate::loan_books::apply(books, stamp, fact)?,
        Fact::ChangeProposed(_)
        | Fact::ChangeAgreed { .. }
        | Fact::ChangeApplied { .. }
        | Fact::ChangeUndone { .. }
        | Fact::DisasterDeclared(_)
        | Fact::DisasterDecided { .. } => crate::change_books::apply(books, stamp, fact)?,
        Fact::LoansTouched { .. } => crate::loan_books::apply(books, stamp, fact)?,
        Fact::HoldPlaced(_) | Fact::HoldEnded(_) => crate::hold::apply(books, stamp, fact)?,
        Fact::ListLoaded(told) => crate::listed::apply(books, stamp, told)?,
        Fact::SuspicionReported(told) => crate::suspicion::apply(books, stamp, told),
        Fact::OrderSuspended(_) | Fact::SuspensionEnded(_) => crate::suspend::apply(books, stamp, fact)?,
        Fact::AccountBound(_) | Fact::PaymentAsked(_) | Fact::PaymentAnswered(_) | Fact::CreditTaken(_) => {
            crate::payment::apply(books, stamp, fact)?;
        }
        Fact::LevelSet { .. } | Fact::WalletUsed { .. } => crate::level::apply(books, stamp, fact)?,
        Fact::CodeSpent { code } => books.put(&SpentCode { cell, code: *code, by_seq: stamp.seq }),
        Fact::StatementTaken(_) | Fact::ItemSettled { .. } => crate::reconcile::apply(books, stamp, fact)?,
        Fact::TakeOverBegun { .. } | Fact::LoanTakenOver(_) | Fact::TakeOverEnded { .. } => {
            crate::take_over::apply(books, stamp, fact)?;
        }
        Fact::PaperAdded { .. } => crate::paper::apply(books, stamp, fact)?,
        Fact::GuaranteeMoved(moved) => crate::guarantee::apply(books, stamp, moved),
        Fact::TaskOpened(_) | Fact::TaskEnded { .. } => crate::task::apply(books, stamp, fact)?,
        Fact::PlacesTaken { places } => crate::dates::apply(books, cell, places),
        Fact::Explored { lane, .. } => crate::explore::apply(books, stamp, lane)?,
        Fact::LoansCollected { .. } | Fact::NoticesMade { .. } | Fact::NoticesMoved { .. } => {
            crate::remind::apply(books, stamp, fact)?;
        }
        Fact::RatingMoved(moved) => crate::rating::apply(books, stamp, moved)?,
        Fact::ModelPromoted(promoted) => crate::promote::apply(books, stamp, promoted)?,
        Fact::DayAccrued { .. } | Fact::Provided { .. } | Fact::AllowanceSet(_) | Fact::RatesReset { .. } => {
            crate::close::apply(books, stamp, fact)?;
        }
        Fact::CloseTook { day, millis } => {
            let row = business_day(books, cell, *day)?;
            books.put(&BusinessDay { took_millis: Some(*millis), ..row });
        }
        Fact::LinesTouched { lines } => {
            crate::close::count_lines(books, stamp, lines)?;
            crate::line::apply(books, stamp, fact)?;
        }
        Fact::LineOpened(_) | Fact::LineMoved(_) | Fact::LineCorrected(_) => crate::line::apply(books, stamp, fact)?,
        Fact::MerchantRegistered(_) | Fact::MerchantOwed(_) | Fact::MerchantPaid(_) => {
            crate::line::apply_merchant(books, stamp, fact)?;
        }
        Fact::AlertRaised(_) | Fact::CaseWorked(_) => crate::case::apply(books, stamp, fact)?,
        Fact::VillageOpened(_) | Fact::VillageWorked(_) | Fact::VillageLimits(_) => {
            crate::village::apply(books, stamp, fact)?;
        }
        Fact::PeriodClosed(_) | Fact::PeriodReopened { .. } => crate::period::apply(books, stamp, fact)?,
        Fact::MovementsRead { read_seq } => crate::movement::apply(books, stamp, *read_seq),
        Fact::FacilityFollows(told) => crate::follow::apply(books, stamp, told)?,
        Fact::PreliminaryMoved(moved) => crate::preliminary::apply(books, stamp, moved)?,
        Fact::StaffSet { staff, login, role, active } => books.put(&Staff {
            cell,
            id: *staff,
            login: login.clone(),
            role: role.clone(),
            status: if *active { StaffStatus::Active } else { StaffStatus::Left },
        }),
    }
    Ok(())
}

fn apply_entry(books: &mut Overlay, stamp: &Stamp, booked: &Booked) -> Result<(), Fault> {
    let cell = stamp.cell;
    booked.entry.check().map_err(|e| Fault::Broken(e.to_string()))?;
    let currency = booked.entry.currency();
    books.put(&Entry {
        cell,
        seq: stamp.seq,
        fact: stamp.index,
        kind: booked.kind,
        value_date: booked.entry.value_date(),
        booking_date: stamp.booking_date,
        currency,
        memo: booked.memo.clone(),
    });
    // Each balance is read and written once, however many lines of the entry are its.
    let mut balances: Vec<(SubjectCode, GlBalance)> = Vec::new();
    let mut wallets: Vec<(Id, Wallet)> = Vec::new();
    for (place, line) in booked.entry.lines().iter().enumerate() {
        let at = match balances.iter().position(|(subject, _)| *subject == line.subject) {
            Some(at) => at,
            None => {
                balances.push((line.subject, gl(books, cell, line.subject, currency)?));
                balances.len() - 1
            }
        };
        let balance = &mut balances[at].1;
        balance.balance_minor = add(balance.balance_minor, line.amount_minor)?;
        let (debit, credit) = subject_day::sides(line.amount_minor);
        balance.day_debit_minor = add(balance.day_debit_minor, debit)?;
        balance.day_credit_minor = add(balance.day_credit_minor, credit)?;
        if let Some(sub) = line.sub
            && sub.book == BOOK_WALLET
        {
            let at = match wallets.iter().position(|(owner, _)| *owner == sub.owner) {
                Some(at) => at,
                None => {
                    let found = wallet(books, cell, sub.owner, currency)?
                        .ok_or_else(|| Fault::Broken(format!("no wallet of {} to book on", sub.owner)))?;
                    wallets.push((sub.owner, found));
                    wallets.len() - 1
                }
            };
            let row = &mut wallets[at].1;
            row.balance_minor = add(row.balance_minor, -line.amount_minor)?;
        }
        books.put(&Posting {
            cell,
            seq: stamp.seq,
            fact: stamp.index,
            line: place as i64,
            subject: i64::from(line.subject.0),
            book: line.sub.map_or(0, |sub| i64::from(sub.book)),
            owner: line.sub.map(|sub| sub.owner),
            account: line.sub.map(|sub| sub.id),
            amount_minor: line.amount_minor,
        });
    }
    for (_, balance) in &balances {
        books.put(balance);
    }
    for (_, row) in wallets {
        books.put(&checked_wallet(row)?);
    }
    if let Some((seq, fact)) = booked.reverses {
        books.put(&Reversal { cell, seq, fact, by_seq: stamp.seq });
    }
    Ok(())
}

fn apply_crossing(books: &mut Overlay, cell: Cell, crossed: &Crossed) {
    books.put(&Crossing {
        cell,
        id: crossed.id,
        state: crossed.state,
        purpose: crossed.purpose.clone(),
        other: crossed.other,
        household: crossed.household,
        amount_minor: crossed.amount_minor,
        currency: crossed.currency,
        value_date: crossed.value_date,
    });
}

fn business_day(books: &Overlay, cell: Cell, day: Date) -> Result<BusinessDay, Fault> {
    books
        .get::<BusinessDay>(&key![cell, day])?
        .ok_or_else(|| Fault::Broken(format!("the close of {day} was never started")))
}

/// What is wrong with what a cell holds back: each wallet holds what of it is on its way, came back from a payee, waits to be paid
/// out or is set apart, and the bank balance what is on its way to other cells or set apart to be paid out.
pub(crate) fn check_holds(cell: Cell, books: &Overlay) -> Result<Vec<String>, Fault> {
    let mut of_wallets: BTreeMap<(Id, Currency), i128> = BTreeMap::new();
    let mut of_bank = 0;
    for (_, row) in books.all_rows(Crossing::table()) {
        let row = Crossing::from_row(row)?;
        if !matches!(row.state, CrossingState::Reserved | CrossingState::TurnedBack) {
            continue;
        }
        match row.household {
            // A merchant's money is owed until it is there: nothing of a wallet is held for it.
            _ if row.purpose == Purpose::Merchant.as_str() => {}
            // What is paid in at a drawer is the drawer's when the wallet has it: nothing is held for it.
            _ if row.purpose == Purpose::CashIn.as_str() => {}
            Some(household) => {
                *of_wallets.entry((household, row.currency)).or_default() += i128::from(row.amount_minor)
            }
            None => of_bank += i128::from(row.amount_minor),
        }
    }
    for (_, row) in books.all_rows(WaitingPayout::table()) {
        let row = WaitingPayout::from_row(row)?;
        *of_wallets.entry((row.household, row.currency)).or_default() += i128::from(row.amount_minor);
    }
    for (_, row) in books.all_rows(WalletHold::table()) {
        let row = WalletHold::from_row(row)?;
        let held = i128::from(row.hold()?.held_minor());
        if held == 0 {
            continue;
        }
        *of_wallets.entry((row.household, row.currency)).or_default() += held;
        if row.payee.is_none() {
            of_bank += held;
        }
    }
    for (household, currency, amount_minor) in crate::payment::held(books)? {
        *of_wallets.entry((household, currency)).or_default() += i128::from(amount_minor);
        of_bank += i128::from(amount_minor);
    }
    for (household, currency, amount_minor) in crate::suspend::held(books)? {
        *of_wallets.entry((household, currency)).or_default() += i128::from(amount_minor);
    }
    let mut findings = Vec::new();
    for (_, row) in books.all_rows(Wallet::table()) {
        let row = Wallet::from_row(row)?;
        let held = of_wallets.remove(&(row.household, row.currency)).unwrap_or(0);
        if held != i128::from(row.held_minor) {
            let (household, kept) = (row.household, row.held_minor);
            findings
                .push(format!("{cell:?}: the wallet of {household} holds {kept} back, and {held} of it is under way"));
        }
    }
    for ((household, _), held) in of_wallets {
        findings.push(format!("{cell:?}: {held} is under way from a wallet of {household} that is not there"));
    }
    let mut kept = 0;
    for (_, row) in books.all_rows(GlBalance::table()) {
        kept += i128::from(GlBalance::from_row(row)?.held_minor);
    }
    if kept != of_bank {
        findings.push(format!("{cell:?}: {kept} of the bank balance is held back, and {of_bank} of it is under way"));
    }
    Ok(findings)
}

/// The invariant of wallets: 0 ≤ held ≤ balance.
fn checked_wallet(row: Wallet) -> Result<Wallet, Fault> {
    if row.held_minor >= 0 && row.held_minor <= row.balance_minor {
        Ok(row)
    } else {
        let (held, balance) = (row.held_minor, row.balance_minor);
        Err(Fault::Broken(format!("the wallet of {} would hold {held} of {balance}", row.household)))
    }
}

fn add(a: i64, b: i64) -> Result<i64, Fault> {
    a.checked_add(b).ok_or_else(|| Fault::Broken("a balance does not fit 64 bits".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: Cell = Cell(1);

    fn wallet_of(n: u128, balance_minor: i64, held_minor: i64) -> Wallet {
        Wallet { cell: CELL, household: Id::from_u128(n), currency: Currency::CNY, balance_minor, held_minor }
    }

    fn crossing(n: u128, household: Option<u128>, amount_minor: i64, state: CrossingState) -> Crossing {
        let purpose = if household.is_some() { Purpose::Transfer } else { Purpose::Quota };
        Crossing {
            cell: CELL,
            id: Id::from_u128(n),
            state,
            purpose: purpose.as_str().to_owned(),
            other: Cell(2),
            household: household.map(Id::from_u128),
            amount_minor,
            currency: Currency::CNY,
            value_date: Date::from_days(20_000).unwrap(),
        }
    }

    /// What is held back is what is under way, wallet by wallet and for the bank balance; anything else is found.
    #[test]
    fn holds_are_held_against_what_is_under_way() {
        let mut books = Overlay::of_nothing();
        let bank = GlBalance {
            cell: CELL,
            subject: 1,
            currency: Currency::CNY,
            balance_minor: 900,
            held_minor: 70,
            day_debit_minor: 0,
            day_credit_minor: 0,
        };
        books.put(&bank);
        books.put(&wallet_of(1, 500, 30));
        books.put(&wallet_of(2, 500, 20));
        books.put(&crossing(11, Some(1), 25, CrossingState::Reserved));
        books.put(&crossing(12, Some(1), 99, CrossingState::Posted));
        books.put(&crossing(13, Some(2), 20, CrossingState::TurnedBack));
        books.put(&crossing(14, None, 70, CrossingState::Reserved));
        books.put(&WaitingPayout {
            cell: CELL,
            seq: 9,
            fact: 0,
            household: Id::from_u128(1),
            amount_minor: 5,
            currency: Currency::CNY,
        });
        assert_eq!(check_holds(CELL, &books).unwrap(), Vec::<String>::new());
        books.put(&wallet_of(1, 500, 31));
        books.remove::<Wallet>(&key![CELL, Id::from_u128(2), Currency::CNY]);
        books.put(&GlBalance { held_minor: 71, ..bank });
        let (one, two) = (Id::from_u128(1), Id::from_u128(2));
        let expected = [
            format!("{CELL:?}: the wallet of {one} holds 31 back, and 30 of it is under way"),
            format!("{CELL:?}: 20 is under way from a wallet of {two} that is not there"),
            format!("{CELL:?}: 71 of the bank balance is held back, and 70 of it is under way"),
        ];
        assert_eq!(check_holds(CELL, &books).unwrap(), expected);
    }
}
