//! The posting table: what happens to loans, and between which subjects it is booked.
//!
//! A movement is a whole amount of one kind, such as interest that a payment paid. Each line of [`TABLE`] gives its legs,
//! a debit and a credit of the same amount, so that nothing can be booked that does not balance; a negative amount
//! swaps the sides. A [`Sheet`] adds movements up and nets them by subject, so that many loans make one entry.

use std::collections::BTreeMap;

use door::Fault;
use ledger::{Chart, ChartError, Line, SubAccount, SubjectCode};
use loan::Component;

use crate::institution::Licence;

door::text_enum! {
    /// What a subject is for, as the chart of accounts names it.
    pub enum Role {
        /// Loan principal 贷款本金, with the loan as sub-account.
        LoanPrincipal = "loan_principal",
        /// Principal of statement lines 消费额度本金, with the line as sub-account.
        LinePrincipal = "line_principal",
        /// Payable to merchants 应付商户款, with the merchant as sub-account.
        MerchantPayable = "merchant_payable",
        /// Household wallets 客户钱包存款, with the household as sub-account.
        Wallet = "wallet",
        /// Loan payments received ahead 预收还款.
        LoanCredit = "loan_credit",
        /// Interest accrued, not due 应计利息.
        InterestAccrued = "interest_accrued",
        /// Interest due and unpaid 应收利息.
        InterestReceivable = "interest_receivable",
        /// Penalty and compound interest unpaid 应收罚息及复利.
        PenaltyReceivable = "penalty_receivable",
        /// Fees due and unpaid 应收费用.
        FeeReceivable = "fee_receivable",
        /// Loan loss allowance 贷款损失准备.
        LoanAllowance = "loan_allowance",
        /// Interest income 利息收入.
        InterestIncome = "interest_income",
        /// Penalty interest income 罚息收入.
        PenaltyIncome = "penalty_income",
        /// Fee income 手续费收入.
        FeeIncome = "fee_income",
        /// Credit impairment loss 信用减值损失.
        ImpairmentLoss = "impairment_loss",
        /// Concessions to borrowers 善意减让支出.
        Concession = "concession",
        /// Rounding differences 尾差.
        Rounding = "rounding",
        /// Profit of the year 本年利润.
        ProfitOfYear = "profit_of_year",
        /// Undistributed profit 未分配利润: where the profit of a year goes when the year has ended.
        UndistributedProfit = "undistributed_profit",
        /// General risk reserve 一般风险准备.
        GeneralReserve = "general_reserve",
        /// Off-balance interest accrued, not due 表外应计利息.
        OffAccrued = "off_accrued",
        /// Off-balance interest receivable 表外应收未收利息.
        OffInterest = "off_interest",
        /// Off-balance penalty and compound interest 表外应收罚息及复利.
        OffPenalty = "off_penalty",
        /// Claims written off and kept 账销案存.
        WrittenOffClaims = "written_off_claims",
        /// Off-balance contra 表外对转.
        OffContra = "off_contra",
    }
}

