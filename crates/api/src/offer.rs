//! A quote in figures and words, and the text of a contract made from it.
//!
//! The text is a function of institution, product, application and terms alone, so that what
//! was confirmed can be shown again and its hash compared.

use app::Institution;
use app::assess::Quote;
use basics::Rate;
use basics::merkle::leaf_hash;
use loan::cost::{CostKind, CostTable, percent};
use loan::{Fee, FeeAmount, FeeWhen, Instalment, Method, Product};
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::FeeShown;
use crate::session::hex;
use crate::shown;

/// A quote.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QuoteShown {
    /// The product's code.
    pub product: String,
    /// What is paid out.
    pub amount: String,
    /// The currency.
    pub currency: String,
    /// Percent a year.
    pub rate: String,
    /// The day it would be paid out.
    pub start: String,
    /// The last due date.
    pub maturity: String,
    /// What is due when.
    pub schedule: Vec<RowShown>,
    /// The all-in cost table.
    pub cost: CostShown,
    /// In Chinese, a sentence a line.
    pub words_zh: Vec<String>,
    /// In English.
    pub words_en: Vec<String>,
}

/// A sum due on a date.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RowShown {
    /// From 1; 0 is due at disbursement.
    pub number: u16,
    /// Due date.
    pub due: String,
    /// Principal.
    pub principal: String,
    /// Interest.
    pub interest: String,
    /// Fees.
    pub fee: String,
    /// All together.
    pub total: String,
    /// Principal left once it is paid.
    pub balance_after: String,
}

impl From<&Instalment> for RowShown {
    fn from(row: &Instalment) -> RowShown {
        RowShown {
            number: row.number,
            due: row.due.to_string(),
            principal: shown::amount(row.principal_fen),
            interest: shown::amount(row.interest_fen),
            fee: shown::amount(row.fee_fen),
            total: shown::amount(row.total_fen),
            balance_after: shown::amount(row.balance_after_fen),
        }
    }
}

/// The all-in cost table 综合融资成本明示.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CostShown {
    /// What is paid out.
    pub principal: String,
    /// Every cost in normal performance.
    pub items: Vec<CostItemShown>,
    /// All costs together.
    pub total_cost: String,
    /// Principal and all costs.
    pub total_to_pay: String,
    /// Annualised internal rate, percent.
    pub annualised_percent: String,
    /// Effective annual rate, percent.
    pub effective_percent: String,
    /// What is charged only if it is not paid in time.
    pub on_default: OnDefaultShown,
}

/// One cost.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CostItemShown {
    /// `interest`, or the code of a fee.
    pub kind: String,
    /// In Chinese.
    pub label_zh: String,
    /// In English.
    pub label_en: String,
    /// What it comes to over the whole term.
    pub amount: String,
    /// `borrower`.
    pub payer: &'static str,
    /// `lender`, or the code of a partner.
    pub collector: String,
}

/// Costs on default.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OnDefaultShown {
    /// Percent a year, on overdue principal.
    pub penalty_rate: String,
    /// Days after a due date that cost nothing.
    pub grace_days: u16,
    /// Penalty on the whole principal for one day.
    pub per_day_example: String,
}

/// A contract's text in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractText {
    /// In Chinese, which binds.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl ContractText {
    /// The text that is confirmed.
    pub fn whole(&self) -> String {
        format!("{}\n\n{}", self.zh, self.en)
    }

    /// The hash that a signature names.
    pub fn hash(&self) -> [u8; 32] {
        leaf_hash(self.whole().as_bytes())
    }

    /// The same in hexadecimal digits.
    pub fn hash_hex(&self) -> String {
        hex(&self.hash())
    }
}

