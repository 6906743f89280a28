//! A statement line through the door, on both engines: the worked example of practice, the books, and who may do what.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at the first surprise")]

mod support;

use std::sync::Arc;

use app::application::{Apply, Decide};
use app::close::CloseDay;
use app::command::{Command, Outcome};
use app::holding::Holding;
use app::line::{
    BOOK_LINE, CorrectLine, CreditLine, CreditLineEvent, LineAct, LineView, MoveLine, OpenLine, RegisterMerchant,
    Settles, line_view,
};
use app::remind::Notice;
use app::tables::{ApplicationStatus, CellDay, Entry, EntryKind, GlBalance, Posting, Wallet};
use app::{Institution, Tianxin};
use basics::{Cell, Currency, Date, Id, Instant, Money, Rate, cbor};
use door::table::Record;
use door::{Actor, Backend, DoorError, Engine, EngineOptions, Order, Request, Role, audit, key};
use ledger::Chart;
use loan::line::{LineEvent, LineWaivable, quote};
use loan::remind::ReminderPlan;
use loan::{Component, LoanClass};
use support::*;

struct House {
    engine: Engine<Tianxin>,
    backend: Arc<dyn Backend>,
    tianxin: Arc<Tianxin>,
    household: Id,
    cell: Cell,
    line: Id,
}

fn fen(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}

impl House {
    /// A household with 2,000.00 in its wallet and a line of 5,000.00 under a facility of 6,000.00.
    fn new(backend: Arc<dyn Backend>) -> House {
        let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
        let products = ["season-bullet", "revolving-consumer-line"].map(|code| loan::product::shipped(code).unwrap());
        let tianxin = Tianxin::new(Institution::rural_bank("Test"), chart).unwrap().lending(products.into());
        let tianxin = Arc::new(tianxin.reminding(ReminderPlan::shipped().unwrap()));
        let engine = Engine::start(tianxin.clone(), backend.clone(), EngineOptions::default()).unwrap();
        let household = household(1);
        let house = House { engine, backend, tianxin, household, cell: cell_of(household), line: id(0x11E) };
        house.done(1, Actor::SYSTEM, enrol(household));
        house.done(2, Actor::SYSTEM, top_up(household, yuan(2_000)));
        assert_eq!(house.open(3), Ok(Outcome::OverFacility { available_minor: 0 }), "no facility yet");
        house.facility();
        house.done(5, farmer(household), house.opening());
        assert_eq!(house.open(6), Err("line_exists".to_owned()));
        house
    }

    fn opening(&self) -> Command {
        let (cell, household, line) = (self.cell, self.household, self.line);
        let product = "revolving-consumer-line".to_owned();
        let rate = self.tianxin.product(&product).unwrap().price(None).unwrap();
        let text_hash = vec![7; 32].into();
        let evidence = "page, 20 s".into();
        Command::OpenLine(OpenLine {
            cell,
            household,
            line,
            product,
            limit: yuan(5_000),
            months: 12,
            rate,
            text_hash,
            evidence,
        })
    }

    fn open(&self, n: u128) -> Result<Outcome, String> {
        self.order(n, farmer(self.household), Order::Do(self.opening())).map_err(code)
    }

    fn facility(&self) {
        let (cell, household, application) = (self.cell, self.household, id(0xA1));
        let product = self.tianxin.product("season-bullet").unwrap();
        self.done(
            0x141,
            farmer(household),
            Command::Apply(Apply {
                cell,
                household,
                application,
                product: product.code.clone(),
                amount: yuan(1_000),
                term_months: 12,
                purpose: product.uses[0].clone(),
                season: None,
            }),
        );
        let decide = Command::Decide(Decide {
            cell,
            household,
            application,
            decision: id(0xD1),
            status: ApplicationStatus::Approved,
            approved_minor: 100_000,
            rate: product.pricing.rates()[0],
            limit_minor: 600_000,
            profile_version: 0,
            exposure_minor: 0,
            reasons: Vec::new(),
            model: String::new(),
            rules: "r".into(),
            person: household.derive("head"),
            record: vec![1].into(),
            commitment: vec![2].into(),
            explored: None,
            withheld: false,
        });
        self.order(0x142, Actor::SYSTEM, Order::Do(decide)).unwrap();
    }

