//! Files of transactions for the monitor: which column says what, and rows read by it.

use std::collections::BTreeMap;
use std::path::Path;

use basics::{Date, Id, Instant};
use csv::StringRecord;
use insight::{Channel, Event, EventKind, Stream};
use serde::{Deserialize, Deserializer};
use watch::replay::Row;

use crate::events::open_table;
use crate::failure::Failure;
use crate::terminal::log;

/// Mappings that come with the program, each for files that have all of its columns.
const OWN: [(&str, &str); 2] = [
    ("fraud_handbook", include_str!("mappings/fraud_handbook.toml")),
    ("paysim", include_str!("mappings/paysim.toml")),
];
/// Rows that are refused one by one in words.
const REFUSED_SHOWN: usize = 20;
/// Rows of one file at most.
const ROWS_MAX: usize = 10_000_000;

/// Which column says what. Columns that it does not name are ignored.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The number of a transaction; without it the line tells rows apart.
    id: Option<String>,
    household: String,
    counterparty: Option<String>,
    amount: String,
    /// What it turned out to be: 1, true or yes; 0, false or no; empty where it is not known.
    label: Option<String>,
    village: Option<String>,
    device: Option<String>,
    time: Time,
    kind: KindColumn,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    column: String,
    form: Form,
    /// The day of hour 0.
    #[serde(default, deserialize_with = "date")]
    first_day: Option<Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// `2018-06-11 00:00:24`, or with a T.
    Datetime,
    /// `2018-06-11`.
    Date,
    /// Hours since the first day.
    Hours,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindColumn {
    /// The kind of all rows.
    #[serde(default, deserialize_with = "kind")]
    always: Option<EventKind>,
    column: Option<String>,
    /// Which kind is meant by what stands in the column; without it the column holds names such as `transfer_out`.
    #[serde(default)]
    values: BTreeMap<String, Named>,
}

#[derive(Clone, Copy, Debug)]
struct Named(EventKind);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Named, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown =
            || serde::de::Error::custom(format!("there is no kind of event `{name}`; write one such as transfer_out"));
        EventKind::named(&name).map(Named).ok_or_else(unknown)
    }
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<EventKind>, D::Error> {
    Named::deserialize(deserializer).map(|named| Some(named.0))
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Date::parse(&text).map(Some).map_err(serde::de::Error::custom)
}

/// What a file holds, in order of time.
#[derive(Debug, Default)]
pub struct Read {
    /// The rows.
    pub rows: Vec<Row>,
    /// Rows that make no sense.
    pub refused: u64,
    /// Whether the file says what rows turned out to be.
    pub has_labels: bool,
}

impl Columns {
    fn parse(name: &str, text: &str) -> Result<Columns, Failure> {
        let columns: Columns = toml::from_str(text).map_err(|error| Failure::Wrong(format!("{name}: {error}")))?;
        if columns.time.form == Form::Hours && columns.time.first_day.is_none() {
            return Err(Failure::Wrong(format!("{name}: [time] form is hours: give the first_day")));
        }
        if columns.kind.always.is_none() && columns.kind.column.is_none() {
            return Err(Failure::Wrong(format!("{name}: [kind] needs `always` or `column`")));
        }
        Ok(columns)
    }

    fn names(&self) -> Vec<&str> {
        let optional = [&self.id, &self.counterparty, &self.label, &self.village, &self.device, &self.kind.column];
        let mut names = vec![self.household.as_str(), self.amount.as_str(), self.time.column.as_str()];
        names.extend(optional.into_iter().flatten().map(String::as_str));
        names
    }

    /// The mapping of a file: the one given, or the one of the program's own whose columns the file has.
    fn of(heads: &StringRecord, mapping: Option<&Path>, label: Option<&str>) -> Result<Columns, Failure> {
        let there = |name: &&str| heads.iter().any(|head| head == *name);
        let mut columns = match mapping {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
                Columns::parse(&path.display().to_string(), &text)?
            }
            None => {
                let mut found = None;
                for (name, text) in OWN {
                    let columns = Columns::parse(name, text)?;
                    let needed = columns.names().into_iter().filter(|name| Some(*name) != columns.label.as_deref());
                    if needed.collect::<Vec<_>>().iter().all(there) {
                        found = Some(columns);
                        break;
                    }
                }
                found.ok_or_else(|| {
                    Failure::Wrong(format!(
                        "the columns {} are neither PaySim's nor the fraud handbook's: say with --mapping FILE which column says what",
                        heads.iter().collect::<Vec<_>>().join(", ")
                    ))
                })?
            }
        };
        match label {
            Some(label) if there(&label) => columns.label = Some(label.to_owned()),
            Some(label) => return Err(Failure::Usage(format!("--label {label}: the file has no such column"))),
            // A file without outcomes can be played too.
            None => columns.label = columns.label.filter(|label| there(&label.as_str())),
        }
        let missing: Vec<&str> = columns.names().into_iter().filter(|name| !there(name)).collect();
        if !missing.is_empty() {
            return Err(Failure::Wrong(format!("the mapping names columns that are missing: {}", missing.join(", "))));
        }
        Ok(columns)
    }
}

