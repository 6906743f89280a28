//! The one table of features: what a model may see of a household, and how each is computed.

use super::{Feature, How, Purpose, Safer, Sight, Unit};
use crate::event::{Channel, EventKind, Purchase};
use crate::profile::{DAYS_KEPT, month_of};
use crate::window::{MONTH_DAYS, WINDOW_DAYS, WINDOW_MONTHS, Window, deviation, is, ratio};

const BANKED: &[Channel] = &[Channel::OwnBusiness, Channel::LicensedBureau];
const SEEN: &[Channel] = &[Channel::OwnBusiness, Channel::LicensedBureau, Channel::Authority];
const TOLD: &[Channel] = &[Channel::OwnBusiness, Channel::ToldByHousehold];
const OWN: &[Channel] = &[Channel::OwnBusiness];
const BUREAU: &[Channel] = &[Channel::LicensedBureau];
const REGISTER: &[Channel] = &[Channel::Authority];
const FARM: &[Channel] = &[Channel::OwnBusiness, Channel::Authority];
const HOME: &[Channel] = &[Channel::OwnBusiness, Channel::Authority, Channel::ToldByHousehold];

macro_rules! table {
    ($($number:literal $name:literal $zh:literal $en:literal $unit:ident $days:expr, $formula:literal $channels:ident $safer:ident
        $how:ident($read:expr) $(=> stale $stale:literal)? $(, $shadow:ident)?;)*) => {
        /// Every feature. Length of record and days since the last movement are not here and
        /// must not be: they tell how data were gathered, not how a household lives.
        pub const TABLE: &[Feature] = &[$(Feature {
            number: $number, name: $name, zh: $zh, en: $en, unit: Unit::$unit, window_days: $days,
            formula: $formula, channels: $channels, stale_days: last!(None $(, Some($stale))?),
            purpose: last!(Purpose::Credit $(, purpose!($shadow))?), safer: Safer::$safer, how: How::$how($read),
        }),*];
    };
}

macro_rules! last {
    ($one:expr) => {
        $one
    };
    ($one:expr, $other:expr) => {
        $other
    };
}

macro_rules! purpose {
    (shadow) => {
        Purpose::Shadow
    };
}

