//! Rows of a table become behaviour events, or are refused with their line and the reason.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use basics::merkle::leaf_hash;
use basics::money::parse_minor;
use basics::{Date, Id};
use csv::StringRecord;
use flate2::bufread::MultiGzDecoder;
use insight::{Channel, Event, EventKind, Stream};

use super::mapping::{AmountSign, DateForm, Mapping, Side, Verdict};
use crate::failure::Failure;
use crate::terminal::Progress;

/// Rows of one file at most: all are checked before the first is written.
pub const ROWS_MAX: u64 = 5_000_000;
/// Refused rows that are remembered with their reason; the rest are counted.
pub const REFUSED_KEPT: usize = 1_000;
/// The first year of movements; where a household settled may lie before.
const FIRST_YEAR: i16 = 1990;

/// Whose account is whose.
pub enum Households {
    /// The account column holds the household's public id.
    Named,
    /// By account.
    ByAccount(HashMap<String, Id>),
}

/// What rows are read by, beside the mapping.
pub struct Reading<'a> {
    /// The mapping.
    pub mapping: &'a Mapping,
    /// Whose account is whose.
    pub households: &'a Households,
    /// Reads a household's public id; none if there is none such here.
    pub household: &'a dyn Fn(&str) -> Option<Id>,
    /// The keyed hash by which another side is known.
    pub party: &'a dyn Fn(&str) -> u64,
    /// The first day, where dates are hours since.
    pub first_day: Option<Date>,
    /// The open day: what lies after it has not happened.
    pub open_day: Date,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Told {
    /// Rows read.
    pub rows: u64,
    /// Events, by household, in the order of the file.
    pub events: BTreeMap<Id, Vec<Event>>,
    /// Rows of accounts that are no household's here.
    pub strangers: u64,
    /// Rows that the mapping leaves out.
    pub left_out: u64,
    /// Rows refused.
    pub refused_count: u64,
    /// The first of them: line and reason.
    pub refused: Vec<(u64, String)>,
}

impl Told {
    /// Events in all.
    pub fn count(&self) -> u64 {
        self.events.values().map(|events| events.len() as u64).sum()
    }
}

/// Opens a table: CSV, or CSV packed by gzip, told from the content.
pub fn open(path: &Path) -> Result<csv::Reader<Box<dyn Read>>, Failure> {
    let unreadable = |error: std::io::Error| Failure::file(path, "read", error);
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let head = file.fill_buf().map_err(unreadable)?;
    if head.starts_with(b"PAR1") {
        let what = "is Parquet, which this program does not read: write it as CSV or gzip CSV";
        return Err(Failure::Wrong(format!("{} {what}", path.display())));
    }
    let text: Box<dyn Read> =
        if head.starts_with(&[0x1f, 0x8b]) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(csv::ReaderBuilder::new().from_reader(text))
}

/// Reads a whole file, and writes nothing anywhere.
pub fn read(path: &Path, by: &Reading<'_>, progress: &Progress) -> Result<Told, Failure> {
    let wrong = |what: String| Failure::Wrong(format!("{}: {what}", path.display()));
    let mut table = open(path)?;
    let heads = table.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let columns = columns(&heads, by.mapping).map_err(wrong)?;
    let file = hash_of(path)?;
    let mut reader = RowReader { by, columns, file, seen: HashMap::new() };
    let mut told = Told::default();
    let mut record = StringRecord::new();
    loop {
        match table.read_record(&mut record) {
            Ok(false) => return Ok(told),
            Ok(true) => {}
            Err(error) => return Err(wrong(error.to_string())),
        }
        told.rows += 1;
        if told.rows > ROWS_MAX {
            return Err(wrong(format!("it has more than {ROWS_MAX} rows: split it")));
        }
        if told.rows.is_multiple_of(50_000) {
            progress.set(format!("reading: {} rows", told.rows));
        }
        let line = record.position().map_or(told.rows + 1, csv::Position::line);
        reader.take(line, &record, &mut told);
    }
}

/// The hash of a file's bytes, by which its rows are told from those of another.
fn hash_of(path: &Path) -> Result<[u8; 32], Failure> {
    let unreadable = |error: std::io::Error| Failure::file(path, "read", error);
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut hash, mut part) = ([0; 32], Vec::new());
    loop {
        part.clear();
        part.extend_from_slice(&hash);
        let length = (&mut file).take(1 << 20).read_to_end(&mut part).map_err(unreadable)?;
        if length == 0 {
            return Ok(hash);
        }
        hash = leaf_hash(&part);
    }
}

