//! A real bank's history (Czech, 1993 to 1998) read as events, requests and outcomes.
//!
//! Pure functions from text rows; only [`Bank::open`] touches files.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use basics::{Date, Id, money::parse_minor};
use insight::{Channel, Event, EventError, EventKind, Profile, Request};

/// One loan of the history.
#[derive(Clone, Debug)]
pub struct Loan {
    pub account_id: u64,
    pub date: Date,
    pub request: Request,
    /// Status B (ended unpaid) or D (running, in debt).
    pub bad: bool,
}

/// Loans and, by account, movements as events in the order of the file.
#[derive(Debug)]
pub struct Bank {
    pub loans: Vec<Loan>,
    pub events: BTreeMap<u64, Vec<Event>>,
}

impl Bank {
    /// Reads the folder, or none where it is absent.
    pub fn open() -> Option<Bank> {
        let folder = shared_folder()?.join("data/berka");
        let loans = rows(&folder.join("loan.csv.gz"))?.iter().filter_map(loan_of).collect();
        let mut events: BTreeMap<u64, Vec<Event>> = BTreeMap::new();
        for (order, row) in rows(&folder.join("trans.csv.gz"))?.iter().enumerate() {
            let (account, event) = event_of(row, order as u64)?;
            events.entry(account).or_default().push(event);
        }
        Some(Bank { loans, events })
    }

    /// The profile of a loan's account from movements dated before the loan.
    pub fn profile_before(&self, loan: &Loan) -> Result<Profile, EventError> {
        let mut profile = Profile::default();
        for event in self.events.get(&loan.account_id).into_iter().flatten().filter(|e| e.date < loan.date) {
            profile.fold(event)?;
        }
        Ok(profile)
    }
}

fn shared_folder() -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    found.is_dir().then_some(found)
}

type Row = BTreeMap<String, String>;

fn rows(path: &Path) -> Option<Vec<Row>> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).ok()?).read_to_string(&mut text).ok()?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<Vec<Row>, _>>().ok()
}

fn loan_of(row: &Row) -> Option<Loan> {
    Some(Loan {
        account_id: row.get("account_id")?.parse().ok()?,
        date: date_of(row.get("date")?)?,
        request: Request {
            amount_minor: parse_minor(row.get("amount")?).ok()?,
            instalment_minor: parse_minor(row.get("payments")?).ok()?,
            term_months: row.get("duration")?.parse().ok()?,
        },
        bad: matches!(row.get("status")?.as_str(), "B" | "D"),
    })
}

/// A date as YYMMDD of the twentieth century.
fn date_of(text: &str) -> Option<Date> {
    let part = |range| text.get(range).and_then(|s: &str| s.parse::<i16>().ok());
    Date::ymd(1900 + part(0..2)?, part(2..4)? as i8, part(4..6)? as i8).ok()
}

/// A movement as an event. `order` is its place in the file, which keeps the order within a
/// day; the source's own numbers do not.
fn event_of(row: &Row, order: u64) -> Option<(u64, Event)> {
    let text = |name: &str| row.get(name).map_or("", String::as_str);
    let account: u64 = text("account_id").parse().ok()?;
    let amount = parse_minor(text("amount")).ok()?;
    let came_in = text("type") == "PRIJEM";
    let kind = match (text("k_symbol"), text("operation"), came_in) {
        ("DUCHOD", _, true) => EventKind::Pension,
        ("UROK", _, true) => EventKind::InterestCredited,
        (_, "VKLAD", true) => EventKind::CashDeposit,
        (_, _, true) => EventKind::TransferIn,
        ("SANKC. UROK", _, false) => EventKind::PenaltyInterest,
        ("SLUZBY", _, false) => EventKind::Fee,
        ("SIPO", _, false) => EventKind::HouseholdBill,
        ("POJISTNE", _, false) => EventKind::InsurancePremium,
        ("UVER", _, false) => EventKind::LoanPayment,
        (_, "VYBER KARTOU", false) => EventKind::PaymentOut,
        (_, "VYBER", false) => EventKind::CashWithdrawal,
        _ => EventKind::TransferOut,
    };
    let other_side = (!text("account").is_empty()).then(|| opaque(text("bank"), text("account")));
    Some((
        account,
        Event {
            household: Id::from_u128(u128::from(account)),
            id: Id::from_u128(u128::from(order)),
            date: date_of(text("date"))?,
            kind,
            amount_minor: if came_in { amount } else { -amount },
            balance_after_minor: parse_minor(text("balance")).ok(),
            counterparty: other_side,
            channel: Channel::OwnBusiness,
            consent: None,
        },
    ))
}

/// A key for the other side that does not tell who it is.
fn opaque(bank: &str, account: &str) -> u64 {
    let bytes = *Id::from_u128(0).derive(&format!("{bank} {account}")).as_bytes();
    u64::from_be_bytes([bytes[8], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[10], bytes[11]])
}
