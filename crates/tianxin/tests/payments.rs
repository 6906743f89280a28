//! Payments over rails, statements, codes and limits, as the door sees them; and the program against a bank that misbehaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::process::Command as Process;
use std::sync::Arc;

use app::Tianxin;
use app::code::PayCode;
use app::command::{Command, Outcome};
use app::enrol::SealedField;
use app::level::{LevelLimits, SetLevel, WalletLevel};
use app::payment::{
    AnswerPayment, AskPayment, BankAccount, BindAccount, DecidePayment, Payment, PaymentWay, RailTold, TakeCredit,
};
use app::reconcile::{ItemFound, ItemKind, ReconItem, SettleItem, TakeStatement};
use app::tables::{GlBalance, Wallet};
use basics::{Currency, Date, Id, Money, Rate};
use door::{Actor, Backend, DoorError, Order, Request, Role, Stepper, audit};
use support::lending::{close_day, day_begins, told};
use support::proof::records;
use support::*;

fn day(n: i8) -> Date {
    Date::ymd(2026, 3, n).unwrap()
}

struct Office {
    house: Arc<Tianxin>,
    stepper: Stepper<Tianxin>,
    backend: Arc<dyn Backend>,
    asked: u128,
    today: Date,
}

impl Office {
    fn open(house: Tianxin, backend: Arc<dyn Backend>) -> Office {
        let house = Arc::new(house);
        let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
        for answer in stepper.step(founding(40)) {
            told(answer);
        }
        stepper.deliver();
        Office { house, stepper, backend, asked: 0, today: open_date() }
    }

    fn order(&mut self, actor: Actor, order: Order<Command>) -> Result<Outcome, String> {
        self.asked += 1;
        let request = Request::plain(id(0xAA_0000 + self.asked), actor, day_begins(self.today), order);
        let answer = self.stepper.step(vec![request]).remove(0);
        self.stepper.deliver();
        match answer {
            Ok(answer) => Ok(answer.outcome::<Tianxin>().unwrap()),
            Err(DoorError::Refused(refusal)) => Err(refusal.code.to_owned()),
            Err(other) => panic!("{other}"),
        }
    }

    fn ask(&mut self, actor: Actor, command: Command) -> Result<Outcome, String> {
        self.order(actor, Order::Do(command))
    }

    /// Proposed by the accountant, approved by another.
    fn by_two(&mut self, command: Command) -> Result<Outcome, String> {
        let cell = app::command::cell_of(&command);
        let shown = self.order(staff(1, Role::Accountant), Order::Propose(command))?;
        let proposal = id(0xAA_0000 + self.asked);
        let done = self.order(staff(2, Role::Approver), Order::Approve { cell, proposal })?;
        assert_eq!(shown, done, "what was shown is what was done");
        Ok(done)
    }

    fn close(&mut self) {
        told(self.stepper.step(vec![close_day(self.today)]).remove(0));
        for answer in self.stepper.deliver() {
            told(answer);
        }
        self.today = self.today.add_days(1);
    }

    /// Balance and hold of a wallet, in yuan.
    fn wallet(&self, of: Id) -> (i64, i64) {
        let row = records::<Wallet>(self.backend.as_ref()).into_iter().find(|row| row.household == of).unwrap();
        (row.balance_minor / 100, row.held_minor / 100)
    }

    fn payment(&self, n: u128) -> Payment {
        records::<Payment>(self.backend.as_ref()).into_iter().find(|row| row.id == id(n)).unwrap()
    }

    fn state(&self, n: u128) -> &'static str {
        self.payment(n).state.as_str()
    }

    fn prove(&self) {
        audit::verify(self.house.as_ref(), self.backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));
        let rebuilt = audit::rebuild(self.house.as_ref(), self.backend.as_ref(), false).unwrap();
        assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
    }
}

fn paying() -> Tianxin {
    tianxin().as_ref().clone().paying_over(vec!["bank".into()])
}

fn own() -> Actor {
    farmer(household(0))
}

fn bind(account: u128) -> Command {
    let household = household(0);
    Command::BindAccount(BindAccount {
        cell: cell_of(household),
        household,
        account: id(account),
        person: household.derive("head"),
        sealed: SealedField {
            field: BankAccount::field(id(account)),
            ciphertext: vec![1, 2, 3].into(),
            commitment: vec![4; 32].into(),
        },
    })
}

fn pay(n: u128, way: PaymentWay, amount: Money) -> Command {
    Command::AskPayment(asked(n, way, amount))
}

