//! The report: each moment with its target, where that is from, what the county gives, and whether it lies inside.

use basics::Date;

use super::figures::{auc, autocorrelation, gini, quantile, within_groups};
use super::lender::Lender;
use super::record::Record;
use crate::county::County;
use crate::world::{Trouble, Truth, World};

/// What a moment was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The shipped county's parameters were chosen with an eye on it.
    Calibrated,
    /// Set aside to be checked on seeds and counties that were not used; `docs/county.md` says how far that was kept.
    Validated,
}

/// A moment: what is measured, and the range that real counties, accounts and lenders span.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What is measured, in a few words.
    pub name: &'static str,
    /// What it was used for.
    pub half: Half,
    /// The least of the range.
    pub low: f64,
    /// The most of the range.
    pub high: f64,
    /// Where the range is from.
    pub source: &'static str,
    measure: fn(&Seen) -> f64,
}

/// A row of the report.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is measured, and against what.
    pub target: Target,
    /// Mean over the seeds.
    pub simulated: f64,
    /// Least and most over the seeds.
    pub span: (f64, f64),
}

impl Row {
    /// Whether the mean lies inside of the target's range.
    pub fn passes(&self) -> bool {
        (self.target.low..=self.target.high).contains(&self.simulated)
    }
}

/// What a run shows, from which moments are computed.
struct Seen {
    record: Record,
    /// By household: consumed, sold, spent on farm and shop, earned in the last year; fen.
    year: Vec<[i64; 4]>,
    /// Whether someone of working age lives there: those whom the trials asked.
    workers: Vec<bool>,
    villages: Vec<u32>,
    ties: Vec<Vec<u32>>,
    last: Date,
}

/// Days that a county lives before the year that is measured.
const WARM_DAYS: i32 = 365;
/// Days that a county lives in all.
const DAYS: i32 = 3 * 365;

/// Lives a county of so many households with a plain lender for three years a seed, and measures every moment.
pub fn report(county: &County, seeds: &[u64], households: u32) -> Vec<Row> {
    let seen: Vec<Seen> = seeds.iter().map(|seed| see(county, *seed, households)).collect();
    TARGETS
        .iter()
        .map(|target| {
            // What a run says nothing of, such as drought where there was none, does not count.
            let measured: Vec<f64> = seen.iter().map(target.measure).filter(|m| m.is_finite()).collect();
            let least = measured.iter().copied().fold(f64::INFINITY, f64::min);
            let most = measured.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let simulated = measured.iter().sum::<f64>() / (measured.len().max(1) as f64);
            Row { target: *target, simulated, span: (least, most) }
        })
        .collect()
}

/// The report as a table that people read.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "moment                                      half        target          simulated  span            verdict  source\n",
    );
    for row in rows {
        let t = &row.target;
        let half = match t.half {
            Half::Calibrated => "calibrated",
            Half::Validated => "validated",
        };
        let verdict = if row.passes() { "pass" } else { "FAIL" };
        text += &format!(
            "{:<43} {half:<11} {:>6.3}..{:<7.3} {:>9.3}  {:>6.3}..{:<7.3} {verdict:<8} {}\n",
            t.name, t.low, t.high, row.simulated, row.span.0, row.span.1, t.source
        );
    }
    let inside = rows.iter().filter(|row| row.passes()).count();
    text + &format!("{inside} of {} moments inside their range\n", rows.len())
}

fn see(county: &County, seed: u64, households: u32) -> Seen {
    let first = Date::ymd(2024, 1, 1).unwrap_or_default();
    let mut world = World::new(county, seed, households, first);
    let mut lender = Lender::new(households as usize);
    lender.run(&mut world, first, WARM_DAYS);
    world.sums();
    lender.run(&mut world, first.add_days(WARM_DAYS), 365);
    let year = world.sums();
    lender.run(&mut world, first.add_days(WARM_DAYS + 365), DAYS - WARM_DAYS - 365);
    Seen {
        record: lender.record,
        year,
        workers: world.people().iter().map(|who| world.has_workers(*who)).collect(),
        villages: world.people().iter().map(|who| world.village_of(*who)).collect(),
        ties: world.people().iter().map(|who| world.known_to(*who)).collect(),
        last: first.add_days(DAYS),
    }
}

