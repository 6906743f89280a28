//! The driver carries a village through the door: the books are exact, what people were told is what the books hold, and
//! neither engine, batches nor threads change what comes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use app::Tianxin;
use app::assess::{Judge, feature_names};
use app::code::SpentCode;
use app::level::{LevelLimits, WalletLevel};
use app::paper::ContractPaper;
use app::payment::{Payment, PaymentState, PaymentWay};
use app::tables::{Contract, Entry, EntryKind, LoanEvent, LoanNote, Wallet};
use app::task::{Task, TaskKind, TaskStatus};
use app::vault::{Vault, VaultError};
use basics::{Date, Id};
use door::{Backend, audit};
use loan::act::AlteredPlan;
use loan::{Happening, LifeEvent, LoanTerms};
use policy::RuleSet;
use sim::deed::Told;
use sim::drive::{Driver, Founding, Pace, Platform, held_against_truth};
use sim::lab::assumed::Assumed;
use sim::lab::lender::{Lender, Rooms};
use sim::lab::policy::{Policy, Scoring};
use sim::{County, World};
use store::keys::{open, seal};
use store::{KeyError, KeyStore};
use support::lending::lender_of;
use support::proof::records;
use support::village::Village;
use support::{open_date, postgres, postgres_backend, sqlite};

/// What the village and the county borrow.
fn lender() -> Arc<Tianxin> {
    lender_of(&["short-working-capital", "season-bullet", "revolving-consumer-line", "quarterly-interest"])
}

const HOUSEHOLDS: u32 = 24;
const DAYS: i32 = 65;

struct Keys(KeyStore);

fn failed(error: KeyError) -> VaultError {
    VaultError::Failed(error.to_string())
}

impl Keys {
    fn fresh(folder: &Path) -> Keys {
        let mut state = 7u64;
        let entropy = Box::new(move |buffer: &mut [u8]| {
            for byte in buffer {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 56) as u8;
            }
        });
        Keys(KeyStore::open(folder, entropy).unwrap())
    }
}

impl Vault for Keys {
    fn make_keys(&self, persons: &[Id]) -> Result<(), VaultError> {
        self.0.make_many(persons).map(|_| ()).map_err(failed)
    }

    fn seal(&self, person: Id, field: &str, command: Id, plain: &[u8]) -> Result<(Vec<u8>, [u8; 32]), VaultError> {
        let key = self.0.person_key(person).map_err(failed)?.ok_or(VaultError::Erased)?;
        let sealed = seal(&key, field, command, plain).map_err(failed)?;
        Ok((sealed.ciphertext, sealed.commitment))
    }

    fn open(&self, person: Id, ciphertext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.0.person_key(person).map_err(failed)?.ok_or(VaultError::Erased)?;
        open(&key, ciphertext).map(|(plain, _)| plain.to_vec()).map_err(failed)
    }

    fn destroy(&self, person: Id) -> Result<(), VaultError> {
        self.0.destroy(person).map_err(failed)
    }

    fn keyed_hash(&self, domain: &str, value: &[u8]) -> [u8; 32] {
        self.0.keyed_hash(domain, value)
    }
}

struct Run {
    village: Village,
    events: String,
    loans: String,
    commands: u64,
}

fn run(backend: Arc<dyn Backend>, keys: &Path, batch_max: usize, threads: usize) -> Run {
    run_in(lender(), backend, keys, (batch_max, threads))
}

fn driver(house: Arc<Tianxin>, backend: Arc<dyn Backend>, keys: &Path, (batch_max, threads): (usize, usize)) -> Driver {
    let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()).unwrap();
    let vault = Arc::new(Keys::fresh(keys));
    let platform = Platform { house, backend, vault, judge: Judge::new(None, rules) };
    Driver::new(platform, Pace { batch_max, threads, ..Pace::of(5) }, open_date())
}

fn run_in(house: Arc<Tianxin>, backend: Arc<dyn Backend>, keys: &Path, (batch_max, threads): (usize, usize)) -> Run {
    let mut driver = driver(house, backend.clone(), keys, (batch_max, threads));
    driver.found(&Founding::of(HOUSEHOLDS, backend.cells())).unwrap();
    let mut village = Village::new(open_date(), HOUSEHOLDS);
    for _ in 0..DAYS {
        driver.live(&mut village).unwrap();
    }
    let (mut events, mut loans) = (Vec::new(), Vec::new());
    driver.write_events(&mut events).unwrap();
    driver.write_loans(&mut loans).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { village, events: text(events), loans: text(loans), commands: driver.counts().commands }
}