door::text_enum! {
    /// What happens to loans, as far as the books care. `off` is of loans in non-accrual.
    pub enum Movement {
        /// Principal paid out to the wallet.
        Disbursed = "disbursed",
        /// Money came in from the wallet.
        Received = "received",
        /// Money ahead of its time went back.
        Refunded = "refunded",
        /// Granted by courtesy: it pays as money does, and none came.
        Goodwill = "goodwill",
        /// A fee was given back as if it had been paid.
        AdjustedFee = "adjusted_fee",
        /// A penalty for a breach was given back as if it had been paid.
        AdjustedPenalty = "adjusted_penalty",
        /// Interest was earned.
        Earned = "earned",
        /// Interest of loans in non-accrual ran on.
        EarnedOff = "earned_off",
        /// Interest fell due.
        DueInterest = "due_interest",
        /// Interest of loans in non-accrual fell due.
        DueInterestOff = "due_interest_off",
        /// A fee fell due.
        DueFee = "due_fee",
        /// Penalty or compound interest ran up.
        RanUp = "ran_up",
        /// Penalty or compound interest of loans in non-accrual ran up.
        RanUpOff = "ran_up_off",
        /// Fractions of a minor unit came together to a whole one.
        Rounded = "rounded",
        /// Money paid principal.
        PaidPrincipal = "paid_principal",
        /// Money paid interest.
        PaidInterest = "paid_interest",
        /// Money paid interest of loans in non-accrual: income when received.
        PaidInterestOff = "paid_interest_off",
        /// Money paid a fee.
        PaidFee = "paid_fee",
        /// Money paid penalty or compound interest.
        PaidPenalty = "paid_penalty",
        /// Money paid penalty or compound interest of loans in non-accrual: income when received.
        PaidPenaltyOff = "paid_penalty_off",
        /// Interest was let off.
        WaivedInterest = "waived_interest",
        /// Interest of loans in non-accrual was let off.
        WaivedInterestOff = "waived_interest_off",
        /// A fee was let off.
        WaivedFee = "waived_fee",
        /// Penalty or compound interest was let off.
        WaivedPenalty = "waived_penalty",
        /// Penalty or compound interest of loans in non-accrual was let off.
        WaivedPenaltyOff = "waived_penalty_off",
        /// Unpaid interest left income and the balance sheet: non-accrual begins; negative: it ends.
        ToOffInterest = "to_off_interest",
        /// Unpaid penalty and compound interest left income and the balance sheet; negative: they return.
        ToOffPenalty = "to_off_penalty",
        /// The allowance was raised; negative: lowered.
        Provided = "provided",
        /// The general risk reserve was raised from profit.
        Reserved = "reserved",
        /// Principal was written off; the claim lives on off balance.
        WrittenOff = "written_off",
        /// Bought at a merchant on a line.
        Bought = "bought",
        /// Goods went back to a merchant, the money to the line.
        ReturnedGoods = "returned_goods",
        /// Cash drawn on a line to the wallet.
        DrawnOnLine = "drawn_on_line",
        /// Money paid principal of a line.
        PaidLinePrincipal = "paid_line_principal",
        /// Principal of a line was written off; the claim lives on off balance.
        WrittenOffLine = "written_off_line",
        /// Money came for a claim that was written off.
        Recovered = "recovered",
    }
}

/// The posting table: of each movement its legs, debit and credit.
pub const TABLE: &[(Movement, &[(Role, Role)])] = &[
    (Movement::Disbursed, &[(Role::LoanPrincipal, Role::Wallet)]),
    (Movement::Received, &[(Role::Wallet, Role::LoanCredit)]),
    (Movement::Refunded, &[(Role::LoanCredit, Role::Wallet)]),
    (Movement::Goodwill, &[(Role::Concession, Role::LoanCredit)]),
    (Movement::AdjustedFee, &[(Role::FeeIncome, Role::LoanCredit)]),
    (Movement::AdjustedPenalty, &[(Role::PenaltyIncome, Role::LoanCredit)]),
    (Movement::Earned, &[(Role::InterestAccrued, Role::InterestIncome)]),
    (Movement::EarnedOff, &[(Role::OffAccrued, Role::OffContra)]),
    (Movement::DueInterest, &[(Role::InterestReceivable, Role::InterestAccrued)]),
    (Movement::DueInterestOff, &[(Role::OffInterest, Role::OffAccrued)]),
    (Movement::DueFee, &[(Role::FeeReceivable, Role::FeeIncome)]),
    (Movement::RanUp, &[(Role::PenaltyReceivable, Role::PenaltyIncome)]),
    (Movement::RanUpOff, &[(Role::OffPenalty, Role::OffContra)]),
    (Movement::Rounded, &[(Role::InterestAccrued, Role::Rounding)]),
    (Movement::PaidPrincipal, &[(Role::LoanCredit, Role::LoanPrincipal)]),
    (Movement::PaidInterest, &[(Role::LoanCredit, Role::InterestReceivable)]),
    (Movement::PaidInterestOff, &[(Role::LoanCredit, Role::InterestIncome), (Role::OffContra, Role::OffInterest)]),
    (Movement::PaidFee, &[(Role::LoanCredit, Role::FeeReceivable)]),
    (Movement::PaidPenalty, &[(Role::LoanCredit, Role::PenaltyReceivable)]),
    (Movement::PaidPenaltyOff, &[(Role::LoanCredit, Role::PenaltyIncome), (Role::OffContra, Role::OffPenalty)]),
    (Movement::WaivedInterest, &[(Role::InterestIncome, Role::InterestReceivable)]),
    (Movement::WaivedInterestOff, &[(Role::OffContra, Role::OffInterest)]),
    (Movement::WaivedFee, &[(Role::FeeIncome, Role::FeeReceivable)]),
    (Movement::WaivedPenalty, &[(Role::PenaltyIncome, Role::PenaltyReceivable)]),
    (Movement::WaivedPenaltyOff, &[(Role::OffContra, Role::OffPenalty)]),
    (
        Movement::ToOffInterest,
        &[(Role::InterestIncome, Role::InterestReceivable), (Role::OffInterest, Role::OffContra)],
    ),
    (Movement::ToOffPenalty, &[(Role::PenaltyIncome, Role::PenaltyReceivable), (Role::OffPenalty, Role::OffContra)]),
    (Movement::Provided, &[(Role::ImpairmentLoss, Role::LoanAllowance)]),
    (Movement::Reserved, &[(Role::ProfitOfYear, Role::GeneralReserve)]),
    (Movement::WrittenOff, &[(Role::LoanAllowance, Role::LoanPrincipal), (Role::WrittenOffClaims, Role::OffContra)]),
    (Movement::Bought, &[(Role::LinePrincipal, Role::MerchantPayable)]),
    (Movement::ReturnedGoods, &[(Role::MerchantPayable, Role::LoanCredit)]),
    (Movement::DrawnOnLine, &[(Role::LinePrincipal, Role::Wallet)]),
    (Movement::PaidLinePrincipal, &[(Role::LoanCredit, Role::LinePrincipal)]),
    (
        Movement::WrittenOffLine,
        &[(Role::LoanAllowance, Role::LinePrincipal), (Role::WrittenOffClaims, Role::OffContra)],
    ),
    (Movement::Recovered, &[(Role::LoanCredit, Role::LoanAllowance), (Role::OffContra, Role::WrittenOffClaims)]),
];

