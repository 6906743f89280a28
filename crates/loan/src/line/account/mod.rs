//! The running line inside the fold: days pass, statements are cut, minimums are missed, money covers what is owed.

mod happen;
mod show;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use basics::{Date, Id, Rate};

use super::plan::PlanRow;
use super::{
    InterestFree, InterestOn, LineClaim, LineComponent, LineCovered, LineStanding, LineTerms, LineTotals,
    StatementFlows, StatementState,
};
use crate::arrears::{ArrearsPath, ArrearsStep};
use crate::class::ClassMark;
use crate::schedule::year_denominator;
use crate::{Accrued, LoanError};

/// A line between two moments of its life.
pub(super) struct Account<'t> {
    terms: &'t LineTerms,
    standing: LineStanding,
    limit_fen: i64,
    /// Everything that is or was owed, in the order in which it came up; statements hold consecutive runs.
    items: Vec<Item>,
    /// Items before this one are settled.
    open: usize,
    statements: Vec<Statement>,
    purchases: Vec<Purchase>,
    by_id: BTreeMap<Id, usize>,
    plans: Vec<Plan>,
    /// Minimums not met, oldest first: due date and what is lacking.
    arrears: VecDeque<(Date, i64)>,
    credit_fen: i64,
    /// Numerators over 10⁶ × year.
    accrued: i128,
    accrued_penalty: i128,
    /// How late the line was on every day so far.
    path: ArrearsPath,
    marks: Vec<(Date, ClassMark)>,
    claim: Option<LineClaim>,
    totals: LineTotals,
    flows: StatementFlows,
    /// Everything before this day, and what this day brings by itself, is done.
    date: Date,
    period_from: Date,
    next_cut: Option<Date>,
    /// What the newest statement still brings: its due date and the day after its grace days.
    next_due: Option<Date>,
    grace_over: Option<Date>,
}

/// Something owed.
struct Item {
    component: LineComponent,
    /// The purchase or plan it belongs to, if it does.
    source: Option<Id>,
    unpaid_fen: i64,
    /// Place of its statement, once billed.
    statement: Option<usize>,
    bearing: Bearing,
    /// Interest it will have borne if the interest-free time is lost; numerator over 10⁶ × year.
    conditional: i128,
}

/// Whether an item bears interest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bearing {
    Never,
    /// Free so far; conditional interest runs from its beginning, or only from the due date.
    Free {
        from_due: bool,
    },
    Bears,
}

struct Statement {
    shown: StatementState,
    items: Range<usize>,
}

struct Purchase {
    id: Id,
    on: Date,
    /// `None` for cash.
    merchant: Option<Id>,
    category: String,
    amount_fen: i64,
    refunded_fen: i64,
    converted_fen: i64,
    item: usize,
}

struct Plan {
    id: Id,
    purchase: Id,
    on: Date,
    principal_fen: i64,
    instalments: u16,
    /// Not billed yet.
    rows: VecDeque<PlanRow>,
}

/// What covers part of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cover {
    Money,
    Refund,
    Conversion,
    Waiver,
}

