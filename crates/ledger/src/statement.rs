//! What the balances of a ledger say of a day: trial balance, balance sheet, income statement.
//!
//! Each is a pure function of the chart of accounts and of what was booked on every subject over a period. A statement that does
//! not add up is not shown: it is an error that names the difference.

use std::collections::BTreeMap;

use basics::Date;

use crate::{Chart, Subject, SubjectCode, SubjectKind};

/// What was booked on one subject over a period, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnover {
    /// The balance before its first day (期初余额); debit positive.
    pub opening_minor: i64,
    /// Debits (借方发生额); never negative.
    pub debit_minor: i64,
    /// Credits (贷方发生额); never negative.
    pub credit_minor: i64,
    /// What of debits less credits carried income and expense into the profit of a year (损益结转).
    pub carried_minor: i64,
}

impl Turnover {
    /// The balance after the last day (期末余额), debit positive; none if it does not fit 64 bits.
    ///
    /// ```
    /// use ledger::Turnover;
    /// let bank = Turnover { opening_minor: 100, debit_minor: 50, credit_minor: 30, carried_minor: 0 };
    /// assert_eq!(bank.closing_minor(), Some(120));
    /// ```
    pub fn closing_minor(&self) -> Option<i64> {
        self.opening_minor.checked_add(self.debit_minor)?.checked_sub(self.credit_minor)
    }

    /// The same with what was booked in another cell or on another day: openings add up too. None if a sum does not fit 64 bits.
    pub fn with(&self, other: &Turnover) -> Option<Turnover> {
        Some(Turnover {
            opening_minor: self.opening_minor.checked_add(other.opening_minor)?,
            debit_minor: self.debit_minor.checked_add(other.debit_minor)?,
            credit_minor: self.credit_minor.checked_add(other.credit_minor)?,
            carried_minor: self.carried_minor.checked_add(other.carried_minor)?,
        })
    }
}

/// What was booked on every subject.
pub type Turnovers = BTreeMap<SubjectCode, Turnover>;

/// Why there is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Something is booked on a subject that the chart does not have.
    #[error("{0} is booked on, and the chart of accounts `{1}` has no such subject: add it again")]
    UnknownSubject(SubjectCode, String),
    /// Two sides differ.
    #[error("{what} differ by {difference_minor} minor units: run `audit verify`")]
    Unbalanced {
        /// Which sides.
        what: &'static str,
        /// By how much.
        difference_minor: i128,
    },
    /// A figure does not fit 64 bits.
    #[error("a figure of subject {0} does not fit 64 bits")]
    Overflow(SubjectCode),
}

/// A subject's line of a trial balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialLine {
    /// The subject.
    pub subject: Subject,
    /// Its opening balance and turnover.
    pub turnover: Turnover,
    /// Its closing balance in minor units; debit positive.
    pub closing_minor: i64,
}

/// A trial balance (试算平衡表): opening balances, turnover and closing balances of all subjects that were ever booked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// The lines, by code.
    pub lines: Vec<TrialLine>,
}

/// A line of a balance sheet or an income statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The subject; none for a figure that is no subject's balance.
    pub subject: Option<SubjectCode>,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Minor units, seen from the section's natural side.
    pub amount_minor: i64,
}

/// A section of a statement, with its sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The lines, by code.
    pub lines: Vec<StatementLine>,
    /// Their sum in minor units.
    pub total_minor: i64,
}

/// A balance sheet (资产负债表) at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceSheet {
    /// The day.
    pub on: Date,
    /// Assets; a common subject stands here while its balance is a debit.
    pub assets: Section,
    /// Liabilities; a common subject stands here while its balance is a credit.
    pub liabilities: Section,
    /// Equity, with the profit that is not yet carried.
    pub equity: Section,
    /// Off balance, without the contra subjects: debit balances only.
    pub memo: Section,
}

/// An income statement (利润表) of a period, as it was before income and expense were carried into the profit of a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomeStatement {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Income.
    pub income: Section,
    /// Expense.
    pub expense: Section,
    /// Income less expense in minor units.
    pub profit_minor: i64,
}

impl TrialBalance {
    /// The trial balance of a period. Errors unless openings, turnover and closings balance, and for a subject that the chart lacks.
    pub fn of(chart: &Chart, from: Date, to: Date, turnovers: &Turnovers) -> Result<TrialBalance, StatementError> {
        let mut lines = Vec::with_capacity(turnovers.len());
        for (code, turnover) in turnovers {
            let unknown = || StatementError::UnknownSubject(*code, chart.name.clone());
            let subject = chart.subject(*code).ok_or_else(unknown)?.clone();
            let closing_minor = turnover.closing_minor().ok_or(StatementError::Overflow(*code))?;
            lines.push(TrialLine { subject, turnover: *turnover, closing_minor });
        }
        let sum = |figure: fn(&TrialLine) -> i64| lines.iter().map(|line| i128::from(figure(line))).sum::<i128>();
        balanced("debits and credits of the opening balances", sum(|line| line.turnover.opening_minor))?;
        let turnover = sum(|line| line.turnover.debit_minor) - sum(|line| line.turnover.credit_minor);
        balanced("debits and credits of the period", turnover)?;
        Ok(TrialBalance { from, to, lines })
    }

