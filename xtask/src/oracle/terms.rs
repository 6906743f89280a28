//! The product and loan of a scenario as terms of ours: every convention by its name.

use basics::{Currency, Money, Rate, Rounding};
use loan::conventions::{
    AdvanceRule, Amortisation, Compounding, Conventions, DownPayment, InterestBy, InterestOn, MonthLength, PlanEngine,
    PlanRule, Recalculation, Rest, Undo, Unit, YearLength,
};
use loan::{
    AheadPick, ChargeTiming, Component, DueStatus, LoanTerms, Method, PayPath, ProductRef, Receipt, Step, Term,
    Waterfall,
};
use serde_json::Value;

use super::{Stop, read};

const STANDARD: [Component; 4] = [Component::Penalty, Component::Fee, Component::Interest, Component::Principal];
const PENALTY_INTEREST_PRINCIPAL_FEE: [Component; 4] =
    [Component::Penalty, Component::Interest, Component::Principal, Component::Fee];
const AHEAD_PRINCIPAL_FIRST: [Component; 4] =
    [Component::Principal, Component::Penalty, Component::Fee, Component::Interest];

/// The terms that a loan of a scenario is signed under.
pub(super) fn terms(product: &Value, loan: &Value) -> Result<LoanTerms, Stop> {
    let start = read::date(loan, "expected_disbursement_date")?
        .or(read::date(loan, "submitted_on")?)
        .ok_or_else(|| Stop::Wrong("the loan has no date".to_owned()))?;
    let principal_fen = read::amount(loan, "principal")?;
    let annual_ppm = annual_ppm(loan)?;
    let rate = Rate::from_ppm(annual_ppm).map_err(|e| Stop::Unsupported(e.to_string()))?;
    let term = Term::Months(read::small(loan, "number_of_repayments", 1)?.max(1));
    Ok(LoanTerms {
        product: ProductRef { code: read::text(product, "name").to_owned(), version: 1 },
        rounding: Rounding::HalfEven,
        conventions: Some(Box::new(conventions(product, loan)?)),
        ..LoanTerms::plain(Money::new(principal_fen, Currency::EUR), rate, Method::EqualInstalments, term, start)
    })
}

/// The rate a year of a loan, ppm.
fn annual_ppm(loan: &Value) -> Result<i64, Stop> {
    let rate = read::percent_ppm(loan, "interest_rate_per_period")?.unwrap_or(0);
    match read::text(loan, "interest_rate_frequency") {
        "MONTH" | "MONTHS" => Ok(rate.saturating_mul(12)),
        "YEAR" | "YEARS" | "" => Ok(rate),
        other => Err(Stop::Unsupported(format!("a rate a {other}"))),
    }
}

fn conventions(product: &Value, loan: &Value) -> Result<Conventions, Stop> {
    let (waterfall, waterfalls) = waterfalls(product, loan)?;
    let chargeback = match product.get("credit_allocation").and_then(|rules| rules.get("CHARGEBACK")) {
        Some(order) => components(order.as_array().map(Vec::as_slice).unwrap_or_default())?,
        None => Vec::new(),
    };
    let tranches_max = if read::flag(product, "multi_disburse") { 100 } else { 0 };
    Ok(Conventions {
        plan: plan(product, loan)?,
        waterfall,
        waterfalls,
        chargeback,
        tranches_max,
        undo: Undo::AnewByDate,
        over_signed_ppm: u32::try_from(over_applied_ppm(product)?).unwrap_or(u32::MAX),
    })
}

/// By how much more than was applied for may be approved and disbursed, ppm of it.
pub(super) fn over_applied_ppm(product: &Value) -> Result<i64, Stop> {
    let Some(rule) = product.get("over_applied").filter(|rule| !rule.is_null()) else { return Ok(0) };
    let named = ["percentage", "number"].into_iter().find(|name| rule.get(name).is_some());
    Ok(read::percent_ppm(rule, named.unwrap_or("n"))?.unwrap_or(0))
}

