//! `tianxin books`: what the ledger says of a day, and the entries behind each figure.

use std::path::PathBuf;

use app::general_ledger::{self, Days, LedgerReadError};
use basics::{Date, Id};
use clap::{Args, Subcommand};
use door::Connection;
use ledger::{Section, StatementError, SubjectCode, SubjectKind, TrialBalance, Turnover};
use serde_json::{Map, Value, json};

use crate::config::{self, Opened, Place, Use};
use crate::failure::Failure;

mod period;
mod reconcile;
mod sheet;
mod tellers;
mod tie;
mod vouchers;

use sheet::{Column, Form, Item, Sheet, give};

/// Look at the general ledger: trial balance, balance sheet, income statement, a subject's statement.
///
/// Figures are of booking dates. A closed day is never posted into, so what is shown of one stands for good.
#[derive(Subcommand)]
pub enum BooksTask {
    #[command(flatten)]
    Sheet(SheetTask),
    Tie(tie::TieTask),
    Periods(period::Periods),
    Vouchers(vouchers::Vouchers),
    Reconcile(reconcile::Reconcile),
    Tellers(tellers::Tellers),
}

/// What is shown of the ledger as a table.
#[derive(Subcommand)]
pub enum SheetTask {
    /// Opening balances, turnover and closing balances of all subjects (试算平衡表)
    TrialBalance(Shown),
    /// Assets, liabilities and equity at the end of a day (资产负债表)
    BalanceSheet(Shown),
    /// Income and expense of a period, before they are carried into the profit of a year (利润表)
    Income(Shown),
    /// Every posting of a subject in a period, cell by cell, with the balances before and after (明细账)
    Statement {
        /// The subject's code, such as 6011
        #[arg(long, value_name = "CODE")]
        subject: u32,
        /// How many postings at most; one that has more is refused
        #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
        #[command(flatten)]
        shown: Shown,
    },
}

/// Which days are shown, and how.
#[derive(Args)]
pub struct Shown {
    /// The last day [default: the last closed day; before the first close the open one]
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    at: Option<Date>,
    /// The first day [default: the first of the last day's month]
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    from: Option<Date>,
    /// The form
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    /// The file; it is written whole or not at all [default: the standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl From<LedgerReadError> for Failure {
    fn from(error: LedgerReadError) -> Failure {
        match error {
            LedgerReadError::Store(error) => error.into(),
            LedgerReadError::Ahead { .. } | LedgerReadError::TurnedRound { .. } => Failure::Usage(error.to_string()),
        }
    }
}

impl From<StatementError> for Failure {
    fn from(error: StatementError) -> Failure {
        Failure::Wrong(error.to_string())
    }
}

impl BooksTask {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            BooksTask::Sheet(sheet) => sheet.run(place),
            BooksTask::Tie(tie) => tie.run(place),
            BooksTask::Periods(periods) => periods.run(place),
            BooksTask::Vouchers(vouchers) => vouchers.run(place),
            BooksTask::Reconcile(reconcile) => reconcile.run(place),
            BooksTask::Tellers(tellers) => tellers.run(place),
        }
    }
}

impl SheetTask {
    fn run(self, place: &Place) -> Result<(), Failure> {
        let opened = config::open(place, Use::Read)?;
        let mut connection = opened.backend.connect()?;
        connection.begin_snapshot()?;
        let done = self.give(&opened, connection.as_mut());
        connection.rollback();
        done
    }

    fn give(self, opened: &Opened, connection: &mut dyn Connection) -> Result<(), Failure> {
        let (sheet, shown) = match self {
            SheetTask::TrialBalance(shown) => (trial_balance(&Period::of(opened, connection, &shown)?), shown),
            SheetTask::BalanceSheet(shown) => (balance_sheet(&Period::of(opened, connection, &shown)?)?, shown),
            SheetTask::Income(shown) => (income(&Period::of(opened, connection, &shown)?)?, shown),
            SheetTask::Statement { subject, limit, shown } => {
                let period = Period::of(opened, connection, &shown)?;
                (statement(opened, connection, &period, SubjectCode(subject), limit as usize)?, shown)
            }
        };
        give(&sheet, shown.format, shown.out.as_deref())
    }
}

/// The books of a period.
struct Period {
    institution: String,
    trial: TrialBalance,
    /// Whether its last day is still open.
    open: bool,
    /// Where its months stand: closed, open, or opened again.
    standing: period::Standing,
}

