//! Whole-village credit at the office: campaigns, their rolls, appraisals handed in, limits, objections, the grant; and what a
//! household is offered by one.

use app::command::Command;
use app::desk::{CampaignView, Desk, RaterView};
use app::preliminary::{MovePreliminary, Preliminary, PreliminaryStep};
use app::village::{
    CampaignVerdict, ObjectionVerdict, OpenVillage, VillageCampaign, VillageObjection, VillageRoll, VillageStep,
    WorkVillage,
};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Cell, Id};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::session::unhex;
use crate::shown::amount;

/// A campaign begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VillageTold {
    /// The village, as households have it.
    village: String,
    /// The product whose bounds the limits keep to.
    #[schema(example = "short-working-capital")]
    product: String,
    /// Most for any household.
    #[schema(example = "30000.00")]
    most: String,
    /// Most for a household of which too little is known for a score.
    #[schema(example = "10000.00")]
    unknown_most: String,
    /// How many people of the village have to be heard on a household; at least 3, customarily 5.
    raters_min: u16,
    /// For how many days the list is published: 3 to 60.
    objection_days: u16,
    /// Within how many days of the grant a household has to sign: 1 to 365.
    sign_days: u16,
}

/// A campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageShown {
    /// A UUID.
    campaign: String,
    /// `open`, `worked_out`, `published`, `approved`, `dropped`.
    state: &'static str,
    village: String,
    product: String,
    currency: String,
    most: String,
    unknown_most: String,
    raters_min: i64,
    objection_days: i64,
    sign_days: i64,
    /// Households on the roll.
    households: i64,
    /// Those of them that are not on the negative list.
    listed: i64,
    /// Those of these that have a limit, be it nothing.
    with_limit: i64,
    open_objections: i64,
    opened_on: String,
    published_on: Option<String>,
    /// The last day for objections.
    objections_until: Option<String>,
    decided_on: Option<String>,
    reason: Option<String>,
}

/// A campaign with its roll, who appraises, objections, and the shares it is reported by.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageDetail {
    #[serde(flatten)]
    campaign: VillageShown,
    shares: VillageShares,
    roll: Vec<VillageRollShown>,
    raters: Vec<RaterShown>,
    objections: Vec<ObjectionShown>,
}

/// How many households are where.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageShares {
    /// Households of the roll.
    households: usize,
    /// On the negative list.
    negative: usize,
    /// With a limit above nothing.
    with_limit: usize,
    limits: String,
    /// Offered in their cells.
    offered: usize,
    signed: usize,
    signed_limits: String,
    withdrawn: usize,
}

/// A household on the roll. What single people said of it is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageRollShown {
    household: String,
    /// `listed` or `negative`.
    state: &'static str,
    /// Why it is on the negative list, or was taken off it.
    ground: Option<String>,
    source: Option<String>,
    /// How many people have said something of it.
    marks: usize,
    /// What the village says; none where too few could be heard, and until limits are worked out.
    appraised: Option<String>,
    heard: i64,
    /// How many spoke and were not heard: kin.
    recused: i64,
    /// How many were far from the others.
    outliers: usize,
    /// What model and rules would let it have; none where too little is known of it.
    profile: Option<String>,
    reasons: Vec<String>,
    /// The preliminary limit.
    limit: Option<String>,
    /// `appraisal`, `profile`, `most`, `unknown_most`, `below_least`, `too_few_marks`.
    bound_by: Option<String>,
    /// `offered`, `signed`, `withdrawn`; none before the grant.
    offered: Option<&'static str>,
}

/// A person of the village who appraises.
#[derive(Debug, Serialize, ToSchema)]
pub struct RaterShown {
    /// A UUID; who it is stands on paper.
    rater: String,
    /// Its own household.
    household: Option<String>,
    /// Households it is not heard on beside the own.
    kin: usize,
    /// Households it has said something of.
    marks: usize,
    /// Those of them where it was far from the others; 0 until limits are worked out.
    outliers: usize,
}

/// An objection.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectionShown {
    objection: String,
    household: String,
    /// `open`, `upheld`, `dismissed`.
    state: &'static str,
    text: String,
    taken_on: String,
    answer: Option<String>,
}

/// What one person said of one household.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkTold {
    household: String,
    /// What it could carry; 0.00 is: lend it nothing.
    amount: String,
}