/// A fee as it is shown.
pub fn fee_shown(fee: &Fee) -> FeeShown {
    let (amount, share) = match fee.amount {
        FeeAmount::Flat(fen) => (Some(shown::amount(fen)), None),
        FeeAmount::Ppm(ppm) => (None, Some(percent(ppm))),
    };
    FeeShown {
        code: fee.code.clone(),
        label_zh: fee.name_zh.clone(),
        label_en: fee.name_en.clone(),
        when: match fee.when {
            FeeWhen::Disbursement => "disbursement",
            FeeWhen::FirstInstalment => "first_instalment",
            FeeWhen::EachInstalment => "each_instalment",
            FeeWhen::OnDate => "on_date",
            FeeWhen::Overdue => "overdue",
        },
        amount,
        percent: share,
        collector: fee.collector.clone(),
    }
}

/// A quote as it is shown.
pub fn quote_shown(product: &Product, quote: &Quote) -> QuoteShown {
    QuoteShown {
        product: product.code.clone(),
        amount: shown::amount(quote.terms.principal.minor()),
        currency: quote.terms.principal.currency().to_string(),
        rate: shown::percent(quote.terms.rate),
        start: quote.terms.start.to_string(),
        maturity: quote.schedule.maturity().to_string(),
        schedule: quote.schedule.rows.iter().map(RowShown::from).collect(),
        cost: cost_shown(&quote.cost),
        words_zh: words_zh(quote),
        words_en: words_en(quote),
    }
}

fn cost_shown(cost: &CostTable) -> CostShown {
    let items = cost.items.iter().map(|item| {
        let (kind, label_zh, label_en) = match &item.kind {
            CostKind::Interest => ("interest".to_owned(), "利息".to_owned(), "Interest".to_owned()),
            CostKind::Fee { code, name_zh, name_en, .. } => (code.clone(), name_zh.clone(), name_en.clone()),
        };
        let amount = shown::amount(item.amount_fen);
        CostItemShown { kind, label_zh, label_en, amount, payer: "borrower", collector: item.collector.clone() }
    });
    CostShown {
        principal: shown::amount(cost.principal_fen),
        items: items.collect(),
        total_cost: shown::amount(cost.total_cost_fen),
        total_to_pay: shown::amount(cost.total_to_pay_fen),
        annualised_percent: percent(cost.annualised_ppm),
        effective_percent: percent(cost.effective_ppm),
        on_default: OnDefaultShown {
            penalty_rate: shown::percent(cost.on_default.penalty_rate),
            grace_days: cost.on_default.grace_days,
            per_day_example: shown::amount(cost.on_default.penalty_per_day_fen),
        },
    }
}

/// A rate as people speak of it: per 100 a year.
fn per_cent(rate: Rate) -> String {
    shown::percent(rate)
}

fn words_zh(quote: &Quote) -> Vec<String> {
    let (terms, cost) = (&quote.terms, &quote.cost);
    let instalments: Vec<&Instalment> = quote.schedule.rows.iter().filter(|row| row.number > 0).collect();
    let mut words = vec![format!(
        "您借 {} 元，{} 到账，最晚 {} 还清。",
        shown::amount(cost.principal_fen),
        terms.start,
        quote.schedule.maturity()
    )];
    words.push(match (terms.method, instalments.first(), instalments.last()) {
        (Method::EqualInstalments, Some(first), Some(last)) => format!(
            "分 {} 期还，每期 {} 元，第一期 {} 还，最后一期 {} 元。",
            instalments.len(),
            shown::amount(first.total_fen),
            first.due,
            shown::amount(last.total_fen)
        ),
        (_, _, Some(last)) => format!("{} 一次还清，共 {} 元。", last.due, shown::amount(last.total_fen)),
        _ => String::new(),
    });
    words.push(format!(
        "年利率 {}%，各项成本一共 {} 元，全部要还 {} 元。",
        per_cent(terms.rate),
        shown::amount(cost.total_cost_fen),
        shown::amount(cost.total_to_pay_fen)
    ));
    words.push(format!("把所有费用都算上，年化综合成本是 {}%。除此之外不收任何费用。", percent(cost.annualised_ppm)));
    words.push(format!(
        "到期没还的本金按年利率 {}% 计罚息，例如全部本金逾期，一天约 {} 元；宽限期 {} 天。",
        per_cent(cost.on_default.penalty_rate),
        shown::amount(cost.on_default.penalty_per_day_fen),
        cost.on_default.grace_days
    ));
    words.push("随时可以提前还清，利息只算到还清那天，不收违约金。".to_owned());
    words.retain(|line| !line.is_empty());
    words
}

