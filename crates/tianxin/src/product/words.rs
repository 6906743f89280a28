//! A product in words: what its file says, line by line, in Chinese and in English.

use basics::Span;
use basics::money::format_minor;
use loan::cost::percent;
use loan::product::{Pricing, TermUnit};
use loan::{
    Compound, Conditions, EventRule, Fee, FeeAmount, FeeWhen, GuaranteeForm, GuaranteeNeed, InterestBasis, PayoutMode,
    PayoutRule, PrepayStrategy, Prepaying, PrepaymentRule, Product, RateReset, SettlementCycle, SpouseRule,
};

use crate::own::Own;

/// One line: what it is about, and what is so, in both languages.
struct Line(&'static str, &'static str, String, String);

/// Every line of a product, Chinese and English under one another.
pub fn in_words(product: &Product, own: &Own) -> String {
    let mut lines = vec![offered(product), amounts(product), terms(product), price(product, own), method(product)];
    lines.extend(interest(product));
    lines.extend(product.payout.as_ref().map(|payout| paid_out(payout, product)));
    lines.extend(product.conditions.as_ref().map(conditions));
    lines.extend(product.fees.iter().map(fee));
    lines.push(early(product.prepayment.as_ref()));
    lines.push(late(product));
    lines.extend(product.roll.as_ref().map(|roll| {
        let years: Vec<String> = roll.holidays.years.iter().map(|year| year.year.to_string()).collect();
        let (zh, en, years) = (&roll.holidays.name_zh, &roll.holidays.name_en, years.join(", "));
        let zh = format!("到期日遇节假日按“{zh}”移动；已公布年份：{years}，其他年份只避开周末");
        let en = format!("due dates move off the days of {en}; known for {years}, in other years off weekends only");
        Line("节假日", "holidays", zh, en)
    }));
    lines.extend(product.cost_cap.map(|cap| {
        Line("综合成本上限", "cost cap", format!("年化 {cap}%"), format!("{cap} % a year, everything counted"))
    }));
    let mut shown = String::new();
    for Line(zh_label, en_label, zh, en) in lines {
        shown.push_str(&format!("{zh_label}：{zh}\n    {en_label}: {en}\n"));
    }
    shown.trim_end().to_owned()
}

fn offered(product: &Product) -> Line {
    let from = product.effective_from;
    let (zh, en) = match product.effective_to {
        Some(to) => (format!("{from} 至 {to}"), format!("{from} to {to}")),
        None => (format!("{from} 起"), format!("from {from} until further notice")),
    };
    Line("办理期间", "offered", zh, en)
}

fn amounts(product: &Product) -> Line {
    let (min, max) = (format_minor(product.amount_min_fen), format_minor(product.amount_max_fen));
    let (step, currency) = (format_minor(product.amount_multiple_fen), product.currency);
    Line(
        "额度",
        "amount",
        format!("{min} 至 {max} {currency}，{step} 的整数倍；用途：{}", product.uses.join("、")),
        format!("{min} to {max} {currency} in steps of {step}; for {}", product.uses.join(", ")),
    )
}

fn terms(product: &Product) -> Line {
    let (min, max) = (product.term_min, product.term_max);
    let unit_zh = match product.term_unit {
        TermUnit::Months => "个月",
        TermUnit::Days => "天",
    };
    Line("期限", "term", format!("{min} 至 {max} {unit_zh}"), format!("{min} to {max} {}", product.term_unit.as_str()))
}

fn price(product: &Product, own: &Own) -> Line {
    if let Some(linked) = &product.linked {
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        for reference in &linked.references {
            let row = own.published.rates.newest(&reference.code);
            let now = row.map_or(String::new(), |row| format!(" ({} %, {}, {})", row.rate, row.from, row.sure));
            match reference.months_max {
                Some(months) => {
                    zh.push(format!("{months} 个月以内按 {}{now}", reference.code));
                    en.push(format!("up to {months} months {}{now}", reference.code));
                }
                None => {
                    zh.push(format!("其他期限按 {}{now}", reference.code));
                    en.push(format!("otherwise {}{now}", reference.code));
                }
            }
        }
        let spreads: Vec<String> = linked
            .spreads
            .iter()
            .map(|(rating, ppm)| {
                let sign = if *ppm < 0 { "-" } else { "+" };
                let spread = percent(ppm.abs());
                rating.as_ref().map_or(format!("{sign}{spread}"), |rating| format!("{rating} {sign}{spread}"))
            })
            .collect();
        let (reset_zh, reset_en) = match linked.reset {
            RateReset::Fixed => ("合同期内不变".to_owned(), "fixed for the contract".to_owned()),
            RateReset::FirstOfJanuary => ("每年1月1日重定价".to_owned(), "set anew every 1 January".to_owned()),
            RateReset::EveryMonths(n) => (format!("每 {n} 个月重定价"), format!("set anew every {n} months")),
        };
        let spreads = spreads.join(", ");
        let zh = format!("{}；加点 {spreads} 个百分点；{reset_zh}", zh.join("，"));
        let en = format!("{}; plus {spreads} points; {reset_en}", en.join(", "));
        return Line("年利率", "rate a year", zh, en);
    }
    let prices = match &product.pricing {
        Pricing::One(rate) => format!("{rate} %"),
        Pricing::ByRating(grid) => {
            let prices: Vec<String> = grid.iter().map(|(rating, rate)| format!("{rating} {rate} %")).collect();
            prices.join(", ")
        }
    };
    Line("年利率", "rate a year", prices.clone(), prices)
}

