//! Payments through a misbehaving bank while the platform is killed: none made twice, none lost, every difference found.
//!
//! Bank and platform are processes of their own. The platform asks for payments and carries them; it is killed with signal 9 at moments
//! that follow from the seed, or ends at named points between two steps, and a new one goes on with what stands in the books. Then the
//! bank ends its day, its statements are held against the books, and what the bank did in truth, which it tells nobody else, is
//! compared with both, payment by payment.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant as Watch};

use api::courier::Courier;
use app::Tianxin;
use app::command::{Command, Outcome};
use app::desk::{AccountNumber, Desk, EnrolRequest, NewMember};
use app::payment::{AskPayment, Payment, PaymentState, PaymentWay};
use app::quota::GrantQuota;
use app::reconcile::ItemKind;
use app::tables::{Entry, EntryKind, MemberRole, Wallet};
use app::wallet::TopUp;
use basics::{Cell, Currency, Date, Id, IdKind, Money, PublicId};
use clap::Args;
use door::table::{Key, Record};
use door::{Actor, DoorError, Engine, EngineOptions, Order, Request, audit, key};
use rails::OrderId;
use serde_json::{Value, json};

use super::SANDBOX_SECRET;
use crate::config::{self, Opened, Place, Settings, Use};
use crate::failure::Failure;
use crate::init::Init;
use crate::rail::{self, RailKind, RailSettings};
use crate::terminal::say;
use crate::vault::Keys;
use crate::{clock, lending};

/// Households of the campaign.
const HOUSEHOLDS: u32 = 40;
/// Payments asked for between two rounds of the courier.
const ASKED_AT_ONCE: u32 = 200;
/// Payments carried at once.
const HANDS: usize = 8;
/// What each wallet holds at first, minor units.
const WALLET_MINOR: i64 = 100_000_000;
/// What is paid in at first.
const CAPITAL: &str = "100000000000.00";
/// The largest payment, minor units.
const PAYMENT_MINOR_MAX: u64 = 5_000;
/// Rounds of the courier in one life at most: a payment that never ends is found.
const ROUNDS_MAX: u32 = 100_000;
/// Between rounds in which nothing is due.
const PAUSE: Duration = Duration::from_millis(20);
/// How lives end one after the other: at these points, or by signal 9 at any moment.
const POINTS: [Option<&str>; 4] =
    [None, Some("payment.before_submit"), Some("payment.before_answer"), Some("door.after_commit")];
const SECRET_FILE: &str = "rail.secret";

