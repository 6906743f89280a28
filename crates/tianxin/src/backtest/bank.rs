//! A real bank's history, read from files: accounts, their clients, movements and loans.
//!
//! The layout is that of the PKDD'99 financial data: `account`, `disp`, `trans` and `loan`, each as
//! `.csv` or `.csv.gz`, dates as yymmdd. Every error names file, row and field.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use basics::money::parse_minor;
use basics::{Date, Id};
use insight::{Channel, Event, EventKind};

use crate::failure::Failure;

/// One loan of the history.
#[derive(Clone, Debug)]
pub struct HistoricalLoan {
    /// The bank's own number.
    pub number: u64,
    /// The account it was granted to.
    pub account: u64,
    /// When it was granted.
    pub date: Date,
    /// Principal, minor units.
    pub amount_minor: i64,
    /// Instalment, minor units.
    pub instalment_minor: i64,
    /// Months.
    pub months: u16,
    /// `A` or `C` paid, `B` or `D` did not.
    pub status: String,
}

impl HistoricalLoan {
    /// Ended unpaid, or running in debt.
    pub fn is_bad(&self) -> bool {
        matches!(self.status.as_str(), "B" | "D")
    }
}

/// An account, which is a household here.
#[derive(Clone, Debug)]
pub struct HistoricalAccount {
    /// The bank's own number.
    pub number: u64,
    /// Since when.
    pub since: Date,
    /// District, which stands for the village.
    pub district: String,
    /// Its clients, the owner first.
    pub clients: Vec<u64>,
}

/// The whole history.
#[derive(Debug)]
pub struct Bank {
    /// Accounts by number.
    pub accounts: BTreeMap<u64, HistoricalAccount>,
    /// Movements as events by account, in the order of the file, which keeps the order within a day.
    pub movements: BTreeMap<u64, Vec<Event>>,
    /// Loans by date and number.
    pub loans: Vec<HistoricalLoan>,
}

/// The household of an account.
pub fn household(account: u64) -> Id {
    Id::from_u128(0xB42C_0000_0000_0000_0000_0000_0000_0000).derive(&format!("account {account}"))
}

impl Bank {
    /// Reads the folder.
    pub fn read(folder: &Path) -> Result<Bank, Failure> {
        let mut accounts = BTreeMap::new();
        for row in Rows::open(folder, "account", &["account_id", "district_id", "date"])? {
            let row = row?;
            let number = row.number("account_id")?;
            let since = row.date("date")?;
            let district = row.text("district_id").to_owned();
            accounts.insert(number, HistoricalAccount { number, since, district, clients: Vec::new() });
        }
        for row in Rows::open(folder, "disp", &["client_id", "account_id", "type"])? {
            let row = row?;
            let (client, number) = (row.number("client_id")?, row.number("account_id")?);
            let account = accounts
                .get_mut(&number)
                .ok_or_else(|| row.wrong("account_id", "names no account of the account file"))?;
            match row.text("type") {
                "OWNER" => account.clients.insert(0, client),
                _ => account.clients.push(client),
            }
        }
        let mut loans = Vec::new();
        for row in
            Rows::open(folder, "loan", &["loan_id", "account_id", "date", "amount", "duration", "payments", "status"])?
        {
            let row = row?;
            let status = row.text("status").to_owned();
            if !matches!(status.as_str(), "A" | "B" | "C" | "D") {
                return Err(row.wrong("status", "is not A, B, C or D"));
            }
            let account = row.number("account_id")?;
            if !accounts.contains_key(&account) {
                return Err(row.wrong("account_id", "names no account of the account file"));
            }
            loans.push(HistoricalLoan {
                number: row.number("loan_id")?,
                account,
                date: row.date("date")?,
                amount_minor: row.amount("amount")?,
                instalment_minor: row.amount("payments")?,
                months: u16::try_from(row.number("duration")?)
                    .map_err(|_| row.wrong("duration", "is no number of months"))?,
                status,
            });
        }
        loans.sort_by_key(|loan| (loan.date, loan.number));
        Ok(Bank { movements: movements(folder)?, accounts, loans })
    }
}

fn movements(folder: &Path) -> Result<BTreeMap<u64, Vec<Event>>, Failure> {
    let columns = ["account_id", "date", "type", "operation", "amount", "balance", "k_symbol", "bank", "account"];
    let mut all: BTreeMap<u64, Vec<Event>> = BTreeMap::new();
    for row in Rows::open(folder, "trans", &columns)? {
        let row = row?;
        let number = row.number("account_id")?;
        let of_account = all.entry(number).or_default();
        let event = event_of(&row, number, of_account.len() as u64)?;
        of_account.push(event);
    }
    for events in all.values_mut() {
        events.sort_by_key(|event| (event.date, event.id));
    }
    Ok(all)
}

