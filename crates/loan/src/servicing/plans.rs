//! From the conventions of the terms to the generators of plans, and from their rows to those of the running loan.

use basics::{Date, Rate};

use super::planned::{insert, insert_first};
use super::row::Row;
use super::{Servicing, add};
use crate::conventions::{InterestBy, InterestOn, PlanEngine, PlanRule, Recalculation, Rest};
use crate::plan::{
    self, Closing, Cumulative, DueDates, FixedInstalment, Happened, Payment, Period, PeriodInterest, PlanRow,
    Progressive, Spacing, TermChange, TermChangeKind, Tranche,
};
use crate::{Component, Instalment, LoanError, LoanTerms, Parts, RowKind};

/// Money that moves the balance, in the order in which it was recorded.
#[derive(Clone, Copy)]
pub(super) enum Move {
    /// Paid out.
    Out(Tranche),
    /// Paid in.
    In(Payment),
}

impl Servicing<'_> {
    /// The cumulative plan of the whole life: drawn up at the first disbursement and, where it follows payments, again
    /// at each of them; down payments among its rows.
    pub(super) fn cumulative_plan(&self, rule: &PlanRule) -> Result<Vec<Row>, LoanError> {
        let mut out = Vec::new();
        let mut down = Vec::new();
        for (date, amount_fen) in self.outlook.tranches() {
            let share = self.paid_down(rule, amount_fen)?;
            if share > 0 {
                down.push(Row::beside(RowKind::DownPayment, date, date, share));
            }
            out.push(Tranche { date, amount_fen: add(amount_fen, -share)? });
        }
        let Some(first) = out.first() else { return Ok(Vec::new()) };
        let terms = cumulative(rule, self.terms, first.date, self.outlook.changes())?;
        let planned = match rule.recalculation {
            Some(_) if terms.interest_on == InterestOn::Balance => self.followed(rule, &terms)?,
            _ => terms.rows(&out)?,
        };
        let mut rows: Vec<Row> = planned.iter().map(regular).collect();
        if let (Some(row), Some(seed)) = (rows.first_mut(), rule.seed) {
            row.plan.from = seed;
        }
        for row in down {
            insert_first(&mut rows, row);
        }
        Ok(rows)
    }

    /// The plan as payments have changed it, one after another.
    fn followed(&self, rule: &PlanRule, terms: &Cumulative) -> Result<Vec<PlanRow>, LoanError> {
        let charges = self.charges_by_date()?;
        let (mut out, mut payments, mut rows) = (Vec::new(), Vec::<Payment>::new(), Vec::<PlanRow>::new());
        for step in self.outlook.moves() {
            let date = match step {
                Move::Out(tranche) => {
                    let share = self.paid_down(rule, tranche.amount_fen)?;
                    out.push(Tranche { amount_fen: add(tranche.amount_fen, -share)?, ..tranche });
                    out.sort_by_key(|tranche| tranche.date);
                    tranche.date
                }
                Move::In(payment) => {
                    payments.push(payment);
                    payments.sort_by_key(|payment| payment.date);
                    payment.date
                }
            };
            if out.is_empty() {
                continue;
            }
            if payments.is_empty() {
                rows = terms.rows(&out)?;
                continue;
            }
            let kept: Vec<PlanRow> = rows.iter().filter(|row| row.period.due < date).copied().collect();
            let happened = Happened { kept: &kept, payments: &payments, charges: &charges, today: Some(date) };
            rows = terms.replan(&out, happened)?;
        }
        Ok(rows)
    }

    /// Charges due on a date, for payments meet them before interest.
    fn charges_by_date(&self) -> Result<Vec<Payment>, LoanError> {
        let mut charges = Vec::new();
        for (id, _, charge) in &self.outlook.charges {
            if let crate::ChargeDue::On(date) = charge.due
                && !self.outlook.waived.contains_key(id)
            {
                let amount_fen = charge.amount.of_fen(self.disbursed_fen, 0, self.terms.rounding)?;
                charges.push(Payment { date, amount_fen });
            }
        }
        charges.sort_by_key(|charge| charge.date);
        Ok(charges)
    }

    fn paid_down(&self, rule: &PlanRule, amount_fen: i64) -> Result<i64, LoanError> {
        let Some(share) = rule.down_payment else { return Ok(0) };
        let share = Rate::from_ppm(i64::from(share.ppm)).map_err(|e| LoanError::Terms(e.to_string()))?;
        plan::down_payment_fen(amount_fen, share, rule.multiple_fen.max(1), self.terms.rounding)
    }

    /// Pays a tranche out under a progressive plan that bears interest, made at the first of them.
    pub(super) fn follow_tranche(&mut self, rule: &PlanRule, amount_fen: i64, today: Date) -> Result<(), LoanError> {
        let share = self.paid_down(rule, amount_fen)?;
        let mut model = match self.model.take() {
            Some(model) => model,
            None => {
                let (dates, changes) = due_dates(rule, today, self.outlook.changes())?;
                let more = changes.iter().fold(0u16, |sum, change| match change.kind {
                    TermChangeKind::Longer(more) => sum.saturating_add(more),
                    _ => sum,
                });
                let last = dates.count.saturating_add(more);
                let periods: Vec<Period> = (1..=last).map(|number| dates.period(number)).collect::<Result<_, _>>()?;
                for period in &periods {
                    insert(&mut self.rows, Row::beside(RowKind::Regular, period.from, period.due, 0));
                }
                if let (Some(row), Some(seed)) = (self.rows.first_mut(), rule.seed) {
                    row.plan.from = seed;
                }
                if rule.interest_grace > 0 {
                    let problem =
                        "a plan that follows the balance puts no interest off: leave the grace on interest out";
                    return Err(LoanError::Terms(problem.to_owned()));
                }
                let model = Progressive::new(convention(rule, self.terms), self.terms.rate, &periods)?;
                let mut model = model.without_principal(rule.principal_grace)?;
                for change in changes {
                    if let TermChangeKind::Rate(rate) = change.kind {
                        model.change_rate(dates.period(change.number)?.from, rate)?;
                    }
                }
                model
            }
        };
        while let Some(last) = model.rows().last().map(|row| row.period.due)
            && last < today
        {
            let due = spacing(rule).date(last, 1)?;
            model.lengthen(due)?;
            insert(&mut self.rows, Row::beside(RowKind::Regular, last, due, 0));
        }
        model.disburse(today, add(amount_fen, -share)?)?;
        if share > 0 {
            insert(&mut self.rows, Row::beside(RowKind::DownPayment, today, today, share));
        }
        self.model = Some(model);
        self.show_model();
        Ok(())
    }

    /// Lets overdue principal of a plan that follows the balance bear interest up to a day.
    pub(super) fn follow_overdue(&mut self, today: Date) -> Result<(), LoanError> {
        let Some(recalculation) = self.recalculation() else { return Ok(()) };
        if let Some(model) = self.model.as_mut() {
            model.overdue_until(today, recalculation.rest)?;
            self.show_model();
        }
        Ok(())
    }

    /// Before money ahead of its time meets an instalment: its interest is that up to the day.
    pub(super) fn follow_before(&mut self, place: usize, today: Date) -> Result<(), LoanError> {
        let Some(recalculation) = self.recalculation() else { return Ok(()) };
        let Some(index) = self.model_index(place) else { return Ok(()) };
        if self.rows.get(place).is_none_or(|row| row.due_on <= today) {
            return Ok(());
        }
        let Some(model) = self.model.as_ref() else { return Ok(()) };
        let until = self.pay_off_day(recalculation, today);
        let payable = model.payable(index, until)?;
        if let Some(row) = self.rows.get_mut(place) {
            show(row, payable.principal_fen, payable.interest_fen);
        }
        Ok(())
    }

    /// The day up to which interest is owed when money comes ahead of its time: that day, or the end of the period.
    fn pay_off_day(&self, recalculation: Recalculation, today: Date) -> Date {
        let model = self.model.as_ref().filter(|_| recalculation.payoff == Rest::Period);
        let running = model.and_then(|model| model.rows().iter().find(|row| row.period.due >= today));
        running.map_or(today, |row| row.period.due)
    }

    /// After money met an instalment: the balance is lower from that day.
    pub(super) fn follow_payment(
        &mut self,
        place: usize,
        component: Component,
        amount_fen: i64,
        today: Date,
    ) -> Result<(), LoanError> {
        if self.recalculation().is_none() || amount_fen <= 0 {
            return Ok(());
        }
        let Some(index) = self.model_index(place) else { return Ok(()) };
        let Some(model) = self.model.as_mut() else { return Ok(()) };
        match component {
            Component::Principal => model.pay_principal(index, today, amount_fen),
            Component::Interest => model.pay_interest(index, amount_fen),
            Component::Fee | Component::Penalty | Component::Compound => Ok(()),
        }
    }

    /// After money was taken back from an instalment: the balance is higher again.
    pub(super) fn follow_taken_back(
        &mut self,
        place: usize,
        component: Component,
        amount_fen: i64,
        today: Date,
    ) -> Result<(), LoanError> {
        if self.recalculation().is_none() || amount_fen <= 0 {
            return Ok(());
        }
        let Some(index) = self.model_index(place) else { return Ok(()) };
        let Some(model) = self.model.as_mut() else { return Ok(()) };
        match component {
            Component::Principal => model.unpay_principal(index, today, amount_fen)?,
            Component::Interest => model.unpay_interest(index, amount_fen)?,
            Component::Fee | Component::Penalty | Component::Compound => return Ok(()),
        }
        self.show_model();
        Ok(())
    }

    /// What would close a loan: all that is open, but of instalments not yet due only the interest up to a day or its
    /// rest date, where the plan follows the balance.
    pub(super) fn payoff_planned(&self, today: Date) -> Result<i128, LoanError> {
        let open = self.open_parts()?;
        let all = i128::from(open.total_fen()?);
        let conventions = self.terms.conventions.as_deref();
        let Some((rule, recalculation)) = conventions.and_then(|c| Some((&c.plan, c.plan.recalculation?))) else {
            return Ok(all);
        };
        let Some(model) = &self.model else {
            let Some(closing) = self.closing(rule, today)? else { return Ok(all) };
            // What was owed again, or let off, stands beside the plan.
            let of = |parts: &Parts| i128::from(parts.principal_fen) + i128::from(parts.interest_fen);
            let planned = i128::from(closing.principal_fen) + i128::from(closing.interest_fen);
            let beside = of(&self.credited) - of(&self.waived) - of(&self.written_off);
            return Ok((planned + beside + all - of(&open)).max(0));
        };
        let coming = self.rows.iter().filter(|row| row.due_on > today);
        let planned: i64 = coming.map(|row| row.open_fen(Component::Interest)).sum();
        let borne = model.unbilled_fen(self.pay_off_day(recalculation, today))?;
        Ok(all - i128::from(planned) + i128::from(borne))
    }

    /// What would close a cumulative plan that follows payments; `None` without one.
    fn closing(&self, rule: &PlanRule, today: Date) -> Result<Option<Closing>, LoanError> {
        let Some((start, _)) = self.outlook.tranches().next() else { return Ok(None) };
        let terms = cumulative(rule, self.terms, start, self.outlook.changes())?;
        if terms.interest_on != InterestOn::Balance || rule.engine != PlanEngine::Cumulative {
            return Ok(None);
        }
        let mut out = Vec::new();
        for (date, amount_fen) in self.outlook.tranches() {
            out.push(Tranche { date, amount_fen: add(amount_fen, -self.paid_down(rule, amount_fen)?)? });
        }
        let mut payments: Vec<Payment> = (self.outlook.moves())
            .filter_map(|step| if let Move::In(payment) = step { Some(payment) } else { None })
            .collect();
        payments.sort_by_key(|payment| payment.date);
        let rows = self.followed(rule, &terms)?;
        let kept: Vec<PlanRow> = rows.into_iter().filter(|row| row.period.due < today).collect();
        let charges = self.charges_by_date()?;
        let happened = Happened { kept: &kept, payments: &payments, charges: &charges, today: Some(today) };
        Ok(Some(terms.pay_off(&out, happened, today)?))
    }

    /// Lays the plan as it stands into the regular rows.
    pub(super) fn show_model(&mut self) {
        let Some(model) = self.model.as_ref() else { return };
        let regular = self.rows.iter_mut().filter(|row| row.kind == RowKind::Regular);
        for (row, state) in regular.zip(model.rows()) {
            show(row, state.principal_fen, state.interest_fen);
            // An instalment of which nothing is left to pay is met on the day that left nothing.
            if let Some(today) = self.date {
                row.mark_clear(today);
            }
        }
    }

    fn model_index(&self, place: usize) -> Option<usize> {
        self.rows.get(place).filter(|row| row.kind == RowKind::Regular)?;
        Some(self.rows.iter().take(place).filter(|row| row.kind == RowKind::Regular).count())
    }

    fn recalculation(&self) -> Option<Recalculation> {
        self.model.as_ref()?;
        self.terms.conventions.as_deref()?.plan.recalculation
    }
}

