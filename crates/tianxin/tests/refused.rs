//! What cannot be is refused through the door with a reason that says what to do, and the books are as they were.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use app::change::ProposeReplan;
use app::command::{Command, Outcome};
use app::correct::CorrectLoan;
use app::repay::Repay;
use app::reverse::Reverse;
use app::service::LoanAct;
use app::tables::{Entry, EntryKind};
use basics::{Date, Id};
use door::table::Row;
use door::{Actor, App, Backend, Order, Role};
use loan::act::{Alteration, NewRates};
use loan::season::Departure;
use loan::terms::PrepayStrategy;
use loan::{ChargeAmount, ChargeDue, ChargeKind, ChargeTerms, Happening, Waivable};
use support::lending::{Wish, percent};
use support::office::{County, act, date, fen, until, wish};
use support::proof::{records, rows};
use support::*;

/// Every row that is kept beside the journal, which tells of a no too.
fn books(county: &County) -> Vec<(&'static str, Vec<Row>)> {
    let tables = App::tables(county.house.as_ref());
    tables.into_iter().map(|table| (table.name, rows(county.backend.as_ref(), table))).collect()
}

/// What would be said of something that went through.
const TAKEN: &str = "NOT REFUSED";

/// Tries what cannot be; one line of what was said.
fn tried(county: &mut County, what: &str, actor: Actor, order: Order<Command>) -> String {
    let said = match county.order(actor, order) {
        Err(refused) => refused,
        Ok(Outcome::NotChanged { reason }) => format!("not changed: {reason}"),
        Ok(Outcome::MoreThanDue { due_minor, payoff_minor }) => format!("more than due: {due_minor}, {payoff_minor}"),
        Ok(Outcome::InsufficientFunds { available_minor }) => format!("insufficient funds: {available_minor}"),
        Ok(done) => return format!("{what}: {TAKEN}: {done:?}"),
    };
    format!("{what}: {}", without_ids(&said))
}

