//! The indicators of a run: what a lender, a funder and a household would want to know, by one definition each.

use std::collections::BTreeMap;

use basics::Date;
use loan::LoanError;
use loan::provision::{Exposure, provision};

use super::assumed::Assumed;
use super::lender::{Lender, Rooms, Tally};
use super::policy::{Channel, Policy};
use crate::world::Means;

/// In which direction an indicator is better for somebody, where that can be said at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither by itself.
    Neither,
}

/// An indicator: its name in files, in words, its unit and definition.
#[derive(Clone, Copy, Debug)]
pub struct Indicator {
    /// In files.
    pub name: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// How it is counted.
    pub definition: &'static str,
    /// Which way is better.
    pub better: Better,
}

macro_rules! indicators {
    ($($field:ident $name:literal $zh:literal $en:literal $unit:literal $better:ident $definition:literal,)*) => {
        /// All indicators, in the order in which they are reported.
        pub const INDICATORS: &[Indicator] = &[$(Indicator {
            name: $name, zh: $zh, en: $en, unit: $unit, better: Better::$better, definition: $definition,
        }),*];

        /// The indicators of one run; none where there is nothing to count.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Indicators { $(#[doc = $definition] pub $field: Option<f64>,)* }

        impl Indicators {
            /// The value of an indicator by its name.
            pub fn get(&self, name: &str) -> Option<f64> {
                match name { $($name => self.$field,)* _ => None }
            }
        }
    };
}

indicators! {
    days_to_money "days-to-money" "从申请到放款" "time to money" "days" Lower
        "mean days from the application to the drawdown, of loans drawn",
    cost_a_loan "cost-a-loan" "每笔贷款的业务成本" "cost a loan" "yuan" Lower
        "operating expense over loans drawn",
    cost_per_borrower "cost-per-borrower" "每户借款人成本" "cost per borrower" "yuan/year" Lower
        "operating expense a year over mean active borrowers",
    borrowers "borrowers" "借款农户占比" "households that borrowed" "%" Higher
        "households with a loan in the run over all households",
    far_borrowers "far-borrowers" "偏远村借款农户占比" "reach into far villages" "%" Higher
        "the same of the third of households that lives farthest from its township",
    lent "lent" "户均放款" "lent" "yuan/household" Neither
        "principal drawn over all households",
    refused_unseen "refused-unseen" "因无资料无人受理被拒" "refused unseen" "%" Lower
        "applications and enrolments refused for want of data, of a person or of a way, over all",
    par30 "par30" "逾期三十天以上贷款占比" "PAR30" "%" Lower
        "mean over ends of months of principal more than 30 days late over gross portfolio",
    npl "npl" "不良贷款率" "NPL ratio" "%" Lower
        "principal more than 90 days late over gross portfolio at the end",
    bad_loans "bad-loans" "坏账笔数占比" "loans that went bad" "%" Lower
        "loans ever more than 90 days late, of those drawn a year before the end or earlier",
    loss "loss" "损失率" "loss ratio" "%" Lower
        "part of principal 90 days late that is lost in the end, less what a fund pays, over principal drawn",
    yield_ "yield" "贷款收益率" "portfolio yield" "%/year" Neither
        "interest, fees and penalties received over mean gross portfolio, a year",
    expense "expense-ratio" "业务成本率" "operating expense ratio" "%/year" Lower
        "operating expense over mean gross portfolio, a year",
    oss "oss" "经营可持续率" "OSS" "%" Higher
        "operating revenue over financial expense, impairment and operating expense",
    fss "fss" "财务可持续率" "FSS" "%" Higher
        "OSS without the fund's payments and with all money at its market price",
    result "result" "户均损益" "result" "yuan/household/year" Higher
        "revenue less financial expense, impairment and operating expense over all households, a year",
    consumption "consumption" "人均消费" "consumption" "yuan/adult/year" Higher
        "what households consumed, a grown person and year",
    income "income" "户均收入" "income" "yuan/household/year" Higher
        "what households earned, costs of the farm taken off, a year",
    net_assets "net-assets" "户均净资产变化" "change of net assets" "yuan/household" Higher
        "money, grain and animals less all debts, at the end less at the beginning, over all households",
    above_line "above-line" "高于监测线的农户" "households above the line" "%" Higher
        "households whose consumption a person is above the poverty-monitoring line of 7,000 yuan a year",
    over_debt "over-debt" "过度负债农户" "over-debt rate" "%" Lower
        "households that owe more than their expected income of a year at the end",
    matched_income "matched-income" "借款户与相似户收入差" "income against matched" "yuan/household/year" Higher
        "income of borrowers less that of others of the same fifth of expected income, with land as they or without",
    matched_consumption "matched-consumption" "借款户与相似户消费差" "consumption against matched" "yuan/household/year" Higher
        "consumption of borrowers less that of others of the same stratum",
    matched_assets "matched-assets" "借款户与相似户净资产差" "net assets against matched" "yuan/household" Higher
        "change of net assets of borrowers less that of others of the same stratum",
}

