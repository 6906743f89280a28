//! Sub-ledgers against the general ledger (总分核对): what notes, lines, wallets, merchants, groups of accrued interest and
//! allowances hold, cell by cell, against the balances of their subjects at the end of any booking date.
//!
//! Of the open day the rows are read as they stand, and a cell in which the two sides differ is looked through item by item: a
//! note against the fold of its events, an account against its postings. Of a day that is closed each cell's books are derived
//! from its journal as they stood then, which costs what an audit of the journal up to that day costs; their sum over the cells
//! is held against the balances that the closes told.

use std::collections::BTreeMap;

use basics::{Cell, Date, Id};
use door::audit::AuditError;
use door::checkpoint::read_heads;
use door::table::Record;
use door::{Connection, Fault, StoreError, key};
use ledger::SubjectCode;
use loan::LoanError;

use crate::general_ledger::{self, LedgerReadError};
use crate::house::Tianxin;
use crate::posting::Role;
use crate::subject_day::SubjectDay;
use crate::tables::{Crossing, CrossingState, GlBalance};
use crate::transfer::Purpose;

mod held;
mod items;
mod kept;

use held::Held;
use kept::Kept;

/// Items that are named of one line at most.
const NAMED_MAX: usize = 200;

door::text_enum! {
    /// What a line of the comparison holds against a subject.
    pub enum TiePart {
        /// The rows of a cell that the subject is the sum of.
        SubLedger = "sub_ledger",
        /// Transfers under way between cells, against clearing.
        UnderWay = "under_way",
        /// The balances of all cells, against what the closes told of the institution.
        OverCells = "over_cells",
    }
}

door::text_enum! {
    /// What an item of a sub-ledger is.
    pub enum TieItemKind {
        /// A loan note 借据.
        Note = "note",
        /// A statement line 消费额度.
        Line = "line",
        /// A wallet 钱包.
        Wallet = "wallet",
        /// What a merchant is owed 应付商户款.
        Merchant = "merchant",
        /// A group of accrued interest 计提组.
        Group = "group",
    }
}

/// How far a comparison looks where the totals agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Totals; items of those alone that differ.
    Totals,
    /// Every item, so that two differences that cancel out are found as well.
    EachItem,
}

/// An item that does not hold what it should. Minor units, debit positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TieItem {
    /// What it is.
    pub kind: TieItemKind,
    /// Whose it is; none for a group and a merchant.
    pub household: Option<Id>,
    /// Its id; of a wallet, the household's.
    pub id: Id,
    /// What its row holds.
    pub sub_minor: i64,
    /// What it should hold.
    pub should_minor: i64,
    /// Whether its events say so; otherwise its postings do.
    pub by_events: bool,
}

/// One sub-ledger against one subject. Minor units, debit positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TieLine {
    /// The cell; none over all cells.
    pub cell: Option<Cell>,
    /// What is held against the subject.
    pub part: TiePart,
    /// The subject.
    pub subject: SubjectCode,
    /// Rows that were added up.
    pub items: u64,
    /// What they come to.
    pub sub_minor: i64,
    /// The subject's balance.
    pub ledger_minor: i64,
    /// What the postings of the subject come to, where they were looked at.
    pub posted_minor: Option<i64>,
    /// Items that do not hold what they should.
    pub differing: Vec<TieItem>,
    /// How many more there are than are named.
    pub unnamed: u64,
}

impl TieLine {
    /// Sub-ledger less general ledger.
    pub fn difference_minor(&self) -> i64 {
        self.sub_minor.saturating_sub(self.ledger_minor)
    }

    /// Whether both sides and all items that were looked at agree.
    pub fn agrees(&self) -> bool {
        self.sub_minor == self.ledger_minor && self.differing.is_empty()
    }
}

/// The comparison of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The booking date at whose end it stands.
    pub on: Date,
    /// Whether that day is still open: then the figures are those of the moment.
    pub open: bool,
    /// The lines: cell by cell, those over all cells last.
    pub lines: Vec<TieLine>,
}

impl Tie {
    /// Lines that do not agree.
    pub fn differing(&self) -> impl Iterator<Item = &TieLine> {
        self.lines.iter().filter(|line| !line.agrees())
    }

    /// Whether every line agrees.
    pub fn agrees(&self) -> bool {
        self.differing().next().is_none()
    }

