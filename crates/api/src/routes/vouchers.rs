//! Vouchers 会计凭证: one by one with the record behind it, and looked for by what is on them.

use app::books::{BOOK_LOAN, BOOK_WALLET};
use app::line::BOOK_LINE;
use app::tables::{EntryKind, Posting};
use app::voucher::{Voucher, VoucherNo, VoucherSearch};
use axum::Json;
use axum::extract::State;
use basics::{Cell, IdKind, PublicId};
use ledger::{Chart, SubjectCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::books::{household, number};
use super::household::place_of;
use super::journal::{self, JournalLineShown};
use crate::Shared;
use crate::extract::{Query, date, public};
use crate::problem::{Problem, ProblemDocument};
use crate::shown::{amount, entry_en, entry_zh};

/// Vouchers shown at once at most.
const VOUCHERS_MAX: usize = 1_000;

/// Which entry.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OneEntry {
    /// Cell, record and fact, as it was shown, or the voucher's number.
    #[param(example = "7.12.0")]
    entry: String,
}

/// A voucher 会计凭证.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoucherShown {
    /// Its number: booking date, cell, and its place among the entries of that cell and day.
    #[schema(example = "20260305-07-0012")]
    number: String,
    entry: String,
    kind_zh: &'static str,
    kind_en: &'static str,
    value_date: String,
    booking_date: String,
    currency: String,
    /// The sum of its debits.
    amount: String,
    memo: Option<String>,
    lines: Vec<VoucherLine>,
    /// The record of the journal that made it.
    record: JournalLineShown,
}

/// A line of a voucher.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoucherLine {
    subject: u32,
    zh: String,
    en: String,
    /// Debit is positive.
    amount: String,
    household: Option<String>,
    /// The loan note, where the line is on one's principal.
    loan: Option<String>,
}

fn line(chart: &Chart, posting: &Posting) -> VoucherLine {
    let code = u32::try_from(posting.subject).unwrap_or_default();
    let subject = chart.subject(SubjectCode(code));
    let [wallet, loan, line] = [BOOK_WALLET, BOOK_LOAN, BOOK_LINE].map(i64::from);
    let of_household = [wallet, loan, line].contains(&posting.book);
    let account = posting.account.filter(|_| posting.book == loan);
    VoucherLine {
        subject: code,
        zh: subject.map_or_else(String::new, |subject| subject.zh.clone()),
        en: subject.map_or_else(String::new, |subject| subject.en.clone()),
        amount: amount(posting.amount_minor),
        household: posting.owner.filter(|_| of_household).map(|id| household(posting.cell, id)),
        loan: account.map(|id| public(IdKind::Loan, posting.cell, id)),
    }
}

/// One entry with all its lines and the record behind it.
#[utoipa::path(get, path = "/api/v1/office/books/entry", tag = "office", params(OneEntry),
    responses((status = 200, body = VoucherShown), (status = "default", body = ProblemDocument)))]
pub async fn entry(State(api): State<Shared>, Query(one): Query<OneEntry>) -> Result<Json<VoucherShown>, Problem> {
    let by_number = VoucherNo::parse(&one.entry);
    let place = if by_number.is_none() { Some(place_of(&one.entry)?) } else { None };
    api.blocking(move |desk| {
        let voucher = match (by_number, place) {
            (Some(number), _) => desk.voucher(number)?,
            (None, Some((cell, seq, fact))) => {
                let cell = u16::try_from(cell).map(Cell).map_err(|_| Problem::new("unknown_entry"))?;
                let (entry, postings) = desk.entry(cell, seq, fact)?;
                Voucher { number: desk.voucher_number(&entry)?, entry, postings }
            }
            (None, None) => return Err(Problem::new("unknown_entry")),
        };
        let record = desk.record_of(voucher.entry.cell, voucher.entry.seq)?;
        let chart = &desk.house().chart;
        Ok(Json(VoucherShown {
            number: voucher.number.to_string(),
            entry: number(&voucher.entry),
            kind_zh: entry_zh(voucher.entry.kind),
            kind_en: entry_en(voucher.entry.kind),
            value_date: voucher.entry.value_date.to_string(),
            booking_date: voucher.entry.booking_date.to_string(),
            currency: voucher.entry.currency.to_string(),
            amount: amount(voucher.amount_minor()),
            lines: voucher.postings.iter().map(|posting| line(chart, posting)).collect(),
            record: journal::shown(&record),
            memo: voucher.entry.memo,
        }))
    })
    .await
}

