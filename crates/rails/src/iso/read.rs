//! Messages of a bank, and initiations as a bank reads them.

use basics::{Currency, Date, Instant, Money};

use super::xml::Node;
use super::{CAMT_053, CAMT_054, Initiation, IsoError, OwnAccount, PAIN_001, PAIN_002, Told};
use crate::payment::{
    Credit, Flow, ID_CHARS_MAX, Notice, OrderId, Party, PaymentOrder, Settled, Standing, Statement, StatementLine,
    WORDS_CHARS_MAX, Way,
};

/// Where a message says that it belongs to no order of the payer.
const NOT_PROVIDED: &str = "NOTPROVIDED";

/// A message of a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// `pain.002`: how orders stand.
    Status {
        /// Its id.
        message: String,
        /// What it tells, order by order.
        told: Vec<Told>,
    },
    /// `camt.054`: what was booked.
    Notification(Notice),
    /// `camt.053`: a day's statement.
    Statement(Statement),
}

/// Reads a message of a bank, whichever it is.
pub fn read(text: &str) -> Result<Incoming, IsoError> {
    let document = Node::parse(text)?;
    match document.schema.as_deref() {
        Some(PAIN_002) => status(document.one("CstmrPmtStsRpt")?),
        Some(CAMT_054) => notification(document.one("BkToCstmrDbtCdtNtfctn")?),
        Some(CAMT_053) => statement_of(document.one("BkToCstmrStmt")?).map(Incoming::Statement),
        _ => Err(wrong(&document, &[PAIN_002, CAMT_054, CAMT_053])),
    }
}

/// Reads a statement of an account, `camt.053`, and checks that it adds up.
pub fn read_statement(text: &str) -> Result<Statement, IsoError> {
    let document = Node::parse(text)?;
    match document.schema.as_deref() {
        Some(CAMT_053) => statement_of(document.one("BkToCstmrStmt")?),
        _ => Err(wrong(&document, &[CAMT_053])),
    }
}

fn wrong(document: &Node, expected: &[&str]) -> IsoError {
    let found = document.schema.clone().unwrap_or_else(|| format!("<{}> of no schema of ISO 20022", document.name));
    IsoError::WrongMessage { expected: expected.join(" or "), found }
}

/// Reads an initiation, `pain.001`, as the bank does that is to carry it out.
pub fn read_initiation(text: &str) -> Result<Initiation, IsoError> {
    let document = Node::parse(text)?;
    if document.schema.as_deref() != Some(PAIN_001) {
        return Err(wrong(&document, &[PAIN_001]));
    }
    let root = document.one("CstmrCdtTrfInitn")?;
    let header = root.one("GrpHdr")?;
    let created = instant(header.one("CreDtTm")?)?;
    let payment = root.one("PmtInf")?;
    payment.one("PmtInfId").and_then(id)?;
    if payment.one("PmtMtd")?.text != "TRF" {
        return Err(payment.one("PmtMtd")?.bad("TRF"));
    }
    let on = date(payment.path(&["ReqdExctnDt", "Dt"])?)?;
    let from = OwnAccount {
        name: words(payment.path(&["Dbtr", "Nm"])?)?,
        account: account(payment.path(&["DbtrAcct", "Id", "Othr", "Id"])?)?,
        bank: id(payment.path(&["DbtrAgt", "FinInstnId", "ClrSysMmbId", "MmbId"])?)?,
    };
    let orders = payment.all("CdtTrfTxInf").map(|one| order(one, on)).collect::<Result<Vec<_>, _>>()?;
    let first = orders.first().ok_or_else(|| missing(payment, "CdtTrfTxInf"))?;
    let (count, sum) = (orders.len(), sum(orders.iter().map(|order| order.amount)));
    if let Some(other) = orders.iter().find(|order| order.amount.currency() != first.amount.currency()) {
        let (said, found) = (first.amount.currency().to_string(), other.amount.currency().to_string());
        return Err(IsoError::NotItsParts { element: "InstdAmt", said, found });
    }
    for part in [header, payment] {
        number(part.one("NbOfTxs")?, "NbOfTxs", count)?;
        decimal(part.one("CtrlSum")?, "CtrlSum", sum)?;
    }
    Ok(Initiation { message: id(header.one("MsgId")?)?, created, from, on, orders })
}

