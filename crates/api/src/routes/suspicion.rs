//! Reports of suspicious transactions: the document of a case, and the act by which two people make it one that is reported.

use std::fmt::Write;

use app::command::Command;
use app::desk::{CONFIDENTIAL, SuspicionDocument};
use app::suspicion::ReportSuspicion;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::money::format_minor;
use basics::{Cell, Id, IdKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cases::{CaseSignalShown, signal_shown};
use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

/// A report of a case, or what it would be if it were made now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuspicionShown {
    /// Stands over every page: whoever is looked into is not told of it.
    marking: &'static str,
    /// `draft` or `reported`.
    status: &'static str,
    institution: String,
    subject_kind: String,
    /// The household, where it is about one.
    household: Option<String>,
    village: Option<String>,
    persons: Vec<SuspicionPerson>,
    typology: String,
    /// 1 is the threshold for alerts.
    risk: f64,
    money: String,
    /// What is suspected; none for a draft.
    grounds: Option<String>,
    reported_at: Option<String>,
    /// The second person.
    approved_by: Option<String>,
    alerts: Vec<SuspicionAlert>,
    notes: Vec<String>,
    orders: Vec<SuspicionOrder>,
    /// The same to be printed.
    text: String,
}

/// A person that a report is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuspicionPerson {
    role: &'static str,
    name: Option<String>,
    resident_id: Option<String>,
    phone: Option<String>,
}

/// An alert that a report rests on.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuspicionAlert {
    raised_at: String,
    grade: String,
    typology: String,
    money: String,
    signals: Vec<CaseSignalShown>,
}

/// An order that was held.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuspicionOrder {
    order: String,
    kind: String,
    amount: String,
    sent_on: String,
    /// `waiting`, `released`, `refused`, `lapsed`.
    state: &'static str,
}

fn id(text: &str) -> Result<Id, Problem> {
    uuid::Uuid::try_parse(text).map(Id).map_err(|_| Problem::new("unknown_case"))
}

/// The report of a case with its evidence as it stood when it was made; a draft with what there is now where there is none.
#[utoipa::path(get, path = "/api/v1/office/cases/{subject}/{case}/report", tag = "office",
    params(("subject" = String, Path, description = "Whom it is about"), ("case" = String, Path, description = "The case")),
    responses((status = 200, body = SuspicionShown), (status = "default", body = ProblemDocument)))]
pub async fn document(
    State(api): State<Shared>,
    Path((subject, case)): Path<(String, String)>,
) -> Result<Json<SuspicionShown>, Problem> {
    let (subject, case) = (id(&subject)?, id(&case)?);
    let found = api.blocking(move |desk| Ok(desk.suspicion_document(subject, case)?)).await?;
    let document = found.ok_or_else(|| Problem::new("unknown_case"))?;
    let household = (document.case.subject_kind == "household").then(|| api.public_household(subject));
    Ok(Json(shown(document, household)))
}

fn shown(document: SuspicionDocument, household: Option<String>) -> SuspicionShown {
    let report = document.report;
    let alerts = document.alerts.into_iter().map(|(alert, signals)| SuspicionAlert {
        raised_at: alert.raised_at.to_rfc3339(),
        grade: alert.grade,
        typology: alert.typology,
        money: format_minor(alert.money_minor),
        signals: signals.into_iter().map(signal_shown).collect(),
    });
    let orders = document.orders.into_iter().map(|order| SuspicionOrder {
        order: order.id.to_string(),
        kind: order.kind,
        amount: format_minor(order.amount_minor),
        sent_on: order.sent_on.to_string(),
        state: order.state.as_str(),
    });
    let persons = document.persons.into_iter().map(|person| SuspicionPerson {
        role: person.role,
        name: person.name,
        resident_id: person.resident_id,
        phone: person.phone,
    });
    let mut shown = SuspicionShown {
        marking: CONFIDENTIAL,
        status: if report.is_some() { "reported" } else { "draft" },
        institution: document.institution,
        subject_kind: document.case.subject_kind,
        household,
        village: document.village,
        persons: persons.collect(),
        typology: document.case.typology,
        risk: document.case.risk_milli as f64 / 1_000.0,
        money: format_minor(document.case.money_minor),
        reported_at: report.as_ref().map(|report| report.reported_at.to_rfc3339()),
        approved_by: report.as_ref().map(|report| public(IdKind::Staff, Cell::OFFICE, report.approved_by)),
        grounds: report.map(|report| report.grounds),
        alerts: alerts.collect(),
        notes: document
            .notes
            .into_iter()
            .map(|note| format!("{} {}", note.written_at.to_rfc3339(), note.text))
            .collect(),
        orders: orders.collect(),
        text: String::new(),
    };
    shown.text = printed(&shown);
    shown
}

/// The document as text, in Chinese and English side by side: one for the file, and none of a page.
fn printed(of: &SuspicionShown) -> String {
    let none = "-".to_owned();
    let mut text = format!("{}\n\n可疑交易报告 Suspicious transaction report\n", of.marking);
    // Writing into a string does not fail.
    let mut line = |zh: &str, en: &str, value: &str| {
        let _ = writeln!(text, "{zh} {en}: {value}");
    };
    line("状态", "status", if of.status == "draft" { "草稿 draft" } else { "已报告 reported" });
    line("报告机构", "institution", &of.institution);
    line("报告时间", "reported at", of.reported_at.as_ref().unwrap_or(&none));
    line("批准人", "approved by", of.approved_by.as_ref().unwrap_or(&none));
    line("客户", "subject", of.household.as_ref().unwrap_or(&of.subject_kind));
    line("村", "village", of.village.as_ref().unwrap_or(&none));
    for person in &of.persons {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "已删除 erased".to_owned());
        let told =
            format!("{} {} {} {}", person.role, shown(&person.name), shown(&person.resident_id), shown(&person.phone));
        line("人员", "person", &told);
    }
    line("可疑类型", "typology", &of.typology);
    line("涉及金额", "money at stake", &of.money);
    line("可疑理由", "grounds", of.grounds.as_ref().unwrap_or(&none));
    for alert in &of.alerts {
        let kinds: Vec<String> = alert.signals.iter().map(|signal| format!("{} {}", signal.zh, signal.en)).collect();
        let told =
            format!("{} {} {} {} · {}", alert.raised_at, alert.grade, alert.typology, alert.money, kinds.join("; "));
        line("预警", "alert", &told);
    }
    for order in &of.orders {
        let told = format!("{} {} {} {} {}", order.sent_on, order.kind, order.amount, order.state, order.order);
        line("暂缓交易", "suspended order", &told);
    }
    for note in &of.notes {
        line("调查记录", "note", note);
    }
    text
}

/// What is suspected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspicionTold {
    /// What is suspected and what it rests on, 1 to 2,000 characters.
    grounds: String,
}

/// Reports a case to the authority, by two. The household's pages and what it is given of its data do not tell of it.
#[utoipa::path(post, path = "/api/v1/office/cases/{subject}/{case}/report", tag = "office", request_body = SuspicionTold,
    params(("subject" = String, Path, description = "Whom it is about"), ("case" = String, Path, description = "The case"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn report(
    State(api): State<Shared>,
    Path((subject, case)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<SuspicionTold>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let (subject, case) = (id(&subject)?, id(&case)?);
    let report = Command::ReportSuspicion(ReportSuspicion { subject, case, grounds: told.grounds });
    receipt(api.act(caller.actor, command, report).await?, Cell::OFFICE)
}
