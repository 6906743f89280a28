//! Plans of instalments against tables that were worked out elsewhere. Skipped where the tables are absent.

// The whole file is a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use basics::money::parse_minor;
use basics::{Date, Rate, Rounding};
use loan::plan::{
    AdvanceRule, Amortisation, Arithmetic, Convention, Cumulative, DueDates, FixedInstalment, Happened, InterestOn,
    InterestRounding, MonthLength, Payment, Period, PeriodInterest, PlanRow, Progressive, Recalculation, Rest,
    Smoothing, Spacing, TermChange, TermChangeKind, Tranche, Unit, Weight, YearLength, down_payment_fen,
};
use serde_json::Value;

const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles/fineract-loans.public.json");

/// The tables, or nothing with a line that says so.
fn tables(test: &str) -> Option<Value> {
    if !Path::new(TABLES).exists() {
        eprintln!("skipped: {test}: the oracle tables are not on this machine");
        return None;
    }
    Some(serde_json::from_str(&std::fs::read_to_string(TABLES).unwrap()).unwrap())
}

fn date(value: &Value) -> Date {
    Date::parse(value.as_str().unwrap()).unwrap()
}

fn fen(value: &Value) -> i64 {
    parse_minor(value.as_str().unwrap()).unwrap()
}

fn every(value: &Value) -> u16 {
    u16::try_from(value.as_u64().unwrap()).unwrap()
}

fn unit(value: &Value) -> Unit {
    match value.as_str().unwrap() {
        "DAYS" => Unit::Days,
        "WEEKS" => Unit::Weeks,
        "MONTHS" => Unit::Months,
        other => panic!("unit {other}"),
    }
}

fn month_days(value: &Value) -> MonthLength {
    match value.as_str() {
        Some("30") => MonthLength::D30,
        Some("ACTUAL") | None => MonthLength::Actual,
        Some(other) => panic!("days of month {other}"),
    }
}

fn year_days(value: &Value) -> YearLength {
    match value.as_str().unwrap() {
        "ACTUAL" => YearLength::Actual,
        "360" => YearLength::D360,
        "364" => YearLength::D364,
        "365" => YearLength::D365,
        other => panic!("days of year {other}"),
    }
}

fn progressive_convention(spacing: Spacing, months: &Value, years: &Value, multiple: &Value) -> Convention {
    Convention {
        spacing,
        weight: Weight::Nominal { month: month_days(months), year: year_days(years) },
        arithmetic: Arithmetic::Digits12,
        interest_rounding: InterestRounding::Segment,
        rounding: Rounding::HalfEven,
        multiple_fen: multiple.as_i64().map_or(1, |units| units * 100),
        smoothing: Smoothing::Once,
    }
}

/// Every step of every case, cell by cell.
#[test]
fn progressive_plans_agree_in_every_cell() {
    let Some(tables) = tables("progressive_plans_agree_in_every_cell") else { return };
    let mut cells = 0;
    for case in tables["emi_cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let spacing = Spacing { every: every(&case["repayment_every"]), unit: unit(&case["repayment_frequency"]) };
        let convention = progressive_convention(
            spacing,
            &case["days_in_month"],
            &case["days_in_year"],
            &case["installment_amount_in_multiples_of"],
        );
        let periods: Vec<Period> = (case["periods"].as_array().unwrap().iter())
            .map(|p| Period { from: date(&p["from"]), due: date(&p["due"]) })
            .collect();
        let rate = Rate::parse_percent(case["annual_rate_pct"].as_str().unwrap()).unwrap();
        let mut plan = Progressive::new(convention, rate, &periods).unwrap();
        for (step, at) in case["steps"].as_array().unwrap().iter().zip(1..) {
            let place = format!("{id} step {at} {}", step["op"]);
            let due = || plan.due_on(date(&step["period_due"])).unwrap();
            match step["op"].as_str().unwrap() {
                "disburse" => plan.disburse(date(&step["date"]), fen(&step["amount"])).unwrap(),
                "pay_principal" => plan.pay_principal(due(), date(&step["date"]), fen(&step["amount"])).unwrap(),
                "pay_interest" => plan.pay_interest(due(), fen(&step["amount"])).unwrap(),
                "balance_correction" => {
                    plan.balance_correction(date(&step["date"]), fen(&step["amount"])).unwrap();
                }
                // Those books take a new rate to hold from the day before it is told.
                "change_rate" => {
                    let rate = Rate::parse_percent(step["annual_rate_pct"].as_str().unwrap()).unwrap();
                    plan.change_rate(date(&step["date"]).add_days(-1), rate).unwrap();
                }
                "payable" => {
                    let payable = plan.payable(due(), date(&step["date"])).unwrap();
                    for (name, ours) in [
                        ("balance", payable.balance_fen),
                        ("principal", payable.principal_fen),
                        ("interest", payable.interest_fen),
                    ] {
                        if let Some(theirs) = step["expect"].get(name) {
                            assert_eq!(ours, fen(theirs), "{place} {name}");
                            cells += 1;
                        }
                    }
                }
                "expect" => {
                    for row in step["rows"].as_array().unwrap() {
                        let (number, segment) = (every(&row["period"]), every(&row["segment"]));
                        let place = format!("{place} period {number} segment {segment}");
                        let state = plan.rows()[usize::from(number) - 1];
                        let segment = plan.segments(usize::from(number) - 1)[usize::from(segment) - 1];
                        let factor = segment.factor;
                        let places = factor.numerator * 1_000_000_000_000 * 2 + factor.denominator;
                        let places = places / (factor.denominator * 2);
                        let theirs = row["rate_factor"].as_str().unwrap().split_once('.').unwrap();
                        let theirs: i128 = format!("{}{:0<12}", theirs.0, theirs.1).parse().unwrap();
                        assert_eq!(places, theirs, "{place} rate factor");
                        for (name, ours) in [
                            ("segment_interest", segment.interest_fen),
                            ("emi", state.instalment_fen),
                            ("interest", state.interest_fen),
                            ("principal", state.principal_fen),
                            ("balance", state.balance_after_fen),
                        ] {
                            assert_eq!(ours, fen(&row[name]), "{place} {name}");
                            cells += 1;
                        }
                    }
                }
                other => panic!("step {other}"),
            }
        }
    }
    assert!(cells > 100, "only {cells} cells were checked");
}

