//! Books that close: sub-ledgers held against the general ledger, on any day, with what differs named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::Path;
use std::sync::Arc;

use app::command::{Command, Outcome};
use app::general_ledger::{self, LedgerReadError};
use app::line::CreditLine;
use app::period::{
    ClosePeriod, Period, PeriodAct, PeriodChecks, PeriodEvent, PeriodState, ReopenPeriod, freeze, standing, state_of,
};
use app::posting::Role as Subject;
use app::tables::{LoanNote, Wallet};
use app::tie::{Depth, Tie, TieError, TieItemKind, TiePart};
use basics::{Cell, Date, Id};
use door::{Backend, Order, Role, audit};
use support::lending::{Wish, lender};
use support::office::{County, date, wish};
use support::proof::records;
use support::*;

fn tie(backend: &dyn Backend, on: Date, depth: Depth) -> Result<Tie, TieError> {
    let mut connection = backend.connect().unwrap();
    connection.begin_snapshot().unwrap();
    let tie = lender().tie(connection.as_mut(), backend.cells(), on, depth);
    connection.rollback();
    tie
}

/// Three loans, one of which is never paid and goes off balance, and money that crosses cells.
fn lived(path: &Path, until: &str) -> (County, Vec<Wish>) {
    // More households than cells, so that two share one.
    let mut wishes = vec![wish(0, "short-working-capital", 600_000, 6), wish(1, "short-working-capital", 300_000, 3)];
    wishes.extend((2..6).map(|n| wish(n, "season-bullet", 200_000, 6)));
    let mut county = County::new(sqlite(path), &wishes);
    county.until("2026-04-02");
    county.pay(&wishes[0], 105_000);
    let over = transfer(household(1), household(0), yuan(3));
    county.order(farmer(household(1)), Order::Do(over)).unwrap();
    county.stepper.deliver();
    county.until(until);
    (county, wishes)
}

fn alter(path: &Path, statement: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(statement).unwrap();
}

