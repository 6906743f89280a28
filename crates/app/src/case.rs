//! Cases: what the monitor, or a person, thinks worth looking at, from the alert to the verdict.
//!
//! Alerts about one subject join into its open case. Cases live in the office's cell, where they are queued by risk and money; every step is a
//! fact. A case freezes nothing by itself: whoever works it asks for a freeze by the facility's own act. Verdicts are labels: what
//! they say is known from their day on, never before.

use basics::{Cell, Date, Id, Instant};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stamp, key};
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;

/// Signals of an alert that are kept.
const SIGNALS_MAX: usize = 16;

door::text_enum! {
    /// Where a case stands.
    pub enum CaseState {
        /// Nobody works it yet 待处理.
        Open = "open",
        /// Somebody does 处理中.
        Taken = "taken",
        /// There is a verdict 已结案.
        Decided = "decided",
    }
}

door::text_enum! {
    /// What a case turned out to be.
    pub enum Verdict {
        /// What was suspected 属实.
        True = "true",
        /// Nothing 误报.
        False = "false",
        /// It cannot be told 无法判断.
        Unclear = "unclear",
    }
}

door::table! {
    /// A case. Lives in the office's cell.
    pub struct WatchCase = "watch_case" (Household, State, key 3) {
        /// The office.
        cell: Cell,
        /// Whom it is about: a household, or the key of a village, a device, another side.
        subject: Id,
        /// The case.
        id: Id,
        /// What the subject is: `household`, `village`, `device`, `counterparty`, `account`, `clerk`.
        subject_kind: String,
        /// The typology of its strongest alert.
        typology: String,
        /// Where it stands.
        state: CaseState,
        /// The strongest alert's score, thousandths of the threshold for alerts.
        risk_milli: i64,
        /// The money at stake: the sum of its alerts, minor units.
        money_minor: i64,
        /// Alerts in it.
        alerts: i64,
        /// Who works it.
        officer: Option<Id>,
        /// When its first alert came.
        opened_at: Instant,
        /// When somebody took it.
        taken_at: Option<Instant>,
        /// When it was decided.
        decided_at: Option<Instant>,
        /// What it turned out to be.
        verdict: Option<Verdict>,
        /// Why.
        reason: Option<String>,
        /// Risk × money, minor units: what it is queued by.
        stake_minor: i64,
        /// The office's day on which somebody first took it.
        taken_on: Option<Date>,
    }
    index "watch_case_by_stake" ["cell", "state", "stake_minor", "id"];
    index "watch_case_by_taken" ["cell", "taken_on", "id"];
}

door::table! {
    /// An alert of a case.
    pub struct WatchAlert = "watch_alert" (Household, State, key 3) {
        /// The office.
        cell: Cell,
        /// The case.
        case: Id,
        /// The alert.
        id: Id,
        /// When.
        raised_at: Instant,
        /// `note`, `alert`, `hold`.
        grade: String,
        /// The typology.
        typology: String,
        /// Its score, thousandths of the threshold for alerts.
        score_milli: i64,
        /// The money of the event, minor units.
        money_minor: i64,
        /// What was unusual, encoded.
        signals: Vec<u8>,
        /// The hash of the configuration that it came of; none in alerts of before that was kept.
        config: Option<String>,
    }
}

door::table! {
    /// What somebody wrote down beside a case.
    pub struct CaseNote = "case_note" (Household, State, key 3) {
        /// The office.
        cell: Cell,
        /// The case.
        case: Id,
        /// The note.
        id: Id,
        /// Who wrote it.
        author: Id,
        /// When.
        written_at: Instant,
        /// What.
        text: String,
    }
}

/// What one detector said.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AlertSignal {
    /// The detector's name.
    #[n(0)]
    pub kind: String,
    /// Share of steps that were at least as unusual, millionths.
    #[n(1)]
    pub p_ppm: u32,
    /// What was seen, in the detector's unit.
    #[n(2)]
    pub observed: i64,
    /// The range that was expected.
    #[n(3)]
    pub low: i64,
    /// See `low`.
    #[n(4)]
    pub high: i64,
    /// The same figure of the village.
    #[n(5)]
    pub peers: Option<i64>,
    /// Events and keys that it rests on.
    #[n(6)]
    pub evidence: Vec<Id>,
}

