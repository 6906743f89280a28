//! A reminder plan: which steps fall on which day, what a text says, and what a plan may not say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use basics::Date;
use loan::LoanClass;
use loan::remind::{About, Filling, QuietHours, ReminderPlan};

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn about() -> About<'static> {
    About {
        product: "short-working-capital",
        class: LoanClass::BEST,
        unpaid_since: None,
        next_due: Some(day("2026-03-20")),
        collected: true,
    }
}

fn fallen(about: &About<'_>) -> String {
    let plan = ReminderPlan::shipped().unwrap();
    let first = day("2026-02-01");
    let mut told = String::new();
    for offset in 0..90 {
        let on = first.add_days(offset);
        for falling in plan.on_day(about, on) {
            told += &format!("{on} {} by {} about {}\n", falling.step.code, falling.step.channel, falling.due);
        }
        if plan.collects_on(about, on) {
            told += &format!("{on} collect\n");
        }
    }
    told
}

#[test]
fn steps_before_a_due_date_count_from_what_comes_and_later_ones_from_what_is_overdue() {
    insta::assert_snapshot!(fallen(&about()), @"
    2026-03-13 week-ahead by app about 2026-03-20
    2026-03-17 three-days-ahead by sms about 2026-03-20
    2026-03-20 on-the-day by sms about 2026-03-20
    ");
    let late = About { unpaid_since: Some(day("2026-03-20")), next_due: Some(day("2026-04-20")), ..about() };
    insta::assert_snapshot!(fallen(&late), @"
    2026-03-20 collect
    2026-03-21 day-after by sms about 2026-03-20
    2026-03-21 collect
    2026-03-23 call-after-three by call about 2026-03-20
    2026-03-23 collect
    2026-03-27 collect
    2026-03-30 slip-after-ten by slip about 2026-03-20
    2026-04-13 week-ahead by app about 2026-04-20
    2026-04-17 three-days-ahead by sms about 2026-04-20
    2026-04-20 on-the-day by sms about 2026-04-20
    ");
    let seasonal = About { product: "season-bullet", ..about() };
    assert!(fallen(&seasonal).starts_with("2026-02-18 harvest-ahead by app"));
}

#[test]
fn a_contract_without_the_clause_is_never_collected() {
    let late = About { unpaid_since: Some(day("2026-03-20")), ..about() };
    let plan = ReminderPlan::shipped().unwrap();
    let collects =
        |about: &About<'_>| (0..30).filter(|n| plan.collects_on(about, day("2026-03-20").add_days(*n))).count();
    assert_eq!(collects(&late), 4);
    assert_eq!(collects(&About { collected: false, ..late }), 0);
}

/// Walking from one close that has something to do to the next misses no step.
#[test]
fn the_closes_that_are_named_are_all_that_are_needed() {
    let plan = ReminderPlan::shipped().unwrap();
    for about in [
        about(),
        About { unpaid_since: Some(day("2026-03-20")), next_due: Some(day("2026-04-20")), ..about() },
        About { product: "seasonal-loan", collected: false, ..about() },
    ] {
        let (from, to) = (day("2026-02-01"), day("2026-05-31"));
        let mut named = Vec::new();
        let mut next = plan.next_close(&about, from);
        while let Some(close) = next.filter(|close| *close <= to) {
            named.push(close);
            next = plan.next_close(&about, close.add_days(1));
        }
        let mut needed = Vec::new();
        for offset in 0..(to - from) {
            let close = from.add_days(offset);
            // Money may be collected of what has only now fallen due.
            let due = About { unpaid_since: about.unpaid_since.or(about.next_due), ..about };
            let late = About { unpaid_since: about.next_due, ..about };
            let collects = plan.collects_on(&due, close) || plan.collects_on(&late, close);
            if collects || !plan.on_day(&about, close.add_days(1)).is_empty() {
                needed.push(close);
            }
        }
        assert_eq!(named, needed);
    }
}

#[test]
fn a_sale_is_told_of_what_falls_due_soon_and_no_more() {
    let sale = ReminderPlan::shipped().unwrap().sale.unwrap();
    let told = |product: &str, due: &str| sale.tells(product, day(due), day("2026-09-10"));
    assert!(told("seasonal-loan", "2026-09-10") && told("season-bullet", "2026-11-09"));
    assert!(!told("seasonal-loan", "2026-11-10"), "61 days ahead");
    assert!(!told("seasonal-loan", "2026-09-09"), "overdue is told otherwise");
    assert!(!told("short-working-capital", "2026-09-20"));
}

#[test]
fn quiet_hours_may_reach_over_midnight() {
    let night = QuietHours { from_minute: 22 * 60, until_minute: 8 * 60 };
    let noon = QuietHours { from_minute: 12 * 60, until_minute: 14 * 60 };
    let held = |hours: QuietHours| (0..24).filter(|hour| hours.hold_at(hour * 60)).collect::<Vec<u16>>();
    assert_eq!(held(night), [0, 1, 2, 3, 4, 5, 6, 7, 22, 23]);
    assert_eq!(held(noon), [12, 13]);
    assert!(night.hold_at(8 * 60 - 1) && !night.hold_at(8 * 60));
}

#[test]
fn a_text_is_filled_with_the_right_amount() {
    let plan = ReminderPlan::shipped().unwrap();
    let filling = Filling {
        institution: "青山信用社".to_owned(),
        product: "短期经营贷".to_owned(),
        note: "7K2Q".to_owned(),
        due: day("2026-03-20"),
        amount: "3383.46".to_owned(),
        days: 3,
    };
    assert_eq!(
        plan.told("due_soon", true, &filling).unwrap(),
        "【青山信用社】您的短期经营贷（尾号7K2Q）将于2026-03-20到期，应还3383.46元，还有3天。请提前把钱存入钱包。"
    );
    for text in plan.texts.keys() {
        for chinese in [true, false] {
            let told = plan.told(text, chinese, &filling).unwrap();
            assert!(!told.contains(['{', '}']) && told.contains("3383.46"), "{told}");
        }
    }
}

#[test]
fn a_plan_that_cannot_be_is_refused_with_line_and_field() {
    let refused = |from: &str, to: &str| {
        assert!(ReminderPlan::SHIPPED.contains(from), "{from}");
        let text = ReminderPlan::SHIPPED.replacen(from, to, 1);
        ReminderPlan::parse("own.toml", &text).unwrap_err().to_string()
    };
    let table = [
        refused("version = 1", "version = 0"),
        refused("quiet_from = \"22:00\"", "quiet_from = \"25:00\""),
        refused("quiet_from = \"22:00\"", "quiet_from = \"8:00\""),
        refused("per_day = 2", "per_day = 0"),
        refused("keep_days = 2", "keep_days = 0"),
        refused("days = [0, 1, 3, 7]", "days = [-1]"),
        refused("text = \"collected\"", "text = \"taken\""),
        refused("statement = { channel = \"sms\"", "statement = { channel = \"post\""),
        refused("within_days = 60", "within_days = 6000"),
        refused("text = \"harvest_sold\"", "text = \"sold\""),
        refused("code = \"week-ahead\"", "code = \"Week ahead\""),
        refused("code = \"week-ahead\"", "code = \"day-after\""),
        refused("days = -7", "days = -7000"),
        refused("channel = \"call\"", "channel = \"fax\""),
        refused("days = 10", "days = 10\nfrom_class = 9"),
        refused("将于{due}到期", "将于{date}到期"),
        refused("将于{due}到期", "将于{due到期"),
        refused("[text.due_today]\nzh", "[text.due_today]\nzz"),
    ]
    .join("\n");
    insta::assert_snapshot!(table, @r#"
    own.toml, line 4, version: versions begin at 1
    own.toml, line 9, sms.quiet_from: write a time of the day, such as "22:00"
    own.toml, line 10, sms.quiet_until: quiet hours that end when they begin leave no hour, or every one: write two times
    own.toml, line 11, sms.per_day: no message a day would never leave: write 1 or more, or use no step with channel "sms"
    own.toml, line 12, sms.keep_days: a message is kept for a day at least, so that a gateway that is down loses none: write 1 or more
    own.toml, line 17, collect.days: money is taken on the due date (0) or up to 366 days after it, never before
    own.toml, line 18, collect.text: there is no [text.taken]: write one of collected, due_soon, due_today, harvest_ahead, harvest_sold, line_statement, line_unmet, overdue, or add it
    own.toml, line 22, line.statement.channel: it is one of app, sms, slip, call
    own.toml, line 27, sale.within_days: a sale is told of what falls due within 366 days at most
    own.toml, line 29, sale.text: there is no [text.sold]: write one of collected, due_soon, due_today, harvest_ahead, harvest_sold, line_statement, line_unmet, overdue, or add it
    own.toml, line 42, step.code: a code is 1 to 40 of a-z, 0-9 and -: it is kept with every notice
    own.toml, line 60, step.code: this step is in the file twice
    own.toml, line 43, step.days: a step lies at most 366 days before (-) or after a due date
    own.toml, line 68, step.channel: it is one of app, sms, slip, call
    own.toml, line 74, step.from_class: classes are counted from 1, the best, to 5
    own.toml, line 78, text.due_soon.zh: has a place {date} that nothing fills: write one of institution, product, note, due, amount, days
    own.toml, line 78, text.due_soon.zh: has a place {due到期，应还{amount} that nothing fills: write one of institution, product, note, due, amount, days
    own.toml, line 82, file: unknown field `zz`, expected `zh` or `en`
    "#);
}
