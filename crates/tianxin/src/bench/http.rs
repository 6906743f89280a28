//! A loan as a household's page asks for it, over HTTP, by a client that costs the machine little.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use api::session::{COOKIE, Session, Sessions};
use api::{ApiOptions, Rates};
use app::desk::Desk;
use basics::{IdKind, PublicId};
use serde_json::{Value, json};

use super::borrowers::{Borrower, Borrowers};
use super::county::Stream;
use crate::clock;
use crate::failure::Failure;

/// Longest that an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long sessions last.
const SESSION_SECONDS: i64 = 3_600;

/// Opens sessions as signing in does, without a code and a hash for each of thousands of households.
pub struct Passes(Sessions);

impl Passes {
    /// Sessions of the institution of these borrowers.
    pub fn new(borrowers: &Borrowers) -> Passes {
        Passes(Sessions::new(borrowers.vault.as_ref()))
    }

    /// The headers that carry a household's session.
    fn of(&self, borrower: &Borrower, stream: &mut Stream) -> String {
        let issued = clock::now();
        let (actor, id) = (borrower.actor(), stream.id(issued));
        let session = Session { actor, id, issued, expires: issued.add_seconds(SESSION_SECONDS) };
        let (token, csrf) = (self.0.token(&session), self.0.csrf(&session));
        format!("Cookie: {COOKIE}={token}\r\nX-CSRF-Token: {csrf}\r\n")
    }
}

/// Serves a desk on a free port of this machine, without limits of rate, for as long as `work` takes.
pub fn serve<T>(desk: Arc<Desk>, work: impl FnOnce(SocketAddr) -> Result<T, Failure>) -> Result<T, Failure> {
    let failed = |error: std::io::Error| Failure::Unreachable(format!("HTTP cannot be served on loopback: {error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let options = ApiOptions { rates: Rates::UNLIMITED, timeout: TIMEOUT, ..ApiOptions::default() };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = api::serve(listener, options, desk.clone(), async move { drop(stopped.await) });
    let server = runtime.spawn(served);
    let done = work(address);
    drop(stop);
    let ended = runtime.block_on(server).map_err(|error| Failure::Wrong(format!("the server failed: {error}")))?;
    // The desk's connections to PostgreSQL must not end on a thread of the runtime.
    drop(runtime);
    drop(desk);
    ended.map_err(failed)?;
    done
}

/// A connection that stays open.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Result<Client, Failure> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(broken)?;
        stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(TIMEOUT))).map_err(broken)?;
        Ok(Client { stream: BufReader::new(stream) })
    }

    /// Sends a request and reads its answer; anything but success is a failure.
    pub fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Result<Value, Failure> {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: tianxin\r\n{headers}");
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let request = format!("{head}{kind}Content-Length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes()).map_err(broken)?;
        let (status, body) = self.answer()?;
        if (200..300).contains(&status) {
            return serde_json::from_slice(&body).map_err(|error| Failure::Wrong(format!("{path}: {error}")));
        }
        Err(Failure::Wrong(format!("{method} {path} was answered {status}: {}", String::from_utf8_lossy(&body))))
    }

    fn answer(&mut self) -> Result<(u16, Vec<u8>), Failure> {
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).map_err(broken)?;
            let line = line.trim_end();
            match (status, line.split_once(':')) {
                (None, _) => {
                    let code = line.split(' ').nth(1).and_then(|code| code.parse().ok());
                    status = Some(code.ok_or_else(|| broken(format!("it began an answer with `{line}`")))?);
                }
                (Some(_), Some((name, value))) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(broken)?;
                }
                (Some(status), None) if line.is_empty() => {
                    let mut body = vec![0; length];
                    self.stream.read_exact(&mut body).map_err(broken)?;
                    return Ok((status, body));
                }
                _ => {}
            }
        }
    }
}

fn broken(why: impl std::fmt::Display) -> Failure {
    Failure::Unreachable(format!("the server that is measured does not answer: {why}"))
}

/// Tells what a household did, as itself.
pub fn tell(
    client: &mut Client,
    passes: &Passes,
    borrower: &Borrower,
    stream: &mut Stream,
    events: &Value,
) -> Result<(), Failure> {
    let public = PublicId { kind: IdKind::Household, cell: borrower.cell, id: borrower.household };
    let pass = passes.of(borrower, stream);
    let headers = format!("{pass}Command-Id: {}\r\n", stream.id(clock::now()));
    client.ask("POST", &format!("/api/v1/households/{public}/events"), &headers, &events.to_string()).map(|_| ())
}

/// Asks, reads the offer, signs, draws. False if it was not approved.
pub fn lend(
    client: &mut Client,
    passes: &Passes,
    borrowers: &Borrowers,
    borrower: &Borrower,
    stream: &mut Stream,
) -> Result<bool, Failure> {
    let public = PublicId { kind: IdKind::Household, cell: borrower.cell, id: borrower.household };
    let home = format!("/api/v1/households/{public}");
    let pass = passes.of(borrower, stream);
    let command = |stream: &mut Stream| format!("{pass}Command-Id: {}\r\n", stream.id(clock::now()));
    let minor = borrower.amount.minor();
    let asked = json!({
        "product": borrowers.product.code,
        "amount": format!("{}.{:02}", minor / 100, minor % 100),
        "term_months": borrower.term_months,
        "purpose": borrowers.purpose,
    });
    let decided = client.ask("POST", &format!("{home}/applications"), &command(stream), &asked.to_string())?;
    if decided["status"] != "approved" {
        return Ok(false);
    }
    let application = format!("{home}/applications/{}", text(&decided["application"])?);
    let offered = client.ask("GET", &application, &pass, "")?;
    let signature = json!({ "text_hash": offered["offer"]["text_hash"], "read_seconds": 30, "confirmed": true });
    let path = format!("{application}/signature");
    let signed = client.ask("POST", &path, &command(stream), &signature.to_string())?;
    let path = format!("{home}/contracts/{}/drawdown", text(&signed["contract"])?);
    client.ask("POST", &path, &command(stream), "{}")?;
    Ok(true)
}

fn text(value: &Value) -> Result<&str, Failure> {
    value.as_str().ok_or_else(|| broken("an answer has no public id"))
}