/// A step of a campaign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum VillageStepTold {
    /// Put a household on the negative list.
    Exclude {
        household: String,
        /// Why.
        ground: String,
        /// Where that is known from.
        source: String,
    },
    /// Take a household off the negative list.
    Readmit { household: String, reason: String },
    /// Name a person of the village who appraises, or correct whom it may not be heard on.
    NameRater {
        /// A UUID; who it is stands on paper.
        rater: String,
        /// Its own household, where that is enrolled.
        household: Option<String>,
        /// Households of its kin.
        #[serde(default)]
        kin: Vec<String>,
    },
    /// Hand in what one person said.
    Mark { rater: String, marks: Vec<MarkTold> },
    /// Publish the list.
    Publish,
    /// Take an objection.
    Object { household: String, text: String },
    /// Answer an objection; takes two people.
    Answer {
        household: String,
        objection: String,
        /// Whether it is right: then the household gets nothing.
        upheld: bool,
        reason: String,
    },
    /// Approve the campaign; takes two people.
    Approve { reason: String },
    /// Drop the campaign; takes two people.
    Drop { reason: String },
}

/// How many households a run dealt with.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageRun {
    /// Households put on the roll, or limits worked out, or offers made in this run.
    done: usize,
    /// Reasons of this run, one a household that got nothing.
    refused: Vec<String>,
}

/// A preliminary limit.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreliminaryShown {
    /// The campaign it comes from, a UUID.
    campaign: String,
    /// `offered`, `signed`, `withdrawn`.
    state: &'static str,
    amount: String,
    currency: String,
    offered_on: String,
    /// The last day on which it may be signed.
    sign_by: String,
    signed_on: Option<String>,
}

/// A preliminary limit is signed before two members of staff.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreliminarySigned {
    /// SHA-256 of the text that was read, 64 hexadecimal digits.
    text_hash: String,
    /// Where, before whom, and what is kept of it.
    evidence: String,
}

/// A preliminary limit is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreliminaryTakenBack {
    /// Why.
    reason: String,
}

fn shown(row: &VillageCampaign) -> VillageShown {
    let day = |day: Option<basics::Date>| day.map(|day| day.to_string());
    VillageShown {
        campaign: row.id.to_string(),
        state: row.state.as_str(),
        village: row.village.clone(),
        product: row.product.clone(),
        currency: row.currency.to_string(),
        most: amount(row.most_minor),
        unknown_most: amount(row.unknown_most_minor),
        raters_min: row.raters_min,
        objection_days: row.objection_days,
        sign_days: row.sign_days,
        households: row.households,
        listed: row.listed,
        with_limit: row.with_limit,
        open_objections: row.open_objections,
        opened_on: row.opened_on.to_string(),
        published_on: day(row.published_on),
        objections_until: day(row.objections_until),
        decided_on: day(row.decided_on),
        reason: row.reason.clone(),
    }
}

fn household_shown(desk: &Desk, household: Id) -> String {
    crate::extract::public(basics::IdKind::Household, desk.cell_of(household), household)
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn roll_shown(desk: &Desk, view: &CampaignView, row: &VillageRoll, marks: usize) -> VillageRollShown {
    let offered = view.offered.iter().find(|offered| offered.household == row.household);
    VillageRollShown {
        household: household_shown(desk, row.household),
        state: row.state.as_str(),
        ground: row.ground.clone(),
        source: row.source.clone(),
        marks,
        appraised: row.appraised_minor.map(amount),
        heard: row.heard,
        recused: row.recused,
        outliers: words(&row.outliers).len(),
        profile: row.profile_minor.map(amount),
        reasons: words(&row.reasons),
        limit: row.limit_minor.map(amount),
        bound_by: row.bound_by.clone(),
        offered: offered.map(|offered| offered.state.as_str()),
    }
}

fn rater_shown(desk: &Desk, view: &RaterView) -> RaterShown {
    RaterShown {
        rater: view.row.rater.to_string(),
        household: view.row.household.map(|household| household_shown(desk, household)),
        kin: words(&view.row.kin).len(),
        marks: view.marks,
        outliers: view.outliers,
    }
}

fn objection_shown(desk: &Desk, row: &VillageObjection) -> ObjectionShown {
    ObjectionShown {
        objection: row.id.to_string(),
        household: household_shown(desk, row.household),
        state: row.state.as_str(),
        text: row.text.clone(),
        taken_on: row.taken_on.to_string(),
        answer: row.answer.clone(),
    }
}

fn detail(desk: &Desk, id: Id) -> Result<VillageDetail, Problem> {
    let view = desk.campaign(id)?;
    let shares = view.shares();
    Ok(VillageDetail {
        campaign: shown(&view.campaign),
        shares: VillageShares {
            households: shares.households,
            negative: shares.negative,
            with_limit: shares.with_limit,
            limits: amount(shares.limit_minor),
            offered: shares.offered,
            signed: shares.signed,
            signed_limits: amount(shares.signed_minor),
            withdrawn: shares.withdrawn,
        },
        roll: view.roll.iter().zip(&view.marks).map(|(row, marks)| roll_shown(desk, &view, row, *marks)).collect(),
        raters: view.raters.iter().map(|rater| rater_shown(desk, rater)).collect(),
        objections: view.objections.iter().map(|row| objection_shown(desk, row)).collect(),
    })
}

/// All village campaigns.
#[utoipa::path(get, path = "/api/v1/office/villages", tag = "villages",
    responses((status = 200, body = Vec<VillageShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>) -> Result<Json<Vec<VillageShown>>, Problem> {
    api.blocking(|desk| Ok(Json(desk.villages()?.iter().map(shown).collect()))).await
}

/// A campaign with its roll, who appraises, objections, and the shares it is reported by.
#[utoipa::path(get, path = "/api/v1/office/villages/{vc}", tag = "villages",
    params(("vc" = String, Path, description = "The campaign, a UUID")),
    responses((status = 200, body = VillageDetail), (status = "default", body = ProblemDocument)))]