/// Tell of something unusual.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct RaiseAlert {
    /// The alert.
    #[n(0)]
    pub alert: Id,
    /// Whom it is about.
    #[n(1)]
    pub subject: Id,
    /// What the subject is.
    #[n(2)]
    pub subject_kind: String,
    /// `note`, `alert`, `hold`.
    #[n(3)]
    pub grade: String,
    /// The typology.
    #[n(4)]
    pub typology: String,
    /// Its score, thousandths of the threshold for alerts.
    #[n(5)]
    pub score_milli: i64,
    /// The money of the event, minor units.
    #[n(6)]
    pub money_minor: i64,
    /// What was unusual.
    #[n(7)]
    pub signals: Vec<AlertSignal>,
    /// The hash of the configuration that called for it; none in alerts of before that was kept, and of those that no configuration called for.
    #[n(8)]
    pub config: Option<String>,
}

/// Do something with a case.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct WorkCase {
    /// Whom it is about.
    #[n(0)]
    pub subject: Id,
    /// The case.
    #[n(1)]
    pub case: Id,
    /// What.
    #[n(2)]
    pub step: CaseStep,
}

/// A step of a case.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum CaseStep {
    /// Work it.
    #[n(0)]
    Take,
    /// Write something down.
    #[n(1)]
    Note {
        /// What.
        #[n(0)]
        text: String,
    },
    /// Say what it turned out to be.
    #[n(2)]
    Decide {
        /// What.
        #[n(0)]
        verdict: Verdict,
        /// Why.
        #[n(1)]
        reason: String,
    },
}

/// An alert was raised, and joined a case.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AlertRaised {
    /// The case that it joined or opened.
    #[n(0)]
    pub case: Id,
    /// The alert.
    #[n(1)]
    pub alert: RaiseAlert,
}

impl WorkCase {
    /// The act's name in the permission table.
    pub const fn act(&self) -> &'static str {
        match self.step {
            CaseStep::Take => "take_case",
            CaseStep::Note { .. } => "note_case",
            CaseStep::Decide { .. } => "decide_case",
        }
    }
}

impl Tianxin {
    pub(crate) fn needs_cases(&self, subject: Id, needs: &mut Needs) {
        needs.rows::<WatchCase>(key![Cell::OFFICE, subject]);
    }

    pub(crate) fn raise_alert(&self, slice: &Overlay, command: &RaiseAlert, _: &Context) -> Decided<Tianxin> {
        check_text("the typology", &command.typology, 40)?;
        check_text("what the subject is", &command.subject_kind, 20)?;
        if command.signals.len() > SIGNALS_MAX {
            return Err(Refusal::new("too_many_signals", format!("give at most {SIGNALS_MAX} signals")).into());
        }
        if command.money_minor < 0 {
            return Err(Refusal::new("amount_negative", "the money at stake cannot be negative").into());
        }
        let cases = slice.range::<WatchCase>(&key![Cell::OFFICE, command.subject])?;
        let open = cases.iter().find(|case| case.state != CaseState::Decided).map(|case| case.id);
        let case = open.unwrap_or_else(|| command.alert.derive("case"));
        Ok(Change::new(Outcome::Done, vec![Fact::AlertRaised(AlertRaised { case, alert: command.clone() })]))
    }

    pub(crate) fn work_case(&self, slice: &Overlay, command: &WorkCase, context: &Context) -> Decided<Tianxin> {
        let row = slice
            .get::<WatchCase>(&key![Cell::OFFICE, command.subject, command.case])?
            .ok_or_else(|| Refusal::new("unknown_case", "there is no such case: look at the list of cases"))?;
        if row.state == CaseState::Decided {
            return Err(Refusal::new("case_decided", "the case is decided: a new alert opens another").into());
        }
        match &command.step {
            CaseStep::Take if row.officer == Some(context.actor.id) => {
                return Err(Refusal::new("case_yours", "you work this case already").into());
            }
            CaseStep::Take => {}
            CaseStep::Note { text } => check_text("the note", text, 2_000)?,
            CaseStep::Decide { reason, .. } => {
                check_text("the reason", reason, 500)?;
                if row.officer != Some(context.actor.id) {
                    return Err(
                        Refusal::new("case_not_taken", "take the case first: who decides has looked at it").into()
                    );
                }
            }
        }
        Ok(Change::new(Outcome::Done, vec![Fact::CaseWorked(command.clone())]))
    }
}

