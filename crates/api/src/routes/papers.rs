//! Papers of a contract: what it still waits for before it is drawn, and what was shown at the window.

use app::command::Command;
use app::guarantee::Guarantee;
use app::paper::{AddPaper, ContractPaper};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Id, IdKind, PublicId};
use loan::Paper;
use loan::paper::{NoSpouse, SpouseWord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::session::{hex, unhex};
use crate::shown::amount;

/// What a contract waits for, and what is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct PapersShown {
    /// Of the text of the contract: what a spouse or a guarantor signs.
    text_hash: String,
    /// `self_pay` or `entrusted`.
    payout: &'static str,
    /// What is still open; nothing is drawn before this is empty.
    open: Vec<OpenShown>,
    papers: Vec<PaperShown>,
}

/// Something a contract waits for.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenShown {
    zh: String,
    en: String,
}

/// A paper.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperShown {
    paper: String,
    /// `spouse`, `no_spouse`, `guarantee`, `document` or `payee`.
    kind: &'static str,
    /// The code of a document, what a spouse said, why there is none.
    what: Option<String>,
    /// Guarantor or payee.
    household: Option<String>,
    /// Who signed as guarantor.
    person: Option<String>,
    /// What a guarantee is for.
    amount: Option<String>,
    /// Where a guarantee stands: `asked` until the guarantor's household has confirmed it, `stands`, `refused` or `released`.
    state: Option<&'static str>,
    /// Why it was refused.
    why: Option<String>,
    /// Who saw it, where and how.
    evidence: String,
    added_on: String,
}

/// A paper is added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperAsked {
    /// `spouse`, `no_spouse`, `guarantee`, `document` or `payee`.
    #[schema(example = "document")]
    kind: String,
    /// Document: its code. Spouse: `consents` or `signed`. No spouse: `unmarried`, `divorced`, `widowed` or `absent`.
    #[schema(example = "green-certificate")]
    what: Option<String>,
    /// Spouse or guarantor: the person.
    person: Option<String>,
    /// Guarantee or payee: the household.
    household: Option<String>,
    /// Guarantee: up to how much.
    amount: Option<String>,
    /// Hash of the text that was signed or of the document that was kept, 64 hexadecimal digits.
    hash: String,
    /// Who saw it, where and how.
    evidence: String,
    /// Guarantee: whether the guarantor was not there and says on its own phone that it stands; the contract waits for that.
    #[serde(default)]
    by_phone: bool,
}

/// The words of a small choice, as they are asked for and shown.
const SAID: [(&str, SpouseWord); 2] = [("consents", SpouseWord::Consents), ("signed", SpouseWord::Signed)];
const WHY: [(&str, NoSpouse); 4] = [
    ("unmarried", NoSpouse::Unmarried),
    ("divorced", NoSpouse::Divorced),
    ("widowed", NoSpouse::Widowed),
    ("absent", NoSpouse::Absent),
];

fn chosen<T: Copy>(field: &'static str, word: Option<&str>, choices: &[(&str, T)]) -> Result<T, Problem> {
    let found = choices.iter().find(|(name, _)| Some(*name) == word).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        Problem::new("wrong_paper").saying(format!("choose one of {} as `{field}`", names.join(", ")))
    })
}

fn named<T: Copy + PartialEq>(value: T, choices: &[(&str, T)]) -> Option<String> {
    choices.iter().find(|(_, other)| *other == value).map(|(name, _)| (*name).to_owned())
}

fn shown(row: &ContractPaper, paper: &Paper, guarantees: &[Guarantee]) -> PaperShown {
    let other = |cell, household| Some(public(IdKind::Household, cell, household));
    let (kind, what, household, fen) = match paper {
        Paper::Spouse { word, .. } => ("spouse", named(*word, &SAID), None, None),
        Paper::NoSpouse { why } => ("no_spouse", named(*why, &WHY), None, None),
        Paper::Guarantee { household, cell, amount_fen, .. } => {
            ("guarantee", None, other(*cell, *household), Some(*amount_fen))
        }
        Paper::Document { code } => ("document", Some(code.clone()), None, None),
        Paper::Payee { household, cell } => ("payee", None, other(*cell, *household), None),
    };
    let person = match paper {
        Paper::Guarantee { person, cell, .. } => Some(public(IdKind::Person, *cell, *person)),
        _ => None,
    };
    let link = guarantees.iter().find(|guarantee| guarantee.id == row.id);
    PaperShown {
        paper: row.id.to_string(),
        kind,
        what,
        household,
        person,
        amount: fen.map(amount),
        state: link.map(|guarantee| guarantee.state.as_str()),
        why: link.and_then(|guarantee| guarantee.why.clone()),
        evidence: row.evidence.clone(),
        added_on: row.added_on.to_string(),
    }
}

