//! What a county teaches: its past loans as a sample to train on, by what the platform saw of them or by what is hidden.

use std::collections::{BTreeMap, BTreeSet};

use basics::Date;
use insight::{Safer, for_credit};
use score::{Sample, Trend};
use sim::deed::{HouseholdNo, Mine};
use sim::moments::{BLIND, COLUMNS, Lender, LoanRecord};
use sim::world::{Truth, TruthRow, Typology};
use sim::{County, World};

/// Hidden columns of a loan, in the order of [`Lesson::hidden`].
pub const HIDDEN: [&str; 8] = [
    "true_hidden_money",
    "true_other_debt",
    "true_kin_debt",
    "true_word",
    "true_patience",
    "true_reason_shown",
    "true_scheme",
    "true_befell",
];

/// A loan of which is known how it went.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// What the lender saw, and whether it turned bad.
    pub loan: LoanRecord,
    /// What is hidden, in millionths, in the order of [`HIDDEN`].
    pub hidden: [Option<i64>; HIDDEN.len()],
    /// The scheme it was taken for, if any.
    pub typology: Option<Typology>,
}

/// Lives a county of so many households with a plain lender for so many days from `first`; the loans of which is known how
/// they went.
pub fn lessons(county: &County, seed: u64, households: u32, (first, days): (Date, i32)) -> Vec<Lesson> {
    let mut lender = Lender::new(households as usize);
    lender.run(&mut World::new(county, seed, households, first), first, days);
    let last = first.add_days(days);
    let causes = Causes::of(&lender.record.truth);
    let known = lender.record.loans.into_iter().filter(|loan| loan.is_known(last));
    known.map(|loan| causes.lesson(loan)).collect()
}

/// The columns that a model may see, with how risk may move along each.
pub fn lawful_columns() -> Vec<(String, Trend)> {
    let trend = |safer| match safer {
        Safer::Higher => Trend::Falling,
        Safer::Lower => Trend::Rising,
        Safer::Either => Trend::Free,
    };
    let lawful = for_credit();
    lawful.map(|feature| (feature.name.to_owned(), trend(feature.safer))).collect()
}

/// Hidden columns, free to bend either way.
pub fn hidden_columns() -> Vec<(String, Trend)> {
    HIDDEN.iter().map(|name| ((*name).to_owned(), Trend::Free)).collect()
}

/// Columns that must teach nothing: ids, places in lists, cents, days.
pub fn blind_columns() -> Vec<(String, Trend)> {
    COLUMNS.iter().take(BLIND).map(|name| ((*name).to_owned(), Trend::Free)).collect()
}

/// The sample of lessons under these columns.
pub fn sample(lessons: &[Lesson], columns: &[(String, Trend)]) -> Sample {
    Sample {
        columns: columns.iter().map(|(name, _)| lessons.iter().map(|one| one.value(name)).collect()).collect(),
        bad: lessons.iter().map(|one| one.loan.is_bad()).collect(),
    }
}

impl Lesson {
    /// The value of a column by its name: a feature, a hidden one, or one that must teach nothing.
    pub fn value(&self, name: &str) -> Option<i64> {
        if let Some(at) = HIDDEN.iter().position(|hidden| *hidden == name) {
            return self.hidden[at];
        }
        match COLUMNS.iter().take(BLIND).position(|blind| *blind == name) {
            // Ids fill all bits; what matters of them is their order.
            Some(at) => Some(self.loan.columns[at] / 1_000_000),
            None => self.loan.features.get(name),
        }
    }
}

/// Why loans were taken, by household: what was true at each application, and who took part in a scheme.
struct Causes {
    wealth: BTreeMap<(HouseholdNo, Mine), Truth>,
    schemes: BTreeMap<HouseholdNo, Typology>,
    applied: BTreeSet<(HouseholdNo, Date)>,
    /// What befell it: when, and what it cost, in fen.
    befell: BTreeMap<HouseholdNo, Vec<(Date, i64)>>,
}

impl Causes {
    fn of(rows: &[TruthRow]) -> Causes {
        let mut causes = Causes {
            wealth: BTreeMap::new(),
            schemes: BTreeMap::new(),
            applied: BTreeSet::new(),
            befell: BTreeMap::new(),
        };
        for row in rows {
            match row.truth {
                Truth::Wealth { mine, .. } => {
                    causes.wealth.insert((row.household, mine), row.truth);
                }
                Truth::Scheme { kind, deed, .. } => {
                    causes.schemes.insert(row.household, kind);
                    if deed == "apply" {
                        causes.applied.insert((row.household, row.date));
                    }
                }
                Truth::Befell { fen, .. } => causes.befell.entry(row.household).or_default().push((row.date, fen)),
                _ => {}
            }
        }
        causes
    }

    fn lesson(&self, loan: LoanRecord) -> Lesson {
        // Who decides by a visit may draw some days after it applied.
        let is_schemed = (0..=14).any(|days| self.applied.contains(&(loan.household, loan.drawn.add_days(-days))));
        let scheme = self.schemes.get(&loan.household).copied();
        // Clerks and mules borrow for no scheme: theirs are marked by what they do beside it.
        let is_beside = matches!(scheme, Some(Typology::Insider | Typology::Mule));
        let typology = scheme.filter(|_| is_schemed || is_beside);
        let mut hidden = [None; HIDDEN.len()];
        if let Some(Truth::Wealth { hidden_fen, other_fen, kin_fen, word_days, patience, reason, .. }) =
            self.wealth.get(&(loan.household, loan.mine))
        {
            let shown = !matches!(*reason, "illness" | "wedding" | "school");
            let scheme = typology.map_or(0, |kind| 1 + kind as i64);
            let later = |date: &Date| (0..365).contains(&(*date - loan.drawn));
            let befell = self.befell.get(&loan.household).into_iter().flatten();
            let befell: i64 = befell.filter(|(date, _)| later(date)).map(|(_, fen)| fen).sum();
            let values = [
                *hidden_fen * 10_000,
                *other_fen * 10_000,
                *kin_fen * 10_000,
                *word_days * 1_000_000,
                i64::from(*patience) * 1_000_000,
                i64::from(shown) * 1_000_000,
                scheme * 1_000_000,
                // Against the loan: what it cost in the year after the money came.
                befell * 1_000_000 / loan.amount_fen.max(1),
            ];
            hidden = values.map(Some);
        }
        Lesson { loan, hidden, typology }
    }
}