macro_rules! targets {
    ($($half:ident $name:literal $low:literal to $high:literal, $source:literal, $measure:expr;)*) => {
        /// Every moment, calibrated and validated ones in turn.
        pub const TARGETS: &[Target] = &[$(Target {
            name: $name, half: Half::$half, low: $low, high: $high, source: $source, measure: $measure,
        }),*];
    };
}

targets! {
    Calibrated "consumption: Gini" 0.27 to 0.39,
        "seven microcredit trials (Meager 2019): Morocco 0.272, India 0.328, Mongolia 0.381", |s| gini(&consumed(s));
    Validated "consumption: ninth decile over median" 1.8 to 2.25,
        "the same: Morocco 1.84, India 2.05, Mongolia 2.07, Mexico 2.21", |s| over(&consumed(s), 90, 50);
    Calibrated "consumption: median over first decile" 1.6 to 2.2,
        "the same: Morocco 1.67, India 1.89, Mongolia 2.14", |s| over(&consumed(s), 50, 10);
    Validated "own business and farm: Gini of takings" 0.58 to 0.74,
        "the same, of those with takings: Philippines 0.581, Ethiopia 0.693, Morocco 0.713, India 0.729",
        |s| gini(&positive(&column(s, 1)));
    Calibrated "own business and farm: households without" 0.11 to 0.30,
        "the same, rural: Philippines 0.12, Ethiopia 0.17, Morocco 0.21; with land let to others",
        |s| share(s.year.iter().filter(|y| y[1] == 0).count(), s.year.len());
    Validated "own business and farm: outlay over takings" 0.45 to 0.82,
        "the same, of means: Ethiopia 0.47, Morocco 0.58, Philippines 0.72, India 0.81",
        |s| ratio(column(s, 2).iter().sum(), column(s, 1).iter().sum());
    Calibrated "income: Gini" 0.36 to 0.50,
        "NBS: 0.465 for the country; rural surveys 0.37 to 0.47 (from memory)", |s| gini(&column(s, 3));
    Validated "account: balance in months of inflow, median" 1.5 to 4.0,
        "berka, accounts of 1993-94: quartiles 1.80, 2.43, 3.93", balance_in_months;
    Calibrated "account: movements a year, median" 120.0 to 800.0,
        "asked of the simulator: at least 120; berka has 70 from before payment by phone",
        |s| quantile(&s.record.traces.iter().map(|t| t.movements / 3).collect::<Vec<_>>(), 50) as f64;
    Validated "account: lag-one autocorrelation of inflow" -0.25 to 0.25,
        "berka, monthly: -0.12; rural panels are seasonal (range is an assumption)",
        |s| autocorrelation(&inflows(s), 1);
    Calibrated "account: autocorrelation after twelve months" 0.10 to 0.80,
        "assumption: a farming year repeats itself", |s| autocorrelation(&inflows(s), 12);
    Validated "villages: correlation of income within" 0.01 to 0.20,
        "assumption after rural panels: small, not nothing", within_villages;
    Calibrated "lending: bad after ninety days, of loans due a year" 0.015 to 0.06,
        "asked of the simulator: non-performing 1.5 to 6 %", bad_share;
    Validated "lending: non-performing part of the book" 0.015 to 0.06,
        "asked of the simulator; MYbank rural 1.5 % (2021), rural commercial banks about 3 %", book_share;
    Calibrated "lending: 30 days late go on to 60" 0.35 to 0.80,
        "assumption after published roll rates of consumer books", |s| roll(s, 30, 60);
    Validated "lending: 60 days late go on to 90" 0.50 to 0.92,
        "assumption after published roll rates of consumer books", |s| roll(s, 60, 90);
    Calibrated "lending: cured of those once 30 days late" 0.20 to 0.65,
        "assumption", cured;
    Validated "lending: worst over mean vintage of a quarter" 1.1 to 3.5,
        "assumption: years differ", vintages;
    Calibrated "drought: bad loans where it struck, over elsewhere" 1.2 to 6.0,
        "assumption after crop-loss studies: defaults cluster", drought;
    Validated "lending: borrowers who borrow for the first time" 0.20 to 0.75,
        "assumption: domain indicator 'first formal credit'", first_time;
    Calibrated "lending: households with a loan in a year" 0.12 to 0.45,
        "assumption after household surveys: a quarter to a third of rural households", borrowers;
    Validated "graph: people a household knows" 6.0 to 20.0,
        "assumption after village network studies (75 villages of Karnataka: about 9 to 15, from memory)",
        |s| s.ties.iter().map(Vec::len).sum::<usize>() as f64 / s.ties.len().max(1) as f64;
    Calibrated "graph: ties that go both ways" 0.60 to 1.0,
        "assumption", reciprocity;
    Validated "graph: friends of a friend who know each other" 0.08 to 0.45,
        "assumption after village network studies (about 0.2 to 0.3, from memory)", clustering;
}