impl Role {
    /// Whether a chart may do without it: what only lines need, and where the profit of a year goes when it has ended.
    pub fn is_optional(self) -> bool {
        self.is_of_lines() || self == Role::UndistributedProfit
    }

    /// Whether only statement lines need it: an institution without them has no such subject.
    pub fn is_of_lines(self) -> bool {
        matches!(self, Role::LinePrincipal | Role::MerchantPayable)
    }
}

impl Movement {
    /// Its legs, debit and credit.
    pub fn legs(self) -> &'static [(Role, Role)] {
        TABLE.iter().find(|(movement, _)| *movement == self).map_or(&[], |(_, legs)| legs)
    }

    /// What fell due, or ran up, of a component. Principal falls due without an entry: it is owed all along.
    pub fn due(component: Component, accruing: bool) -> Option<Movement> {
        match (component, accruing) {
            (Component::Principal, _) => None,
            (Component::Interest, true) => Some(Movement::DueInterest),
            (Component::Interest, false) => Some(Movement::DueInterestOff),
            (Component::Fee, _) => Some(Movement::DueFee),
            (Component::Penalty | Component::Compound, true) => Some(Movement::RanUp),
            (Component::Penalty | Component::Compound, false) => Some(Movement::RanUpOff),
        }
    }

    /// What money paid of a component.
    pub fn paid(component: Component, accruing: bool) -> Movement {
        match (component, accruing) {
            (Component::Principal, _) => Movement::PaidPrincipal,
            (Component::Interest, true) => Movement::PaidInterest,
            (Component::Interest, false) => Movement::PaidInterestOff,
            (Component::Fee, _) => Movement::PaidFee,
            (Component::Penalty | Component::Compound, true) => Movement::PaidPenalty,
            (Component::Penalty | Component::Compound, false) => Movement::PaidPenaltyOff,
        }
    }

    /// What was let off of a component. Principal is written off, never let off.
    pub fn waived(component: Component, accruing: bool) -> Option<Movement> {
        match (component, accruing) {
            (Component::Principal, _) => None,
            (Component::Interest, true) => Some(Movement::WaivedInterest),
            (Component::Interest, false) => Some(Movement::WaivedInterestOff),
            (Component::Fee, _) => Some(Movement::WaivedFee),
            (Component::Penalty | Component::Compound, true) => Some(Movement::WaivedPenalty),
            (Component::Penalty | Component::Compound, false) => Some(Movement::WaivedPenaltyOff),
        }
    }
}