/// Turns a fact of cases into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    match fact {
        Fact::AlertRaised(raised) => apply_alert(books, stamp, raised),
        Fact::CaseWorked(worked) => apply_step(books, stamp, worked),
        _ => Ok(()),
    }
}

fn apply_alert(books: &mut Overlay, stamp: &Stamp, raised: &AlertRaised) -> Result<(), Fault> {
    let (cell, alert) = (stamp.cell, &raised.alert);
    let known = books.get::<WatchCase>(&key![cell, alert.subject, raised.case])?;
    let is_strongest = known.as_ref().is_none_or(|case| alert.score_milli > case.risk_milli);
    let base = known.unwrap_or_else(|| WatchCase {
        cell,
        subject: alert.subject,
        id: raised.case,
        subject_kind: alert.subject_kind.clone(),
        typology: String::new(),
        state: CaseState::Open,
        risk_milli: 0,
        money_minor: 0,
        alerts: 0,
        officer: None,
        opened_at: stamp.at,
        taken_at: None,
        decided_at: None,
        verdict: None,
        reason: None,
        stake_minor: 0,
        taken_on: None,
    });
    let risk_milli = base.risk_milli.max(alert.score_milli);
    let money_minor = base.money_minor.saturating_add(alert.money_minor);
    books.put(&WatchCase {
        typology: if is_strongest { alert.typology.clone() } else { base.typology.clone() },
        risk_milli,
        money_minor,
        stake_minor: stake(risk_milli, money_minor),
        alerts: base.alerts + 1,
        ..base
    });
    books.put(&WatchAlert {
        cell,
        case: raised.case,
        id: alert.alert,
        raised_at: stamp.at,
        grade: alert.grade.clone(),
        typology: alert.typology.clone(),
        score_milli: alert.score_milli,
        money_minor: alert.money_minor,
        signals: basics::cbor::to_bytes(&alert.signals),
        config: alert.config.clone(),
    });
    Ok(())
}

fn apply_step(books: &mut Overlay, stamp: &Stamp, worked: &WorkCase) -> Result<(), Fault> {
    let cell = stamp.cell;
    let row = books
        .get::<WatchCase>(&key![cell, worked.subject, worked.case])?
        .ok_or_else(|| Fault::Broken(format!("case {} is not there", worked.case)))?;
    match &worked.step {
        CaseStep::Take => books.put(&WatchCase {
            state: CaseState::Taken,
            officer: Some(stamp.actor.id),
            taken_at: row.taken_at.or(Some(stamp.at)),
            taken_on: row.taken_on.or(Some(stamp.booking_date)),
            ..row
        }),
        CaseStep::Note { text } => books.put(&CaseNote {
            cell,
            case: worked.case,
            id: stamp.command_id,
            author: stamp.actor.id,
            written_at: stamp.at,
            text: text.clone(),
        }),
        CaseStep::Decide { verdict, reason } => books.put(&WatchCase {
            state: CaseState::Decided,
            decided_at: Some(stamp.at),
            verdict: Some(*verdict),
            reason: Some(reason.clone()),
            ..row
        }),
    }
    Ok(())
}

/// Risk (thousandths) × money (minor units, at least one yuan), in minor units.
fn stake(risk_milli: i64, money_minor: i64) -> i64 {
    let stake = i128::from(risk_milli.max(0)) * i128::from(money_minor.max(100)) / 1_000;
    i64::try_from(stake).unwrap_or(i64::MAX)
}

/// Chinese and English words for a detector; its name where it is not known any more.
pub fn words_of(kind: &str) -> (&str, &str) {
    match watch::Kind::named(kind) {
        Some(known) => known.names(),
        None if kind == crate::drawer::SIGNAL => ("清点和账面的差额", "A count differs from the books"),
        None => (kind, kind),
    }
}
