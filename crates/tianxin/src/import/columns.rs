//! The columns of a table of loans, declared once: the reader goes by them, and the template says what they mean.

/// A column of the table of loans.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Whether every row fills it.
    pub required: bool,
    /// What it means, in Chinese and English.
    pub means: &'static str,
}

const fn must(name: &'static str, means: &'static str) -> Column {
    Column { name, required: true, means }
}

const fn may(name: &'static str, means: &'static str) -> Column {
    Column { name, required: false, means }
}

/// The columns, in the order of the template.
pub const LOANS: &[Column] = &[
    must("number", "借据号 note number in the old book; once in the file"),
    must("resident_id", "身份证号 resident id of the borrower"),
    must("name", "姓名 name of the borrower"),
    may("phone", "手机号 mobile phone"),
    must("village", "村 village"),
    must(
        "product",
        "产品代码 code of the product here that it goes on under: penalty, grace, order of payment are the product's",
    ),
    must("rate", "年利率% contract rate a year, percent, such as 9.60"),
    may("penalty_rate", "罚息年利率% rate a year on overdue principal; by the product's uplift if empty"),
    must("lent", "放款金额 what was paid out"),
    must("lent_on", "放款日 when, as 2025-03-18"),
    must(
        "plan",
        "还款方式 how what is not due is repaid: at-end, equal-principal, equal-instalments, or rows as 2026-12-20=5000.00;2027-06-20=3000.00",
    ),
    may("next_due", "下次还款日 next due date after the last day; empty if everything is due"),
    may("maturity", "到期日 last due date; with a plan that is not rows"),
    may("every_months", "还款间隔(月) months between due dates; 1 if empty"),
    must("principal", "本金余额 principal not paid, due or not"),
    may("accrued", "应计利息 interest accrued by the end of the last day, not due"),
    may("overdue_since", "最早欠款日 due date of the oldest instalment that is not met"),
    may("overdue_principal", "逾期本金 principal due and unpaid, part of principal"),
    may("overdue_interest", "应收利息 interest due and unpaid"),
    may("penalty", "应收罚息 penalty run up"),
    may("compound", "应收复利 compound interest run up"),
    may("fees", "应收费用 fees due and unpaid"),
    may(
        "off_balance",
        "表外利息 what of accrued, overdue_interest, penalty and compound is carried off balance: all or nothing",
    ),
    may("days_past_due", "逾期天数 days past due; checked against overdue_since"),
    must("class", "五级分类 class by its code, such as normal"),
    may("provision", "已提准备 what is set aside for it"),
    may("written_off", "已核销 yes for a claim that was written off and is kept"),
    may("wallet", "钱包余额 what the household's wallet holds; with one of its loans"),
    may("guarantor", "保证人 name of who stands for it"),
    may("guarantor_id", "保证人证件号 resident id of who stands for it"),
];

/// An empty table, with what each column means in lines that the reader passes over.
pub fn template() -> String {
    let mut text = String::from(
        "# 存量贷款 loans as they stood at the end of the old book's last day. Amounts as 1234.56. Lines that begin with # are passed over.\n",
    );
    for column in LOANS {
        let need = if column.required { "必填 required" } else { "可空 may be empty" };
        text.push_str(&format!("# {}: {} ({need})\n", column.name, column.means));
    }
    let names: Vec<&str> = LOANS.iter().map(|column| column.name).collect();
    text.push_str(&names.join(","));
    text.push('\n');
    text
}
