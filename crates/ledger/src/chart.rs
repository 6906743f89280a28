//! The chart of accounts: which subjects there are, as configuration.

use std::collections::BTreeMap;
use std::fmt;

use minicbor::{Decode, Encode};
use serde::Deserialize;

/// A subject's code (会计科目代码), such as 1002.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct SubjectCode(#[n(0)] pub u32);

impl fmt::Display for SubjectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for SubjectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What kind of subject, which tells its natural side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// Asset: debit.
    Asset,
    /// Liability: credit.
    Liability,
    /// Equity: credit.
    Equity,
    /// Income: credit.
    Income,
    /// Expense: debit.
    Expense,
    /// Common class: either side; nets to nothing over all cells.
    Clearing,
    /// Off balance 表外: a memorandum, debit, kept by double entry against a contra subject of the same kind.
    Memo,
}

impl SubjectKind {
    /// `balance` (debit positive) seen from the subject's natural side.
    ///
    /// ```
    /// use ledger::SubjectKind;
    /// assert_eq!(SubjectKind::Liability.natural(-500), 500);
    /// assert_eq!(SubjectKind::Asset.natural(500), 500);
    /// ```
    pub fn natural(self, balance: i64) -> i64 {
        match self {
            SubjectKind::Asset | SubjectKind::Expense | SubjectKind::Clearing | SubjectKind::Memo => balance,
            SubjectKind::Liability | SubjectKind::Equity | SubjectKind::Income => balance.saturating_neg(),
        }
    }
}

/// A subject (会计科目).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its code.
    pub code: SubjectCode,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Its kind.
    pub kind: SubjectKind,
    /// What the platform books here.
    pub role: String,
    /// The least balance in minor units on the natural side; none means no floor.
    pub floor: Option<i64>,
}

/// A chart of accounts (会计科目表).
///
/// ```
/// let chart = ledger::Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL)?;
/// assert_eq!(chart.role("bank")?.code, ledger::SubjectCode(1002));
/// # Ok::<(), ledger::ChartError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Notes and coins of its currency, in minor units, the largest first; none where no cash is counted.
    pub denominations: Vec<i64>,
    subjects: BTreeMap<SubjectCode, Subject>,
}

/// A chart that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// The file is not of the right shape.
    #[error("chart of accounts {file}: {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// Line, column and what is wrong.
        reason: String,
    },
    /// Two subjects share a code or a role.
    #[error("chart of accounts {file}: {what} is used by two subjects: give each its own")]
    Twice {
        /// The file.
        file: String,
        /// The code or role.
        what: String,
    },
    /// Nothing books what the platform needs.
    #[error("the chart of accounts `{chart}` has no subject with role `{role}`: add one")]
    NoRole {
        /// The chart.
        chart: String,
        /// The missing role.
        role: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChartFile {
    name: String,
    version: u32,
    #[serde(default)]
    denominations: Vec<i64>,
    subject: Vec<Subject>,
}

impl Chart {
    /// Reads a chart from TOML; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Chart, ChartError> {
        let read: ChartFile =
            toml::from_str(text).map_err(|e| ChartError::Malformed { file: file.to_owned(), reason: e.to_string() })?;
        let twice = |what: String| ChartError::Twice { file: file.to_owned(), what };
        let mut subjects: BTreeMap<SubjectCode, Subject> = BTreeMap::new();
        for subject in read.subject {
            if subjects.values().any(|other| other.role == subject.role) {
                return Err(twice(format!("role `{}`", subject.role)));
            }
            if let Some(other) = subjects.insert(subject.code, subject) {
                return Err(twice(format!("code {}", other.code)));
            }
        }
        if let Some(pair) = read.denominations.windows(2).find(|pair| pair[0] <= pair[1]) {
            let reason = format!("denominations: {} stands before {}, and the largest comes first", pair[0], pair[1]);
            return Err(ChartError::Malformed { file: file.to_owned(), reason });
        }
        if read.denominations.last().is_some_and(|least| *least <= 0) {
            let reason = "denominations: each is worth more than nothing".to_owned();
            return Err(ChartError::Malformed { file: file.to_owned(), reason });
        }
        Ok(Chart { name: read.name, version: read.version, denominations: read.denominations, subjects })
    }

    /// The subject that books `role`.
    pub fn role(&self, role: &str) -> Result<&Subject, ChartError> {
        self.subjects
            .values()
            .find(|subject| subject.role == role)
            .ok_or_else(|| ChartError::NoRole { chart: self.name.clone(), role: role.to_owned() })
    }

    /// The subject with this code.
    pub fn subject(&self, code: SubjectCode) -> Option<&Subject> {
        self.subjects.get(&code)
    }

    /// All subjects, by code.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.subjects.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_says_where_it_is_wrong() {
        let twice = crate::CHART_CN_RURAL.replacen("code = 1002", "code = 1001", 1);
        assert!(matches!(Chart::parse("c.toml", &twice), Err(ChartError::Twice { .. })));
        let unknown = crate::CHART_CN_RURAL.replacen("kind = \"asset\"", "kind = \"thing\"", 1);
        let error = Chart::parse("c.toml", &unknown).unwrap_err().to_string();
        assert!(error.contains("c.toml") && error.contains("line 15"), "{error}");
        for (bad, words) in [("[10000, 10000]", "10000 stands before 10000"), ("[100, 0]", "more than nothing")] {
            let text = crate::CHART_CN_RURAL.replacen("denominations = [", &format!("denominations = {bad} # ["), 1);
            let error = Chart::parse("c.toml", &text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let chart = Chart::parse("c.toml", crate::CHART_CN_RURAL).unwrap();
        assert_eq!((chart.denominations.first(), chart.denominations.last()), (Some(&10_000), Some(&1)));
        assert!(chart.role("moon").unwrap_err().to_string().contains("moon"));
    }
}
