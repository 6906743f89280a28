//! A quote in figures and words, and the text of a contract made from it.
//!
//! The text is a function of institution, product, application and terms alone, so that what
//! was confirmed can be shown again and its hash compared.

use app::Institution;
use app::assess::Quote;
use basics::Rate;
use basics::merkle::leaf_hash;
use loan::cost::{CostKind, CostTable, Payer, percent};
use loan::paper::{Missing, missing, payout_mode};
use loan::terms::Prepaying;
use loan::{Fee, FeeAmount, FeeBase, FeeWhen, GuaranteeForm, Instalment, LoanTerms, Method, PayoutMode, Product};
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
    /// `borrower`, or the code of the partner that pays in his place.
    pub payer: String,
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
    /// Fees on an instalment that stays unpaid.
    pub fees: Vec<DefaultFeeShown>,
}

/// A fee on default, once for each instalment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DefaultFeeShown {
    /// In Chinese.
    pub label_zh: String,
    /// In English.
    pub label_en: String,
    /// Days after the due date on which it falls.
    pub after_days: u16,
    /// How much, if it is a fixed amount.
    pub amount: Option<String>,
    /// Percent of its base, if it is a share.
    pub percent: Option<String>,
    /// What a share is taken of: `principal`, `outstanding`, `instalment` (what is unpaid of it) or `interest`.
    pub of: &'static str,
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
        let payer = match &item.payer {
            Payer::Borrower => "borrower".to_owned(),
            Payer::Partner(code) => code.clone(),
        };
        CostItemShown { kind, label_zh, label_en, amount, payer, collector: item.collector.clone() }
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
            fees: cost.on_default.fees.iter().map(default_fee).collect(),
        },
    }
}

fn default_fee(fee: &Fee) -> DefaultFeeShown {
    let (amount, share) = match fee.amount {
        FeeAmount::Flat(fen) => (Some(shown::amount(fen)), None),
        FeeAmount::Ppm(ppm) => (None, Some(percent(ppm))),
    };
    DefaultFeeShown {
        label_zh: fee.name_zh.clone(),
        label_en: fee.name_en.clone(),
        after_days: fee.after_days,
        amount,
        percent: share,
        of: match fee.base {
            FeeBase::Principal => "principal",
            FeeBase::Outstanding => "outstanding",
            FeeBase::Instalment => "instalment",
            FeeBase::Interest => "interest",
        },
    }
}

