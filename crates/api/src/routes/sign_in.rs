//! Who someone is: enrolment, signing in and out, and what the session says.

use app::books::check_text;
use app::desk::{Desk, EnrolRequest, NewMember};
use app::tables::{MemberRole, StaffStatus};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::{Extension, Json};
use basics::{Cell, Id, IdKind};
use door::{Actor, ActorKind, Role};
use rails::{Claim, Phone};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;

use crate::codes::Purpose;
use crate::extract::{Body, CommandId, public};
use crate::gate::Caller;
use crate::layers::CallerAddress;
use crate::password;
use crate::problem::{Problem, ProblemDocument};
use crate::session::{SESSION_SECONDS, staff_actor};
use crate::{Api, Shared};

/// Persons under one phone that a pin is tried for.
const CONTACTS_MAX: usize = 8;
/// Consents given at once at most.
const CONSENTS_MAX: usize = 20;

/// A household enrols.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// Name of the head, as on the resident card.
    name: String,
    /// Its resident id, 18 characters.
    resident_id: String,
    /// Its mobile phone.
    phone: String,
    /// The code that was sent there.
    code: String,
    /// Where the household lives.
    village: String,
    /// Six digits, the second proof at later sign-ins.
    pin: String,
    /// What it consents to.
    consents: Vec<ConsentGiven>,
}

/// A consent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentGiven {
    /// What for, such as `credit`.
    purpose: String,
    /// Version of the text that was shown.
    version: String,
}

/// A household was enrolled and is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Enrolled {
    household: String,
    /// `form_only` or `confirmed`.
    identity: &'static str,
    session: SessionShown,
}

/// A session: its token is in the cookie.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionShown {
    actor: ActorShown,
    /// To be sent as `X-CSRF-Token` with every write.
    csrf_token: String,
    /// Until when, RFC 3339.
    expires_at: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorShown {
    /// `household`, `staff` or `machine`.
    kind: &'static str,
    /// Role, as in the permission table.
    role: &'static str,
    /// Name, or sign-in name of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The household.
    #[serde(skip_serializing_if = "Option::is_none")]
    household: Option<String>,
    /// The member of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<String>,
}

type WithCookie<T> = (StatusCode, [(HeaderName, HeaderValue); 1], Json<T>);

fn with_cookie<T>(status: StatusCode, cookie: &str, body: T) -> Result<WithCookie<T>, Problem> {
    let value = HeaderValue::from_str(cookie).map_err(|error| crate::problem::fault(&error.to_string()))?;
    Ok((status, [(header::SET_COOKIE, value)], Json(body)))
}

/// Enrols a household: consent, identity check, phone code, pin. Signs it in.
#[utoipa::path(post, path = "/api/v1/enrolments", tag = "sign-in", security(()), request_body = Enrolment,
    params(("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Enrolled), (status = "default", body = ProblemDocument)))]
pub async fn enrol(
    State(api): State<Shared>,
    command: CommandId,
    Body(typed): Body<Enrolment>,
) -> Result<WithCookie<Enrolled>, Problem> {
    let now = api.now();
    let today = now.date_at_offset(api.desk.house().institution.zone_minutes);
    let claim = Claim::parse(&typed.name, &typed.resident_id, &typed.phone, today)?;
    password::check_pin(&typed.pin)?;
    check_told(&typed)?;
    api.codes.check(Purpose::Enrol, &claim.phone, &typed.code, command.0, now)?;
    let salt = password::salt(api.desk.vault.as_ref(), command.0);
    let pin = typed.pin;
    let pin_hash = api.hashing(move || password::hash(&pin, &salt)).await??;
    let household = command.made("household");
    let actor = Actor { kind: ActorKind::Household, id: household, role: Role::Household };
    let phone = claim.phone.clone();
    let (identity_check, name) = (api.options.identity.clone(), claim.name.clone());
    let proof = api
        .blocking(move |desk| {
            let proof = identity_check.check(&claim)?;
            let asked = EnrolRequest {
                command_id: command.0,
                household,
                village: typed.village,
                members: vec![NewMember {
                    role: MemberRole::Head,
                    name: claim.name,
                    resident_id: claim.resident_id.as_str().to_owned(),
                    phone: Some(claim.phone.as_str().to_owned()),
                    extra_fields: vec![("pin".to_owned(), pin_hash)],
                }],
                consents: typed.consents.into_iter().map(|given| (given.purpose, given.version)).collect(),
            };
            desk.enrol(&asked, actor, now)?;
            Ok(proof)
        })
        .await?;
    api.codes.used(Purpose::Enrol, &phone, command.0);
    let (session, cookie) = api.sign_in(actor, Some(name))?;
    let household = api.public_household(household);
    with_cookie(StatusCode::CREATED, &cookie, Enrolled { household, identity: proof.as_str(), session })
}

/// Refuses what the door would refuse, before the person is claimed in the directory: a claim without a
/// household keeps the person from enrolling for ten minutes.
fn check_told(typed: &Enrolment) -> Result<(), Problem> {
    check_text("the village", &typed.village, 60)?;
    if typed.consents.is_empty() || typed.consents.len() > CONSENTS_MAX {
        return Err(Problem::new("consent_missing"));
    }
    for given in &typed.consents {
        check_text("a consent's purpose", &given.purpose, 60)?;
        check_text("a consent's version", &given.version, 60)?;
    }
    Ok(())
}

/// Someone signs in: a household by phone, code and pin; staff by login and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Household: its phone.
    phone: Option<String>,
    /// Household: the code that was sent there.
    code: Option<String>,
    /// Household: its pin.
    pin: Option<String>,
    /// Household: which one, where the phone serves several.
    household: Option<String>,
    /// Staff: sign-in name.
    login: Option<String>,
    /// Staff: password.
    password: Option<String>,
}

/// Signs in.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sign-in", security(()), request_body = SignIn,
    responses((status = 201, body = SessionShown), (status = "default", body = ProblemDocument)))]
