//! What ends with a month or a year: the allowance for loans, income and expense into profit, the general risk reserve.
//!
//! At the end of a month each cell measures its loans twice, by the floors of the rule pack and by expected loss in three
//! stages; what the pack chooses of the two stands in the books, and both are kept beside it. At the end of a year
//! each cell carries its income and expense into the profit of the year and tells it with its receipt; the office, when it has
//! all of them, sets the general risk reserve of the institution from that profit. What is left of it goes on to undistributed profit, in
//! each cell what is its own, so that the next year begins with no profit and otherwise the same balances.

use basics::{Cell, Date};
use door::{Fault, Overlay, Stamp, key};
use ledger::{Line, SubjectCode, SubjectKind};
use loan::provision::{Allowance, LossStage, Pool, reserve_change_fen};
use loan::rules::{Rules, Standing};
use loan::{LoanClass, Stage};
use minicbor::{Decode, Encode};

use crate::books::{booked, gl_key};
use crate::fact::{AccruedGroup, Fact};
use crate::holding::{broken, group_of};
use crate::house::Tianxin;
use crate::posting::{Accounts, Movement, Role, Sheet};
use crate::tables::{AccrualGroup, EntryKind, GlBalance, Portfolio};

door::table! {
    /// What was set aside for the loans of a cell at the end of a month. Amounts are minor units.
    pub struct AllowanceDay = "allowance_day" (Household, State, key 2) {
        /// The cell.
        cell: Cell,
        /// The last day of the month.
        day: Date,
        /// Principal of all open loans.
        loans_minor: i64,
        /// Principal of those that do not perform.
        non_performing_minor: i64,
        /// General and specific floors.
        floor_minor: i64,
        /// Expected loss of loans in stage 1: within twelve months.
        first_stage_minor: i64,
        /// Expected loss of loans in stage 2: over their life.
        second_stage_minor: i64,
        /// Expected loss of loans in stage 3: impaired.
        third_stage_minor: i64,
        /// What stands in the books since.
        allowance_minor: i64,
    }
}

/// The allowance of a cell was set at the end of a month. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AllowanceSet {
    /// The day.
    #[n(0)]
    pub day: Date,
    /// What it was raised by; less than nothing if it was lowered.
    #[n(1)]
    pub change_minor: i64,
    /// What stands in the books since.
    #[n(2)]
    pub allowance_minor: i64,
    /// General and specific floors.
    #[n(3)]
    pub floor_minor: i64,
    /// Expected loss of stages 1, 2 and 3.
    #[n(4)]
    pub expected_minor: [i64; 3],
    /// Principal of all open loans.
    #[n(5)]
    pub loans_minor: i64,
    /// Principal of those that do not perform.
    #[n(6)]
    pub non_performing_minor: i64,
}

/// What a cell's year came to. Amounts are minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct YearEnd {
    /// Income less expense; less than nothing is a loss.
    #[n(0)]
    pub profit_minor: i64,
    /// Principal of all open loans.
    #[n(1)]
    pub loans_minor: i64,
}

/// Facts of the end of a period, and the lines that are booked with them.
#[derive(Default)]
pub(crate) struct Ended {
    pub(crate) facts: Vec<Fact>,
    pub(crate) lines: Vec<Line>,
}

