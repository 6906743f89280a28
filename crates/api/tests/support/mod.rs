//! A served institution for tests: real books, real keys, a real socket, a clock that tests set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use api::{ApiOptions, Rates};
use app::assess::{Judge, feature_names};
use app::command::Command;
use app::desk::Desk;
use app::quota::Fund;
use app::staff::SetStaff;
use app::vault::{Vault, VaultError};
use app::{Institution, Tianxin};
use basics::{Cell, Currency, Date, Id, Instant, Money};
use door::{Actor, App, Backend, Engine, EngineOptions, Order, Request, Role};
use insight::{Safer, features_for, for_credit};
use ledger::Chart;
use loan::remind::ReminderPlan;
use policy::RuleSet;
use rails::{Outbox, Phone};
use score::{DataCard, ModelFile, Sample, TrainSpec, Trend, train};
use serde_json::{Value, json};
use store::{KeyStore, OpenOptions, SqliteBackend};

pub const CELLS: u16 = 4;
pub const PIN: &str = "908172";
pub const PASSWORD: &str = "correct horse battery";
const SECOND: i64 = 1_000_000;

pub fn open_date() -> Date {
    Date::ymd(2026, 3, 2).unwrap()
}

struct Keys(KeyStore);

impl Vault for Keys {
    fn make_keys(&self, persons: &[Id]) -> Result<(), VaultError> {
        self.0.make_many(persons).map(|_| ()).map_err(|e| VaultError::Failed(e.to_string()))
    }
    fn seal(&self, person: Id, field: &str, command: Id, plain: &[u8]) -> Result<(Vec<u8>, [u8; 32]), VaultError> {
        let key = self.0.person_key(person).unwrap().ok_or(VaultError::Erased)?;
        let sealed = store::keys::seal(&key, field, command, plain).unwrap();
        Ok((sealed.ciphertext, sealed.commitment))
    }
    fn open(&self, person: Id, ciphertext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.0.person_key(person).unwrap().ok_or(VaultError::Erased)?;
        Ok(store::keys::open(&key, ciphertext).unwrap().0.to_vec())
    }
    fn destroy(&self, person: Id) -> Result<(), VaultError> {
        self.0.destroy(person).map_err(|e| VaultError::Failed(e.to_string()))
    }
    fn keyed_hash(&self, domain: &str, value: &[u8]) -> [u8; 32] {
        self.0.keyed_hash(domain, value)
    }
}

/// A served institution.
pub struct Town {
    pub desk: Arc<Desk>,
    outbox: Arc<Outbox>,
    clock: Arc<AtomicI64>,
    base: String,
    agent: ureq::Agent,
    commands: AtomicU64,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    server: Option<std::thread::JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

/// Who calls, and with what proof.
#[derive(Clone, Debug, Default)]
pub struct Who {
    pub cookie: Option<String>,
    pub csrf: Option<String>,
    pub bearer: Option<String>,
    pub household: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    pub fn text(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.json())).to_owned()
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    /// Checks that this is a problem document of a code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let shown = String::from_utf8_lossy(&self.bytes).into_owned();
        assert_eq!(self.status, status, "{shown}");
        assert!(self.header("content-type").starts_with("application/problem+json"), "{shown}");
        let value = self.json();
        assert_eq!(value["code"], code, "{shown}");
        assert_eq!(value["status"], status, "{shown}");
        assert_eq!(value["type"], format!("urn:tianxin:problem:{code}"), "{shown}");
        for word in ["title", "detail"] {
            assert!(!value[word].as_str().unwrap().is_empty(), "{shown}");
        }
        value
    }
}

/// How the town is run.
pub struct Plan {
    pub model: Option<ModelFile>,
    pub demo: bool,
    pub rates: Rates,
    pub products: Vec<&'static str>,
    pub reminders: Option<ReminderPlan>,
    pub rails: Vec<&'static str>,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            model: None,
            demo: false,
            rates: Rates::UNLIMITED,
            products: vec!["short-working-capital", "season-bullet"],
            reminders: None,
            rails: Vec::new(),
        }
    }
}

impl Town {
    pub fn start(plan: Plan) -> Town {
        let folder = tempfile::tempdir().unwrap();
        let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
        let products = plan.products.iter().map(|code| loan::product::shipped(code).unwrap()).collect();
        let tianxin = Tianxin::new(Institution::rural_bank("测试银行"), chart).unwrap().lending(products);
        let rails = plan.rails.iter().map(|rail| (*rail).to_owned()).collect();
        let tianxin = Arc::new(Tianxin { reminders: plan.reminders, rails, ..tianxin });
        let mut tables = door::tables::all();
        tables.extend(tianxin.tables());
        let options = OpenOptions { cells: CELLS, open_date: open_date(), ..OpenOptions::default() };
        let books = SqliteBackend::open(folder.path().join("books.db"), &tables, options).unwrap();
        let backend: Arc<dyn Backend> = Arc::new(books);
        let mut n = 0u8;
        let entropy = Box::new(move |bytes: &mut [u8]| {
            for byte in bytes {
                n = n.wrapping_mul(31).wrapping_add(7);
                *byte = n;
            }
        });
        let keys = KeyStore::open(folder.path(), entropy).unwrap();
        let engine = Arc::new(Engine::start(tianxin, backend, EngineOptions::default()).unwrap());
        let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()).unwrap();
        let desk = Arc::new(Desk::new(engine, Arc::new(Keys(keys)), Judge::new(plan.model, rules), 4));