/// Plans other amounts for a row; what was credited stands beside.
fn show(row: &mut Row, principal_fen: i64, interest_fen: i64) {
    row.plan.interest_fen = interest_fen;
    row.due.interest_fen = interest_fen.saturating_add(row.credited.interest_fen);
    row.plan_principal(principal_fen);
}

fn regular(planned: &PlanRow) -> Row {
    Row::planned(&Instalment {
        number: 0,
        from: planned.period.from,
        due: planned.period.due,
        principal_fen: planned.principal_fen,
        interest_fen: planned.interest_fen,
        fee_fen: 0,
        total_fen: planned.total_fen(),
        balance_after_fen: planned.balance_after_fen,
    })
}

/// Due dates, and what else was agreed on later, by instalment.
fn due_dates(
    rule: &PlanRule,
    start: Date,
    agreed: &[(Date, crate::Reschedule)],
) -> Result<(DueDates, Vec<TermChange>), LoanError> {
    let seed = rule.seed.unwrap_or(start);
    let mut dates = DueDates::new(start, seed, spacing(rule), rule.count)?;
    if let Some(days) = rule.fixed_length_days {
        dates = dates.ending(seed.add_days(i32::from(days)))?;
    }
    let mut changes = Vec::new();
    for (from_due, change) in agreed {
        let Some(number) = dates.number_due_on(*from_due) else { continue };
        if let Some(new_due) = change.new_due {
            dates.shift(*from_due, new_due)?;
        }
        let mut more = |kind| changes.push(TermChange { number, kind });
        if let Some(ppm) = change.new_rate_ppm {
            more(TermChangeKind::Rate(Rate::from_ppm(ppm).map_err(|e| LoanError::Terms(e.to_string()))?));
        }
        if change.principal_grace > 0 {
            more(TermChangeKind::PrincipalGrace(change.principal_grace));
        }
        if change.interest_grace > 0 {
            more(TermChangeKind::InterestGrace(change.interest_grace));
        }
        if change.extra_instalments > 0 {
            more(TermChangeKind::Longer(change.extra_instalments));
        }
    }
    Ok((dates, changes))
}

