//! The institution that runs the platform: its licence, its currency, its subjects.

use basics::{Currency, Date};
use door::app::Refusal;
use ledger::{Chart, ChartError, SubjectCode};
use loan::LoanError;
use loan::rules::{RulePack, Rules};

use crate::posting::RoleSubjects;

door::text_enum! {
    /// What the institution is licensed to do.
    pub enum Licence {
        /// Rural bank or credit co-operative: takes deposits, lends, transfers.
        RuralBank = "rural_bank",
        /// Micro-loan company: lends, holds no deposits; its wallet is a memo account beside a bank rail.
        MicroLoanCompany = "micro_loan_company",
        /// Guarantee company: guarantees, lends nothing.
        GuaranteeCompany = "guarantee_company",
        /// Technology operator: books nothing.
        TechnologyOperator = "technology_operator",
    }
}

/// Settings of the institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Institution {
    /// Its name, as on contracts.
    pub name: String,
    /// Its licence.
    pub licence: Licence,
    /// The currency of its books.
    pub currency: Currency,
    /// Its business time zone, minutes ahead of UTC (480 in China).
    pub zone_minutes: i32,
}

impl Institution {
    /// A rural bank in China.
    pub fn rural_bank(name: &str) -> Institution {
        Institution { name: name.to_owned(), licence: Licence::RuralBank, currency: Currency::CNY, zone_minutes: 480 }
    }

    /// Refuses what the licence does not allow.
    pub fn check_licence(&self, act: &str) -> Result<(), Refusal> {
        let allowed = match self.licence {
            Licence::RuralBank => true,
            // It takes no deposits, so it neither moves money between wallets nor pays merchants for what others bought, and
            // takes cash only to repay a loan with.
            Licence::MicroLoanCompany => !matches!(
                act,
                "transfer" | "reserve_transfer" | "pay_code" | "register_merchant" | "buy_on_line" | "take_cash"
            ),
            Licence::GuaranteeCompany | Licence::TechnologyOperator => {
                matches!(act, "enrol" | "bury" | "erase" | "close_day" | "note_close" | "follow_up")
            }
        };
        if allowed {
            return Ok(());
        }
        let licence = self.licence.as_str();
        Err(Refusal::new("not_licensed", format!("a {licence} may not do `{act}`: its licence does not cover it")))
    }
}

/// The subjects that the platform books, found in the chart by role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subjects {
    /// Bank balance 银行存款.
    pub bank: SubjectCode,
    /// Household wallets; a memo account under other payables where no deposits may be taken.
    pub wallet: SubjectCode,
    /// Clearing between cells 清算资金往来.
    pub clearing: SubjectCode,
    /// Paid-in capital 实收资本.
    pub capital: SubjectCode,
    /// Loan principal 贷款本金.
    pub loan_principal: SubjectCode,
    /// What the posting table books, by role.
    pub roles: RoleSubjects,
    /// Cash; none where the chart has no such subjects, and nobody works with cash.
    pub cash: Option<CashSubjects>,
}

/// The subjects of cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashSubjects {
    /// Cash on hand 库存现金: drawers and vault.
    pub cash: SubjectCode,
    /// Too much was counted, and nobody has said yet what it is 待处理出纳长款.
    pub over: SubjectCode,
    /// Too little was counted, and nobody has said yet what it is 待处理出纳短款.
    pub short: SubjectCode,
    /// Where the institution keeps what was too much 营业外收入.
    pub gain: SubjectCode,
    /// Where the institution bears what was too little 营业外支出.
    pub loss: SubjectCode,
}

impl CashSubjects {
    /// Their roles in a chart.
    pub const ROLES: [&str; 5] = ["cash", "cash_over", "cash_short", "other_income", "other_loss"];

    fn of(chart: &Chart) -> Option<CashSubjects> {
        let [cash, over, short, gain, loss] =
            CashSubjects::ROLES.map(|role| chart.role(role).ok().map(|subject| subject.code));
        Some(CashSubjects { cash: cash?, over: over?, short: short?, gain: gain?, loss: loss? })
    }
}

impl Subjects {
    /// Finds every role the platform books. Errors name the role a chart lacks.
    pub fn of(chart: &Chart, licence: Licence) -> Result<Subjects, ChartError> {
        let code = |role: &str| chart.role(role).map(|subject| subject.code);
        Ok(Subjects {
            bank: code("bank")?,
            wallet: code(if licence == Licence::MicroLoanCompany { "payable" } else { "wallet" })?,
            clearing: code("clearing")?,
            capital: code("capital")?,
            loan_principal: code("loan_principal")?,
            roles: RoleSubjects::of(chart, licence)?,
            cash: CashSubjects::of(chart),
        })
    }
}

/// Why an institution cannot be set up.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SetUpError {
    /// The chart of accounts lacks what is needed.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The rule pack lacks what is needed.
    #[error(transparent)]
    Rules(#[from] LoanError),
}

/// A rule pack's figures by the day from which they hold, ready to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedRules(Vec<(Date, Rules)>);

impl DatedRules {
    /// Every set of figures a pack ever has. Errors if it is never complete.
    pub fn of(pack: &RulePack) -> Result<DatedRules, LoanError> {
        let mut days: Vec<Date> = pack.figures.iter().map(|figure| figure.from).collect();
        days.sort_unstable();
        days.dedup();
        let complete = days.iter().filter_map(|day| pack.on(*day).ok().map(|rules| (*day, rules))).collect();
        let all = DatedRules(complete);
        match (all.0.is_empty(), days.last()) {
            (false, _) => Ok(all),
            (true, Some(last)) => Err(pack.on(*last).err().unwrap_or(LoanError::Rules(pack.code.clone()))),
            (true, None) => Err(LoanError::Rules(format!("rule pack `{}` has no figures", pack.code))),
        }
    }

    /// The figures that hold on a date; before the first complete set, that one.
    pub fn on(&self, date: Date) -> Result<&Rules, LoanError> {
        let holds = self.0.iter().rev().find(|(from, _)| *from <= date).or_else(|| self.0.first());
        holds.map(|(_, rules)| rules).ok_or_else(|| LoanError::Rules("a rule pack without figures".to_owned()))
    }
}
