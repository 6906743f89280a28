//! The plan that follows the actual balance: tranches, payments and new rates split periods into segments.

mod levelling;

use basics::{Date, Rate};

use super::state::{Payable, PeriodState, SegmentState, due_interest};
use super::weight::Factor;
use super::{Arithmetic, Convention, InterestRounding, Period, PlanRow, Rest};
use crate::{LoanError, LoanTerms};
use levelling::InterestSum;

/// Instalments that are worked out again whenever the balance, the rate or a payment changes.
///
/// What it holds at any moment is [`rows`](Progressive::rows): for each period the interest of its segments, what
/// is left of the level instalment as principal, and the balance after it; the last instalment that is not
/// paid takes the remainder, so that the principal of all is what was disbursed.
///
/// Events are to be told in the order of their dates. A refused call changes nothing.
///
/// ```
/// use basics::{Date, Rate, Rounding};
/// use loan::plan::{
///     Arithmetic, Convention, InterestRounding, MonthLength, Progressive, Smoothing, Spacing, Weight, YearLength,
/// };
/// let start = Date::ymd(2024, 1, 1)?;
/// let convention = Convention {
///     spacing: Spacing::MONTHLY,
///     weight: Weight::Nominal { month: MonthLength::D30, year: YearLength::D360 },
///     arithmetic: Arithmetic::Exact,
///     interest_rounding: InterestRounding::Segment,
///     rounding: Rounding::HalfUp,
///     multiple_fen: 1,
///     smoothing: Smoothing::None,
/// };
/// let mut plan = Progressive::new(convention, Rate::parse_percent("12")?, &Spacing::MONTHLY.periods(start, 3)?)?;
/// plan.disburse(start, 300_000)?;
/// let due: Vec<_> = plan.rows().iter().map(|row| (row.principal_fen, row.interest_fen)).collect();
/// assert_eq!(due, [(99_007, 3_000), (99_997, 2_010), (100_996, 1_010)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progressive {
    convention: Convention,
    /// Rates by their first day, the contract's first.
    rates: Vec<(Date, Rate)>,
    rows: Vec<PeriodState>,
    segments: Vec<SegmentState>,
    disbursed_fen: i64,
    /// The day up to which overdue principal was kept in the base.
    overdue_to: Option<Date>,
}

const TOO_LARGE: LoanError = LoanError::Overflow("a plan of instalments");

impl Progressive {
    /// An empty plan over `periods`, which follow each other without a gap.
    ///
    /// Errors if there are none, if they do not follow each other, or if the convention contradicts itself.
    pub fn new(convention: Convention, rate: Rate, periods: &[Period]) -> Result<Progressive, LoanError> {
        let wrong = |why: String| Err(LoanError::Terms(why));
        let Some(first) = periods.first() else {
            return wrong("a plan needs at least one period".to_owned());
        };
        if convention.multiple_fen < 1 {
            return wrong("instalments are multiples of at least one minor unit".to_owned());
        }
        if convention.interest_rounding == InterestRounding::Period && convention.arithmetic != Arithmetic::Exact {
            return wrong("interest can be rounded once a period only in exact arithmetic".to_owned());
        }
        let mut from = first.from;
        for period in periods {
            if period.from != from || period.due <= period.from {
                return wrong(format!("the period from {} to {} does not follow {from}", period.from, period.due));
            }
            from = period.due;
        }
        let rows = periods.iter().enumerate().map(|(index, period)| PeriodState::empty(*period, index));
        let segments = periods.iter().map(|period| SegmentState::empty(*period));
        let mut plan = Progressive {
            convention,
            rates: vec![(first.from, rate)],
            rows: rows.collect(),
            segments: segments.collect(),
            disbursed_fen: 0,
            overdue_to: None,
        };
        plan.weigh(0)?;
        Ok(plan)
    }

    /// The same plan, its first instalments without principal 宽限期: they ask for interest alone, and those after them are levelled.
    ///
    /// To be said before anything is disbursed. Errors if no instalment is left to repay.
    pub fn without_principal(mut self, instalments: u16) -> Result<Progressive, LoanError> {
        let free = usize::from(instalments);
        if free >= self.rows.len() {
            let count = self.rows.len();
            return Err(LoanError::Terms(format!(
                "{free} instalments without principal leave none of {count} to repay it"
            )));
        }
        self.rows.iter_mut().take(free).for_each(|row| row.interest_alone = true);
        Ok(self)
    }