fn asked(n: u128, way: PaymentWay, amount: Money) -> AskPayment {
    let household = household(0);
    AskPayment {
        cell: cell_of(household),
        household,
        payment: id(n),
        way,
        rail: "bank".into(),
        account: id(500),
        amount,
        purpose: "to my own account".into(),
    }
}

fn says(n: u128, told: RailTold) -> Command {
    let household = household(0);
    Command::AnswerPayment(AnswerPayment { cell: cell_of(household), household, payment: id(n), told })
}

fn settled(amount: Money, on: Date, reference: &str) -> RailTold {
    RailTold::Settled { amount, on, reference: reference.into() }
}

fn refused() -> RailTold {
    RailTold::Refused { reason: "AC04: account closed".into() }
}

fn decide(n: u128, moved: Option<Money>) -> Command {
    let household = household(0);
    let reason = "the bank's letter of today".into();
    Command::DecidePayment(DecidePayment { cell: cell_of(household), household, payment: id(n), moved, reason })
}

fn stands(state: &str) -> Result<Outcome, String> {
    Ok(Outcome::PaymentStands { state: state.into() })
}

fn a_payment_lives(backend: Arc<dyn Backend>) {
    let mut office = Office::open(paying(), backend);
    let out = PaymentWay::Out;
    assert_eq!(office.ask(own(), pay(1, out, yuan(300))), Err("unknown_account".into()));
    assert_eq!(office.ask(own(), bind(500)), Ok(Outcome::Done));
    assert_eq!(office.ask(own(), bind(500)), Err("account_exists".into()));
    assert_eq!(office.ask(farmer(household(1)), bind(501)), Err("not_permitted".into()), "only for itself");
    assert_eq!(office.ask(own(), pay(1, out, yuan(300))), Ok(Outcome::PaymentAsked));
    assert_eq!(office.wallet(household(0)), (1_000, 300), "held until the rail has answered");
    for (command, code) in [
        (pay(1, out, yuan(1)), "payment_exists"),
        (pay(9, out, yuan(0)), "amount_not_positive"),
        (Command::AskPayment(AskPayment { rail: "moon".into(), ..asked(9, out, yuan(1)) }), "unknown_rail"),
        (Command::AskPayment(AskPayment { purpose: String::new(), ..asked(9, out, yuan(1)) }), "bad_text"),
        (says(1, refused()), "not_permitted"),
    ] {
        assert_eq!(office.ask(own(), command), Err(code.to_owned()));
    }
    let short = office.ask(own(), pay(9, out, yuan(701)));
    assert_eq!(short, Ok(Outcome::InsufficientFunds { available_minor: 70_000 }));
    // Days pass: no word is no word, and nothing is set free by time.
    for _ in 0..5 {
        office.close();
    }
    assert_eq!((office.state(1), office.wallet(household(0))), ("asked", (1_000, 300)));
    let done = settled(yuan(300), day(4), "B1");
    assert_eq!(office.ask(Actor::SYSTEM, says(1, done.clone())), stands("settled"));
    assert_eq!(office.wallet(household(0)), (700, 0));
    // Said again it changes nothing; a later no is noted for people, and undoes nothing.
    assert_eq!(office.ask(Actor::SYSTEM, says(1, done)), stands("settled"));
    assert!(!office.payment(1).contradicted);
    assert_eq!(office.ask(Actor::SYSTEM, says(1, refused())), stands("settled"));
    assert_eq!((office.wallet(household(0)), office.payment(1).contradicted), ((700, 0), true));
    assert_eq!(office.by_two(decide(1, None)), stands("settled"));
    assert!(!office.payment(1).contradicted);
    assert_eq!(office.by_two(decide(1, None)), Err("payment_not_open".into()));
    // Refused: free again, and a yes that comes after it does not pay.
    assert_eq!(office.ask(own(), pay(2, out, yuan(100))), Ok(Outcome::PaymentAsked));
    assert_eq!(office.ask(Actor::SYSTEM, says(2, refused())), stands("refused"));
    assert_eq!(office.ask(Actor::SYSTEM, says(2, settled(yuan(100), day(5), "B2"))), stands("refused"));
    assert_eq!((office.wallet(household(0)), office.payment(2).contradicted), ((700, 0), true));
    // Another amount: held until two people have decided.
    assert_eq!(office.ask(own(), pay(3, out, yuan(200))), Ok(Outcome::PaymentAsked));
    assert_eq!(office.ask(Actor::SYSTEM, says(3, settled(yuan(199), day(5), "B3"))), stands("questioned"));
    assert_eq!(office.wallet(household(0)), (700, 200));
    assert_eq!(office.ask(staff(1, Role::Accountant), decide(3, Some(yuan(199)))), Err("second_person_needed".into()));
    assert_eq!(office.by_two(decide(3, Some(yuan(201)))), Err("more_than_held".into()));
    assert_eq!(office.by_two(decide(3, Some(yuan(199)))), stands("settled"));
    assert_eq!(office.wallet(household(0)), (501, 0));
    // Money in: nothing is held, and nothing is there before the rail says so.
    assert_eq!(office.ask(own(), pay(4, PaymentWay::In, yuan(50))), Ok(Outcome::PaymentAsked));
    assert_eq!(office.wallet(household(0)), (501, 0));
    assert_eq!(office.ask(Actor::SYSTEM, says(4, settled(yuan(50), day(6), "B4"))), stands("settled"));
    let credit = TakeCredit {
        cell: cell_of(household(0)),
        household: household(0),
        rail: "bank".into(),
        reference: "B5".into(),
        amount: yuan(7),
        on: day(6),
    };
    assert_eq!(office.ask(Actor::SYSTEM, Command::TakeCredit(credit.clone())), Ok(Outcome::Done));
    assert_eq!(office.ask(Actor::SYSTEM, Command::TakeCredit(credit)), Ok(Outcome::AlreadyThere));
    assert_eq!(office.wallet(household(0)), (558, 0));
    let bank = records::<GlBalance>(office.backend.as_ref());
    assert!(bank.iter().all(|row| row.held_minor == 0), "nothing of the bank balance is held any more");
    office.close();
    office.prove();
}

