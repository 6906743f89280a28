//! The shipped products, each with a typical loan as the lender would show it.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, Money, Rate};
use loan::cost::{cost_table, percent};
use loan::schedule::schedule;
use loan::terms::{PayoutMode, RateReset, Tranche};
use loan::{LoanError, LoanTerms, Method, PlanRows, Product, Term, product};

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn yuan(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}

fn terms(code: &str, amount: &str, months: u16, start: &str, rating: Option<&str>) -> LoanTerms {
    let product = product::shipped(code).unwrap();
    let (term, start) = (Term::Months(months), date(start));
    let rate = product.priced_for(term, start).unwrap().price(rating).unwrap();
    product.terms(yuan(amount), term, start, rate).unwrap()
}

/// Rate, schedule, and what it costs a year both ways.
fn shown(terms: &LoanTerms) -> String {
    let cost = cost_table(terms).unwrap();
    format!(
        "{} at {} %\n{}cost {}  annualised {} %  effective {} %",
        terms.method.name_zh(),
        terms.rate,
        schedule(terms).unwrap(),
        basics::money::format_minor(cost.total_cost_fen),
        percent(cost.annualised_ppm),
        percent(cost.effective_ppm)
    )
}

#[test]
fn short_working_capital() {
    insta::assert_snapshot!(shown(&terms("short-working-capital", "20000", 6, "2026-03-05", Some("B"))), @r"
    等额本息 at 9.00 %
    row  due         principal    interest        fee       total     balance
      1  2026-04-05    3271.38      150.00       0.00     3421.38    16728.62
      2  2026-05-05    3295.92      125.46       0.00     3421.38    13432.70
      3  2026-06-05    3320.63      100.75       0.00     3421.38    10112.07
      4  2026-07-05    3345.54       75.84       0.00     3421.38     6766.53
      5  2026-08-05    3370.63       50.75       0.00     3421.38     3395.90
      6  2026-09-05    3395.90       25.47       0.00     3421.37        0.00
    cost 528.27  annualised 9.00 %  effective 9.3159 %
    ");
}

#[test]
fn long_working_capital_in_quarters_over_the_published_rate() {
    let terms = terms("long-working-capital", "120000", 24, "2026-03-31", Some("B"));
    insta::assert_snapshot!(shown(&terms), @r"
    等额本金 at 7.30 %
    row  due         principal    interest        fee       total     balance
      1  2026-06-30   15000.00     2190.00       0.00    17190.00   105000.00
      2  2026-09-30   15000.00     1916.25       0.00    16916.25    90000.00
      3  2026-12-31   15000.00     1642.50       0.00    16642.50    75000.00
      4  2027-03-31   15000.00     1368.75       0.00    16368.75    60000.00
      5  2027-06-30   15000.00     1095.00       0.00    16095.00    45000.00
      6  2027-09-30   15000.00      821.25       0.00    15821.25    30000.00
      7  2027-12-31   15000.00      547.50       0.00    15547.50    15000.00
      8  2028-03-31   15000.00      273.75       0.00    15273.75        0.00
    cost 9855.00  annualised 7.30 %  effective 7.4928 %
    ");
    let rule = terms.rate_rule.unwrap();
    assert_eq!((rule.reference.as_str(), rule.spread_ppm, rule.reset), ("LPR-5Y", 38_000, RateReset::FirstOfJanuary));
}

#[test]
fn long_working_capital_in_two_tranches() {
    let product = product::shipped("long-working-capital").unwrap();
    let terms = terms("long-working-capital", "120000", 12, "2026-03-31", Some("A"));
    assert_eq!(terms.rate_rule.as_ref().unwrap().reference, "LPR-1Y");
    let tranche = |on, fen| Tranche { on: date(on), amount_fen: fen };
    let tranches = vec![tranche("2026-03-31", 8_000_000), tranche("2026-05-15", 4_000_000)];
    let terms = product.in_tranches(terms, tranches).unwrap();
    insta::assert_snapshot!(shown(&terms), @r"
    等额本金 at 5.50 %
    row  due         principal    interest        fee       total     balance
      1  2026-06-30   20000.00     1381.11       0.00    21381.11   100000.00
      2  2026-09-30   33333.33     1375.00       0.00    34708.33    66666.67
      3  2026-12-31   33333.33      916.67       0.00    34250.00    33333.34
      4  2027-03-31   33333.34      458.33       0.00    33791.67        0.00
    cost 4131.11  annualised 5.4687 %  effective 5.6078 %
    ");
    let four = (1..=4).map(|n| tranche("2026-03-31", 3_000_000 * n)).collect();
    let refusal = product.in_tranches(terms, four).unwrap_err();
    insta::assert_snapshot!(refusal, @"these terms cannot be scheduled: long-working-capital is disbursed in at most 3 parts, not 4");
}

#[test]
fn disaster_insurance_loan_counts_its_premium() {
    let terms = terms("disaster-insurance-loan", "30000", 12, "2026-03-05", Some("B"));
    insta::assert_snapshot!(shown(&terms), @r"
    先息后本 at 6.60 %
    row  due         principal    interest        fee       total     balance
      0  2026-03-05       0.00        0.00     240.00      240.00    30000.00
      1  2026-03-21       0.00       88.00       0.00       88.00    30000.00
      2  2026-06-21       0.00      506.00       0.00      506.00    30000.00
      3  2026-09-21       0.00      506.00       0.00      506.00    30000.00
      4  2026-12-21       0.00      500.50       0.00      500.50    30000.00
      5  2027-03-05   30000.00      407.00       0.00    30407.00        0.00
    cost 2247.50  annualised 7.4873 %  effective 7.7497 %
    ");
    assert_eq!(terms.conditions.unwrap().insurance.as_deref(), Some("crop-insurance"));
}

#[test]
fn green_agriculture_is_cheaper_for_its_evidence() {
    let terms = terms("green-agriculture", "50000", 12, "2026-03-05", Some("A"));
    insta::assert_snapshot!(shown(&terms), @r"
    等额本息 at 4.80 %
    row  due         principal    interest        fee       total     balance
      1  2026-04-05    4075.79      200.00       0.00     4275.79    45924.21
      2  2026-05-05    4092.09      183.70       0.00     4275.79    41832.12
      3  2026-06-05    4108.46      167.33       0.00     4275.79    37723.66
      4  2026-07-05    4124.90      150.89       0.00     4275.79    33598.76
      5  2026-08-05    4141.39      134.40       0.00     4275.79    29457.37
      6  2026-09-05    4157.96      117.83       0.00     4275.79    25299.41
      7  2026-10-05    4174.59      101.20       0.00     4275.79    21124.82
      8  2026-11-05    4191.29       84.50       0.00     4275.79    16933.53
      9  2026-12-05    4208.06       67.73       0.00     4275.79    12725.47
     10  2027-01-05    4224.89       50.90       0.00     4275.79     8500.58
     11  2027-02-05    4241.79       34.00       0.00     4275.79     4258.79
     12  2027-03-05    4258.79       17.04       0.00     4275.83        0.00
    cost 1309.52  annualised 4.80 %  effective 4.8806 %
    ");
    assert_eq!(terms.conditions.unwrap().evidence, ["green-certificate"]);
}

#[test]
fn assisted_household_ends_with_2025() {
    insta::assert_snapshot!(shown(&terms("assisted-household", "50000", 24, "2025-12-31", None)), @r"
    先息后本 at 3.50 %
    row  due         principal    interest        fee       total     balance
      1  2026-03-21       0.00      388.89       0.00      388.89    50000.00
      2  2026-06-21       0.00      447.22       0.00      447.22    50000.00
      3  2026-09-21       0.00      447.22       0.00      447.22    50000.00
      4  2026-12-21       0.00      442.36       0.00      442.36    50000.00
      5  2027-03-21       0.00      437.50       0.00      437.50    50000.00
      6  2027-06-21       0.00      447.22       0.00      447.22    50000.00
      7  2027-09-21       0.00      447.22       0.00      447.22    50000.00
      8  2027-12-21       0.00      442.36       0.00      442.36    50000.00
      9  2027-12-31   50000.00       48.61       0.00    50048.61        0.00
    cost 3548.60  annualised 3.5385 %  effective 3.5965 %
    ");
    let product = product::shipped("assisted-household").unwrap();
    let rate = Rate::parse_percent("3").unwrap();
    let refusal = product.terms(yuan("50000"), Term::Months(12), date("2026-01-01"), rate).unwrap_err();
    insta::assert_snapshot!(refusal, @"assisted-household version 1 is offered from 2021-03-04 to 2025-12-31, not on 2026-01-01: choose a product or version in effect then");
    // A year follows the one-year rate, a longer loan the five-year rate; neither may pass it.
    let one = terms("assisted-household", "10000", 12, "2024-08-01", None);
    assert_eq!((one.rate.ppm(), one.rate_rule.unwrap().reset), (33_500, RateReset::Fixed));
}

#[test]
fn revolving_credit_settles_on_the_twentieth() {
    insta::assert_snapshot!(shown(&terms("revolving-credit", "20000", 3, "2026-03-05", Some("A"))), @r"
    随借随还 at 5.40 %
    row  due         principal    interest        fee       total     balance
      1  2026-03-21       0.00       48.00       0.00       48.00    20000.00
      2  2026-04-21       0.00       93.00       0.00       93.00    20000.00
      3  2026-05-21       0.00       90.00       0.00       90.00    20000.00
      4  2026-06-05   20000.00       45.00       0.00    20045.00        0.00
    cost 276.00  annualised 5.477 %  effective 5.6166 %
    ");
}

#[test]
fn order_finance_moves_off_the_holidays_that_were_known_when_it_was_signed() {
    let terms = terms("order-finance", "96000", 6, "2026-04-01", Some("B"));
    // Six months end on National Day; the money is due on the first business day after it.
    insta::assert_snapshot!(shown(&terms), @r"
    到期一次还本付息 at 6.30 %
    row  due         principal    interest        fee       total     balance
      1  2026-10-08   96000.00     3192.00       0.00    99192.00        0.00
    cost 3192.00  annualised 6.3001 %  effective 6.4852 %
    ");
    let days: Vec<Date> = terms.roll.unwrap().calendar.holidays().collect();
    assert!(days.contains(&date("2026-10-01")) && !days.contains(&date("2026-02-16")));
}

#[test]
fn quarterly_interest_asks_for_the_spouse_and_pays_large_sums_to_the_payee() {
    let terms = terms("quarterly-interest", "50000", 12, "2026-03-05", None);
    insta::assert_snapshot!(shown(&terms), @r"
    先息后本 at 3.00 %
    row  due         principal    interest        fee       total     balance
      1  2026-03-21       0.00       66.67       0.00       66.67    50000.00
      2  2026-06-21       0.00      383.33       0.00      383.33    50000.00
      3  2026-09-21       0.00      383.33       0.00      383.33    50000.00
      4  2026-12-21       0.00      379.17       0.00      379.17    50000.00
      5  2027-03-05   50000.00      308.33       0.00    50308.33        0.00
    cost 1520.83  annualised 3.0348 %  effective 3.0774 %
    ");
    let payout = terms.payout.unwrap();
    assert_eq!(payout.mode_of(20_000_000), PayoutMode::Entrusted);
    assert_eq!(terms.conditions.unwrap().misuse_rate.unwrap().to_string(), "6.00");
}

#[test]
fn the_seasonal_loan_follows_wheat_and_maize() {
    insta::assert_snapshot!(shown(&terms("seasonal-loan", "30000", 8, "2027-03-01", None)), @r"
    按生产周期还本 at 6.00 %
    row  due         principal    interest        fee       total     balance
      1  2027-06-30   12000.00      605.00       0.00    12605.00    18000.00
      2  2027-10-31   18000.00      369.00       0.00    18369.00        0.00
    cost 974.00  annualised 6.0376 %  effective 6.2075 %
    ");
    let product = product::shipped("seasonal-loan").unwrap();
    let rate = product.price(None).unwrap();
    let early = product.terms(yuan("30000"), Term::Months(3), date("2026-11-01"), rate).unwrap_err();
    insta::assert_snapshot!(early, @"these terms cannot be scheduled: no harvest of the product lies between 2026-12-01 and 2027-02-01: ask for another day or a longer term");
}

#[test]
fn the_consumer_line_converts_a_purchase_into_instalments() {
    let product = product::shipped("revolving-consumer-line").unwrap();
    let rate = product.price(None).unwrap();
    let line = product.line_terms(yuan("5000"), Term::Months(12), date("2026-03-05"), rate).unwrap();
    let quote = loan::line::quote(&line, 60_000, 6, date("2026-03-05")).unwrap();
    insta::assert_snapshot!(
        format!("{}annualised {} %  effective {} %", quote.schedule, percent(quote.annualised_ppm), percent(quote.effective_ppm)),
        @r"
    row  due         principal    interest        fee       total     balance
      1  2026-04-20     100.00        0.00       4.20      104.20      500.00
      2  2026-05-20     100.00        0.00       4.20      104.20      400.00
      3  2026-06-20     100.00        0.00       4.20      104.20      300.00
      4  2026-07-20     100.00        0.00       4.20      104.20      200.00
      5  2026-08-20     100.00        0.00       4.20      104.20      100.00
      6  2026-09-20     100.00        0.00       4.20      104.20        0.00
    annualised 12.4023 %  effective 13.1322 %
    "
    );
    let as_loan = product.terms(yuan("5000"), Term::Months(12), date("2026-03-05"), rate).unwrap_err();
    insta::assert_snapshot!(as_loan, @"these terms cannot be scheduled: a statement line is no loan: its purchases are converted into plans");
}

#[test]
fn every_shipped_product_lends_from_its_least_to_its_most() {
    for (file, _) in product::SHIPPED {
        let product = product::shipped(file.strip_suffix(".toml").unwrap()).unwrap();
        if product.method == Method::StatementLine {
            continue;
        }
        let start = product.effective_to.unwrap_or(product.effective_from.max(date("2026-03-05")));
        for (fen, months) in [(product.amount_min_fen, product.term_max), (product.amount_max_fen, product.term_max)] {
            let term = Term::Months(months);
            let priced = product.priced_for(term, start).unwrap();
            for rate in priced.pricing.rates() {
                let terms = product.terms(Money::new(fen, product.currency), term, start, rate).unwrap();
                let plan = schedule(&terms).unwrap();
                assert_eq!(plan.rows.iter().map(|row| row.principal_fen).sum::<i64>(), fen, "{file}");
                cost_table(&terms).unwrap().check_cap(product.cost_cap).unwrap();
            }
        }
    }
}

#[test]
fn a_later_version_of_a_product_leaves_signed_terms_alone() {
    let signed = terms("short-working-capital", "20000", 6, "2026-03-05", Some("B"));
    let (file, text) = product::SHIPPED[0];
    let dearer = text.replace("version = 1", "version = 2").replace("\"9.00\"", "\"12.00\"");
    let second = Product::parse(file, &dearer).unwrap();
    let again =
        second.terms(yuan("20000"), Term::Months(6), date("2026-03-05"), second.price(Some("B")).unwrap()).unwrap();
    assert_eq!((signed.product.version, again.product.version), (1, 2));
    assert!(schedule(&signed).unwrap().interest_fen() < schedule(&again).unwrap().interest_fen());
    let stored: LoanTerms = basics::cbor::from_bytes(&basics::cbor::to_bytes(&signed)).unwrap();
    assert_eq!(schedule(&stored).unwrap(), schedule(&signed).unwrap());
}

/// A file with one thing changed, and what is said about it.
fn said(code: &str, from: &str, to: &str) -> String {
    let (file, good) = product::SHIPPED.into_iter().find(|(file, _)| file.strip_suffix(".toml") == Some(code)).unwrap();
    assert!(good.contains(from), "{from}");
    match Product::parse(file, &good.replacen(from, to, 1)) {
        Ok(_) => format!("{code}: accepted `{to}`"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn impossible_terms_are_refused_with_file_line_and_field() {
    let edits = [
        // Prices and caps.
        ("short-working-capital", "cap = \"24.00\"", "cap = \"10.00\""),
        ("long-working-capital", "\"LPR-5Y\"", "\"LIBOR\""),
        ("long-working-capital", ", months_max = 12", ""),
        ("long-working-capital", "reset = \"first-of-january\"", "reset = \"daily\""),
        ("long-working-capital", "reset = \"first-of-january\"", "reset = \"every\""),
        ("long-working-capital", "spread = \"2.50\"", "rate = \"6.00\""),
        ("assisted-household", "spread = \"0\"", "spread = \"0.50\""),
        ("assisted-household", "effective_from = \"2021-03-04\"", "effective_from = \"2018-03-04\""),
        ("green-agriculture", "evidence = [\"green-certificate\"]", "evidence = []"),
        ("green-agriculture", "discount = \"1.20\"", "discount = \"7.00\""),
        // Methods and what belongs to them.
        ("quarterly-interest", "basis = \"daily\"", "basis = \"twelfth\""),
        ("quarterly-interest", "method = \"interest-first\"", "method = \"flat\""),
        ("quarterly-interest", "day = 20", "day = 31"),
        ("seasonal-loan", "share = \"60\"", "share = \"50\""),
        ("seasonal-loan", "month = 6", "month = 13"),
        ("seasonal-loan", "method = \"seasonal\"", "method = \"bullet\""),
        ("season-bullet", "method = \"bullet\"", "method = \"seasonal\""),
        ("seasonal-loan", "basis = \"daily\"", "basis = \"twelfth\""),
        ("season-bullet", "method = \"bullet\"", "method = \"statement-line\""),
        ("revolving-consumer-line", "method = \"statement-line\"", "method = \"revolving\""),
        ("revolving-consumer-line", "due_day = 20", "due_day = 1"),
        ("revolving-consumer-line", "\"late-fee\", \"plan-fee\"", "\"late-fee\", \"late-fee\""),
        // Plans.
        ("long-working-capital", "unit = \"quarters\"", "unit = \"years\""),
        ("long-working-capital", "every = 1", "every = 0"),
        ("long-working-capital", "min = 12\n", "min = 13\n"),
        ("long-working-capital", "tranches_max = 3", "tranches_max = 61"),
        ("long-working-capital", "[spacing]", "[grace]\nprincipal = 4\n\n[spacing]"),
        ("short-working-capital", "[cost]", "[instalment]\nmultiple = \"100000.00\"\n\n[cost]"),
        ("short-working-capital", "[cost]", "[instalment]\ndown_payment = \"100\"\n\n[cost]"),
        ("order-finance", "calendar = \"cn\"", "calendar = \"mars\""),
        ("order-finance", "rule = \"following\"", "rule = \"sideways\""),
        ("short-working-capital", "multiple = \"100.00\"", "multiple = \"60000.00\""),
        // Fees.
        ("disaster-insurance-loan", "percent = \"0.80\"", "percent = \"0.80\"\nflat = \"3.00\""),
        ("disaster-insurance-loan", "when = \"disbursement\"", "when = \"on-date\""),
        ("disaster-insurance-loan", "when = \"disbursement\"", "when = \"overdue\""),
        ("disaster-insurance-loan", "when = \"disbursement\"", "when = \"disbursement\"\ndate = \"2026-01-01\""),
        ("disaster-insurance-loan", "kind = \"premium\"", "kind = \"bribe\""),
        // Conduct.
        ("long-working-capital", "entrusted_from = \"200000.00\"\n", ""),
        ("long-working-capital", "guarantee_months = 36\n", ""),
        ("long-working-capital", "strategies = [\"reduce-instalment\", \"reduce-term\"]", "strategies = []"),
        ("long-working-capital", "misuse_uplift = \"100\"", "misuse_uplift = \"10\""),
    ];
    let errors: Vec<String> = edits.iter().map(|(code, from, to)| said(code, from, to)).collect();
    insta::assert_snapshot!(errors.join("\n"), @r"
    short-working-capital.toml, line 52, `cost.cap`: the cap of 10.00 % is below the rate of 10.80 %: raise it or lower the rate
    long-working-capital.toml, line 35, `interest.reference.rates`: `LIBOR` is not in the table of published rates: choose LPR-1Y or LPR-5Y
    long-working-capital.toml, line 35, `interest.reference.rates`: list rates with rising `months_max`, the last one without
    long-working-capital.toml, line 36, `interest.reference.reset`: `daily` is not known: choose `fixed` or `first-of-january` or `every`
    long-working-capital.toml, line 34, `interest.reference.every_months`: say how often: `every_months` of at least 1
    long-working-capital.toml, line 29, `interest.rate`: prices follow `interest.reference`: give each a `spread`, and no `rate`
    assisted-household.toml, line 38, `interest.reference.ceiling`: a price may not pass the published rate: give spreads of 0 or less
    assisted-household.toml, line 35, `interest.reference.rates`: no `LPR-5Y` was published by 2018-03-04: add it to the table of reference rates
    green-agriculture.toml, line 26, `interest.discount`: a discount is given for evidence: name it in `conditions.evidence`
    green-agriculture.toml, line 26, `interest.discount`: is more than the rate of 6.00 %
    quarterly-interest.toml, line 8, `method`: interest on settlement days is by days, not by whole periods
    quarterly-interest.toml, line 8, `method`: flat interest is by whole periods, not by days
    quarterly-interest.toml, line 23, `settlement.day`: must be a day from 1 to 27
    seasonal-loan.toml, line 44, `harvest.share`: the shares add up to 90.00 %, not to 100 %
    seasonal-loan.toml, line 42, `harvest.month`: must be a month from 1 to 12
    seasonal-loan.toml, line 27, `season`: only the method `seasonal` has a table `[season]`
    season-bullet.toml, line 1, `season`: a seasonal loan needs a table `[season]`, or rows of its own
    seasonal-loan.toml, line 23, `interest.basis`: a seasonal loan needs `daily`
    season-bullet.toml, line 1, `line`: the method `statement-line` needs the table `[line]`
    revolving-consumer-line.toml, line 27, `line`: only the method `statement-line` has the table `[line]`: leave it out
    revolving-consumer-line.toml, line 29, `line.due_day`: must be a day of the month from 1 to 28, and not the statement day
    revolving-consumer-line.toml, line 37, `line.order`: name each of the six components once
    long-working-capital.toml, line 24, `spacing.unit`: `years` is not known: choose `days` or `weeks` or `months` or `quarters`
    long-working-capital.toml, line 23, `spacing.every`: every 0 quarters is no spacing: give at least 1, and at most ten years
    long-working-capital.toml, line 9, `method`: a term of 13 months is no whole number of periods every 1 quarters
    long-working-capital.toml, line 27, `instalment.tranches_max`: must be 1 to 60
    long-working-capital.toml, line 9, `method`: grace must leave at least one of the 4 instalments
    short-working-capital.toml, line 52, `instalment.multiple`: instalments of 0.00 never pay the loan back, the interest of the first period alone is 450.00: ask for fewer instalments or a smaller multiple; tried with 50000.00
    short-working-capital.toml, line 8, `method`: the down payment must be 0 to less than 100 % of the principal
    order-finance.toml, line 41, `roll.calendar`: there is no holiday calendar `mars`: choose one of cn, or leave the roll out
    order-finance.toml, line 40, `roll.rule`: `sideways` is not known: choose `following` or `modified-following` or `preceding` or `unadjusted`
    short-working-capital.toml, line 14, `amount.multiple`: no multiple of it lies between `amount.min` and `amount.max`
    disaster-insurance-loan.toml, line 65, `fee.flat`: give either `flat` or `percent`
    disaster-insurance-loan.toml, line 58, `fee.date`: give either `date` or `days_after_start`
    disaster-insurance-loan.toml, line 58, `fee.after_days`: say after how many days overdue it is due, at least 1
    disaster-insurance-loan.toml, line 64, `fee.date`: only a fee that is due `on-date` has one
    disaster-insurance-loan.toml, line 62, `fee.kind`: `bribe` is not known: choose `service` or `premium` or `guarantee`
    long-working-capital.toml, line 70, `payout.entrusted_from`: say from which amount on the payee is paid
    long-working-capital.toml, line 78, `conditions.guarantee_form`: a guarantee has a `guarantee_form` and `guarantee_months`, and without one there are none
    long-working-capital.toml, line 68, `prepayment.strategies`: say what a part paid early does to the plan: name at least one
    long-working-capital.toml, line 52, `overdue.misuse_uplift`: must not be less than `overdue.penalty_uplift`: the heavier of both is charged
    ");
}

#[test]
fn a_custom_plan_repays_what_its_rows_say() {
    let text = product::SHIPPED[1].1.replace("method = \"bullet\"", "method = \"custom\"");
    let text = text
        + "\n[[row]]\ndue = \"2026-09-30\"\namount = \"4000.00\"\n\n[[row]]\ndue = \"2026-12-15\"\namount = \"6000.00\"\n";
    let product = Product::parse("own.toml", &text).unwrap();
    let rate = product.price(None).unwrap();
    let terms = product.terms(yuan("10000"), Term::Months(12), date("2026-03-05"), rate).unwrap();
    insta::assert_snapshot!(shown(&terms), @r"
    约定还款 at 6.00 %
    row  due         principal    interest        fee       total     balance
      1  2026-09-30    4000.00      348.33       0.00     4348.33     6000.00
      2  2026-12-15    6000.00       76.00       0.00     6076.00        0.00
    cost 424.33  annualised 6.0061 %  effective 6.1742 %
    ");
    let other = product.terms(yuan("12000"), Term::Months(12), date("2026-03-05"), rate).unwrap();
    insta::assert_snapshot!(schedule(&other).unwrap_err(), @"these terms cannot be scheduled: the rows repay 10000.00 and 12000.00 is disbursed: list them again");
    let late = product.terms(yuan("10000"), Term::Months(8), date("2026-03-05"), rate).unwrap();
    assert!(matches!(schedule(&late), Err(LoanError::Terms(_))));
    let own = PlanRows::Shares(vec![loan::PlanRow { due: date("2026-09-30"), principal_ppm: 1_000_000 }]);
    assert!(product.terms_by(yuan("10000"), Term::Months(12), date("2026-03-05"), rate, own).is_err());
}