    /// The instalments as they stand.
    pub fn rows(&self) -> &[PeriodState] {
        &self.rows
    }

    /// The instalments as rows of any plan.
    pub fn plan_rows(&self) -> Vec<PlanRow> {
        let row = |state: &PeriodState| PlanRow {
            period: state.period,
            principal_fen: state.principal_fen,
            interest_fen: state.interest_fen,
            balance_after_fen: state.balance_after_fen,
        };
        self.rows.iter().map(row).collect()
    }

    /// The segments of an instalment; none if there is no such instalment.
    pub fn segments(&self, index: usize) -> &[SegmentState] {
        match self.rows.get(index) {
            Some(row) => self.segments.get(row.first_segment..self.end_of(index)).unwrap_or(&[]),
            None => &[],
        }
    }

    /// All that was disbursed.
    pub fn disbursed_fen(&self) -> i64 {
        self.disbursed_fen
    }

    /// Disbursed and not repaid, whatever is due.
    pub fn outstanding_fen(&self) -> i64 {
        let paid: i64 = self.rows.iter().map(|row| row.paid_principal_fen).sum();
        self.disbursed_fen.saturating_sub(paid)
    }

    /// The index of the instalment that is due on a date.
    pub fn due_on(&self, due: Date) -> Option<usize> {
        self.rows.binary_search_by_key(&due, |row| row.period.due).ok()
    }

    /// The index of the instalment in whose period a change on this date falls: after the first day, up to
    /// the due date; for the first also on its first day.
    pub fn running_on(&self, date: Date) -> Option<usize> {
        let index = self.rows.partition_point(|row| row.period.due < date);
        let row = self.rows.get(index)?;
        (row.period.from < date || (index == 0 && row.period.from == date)).then_some(index)
    }

    /// Money paid out: it bears interest from `date`, and the instalments due after it are levelled again.
    ///
    /// Errors if the amount is not positive or too large, or the date lies outside the plan.
    pub fn disburse(&mut self, date: Date, amount_fen: i64) -> Result<(), LoanError> {
        if amount_fen <= 0 || amount_fen > LoanTerms::AMOUNT_FEN_MAX {
            return Err(LoanError::Terms(
                "a disbursement must be more than nothing and no more than the largest loan".into(),
            ));
        }
        self.change(|plan| {
            plan.disbursed_fen = plan.disbursed_fen.checked_add(amount_fen).ok_or(TOO_LARGE)?;
            let (row, segment) = plan.split(date)?;
            plan.segment_mut(segment)?.disbursed_fen += amount_fen;
            plan.level_from(plan.next_if_due(row, date))
        })
    }

    /// One more period after the last, as a tranche after maturity needs it. Errors if it would end before it begins.
    pub fn lengthen(&mut self, due: Date) -> Result<(), LoanError> {
        self.change(|plan| {
            let from = plan.rows.last().map_or(due, |row| row.period.due);
            if due <= from {
                return Err(LoanError::Terms(format!("the period from {from} to {due} ends before it begins")));
            }
            let period = Period { from, due };
            plan.rows.push(PeriodState::empty(period, plan.segments.len()));
            plan.segments.push(SegmentState::empty(period));
            plan.weigh(plan.rows.len() - 1)
        })
    }

    /// Lets principal that was due before `today` and is not paid bear interest up to that day, and takes it for
    /// repaid then; with [`Rest::Period`] for the whole of the running period. To be told again as days pass.
    ///
    /// Errors if a figure does not fit.
    pub fn overdue_until(&mut self, today: Date, rest: Rest) -> Result<(), LoanError> {
        self.change(|plan| {
            let (mut owed, mut total) = (0i64, 0i64);
            for index in 0..plan.rows.len() {
                let row = *plan.row(index)?;
                let is_overdue = row.period.due < today;
                if owed > 0 || (!is_overdue && total > 0) {
                    plan.keep_in_base(row.period, (owed, total), today, rest)?;
                }
                if !is_overdue {
                    break;
                }
                let row = plan.row(index)?;
                owed = (row.principal_fen - row.paid_principal_fen).max(0);
                total = sum_of([total, owed])?;
            }
            Ok(())
        })
    }