fn plan(product: &Value, loan: &Value) -> Result<PlanRule, Stop> {
    let or_product = |name: &str| {
        let own = read::text(loan, name);
        if own.is_empty() { read::text(product, name) } else { own }
    };
    let seed = match read::text(product, "repayment_start_date_type") {
        "SUBMITTED_ON_DATE" => read::date(loan, "submitted_on")?,
        _ => None,
    };
    let by_days = or_product("interest_calculation_period") == "DAILY";
    let partial = read::flag(product, "allow_partial_period_interest");
    let progressive = read::text(product, "loan_schedule_type") == "PROGRESSIVE";
    if progressive && read::small(loan, "grace_on_interest_periods", 0)? > 0 {
        return Err(Stop::Unsupported("grace on the interest of a progressive plan".to_owned()));
    }
    Ok(PlanRule {
        engine: match read::text(product, "loan_schedule_type") {
            "PROGRESSIVE" => PlanEngine::Progressive,
            _ => PlanEngine::Cumulative,
        },
        count: read::small(loan, "number_of_repayments", 1)?,
        every: read::small(loan, "repayment_every", 1)?,
        unit: unit(or_product("repayment_frequency"))?,
        seed,
        amortisation: match or_product("amortization_type") {
            "EQUAL_PRINCIPAL" => Amortisation::EqualPrincipal,
            _ => Amortisation::EqualInstalments,
        },
        interest_on: match or_product("interest_type") {
            "FLAT" => InterestOn::Principal,
            _ => InterestOn::Balance,
        },
        interest_by: match (by_days, partial) {
            (true, _) => InterestBy::Days,
            (false, true) => InterestBy::PartialPeriods,
            (false, false) => InterestBy::Periods,
        },
        year: match &product.get("days_in_year").cloned().unwrap_or(Value::Null).to_string().replace('"', "")[..] {
            "360" => YearLength::D360,
            "364" => YearLength::D364,
            "365" => YearLength::D365,
            _ => YearLength::Actual,
        },
        month: match &product.get("days_in_month").cloned().unwrap_or(Value::Null).to_string().replace('"', "")[..] {
            "30" => MonthLength::D30,
            _ => MonthLength::Actual,
        },
        principal_grace: read::small(loan, "grace_on_principal_periods", 0)?,
        interest_grace: read::small(loan, "grace_on_interest_periods", 0)?,
        fixed_length_days: match read::whole(loan, "fixed_length_days").or(read::whole(product, "fixed_length_days")) {
            None => None,
            Some(days) => Some(u16::try_from(days).map_err(|_| Stop::Wrong("a fixed length out of range".to_owned()))?),
        },
        fixed_instalment_fen: read::opt_amount(loan, "fixed_emi_amount")?,
        multiple_fen: read::whole(product, "installment_amount_in_multiples_of")
            .unwrap_or(0)
            .saturating_mul(100)
            .max(1),
        down_payment: match product.get("down_payment") {
            Some(rule) if !rule.is_null() => {
                let ppm = read::percent_ppm(rule, "percentage")?.unwrap_or(0);
                Some(DownPayment { ppm: u32::try_from(ppm).unwrap_or(0) })
            }
            _ => None,
        },
        recalculation: recalculation(product)?,
        last_threshold_ppm: {
            let ppm = read::percent_ppm(product, "principal_threshold_for_last_installment_pct")?.unwrap_or(0);
            u32::try_from(ppm).unwrap_or(0)
        },
    })
}

fn recalculation(product: &Value) -> Result<Option<Recalculation>, Stop> {
    let Some(rule) = product.get("interest_recalculation").filter(|rule| !rule.is_null()) else { return Ok(None) };
    every_one(rule, "rest_frequency")?;
    every_one(rule, "compounding_frequency")?;
    let compounds = rule.get("compounding_frequency").map_or("", |frequency| read::text(frequency, "type"));
    if !matches!(compounds, "" | "NONE" | "SAME_AS_REPAYMENT" | "SAME_AS_REPAYMENT_PERIOD") {
        // Overdue interest joins the base once, on its due date.
        return Err(Stop::Unsupported(format!("interest compounded {compounds}")));
    }
    Ok(Some(Recalculation {
        advance: match read::text(rule, "advance_payment_strategy") {
            "REDUCE_EMI_AMOUNT" => AdvanceRule::SmallerInstalments,
            "REDUCE_NUMBER_OF_INSTALLMENTS" => AdvanceRule::FewerInstalments,
            "RESCHEDULE_NEXT_REPAYMENTS" => AdvanceRule::NextInstalments,
            "ADJUST_LAST_UNPAID_PERIOD" => AdvanceRule::LastInstalment,
            other => return Err(Stop::Unsupported(format!("advance payment strategy {other}"))),
        },
        rest: match rule.get("rest_frequency").map(|rest| read::text(rest, "type")) {
            Some("SAME_AS_REPAYMENT" | "SAME_AS_REPAYMENT_PERIOD") => Rest::Period,
            _ => Rest::Daily,
        },
        payoff: match read::text(rule, "pre_close_interest") {
            "TILL_REST_FREQUENCY_DATE" => Rest::Period,
            _ => Rest::Daily,
        },
        compounding: match read::text(rule, "compounding_method") {
            "NONE" | "" => Compounding::None,
            "INTEREST" => Compounding::Interest,
            "FEE" => Compounding::Fee,
            "INTEREST_AND_FEE" | "FEE_AND_INTEREST" => Compounding::InterestAndFee,
            other => return Err(Stop::Unsupported(format!("compounding {other}"))),
        },
    }))
}

/// Rests and compounding count every day or every period, never every second or third.
fn every_one(rule: &Value, name: &str) -> Result<(), Stop> {
    match rule.get(name).and_then(|frequency| read::whole(frequency, "interval")) {
        None | Some(0 | 1) => Ok(()),
        Some(interval) => Err(Stop::Unsupported(format!("a {} of every {interval}", name.replace('_', " ")))),
    }
}