pub async fn one(State(api): State<Shared>, Path(vc): Path<String>) -> Result<Json<VillageDetail>, Problem> {
    let id = uuid(&vc)?;
    api.blocking(move |desk| Ok(Json(detail(desk, id)?))).await
}

/// Begins a campaign.
#[utoipa::path(post, path = "/api/v1/office/villages", tag = "villages", request_body = VillageTold,
    params(("Command-Id" = String, Header, description = "UUID made by the caller; the campaign's id follows from it")),
    responses((status = 201, body = VillageShown), (status = "default", body = ProblemDocument)))]
pub async fn open(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<VillageTold>,
) -> Result<(StatusCode, Json<VillageShown>), Problem> {
    let campaign = command.made("village campaign");
    let open = OpenVillage {
        campaign,
        village: told.village,
        product: told.product,
        most: api.amount(&told.most)?,
        unknown_most: api.amount(&told.unknown_most)?,
        raters_min: told.raters_min,
        objection_days: told.objection_days,
        sign_days: told.sign_days,
    };
    api.act(caller.actor, command, Command::OpenVillage(open)).await?;
    let shown = api.blocking(move |desk| Ok(shown(&desk.village(campaign)?))).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

fn step_of(api: &crate::Api, told: VillageStepTold) -> Result<VillageStep, Problem> {
    Ok(match told {
        VillageStepTold::Exclude { household, ground, source } => {
            VillageStep::Exclude { household: api.household(&household)?, ground, source }
        }
        VillageStepTold::Readmit { household, reason } => {
            VillageStep::Readmit { household: api.household(&household)?, reason }
        }
        VillageStepTold::NameRater { rater, household, kin } => VillageStep::NameRater {
            rater: uuid(&rater)?,
            household: household.map(|household| api.household(&household)).transpose()?,
            kin: kin.iter().map(|household| api.household(household)).collect::<Result<_, _>>()?,
        },
        VillageStepTold::Mark { rater, marks } => {
            let said = |mark: &MarkTold| Ok((api.household(&mark.household)?, api.amount(&mark.amount)?.minor()));
            let marks = marks.iter().map(said).collect::<Result<_, Problem>>()?;
            VillageStep::Mark { rater: uuid(&rater)?, marks }
        }
        VillageStepTold::Publish => VillageStep::Publish,
        VillageStepTold::Object { household, text } => {
            VillageStep::Object { household: api.household(&household)?, text }
        }
        VillageStepTold::Answer { household, objection, upheld, reason } => VillageStep::Answer {
            household: api.household(&household)?,
            objection: uuid(&objection)?,
            verdict: if upheld { ObjectionVerdict::Upheld } else { ObjectionVerdict::Dismissed },
            reason,
        },
        VillageStepTold::Approve { reason } => VillageStep::Decide { verdict: CampaignVerdict::Approve, reason },
        VillageStepTold::Drop { reason } => VillageStep::Decide { verdict: CampaignVerdict::Drop, reason },
    })
}

/// Goes on with a campaign. An answer to an objection, approval and drop wait (202) for a second person.
#[utoipa::path(post, path = "/api/v1/office/villages/{vc}/steps", tag = "villages", request_body = VillageStepTold,
    params(("vc" = String, Path, description = "The campaign, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller; an objection's id is this")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn work(
    State(api): State<Shared>,
    Path(vc): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<VillageStepTold>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let work = WorkVillage { campaign: uuid(&vc)?, step: step_of(&api, told)? };
    receipt(api.act(caller.actor, command, Command::WorkVillage(work)).await?, Cell::OFFICE)
}

/// Puts every household that lives in the village on the roll.
#[utoipa::path(post, path = "/api/v1/office/villages/{vc}/roll", tag = "villages",
    params(("vc" = String, Path, description = "The campaign, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller; each part's command has an id of its own")),
    responses((status = 200, body = VillageRun), (status = "default", body = ProblemDocument)))]
