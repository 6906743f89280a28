//! Cash at the window: drawers and the vault, what is done with them, and cash paid in and out.

use app::command::{Command, Outcome};
use app::desk::Desk;
use app::drawer::{
    CashDifference, CashSlip, Cleared, Drawer, DrawerState, DrawerStep, PayCash, Pieces, TakeCash, VAULT, Way,
    WorkDrawer,
};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::money::format_minor;
use basics::{Cell, Id, IdKind, PublicId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::act::{Receipt, Taken, receipt};
use crate::extract::{Body, CommandId, Query, date, public, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::{Api, Shared};

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

/// A drawer, or the vault.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrawerShown {
    /// Its id, `dw-…`.
    drawer: String,
    /// Whether it is the vault.
    vault: bool,
    /// What people call it.
    name: String,
    /// `open`, `closed` or `retired`.
    state: &'static str,
    /// The clerk who answers for it, `st-…`.
    clerk: Option<String>,
    /// The clerk's sign-in name.
    clerk_login: Option<String>,
    /// What is in it by the books.
    balance: String,
    /// What it should hold at most.
    limit: Option<String>,
    /// Whether it holds more than that.
    over_limit: bool,
    /// Slips on their way to a wallet.
    under_way: i64,
    /// The day it was last opened on.
    opened_on: Option<String>,
    /// The day over whose close it may stay open.
    left_open_on: Option<String>,
}

/// A difference that a count found.
#[derive(Debug, Serialize, ToSchema)]
pub struct CashDifferenceShown {
    /// Its id.
    difference: String,
    /// The drawer, `dw-…`.
    drawer: String,
    /// What people call it.
    drawer_name: String,
    /// The clerk who answered for it, by sign-in name.
    clerk_login: Option<String>,
    on_day: String,
    /// Too much; less than nothing is too little.
    amount: String,
    /// `cash` or `profit`; none while nobody has said what it was.
    cleared: Option<&'static str>,
    reason: Option<String>,
    cleared_on: Option<String>,
}

/// Cash of the institution.
#[derive(Debug, Serialize, ToSchema)]
pub struct CashShown {
    /// The open day.
    open_date: String,
    /// Notes and coins, the largest first.
    denominations: Vec<String>,
    /// The vault first, then by name.
    drawers: Vec<DrawerShown>,
    /// What lies in all of them.
    total: String,
    /// Differences that nobody has cleared.
    differences: Vec<CashDifferenceShown>,
}

/// Which day of a drawer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DrawerDayAsked {
    /// The day; the open one if not given.
    day: Option<String>,
}

/// Cash paid in or out.
#[derive(Debug, Serialize, ToSchema)]
pub struct CashSlipShown {
    /// The slip: the transfer that the receipt names.
    slip: String,
    /// `in` or `out`.
    way: &'static str,
    /// `asked`, `booked` or `turned_down`. Notes change hands when it is booked, not before.
    state: &'static str,
    /// The household.
    household: String,
    /// Name of its head.
    name: Option<String>,
    amount: String,
    value_date: String,
    /// The loan it pays.
    loan: Option<String>,
    /// A code that says why it was turned down.
    why: Option<String>,
}

/// So many pieces of a denomination.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PiecesTold {
    /// What one is worth.
    #[schema(example = "100.00")]
    denomination: String,
    /// How many.
    pieces: u32,
}

/// A count.
#[derive(Debug, Serialize, ToSchema)]
pub struct CashCountShown {
    /// `open`, `close` or `check`.
    occasion: &'static str,
    counted: String,
    /// Counted beyond what the books had; less than nothing if it lacked.
    difference: String,
    /// The second person, by sign-in name.
    second_login: Option<String>,
    pieces: Vec<PiecesTold>,
}

/// A drawer and a day of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrawerDayShown {
    drawer: DrawerShown,
    day: String,
    /// Notes and coins, the largest first.
    denominations: Vec<String>,
    /// Cash paid in and booked on the day.
    paid_in: String,
    /// Cash paid out and booked on the day.
    paid_out: String,
    slips: Vec<CashSlipShown>,
    counts: Vec<CashCountShown>,
}

/// What is done with a drawer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawerStepTold {
    /// `open`, `close`, `check`, `from_vault`, `to_vault`, `give`, `from_bank`, `to_bank`, `clear` or `leave_open`.
    #[schema(example = "open")]
    step: String,
    /// The count, for `open`, `close` and `check`.
    #[serde(default)]
    pieces: Vec<PiecesTold>,
    /// How much: what the vault hands over or gets (`open`, `close`; may be left out), what is moved otherwise.
    amount: Option<String>,
    /// For `check`: whether the drawer is closed with it.
    close: Option<bool>,
    /// For `give`: the other drawer, `dw-…`.
    to: Option<String>,
    /// For `clear`: the difference.
    difference: Option<String>,
    /// For `clear`: `cash` (made good, or given back) or `profit` (income or loss).
    how: Option<String>,
    /// For `from_bank` and `to_bank`: the bank's reference; for `clear` and `leave_open`: why.
    reason: Option<String>,
}