#[test]
fn a_village_lives_through_the_door_and_the_books_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("books.db"));
    let run = run(backend.clone(), folder.path(), 256, 2);
    audit::verify(lender().as_ref(), backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));

    // What people last heard is what the books hold.
    let of: BTreeMap<Id, u32> = (0..HOUSEHOLDS).map(|no| (Village::id(no), no)).collect();
    let wallets: BTreeMap<u32, i64> = records::<Wallet>(backend.as_ref())
        .iter()
        .map(|row| (of[&row.household], row.balance_minor - row.held_minor))
        .collect();
    assert_eq!(wallets, run.village.wallets);
    let notes = records::<LoanNote>(backend.as_ref());
    let owes: BTreeMap<u32, i64> = notes.iter().map(|row| (of[&row.household], row.outstanding_minor)).collect();
    assert_eq!(owes, run.village.owes);

    by_code(&run, backend.as_ref());
    papers(&run.village, backend.as_ref());
    // Without a model every application goes to the office, and the neighbours' word counts.
    let asked = run.village.told.iter().filter(|(_, reply)| matches!(reply.told, Told::ChangeProposed { .. })).count();
    assert_eq!((run.village.visits, asked), (HOUSEHOLDS as usize + 3, 3));
    let refused = run.village.told.iter().filter(|(_, reply)| matches!(reply.told, Told::Refused { .. })).count();
    assert_eq!(refused, 8, "a third of them has no good name");
    // Of the sixteen that were offered a loan, those whose number seven divides let it go.
    assert_eq!(notes.len(), 14);
    later_ends(&run.village, &records::<LoanEvent>(backend.as_ref()));
    on_a_line(&run.village);
    let late: HashSet<u32> = run
        .village
        .told
        .iter()
        .filter(|(_, reply)| matches!(reply.told, Told::Due { days_past_due: 7, .. }))
        .map(|(_, reply)| reply.household.0)
        .collect();
    assert!(late.iter().all(|no| no.is_multiple_of(5)) && !late.is_empty(), "who does not pay is told so: {late:?}");
    assert!(run.village.told.iter().any(|(_, reply)| matches!(reply.told, Told::Received { .. })));
    // What was brought to a window that was out of order counts from that day, and is booked when the line is back.
    let late: Vec<Entry> = records::<Entry>(backend.as_ref())
        .into_iter()
        .filter(|entry| entry.value_date < entry.booking_date && entry.kind == EntryKind::TopUp)
        .collect();
    let corrected = records::<Entry>(backend.as_ref()).iter().filter(|e| e.kind == EntryKind::Correction).count();
    assert!(!late.is_empty() && corrected > 0, "{} {corrected}", late.len());
    assert!(run.commands > 1_500, "{}", run.commands);
}

/// What falls due: date and sum in fen.
type Dues = Vec<(Date, i64)>;

/// Whoever asked for a later end and agreed to what was proposed has it, in the books as it was told; nobody else has.
fn later_ends(village: &Village, events: &[LoanEvent]) {
    let last = |no: u32, told: fn(&Told) -> Option<&Dues>| {
        let heard = village.told.iter().filter(|(_, reply)| reply.household.0 == no);
        heard.filter_map(|(_, reply)| told(&reply.told)?.last()).map(|(due, _)| *due).next_back()
    };
    let mut extended = Vec::new();
    for no in 0..HOUSEHOLDS {
        let own = events.iter().filter(|event| event.household == Village::id(no));
        let until = own.filter_map(|event| match basics::cbor::from_bytes::<LifeEvent>(&event.bytes).unwrap().what {
            Happening::Extended(alteration) => Some(alteration.plan),
            _ => None,
        });
        let until: Vec<AlteredPlan> = until.collect();
        let after = last(no, |told| if let Told::Changed { dues, .. } = told { Some(dues) } else { None });
        assert_eq!(until, after.map(AlteredPlan::Until).into_iter().collect::<Vec<_>>(), "household {no}");
        if let Some(after) = after {
            let drawn = last(no, |told| if let Told::Drawn { dues, .. } = told { Some(dues) } else { None }).unwrap();
            assert_eq!(after, drawn.add_months(6).unwrap(), "a loan of half a year may last half a year longer");
            extended.push(no);
        }
    }
    assert_eq!(extended, [1, 19], "13 was proposed one and let it go");
}