#[test]
fn a_payment_is_held_until_its_rail_has_said_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    a_payment_lives(sqlite(&folder.path().join("a.db")));
    if let Some((database, _server)) = postgres("payments") {
        a_payment_lives(postgres_backend(&database.url(), "payments"));
    }
}

fn statement(name: &str, on: Date, digest: u8, balances: (i64, i64), items: Vec<ItemFound>) -> Command {
    Command::TakeStatement(TakeStatement {
        rail: "bank".into(),
        statement: name.into(),
        day: on,
        digest: vec![digest; 32].into(),
        opening: yuan(balances.0),
        closing: yuan(balances.1),
        lines: 5,
        matched: 3,
        items,
    })
}

#[test]
fn statements_are_taken_once_in_their_order_and_items_closed_by_two() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(paying(), sqlite(&folder.path().join("a.db")));
    let item = |n: u128, bank_minor, books_minor| ItemFound {
        id: id(n),
        kind: if bank_minor == 0 { ItemKind::BooksOnly } else { ItemKind::BankOnly },
        reference: Some(format!("B{n}")),
        bank_minor,
        books_minor,
        of: None,
        words: "?".into(),
    };
    let mut take = |command| office.ask(Actor::SYSTEM, command);
    let first = statement("S2", day(2), 1, (100, 300), vec![item(1, -500, 0), item(2, 0, -500), item(3, 70, 0)]);
    assert_eq!(take(first.clone()), Ok(Outcome::Reconciled { matched: 3, differing: 3 }));
    for (command, code) in [
        (first, "statement_known"),
        (statement("S2", day(2), 2, (100, 300), vec![]), "statement_changed"),
        (statement("S1", day(1), 3, (0, 100), vec![]), "statement_late"),
        (statement("S4", day(4), 4, (301, 400), vec![]), "statement_gap"),
    ] {
        assert_eq!(take(command), Err(code.to_owned()));
    }
    assert_eq!(
        take(statement("S4", day(4), 4, (300, 400), vec![])),
        Ok(Outcome::Reconciled { matched: 3, differing: 0 })
    );
    let settle = |item: u128, with: Option<u128>| {
        let reason = "the bank booked it a day late".into();
        Command::SettleItem(SettleItem { item: id(item), with: with.map(id), reason })
    };
    assert_eq!(office.ask(staff(1, Role::Accountant), settle(3, None)), Err("second_person_needed".into()));
    assert_eq!(office.by_two(settle(1, Some(1))), Err("same_item".into()));
    assert_eq!(office.by_two(settle(1, Some(2))), Ok(Outcome::Done));
    assert_eq!(office.by_two(settle(2, None)), Err("item_closed".into()));
    assert_eq!(office.by_two(settle(9, None)), Err("unknown_item".into()));
    let rows = records::<ReconItem>(office.backend.as_ref());
    let shown: Vec<_> = rows.iter().map(|row| (row.id, row.state.as_str(), row.closed_with)).collect();
    let expected = [(id(1), "closed", Some(id(2))), (id(2), "closed", Some(id(1))), (id(3), "open", None)];
    assert_eq!(shown, expected);
    office.prove();
}

