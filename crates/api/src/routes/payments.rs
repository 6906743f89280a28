//! Payments over rails: accounts that a household binds, payments it asks for, and the queue that people work.

use app::command::{Command, Outcome};
use app::desk::{AccountNumber, AccountShown};
use app::payment::{AskPayment, DecidePayment, Payment, PaymentWay, TakeCredit};
use app::reconcile::{ReconItem, SettleItem};
use app::suspend::Outgoing;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::money::format_minor;
use basics::{Cell, Id};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, Taken, receipt};
use crate::extract::{Body, CommandId, date, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

/// Payments shown at most.
const PAYMENTS_MAX: usize = 100;

/// An account elsewhere to be bound.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountTold {
    /// The person whose it is, a UUID; the head of the household if not given.
    person: Option<String>,
    /// Who holds it: the person's own name.
    holder: String,
    /// Its number, 5 to 34 letters and digits.
    #[schema(example = "6222000000000000001")]
    number: String,
    /// Clearing number of its bank (行号).
    #[schema(example = "102100099996")]
    bank: String,
}

/// A bound account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    id: String,
    /// The last four characters of its number; none once the person is erased.
    tail: Option<String>,
    /// Clearing number of its bank.
    bank: Option<String>,
    /// Since when.
    bound_on: String,
}

/// The accounts of a household and the rails that lead to them.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountsView {
    /// The accounts.
    accounts: Vec<AccountView>,
    /// The rails that are set up, by name.
    rails: Vec<String>,
}

/// The accounts elsewhere that the household has bound, and the rails that are set up.
#[utoipa::path(get, path = "/api/v1/households/{hh}/accounts", tag = "money",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = AccountsView), (status = "default", body = ProblemDocument)))]
pub async fn accounts(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<AccountsView>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        let view = |shown: AccountShown| AccountView {
            id: shown.row.id.to_string(),
            tail: shown.tail,
            bank: shown.bank,
            bound_on: shown.row.bound_on.to_string(),
        };
        let accounts = desk.accounts(household)?.into_iter().map(view).collect();
        Ok(Json(AccountsView { accounts, rails: desk.house().rails.clone() }))
    })
    .await
}

/// Binds an account elsewhere; its number is sealed with the key of the person whose it is.
#[utoipa::path(post, path = "/api/v1/households/{hh}/accounts", tag = "money", request_body = AccountTold,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn bind(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<AccountTold>,
) -> Receipted {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let person = told.person.as_deref().map(uuid).transpose()?;
    let number = AccountNumber { holder: told.holder, number: told.number, bank: told.bank };
    let (ids, now) = ((command.0, command.made("account")), api.now());
    let answer =
        api.blocking(move |desk| Ok(desk.bind_account(ids, (household, person), &number, caller.actor, now)?)).await?;
    receipt(api.taken(command, answer)?, cell)
}

/// A payment between the wallet and a bound account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentAskedFor {
    /// `out` to the account, `in` from it.
    #[schema(example = "out")]
    way: String,
    /// Over which rail.
    #[schema(example = "bank")]
    rail: String,
    /// The bound account.
    account: String,
    /// How much.
    #[schema(example = "1250.00")]
    amount: String,
    /// What for, 1 to 140 characters.
    purpose: String,
}

/// A payment and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentView {
    /// Its id.
    id: String,
    /// Whose.
    household: String,
    /// `out` or `in`.
    way: String,
    /// The rail.
    rail: String,
    /// The account.
    account: String,
    /// How much was asked for.
    amount: String,
    /// What for.
    purpose: String,
    /// `asked`: held, the rail has not answered; `settled`: booked; `refused`: nothing was booked; `questioned`: the rail moved another
    /// amount, and two people decide.
    state: String,
    /// The day it was asked on.
    asked_on: String,
    /// What the rail says it moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<String>,
    /// The day it stands in the rail's books.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_on: Option<String>,
    /// The rail's reference, or why it refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Whether the rail said, later, something that does not go with how it ended.
    contradicted: bool,
}

fn payment_view(api: &crate::Api, row: Payment) -> PaymentView {
    PaymentView {
        id: row.id.to_string(),
        household: api.public_household(row.household),
        way: row.way.as_str().to_owned(),
        rail: row.rail,
        account: row.account.to_string(),
        amount: format_minor(row.amount_minor),
        purpose: row.purpose,
        state: row.state.as_str().to_owned(),
        asked_on: row.asked_on.to_string(),
        moved: row.told_on.map(|_| format_minor(row.told_minor)),
        moved_on: row.told_on.map(|day| day.to_string()),
        reference: row.reference,
        contradicted: row.contradicted,
    }
}

/// The household's payments, newest first.
#[utoipa::path(get, path = "/api/v1/households/{hh}/payments", tag = "money",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<PaymentView>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<Vec<PaymentView>>, Problem> {
    let household = api.household(&hh)?;
    let rows = api.blocking(move |desk| Ok(desk.payments(household, PAYMENTS_MAX)?)).await?;
    Ok(Json(rows.into_iter().map(|row| payment_view(&api, row)).collect()))
}

/// Asks for a payment: what leaves is held (202 `asked`) until the rail has said for good what became of it, or (202 `in_review`)
/// until a person has looked at it.
#[utoipa::path(post, path = "/api/v1/households/{hh}/payments", tag = "money", request_body = PaymentAskedFor,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn ask(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<PaymentAskedFor>,
) -> Receipted {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let bad_way = || Problem::new("bad_json").saying(format!("`way` is out or in, not `{}`", asked.way));
    let way = PaymentWay::parse(&asked.way).ok_or_else(bad_way)?;
    let (account, amount) = (uuid(&asked.account)?, api.amount(&asked.amount)?);
    let (payment, rail, purpose) = (command.made("payment"), asked.rail.clone(), asked.purpose.clone());
    let ask = AskPayment { cell, household, payment, way, rail, account, amount, purpose };
    receipt(api.send_out(caller.actor, command, Outgoing::Payment(ask)).await?, cell)
}

