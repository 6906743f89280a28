//! Guarantees of a household: what it stands for, what it is asked to stand for and reads before it says so, and who stands for it.

use app::command::Command;
use app::desk::Desk;
use app::guarantee::{Guarantee, GuaranteeSide, GuaranteeState, SayGuarantee};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::merkle::leaf_hash;
use basics::{Id, IdKind, Money, cbor};
use loan::LoanTerms;
use loan::terms::{GuaranteeForm, GuaranteeRule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};
use crate::session::{hex, unhex};
use crate::shown::{amount, percent};

/// Longest that a text is read at one go, seconds: more is a page that was left open.
const READ_SECONDS_MAX: u32 = 86_400;

/// A guarantee.
#[derive(Debug, Serialize, ToSchema)]
pub struct GuaranteeShown {
    /// A UUID, the same on both sides.
    guarantee: String,
    /// `given`: this household stands for another; `received`: another stands for it.
    side: &'static str,
    /// `asked`: waits for the guarantor; `stands`, `refused`, `released`.
    state: &'static str,
    /// The household of the other side.
    other: String,
    /// Name of its head.
    other_name: Option<String>,
    /// The debtor's contract.
    contract: String,
    /// Up to how much principal.
    amount: String,
    currency: String,
    since: String,
    why: Option<String>,
    /// What the guarantor reads before it answers; only where it is asked.
    text: Option<GuaranteeText>,
}

/// The text of a guarantee, in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct GuaranteeText {
    zh: String,
    en: String,
    /// SHA-256 of both: what is answered is what was read.
    hash: String,
    /// Seconds below which nobody has read it.
    read_seconds_min: u32,
}

/// The guarantee's words: whose debt, how much, in which form and until when.
fn words(
    lender: &str,
    (debtor, contract): (&str, &str),
    terms: &LoanTerms,
    (upto, rule): (Money, GuaranteeRule),
    last_due: &str,
) -> (String, String) {
    let (principal, rate) = (amount(terms.principal.minor()), percent(terms.rate));
    let (upto, months) = (amount(upto.minor()), rule.period_months);
    let (form_zh, form_en) = match rule.form {
        GuaranteeForm::General => (
            "一般保证：先向借款人追讨，依法强制执行后还还不上的部分，由您来还",
            "general: you are called on for what cannot be had from the borrower by law",
        ),
        GuaranteeForm::JointAndSeveral => (
            "连带责任保证：到期没还，可以直接要您还",
            "joint and several: once it is due and unpaid, you can be called on at once",
        ),
    };
    let zh = format!(
        "保证担保\n\n贷款人：{lender}\n借款人：{debtor}\n合同：{contract}\n借款本金：{principal} 元，年利率 {rate}%，最后一期 {last_due} 到期\n\
         您担保的金额：本金最多 {upto} 元\n方式：{form_zh}\n期限：从到期日起 {months} 个月\n\n\
         借款还清，担保就解除。担保期间，这笔钱算进您家的负债，会影响您家能借多少。"
    );
    let en = format!(
        "Guarantee\n\nLender: {lender}\nBorrower: {debtor}\nContract: {contract}\nPrincipal: {principal} yuan at {rate} % a year, last \
         due on {last_due}\nYou stand for: up to {upto} yuan of principal\nForm: {form_en}\nFor: {months} months from the due date\n\n\
         It ends when the loan is paid off. Until then it counts in what your household owes, and lowers what it may borrow."
    );
    (zh, en)
}

fn text_hash(zh: &str, en: &str) -> [u8; 32] {
    leaf_hash(format!("{zh}\n\n{en}").as_bytes())
}

