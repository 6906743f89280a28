//! What every request to a route passes: session, permission table, ownership, CSRF, rate of the actor.

use app::look::LookKind;
use axum::RequestExt;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use basics::{IdKind, PublicId};
use door::{Actor, ActorKind, App};

use crate::permission::{Access, gate, may_pass};
use crate::problem::{Problem, fault};
use crate::session::Session;
use crate::{Api, Shared};

/// The header that proves that a page of ours made a request.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// Who asks; handlers find it in the request.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The actor.
    pub actor: Actor,
    /// Its session.
    pub session: Session,
}

/// Lets a request through to its handler, or answers why not.
pub async fn pass(State(api): State<Shared>, mut request: Request, next: Next) -> Response {
    match admit(&api, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admit(api: &Api, request: &mut Request) -> Result<(), Problem> {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let line = path.as_ref().and_then(|path| gate(request.method(), path.as_str()));
    // A route without a line is closed; a test keeps it from happening.
    let Some(line) = line else {
        return Err(fault(&format!("no permission for {} {path:?}", request.method())));
    };
    let found = match (api.session_of(request.headers()).await, line.access) {
        // An old cookie is no obstacle to signing in anew.
        (Err(_), Access::Anyone) => None,
        (found, _) => found?,
    };
    let Some((session, by_cookie)) = found else {
        return if line.access == Access::Anyone { Ok(()) } else { Err(Problem::new("not_signed_in")) };
    };
    let actor = session.actor;
    api.actors.take(actor.id, api.now()).map_err(|seconds| Problem::new("too_many_requests").retry_after(seconds))?;
    if !may_pass(line.access, &actor, api.desk.house().rules(), api.options.demo) {
        return Err(Problem::new("not_permitted"));
    }
    let asked = match line.path.contains("{hh}") {
        false => None,
        true => {
            let params = request.extract_parts::<RawPathParams>().await.map_err(|_| Problem::new("bad_id"))?;
            let household = params.iter().find(|(name, _)| *name == "hh").map(|(_, value)| value.to_owned());
            let asked = PublicId::parse_kind(household.as_deref().unwrap_or_default(), IdKind::Household);
            match (actor.kind, asked) {
                (ActorKind::Household, Ok(asked)) if asked.id != actor.id => return Err(Problem::new("not_yours")),
                (ActorKind::Household, Ok(_)) => None,
                (ActorKind::Household, Err(error)) => return Err(error.into()),
                // To staff the handler says what is wrong with an id.
                (_, asked) => asked.ok().map(|asked| asked.id),
            }
        }
    };
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if by_cookie && changes && line.access != Access::Anyone {
        let sent = request.headers().get(CSRF_HEADER).map(|value| value.as_bytes()).unwrap_or_default();
        if !crate::codes::same(sent, api.sessions.csrf(&session).as_bytes()) {
            return Err(Problem::new("csrf_missing"));
        }
    }
    // What the institution sees of a household is on record before it is shown.
    if let (Some(household), false) = (asked, changes) {
        let (kind, now) = (look_at(line.path), api.now());
        api.blocking(move |desk| Ok(desk.note_look(&actor, household, kind, now)?)).await?;
    }
    request.extensions_mut().insert(Caller { actor, session });
    Ok(())
}

/// What a route shows of a household, by the part of its path after it.
fn look_at(path: &str) -> LookKind {
    let part = path.split("/{hh}/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    match part {
        "entries" | "accounts" | "payments" | "level" | "merchants" => LookKind::Money,
        "loans" | "lines" | "facility" | "contracts" | "guarantees" | "preliminary-limits" | "notices" => {
            LookKind::Loans
        }
        "limits" | "profile" | "rating" | "applications" => LookKind::Credit,
        _ => LookKind::Person,
    }
}
