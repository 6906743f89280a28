//! `tianxin books tie`: sub-ledgers against the general ledger, subject by subject and cell by cell.

use std::path::PathBuf;

use app::general_ledger::{self, Days};
use app::tie::{Depth, Tie, TieError, TieItem, TieLine};
use basics::{Date, Id};
use clap::Args;
use ledger::Chart;
use serde_json::{Map, json};

use super::sheet::{Form, Item, Sheet, give};
use super::{CODE, NAME, column, name};
use crate::config::{self, Place, Use};
use crate::failure::Failure;
use crate::terminal::Progress;

/// Hold the sub-ledgers against the general ledger (总分核对): notes, lines, wallets, merchants, accrued interest, allowances
///
/// Of a closed day each cell's books are derived from its journal as they stood then. A difference is shown with its cell and the notes
/// or accounts that do not hold what they should; then the command ends with 1.
#[derive(Args)]
pub struct TieTask {
    /// The booking date [default: the last closed day; before the first close the open one]
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    at: Option<Date>,
    /// Look through every note and account, also where the totals agree
    #[arg(long)]
    each: bool,
    /// Show every cell, also those that agree
    #[arg(long)]
    cells: bool,
    /// The form
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    /// The file; it is written whole or not at all [default: the standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl From<TieError> for Failure {
    fn from(error: TieError) -> Failure {
        match error {
            TieError::Read(error) => error.into(),
            TieError::Journal(error) => error.into(),
            TieError::Damaged(_) => Failure::Wrong(error.to_string()),
        }
    }
}

impl TieTask {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let opened = config::open(place, Use::Read)?;
        let mut connection = opened.backend.connect()?;
        connection.begin_snapshot()?;
        let depth = if self.each { Depth::EachItem } else { Depth::Totals };
        let tied = general_ledger::days(connection.as_mut()).map_err(Failure::from).and_then(|days| {
            let Days { first_closed, open } = days;
            let at = self.at.unwrap_or(if first_closed.is_some() { open.add_days(-1) } else { open });
            let _progress = Progress::begin("adding the sub-ledgers up");
            Ok(opened.tianxin.tie(connection.as_mut(), opened.backend.cells(), at, depth)?)
        });
        connection.rollback();
        let tie = tied?;
        let sheet = sheet(&opened.tianxin.institution.name, &opened.tianxin.chart, &tie, self.cells);
        give(&sheet, self.format, self.out.as_deref())?;
        match tie.differing().count() {
            0 => Ok(()),
            count => Err(Failure::Wrong(format!(
                "{count} lines differ on {}: look at the items named, then run `tianxin audit verify`",
                tie.on
            ))),
        }
    }
}

fn sheet(institution: &str, chart: &Chart, tie: &Tie, all_cells: bool) -> Sheet {
    let mut rows = Vec::new();
    for line in tie.by_subject() {
        rows.push(row(chart, &line, None));
    }
    for line in tie.lines.iter().filter(|line| !line.agrees() || (all_cells && line.cell.is_some())) {
        rows.push(row(chart, line, None));
        rows.extend(line.differing.iter().map(|item| row(chart, line, Some(item))));
        if line.unnamed > 0 {
            let more = name(&format!("另有 {} 项", line.unnamed), &format!("and {} more", line.unnamed));
            let mut blank = vec![Item::Empty; 9];
            blank[4] = more;
            rows.push(blank);
        }
    }
    let open = if tie.open { "，未日结 · the day is open" } else { "" };
    let told = match tie.differing().count() {
        0 => "总分相符 · all agree".to_owned(),
        count => format!("{count} 处不符 · {count} lines differ"),
    };
    let mut beside = Map::new();
    beside.insert("at".to_owned(), json!(tie.on.to_string()));
    beside.insert("open".to_owned(), json!(tie.open));
    beside.insert("agrees".to_owned(), json!(tie.agrees()));
    Sheet {
        name: "tie",
        heading: vec![
            institution.to_owned(),
            "总分核对 sub-ledgers against the general ledger".to_owned(),
            format!("{}{open}", tie.on),
            told,
        ],
        columns: vec![
            column("cell", "单元 cell"),
            column("part", "核对 part"),
            CODE,
            NAME,
            column("item", "笔数或明细 items"),
            column("sub_ledger", "分户 sub-ledger"),
            column("ledger", "总账 ledger"),
            column("difference", "差额 difference"),
            column("postings", "分录合计 postings"),
        ],
        rows,
        beside,
    }
}

/// A line, or one of its items. Debit is positive.
fn row(chart: &Chart, line: &TieLine, item: Option<&TieItem>) -> Vec<Item> {
    let cell = line.cell.map_or(Item::Empty, |cell| Item::text(cell.0.to_string()));
    let subject = chart.subject(line.subject);
    let (zh, en) = line.part.words();
    let mut row = vec![
        cell,
        name(zh, en),
        Item::text(line.subject.to_string()),
        subject.map_or(Item::Empty, |subject| name(&subject.zh, &subject.en)),
    ];
    match item {
        None => row.extend([
            Item::text(line.items.to_string()),
            Item::Money(line.sub_minor),
            Item::Money(line.ledger_minor),
            Item::Money(line.difference_minor()),
            line.posted_minor.map_or(Item::Empty, Item::Money),
        ]),
        Some(item) => {
            let (zh, en) = item.kind.words();
            let of = item.household.filter(|household: &Id| *household != item.id);
            let of = of.map_or_else(String::new, |household| format!(" · {household}"));
            let should = Item::Money(item.should_minor);
            row.extend([
                Item::text(format!("{zh} {en} {}{of}", item.id)),
                Item::Money(item.sub_minor),
                if item.by_events { should.clone() } else { Item::Empty },
                Item::Money(item.sub_minor.saturating_sub(item.should_minor)),
                if item.by_events { Item::Empty } else { should },
            ]);
        }
    }
    row
}
