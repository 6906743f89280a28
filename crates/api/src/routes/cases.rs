//! Cases of the monitor: the queue, one case, and what is done with it.

use app::case::{AlertSignal, CaseState, CaseStep, Verdict, WatchCase, WorkCase};
use app::command::Command;
use app::desk::Desk;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use basics::money::format_minor;
use basics::{Cell, Id, IdKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

/// Cases shown at once.
const CASES_MAX: usize = 200;

/// Which cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CasesAsked {
    /// `open` (if not given), `taken` or `decided`.
    state: Option<String>,
    /// After the case last shown: its `after`.
    after: Option<String>,
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseShown {
    /// Whom it is about, as in the path.
    subject: String,
    /// The case, as in the path.
    case: String,
    /// `household`, `village`, `device`, `counterparty`, `account`, `clerk`.
    subject_kind: String,
    /// The household's id, where it is about one.
    household: Option<String>,
    /// The typology of its strongest alert.
    typology: String,
    /// `open`, `taken`, `decided`.
    state: &'static str,
    /// The strongest alert's score: 1 is the threshold for alerts.
    risk: f64,
    /// The money at stake.
    money: String,
    /// Risk times money: what it is queued by.
    stake: String,
    /// Of one that waits: `today` where it is among the day's cases, `drawn` where it lies below them and was drawn to be worked all the same, `waiting`
    /// where it has to wait. None of others, and where it is shown alone.
    queue: Option<&'static str>,
    /// To be given to see the cases after it.
    after: String,
    /// Alerts in it.
    alerts: i64,
    opened_at: String,
    taken_at: Option<String>,
    decided_at: Option<String>,
    /// The member of staff who works it.
    officer: Option<String>,
    /// `true`, `false`, `unclear`.
    verdict: Option<&'static str>,
    reason: Option<String>,
}

/// An alert of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseAlertShown {
    raised_at: String,
    /// `note`, `alert`, `hold`.
    grade: String,
    typology: String,
    /// 1 is the threshold for alerts.
    score: f64,
    money: String,
    signals: Vec<CaseSignalShown>,
    /// Hash of the configuration it came of; none of before that was kept.
    config: Option<String>,
}

/// What one detector said.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseSignalShown {
    /// The detector.
    kind: String,
    /// In Chinese.
    pub(super) zh: String,
    /// In English.
    pub(super) en: String,
    /// Share of what was met so far that was at least as unusual, in millionths.
    p_ppm: u32,
    /// What was seen, in the detector's unit; money in minor units.
    observed: i64,
    /// The range that was expected.
    expected_low: i64,
    expected_high: i64,
    /// The same figure of the village, where it is known.
    peers: Option<i64>,
    /// Events and keys that it rests on.
    evidence: Vec<String>,
}

/// What was written down beside a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseNoteShown {
    written_at: String,
    /// The member of staff.
    author: String,
    text: String,
}

/// A case with its alerts and notes, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseDetail {
    case: CaseShown,
    alerts: Vec<CaseAlertShown>,
    notes: Vec<CaseNoteShown>,
}

/// What is done with a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseStepTold {
    /// `take`, `note` or `decide`.
    #[schema(example = "take")]
    step: String,
    /// The note, or the reason of a verdict.
    text: Option<String>,
    /// `true`, `false` or `unclear`; for `decide`.
    verdict: Option<String>,
}

fn milli(score: i64) -> f64 {
    score as f64 / 1_000.0
}

fn shown(row: WatchCase, cell_of: impl Fn(Id) -> Cell) -> CaseShown {
    let is_household = row.subject_kind == "household";
    CaseShown {
        subject: row.subject.to_string(),
        case: row.id.to_string(),
        household: is_household.then(|| public(IdKind::Household, cell_of(row.subject), row.subject)),
        subject_kind: row.subject_kind,
        typology: row.typology,
        state: row.state.as_str(),
        risk: milli(row.risk_milli),
        money: format_minor(row.money_minor),
        stake: format_minor(row.stake_minor),
        queue: None,
        after: format!("{}.{}", row.stake_minor, row.id),
        alerts: row.alerts,
        opened_at: row.opened_at.to_rfc3339(),
        taken_at: row.taken_at.map(basics::Instant::to_rfc3339),
        decided_at: row.decided_at.map(basics::Instant::to_rfc3339),
        officer: row.officer.map(|id| public(IdKind::Staff, Cell::OFFICE, id)),
        verdict: row.verdict.map(Verdict::as_str),
        reason: row.reason,
    }
}

