//! `tianxin books periods`: months, quarters and years, and how the days of a statement stand in them.

use app::general_ledger::{self, Days};
use app::period::{Period, PeriodAct, PeriodEvent, PeriodKind, PeriodState, freeze, last_of, standing, state_of};
use basics::{Cell, Date};
use clap::Args;
use door::table::Record;
use door::{Connection, key};
use ledger::Turnovers;
use serde_json::{Value, json};

use crate::config::{self, Place, Use};
use crate::failure::Failure;
use crate::terminal::say;

/// List months, quarters or years, and which of them are closed (结账)
///
/// A period is closed, and opened again, by two people over the API or on the office's pages. Of a closed one the frozen trial balance is
/// held against the books: if they differ the command ends with 1.
#[derive(Args)]
pub struct Periods {
    /// Quarters
    #[arg(long, conflicts_with = "years")]
    quarters: bool,
    /// Years
    #[arg(long)]
    years: bool,
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
}

impl Periods {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let opened = config::open(place, Use::Read)?;
        let mut connection = opened.backend.connect()?;
        connection.begin_snapshot()?;
        let done = self.tell(connection.as_mut(), opened.backend.cells());
        connection.rollback();
        done
    }

    fn tell(&self, connection: &mut dyn Connection, cells: u16) -> Result<(), Failure> {
        let kind = match (self.quarters, self.years) {
            (true, _) => PeriodKind::Quarter,
            (_, true) => PeriodKind::Year,
            _ => PeriodKind::Month,
        };
        let Days { first_closed, open } = general_ledger::days(connection)?;
        let events = read_events(connection)?;
        let (mut period, mut told, mut altered) = (Period::of(kind, open), Vec::new(), Vec::new());
        let first = Period::of(kind, first_closed.unwrap_or(open));
        while period >= first {
            let state = state_of(&events, period);
            let last = last_of(&events, period);
            let is_as_frozen = match last.filter(|event| event.act == PeriodAct::Closed) {
                Some(event) => {
                    let turnovers = general_ledger::turnovers(connection, cells, period.first, period.last())?;
                    let same = freeze(&turnovers).1[..] == event.hash[..];
                    if !same {
                        altered.push(period.name());
                    }
                    Some(same)
                }
                None => None,
            };
            told.push((period, state, is_as_frozen));
            period = period.before();
        }
        if self.json {
            let rows: Vec<Value> = told
                .iter()
                .map(|(period, state, is_as_frozen)| {
                    let acts = events.iter().filter(|event| event.period() == *period).map(act_json);
                    json!({
                        "period": period.name(), "first": period.first.to_string(), "last": period.last().to_string(),
                        "state": state.as_str(), "is_over": period.last() < open, "is_as_frozen": is_as_frozen,
                        "acts": acts.collect::<Vec<_>>(),
                    })
                })
                .collect();
            say(json!({ "open": open.to_string(), "periods": rows }).to_string());
        } else {
            for (period, state, _) in &told {
                let over = if period.last() < open { "" } else { "  未到期末 · not over" };
                say(format!("{:<8} {}{over}", period.name(), state_words(*state)));
                for event in events.iter().filter(|event| event.period() == *period) {
                    say(format!("         {}", act_words(event)));
                }
            }
        }
        if altered.is_empty() {
            return Ok(());
        }
        Err(Failure::Wrong(format!(
            "{}: the books give other figures than were frozen: run `tianxin audit verify`",
            altered.join(", ")
        )))
    }
}

/// How the days of a statement stand: whether their months are closed, and what was opened again.
pub struct Standing {
    state: PeriodState,
    reopened: Vec<PeriodEvent>,
    /// The closed period that the days are exactly, and whether the figures are the frozen ones.
    frozen: Option<(Period, bool, String)>,
}

impl Standing {
    /// Reads it for some days and what was booked on them.
    pub fn of(
        connection: &mut dyn Connection,
        from: Date,
        to: Date,
        turnovers: &Turnovers,
    ) -> Result<Standing, Failure> {
        let events = read_events(connection)?;
        let (state, reopened) = standing(&events, from, to);
        let exactly = PeriodKind::ALL.iter().map(|kind| Period::of(*kind, from));
        let exactly = exactly.filter(|period| period.first == from && period.last() == to);
        let closed = exactly.filter_map(|period| {
            let event = last_of(&events, period).filter(|event| event.act == PeriodAct::Closed)?;
            Some((period, freeze(turnovers).1[..] == event.hash[..], hex(&event.hash)))
        });
        let frozen = closed.into_iter().next();
        if let Some((period, false, _)) = &frozen {
            return Err(Failure::Wrong(format!(
                "the books give other figures of {} than were frozen when it was closed: run `tianxin audit verify`",
                period.name()
            )));
        }
        Ok(Standing { state, reopened: reopened.into_iter().cloned().collect(), frozen })
    }

    /// Lines for the head of a statement.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![state_words(self.state).to_owned()];
        if let Some((period, _, hash)) = &self.frozen {
            lines.push(format!("{} 与结账时一致 · as frozen, {}", period.name(), hash.get(..16).unwrap_or(hash)));
        }
        lines.extend(self.reopened.iter().map(|event| format!("{} {}", event.period().name(), act_words(event))));
        lines
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        json!({
            "state": self.state.as_str(),
            "frozen": self.frozen.as_ref().map(|(period, _, hash)| json!({ "period": period.name(), "hash": hash })),
            "reopened": self.reopened.iter().map(act_json).collect::<Vec<_>>(),
        })
    }
}

/// Everything that was ever done to periods, in order.
fn read_events(connection: &mut dyn Connection) -> Result<Vec<PeriodEvent>, Failure> {
    let rows = connection.load_many(PeriodEvent::table(), &[0], &[key![Cell::OFFICE]])?;
    let damaged = |error: door::table::RowError| Failure::Wrong(format!("{error}: run `tianxin audit verify`"));
    let mut events: Vec<PeriodEvent> =
        rows.iter().map(|row| PeriodEvent::from_row(row).map_err(damaged)).collect::<Result<_, _>>()?;
    events.sort_by_key(|event| event.seq);
    Ok(events)
}

fn state_words(state: PeriodState) -> &'static str {
    match state {
        PeriodState::Open => "未结账 · open",
        PeriodState::Closed => "已结账 · closed",
        PeriodState::Reopened => "已反结账 · opened again",
    }
}

fn act_words(event: &PeriodEvent) -> String {
    let words = event.words.as_ref().map_or_else(String::new, |words| format!("：{words}"));
    let hash = hex(&event.hash);
    let hash = hash.get(..16).unwrap_or_default();
    match event.act {
        PeriodAct::Closed => format!("{} 结账 closed, {hash}{words}", event.booking_date),
        PeriodAct::Reopened => format!("{} 反结账 opened again{words}", event.booking_date),
    }
}

fn act_json(event: &PeriodEvent) -> Value {
    json!({
        "period": event.period().name(), "act": event.act.as_str(), "on": event.booking_date.to_string(),
        "hash": hex(&event.hash), "record": event.seq, "left_open": event.left_open, "words": event.words,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