    /// Keeps what fell due before a period in the base of that period, as far as today.
    fn keep_in_base(
        &mut self,
        period: Period,
        (owed, total): (i64, i64),
        today: Date,
        rest: Rest,
    ) -> Result<(), LoanError> {
        let Period { from, due } = period;
        let is_new = self.overdue_to.is_none_or(|last| from > last);
        let runs = today > from && today <= due;
        match rest {
            Rest::Daily if self.overdue_to == Some(today) => {}
            Rest::Daily => {
                self.correct(if is_new { from } else { self.overdue_to.unwrap_or(from) }, owed)?;
                if runs {
                    self.correct(today, -total)?;
                    self.overdue_to = Some(today);
                }
            }
            Rest::Period if is_new => {
                self.correct(from, owed)?;
                self.overdue_to = Some(from);
                if runs {
                    self.correct(due, -total)?;
                    self.overdue_to = Some(due);
                }
            }
            Rest::Period => {}
        }
        Ok(())
    }

    /// A new rate from `date` on; the instalments due after it are levelled again.
    ///
    /// Errors if the date lies outside the plan.
    pub fn change_rate(&mut self, date: Date, rate: Rate) -> Result<(), LoanError> {
        self.change(|plan| {
            let (row, _) = plan.split(date)?;
            let at = plan.rates.partition_point(|(from, _)| *from <= date);
            plan.rates.insert(at, (date, rate));
            plan.level_from(plan.next_if_due(row, date))
        })
    }

    /// The balance that bears interest moves by `amount_fen` from `date` on, and nothing is paid: an overdue
    /// principal that still bears interest, or its end. Instalments keep their level; the last takes the difference.
    ///
    /// Errors if the date lies outside the plan.
    pub fn balance_correction(&mut self, date: Date, amount_fen: i64) -> Result<(), LoanError> {
        self.change(|plan| plan.correct(date, amount_fen))
    }

    /// Principal paid to an instalment on `date`. It lowers the balance from that day, or from the due date
    /// where it is paid late. Instalments keep their level; the last takes the difference.
    ///
    /// Errors if there is no such instalment or the amount is not positive.
    pub fn pay_principal(&mut self, index: usize, date: Date, amount_fen: i64) -> Result<(), LoanError> {
        let row = *self.row(index)?;
        if amount_fen <= 0 {
            return Err(LoanError::Terms("a payment must be more than nothing".to_owned()));
        }
        self.change(|plan| {
            let paid = row.paid_principal_fen.checked_add(amount_fen).ok_or(TOO_LARGE)?;
            plan.row_mut(index)?.paid_principal_fen = paid;
            plan.correct(date.min(row.period.due), -amount_fen)
        })
    }

    /// Interest paid to an instalment. The due interest of an instalment is never less than what was paid.
    ///
    /// Errors if there is no such instalment or the amount is not positive.
    pub fn pay_interest(&mut self, index: usize, amount_fen: i64) -> Result<(), LoanError> {
        let row = *self.row(index)?;
        if amount_fen <= 0 {
            return Err(LoanError::Terms("a payment must be more than nothing".to_owned()));
        }
        self.change(|plan| {
            let paid = row.paid_interest_fen.checked_add(amount_fen).ok_or(TOO_LARGE)?;
            plan.row_mut(index)?.paid_interest_fen = paid;
            plan.settle_last()
        })
    }

    /// Takes back principal that was paid to an instalment: the balance is higher again from `date`, or from the due date
    /// where that is earlier.
    ///
    /// Errors if there is no such instalment or so much was not paid to it.
    pub fn unpay_principal(&mut self, index: usize, date: Date, amount_fen: i64) -> Result<(), LoanError> {
        let row = *self.row(index)?;
        there_was(amount_fen, row.paid_principal_fen)?;
        self.change(|plan| {
            plan.row_mut(index)?.paid_principal_fen -= amount_fen;
            plan.correct(date.min(row.period.due), amount_fen)
        })
    }

    /// Takes back interest that was paid to an instalment.
    ///
    /// Errors if there is no such instalment or so much was not paid to it.
    pub fn unpay_interest(&mut self, index: usize, amount_fen: i64) -> Result<(), LoanError> {
        let row = *self.row(index)?;
        there_was(amount_fen, row.paid_interest_fen)?;
        self.change(|plan| {
            plan.row_mut(index)?.paid_interest_fen -= amount_fen;
            plan.settle_last()
        })
    }