    fn order(&self, n: u128, actor: Actor, order: Order<Command>) -> Result<Outcome, DoorError> {
        let at = Instant(i64::from(self.today().days()) * 86_400_000_000 + 3_600_000_000);
        let answer = self.engine.call(Request::plain(id(0x11E0_0000 + n), actor, at, order))?;
        Ok(answer.outcome::<Tianxin>().unwrap())
    }

    fn done(&self, n: u128, actor: Actor, command: Command) {
        assert_eq!(self.order(n, actor, Order::Do(command)).unwrap(), Outcome::Done);
    }

    fn act(&self, act: LineAct) -> Command {
        Command::MoveLine(MoveLine { cell: self.cell, household: self.household, line: self.line, act })
    }

    /// (used, available, owed, minimum) after it.
    fn moves(&self, n: u128, actor: Actor, act: LineAct) -> (i64, i64, i64, i64) {
        match self.order(n, actor, Order::Do(self.act(act))).unwrap() {
            Outcome::LineMoved { used_minor, available_minor, owed_minor, minimum_minor } => {
                (used_minor, available_minor, owed_minor, minimum_minor)
            }
            other => panic!("{other:?}"),
        }
    }

    fn refused(&self, n: u128, actor: Actor, act: LineAct) -> String {
        code(self.order(n, actor, Order::Do(self.act(act))).unwrap_err())
    }

    fn rows<R: Record>(&self, prefix: door::table::Key) -> Vec<R> {
        let columns: Vec<usize> = (0..prefix.len()).collect();
        let rows = self.backend.connect().unwrap().load_many(R::table(), &columns, &[prefix]).unwrap();
        rows.iter().map(|row| R::from_row(row).unwrap()).collect()
    }

    fn row(&self) -> CreditLine {
        self.rows(key![self.cell, self.household, self.line]).remove(0)
    }

    fn view(&self) -> LineView {
        let rows: Vec<CreditLineEvent> = self.rows(key![self.cell, self.household, self.line]);
        let events: Vec<LineEvent> = rows.iter().map(|row| cbor::from_bytes(&row.bytes).unwrap()).collect();
        line_view(self.row(), events, self.today()).unwrap()
    }

    fn wallet(&self) -> i64 {
        self.rows::<Wallet>(key![self.cell, self.household])[0].balance_minor
    }

    /// The ledger's balance of a role, debit positive.
    fn ledger(&self, role: &str) -> i64 {
        let subject = i64::from(self.tianxin.chart.role(role).unwrap().code.0);
        let rows: Vec<GlBalance> = self.rows(key![self.cell]);
        rows.iter().filter(|row| row.subject == subject).map(|row| row.balance_minor).sum()
    }

    /// What stands on the line's own sub-accounts.
    fn posted(&self, book: u16) -> i64 {
        let rows: Vec<Posting> = self.rows(key![self.cell]);
        let own = rows.iter().filter(|row| row.book == i64::from(book) && row.account == Some(self.line));
        own.map(|row| row.amount_minor).sum()
    }

    fn today(&self) -> Date {
        let heads: Vec<door::tables::CellHead> = self.rows(key![Cell::OFFICE]);
        heads[0].open_date
    }

    /// Closes days until `day` is open; what they bring to the line is booked by the close.
    fn close_until(&self, day: &str, n: u128) {
        let day = Date::parse(day).unwrap();
        while self.today() < day {
            let open = self.today();
            let close = Command::CloseDay(CloseDay { day: open });
            let at = Instant(i64::from(open.days()) * 86_400_000_000 + 3_600_000_000);
            let close_id = id(0x11E8_0000 + n * 0x1000 + u128::from(open.days() as u32));
            self.engine.call(Request::plain(close_id, Actor::SYSTEM, at, Order::Do(close))).unwrap();
            self.engine.settle();
        }
    }