/// Reads a file, CSV or the same packed by gzip. Rows that make no sense are told by line and left out.
pub fn read(path: &Path, mapping: Option<&Path>, label: Option<&str>) -> Result<Read, Failure> {
    let wrong = |what: String| Failure::Wrong(format!("{}: {what}", path.display()));
    let mut table = open_table(path)?;
    let heads = table.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let columns = Columns::of(&heads, mapping, label)?;
    let place = |name: &str| heads.iter().position(|head| head == name);
    let places = Places {
        id: columns.id.as_deref().and_then(place),
        household: place(&columns.household),
        counterparty: columns.counterparty.as_deref().and_then(place),
        amount: place(&columns.amount),
        label: columns.label.as_deref().and_then(place),
        village: columns.village.as_deref().and_then(place),
        device: columns.device.as_deref().and_then(place),
        time: place(&columns.time.column),
        kind: columns.kind.column.as_deref().and_then(place),
    };
    let mut read = Read { has_labels: places.label.is_some(), ..Read::default() };
    let mut record = StringRecord::new();
    while table.read_record(&mut record).map_err(|error| wrong(error.to_string()))? {
        let line = record.position().map_or(0, csv::Position::line);
        match row(&record, &places, &columns, line) {
            Ok(row) => read.rows.push(row),
            Err(reason) => {
                read.refused += 1;
                if read.refused <= REFUSED_SHOWN as u64 {
                    log(&format!("{}:{line}: {reason}; left out", path.display()));
                }
            }
        }
        if read.rows.len() > ROWS_MAX {
            return Err(wrong(format!("it has more than {ROWS_MAX} rows: split it")));
        }
    }
    if read.rows.is_empty() {
        return Err(wrong("no row of it can be read".to_owned()));
    }
    watch::replay::in_time(&mut read.rows);
    Ok(read)
}

struct Places {
    id: Option<usize>,
    household: Option<usize>,
    counterparty: Option<usize>,
    amount: Option<usize>,
    label: Option<usize>,
    village: Option<usize>,
    device: Option<usize>,
    time: Option<usize>,
    kind: Option<usize>,
}

fn row(record: &StringRecord, places: &Places, columns: &Columns, line: u64) -> Result<Row, String> {
    let cell = |place: Option<usize>| place.and_then(|place| record.get(place)).map_or("", str::trim);
    let kind = match columns.kind.always {
        Some(kind) => kind,
        None => {
            let word = cell(places.kind);
            let named = columns.kind.values.get(word).map(|named| named.0);
            let own = if columns.kind.values.is_empty() { EventKind::named(word) } else { None };
            named.or(own).ok_or_else(|| format!("`{word}` is no kind that the mapping knows"))?
        }
    };
    let amount = minor(cell(places.amount))?;
    let amount_minor = match kind.stream() {
        Stream::In => amount,
        Stream::Out => -amount,
        Stream::Still => 0,
    };
    let account = cell(places.household);
    if account.is_empty() {
        return Err("it names no household".to_owned());
    }
    let at = moment(cell(places.time), &columns.time)?;
    let label = match cell(places.label).to_ascii_lowercase().as_str() {
        "" => None,
        "1" | "1.0" | "true" | "yes" => Some(true),
        "0" | "0.0" | "false" | "no" => Some(false),
        other => return Err(format!("`{other}` is no label: write 1, 0 or nothing")),
    };
    let key = |place: Option<usize>, what: &str| {
        Some(cell(place)).filter(|text| !text.is_empty()).map(|text| key_of(what, text))
    };
    let id = match cell(places.id) {
        "" => format!("line {line}"),
        number => number.to_owned(),
    };
    let event = Event {
        household: Id::default().derive(&format!("household {account}")),
        id: Id::default().derive(&format!("event {id}")),
        date: at.date_at_offset(0),
        kind,
        amount_minor,
        balance_after_minor: None,
        counterparty: key(places.counterparty, "party"),
        channel: Channel::OwnBusiness,
        consent: None,
        measure: None,
        source: None,
        known: None,
    };
    event.check().map_err(|error| error.to_string())?;
    let own_key = Some(key_of("party", account));
    Ok(Row { event, at, village: key(places.village, "village"), device: key(places.device, "device"), own_key, label })
}