/// How much a fee on default is, in Chinese and English.
fn default_fee_words(fee: &Fee) -> (String, String) {
    let (base_zh, base_en) = match fee.base {
        FeeBase::Principal => ("放款本金", "the principal paid out"),
        FeeBase::Outstanding => ("未还本金", "the principal outstanding"),
        FeeBase::Instalment => ("该期未还本息", "what is unpaid of the instalment"),
        FeeBase::Interest => ("该期未还利息", "the unpaid interest of the instalment"),
    };
    match fee.amount {
        FeeAmount::Flat(fen) => (format!("{} 元", shown::amount(fen)), shown::amount(fen)),
        FeeAmount::Ppm(ppm) => (format!("{base_zh}的 {}%", percent(ppm)), format!("{}% of {base_en}", percent(ppm))),
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
    words.push(method_zh(terms.method, &instalments));
    if let Some(at_once) = quote.schedule.rows.first().filter(|row| row.number == 0) {
        words.push(format!("放款当天另付费用 {} 元，不从本金里扣。", shown::amount(at_once.fee_fen)));
    }
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
    for fee in &cost.on_default.fees {
        let (name, amount) = (&fee.name_zh, default_fee_words(fee).0);
        words.push(format!("每期逾期满 {} 天仍未还的，另收一次{name}：{amount}。", fee.after_days));
    }
    words.push(collected_zh(terms).to_owned());
    words.push(early_zh(terms).to_owned());
    words.retain(|line| !line.is_empty());
    words
}

/// How it is repaid, in words. Every method says its own first and last sum.
fn method_zh(method: Method, instalments: &[&Instalment]) -> String {
    let (Some(first), Some(last)) = (instalments.first(), instalments.last()) else { return String::new() };
    let (count, sum) = (instalments.len(), |row: &Instalment| shown::amount(row.total_fen));
    let rows = || {
        let rows: Vec<String> = instalments.iter().map(|row| format!("{} 还 {} 元", row.due, sum(row))).collect();
        rows.join("，")
    };
    let at_end = format!("{} 还本金和剩下的利息，共 {} 元。", last.due, sum(last));
    match method {
        Method::EqualInstalments | Method::Flat => {
            format!("分 {count} 期还，每期 {} 元，第一期 {} 还，最后一期 {} 元。", sum(first), first.due, sum(last))
        }
        Method::EqualPrincipal => format!(
            "分 {count} 期还，本金每期一样，利息越还越少：第一期 {} 还 {} 元，最后一期 {} 元。",
            first.due,
            sum(first),
            sum(last)
        ),
        Method::InterestFirst if count > 1 => {
            format!("先还利息，第一次 {} 还 {} 元；{at_end}", first.due, sum(first))
        }
        Method::Revolving if count > 1 => format!(
            "随借随还，用几天算几天利息；如果一直不还本金，第一次利息 {} 还 {} 元，{at_end}",
            first.due,
            sum(first)
        ),
        Method::Seasonal if count > 1 => format!("跟着收成还：{}。", rows()),
        Method::Custom if count > 1 => format!("按约定的日子还：{}。", rows()),
        _ => format!("{} 一次还清，共 {} 元。", last.due, sum(last)),
    }
}

/// The same in English.
fn method_en(method: Method, instalments: &[&Instalment]) -> String {
    let (Some(first), Some(last)) = (instalments.first(), instalments.last()) else { return String::new() };
    let (count, sum) = (instalments.len(), |row: &Instalment| shown::amount(row.total_fen));
    let rows = || {
        let rows: Vec<String> = instalments.iter().map(|row| format!("{} on {}", sum(row), row.due)).collect();
        rows.join(", ")
    };
    let at_end = format!("the principal with the last interest, {} in all, on {}.", sum(last), last.due);
    match method {
        Method::EqualInstalments | Method::Flat => format!(
            "You pay {count} instalments of {}, the first on {}, the last {}.",
            sum(first),
            first.due,
            sum(last)
        ),
        Method::EqualPrincipal => format!(
            "You pay {count} instalments with the same principal and less interest each time: {} on {}, the last {}.",
            sum(first),
            first.due,
            sum(last)
        ),
        Method::InterestFirst if count > 1 => {
            format!("You pay interest first, {} on {}, and {at_end}", sum(first), first.due)
        }
        Method::Revolving if count > 1 => format!(
            "You may pay back at any time, and interest is by the day; if you pay no principal, the first interest is {} on {}, and {at_end}",
            sum(first),
            first.due
        ),
        Method::Seasonal if count > 1 => format!("You pay with the harvests: {}.", rows()),
        Method::Custom if count > 1 => format!("You pay on the days agreed: {}.", rows()),
        _ => format!("You pay {} in one sum on {}.", sum(last), last.due),
    }
}

/// Whether what is due is taken from the wallet.
fn collected_zh(terms: &LoanTerms) -> &'static str {
    if !terms.collected {
        return "";
    }
    "到期应还的钱，我们在到期日日终从您的钱包里自动扣；不够的先扣有的，其余之后再扣。不扣您钱包以外的钱。"
}

/// The same in English.
fn collected_en(terms: &LoanTerms) -> &'static str {
    if !terms.collected {
        return "";
    }
    "What falls due is taken from your wallet at the end of the due day; if there is less, what is there is taken, and the rest \
     later. Nothing but your wallet is touched."
}

/// What may be paid early. Nothing is charged for it unless the contract says so.
fn early_zh(terms: &LoanTerms) -> &'static str {
    match terms.prepayment.as_ref().map(|rule| (rule.allowed, rule.fee.is_some())) {
        Some((Prepaying::No, _)) => "不能提前还；早存进来的钱等到期再还。",
        Some((_, true)) => "可以提前还，利息只算到还那天，另按合同收提前还款费用。",
        _ => "随时可以提前还清，利息只算到还清那天，不收违约金。",
    }
}