/// Who has a line buys by it, brings back, and pays its statement; the shop is paid less what the lender keeps.
fn on_a_line(village: &Village) {
    let heard = |no: u32| {
        let told = village.told.iter().filter(move |(_, reply)| reply.household.0 == no);
        let about = told.filter(|(_, reply)| {
            matches!(
                reply.told,
                Told::SellsOnLines
                    | Told::LineOpen { .. }
                    | Told::Bought { .. }
                    | Told::BroughtBack { .. }
                    | Told::Statement { .. }
                    | Told::LinePaid { .. }
                    | Told::NotOnLine { .. }
            )
        });
        about.map(|(date, reply)| format!("{date} {:?}\n", reply.told)).collect::<String>()
    };
    insta::assert_snapshot!(heard(Village::SHOP), @"2026-03-05 SellsOnLines");
    insta::assert_snapshot!(heard(Village::SHOPPER), @r#"
    2026-03-26 NotOnLine { code: "over_facility" }
    2026-03-28 LineOpen { limit_fen: 200000 }
    2026-03-29 Bought { shop: HouseholdNo(23), amount_fen: 30000 }
    2026-03-29 BroughtBack { shop: HouseholdNo(23), amount_fen: 30000 }
    2026-03-29 NotOnLine { code: "unknown_purchase" }
    2026-03-30 Bought { shop: HouseholdNo(23), amount_fen: 45000 }
    2026-03-30 NotOnLine { code: "over_line" }
    2026-03-30 NotOnLine { code: "unknown_merchant" }
    2026-04-17 Statement { minimum_fen: 5000, whole_fen: 45000, due: 2026-04-20, days_past_due: 0 }
    2026-04-17 LinePaid { amount_fen: 45000, owed_fen: 0 }
    "#);
    // 450.00 less 0.6 % by the next morning, told together with what else moved; the books of the wallet are compared above.
    let owed: BTreeMap<Date, i64> = village
        .told
        .iter()
        .filter(|(_, reply)| reply.household.0 == Village::SHOP)
        .filter_map(|(date, reply)| {
            Some((*date, if let Told::Wallet { balance_fen } = reply.told { balance_fen } else { return None }))
        })
        .collect();
    let (before, after) = (open_date().add_days(28), open_date().add_days(29));
    let last_before = owed.range(..=before).next_back().map_or(0, |(_, fen)| *fen);
    assert!(owed.get(&after).is_some_and(|fen| fen - last_before >= 44_730), "{owed:?}");
}

/// What waits for papers is drawn with the last of them; who shows receipts is asked for nothing, who does not is asked by the office.
fn papers(village: &Village, backend: &dyn Backend) {
    let about = |no: u32| {
        let told = village.told.iter().filter(move |(_, reply)| reply.household.0 == no);
        let told = told.filter_map(|(date, reply)| match &reply.told {
            Told::Refused { .. } | Told::PapersWanted { .. } | Told::UseWanted { .. } | Told::UseShown { .. } => {
                Some(format!("{date} {:?}\n", reply.told))
            }
            Told::Drawn { mine, amount_fen, .. } => Some(format!("{date} Drawn {mine} {amount_fen}\n")),
            _ => None,
        });
        let kept = records::<ContractPaper>(backend);
        let kept = kept.iter().filter(|row| row.household == Village::id(no));
        let kept = kept.map(|row| {
            let paper: loan::Paper = basics::cbor::from_bytes(&row.bytes).unwrap();
            match paper {
                loan::Paper::Spouse { word, .. } => format!("spouse {word:?}\n"),
                other => format!("{other:?}\n"),
            }
        });
        told.chain(kept).collect::<String>()
    };
    insta::assert_snapshot!(about(Village::WIDOWED), @r"
    2026-03-26 PapersWanted { mine: 1, papers: [Spouse { signs: true }] }
    2026-03-26 Drawn 1 500000
    2026-03-26 UseWanted { mine: 1, by: 2026-04-25 }
    NoSpouse { why: Widowed }
    ");
    insta::assert_snapshot!(about(Village::MARRIED), @r#"
    2026-03-24 PapersWanted { mine: 1, papers: [Spouse { signs: true }] }
    2026-03-24 Drawn 1 500000
    2026-03-24 UseWanted { mine: 1, by: 2026-04-23 }
    2026-03-24 UseShown { mine: 1 }
    Document { code: "use-of-funds" }
    spouse Signed
    "#);
    let asked: Vec<(Id, TaskStatus)> = records::<Task>(backend)
        .iter()
        .filter(|task| task.kind == TaskKind::ShowUse)
        .map(|task| (task.household, task.status))
        .collect();
    assert_eq!(asked, [(Village::id(Village::WIDOWED), TaskStatus::Open)]);
}

/// A purchase by code is paid once, the shop gets it less what the lender keeps, and the profile knows of it; what cannot be paid is not.
fn by_code(run: &Run, backend: &dyn Backend) {
    let on = open_date().add_days(10);
    let told = run.village.told.iter().filter(|(date, reply)| (*date, reply.household.0) == (on, Village::PAYER));
    let told: String = told.map(|(_, reply)| format!("{:?}\n", reply.told)).collect();
    insta::assert_snapshot!(told, @r#"
    PaidByCode { shop: HouseholdNo(23), amount_fen: 2500 }
    No { code: "unknown_merchant", back_fen: 0, gives_up: None }
    No { code: "insufficient_funds", back_fen: 0, gives_up: None }
    Wallet { balance_fen: 97509 }
    "#);
    assert_eq!(records::<SpentCode>(backend).len(), 1);
    let bought = format!("{},{on},payment_out,-2500,", Village::PAYER);
    assert_eq!(run.events.lines().filter(|line| line.starts_with(&bought)).count(), 1);
}

/// What a wallet may not move is a no, and nothing is taken for done.
#[test]
fn a_wallet_that_may_move_no_more_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("books.db"));
    let (per_day_minor, per_year_minor) = (None, None);
    let limits =
        LevelLimits { level: WalletLevel::Basic, per_payment_minor: Some(200_000), per_day_minor, per_year_minor };
    let house = Arc::new(lender().as_ref().clone().limiting(vec![limits]));
    let run = run_in(house.clone(), backend.clone(), folder.path(), (256, 2));
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));
    let over = |back: i64| Told::No { code: "over_limit".to_owned(), back_fen: back, gives_up: None };
    let told = run.village.told.iter().filter(|(_, reply)| reply.told == over(-250_000)).count();
    let windows: Vec<Id> = (0..HOUSEHOLDS).step_by(4).map(Village::id).collect();
    let (by_clerk, by_phone): (Vec<LoanNote>, Vec<LoanNote>) =
        records::<LoanNote>(backend.as_ref()).into_iter().partition(|row| windows.contains(&row.household));
    assert_eq!(told, by_phone.len(), "each took half of its loan out, in vain");
    let taken = records::<Entry>(backend.as_ref()).iter().filter(|row| row.kind == EntryKind::Withdrawal).count();
    assert_eq!(taken, by_clerk.len(), "what a clerk pays out is not what a household moves by itself");
    assert!(told > 5 && taken > 1, "{told} {taken}");
}