/// The subject of every role, found in a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSubjects(BTreeMap<Role, SubjectCode>);

impl RoleSubjects {
    /// Finds every role; of those that a chart may do without, the ones that are there. Errors name the role a chart lacks.
    ///
    /// Where no deposits may be taken, wallets are a memorandum account under other payables.
    pub fn of(chart: &Chart, licence: Licence) -> Result<RoleSubjects, ChartError> {
        let in_chart = |role: Role| match role {
            Role::Wallet if licence == Licence::MicroLoanCompany => "payable",
            other => other.as_str(),
        };
        let in_use = |role: &&Role| !role.is_optional() || chart.role(role.as_str()).is_ok();
        let found = Role::ALL.iter().filter(in_use).map(|role| Ok((*role, chart.role(in_chart(*role))?.code)));
        found.collect::<Result<_, _>>().map(RoleSubjects)
    }

    /// Whether the chart has a subject for a role: the optional ones it may lack.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains_key(&role)
    }

    /// The subject of a role.
    pub fn code(&self, role: Role) -> SubjectCode {
        self.0.get(&role).copied().unwrap_or(SubjectCode(0))
    }

    /// The role of a subject, if it has one.
    pub fn role(&self, code: SubjectCode) -> Option<Role> {
        self.0.iter().find(|(_, subject)| **subject == code).map(|(role, _)| *role)
    }

    /// All of them.
    pub fn codes(&self) -> impl Iterator<Item = SubjectCode> {
        self.0.values().copied()
    }
}

/// The sub-accounts of a movement: of the principal, of the household's wallet, of a merchant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accounts {
    /// The loan or the line.
    pub loan: Option<SubAccount>,
    /// The wallet.
    pub wallet: Option<SubAccount>,
    /// The merchant.
    pub merchant: Option<SubAccount>,
}

/// Movements added up to the lines of one entry.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    net: BTreeMap<(Role, Option<SubAccount>), i128>,
}

impl Sheet {
    /// Adds a movement.
    pub fn post(&mut self, movement: Movement, amount_minor: i64, accounts: Accounts) {
        if amount_minor == 0 {
            return;
        }
        let account = |role: Role| match role {
            Role::LoanPrincipal | Role::LinePrincipal => accounts.loan,
            Role::MerchantPayable => accounts.merchant,
            Role::Wallet => accounts.wallet,
            _ => None,
        };
        for (debit, credit) in movement.legs() {
            *self.net.entry((*debit, account(*debit))).or_default() += i128::from(amount_minor);
            *self.net.entry((*credit, account(*credit))).or_default() -= i128::from(amount_minor);
        }
    }

    /// The net amount of a role over all its sub-accounts, debit positive.
    pub fn net(&self, role: Role) -> i128 {
        self.net.iter().filter(|((other, _), _)| *other == role).map(|(_, amount)| amount).sum()
    }