impl<'t> Account<'t> {
    pub(super) fn new(terms: &'t LineTerms) -> Account<'t> {
        Account {
            terms,
            standing: LineStanding::Open,
            limit_fen: terms.limit.minor(),
            items: Vec::new(),
            open: 0,
            statements: Vec::new(),
            purchases: Vec::new(),
            by_id: BTreeMap::new(),
            plans: Vec::new(),
            arrears: VecDeque::new(),
            credit_fen: 0,
            accrued: 0,
            accrued_penalty: 0,
            path: ArrearsPath::default(),
            marks: Vec::new(),
            claim: None,
            totals: LineTotals::default(),
            flows: StatementFlows::default(),
            date: terms.opened,
            period_from: terms.opened,
            next_cut: terms.rules.statement_after(terms.opened),
            next_due: None,
            grace_over: None,
        }
    }

    /// Lets days pass until `to`, with everything that happens by itself up to and on it.
    pub(super) fn advance(&mut self, to: Date) -> Result<(), LoanError> {
        while let Some(stop) = [self.next_due, self.grace_over, self.next_cut].into_iter().flatten().min() {
            if stop > to {
                break;
            }
            self.run_interest(stop);
            if self.next_due == Some(stop) {
                self.next_due = None;
            } else if self.grace_over == Some(stop) {
                self.grace_over = None;
                self.judge()?;
            } else {
                self.cut(stop)?;
            }
            self.note_arrears();
        }
        self.run_interest(to);
        Ok(())
    }

    /// Interest of the days from the one reached to `to`. Due dates and ends of grace are stops.
    fn run_interest(&mut self, to: Date) {
        let from = self.date;
        self.date = from.max(to);
        let days = i128::from(self.terms.day_count.weight(from, to));
        if days <= 0 {
            return;
        }
        let overdue = self.is_late(from);
        let rate = if overdue { self.terms.overdue_rate } else { self.terms.rate };
        let weight = |item: &Item, rate: Rate| i128::from(item.unpaid_fen) * i128::from(rate.ppm()) * days;
        let due_passed = self.next_due.is_none();
        for item in self.items.iter_mut().skip(self.open) {
            match item.bearing {
                Bearing::Bears if overdue => self.accrued_penalty += weight(item, rate),
                Bearing::Bears => self.accrued += weight(item, rate),
                Bearing::Free { from_due: false } => item.conditional += weight(item, self.terms.rate),
                Bearing::Free { from_due: true } if due_passed && item.statement.is_some() => {
                    item.conditional += weight(item, self.terms.rate);
                }
                Bearing::Free { .. } | Bearing::Never => {}
            }
        }
    }

    /// What one unit of weight adds to interest and to interest at the overdue rate from the day reached on.
    fn accrues(&self) -> (i128, i128) {
        let bearing = self.items.iter().skip(self.open).filter(|item| item.bearing == Bearing::Bears);
        let unpaid: i128 = bearing.map(|item| i128::from(item.unpaid_fen)).sum();
        if self.is_late(self.date) {
            (0, unpaid * i128::from(self.terms.overdue_rate.ppm()))
        } else {
            (unpaid * i128::from(self.terms.rate.ppm()), 0)
        }
    }

    /// Writes down which due date is the oldest that is not met, as of the day reached.
    fn note_arrears(&mut self) {
        let oldest_due = self.arrears.front().map(|(due, _)| *due).filter(|due| *due <= self.date);
        self.path.step(ArrearsStep { from: self.date, oldest_due, owes: oldest_due.is_some() });
    }

    /// The grace days of the newest statement are over: is it paid in full, is its minimum met?
    fn judge(&mut self) -> Result<(), LoanError> {
        let billed_fen = self.billed_fen();
        let lacking_fen: i64 = self.lacking_fen();
        let Some(statement) = self.statements.last_mut() else { return Ok(()) };
        statement.shown.in_full = Some(billed_fen == 0);
        statement.shown.minimum_met = Some(lacking_fen == 0);
        let items = self.items.get_mut(statement.items.clone()).unwrap_or_default();
        for item in items.iter_mut().filter(|item| matches!(item.bearing, Bearing::Free { .. })) {
            let conditional = std::mem::take(&mut item.conditional);
            item.bearing = Bearing::Bears;
            if billed_fen > 0 {
                self.accrued += conditional;
            }
        }
        if lacking_fen > 0 {
            let fee = self.terms.rules.late_fee;
            let fee_fen = self.terms.share_fen(lacking_fen, fee.ppm)?.max(fee.floor_fen).min(lacking_fen);
            self.charge(LineComponent::LateFee, None, fee_fen)?;
        }
        Ok(())
    }

    /// Cuts the statement of a day, unless nothing is owed and nothing has moved.
    fn cut(&mut self, on: Date) -> Result<(), LoanError> {
        self.bill_interest()?;
        self.bill_plans()?;
        self.spend_credit()?;
        let first_item = self.statements.last().map_or(0, |statement| statement.items.end);
        let from = std::mem::replace(&mut self.period_from, on);
        self.next_cut = self.terms.rules.statement_after(on);
        let flows = std::mem::take(&mut self.flows);
        let opening_fen = self.statements.last().map_or(0, |statement| statement.shown.closing_fen);
        let closing_fen = self.items.iter().skip(self.open).map(|item| item.unpaid_fen).sum();
        if opening_fen == 0 && closing_fen == 0 && flows == StatementFlows::default() {
            return Ok(());
        }
        let due = self.terms.rules.due_after(on).ok_or(LoanError::Overflow("the due date of a statement"))?;
        let minimum_fen = self.minimum_fen(closing_fen)?;
        let lacking_fen = self.lacking_fen();
        if minimum_fen > lacking_fen {
            self.arrears.push_back((due, minimum_fen - lacking_fen));
        }
        let place = self.statements.len();
        for item in self.items.iter_mut().skip(first_item) {
            item.statement = Some(place);
        }
        self.statements.push(Statement {
            shown: StatementState {
                number: u32::try_from(place + 1).unwrap_or(u32::MAX),
                from,
                on,
                due,
                opening_fen,
                flows,
                closing_fen,
                credit_fen: self.credit_fen,
                minimum_fen,
                since: LineCovered::default(),
                in_full: None,
                minimum_met: None,
            },
            items: first_item..self.items.len(),
        });
        self.next_due = Some(due);
        self.grace_over = Some(due.add_days(i32::from(self.terms.rules.grace_days) + 1));
        Ok(())
    }

    /// Turns what has accrued into something owed, rounded once.
    fn bill_interest(&mut self) -> Result<(), LoanError> {
        let denominator = year_denominator(self.terms.day_count);
        let rounded = |numerator: &mut i128| {
            Accrued { numerator: std::mem::take(numerator), denominator }.round_fen(self.terms.rounding)
        };
        let (interest_fen, penalty_fen) = (rounded(&mut self.accrued)?, rounded(&mut self.accrued_penalty)?);
        self.charge(LineComponent::Interest, None, interest_fen)?;
        self.charge(LineComponent::Penalty, None, penalty_fen)
    }

    /// Bills the next instalment of every plan.
    fn bill_plans(&mut self) -> Result<(), LoanError> {
        for index in 0..self.plans.len() {
            let Some(plan) = self.plans.get_mut(index) else { continue };
            let (id, row) = (plan.id, plan.rows.pop_front());
            if let Some(row) = row {
                self.bill_principal(id, row.principal_fen)?;
                self.charge(LineComponent::PlanFee, Some(id), row.fee_fen)?;
            }
        }
        Ok(())
    }

    /// What the statement about to be cut asks for at least.
    fn minimum_fen(&self, closing_fen: i64) -> Result<i64, LoanError> {
        let (mut whole_fen, mut carried_whole_fen, mut purchases_fen) = (0i64, 0i64, 0i64);
        for item in self.items.iter().skip(self.open) {
            if item.component == LineComponent::Purchase {
                purchases_fen = add(purchases_fen, item.unpaid_fen)?;
            } else {
                whole_fen = add(whole_fen, item.unpaid_fen)?;
                if item.statement.is_some() {
                    carried_whole_fen = add(carried_whole_fen, item.unpaid_fen)?;
                }
            }
        }
        // What an earlier minimum still lacks of purchases is asked for in whole, not as a share again.
        let missed_fen = (self.lacking_fen() - carried_whole_fen).clamp(0, purchases_fen);
        let share_fen = self.terms.share_fen(purchases_fen - missed_fen, self.terms.rules.minimum_ppm)?;
        let asked_fen = add(add(whole_fen, missed_fen)?, share_fen)?;
        Ok(asked_fen.max(self.terms.rules.minimum_floor_fen).max(self.lacking_fen()).min(closing_fen))
    }

    /// Principal of a plan becomes something owed with the next statement; it was charged when it was converted.
    fn bill_principal(&mut self, plan: Id, amount_fen: i64) -> Result<(), LoanError> {
        self.push_item(LineComponent::Instalment, Some(plan), amount_fen)
    }

    /// Something new is owed.
    fn charge(&mut self, component: LineComponent, source: Option<Id>, amount_fen: i64) -> Result<(), LoanError> {
        self.totals.charged.put(component, amount_fen)?;
        self.push_item(component, source, amount_fen)
    }

    fn push_item(&mut self, component: LineComponent, source: Option<Id>, amount_fen: i64) -> Result<(), LoanError> {
        if amount_fen == 0 {
            return Ok(());
        }
        self.flows.charged.put(component, amount_fen)?;
        let rules = &self.terms.rules;
        let bearing = match component {
            LineComponent::Purchase if source.is_some_and(|id| self.is_cash(id)) => Bearing::Bears,
            LineComponent::Purchase => match rules.interest_free {
                InterestFree::UntilDue => Bearing::Free { from_due: true },
                InterestFree::WhenPaidInFull => Bearing::Free { from_due: false },
                InterestFree::Never => Bearing::Bears,
            },
            LineComponent::Instalment => Bearing::Free { from_due: true },
            LineComponent::Interest if rules.interest_on == InterestOn::PrincipalAndInterest => {
                Bearing::Free { from_due: true }
            }
            _ => Bearing::Never,
        };
        self.items.push(Item { component, source, unpaid_fen: amount_fen, statement: None, bearing, conditional: 0 });
        Ok(())
    }

    fn is_cash(&self, id: Id) -> bool {
        let found = self.by_id.get(&id).and_then(|place| self.purchases.get(*place));
        found.is_some_and(|purchase| purchase.merchant.is_none())
    }

    /// Pays what is owed from the credit balance: statements from the oldest, then what is not billed.
    fn spend_credit(&mut self) -> Result<(), LoanError> {
        if self.credit_fen > 0 {
            let mut runs: Vec<Range<usize>> = self.statements.iter().map(|statement| statement.items.clone()).collect();
            let billed_to = runs.last().map_or(0, |run| run.end);
            runs.push(billed_to..self.items.len());
            let open = self.open;
            for run in runs.into_iter().filter(|run| run.end > open) {
                for component in *self.terms.rules.order.components() {
                    for place in run.clone() {
                        if self.items.get(place).is_some_and(|item| item.component == component) {
                            let part_fen = self.cover(place, self.credit_fen, Cover::Money)?;
                            self.credit_fen -= part_fen;
                        }
                    }
                }
            }
        }
        while self.items.get(self.open).is_some_and(|item| item.unpaid_fen == 0) {
            self.open += 1;
        }
        Ok(())
    }

    /// Covers up to so much of an item, and answers how much it was.
    fn cover(&mut self, place: usize, up_to_fen: i64, cover: Cover) -> Result<i64, LoanError> {
        let Some(item) = self.items.get_mut(place) else { return Ok(0) };
        let part_fen = item.unpaid_fen.min(up_to_fen).max(0);
        if part_fen == 0 {
            return Ok(0);
        }
        item.unpaid_fen -= part_fen;
        let (component, billed) = (item.component, item.statement.is_some());
        match cover {
            Cover::Money | Cover::Refund => self.totals.settled.put(component, part_fen)?,
            Cover::Waiver => self.totals.waived.put(component, part_fen)?,
            Cover::Conversion => self.totals.converted_fen = add(self.totals.converted_fen, part_fen)?,
        }
        count(&mut self.flows.covered, cover, part_fen)?;
        if billed {
            if let Some(statement) = self.statements.last_mut() {
                count(&mut statement.shown.since, cover, part_fen)?;
            }
            self.meet_minimums(part_fen);
        }
        Ok(part_fen)
    }

    fn meet_minimums(&mut self, amount_fen: i64) {
        let mut left_fen = amount_fen;
        while let Some((_, lacking_fen)) = self.arrears.front_mut().filter(|_| left_fen > 0) {
            let part_fen = left_fen.min(*lacking_fen);
            *lacking_fen -= part_fen;
            left_fen -= part_fen;
            if *lacking_fen == 0 {
                self.arrears.pop_front();
            }
        }
    }

    /// What the minimums asked for so far lack.
    fn lacking_fen(&self) -> i64 {
        self.arrears.iter().map(|(_, lacking_fen)| lacking_fen).sum()
    }

    fn billed_fen(&self) -> i64 {
        self.statements.last().map_or(0, |statement| statement.shown.remaining_fen())
    }

    /// Whether a minimum is missed and its grace days are over.
    fn is_late(&self, today: Date) -> bool {
        self.arrears.front().is_some_and(|(due, _)| today - *due > i32::from(self.terms.rules.grace_days))
    }
}

fn count(covered: &mut LineCovered, cover: Cover, amount_fen: i64) -> Result<(), LoanError> {
    let slot = match cover {
        Cover::Money => &mut covered.paid_fen,
        Cover::Refund => &mut covered.refunded_fen,
        Cover::Conversion => &mut covered.converted_fen,
        Cover::Waiver => &mut covered.waived_fen,
    };
    *slot = add(*slot, amount_fen)?;
    Ok(())
}

fn add(a: i64, b: i64) -> Result<i64, LoanError> {
    a.checked_add(b).ok_or(LoanError::Overflow("the sum of a line"))
}
