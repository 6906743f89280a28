//! The life of the demonstration's co-operative: its model, its staff, its households and their loans.

use std::sync::Arc;

use app::application::Apply;
use app::close::CloseDay;
use app::command::{Command, Outcome};
use app::desk::{Desk, EnrolRequest, NewMember};
use app::quota::{Fund, GrantQuota};
use app::repay::Repay;
use app::sign::Draw;
use app::staff::SetStaff;
use app::tables::{ApplicationStatus, MemberRole};
use app::wallet::TopUp;
use basics::{Cell, Currency, Date, Id, Instant, Money};
use door::{Actor, ActorKind, Order, Request, Role};
use insight::{Profile, Safer, TABLE, features_for, is_thin};
use loan::{Product, Term};
use score::{DataCard, ModelFile, Sample, TrainSpec, Trend, train};

use super::county::DemoHousehold;
use crate::clock;
use crate::failure::Failure;
use crate::many::at_once;
use crate::terminal::Progress;

/// Households of the demonstration.
const HOUSEHOLDS: u64 = 300;
/// Households of another county whose past loans the model is trained on.
const PAST: u64 = 900;
/// Days that the co-operative has been open.
pub const DAYS_OPEN: i32 = 120;
const SEED: u64 = 20_261;
pub(crate) const PRODUCT: &str = "short-working-capital";
/// The sign-in code of every household of the demonstration.
pub const PIN: &str = "246810";
/// The password of every member of staff of the demonstration.
pub const PASSWORD: &str = "tianxin-demo";
/// Who works there.
pub const STAFF: &[(&str, Role)] = &[
    ("clerk", Role::Clerk),
    ("officer", Role::Officer),
    ("analyst", Role::Analyst),
    ("accountant", Role::Accountant),
    ("approver", Role::Approver),
    ("auditor", Role::Auditor),
    ("admin", Role::Admin),
];

/// A household to sign in as: its phone, and what it has.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DemoSignIn {
    /// Phone.
    pub phone: String,
    /// The second proof.
    pub pin: String,
    /// What it has to show.
    pub shows: &'static str,
}

/// Trains a scorecard on the past loans of made-up households, as of `on`.
pub fn model(on: Date, product: &Product) -> Result<ModelFile, Failure> {
    let wrong = |error: String| Failure::Wrong(error);
    let mut rows = Vec::new();
    for number in 0..PAST {
        let household = DemoHousehold::new(number, SEED + 1);
        let (amount, months) = household.wish();
        let granted = on.add_days(-400 - (number % 365) as i32);
        let mut profile = Profile::default();
        for event in household.year_before(granted) {
            profile.fold(&event).map_err(|e| wrong(e.to_string()))?;
        }
        if is_thin(&profile) {
            continue;
        }
        let plan = plan(product, amount, months, granted)?;
        let instalment_minor = plan.iter().map(|(_, sum)| *sum).max().unwrap_or(0);
        let request = insight::Request { amount_minor: amount, instalment_minor, term_months: u32::from(months) };
        rows.push((features_for(&profile, &request), !household.can_pay(granted, &plan)));
    }
    let trend = |safer| match safer {
        Safer::Higher => Trend::Falling,
        Safer::Lower => Trend::Rising,
        Safer::Either => Trend::Free,
    };
    let columns: Vec<(String, Trend)> = TABLE
        .iter()
        .filter(|feature| feature.lawful)
        .map(|feature| (feature.name.to_owned(), trend(feature.safer)))
        .collect();
    let sample = Sample {
        columns: columns.iter().map(|(name, _)| rows.iter().map(|(v, _)| v.get(name)).collect()).collect(),
        bad: rows.iter().map(|(_, bad)| *bad).collect(),
    };
    let card = DataCard {
        name: "made-up households of the demonstration".to_owned(),
        outcome: "two or more instalments not found".to_owned(),
        from: on.add_days(-765).to_string(),
        to: on.add_days(-400).to_string(),
        limits: vec!["a plain generator, not a real county: for looking, not for lending".to_owned()],
    };
    train(&sample, card, &TrainSpec::usual(columns, SEED)).map_err(|e| wrong(e.to_string()))
}