fn cumulative(
    rule: &PlanRule,
    terms: &LoanTerms,
    start: Date,
    agreed: &[(Date, crate::Reschedule)],
) -> Result<Cumulative, LoanError> {
    let (dates, changes) = due_dates(rule, start, agreed)?;
    // Without a rate there is nothing that a balance could bear.
    let bears = terms.rate != Rate::ZERO && rule.interest_on == InterestOn::Balance;
    let tranches = terms.conventions.as_deref().map_or(1, |conventions| conventions.tranches_max);
    Ok(Cumulative {
        dates,
        rate: terms.rate,
        interest_on: if bears { InterestOn::Balance } else { InterestOn::Principal },
        period_interest: match rule.interest_by {
            InterestBy::Days => PeriodInterest::Days(rule.year),
            InterestBy::Periods => PeriodInterest::Whole,
            InterestBy::PartialPeriods => PeriodInterest::WholeAndPart,
        },
        equal: rule.amortisation,
        principal_grace: rule.principal_grace,
        interest_grace: rule.interest_grace,
        rounding: terms.rounding,
        multiple_fen: rule.multiple_fen.max(1),
        level_on_fen: (bears && tranches > 0).then_some(terms.principal.minor()),
        fixed: rule
            .fixed_instalment_fen
            .filter(|_| bears)
            .map(|amount_fen| FixedInstalment { amount_fen, threshold_ppm: i64::from(rule.last_threshold_ppm) }),
        recalculation: rule.recalculation.unwrap_or(Recalculation::DAILY),
        changes,
    })
}

fn convention(rule: &PlanRule, terms: &LoanTerms) -> plan::Convention {
    plan::Convention {
        spacing: spacing(rule),
        weight: plan::Weight::Nominal { month: rule.month, year: rule.year },
        arithmetic: plan::Arithmetic::Digits12,
        interest_rounding: plan::InterestRounding::Segment,
        rounding: terms.rounding,
        multiple_fen: rule.multiple_fen.max(1),
        smoothing: plan::Smoothing::Once,
    }
}

fn spacing(rule: &PlanRule) -> Spacing {
    Spacing { every: rule.every, unit: rule.unit }
}