fn column(s: &Seen, at: usize) -> Vec<i64> {
    s.year.iter().map(|y| y[at]).collect()
}

/// Consumption of households with someone of working age.
fn consumed(s: &Seen) -> Vec<i64> {
    s.year.iter().zip(&s.workers).filter(|(_, has)| **has).map(|(year, _)| year[0]).collect()
}

fn positive(sums: &[i64]) -> Vec<i64> {
    sums.iter().copied().filter(|s| *s > 0).collect()
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn over(sums: &[i64], upper: usize, lower: usize) -> f64 {
    ratio(quantile(sums, upper), quantile(sums, lower))
}

fn balance_in_months(s: &Seen) -> f64 {
    let months = s.record.traces.iter().filter(|t| t.months.len() >= 12).map(|t| {
        let inflow = t.months.iter().map(|m| m.0).sum::<i64>() / t.months.len() as i64;
        t.balance_fen * 1_000 / inflow.max(1)
    });
    quantile(&months.collect::<Vec<_>>(), 50) as f64 / 1_000.0
}

fn inflows(s: &Seen) -> Vec<Vec<i64>> {
    s.record.traces.iter().filter(|t| t.months.len() >= 24).map(|t| t.months.iter().map(|m| m.0).collect()).collect()
}

fn within_villages(s: &Seen) -> f64 {
    let mut groups: Vec<Vec<f64>> = vec![Vec::new(); s.villages.iter().max().map_or(0, |v| *v as usize + 1)];
    for (village, year) in s.villages.iter().zip(&s.year) {
        if let Some(group) = groups.get_mut(*village as usize) {
            // Ranks of fourth roots: one rich household does not make a village.
            group.push((year[3].max(0) as f64).sqrt().sqrt());
        }
    }
    within_groups(&groups)
}

/// Loans drawn early enough that they could have become bad.
fn seasoned(s: &Seen) -> impl Iterator<Item = &super::LoanRecord> {
    let last = s.last;
    s.record.loans.iter().filter(move |loan| last - loan.drawn > 365)
}

fn bad_share(s: &Seen) -> f64 {
    share(seasoned(s).filter(|loan| loan.is_bad()).count(), seasoned(s).count())
}

fn book_share(s: &Seen) -> f64 {
    // Bad loans are written off after a year; until then they stand in the book.
    let open = || s.record.loans.iter().filter(|loan| loan.closed.is_none() && loan.worst_days < 365);
    let bad: i64 = open().filter(|loan| loan.is_bad()).map(|loan| loan.outstanding_fen).sum();
    ratio(bad, open().map(|loan| loan.outstanding_fen).sum())
}

/// Of loans that were between `from` and the next thirty days late at a month's end: how many were later at the next.
fn roll(s: &Seen, from: i32, to: i32) -> f64 {
    let pairs = s.record.loans.iter().flat_map(|loan| {
        let next = loan.month_ends.iter().skip(1).map(|m| m.0).chain([0]);
        loan.month_ends
            .iter()
            .map(|m| m.0)
            .zip(next)
            .take(loan.month_ends.len().saturating_sub(usize::from(loan.closed.is_none())))
    });
    let at_risk: Vec<(i32, i32)> = pairs.filter(|(days, _)| (from..to).contains(days)).collect();
    share(at_risk.iter().filter(|(_, next)| *next >= to).count(), at_risk.len())
}

fn cured(s: &Seen) -> f64 {
    let late = || seasoned(s).filter(|loan| loan.worst_days > 30);
    let is_cured =
        |loan: &&super::LoanRecord| loan.closed.is_some() || loan.month_ends.last().is_some_and(|(days, _)| *days == 0);
    share(late().filter(is_cured).count(), late().count())
}

fn vintages(s: &Seen) -> f64 {
    let mut quarters: std::collections::BTreeMap<i32, (usize, usize)> = std::collections::BTreeMap::new();
    for loan in seasoned(s) {
        let quarter = i32::from(loan.drawn.year()) * 4 + (i32::from(loan.drawn.month()) - 1) / 3;
        let entry = quarters.entry(quarter).or_default();
        entry.0 += usize::from(loan.is_bad());
        entry.1 += 1;
    }
    let worst = quarters.values().filter(|(_, all)| *all >= 60).map(|(bad, all)| share(*bad, *all)).fold(0.0, f64::max);
    let mean = bad_share(s);
    if mean > 0.0 { worst / mean } else { 0.0 }
}

/// By village the days on which a drought or flood had taken a month's income from one household in ten.
fn strikes(s: &Seen) -> Vec<Vec<Date>> {
    let count = s.villages.iter().max().map_or(0, |v| *v as usize + 1);
    let mut size = vec![0_usize; count];
    for village in &s.villages {
        size[*village as usize] += 1;
    }
    let mut struck: std::collections::BTreeMap<(u32, i32), (usize, Date)> = std::collections::BTreeMap::new();
    for row in &s.record.truth {
        if matches!(row.truth, Truth::Befell { trouble: Trouble::Drought | Trouble::Flood, .. })
            && let Some(village) = s.villages.get(row.household.0 as usize)
        {
            let month = i32::from(row.date.year()) * 12 + i32::from(row.date.month());
            struck.entry((*village, month)).or_insert((0, row.date)).0 += 1;
        }
    }
    let mut days = vec![Vec::new(); count];
    for ((village, _), (households, date)) in struck {
        if households * 10 >= size[village as usize] {
            days[village as usize].push(date);
        }
    }
    days
}

/// Loans drawn before a disaster and due after it, against all others.
fn drought(s: &Seen) -> f64 {
    let strikes = strikes(s);
    let is_struck = |loan: &super::LoanRecord| {
        let village = s.villages.get(loan.household.0 as usize).and_then(|v| strikes.get(*v as usize));
        village.is_some_and(|days| days.iter().any(|day| (0..300).contains(&(*day - loan.drawn))))
    };
    let rate = |which: bool| {
        let of = || seasoned(s).filter(|loan| is_struck(loan) == which);
        (share(of().filter(|loan| loan.is_bad()).count(), of().count()), of().count())
    };
    let ((struck, count), (elsewhere, _)) = (rate(true), rate(false));
    if count < 30 { f64::NAN } else { struck / elsewhere.max(0.001) }
}

fn first_time(s: &Seen) -> f64 {
    let mut known = std::collections::BTreeSet::new();
    let (mut first, mut all) = (0, 0);
    for loan in &s.record.loans {
        let is_new = known.insert(loan.household);
        if s.last - loan.drawn <= 365 {
            all += 1;
            first += usize::from(is_new);
        }
    }
    share(first, all)
}

fn borrowers(s: &Seen) -> f64 {
    let recent = s.record.loans.iter().filter(|loan| s.last - loan.drawn <= 365).map(|loan| loan.household);
    share(recent.collect::<std::collections::BTreeSet<_>>().len(), s.villages.len())
}

fn reciprocity(s: &Seen) -> f64 {
    let all: usize = s.ties.iter().map(Vec::len).sum();
    let both = s.ties.iter().zip(0_u32..).flat_map(|(known, of)| known.iter().map(move |to| (of, *to)));
    share(both.filter(|(of, to)| s.ties.get(*to as usize).is_some_and(|back| back.contains(of))).count(), all)
}

fn clustering(s: &Seen) -> f64 {
    let (mut closed, mut all) = (0, 0);
    for known in &s.ties {
        for (nth, one) in known.iter().enumerate() {
            for other in &known[nth + 1..] {
                all += 1;
                closed += usize::from(s.ties.get(*one as usize).is_some_and(|t| t.contains(other)));
            }
        }
    }
    share(closed, all)
}

/// How well each column that a lender sees tells bad loans from good ones: name and area under the curve, both directions as one.
pub fn shortcuts(record: &Record, last: Date) -> Vec<(&'static str, f64)> {
    let seasoned: Vec<_> = record.loans.iter().filter(|loan| last - loan.drawn > 365).collect();
    super::record::COLUMNS
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let values: Vec<(i64, bool)> = seasoned.iter().map(|loan| (loan.columns[at], loan.is_bad())).collect();
            (*name, auc(&values))
        })
        .collect()
}
