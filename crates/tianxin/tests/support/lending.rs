//! Loans for tests of the books: applied for, decided, signed and drawn by commands alone.

use std::sync::Arc;

use app::application::{Apply, Decide};
use app::close::CloseDay;
use app::command::{Command, Outcome};
use app::paper::AddPaper;
use app::repay::Repay;
use app::sign::{Draw, Sign};
use app::tables::ApplicationStatus;
use app::{Institution, Tianxin};
use basics::{Cell, Date, Id, Instant, Money, Rate};
use door::{Actor, Answer, DoorError, Order, Request, Role};
use ledger::Chart;
use loan::paper::NoSpouse;
use loan::{Paper, SpouseRule};

use super::{farmer, id, staff, top_up};

/// An institution that lends the shipped products the tests draw.
pub fn lender() -> Arc<Tianxin> {
    lender_of(&["short-working-capital", "season-bullet", "revolving-consumer-line"])
}

/// An institution that lends these shipped products.
pub fn lender_of(codes: &[&str]) -> Arc<Tianxin> {
    let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
    let products = codes.iter().map(|code| loan::product::shipped(code).unwrap()).collect();
    Arc::new(Tianxin::new(Institution::rural_bank("Test"), chart).unwrap().lending(products))
}

/// What a household borrows.
#[derive(Clone, Debug)]
pub struct Wish {
    pub household: Id,
    pub cell: Cell,
    pub product: &'static str,
    pub fen: i64,
    pub months: u16,
}

impl Wish {
    pub fn loan(&self) -> Id {
        self.household.derive("loan")
    }

    /// The commands from asking to drawing, in order, under ids that follow from the household.
    pub fn commands(&self, house: &Tianxin, at: Instant) -> Vec<Request<Command>> {
        let (cell, household) = (self.cell, self.household);
        let product = house.product(self.product).unwrap();
        let (application, contract) = (household.derive("application"), household.derive("contract"));
        let priced = product.priced_for(loan::Term::Months(self.months), at.date_at_offset(0)).unwrap();
        let rate = priced.price(Some("B")).or_else(|_| priced.price(None)).unwrap();
        let apply = Apply {
            cell,
            household,
            application,
            product: self.product.into(),
            amount: Money::new(self.fen, house.institution.currency),
            term_months: self.months,
            purpose: product.uses[0].clone(),
            season: None,
        };
        let decide = Decide {
            cell,
            household,
            application,
            decision: household.derive("decision"),
            status: ApplicationStatus::Approved,
            approved_minor: self.fen,
            rate,
            limit_minor: 10 * self.fen,
            profile_version: 0,
            exposure_minor: 0,
            reasons: vec!["test".into()],
            model: String::new(),
            rules: "test".into(),
            person: household.derive("head"),
            record: vec![1, 2, 3].into(),
            commitment: vec![4; 32].into(),
            explored: None,
            withheld: false,
        };
        let sign =
            Sign { cell, household, application, contract, text_hash: vec![5; 32].into(), evidence: "test".into() };
        let draw = Draw { cell, household, contract, loan: self.loan(), amount: None };
        let own = farmer(household);
        // Where the product asks for the spouse, a clerk has seen that there is none.
        let asks_spouse = product.conditions.as_ref().is_some_and(|asked| asked.spouse != SpouseRule::NotAsked);
        let alone = asks_spouse.then(|| AddPaper {
            cell,
            household,
            contract,
            id: household.derive("paper"),
            paper: Paper::NoSpouse { why: NoSpouse::Unmarried },
            hash: vec![6; 32].into(),
            evidence: "certificate seen".into(),
            by_phone: false,
        });
        let papers = alone.map(|paper| ("paper", staff(3, Role::Clerk), Command::AddPaper(paper)));
        [
            ("apply", own, Command::Apply(apply)),
            ("decide", Actor::SYSTEM, Command::Decide(decide)),
            ("sign", own, Command::Sign(sign)),
        ]
        .into_iter()
        .chain(papers)
        .chain([("draw", own, Command::Draw(draw))])
        .map(|(name, actor, command)| Request::plain(household.derive(name), actor, at, Order::Do(command)))
        .collect()
    }
}

/// The first hours of a day.
pub fn day_begins(day: Date) -> Instant {
    Instant(i64::from(day.days()) * 86_400_000_000 + 3_600_000_000)
}

pub fn close_day(day: Date) -> Request<Command> {
    let close = Command::CloseDay(CloseDay { day });
    Request::plain(id(0xE000_0000).derive(&day.to_string()), Actor::SYSTEM, day_begins(day), Order::Do(close))
}

/// Money into the wallet and on to the loan.
pub fn pays(wish: &Wish, fen: i64, day: Date) -> [Request<Command>; 2] {
    let amount = Money::new(fen, basics::Currency::CNY);
    let (cell, household, loan) = (wish.cell, wish.household, wish.loan());
    let mut fill = top_up(household, amount);
    if let Command::TopUp(told) = &mut fill {
        told.cell = cell;
    }
    let repay = Command::Repay(Repay { cell, household, loan, amount, value_date: None });
    let request = |name: &str, actor, command| {
        Request::plain(household.derive(&format!("{name} {day}")), actor, day_begins(day), Order::Do(command))
    };
    [request("fill", Actor::SYSTEM, fill), request("repay", farmer(household), repay)]
}

pub fn told(answer: Result<Answer, DoorError>) -> Outcome {
    answer.unwrap().outcome::<Tianxin>().unwrap()
}

/// A rate in percent, for what a test writes out.
pub fn percent(text: &str) -> Rate {
    Rate::parse_percent(text).unwrap()
}
