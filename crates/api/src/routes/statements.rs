//! Statements 对账单 of a household over a period: its wallet, a loan, or all it has, as JSON, CSV or an Excel workbook.

use app::desk::{AccountStatement, OwnAccount, StatementOf, StatementWhat};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use basics::{Id, IdKind};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use utoipa::{IntoParams, ToSchema};

use crate::Shared;
use crate::extract::{Query, date, public};
use crate::problem::{Problem, ProblemDocument, fault};
use crate::sheet::{Column, Item, Sheet};
use crate::shown::{amount, entry_en, entry_zh};

/// Which statement.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HouseholdStatementAsked {
    /// The first day; the first of the last day's month if not given.
    from: Option<String>,
    /// The last day; the open one if not given.
    to: Option<String>,
    /// `wallet` (if not given), `household` (the wallet and every loan owed in the period) or a loan, `ln-…`.
    of: Option<String>,
    /// `json` (if not given), `csv` or `xlsx`.
    form: Option<String>,
}

/// A household's accounts over a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdStatement {
    household: String,
    /// Name of the head.
    name: Option<String>,
    /// The institution.
    institution: String,
    from: String,
    to: String,
    /// Whether the last day is still open: more may come on it.
    open: bool,
    accounts: Vec<HouseholdAccountShown>,
}

/// An account over a period: opening and changes come to closing.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdAccountShown {
    /// `wallet` or `loan`. A wallet's balance is what it holds, a loan's what is owed.
    kind: &'static str,
    /// The loan, `ln-…`.
    loan: Option<String>,
    /// The loan's product.
    product: Option<String>,
    currency: String,
    opening: String,
    lines: Vec<HouseholdStatementLine>,
    closing: String,
}

/// A line of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdStatementLine {
    on: String,
    zh: &'static str,
    en: &'static str,
    memo: Option<String>,
    /// What it added to the balance; less than nothing took away.
    change: String,
    balance: String,
}

fn words(what: &StatementWhat) -> (&'static str, &'static str) {
    match what {
        StatementWhat::Entry(kind) => (entry_zh(*kind), entry_en(*kind)),
        StatementWhat::Life(zh, en) => (zh, en),
    }
}

impl HouseholdStatement {
    fn account(household: basics::Cell, statement: &AccountStatement) -> HouseholdAccountShown {
        let (kind, loan, product) = match &statement.of {
            OwnAccount::Wallet => ("wallet", None, None),
            OwnAccount::Loan(id, product) => {
                ("loan", Some(public(IdKind::Loan, household, *id)), Some(product.clone()))
            }
        };
        let lines = statement.lines.iter().map(|line| {
            let (zh, en) = words(&line.what);
            HouseholdStatementLine {
                on: line.on.to_string(),
                zh,
                en,
                memo: line.memo.clone(),
                change: amount(line.change_minor),
                balance: amount(line.balance_minor),
            }
        });
        HouseholdAccountShown {
            kind,
            loan,
            product,
            currency: statement.currency.to_string(),
            opening: amount(statement.opening_minor),
            lines: lines.collect(),
            closing: amount(statement.closing_minor),
        }
    }
}

