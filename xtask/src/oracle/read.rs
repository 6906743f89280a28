//! Values of an oracle file: text, amounts, dates, numbers.

use basics::Date;
use basics::money::parse_minor;
use serde_json::Value;

use super::Stop;

/// A text; empty where there is none.
pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A list; empty where there is none.
pub(super) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A whole number, written as a number or as text.
pub(super) fn whole(value: &Value, name: &str) -> Option<i64> {
    let value = value.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A whole number that fits `u16`; `otherwise` where there is none.
pub(super) fn small(value: &Value, name: &str, otherwise: u16) -> Result<u16, Stop> {
    match whole(value, name) {
        None => Ok(otherwise),
        Some(n) => u16::try_from(n).map_err(|_| Stop::Wrong(format!("`{name}` is out of range: {n}"))),
    }
}

/// A yes or no; no where there is none.
pub(super) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// An amount in minor units, written as a decimal.
pub(super) fn amount(value: &Value, name: &str) -> Result<i64, Stop> {
    opt_amount(value, name)?.ok_or_else(|| Stop::Wrong(format!("there is no amount `{name}`")))
}

/// An amount in minor units, if there is one.
pub(super) fn opt_amount(value: &Value, name: &str) -> Result<Option<i64>, Stop> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => parse_minor(text).map(Some).map_err(|e| Stop::Wrong(format!("`{name}`: {e}"))),
        Some(other) => parse_minor(&other.to_string()).map(Some).map_err(|e| Stop::Wrong(format!("`{name}`: {e}"))),
    }
}

/// A percentage as parts per million of one: `"12"` is 120,000.
pub(super) fn percent_ppm(value: &Value, name: &str) -> Result<Option<i64>, Stop> {
    let text = match value.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    basics::Rate::parse_percent(&text).map(|rate| Some(rate.ppm())).map_err(|e| Stop::Wrong(format!("`{name}`: {e}")))
}

/// A date, if there is one.
pub(super) fn date(value: &Value, name: &str) -> Result<Option<Date>, Stop> {
    match value.get(name).and_then(Value::as_str) {
        None => Ok(None),
        Some(text) => Date::parse(text).map(Some).map_err(|e| Stop::Wrong(format!("`{name}`: {e}"))),
    }
}