    /// What would settle an instalment on `date`: its interest up to that day, and no more principal than there is.
    ///
    /// Errors if there is no such instalment.
    pub fn payable(&self, index: usize, date: Date) -> Result<Payable, LoanError> {
        let row = *self.row(index)?;
        let (own, balance_fen) = self.borne(index, date.clamp(row.period.from, row.period.due))?;
        let interest_fen = if date < row.period.from {
            // The last instalment that is open takes what the others had no room for.
            let is_last = self.rows.iter().enumerate().all(|(other, row)| other == index || row.is_settled());
            let more = if is_last { self.unbilled_fen(date)? } else { 0 };
            sum_of([row.paid_interest_fen, more])?
        } else {
            let before = index.checked_sub(1).and_then(|before| self.rows.get(before));
            due_interest(&row, sum_of([own, before.map_or(0, |row| row.carried_interest_fen)])?)
        };
        if row.interest_alone {
            let principal_fen = row.paid_principal_fen;
            let instalment_fen = sum_of([principal_fen, interest_fen])?;
            return Ok(Payable { instalment_fen, principal_fen, interest_fen, balance_fen });
        }
        // The whole of it would be no more than closes the loan: what bears interest on the day, and what is out at all
        // when the instalments before it are paid.
        let whole = sum_of([balance_fen, row.paid_principal_fen, interest_fen])?;
        let before = self.rows.iter().take(index).map(|row| (row.principal_fen - row.paid_principal_fen).max(0));
        let left = sum_of([self.outstanding_fen(), -before.sum::<i64>()])?.max(0);
        let instalment_fen = row.instalment_fen.min(whole).min(sum_of([left, row.paid_principal_fen, interest_fen])?);
        Ok(Payable { instalment_fen, principal_fen: instalment_fen - interest_fen, interest_fen, balance_fen })
    }

    /// Interest borne up to `date` that is neither in an instalment due until then nor paid.
    ///
    /// Errors if a figure does not fit.
    pub fn unbilled_fen(&self, date: Date) -> Result<i64, LoanError> {
        let mut sum = 0i64;
        for (index, row) in self.rows.iter().enumerate() {
            if row.period.from < date {
                sum = sum_of([sum, self.borne(index, date.min(row.period.due))?.0])?;
            }
            sum -= if row.period.due <= date { row.interest_fen } else { row.paid_interest_fen };
        }
        Ok(sum.max(0))
    }

    /// Interest that a period bears up to a day inside it, and the balance on that day.
    fn borne(&self, index: usize, until: Date) -> Result<(i64, i64), LoanError> {
        let period = self.row(index)?.period;
        let mut sum = InterestSum::new(&self.convention);
        let mut balance_fen = 0i64;
        for segment in self.segments(index) {
            if segment.from >= until && segment.from != period.from {
                break;
            }
            let factor = self.factor(period, segment.from, segment.to.min(until))?;
            sum.add(segment.balance_fen, factor)?;
            balance_fen = sum_of([segment.balance_fen, segment.disbursed_fen])?;
            if segment.to >= until {
                break;
            }
        }
        Ok((sum.total()?, balance_fen))
    }

    /// Levels the instalments from `index` on again over the balance as it stands, as after a prepayment
    /// that lowers the instalment.
    ///
    /// Errors if there is no such instalment.
    pub fn relevel(&mut self, index: usize) -> Result<(), LoanError> {
        self.row(index)?;
        self.change(|plan| plan.level_from(index))
    }

    // The parts.

    /// Makes a change on a copy, and keeps it only when it succeeds.
    fn change(&mut self, make: impl FnOnce(&mut Progressive) -> Result<(), LoanError>) -> Result<(), LoanError> {
        let mut changed = self.clone();
        make(&mut changed)?;
        *self = changed;
        Ok(())
    }

    fn row(&self, index: usize) -> Result<&PeriodState, LoanError> {
        self.rows.get(index).ok_or_else(|| no_instalment(index, self.rows.len()))
    }