/// Which vouchers. Everything that is given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct VouchersAsked {
    /// The first booking date.
    from: String,
    /// The last one; the first if not given.
    to: Option<String>,
    /// In this cell alone; 0 is the office.
    cell: Option<u16>,
    /// Of this kind, such as `repayment`.
    kind: Option<String>,
    /// With a line on this subject.
    subject: Option<u32>,
    /// With a line of exactly this amount, on either side.
    amount: Option<String>,
    /// With a line of this household or this loan.
    naming: Option<String>,
    /// How many at most, 1 to 1,000.
    limit: Option<usize>,
}

/// Vouchers that were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct VouchersShown {
    /// Cell by cell, in the order of their numbers.
    vouchers: Vec<VoucherFound>,
    /// Whether there are more than are shown.
    more: bool,
}

/// A voucher in the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoucherFound {
    number: String,
    entry: String,
    kind: &'static str,
    kind_zh: &'static str,
    kind_en: &'static str,
    booking_date: String,
    value_date: String,
    /// The sum of its debits.
    amount: String,
    lines: usize,
    memo: Option<String>,
}

/// The vouchers of some days, by number, subject, amount, kind, household or loan.
#[utoipa::path(get, path = "/api/v1/office/vouchers", tag = "office", params(VouchersAsked),
    responses((status = 200, body = VouchersShown), (status = "default", body = ProblemDocument)))]
pub async fn list(
    State(api): State<Shared>,
    Query(asked): Query<VouchersAsked>,
) -> Result<Json<VouchersShown>, Problem> {
    let from = date(&asked.from)?;
    let to = asked.to.as_deref().map(date).transpose()?.unwrap_or(from);
    let kind = match asked.kind.as_deref() {
        Some(text) => {
            let unknown = || Problem::new("bad_query").saying("there is no such kind of entry");
            Some(EntryKind::parse(text).ok_or_else(unknown)?)
        }
        None => None,
    };
    let naming = match asked.naming.as_deref() {
        Some(text) => Some(PublicId::parse(text).map_err(|_| Problem::new("bad_id"))?.id),
        None => None,
    };
    let amount_minor = asked.amount.as_deref().map(|text| api.amount(text)).transpose()?.map(|amount| amount.minor());
    let search =
        VoucherSearch { cell: asked.cell.map(Cell), kind, subject: asked.subject.map(i64::from), amount_minor, naming };
    let limit = asked.limit.unwrap_or(200).clamp(1, VOUCHERS_MAX);
    api.blocking(move |desk| {
        let found = desk.vouchers((from, to), &search, limit)?;
        let vouchers = found.vouchers.iter().map(|voucher| VoucherFound {
            number: voucher.number.to_string(),
            entry: number(&voucher.entry),
            kind: voucher.entry.kind.as_str(),
            kind_zh: entry_zh(voucher.entry.kind),
            kind_en: entry_en(voucher.entry.kind),
            booking_date: voucher.entry.booking_date.to_string(),
            value_date: voucher.entry.value_date.to_string(),
            amount: amount(voucher.amount_minor()),
            lines: voucher.postings.len(),
            memo: voucher.entry.memo.clone(),
        });
        Ok(Json(VouchersShown { vouchers: vouchers.collect(), more: found.more }))
    })
    .await
}
