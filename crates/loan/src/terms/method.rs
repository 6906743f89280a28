//! How a loan is repaid: the method, how long it runs, and how its interest is found.

use minicbor::{Decode, Encode};

/// How principal and interest are repaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Method {
    /// Equal sums of principal and interest, one each period 等额本息.
    #[n(0)]
    EqualInstalments,
    /// Principal and interest in one sum at the end 到期一次还本付息.
    #[n(1)]
    Bullet,
    /// Equal principal each period, interest on what is left 等额本金.
    #[n(2)]
    EqualPrincipal,
    /// Interest each period or on settlement days, principal at the end with the last interest 先息后本.
    #[n(3)]
    InterestFirst,
    /// Equal principal, and each period the interest of the whole original principal 等本等息.
    #[n(4)]
    Flat,
    /// Interest by days on what is drawn, settled on settlement days; principal back at any time, at the end
    /// at the latest 随借随还.
    #[n(5)]
    Revolving,
    /// Principal in shares on the days when harvests bring income 按生产周期还本.
    #[n(6)]
    Seasonal,
    /// Principal in amounts and on days that the contract lists 约定还款.
    #[n(7)]
    Custom,
    /// A line with a monthly statement 循环账单; its plan is that of what is converted into instalments.
    #[n(8)]
    StatementLine,
}

impl Method {
    /// All methods, in the order of their codes.
    pub const ALL: [Method; 9] = [
        Method::EqualInstalments,
        Method::Bullet,
        Method::EqualPrincipal,
        Method::InterestFirst,
        Method::Flat,
        Method::Revolving,
        Method::Seasonal,
        Method::Custom,
        Method::StatementLine,
    ];

    /// The word of product files: `equal-instalments`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::EqualInstalments => "equal-instalments",
            Method::Bullet => "bullet",
            Method::EqualPrincipal => "equal-principal",
            Method::InterestFirst => "interest-first",
            Method::Flat => "flat",
            Method::Revolving => "revolving",
            Method::Seasonal => "seasonal",
            Method::Custom => "custom",
            Method::StatementLine => "statement-line",
        }
    }

    /// The Chinese name.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Method::EqualInstalments => "等额本息",
            Method::Bullet => "到期一次还本付息",
            Method::EqualPrincipal => "等额本金",
            Method::InterestFirst => "先息后本",
            Method::Flat => "等本等息",
            Method::Revolving => "随借随还",
            Method::Seasonal => "按生产周期还本",
            Method::Custom => "约定还款",
            Method::StatementLine => "循环账单",
        }
    }

    /// Whether principal is repaid in every period alike.
    pub const fn is_in_instalments(self) -> bool {
        matches!(self, Method::EqualInstalments | Method::EqualPrincipal | Method::Flat)
    }
}

/// How long a loan runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Term {
    /// So many months.
    #[n(0)]
    Months(#[n(0)] u16),
    /// So many days.
    #[n(1)]
    Days(#[n(0)] u16),
}

/// How the contract rate becomes the interest of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum InterestBasis {
    /// By whole periods, whatever their length: a twelfth of the annual rate a month, a quarter of it a
    /// quarter, a 52nd a week, a 365th a day. A period that is no whole one is charged by days.
    #[n(0)]
    Twelfth,
    /// By days of the loan's day count.
    #[n(1)]
    Daily,
}

/// Whether unpaid interest itself bears interest 复利.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Compound {
    /// It does not.
    #[n(0)]
    None,
    /// At the contract rate until maturity, at the penalty rate after it.
    #[n(1)]
    ContractThenPenalty,
}