impl Period {
    fn of(opened: &Opened, connection: &mut dyn Connection, shown: &Shown) -> Result<Period, Failure> {
        let Days { first_closed, open } = general_ledger::days(connection)?;
        let to = shown.at.unwrap_or(if first_closed.is_some() { open.add_days(-1) } else { open });
        let first_of_month = Date::ymd(to.year(), to.month(), 1).map_err(|e| Failure::Wrong(e.to_string()))?;
        let from = shown.from.unwrap_or(first_of_month);
        let turnovers = general_ledger::turnovers(connection, opened.backend.cells(), from, to)?;
        let trial = TrialBalance::of(&opened.tianxin.chart, from, to, &turnovers)?;
        let standing = period::Standing::of(connection, from, to, &turnovers)?;
        Ok(Period { institution: opened.tianxin.institution.name.clone(), trial, open: to == open, standing })
    }

    fn heading(&self, what: &str, from: Option<Date>) -> Vec<String> {
        let days = match from {
            Some(from) => format!("{from} – {}", self.trial.to),
            None => self.trial.to.to_string(),
        };
        let open = if self.open { "，未日结 · the last day is open" } else { "" };
        let mut heading = vec![self.institution.clone(), what.to_owned(), format!("{days}{open}")];
        heading.extend(self.standing.lines());
        heading
    }

    fn beside(&self, from: Option<Date>) -> Map<String, Value> {
        let mut beside = Map::new();
        if let Some(from) = from {
            beside.insert("from".to_owned(), json!(from.to_string()));
        }
        beside.insert("at".to_owned(), json!(self.trial.to.to_string()));
        beside.insert("open".to_owned(), json!(self.open));
        beside.insert("period".to_owned(), self.standing.json());
        beside
    }
}

const fn column(name: &'static str, heading: &'static str) -> Column {
    Column { name, heading }
}

const CODE: Column = column("subject", "科目 subject");
const NAME: Column = column("subject_name", "名称 name");

fn name(zh: &str, en: &str) -> Item {
    Item::text(format!("{zh} {en}"))
}

/// A balance on its side: debit, or credit.
fn on_sides(balance_minor: i64) -> [Item; 2] {
    match balance_minor {
        0 => [Item::Empty, Item::Empty],
        debit if debit > 0 => [Item::Money(debit), Item::Empty],
        credit => [Item::Empty, Item::Money(credit.saturating_neg())],
    }
}

fn trial_balance(period: &Period) -> Sheet {
    let trial = &period.trial;
    let mut sums = [0i64; 6];
    let mut rows = Vec::with_capacity(trial.lines.len() + 1);
    for line in &trial.lines {
        let Turnover { opening_minor, debit_minor, credit_minor, .. } = line.turnover;
        let [opening_debit, opening_credit] = on_sides(opening_minor);
        let [closing_debit, closing_credit] = on_sides(line.closing_minor);
        let figures = [
            opening_debit,
            opening_credit,
            Item::Money(debit_minor),
            Item::Money(credit_minor),
            closing_debit,
            closing_credit,
        ];
        for (sum, figure) in sums.iter_mut().zip(&figures) {
            if let Item::Money(minor) = figure {
                *sum = sum.saturating_add(*minor);
            }
        }
        let subject = &line.subject;
        let mut row = vec![Item::text(subject.code.to_string()), name(&subject.zh, &subject.en)];
        row.extend(figures);
        rows.push(row);
    }
    let mut total = vec![Item::Empty, name("合计", "total")];
    total.extend(sums.map(Item::Money));
    rows.push(total);
    Sheet {
        name: "trial_balance",
        heading: period.heading("试算平衡表 trial balance", Some(trial.from)),
        columns: vec![
            CODE,
            NAME,
            column("opening_debit", "期初借方 opening debit"),
            column("opening_credit", "期初贷方 opening credit"),
            column("debit", "本期借方 debit"),
            column("credit", "本期贷方 credit"),
            column("closing_debit", "期末借方 closing debit"),
            column("closing_credit", "期末贷方 closing credit"),
        ],
        rows,
        beside: period.beside(Some(trial.from)),
    }
}

/// The rows of a section under its heading, and its total.
fn section_rows(rows: &mut Vec<Vec<Item>>, zh: &str, en: &str, section: &Section) {
    for line in &section.lines {
        let code = line.subject.map_or(Item::Empty, |code| Item::text(code.to_string()));
        rows.push(vec![Item::text(en), code, name(&line.zh, &line.en), Item::Money(line.amount_minor)]);
    }
    let total = name(&format!("{zh}合计"), &format!("total {en}"));
    rows.push(vec![Item::text(en), Item::Empty, total, Item::Money(section.total_minor)]);
}

fn section_columns() -> Vec<Column> {
    vec![column("section", "类别 section"), CODE, NAME, column("amount", "金额 amount")]
}