/// What was said, each id of it shown as `…`.
fn without_ids(said: &str) -> String {
    let words = said.split(' ').map(|word| {
        let id = word.trim_end_matches([':', ',']);
        let is_id = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if is_id { word.replace(id, "…") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn dated(wish: &Wish, on: Date, what: Happening) -> Order<Command> {
    Order::Propose(Command::CorrectLoan(CorrectLoan {
        cell: wish.cell,
        household: wish.household,
        loan: wish.loan(),
        value_date: on,
        what,
        reference: "slip 7".into(),
        reason: "told of late".into(),
    }))
}

fn repay(wish: &Wish, minor: i64, value_date: Option<Date>) -> Order<Command> {
    let (cell, household, loan) = (wish.cell, wish.household, wish.loan());
    Order::Do(Command::Repay(Repay { cell, household, loan, amount: fen(minor), value_date }))
}

fn charge(minor: i64) -> LoanAct {
    let (kind, amount) = (ChargeKind::Fee, ChargeAmount::Flat(minor));
    LoanAct::Charge(ChargeTerms { code: "survey".into(), kind, due: ChargeDue::On(date("2026-05-25")), amount })
}

fn replan_to(wish: &Wish, due: &str, to: &str) -> Order<Command> {
    let departure = Departure::Late { due: date(due), to: date(to) };
    let (cell, household, loan, change) = (wish.cell, wish.household, wish.loan(), wish.household.derive("change"));
    Order::Do(Command::ProposeReplan(ProposeReplan { cell, household, loan, change, departure, next_harvest: None }))
}

fn what_cannot_be_is_refused(backend: Arc<dyn Backend>) {
    let monthly = wish(0, "short-working-capital", 600_000, 6);
    let season = wish(1, "season-bullet", 1_000_000, 3);
    let paid_off = wish(2, "season-bullet", 800_000, 3);
    let mut county = County::new(backend, &[monthly.clone(), season.clone(), paid_off.clone()]);
    let (officer, accountant) = (staff(1, Role::Officer), staff(2, Role::Accountant));
    county.until("2026-04-02");
    county.pay(&monthly, 110_000);
    let payment = monthly.household.derive("repay 2026-04-02");
    let note = county.note(&paid_off).outstanding_minor;
    county.pay(&paid_off, note + 4_133);
    county.until("2026-04-10");
    let (_, _, waived_charge) = {
        let (_, _, added) = county.by_two(officer, &monthly, charge(5_000)).unwrap();
        county.by_two(officer, &monthly, LoanAct::WaiveCharge { charge: added, amount: fen(1_000) }).unwrap()
    };
    county.by_two(officer, &monthly, LoanAct::TakeBack { event: waived_charge }).unwrap();
    let reversed = Happening::Reversed { target: payment };
    let Order::Propose(reversal) = dated(&monthly, date("2026-04-02"), reversed.clone()) else { panic!() };
    county.command_by_two(accountant, reversal).unwrap();
    let reversal = id(0x5E00_0000 + county.next);
    county.order(Actor::SYSTEM, Order::Do(top_up(monthly.household, fen(500)))).unwrap();
    let entries = records::<Entry>(county.backend.as_ref()).into_iter();
    let filled = entries.filter(|entry| entry.cell == monthly.cell && entry.kind == EntryKind::TopUp);
    let filled = filled.max_by_key(|entry| entry.seq).unwrap();
    let reason = "typed twice".to_owned();
    let reverse = Command::Reverse(Reverse { cell: filled.cell, seq: filled.seq, fact: filled.fact, reason });
    county.command_by_two(accountant, reverse.clone()).unwrap();

    let paid = |amount_fen| Happening::Paid { amount_fen };
    let before = books(&county);
    let mut told = Vec::new();
    let mut say = |what: &str, actor: Actor, order| told.push(tried(&mut county, what, actor, order));
    let (own, day) = (farmer(monthly.household), date("2026-04-05"));
    let propose = |what: LoanAct| Order::Propose(act(&monthly, what));
    say("paid before the loan was drawn", accountant, dated(&monthly, date("2026-03-01"), paid(100)));
    say("paid tomorrow", own, repay(&monthly, 100, Some(date("2026-04-11"))));
    say("paid on a closed day", own, repay(&monthly, 100, Some(day)));
    say("paid after the loan was closed", farmer(paid_off.household), repay(&paid_off, 100, None));
    say("dated back to after the loan was closed", accountant, dated(&paid_off, day, paid(100)));
    say(
        "extended beyond its own term once more",
        officer,
        Order::Propose(act(&season, LoanAct::Extend(until("2026-09-03")))),
    );
    say("re-planned where the contract sets no term", officer, replan_to(&season, "2026-06-02", "2060-06-02"));
    say("misuse above the bracket", officer, propose(LoanAct::MarkMisuse { penalty_rate: percent("20") }));
    let above = NewRates { rate: percent("36"), penalty_rate: percent("54") };
    say("a fixed rate set anew", accountant, propose(LoanAct::ResetRate(above)));
    let dearer = Alteration { rates: Some(above), ..until("2026-11-10") };
    say("a rate above the cap", officer, propose(LoanAct::Restructure(dearer.clone())));
    say("a rate above the cap, dated back", accountant, dated(&monthly, day, Happening::Restructured(dearer)));
    say("a reversed payment reversed again", accountant, dated(&monthly, date("2026-04-02"), reversed));
    let again = Happening::Reversed { target: reversal };
    say("a reversal reversed", accountant, dated(&monthly, date("2026-04-02"), again));
    say("an entry reversed again", accountant, Order::Propose(reverse));
    say("an act taken back again", officer, propose(LoanAct::TakeBack { event: waived_charge }));
    let never = LoanAct::TakeBack { event: Id::from_u128(7) };
    say("what never happened, taken back", officer, propose(never));
    for (edge, minor) in [("the most", i64::MAX), ("the least", i64::MIN), ("nothing", 0)] {
        say(&format!("{edge}, paid"), own, repay(&monthly, minor, None));
        let prepaid = LoanAct::Prepay { amount: fen(minor), strategy: PrepayStrategy::ReduceTerm };
        say(&format!("{edge}, prepaid"), own, Order::Do(act(&monthly, prepaid)));
        say(&format!("{edge}, paid and dated back"), accountant, dated(&monthly, day, paid(minor)));
        say(&format!("{edge}, charged"), officer, propose(charge(minor)));
        let waive = LoanAct::Waive { what: Waivable::Interest, amount: fen(minor) };
        say(&format!("{edge}, waived"), officer, propose(waive));
        say(&format!("{edge}, granted"), officer, propose(LoanAct::Grant { amount: fen(minor) }));
        let back = LoanAct::ChargeBack { payment, amount: fen(minor) };
        say(&format!("{edge}, charged back"), accountant, propose(back));
        say(&format!("{edge}, put into a wallet"), Actor::SYSTEM, Order::Do(top_up(monthly.household, fen(minor))));
    }
    assert!(told.iter().all(|line| !line.contains(TAKEN)), "{}", told.join("\n"));
    insta::assert_snapshot!(told.join("\n"), @r"
    paid before the loan was drawn: event … is dated before the loan was disbursed: check its value date
    paid tomorrow: the value date 2026-04-11 lies after the open day 2026-04-10: nothing is booked ahead
    paid on a closed day: 2026-04-05 is closed, 2026-04-10 is open: propose a correction with reference and reason, and have it approved
    paid after the loan was closed: this loan is paid off: nothing is owed any more
    dated back to after the loan was closed: event … is dated after the loan was closed on 2026-04-02: nothing is owed
    extended beyond its own term once more: the rules: all extensions together would be 93 days; 100.00 % of the original term of 92 days is 92
    re-planned where the contract sets no term: not changed: the contract does not say how far it may be re-planned: extend or reschedule it instead
    misuse above the bracket: the misuse rate must be 50.00 to 100.00 % over the contract rate of 9.00 %
    a fixed rate set anew: event … cannot change the contract: the contract's rate is fixed
    a rate above the cap: the loan would come to cost 29.2027 % a year in all, above the cap of 24.00 %: ask for less
    a rate above the cap, dated back: the loan would come to cost 30.0916 % a year in all, above the cap of 24.00 %: ask for less
    a reversed payment reversed again: event … cannot reverse …: it is reversed already
    a reversal reversed: event … cannot reverse …: a reversal is not itself reversed; record the event again
    an entry reversed again: this entry was reversed before, by record 59
    an act taken back again: event … cannot reverse …: it is reversed already
    what never happened, taken back: event … cannot reverse …: there is no such event in this loan
    the most, paid: the amount is larger than 100,000,000,000.00: check it
    the most, prepaid: the amount is larger than 100,000,000,000.00: check it
    the most, paid and dated back: the amount of the event is too large to be kept: split the amount
    the most, charged: event … cannot change the contract: a charge is more than nothing, and a share at most the whole
    the most, waived: the amount is larger than 100,000,000,000.00: check it
    the most, granted: the amount is larger than 100,000,000,000.00: check it
    the most, charged back: the amount is larger than 100,000,000,000.00: check it
    the most, put into a wallet: the amount is larger than 100,000,000,000.00: check it
    the least, paid: the amount must be more than 0.00
    the least, prepaid: the amount must be more than 0.00
    the least, paid and dated back: event … is of no amount: give more than 0.00
    the least, charged: event … cannot change the contract: a charge is more than nothing, and a share at most the whole
    the least, waived: the amount must be more than 0.00
    the least, granted: the amount must be more than 0.00
    the least, charged back: the amount must be more than 0.00
    the least, put into a wallet: the amount must be more than 0.00
    nothing, paid: the amount must be more than 0.00
    nothing, prepaid: the amount must be more than 0.00
    nothing, paid and dated back: event … is of no amount: give more than 0.00
    nothing, charged: event … cannot change the contract: a charge is more than nothing, and a share at most the whole
    nothing, waived: the amount must be more than 0.00
    nothing, granted: the amount must be more than 0.00
    nothing, charged back: the amount must be more than 0.00
    nothing, put into a wallet: the amount must be more than 0.00
    ");
    for ((name, was), (_, is)) in before.iter().zip(books(&county)) {
        assert!(*was == is, "{name} has changed");
    }
    county.verify();
}

#[test]
fn what_cannot_be_is_refused_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    what_cannot_be_is_refused(sqlite(&folder.path().join("books.db")));
}

#[test]
fn what_cannot_be_is_refused_on_postgres() {
    let Some((database, _server)) = postgres("refused") else { return };
    what_cannot_be_is_refused(postgres_backend(&database.url(), "refused"));
}
