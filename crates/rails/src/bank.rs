//! Bank transfer by ISO 20022, over a signed line or by files in a folder that a bank's program carries away.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use basics::{Date, Instant};

use crate::iso::{self, Incoming, Initiation, OwnAccount};
use crate::line::{Came, Line, Stamps};
use crate::mobile::of_asked;
use crate::payment::{Notice, OrderId, PaymentOrder, PaymentRail, RailError, Standing, Statement, Way};

const XML: &str = "application/xml";
/// Files read in one go at most.
const FILES_MAX: usize = 1_000;

impl From<iso::IsoError> for RailError {
    fn from(error: iso::IsoError) -> RailError {
        RailError::Garbled(error.to_string())
    }
}

/// An initiation of one order; the message has the order's id, so that sent again it is the same message.
fn initiation(from: &OwnAccount, order: &PaymentOrder, now_seconds: i64) -> Result<String, RailError> {
    if order.way == Way::Collect {
        let message = "a bank transfer only pays out; money comes in when the payer transfers it".to_owned();
        return Err(RailError::NotOffered(message));
    }
    let created = Instant(now_seconds.saturating_mul(1_000_000));
    let message = order.id.to_string();
    Ok(iso::initiation(&Initiation { message, created, from: from.clone(), on: order.on, orders: vec![order.clone()] }))
}

fn as_text(bytes: Vec<u8>) -> Result<String, RailError> {
    String::from_utf8(bytes).map_err(|_| RailError::Garbled("it is not UTF-8".to_owned()))
}

/// A notice made of a message of the bank; none of a statement, which is asked for by its day.
fn notice_of(name: &str, message: Incoming) -> Option<Notice> {
    match message {
        Incoming::Status { told, .. } => {
            let orders = told.into_iter().map(|(id, _, standing)| (id, standing)).collect();
            Some(Notice { name: name.to_owned(), orders, credits: Vec::new() })
        }
        Incoming::Notification(notice) => Some(Notice { name: name.to_owned(), ..notice }),
        Incoming::Statement(_) => None,
    }
}

/// A bank over HTTP.
pub struct BankRail {
    name: String,
    from: OwnAccount,
    line: Line,
    stamps: Stamps,
    handled: AtomicU64,
}

impl BankRail {
    /// A rail of this name that pays from an account, over a line.
    pub fn new(name: &str, from: OwnAccount, line: Line, stamps: Stamps) -> BankRail {
        BankRail { name: name.to_owned(), from, line, stamps, handled: AtomicU64::new(0) }
    }

    fn standing(&self, id: &OrderId, body: Vec<u8>) -> Result<Standing, RailError> {
        match iso::read(&as_text(body)?)? {
            Incoming::Status { told, .. } => match <[_; 1]>::try_from(told) {
                Ok([(order, _, standing)]) => of_asked(id, (order, standing)),
                Err(told) => Err(RailError::Garbled(format!("asked about one order, it told of {}", told.len()))),
            },
            _ => Err(RailError::Garbled("asked about an order, it sent another message than pain.002".to_owned())),
        }
    }
}

impl PaymentRail for BankRail {
    fn name(&self) -> &str {
        &self.name
    }

    fn submit(&self, order: &PaymentOrder) -> Result<Standing, RailError> {
        let text = initiation(&self.from, order, (self.stamps)().at_seconds)?;
        match self.line.post("/iso/payments", XML, text.as_bytes())? {
            Came::Body(body) => self.standing(&order.id, body),
            Came::Nothing => Err(RailError::Garbled("it has no place for payments".to_owned())),
        }
    }

    fn query(&self, id: &OrderId) -> Result<Standing, RailError> {
        match self.line.get(&format!("/iso/payments/{id}"))? {
            Came::Body(body) => self.standing(id, body),
            Came::Nothing => Ok(Standing::Unknown),
        }
    }

    fn notices(&self) -> Result<Vec<Notice>, RailError> {
        let mut found = Vec::new();
        let mut after = self.handled.load(Ordering::SeqCst);
        while found.len() < FILES_MAX {
            after += 1;
            let Came::Body(body) = self.line.get(&format!("/iso/notices/{after}"))? else { break };
            let message = iso::read(&as_text(body)?)?;
            found.push(
                notice_of(&after.to_string(), message)
                    .unwrap_or_else(|| Notice { name: after.to_string(), ..Notice::default() }),
            );
        }
        Ok(found)
    }

    fn handled(&self, notice: &Notice) -> Result<(), RailError> {
        let number = notice.name.parse().map_err(|_| RailError::Garbled("a notice without a number".to_owned()))?;
        self.handled.fetch_max(number, Ordering::SeqCst);
        Ok(())
    }

    fn statement(&self, day: Date) -> Result<Statement, RailError> {
        match self.line.get(&format!("/iso/statements/{day}"))? {
            Came::Body(body) => Ok(iso::read_statement(&as_text(body)?)?),
            Came::Nothing => Err(RailError::NoAnswer(format!("it has no statement of {day} yet"))),
        }
    }
}

/// A bank whose program takes files from `out/` and leaves files in `in/`.
///
/// An order is a file of its own, named by its id: written again it is the same file, so that nothing is paid twice. What was handled
/// goes to `done/`; a statement is kept as `statements/DAY.xml`.
pub struct FileRail {
    name: String,
    from: OwnAccount,
    folder: PathBuf,
    now_seconds: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl FileRail {
    /// A rail of this name in a folder, which is made if it is not there.
    pub fn new(
        name: &str,
        from: OwnAccount,
        folder: &Path,
        now_seconds: Arc<dyn Fn() -> i64 + Send + Sync>,
    ) -> Result<FileRail, RailError> {
        for part in ["out", "sent", "in", "done", "statements"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(|error| of_file(&path, &error))?;
        }
        Ok(FileRail { name: name.to_owned(), from, folder: folder.to_owned(), now_seconds })
    }

    fn file(&self, part: &str, name: &str) -> PathBuf {
        self.folder.join(part).join(name)
    }
}

fn of_file(path: &Path, error: &std::io::Error) -> RailError {
    RailError::NoAnswer(format!("{}: {error}", path.display()))
}

/// Writes a file whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RailError> {
    let draft = path.with_extension("part");
    let written = fs::File::create(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&draft, path)).map_err(|error| of_file(path, &error))
}