pub async fn open(
    State(api): State<Shared>,
    Extension(CallerAddress(from)): Extension<CallerAddress>,
    Body(typed): Body<SignIn>,
) -> Result<WithCookie<SessionShown>, Problem> {
    let (actor, name) = match typed {
        SignIn { phone: Some(phone), code: Some(code), pin: Some(pin), household, login: None, password: None } => {
            household_signs_in(&api, &phone, &code, pin, household).await?
        }
        SignIn {
            phone: None,
            code: None,
            pin: None,
            household: None,
            login: Some(login),
            password: Some(password),
        } => staff_signs_in(&api, login, password, from).await?,
        _ => return Err(Problem::new("bad_json").saying("give phone, code and pin, or login and password")),
    };
    let (session, cookie) = api.sign_in(actor, Some(name))?;
    with_cookie(StatusCode::CREATED, &cookie, session)
}

async fn household_signs_in(
    api: &Api,
    phone: &str,
    code: &str,
    pin: String,
    wanted: Option<String>,
) -> Result<(Actor, String), Problem> {
    let now = api.now();
    let phone = Phone::parse(phone)?;
    let wanted = wanted.map(|text| api.household(&text)).transpose()?;
    // Each try is a use of its own: signing in twice takes two codes.
    let by = Id::from_u128(u128::from_be_bytes(crate::clock::random().unwrap_or_default()));
    api.codes.check(Purpose::SignIn, &phone, code, by, now)?;
    let key = format!("pin {}", phone.as_str());
    let locked = |seconds| Problem::new("sign_in_locked").retry_after(seconds);
    api.wrong_tries.check(&key, now).map_err(locked)?;
    api.wrong_tries.begin(&key, now);
    let number = phone.clone();
    let heads = api.blocking(move |desk| heads_of(desk, &number, wanted)).await?;
    let found = api
        .hashing(move || {
            if heads.is_empty() {
                password::verify(&pin, None);
            }
            heads.into_iter().filter(|head| password::verify(&pin, Some(&head.pin_hash))).collect::<Vec<_>>()
        })
        .await?;
    let mut found = found.into_iter();
    let head = found.next().ok_or_else(|| Problem::new("wrong_pin"))?;
    if found.next().is_some() {
        return Err(Problem::new("choose_household"));
    }
    api.wrong_tries.forget(&key);
    api.codes.used(Purpose::SignIn, &phone, by);
    Ok((Actor { kind: ActorKind::Household, id: head.household, role: Role::Household }, head.name))
}

struct Head {
    household: Id,
    name: String,
    pin_hash: String,
}