fn order(one: &Node, on: Date) -> Result<PaymentOrder, IsoError> {
    let name = one.path(&["PmtId", "EndToEndId"])?;
    let purpose = words(one.path(&["RmtInf", "Ustrd"])?)?;
    let party = Party {
        name: words(one.path(&["Cdtr", "Nm"])?)?,
        account: account(one.path(&["CdtrAcct", "Id", "Othr", "Id"])?)?,
        bank: id(one.path(&["CdtrAgt", "FinInstnId", "ClrSysMmbId", "MmbId"])?)?,
    };
    let amount = amount(one.path(&["Amt", "InstdAmt"])?)?;
    Ok(PaymentOrder { id: order_id(name)?, way: Way::PayOut, amount, party, purpose, on, last_day: on })
}

fn status(root: &Node) -> Result<Incoming, IsoError> {
    let message = id(root.path(&["GrpHdr", "MsgId"])?)?;
    let original = root.one("OrgnlGrpInfAndSts")?;
    id(original.one("OrgnlMsgId")?)?;
    let mut told = Vec::new();
    for payment in root.all("OrgnlPmtInfAndSts") {
        for one in payment.all("TxInfAndSts") {
            told.push(status_of(one)?);
        }
    }
    Ok(Incoming::Status { message, told })
}

fn status_of(one: &Node) -> Result<Told, IsoError> {
    let order = order_id(one.one("OrgnlEndToEndId")?)?;
    let asked = one.maybe_path(&["OrgnlTxRef", "Amt", "InstdAmt"])?.map(amount).transpose()?;
    let code = one.one("TxSts")?;
    let standing = match code.text.as_str() {
        "RCVD" | "ACTC" | "ACCP" | "ACFC" | "ACSP" | "ACWC" | "PDNG" | "PATC" => Standing::Pending,
        "ACSC" | "ACCC" => Standing::Settled(Settled {
            amount: amount(one.path(&["OrgnlTxRef", "Amt", "InstdAmt"])?)?,
            on: date(one.path(&["OrgnlTxRef", "IntrBkSttlmDt"])?)?,
            reference: id(one.one("AcctSvcrRef")?)?,
        }),
        "RJCT" | "CANC" => {
            let reason = one.one("StsRsnInf")?;
            let words = reason.all("AddtlInf").map(|words| words.text.as_str()).collect::<Vec<_>>().join(" ");
            Standing::Refused { code: id(reason.path(&["Rsn", "Cd"])?)?, reason: words }
        }
        _ => return Err(code.bad("a status of a payment, such as ACCP, ACSC or RJCT")),
    };
    Ok((order, asked, standing))
}

fn notification(root: &Node) -> Result<Incoming, IsoError> {
    let mut notice = Notice { name: id(root.path(&["GrpHdr", "MsgId"])?)?, ..Notice::default() };
    for part in root.all("Ntfctn") {
        id(part.one("Id")?)?;
        account(part.path(&["Acct", "Id", "Othr", "Id"])?)?;
        for entry in entries(part)? {
            let Entry { on, is_booked, line } = entry;
            let StatementLine { reference, order, amount, words, .. } = line;
            let ours = order.filter(|order| order.payment().is_some());
            match ours {
                Some(order) if is_booked => {
                    notice.orders.push((order, Standing::Settled(Settled { amount, on, reference })));
                }
                Some(order) => notice.orders.push((order, Standing::Pending)),
                None if is_booked && line.flow == Flow::In => {
                    notice.credits.push(Credit { reference, amount, on, words });
                }
                // What the bank takes by itself, such as its fees, comes with the statement.
                None => {}
            }
        }
    }
    Ok(Incoming::Notification(notice))
}