/// The same in English.
fn early_en(terms: &LoanTerms) -> &'static str {
    match terms.prepayment.as_ref().map(|rule| (rule.allowed, rule.fee.is_some())) {
        Some((Prepaying::No, _)) => "It cannot be paid back early; money that comes early waits for the due date.",
        Some((_, true)) => {
            "You may pay it back early: interest stops that day, and the contract's charge for it is due."
        }
        _ => "You may pay it back early at any time: interest stops that day, and there is no charge.",
    }
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
    words.push(method_en(terms.method, &instalments));
    if let Some(at_once) = quote.schedule.rows.first().filter(|row| row.number == 0) {
        words.push(format!(
            "On the day of payment you also pay fees of {}; they are not taken from the principal.",
            shown::amount(at_once.fee_fen)
        ));
    }
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
    for fee in &cost.on_default.fees {
        let (name, amount) = (&fee.name_en, default_fee_words(fee).1);
        words.push(format!(
            "An instalment unpaid {} days after its due date costs, once, {name}: {amount}.",
            fee.after_days
        ));
    }
    words.push(collected_en(terms).to_owned());
    words.push(early_en(terms).to_owned());
    words.retain(|line| !line.is_empty());
    words
}

/// What has to be there before the money is paid out, and what is shown afterwards.
fn conditions_zh(terms: &LoanTerms) -> Vec<String> {
    let mut words = Vec::new();
    let open: Vec<String> = missing(terms, &[]).iter().map(Missing::zh).collect();
    if !open.is_empty() {
        words.push(format!("放款前须办齐：{}。", open.join("；")));
    }
    if let Some(rule) = terms.conditions.as_ref().and_then(|conditions| conditions.guarantee) {
        let form = match rule.form {
            GuaranteeForm::General => "一般保证",
            GuaranteeForm::JointAndSeveral => "连带责任保证",
        };
        words.push(format!("如有保证人：{form}，保证期间为到期日起 {} 个月。", rule.period_months));
    }
    match (payout_mode(terms), terms.payout) {
        (PayoutMode::Entrusted, _) => {
            words.push(
                "本笔贷款受托支付：钱直接付给合同指定的收款人；付不到退回来的，由本机构先冻结，两人复核后再处理。"
                    .to_owned(),
            );
        }
        (_, Some(rule)) if rule.evidence_days > 0 => {
            words.push(format!("本笔贷款自主支付：放款后 {} 天内交用途凭证。", rule.evidence_days));
        }
        _ => {}
    }
    words
}

/// The same in English.
fn conditions_en(terms: &LoanTerms) -> Vec<String> {
    let mut words = Vec::new();
    let open: Vec<String> = missing(terms, &[]).iter().map(Missing::to_string).collect();
    if !open.is_empty() {
        words.push(format!("Before it is paid out: {}.", open.join("; ")));
    }
    if let Some(rule) = terms.conditions.as_ref().and_then(|conditions| conditions.guarantee) {
        let form = match rule.form {
            GuaranteeForm::General => "general",
            GuaranteeForm::JointAndSeveral => "joint and several",
        };
        words.push(format!("If there is a guarantor: {form}, for {} months from the due date.", rule.period_months));
    }
    match (payout_mode(terms), terms.payout) {
        (PayoutMode::Entrusted, _) => {
            words.push("The money goes straight to the payee that the contract names; if it comes back, it is held until two people of the office have decided.".to_owned());
        }
        (_, Some(rule)) if rule.evidence_days > 0 => words.push(format!(
            "You pay with it yourself, and show within {} days what it was spent on.",
            rule.evidence_days
        )),
        _ => {}
    }
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
        [words_zh(quote), conditions_zh(&quote.terms)].concat().join("\n"),
        costs(|item| &item.label_zh),
        rows("期数  到期日  本金  利息  费用  合计"),
    );
    let en = format!(
        "Loan contract\n\nLender: {}\nApplication: {application}\nProduct: {} ({} version {})\nUse: {purpose}\n\n{}\n\nAll-in cost\n{}\n\nSchedule\n{}",
        institution.name,
        product.name_en,
        product_ref.code,
        product_ref.version,
        [words_en(quote), conditions_en(&quote.terms)].concat().join("\n"),
        costs(|item| &item.label_en),
        rows("No.  due  principal  interest  fees  total"),
    );
    ContractText { zh, en }
}
