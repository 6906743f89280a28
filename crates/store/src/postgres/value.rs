//! Values on their way to and from PostgreSQL, in its binary format.
//!
//! A date is days and a moment microseconds since 2000-01-01 there.

use std::error::Error;

use basics::{Date, Id, Instant};
use door::table::{Kind, Row, Value};
use door::{StoreError, Table};
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::shape::misread;

/// 2000-01-01 as days since 1970-01-01.
const EPOCH_DAYS: i32 = 10_957;
/// 2000-01-01 as microseconds since 1970-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

type Failure = Box<dyn Error + Sync + Send>;

/// One value as a parameter.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub(super) &'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        if *self.0 == Value::Null {
            return Ok(IsNull::Yes);
        }
        write(self.0, out)?;
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The columns of many rows, each as an array.
pub(super) struct Arrays<'a>(Vec<Array<'a>>);

impl<'a> Arrays<'a> {
    /// All columns of whole rows.
    pub(super) fn of_rows(table: &Table, rows: &'a [Row]) -> Arrays<'a> {
        let column = |place| rows.iter().map(|row| row.get(place).unwrap_or(&Value::Null)).collect();
        Arrays(table.columns.iter().enumerate().map(|(n, c)| Array { kind: c.kind, values: column(n) }).collect())
    }

    /// The named columns of keys, which hold just those.
    pub(super) fn of_keys(table: &Table, columns: &[usize], keys: &[&'a [Value]]) -> Arrays<'a> {
        let column = |place: usize| keys.iter().map(|key| key.get(place).unwrap_or(&Value::Null)).collect();
        let kind = |column: usize| table.columns.get(column).map_or(Kind::Int, |c| c.kind);
        Arrays(columns.iter().enumerate().map(|(n, c)| Array { kind: kind(*c), values: column(n) }).collect())
    }

    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.0.iter().map(|array| array as &(dyn ToSql + Sync)).collect()
    }
}

/// One column of many rows.
#[derive(Debug)]
struct Array<'a> {
    kind: Kind,
    values: Vec<&'a Value>,
}

impl ToSql for Array<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        let has_null = self.values.iter().any(|value| **value == Value::Null);
        for number in [1, i32::from(has_null), element_oid(self.kind), i32::try_from(self.values.len())?, 1] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        for value in &self.values {
            let at = out.len();
            out.extend_from_slice(&(-1i32).to_be_bytes());
            if **value == Value::Null {
                continue;
            }
            write(value, out)?;
            let len = i32::try_from(out.len() - at - 4)?;
            out[at..at + 4].copy_from_slice(&len.to_be_bytes());
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn element_oid(kind: Kind) -> i32 {
    let element = match kind {
        Kind::Bool => Type::BOOL,
        Kind::Int => Type::INT8,
        Kind::Id => Type::UUID,
        Kind::Date => Type::DATE,
        Kind::Instant => Type::TIMESTAMPTZ,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
    };
    element.oid().cast_signed()
}

fn write(value: &Value, out: &mut BytesMut) -> Result<(), Failure> {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.extend_from_slice(&[u8::from(*value)]),
        Value::Int(value) => out.extend_from_slice(&value.to_be_bytes()),
        Value::Id(id) => out.extend_from_slice(id.as_bytes()),
        Value::Date(date) => out.extend_from_slice(&(date.days() - EPOCH_DAYS).to_be_bytes()),
        Value::Instant(instant) => {
            let micros = instant.0.checked_sub(EPOCH_MICROS).ok_or("a moment lies before all time")?;
            out.extend_from_slice(&micros.to_be_bytes());
        }
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
    }
    Ok(())
}

/// A stored value, read by its type.
struct Stored(Option<Value>);

impl<'a> FromSql<'a> for Stored {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Stored, Failure> {
        Ok(Stored(read(kind, raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Stored, Failure> {
        Ok(Stored(Some(Value::Null)))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn read(kind: &Type, raw: &[u8]) -> Option<Value> {
    let number = || raw.try_into().ok().map(i64::from_be_bytes);
    Some(match *kind {
        Type::BOOL => Value::Bool(raw == [1]),
        Type::INT8 => Value::Int(number()?),
        Type::UUID => Value::Id(Id(uuid::Uuid::from_slice(raw).ok()?)),
        Type::DATE => {
            let days = i32::from_be_bytes(raw.try_into().ok()?);
            Value::Date(Date::from_days(days.checked_add(EPOCH_DAYS)?).ok()?)
        }
        Type::TIMESTAMPTZ => Value::Instant(Instant(number()?.checked_add(EPOCH_MICROS)?)),
        Type::TEXT => Value::Text(std::str::from_utf8(raw).ok()?.into()),
        Type::BYTEA => Value::Bytes(raw.into()),
        _ => return None,
    })
}

/// Reads a whole row of a table.
pub(super) fn read_row(table: &Table, row: &postgres::Row) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(table.columns.len());
    for place in 0..table.columns.len() {
        let stored: Stored = row.try_get(place).map_err(super::map)?;
        let found =
            || format!("a value that {} cannot hold", row.columns().get(place).map_or("it", |c| c.type_().name()));
        values.push(stored.0.ok_or_else(|| misread(table, place, &found()))?);
    }
    Ok(values)
}