fn balance_sheet(period: &Period) -> Result<Sheet, Failure> {
    let sheet = period.trial.balance_sheet()?;
    let mut rows = Vec::new();
    section_rows(&mut rows, "资产", "assets", &sheet.assets);
    section_rows(&mut rows, "负债", "liabilities", &sheet.liabilities);
    section_rows(&mut rows, "所有者权益", "equity", &sheet.equity);
    let funded = sheet.liabilities.total_minor.saturating_add(sheet.equity.total_minor);
    let words = name("负债和所有者权益合计", "total liabilities and equity");
    rows.push(vec![Item::Empty, Item::Empty, words, Item::Money(funded)]);
    if !sheet.memo.lines.is_empty() {
        section_rows(&mut rows, "表外", "off balance", &sheet.memo);
    }
    Ok(Sheet {
        name: "balance_sheet",
        heading: period.heading("资产负债表 balance sheet", None),
        columns: section_columns(),
        rows,
        beside: period.beside(None),
    })
}

fn income(period: &Period) -> Result<Sheet, Failure> {
    let statement = period.trial.income_statement()?;
    let mut rows = Vec::new();
    section_rows(&mut rows, "收入", "income", &statement.income);
    section_rows(&mut rows, "支出", "expense", &statement.expense);
    rows.push(vec![Item::Empty, Item::Empty, name("净利润", "profit"), Item::Money(statement.profit_minor)]);
    Ok(Sheet {
        name: "income_statement",
        heading: period.heading("利润表 income statement", Some(statement.from)),
        columns: section_columns(),
        rows,
        beside: period.beside(Some(statement.from)),
    })
}

fn statement(
    opened: &Opened,
    connection: &mut dyn Connection,
    period: &Period,
    code: SubjectCode,
    limit: usize,
) -> Result<Sheet, Failure> {
    let (from, to) = (period.trial.from, period.trial.to);
    let subject = opened.tianxin.chart.subject(code).ok_or_else(|| {
        let codes: Vec<String> = opened.tianxin.chart.subjects().map(|subject| subject.code.to_string()).collect();
        Failure::Usage(format!("the chart of accounts has no subject {code}: choose one of {}", codes.join(", ")))
    })?;
    let found = general_ledger::booked(connection, opened.backend.cells(), code, (from, to), limit + 1)?;
    if found.len() > limit {
        return Err(Failure::Usage(format!(
            "subject {code} has more than {limit} postings from {from} to {to}: shorten the period or raise --limit"
        )));
    }
    let line = period.trial.lines.iter().find(|line| line.subject.code == code);
    let turnover = line.map_or(Turnover::default(), |line| line.turnover);
    let told: i128 = found.iter().map(|booked| i128::from(booked.posting.amount_minor)).sum();
    if told != i128::from(turnover.debit_minor) - i128::from(turnover.credit_minor) {
        return Err(Failure::Wrong(format!(
            "the postings of subject {code} from {from} to {to} add up to {told} minor units, its turnover says otherwise: \
             run `tianxin audit verify`"
        )));
    }
    let balance = |words: Item, balance_minor: i64| {
        let [debit, credit] = on_sides(balance_minor);
        let blank = || Item::Empty;
        vec![blank(), blank(), blank(), blank(), blank(), words, debit, credit]
    };
    let mut rows = vec![balance(name("期初余额", "opening"), turnover.opening_minor)];
    for booked in &found {
        let (entry, posting) = (&booked.entry, &booked.posting);
        let [debit, credit] = on_sides(posting.amount_minor);
        let memo = match &entry.memo {
            Some(memo) => format!("{}: {memo}", entry.kind.as_str()),
            None => entry.kind.as_str().to_owned(),
        };
        rows.push(vec![
            Item::text(entry.booking_date.to_string()),
            Item::text(entry.value_date.to_string()),
            Item::text(entry.cell.0.to_string()),
            Item::text(format!("{}-{}-{}", entry.seq, entry.fact, posting.line)),
            posting.account.map_or(Item::Empty, |account: Id| Item::text(account.to_string())),
            Item::text(memo),
            debit,
            credit,
        ]);
    }
    rows.push(balance(name("期末余额", "closing"), line.map_or(0, |line| line.closing_minor)));
    let side = match subject.kind {
        SubjectKind::Liability | SubjectKind::Equity | SubjectKind::Income => "贷 credit",
        SubjectKind::Asset | SubjectKind::Expense | SubjectKind::Clearing | SubjectKind::Memo => "借 debit",
    };
    let what = format!("明细账 statement · {code} {} {} · {side}", subject.zh, subject.en);
    let mut beside = period.beside(Some(from));
    beside.insert("subject".to_owned(), json!(code.to_string()));
    Ok(Sheet {
        name: "statement",
        heading: period.heading(&what, Some(from)),
        columns: vec![
            column("booked_on", "记账日 booked"),
            column("value_date", "起息日 value"),
            column("cell", "单元 cell"),
            column("voucher", "凭证号 voucher"),
            column("account", "分户 account"),
            column("memo", "摘要 memo"),
            column("debit", "借方 debit"),
            column("credit", "贷方 credit"),
        ],
        rows,
        beside,
    })
}