/// Where each column of the mapping stands.
fn columns(heads: &StringRecord, mapping: &Mapping) -> Result<HashMap<String, usize>, String> {
    let mut columns = HashMap::new();
    for (place, head) in heads.iter().enumerate() {
        if columns.insert(head.to_owned(), place).is_some() {
            return Err(format!("column `{head}` is there twice"));
        }
    }
    let missing: Vec<&str> = mapping.columns().into_iter().filter(|name| !columns.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(columns);
    }
    let there: Vec<&str> = heads.iter().collect();
    Err(format!(
        "the mapping names columns that are missing: {}; the file has {}",
        missing.join(", "),
        there.join(", ")
    ))
}

struct RowReader<'a> {
    by: &'a Reading<'a>,
    columns: HashMap<String, usize>,
    file: [u8; 32],
    /// Own numbers of events met, with their lines.
    seen: HashMap<String, u64>,
}

/// What came of one side of a row.
enum Sided {
    Event(Box<Event>),
    LeftOut,
    Stranger,
}

impl RowReader<'_> {
    fn take(&mut self, line: u64, record: &StringRecord, told: &mut Told) {
        let mut events = Vec::new();
        let (mut left_out, mut strange) = (0, 0);
        let mut sides = || -> Result<(), String> {
            for (number, side) in self.by.mapping.side.iter().enumerate() {
                match self.side(line, number, side, record)? {
                    Sided::Event(event) => events.push(*event),
                    Sided::LeftOut => left_out += 1,
                    Sided::Stranger => strange += 1,
                }
            }
            Ok(())
        };
        let read = sides().and_then(|()| match events.is_empty() {
            true => Ok(()),
            false => self.once(line, record),
        });
        match read {
            Err(reason) => {
                told.refused_count += 1;
                if told.refused.len() < REFUSED_KEPT {
                    told.refused.push((line, reason));
                }
            }
            Ok(()) if !events.is_empty() => {
                for event in events {
                    told.events.entry(event.household).or_default().push(event);
                }
            }
            Ok(()) if strange > 0 => told.strangers += 1,
            Ok(()) => told.left_out += u64::from(left_out > 0),
        }
    }

    /// Refuses an event whose own number was met before.
    fn once(&mut self, line: u64, record: &StringRecord) -> Result<(), String> {
        let Some(column) = &self.by.mapping.id else { return Ok(()) };
        let own = self.cell(record, column).to_owned();
        if own.is_empty() {
            return Err(format!("`{column}` is empty: every event needs its number"));
        }
        match self.seen.insert(own.clone(), line) {
            None => Ok(()),
            Some(before) => Err(format!("event `{own}` stands in line {before} already")),
        }
    }

    fn side(&self, line: u64, number: usize, side: &Side, record: &StringRecord) -> Result<Sided, String> {
        let mapping = self.by.mapping;
        let account = self.cell(record, &side.account);
        let household = match self.by.households {
            Households::Named => match (self.by.household)(account) {
                Some(household) => household,
                None => return Err(format!("`{account}` is no household of these books")),
            },
            Households::ByAccount(known) => match known.get(account) {
                Some(household) => *household,
                None => return Ok(Sided::Stranger),
            },
        };
        let Some(kind) = self.kind(side, record)? else { return Ok(Sided::LeftOut) };
        let date = self.date(kind, record)?;
        let source = match &mapping.agreement {
            Some(agreement) => {
                if !agreement.kinds.contains(&kind) {
                    return Err(format!("the agreement {} does not cover {}", agreement.number, kind.name()));
                }
                Id::default().derive(&format!("agreement {} {}", agreement.authority, agreement.number))
            }
            None => Id::default().derive(&format!("file {}", hex(&self.file))),
        };
        let event = Event {
            household,
            id: self.event_id(line, number, household, record),
            date,
            kind,
            amount_minor: self.amount(kind, record)?,
            balance_after_minor: side.balance.as_ref().map(|column| self.minor(record, column)).transpose()?.flatten(),
            counterparty: self.party(side, record),
            channel: mapping.channel,
            consent: self.consent(record)?,
            measure: self.measure(kind, record)?,
            source: Some(source),
            known: None,
        };
        event.check().map_err(|error| error.to_string())?;
        Ok(Sided::Event(Box::new(event)))
    }

    fn cell<'r>(&self, record: &'r StringRecord, column: &str) -> &'r str {
        self.columns.get(column).and_then(|place| record.get(*place)).unwrap_or("").trim()
    }

    fn kind(&self, side: &Side, record: &StringRecord) -> Result<Option<EventKind>, String> {
        if let Some(column) = &side.kind {
            let name = self.cell(record, column);
            return EventKind::named(name)
                .map(Some)
                .ok_or_else(|| format!("`{column}`: there is no kind of event `{name}`"));
        }
        let fits =
            side.rules.iter().find(|rule| rule.when.iter().all(|(column, text)| self.cell(record, column) == text));
        match fits.map(|rule| rule.is) {
            Some(Verdict::Kind(kind)) => Ok(Some(kind)),
            Some(Verdict::LeftOut) => Ok(None),
            None => {
                let mut looked_at: Vec<&String> = side.rules.iter().flat_map(|rule| rule.when.keys()).collect();
                looked_at.sort_unstable();
                looked_at.dedup();
                let found: Vec<String> =
                    looked_at.iter().map(|column| format!("{column} = `{}`", self.cell(record, column))).collect();
                Err(format!("no rule of the mapping fits {}", found.join(", ")))
            }
        }
    }

    fn date(&self, kind: EventKind, record: &StringRecord) -> Result<Date, String> {
        let column = &self.by.mapping.date;
        let text = self.cell(record, &column.column);
        let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i16>().ok());
        let digits = |length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        let civil =
            |year: Option<i16>, at: usize| Date::ymd(year?, part(at..at + 2)? as i8, part(at + 2..at + 4)? as i8).ok();
        let (date, wanted) = match column.form {
            DateForm::Iso => (Date::parse(text).ok(), "year-month-day"),
            DateForm::Yymmdd => (civil(part(0..2).map(|year| 1900 + year), 2).filter(|_| digits(6)), "yymmdd"),
            DateForm::Yyyymmdd => (civil(part(0..4), 4).filter(|_| digits(8)), "yyyymmdd"),
            DateForm::Hours => {
                let hours = text.parse::<i32>().ok().filter(|hours| (1..=1_000_000).contains(hours));
                (
                    hours.and_then(|hours| Some(self.by.first_day?.add_days((hours - 1) / 24))),
                    "hours, the first being 1",
                )
            }
        };
        let date = date.ok_or_else(|| format!("`{}`: `{}` is no date: give {wanted}", column.column, shown(text)))?;
        if date > self.by.open_day {
            return Err(format!("it lies in the future: {date} is after the open day {}", self.by.open_day));
        }
        if date.year() < FIRST_YEAR && kind != EventKind::SettledInVillage {
            return Err(format!("{date} lies before {FIRST_YEAR}"));
        }
        Ok(date)
    }

    fn amount(&self, kind: EventKind, record: &StringRecord) -> Result<i64, String> {
        let Some(told) = &self.by.mapping.amount else { return Ok(0) };
        let column = &told.column;
        let amount = match self.minor(record, column)? {
            Some(amount) => amount,
            None if kind.stream() == Stream::Still => 0,
            None => return Err(format!("`{column}` is empty: {} needs an amount", kind.name())),
        };
        match (told.sign, kind.stream()) {
            (AmountSign::Signed, _) => Ok(amount),
            (AmountSign::ByKind, _) if amount < 0 => {
                Err(format!("`{column}`: the amount is negative; the kind tells whether it came in or went out"))
            }
            (AmountSign::ByKind, Stream::Out) => Ok(-amount),
            (AmountSign::ByKind, _) => Ok(amount),
        }
    }

    fn minor(&self, record: &StringRecord, column: &str) -> Result<Option<i64>, String> {
        match self.cell(record, column) {
            "" => Ok(None),
            text => parse_minor(text).map(Some).map_err(|_| format!("`{column}`: `{}` is no amount", shown(text))),
        }
    }

    fn measure(&self, kind: EventKind, record: &StringRecord) -> Result<Option<i64>, String> {
        match (&self.by.mapping.measure, kind.measure()) {
            (Some(column), Some(_)) => {
                let text = self.cell(record, column);
                text.parse().map(Some).map_err(|_| format!("`{column}`: `{}` is no whole number", shown(text)))
            }
            _ => Ok(None),
        }
    }

    fn consent(&self, record: &StringRecord) -> Result<Option<Id>, String> {
        let Some(column) = &self.by.mapping.consent else { return Ok(None) };
        match (self.cell(record, column), self.by.mapping.channel) {
            ("", Channel::Authority | Channel::LicensedBureau) => {
                Err(format!("`{column}` is empty: nothing is taken over without the household's consent"))
            }
            ("", _) => Ok(None),
            (text, _) => Ok(Some(Id::default().derive(&format!("consent {text}")))),
        }
    }

    fn party(&self, side: &Side, record: &StringRecord) -> Option<u64> {
        let names: Vec<&str> = side.counterparty.iter().map(|column| self.cell(record, column)).collect();
        names.iter().any(|name| !name.is_empty()).then(|| (self.by.party)(&names.join(" ")))
    }

    /// The id of an event: by the source's own number where it has one, otherwise by the file and its line, so that the
    /// same file is the same events and a later line of a day is the later event.
    fn event_id(&self, line: u64, side: usize, household: Id, record: &StringRecord) -> Id {
        let first_half = |hash: [u8; 32]| hash.iter().take(8).fold(0_u128, |all, byte| all << 8 | u128::from(*byte));
        match &self.by.mapping.id {
            Some(column) => {
                let own = self.cell(record, column);
                household.derive(&format!("imported event {side} {own}"))
            }
            None => {
                let place = format!("{} {line} {side} {household}", hex(&self.file));
                Id::from_u128(u128::from(line) << 64 | first_half(leaf_hash(place.as_bytes())))
            }
        }
    }
}