    /// Books and line agree, and the audit finds nothing.
    fn proven(&self) {
        let (row, view) = (self.row(), self.view());
        assert_eq!(row.used_minor, view.state.used_fen);
        let held = self.held();
        let on_balance = if held.written_off_fen != 0 { 0 } else { row.used_minor };
        assert_eq!((self.posted(BOOK_LINE), self.ledger("line_principal")), (on_balance, on_balance));
        let unpaid = |component| i64::try_from(held.unpaid_fen(component)).unwrap();
        let (interest, penalty) = if held.stage.is_accruing() {
            ("interest_receivable", "penalty_receivable")
        } else {
            ("off_interest", "off_penalty")
        };
        assert_eq!(self.ledger(interest), unpaid(Component::Interest));
        assert_eq!(self.ledger(penalty), unpaid(Component::Penalty));
        assert_eq!(self.ledger("fee_receivable"), unpaid(Component::Fee));
        assert_eq!(self.ledger("loan_credit"), -row.credit_minor);
        self.engine.settle();
        audit::verify(self.tianxin.as_ref(), self.backend.as_ref(), None).unwrap();
        audit::rebuild(self.tianxin.as_ref(), self.backend.as_ref(), false).unwrap();
    }

    fn held(&self) -> Holding {
        Holding::of_line(&self.row()).unwrap()
    }
}

fn code(error: DoorError) -> String {
    match error {
        DoorError::Refused(refusal) => refusal.code.to_owned(),
        other => panic!("{other:?}"),
    }
}

fn buy(amount: &str) -> LineAct {
    LineAct::Buy { merchant: id(0x3E), category: "household-goods".into(), amount: fen(amount), settles: None }
}