/// Phones pay over a bank that refuses, loses, delays and repeats: what it did in truth is booked once, and people hear of it.
#[test]
fn payments_over_a_rail_that_cannot_be_relied_on_are_booked_as_the_bank_has_done_them() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("books.db"));
    let house = Arc::new(lender().as_ref().clone().paying_over(vec!["bank".to_owned()]));
    let run = run_in(house.clone(), backend.clone(), folder.path(), (256, 2));
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));
    let payments = records::<Payment>(backend.as_ref());
    let open = open_date().add_days(DAYS);
    for row in &payments {
        held_against_truth(5, row, open).unwrap();
        let entries = records::<Entry>(backend.as_ref());
        let booked = entries.iter().filter(|entry| entry.memo.as_ref() == Some(&row.purpose)).count();
        assert_eq!(booked, usize::from(row.state == PaymentState::Settled), "{row:?}");
    }
    let count = |what: &dyn Fn(&Payment) -> bool| payments.iter().filter(|row| what(row)).count();
    let shown = format!(
        "{} in, {} out; {} refused, {} done on a later day",
        count(&|row| row.way == PaymentWay::In),
        count(&|row| row.way == PaymentWay::Out),
        count(&|row| row.state == PaymentState::Refused),
        count(&|row| row.told_on.is_some_and(|on| on > row.asked_on)),
    );
    insta::assert_snapshot!(shown, @"25 in, 10 out; 1 refused, 1 done on a later day");
    // What people last heard is what the books hold.
    let of: BTreeMap<Id, u32> = (0..HOUSEHOLDS).map(|no| (Village::id(no), no)).collect();
    let wallets = records::<Wallet>(backend.as_ref());
    let wallets: BTreeMap<u32, i64> =
        wallets.iter().map(|row| (of[&row.household], row.balance_minor - row.held_minor)).collect();
    assert_eq!(wallets, run.village.wallets);
}

/// A loan as it stands: drawn when, how much, on which terms; what happened since, and what is owed.
type Lived = (Date, i64, LoanTerms, Vec<(Date, Happening)>, i64);

