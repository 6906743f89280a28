//! Behaviour events that come in: what a household did, in the words of the API.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::Id;
use basics::money::parse_minor;
use door::ActorKind;
use insight::event::{Channel, Event, EventKind, Stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::extract::{Body, CommandId, date};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};

/// Behaviour events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsTold {
    /// 1 to 500.
    events: Vec<EventTold>,
}

/// A behaviour event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventTold {
    /// Its own id, a UUID; made from the command's id and its place if not given.
    id: Option<String>,
    /// The date it happened.
    date: String,
    /// What happened, such as `harvest_sale`, `utility`, `purchase_farm_input`.
    #[schema(example = "harvest_sale")]
    kind: String,
    /// How much, never negative: the kind tells whether it came in or went out.
    #[schema(example = "1250.00")]
    amount: String,
    /// Balance of the account after it, where known; may be negative.
    balance_after: Option<String>,
    /// What was measured, as a whole number, for kinds that measure something: days late, thousandths of a mu, kilograms,
    /// minor units, millionths.
    measure: Option<i64>,
    /// The other side: its account or name. Kept as a keyed hash, by which the same is known again and nothing more.
    counterparty: Option<String>,
    /// By which way it is known: `own_business`, `licensed_bureau`, `authority`, `told_by_household`. Staff only.
    channel: Option<String>,
}

/// The profile's version since.
#[derive(Debug, Serialize, ToSchema)]
pub struct Observed {
    version: i64,
}

/// Takes behaviour events in and folds them into the profile.
#[utoipa::path(post, path = "/api/v1/households/{hh}/events", tag = "household", request_body = EventsTold,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Observed), (status = "default", body = ProblemDocument)))]
pub async fn observe(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<EventsTold>,
) -> Result<(StatusCode, Json<Observed>), Problem> {
    let household = api.household(&hh)?;
    let own = caller.actor.kind == ActorKind::Household && !api.options.demo;
    let party = |name: &str| {
        let hash = api.desk.vault.keyed_hash("counterparty", name.as_bytes());
        hash.iter().take(8).fold(0_u64, |key, byte| key << 8 | u64::from(*byte))
    };
    let events = read_events(household, command, own, &told, &party)?;
    let now = api.now();
    let (watched, desk) = (events.clone(), api.desk.clone());
    let done = api
        .blocking(move |desk| {
            let open_date = desk.open_date(desk.cell_of(household))?;
            if let Some(ahead) = events.iter().find(|event| event.date > open_date) {
                let said = format!("the event of {} lies after the open day {open_date}", ahead.date);
                return Err(Problem::new("event_ahead").saying(said));
            }
            let answer = desk.observe(command.0, household, &events, caller.actor, now)?;
            match answer.outcome::<app::Tianxin>()? {
                app::Outcome::Observed { version } => Ok((StatusCode::CREATED, Json(Observed { version }))),
                other => Err(crate::act::unexpected(&other)),
            }
        })
        .await?;
    // The answer does not wait for the monitor.
    tokio::task::spawn_blocking(move || {
        if let Err(error) = desk.watch(household, &watched, now) {
            fault(&format!("the monitor could not look at events: {error}"));
        }
    });
    Ok(done)
}

fn read_events(
    household: Id,
    command: CommandId,
    own: bool,
    told: &EventsTold,
    party: &dyn Fn(&str) -> u64,
) -> Result<Vec<Event>, Problem> {
    let bad = |place: usize, what: &str| Problem::new("bad_event").saying(format!("event {}: {what}", place + 1));
    if told.events.is_empty() || told.events.len() > app::observe::EVENTS_MAX {
        return Err(Problem::new("bad_event_count"));
    }
    told.events
        .iter()
        .enumerate()
        .map(|(place, event)| {
            let kind = EventKind::named(&event.kind).ok_or_else(|| bad(place, "there is no such kind of event"))?;
            let size = parse_minor(&event.amount)?;
            if size < 0 {
                return Err(bad(place, "the amount is negative: the kind tells whether it came in or went out"));
            }
            let channel = match event.channel.as_deref() {
                None if own => Channel::ToldByHousehold,
                None | Some("own_business") => Channel::OwnBusiness,
                Some("licensed_bureau") => Channel::LicensedBureau,
                Some("authority") => Channel::Authority,
                Some("told_by_household") => Channel::ToldByHousehold,
                Some(_) => return Err(bad(place, "there is no such channel")),
            };
            if own && channel != Channel::ToldByHousehold {
                return Err(Problem::new("channel_not_yours"));
            }
            let id = match &event.id {
                None => command.made(&format!("event {place}")),
                Some(text) => uuid::Uuid::try_parse(text).map(Id).map_err(|_| bad(place, "its id is not a UUID"))?,
            };
            let date = date(&event.date)?;
            if date.year() < 1990 {
                return Err(bad(place, "it lies before 1990"));
            }
            Ok(Event {
                household,
                id,
                date,
                kind,
                amount_minor: if kind.stream() == Stream::Out { -size } else { size },
                balance_after_minor: event.balance_after.as_deref().map(parse_minor).transpose()?,
                counterparty: event.counterparty.as_deref().filter(|name| !name.is_empty()).map(party),
                channel,
                consent: None,
                measure: event.measure,
                source: None,
                known: None,
            })
        })
        .collect()
}