/// A movement as an event. `order` is its place among the account's rows: the source's own numbers do
/// not keep the order within a day.
fn event_of(row: &Row, account: u64, order: u64) -> Result<Event, Failure> {
    let amount = row.amount("amount")?;
    let came_in = row.text("type") == "PRIJEM";
    let kind = match (row.text("k_symbol"), row.text("operation"), came_in) {
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
    let (bank, other) = (row.text("bank"), row.text("account"));
    let counterparty = (!other.is_empty()).then(|| {
        let hash = basics::merkle::leaf_hash(format!("{bank} {other}").as_bytes());
        hash.iter().take(8).fold(0u64, |key, byte| key << 8 | u64::from(*byte))
    });
    Ok(Event {
        household: household(account),
        id: Id::from_u128(u128::from(account) << 64 | u128::from(order)),
        date: row.date("date")?,
        kind,
        amount_minor: if came_in { amount } else { -amount },
        balance_after_minor: Some(row.amount("balance")?),
        counterparty,
        channel: Channel::OwnBusiness,
        consent: None,
        measure: None,
        source: None,
        known: None,
    })
}

/// The rows of one file.
struct Rows {
    path: PathBuf,
    headers: Vec<String>,
    records: csv::StringRecordsIntoIter<Box<dyn Read>>,
    line: u64,
}

/// One row, with what an error needs to name it.
struct Row {
    path: PathBuf,
    line: u64,
    fields: BTreeMap<String, String>,
}

impl Rows {
    fn open(folder: &Path, name: &str, needed: &[&str]) -> Result<Rows, Failure> {
        let plain = folder.join(format!("{name}.csv"));
        let packed = folder.join(format!("{name}.csv.gz"));
        let (path, file) = match File::open(&plain) {
            Ok(file) => (plain, Box::new(file) as Box<dyn Read>),
            Err(_) => {
                let file = File::open(&packed).map_err(|error| {
                    Failure::Unreachable(format!(
                        "{} has no {name}.csv or {name}.csv.gz ({error}): name a folder with the bank's files",
                        folder.display()
                    ))
                })?;
                (packed, Box::new(flate2::read::MultiGzDecoder::new(file)) as Box<dyn Read>)
            }
        };
        let mut reader = csv::ReaderBuilder::new().from_reader(file);
        let bad = |error: csv::Error| Failure::Wrong(format!("{}: {error}", path.display()));
        let headers: Vec<String> = reader.headers().map_err(bad)?.iter().map(str::to_owned).collect();
        if let Some(missing) = needed.iter().find(|column| !headers.iter().any(|header| header == *column)) {
            return Err(Failure::Wrong(format!(
                "{}: column `{missing}` is missing; the file has {}",
                path.display(),
                headers.join(", ")
            )));
        }
        Ok(Rows { path, headers, records: reader.into_records(), line: 1 })
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.records.next()?;
        self.line += 1;
        Some(match record {
            Ok(record) => {
                let fields = self.headers.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
                Ok(Row { path: self.path.clone(), line: self.line, fields })
            }
            Err(error) => Err(Failure::Wrong(format!("{}: {error}", self.path.display()))),
        })
    }
}

impl Row {
    fn text(&self, column: &str) -> &str {
        self.fields.get(column).map_or("", String::as_str)
    }

    fn wrong(&self, column: &str, what: &str) -> Failure {
        let found: String = self.text(column).chars().take(40).collect();
        Failure::Wrong(format!("{}, row {}, `{column}`: `{found}` {what}", self.path.display(), self.line))
    }

    fn number(&self, column: &str) -> Result<u64, Failure> {
        self.text(column).parse().map_err(|_| self.wrong(column, "is no whole number"))
    }

    fn amount(&self, column: &str) -> Result<i64, Failure> {
        parse_minor(self.text(column)).map_err(|_| self.wrong(column, "is no amount"))
    }

    /// A date as yymmdd of the twentieth century.
    fn date(&self, column: &str) -> Result<Date, Failure> {
        let text = self.text(column);
        let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i16>().ok());
        (text.len() == 6)
            .then(|| Date::ymd(1900 + part(0..2)?, part(2..4)? as i8, part(4..6)? as i8).ok())
            .flatten()
            .ok_or_else(|| self.wrong(column, "is no date: give yymmdd"))
    }
}