/// A county in which nobody asks for a later end and no window breaks: what the laboratory's lender does not do.
fn a_quiet_county() -> County {
    let mut county = County::shipped().unwrap();
    (county.place.outage_permille, county.credit.campaign_days) = (0, 30);
    county.shopping = None;
    (county.weather.drought_permille, county.weather.flood_permille, county.weather.pest_permille) = (0, 0, 0);
    (county.people.lost_work_permille, county.life.illness_permille) = (0, 0);
    // Short loans, so that a few months see them paid.
    for offer in &mut county.offer {
        offer.months = if offer.product == "season-bullet" { 4 } else { 3 };
    }
    for herd in &mut county.herd {
        herd.disease_permille = 0;
    }
    county
}

/// The laboratory's lender has no books. The same county with the same luck borrows the same from it as through the door, loan by
/// loan, on the same terms, pays the same on the same days and owes the same to the fen.
#[test]
fn the_laboratorys_lender_lends_as_the_door_does() {
    const PEOPLE: u32 = 100;
    const LIVED: i32 = 250;
    let county = a_quiet_county();
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("books.db"));
    let mut world = World::new(&county, 3, PEOPLE, open_date());
    let mut driver = driver(lender(), backend.clone(), folder.path(), (4_096, 2));
    driver.found(&Founding::of(PEOPLE, backend.cells())).unwrap();
    for _ in 0..LIVED {
        driver.live(&mut world).unwrap();
    }
    let terms: BTreeMap<Id, LoanTerms> = records::<Contract>(backend.as_ref())
        .into_iter()
        .map(|row| (row.id, basics::cbor::from_bytes(&row.terms).unwrap()))
        .collect();
    let events: Vec<(Id, LifeEvent)> = records::<LoanEvent>(backend.as_ref())
        .iter()
        .map(|row| (row.loan, basics::cbor::from_bytes(&row.bytes).unwrap()))
        .collect();
    let by_door: BTreeMap<Id, Lived> = records::<LoanNote>(backend.as_ref())
        .into_iter()
        .map(|row| {
            let own = events.iter().filter(|(loan, _)| *loan == row.id).map(|(_, event)| event);
            let mut happened: Vec<&LifeEvent> = own.collect();
            happened.sort_by_key(|event| (event.value_date, event.id));
            let happened = happened.into_iter().map(|event| (event.value_date, event.what.clone())).collect();
            (row.id, (row.drawn_on, row.principal_minor, terms[&row.contract].clone(), happened, row.outstanding_minor))
        })
        .collect();

    let rooms = Rooms::shipped().unwrap();
    let policy = Policy { scoring: Scoring::None, ..Policy::default() };
    let (assumed, _) = Assumed::shipped().unwrap();
    let assumed = Assumed { officers_hundredths_per_thousand: 100_000, visits_a_day: 100, ..assumed };
    let mut world = World::new(&county, 3, PEOPLE, open_date());
    let mut laboratory = Lender::new(&rooms, &county, (&policy, &assumed, None), PEOPLE as usize, open_date());
    laboratory.live(&mut world, LIVED).unwrap();
    let by_laboratory: BTreeMap<Id, Lived> = laboratory
        .loans
        .iter()
        .map(|loan| {
            let id = world.person(loan.who).id.derive(&format!("loan {}", loan.mine));
            let happened = loan.events.iter().map(|event| (event.value_date, event.what.clone())).collect();
            (id, (loan.drawn_on, loan.amount_fen, loan.terms.clone(), happened, loan.outstanding_fen()))
        })
        .collect();

    assert_eq!(by_door.keys().collect::<Vec<_>>(), by_laboratory.keys().collect::<Vec<_>>(), "the same loans");
    for (id, through_the_door) in &by_door {
        assert_eq!(through_the_door, &by_laboratory[id], "loan {id}");
    }
    let paid = by_door.values().flat_map(|loan| &loan.3).filter(|(_, what)| matches!(what, Happening::Paid { .. }));
    let shown = format!("{} loans, {} payments", by_door.len(), paid.count());
    insta::assert_snapshot!(shown, @"10 loans, 9 payments");
}

#[test]
fn engine_batches_and_threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let keys = |name: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    };
    let first = run(sqlite(&folder.path().join("a.db")), &keys("a"), 4_096, 1);
    let second = run(sqlite(&folder.path().join("b.db")), &keys("b"), 7, 3);
    assert_eq!(first.events, second.events);
    assert_eq!(first.loans, second.loans);
    assert_eq!(first.village.told, second.village.told);
    assert!(first.events.lines().count() > 24 * 20 * 2, "two events a household every third day");
    if let Some((database, _server)) = postgres("drive") {
        let third = run(postgres_backend(&database.url(), "drive"), &keys("c"), 512, 2);
        assert_eq!(first.events, third.events);
        assert_eq!(first.loans, third.loans);
        assert_eq!(first.village.told, third.village.told);
    }
}