    /// The lines, by subject, without what comes to nothing. Errors if an amount does not fit.
    pub fn lines(&self, subjects: &RoleSubjects) -> Result<Vec<Line>, Fault> {
        self.net
            .iter()
            .filter(|(_, amount)| **amount != 0)
            .map(|((role, sub), amount)| {
                let amount_minor = i64::try_from(*amount)
                    .map_err(|_| Fault::Broken("the amount of an entry does not fit 64 bits".to_owned()))?;
                Ok(Line { subject: subjects.code(*role), sub: *sub, amount_minor })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use basics::{Currency, Date, Id};
    use proptest::prelude::*;

    fn subjects() -> RoleSubjects {
        let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
        RoleSubjects::of(&chart, Licence::RuralBank).unwrap()
    }

    #[test]
    fn every_movement_has_its_line() {
        for movement in Movement::ALL {
            let lines = TABLE.iter().filter(|(other, _)| other == movement).count();
            assert_eq!(lines, 1, "{}", movement.as_str());
            assert!(movement.legs().iter().all(|(debit, credit)| debit != credit));
        }
    }

    #[test]
    fn off_balance_subjects_meet_only_each_other() {
        let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
        let is_memo = |role: Role| chart.role(role.as_str()).unwrap().kind == ledger::SubjectKind::Memo;
        for (movement, legs) in TABLE {
            for (debit, credit) in *legs {
                assert_eq!(is_memo(*debit), is_memo(*credit), "{}", movement.as_str());
            }
        }
    }

    #[test]
    fn every_part_of_a_loan_can_fall_due_be_paid_and_be_let_off() {
        for component in Component::ALL {
            for accruing in [true, false] {
                let owed = component == Component::Principal;
                assert_eq!(Movement::due(component, accruing).is_none(), owed);
                assert_eq!(Movement::waived(component, accruing).is_none(), owed);
                // What falls due and is paid leaves nothing behind on the balance sheet but the money.
                let mut sheet = Sheet::default();
                if let Some(due) = Movement::due(component, accruing) {
                    sheet.post(due, 500, Accounts::default());
                    sheet.post(Movement::paid(component, accruing), 500, Accounts::default());
                    for role in [Role::InterestReceivable, Role::PenaltyReceivable, Role::FeeReceivable] {
                        assert_eq!(sheet.net(role), 0);
                    }
                    for role in [Role::OffInterest, Role::OffPenalty] {
                        assert_eq!(sheet.net(role), 0);
                    }
                    assert_eq!(sheet.net(Role::LoanCredit), 500);
                }
            }
        }
    }

    #[test]
    fn the_table_reads_like_a_lenders() {
        let subjects = subjects();
        let code = |role: &Role| subjects.code(*role).to_string();
        let lines: Vec<String> = TABLE
            .iter()
            .map(|(movement, legs)| {
                let legs: Vec<String> = legs.iter().map(|(d, c)| format!("{} / {}", code(d), code(c))).collect();
                format!("{:<20} {}", movement.as_str(), legs.join("   "))
            })
            .collect();
        let shown = "\
disbursed            1303 / 2011
received             2011 / 2012
refunded             2012 / 2011
goodwill             6711 / 2012
adjusted_fee         6021 / 2012
adjusted_penalty     6012 / 2012
earned               1133 / 6011
earned_off           7001 / 7999
due_interest         1132 / 1133
due_interest_off     7002 / 7001
due_fee              1135 / 6021
ran_up               1134 / 6012
ran_up_off           7003 / 7999
rounded              1133 / 6603
paid_principal       2012 / 1303
paid_interest        2012 / 1132
paid_interest_off    2012 / 6011   7999 / 7002
paid_fee             2012 / 1135
paid_penalty         2012 / 1134
paid_penalty_off     2012 / 6012   7999 / 7003
waived_interest      6011 / 1132
waived_interest_off  7999 / 7002
waived_fee           6021 / 1135
waived_penalty       6012 / 1134
waived_penalty_off   7999 / 7003
to_off_interest      6011 / 1132   7002 / 7999
to_off_penalty       6012 / 1134   7003 / 7999
provided             6702 / 1304
reserved             4103 / 4102
written_off          1304 / 1303   7004 / 7999
bought               1305 / 2242
returned_goods       2242 / 2012
drawn_on_line        1305 / 2011
paid_line_principal  2012 / 1305
written_off_line     1304 / 1305   7004 / 7999
recovered            2012 / 1304   7999 / 7004";
        assert_eq!(lines.join("\n"), shown);
    }

    proptest! {
        #[test]
        fn whatever_is_posted_balances(posted in prop::collection::vec((0..Movement::ALL.len(), -9_000i64..9_000), 1..40)) {
            let mut sheet = Sheet::default();
            for (place, amount) in posted {
                let owner = Id::from_u128(amount.unsigned_abs().into());
                let loan = Some(SubAccount { book: 2, owner, id: owner });
                sheet.post(Movement::ALL[place], amount, Accounts { loan, ..Accounts::default() });
            }
            let lines = sheet.lines(&subjects()).unwrap();
            prop_assert!(lines.is_empty() || ledger::Entry::new(Date::default(), Currency::CNY, lines).is_ok());
        }
    }
}