fn method(product: &Product) -> Line {
    let every = product.spacing.every();
    let (zh, en) = (product.method.name_zh(), product.method.as_str());
    if product.method.is_in_instalments() {
        let (unit_zh, unit_en) = match product.spacing.span() {
            Span::Days => ("天", "days"),
            Span::Weeks => ("周", "weeks"),
            Span::Months => ("个月", "months"),
            Span::Quarters => ("个季度", "quarters"),
        };
        let apart = if every == 1 { unit_en.trim_end_matches('s').to_owned() } else { format!("{every} {unit_en}") };
        return Line("还款方式", "repaid", format!("{zh}，每 {every} {unit_zh}一期"), format!("{en}, every {apart}"));
    }
    Line("还款方式", "repaid", zh.to_owned(), en.to_owned())
}

fn interest(product: &Product) -> Vec<Line> {
    let count = product.day_count.as_str();
    let (zh, en) = match product.basis {
        InterestBasis::Twelfth => {
            (format!("按期计息；逾期按 {count} 计日"), format!("by periods; what is late by {count}"))
        }
        InterestBasis::Daily => (format!("按日计息，{count}"), format!("by days, {count}")),
    };
    let mut lines = vec![Line("计息", "interest", zh, en)];
    lines.extend(product.settlement.map(|settlement| {
        let day = settlement.day;
        let (zh, en) = match settlement.cycle {
            SettlementCycle::Month => (format!("每月 {day} 日结息"), format!("on the {day}th of every month")),
            SettlementCycle::Quarter => {
                (format!("每季末月 {day} 日结息"), format!("on the {day}th of the last month of a quarter"))
            }
        };
        Line("结息日", "settled", zh + "，次日扣收，利随本清", en + ", due the day after, the last with the principal")
    }));
    lines
}

fn paid_out(payout: &PayoutRule, product: &Product) -> Line {
    let (mut zh, mut en) = match payout.mode {
        PayoutMode::SelfPay => ("自主支付".to_owned(), "to the borrower".to_owned()),
        PayoutMode::Entrusted => ("受托支付".to_owned(), "to the payee for the borrower".to_owned()),
        PayoutMode::ByAmount => {
            let from = format!("{} {}", format_minor(payout.entrusted_from_fen), product.currency);
            (format!("{from} 以上受托支付，以下自主支付"), format!("to the payee from {from} on, else to the borrower"))
        }
    };
    if payout.evidence_days > 0 {
        zh.push_str(&format!("；自主支付 {} 天内交用途凭证", payout.evidence_days));
        en.push_str(&format!("; what the borrower pays himself is shown within {} days", payout.evidence_days));
    }
    Line("支付方式", "paid out", zh, en)
}

fn conditions(conditions: &Conditions) -> Line {
    let (mut zh, mut en) = match conditions.spouse {
        SpouseRule::NotAsked => (vec!["不要求配偶签字".to_owned()], vec!["nothing is asked of the spouse".to_owned()]),
        SpouseRule::Consents => (vec!["配偶知情同意".to_owned()], vec!["the spouse consents".to_owned()]),
        SpouseRule::Signs => (vec!["配偶共同签字".to_owned()], vec!["the spouse signs as co-borrower".to_owned()]),
    };
    match &conditions.guarantee {
        None => {
            zh.push("不要求担保".to_owned());
            en.push("no guarantee".to_owned());
        }
        Some(rule) => {
            let (need_zh, need_en) = match rule.need {
                GuaranteeNeed::Optional => ("可有担保", "a guarantee if there is one"),
                GuaranteeNeed::Required => ("须有担保", "a guarantee is required"),
            };
            let (form_zh, form_en) = match rule.form {
                GuaranteeForm::General => ("一般保证", "general"),
                GuaranteeForm::JointAndSeveral => ("连带责任保证", "joint and several"),
            };
            zh.push(format!("{need_zh}（{form_zh}，期间 {} 个月）", rule.period_months));
            en.push(format!("{need_en} ({form_en}, for {} months)", rule.period_months));
        }
    }
    if !conditions.evidence.is_empty() {
        zh.push(format!("放款前交：{}", conditions.evidence.join("、")));
        en.push(format!("before it is paid out: {}", conditions.evidence.join(", ")));
    }
    if let Some(insurance) = &conditions.insurance {
        zh.push(format!("须有保险 {insurance}，保费计入成本"));
        en.push(format!("insured by {insurance}, whose premium is in the cost"));
    }
    if conditions.on_event == EventRule::MayDefer {
        zh.push("受灾可延期还本".to_owned());
        en.push("principal may be deferred after a declared event".to_owned());
    }
    Line("办理条件", "conditions", zh.join("；"), en.join("; "))
}