/// The same as a table: an account after another, each from its opening to its closing balance.
fn sheet(shown: &HouseholdStatement, statements: &[AccountStatement]) -> Sheet {
    let mut rows = Vec::new();
    for (statement, account) in statements.iter().zip(&shown.accounts) {
        let of = account.loan.clone().unwrap_or_else(|| "钱包 wallet".to_owned());
        let row = |on: &str, what: String, memo: Item, change: Item, balance_minor: i64| {
            let balance = Item::Money(balance_minor);
            vec![Item::text(of.clone()), Item::text(on), Item::text(what), memo, change, balance]
        };
        let edge = |on: &str, what: &str, minor| row(on, what.to_owned(), Item::Empty, Item::Empty, minor);
        rows.push(edge(&shown.from, "期初余额 opening", statement.opening_minor));
        for line in &statement.lines {
            let (zh, en) = words(&line.what);
            let memo = line.memo.clone().map_or(Item::Empty, Item::Text);
            let change = Item::Money(line.change_minor);
            rows.push(row(&line.on.to_string(), format!("{zh} {en}"), memo, change, line.balance_minor));
        }
        rows.push(edge(&shown.to, "期末余额 closing", statement.closing_minor));
    }
    let column = |name, heading| Column { name, heading };
    let open = if shown.open { "，最后一天未日结 · the last day is open" } else { "" };
    let whose =
        shown.name.as_ref().map_or_else(|| shown.household.clone(), |name| format!("{name} {}", shown.household));
    Sheet {
        name: "statement",
        heading: vec![
            shown.institution.clone(),
            format!("对账单 statement · {whose}"),
            format!("{} – {}{open}", shown.from, shown.to),
        ],
        columns: vec![
            column("account", "账户 account"),
            column("on", "日期 day"),
            column("what", "事项 what"),
            column("memo", "摘要 memo"),
            column("change", "发生额 change"),
            column("balance", "余额 balance"),
        ],
        rows,
        beside: Map::new(),
    }
}

/// A statement of a household over a period. `csv` and `xlsx` are files with the same lines.
#[utoipa::path(get, path = "/api/v1/households/{hh}/statement", tag = "household",
    params(("hh" = String, Path, description = "The household"), HouseholdStatementAsked),
    responses((status = 200, body = HouseholdStatement), (status = "default", body = ProblemDocument)))]
pub async fn statement(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    Query(asked): Query<HouseholdStatementAsked>,
) -> Result<Response, Problem> {
    let household = api.household(&hh)?;
    let [from, to] = [&asked.from, &asked.to].map(|day| day.as_deref().map(date).transpose());
    let (from, to) = (from?, to?);
    let of = match asked.of.as_deref() {
        None | Some("wallet") => StatementOf::Wallet,
        Some("household") => StatementOf::Household,
        Some(loan) => StatementOf::Loan(api.thing(loan, IdKind::Loan, household)?),
    };
    let form = match asked.form.as_deref() {
        None | Some("json") => Form::Json,
        Some("csv") => Form::Csv,
        Some("xlsx") => Form::Xlsx,
        Some(_) => return Err(Problem::new("bad_query").saying("`form` is json, csv or xlsx")),
    };
    api.blocking(move |desk| {
        let cell = desk.cell_of(household);
        let today = desk.open_date(cell)?;
        let to = to.unwrap_or(today);
        let from = from.unwrap_or_else(|| app::portfolio::first_of_month(to));
        let statements = desk.statements(household, of, (from, to))?;
        let head: Id = desk.head(household)?;
        let shown = HouseholdStatement {
            household: public(IdKind::Household, cell, household),
            name: desk.field(household, head, "name")?,
            institution: desk.house().institution.name.clone(),
            from: from.to_string(),
            to: to.to_string(),
            open: to == today,
            accounts: statements.iter().map(|statement| HouseholdStatement::account(cell, statement)).collect(),
        };
        Ok(match form {
            Form::Json => Json(shown).into_response(),
            Form::Csv => file("text/csv; charset=utf-8", "csv", &shown, sheet(&shown, &statements).csv().into_bytes()),
            Form::Xlsx => {
                let bytes = sheet(&shown, &statements).xlsx();
                let bytes = bytes.map_err(|error| fault(&format!("the workbook cannot be made: {error}")))?;
                file("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", &shown, bytes)
            }
        })
    })
    .await
}

/// The forms of a statement.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Csv,
    Xlsx,
}

fn file(kind: &'static str, ending: &str, shown: &HouseholdStatement, bytes: Vec<u8>) -> Response {
    let name = format!("attachment; filename=\"statement-{}-{}.{ending}\"", shown.from, shown.to);
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
