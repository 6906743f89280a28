//! The institution that runs the platform: its licence, its currency, its subjects.

use basics::Currency;
use door::app::Refusal;
use ledger::{Chart, ChartError, SubjectCode};

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
            Licence::MicroLoanCompany => act != "transfer",
            Licence::GuaranteeCompany | Licence::TechnologyOperator => {
                matches!(act, "enrol" | "bury" | "erase" | "close_day")
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
    /// Interest receivable 应收利息.
    pub interest_receivable: SubjectCode,
    /// Interest income 利息收入.
    pub interest_income: SubjectCode,
    /// Penalty interest income 罚息收入.
    pub penalty_income: SubjectCode,
    /// Fee income 手续费收入.
    pub fee_income: SubjectCode,
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
            interest_receivable: code("interest_receivable")?,
            interest_income: code("interest_income")?,
            penalty_income: code("penalty_income")?,
            fee_income: code("fee_income")?,
        })
    }
}