table! {
    1 "balance_last" "最近余额" "Latest balance"
        Money 0, "balance after the latest event that told one" BANKED Higher
        Behaviour(|w| money(w.profile().latest_balance().map(|balance| balance.minor)));
    2 "balance_mean" "近半年平均余额" "Average balance over half a year"
        Money WINDOW_DAYS, "mean over the months of their mean balances told" BANKED Higher Behaviour(|w| money(w.balance_mean()));
    3 "balance_min" "近半年最低余额" "Lowest balance over half a year"
        Money WINDOW_DAYS, "lowest balance told" BANKED Higher Behaviour(|w| money(w.balance_min(WINDOW_MONTHS)));
    4 "balance_min_30" "近一月最低余额" "Lowest balance over the last month"
        Money 30, "lowest balance told in the running week and the four before" BANKED Higher
        Behaviour(|w| money(w.balance_min_lately()));
    5 "balance_min_90" "近三月最低余额" "Lowest balance over the last three months"
        Money 90, "lowest balance told in the running month and the two before" BANKED Higher
        Behaviour(|w| money(w.balance_min(3)));
    6 "balance_swing" "余额起伏" "How far the balance swings"
        Ratio WINDOW_DAYS, "mean over the months of highest - lowest balance / inflow per 30 days" BANKED Either
        Behaviour(|w| ratio(w.balance_span()?, w.inflow_monthly()));
    7 "balance_trend" "余额走势" "Whether the balance rises or falls"
        Ratio WINDOW_DAYS, "(mean balance of this month and the last - mean before) / inflow per 30 days" BANKED Higher
        Behaviour(|w| ratio(w.balance_mean_lately()?.saturating_sub(w.balance_mean_before()?), w.inflow_monthly()));
    8 "cushion" "家底厚薄" "Lowest balance against monthly income"
        Ratio WINDOW_DAYS, "lowest balance / inflow per 30 days" BANKED Higher
        Behaviour(|w| ratio(w.balance_min(WINDOW_MONTHS)?, w.inflow_monthly()));
    9 "days_negative" "余额为负的日子" "Days with a negative balance"
        Ratio WINDOW_DAYS, "share of days on which a balance below 0 was told" BANKED Lower
        Behaviour(|w| w.share_of_days_negative());
    10 "days_short" "手头紧的日子" "Days with little left"
        Ratio 60, "share of weeks whose lowest balance was below a third of the outflow per 30 days" BANKED Lower
        Behaviour(|w| w.share_of_weeks_below(w.outflow_monthly() / 3));
    11 "penalty_interest" "罚息次数" "Times penalty interest was charged"
        Count WINDOW_DAYS, "number of penalty interest charges" BANKED Lower
        Behaviour(|w| count(w.count_of(|c| is(c, EventKind::PenaltyInterest))));
    12 "inflow_monthly" "月均收入" "Average monthly inflow"
        Money WINDOW_DAYS, "inflow per 30 days" SEEN Higher Behaviour(|w| money(Some(w.inflow_monthly())));
    13 "outflow_to_inflow" "支出占收入" "Outflow against inflow"
        Ratio WINDOW_DAYS, "outflow / inflow" BANKED Lower Behaviour(|w| ratio(w.outflow(), w.inflow()));
    14 "inflow_variation" "收入波动" "How uneven income is"
        Ratio WINDOW_DAYS, "standard deviation / mean of inflow by whole month" SEEN Lower
        Behaviour(|w| { let b = w.inflow_by_month(); ratio(deviation(&b)?.saturating_mul(b.len() as i64), b.iter().sum()) });
    15 "inflow_momentum" "收入势头" "Whether income grows or shrinks"
        Ratio WINDOW_DAYS, "inflow per 30 days, each month weighing half as much for each 3 months it lies back / plain inflow per 30 days" SEEN Either
        Behaviour(|w| ratio(w.inflow_monthly_lately(), w.inflow_monthly()));
    16 "inflow_sources" "收入来源数" "Number of sources of income"
        Count WINDOW_DAYS, "number of different payers, at most eight a month" SEEN Higher
        Behaviour(|w| count(w.parties(false).len() as i64));
    17 "inflow_largest" "最大一笔收入占比" "Largest single inflow"
        Ratio WINDOW_DAYS, "largest single inflow / inflow" SEEN Lower Behaviour(|w| ratio(w.inflow_max(), w.inflow()));
    18 "outflow_largest" "最大一笔支出" "Largest single outflow against monthly income"
        Ratio WINDOW_DAYS, "largest single outflow / inflow per 30 days" BANKED Lower
        Behaviour(|w| ratio(w.outflow_max(), w.inflow_monthly()));
    19 "cash_out_share" "取现占比" "Share of spending in cash"
        Ratio WINDOW_DAYS, "cash withdrawn / outflow" BANKED Lower
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::CashWithdrawal)), w.outflow()));
    20 "cash_in_share" "存现占比" "Share of income paid in as cash"
        Ratio WINDOW_DAYS, "cash deposited / inflow" BANKED Either
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::CashDeposit)), w.inflow()));
    21 "regular_income_share" "固定收入占比" "Share of wage, pension and subsidy"
        Ratio WINDOW_DAYS, "wage, pension, subsidy, land rent / inflow" SEEN Higher
        Behaviour(|w| ratio(w.amount_of(is_regular_income), w.inflow()));
    22 "regular_income_months" "有固定收入的月份" "Months with wage, pension or subsidy"
        Ratio WINDOW_DAYS, "share of whole months with such income" SEEN Higher
        Behaviour(|w| share_of_months(w, is_regular_income));
    23 "bills_paid" "按月缴费" "Months in which household bills were paid"
        Ratio WINDOW_DAYS, "share of whole months with a household bill or utility payment" SEEN Higher
        Behaviour(|w| share_of_months(w, is_bill));
    24 "insurance_paid" "参保缴费" "Insurance premiums paid"
        Ratio WINDOW_DAYS, "premiums / inflow" SEEN Higher
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::InsurancePremium)), w.inflow()));
    25 "harvest_share" "农产品销售占比" "Share of harvest sales"
        Ratio WINDOW_DAYS, "harvest and animal sales / inflow" TOLD Either
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::HarvestSale)), w.inflow()));
    26 "farm_input_share" "农资投入占比" "Share spent on the farm"
        Ratio WINDOW_DAYS, "seed, feed, animals, machines / outflow" TOLD Either
        Behaviour(|w| ratio(w.amount_of(|c| (64..=66).contains(&c)), w.outflow()));
    27 "loan_payments_share" "已有还贷负担" "Burden of loans already running"
        Ratio WINDOW_DAYS, "loan payments / inflow" BANKED Lower
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::LoanPayment)), w.inflow()));
    28 "guarantees_open" "对外担保笔数" "Guarantees given to others"
        Count 0, "guarantees given and not released" BANKED Lower
        Behaviour(|w| count(w.profile().guarantees_open().max(0)));
    40 "instalment_to_inflow" "月供占收入" "Instalment against monthly income"
        Ratio WINDOW_DAYS, "instalment asked for / inflow per 30 days" SEEN Lower
        Asked(|w, r| ratio(r.instalment_minor, w.inflow_monthly()));
    41 "balance_to_instalment" "余额够还几期" "Instalments the average balance would pay"
        Ratio WINDOW_DAYS, "mean balance / instalment asked for" BANKED Higher
        Asked(|w, r| ratio(w.balance_mean()?, r.instalment_minor));
    42 "floor_to_instalment" "最低余额够还几期" "Instalments the lowest balance would pay"
        Ratio WINDOW_DAYS, "lowest balance / instalment asked for" BANKED Higher
        Asked(|w, r| ratio(w.balance_min(WINDOW_MONTHS)?, r.instalment_minor));
    43 "amount_to_inflow" "借款相当于几月收入" "Loan in months of income"
        Ratio WINDOW_DAYS, "amount asked for / inflow per 30 days" SEEN Lower
        Asked(|w, r| ratio(r.amount_minor, w.inflow_monthly()));
    44 "surplus_to_instalment" "结余够还几期" "Instalments the monthly surplus would pay"
        Ratio WINDOW_DAYS, "(inflow - outflow) per 30 days / instalment asked for" BANKED Higher
        Asked(|w, r| ratio(w.inflow_monthly().saturating_sub(w.outflow_monthly()), r.instalment_minor));
    45 "asked_amount" "借款金额" "Amount asked for"
        Money 0, "amount asked for" TOLD Lower Asked(|_, r| money(Some(r.amount_minor)));
    46 "asked_instalment" "月供金额" "Instalment asked for"
        Money 0, "instalment asked for" TOLD Lower Asked(|_, r| money(Some(r.instalment_minor)));
    47 "asked_term" "借款期限" "Term asked for"
        Months 0, "term asked for" TOLD Lower Asked(|_, r| count(i64::from(r.term_months)));
    // Season and rhythm of income.
    48 "income_peak" "收入最高月占比" "Share of the best month of a year"
        Ratio 365, "inflow of the best of twelve whole months / inflow of all twelve" SEEN Either
        Behaviour(|w| { let year = w.inflow_of_year()?; ratio(year.iter().copied().max()?, year.iter().sum()) });
    49 "income_dry_months" "少收入月份" "Months of a year with little income"
        Ratio 365, "share of twelve whole months with less than a quarter of their mean inflow" SEEN Lower
        Behaviour(|w| { let year = w.inflow_of_year()?; let sum: i64 = year.iter().sum(); let dry = |m: &&i64| m.saturating_mul(48) < sum; ratio(year.iter().filter(dry).count() as i64, 12) });
    50 "income_ahead" "未来三月往年收入占比" "Share of a year's income that the coming three months had a year ago"
        Ratio 365, "inflow of the three calendar months from this one on, a year ago / inflow of twelve whole months" SEEN Either
        Behaviour(|w| { let year = w.inflow_of_year()?; ratio(year.iter().take(3).sum(), year.iter().sum()) });
    51 "weeks_with_income" "有收入的周" "Weeks with income"
        Ratio 60, "share of the last eight whole weeks in which money came in" SEEN Either
        Behaviour(|w| w.share_of_weeks_with_inflow());
    // What is spent on what.
    52 "food_share" "食品支出占比" "Share spent on food"
        Ratio WINDOW_DAYS, "food bought / outflow" BANKED Either
        Behaviour(|w| ratio(w.amount_of(|c| bought(c, Purchase::Food)), w.outflow()));
    53 "needs_share" "日常必需支出占比" "Share spent on daily needs"
        Ratio WINDOW_DAYS, "food, household goods, transport, phone, utilities, household bills / outflow" BANKED Either
        Behaviour(|w| ratio(w.amount_of(is_need), w.outflow()));
    54 "education_share" "教育支出占比" "Share spent on school and training"
        Ratio WINDOW_DAYS, "education bought / outflow" BANKED Either
        Behaviour(|w| ratio(w.amount_of(|c| bought(c, Purchase::Education)), w.outflow()));
    55 "goods_variety" "消费种类" "How many kinds of goods are bought"
        Count WINDOW_DAYS, "number of categories of purchase" BANKED Higher
        Behaviour(|w| count(w.variety_of(|c| c >= 64)));
    56 "spending_lately" "近一周支出" "Spending of the last week"
        Ratio DAYS_KEPT, "outflow of seven days / outflow per 30 days" BANKED Either
        Behaviour(|w| ratio(w.outflow_of_days(), w.outflow_monthly()));
    57 "buffer_days" "余额可支撑天数" "Days that the latest balance would last"
        Days WINDOW_DAYS, "latest balance / outflow per day" BANKED Higher
        Behaviour(|w| ratio(w.profile().latest_balance()?.minor.saturating_mul(i64::from(MONTH_DAYS)), w.outflow_monthly()));
    // How dues are met.
    58 "dues_late" "逾期缴付占比" "Share of dues met late"
        Ratio WINDOW_DAYS, "instalments, bills and premiums met late / all met; none below three" BANKED Lower
        Behaviour(|w| { let (late, all) = dues(w); ratio(late, all).filter(|_| all >= 3) });
    59 "dues_days_late" "平均逾期天数" "Mean days late"
        Days WINDOW_DAYS, "days late / dues met; none below three" BANKED Lower
        Behaviour(|w| { let (_, all) = dues(w); ratio(w.amount_of(|c| is(c, EventKind::DueLate)), all).filter(|_| all >= 3) });
    60 "loans_repaid" "已结清贷款笔数" "Loans paid off as agreed"
        Count 0, "number of all times" BANKED Higher Told(|t| count(t.profile.loans_repaid()).filter(|n| *n > 0));
    61 "loan_over_90" "五年内严重逾期" "A loan more than 90 days late within five years"
        Count 0, "1 if the last such event is of the last five years, else missing" BANKED Lower
        Told(|t| t.latest(EventKind::LoanOver90).and(count(1))) => stale 1_826;
    // With whom.
    62 "largest_payer" "最大付款方占比" "Share of the largest payer"
        Ratio WINDOW_DAYS, "inflow from the largest payer / inflow; none where the payers kept are less than half of it" SEEN Lower
        Behaviour(largest_payer);
    63 "payees" "付款对象数" "Number of those paid"
        Count WINDOW_DAYS, "number of different payees, at most eight a month" BANKED Either
        Behaviour(|w| count(w.parties(true).len() as i64));
    // Utilities, subsidies, insurance.
    64 "utility_months" "按月缴水电" "Months in which utilities were paid"
        Ratio WINDOW_DAYS, "share of whole months with a utility payment" SEEN Higher
        Behaviour(|w| share_of_months(w, |c| is(c, EventKind::Utility)));
    65 "utility_change" "水电用量变化" "Whether utility payments grow or shrink"
        Ratio WINDOW_DAYS, "utilities of this month and the two before / of the three before those" SEEN Either
        Behaviour(|w| { let (now, before) = w.quarters_of(|c| is(c, EventKind::Utility)); ratio(now, before) });
    66 "subsidy_share" "补贴占收入" "Share of subsidies in a year"
        Ratio 395, "subsidies / inflow, thirteen months" SEEN Either
        Behaviour(|w| { let (part, all) = w.year_of(|c| is(c, EventKind::Subsidy)); ratio(part, all) });
    67 "claims_share" "保险赔款占比" "Share of insurance claims in a year"
        Ratio 395, "paid by insurers / inflow, thirteen months" SEEN Either
        Behaviour(|w| { let (part, all) = w.year_of(|c| is(c, EventKind::InsuranceClaim)); ratio(part, all) });
    // Borrowing elsewhere.
    68 "debt_elsewhere" "他行负债与年收入比" "Debt elsewhere against a year's income"
        Ratio WINDOW_DAYS, "debt by the bureau's last report / twelve times inflow per 30 days" BUREAU Lower
        Told(|t| ratio(t.latest(EventKind::DebtElsewhere)?.measure, t.income_of_year()?)) => stale 60;
    69 "bureau_queries" "征信被查询次数" "Times other lenders asked the bureau"
        Count WINDOW_DAYS, "number of queries by others" BUREAU Lower
        Behaviour(|w| count(w.count_of(|c| is(c, EventKind::BureauQuery))).filter(|n| *n > 0));
    // Land, crops, harvest, weather: under an authority's agreement or the lender's own purchase slips.
    70 "land_area" "确权土地面积" "Certified land"
        Mu 0, "area by the last certificate" REGISTER Either
        Told(|t| Some(t.latest(EventKind::LandCertified)?.measure.saturating_mul(1_000))) => stale 1_095;
    71 "sown_share" "播种面积占比" "Share of its land under crops"
        Ratio 0, "sown area of the season / certified area, of no more than three years ago" REGISTER Either
        Told(|t| ratio(t.latest(EventKind::CropSown)?.measure, t.within(EventKind::LandCertified, 1_095)?.measure)) => stale 240;
    72 "harvest_met" "实收与预计产量比" "Harvest weighed against harvest expected"
        Ratio 0, "kilograms weighed since the month of the expectation / kilograms expected; none before any is weighed" FARM Higher
        Told(harvest_met) => stale 270;
    73 "insured_to_loan" "农险保额与借款比" "Sum insured against the loan"
        Ratio 0, "sum insured by crop insurance / amount asked for" REGISTER Higher
        Told(|t| ratio(t.latest(EventKind::CropInsured)?.measure, t.request?.amount_minor)) => stale 365;
    74 "weather" "本季气象距平" "Weather of the season against normal"
        Ratio 0, "the authority's last figure, 0 is normal" REGISTER Either
        Told(|t| Some(t.latest(EventKind::Weather)?.measure)) => stale 60;
    // Where it lives, and for how long.
    75 "tenure" "在村年限" "How long it has lived in the village"
        Months 0, "months since it settled there" HOME Higher
        Told(|t| count(i64::from(month_of(t.on)) - i64::from(month_of(t.latest(EventKind::SettledInVillage)?.date))));
    76 "income_to_village" "收入与村户均收入比" "Income against that of its village"
        Ratio WINDOW_DAYS, "twelve times inflow per 30 days / published yearly income of a household" REGISTER Higher
        Told(|t| ratio(t.income_of_year()?, t.latest(EventKind::VillageIncome)?.measure)) => stale 540;
    77 "region_yield" "地区单产指数" "Yield of the region against a normal year"
        Ratio 0, "the last figure published, 1 is normal" REGISTER Higher
        Told(|t| Some(t.latest(EventKind::RegionYield)?.measure)) => stale 400;
    78 "visit_finding" "走访结论" "What the last visit found"
        Ratio 0, "1 if the farm was in order, 0 if in trouble" OWN Higher
        Told(visit_finding) => stale 180;
    // Ties to others: of the household's own events alone, one hop, and in shadow until reviewed as lawful.
    90 "mutual_parties" "往来互惠" "How many of its parties both pay and are paid"
        Ratio WINDOW_DAYS, "parties that paid and were paid / parties" BANKED Either
        Behaviour(mutual_parties), shadow;
    91 "referred" "有熟人推荐" "Whether an acquaintance recommended it"
        Count 0, "1 if the last recommendation is of the last two years, else missing" TOLD Either
        Told(|t| t.latest(EventKind::Referral).and(count(1))) => stale 730, shadow;
}

