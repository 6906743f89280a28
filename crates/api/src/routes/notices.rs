//! What households are told of their loans, who is to be called, and what slips are to be handed over.

use app::Command;
use app::remind::{Carriage, CarryNotices, Notice, NoticeAbout, NoticeMoved};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Id, IdKind};
use loan::remind::Channel;
use rails::Phone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, Query, public};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::routes::office::Limit;
use crate::shown::amount;

/// A notice among a household's messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeShown {
    id: String,
    /// What it is about: `loan` or `line`.
    about: &'static str,
    /// That loan or line.
    item: String,
    /// The day it is for.
    on_day: String,
    /// The due date it is about.
    due: String,
    /// What is owed, as of the day it is about.
    amount: String,
    /// How it was to be carried beside standing here: `app`, `sms`, `slip`, `call`.
    channel: String,
    /// `shown`, `waiting`, `handed`, `carried` or `let_go`.
    state: &'static str,
    /// In Chinese; none where the plan has its text no more.
    zh: Option<String>,
    /// In English.
    en: Option<String>,
}

fn shown(desk: &app::desk::Desk, notice: &Notice) -> NoticeShown {
    let kind = match notice.about {
        NoticeAbout::Loan => IdKind::Loan,
        NoticeAbout::Line => IdKind::Line,
    };
    NoticeShown {
        id: notice.id.to_string(),
        about: notice.about.as_str(),
        item: public(kind, notice.cell, notice.item),
        on_day: notice.on_day.to_string(),
        due: notice.due.to_string(),
        amount: amount(notice.amount_minor),
        channel: notice.channel.clone(),
        state: notice.state.as_str(),
        zh: desk.told(notice, true),
        en: desk.told(notice, false),
    }
}

/// What the household was told of its loans, the newest first.
#[utoipa::path(get, path = "/api/v1/households/{hh}/notices", tag = "household",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<NoticeShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<Vec<NoticeShown>>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        desk.head(household)?;
        let today = desk.open_date(desk.cell_of(household))?;
        let notices = desk.notices(household)?;
        // What is made ready for tomorrow is told tomorrow.
        let told = notices.iter().filter(|notice| notice.on_day <= today);
        Ok(Json(told.map(|notice| shown(desk, notice)).collect()))
    })
    .await
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OfChannel {
    /// `call`, `slip` or `sms`.
    channel: String,
    /// At most, 1 to 200.
    limit: Option<usize>,
}

/// A notice that a person is to carry.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeToCarry {
    household: String,
    /// Name of the head.
    name: Option<String>,
    /// Where it lives.
    village: String,
    /// Whom to call.
    phone: Option<String>,
    notice: NoticeShown,
}

/// Notices that wait: whom to call, which slips to hand over, which text messages have not left.
#[utoipa::path(get, path = "/api/v1/office/notices", tag = "office", params(OfChannel),
    responses((status = 200, body = Vec<NoticeToCarry>), (status = "default", body = ProblemDocument)))]
pub async fn waiting(
    State(api): State<Shared>,
    Query(of): Query<OfChannel>,
) -> Result<Json<Vec<NoticeToCarry>>, Problem> {
    let channel = Channel::parse(&of.channel)
        .filter(|channel| *channel != Channel::App)
        .ok_or_else(|| Problem::new("bad_query").saying("channel is one of call, slip, sms"))?;
    let limit = Limit { limit: of.limit }.rows();
    api.blocking(move |desk| {
        let rows = desk.notices_waiting(channel, limit)?;
        let shown = rows.iter().map(|notice| {
            let head = desk.head(notice.household)?;
            let phone = desk.field(notice.household, head, "phone")?.and_then(|phone| Phone::parse(&phone).ok());
            Ok(NoticeToCarry {
                household: public(IdKind::Household, notice.cell, notice.household),
                name: desk.field(notice.household, head, "name")?,
                village: desk.household(notice.household)?.household.village,
                phone: phone.map(|phone| phone.as_str().to_owned()),
                notice: shown(desk, notice),
            })
        });
        Ok(Json(shown.collect::<Result<_, Problem>>()?))
    })
    .await
}

/// What came of a call or a slip.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeOutcome {
    /// Whether the household was reached.
    reached: bool,
    /// What was said, or why nobody was reached.
    told: String,
}

/// Says what came of a call or a slip.
#[utoipa::path(post, path = "/api/v1/households/{hh}/notices/{notice}/outcome", tag = "office", request_body = NoticeOutcome,
    params(("hh" = String, Path, description = "The household"), ("notice" = String, Path, description = "The notice"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn outcome(
    State(api): State<Shared>,
    Path((hh, notice)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(typed): Body<NoticeOutcome>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let id = uuid::Uuid::try_parse(&notice).map(Id).map_err(|_| Problem::new("bad_id"))?;
    if typed.told.trim().is_empty() {
        return Err(Problem::new("bad_text").saying("say what was said, or why nobody was reached"));
    }
    let what = match typed.reached {
        true => Carriage::Carried { told: typed.told },
        false => Carriage::LetGo { why: typed.told },
    };
    let cell = api.desk.cell_of(household);
    let moved = vec![NoticeMoved { household, id, what }];
    receipt(api.act(caller.actor, command, Command::CarryNotices(CarryNotices { cell, moved })).await?, cell)
}