impl Tianxin {
    /// Sets the allowance at the end of a month. `accrued` is what the groups grow by on the day itself.
    pub(crate) fn month_end(
        &self,
        slice: &Overlay,
        cell: Cell,
        day: Date,
        accrued: &[AccruedGroup],
    ) -> Result<Ended, Fault> {
        let rules = self.dated.on(day).map_err(broken)?;
        let rows = slice.range::<Portfolio>(&key![cell])?;
        let mut pools = Vec::new();
        for row in &rows {
            pools.push(Pool {
                product: &row.product,
                stage: loss_stage(row.stage)?,
                class: class_of(row)?,
                principal_fen: row.principal_minor,
                receivable_fen: row.receivable_minor,
            });
        }
        let groups = slice.range::<AccrualGroup>(&key![cell])?;
        for row in &groups {
            let (key, sum) = group_of(row)?;
            if key.stage.is_accruing() {
                let today = accrued.iter().find(|group| group.key == key).map_or(0, |group| group.change_minor);
                let receivable_fen = sum.ledger_fen.checked_add(today).ok_or_else(overflow)?;
                let stage = loss_stage(row.stage)?;
                // Accrued interest has no class of its own: the floors are a part of principal alone.
                let class = LoanClass::BEST;
                pools.push(Pool { product: &row.product, stage, class, principal_fen: 0, receivable_fen });
            }
        }
        let needed = Allowance::of(rules, pools).map_err(broken)?;
        let subject = self.subjects.roles.code(Role::LoanAllowance);
        let key = gl_key(cell, subject, self.institution.currency);
        let stands = slice.get::<GlBalance>(&key)?.map_or(0, |row| row.balance_minor);
        let change_minor = needed.needed_fen.checked_add(stands).ok_or_else(overflow)?;
        let (loans_minor, non_performing_minor) = principal(rules, &rows)?;
        if (needed, change_minor, loans_minor) == (Allowance::default(), 0, 0) {
            return Ok(Ended::default());
        }
        let mut ended = Ended::default();
        ended.facts.push(Fact::AllowanceSet(AllowanceSet {
            day,
            change_minor,
            allowance_minor: needed.needed_fen,
            floor_minor: needed.floor_fen,
            expected_minor: needed.expected_fen,
            loans_minor,
            non_performing_minor,
        }));
        if change_minor != 0 {
            let mut sheet = Sheet::default();
            sheet.post(Movement::Provided, change_minor, Accounts::default());
            ended.lines = sheet.lines(&self.subjects.roles)?;
            let lines = ended.lines.clone();
            ended.facts.push(booked(EntryKind::Provision, day, self.institution.currency, lines, None)?);
        }
        Ok(ended)
    }

    /// Income and expense of a cell into the profit of the year; `moved` is booked today beside what `slice` shows.
    pub(crate) fn year_end(
        &self,
        slice: &Overlay,
        cell: Cell,
        day: Date,
        moved: &[Line],
    ) -> Result<(Vec<Fact>, YearEnd), Fault> {
        let currency = self.institution.currency;
        let profit = self.subjects.roles.code(Role::ProfitOfYear);
        let mut sum: i64 = 0;
        let mut lines = Vec::new();
        for subject in self.chart.subjects() {
            if !matches!(subject.kind, SubjectKind::Income | SubjectKind::Expense) {
                continue;
            }
            let code: SubjectCode = subject.code;
            let stored = slice.get::<GlBalance>(&gl_key(cell, code, currency))?.map_or(0, |row| row.balance_minor);
            let mut today = moved.iter().filter(|line| line.subject == code).map(|line| line.amount_minor);
            let balance = today.try_fold(stored, i64::checked_add).ok_or_else(overflow)?;
            if balance != 0 {
                lines.push(Line::credit(code, None, balance));
                sum = sum.checked_add(balance).ok_or_else(overflow)?;
            }
        }
        if sum != 0 {
            lines.push(Line::debit(profit, None, sum));
        }
        let loans_minor = if cell == Cell::OFFICE {
            0
        } else {
            principal(self.dated.on(day).map_err(broken)?, &slice.range::<Portfolio>(&key![cell])?)?.0
        };
        let year = YearEnd { profit_minor: sum.checked_neg().ok_or_else(overflow)?, loans_minor };
        if lines.is_empty() {
            return Ok((Vec::new(), year));
        }
        Ok((vec![booked(EntryKind::YearClose, day, currency, lines, None)?], year))
    }

