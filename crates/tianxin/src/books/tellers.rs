//! `tianxin books tellers`: where the institution's cash lies, who answers for it, and what counts found.

use std::path::PathBuf;

use app::drawer::{CashDifference, Drawer, DrawerState, VAULT};
use app::general_ledger;
use app::tables::{GlBalance, Staff};
use basics::{Cell, Date, Id};
use clap::Args;
use door::table::Record;
use door::{Connection, key};
use serde_json::{Map, json};

use super::sheet::{Column, Form, Item, Sheet, give};
use crate::config::{self, Opened, Place, Use};
use crate::failure::Failure;

/// Teller drawers and the vault (尾箱和库房): who answers for each, what lies in it, and differences that nobody has cleared.
///
/// Ends with 1 where the drawers do not add up to the subject of cash, or, with --closed, where one is open.
#[derive(Args)]
pub struct Tellers {
    /// End with 1 if a drawer is open and nobody has said why: the check at the end of a day
    #[arg(long)]
    closed: bool,
    /// The form
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    /// The file; it is written whole or not at all [default: the standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Tellers {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let opened = config::open(place, Use::Read)?;
        let mut connection = opened.backend.connect()?;
        connection.begin_snapshot()?;
        let read = Cash::read(&opened, connection.as_mut());
        connection.rollback();
        let cash = read?;
        give(&cash.sheet(&opened.tianxin.institution.name), self.format, self.out.as_deref())?;
        cash.check(self.closed)
    }
}

fn rows<R: Record>(connection: &mut dyn Connection) -> Result<Vec<R>, Failure> {
    let rows = connection.load_many(R::table(), &[0], &[key![Cell::OFFICE]])?;
    rows.iter().map(|row| R::from_row(row).map_err(|error| Failure::Wrong(error.to_string()))).collect()
}

/// What the books say of cash.
struct Cash {
    today: Date,
    drawers: Vec<Drawer>,
    staff: Vec<Staff>,
    differences: Vec<CashDifference>,
    /// The balance of the subject of cash, in minor units.
    subject_minor: i64,
}

impl Cash {
    fn read(opened: &Opened, connection: &mut dyn Connection) -> Result<Cash, Failure> {
        let cash = opened.tianxin.subjects.cash.ok_or_else(|| {
            Failure::Usage("the chart of accounts has no subjects for cash: nobody works with cash here".to_owned())
        })?;
        let mut drawers: Vec<Drawer> = rows(connection)?;
        drawers.sort_by(|a, b| (a.clerk.is_some(), &a.name).cmp(&(b.clerk.is_some(), &b.name)));
        let mut differences: Vec<CashDifference> = rows(connection)?;
        differences.retain(|row| row.cleared.is_none());
        differences.sort_by_key(|row| (row.on_day, row.id));
        let balances: Vec<GlBalance> = rows(connection)?;
        let of_cash = balances.iter().filter(|row| row.subject == i64::from(cash.cash.0));
        Ok(Cash {
            today: general_ledger::days(connection)?.open,
            drawers,
            staff: rows(connection)?,
            differences,
            subject_minor: of_cash.map(|row| row.balance_minor).fold(0, i64::saturating_add),
        })
    }

    fn total(&self) -> i64 {
        self.drawers.iter().map(|row| row.balance_minor).fold(0, i64::saturating_add)
    }

    fn sheet(&self, institution: &str) -> Sheet {
        let login = |id: Option<Id>| {
            let found = id.and_then(|id| self.staff.iter().find(|row| row.id == id));
            found.map_or(Item::Empty, |row| Item::text(row.login.clone()))
        };
        let mut rows: Vec<Vec<Item>> = Vec::new();
        for row in self.drawers.iter().filter(|row| row.state != DrawerState::Retired || row.balance_minor != 0) {
            let state = match row.state {
                _ if row.id == VAULT => Item::Empty,
                DrawerState::Open => Item::text("开箱 open"),
                DrawerState::Closed => Item::text("锁箱 closed"),
                DrawerState::Retired => Item::text("停用 retired"),
            };
            let over = row.limit_minor > 0 && row.balance_minor > row.limit_minor;
            let note = if over { Item::text("超限额 over its limit") } else { Item::Empty };
            let opened_on = row.opened_on.map_or(Item::Empty, |day| Item::text(day.to_string()));
            let limit = if row.limit_minor > 0 { Item::Money(row.limit_minor) } else { Item::Empty };
            let (name, clerk) = (Item::text(row.name.clone()), login(row.clerk));
            rows.push(vec![name, clerk, state, opened_on, Item::Money(row.balance_minor), limit, note]);
        }
        for row in &self.differences {
            let drawer = self.drawers.iter().find(|drawer| drawer.id == row.drawer);
            let name = drawer.map_or_else(|| row.drawer.to_string(), |drawer| drawer.name.clone());
            let what = if row.amount_minor > 0 { "长款待处理 too much" } else { "短款待处理 too little" };
            let (state, day) = (Item::text(what), Item::text(row.on_day.to_string()));
            let amount = Item::Money(row.amount_minor);
            rows.push(vec![Item::text(name), login(row.clerk), state, day, amount, Item::Empty, Item::Empty]);
        }
        let total = [Item::text("合计 total"), Item::Empty, Item::Empty, Item::Empty, Item::Money(self.total())];
        rows.push(total.into_iter().chain([Item::Empty, Item::Empty]).collect());
        let column = |name, heading| Column { name, heading };
        let mut beside = Map::new();
        beside.insert("open_date".to_owned(), json!(self.today.to_string()));
        beside.insert("subject_balance".to_owned(), json!(basics::money::format_minor(self.subject_minor)));
        Sheet {
            name: "tellers",
            heading: vec![institution.to_owned(), "尾箱和库房 drawers and vault".to_owned(), self.today.to_string()],
            columns: vec![
                column("drawer", "尾箱 drawer"),
                column("clerk", "柜员 clerk"),
                column("state", "状态 state"),
                column("on_day", "日期 day"),
                column("amount", "金额 amount"),
                column("limit", "限额 limit"),
                column("note", "提示 note"),
            ],
            rows,
            beside,
        }
    }

    fn check(&self, closed: bool) -> Result<(), Failure> {
        let total = self.total();
        if total != self.subject_minor {
            let [total, subject] = [total, self.subject_minor].map(basics::money::format_minor);
            return Err(Failure::Wrong(format!(
                "drawers and vault hold {total}, the subject of cash has {subject}: run `tianxin audit verify`"
            )));
        }
        let is_open = |row: &&Drawer| row.state == DrawerState::Open && row.left_open_on != Some(self.today);
        let open: Vec<&str> = self.drawers.iter().filter(is_open).map(|row| row.name.as_str()).collect();
        if closed && !open.is_empty() {
            let open = open.join(", ");
            return Err(Failure::Wrong(format!("these drawers are open: {open}; have them counted and closed")));
        }
        Ok(())
    }
}