fn code(payer: Id, payee: Id, n: u128, amount: Money) -> Command {
    Command::PayCode(PayCode {
        cell: cell_of(payer),
        household: payer,
        code: id(n),
        merchant: id(900),
        to: (cell_of(payee), payee),
        amount,
        discount: Rate::parse_percent("0.60").unwrap(),
    })
}

#[test]
fn a_code_is_paid_once_whoever_pays_it_and_wherever() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(paying(), sqlite(&folder.path().join("a.db")));
    let near = |of: Id, same: bool| (0..40).map(household).find(|h| *h != of && (cell_of(*h) == cell_of(of)) == same);
    let merchant = household(0);
    let (here, elsewhere) = (near(merchant, true).unwrap(), near(merchant, false).unwrap());
    assert_eq!(office.ask(farmer(here), code(here, merchant, 1, yuan(100))), Ok(Outcome::Done));
    assert_eq!(office.ask(farmer(here), code(here, merchant, 1, yuan(100))), Err("code_spent".into()));
    let balance = |office: &Office, of: Id| {
        records::<Wallet>(office.backend.as_ref()).into_iter().find(|row| row.household == of).unwrap().balance_minor
    };
    assert_eq!((balance(&office, here), balance(&office, merchant)), (90_000, 109_940), "0.60 % are kept");
    // From another cell: it is held, arrives, and is posted.
    let sent = office.ask(farmer(elsewhere), code(elsewhere, merchant, 2, yuan(50)));
    assert!(matches!(sent, Ok(Outcome::OnItsWay { .. })), "{sent:?}");
    assert_eq!((balance(&office, elsewhere), balance(&office, merchant)), (95_000, 114_910));
    // Somebody else was quicker: the money comes back.
    let late = office.ask(farmer(elsewhere), code(elsewhere, merchant, 1, yuan(100)));
    assert!(matches!(late, Ok(Outcome::OnItsWay { .. })), "{late:?}");
    assert_eq!((balance(&office, elsewhere), office.wallet(elsewhere).1), (95_000, 0));
    assert_eq!(balance(&office, merchant), 114_910);
    assert_eq!(office.ask(farmer(merchant), code(merchant, merchant, 3, yuan(1))), Err("same_wallet".into()));
    assert_eq!(office.ask(farmer(here), code(here, id(77), 3, yuan(1))).map(|_| ()), Ok(()), "no such payee is a no");
    office.prove();
}

#[test]
fn what_a_household_moves_itself_is_limited_by_how_well_it_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let of = |level, payment, day, year| LevelLimits {
        level,
        per_payment_minor: Some(payment),
        per_day_minor: Some(day),
        per_year_minor: Some(year),
    };
    let limits = vec![of(WalletLevel::Basic, 10_000, 15_000, 20_000), of(WalletLevel::Full, 50_000, 80_000, 1_000_000)];
    let mut office = Office::open(paying().limiting(limits), sqlite(&folder.path().join("a.db")));
    let payee = household(1);
    let over = |which: &str, left_minor| Ok(Outcome::OverLimit { which: which.into(), left_minor });
    let move_out = |office: &mut Office, minor: i64| {
        let amount = Money::new(minor, Currency::CNY);
        office.ask(own(), transfer(household(0), payee, amount)).map(|outcome| match outcome {
            Outcome::OnItsWay { .. } => Outcome::Done,
            other => other,
        })
    };
    assert_eq!(move_out(&mut office, 10_001), over("payment", 10_000));
    assert_eq!(move_out(&mut office, 9_000), Ok(Outcome::Done));
    assert_eq!(move_out(&mut office, 6_001), over("day", 6_000));
    // Every way out counts, what staff do does not.
    assert_eq!(office.ask(own(), withdraw(household(0), yuan(60))), Ok(Outcome::Done));
    assert_eq!(office.ask(own(), withdraw(household(0), yuan(1))), over("day", 0));
    assert_eq!(office.ask(staff(5, Role::Clerk), withdraw(household(0), yuan(1))), Ok(Outcome::Done));
    office.close();
    assert_eq!(move_out(&mut office, 5_001), over("year", 5_000));
    let level = |level| {
        let household = household(0);
        let evidence = "seen at the window with the card".into();
        Command::SetLevel(SetLevel { cell: cell_of(household), household, level, evidence })
    };
    assert_eq!(office.ask(staff(3, Role::Officer), level(WalletLevel::Full)), Err("second_person_needed".into()));
    assert_eq!(office.ask(Actor::SYSTEM, level(WalletLevel::Full)), Ok(Outcome::Done));
    assert_eq!(office.ask(Actor::SYSTEM, level(WalletLevel::Full)), Err("level_stands".into()));
    assert_eq!(move_out(&mut office, 5_001), Ok(Outcome::Done));
    // A level that the file does not name may move nothing.
    assert_eq!(office.ask(Actor::SYSTEM, level(WalletLevel::Checked)), Ok(Outcome::Done));
    assert_eq!(move_out(&mut office, 1), over("payment", 0));
    office.prove();
}