fn statement_of(root: &Node) -> Result<Statement, IsoError> {
    id(root.path(&["GrpHdr", "MsgId"])?)?;
    let part = root.one("Stmt")?;
    let balance = |code: &str| -> Result<(Money, Date), IsoError> {
        let is_it = |bal: &&Node| bal.path(&["Tp", "CdOrPrtry", "Cd"]).is_ok_and(|found| found.text == code);
        let bal = part.all("Bal").find(is_it).ok_or_else(|| missing(part, &format!("Bal of {code}")))?;
        let amount = unsigned(bal.one("Amt")?)?;
        let minor = if flow(bal.one("CdtDbtInd")?)? == Flow::In { amount.minor() } else { -amount.minor() };
        Ok((Money::new(minor, amount.currency()), date(bal.path(&["Dt", "Dt"])?)?))
    };
    let ((opening, _), (closing, day)) = (balance("OPBD")?, balance("CLBD")?);
    let booked: Vec<Entry> = entries(part)?.into_iter().filter(|entry| entry.is_booked).collect();
    if let Some(summary) = part.maybe("TxsSummry")? {
        // The summary counts entries, however many payments an entry holds.
        let mut all = Vec::new();
        for entry in part.all("Ntry") {
            if entry.path(&["Sts", "Cd"])?.text == "BOOK" {
                all.push((flow(entry.one("CdtDbtInd")?)?, amount(entry.one("Amt")?)?));
            }
        }
        let of = |wanted: Option<Flow>| {
            let found = all.iter().filter(|(flow, _)| wanted.is_none_or(|wanted| *flow == wanted));
            let found: Vec<Money> = found.map(|(_, amount)| *amount).collect();
            (found.len(), sum(found.into_iter()))
        };
        for (name, wanted) in [("TtlNtries", None), ("TtlCdtNtries", Some(Flow::In)), ("TtlDbtNtries", Some(Flow::Out))]
        {
            let Some(total) = summary.maybe(name)? else { continue };
            let (count, sum) = of(wanted);
            if let Some(said) = total.maybe("NbOfNtries")? {
                number(said, "NbOfNtries", count)?;
            }
            if let Some(said) = total.maybe("Sum")? {
                decimal(said, "Sum", sum)?;
            }
        }
    }
    let lines = booked.into_iter().map(|entry| entry.line).collect();
    let account = account(part.path(&["Acct", "Id", "Othr", "Id"])?)?;
    let statement = Statement { id: id(part.one("Id")?)?, account, day, opening, closing, lines };
    statement.check()?;
    Ok(statement)
}

/// An entry of an account, or one transaction of an entry that holds several.
struct Entry {
    on: Date,
    is_booked: bool,
    line: StatementLine,
}

fn entries(part: &Node) -> Result<Vec<Entry>, IsoError> {
    let mut found = Vec::new();
    for entry in part.all("Ntry") {
        entry.one("BkTxCd")?;
        let (total, flow) = (amount(entry.one("Amt")?)?, flow(entry.one("CdtDbtInd")?)?);
        let status = entry.path(&["Sts", "Cd"])?;
        let is_booked = match status.text.as_str() {
            "BOOK" => true,
            "PDNG" | "INFO" | "FUTR" => false,
            _ => return Err(status.bad("BOOK, PDNG, INFO or FUTR")),
        };
        let on = entry.one("BookgDt")?;
        let on = match on.maybe("Dt")? {
            Some(day) => date(day)?,
            None => instant(on.one("DtTm")?)?.date_at_offset(0),
        };
        let reference = entry.maybe("AcctSvcrRef")?.map(id).transpose()?;
        let parts: Vec<&Node> = entry.all("NtryDtls").flat_map(|details| details.all("TxDtls")).collect();
        let line = |of: Option<&Node>, reference: String, amount: Money| -> Result<Entry, IsoError> {
            let text = |path: &[&str]| -> Result<Option<&Node>, IsoError> {
                of.map_or(Ok(None), |details| details.maybe_path(path))
            };
            let order = text(&["Refs", "EndToEndId"])?.filter(|name| name.text != NOT_PROVIDED);
            let order = order.map(order_id).transpose()?;
            let words = text(&["RmtInf", "Ustrd"])?.map(words).transpose()?.unwrap_or_default();
            Ok(Entry { on, is_booked, line: StatementLine { reference, order, amount, flow, words } })
        };
        let own = || reference.clone().ok_or_else(|| missing(entry, "AcctSvcrRef"));
        match parts.as_slice() {
            [] => found.push(line(None, own()?, total)?),
            [one] => found.push(line(Some(one), own()?, total)?),
            several => {
                let mut made = Vec::new();
                for one in several {
                    let reference = id(one.path(&["Refs", "AcctSvcrRef"])?)?;
                    made.push(line(Some(one), reference, amount(one.one("Amt")?)?)?);
                }
                decimal(entry.one("Amt")?, "Amt", sum(made.iter().map(|entry| entry.line.amount)))?;
                found.extend(made);
            }
        }
    }
    Ok(found)
}

fn missing(within: &Node, element: &str) -> IsoError {
    IsoError::Missing { within: within.name.clone(), element: element.to_owned() }
}

fn sum(amounts: impl Iterator<Item = Money>) -> i128 {
    amounts.map(|amount| i128::from(amount.minor())).sum()
}

fn number(node: &Node, element: &'static str, found: usize) -> Result<(), IsoError> {
    let said: usize = match node.text.parse() {
        Ok(said) if node.text.len() <= 15 => said,
        _ => return Err(node.bad("a number of at most 15 digits")),
    };
    if said == found {
        return Ok(());
    }
    Err(IsoError::NotItsParts { element, said: said.to_string(), found: found.to_string() })
}