/// A key that follows from a text: these files are no book, so nothing is kept secret.
fn key_of(what: &str, text: &str) -> u64 {
    let id = Id::default().derive(&format!("{what} {text}"));
    id.as_bytes().iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte)).max(1)
}

/// An amount with any number of decimals, as minor units.
fn minor(text: &str) -> Result<i64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is no amount"))?;
    if !(0.0..=1e11).contains(&value) {
        return Err(format!("{text} is no amount: give 0 to a hundred billion, without sign"));
    }
    Ok((value * 100.0).round() as i64)
}

fn moment(text: &str, time: &Time) -> Result<Instant, String> {
    const HOUR: i64 = 3_600_000_000;
    let no = || format!("`{text}` is no moment of this form");
    let of_day = |date: Date, micros: i64| Instant(i64::from(date.days()) * 24 * HOUR + micros);
    match (time.form, time.first_day) {
        (Form::Date, _) => Date::parse(text).map(|date| of_day(date, 12 * HOUR)).map_err(|_| no()),
        (Form::Hours, first) => {
            let hours: i64 = text.parse().ok().filter(|hours| (0..=1_000_000).contains(hours)).ok_or_else(no)?;
            Ok(of_day(first.ok_or_else(no)?, hours * HOUR))
        }
        (Form::Datetime, _) => {
            let (day, clock) = text.split_once([' ', 'T']).ok_or_else(no)?;
            let date = Date::parse(day).map_err(|_| no())?;
            let mut parts = clock.trim_end_matches('Z').splitn(3, ':');
            let mut part =
                |most: f64| parts.next().and_then(|p| p.parse::<f64>().ok()).filter(|v| (0.0..most).contains(v));
            let (hour, minute) = (part(24.0).ok_or_else(no)?, part(60.0).ok_or_else(no)?);
            let second = part(61.0).unwrap_or(0.0);
            Ok(of_day(date, ((hour * 60.0 + minute) * 60.0 + second) as i64 * 1_000_000))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, mapping: Option<&str>) -> Result<Read, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let file = folder.path().join("events.csv");
        std::fs::write(&file, text).map_err(|e| e.to_string())?;
        let path = folder.path().join("own.toml");
        if let Some(mapping) = mapping {
            std::fs::write(&path, mapping).map_err(|e| e.to_string())?;
        }
        read(&file, mapping.map(|_| path.as_path()), None).map_err(|e| e.to_string())
    }

    #[test]
    fn columns_of_known_files_are_found_and_rows_put_in_time() {
        let read = told(
            "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,MORE\n\
             2,2018-06-11 00:01:46,7,9,44.72,1,x\n1,2018-06-11 00:00:24,7,9,75.81,0,x\n3,2018-06-11,7,9,1,0,x\n",
            None,
        )
        .unwrap();
        assert_eq!((read.rows.len(), read.refused, read.has_labels), (2, 1, true));
        assert_eq!((read.rows[0].event.amount_minor, read.rows[0].label), (-7_581, Some(false)));
        assert_eq!(read.rows[0].event.household, read.rows[1].event.household);
        let read =
            told("step,type,amount,nameOrig,nameDest,isFraud\n17,CASH_IN,10.5,C1,M1,0\n8,LOAN,1,C1,M1,0\n", None);
        let read = read.unwrap();
        assert_eq!(
            (read.rows[0].event.amount_minor, read.rows[0].at.date_at_offset(0)),
            (1_050, Date::ymd(2017, 1, 1).unwrap())
        );
        assert_eq!(read.refused, 1);
    }

    #[test]
    fn what_cannot_be_read_says_what_to_do() {
        let own = "household = \"who\"\namount = \"fen\"\n[time]\ncolumn = \"on\"\nform = \"date\"\n[kind]\ncolumn = \"what\"\n";
        let table = [
            told("a,b\n1,2\n", None),
            told("a,b\n1,2\n", Some(own)),
            told("who,fen,on,what\n,1,2026-01-01,transfer_out\n", Some(own)),
            told("who,fen,on,what\n1,1,2026-01-01,transfer_out\n", Some(&own.replace("\"date\"", "\"hours\""))),
        ];
        for (place, part) in
            ["--mapping FILE", "missing: who, fen, on, what", "no row of it", "give the first_day"].iter().enumerate()
        {
            let told = table[place].as_ref().map(|_| ()).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(told("who,fen,on,what\n1,1,2026-01-01,transfer_out\n", Some(own)).unwrap().rows.len(), 1);
    }
}