fn fee(fee: &Fee) -> Line {
    let amount = match fee.amount {
        FeeAmount::Flat(fen) => format_minor(fen),
        FeeAmount::Ppm(ppm) => format!("{} %", percent(ppm)),
    };
    let (when_zh, when_en) = match fee.when {
        FeeWhen::Disbursement => ("放款时", "at disbursement"),
        FeeWhen::FirstInstalment => ("随第一期", "with the first instalment"),
        FeeWhen::EachInstalment => ("随每期", "with every instalment"),
        FeeWhen::OnDate => ("在约定日", "on a date"),
        FeeWhen::Overdue => ("逾期后", "only when an instalment is overdue"),
    };
    let (payer, collector) = (fee.payer.as_deref().unwrap_or("borrower"), &fee.collector);
    Line(
        "费用",
        "fee",
        format!("{} {amount}，{when_zh}；{payer} → {collector}", fee.name_zh),
        format!("{} {amount}, {when_en}; {payer} to {collector}", fee.name_en),
    )
}

fn early(rule: Option<&PrepaymentRule>) -> Line {
    let Some(rule) = rule else {
        return Line("提前还款", "paid early", "随时可以，不收费".to_owned(), "at any time, at no cost".to_owned());
    };
    let (mut zh, mut en) = match rule.allowed {
        Prepaying::No => ("不可以，先到的钱等到期".to_owned(), "not at all: money waits for its due date".to_owned()),
        Prepaying::Whole => ("只能全部提前还清".to_owned(), "only as a whole".to_owned()),
        Prepaying::WholeOrPart => ("全部或部分".to_owned(), "as a whole or in part".to_owned()),
    };
    let strategies =
        |words: fn(&PrepayStrategy) -> &'static str| rule.strategies.iter().map(words).collect::<Vec<_>>().join(" / ");
    if !rule.strategies.is_empty() {
        zh.push_str(&format!("，部分还款后：{}", strategies(strategy_zh)));
        en.push_str(&format!(", a part: {}", strategies(strategy_en)));
    }
    if rule.notice_days > 0 {
        zh.push_str(&format!("，提前 {} 天告知", rule.notice_days));
        en.push_str(&format!(", with {} days of notice", rule.notice_days));
    }
    let fee = rule.fee.map(|fee| match fee {
        FeeAmount::Flat(fen) => format_minor(fen),
        FeeAmount::Ppm(ppm) => format!("{} %", percent(ppm)),
    });
    match fee {
        Some(fee) => {
            zh.push_str(&format!("，收费 {fee}"));
            en.push_str(&format!(", for {fee} of what is paid early"));
        }
        None => {
            zh.push_str("，不收费");
            en.push_str(", at no cost");
        }
    }
    Line("提前还款", "paid early", zh, en)
}

fn strategy_zh(strategy: &PrepayStrategy) -> &'static str {
    match strategy {
        PrepayStrategy::ReduceInstalment => "减少每期金额",
        PrepayStrategy::ReduceTerm => "缩短期限",
        PrepayStrategy::NextInstalment => "抵最近一期",
        PrepayStrategy::LastInstalment => "抵最后一期",
    }
}

fn strategy_en(strategy: &PrepayStrategy) -> &'static str {
    match strategy {
        PrepayStrategy::ReduceInstalment => "smaller instalments",
        PrepayStrategy::ReduceTerm => "fewer instalments",
        PrepayStrategy::NextInstalment => "the next instalments",
        PrepayStrategy::LastInstalment => "the last instalments",
    }
}

fn late(product: &Product) -> Line {
    let uplift = percent(product.penalty_uplift_ppm);
    let (compound_zh, compound_en) = match product.compound {
        Compound::None => ("不计复利", "no compound interest"),
        Compound::ContractThenPenalty => {
            ("欠息计复利", "compound interest on unpaid interest, at the penalty rate once the loan is over its end")
        }
    };
    let grace = product.grace_days;
    let mut zh = format!("罚息加收 {uplift}%，宽限 {grace} 天，{compound_zh}");
    let mut en = format!("{uplift} % over the contract rate, {grace} days of grace, {compound_en}");
    if let Some(misuse) = product.misuse_uplift_ppm {
        zh.push_str(&format!("；挪用加收 {}%", percent(misuse)));
        en.push_str(&format!("; {} % over it where the money is misused", percent(misuse)));
    }
    if let Some(days) = product.non_accrual_days {
        zh.push_str(&format!("；逾期超过 {days} 天停止计入收入"));
        en.push_str(&format!("; no income after {days} days past due"));
    }
    Line("逾期", "late", zh, en)
}
