//! What was seen of a county while it was lived: loans with their history, traces of households, the truth.

use basics::{Date, Id};
use insight::{Event, FeatureVector, Profile, Request, features_for};

use crate::deed::{HouseholdNo, Lived, Mine};
use crate::world::TruthRow;

/// A loan as the lender saw it.
#[derive(Clone, Debug)]
pub struct LoanRecord {
    /// Whose.
    pub household: HouseholdNo,
    /// Its number with the household.
    pub mine: Mine,
    /// When it was drawn.
    pub drawn: Date,
    /// How much, in fen.
    pub amount_fen: i64,
    /// Most days past due so far.
    pub worst_days: i32,
    /// Principal still owed, in fen.
    pub outstanding_fen: i64,
    /// When it was paid back.
    pub closed: Option<Date>,
    /// Days past due and principal owed at the end of each month.
    pub month_ends: Vec<(i32, i64)>,
    /// What the lender could see when it was drawn, by the names in [`COLUMNS`].
    pub columns: [i64; COLUMNS.len()],
    /// The features by which a model would judge it, of the household's behaviour until then and of the loan.
    pub features: FeatureVector,
}

impl LoanRecord {
    pub(super) fn new(
        household: HouseholdNo,
        mine: Mine,
        drawn: Date,
        amount_fen: i64,
        columns: [i64; COLUMNS.len()],
        features: FeatureVector,
    ) -> LoanRecord {
        LoanRecord {
            household,
            mine,
            drawn,
            amount_fen,
            worst_days: 0,
            outstanding_fen: amount_fen,
            closed: None,
            month_ends: Vec::new(),
            columns,
            features,
        }
    }

    /// Whether it has been more than ninety days past due: the default that models learn.
    pub fn is_bad(&self) -> bool {
        self.worst_days > 90
    }

    /// Whether it is known by a day how it went: it turned bad, was paid off, or ran for [`KNOWN_AFTER_DAYS`].
    pub fn is_known(&self, by: Date) -> bool {
        self.is_bad() || self.closed.is_some() || by - self.drawn >= KNOWN_AFTER_DAYS
    }
}

/// How long a loan has to run until its good conduct says something, in days.
pub const KNOWN_AFTER_DAYS: i32 = 183;

/// Names of the columns a lender can see of a loan: first those that must tell nothing, then those that may tell a little.
pub const COLUMNS: [&str; 17] = [
    "household",
    "row",
    "cents",
    "day_of_week",
    "day_of_month",
    "amount",
    "months",
    "first_due_days",
    "inflow",
    "outflow",
    "balance",
    "balance_min",
    "inflow_largest",
    "movements",
    "loan_payments",
    "transfers_in",
    "amount_to_inflow",
];

/// How many of [`COLUMNS`] come first that must tell nothing.
pub const BLIND: usize = 5;

/// Traces of a household: by month, and of the months so far.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    /// Inflow, outflow (positive) of each month since the first trace, in fen.
    pub months: Vec<(i64, i64)>,
    /// Balance after the last movement, in fen.
    pub balance_fen: i64,
    /// Lowest balance of this month and the two before, in fen.
    pub balance_min_fen: [i64; 3],
    /// Largest single sum that came in, in fen.
    pub inflow_max_fen: i64,
    /// Movements in all.
    pub movements: i64,
    /// Payments of loans and transfers received, in fen.
    pub loan_payments_fen: i64,
    /// Transfers received, in fen.
    pub transfers_in_fen: i64,
    /// The beginning of the id under which it enrolled.
    pub id: i64,
    /// Its profile, as the platform would keep it.
    pub profile: Profile,
    this: (i64, i64),
}

/// What was seen of a county.
#[derive(Clone, Debug)]
pub struct Record {
    /// Loans in the order in which they were drawn.
    pub loans: Vec<LoanRecord>,
    /// Traces by household.
    pub traces: Vec<Traces>,
    /// The hidden truth.
    pub truth: Vec<TruthRow>,
    /// Gifts by wallet: from, to, fen.
    pub gifts: Vec<(HouseholdNo, HouseholdNo, i64)>,
    /// Deeds in all.
    pub deeds: u64,
    /// Households enrolled.
    pub enrolled: u64,
    /// Applications.
    pub asked: u64,
    bad: Vec<HouseholdNo>,
    /// What a monitor would be shown, where that is wanted.
    told: Option<Vec<Event>>,
}

impl Record {
    pub(super) fn new(households: usize) -> Record {
        Record {
            loans: Vec::new(),
            traces: vec![Traces::default(); households],
            truth: Vec::new(),
            gifts: Vec::new(),
            deeds: 0,
            enrolled: 0,
            asked: 0,
            bad: Vec::new(),
            told: None,
        }
    }

    /// From now on every event is kept until it is taken.
    pub(super) fn tell(&mut self) {
        self.told = Some(Vec::new());
    }