/// Poverty-monitoring line, fen a person and year: 防返贫监测范围, about 7,000 yuan in 2023 (by memory).
const LINE_FEN: i64 = 700_000;
/// Principal that is looked at for bad loans must have been drawn so many days before the end.
const SEASONED_DAYS: i32 = 365;

/// Of one stratum those who did not borrow and those who did: heads; income, consumption and change of net assets in fen.
type Sides = [(i64, [i64; 3]); 2];

/// What a run leaves for its indicators.
pub(super) struct Lived<'a> {
    pub(super) rooms: &'a Rooms,
    pub(super) policy: &'a Policy,
    pub(super) assumed: &'a Assumed,
    pub(super) lender: &'a Lender<'a>,
    pub(super) until: Date,
    pub(super) days: i32,
    /// Number of villages.
    pub(super) villages: i64,
    /// Means of every household on the first day and on the last.
    pub(super) before: Vec<Means>,
    pub(super) after: Vec<Means>,
    /// By household consumed and earned, in fen.
    pub(super) sums: Vec<[i64; 4]>,
}

/// Operating expense of a run, in fen: everything that was done at its price.
pub fn operating_expense_fen(tally: &Tally, policy: &Policy, assumed: &Assumed, (villages, days): (i64, i64)) -> i64 {
    let hours = |hundredths: i64| hundredths * assumed.staff_hour_fen / 100;
    let way = |km: i64| km * assumed.visit_fen_km + hours(km * assumed.visit_hours_hundredths_km);
    let visits = tally.visits * hours(assumed.visit_hours_hundredths) + way(tally.visit_km);
    let papers = tally.papers * hours(assumed.papers_hours_hundredths)
        + tally.committee * hours(assumed.committee_hours_hundredths);
    let counter = tally.counter_acts * hours(assumed.counter_hours_hundredths)
        + tally.counter_payments * hours(assumed.payment_hours_hundredths);
    let told = tally.messages * assumed.message_fen
        + tally.letters * assumed.letter_fen
        + tally.calls * hours(assumed.call_hours_hundredths);
    let lessons = tally.lessons * (assumed.lesson_fen + hours(400)) + way(tally.lesson_km);
    let platform = match policy.channel {
        Channel::Traditional => 0,
        _ => tally.enrolled_days * assumed.platform_household_year_fen / 365 + tally.checks * assumed.check_fen,
    };
    let windows = if policy.channel == Channel::Both { villages * assumed.window_year_fen * days / 365 } else { 0 };
    visits + papers + counter + told + lessons + platform + windows
}