/// Send payments through a misbehaving bank
#[derive(Args)]
pub struct Campaign {
    /// How many payments
    #[arg(long, value_name = "N", default_value_t = 300)]
    payments: u32,
    /// What decides faults, amounts and moments of death
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often the platform is killed
    #[arg(long, value_name = "N", default_value_t = 3)]
    kills: u32,
    /// How often the bank misbehaves in each of its ways, parts per million; amounts and double payments a tenth of it
    #[arg(long, value_name = "PPM", default_value_t = 100_000)]
    faults: u32,
    /// Where the books of the campaign are made; they are kept there
    /// [default: a folder for temporary files, removed at the end]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// One life of the platform
#[derive(Args)]
pub struct Carry {
    /// How many payments
    #[arg(long)]
    payments: u32,
    /// What decides amounts
    #[arg(long)]
    seed: u64,
    /// The point at which this life ends
    #[arg(long, requires = "nth")]
    die_at: Option<String>,
    /// When it is reached for this time
    #[arg(long)]
    nth: Option<u32>,
}

fn open_date() -> Result<Date, Failure> {
    Date::ymd(2026, 3, 2).map_err(|error| Failure::Wrong(error.to_string()))
}

/// A number that follows from the seed and a purpose.
fn draw(seed: u64, purpose: &str) -> u64 {
    let id = Id::from_u128(u128::from(seed)).derive(purpose);
    id.as_bytes().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn household(n: u32) -> Id {
    Id::default().derive(&format!("campaign household {n}"))
}

/// A payment of the campaign, always the same one.
fn payment(seed: u64, n: u32, cells: u16) -> AskPayment {
    let household = household(n % HOUSEHOLDS);
    let rail = if n.is_multiple_of(2) { "bank" } else { "mobile" };
    let way = if n % 10 == 7 { PaymentWay::In } else { PaymentWay::Out };
    let minor = 1 + draw(seed, &format!("amount {n}")) % PAYMENT_MINOR_MAX;
    AskPayment {
        cell: Cell::of(household, cells),
        household,
        payment: Id::default().derive(&format!("campaign payment {n}")),
        way,
        rail: rail.to_owned(),
        account: household.derive("account"),
        amount: Money::new(i64::try_from(minor).unwrap_or(1), Currency::CNY),
        purpose: format!("payment {n}"),
    }
}

/// The platform, opened for work.
struct Platform {
    opened: Opened,
    desk: Arc<Desk>,
    engine: Arc<Engine<Tianxin>>,
    settings: Settings,
}

impl Platform {
    fn open(place: &Place) -> Result<Platform, Failure> {
        let settings = Settings::read(place)?;
        let opened = config::open(place, Use::Write)?;
        let judge = lending::judge(place, &settings)?;
        let engine = Arc::new(Engine::start(opened.tianxin.clone(), opened.backend.clone(), EngineOptions::default())?);
        let vault = Arc::new(Keys::holding(opened.keys.clone()));
        let desk = Arc::new(Desk::new(engine.clone(), vault, judge, HANDS));
        Ok(Platform { opened, desk, engine, settings })
    }

    fn system(&self, id: Id, command: Command) -> Result<Outcome, Failure> {
        let request = Request::plain(id, Actor::SYSTEM, clock::now(), Order::Do(command));
        Ok(self.engine.call(request)?.outcome::<Tianxin>()?)
    }

    fn stop(self) {
        self.engine.settle();
        self.engine.stop();
    }
}

/// Households with money, accounts elsewhere, and shares of the bank balance for every cell.
fn found(place: &Place) -> Result<(), Failure> {
    let platform = Platform::open(place)?;
    let cells = platform.opened.backend.cells();
    for cell in 1..=cells {
        let grant = GrantQuota { to: Cell(cell), amount: Money::new(WALLET_MINOR * 100, Currency::CNY) };
        platform.system(Id::default().derive(&format!("grant {cell}")), Command::GrantQuota(grant))?;
    }
    platform.engine.settle();
    for n in 0..HOUSEHOLDS {
        let household = household(n);
        let holder = format!("Campaign household {n}");
        let head = NewMember {
            role: MemberRole::Head,
            name: holder.clone(),
            resident_id: format!("campaign-{n}"),
            phone: None,
            extra_fields: Vec::new(),
        };
        let enrol = EnrolRequest {
            command_id: household.derive("enrol"),
            household,
            village: "campaign".to_owned(),
            members: vec![head],
            consents: vec![("enrolment".to_owned(), "1".to_owned())],
        };
        platform.desk.enrol(&enrol, Actor::SYSTEM, clock::now())?;
        let number = AccountNumber { holder, number: format!("6222{n:015}"), bank: "102100099996".to_owned() };
        let own = Actor { kind: door::ActorKind::Household, id: household, role: door::Role::Household };
        let ids = (household.derive("bind"), household.derive("account"));
        platform.desk.bind_account(ids, (household, None), &number, own, clock::now())?;
        let (cell, amount) = (Cell::of(household, cells), Money::new(WALLET_MINOR, Currency::CNY));
        let top_up = TopUp { cell, household, amount, value_date: None, reference: "campaign".to_owned() };
        platform.system(household.derive("top up"), Command::TopUp(top_up))?;
    }
    platform.stop();
    Ok(())
}

impl Carry {
    /// Asks for what was not yet asked for, and carries until nothing is open.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let platform = Platform::open(place)?;
        if let (Some(point), Some(nth)) = (&self.die_at, self.nth) {
            door::failpoint::arm(point, nth);
        }
        let cells = platform.opened.backend.cells();
        let courier = Courier::new(platform.desk.clone(), rail::connect(place, &platform.settings)?, HANDS);
        let mut asked = self.asked_before(&platform, cells)?;
        for _ in 0..ROUNDS_MAX {
            let until = self.payments.min(asked.saturating_add(ASKED_AT_ONCE));
            let (tell, told) = std::sync::mpsc::channel();
            for n in asked..until {
                let ask = payment(self.seed, n, cells);
                let own = Actor { kind: door::ActorKind::Household, id: ask.household, role: door::Role::Household };
                let request =
                    Request::plain(ask.payment.derive("ask"), own, clock::now(), Order::Do(Command::AskPayment(ask)));
                let tell = tell.clone();
                platform.engine.submit(request, Box::new(move |answer| drop(tell.send(answer))));
            }
            drop(tell);
            for answer in told {
                match answer?.outcome::<Tianxin>()? {
                    Outcome::PaymentAsked => {}
                    other => return Err(Failure::Wrong(format!("a payment was answered with {other:?}"))),
                }
            }
            asked = until;
            let round = courier.round(clock::now())?;
            if let Some(wrong) = round.wrong.first() {
                return Err(Failure::Wrong(wrong.clone()));
            }
            if asked == self.payments && round.open == 0 {
                platform.stop();
                return Ok(());
            }
            if round.ended == 0 && asked == self.payments {
                std::thread::sleep(PAUSE);
            }
        }
        Err(Failure::Wrong("a payment has no end".to_owned()))
    }

    /// How many payments were asked for by those who lived before: they were asked in their order, batch by batch.
    fn asked_before(&self, platform: &Platform, cells: u16) -> Result<u32, Failure> {
        let mut first = 0;
        while first < self.payments {
            let until = self.payments.min(first + ASKED_AT_ONCE);
            let places: Vec<(Cell, Id)> =
                (first..until).map(|n| payment(self.seed, n, cells)).map(|ask| (ask.cell, ask.payment)).collect();
            if platform.desk.payments_at(&places)?.len() < places.len() {
                break;
            }
            first = until;
        }
        Ok(first)
    }
}

/// A process that is ended when it is let go.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> Result<Process, Failure> {
    let path = std::env::current_exe();
    Ok(Process::new(path.map_err(|error| Failure::Unreachable(format!("this program has no path: {error}")))?))
}