    /// Takes what was kept.
    pub(super) fn take_told(&mut self) -> Vec<Event> {
        self.told.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Something of the lender's own, for a monitor.
    pub(super) fn own(&mut self, who: HouseholdNo, date: Date, kind: insight::EventKind, fen: i64, party: Option<u64>) {
        if let Some(told) = &mut self.told {
            let number = told.len() as u128;
            let id = u128::from(date.days().unsigned_abs()) << 64 | 1 << 40 | number;
            told.push(Event {
                household: Id::from_u128(u128::from(who.0) + 1),
                id: Id::from_u128(id),
                date,
                kind,
                amount_minor: fen,
                balance_after_minor: None,
                counterparty: party,
                channel: insight::Channel::OwnBusiness,
                consent: None,
                measure: None,
                source: None,
                known: None,
            });
        }
    }

    pub(super) fn name(&mut self, who: HouseholdNo, id: basics::Id) {
        let mut first = [0; 8];
        first.copy_from_slice(&id.as_bytes()[..8]);
        if let Some(t) = self.traces.get_mut(who.0 as usize) {
            t.id = i64::from_be_bytes(first);
        }
    }

    pub(super) fn see(&mut self, who: HouseholdNo, date: Date, lived: &[Lived]) {
        let Some(t) = self.traces.get_mut(who.0 as usize) else { return };
        for l in lived {
            let event = Event {
                household: Id::from_u128(u128::from(who.0) + 1),
                id: Id::from_u128(u128::from(t.profile.version()) + 1),
                date,
                kind: l.kind,
                amount_minor: l.amount_fen,
                balance_after_minor: l.balance_after_fen,
                counterparty: l.counterparty,
                channel: l.channel,
                consent: None,
                measure: None,
                source: None,
                known: None,
            };
            // What a profile does not take, the platform would refuse.
            if t.profile.fold(&event).is_err() {
                continue;
            }
            if let Some(told) = &mut self.told {
                // The household's number and its running number of the event make an id that no other event has.
                let id = Id::from_u128((u128::from(who.0) + 1) << 96 | u128::from(t.profile.version()));
                told.push(Event { id, ..event });
            }
            t.movements += 1;
            t.this.0 += l.amount_fen.max(0);
            t.this.1 -= l.amount_fen.min(0);
            t.inflow_max_fen = t.inflow_max_fen.max(l.amount_fen);
            match l.kind {
                insight::EventKind::LoanPayment => t.loan_payments_fen -= l.amount_fen,
                insight::EventKind::TransferIn => t.transfers_in_fen += l.amount_fen,
                _ => {}
            }
            if let Some(balance) = l.balance_after_fen {
                t.balance_fen = balance;
                t.balance_min_fen[0] = t.balance_min_fen[0].min(balance);
            }
        }
    }

    pub(super) fn end_month(&mut self, _date: Date) {
        for t in self.traces.iter_mut().filter(|t| t.movements > 0) {
            t.months.push(std::mem::take(&mut t.this));
            t.balance_min_fen = [t.balance_fen, t.balance_min_fen[0], t.balance_min_fen[1]];
        }
        self.bad = self
            .loans
            .iter()
            .filter(|loan| loan.worst_days > 30 && loan.closed.is_none())
            .map(|l| l.household)
            .collect();
    }

    /// Whether a household is behind with a loan, as known at the end of the last month.
    pub(super) fn was_bad(&self, who: HouseholdNo) -> bool {
        self.bad.contains(&who)
    }

    /// The features of a loan about to be drawn. What comes in one sum at the end is reckoned by the month, as the platform does.
    pub(super) fn features(
        &self,
        who: HouseholdNo,
        amount_fen: i64,
        months: u16,
        dues: &[(Date, i64)],
        on: Date,
    ) -> FeatureVector {
        let instalment_minor = match dues {
            [(_, whole)] => whole / i64::from(months.max(1)),
            _ => dues.iter().map(|(_, fen)| *fen).max().unwrap_or(0),
        };
        let request = Request { amount_minor: amount_fen, instalment_minor, term_months: u32::from(months) };
        self.traces.get(who.0 as usize).map(|t| features_for(&t.profile, &request, on)).unwrap_or_default()
    }

    pub(super) fn columns(
        &self,
        who: HouseholdNo,
        date: Date,
        amount_fen: i64,
        dues: &[(Date, i64)],
    ) -> [i64; COLUMNS.len()] {
        let none = Traces::default();
        let t = self.traces.get(who.0 as usize).unwrap_or(&none);
        let recent = t.months.iter().rev().take(6);
        let count = t.months.len().clamp(1, 6) as i64;
        let inflow = recent.clone().map(|m| m.0).sum::<i64>() / count;
        let outflow = recent.map(|m| m.1).sum::<i64>() / count;
        let age = t.months.len().max(1) as i64;
        [
            t.id,
            self.loans.len() as i64,
            t.balance_fen % 100,
            i64::from(date.weekday()),
            i64::from(date.day()),
            amount_fen,
            dues.len() as i64,
            dues.first().map_or(0, |(due, _)| i64::from(*due - date)),
            inflow,
            outflow,
            t.balance_fen,
            t.balance_min_fen.iter().copied().min().unwrap_or(0),
            t.inflow_max_fen,
            t.movements * 100 / age,
            t.loan_payments_fen / age,
            t.transfers_in_fen / age,
            amount_fen * 1_000 / inflow.max(1),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_that_must_tell_nothing_come_first() {
        assert_eq!(COLUMNS[..BLIND], ["household", "row", "cents", "day_of_week", "day_of_month"]);
    }
}