fn lives(backend: Arc<dyn Backend>) {
    let house = House::new(backend);
    let me = farmer(house.household);
    let (clerk, officer, approver) = (staff(1, Role::Clerk), staff(2, Role::Officer), staff(3, Role::Approver));
    assert_eq!(house.moves(0x10, me, buy("600")), (60_000, 440_000, 60_000, 0));
    assert_eq!(house.moves(0x11, me, buy("400")), (100_000, 400_000, 100_000, 0));
    assert_eq!(house.ledger("merchant_payable"), -100_000);
    assert_eq!(code(house.order(0x12, farmer(id(9)), Order::Do(house.act(buy("1")))).unwrap_err()), "not_permitted");
    let jewels = LineAct::Buy { merchant: id(0x3E), category: "jewellery".into(), amount: fen("1"), settles: None };
    assert_eq!(house.refused(0x13, me, jewels), "line_event");
    let over = house.order(0x14, me, Order::Do(house.act(buy("4000.01")))).unwrap();
    assert_eq!(over, Outcome::OverLine { available_minor: 400_000 });
    // The facility of 6,000.00 holds 1,000.00 for an approved loan: it is the narrower one once the line is raised.
    let raise = LineAct::Raise { to: yuan(7_000), reason: "harvest".into() };
    assert_eq!(house.refused(0x15, officer, raise.clone()), "second_person_needed");
    house.proven();

    house.close_until("2026-04-01", 1);
    let statement = *house.view().state.statement().unwrap();
    assert_eq!((statement.closing_fen, statement.minimum_fen), (100_000, 10_000));
    // The refund after the statement: it stays, 150.00 counts as paid, nothing lacks, 4,150.00 is available.
    let refund = LineAct::Refund { purchase: id(0x11E0_0011), amount: fen("150") };
    assert_eq!(house.refused(0x20, me, refund.clone()), "not_permitted");
    assert_eq!(house.moves(0x21, clerk, refund), (85_000, 415_000, 85_000, 0));
    let statement = *house.view().state.statement().unwrap();
    assert_eq!((statement.closing_fen, statement.since.counts_as_paid_fen()), (100_000, 15_000));
    assert_eq!((house.ledger("line_principal"), house.ledger("merchant_payable")), (85_000, -85_000));

    // 600.00 into 6, at the cost that was shown and no other.
    let view = house.view();
    let shown = quote(&view.terms, 60_000, 6, view.state.as_of).unwrap().annualised_ppm;
    let convert =
        |shown_annualised_ppm| LineAct::Convert { purchase: id(0x11E0_0010), instalments: 6, shown_annualised_ppm };
    assert_eq!(house.refused(0x22, me, convert(shown - 1)), "text_changed");
    assert_eq!(house.moves(0x23, me, convert(shown)), (85_000, 415_000, 85_000, 0));
    assert_eq!(house.view().state.billed_fen, 25_000);
    let wallet = house.wallet();
    assert_eq!(house.moves(0x24, me, LineAct::Pay { amount: fen("250") }), (60_000, 440_000, 60_000, 0));
    assert_eq!(house.wallet(), wallet - 25_000);
    house.proven();

    // Missed in May: fee, penalty and interest are booked when the day brings them.
    house.close_until("2026-06-02", 2);
    let view = house.view();
    let charged = view.state.totals.charged;
    assert!(charged.late_fee_fen > 0 && charged.penalty_fen > 0 && view.state.days_past_due > 0);
    assert_eq!(house.ledger("fee_income"), -(charged.plan_fee_fen + charged.late_fee_fen));
    assert_eq!(house.ledger("penalty_income"), -house.held().billed.penalty_fen);
    assert_eq!(house.refused(0x30, me, buy("1")), "line_event");
    house.proven();
    let off = Money::new(charged.late_fee_fen, Currency::CNY);
    let waive = LineAct::Waive { what: LineWaivable::LateFee, amount: off, reason: "hail".into() };
    assert_eq!(house.refused(0x31, officer, waive.clone()), "second_person_needed");
    house.order(0x32, officer, Order::Propose(house.act(waive))).unwrap();
    let approve = Order::Approve { cell: house.cell, proposal: id(0x11E0_0032) };
    house.order(0x33, approver, approve).unwrap();
    assert_eq!(house.ledger("fee_income"), -charged.plan_fee_fen);
    house.proven();

    // Settled early and overpaid, the credit balance goes back, and the line is frozen and closed.
    house.moves(0x40, me, LineAct::SettlePlan { plan: id(0x11E0_0023) });
    let (.., owed, _) = house.moves(0x41, me, LineAct::Pay { amount: fen("700") });
    assert_eq!(owed, 0);
    let credit = house.row().credit_minor;
    assert!(credit > 0);
    assert_eq!(
        house.refused(0x42, me, LineAct::ReturnCredit { amount: Money::new(credit + 1, Currency::CNY) }),
        "line_event"
    );
    house.moves(0x43, me, LineAct::ReturnCredit { amount: Money::new(credit, Currency::CNY) });
    house.moves(0x44, me, LineAct::Freeze { reason: "phone lost".into() });
    assert_eq!(house.refused(0x45, me, buy("1")), "line_event");
    house.moves(0x46, officer, LineAct::Thaw);
    house.moves(0x47, me, buy("30"));
    // Undone by two, the purchase was never there; what the merchant is owed goes with it.
    let undo = LineAct::Undo { event: id(0x11E0_0047), reason: "rung up twice".into() };
    house.order(0x48, officer, Order::Propose(house.act(undo))).unwrap();
    house.order(0x49, approver, Order::Approve { cell: house.cell, proposal: id(0x11E0_0048) }).unwrap();
    assert_eq!((house.row().used_minor, house.ledger("merchant_payable")), (0, -85_000));
    house.moves(0x4A, me, LineAct::Close);
    assert_eq!(house.refused(0x4B, me, LineAct::Thaw), "not_permitted");
    house.proven();
}