/// One row as the tables print it.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    due: Date,
    days: i32,
    principal: i64,
    interest: i64,
    balance: i64,
}

fn lines_of(schedule: &Value) -> Vec<Line> {
    (schedule.as_array().unwrap().iter())
        .filter(|row| !row["nr"].is_null())
        .map(|row| Line {
            due: date(&row["date"]),
            days: i32::try_from(row["days"].as_i64().unwrap()).unwrap(),
            principal: fen(&row["principal_due"]),
            interest: fen(&row["interest"]),
            balance: fen(&row["balance"]),
        })
        .collect()
}

/// What the plan of a scenario is made of.
struct Told<'a> {
    product: &'a Value,
    loan: &'a Value,
    /// Date, amount.
    disbursed: Vec<(Date, i64)>,
    fixed_fen: Option<i64>,
    approved_fen: i64,
    last_charge: Option<Date>,
    /// What was agreed on later.
    changes: Vec<&'a Value>,
}

impl Told<'_> {
    fn rate(&self) -> Rate {
        let rate = Rate::parse_percent(self.loan["interest_rate_per_period"].as_str().unwrap()).unwrap();
        match self.loan["interest_rate_frequency"].as_str() {
            Some("MONTH") => Rate::from_ppm(rate.ppm() * 12).unwrap(),
            _ => rate,
        }
    }

    fn spacing(&self) -> Spacing {
        Spacing { every: every(&self.loan["repayment_every"]), unit: unit(&self.loan["repayment_frequency"]) }
    }

    fn multiple_fen(&self) -> i64 {
        self.product["installment_amount_in_multiples_of"].as_i64().map_or(1, |units| units * 100)
    }

    fn dates(&self) -> DueDates {
        let start = self.disbursed[0].0;
        let seed = match self.product["repayment_start_date_type"].as_str() {
            Some("SUBMITTED_ON_DATE") => date(&self.loan["submitted_on"]),
            _ => start,
        };
        let dates = DueDates::new(start, seed, self.spacing(), every(&self.loan["number_of_repayments"])).unwrap();
        let mut dates = match self.loan["fixed_length_days"].as_i64() {
            Some(days) => dates.ending(start.add_days(i32::try_from(days).unwrap())).unwrap(),
            None => dates,
        };
        for change in &self.changes {
            if let Some(to) = change.get("adjusted_due_date") {
                dates.shift(date(&change["reschedule_from"]), date(to)).unwrap();
            }
        }
        dates
    }

    fn term_changes(&self) -> Vec<TermChange> {
        let dates = self.dates();
        let mut changes = Vec::new();
        for change in &self.changes {
            let from = date(&change["reschedule_from"]);
            let number = (1..).find(|number| dates.due(*number).unwrap() >= from).unwrap();
            let mut more = |kind| changes.push(TermChange { number, kind });
            let count = |name: &str| change.get(name).map(every);
            if let Some(rate) = change["new_interest_rate"].as_str() {
                more(TermChangeKind::Rate(Rate::parse_percent(rate).unwrap()));
            }
            if let Some(rows) = count("grace_on_principal") {
                more(TermChangeKind::PrincipalGrace(rows));
            }
            if let Some(rows) = count("grace_on_interest") {
                more(TermChangeKind::InterestGrace(rows));
            }
            if let Some(rows) = count("extra_terms") {
                more(TermChangeKind::Longer(rows));
            }
        }
        changes
    }

    fn is_progressive(&self) -> bool {
        self.product["loan_schedule_type"] == "PROGRESSIVE"
    }

    fn down_payment(&self, amount: i64) -> i64 {
        match self.product["down_payment"]["percentage"].as_str() {
            Some(percent) => {
                down_payment_fen(amount, Rate::parse_percent(percent).unwrap(), self.multiple_fen(), Rounding::HalfEven)
                    .unwrap()
            }
            None => 0,
        }
    }

    fn tranches(&self) -> Vec<Tranche> {
        let mut tranches: Vec<Tranche> = (self.disbursed.iter())
            .map(|(date, amount)| Tranche { date: *date, amount_fen: amount - self.down_payment(*amount) })
            .collect();
        tranches.sort_by_key(|tranche| tranche.date);
        tranches
    }

    fn cumulative(&self) -> Cumulative {
        let loan = self.loan;
        let grace = |name: &str| loan[name].as_u64().map_or(0, |n| u16::try_from(n).unwrap());
        let period_interest = match (
            loan["interest_calculation_period"].as_str().unwrap(),
            &self.product["allow_partial_period_interest"],
        ) {
            ("DAILY", _) => PeriodInterest::Days(year_days(&self.product["days_in_year"])),
            (_, Value::Bool(true)) => PeriodInterest::WholeAndPart,
            _ => PeriodInterest::Whole,
        };
        let recalculation = &self.product["interest_recalculation"];
        let balance = loan["interest_type"] == "DECLINING_BALANCE";
        Cumulative {
            dates: self.dates(),
            rate: self.rate(),
            interest_on: if balance { InterestOn::Balance } else { InterestOn::Principal },
            period_interest,
            equal: match loan["amortization_type"].as_str() {
                Some("EQUAL_PRINCIPAL") => Amortisation::EqualPrincipal,
                _ => Amortisation::EqualInstalments,
            },
            principal_grace: grace("grace_on_principal_periods"),
            interest_grace: grace("grace_on_interest_periods"),
            rounding: Rounding::HalfEven,
            multiple_fen: self.multiple_fen(),
            level_on_fen: (balance && self.product["multi_disburse"] == true).then_some(self.approved_fen),
            fixed: self.fixed_fen.map(|amount_fen| FixedInstalment { amount_fen, threshold_ppm: 0 }),
            recalculation: Recalculation {
                advance: match recalculation["advance_payment_strategy"].as_str() {
                    Some("REDUCE_NUMBER_OF_INSTALLMENTS") => AdvanceRule::FewerInstalments,
                    Some("RESCHEDULE_NEXT_REPAYMENTS") => AdvanceRule::NextInstalments,
                    _ => AdvanceRule::SmallerInstalments,
                },
                rest: match recalculation["rest_frequency"]["type"].as_str() {
                    Some("SAME_AS_REPAYMENT") => Rest::Period,
                    _ => Rest::Daily,
                },
                ..Recalculation::DAILY
            },
            changes: self.term_changes(),
        }
    }

    fn progressive(&self) -> Progressive {
        let convention = progressive_convention(
            self.spacing(),
            &self.product["days_in_month"],
            &self.product["days_in_year"],
            &self.product["installment_amount_in_multiples_of"],
        );
        let dates = self.dates();
        let mut periods: Vec<Period> = (1..=dates.count).map(|n| dates.period(n).unwrap()).collect();
        for number in dates.count + 1.. {
            let end = periods.last().unwrap().due;
            if self.disbursed.iter().all(|(date, _)| *date < end) {
                break;
            }
            periods.push(dates.period(number).unwrap());
        }
        let mut plan = Progressive::new(convention, self.rate(), &periods).unwrap();
        for tranche in self.tranches() {
            plan.disburse(tranche.date, tranche.amount_fen).unwrap();
        }
        plan
    }

    /// The table: down payments among the rows of the plan.
    fn table(&self, rows: &[PlanRow]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut balance = 0;
        let mut paid_down = self.disbursed.iter().peekable();
        let mut before = self.dates().seed();
        for row in rows {
            // On a due date, a progressive plan keeps the instalment first, a cumulative one the down payment.
            let (due, progressive) = (row.period.due, self.is_progressive());
            let last = due == rows[rows.len() - 1].period.due;
            let first = |date: Date| if progressive && !last { date < due } else { date <= due };
            while let Some((date, _)) = paid_down.next_if(|(date, _)| first(*date)) {
                let same: Vec<i64> = (self.disbursed.iter().filter(|(d, _)| d == date)).map(|(_, a)| *a).collect();
                while paid_down.next_if(|(d, _)| d == date).is_some() {}
                balance += same.iter().sum::<i64>();
                for down in same.iter().map(|amount| self.down_payment(*amount)).filter(|down| *down > 0) {
                    balance -= down;
                    lines.push(Line { due: *date, days: 0, principal: down, interest: 0, balance });
                }
            }
            balance -= row.principal_fen;
            lines.push(Line {
                due,
                days: due - before,
                principal: row.principal_fen,
                interest: row.interest_fen,
                balance,
            });
            before = due;
        }
        if let Some(charge) = self.last_charge {
            let end = rows.last().unwrap().period.due;
            if charge > end {
                lines.push(Line { due: charge, days: charge - end, principal: 0, interest: 0, balance });
            }
        }
        lines
    }

    fn rows(&self) -> Vec<PlanRow> {
        if self.is_progressive() {
            self.progressive().plan_rows()
        } else {
            self.cumulative().rows(&self.tranches()).unwrap()
        }
    }
}