/// The unit of a frequency.
pub(super) fn unit(text: &str) -> Result<Unit, Stop> {
    match text {
        "DAYS" => Ok(Unit::Days),
        "WEEKS" => Ok(Unit::Weeks),
        "MONTHS" => Ok(Unit::Months),
        other => Err(Stop::Unsupported(format!("a spacing in {other}"))),
    }
}

fn components(names: &[Value]) -> Result<Vec<Component>, Stop> {
    names.iter().map(|name| component(name.as_str().unwrap_or_default())).collect()
}

fn component(name: &str) -> Result<Component, Stop> {
    match name {
        "PENALTY" => Ok(Component::Penalty),
        "FEE" => Ok(Component::Fee),
        "INTEREST" => Ok(Component::Interest),
        "PRINCIPAL" => Ok(Component::Principal),
        other => Err(Stop::Unsupported(format!("component {other}"))),
    }
}

type Waterfalls = (Waterfall, Vec<(Receipt, Waterfall)>);

fn waterfalls(product: &Value, loan: &Value) -> Result<Waterfalls, Stop> {
    let own = read::text(loan, "transaction_processing_strategy");
    let strategy = if own.is_empty() { read::text(product, "transaction_processing_strategy") } else { own };
    match strategy {
        "mifos-standard-strategy" => Ok((Waterfall::oldest_first(&STANDARD, &STANDARD), Vec::new())),
        "due-penalty-fee-interest-principal-in-advance-principal-penalty-fee-interest-strategy" => {
            let waterfall = Waterfall::oldest_first(&STANDARD, &AHEAD_PRINCIPAL_FIRST);
            Ok((Waterfall { charges: ChargeTiming::OwnDate, ..waterfall }, Vec::new()))
        }
        "due-penalty-interest-principal-fee-in-advance-penalty-interest-principal-fee-strategy" => {
            let order = &PENALTY_INTEREST_PRINCIPAL_FEE;
            let waterfall = Waterfall::oldest_first(order, order);
            Ok((Waterfall { charges: ChargeTiming::OwnDate, ..waterfall }, Vec::new()))
        }
        "advanced-payment-allocation-strategy" => by_type(product),
        other => Err(Stop::Unsupported(format!("strategy {other}"))),
    }
}

fn by_type(product: &Value) -> Result<Waterfalls, Stop> {
    let path = match read::text(product, "loan_schedule_processing_type") {
        "VERTICAL" => PayPath::ByComponent,
        _ => PayPath::ByInstalment,
    };
    let rules = product.get("payment_allocation").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut default = Waterfall::oldest_first(&STANDARD, &STANDARD);
    let mut others = Vec::new();
    for (kind, rule) in &rules {
        let waterfall = Waterfall { path, ..waterfall(rule)? };
        match receipt(kind) {
            _ if kind == "DEFAULT" => default = waterfall,
            Some(receipt) => others.push((receipt, waterfall)),
            None => return Err(Stop::Unsupported(format!("an allocation for {kind}"))),
        }
    }
    Ok((default, others))
}

fn receipt(kind: &str) -> Option<Receipt> {
    Some(match kind {
        "REPAYMENT" => Receipt::Repayment,
        "DOWN_PAYMENT" => Receipt::DownPayment,
        "GOODWILL_CREDIT" => Receipt::Goodwill,
        "PAYOUT_REFUND" => Receipt::PayoutRefund,
        "MERCHANT_ISSUED_REFUND" => Receipt::MerchantRefund,
        "CHARGE_ADJUSTMENT" => Receipt::ChargeAdjustment,
        _ => return None,
    })
}

fn waterfall(rule: &Value) -> Result<Waterfall, Stop> {
    let mut steps = Vec::new();
    for name in read::list(rule, "order") {
        let name = name.as_str().unwrap_or_default();
        let (status, rest) =
            [("PAST_DUE_", DueStatus::PastDue), ("DUE_", DueStatus::Due), ("IN_ADVANCE_", DueStatus::Ahead)]
                .into_iter()
                .find_map(|(prefix, status)| Some((status, name.strip_prefix(prefix)?)))
                .ok_or_else(|| Stop::Unsupported(format!("allocation step {name}")))?;
        steps.push(Step { status, component: component(rest)? });
    }
    let ahead = match read::text(rule, "future_installments") {
        "NEXT_INSTALLMENT" | "" => AheadPick::Next,
        "LAST_INSTALLMENT" => AheadPick::Last,
        "REAMORTIZATION" => AheadPick::Spread,
        other => return Err(Stop::Unsupported(format!("future instalments {other}"))),
    };
    Ok(Waterfall { steps, path: PayPath::ByInstalment, ahead, charges: ChargeTiming::WithInstalment })
}