/// A drawer is made or changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawerTold {
    /// Which, `dw-…`; a new one if not given.
    drawer: Option<String>,
    /// What people call it: the window it stands at.
    name: String,
    /// The clerk who answers for it, `st-…`.
    clerk: String,
    /// What it should hold at most.
    limit: Option<String>,
    /// Whether it is not used any more; no if not given.
    retired: Option<bool>,
}

/// Cash is paid in or out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CashTold {
    /// `in` or `out`.
    way: String,
    /// How much.
    #[schema(example = "1250.00")]
    amount: String,
    /// The loan that is paid with it, `ln-…`; only `in`.
    loan: Option<String>,
    /// The day it counts from, where the window was cut off then; the open day if not given. Only `in`, and not with a loan.
    value_date: Option<String>,
}

fn dw(id: Id) -> String {
    public(IdKind::Drawer, Cell::OFFICE, id)
}

fn drawer_id(text: &str) -> Result<Id, Problem> {
    if text == "vault" { Ok(VAULT) } else { Ok(PublicId::parse_kind(text, IdKind::Drawer)?.id) }
}

/// Sign-in names of staff.
struct Logins(Vec<app::tables::Staff>);

impl Logins {
    fn of(&self, id: Id) -> Option<String> {
        self.0.iter().find(|row| row.id == id).map(|row| row.login.clone())
    }
}

fn drawer_shown(row: &Drawer, logins: &Logins) -> DrawerShown {
    let limited = row.limit_minor > 0;
    DrawerShown {
        drawer: dw(row.id),
        vault: row.id == VAULT,
        name: row.name.clone(),
        state: row.state.as_str(),
        clerk: row.clerk.map(|id| public(IdKind::Staff, Cell::OFFICE, id)),
        clerk_login: row.clerk.and_then(|id| logins.of(id)),
        balance: format_minor(row.balance_minor),
        limit: limited.then(|| format_minor(row.limit_minor)),
        over_limit: limited && row.balance_minor > row.limit_minor,
        under_way: row.under_way,
        opened_on: row.opened_on.map(|day| day.to_string()),
        left_open_on: row.left_open_on.map(|day| day.to_string()),
    }
}

fn difference_shown(row: &CashDifference, drawers: &[Drawer], logins: &Logins) -> CashDifferenceShown {
    let drawer = drawers.iter().find(|drawer| drawer.id == row.drawer);
    CashDifferenceShown {
        difference: row.id.to_string(),
        drawer: dw(row.drawer),
        drawer_name: drawer.map_or_else(|| dw(row.drawer), |drawer| drawer.name.clone()),
        clerk_login: row.clerk.and_then(|id| logins.of(id)),
        on_day: row.on_day.to_string(),
        amount: format_minor(row.amount_minor),
        cleared: row.cleared.map(Cleared::as_str),
        reason: row.reason.clone(),
        cleared_on: row.cleared_on.map(|day| day.to_string()),
    }
}

fn denominations(desk: &Desk) -> Vec<String> {
    desk.house().chart.denominations.iter().map(|minor| format_minor(*minor)).collect()
}

/// All drawers, the vault, and the differences that nobody has cleared.
#[utoipa::path(get, path = "/api/v1/office/drawers", tag = "cash",
    responses((status = 200, body = CashShown), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>) -> Result<Json<CashShown>, Problem> {
    api.blocking(|desk| {
        let (drawers, logins) = (desk.drawers()?, Logins(desk.staff()?));
        let total = drawers.iter().fold(0_i64, |sum, row| sum.saturating_add(row.balance_minor));
        let differences = desk.cash_differences(false)?;
        Ok(Json(CashShown {
            open_date: desk.open_date(Cell::OFFICE)?.to_string(),
            denominations: denominations(desk),
            total: format_minor(total),
            differences: differences.iter().map(|row| difference_shown(row, &drawers, &logins)).collect(),
            drawers: drawers.iter().map(|row| drawer_shown(row, &logins)).collect(),
        }))
    })
    .await
}