/// Interest is booked day by day; a missed minimum runs through the classes, leaves income, is written off and recovered.
fn goes_bad(backend: Arc<dyn Backend>) {
    let house = House::new(backend);
    let me = farmer(house.household);
    let (officer, accountant, approver) =
        (staff(2, Role::Officer), staff(4, Role::Accountant), staff(3, Role::Approver));
    house.moves(0x10, me, buy("1000"));
    house.close_until("2026-04-28", 1);
    // Due on the 20th, grace until the 23rd: since then the minimum is missed, and penalty runs at the overdue rate.
    let row = |house: &House| {
        let (row, held, view) = (house.row(), house.held(), house.view());
        format!(
            "{}  {:>3} days  class {}  stage {:>2}  interest income {:>6}  penalty income {:>6}  off balance {:>6}  allowance {:>8}",
            house.today(),
            view.state.days_past_due,
            held.class.0,
            held.stage.code(),
            -house.ledger("interest_income"),
            -house.ledger("penalty_income"),
            house.ledger("off_interest") + house.ledger("off_penalty") + house.ledger("off_accrued"),
            -house.ledger("loan_allowance"),
        ) + if row.overdue_since.is_some() { "  overdue" } else { "" }
    };
    let mut table = vec![row(&house)];
    house.proven();
    for (n, day) in [(2, "2026-05-02"), (3, "2026-07-01"), (4, "2026-07-19"), (5, "2026-07-21"), (6, "2026-09-01")] {
        house.close_until(day, n);
        table.push(row(&house));
        house.proven();
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    2026-04-28    8 days  class 1  stage  2  interest income    166  penalty income      0  off balance      0  allowance     1125  overdue
    2026-05-02   12 days  class 1  stage  2  interest income    166  penalty income    438  off balance      0  allowance     8184  overdue
    2026-07-01   72 days  class 1  stage  2  interest income    166  penalty income   4188  off balance      0  allowance     8701  overdue
    2026-07-19   90 days  class 1  stage  2  interest income    166  penalty income   4251  off balance      0  allowance     8701  overdue
    2026-07-21   92 days  class 2  stage 13  interest income     -1  penalty income      0  off balance   5605  allowance     8701  overdue
    2026-09-01  134 days  class 2  stage 13  interest income     -1  penalty income      0  off balance   8231  allowance    48501  overdue
    ");

    // A payment that came in June is found in September: dated back by two, it changes what the days since then did.
    let late = Command::CorrectLine(CorrectLine {
        cell: house.cell,
        household: house.household,
        line: house.line,
        value_date: Date::parse("2026-06-10").unwrap(),
        act: LineAct::Pay { amount: fen("150") },
        reference: "slip 7".into(),
        reason: "paid at the window, not entered".into(),
    });
    assert_eq!(code(house.order(0x50, accountant, Order::Do(late.clone())).unwrap_err()), "second_person_needed");
    house.order(0x51, accountant, Order::Propose(late)).unwrap();
    house.order(0x52, approver, Order::Approve { cell: house.cell, proposal: id(0x11E0_0051) }).unwrap();
    let corrections: Vec<app::tables::LoanCorrection> = house.rows(key![house.cell, house.household, house.line]);
    assert_eq!(corrections.len(), 1);
    assert!(corrections[0].days_after < corrections[0].days_before, "{corrections:?}");
    house.proven();

    // Judged worse by one, not better; written off by two; what is paid then restores the allowance.
    let judged = |class| LineAct::JudgeWorse { class: LoanClass(class), reason: "left the village".into() };
    house.moves(0x60, officer, judged(4));
    assert_eq!(house.held().class, LoanClass(4));
    assert_eq!(house.refused(0x61, officer, judged(1)), "judged_better");
    house.proven();
    let write_off = LineAct::WriteOff { reason: "committee of 1 September".into() };
    assert_eq!(house.refused(0x62, officer, write_off.clone()), "not_permitted");
    house.order(0x63, accountant, Order::Propose(house.act(write_off))).unwrap();
    house.order(0x64, approver, Order::Approve { cell: house.cell, proposal: id(0x11E0_0063) }).unwrap();
    let claim = house.held().written_off_fen;
    assert_eq!((house.ledger("line_principal"), house.ledger("written_off_claims")), (0, claim));
    assert_eq!(house.row().used_minor, claim, "the household still owes it");
    house.proven();
    // A payment of the same day would count before the write-off: it is recovery from tomorrow on.
    house.close_until("2026-09-02", 7);
    let mut told: Vec<Notice> = house.rows(key![house.cell, house.household]);
    told.sort_by_key(|notice| notice.on_day);
    let line = |n: &Notice| format!("{} {} {} due {}", n.on_day, n.step, n.amount_minor, n.due);
    insta::assert_snapshot!(told.iter().map(line).collect::<Vec<_>>().join("\n"), @"
    2026-04-02 statement 100000 due 2026-04-20
    2026-04-21 unmet 100000 due 2026-04-20
    2026-05-02 statement 101105 due 2026-05-20
    2026-06-02 statement 104048 due 2026-06-20
    2026-07-02 statement 107480 due 2026-07-20
    2026-08-02 statement 111512 due 2026-08-20
    ");
    let allowance = house.ledger("loan_allowance");
    house.moves(0x65, me, LineAct::Pay { amount: fen("1200") });
    assert_eq!(house.ledger("written_off_claims"), claim - house.held().recovered_fen);
    assert!(house.ledger("loan_allowance") < allowance && house.held().recovered_fen > 0);
    house.proven();
}

/// What merchants sold is paid to their wallets at the close of the day, less the discount, in this cell and in another.
fn pays_merchants(backend: Arc<dyn Backend>) {
    let house = House::new(backend);
    let (me, clerk) = (farmer(house.household), staff(1, Role::Clerk));
    let sellers: Vec<Id> = (2..200).map(household).collect();
    let near = *sellers.iter().find(|id| cell_of(**id) == house.cell).unwrap();
    let far = *sellers.iter().find(|id| cell_of(**id) != house.cell).unwrap();
    house.done(0x70, Actor::SYSTEM, enrol(near));
    house.done(0x71, Actor::SYSTEM, enrol(far));
    let discount = Rate::parse_percent("0.60").unwrap();
    let settles = |household: Id| Settles { cell: cell_of(household), household, discount };
    let register = |merchant: Id, household: Id| {
        let (name, category) = ("Village shop".to_owned(), "household-goods".to_owned());
        Command::RegisterMerchant(RegisterMerchant {
            merchant,
            name,
            category,
            settles: settles(household),
            active: true,
        })
    };
    let officer = staff(2, Role::Officer);
    assert_eq!(
        code(house.order(0x72, officer, Order::Do(register(id(0x51), near))).unwrap_err()),
        "second_person_needed"
    );
    house.done(0x73, Actor::SYSTEM, register(id(0x51), near));
    house.done(0x74, Actor::SYSTEM, register(id(0x52), far));
    let sold = |merchant: u128, household: Id, amount: &str| LineAct::Buy {
        merchant: id(merchant),
        category: "household-goods".into(),
        amount: fen(amount),
        settles: Some(settles(household)),
    };
    let wallet = |household: Id| house.rows::<Wallet>(key![cell_of(household), household])[0].balance_minor;
    house.moves(0x80, me, sold(0x51, near, "600"));
    house.moves(0x81, me, sold(0x52, far, "100.05"));
    house.moves(0x82, me, buy("50"));
    assert_eq!((wallet(near), wallet(far), house.ledger("merchant_payable")), (0, 0, -75_005));
    house.proven();
    let next_day = |n| house.close_until(&house.today().add_days(1).to_string(), n);
    next_day(0x20);
    // 600.00 less 3.60, 100.05 less 0.60; who is in no register is still owed.
    assert_eq!((wallet(near), wallet(far), house.ledger("merchant_payable")), (59_640, 9_945, -5_000));
    assert_eq!(house.ledger("fee_income"), -420);
    house.proven();
    // What was paid is no entry that is reversed alone: the merchant's account would not know of it.
    let entries: Vec<Entry> = house.rows(key![house.cell]);
    for paid in entries.iter().filter(|entry| entry.kind == EntryKind::MerchantPayment) {
        let (cell, seq, fact, reason) = (house.cell, paid.seq, paid.fact, "typed wrongly".to_owned());
        let reverse = Command::Reverse(app::reverse::Reverse { cell, seq, fact, reason });
        let refused =
            house.order(0x7000 + seq.unsigned_abs() as u128, staff(4, Role::Accountant), Order::Propose(reverse));
        assert_eq!(code(refused.unwrap_err()), "touches_loan");
    }
    // A refund is owed by the merchant until it sells again.
    house.moves(0x83, clerk, LineAct::Refund { purchase: id(0x11E0_0080), amount: fen("150") });
    next_day(0x21);
    assert_eq!((wallet(near), house.ledger("merchant_payable")), (59_640, 10_000));
    house.moves(0x84, me, sold(0x51, near, "200"));
    next_day(0x22);
    assert_eq!((wallet(near), house.ledger("merchant_payable")), (59_640 + 4_970, -5_000));
    house.proven();
    // The report of that day counts the entry by which the merchant was paid.
    let day = house.today().add_days(-1);
    let made = |entry: &&Entry| {
        entry.booking_date == day && (entry.kind.is_close() || entry.kind == EntryKind::MerchantPayment)
    };
    let entries: Vec<Entry> = house.rows(key![house.cell]);
    let of_day: Vec<CellDay> = house.rows(key![house.cell, day]);
    assert!(entries.iter().any(|entry| entry.booking_date == day && entry.kind == EntryKind::MerchantPayment));
    assert_eq!(of_day[0].entries, entries.iter().filter(made).count() as i64);

    // Sold by merchants whose households have no wallet: what comes back is owed whole, day after day, and is paid, less the
    // discount once, when there is one.
    let more: Vec<Id> = (200..400).map(household).collect();
    let near = *more.iter().find(|id| cell_of(**id) == house.cell).unwrap();
    let far = *more.iter().find(|id| cell_of(**id) != house.cell).unwrap();
    house.done(0x90, Actor::SYSTEM, register(id(0x53), near));
    house.done(0x91, Actor::SYSTEM, register(id(0x54), far));
    let (owed, kept) = (house.ledger("merchant_payable"), house.ledger("fee_income"));
    house.moves(0x92, me, sold(0x53, near, "100"));
    house.moves(0x93, me, sold(0x54, far, "200"));
    for n in [0x23, 0x24] {
        next_day(n);
        assert_eq!((house.ledger("merchant_payable"), house.ledger("fee_income")), (owed - 30_000, kept));
        house.proven();
    }
    house.done(0x94, Actor::SYSTEM, enrol(near));
    house.done(0x95, Actor::SYSTEM, enrol(far));
    house.moves(0x96, me, sold(0x53, near, "50"));
    next_day(0x25);
    // 150.00 less 0.90, 200.00 less 1.20.
    assert_eq!((wallet(near), wallet(far)), (14_910, 19_880));
    assert_eq!((house.ledger("merchant_payable"), house.ledger("fee_income")), (owed, kept - 210));
    house.proven();
}

#[test]
fn merchants_are_paid_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    pays_merchants(sqlite(&folder.path().join("books.db")));
}

#[test]
fn a_line_goes_bad_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    goes_bad(sqlite(&folder.path().join("books.db")));
}

#[test]
fn a_line_lives_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    lives(sqlite(&folder.path().join("books.db")));
}

#[test]
fn a_line_lives_on_postgres() {
    let Some((database, _server)) = postgres("line") else { return };
    lives(postgres_backend(&database.url(), "line"));
}
