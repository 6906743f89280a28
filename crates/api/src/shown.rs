//! How figures and facts are written for programs and people: one place for all routes.

use app::tables::EntryKind;
use basics::Rate;
use basics::money::format_minor;
use policy::decision::Reason;
use serde::Serialize;
use utoipa::ToSchema;

/// A reason in words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReasonShown {
    /// Code of the rule, limit or feature.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// What would help, in Chinese, where there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help_zh: Option<String>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help_en: Option<String>,
}

impl From<&Reason> for ReasonShown {
    fn from(reason: &Reason) -> ReasonShown {
        ReasonShown {
            code: reason.code.clone(),
            zh: reason.zh.clone(),
            en: reason.en.clone(),
            help_zh: reason.help.as_ref().map(|help| help.zh.clone()),
            help_en: reason.help.as_ref().map(|help| help.en.clone()),
        }
    }
}

/// An amount in major units.
pub fn amount(minor: i64) -> String {
    format_minor(minor)
}

/// A yearly rate in percent.
pub fn percent(rate: Rate) -> String {
    loan::cost::percent(rate.ppm())
}

/// A number given in millionths, as a decimal.
pub fn millionths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let (whole, part) = (value.unsigned_abs() / 1_000_000, value.unsigned_abs() % 1_000_000);
    let text = format!("{sign}{whole}.{part:06}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short.is_empty() || short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// What an entry is called in Chinese.
pub const fn entry_zh(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::TopUp => "存入",
        EntryKind::Withdrawal => "取出",
        EntryKind::Transfer => "转账",
        EntryKind::TransferOut => "转出",
        EntryKind::TransferIn => "转入",
        EntryKind::Capital => "实收资本",
        EntryKind::QuotaOut => "头寸拨出",
        EntryKind::QuotaIn => "头寸拨入",
        EntryKind::Reversal => "冲正",
        EntryKind::Disbursement => "放款",
        EntryKind::EntrustedPayout => "受托支付",
        EntryKind::Repayment => "还款",
        EntryKind::LoanService => "贷款事项",
        EntryKind::LoanRenewal => "以新贷还旧贷",
        EntryKind::LinePurchase => "额度消费",
        EntryKind::LineRefund => "额度退货",
        EntryKind::LinePayment => "额度还款",
        EntryKind::MerchantPayment => "商户结算",
        EntryKind::LineStatement => "额度息费",
        EntryKind::LineChange => "额度变更",
        EntryKind::LoanDues => "贷款到期结转",
        EntryKind::Collection => "到期自动扣款",
        EntryKind::Accrual => "计提利息",
        EntryKind::Correction => "倒起息更正",
        EntryKind::Provision => "计提准备",
        EntryKind::YearClose => "损益结转",
        EntryKind::ContractChange => "还款计划变更",
        EntryKind::TakeOver => "存量迁移期初",
        EntryKind::CashIn => "现金存入",
        EntryKind::CashOut => "现金支取",
        EntryKind::CashMove => "现金调拨",
        EntryKind::CashDifference => "出纳长短款",
    }
}

/// What an entry is called in English.
pub const fn entry_en(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::TopUp => "Paid in",
        EntryKind::Withdrawal => "Paid out",
        EntryKind::Transfer => "Transfer",
        EntryKind::TransferOut => "Transfer sent",
        EntryKind::TransferIn => "Transfer received",
        EntryKind::Capital => "Capital paid in",
        EntryKind::QuotaOut => "Share of the bank balance sent",
        EntryKind::QuotaIn => "Share of the bank balance received",
        EntryKind::Reversal => "Reversal",
        EntryKind::Disbursement => "Loan paid out",
        EntryKind::EntrustedPayout => "Paid to the payee for the borrower",
        EntryKind::Repayment => "Loan payment",
        EntryKind::LoanService => "Act on a loan",
        EntryKind::LoanRenewal => "An older loan paid off with a new one",
        EntryKind::LinePurchase => "Purchase on a line",
        EntryKind::LineRefund => "Refund on a line",
        EntryKind::LinePayment => "Line payment",
        EntryKind::MerchantPayment => "Paid to a merchant",
        EntryKind::LineStatement => "Interest and fees of a line",
        EntryKind::LineChange => "Change of a line",
        EntryKind::LoanDues => "Loan dues",
        EntryKind::Collection => "Collected on the due date",
        EntryKind::Accrual => "Interest of the day",
        EntryKind::Correction => "Correction of a closed day",
        EntryKind::Provision => "Loan loss allowance",
        EntryKind::YearClose => "Into the profit of the year",
        EntryKind::ContractChange => "Change of the repayment plan",
        EntryKind::TakeOver => "Opening balances of a book taken over",
        EntryKind::CashIn => "Cash paid in",
        EntryKind::CashOut => "Cash paid out",
        EntryKind::CashMove => "Cash moved",
        EntryKind::CashDifference => "Cash too much or too little",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millionths_read_as_decimals() {
        let cases = [(0, "0"), (1, "0.000001"), (-500_000, "-0.5"), (12_000_000, "12"), (100_000_000, "100")];
        for (value, text) in cases {
            assert_eq!(millionths(value), text);
        }
    }
}