fn no_process(error: std::io::Error) -> Failure {
    Failure::Unreachable(format!("a process of the campaign could not be run: {error}"))
}

impl Campaign {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let kept = self.folder.clone();
        let folder = match &kept {
            Some(folder) => folder.clone(),
            None => std::env::temp_dir().join(format!("tianxin-campaign-{}", clock::new_id()?)),
        };
        let done = self.run_in(&folder);
        if kept.is_none() && done.is_ok() {
            fs::remove_dir_all(&folder).map_err(|error| Failure::file(&folder, "removed", error))?;
        }
        done
    }

    fn run_in(&self, folder: &Path) -> Result<(), Failure> {
        let begun = Watch::now();
        let day = open_date()?;
        let place = Place { data: folder.to_owned(), checkpoints: None, postgres: None };
        let mut init = Init::demonstration(day);
        init.capital = Some(CAPITAL.to_owned());
        init.run_quietly(&place)?;
        let (_bank, address) = self.start_bank(day)?;
        self.set_up(&place, &address)?;
        found(&place)?;
        let platform = Platform::open(&place)?;
        let cells = platform.opened.backend.cells();
        platform.stop();
        self.credit_from_outside(&address, cells)?;
        let kills = self.live(&place)?;
        control(&address, "close", &json!({}))?;
        let found = Found::of(self, &place, &address, day, begun)?;
        found.say(self, kills);
        Ok(())
    }

    fn start_bank(&self, day: Date) -> Result<(Running, String), Failure> {
        let (rate, tenth) = (self.faults.to_string(), (self.faults / 10).to_string());
        let mut bank = program()?;
        bank.args(["sandbox-bank", "serve", "--listen", "127.0.0.1:0", "--hang", "5"]);
        bank.args(["--day", &day.to_string(), "--seed", &self.seed.to_string()]);
        for fault in ["--refuse", "--lose", "--time-out", "--delay", "--lose-notice", "--repeat-notice"] {
            bank.args([fault, &rate]);
        }
        bank.args(["--wrong-amount", &tenth, "--pay-twice", &tenth]);
        let mut bank = Running(bank.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(no_process)?);
        let mut line = String::new();
        if let Some(out) = bank.0.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(no_process)?;
        }
        match line.trim().strip_prefix("ready on ") {
            Some(address) => Ok((bank, address.to_owned())),
            None => Err(Failure::Unreachable("the sandbox bank did not start".to_owned())),
        }
    }

    fn set_up(&self, place: &Place, address: &str) -> Result<(), Failure> {
        let secret = place.data.join(SECRET_FILE);
        fs::write(&secret, SANDBOX_SECRET).map_err(|error| Failure::file(&secret, "written", error))?;
        let mut settings = Settings::read(place)?;
        settings.rails = [("bank", RailKind::Bank, "SANDBOX1"), ("mobile", RailKind::Mobile, "SANDBOX2")]
            .map(|(name, kind, account)| RailSettings {
                name: name.to_owned(),
                kind,
                address: Some(address.to_owned()),
                folder: None,
                secret: Some(SECRET_FILE.into()),
                account: account.to_owned(),
                bank: "102100099996".to_owned(),
            })
            .into();
        settings.write(place)
    }

    /// Money that comes in by itself: noticed, unnoticed, and for nobody that is known.
    fn credit_from_outside(&self, address: &str, cells: u16) -> Result<(), Failure> {
        for rail in ["bank", "mobile"] {
            for (n, unnoticed) in [(0, false), (1, true)] {
                let id = household(n);
                let public = PublicId { kind: IdKind::Household, cell: Cell::of(id, cells), id };
                let words = format!("for {public}");
                control(
                    address,
                    "credit",
                    &json!({ "rail": rail, "amount": "12.34", "words": words, "unnoticed": unnoticed }),
                )?;
            }
            control(address, "credit", &json!({ "rail": rail, "amount": "5.00", "words": "who knows" }))?;
        }
        Ok(())
    }

    /// Lives of the platform, all but the last cut short; how many were.
    fn live(&self, place: &Place) -> Result<u32, Failure> {
        let mut killed = 0;
        // A life that asks for everything may take this long, in milliseconds; deaths fall into it.
        let span = u64::from(self.payments).clamp(300, 20_000);
        for life in 0..=self.kills {
            let mut child = program()?;
            child.arg("--data").arg(&place.data).args(["sandbox-bank", "carry"]);
            child.args(["--payments", &self.payments.to_string(), "--seed", &self.seed.to_string()]);
            let fate = draw(self.seed, &format!("death {life}"));
            let point = POINTS[life as usize % POINTS.len()].filter(|_| life < self.kills);
            if let Some(point) = point {
                let nth = 1 + fate % u64::from(self.payments / 10 + 1);
                child.args(["--die-at", point, "--nth", &nth.to_string()]);
            }
            let mut child = Running(child.stdin(Stdio::null()).spawn().map_err(no_process)?);
            if life < self.kills {
                if point.is_some() {
                    killed += u32::from(!child.0.wait().map_err(no_process)?.success());
                } else {
                    std::thread::sleep(Duration::from_millis(200 + fate % span));
                    killed += u32::from(child.0.try_wait().map_err(no_process)?.is_none());
                }
                continue;
            }
            let ended = child.0.wait().map_err(no_process)?;
            if !ended.success() {
                return Err(Failure::Wrong(format!("the last life of the platform ended with {ended}")));
            }
        }
        Ok(killed)
    }
}