/// Makes a drawer, or changes one that is closed; a second person approves.
#[utoipa::path(post, path = "/api/v1/office/drawers", tag = "cash", request_body = DrawerTold,
    params(("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn set(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<DrawerTold>,
) -> Receipted {
    let drawer = told.drawer.as_deref().map(drawer_id).transpose()?;
    let clerk = PublicId::parse_kind(&told.clerk, IdKind::Staff)?.id;
    let limit = told.limit.as_deref().map(|limit| api.amount(limit)).transpose()?;
    let step = DrawerStep::Set { name: told.name, clerk, limit, retired: told.retired.unwrap_or(false) };
    let work = WorkDrawer { drawer: drawer.unwrap_or_else(|| command.made("drawer")), step };
    stands(api.act(caller.actor, command, Command::WorkDrawer(work)).await?)
}

/// A drawer and a day of it: cash paid in and out, and counts.
#[utoipa::path(get, path = "/api/v1/office/drawers/{dw}", tag = "cash",
    params(("dw" = String, Path, description = "The drawer, `dw-…`, or `vault`"), DrawerDayAsked),
    responses((status = 200, body = DrawerDayShown), (status = "default", body = ProblemDocument)))]
pub async fn one(
    State(api): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<DrawerDayAsked>,
) -> Result<Json<DrawerDayShown>, Problem> {
    let (id, day) = (drawer_id(&id)?, asked.day.as_deref().map(date).transpose()?);
    api.blocking(move |desk| {
        let day = day.map_or_else(|| desk.open_date(Cell::OFFICE), Ok)?;
        let of_day = desk.drawer_day(id, day)?;
        let logins = Logins(desk.staff()?);
        let sum = |way: &str| {
            let booked = of_day.slips.iter().filter(|slip| slip.state.as_str() == "booked" && slip.way.as_str() == way);
            format_minor(booked.fold(0_i64, |sum, slip| sum.saturating_add(slip.amount_minor)))
        };
        let counts = of_day.counts.iter().map(|(row, pieces)| CashCountShown {
            occasion: row.occasion.as_str(),
            counted: format_minor(row.counted_minor),
            difference: format_minor(row.difference_minor),
            second_login: logins.of(row.second),
            pieces: pieces.iter().map(pieces_shown).collect(),
        });
        Ok(Json(DrawerDayShown {
            drawer: drawer_shown(&of_day.drawer, &logins),
            day: day.to_string(),
            denominations: denominations(desk),
            paid_in: sum("in"),
            paid_out: sum("out"),
            counts: counts.collect(),
            slips: of_day.slips.iter().map(|slip| slip_shown(desk, slip)).collect::<Result<_, Problem>>()?,
        }))
    })
    .await
}

fn pieces_shown(row: &Pieces) -> PiecesTold {
    PiecesTold { denomination: format_minor(row.denomination_minor), pieces: row.pieces }
}

fn slip_shown(desk: &Desk, slip: &CashSlip) -> Result<CashSlipShown, Problem> {
    let cell = desk.cell_of(slip.household);
    let head = match slip.why.as_deref() {
        // There may be no such household.
        Some(_) => None,
        None => desk.field(slip.household, desk.head(slip.household)?, "name")?,
    };
    Ok(CashSlipShown {
        slip: public(IdKind::Transfer, if slip.way == Way::In { Cell::OFFICE } else { cell }, slip.id),
        way: slip.way.as_str(),
        state: slip.state.as_str(),
        household: public(IdKind::Household, cell, slip.household),
        name: head,
        amount: format_minor(slip.amount_minor),
        value_date: slip.value_date.to_string(),
        loan: slip.loan.map(|loan| public(IdKind::Loan, cell, loan)),
        why: slip.why.clone(),
    })
}