/// The papers of a contract, and what it still waits for before it may be drawn.
#[utoipa::path(get, path = "/api/v1/households/{hh}/contracts/{ct}/papers", tag = "loans",
    params(("hh" = String, Path, description = "The household"), ("ct" = String, Path, description = "The contract, `ct-…`")),
    responses((status = 200, body = PapersShown), (status = "default", body = ProblemDocument)))]
pub async fn list(
    State(api): State<Shared>,
    Path((hh, ct)): Path<(String, String)>,
) -> Result<Json<PapersShown>, Problem> {
    let household = api.household(&hh)?;
    let contract = api.thing(&ct, IdKind::Contract, household)?;
    api.blocking(move |desk| {
        let view = desk.papers(household, contract)?;
        let open = view.open.iter().map(|missing| OpenShown { zh: missing.zh(), en: missing.to_string() });
        Ok(Json(PapersShown {
            text_hash: hex(&view.text_hash),
            payout: if view.is_entrusted { "entrusted" } else { "self_pay" },
            open: open.collect(),
            papers: view.papers.iter().map(|(row, paper)| shown(row, paper, &view.guarantees)).collect(),
        }))
    })
    .await
}

/// Adds a paper to a contract: the spouse's word, a guarantee, a document, the payee. Naming the payee waits (202) for a second
/// person.
#[utoipa::path(post, path = "/api/v1/households/{hh}/contracts/{ct}/papers", tag = "loans", request_body = PaperAsked,
    params(("hh" = String, Path, description = "The household"), ("ct" = String, Path, description = "The contract, `ct-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn add(
    State(api): State<Shared>,
    Path((hh, ct)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<PaperAsked>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let contract = api.thing(&ct, IdKind::Contract, household)?;
    let missing = |field: &str| Problem::new("wrong_paper").saying(format!("`{field}` is missing for this paper"));
    let person = || -> Result<Id, Problem> {
        let text = asked.person.as_deref().ok_or_else(|| missing("person"))?;
        Ok(PublicId::parse_kind(text, IdKind::Person)?.id)
    };
    let other = || api.household(asked.household.as_deref().ok_or_else(|| missing("household"))?);
    let word = asked.what.as_deref();
    let paper = match asked.kind.as_str() {
        "spouse" => Paper::Spouse { person: person()?, word: chosen("what", word, &SAID)? },
        "no_spouse" => Paper::NoSpouse { why: chosen("what", word, &WHY)? },
        "guarantee" => Paper::Guarantee {
            household: other()?,
            cell: api.desk.cell_of(other()?),
            person: person()?,
            amount_fen: api.amount(asked.amount.as_deref().ok_or_else(|| missing("amount"))?)?.minor(),
        },
        "document" => Paper::Document { code: word.ok_or_else(|| missing("what"))?.to_owned() },
        "payee" => Paper::Payee { household: other()?, cell: api.desk.cell_of(other()?) },
        _ => {
            let message = "choose spouse, no_spouse, guarantee, document or payee as the kind";
            return Err(Problem::new("wrong_paper").saying(message));
        }
    };
    if let Paper::Payee { household, .. } | Paper::Guarantee { household, .. } = &paper {
        let known = *household;
        api.blocking(move |desk| Ok(desk.head(known)?)).await?;
    }
    let hash = unhex(&asked.hash).ok_or_else(|| Problem::new("bad_text_hash"))?;
    let cell = api.desk.cell_of(household);
    let by_phone = asked.by_phone && matches!(paper, Paper::Guarantee { .. });
    let add = AddPaper {
        cell,
        household,
        contract,
        id: command.0,
        paper,
        hash: hash.into(),
        evidence: asked.evidence,
        by_phone,
    };
    receipt(api.act(caller.actor, command, Command::AddPaper(add)).await?, cell)
}
