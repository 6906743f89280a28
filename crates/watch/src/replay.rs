//! A file of events through the live path without a server: what each event scored when it happened.
//!
//! Rows are played in the order of time. A label is let in only when the time of an event that is being looked at has come to the label's
//! own time plus the delay: a score never rests on a label that would not have been known.

use basics::{Date, Id, Instant};
use insight::Event;

use crate::input::{Input, Label, Sight, Tick};
use crate::monitor::{LeftOut, Monitor};
use crate::signal::Grade;
use crate::tail::Tail;
use crate::unusual::ppm;

/// One row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Instant,
    /// The village of the household.
    pub village: Option<u64>,
    /// The device it was done on.
    pub device: Option<u64>,
    /// The household's key as another's counterparty.
    pub own_key: Option<u64>,
    /// What it turned out to be, where the file says it.
    pub label: Option<bool>,
}

/// What an event scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// When it happened.
    pub at: Instant,
    /// Whose it is.
    pub household: Id,
    /// Its amount without sign, minor units.
    pub amount_minor: u64,
    /// What it turned out to be.
    pub label: Option<bool>,
    /// Scores of rules, unsupervised and all, in thousandths; only their order within one counts.
    pub scores: [i32; 3],
    /// Whether each would have called somebody.
    pub alerts: [bool; 3],
    /// What the typologies asked for, and which asked for most.
    pub grade: Option<Grade>,
    /// Place of that typology in the configuration.
    pub typology: usize,
}

/// What a replay came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// A score an event that was looked at, in order of time.
    pub scored: Vec<Scored>,
    /// Events left out: seen before, from the future, too late.
    pub left_out: [u64; 3],
    /// Alerts of rules that came when a day was over, not with an event.
    pub tick_alerts: u64,
}

/// What is added to log odds so that they are positive.
const LOG_ODDS_BASE: i32 = 20_000;

/// Plays rows, which stand in order of time, with labels that come `delay` microseconds late. Only rows from `from` on are told of.
pub fn play(monitor: &mut Monitor, rows: &[Row], delay: i64, from: Option<Date>) -> Played {
    let mut played = Played::default();
    let mut known = 0;
    let mut day = i32::MIN;
    let mut learned = Tail::default();
    let mut met: std::collections::BTreeMap<Id, Option<u64>> = std::collections::BTreeMap::new();
    let alert_ppm = monitor.config().unsupervised_alert_ppm;
    for (place, row) in rows.iter().enumerate() {
        while known < place && rows[known].at.0.saturating_add(delay) <= row.at.0 {
            if let Some(label) = label_of(&rows[known]) {
                monitor.step(&Input::Label(label));
            }
            known += 1;
        }
        let today = row.at.date_at_offset(0);
        if today.days() != day {
            if day != i32::MIN {
                played.tick_alerts += ticks(monitor, &met, Date::from_days(day).unwrap_or(today));
            }
            day = today.days();
            monitor.refit(day);
        }
        met.insert(row.event.household, row.village);
        let sight = Sight {
            event: &row.event,
            at: row.at,
            village: row.village,
            device: row.device,
            clerk: None,
            own_key: row.own_key,
        };
        let seen = monitor.step(&Input::Event(sight));
        if let Some(why) = seen.left_out {
            played.left_out[match why {
                LeftOut::Duplicate => 0,
                LeftOut::FromTheFuture => 1,
                LeftOut::TooLate => 2,
            }] += 1;
            continue;
        }
        let all = seen.learned_milli.map(|log_odds| log_odds + LOG_ODDS_BASE);
        let is_rare = all.is_some_and(|score| ppm(learned.chance(score)) <= alert_ppm);
        if let Some(score) = all {
            learned.count(score);
        }
        let unusual = seen.unusual.milli;
        let is_unusual = unusual > 0 && seen.unusual.p_ppm <= alert_ppm;
        if from.is_some_and(|from| today < from) {
            continue;
        }
        played.scored.push(Scored {
            at: row.at,
            household: row.event.household,
            amount_minor: row.event.amount_minor.unsigned_abs(),
            label: row.label,
            // Before anything is learned the unsupervised score stands in, below all that is.
            scores: [seen.rules_milli, unusual, all.unwrap_or(unusual - 1_000_000)],
            alerts: [seen.grade >= Some(Grade::Alert), is_unusual, if all.is_some() { is_rare } else { is_unusual }],
            grade: seen.grade,
            typology: seen.typology,
        });
    }
    played
}