/// What the guarantor of a link reads. Errors if the debtor's contract is not there, or has no guarantee.
fn text_of(desk: &Desk, row: &Guarantee, read_seconds_min: u32) -> Result<GuaranteeText, Problem> {
    let contracts = desk.contracts(row.other)?;
    let contract = contracts.iter().find(|contract| contract.id == row.contract);
    let contract = contract.ok_or_else(|| Problem::new("unknown_contract"))?;
    let damaged = |error: &dyn std::fmt::Display| fault(&format!("contract {}: {error}", contract.id));
    let terms: LoanTerms = cbor::from_bytes(&contract.terms).map_err(|error| damaged(&error))?;
    let rule = terms.conditions.as_ref().and_then(|conditions| conditions.guarantee);
    let rule = rule.ok_or_else(|| damaged(&"a guarantee under terms without one"))?;
    let plan = loan::schedule::schedule(&terms).map_err(|error| damaged(&error))?;
    let last_due = plan.rows.last().map_or_else(|| "—".to_owned(), |row| row.due.to_string());
    let debtor = desk.field(row.other, desk.head(row.other)?, "name")?.unwrap_or_default();
    let name = public(IdKind::Contract, row.other_cell, row.contract);
    let upto = Money::new(row.amount_minor, row.currency);
    let (zh, en) = words(&desk.house().institution.name, (&debtor, &name), &terms, (upto, rule), &last_due);
    let hash = hex(&text_hash(&zh, &en));
    Ok(GuaranteeText { zh, en, hash, read_seconds_min })
}

/// The guarantees that a household gave, was asked for or received, the newest first.
#[utoipa::path(get, path = "/api/v1/households/{hh}/guarantees", tag = "loans",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<GuaranteeShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<Vec<GuaranteeShown>>, Problem> {
    let household = api.household(&hh)?;
    let read_seconds_min = api.read_seconds_min();
    api.blocking(move |desk| {
        desk.head(household)?;
        let mut rows = desk.guarantees(household)?;
        rows.sort_by_key(|row| (row.state != GuaranteeState::Asked, std::cmp::Reverse(row.since), row.id));
        let shown = rows.iter().map(|row| {
            let is_asked = row.side == GuaranteeSide::Given && row.state == GuaranteeState::Asked;
            Ok(GuaranteeShown {
                guarantee: row.id.to_string(),
                side: row.side.as_str(),
                state: row.state.as_str(),
                other: public(IdKind::Household, row.other_cell, row.other),
                other_name: desk.field(row.other, desk.head(row.other)?, "name")?,
                contract: public(
                    IdKind::Contract,
                    if row.side == GuaranteeSide::Given { row.other_cell } else { row.cell },
                    row.contract,
                ),
                amount: amount(row.amount_minor),
                currency: row.currency.to_string(),
                since: row.since.to_string(),
                why: row.why.clone(),
                text: is_asked.then(|| text_of(desk, row, read_seconds_min)).transpose()?,
            })
        });
        Ok(Json(shown.collect::<Result<_, Problem>>()?))
    })
    .await
}

/// Whether one stands.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GuaranteeAnswer {
    /// Whether the household stands for it.
    stands: bool,
    /// Hash of the text that was read.
    text_hash: String,
    /// How long it was in view, seconds; who does not stand need not have read it.
    read_seconds: u32,
}

/// Says whether the household stands for the debt that it was asked to stand for. The debtor's contract waits for this.
#[utoipa::path(post, path = "/api/v1/households/{hh}/guarantees/{gu}/answer", tag = "loans", request_body = GuaranteeAnswer,
    params(("hh" = String, Path, description = "The household"), ("gu" = String, Path, description = "The guarantee, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn answer(
    State(api): State<Shared>,
    Path((hh, gu)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(said): Body<GuaranteeAnswer>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let (cell, link): (_, Id) = (api.desk.cell_of(household), uuid(&gu)?);
    let given = unhex(&said.text_hash).filter(|hash| hash.len() == 32).ok_or_else(|| Problem::new("bad_text_hash"))?;
    let seconds_min = api.read_seconds_min();
    if said.stands && !(seconds_min..=READ_SECONDS_MAX).contains(&said.read_seconds) {
        return Err(Problem::new("not_read").with("seconds_min", seconds_min));
    }
    let read = hex(&given);
    let is_same = api
        .blocking(move |desk| {
            let row = desk.guarantees(household)?.into_iter().find(|row| row.id == link);
            // The door says what is wrong with a guarantee that is not asked for.
            let Some(row) = row.filter(|row| row.side == GuaranteeSide::Given) else { return Ok(true) };
            Ok(row.state != GuaranteeState::Asked || text_of(desk, &row, seconds_min)?.hash == read)
        })
        .await?;
    if !is_same {
        return Err(Problem::new("text_changed"));
    }
    let evidence = format!("answered on the page after {} s of reading", said.read_seconds);
    let say = SayGuarantee { cell, household, link, stands: said.stands, text_hash: given.into(), evidence };
    receipt(api.act(caller.actor, command, Command::SayGuarantee(say)).await?, cell)
}