impl PaymentRail for FileRail {
    fn name(&self) -> &str {
        &self.name
    }

    fn submit(&self, order: &PaymentOrder) -> Result<Standing, RailError> {
        let name = format!("{}.xml", order.id);
        let sent = self.file("sent", &name);
        if !sent.exists() {
            let text = initiation(&self.from, order, (self.now_seconds)())?;
            write_whole(&self.file("out", &name), text.as_bytes())?;
            write_whole(&sent, text.as_bytes())?;
        }
        Ok(Standing::Pending)
    }

    fn query(&self, id: &OrderId) -> Result<Standing, RailError> {
        let sent = self.file("sent", &format!("{id}.xml"));
        Ok(if sent.exists() { Standing::Pending } else { Standing::Unknown })
    }

    fn notices(&self) -> Result<Vec<Notice>, RailError> {
        let folder = self.folder.join("in");
        let listed = fs::read_dir(&folder).map_err(|error| of_file(&folder, &error))?;
        let mut names: Vec<String> = listed
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".xml"))
            .collect();
        names.sort();
        let mut found = Vec::new();
        for name in names.into_iter().take(FILES_MAX) {
            let path = self.file("in", &name);
            let bytes = fs::read(&path).map_err(|error| of_file(&path, &error))?;
            let told = as_text(bytes).and_then(|text| Ok(iso::read(&text)?));
            // A file that cannot be read stays, and is named each time until somebody has looked at it.
            let message = told.map_err(|error| RailError::Garbled(format!("{}: {error}", path.display())))?;
            if let Incoming::Statement(statement) = &message {
                let kept = self.file("statements", &format!("{}.xml", statement.day));
                fs::rename(&path, &kept).map_err(|error| of_file(&path, &error))?;
                continue;
            }
            found.extend(notice_of(&name, message));
        }
        Ok(found)
    }

    fn handled(&self, notice: &Notice) -> Result<(), RailError> {
        let path = self.file("in", &notice.name);
        fs::rename(&path, self.file("done", &notice.name)).map_err(|error| of_file(&path, &error))
    }

    fn statement(&self, day: Date) -> Result<Statement, RailError> {
        let path = self.file("statements", &format!("{day}.xml"));
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(RailError::NoAnswer(format!("the bank has left no statement of {day} yet")));
            }
            read => read.map_err(|error| of_file(&path, &error))?,
        };
        Ok(iso::read_statement(&as_text(bytes)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::{Party, Settled};
    use basics::{Cell, Currency, Id, Money};

    fn rail(folder: &Path) -> FileRail {
        let from = OwnAccount { name: "Co-operative".into(), account: "1002".into(), bank: "402".into() };
        FileRail::new("bank", from, folder, Arc::new(|| 1_772_420_400)).unwrap()
    }

    #[test]
    fn files_go_out_once_and_come_in_once() {
        let folder = tempfile::tempdir().unwrap();
        let bank = rail(folder.path());
        let day = Date::ymd(2026, 3, 2).unwrap();
        let amount = Money::new(500, Currency::CNY);
        let order = PaymentOrder {
            id: OrderId::of(Cell(1), Id::from_u128(7)),
            way: Way::PayOut,
            amount,
            party: Party { name: "张三".into(), account: "6222".into(), bank: "102".into() },
            purpose: "取款".into(),
            on: day,
            last_day: day,
        };
        assert_eq!(bank.query(&order.id), Ok(Standing::Unknown));
        assert_eq!(bank.submit(&order), Ok(Standing::Pending));
        let out = folder.path().join("out").join(format!("{}.xml", order.id));
        assert_eq!(iso::read_initiation(&fs::read_to_string(&out).unwrap()).unwrap().orders[0].id, order.id);
        // The bank takes the file away; a program started anew neither forgets nor repeats.
        fs::remove_file(&out).unwrap();
        let bank = rail(folder.path());
        assert_eq!((bank.query(&order.id), bank.submit(&order)), (Ok(Standing::Pending), Ok(Standing::Pending)));
        assert!(!out.exists(), "not handed over a second time");
        let collected =
            bank.submit(&PaymentOrder { way: Way::Collect, id: OrderId::parse("x").unwrap(), ..order.clone() });
        assert!(matches!(collected, Err(RailError::NotOffered(_))), "{collected:?}");

        let done = Standing::Settled(Settled { amount, on: day, reference: "B1".into() });
        let report = iso::status_report("R", Instant(0), order.id.as_str(), &[(order.id.clone(), None, done.clone())]);
        fs::write(folder.path().join("in/r.xml"), &report).unwrap();
        let told = bank.notices().unwrap();
        assert_eq!((told.len(), &told[0].orders), (1, &vec![(order.id.clone(), done)]));
        bank.handled(&told[0]).unwrap();
        assert_eq!(bank.notices(), Ok(vec![]));
        let cut = &report[..report.len() / 2];
        fs::write(folder.path().join("in/cut.xml"), cut).unwrap();
        let said = bank.notices().unwrap_err().to_string();
        assert!(said.contains("cut.xml") && said.contains("cut short"), "{said}");
        assert!(matches!(bank.statement(day), Err(RailError::NoAnswer(_))));
    }
}