/// Minor units as millionths of the currency unit.
fn money(minor: Option<i64>) -> Option<i64> {
    minor.map(|m| m.saturating_mul(10_000))
}

fn count(number: i64) -> Option<i64> {
    Some(number.saturating_mul(1_000_000))
}

fn is_regular_income(class: u8) -> bool {
    [EventKind::Salary, EventKind::Pension, EventKind::Subsidy, EventKind::LandRentIn].iter().any(|k| is(class, *k))
}

fn is_bill(class: u8) -> bool {
    is(class, EventKind::HouseholdBill) || is(class, EventKind::Utility)
}

fn share_of_months(window: &Window, kinds: fn(u8) -> bool) -> Option<i64> {
    let (with, all) = window.months_with(kinds);
    ratio(with, all)
}

fn bought(class: u8, what: Purchase) -> bool {
    class == EventKind::Purchase(what).class()
}

fn is_need(class: u8) -> bool {
    const GOODS: [Purchase; 4] = [Purchase::Food, Purchase::Household, Purchase::Transport, Purchase::Communication];
    is_bill(class) || GOODS.iter().any(|what| bought(class, *what))
}

/// Dues met late, and all met.
fn dues(window: &Window) -> (i64, i64) {
    let late = window.count_of(|c| is(c, EventKind::DueLate));
    (late, late + window.count_of(|c| is(c, EventKind::DueMet)))
}