fn plan(product: &Product, amount: i64, months: u16, on: Date) -> Result<Vec<(Date, i64)>, Failure> {
    let wrong = |error: loan::LoanError| Failure::Wrong(error.to_string());
    let rate = product.pricing.rates().into_iter().max().unwrap_or_default();
    let start = on.max(product.effective_from);
    let terms =
        product.terms(Money::new(amount, product.currency), Term::Months(months), start, rate).map_err(wrong)?;
    let plan = loan::schedule::schedule_drawn(&terms, amount, on).map_err(wrong)?;
    Ok(plan.rows.iter().map(|row| (row.due, row.total_fen)).collect())
}

/// A loan of the demonstration under way.
struct Running {
    household: DemoHousehold,
    loan: Id,
    dues: Vec<(Date, i64)>,
    pays_all: bool,
}

/// Fills an institution that has just been made with the lives of its households up to today.
pub struct Filling {
    desk: Arc<Desk>,
    day: Date,
    product: Product,
    password_hash: String,
    pin_hash: String,
    running: Vec<Running>,
}

impl Filling {
    /// Begins on the institution's first day. The hashes are those of [`PASSWORD`] and [`PIN`].
    pub fn begin(desk: Arc<Desk>, first: Date, password_hash: String, pin_hash: String) -> Result<Filling, Failure> {
        let product = desk.house().product(PRODUCT).map_err(|e| Failure::Wrong(e.to_string()))?.clone();
        Ok(Filling { desk, day: first, product, password_hash, pin_hash, running: Vec::new() })
    }

    /// Lives through the days up to `today`, and leaves that day open.
    pub fn run(mut self, today: Date, progress: &Progress) -> Result<(), Failure> {
        self.found()?;
        let households: Vec<DemoHousehold> = (0..HOUSEHOLDS).map(|n| DemoHousehold::new(n, SEED)).collect();
        progress.set("enrolling households".to_owned());
        at_once(&households, |household| self.enrol(household))?;
        progress.set("telling their last year".to_owned());
        at_once(&households, |household| self.observe(household))?;
        let first = self.day;
        while self.day < today {
            progress.set(format!("living through {}", self.day));
            let since = self.day - first;
            let wishes: Vec<&DemoHousehold> =
                households.iter().filter(|h| (h.number % 150) as i32 == since && h.number % 5 != 4).collect();
            for household in wishes {
                self.lend(household)?;
            }
            self.repay()?;
            self.call(Actor::SYSTEM, Command::CloseDay(CloseDay { day: self.day }))?;
            self.desk.engine.settle();
            self.day = self.day.add_days(1);
        }
        Ok(())
    }

    fn at(&self) -> Instant {
        Instant(i64::from(self.day.days()) * 86_400_000_000 + 7_200_000_000)
    }

    fn call(&self, actor: Actor, command: Command) -> Result<Outcome, Failure> {
        let request = Request::plain(clock::new_id()?, actor, self.at(), Order::Do(command));
        Ok(self.desk.engine.call(request)?.outcome::<app::Tianxin>()?)
    }

    /// Capital, quotas and staff.
    fn found(&self) -> Result<(), Failure> {
        let cny = |yuan: i64| Money::new(yuan * 100, Currency::CNY);
        let reference = "paid-in capital".to_owned();
        self.call(Actor::SYSTEM, Command::Fund(Fund { amount: cny(20_000_000), reference }))?;
        for cell in (1..=self.desk.engine.backend().cells()).map(Cell) {
            self.call(Actor::SYSTEM, Command::GrantQuota(GrantQuota { to: cell, amount: cny(500_000) }))?;
        }
        for (login, role) in STAFF {
            let staff = SetStaff {
                staff: Id::default().derive(&format!("demo staff {login}")),
                login: (*login).to_owned(),
                role: *role,
                active: true,
                password_hash: Some(self.password_hash.clone()),
            };
            self.call(Actor::SYSTEM, Command::SetStaff(staff))?;
        }
        self.desk.engine.settle();
        Ok(())
    }

