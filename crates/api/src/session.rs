//! Sessions as signed tokens: nothing is stored, so any server of the institution knows them.
//!
//! A token says who, since when, until when, under an HMAC keyed by the institution. It ends
//! by its time, by signing out (in this process), and for staff when they leave.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use app::tables::StaffStatus;
use app::vault::Vault;
use axum::http::{HeaderMap, header};
use basics::{Id, Instant, cbor};
use door::{Actor, ActorKind, Role};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Api;
use crate::problem::Problem;

/// The cookie that carries a person's session.
pub const COOKIE: &str = "tianxin_session";
/// How long people stay signed in.
pub const SESSION_SECONDS: i64 = 12 * 3_600;
/// Signed-out sessions remembered at most.
const REVOKED_MAX: usize = 100_000;
/// How long the standing of staff is believed.
const STAFF_SECONDS: i64 = 5;

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub actor: Actor,
    /// Its own id, random.
    pub id: Id,
    /// Since when.
    pub issued: Instant,
    /// Until when.
    pub expires: Instant,
}

/// Signs and reads tokens.
pub struct Sessions {
    key: [u8; 32],
    csrf_key: [u8; 32],
    revoked: Mutex<Revoked>,
    staff: Mutex<Option<StaffList>>,
}

#[derive(Default)]
struct Revoked {
    ids: HashMap<Id, Instant>,
    /// Sessions issued before this are all over: set when too many were revoked to remember.
    before: Option<Instant>,
}

struct StaffList {
    read_at: Instant,
    roles: HashMap<Id, String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
    /// Sessions under the institution's key.
    pub fn new(vault: &dyn Vault) -> Sessions {
        Sessions {
            key: vault.keyed_hash("session", b"token 1"),
            csrf_key: vault.keyed_hash("session", b"csrf 1"),
            revoked: Mutex::default(),
            staff: Mutex::default(),
        }
    }

    /// The token of a session.
    pub fn token(&self, session: &Session) -> String {
        let body = cbor::to_bytes(&(session.actor, session.id, session.issued, session.expires));
        format!("t1.{}.{}", hex(&body), hex(&mac(&self.key, &body)))
    }

    /// Reads a token: `None` if it is not ours, `session_expired` if it is over.
    pub fn read(&self, token: &str, now: Instant) -> Result<Option<Session>, Problem> {
        let Some(session) = self.decode(token) else { return Ok(None) };
        let revoked = lock(&self.revoked);
        let is_over = now >= session.expires
            || revoked.ids.contains_key(&session.id)
            || revoked.before.is_some_and(|before| session.issued <= before);
        if is_over { Err(Problem::new("session_expired")) } else { Ok(Some(session)) }
    }

    fn decode(&self, token: &str) -> Option<Session> {
        let (body, tag) = token.strip_prefix("t1.")?.split_once('.')?;
        if body.len() > 400 {
            return None;
        }
        let (body, tag) = (unhex(body)?, unhex(tag)?);
        if !crate::codes::same(&mac(&self.key, &body), &tag) {
            return None;
        }
        let (actor, id, issued, expires) = cbor::from_bytes(&body).ok()?;
        Some(Session { actor, id, issued, expires })
    }

    /// The token that proves that a page of ours made a request.
    pub fn csrf(&self, session: &Session) -> String {
        hex(&mac(&self.csrf_key, session.id.as_bytes())[..16])
    }

    /// Ends a session in this process.
    pub fn revoke(&self, session: &Session, now: Instant) {
        let mut revoked = lock(&self.revoked);
        if revoked.ids.len() >= REVOKED_MAX {
            revoked.ids.retain(|_, expires| now < *expires);
        }
        if revoked.ids.len() >= REVOKED_MAX {
            // Better that all sign in again than that one comes back to life.
            revoked.before = Some(now);
            revoked.ids.clear();
        }
        revoked.ids.insert(session.id, session.expires);
    }

    /// Forgets what is known of staff: it was changed just now.
    pub fn forget_staff(&self) {
        *lock(&self.staff) = None;
    }
}

impl Api {
    /// A new session of an actor.
    pub(crate) fn open_session(&self, actor: Actor, seconds: i64) -> Result<Session, Problem> {
        let Some(random) = crate::clock::random::<16>() else { return Err(Problem::new("storage_failed")) };
        let issued = self.now();
        let id = Id::from_u128(u128::from_be_bytes(random));
        Ok(Session { actor, id, issued, expires: issued.add_seconds(seconds) })
    }

    /// The cookie that carries a session.
    pub(crate) fn cookie(&self, session: &Session) -> String {
        let secure = if self.options.secure_cookies { "; Secure" } else { "" };
        let token = self.sessions.token(session);
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_SECONDS}{secure}")
    }

    /// The cookie that takes the session away.
    pub(crate) fn no_cookie(&self) -> String {
        let secure = if self.options.secure_cookies { "; Secure" } else { "" };
        format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{secure}")
    }

    /// The session of a request, and whether it came by cookie. Staff who left have none.
    pub(crate) async fn session_of(&self, headers: &HeaderMap) -> Result<Option<(Session, bool)>, Problem> {
        let now = self.now();
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let found = match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(token) => {
                let session = self.sessions.read(token.trim(), now)?;
                // A cookie's token is no bearer token: what scripts of a page could steal would be one.
                let session = session.filter(|session| session.actor.kind == ActorKind::Machine);
                Some((session.ok_or_else(|| Problem::new("not_signed_in"))?, false))
            }
            None => match cookie_of(headers) {
                Some(token) => {
                    let session = self.sessions.read(token, now)?;
                    session.filter(|session| session.actor.kind != ActorKind::Machine).map(|session| (session, true))
                }
                None => None,
            },
        };
        if let Some((session, _)) = &found
            && matches!(session.actor.kind, ActorKind::Staff | ActorKind::Machine)
            && !self.still_works_here(&session.actor, now).await?
        {
            return Err(Problem::new("session_expired"));
        }
        Ok(found)
    }

    /// Whether a member of staff still has the role of its session.
    async fn still_works_here(&self, actor: &Actor, now: Instant) -> Result<bool, Problem> {
        let role_in = |list: &StaffList| list.roles.get(&actor.id).is_some_and(|role| role == actor.role.as_str());
        if let Some(list) = lock(&self.sessions.staff).as_ref()
            && now < list.read_at.add_seconds(STAFF_SECONDS)
            && now >= list.read_at
        {
            return Ok(role_in(list));
        }
        let staff = self.blocking(|desk| Ok(desk.staff()?)).await?;
        let active = staff.into_iter().filter(|row| row.status == StaffStatus::Active);
        let list = StaffList { read_at: now, roles: active.map(|row| (row.id, row.role)).collect() };
        let works_here = role_in(&list);
        *lock(&self.sessions.staff) = Some(list);
        Ok(works_here)
    }
}

/// The role that an actor of staff acts in.
pub fn staff_actor(id: Id, role: &str) -> Option<Actor> {
    Some(Actor { kind: ActorKind::Staff, id, role: Role::parse(role)? })
}

fn cookie_of(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn mac(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    // A key of 32 bytes is shorter than a block, which `new` takes as it is.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&block).into());
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
        text
    })
}

/// Hexadecimal digits as bytes.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(value(*high)? << 4 | value(*low)?).ok(),
            _ => None,
        })
        .collect()
}