impl Lived<'_> {
    pub(super) fn indicators(&self) -> Result<Indicators, LoanError> {
        let mut found = Indicators::default();
        self.reach(&mut found);
        self.portfolio(&mut found)?;
        self.households(&mut found);
        Ok(found)
    }

    fn years(&self) -> f64 {
        f64::from(self.days) / 365.0
    }

    fn reach(&self, found: &mut Indicators) {
        let loans = &self.lender.loans;
        let households = self.before.len();
        let mut borrowed = vec![false; households];
        let mut waited = 0.0;
        for loan in loans {
            waited += f64::from(loan.drawn_on - loan.asked_on);
            if let Some(slot) = borrowed.get_mut(loan.who.0 as usize) {
                *slot = true;
            }
        }
        found.days_to_money = ratio(waited, loans.len() as f64);
        let count = borrowed.iter().filter(|b| **b).count();
        found.borrowers = percent(count as f64, households as f64);
        // The farthest third by village; whole villages, so that the border does not cut one.
        let mut distances: Vec<i64> = self.before.iter().map(|means| means.town_km).collect();
        distances.sort_unstable();
        let border = distances.get(households * 2 / 3).copied().unwrap_or(i64::MAX);
        let far = |at: &usize| self.before.get(*at).is_some_and(|means| means.town_km >= border);
        let lives_far: Vec<usize> = (0..households).filter(far).collect();
        let reached = lives_far.iter().filter(|at| borrowed.get(**at).is_some_and(|b| *b)).count();
        found.far_borrowers = percent(reached as f64, lives_far.len() as f64);
        let lent: i64 = loans.iter().map(|loan| loan.amount_fen).sum();
        found.lent = ratio(yuan(lent), households as f64);
        let tally = &self.lender.tally;
        found.refused_unseen = percent(tally.refused_unseen as f64, (tally.asked + tally.enrolled) as f64);
    }

    fn portfolio(&self, found: &mut Indicators) -> Result<(), LoanError> {
        let tally = &self.lender.tally;
        let loans = &self.lender.loans;
        let rules = self.rooms.rules_on(self.until)?;
        let (mut received, mut allowance, mut gross, mut late90, mut bad, mut seasoned) = (0, 0, 0, 0, 0_i64, 0_i64);
        for loan in loans {
            let state = loan::fold(&loan.terms, &loan.events, self.until)?;
            let paid = &state.totals.paid;
            received += paid.interest_fen + paid.fee_fen + paid.penalty_fen + paid.compound_fen;
            gross += state.principal_fen;
            let is_late = state.days_past_due > 90;
            late90 += if is_late { state.principal_fen } else { 0 };
            if state.principal_fen > 0 {
                let class = rules.matrix.class(state.days_past_due);
                let exposure = Exposure {
                    principal_fen: state.principal_fen,
                    receivable_fen: 0,
                    days_past_due: state.days_past_due,
                    class,
                };
                let set_aside = provision(&rules, &exposure)?.floor_fen(state.principal_fen);
                // A loan ninety days late is lost as far as experience says, even where the class asks for less.
                let lost = if is_late { state.principal_fen * self.assumed.lost_percent / 100 } else { 0 };
                allowance += set_aside.max(lost);
            }
            if self.until - loan.drawn_on >= SEASONED_DAYS {
                seasoned += 1;
                bad += i64::from(loan.worst_days.max(state.days_past_due) > 90);
            }
        }
        let lent: i64 = loans.iter().map(|loan| loan.amount_fen).sum();
        let lost = late90 * self.assumed.lost_percent / 100;
        let compensated = (late90 * self.policy.fund_percent / 100).min(lost);
        let months = tally.month_ends.len() as f64;
        let mean_gross = ratio(tally.month_ends.iter().map(|m| yuan(m.0)).sum(), months).unwrap_or(0.0);
        let par: f64 = tally.month_ends.iter().filter(|m| m.0 > 0).map(|m| m.1 as f64 / m.0 as f64).sum();
        let with_book = tally.month_ends.iter().filter(|m| m.0 > 0).count();
        found.par30 = ratio(par * 100.0, with_book as f64);
        found.npl = percent(late90 as f64, gross as f64);
        found.bad_loans = percent(bad as f64, seasoned as f64);
        found.loss = percent((lost - compensated) as f64, lent as f64);
        let counted = (self.villages, i64::from(self.days));
        let expense = yuan(operating_expense_fen(tally, self.policy, self.assumed, counted));
        found.cost_a_loan = ratio(expense, loans.len() as f64);
        let active = self.mean_active();
        found.cost_per_borrower = ratio(expense / self.years(), active);
        found.yield_ = percent(yuan(received) / self.years(), mean_gross);
        found.expense = percent(expense / self.years(), mean_gross);
        let revenue = yuan(received + tally.merchant_fees_fen);
        let funding = |bp: i64| mean_gross * self.years() * bp as f64 / 10_000.0;
        let impairment = yuan(allowance - compensated);
        found.oss = percent(revenue, funding(self.assumed.funding_bp) + impairment + expense);
        found.fss = percent(revenue, funding(self.assumed.funding_market_bp) + yuan(allowance) + expense);
        let result = revenue - funding(self.assumed.funding_bp) - impairment - expense;
        found.result = ratio(result / self.years(), self.before.len() as f64);
        Ok(())
    }

    /// Mean over the run of households with a running loan, by days that loans ran.
    fn mean_active(&self) -> f64 {
        let mut days: BTreeMap<u32, i64> = BTreeMap::new();
        for loan in &self.lender.loans {
            let ran = loan.closed_on.unwrap_or(self.until) - loan.drawn_on;
            // Two loans at once are one borrower, for the days of the longer one at most.
            let sum = days.entry(loan.who.0).or_default();
            *sum = (*sum + i64::from(ran)).min(i64::from(self.days));
        }
        days.values().sum::<i64>() as f64 / f64::from(self.days.max(1))
    }

    fn households(&self, found: &mut Indicators) {
        let count = self.before.len() as f64;
        let owed = self.owed();
        let mut borrowed = vec![false; self.before.len()];
        for loan in &self.lender.loans {
            if let Some(slot) = borrowed.get_mut(loan.who.0 as usize) {
                *slot = true;
            }
        }
        let (mut consumed, mut mouths, mut earned, mut grown, mut above, mut deep) = (0, 0, 0, 0, 0, 0);
        let mut strata: BTreeMap<(usize, bool), Sides> = BTreeMap::new();
        let fifths = fifths(&self.before);
        for (at, (before, after)) in self.before.iter().zip(&self.after).enumerate() {
            let sums = self.sums.get(at).copied().unwrap_or_default();
            let owed_here = owed.get(&(at as u32)).copied().unwrap_or(0);
            let net = after.money_fen + after.stock_fen - after.owed_fen - owed_here;
            let change = net - (before.money_fen + before.stock_fen - before.owed_fen);
            consumed += sums[0];
            mouths += before.mouths_tenths;
            earned += sums[3];
            grown += change;
            let people = before.mouths_tenths.max(1);
            let a_person_year = sums[0] as f64 * 10.0 / people as f64 / self.years();
            above += i64::from(a_person_year > LINE_FEN as f64);
            deep += i64::from(after.owed_fen + owed_here > after.usual_fen * 12);
            let stratum = strata.entry((fifths.get(at).copied().unwrap_or(0), before.land > 0)).or_default();
            let side = &mut stratum[usize::from(borrowed.get(at).is_some_and(|b| *b))];
            side.0 += 1;
            for (sum, fen) in side.1.iter_mut().zip([sums[3], sums[0], change]) {
                *sum += fen;
            }
        }
        found.consumption = ratio(yuan(consumed) * 10.0 / self.years(), mouths as f64);
        found.income = ratio(yuan(earned) / self.years(), count);
        found.net_assets = ratio(yuan(grown), count);
        found.above_line = percent(above as f64, count);
        found.over_debt = percent(deep as f64, count);
        let matched = matched(strata.values());
        found.matched_income = matched.map(|[income, ..]| income / self.years());
        found.matched_consumption = matched.map(|[_, consumption, _]| consumption / self.years());
        found.matched_assets = matched.map(|[.., assets]| assets);
    }

    /// Owed to this lender, by household, in fen.
    fn owed(&self) -> BTreeMap<u32, i64> {
        let mut owed = BTreeMap::new();
        for loan in self.lender.loans.iter().filter(|loan| loan.is_open()) {
            *owed.entry(loan.who.0).or_default() += loan.outstanding_fen();
        }
        owed
    }
}