    /// The lines added up over the cells, by part and subject; items are named in the cells' own lines.
    pub fn by_subject(&self) -> Vec<TieLine> {
        let mut all: BTreeMap<(TiePart, SubjectCode), TieLine> = BTreeMap::new();
        for line in &self.lines {
            let sum = all.entry((line.part, line.subject)).or_insert_with(|| TieLine {
                cell: None,
                items: 0,
                sub_minor: 0,
                ledger_minor: 0,
                posted_minor: None,
                differing: Vec::new(),
                unnamed: 0,
                ..line.clone()
            });
            sum.items = sum.items.saturating_add(line.items);
            sum.sub_minor = sum.sub_minor.saturating_add(line.sub_minor);
            sum.ledger_minor = sum.ledger_minor.saturating_add(line.ledger_minor);
        }
        all.into_values().collect()
    }
}

impl TiePart {
    /// In Chinese and in English, for people.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            TiePart::SubLedger => ("分户合计对总账", "sub-ledger against subject"),
            TiePart::UnderWay => ("在途划转对清算往来", "transfers under way against clearing"),
            TiePart::OverCells => ("各单元余额对机构余额", "balances of the cells against the institution's"),
        }
    }
}

impl TieItemKind {
    /// In Chinese and in English, for people.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            TieItemKind::Note => ("借据", "loan note"),
            TieItemKind::Line => ("消费额度", "statement line"),
            TieItemKind::Wallet => ("钱包", "wallet"),
            TieItemKind::Merchant => ("应付商户", "merchant"),
            TieItemKind::Group => ("计提组", "accrual group"),
        }
    }
}

