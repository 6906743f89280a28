//! The books of a period: trial balance, balance sheet, income statement, and from each figure down to the entries behind it.

use app::general_ledger::Days;
use app::tables::Entry;
use axum::Json;
use axum::extract::State;
use basics::{Cell, Date, Id, IdKind};
use ledger::{Section, SubjectCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::periods::{DaysStand, days_stand};
use crate::Shared;
use crate::extract::{Query, date, public};
use crate::problem::{Problem, ProblemDocument, fault};
use crate::shown::{amount, entry_en, entry_zh};

/// Postings shown at once at most.
const POSTINGS_MAX: usize = 2_000;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first day; the first of the last day's month if not given.
    from: Option<String>,
    /// The last day; the last closed one if not given, before the first close the open one.
    to: Option<String>,
}

impl Period {
    fn days(&self, days: Days) -> Result<(Date, Date), Problem> {
        let last = if days.first_closed.is_some() { days.open.add_days(-1) } else { days.open };
        let to = self.to.as_deref().map(date).transpose()?.unwrap_or(last);
        let from = self.from.as_deref().map(date).transpose()?;
        Ok((from.unwrap_or_else(|| app::portfolio::first_of_month(to)), to))
    }
}

/// The books of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct BooksShown {
    from: String,
    to: String,
    /// The institution's open day.
    open_date: String,
    /// The first day whose balances are kept.
    first_closed: Option<String>,
    /// Whether the months of these days are closed, and when they were opened again.
    standing: DaysStand,
    trial_balance: Vec<TurnoverShown>,
    /// At the end of the last day.
    balance_sheet: BalanceSheetShown,
    income: IncomeShown,
}

/// What was booked on a subject.
#[derive(Debug, Serialize, ToSchema)]
pub struct TurnoverShown {
    subject: u32,
    zh: String,
    en: String,
    /// Before the first day; debit is positive.
    opening: String,
    debit: String,
    credit: String,
    /// After the last day; debit is positive.
    closing: String,
}

/// A balance sheet 资产负债表.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceSheetShown {
    assets: SectionShown,
    liabilities: SectionShown,
    equity: SectionShown,
    /// Off balance.
    memo: SectionShown,
}

/// An income statement 利润表.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncomeShown {
    income: SectionShown,
    expense: SectionShown,
    profit: String,
}

/// A section of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionShown {
    lines: Vec<StatementLineShown>,
    total: String,
}

/// A line of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementLineShown {
    /// None for a figure that is no subject's balance.
    subject: Option<u32>,
    zh: String,
    en: String,
    amount: String,
}

fn section(section: &Section) -> SectionShown {
    let lines = section.lines.iter().map(|line| StatementLineShown {
        subject: line.subject.map(|code| code.0),
        zh: line.zh.clone(),
        en: line.en.clone(),
        amount: amount(line.amount_minor),
    });
    SectionShown { lines: lines.collect(), total: amount(section.total_minor) }
}

/// The books of a period, over all cells.
#[utoipa::path(get, path = "/api/v1/office/books", tag = "office", params(Period),
    responses((status = 200, body = BooksShown), (status = "default", body = ProblemDocument)))]
