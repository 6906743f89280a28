//! The rails an institution has set up: read from its settings and connected, and statements as they are held against the books.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use app::desk::StatementRead;
use app::reconcile::BankLine;
use rails::iso::OwnAccount;
use rails::sign::Stamp;
use rails::{BankRail, FileRail, Flow, Line, MobileRail, PaymentRail, RailError, Stamps, Statement};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::config::{Place, Settings};
use crate::failure::Failure;
use crate::sandbox_bank::read_secret;

/// Longest that a rail's answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How a rail is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RailKind {
    /// ISO 20022 over HTTP.
    Bank,
    /// ISO 20022 by files in a folder.
    BankFiles,
    /// Signed JSON: e-CNY, mobile payment.
    Mobile,
}

/// What `institution.toml` says of a rail, in a table `[[rail]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RailSettings {
    /// Its name, as in the books: 1 to 35 characters.
    pub name: String,
    /// `bank`, `bank_files` or `mobile`.
    pub kind: RailKind,
    /// Where it is reached, `http://…`; not of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its folder, relative to the data folder; of files only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// The file with its secret in hexadecimal digits, relative to the data folder; not of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<PathBuf>,
    /// Number of the institution's account on it.
    pub account: String,
    /// Clearing number of the bank that keeps it.
    pub bank: String,
}

impl RailSettings {
    fn connect(&self, place: &Place, own_name: &str) -> Result<Arc<dyn PaymentRail>, Failure> {
        let lacks = |what: &str| {
            let file = place.settings_path();
            Failure::Unreachable(format!("{}: rail `{}` lacks `{what}`", file.display(), self.name))
        };
        let from = OwnAccount { name: own_name.to_owned(), account: self.account.clone(), bank: self.bank.clone() };
        let unusable = |error: RailError| Failure::Unreachable(format!("rail `{}`: {error}", self.name));
        if self.kind == RailKind::BankFiles {
            let folder = place.data.join(self.folder.as_deref().ok_or_else(|| lacks("folder"))?);
            let now_seconds = Arc::new(|| clock::now().0.div_euclid(1_000_000));
            let rail = FileRail::new(&self.name, from, &folder, now_seconds).map_err(unusable)?;
            return Ok(Arc::new(rail));
        }
        let address = self.address.as_deref().ok_or_else(|| lacks("address"))?;
        let file = place.data.join(self.secret.as_deref().ok_or_else(|| lacks("secret"))?);
        let secret = fs::read_to_string(&file).map_err(|error| Failure::file(&file, "read", error))?;
        let secret = read_secret(&secret).map_err(|error| Failure::file(&file, "used", error))?;
        let stamps = stamps()?;
        let line = Line::new(address, secret, stamps.clone(), TIMEOUT).map_err(unusable)?;
        Ok(match self.kind {
            RailKind::Mobile => Arc::new(MobileRail::new(&self.name, line)),
            RailKind::Bank | RailKind::BankFiles => Arc::new(BankRail::new(&self.name, from, line, stamps)),
        })
    }
}

/// Fresh times and nonces: random once, then counted.
fn stamps() -> Result<Stamps, Failure> {
    let seed = clock::new_id()?.to_string().replace('-', "");
    let count = AtomicU64::new(0);
    Ok(Arc::new(move || Stamp {
        at_seconds: clock::now().0.div_euclid(1_000_000),
        nonce: format!("{seed}{:016x}", count.fetch_add(1, Ordering::Relaxed)),
    }))
}

/// The rails of the settings, connected. Errors name the rail and what it lacks; nothing is sent yet.
pub fn connect(place: &Place, settings: &Settings) -> Result<Vec<Arc<dyn PaymentRail>>, Failure> {
    settings.rails.iter().map(|rail| rail.connect(place, &settings.name)).collect()
}

/// A statement as it is held against the books.
pub fn statement_of(rail: &str, statement: Statement) -> StatementRead {
    let Statement { id, day, opening, closing, lines, .. } = statement;
    let line = |line: rails::StatementLine| BankLine {
        reference: line.reference,
        payment: line.order.and_then(|order| order.payment()),
        amount_minor: if line.flow == Flow::In { line.amount.minor() } else { -line.amount.minor() },
        words: line.words,
    };
    StatementRead { rail: rail.to_owned(), id, day, opening, closing, lines: lines.into_iter().map(line).collect() }
}

/// Reads a statement from a file, `camt.053`.
pub fn statement_file(path: &Path) -> Result<Statement, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
    rails::iso::read_statement(&text).map_err(|error| Failure::Wrong(format!("{}: {error}", path.display())))
}