/// Opens, closes, counts or fills a drawer or the vault; who approves is in the permission table.
#[utoipa::path(post, path = "/api/v1/office/drawers/{dw}/steps", tag = "cash", request_body = DrawerStepTold,
    params(("dw" = String, Path, description = "The drawer, `dw-…`, or `vault`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn step(
    State(api): State<Shared>,
    Path(id): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<DrawerStepTold>,
) -> Receipted {
    let work = WorkDrawer { drawer: drawer_id(&id)?, step: step_of(&api, told)? };
    stands(api.act(caller.actor, command, Command::WorkDrawer(work)).await?)
}

fn step_of(api: &Api, told: DrawerStepTold) -> Result<DrawerStep, Problem> {
    let missing = |what: &str| Problem::new("bad_drawer_step").saying(format!("`{}` needs `{what}`", told.step));
    let pieces = || {
        let row = |row: &PiecesTold| {
            let denomination_minor = api.amount(&row.denomination)?.minor();
            Ok(Pieces { denomination_minor, pieces: row.pieces })
        };
        told.pieces.iter().map(row).collect::<Result<Vec<_>, Problem>>()
    };
    let beside = told.amount.as_deref().map(|amount| api.amount(amount)).transpose()?;
    let amount = || beside.ok_or_else(|| missing("amount"));
    let reason = || told.reason.clone().ok_or_else(|| missing("reason"));
    Ok(match told.step.as_str() {
        "open" => DrawerStep::Open { pieces: pieces()?, from_vault: beside },
        "close" => DrawerStep::Close { pieces: pieces()?, to_vault: beside },
        "check" => DrawerStep::Check { pieces: pieces()?, close: told.close.unwrap_or(false) },
        "from_vault" => DrawerStep::FromVault { amount: amount()? },
        "to_vault" => DrawerStep::ToVault { amount: amount()? },
        "give" => {
            let to = drawer_id(told.to.as_deref().ok_or_else(|| missing("to"))?)?;
            DrawerStep::Give { to, amount: amount()? }
        }
        "from_bank" => DrawerStep::FromBank { amount: amount()?, reference: reason()? },
        "to_bank" => DrawerStep::ToBank { amount: amount()?, reference: reason()? },
        "leave_open" => DrawerStep::LeaveOpen { reason: reason()? },
        "clear" => DrawerStep::Clear {
            difference: uuid(told.difference.as_deref().ok_or_else(|| missing("difference"))?)?,
            how: told.how.as_deref().and_then(Cleared::parse).ok_or_else(|| missing("how"))?,
            reason: reason()?,
        },
        other => {
            let shown: String = other.chars().take(40).collect();
            let known = "open, close, check, from_vault, to_vault, give, from_bank, to_bank, clear, leave_open";
            return Err(Problem::new("bad_drawer_step").saying(format!("`{shown}` is none of {known}")));
        }
    })
}

/// The receipt of a step, which says where the drawer stands.
fn stands(taken: Taken) -> Receipted {
    if let Taken::Done(Outcome::DrawerStands { difference_minor, over_limit, .. }) = &taken {
        let status = match (difference_minor, over_limit) {
            (0, false) => "done",
            (0, true) => "over_limit",
            _ => "differs",
        };
        return Ok((StatusCode::CREATED, Json(Receipt { status: status.to_owned(), ..Receipt::default() })));
    }
    receipt(taken, Cell::OFFICE)
}

/// Cash is paid in or out at the caller's own drawer. It is on its way (202) for a moment: notes change hands when the drawer's day
/// shows the slip as booked.
#[utoipa::path(post, path = "/api/v1/households/{hh}/cash", tag = "cash", request_body = CashTold,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn cash(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<CashTold>,
) -> Receipted {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let amount = api.amount(&told.amount)?;
    let loan = told.loan.as_deref().map(|loan| api.thing(loan, IdKind::Loan, household)).transpose()?;
    let value_date = told.value_date.as_deref().map(date).transpose()?;
    let clerk = caller.actor.id;
    let is_in = match told.way.as_str() {
        "in" => true,
        "out" => false,
        _ => return Err(Problem::new("bad_cash").saying("`way` is `in` or `out`")),
    };
    if (!is_in && (loan.is_some() || value_date.is_some())) || (loan.is_some() && value_date.is_some()) {
        let said = "a loan is named with cash that comes in, a day only where no loan is: a payment dated back is a correction";
        return Err(Problem::new("bad_cash").saying(said));
    }
    let drawer = api
        .blocking(move |desk| {
            let own =
                desk.drawers()?.into_iter().find(|row| row.clerk == Some(clerk) && row.state != DrawerState::Retired);
            let own = own.ok_or_else(|| Problem::new("no_drawer"))?;
            // What is refused here is refused by the door as well: a person is told before anything is on its way.
            if own.state != DrawerState::Open {
                return Err(Problem::new("drawer_closed"));
            }
            if !is_in && amount.minor() > own.balance_minor {
                return Err(Problem::new("insufficient_cash").with("available", format_minor(own.balance_minor)));
            }
            desk.household(household)?;
            if let Some(loan) = loan {
                let (due, payoff) = super::loans::due_and_payoff(desk, household, loan)?;
                if amount.minor() > payoff {
                    let problem = Problem::new("more_than_due").with("due", format_minor(due));
                    return Err(problem.with("payoff", format_minor(payoff)));
                }
            }
            Ok(own.id)
        })
        .await?;
    let (order, at) = if is_in {
        (Command::TakeCash(TakeCash { drawer, of_cell: cell, household, amount, loan, value_date }), Cell::OFFICE)
    } else {
        (Command::PayCash(PayCash { cell, household, amount, drawer, clerk }), cell)
    };
    receipt(api.act(caller.actor, command, order).await?, at)
}