    /// The profit of the year of a cell into what is not distributed yet, so that the next year begins with none; `facts` is what is booked before it. Nothing
    /// where the chart has no such subject: then the profit stays where it is.
    pub(crate) fn distribute(
        &self,
        slice: &Overlay,
        cell: Cell,
        day: Date,
        facts: &[Fact],
    ) -> Result<Option<Fact>, Fault> {
        let roles = &self.subjects.roles;
        if !roles.has(Role::UndistributedProfit) {
            return Ok(None);
        }
        let (currency, profit) = (self.institution.currency, roles.code(Role::ProfitOfYear));
        let stored = slice.get::<GlBalance>(&gl_key(cell, profit, currency))?.map_or(0, |row| row.balance_minor);
        let booked_now = facts.iter().filter_map(|fact| match fact {
            Fact::Booked(booked) => Some(booked.entry.lines()),
            _ => None,
        });
        let mut amounts = booked_now.flatten().filter(|line| line.subject == profit).map(|line| line.amount_minor);
        let balance = amounts.try_fold(stored, i64::checked_add).ok_or_else(overflow)?;
        if balance == 0 {
            return Ok(None);
        }
        let kept = roles.code(Role::UndistributedProfit);
        let lines = vec![Line::credit(profit, None, balance), Line::debit(kept, None, balance)];
        booked(EntryKind::YearClose, day, currency, lines, None).map(Some)
    }

    /// Sets the general risk reserve of the institution from its profit; `cells` is what all cells told.
    pub(crate) fn set_reserve(
        &self,
        slice: &Overlay,
        day: Date,
        cells: YearEnd,
        office: YearEnd,
    ) -> Result<Vec<Fact>, Fault> {
        let rules = self.dated.on(day).map_err(broken)?;
        let currency = self.institution.currency;
        let profit_minor = cells.profit_minor.checked_add(office.profit_minor).ok_or_else(overflow)?;
        let key = gl_key(Cell::OFFICE, self.subjects.roles.code(Role::GeneralReserve), currency);
        let stands = slice.get::<GlBalance>(&key)?.map_or(0, |row| row.balance_minor);
        let stands = stands.checked_neg().ok_or_else(overflow)?;
        let change_minor = reserve_change_fen(rules, cells.loans_minor, profit_minor, stands).map_err(broken)?;
        let reserve_minor = stands.checked_add(change_minor).ok_or_else(overflow)?;
        let mut facts =
            vec![Fact::ReserveSet { day, profit_minor, loans_minor: cells.loans_minor, change_minor, reserve_minor }];
        if change_minor != 0 {
            let mut sheet = Sheet::default();
            sheet.post(Movement::Reserved, change_minor, Accounts::default());
            let lines = sheet.lines(&self.subjects.roles)?;
            facts.push(booked(EntryKind::YearClose, day, currency, lines, None)?);
        }
        Ok(facts)
    }
}

/// Keeps what was set aside at the end of a month.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, set: &AllowanceSet) {
    let [first_stage_minor, second_stage_minor, third_stage_minor] = set.expected_minor;
    books.put(&AllowanceDay {
        cell: stamp.cell,
        day: set.day,
        loans_minor: set.loans_minor,
        non_performing_minor: set.non_performing_minor,
        floor_minor: set.floor_minor,
        first_stage_minor,
        second_stage_minor,
        third_stage_minor,
        allowance_minor: set.allowance_minor,
    });
}

fn overflow() -> Fault {
    Fault::Broken("a sum at the end of a period does not fit 64 bits".to_owned())
}

fn loss_stage(code: i64) -> Result<LossStage, Fault> {
    Stage::of_code(code)
        .and_then(|stage| LossStage::of_number(stage.loss_stage()))
        .ok_or_else(|| Fault::Broken(format!("nothing is known of the stage {code}")))
}

fn class_of(row: &Portfolio) -> Result<LoanClass, Fault> {
    let class = u8::try_from(row.class).map(LoanClass);
    class.map_err(|_| Fault::Broken(format!("nothing is known of the class {}", row.class)))
}

/// Principal of all open loans, and of those that do not perform.
fn principal(rules: &Rules, rows: &[Portfolio]) -> Result<(i64, i64), Fault> {
    let (mut all, mut non_performing) = (0i64, 0i64);
    for row in rows {
        all = all.checked_add(row.principal_minor).ok_or_else(overflow)?;
        if rules.standing(class_of(row)?) == Standing::NonPerforming {
            non_performing = non_performing.checked_add(row.principal_minor).ok_or_else(overflow)?;
        }
    }
    Ok((all, non_performing))
}