/// Every table that only disbursements have shaped.
#[test]
fn plans_of_disbursements_agree() {
    let Some(tables) = tables("plans_of_disbursements_agree") else { return };
    let shaping = [
        "undo_disbursal",
        "undo_last_disbursal",
        "chargeback",
        "credit_balance_refund",
        "reschedule",
        "reage",
        "reamortize",
        "undo_reage",
        "undo_reamortize",
        "payoff",
        "modify_loan",
    ];
    let (mut agreed, mut wrong) = (0, Vec::new());
    for scenario in tables["scenarios"].as_array().unwrap() {
        let tags = scenario["tags"].as_array().unwrap();
        if ["upstream-skipped", "clock-dependent", "two-loans"].iter().any(|tag| tags.contains(&Value::from(*tag))) {
            continue;
        }
        let events = scenario["events"].as_array().unwrap();
        let (product, loan) = (&scenario["product"], &scenario["loan"]);
        for expectation in scenario["expectations"].as_array().unwrap() {
            let Some(schedule) = expectation.get("schedule") else { continue };
            let until = usize::try_from(expectation["after_event"].as_u64().unwrap()).unwrap();
            let before = &events[..=until];
            let done = |event: &&Value| event.get("expect").is_none();
            let is = |event: &Value, names: &[&str]| names.contains(&event["type"].as_str().unwrap());
            let recalculated = !product["interest_recalculation"].is_null();
            let shaped = before.iter().filter(done).any(|event| {
                is(event, &shaping) || (recalculated && is(event, &["repayment", "inline_cob", "cob_job"]))
            });
            if shaped {
                continue;
            }
            let mut disbursed: Vec<(Date, i64)> = (before.iter().filter(done))
                .filter(|event| is(event, &["disburse"]))
                .map(|event| (date(&event["date"]), fen(&event["amount"])))
                .collect();
            if disbursed.is_empty() {
                let told = before.iter().filter_map(|e| e.get("expected_disbursement_date")).next_back();
                let day = told.unwrap_or(&loan["expected_disbursement_date"]);
                disbursed.push((date(day), fen(&loan["principal"])));
            }
            disbursed.sort_by_key(|(date, _)| *date);
            let fixed = before.iter().filter_map(|event| event["fixed_emi_amount"].as_str()).next_back();
            let charges = before.iter().filter(done).filter(|event| is(event, &["add_charge"]));
            let told = Told {
                product,
                loan,
                disbursed,
                fixed_fen: fixed.map(|text| parse_minor(text).unwrap()),
                approved_fen: fen(&loan["principal"]),
                last_charge: charges.filter_map(|e| e["date"].as_str()).map(|d| Date::parse(d).unwrap()).max(),
                changes: Vec::new(),
            };
            let (ours, theirs) = (told.table(&told.rows()), lines_of(schedule));
            if ours == theirs {
                agreed += 1;
            } else {
                let first = ours.iter().zip(&theirs).position(|(a, b)| a != b).unwrap_or(ours.len().min(theirs.len()));
                wrong.push(format!(
                    "{} after {until}, row {}: ours {:?}, theirs {:?}",
                    scenario["id"],
                    first + 1,
                    ours.get(first),
                    theirs.get(first)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{agreed} agree, {} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(agreed > 100, "only {agreed} tables were checked");
}

/// Every table of a cumulative plan that follows payments: drawn up again at each of them, the rows before it kept.
#[test]
fn recalculated_plans_agree() {
    let Some(tables) = tables("recalculated_plans_agree") else { return };
    let (mut agreed, mut wrong) = (0, Vec::new());
    for scenario in tables["scenarios"].as_array().unwrap() {
        let (product, loan) = (&scenario["product"], &scenario["loan"]);
        let skipped = scenario["tags"].as_array().unwrap().contains(&Value::from("upstream-skipped"));
        if skipped || product["interest_recalculation"].is_null() || product["loan_schedule_type"] == "PROGRESSIVE" {
            continue;
        }
        let mut told = Told {
            product,
            loan,
            disbursed: Vec::new(),
            fixed_fen: None,
            approved_fen: fen(&loan["principal"]),
            last_charge: None,
            changes: Vec::new(),
        };
        let (mut rows, mut payments) = (Vec::new(), Vec::new());
        for (number, event) in scenario["events"].as_array().unwrap().iter().enumerate() {
            match event["type"].as_str().unwrap() {
                "disburse" => {
                    told.disbursed.push((date(&event["date"]), fen(&event["amount"])));
                    told.fixed_fen = event["fixed_emi_amount"].as_str().map(|text| parse_minor(text).unwrap());
                    rows = told.rows();
                }
                "repayment" => payments.push(Payment { date: date(&event["date"]), amount_fen: fen(&event["amount"]) }),
                _ => {}
            }
            if let Some(last) = payments.last() {
                let kept: Vec<PlanRow> = rows.iter().filter(|row| row.period.due < last.date).copied().collect();
                let today = event.get("business_date").map(date);
                let happened = Happened { kept: &kept, payments: &payments, charges: &[], today };
                if today.is_some() {
                    rows = told.cumulative().replan(&told.tranches(), happened).unwrap();
                }
            }
            for expectation in scenario["expectations"].as_array().unwrap() {
                if expectation["after_event"].as_u64() == Some(number as u64) && expectation.get("schedule").is_some() {
                    let (ours, theirs) = (told.table(&rows), lines_of(&expectation["schedule"]));
                    if ours == theirs {
                        agreed += 1;
                    } else {
                        wrong.push(format!("{} after {number}\n ours {ours:#?}\n theirs {theirs:#?}", scenario["id"]));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{agreed} agree, {} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(agreed >= 9, "only {agreed} tables were checked");
}

/// Every table of a cumulative plan after due dates were moved, instalments added, grace given or the rate changed.
#[test]
fn rescheduled_plans_agree() {
    let Some(tables) = tables("rescheduled_plans_agree") else { return };
    let (mut agreed, mut wrong) = (0, Vec::new());
    for scenario in tables["scenarios"].as_array().unwrap() {
        let (product, loan) = (&scenario["product"], &scenario["loan"]);
        let skipped = scenario["tags"].as_array().unwrap().contains(&Value::from("upstream-skipped"));
        let events = scenario["events"].as_array().unwrap();
        if skipped || !events.iter().any(|event| event["type"] == "reschedule" && event.get("expect").is_none()) {
            continue;
        }
        let mut told = Told {
            product,
            loan,
            disbursed: Vec::new(),
            fixed_fen: None,
            approved_fen: fen(&loan["principal"]),
            last_charge: None,
            changes: Vec::new(),
        };
        for (number, event) in events.iter().enumerate() {
            match event["type"].as_str().unwrap() {
                "disburse" => told.disbursed.push((date(&event["date"]), fen(&event["amount"]))),
                "add_charge" => told.last_charge = told.last_charge.max(Some(date(&event["date"]))),
                "reschedule" => told.changes.push(event),
                _ => {}
            }
            for expectation in scenario["expectations"].as_array().unwrap() {
                if expectation["after_event"].as_u64() == Some(number as u64) && expectation.get("schedule").is_some() {
                    let (ours, theirs) = (told.table(&told.rows()), lines_of(&expectation["schedule"]));
                    if ours == theirs {
                        agreed += 1;
                    } else {
                        wrong.push(format!("{} after {number}\n ours {ours:#?}\n theirs {theirs:#?}", scenario["id"]));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{agreed} agree, {} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(agreed >= 20, "only {agreed} tables were checked");
}