    fn enrol(&self, household: &DemoHousehold) -> Result<(), Failure> {
        let asked = EnrolRequest {
            command_id: household.id.derive("enrol"),
            household: household.id,
            village: household.village.clone(),
            members: vec![NewMember {
                role: MemberRole::Head,
                name: household.name.clone(),
                resident_id: household.resident_id.clone(),
                phone: Some(household.phone.clone()),
                extra_fields: vec![("pin".to_owned(), self.pin_hash.clone())],
            }],
            consents: vec![("platform".to_owned(), "2026-01".to_owned())],
        };
        self.desk.enrol(&asked, Actor::SYSTEM, self.at())?;
        let reference = "first deposit".to_owned();
        let amount = Money::new(30_000 + household.number as i64 * 100, Currency::CNY);
        let cell = self.desk.cell_of(household.id);
        let top_up = TopUp { cell, household: household.id, amount, value_date: None, reference };
        self.call(Actor::SYSTEM, Command::TopUp(top_up)).map(|_| ())
    }

    /// Most households are known by a year of movements; some have hardly any: thin files.
    fn observe(&self, household: &DemoHousehold) -> Result<(), Failure> {
        let mut events = household.year_before(self.day);
        if household.number % 12 == 11 {
            events.truncate(12);
        }
        for part in events.chunks(app::observe::EVENTS_MAX) {
            self.desk.observe(clock::new_id()?, household.id, part, Actor::SYSTEM, self.at())?;
        }
        Ok(())
    }

    /// Asks, and takes up what is approved; what is referred waits for the office.
    fn lend(&mut self, household: &DemoHousehold) -> Result<(), Failure> {
        let (amount, term_months) = household.wish();
        let (id, cell) = (household.id, self.desk.cell_of(household.id));
        let farmer = Actor { kind: ActorKind::Household, id, role: Role::Household };
        let application = clock::new_id()?;
        let apply = Apply {
            cell,
            household: id,
            application,
            product: self.product.code.clone(),
            amount: Money::new(amount, Currency::CNY),
            term_months,
            purpose: self.product.uses.first().cloned().unwrap_or_default(),
            season: None,
        };
        self.call(farmer, Command::Apply(apply))?;
        let decided = self.desk.decide(clock::new_id()?, id, application, self.at())?;
        // The last two weeks' offers are left unsigned, for whoever looks at the demonstration.
        let leave = household.number % 150 >= (DAYS_OPEN - 14) as u64;
        if decided.application.status != ApplicationStatus::Approved || leave {
            return Ok(());
        }
        let offer = self.desk.offer(&decided.application)?;
        let (contract, loan) = (clock::new_id()?, clock::new_id()?);
        let text = offer.schedule.to_string();
        self.desk.sign(clock::new_id()?, id, application, contract, &text, "demonstration", farmer, self.at())?;
        self.call(farmer, Command::Draw(Draw { cell, household: id, contract, loan }))?;
        let dues: Vec<(Date, i64)> = offer.schedule.rows.iter().map(|row| (row.due, row.total_fen)).collect();
        let pays_all = household.can_pay(self.day, &dues);
        self.running.push(Running { household: household.clone(), loan, dues, pays_all });
        Ok(())
    }

    fn repay(&self) -> Result<(), Failure> {
        for running in &self.running {
            let Some(place) = running.dues.iter().position(|(due, _)| *due == self.day) else { continue };
            // Who cannot pay all pays the first instalment and then falls behind.
            if place > 0 && !running.pays_all {
                continue;
            }
            let (id, amount) = (running.household.id, Money::new(running.dues[place].1, Currency::CNY));
            let cell = self.desk.cell_of(id);
            let reference = "farm income".to_owned();
            let top_up = TopUp { cell, household: id, amount, value_date: None, reference };
            self.call(Actor::SYSTEM, Command::TopUp(top_up))?;
            let repay = Repay { cell, household: id, loan: running.loan, amount, value_date: None };
            self.call(Actor::SYSTEM, Command::Repay(repay))?;
        }
        Ok(())
    }
}

/// Whom to sign in as.
pub fn sign_ins() -> Vec<DemoSignIn> {
    let one =
        |number: u64, shows| DemoSignIn { phone: DemoHousehold::new(number, SEED).phone, pin: PIN.to_owned(), shows };
    vec![
        one(1, "a household that may have a loan running"),
        one(4, "a household that has not asked for a loan"),
        one(11, "a household we know little of: its requests go to the office"),
    ]
}