/// Why nothing can be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TieError {
    /// The books of the day cannot be read, or the day lies ahead.
    #[error(transparent)]
    Read(#[from] LedgerReadError),
    /// The journal is not whole: nothing can be derived from it.
    #[error(transparent)]
    Journal(#[from] AuditError),
    /// A row cannot be read, or does not fit.
    #[error("{0}: run `tianxin audit verify`")]
    Damaged(String),
}

impl From<StoreError> for TieError {
    fn from(error: StoreError) -> TieError {
        TieError::Read(error.into())
    }
}

impl From<Fault> for TieError {
    fn from(fault: Fault) -> TieError {
        TieError::Damaged(fault.to_string())
    }
}

impl From<LoanError> for TieError {
    fn from(error: LoanError) -> TieError {
        TieError::Damaged(error.to_string())
    }
}

/// The sub-ledgers that every cell has, in the order they are shown.
const ROLES: [Role; 13] = [
    Role::LoanPrincipal,
    Role::LinePrincipal,
    Role::InterestAccrued,
    Role::InterestReceivable,
    Role::PenaltyReceivable,
    Role::FeeReceivable,
    Role::LoanAllowance,
    Role::Wallet,
    Role::LoanCredit,
    Role::MerchantPayable,
    Role::OffAccrued,
    Role::OffInterest,
    Role::OffPenalty,
];

impl Tianxin {
    /// Sub-ledgers against the general ledger at the end of a booking date. Call it on a snapshot.
    ///
    /// Errors for a day that is not there yet, a journal that is not whole, and rows that cannot be read.
    pub fn tie(&self, connection: &mut dyn Connection, cells: u16, on: Date, depth: Depth) -> Result<Tie, TieError> {
        let missing = || StoreError::Other("the head of the office is missing: run `tianxin audit verify`".to_owned());
        let open = read_heads(connection, 0)?.first().ok_or_else(missing)?.open_date;
        if on > open {
            return Err(LedgerReadError::Ahead { asked: on, open }.into());
        }
        let told = balances_told(connection, cells, on, open)?;
        let mut lines = Vec::new();
        let mut over_cells: BTreeMap<i64, (u64, i128)> = BTreeMap::new();
        let mut under_way: BTreeMap<String, i128> = BTreeMap::new();
        for cell in (0..=cells).map(Cell) {
            let mut kept =
                if on == open { Kept::stored(connection, cell) } else { Kept::derived(self, connection, cell, on)? };
            let mut balances: BTreeMap<i64, i128> = BTreeMap::new();
            kept.each::<GlBalance>(&mut |row| {
                *balances.entry(row.subject).or_default() += i128::from(row.balance_minor);
                Ok(())
            })?;
            for (subject, balance) in &balances {
                let sum = over_cells.entry(*subject).or_default();
                *sum = (sum.0 + 1, sum.1 + balance);
            }
            kept.each::<Crossing>(&mut |row| {
                if let Some(amount) = moves_clearing(&row) {
                    *under_way.entry(row.id.to_string()).or_default() += amount;
                }
                Ok(())
            })?;
            lines.extend(self.tie_cell(&mut kept, &balances, depth)?);
        }
        let clearing = i64::from(self.subjects.clearing.0);
        let under_way: Vec<i128> = under_way.into_values().filter(|amount| *amount != 0).collect();
        let cleared = over_cells.get(&clearing).map_or(0, |(_, sum)| *sum);
        let count = under_way.len() as u64;
        lines.push(line(None, TiePart::UnderWay, clearing, (count, under_way.iter().sum()), cleared)?);
        for (subject, sum) in &over_cells {
            let balance = told.get(subject).copied().unwrap_or(0);
            lines.push(line(None, TiePart::OverCells, *subject, *sum, balance)?);
        }
        for (subject, balance) in &told {
            if !over_cells.contains_key(subject) && *balance != 0 {
                lines.push(line(None, TiePart::OverCells, *subject, (0, 0), *balance)?);
            }
        }
        Ok(Tie { on, open: on == open, lines })
    }

    /// The sub-ledgers of one cell.
    fn tie_cell(
        &self,
        kept: &mut Kept<'_>,
        balances: &BTreeMap<i64, i128>,
        depth: Depth,
    ) -> Result<Vec<TieLine>, TieError> {
        let cell = kept.cell;
        let roles = &self.subjects.roles;
        let held = Held::of(self, kept)?;
        let mut lines = Vec::new();
        for role in ROLES.into_iter().chain([Role::WrittenOffClaims]).filter(|role| roles.has(*role)) {
            let subject = i64::from(roles.code(role).0);
            let ledger = balances.get(&subject).copied().unwrap_or(0);
            let sum = held.of_role(role);
            if (sum, ledger) != ((0, 0), 0) {
                lines.push((role, line(Some(cell), TiePart::SubLedger, subject, sum, ledger)?));
            }
        }
        let differ = lines.iter().any(|(_, line)| !line.agrees());
        if differ || depth == Depth::EachItem {
            self.name_items(kept, &mut lines)?;
        }
        Ok(lines.into_iter().map(|(_, line)| line).collect())
    }
}

/// The balances of the institution by subject: what the closes told of a closed day, what the days come to on the open one.
fn balances_told(
    connection: &mut dyn Connection,
    cells: u16,
    on: Date,
    open: Date,
) -> Result<BTreeMap<i64, i128>, TieError> {
    let mut told = BTreeMap::new();
    if on == open {
        for (code, turnover) in general_ledger::turnovers(connection, cells, on, on)? {
            let closing = i128::from(turnover.opening_minor) + i128::from(turnover.debit_minor);
            told.insert(i64::from(code.0), closing - i128::from(turnover.credit_minor));
        }
        return Ok(told);
    }
    for row in connection.load_many(SubjectDay::table(), &[0, 1], &[key![Cell::OFFICE, on]])? {
        let row: SubjectDay = read(&row)?;
        *told.entry(row.subject).or_default() += i128::from(row.balance_minor);
    }
    Ok(told)
}

/// What a crossing of this state has put on clearing, seen from its side.
fn moves_clearing(row: &Crossing) -> Option<i128> {
    // A quota moves the bank balance the other way than a transfer moves wallets.
    let sign = if row.purpose == Purpose::Quota.as_str() { -1 } else { 1 };
    match row.state {
        CrossingState::Arrived => Some(sign * i128::from(row.amount_minor)),
        CrossingState::Posted => Some(-sign * i128::from(row.amount_minor)),
        CrossingState::Reserved | CrossingState::Voided | CrossingState::TurnedBack | CrossingState::Returned => None,
    }
}

fn line(
    cell: Option<Cell>,
    part: TiePart,
    subject: i64,
    (items, sub): (u64, i128),
    ledger: i128,
) -> Result<TieLine, TieError> {
    let subject = crate::subject_day::subject_of(subject)?;
    Ok(TieLine {
        cell,
        part,
        subject,
        items,
        sub_minor: fits(sub)?,
        ledger_minor: fits(ledger)?,
        posted_minor: None,
        differing: Vec::new(),
        unnamed: 0,
    })
}

fn fits(amount: i128) -> Result<i64, TieError> {
    i64::try_from(amount).map_err(|_| TieError::Damaged(format!("the sum {amount} does not fit 64 bits")))
}

fn read<R: Record>(row: &door::table::Row) -> Result<R, TieError> {
    R::from_row(row).map_err(|error| TieError::Damaged(error.to_string()))
}