/// The heads of households that are reached under a phone and have a pin.
fn heads_of(desk: &Desk, phone: &Phone, wanted: Option<Id>) -> Result<Vec<Head>, Problem> {
    let contacts = desk.by_phone(phone.as_str())?;
    let contacts = contacts.iter().filter(|contact| wanted.is_none_or(|id| id == contact.household));
    let mut heads = Vec::new();
    for contact in contacts.take(CONTACTS_MAX) {
        let field = |name| desk.field(contact.household, contact.person, name);
        if let (Some(pin_hash), Some(name)) = (field("pin")?, field("name")?) {
            heads.push(Head { household: contact.household, name, pin_hash });
        }
    }
    Ok(heads)
}

async fn staff_signs_in(api: &Api, login: String, typed: String, from: IpAddr) -> Result<(Actor, String), Problem> {
    let now = api.now();
    if login.len() > 200 || typed.len() > 1_000 {
        return Err(Problem::new("wrong_sign_in"));
    }
    // By address too, so that a stranger cannot lock a member of staff out.
    let key = format!("login {from} {login}");
    api.wrong_tries.check(&key, now).map_err(|seconds| Problem::new("sign_in_locked").retry_after(seconds))?;
    api.wrong_tries.begin(&key, now);
    let name = login.clone();
    let known = api
        .blocking(move |desk| {
            let staff = desk.staff()?.into_iter().find(|row| row.login == name && row.status == StaffStatus::Active);
            let secret = staff.as_ref().map(|row| desk.staff_secret(row.id)).transpose()?.flatten();
            Ok((staff, secret))
        })
        .await?;
    let (staff, secret) = known;
    let right = api.hashing(move || password::verify(&typed, secret.as_deref())).await?;
    let actor = staff.filter(|_| right).and_then(|row| staff_actor(row.id, &row.role));
    let actor = actor.ok_or_else(|| Problem::new("wrong_sign_in"))?;
    api.wrong_tries.forget(&key);
    Ok((actor, login))
}

/// Signs out: the session is over in this process, and the cookie is taken away.
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "sign-in",
    responses((status = 204), (status = "default", body = ProblemDocument)))]
pub async fn close(State(api): State<Shared>, caller: Caller) -> Result<(StatusCode, HeaderMap), Problem> {
    api.sessions.revoke(&caller.session, api.now());
    let mut headers = HeaderMap::new();
    if let Ok(cookie) = HeaderValue::from_str(&api.no_cookie()) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok((StatusCode::NO_CONTENT, headers))
}

/// Who is signed in, with the token that writes need.
#[utoipa::path(get, path = "/api/v1/me", tag = "sign-in",
    responses((status = 200, body = SessionShown), (status = "default", body = ProblemDocument)))]
pub async fn me(State(api): State<Shared>, caller: Caller) -> Result<Json<SessionShown>, Problem> {
    let actor = caller.actor;
    let name = api
        .blocking(move |desk| match actor.kind {
            ActorKind::Household => Ok(desk.field(actor.id, desk.head(actor.id)?, "name")?),
            _ => Ok(desk.staff()?.into_iter().find(|row| row.id == actor.id).map(|row| row.login)),
        })
        .await?;
    Ok(Json(SessionShown {
        actor: api.actor_shown(&actor, name),
        csrf_token: api.sessions.csrf(&caller.session),
        expires_at: caller.session.expires.to_rfc3339(),
    }))
}

impl Api {
    fn sign_in(&self, actor: Actor, name: Option<String>) -> Result<(SessionShown, String), Problem> {
        let session = self.open_session(actor, SESSION_SECONDS)?;
        let shown = SessionShown {
            actor: self.actor_shown(&actor, name),
            csrf_token: self.sessions.csrf(&session),
            expires_at: session.expires.to_rfc3339(),
        };
        Ok((shown, self.cookie(&session)))
    }

    fn actor_shown(&self, actor: &Actor, name: Option<String>) -> ActorShown {
        let is_household = actor.kind == ActorKind::Household;
        ActorShown {
            kind: actor.kind.as_str(),
            role: actor.role.as_str(),
            name,
            household: is_household.then(|| self.public_household(actor.id)),
            staff: (!is_household).then(|| public(IdKind::Staff, Cell::OFFICE, actor.id)),
        }
    }
}