/// The program against a bank of its own that loses, delays, repeats, refuses, moves wrong amounts and pays twice, while the platform is
/// killed with signal 9.
#[test]
fn a_short_campaign_pays_each_once_and_loses_none() {
    let mut program = Process::new(env!("CARGO_BIN_EXE_tianxin"));
    program.args(["sandbox-bank", "campaign", "--payments", "300", "--kills", "4", "--seed", "7", "--json"]);
    let output = program.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}\n{err}");
    let told: serde_json::Value = serde_json::from_str(out.trim()).unwrap();
    let figure = |name: &str| told[name].as_u64().unwrap_or_else(|| panic!("no {name}: {told}"));
    assert_eq!(figure("settled") + figure("refused") + figure("in_question"), 300);
    for fault in ["refused", "in_question", "paid_twice_by_bank", "credits_found"] {
        assert!(figure(fault) > 0, "{fault} was never met: {told}");
    }
}

/// What a run said, and what it ended with.
fn run(data: &std::path::Path, args: &[&str]) -> (i32, String) {
    let output = Process::new(env!("CARGO_BIN_EXE_tianxin")).arg("--data").arg(data).args(args).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn a_statement_file_is_taken_once_and_one_cut_short_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_eq!(run(&data, &["init", "--name", "X", "--open-date", "2026-03-02", "--cells", "4"]).0, 0);
    let none = run(&data, &["books", "reconcile", "--day", "2026-03-02"]);
    assert!(none.0 == 2 && none.1.contains("no rail is set up"), "{none:?}");
    let settings = data.join("institution.toml");
    let rail =
        "\n[[rail]]\nname = \"bank\"\nkind = \"bank_files\"\nfolder = \"bank\"\naccount = \"1002\"\nbank = \"402\"\n";
    std::fs::write(&settings, std::fs::read_to_string(&settings).unwrap() + rail).unwrap();
    let line = rails::StatementLine {
        reference: "B1".into(),
        order: None,
        amount: yuan(7),
        flow: rails::Flow::In,
        words: "who knows".into(),
    };
    let told = rails::Statement {
        id: "S1".into(),
        account: "1002".into(),
        day: day(2),
        opening: yuan(100),
        closing: yuan(107),
        lines: vec![line],
    };
    let write = |name: &str, told: &rails::Statement, part: usize| {
        let text = rails::iso::statement("M1", morning(), told);
        let path = folder.path().join(name);
        std::fs::write(&path, &text[..text.len() / part]).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let take = |file: &str| run(&data, &["books", "reconcile", "--statement", file]);
    let whole = write("whole.xml", &told, 1);
    for (file, why) in [
        (write("cut.xml", &told, 2), "it is cut short"),
        (write("other.xml", &rails::Statement { account: "999".into(), ..told.clone() }, 1), "of account 999"),
    ] {
        let said = take(&file);
        assert!(said.0 == 1 && said.1.contains(why), "{said:?}");
    }
    let first = take(&whole);
    assert!(first.0 == 0 && first.1.contains("0 lines agree with the books, 1 do not"), "{first:?}");
    assert!(first.1.contains("bank_only") && first.1.contains("bank 7.00, books 0.00  who knows"), "{first:?}");
    let again = take(&whole);
    assert!(again.0 == 1 && again.1.contains("statement S1 of 2026-03-02 was taken before"), "{again:?}");
    let listed = run(&data, &["books", "reconcile", "--json"]);
    let object: serde_json::Value = serde_json::from_str(listed.1.trim()).unwrap();
    assert_eq!((&object["items"][0]["reference"], &object["statement"]), (&"B1".into(), &serde_json::Value::Null));
    let day = run(&data, &["books", "reconcile", "--day", "2026-03-03"]);
    assert!(day.0 == 3 && day.1.contains("the bank has left no statement of 2026-03-03 yet"), "{day:?}");
    assert_eq!(run(&data, &["audit", "verify"]).0, 0);
}
