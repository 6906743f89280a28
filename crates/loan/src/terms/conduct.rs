//! What the contract asks of its parties, and what it allows: price resets, prepayment, payment mode, guarantees.

use basics::{Date, Rate};
use minicbor::{Decode, Encode};

use crate::FeeAmount;

/// A rate that follows a published one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct RateRule {
    /// The published rate, by the code it has in the table of reference rates: `LPR-1Y`.
    #[n(0)]
    pub reference: String,
    /// What is added to it, ppm; less than nothing is a discount.
    #[n(1)]
    pub spread_ppm: i64,
    /// When the contract rate is set anew.
    #[n(2)]
    pub reset: RateReset,
}

/// When a rate that follows a published one is set anew 重定价.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum RateReset {
    /// Never: fixed for the contract.
    #[n(0)]
    Fixed,
    /// Every 1 January.
    #[n(1)]
    FirstOfJanuary,
    /// Every so many months from disbursement.
    #[n(2)]
    EveryMonths(#[n(0)] u16),
}

impl RateReset {
    /// The first reset after `date` of a loan disbursed on `start`; `None` if there is none.
    pub fn next_after(self, start: Date, date: Date) -> Option<Date> {
        match self {
            RateReset::Fixed => None,
            RateReset::FirstOfJanuary => Date::ymd(date.year() + 1, 1, 1).ok(),
            RateReset::EveryMonths(0) => None,
            RateReset::EveryMonths(every) => {
                let months = |d: Date| 12 * i32::from(d.year()) + i32::from(d.month());
                let every = i32::from(every);
                let passed = (months(date) - months(start)).max(0) / every;
                (passed.max(1)..=passed + 1).filter_map(|k| start.add_months(k * every).ok()).find(|day| *day > date)
            }
        }
    }
}

/// What may be paid back before it is due.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct PrepaymentRule {
    /// Whether the whole, or also a part.
    #[n(0)]
    pub allowed: Prepaying,
    /// Days of notice.
    #[n(1)]
    pub notice_days: u16,
    /// What it costs, on the principal paid ahead of its time; `None` is nothing.
    #[n(2)]
    pub fee: Option<FeeAmount>,
    /// What a part may do to the plan, the first where the borrower does not choose.
    #[n(3)]
    pub strategies: Vec<PrepayStrategy>,
}

/// How much may be paid back before it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Prepaying {
    /// Nothing: money ahead of its time waits as a credit balance.
    #[n(0)]
    No,
    /// The whole loan only.
    #[n(1)]
    Whole,
    /// The whole or a part.
    #[n(2)]
    WholeOrPart,
}

/// What principal paid ahead of its time does to the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum PrepayStrategy {
    /// The same number of instalments, each smaller 减少月供.
    #[n(0)]
    ReduceInstalment,
    /// The same instalment, fewer of them 缩短期限.
    #[n(1)]
    ReduceTerm,
    /// It pays the next instalments.
    #[n(2)]
    NextInstalment,
    /// It pays the last instalments.
    #[n(3)]
    LastInstalment,
}

/// Who receives the money that is lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct PayoutRule {
    /// The mode.
    #[n(0)]
    pub mode: PayoutMode,
    /// For a mode by amount: entrusted from this amount on, minor units.
    #[n(1)]
    pub entrusted_from_fen: i64,
    /// Days within which the use of self-paid money is shown.
    #[n(2)]
    pub evidence_days: u16,
}

/// How loan money is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum PayoutMode {
    /// To the borrower, who pays with it 自主支付.
    #[n(0)]
    SelfPay,
    /// To the payee for the borrower 受托支付.
    #[n(1)]
    Entrusted,
    /// Self-paid below an amount, entrusted from there on.
    #[n(2)]
    ByAmount,
}

impl PayoutRule {
    /// The mode of one drawdown.
    pub fn mode_of(&self, amount_fen: i64) -> PayoutMode {
        match self.mode {
            PayoutMode::ByAmount if amount_fen >= self.entrusted_from_fen => PayoutMode::Entrusted,
            PayoutMode::ByAmount => PayoutMode::SelfPay,
            mode => mode,
        }
    }
}

/// What must hold for the loan, beside being paid back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Conditions {
    /// What is asked of the spouse.
    #[n(0)]
    pub spouse: SpouseRule,
    /// The guarantee, where there is or may be one.
    #[n(1)]
    pub guarantee: Option<GuaranteeRule>,
    /// Codes of the documents that are attached before the money is paid.
    #[n(2)]
    pub evidence: Vec<String>,
    /// Code of the insurance the loan depends on, whose premium is among the fees.
    #[n(3)]
    pub insurance: Option<String>,
    /// What a declared event does to the plan.
    #[n(4)]
    pub on_event: EventRule,
    /// Rate a year on principal that is misused, in the place of the contract rate.
    #[n(5)]
    pub misuse_rate: Option<Rate>,
}

/// What is asked of the borrower's spouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum SpouseRule {
    /// Nothing.
    #[n(0)]
    NotAsked,
    /// Is told and consents 知情同意.
    #[n(1)]
    Consents,
    /// Signs as co-borrower 共同借款.
    #[n(2)]
    Signs,
}

/// A guarantee as the contract asks for it; form and period are always explicit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct GuaranteeRule {
    /// Whether there must be one.
    #[n(0)]
    pub need: GuaranteeNeed,
    /// Its form.
    #[n(1)]
    pub form: GuaranteeForm,
    /// Months after the due date within which the guarantor can be called on 保证期间.
    #[n(2)]
    pub period_months: u16,
}

/// Whether there must be a guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum GuaranteeNeed {
    /// There may be.
    #[n(0)]
    Optional,
    /// There must be.
    #[n(1)]
    Required,
}

/// The form of a guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum GuaranteeForm {
    /// After the debtor's means are exhausted 一般保证.
    #[n(0)]
    General,
    /// As the debtor 连带责任保证.
    #[n(1)]
    JointAndSeveral,
}

/// What a declared event, such as a flood, does to the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum EventRule {
    /// Nothing by itself.
    #[n(0)]
    Nothing,
    /// Principal may be deferred 延期还本.
    #[n(1)]
    MayDefer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets_come_round() {
        let d = |text| Date::parse(text).unwrap();
        let start = d("2026-01-31");
        let cases = [
            (RateReset::Fixed, "2026-02-01", None),
            (RateReset::FirstOfJanuary, "2026-12-31", Some("2027-01-01")),
            (RateReset::FirstOfJanuary, "2027-01-01", Some("2028-01-01")),
            (RateReset::EveryMonths(12), "2026-02-01", Some("2027-01-31")),
            (RateReset::EveryMonths(12), "2027-01-31", Some("2028-01-31")),
            (RateReset::EveryMonths(1), "2026-02-27", Some("2026-02-28")),
            (RateReset::EveryMonths(1), "2026-02-28", Some("2026-03-31")),
        ];
        for (reset, date, next) in cases {
            assert_eq!(reset.next_after(start, d(date)), next.map(d), "{reset:?} {date}");
        }
    }

    #[test]
    fn the_amount_decides_who_is_paid() {
        let rule = PayoutRule { mode: PayoutMode::ByAmount, entrusted_from_fen: 50_000_000, evidence_days: 30 };
        assert_eq!(rule.mode_of(49_999_999), PayoutMode::SelfPay);
        assert_eq!(rule.mode_of(50_000_000), PayoutMode::Entrusted);
    }
}