fn label_of(row: &Row) -> Option<Label> {
    Some(Label {
        household: row.event.household,
        event: row.event.id,
        counterparty: row.event.counterparty,
        day: row.event.date,
        amount_minor: row.event.amount_minor.unsigned_abs(),
        is_true: row.label?,
    })
}

/// Ends a day for all households met. Without a book that knows dues only the day on which income is looked at says anything.
fn ticks(monitor: &mut Monitor, met: &std::collections::BTreeMap<Id, Option<u64>>, day: Date) -> u64 {
    if day.day() != crate::detect::season::LOOK_ON {
        return 0;
    }
    let mut alerts = 0;
    for (household, village) in met {
        let tick = Tick { household: *household, day, village: *village, owed: None };
        alerts += u64::from(monitor.step(&Input::Tick(tick)).grade >= Some(Grade::Alert));
    }
    alerts
}

/// Puts rows into the order of time; rows of one moment stay as they stood.
pub fn in_time(rows: &mut [Row]) {
    rows.sort_by_key(|row| row.at);
}

#[cfg(test)]
mod tests {
    use basics::Instant;
    use insight::{Channel, EventKind};

    use super::*;
    use crate::config::Config;
    use crate::learned::LearnSettings;
    use crate::number::scatter;

    const DAY: i64 = 86_400_000_000;

    /// Thirty days of payments at shops, some of which turn bad for a while.
    fn rows() -> Vec<Row> {
        let mut rows = Vec::new();
        for number in 0..6_000_u64 {
            let drawn = scatter(number);
            let at = Instant(20_000 * DAY + number as i64 * 30 * DAY / 6_000);
            let shop = 1 + drawn % 60;
            let household = 100 + (drawn >> 8) % 80;
            let is_loud = (drawn >> 40).is_multiple_of(200);
            let is_bad = is_loud || (shop % 12 == 3 && at.0 > 20_004 * DAY);
            let yuan = 20 + ((drawn >> 20) % 60) as i64 * if is_loud { 8 } else { 1 };
            rows.push(Row {
                event: Event {
                    household: Id::from_u128(u128::from(household)),
                    id: Id::from_u128(u128::from(number) + 1),
                    date: at.date_at_offset(0),
                    kind: EventKind::PaymentOut,
                    amount_minor: -yuan * 100,
                    balance_after_minor: None,
                    counterparty: Some(shop),
                    channel: Channel::OwnBusiness,
                    consent: None,
                    measure: None,
                    source: None,
                    known: None,
                },
                at,
                village: None,
                device: None,
                own_key: None,
                label: Some(is_bad),
            });
        }
        rows
    }

    fn run(rows: &[Row]) -> Vec<[i32; 3]> {
        let learn = LearnSettings { refit_days: 4, trees: 12, seed: 1 };
        let mut monitor = Monitor::new(Config::usual().unwrap(), learn);
        let played = play(&mut monitor, rows, 7 * DAY, None);
        assert!(monitor.fits() > 2);
        played.scored.into_iter().map(|scored| scored.scores).collect()
    }

    #[test]
    fn labels_younger_than_the_delay_change_no_bit() {
        let rows = rows();
        let scores = run(&rows);
        for cut in [2_500, 4_200, 6_000] {
            let mut shuffled = rows.clone();
            let now = rows[cut - 1].at.0;
            let young: Vec<usize> = (0..rows.len()).filter(|place| rows[*place].at.0 + 7 * DAY > now).collect();
            // Labels of all that is younger, in another order: turned round by a third.
            for (place, from) in young.iter().zip(young.iter().cycle().skip(young.len() / 3)) {
                shuffled[*place].label = rows[*from].label.map(|label| label != from.is_multiple_of(2));
            }
            assert!(young.iter().any(|place| shuffled[*place].label != rows[*place].label));
            assert_eq!(run(&shuffled)[..cut], scores[..cut], "up to row {cut}");
            // They do count once they are old enough.
            if cut == 2_500 {
                assert!(run(&shuffled)[cut..] != scores[cut..]);
            }
        }
    }

    #[test]
    fn what_was_learned_finds_the_shops() {
        let rows = rows();
        let scores = run(&rows);
        let of = |wanted: bool| {
            let picked = rows.iter().zip(&scores).skip(4_000).filter(|(row, _)| row.label == Some(wanted));
            let (sum, count) = picked.fold((0_i64, 0), |(sum, count), (_, s)| (sum + i64::from(s[2]), count + 1));
            sum / count.max(1)
        };
        assert!(of(true) > of(false) + 2_000, "{} {}", of(true), of(false));
    }
}