pub async fn list_roll(
    State(api): State<Shared>,
    Path(vc): Path<String>,
    caller: Caller,
    _: CommandId,
) -> Result<Json<VillageRun>, Problem> {
    let (id, now, actor) = (uuid(&vc)?, api.now(), caller.actor);
    api.blocking(move |desk| Ok(Json(VillageRun { done: desk.list_village(id, actor, now)?, refused: Vec::new() })))
        .await
}

/// Works out the preliminary limits that are missing. Asked again, it goes on where it stopped.
#[utoipa::path(post, path = "/api/v1/office/villages/{vc}/limits", tag = "villages",
    params(("vc" = String, Path, description = "The campaign, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller; each part's command has an id of its own")),
    responses((status = 200, body = VillageRun), (status = "default", body = ProblemDocument)))]
pub async fn work_out(
    State(api): State<Shared>,
    Path(vc): Path<String>,
    _: CommandId,
) -> Result<Json<VillageRun>, Problem> {
    let (id, now) = (uuid(&vc)?, api.now());
    api.blocking(move |desk| Ok(Json(VillageRun { done: desk.work_out_village(id, now)?, refused: Vec::new() }))).await
}

/// Offers its limit to every household of an approved campaign. Asked again, it goes on where it stopped.
#[utoipa::path(post, path = "/api/v1/office/villages/{vc}/offers", tag = "villages",
    params(("vc" = String, Path, description = "The campaign, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller; each household's command has an id of its own")),
    responses((status = 200, body = VillageRun), (status = "default", body = ProblemDocument)))]
pub async fn offer(
    State(api): State<Shared>,
    Path(vc): Path<String>,
    _: CommandId,
) -> Result<Json<VillageRun>, Problem> {
    let (id, now) = (uuid(&vc)?, api.now());
    api.blocking(move |desk| {
        let before = desk.campaign(id)?.shares().offered;
        let refused = desk.offer_village(id, now)?;
        let done = desk.campaign(id)?.shares().offered.saturating_sub(before);
        let refused =
            refused.into_iter().map(|(household, why)| format!("{}: {why}", household_shown(desk, household)));
        Ok(Json(VillageRun { done, refused: refused.collect() }))
    })
    .await
}

fn preliminary_shown(row: Preliminary) -> PreliminaryShown {
    PreliminaryShown {
        campaign: row.campaign.to_string(),
        state: row.state.as_str(),
        amount: amount(row.amount_minor),
        currency: row.currency.to_string(),
        offered_on: row.offered_on.to_string(),
        sign_by: row.sign_by.to_string(),
        signed_on: row.signed_on.map(|day| day.to_string()),
    }
}

/// The preliminary limits that a household was offered.
#[utoipa::path(get, path = "/api/v1/households/{hh}/preliminary-limits", tag = "villages",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<PreliminaryShown>), (status = "default", body = ProblemDocument)))]
pub async fn preliminaries(
    State(api): State<Shared>,
    Path(hh): Path<String>,
) -> Result<Json<Vec<PreliminaryShown>>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        desk.head(household)?;
        Ok(Json(desk.preliminaries(household)?.into_iter().map(preliminary_shown).collect()))
    })
    .await
}

/// Has a preliminary limit signed. It waits (202) for the second member of staff who was there.
#[utoipa::path(post, path = "/api/v1/households/{hh}/preliminary-limits/{vc}/signature", tag = "villages",
    request_body = PreliminarySigned,
    params(("hh" = String, Path, description = "The household"), ("vc" = String, Path, description = "The campaign, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn sign(
    State(api): State<Shared>,
    Path((hh, vc)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<PreliminarySigned>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let text_hash = unhex(&told.text_hash).ok_or_else(|| Problem::new("bad_document_hash"))?;
    let step = PreliminaryStep::Sign { text_hash: text_hash.into(), evidence: told.evidence };
    moved(&api, (&hh, &vc), caller, command, step).await
}

/// Takes a preliminary limit back before it is signed.
#[utoipa::path(post, path = "/api/v1/households/{hh}/preliminary-limits/{vc}/withdrawal", tag = "villages",
    request_body = PreliminaryTakenBack,
    params(("hh" = String, Path, description = "The household"), ("vc" = String, Path, description = "The campaign, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn withdraw(
    State(api): State<Shared>,
    Path((hh, vc)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<PreliminaryTakenBack>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    moved(&api, (&hh, &vc), caller, command, PreliminaryStep::Withdraw { reason: told.reason }).await
}

async fn moved(
    api: &Shared,
    (hh, vc): (&str, &str),
    caller: Caller,
    command: CommandId,
    step: PreliminaryStep,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(hh)?;
    let cell = api.desk.cell_of(household);
    let move_it = MovePreliminary { cell, household, campaign: uuid(vc)?, step };
    receipt(api.act(caller.actor, command, Command::MovePreliminary(move_it)).await?, cell)
}