/// The beginning of a cell, for a message.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::mapping::{BERKA, PAYSIM};

    const FARM: &str = r#"
channel = "authority"
measure = "value"
consent = "consent"
id = "number"

[agreement]
number = "2026-17"
authority = "county agriculture bureau"
from = "2026-01-01"
to = "2026-12-31"
kinds = ["land_certified", "crop_sown", "subsidy"]

[amount]
column = "yuan"

[date]
column = "on"

[[side]]
account = "farm"
kind = "what"
"#;

    fn told(mapping: &str, text: &str, accounts: &[(&str, u128)], first_day: Option<&str>) -> Result<Told, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, text).unwrap();
        let mapping = Mapping::parse("mapping.toml", mapping).unwrap();
        let known = accounts.iter().map(|(account, id)| ((*account).to_owned(), Id::from_u128(*id))).collect();
        let by = Reading {
            mapping: &mapping,
            households: &Households::ByAccount(known),
            household: &|_| None,
            party: &|name| name.len() as u64,
            first_day: first_day.map(|day| Date::parse(day).unwrap()),
            open_day: Date::ymd(2026, 7, 1).unwrap(),
        };
        read(&path, &by, &Progress::begin("reading")).map_err(|error| error.to_string())
    }

    fn lines(told: &Told) -> Vec<String> {
        let events = told.events.values().flatten();
        events
            .map(|e| {
                format!("{} {} {} {:?} {:?}", e.date, e.kind.name(), e.amount_minor, e.balance_after_minor, e.measure)
            })
            .collect()
    }

    #[test]
    fn a_banks_movements_become_events() {
        let text = "trans_id,account_id,date,type,operation,amount,balance,k_symbol,bank,account\n\
                    1,7,930101,PRIJEM,VKLAD,900.0,900.0,,,\n\
                    2,7,930105,VYDAJ,PREVOD NA UCET,100.5,799.5,POJISTNE,AB,55\n\
                    3,8,930105,PRIJEM,PREVOD Z UCTU,1.0,1.0,DUCHOD,,\n\
                    4,7,930106,VYBER,VYBER,9.0,790.5,,,\n";
        let told = told(BERKA, text, &[("7", 1)], None).unwrap();
        assert_eq!((told.rows, told.strangers, told.refused_count), (4, 1, 0));
        assert_eq!(
            lines(&told),
            [
                "1993-01-01 cash_deposit 90000 Some(90000) None",
                "1993-01-05 insurance_premium -10050 Some(79950) None",
                "1993-01-06 cash_withdrawal -900 Some(79050) None",
            ]
        );
        let ids: Vec<Id> = told.events.values().flatten().map(|event| event.id).collect();
        assert!(ids.is_sorted(), "a later line is the later event");
    }

    #[test]
    fn a_mobile_money_log_tells_both_sides() {
        let text = "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest\n\
                    1,TRANSFER,30.00,C1,100.0,70.0,C2,0.0,0.0\n\
                    25,CASH_OUT,20.00,C1,70.0,50.0,C9,0.0,0.0\n\
                    26,CASH_OUT,20.00,C9,70.0,50.0,C2,0.0,0.0\n";
        let told = told(PAYSIM, text, &[("C1", 1), ("C2", 2)], Some("2026-05-01")).unwrap();
        assert_eq!(
            lines(&told),
            [
                "2026-05-01 transfer_out -3000 Some(7000) None",
                "2026-05-02 cash_withdrawal -2000 Some(5000) None",
                "2026-05-01 transfer_in 3000 None None",
            ]
        );
        assert_eq!((told.strangers, told.refused_count), (1, 0));
    }

    #[test]
    fn farm_data_comes_with_agreement_and_consent_or_not_at_all() {
        let text = "number,farm,on,what,value,yuan,consent\n\
                    a1,F1,2026-03-01,land_certified,12500,,C-1\n\
                    a2,F1,2026-03-02,subsidy,,120.00,C-1\n\
                    a3,F1,2026-03-03,crop_sown,10000,,\n\
                    a4,F1,2026-03-03,weather,5,,C-1\n\
                    a5,F1,2026-08-01,crop_sown,10000,,C-1\n\
                    a6,F1,2026-03-04,crop_sown,-3,,C-1\n\
                    a7,F1,2026-03-04,crop_sown,many,,C-1\n\
                    a8,F1,2026-03-04,rainfall,1,,C-1\n\
                    a2,F1,2026-03-05,subsidy,,120.00,C-1\n\
                    a9,F1,05.03.2026,subsidy,,120.00,C-1\n\
                    b1,F1,2026-03-05,subsidy,,-1.00,C-1\n\
                    b2,F1,2026-03-05,subsidy,,,C-1\n\
                    b3,F1,1985-03-05,subsidy,,1.00,C-1\n";
        let told = told(FARM, text, &[("F1", 1)], None).unwrap();
        assert_eq!(
            lines(&told),
            ["2026-03-01 land_certified 0 None Some(12500)", "2026-03-02 subsidy 12000 None None"]
        );
        let event = &told.events[&Id::from_u128(1)][0];
        assert!(event.consent.is_some() && event.source.is_some() && event.channel == Channel::Authority);
        let reasons: Vec<String> = told.refused.iter().map(|(line, reason)| format!("{line}: {reason}")).collect();
        for (reason, wanted) in reasons.iter().zip([
            "4: `consent` is empty",
            "5: the agreement 2026-17 does not cover weather",
            "6: it lies in the future: 2026-08-01 is after the open day 2026-07-01",
            "7: event",
            "8: `value`: `many` is no whole number",
            "9: `what`: there is no kind of event `rainfall`",
            "10: event `a2` stands in line 3 already",
            "11: `on`: `05.03.2026` is no date: give year-month-day",
            "12: `yuan`: the amount is negative",
            "13: `yuan` is empty: subsidy needs an amount",
            "14: 1985-03-05 lies before 1990",
        ]) {
            assert!(reason.starts_with(wanted), "{reason}, wanted {wanted}");
        }
        assert_eq!((reasons.len(), told.refused_count), (11, 11));
        assert!(reasons[3].contains("cannot be negative"), "{}", reasons[3]);
    }

    #[test]
    fn a_missing_column_is_named() {
        let said = told(BERKA, "account_id,date,type,amount\n", &[], None).unwrap_err();
        assert!(said.contains("account, balance, bank, k_symbol, operation"), "{said}");
        assert!(said.contains("the file has account_id, date, type, amount"), "{said}");
        let twice = told(FARM, "number,farm,on,what,value,yuan,consent,farm\n", &[], None).unwrap_err();
        assert!(twice.contains("column `farm` is there twice"), "{twice}");
    }
}