        let clock = Arc::new(AtomicI64::new(i64::from(open_date().days()) * 86_400 * SECOND + 3_600 * SECOND));
        let outbox = Arc::new(Outbox::default());
        let read = clock.clone();
        let options = ApiOptions {
            demo: plan.demo,
            secure_cookies: false,
            messages: outbox.clone(),
            rates: plan.rates,
            clock: Arc::new(move || Instant(read.load(Ordering::SeqCst))),
            ..ApiOptions::default()
        };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let served = desk.clone();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                api::serve(listener, options, served, async move { drop(stopped.await) }).await.unwrap();
            });
        });
        let base = format!("http://{}", told.recv().unwrap());
        // The server closes a connection whose body it did not want to read, so none is used twice.
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections(0);
        let agent = config.build().new_agent();
        let commands = AtomicU64::new(1);
        let (stop, server) = (Some(stop), Some(server));
        Town { desk, outbox, clock, base, agent, commands, stop, server, _folder: folder }
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }

    pub fn now(&self) -> Instant {
        Instant(self.clock.load(Ordering::SeqCst))
    }

    /// A new command id.
    pub fn command(&self) -> String {
        let n = self.commands.fetch_add(1, Ordering::SeqCst);
        format!("0195e3a0-0000-7000-8000-{n:012x}")
    }

    /// Sends a request as it is.
    pub fn send(&self, who: &Who, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(cookie) = &who.cookie {
            request = request.header("Cookie", format!("other=1; {cookie}"));
        }
        if let Some(csrf) = &who.csrf {
            request = request.header("X-CSRF-Token", csrf);
        }
        if let Some(bearer) = &who.bearer {
            request = request.header("Authorization", format!("Bearer {bearer}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => self.agent.run(request.body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = response.unwrap();
        let headers = response.headers().clone();
        let bytes = response.body_mut().read_to_vec().unwrap();
        Reply { status: response.status().as_u16(), headers, bytes }
    }

    pub fn get(&self, who: &Who, path: &str) -> Reply {
        self.send(who, "GET", path, &[], None)
    }

    /// A write under a new command id.
    pub fn post(&self, who: &Who, path: &str, body: Value) -> Reply {
        self.post_as(who, &self.command(), path, body)
    }

    /// A write under a given command id.
    pub fn post_as(&self, who: &Who, command: &str, path: &str, body: Value) -> Reply {
        let headers = [("Command-Id", command), ("Content-Type", "application/json")];
        self.send(who, "POST", path, &headers, Some(body.to_string().as_bytes()))
    }

    /// The last code that was sent to a phone.
    pub fn code(&self, phone: &str) -> String {
        let text = self.outbox.last_to(&Phone::parse(phone).unwrap()).unwrap().text;
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits[..6].to_owned()
    }

    /// Asks for a code and reads it.
    pub fn new_code(&self, phone: &str, purpose: &str) -> String {
        self.post(&Who::default(), "/api/v1/codes", json!({ "phone": phone, "purpose": purpose })).expect(202);
        self.code(phone)
    }

    pub fn enrolment(&self, n: u32, code: &str) -> Value {
        json!({
            "name": "王芳", "resident_id": resident_id(n), "phone": phone(n), "code": code, "village": "柳树湾",
            "pin": PIN, "consents": [{ "purpose": "credit", "version": "1" }],
        })
    }

    /// Enrols household number `n` and signs it in.
    pub fn enrol(&self, n: u32) -> Who {
        let code = self.new_code(&phone(n), "enrol");
        let reply = self.post(&Who::default(), "/api/v1/enrolments", self.enrolment(n, &code)).expect(201);
        let mut who = who_of(&reply, &reply.json()["session"]);
        who.household = reply.text("household");
        who
    }

    /// Makes a member of staff, behind the door.
    pub fn hire(&self, login: &str, role: Role) -> Id {
        let staff = Id::from_u128(0x5000).derive(login);
        let password_hash = Some(api::password::hash(PASSWORD, &[7; 16]).unwrap());
        let set = SetStaff { staff, login: login.to_owned(), role, active: true, password_hash };
        self.system(&format!("hire {login}"), Command::SetStaff(set));
        staff
    }

    /// Signs a member of staff in.
    pub fn sign_in(&self, login: &str) -> Who {
        let body = json!({ "login": login, "password": PASSWORD });
        let reply = self.post(&Who::default(), "/api/v1/sessions", body).expect(201);
        who_of(&reply, &reply.json())
    }

    pub fn staff(&self, login: &str, role: Role) -> Who {
        self.hire(login, role);
        self.sign_in(login)
    }

    /// Does a command as the platform itself.
    pub fn system(&self, name: &str, command: Command) {
        let id = Id::from_u128(0xABCD).derive(name);
        self.desk.engine.call(Request::plain(id, Actor::SYSTEM, self.now(), Order::Do(command))).unwrap();
    }

    /// Capital for the bank, shared out to the cells.
    pub fn fund(&self) {
        let amount = |yuan: i64| Money::new(yuan * 100, Currency::CNY);
        self.system("capital", Command::Fund(Fund { amount: amount(10_000_000), reference: "capital".into() }));
        for cell in 1..=CELLS {
            let to = Cell(cell);
            let grant = app::quota::GrantQuota { to, amount: amount(1_000_000) };
            self.system(&format!("quota {cell}"), Command::GrantQuota(grant));
        }
        self.desk.engine.settle();
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            // Its connections may be kept alive by the agent: the process ends them.
            drop(server);
        }
    }
}

pub fn who_of(reply: &Reply, session: &Value) -> Who {
    let cookie = reply.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    Who {
        cookie: Some(cookie.split(';').next().unwrap().to_owned()),
        csrf: Some(session["csrf_token"].as_str().unwrap().to_owned()),
        household: session["actor"]["household"].as_str().unwrap_or_default().to_owned(),
        bearer: None,
    }
}

pub fn phone(n: u32) -> String {
    format!("138{n:08}")
}

/// A resident id whose check character fits.
pub fn resident_id(n: u32) -> String {
    let digits = format!("51082119800307{n:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// Half a year of a household's movements, as the API takes them: income in, living out.
pub fn events(income_fen: i64, living_fen: i64) -> Value {
    let mut balance = 20_000;
    let mut all = Vec::new();
    for n in 0..190i32 {
        let date = open_date().add_days(n - 190).to_string();
        let mut push = |kind: &str, fen: i64| {
            balance += fen;
            let text = |fen: i64| basics::money::format_minor(fen);
            all.push(json!({ "date": date, "kind": kind, "amount": text(fen.abs()), "balance_after": text(balance) }));
        };
        if n % 15 == 3 {
            push("payment_in", income_fen / 2);
        }
        if n % 3 == 1 {
            push("payment_out", -(living_fen / 10).max(1));
        }
    }
    json!({ "events": all })
}

fn profile_of(told: &Value) -> insight::Profile {
    let mut profile = insight::Profile::default();
    for (n, event) in told["events"].as_array().unwrap().iter().enumerate() {
        let fen = |name: &str| basics::money::parse_minor(event[name].as_str().unwrap()).unwrap();
        let is_in = event["kind"] == "payment_in";
        let kind = if is_in { insight::EventKind::PaymentIn } else { insight::EventKind::PaymentOut };
        let event = insight::Event {
            household: Id::from_u128(1),
            id: Id::from_u128(n as u128),
            date: Date::parse(event["date"].as_str().unwrap()).unwrap(),
            kind,
            amount_minor: if is_in { fen("amount") } else { -fen("amount") },
            balance_after_minor: Some(fen("balance_after")),
            counterparty: None,
            channel: insight::Channel::OwnBusiness,
            consent: None,
            measure: None,
            source: None,
            known: None,
        };
        profile.fold(&event).unwrap();
    }
    profile
}

/// A scorecard trained on households that had money left, and on others that had not.
pub fn model() -> ModelFile {
    let mut rows = Vec::new();
    for n in 0..160i64 {
        let (income, living) = (300_000 + n * 1_000, if n % 4 == 0 { 330_000 + n * 1_000 } else { 180_000 });
        let profile = profile_of(&events(income, living));
        let request = insight::feature::Request { amount_minor: 1_000_000, instalment_minor: 90_000, term_months: 12 };
        rows.push((features_for(&profile, &request, profile.last_movement().unwrap()), n % 4 == 0));
    }
    let trend = |safer| match safer {
        Safer::Higher => Trend::Falling,
        Safer::Lower => Trend::Rising,
        Safer::Either => Trend::Free,
    };
    let columns: Vec<(String, Trend)> = for_credit().map(|f| (f.name.to_owned(), trend(f.safer))).collect();
    let sample = Sample {
        columns: columns.iter().map(|(name, _)| rows.iter().map(|(v, _)| v.get(name)).collect()).collect(),
        bad: rows.iter().map(|(_, bad)| *bad).collect(),
    };
    train(&sample, DataCard::default(), &TrainSpec::usual(columns, 1)).unwrap()
}