/// Steers the bank.
fn control(address: &str, what: &str, told: &Value) -> Result<Value, Failure> {
    let failed = |error: ureq::Error| Failure::Unreachable(format!("the sandbox bank does not answer: {error}"));
    let url = format!("{address}/sandbox/{what}");
    let mut answer = if what == "truth" {
        ureq::get(&url).call().map_err(failed)?
    } else {
        ureq::post(&url).send_json(told).map_err(failed)?
    };
    answer.body_mut().with_config().limit(1 << 30).read_json().map_err(failed)
}

/// What the bank did in truth.
struct Moved {
    asked_minor: i64,
    moved_minor: Vec<i64>,
    refused: bool,
}

/// What the campaign found, once everything is compared.
#[derive(Default)]
struct Found {
    settled: u32,
    refused: u32,
    questioned: u32,
    twice: u32,
    matched: u32,
    told_by_statement: u32,
    credits: u32,
    records: u64,
    seconds: f64,
}

impl Found {
    /// Holds statements, books and truth against each other. Errors with the first thing that does not agree.
    fn of(campaign: &Campaign, place: &Place, address: &str, day: Date, begun: Watch) -> Result<Found, Failure> {
        let platform = Platform::open(place)?;
        let mut found = Found::default();
        for rail in rail::connect(place, &platform.settings)? {
            let cannot = |error: rails::RailError| Failure::Wrong(format!("{}: {error}", rail.name()));
            let told = rail::statement_of(rail.name(), rail.statement(day).map_err(cannot)?);
            let done = platform.desk.reconcile(&told, clock::now())?;
            found.matched += done.matched;
            found.told_by_statement += done.told;
            found.credits += done.taken;
            match platform.desk.reconcile(&told, clock::now()) {
                Err(app::desk::DeskError::Door(DoorError::Refused(refusal))) if refusal.code == "statement_known" => {}
                other => {
                    return Err(Failure::Wrong(format!("a statement that came again was answered with {other:?}")));
                }
            }
        }
        found.compare(campaign, &platform, &truth(address)?)?;
        let (tianxin, backend) = (platform.opened.tianxin.clone(), platform.opened.backend.clone());
        platform.stop();
        found.records = audit::verify(tianxin.as_ref(), backend.as_ref(), None)?.records;
        let rebuilt = audit::rebuild(tianxin.as_ref(), backend.as_ref(), false)?;
        if rebuilt.differing > 0 {
            return Err(Failure::Wrong(format!("{} rows differ from the journal", rebuilt.differing)));
        }
        found.seconds = begun.elapsed().as_secs_f64();
        Ok(found)
    }