pub async fn books(State(api): State<Shared>, Query(period): Query<Period>) -> Result<Json<BooksShown>, Problem> {
    api.blocking(move |desk| {
        let days = desk.ledger_days()?;
        let (from, to) = period.days(days)?;
        let trial = desk.trial_balance_of(from, to)?;
        let sheet = trial.balance_sheet().map_err(|error| fault(&error.to_string()))?;
        let income = trial.income_statement().map_err(|error| fault(&error.to_string()))?;
        let lines = trial.lines.iter().map(|line| TurnoverShown {
            subject: line.subject.code.0,
            zh: line.subject.zh.clone(),
            en: line.subject.en.clone(),
            opening: amount(line.turnover.opening_minor),
            debit: amount(line.turnover.debit_minor),
            credit: amount(line.turnover.credit_minor),
            closing: amount(line.closing_minor),
        });
        Ok(Json(BooksShown {
            from: from.to_string(),
            to: to.to_string(),
            open_date: days.open.to_string(),
            first_closed: days.first_closed.map(|day| day.to_string()),
            standing: days_stand(desk, from, to)?,
            trial_balance: lines.collect(),
            balance_sheet: BalanceSheetShown {
                assets: section(&sheet.assets),
                liabilities: section(&sheet.liabilities),
                equity: section(&sheet.equity),
                memo: section(&sheet.memo),
            },
            income: IncomeShown {
                income: section(&income.income),
                expense: section(&income.expense),
                profit: amount(income.profit_minor),
            },
        }))
    })
    .await
}

/// Which postings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OfSubject {
    /// The subject's code.
    subject: u32,
    /// The first day.
    from: String,
    /// The last day.
    to: String,
    /// How many at most, 1 to 2,000.
    limit: Option<usize>,
}

/// The statement of a subject 明细账.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubjectStatement {
    subject: u32,
    zh: String,
    en: String,
    opening: String,
    closing: String,
    postings: Vec<PostingShown>,
    /// Whether more were booked than are shown.
    more: bool,
}

/// One posting.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostingShown {
    /// Cell, record and fact of the entry.
    entry: String,
    kind_zh: &'static str,
    kind_en: &'static str,
    value_date: String,
    booking_date: String,
    /// Debit is positive.
    amount: String,
    memo: Option<String>,
    /// Whose sub-account, where it is a household's.
    household: Option<String>,
}

/// Every posting of a subject in a period, cell by cell in the order they were booked.
#[utoipa::path(get, path = "/api/v1/office/books/postings", tag = "office", params(OfSubject),
    responses((status = 200, body = SubjectStatement), (status = "default", body = ProblemDocument)))]
pub async fn postings(
    State(api): State<Shared>,
    Query(of): Query<OfSubject>,
) -> Result<Json<SubjectStatement>, Problem> {
    let days = (date(&of.from)?, date(&of.to)?);
    let limit = of.limit.unwrap_or(200).clamp(1, POSTINGS_MAX);
    api.blocking(move |desk| {
        let code = SubjectCode(of.subject);
        let subject = desk.house().chart.subject(code).ok_or_else(|| Problem::new("unknown_subject"))?;
        let trial = desk.trial_balance_of(days.0, days.1)?;
        let line = trial.lines.iter().find(|line| line.subject.code == code);
        // One more than asked tells whether there are more.
        let mut booked = desk.booked(code, days, limit + 1)?;
        let more = booked.len() > limit;
        booked.truncate(limit);
        let wallet = i64::from(app::books::BOOK_WALLET);
        let postings = booked.iter().map(|one| PostingShown {
            entry: number(&one.entry),
            kind_zh: entry_zh(one.entry.kind),
            kind_en: entry_en(one.entry.kind),
            value_date: one.entry.value_date.to_string(),
            booking_date: one.entry.booking_date.to_string(),
            amount: amount(one.posting.amount_minor),
            memo: one.entry.memo.clone(),
            household: one
                .posting
                .owner
                .filter(|_| one.posting.book == wallet)
                .map(|id| household(one.posting.cell, id)),
        });
        Ok(Json(SubjectStatement {
            subject: of.subject,
            zh: subject.zh.clone(),
            en: subject.en.clone(),
            opening: amount(line.map_or(0, |line| line.turnover.opening_minor)),
            closing: amount(line.map_or(0, |line| line.closing_minor)),
            postings: postings.collect(),
            more,
        }))
    })
    .await
}

pub(super) fn number(entry: &Entry) -> String {
    format!("{}.{}.{}", entry.cell.0, entry.seq, entry.fact)
}

pub(super) fn household(cell: Cell, id: Id) -> String {
    public(IdKind::Household, cell, id)
}