fn blob(id: Id) -> String {
    format!("x'{}'", id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[test]
fn sub_ledgers_are_the_general_ledger_on_every_day() {
    let folder = tempfile::tempdir().unwrap();
    let (county, wishes) = lived(&folder.path().join("a.db"), "2026-08-20");
    let backend: Arc<dyn Backend> = county.backend.clone();
    let days = ["2026-03-02", "2026-03-31", "2026-04-02", "2026-06-02", "2026-07-31", "2026-08-19", "2026-08-20"];
    for day in days {
        let tie = tie(backend.as_ref(), date(day), Depth::EachItem).unwrap();
        assert!(tie.agrees(), "{day}: {:?}", tie.differing().collect::<Vec<_>>());
        assert_eq!(tie.open, day == "2026-08-20");
        assert!(tie.lines.iter().any(|line| line.cell.is_none() && line.part == TiePart::OverCells));
    }
    let last = tie(backend.as_ref(), date("2026-08-20"), Depth::Totals).unwrap().by_subject();
    let of = |role: Subject| {
        let subject = county.house.subjects.roles.code(role);
        last.iter().find(|line| line.part == TiePart::SubLedger && line.subject == subject).cloned()
    };
    // What is compared is not nothing: principal, wallets, accrued interest, off-balance interest, the allowance.
    let principal: i64 = wishes.iter().map(|wish| county.note(wish).outstanding_minor).sum();
    assert_eq!(of(Subject::LoanPrincipal).unwrap().sub_minor, principal);
    for role in [Subject::Wallet, Subject::InterestAccrued, Subject::OffInterest, Subject::LoanAllowance] {
        assert_ne!(of(role).unwrap().ledger_minor, 0, "{}", role.as_str());
    }
    assert!(records::<CreditLine>(backend.as_ref()).is_empty());
    let ahead = tie_error(backend.as_ref(), date("2026-08-21"));
    assert!(matches!(ahead, TieError::Read(LedgerReadError::Ahead { .. })), "{ahead}");
}

fn tie_error(backend: &dyn Backend, on: Date) -> TieError {
    tie(backend, on, Depth::Totals).unwrap_err()
}

#[test]
fn what_was_altered_by_hand_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (county, wishes) = lived(&path, "2026-05-05");
    let open = county.day;
    let backend = county.backend.clone();
    let note = county.note(&wishes[0]);
    let found = |depth| tie(backend.as_ref(), open, depth).unwrap();
    assert!(found(Depth::EachItem).agrees());

    // A note that owes a fen more than its events and its postings say.
    let of_note = format!("UPDATE loan SET outstanding_minor = outstanding_minor + 1 WHERE id = {}", blob(note.id));
    alter(&path, &of_note);
    let tie_of_note = found(Depth::Totals);
    let line = tie_of_note.differing().next().unwrap();
    assert_eq!((line.cell, line.difference_minor()), (Some(note.cell), 1));
    assert_eq!(line.posted_minor, Some(line.ledger_minor), "the postings stand by the ledger");
    let item = &line.differing[0];
    assert_eq!((item.kind, item.id, item.household), (TieItemKind::Note, note.id, Some(note.household)));
    assert_eq!((item.sub_minor, item.should_minor), (note.outstanding_minor + 1, note.outstanding_minor));
    assert!(item.by_events);
    assert_eq!(tie_of_note.differing().count(), 1);
    alter(&path, &of_note.replace("+ 1", "- 1"));
    assert!(found(Depth::EachItem).agrees());

    // A subject's balance: no item differs, and the postings name the side that is wrong.
    let principal = i64::from(county.house.subjects.roles.code(Subject::LoanPrincipal).0);
    let of_subject = format!(
        "UPDATE gl_balance SET balance_minor = balance_minor - 7 WHERE cell = {} AND subject = {principal}",
        note.cell.0
    );
    alter(&path, &of_subject);
    let mut connection = backend.connect().unwrap();
    let told = lender().tie(connection.as_mut(), backend.cells(), open, Depth::Totals).unwrap_err();
    assert!(told.to_string().contains("audit verify"), "the days' sums do not meet it either: {told}");
    let of_days = format!(
        "UPDATE gl_balance SET day_credit_minor = day_credit_minor + 7 WHERE cell = {} AND subject = {principal}",
        note.cell.0
    );
    alter(&path, &of_days);
    let tie_of_subject = found(Depth::Totals);
    let line = tie_of_subject.differing().next().unwrap();
    assert_eq!((line.difference_minor(), line.differing.len()), (7, 0));
    assert_eq!(line.posted_minor, Some(line.sub_minor));
    alter(&path, &of_subject.replace("- 7", "+ 7"));
    alter(&path, &of_days.replace("+ 7", "- 7"));

    // Two wallets of a cell that cancel out: only a look at each finds them.
    let wallets: Vec<Wallet> = records::<Wallet>(backend.as_ref());
    let (one, other) = wallets
        .iter()
        .flat_map(|one| wallets.iter().map(move |other| (one, other)))
        .find(|(one, other)| one.cell == other.cell && one.household != other.household)
        .expect("two households share a cell");
    for (wallet, change) in [(one, "+ 5"), (other, "- 5")] {
        let of = blob(wallet.household);
        alter(&path, &format!("UPDATE wallet SET balance_minor = balance_minor {change} WHERE household = {of}"));
    }
    assert!(found(Depth::Totals).agrees());
    let each = found(Depth::EachItem);
    let line = each.differing().next().unwrap();
    assert_eq!((line.cell, line.difference_minor(), line.differing.len()), (Some(one.cell), 0, 2));
    assert!(line.differing.iter().all(|item| item.kind == TieItemKind::Wallet && !item.by_events));

    // What is derived of a closed day knows nothing of rows that were altered since.
    let closed = open.add_days(-1);
    assert!(tie(backend.as_ref(), closed, Depth::EachItem).unwrap().agrees());
    // What the closes told of it does.
    let of_day = format!(
        "UPDATE subject_day SET balance_minor = balance_minor + 9 WHERE day = '{closed}' AND subject = {principal}"
    );
    alter(&path, &of_day);
    let tie_of_day = tie(backend.as_ref(), closed, Depth::Totals).unwrap();
    let line = tie_of_day.differing().next().unwrap();
    assert_eq!((line.cell, line.part, line.difference_minor()), (None::<Cell>, TiePart::OverCells, -9));
    alter(&path, &of_day.replace("+ 9", "- 9"));

    // A row that is gone leaves its postings behind.
    alter(&path, &format!("DELETE FROM loan WHERE id = {}", blob(note.id)));
    assert!(records::<LoanNote>(backend.as_ref()).iter().all(|left| left.id != note.id));
    let gone = found(Depth::Totals);
    let named = gone.differing().flat_map(|line| &line.differing).any(|item| item.id == note.id && item.sub_minor == 0);
    assert!(named, "{:?}", gone.differing().collect::<Vec<_>>());
}

fn named(name: &str) -> Period {
    Period::parse(name).unwrap()
}

/// The command that closes a period, with nothing left open.
fn closing(name: &str) -> ClosePeriod {
    let period = named(name);
    let checks = PeriodChecks { tied_on: period.last(), tied_lines: 40, differing: 0, items_open: 0, payments_open: 0 };
    ClosePeriod { period, checks, note: None }
}

fn close(county: &mut County, name: &str) -> Result<Outcome, String> {
    county.command_by_two(staff(11, Role::Accountant), Command::ClosePeriod(closing(name)))
}

fn reopen(county: &mut County, name: &str) -> Result<Outcome, String> {
    let reason = "the auditor asked for another look".to_owned();
    let command = Command::ReopenPeriod(ReopenPeriod { period: named(name), reason });
    county.command_by_two(staff(11, Role::Accountant), command)
}

fn hash_of(backend: &dyn Backend, name: &str) -> Vec<u8> {
    let period = named(name);
    let mut connection = backend.connect().unwrap();
    let turnovers =
        general_ledger::turnovers(connection.as_mut(), backend.cells(), period.first, period.last()).unwrap();
    freeze(&turnovers).1.to_vec()
}

#[test]
fn months_quarters_and_years_close_in_their_order_by_two_people() {
    let folder = tempfile::tempdir().unwrap();
    let (mut county, _) = lived(&folder.path().join("a.db"), "2026-04-20");
    let accountant = staff(11, Role::Accountant);
    let refused = |answer: Result<Outcome, String>, words: &str| {
        let told = answer.unwrap_err();
        assert!(told.contains(words), "{told}");
    };
    refused(close(&mut county, "2026-04"), "close its days first");
    refused(county.order(accountant, Order::Do(Command::ClosePeriod(closing("2026-03")))), "needs a second person");
    let no_period = Period { kind: named("2026-Q1").kind, first: date("2026-02-01") };
    refused(
        county.order(
            accountant,
            Order::Propose(Command::ClosePeriod(ClosePeriod { period: no_period, ..closing("2026-Q1") })),
        ),
        "no quarter begins on",
    );
    let with = |change: fn(&mut ClosePeriod)| {
        let mut close = closing("2026-03");
        change(&mut close);
        Order::Propose(Command::ClosePeriod(close))
    };
    refused(county.order(accountant, with(|close| close.checks.differing = 2)), "2 sub-ledgers differ");
    refused(county.order(accountant, with(|close| close.checks.tied_on = date("2026-03-30"))), "2026-03-31");
    refused(county.order(accountant, with(|close| close.checks.items_open = 3)), "say in a note");

    let frozen = close(&mut county, "2026-03").unwrap();
    assert_eq!(frozen, Outcome::PeriodFrozen { hash: hash_of(county.backend.as_ref(), "2026-03").into() });
    refused(close(&mut county, "2026-03"), "closed already");
    // The books begin in March: the quarter is made of that month alone.
    close(&mut county, "2026-Q1").unwrap();

    county.until("2026-06-03");
    refused(close(&mut county, "2026-05"), "close 2026-04 first");
    let noted = Order::Propose(Command::ClosePeriod(ClosePeriod {
        checks: PeriodChecks { items_open: 1, ..closing("2026-04").checks },
        note: Some("one credit of unknown origin, asked of the bank".into()),
        ..closing("2026-04")
    }));
    county.order(accountant, noted).unwrap();
    let proposal = id(0x5E00_0000 + county.next);
    county.order(staff(9, Role::Approver), Order::Approve { cell: Cell::OFFICE, proposal }).unwrap();
    refused(close(&mut county, "2026-Q2"), "2026-06-30");

    // Until the next is closed, and what it is part of.
    refused(reopen(&mut county, "2026-03"), "2026-04 is closed");
    refused(reopen(&mut county, "2026-05"), "not closed");
    reopen(&mut county, "2026-04").unwrap();
    refused(reopen(&mut county, "2026-03"), "2026-Q1 is closed");
    let events: Vec<PeriodEvent> = records(county.backend.as_ref());
    assert_eq!(state_of(&events, named("2026-04")), PeriodState::Reopened);
    let (state, reopened) = standing(&events, date("2026-03-15"), date("2026-04-15"));
    assert_eq!((state, reopened.len()), (PeriodState::Reopened, 1));
    assert_eq!(reopened[0].words.as_deref(), Some("the auditor asked for another look"));
    refused(close(&mut county, "2026-05"), "close 2026-04 first");

    // Nothing is posted into closed days: the figures are the same when it is closed again, and the reopening stays on record.
    let again = close(&mut county, "2026-04").unwrap();
    let events: Vec<PeriodEvent> = records(county.backend.as_ref());
    let of_april: Vec<_> = events.iter().filter(|event| event.period() == named("2026-04")).collect();
    let acts: Vec<PeriodAct> = of_april.iter().map(|event| event.act).collect();
    assert_eq!(acts, [PeriodAct::Closed, PeriodAct::Reopened, PeriodAct::Closed]);
    assert_eq!(again, Outcome::PeriodFrozen { hash: of_april[0].hash.clone().into() });
    assert_eq!(standing(&events, date("2026-04-01"), date("2026-04-30")).1.len(), 1);
    assert_eq!(of_april[0].left_open, 1);
    let lines = of_april[2].lines().unwrap();
    assert!(lines.iter().any(|line| line.debit_minor != 0) && lines.len() > 5);

    county.verify();
    let rebuilt = audit::rebuild(county.house.as_ref(), county.backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
}