    fn compare(
        &mut self,
        campaign: &Campaign,
        platform: &Platform,
        truth: &HashMap<OrderId, Moved>,
    ) -> Result<(), Failure> {
        let cells = platform.opened.backend.cells();
        let rows: HashMap<Id, Payment> = records(platform)?.into_iter().map(|row: Payment| (row.id, row)).collect();
        let entries: Vec<Entry> = records(platform)?;
        let mut booked: HashMap<&str, u32> = HashMap::new();
        for entry in entries.iter().filter(|entry| matches!(entry.kind, EntryKind::TopUp | EntryKind::Withdrawal)) {
            *booked.entry(entry.memo.as_deref().unwrap_or_default()).or_default() += 1;
        }
        let (items, _) = platform.desk.recon_queue()?;
        let mut listed: BTreeMap<(ItemKind, Option<Id>), u32> = BTreeMap::new();
        for item in &items {
            *listed.entry((item.kind, item.of_id)).or_default() += 1;
        }
        let (mut in_wallets, mut held) = (i64::from(HOUSEHOLDS) * WALLET_MINOR, 0);
        for n in 0..campaign.payments {
            let ask = payment(campaign.seed, n, cells);
            let id = OrderId::of(ask.cell, ask.payment);
            let wrong = |what: &str| Failure::Wrong(format!("payment {n} ({id}): {what}"));
            let row = rows.get(&ask.payment).ok_or_else(|| wrong("is not in the books"))?;
            let moved = truth.get(&id).ok_or_else(|| wrong("was never taken to the bank"))?;
            if moved.asked_minor != row.amount_minor {
                return Err(wrong("came to the bank with another amount"));
            }
            let as_asked = moved.moved_minor.first() == Some(&row.amount_minor);
            let state = match (moved.refused, as_asked) {
                (true, _) => PaymentState::Refused,
                (false, true) => PaymentState::Settled,
                (false, false) => PaymentState::Questioned,
            };
            if row.state != state {
                return Err(wrong(&format!("is {} in the books and {} in truth", row.state.as_str(), state.as_str())));
            }
            let times = booked.get(row.purpose.as_str()).copied().unwrap_or(0);
            if times != u32::from(state == PaymentState::Settled) {
                return Err(wrong(&format!("is booked {times} times and is {}", state.as_str())));
            }
            let mut expect = |kind: ItemKind, is_there: bool| {
                let found = listed.remove(&(kind, Some(row.id))).unwrap_or(0);
                let wanted = u32::from(is_there);
                let said = format!("stands in the queue {found} times as {}, {wanted} expected", kind.as_str());
                if found == wanted { Ok(()) } else { Err(wrong(&said)) }
            };
            expect(ItemKind::Amount, state == PaymentState::Questioned)?;
            expect(ItemKind::Twice, moved.moved_minor.len() == 2)?;
            self.twice += u32::from(moved.moved_minor.len() == 2);
            match state {
                PaymentState::Settled => {
                    self.settled += 1;
                    in_wallets += if row.way == PaymentWay::In { row.amount_minor } else { -row.amount_minor };
                }
                PaymentState::Questioned => {
                    self.questioned += 1;
                    held += if row.way == PaymentWay::Out { row.amount_minor } else { 0 };
                }
                PaymentState::Refused | PaymentState::Asked => self.refused += 1,
            }
        }
        if truth.len() != campaign.payments as usize {
            let count = truth.len();
            return Err(Failure::Wrong(format!("the bank has {count} orders, {} were asked for", campaign.payments)));
        }
        // Money from outside: twice for each rail to a household, and once to nobody, which the queue has.
        in_wallets += 4 * 1_234;
        if listed != BTreeMap::from([((ItemKind::BankOnly, None), 2)]) {
            return Err(Failure::Wrong(format!("the queue holds besides, by kind and payment: {listed:?}")));
        }
        let wallets: Vec<Wallet> = records(platform)?;
        let (balance, kept): (i64, i64) =
            (wallets.iter().map(|row| row.balance_minor).sum(), wallets.iter().map(|row| row.held_minor).sum());
        if (balance, kept) != (in_wallets, held) {
            let message = format!("wallets hold {balance} and keep {kept}, truth says {in_wallets} and {held}");
            return Err(Failure::Wrong(message));
        }
        Ok(())
    }