/// A sum in major units must be that of the parts.
fn decimal(node: &Node, element: &'static str, found: i128) -> Result<(), IsoError> {
    if i128::from(minor_of(node)?) == found {
        return Ok(());
    }
    let found = i64::try_from(found).map_or_else(|_| found.to_string(), basics::money::format_minor);
    Err(IsoError::NotItsParts { element, said: node.text.clone(), found })
}

/// A decimal of at most 18 digits and two places, without a sign.
fn minor_of(node: &Node) -> Result<i64, IsoError> {
    let must = "an amount of at most 18 digits, two of them after the point, without a sign";
    if node.text.starts_with('-') || node.text.bytes().filter(u8::is_ascii_digit).count() > 18 {
        return Err(node.bad(must));
    }
    basics::money::parse_minor(&node.text).map_err(|_| node.bad(must))
}

fn unsigned(node: &Node) -> Result<Money, IsoError> {
    let code = node.currency.as_deref().ok_or_else(|| missing(node, "Ccy"))?;
    let currency = Currency::parse(code).map_err(|_| node.bad("in a currency of three capital letters"))?;
    Ok(Money::new(minor_of(node)?, currency))
}

fn amount(node: &Node) -> Result<Money, IsoError> {
    let amount = unsigned(node)?;
    if amount.is_positive() { Ok(amount) } else { Err(node.bad("more than 0.00")) }
}

fn text_of(node: &Node, chars_max: usize, must: &'static str) -> Result<String, IsoError> {
    let text = node.text.as_str();
    let fits = (1..=chars_max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits && text.trim() == text { Ok(text.to_owned()) } else { Err(node.bad(must)) }
}

fn id(node: &Node) -> Result<String, IsoError> {
    text_of(node, ID_CHARS_MAX, "1 to 35 characters without spaces around them")
}

fn account(node: &Node) -> Result<String, IsoError> {
    text_of(node, 34, "the number of an account, 1 to 34 characters")
}

fn words(node: &Node) -> Result<String, IsoError> {
    text_of(node, WORDS_CHARS_MAX, "1 to 140 characters without spaces around them")
}

fn order_id(node: &Node) -> Result<OrderId, IsoError> {
    OrderId::parse(&node.text).ok_or_else(|| node.bad("1 to 35 printable characters of ASCII"))
}

fn date(node: &Node) -> Result<Date, IsoError> {
    Date::parse(&node.text).map_err(|_| node.bad("a date such as 2026-03-02"))
}

/// A date and time of ISO 8601; without a zone it is UTC.
fn instant(node: &Node) -> Result<Instant, IsoError> {
    let must = "a date and time such as 2026-03-02T08:00:00Z";
    let read = || -> Option<Instant> {
        let (day, time) = node.text.split_once('T')?;
        let day = Date::parse(day).ok()?;
        let (time, shift) = match time.char_indices().find(|(_, c)| matches!(c, 'Z' | '+' | '-')) {
            Some((at, _)) => time.split_at_checked(at)?,
            None => (time, "Z"),
        };
        let (time, _fraction) = time.split_once('.').unwrap_or((time, ""));
        let [h, m, s] = clock(time)?;
        let shift = match shift {
            "Z" => 0,
            shift => {
                let (sign, rest) = shift.split_at_checked(1)?;
                let [hours, minutes, _] = clock(&format!("{rest}:00"))?;
                let seconds = hours * 3_600 + minutes * 60;
                if sign == "-" { -seconds } else { seconds }
            }
        };
        let seconds = i64::from(day.days()) * 86_400 + h * 3_600 + m * 60 + s - shift;
        Some(Instant(seconds.checked_mul(1_000_000)?))
    };
    read().ok_or_else(|| node.bad(must))
}

fn clock(text: &str) -> Option<[i64; 3]> {
    let mut parts = text.split(':').map(|part| {
        let two = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        two.then(|| part.parse().ok()).flatten()
    });
    let found = [parts.next()??, parts.next()??, parts.next()??];
    let [h, m, s] = found;
    (parts.next().is_none() && h < 24 && m < 60 && s < 61).then_some(found)
}

fn flow(node: &Node) -> Result<Flow, IsoError> {
    match node.text.as_str() {
        "CRDT" => Ok(Flow::In),
        "DBIT" => Ok(Flow::Out),
        _ => Err(node.bad("CRDT or DBIT")),
    }
}