pub(super) fn signal_shown(signal: AlertSignal) -> CaseSignalShown {
    let (zh, en) = app::case::words_of(&signal.kind);
    CaseSignalShown {
        zh: zh.to_owned(),
        en: en.to_owned(),
        kind: signal.kind,
        p_ppm: signal.p_ppm,
        observed: signal.observed,
        expected_low: signal.low,
        expected_high: signal.high,
        peers: signal.peers,
        evidence: signal.evidence.iter().map(Id::to_string).collect(),
    }
}

fn id(text: &str) -> Result<Id, Problem> {
    uuid::Uuid::try_parse(text).map(Id).map_err(|_| Problem::new("unknown_case"))
}

/// The queue: cases of a state, the most at stake first (risk × money), a page at a time. Of those that wait it is said which are the day's: as
/// many as the configuration asks of each officer, less what was taken today.
#[utoipa::path(get, path = "/api/v1/office/cases", tag = "office", params(CasesAsked),
    responses((status = 200, body = Vec<CaseShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>, Query(asked): Query<CasesAsked>) -> Result<Json<Vec<CaseShown>>, Problem> {
    let state = match asked.state.as_deref() {
        None => CaseState::Open,
        Some(word) => CaseState::parse(word).ok_or_else(|| Problem::new("bad_case_state"))?,
    };
    let after =
        asked.after.as_deref().map(|text| place(text).ok_or_else(|| Problem::new("unknown_case"))).transpose()?;
    api.blocking(move |desk| {
        let rows = desk.cases(state, after, CASES_MAX)?;
        let (left, percent) = match state {
            // The day's cases are the first of the queue.
            CaseState::Open if after.is_none() => (desk.cases_left_today()?, desk.watch_work()?.low_drawn_percent),
            CaseState::Open => (0, desk.watch_work()?.low_drawn_percent),
            CaseState::Taken | CaseState::Decided => (0, 0),
        };
        let queue = |place: usize, case: Id| match () {
            () if state != CaseState::Open => None,
            () if place < left => Some("today"),
            () if Desk::is_drawn(case, percent) => Some("drawn"),
            () => Some("waiting"),
        };
        let rows = rows.into_iter().enumerate().map(|(place, row)| {
            let queue = queue(place, row.id);
            CaseShown { queue, ..shown(row, |household| desk.cell_of(household)) }
        });
        Ok(Json(rows.collect()))
    })
    .await
}

/// The place of a case in the queue.
fn place(text: &str) -> Option<(i64, Id)> {
    let (stake, case) = text.split_once('.')?;
    Some((stake.parse().ok()?, uuid::Uuid::try_parse(case).map(Id).ok()?))
}

/// What the monitor is doing, what came of its alerts, and how soon cases are worked.
#[derive(Debug, Serialize, ToSchema)]
pub struct WatchShown {
    /// `following`: it sees what comes; `being_made`: it is made of what is stored, and sees what comes once that is done.
    state: &'static str,
    /// Events of the past that it was shown, and how many there are; 0 until they are counted.
    shown: u64,
    all: u64,
    /// Alerts that wait to be raised.
    waiting: usize,
    /// Code, version and hash of what it goes by.
    config: String,
    /// Cases that are still to be taken today.
    left_today: usize,
    /// By typology, those with most cases first.
    typologies: Vec<TypologyShown>,
    /// By what the strongest alert asks for.
    service: Vec<ServiceShown>,
}

/// What came of a typology.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypologyShown {
    code: String,
    cases: u64,
    /// Verdicts.
    true_ones: u64,
    false_ones: u64,
    unclear: u64,
    /// Share of true ones among decided alerts.
    precision: Option<f64>,
    /// The middle 95 % of what it may be.
    precision_low: Option<f64>,
    precision_high: Option<f64>,
    /// Threshold of alerts in force, in bits.
    threshold: Option<f64>,
    /// The threshold that verdicts ask for; nobody but the institution changes it.
    asked: Option<f64>,
    /// Labels that this rests on.
    labels: usize,
}

/// How soon cases of a class are worked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceShown {
    /// `hold`, `alert`, `note`.
    class: &'static str,
    /// Hours until it is taken: the median, and what nine of ten do not exceed.
    take_median: Option<f64>,
    take_ninety: Option<f64>,
    /// Hours from then until the verdict.
    decide_median: Option<f64>,
    decide_ninety: Option<f64>,
    /// Cases that wait, and those that wait for longer than they may.
    waiting: u64,
    waiting_over: u64,
    /// Cases that somebody works, and those for longer than they may.
    in_work: u64,
    in_work_over: u64,
}