fn words_en(quote: &Quote) -> Vec<String> {
    let (terms, cost) = (&quote.terms, &quote.cost);
    let instalments: Vec<&Instalment> = quote.schedule.rows.iter().filter(|row| row.number > 0).collect();
    let mut words = vec![format!(
        "You borrow {}, paid to you on {}, to be paid back by {}.",
        terms.principal,
        terms.start,
        quote.schedule.maturity()
    )];
    words.push(match (terms.method, instalments.first(), instalments.last()) {
        (Method::EqualInstalments, Some(first), Some(last)) => format!(
            "You pay {} instalments of {}, the first on {}, the last {}.",
            instalments.len(),
            shown::amount(first.total_fen),
            first.due,
            shown::amount(last.total_fen)
        ),
        (_, _, Some(last)) => format!("You pay {} in one sum on {}.", shown::amount(last.total_fen), last.due),
        _ => String::new(),
    });
    words.push(format!(
        "The rate is {}% a year; all costs together are {}, and you pay back {} in all.",
        per_cent(terms.rate),
        shown::amount(cost.total_cost_fen),
        shown::amount(cost.total_to_pay_fen)
    ));
    words.push(format!(
        "With everything counted it costs {}% a year. Nothing else is charged.",
        percent(cost.annualised_ppm)
    ));
    words.push(format!(
        "Principal that is not paid in time costs {}% a year: about {} a day if all of it is late; {} days of grace.",
        per_cent(cost.on_default.penalty_rate),
        shown::amount(cost.on_default.penalty_per_day_fen),
        cost.on_default.grace_days
    ));
    words.push("You may pay it back early at any time: interest stops that day, and there is no charge.".to_owned());
    words.retain(|line| !line.is_empty());
    words
}

/// The text of the contract on an approved application.
pub fn contract_text(
    institution: &Institution,
    product: &Product,
    application: &str,
    purpose: &str,
    quote: &Quote,
) -> ContractText {
    let rows = |head: &str| {
        let mut table = vec![head.to_owned()];
        table.extend(quote.schedule.rows.iter().map(|row| {
            let parts = [row.principal_fen, row.interest_fen, row.fee_fen, row.total_fen].map(shown::amount);
            format!("{}  {}  {}", row.number, row.due, parts.join("  "))
        }));
        table.join("\n")
    };
    let costs = |label: fn(&CostItemShown) -> &str| {
        let lines: Vec<String> =
            cost_shown(&quote.cost).items.iter().map(|item| format!("{}  {}", label(item), item.amount)).collect();
        lines.join("\n")
    };
    let product_ref = &quote.terms.product;
    let zh = format!(
        "借款合同\n\n贷款人：{}\n申请编号：{application}\n产品：{}（{} 第 {} 版）\n用途：{purpose}\n\n{}\n\n综合融资成本\n{}\n\n还款计划\n{}",
        institution.name,
        product.name_zh,
        product_ref.code,
        product_ref.version,
        words_zh(quote).join("\n"),
        costs(|item| &item.label_zh),
        rows("期数  到期日  本金  利息  费用  合计"),
    );
    let en = format!(
        "Loan contract\n\nLender: {}\nApplication: {application}\nProduct: {} ({} version {})\nUse: {purpose}\n\n{}\n\nAll-in cost\n{}\n\nSchedule\n{}",
        institution.name,
        product.name_en,
        product_ref.code,
        product_ref.version,
        words_en(quote).join("\n"),
        costs(|item| &item.label_en),
        rows("No.  due  principal  interest  fees  total"),
    );
    ContractText { zh, en }
}