fn largest_payer(window: &Window) -> Option<i64> {
    let payers = window.parties(false);
    let known: i64 = payers.iter().map(|(_, amount)| *amount).fold(0, i64::saturating_add);
    let largest = payers.iter().map(|(_, amount)| *amount).max()?;
    ratio(largest, window.inflow()).filter(|_| known.saturating_mul(2) >= window.inflow())
}

fn mutual_parties(window: &Window) -> Option<i64> {
    let (payers, payees) = (window.parties(false), window.parties(true));
    let both = payers.iter().filter(|(key, _)| payees.iter().any(|(other, _)| other == key)).count();
    ratio(both as i64, (payers.len() + payees.len() - both) as i64)
}

fn harvest_met(sight: &Sight<'_>) -> Option<i64> {
    let expected = sight.latest(EventKind::HarvestExpected)?;
    let since = month_of(expected.date);
    let class = EventKind::HarvestWeighed.class();
    let weighed = sight.profile.sums().iter().filter(|s| s.class == class && s.month >= since);
    let kilograms = weighed.map(|s| s.amount).fold(0, i64::saturating_add);
    ratio(kilograms, expected.measure).filter(|_| kilograms > 0)
}

fn visit_finding(sight: &Sight<'_>) -> Option<i64> {
    let at = |kind| sight.latest(kind).map(|told| (told.date, told.event));
    match (at(EventKind::VisitGood), at(EventKind::VisitPoor)) {
        (None, None) => None,
        (good, poor) => count(i64::from(good > poor)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::{dictionary, forbidden_word};

    #[test]
    fn every_feature_is_told_in_both_languages_and_told_apart() {
        let (mut numbers, mut names): (Vec<u16>, Vec<&str>) = TABLE.iter().map(|f| (f.number, f.name)).unzip();
        for f in TABLE {
            assert!(!f.en.is_empty() && f.en.is_ascii() && !f.formula.is_empty(), "{}", f.name);
            assert!(f.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{}", f.name);
            assert!(!f.channels.is_empty(), "{}", f.name);
        }
        names.sort_unstable();
        names.dedup();
        assert!(numbers.is_sorted());
        numbers.dedup();
        assert_eq!((numbers.len(), names.len()), (TABLE.len(), TABLE.len()));
        assert_eq!(dictionary().lines().count(), TABLE.len() + 2);
    }

    #[test]
    fn nothing_protected_is_a_feature_or_an_event() {
        for f in TABLE {
            for text in [f.name, f.zh, f.en, f.formula] {
                assert_eq!(forbidden_word(text), None, "{}: {text}", f.name);
            }
        }
        for kind in EventKind::PLAIN {
            assert_eq!(forbidden_word(&format!("{kind:?}")), None);
        }
    }

    #[test]
    fn how_data_were_gathered_is_no_feature() {
        for f in TABLE {
            for word in ["coverage", "recency", "since_last", "record_days", "first_movement", "days_since"] {
                assert!(!f.name.contains(word), "{}", f.name);
            }
        }
    }
}
