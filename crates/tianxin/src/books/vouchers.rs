//! `tianxin books vouchers`: vouchers by number, by day, and by what is on them.

use std::path::PathBuf;

use api::shown::{entry_en, entry_zh};
use app::tables::EntryKind;
use app::voucher::{self, Voucher, VoucherNo, VoucherSearch};
use basics::{Cell, Currency, Date, Id, Money, PublicId};
use clap::Args;
use ledger::{Chart, SubjectCode};
use serde_json::{Map, json};

use super::sheet::{Form, Item, Sheet, give};
use super::{CODE, NAME, column, name, on_sides};
use crate::config::{self, Place, Use};
use crate::failure::Failure;

/// Show vouchers (会计凭证): one by its number, or those of some days by what is on them
///
/// A number is booking date, cell and place on that day, such as 20260305-07-0012; numbers have no gaps.
#[derive(Args)]
pub struct Vouchers {
    /// One voucher
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["from", "to", "cell", "subject", "amount", "kind", "naming"],
        required_unless_present = "from")]
    number: Option<String>,
    /// The first booking date
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    from: Option<Date>,
    /// The last one [default: the first]
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    to: Option<Date>,
    /// In this cell alone; 0 is the office
    #[arg(long, value_name = "N")]
    cell: Option<u16>,
    /// With a line on this subject
    #[arg(long, value_name = "CODE")]
    subject: Option<u32>,
    /// With a line of exactly this amount, on either side
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,
    /// Of this kind, such as repayment
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// With a line of this household or loan, by its id
    #[arg(long, value_name = "ID")]
    naming: Option<String>,
    /// How many at most; where there are more it is refused
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// The form
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    /// The file; it is written whole or not at all [default: the standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Vouchers {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let opened = config::open(place, Use::Read)?;
        let (chart, currency) = (&opened.tianxin.chart, opened.tianxin.institution.currency);
        let mut connection = opened.backend.connect()?;
        connection.begin_snapshot()?;
        let found = match &self.number {
            Some(text) => self.one(connection.as_mut(), text),
            None => self.search(currency).and_then(|(days, search)| {
                let limit = self.limit as usize;
                let found = voucher::search(connection.as_mut(), opened.backend.cells(), days, &search, limit)?;
                if found.more {
                    let limit = self.limit;
                    return Err(Failure::Usage(format!(
                        "there are more than {limit}: name less days or raise --limit"
                    )));
                }
                Ok(found.vouchers)
            }),
        };
        connection.rollback();
        give(&sheet(&opened.tianxin.institution.name, chart, &found?), self.format, self.out.as_deref())
    }

    fn one(&self, connection: &mut dyn door::Connection, text: &str) -> Result<Vec<Voucher>, Failure> {
        let unreadable = || Failure::Usage(format!("`{text}` is no number of a voucher: 20260305-07-0012 is one"));
        let number = VoucherNo::parse(text).ok_or_else(unreadable)?;
        let gone = || Failure::Usage(format!("there is no voucher {number}: its cell booked fewer on that day"));
        Ok(vec![voucher::voucher(connection, number)?.ok_or_else(gone)?])
    }

    fn search(&self, currency: Currency) -> Result<((Date, Date), VoucherSearch), Failure> {
        let from = self.from.ok_or_else(|| Failure::Usage("--from is missing".to_owned()))?;
        let to = self.to.unwrap_or(from);
        if from > to {
            return Err(Failure::Usage(format!("the period begins on {from}, after its end on {to}")));
        }
        let usage = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
        let amount = self.amount.as_deref().map(|text| Money::parse(text, currency)).transpose();
        let kind = match self.kind.as_deref() {
            Some(text) => {
                let names: Vec<&str> = EntryKind::ALL.iter().map(|kind| kind.as_str()).collect();
                let unknown = || Failure::Usage(format!("`{text}` is no kind: choose one of {}", names.join(", ")));
                Some(EntryKind::parse(text).ok_or_else(unknown)?)
            }
            None => None,
        };
        let naming = match self.naming.as_deref() {
            Some(text) => Some(match PublicId::parse(text) {
                Ok(public) => public.id,
                Err(_) => uuid::Uuid::try_parse(text).map(Id).map_err(|error| usage(&error))?,
            }),
            None => None,
        };
        let search = VoucherSearch {
            cell: self.cell.map(Cell),
            kind,
            subject: self.subject.map(i64::from),
            amount_minor: amount.map_err(|error| usage(&error))?.map(|amount| amount.minor()),
            naming,
        };
        Ok(((from, to), search))
    }
}

fn sheet(institution: &str, chart: &Chart, vouchers: &[Voucher]) -> Sheet {
    let mut rows = Vec::new();
    for voucher in vouchers {
        for posting in &voucher.postings {
            let entry = &voucher.entry;
            let subject = chart.subject(SubjectCode(u32::try_from(posting.subject).unwrap_or_default()));
            let [debit, credit] = on_sides(posting.amount_minor);
            let summary = name(entry_zh(entry.kind), entry_en(entry.kind));
            rows.push(vec![
                Item::text(voucher.number.to_string()),
                summary,
                Item::text(entry.value_date.to_string()),
                Item::text(posting.subject.to_string()),
                subject.map_or(Item::Empty, |subject| name(&subject.zh, &subject.en)),
                posting.account.map_or(Item::Empty, |account| Item::text(account.to_string())),
                debit,
                credit,
                entry.memo.as_ref().map_or(Item::Empty, Item::text),
            ]);
        }
    }
    let mut beside = Map::new();
    beside.insert("vouchers".to_owned(), json!(vouchers.len()));
    let told = format!("{} 张 · {} vouchers", vouchers.len(), vouchers.len());
    Sheet {
        name: "vouchers",
        heading: vec![institution.to_owned(), "会计凭证 vouchers".to_owned(), told],
        columns: vec![
            column("voucher", "凭证号 voucher"),
            column("summary", "摘要 summary"),
            column("value_date", "起息日 value"),
            CODE,
            NAME,
            column("account", "分户 account"),
            column("debit", "借方 debit"),
            column("credit", "贷方 credit"),
            column("memo", "附言 memo"),
        ],
        rows,
        beside,
    }
}