/// Fifth of expected income, 0 to 4, by household.
fn fifths(means: &[Means]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..means.len()).collect();
    order.sort_by_key(|at| (means.get(*at).map(|m| m.usual_fen), *at));
    let mut fifths = vec![0; means.len()];
    for (rank, at) in order.iter().enumerate() {
        if let Some(slot) = fifths.get_mut(*at) {
            *slot = rank * 5 / means.len().max(1);
        }
    }
    fifths
}

/// Borrowers less others within strata, weighted by borrowers: income, consumption and change of assets in yuan. None where no
/// stratum has both.
fn matched<'a>(strata: impl Iterator<Item = &'a Sides>) -> Option<[f64; 3]> {
    let (mut sums, mut weight) = ([0.0; 3], 0.0);
    for [others, borrowers] in strata.filter(|sides| sides.iter().all(|side| side.0 > 0)) {
        let heads = borrowers.0 as f64;
        for (sum, (own, other)) in sums.iter_mut().zip(borrowers.1.iter().zip(others.1)) {
            *sum += heads * (yuan(*own) / heads - yuan(other) / others.0 as f64);
        }
        weight += heads;
    }
    (weight > 0.0).then(|| sums.map(|sum| sum / weight))
}

fn yuan(fen: i64) -> f64 {
    fen as f64 / 100.0
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn percent(part: f64, whole: f64) -> Option<f64> {
    ratio(part * 100.0, whole)
}