    fn say(&self, campaign: &Campaign, kills: u32) {
        let Found { settled, refused, questioned, twice, matched, told_by_statement, credits, records, seconds } = self;
        if campaign.json {
            let object = json!({
                "payments": campaign.payments, "seed": campaign.seed, "kills": kills, "settled": settled,
                "refused": refused, "in_question": questioned, "paid_twice_by_bank": twice, "matched": matched,
                "told_by_statement": told_by_statement, "credits_found": credits, "records": records,
                "seconds": seconds,
            });
            return say(object.to_string());
        }
        say(format!("{} payments, the platform killed {kills} times, in {seconds:.1} s", campaign.payments));
        say(format!("  settled      {settled}, each booked once"));
        say(format!("  refused      {refused}, nothing booked, set free"));
        say(format!("  in question  {questioned}: another amount was moved; held until two people have decided"));
        say(format!(
            "  statements   {matched} lines agree; {told_by_statement} payments and {credits} credits known by them alone"
        ));
        say(format!(
            "  differences  {questioned} amounts, {twice} paid twice by the bank, 2 from unknown payers: all in the queue"
        ));
        say(format!("  books        {records} records, proven and derived again"));
    }
}

fn truth(address: &str) -> Result<HashMap<OrderId, Moved>, Failure> {
    let told = control(address, "truth", &Value::Null)?;
    let garbled = || Failure::Wrong("the truth of the sandbox bank cannot be read".to_owned());
    let mut found = HashMap::new();
    for one in ["bank", "mobile"].iter().filter_map(|rail| told[*rail].as_array()).flatten() {
        let id = one["id"].as_str().and_then(OrderId::parse).ok_or_else(garbled)?;
        let moved = Moved {
            asked_minor: one["asked"].as_i64().ok_or_else(garbled)?,
            moved_minor: one["moved"]
                .as_array()
                .map(|all| all.iter().filter_map(Value::as_i64).collect())
                .unwrap_or_default(),
            refused: one["refused"].as_bool().ok_or_else(garbled)?,
        };
        found.insert(id, moved);
    }
    Ok(found)
}

/// Every row of a table, cell by cell.
fn records<R: Record>(platform: &Platform) -> Result<Vec<R>, Failure> {
    const PAGE: usize = 5_000;
    let table = R::table();
    let mut all = Vec::new();
    for cell in 0..=platform.opened.backend.cells() {
        let mut after: Option<Key> = None;
        loop {
            let page =
                platform.desk.readers.with(|reader| reader.scan(table, &key![Cell(cell)], after.as_deref(), PAGE))?;
            let is_full = page.len() == PAGE;
            after = page.last().map(|row| row[..table.key_len].to_vec());
            for row in &page {
                all.push(R::from_row(row).map_err(|error| Failure::Wrong(error.to_string()))?);
            }
            if !is_full {
                break;
            }
        }
    }
    Ok(all)
}