    /// The balance sheet at the end of the period.
    ///
    /// Errors if assets are not what liabilities and equity are, as where memorandum and balance subjects were mixed in one entry.
    pub fn balance_sheet(&self) -> Result<BalanceSheet, StatementError> {
        let mut sheet = BalanceSheet {
            on: self.to,
            assets: Section::default(),
            liabilities: Section::default(),
            equity: Section::default(),
            memo: Section::default(),
        };
        let mut result = 0i64;
        for line in &self.lines {
            let natural_minor = line.subject.kind.natural(line.closing_minor);
            match line.subject.kind {
                SubjectKind::Asset => sheet.assets.push(&line.subject, natural_minor)?,
                SubjectKind::Liability => sheet.liabilities.push(&line.subject, natural_minor)?,
                SubjectKind::Equity => sheet.equity.push(&line.subject, natural_minor)?,
                SubjectKind::Clearing if line.closing_minor >= 0 => sheet.assets.push(&line.subject, natural_minor)?,
                SubjectKind::Clearing => sheet.liabilities.push(&line.subject, natural_minor.saturating_neg())?,
                SubjectKind::Income | SubjectKind::Expense => {
                    let overflow = StatementError::Overflow(line.subject.code);
                    result = result.checked_sub(line.closing_minor).ok_or(overflow)?;
                }
                SubjectKind::Memo if line.closing_minor > 0 => sheet.memo.push(&line.subject, natural_minor)?,
                SubjectKind::Memo => {}
            }
        }
        if result != 0 {
            let (zh, en) = ("未结转损益".to_owned(), "Profit not yet carried".to_owned());
            sheet.equity.lines.push(StatementLine { subject: None, zh, en, amount_minor: result });
            let overflow = StatementError::Overflow(SubjectCode(0));
            sheet.equity.total_minor = sheet.equity.total_minor.checked_add(result).ok_or(overflow)?;
        }
        let [assets, liabilities, equity] =
            [&sheet.assets, &sheet.liabilities, &sheet.equity].map(|section| i128::from(section.total_minor));
        balanced("assets, and liabilities with equity,", assets - liabilities - equity)?;
        Ok(sheet)
    }

    /// The income statement of the period.
    pub fn income_statement(&self) -> Result<IncomeStatement, StatementError> {
        let (mut income, mut expense) = (Section::default(), Section::default());
        for line in &self.lines {
            let Turnover { debit_minor, credit_minor, carried_minor, .. } = line.turnover;
            let overflow = StatementError::Overflow(line.subject.code);
            let booked = debit_minor.checked_sub(credit_minor).and_then(|net| net.checked_sub(carried_minor));
            let amount_minor = line.subject.kind.natural(booked.ok_or(overflow)?);
            match line.subject.kind {
                SubjectKind::Income => income.push(&line.subject, amount_minor)?,
                SubjectKind::Expense => expense.push(&line.subject, amount_minor)?,
                _ => {}
            }
        }
        let overflow = StatementError::Overflow(SubjectCode(0));
        let profit_minor = income.total_minor.checked_sub(expense.total_minor).ok_or(overflow)?;
        Ok(IncomeStatement { from: self.from, to: self.to, income, expense, profit_minor })
    }
}

impl Section {
    /// Adds a line; a subject on which nothing stands is left out.
    fn push(&mut self, subject: &Subject, amount_minor: i64) -> Result<(), StatementError> {
        if amount_minor == 0 {
            return Ok(());
        }
        let overflow = StatementError::Overflow(subject.code);
        self.total_minor = self.total_minor.checked_add(amount_minor).ok_or(overflow)?;
        let (zh, en) = (subject.zh.clone(), subject.en.clone());
        self.lines.push(StatementLine { subject: Some(subject.code), zh, en, amount_minor });
        Ok(())
    }
}