    fn row_mut(&mut self, index: usize) -> Result<&mut PeriodState, LoanError> {
        let count = self.rows.len();
        self.rows.get_mut(index).ok_or_else(|| no_instalment(index, count))
    }

    fn segment_mut(&mut self, index: usize) -> Result<&mut SegmentState, LoanError> {
        let count = self.segments.len();
        self.segments.get_mut(index).ok_or_else(|| no_instalment(index, count))
    }

    fn end_of(&self, index: usize) -> usize {
        self.rows.get(index + 1).map_or(self.segments.len(), |next| next.first_segment)
    }

    fn next_if_due(&self, index: usize, date: Date) -> usize {
        let is_due = self.rows.get(index).is_some_and(|row| row.period.due == date);
        if is_due && index + 1 < self.rows.len() { index + 1 } else { index }
    }

    fn rate_on(&self, date: Date) -> Rate {
        let at = self.rates.partition_point(|(from, _)| *from <= date).saturating_sub(1);
        self.rates.get(at).map_or(Rate::ZERO, |(_, rate)| *rate)
    }

    fn factor(&self, period: Period, from: Date, to: Date) -> Result<Factor, LoanError> {
        let Convention { spacing, weight, arithmetic, .. } = self.convention;
        weight.factor(self.rate_on(from), spacing, period, from, to, arithmetic).ok_or(TOO_LARGE)
    }

    /// Makes sure that a segment ends on `date`; answers its row and its index.
    fn split(&mut self, date: Date) -> Result<(usize, usize), LoanError> {
        let row = self.running_on(date).ok_or_else(|| {
            let (first, last) = (self.rows.first(), self.rows.last());
            let text = |d: Option<Date>| d.map_or_else(String::new, |d| d.to_string());
            LoanError::Terms(format!(
                "{date} is outside of the plan, which runs from {} to {}",
                text(first.map(|row| row.period.from)),
                text(last.map(|row| row.period.due))
            ))
        })?;
        let (start, end) = (self.row(row)?.first_segment, self.end_of(row));
        let held = self.segments.get(start..end).unwrap_or(&[]);
        let at = start + held.iter().take_while(|segment| segment.to < date).count();
        let found = *self.segments.get(at).ok_or_else(|| no_instalment(at, end))?;
        if found.to == date {
            return Ok((row, at));
        }
        let before = SegmentState { to: date, disbursed_fen: 0, corrected_fen: 0, ..found };
        self.segments.insert(at, before);
        self.segment_mut(at + 1)?.from = date;
        for later in self.rows.iter_mut().skip(row + 1) {
            later.first_segment += 1;
        }
        Ok((row, at))
    }

    /// Works out the factors of the periods from `index` on.
    fn weigh(&mut self, index: usize) -> Result<(), LoanError> {
        for row in index..self.rows.len() {
            self.weigh_row(row)?;
        }
        Ok(())
    }

    fn weigh_row(&mut self, index: usize) -> Result<(), LoanError> {
        let (period, start, end) = (self.row(index)?.period, self.row(index)?.first_segment, self.end_of(index));
        for at in start..end {
            let SegmentState { from, to, .. } = *self.segment_mut(at)?;
            self.segment_mut(at)?.factor = self.factor(period, from, to)?;
        }
        Ok(())
    }

    fn correct(&mut self, date: Date, amount_fen: i64) -> Result<(), LoanError> {
        let (row, segment) = self.split(date)?;
        let corrected = &mut self.segment_mut(segment)?.corrected_fen;
        *corrected = corrected.checked_add(amount_fen).ok_or(TOO_LARGE)?;
        self.weigh_row(row)?;
        self.settle_last()
    }
}

fn sum_of<const N: usize>(amounts: [i64; N]) -> Result<i64, LoanError> {
    amounts.into_iter().try_fold(0i64, i64::checked_add).ok_or(TOO_LARGE)
}

fn there_was(amount_fen: i64, paid_fen: i64) -> Result<(), LoanError> {
    if amount_fen > 0 && amount_fen <= paid_fen {
        return Ok(());
    }
    Err(LoanError::Terms("no more can be taken back of an instalment than was paid to it".to_owned()))
}

fn no_instalment(index: usize, count: usize) -> LoanError {
    LoanError::Terms(format!("the plan has {count} instalments and none of number {}", index + 1))
}