/// What two people decide of a payment in question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentDecision {
    /// What was moved in truth; none if nothing was.
    moved: Option<String>,
    /// Why, and what it rests on.
    reason: String,
}

/// Decides, by two, what is booked of a payment of which the rail did something else than it was asked.
#[utoipa::path(post, path = "/api/v1/households/{hh}/payments/{py}/decision", tag = "money", request_body = PaymentDecision,
    params(("hh" = String, Path, description = "The household"), ("py" = String, Path, description = "The payment"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn decide(
    State(api): State<Shared>,
    Path((hh, py)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<PaymentDecision>,
) -> Receipted {
    let household = api.household(&hh)?;
    let (cell, payment) = (api.desk.cell_of(household), uuid(&py)?);
    let moved = told.moved.as_deref().map(|moved| api.amount(moved)).transpose()?;
    let decide = DecidePayment { cell, household, payment, moved, reason: told.reason };
    match api.act(caller.actor, command, Command::DecidePayment(decide)).await? {
        Taken::Done(Outcome::PaymentStands { state }) => {
            Ok((StatusCode::CREATED, Json(Receipt { status: state, ..Receipt::default() })))
        }
        taken => receipt(taken, cell),
    }
}

/// Money that came in over a rail and named nobody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditTold {
    /// The rail.
    #[schema(example = "bank")]
    rail: String,
    /// The rail's reference.
    reference: String,
    /// How much.
    #[schema(example = "1250.00")]
    amount: String,
    /// The day it stands in the rail's books.
    on: String,
}

/// Books, by two, money that came in over a rail and named nobody. The same reference of a rail is booked once.
#[utoipa::path(post, path = "/api/v1/households/{hh}/credits", tag = "money", request_body = CreditTold,
    params(("hh" = String, Path, description = "The household it belongs to"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn take_credit(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<CreditTold>,
) -> Receipted {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let (amount, on) = (api.amount(&told.amount)?, date(&told.on)?);
    let credit = TakeCredit { cell, household, rail: told.rail, reference: told.reference, amount, on };
    receipt(api.act(caller.actor, command, Command::TakeCredit(credit)).await?, cell)
}

/// A difference between a statement and the books.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemView {
    /// Its id.
    id: String,
    /// `bank_only`, `books_only`, `amount` or `twice`.
    kind: String,
    /// The rail.
    rail: String,
    /// The day of the statement.
    day: String,
    /// The statement.
    statement: String,
    /// The rail's reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// What the statement has; less than nothing for money that went out.
    bank: String,
    /// What the books have.
    books: String,
    /// The payment or credit.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<String>,
    /// Words of the statement.
    words: String,
}

/// Two items that may belong together.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestionView {
    /// One.
    item: String,
    /// The other.
    with: String,
    /// `payment` where both are of the same one, `amount` where their amounts agree within a week.
    by: String,
}

/// What people have to look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciliationView {
    /// Differences, oldest first.
    items: Vec<ItemView>,
    /// Which of them may belong together.
    suggestions: Vec<SuggestionView>,
    /// Payments that wait for two people.
    payments: Vec<PaymentView>,
}

/// The queue of reconciliation: differences, suggested pairs, and payments in question.
#[utoipa::path(get, path = "/api/v1/office/reconciliation", tag = "office",
    responses((status = 200, body = ReconciliationView), (status = "default", body = ProblemDocument)))]
pub async fn queue(State(api): State<Shared>) -> Result<Json<ReconciliationView>, Problem> {
    let ((items, suggested), payments) =
        api.blocking(|desk| Ok((desk.recon_queue()?, desk.payments_in_question()?))).await?;
    let item = |row: ReconItem| ItemView {
        id: row.id.to_string(),
        kind: row.kind.as_str().to_owned(),
        rail: row.rail,
        day: row.day.to_string(),
        statement: row.statement,
        reference: row.reference,
        bank: format_minor(row.bank_minor),
        books: format_minor(row.books_minor),
        payment: row.of_id.map(|id: Id| id.to_string()),
        words: row.words,
    };
    let suggestions = suggested.iter().map(|one| SuggestionView {
        item: one.item.to_string(),
        with: one.with.to_string(),
        by: if one.same_payment { "payment" } else { "amount" }.to_owned(),
    });
    Ok(Json(ReconciliationView {
        items: items.into_iter().map(item).collect(),
        suggestions: suggestions.collect(),
        payments: payments.into_iter().map(|row| payment_view(&api, row)).collect(),
    }))
}

/// How an item is closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemClosed {
    /// The other item that it belongs together with; both are closed.
    with: Option<String>,
    /// What it was, and by which act it was corrected.
    reason: String,
}

/// Closes an item of reconciliation, by two.
#[utoipa::path(post, path = "/api/v1/office/reconciliation/{it}/settlement", tag = "office", request_body = ItemClosed,
    params(("it" = String, Path, description = "The item"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn settle(
    State(api): State<Shared>,
    Path(it): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<ItemClosed>,
) -> Receipted {
    let with = told.with.as_deref().map(uuid).transpose()?;
    let settle = SettleItem { item: uuid(&it)?, with, reason: told.reason };
    receipt(api.act(caller.actor, command, Command::SettleItem(settle)).await?, Cell::OFFICE)
}