fn balanced(what: &'static str, difference_minor: i128) -> Result<(), StatementError> {
    if difference_minor == 0 { Ok(()) } else { Err(StatementError::Unbalanced { what, difference_minor }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chart() -> Chart {
        Chart::parse("c.toml", crate::CHART_CN_RURAL).unwrap()
    }

    fn days() -> (Date, Date) {
        (Date::ymd(2026, 1, 1).unwrap(), Date::ymd(2026, 12, 31).unwrap())
    }

    /// Subject, opening, debit, credit, carried.
    fn turnovers(rows: &[(u32, i64, i64, i64, i64)]) -> Turnovers {
        rows.iter()
            .map(|(code, opening_minor, debit_minor, credit_minor, carried_minor)| {
                let turnover = Turnover {
                    opening_minor: *opening_minor,
                    debit_minor: *debit_minor,
                    credit_minor: *credit_minor,
                    carried_minor: *carried_minor,
                };
                (SubjectCode(*code), turnover)
            })
            .collect()
    }

    fn shown(sections: &[(&str, &Section)]) -> String {
        let mut text = String::new();
        for (name, section) in sections {
            text.push_str(&format!("{name} {}\n", section.total_minor));
            for line in &section.lines {
                let code = line.subject.map(|code| code.to_string()).unwrap_or_default();
                text.push_str(&format!("  {code:>4} {} {}\n", line.amount_minor, line.zh));
            }
        }
        text
    }

    /// A year with 1,000 lent, 100 of interest earned and paid into the bank, 30 set aside, 200 written off and kept off balance.
    fn year(carried: bool) -> Turnovers {
        let (income, expense) = if carried { (100, -30) } else { (0, 0) };
        let mut rows = vec![
            (1002, 5_000, 300, 1_000, 0),
            (1303, 0, 1_000, 200, 0),
            (1304, 0, 0, 30, 0),
            (3001, 0, 5, 5, 0),
            (4001, -5_000, 0, 0, 0),
            (6011, 0, income, 100, income),
            (6702, 0, 30, -expense, expense),
            (7004, 0, 200, 0, 0),
            (7999, 0, 0, 200, 0),
        ];
        if carried {
            rows.push((4103, 0, 30, 100, 0));
        }
        turnovers(&rows)
    }

    #[test]
    fn a_year_is_shown_before_and_after_its_profit_is_carried() {
        let (from, to) = days();
        let open = TrialBalance::of(&chart(), from, to, &year(false)).unwrap();
        let sheet = open.balance_sheet().unwrap();
        let sections = [
            ("assets", &sheet.assets),
            ("liabilities", &sheet.liabilities),
            ("equity", &sheet.equity),
            ("memo", &sheet.memo),
        ];
        insta::assert_snapshot!(shown(&sections), @r"
        assets 5070
          1002 4300 银行存款
          1303 800 贷款本金
          1304 -30 贷款损失准备
        liabilities 0
        equity 5070
          4001 5000 实收资本
               70 未结转损益
        memo 200
          7004 200 账销案存资产
        ");
        let income = open.income_statement().unwrap();
        insta::assert_snapshot!(shown(&[("income", &income.income), ("expense", &income.expense)]), @r"
        income 100
          6011 100 利息收入
        expense 30
          6702 30 信用减值损失
        ");
        let carried = TrialBalance::of(&chart(), from, to, &year(true)).unwrap();
        assert_eq!(carried.income_statement().unwrap(), income, "carrying the profit changes no income statement");
        let after = carried.balance_sheet().unwrap();
        assert_eq!((after.assets, after.equity.total_minor), (sheet.assets, sheet.equity.total_minor));
        assert_eq!(after.equity.lines[1].subject, Some(SubjectCode(4103)));
    }

    #[test]
    fn what_does_not_add_up_is_named_and_not_shown() {
        let (from, to) = days();
        let trial = |rows: &[(u32, i64, i64, i64, i64)]| TrialBalance::of(&chart(), from, to, &turnovers(rows));
        let told = |rows: &[(u32, i64, i64, i64, i64)]| trial(rows).unwrap_err().to_string();
        assert!(told(&[(1002, 5, 0, 0, 0)]).contains("opening balances differ by 5"));
        assert!(told(&[(1002, 0, 7, 0, 0), (4001, 0, 0, 6, 0)]).contains("the period differ by 1"));
        assert!(told(&[(9999, 0, 0, 0, 0)]).contains("9999"));
        assert!(told(&[(1002, i64::MAX, 1, 0, 0)]).contains("64 bits"));
        // An entry between a memorandum and a balance subject balances, and its balance sheet does not.
        let mixed = trial(&[(1002, 0, 7, 0, 0), (7999, 0, 0, 7, 0)]).unwrap();
        assert!(mixed.balance_sheet().unwrap_err().to_string().contains("assets"));
    }

    proptest! {
        #[test]
        fn whatever_balanced_entries_are_booked_the_sheet_balances(
            entries in prop::collection::vec((0usize..16, 0usize..16, 1i64..1_000_000_000), 0..60)
        ) {
            let chart = chart();
            let codes: Vec<SubjectCode> =
                chart.subjects().filter(|s| s.kind != SubjectKind::Memo).map(|s| s.code).collect();
            let mut all = Turnovers::new();
            for (debit, credit, amount) in entries {
                all.entry(codes[debit % codes.len()]).or_default().debit_minor += amount;
                all.entry(codes[credit % codes.len()]).or_default().credit_minor += amount;
            }
            let (from, to) = days();
            let trial = TrialBalance::of(&chart, from, to, &all).unwrap();
            let sheet = trial.balance_sheet().unwrap();
            let profit = trial.income_statement().unwrap().profit_minor;
            let carried: i64 = sheet.equity.lines.iter().filter(|l| l.subject.is_none()).map(|l| l.amount_minor).sum();
            prop_assert_eq!(carried, profit, "from nothing, what is not yet carried is the period's profit");
        }
    }
}