/// What the monitor is doing, what came of its alerts by typology, and how soon cases are taken and decided.
#[utoipa::path(get, path = "/api/v1/office/watch", tag = "office",
    responses((status = 200, body = WatchShown), (status = "default", body = ProblemDocument)))]
pub async fn watch(State(api): State<Shared>) -> Result<Json<WatchShown>, Problem> {
    let now = api.now();
    api.blocking(move |desk| {
        let (status, config, outcomes) = (desk.watch_status(), desk.watch_config()?, desk.outcomes(now)?);
        let bits = |value: Option<i32>| value.map(|value| milli(i64::from(value)));
        let typologies = outcomes.typologies.into_iter().map(|one| TypologyShown {
            cases: one.cases,
            true_ones: one.verdicts[0],
            false_ones: one.verdicts[1],
            unclear: one.verdicts[2],
            precision: one.precision,
            precision_low: one.precision_within.map(|within| within.0),
            precision_high: one.precision_within.map(|within| within.1),
            threshold: bits(one.threshold_milli),
            asked: bits(one.asked_milli),
            labels: one.labels,
            code: one.code,
        });
        let service = outcomes.service.into_iter().map(|one| ServiceShown {
            class: one.class,
            take_median: one.to_take.median_hours,
            take_ninety: one.to_take.ninety_hours,
            decide_median: one.to_decide.median_hours,
            decide_ninety: one.to_decide.ninety_hours,
            waiting: one.waiting,
            waiting_over: one.waiting_over,
            in_work: one.in_work,
            in_work_over: one.in_work_over,
        });
        Ok(Json(WatchShown {
            state: if status.is_following { "following" } else { "being_made" },
            shown: status.shown,
            all: status.all,
            waiting: status.waiting,
            config: format!("{} {} {}", config.code, config.version, config.hash),
            left_today: desk.cases_left_today()?,
            typologies: typologies.collect(),
            service: service.collect(),
        }))
    })
    .await
}

/// One case with its alerts and notes.
#[utoipa::path(get, path = "/api/v1/office/cases/{subject}/{case}", tag = "office",
    params(("subject" = String, Path, description = "Whom it is about"), ("case" = String, Path, description = "The case")),
    responses((status = 200, body = CaseDetail), (status = "default", body = ProblemDocument)))]
pub async fn one(
    State(api): State<Shared>,
    Path((subject, case)): Path<(String, String)>,
) -> Result<Json<CaseDetail>, Problem> {
    let (subject, case) = (id(&subject)?, id(&case)?);
    api.blocking(move |desk| {
        let view = desk.case(subject, case)?.ok_or_else(|| Problem::new("unknown_case"))?;
        let alerts = view.alerts.into_iter().map(|(alert, signals)| CaseAlertShown {
            raised_at: alert.raised_at.to_rfc3339(),
            grade: alert.grade,
            typology: alert.typology,
            score: milli(alert.score_milli),
            money: format_minor(alert.money_minor),
            signals: signals.into_iter().map(signal_shown).collect(),
            config: alert.config,
        });
        let notes = view.notes.into_iter().map(|note| CaseNoteShown {
            written_at: note.written_at.to_rfc3339(),
            author: public(IdKind::Staff, Cell::OFFICE, note.author),
            text: note.text,
        });
        Ok(Json(CaseDetail {
            alerts: alerts.collect(),
            notes: notes.collect(),
            case: shown(view.case, |household| desk.cell_of(household)),
        }))
    })
    .await
}

/// Takes a case, notes something beside it, or decides it.
#[utoipa::path(post, path = "/api/v1/office/cases/{subject}/{case}/steps", tag = "office", request_body = CaseStepTold,
    params(("subject" = String, Path, description = "Whom it is about"), ("case" = String, Path, description = "The case"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn work(
    State(api): State<Shared>,
    Path((subject, case)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<CaseStepTold>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let (subject, case) = (id(&subject)?, id(&case)?);
    let text = told.text.unwrap_or_default();
    let verdict = told.verdict.as_deref().map(|word| Verdict::parse(word).ok_or_else(|| Problem::new("bad_case_step")));
    let step = match (told.step.as_str(), verdict.transpose()?) {
        ("take", None) => CaseStep::Take,
        ("note", None) => CaseStep::Note { text },
        ("decide", Some(verdict)) => CaseStep::Decide { verdict, reason: text },
        _ => return Err(Problem::new("bad_case_step")),
    };
    let work = Command::WorkCase(WorkCase { subject, case, step });
    receipt(api.act(caller.actor, command, work).await?, Cell::OFFICE)
}
