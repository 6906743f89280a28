//! Initiations as the institution writes them, and the messages of a bank as a sandbox writes them.

use basics::{Date, Instant, Money};

use super::xml::Written;
use super::{CAMT_053, CAMT_054, Initiation, PAIN_001, PAIN_002, Told};
use crate::payment::{Flow, Standing, Statement, StatementLine};

/// Writes `pain.001`. What `read_initiation` would refuse must not get here: names, purposes and accounts of the lengths that
/// [`crate::payment`] names.
pub fn initiation(told: &Initiation) -> String {
    let count = told.orders.len().to_string();
    let sum: i128 = told.orders.iter().map(|order| i128::from(order.amount.minor())).sum();
    let sum = basics::money::format_minor(i64::try_from(sum).unwrap_or(i64::MAX));
    let mut out = Written::document(PAIN_001);
    out.begin(&["CstmrCdtTrfInitn", "GrpHdr"]);
    out.leaf("MsgId", &told.message);
    out.leaf("CreDtTm", told.created.to_rfc3339());
    out.leaf("NbOfTxs", &count);
    out.leaf("CtrlSum", &sum);
    out.leaf_in(&["InitgPty"], "Nm", &told.from.name);
    out.end(1);
    out.begin(&["PmtInf"]);
    out.leaf("PmtInfId", &told.message);
    out.leaf("PmtMtd", "TRF");
    out.leaf("NbOfTxs", &count);
    out.leaf("CtrlSum", &sum);
    out.leaf_in(&["ReqdExctnDt"], "Dt", told.on.to_string());
    out.leaf_in(&["Dbtr"], "Nm", &told.from.name);
    out.leaf_in(&["DbtrAcct", "Id", "Othr"], "Id", &told.from.account);
    out.leaf_in(&["DbtrAgt", "FinInstnId", "ClrSysMmbId"], "MmbId", &told.from.bank);
    for order in &told.orders {
        out.begin(&["CdtTrfTxInf"]);
        out.leaf_in(&["PmtId"], "EndToEndId", order.id.as_str());
        out.begin(&["Amt"]);
        out.amount("InstdAmt", order.amount);
        out.end(1);
        out.leaf_in(&["CdtrAgt", "FinInstnId", "ClrSysMmbId"], "MmbId", &order.party.bank);
        out.leaf_in(&["Cdtr"], "Nm", &order.party.name);
        out.leaf_in(&["CdtrAcct", "Id", "Othr"], "Id", &order.party.account);
        out.leaf_in(&["RmtInf"], "Ustrd", &order.purpose);
        out.end(1);
    }
    out.finish()
}

/// Writes `pain.002`: how orders of an initiation stand. Orders that are not known are left out.
pub fn status_report(message: &str, created: Instant, original: &str, told: &[Told]) -> String {
    let mut out = Written::document(PAIN_002);
    out.begin(&["CstmrPmtStsRpt", "GrpHdr"]);
    out.leaf("MsgId", message);
    out.leaf("CreDtTm", created.to_rfc3339());
    out.end(1);
    out.begin(&["OrgnlGrpInfAndSts"]);
    out.leaf("OrgnlMsgId", original);
    out.leaf("OrgnlMsgNmId", PAIN_001);
    out.end(1);
    out.begin(&["OrgnlPmtInfAndSts"]);
    out.leaf("OrgnlPmtInfId", original);
    for (order, asked, standing) in told {
        let code = match standing {
            Standing::Unknown => continue,
            Standing::Pending => "ACSP",
            Standing::Settled(_) => "ACSC",
            Standing::Refused { .. } => "RJCT",
        };
        out.begin(&["TxInfAndSts"]);
        out.leaf("OrgnlEndToEndId", order.as_str());
        out.leaf("TxSts", code);
        if let Standing::Refused { code, reason } = standing {
            out.begin(&["StsRsnInf"]);
            out.leaf_in(&["Rsn"], "Cd", code);
            out.leaf("AddtlInf", reason);
            out.end(1);
        }
        if let Standing::Settled(done) = standing {
            out.leaf("AcctSvcrRef", &done.reference);
        }
        let (amount, on) = match standing {
            Standing::Settled(done) => (Some(done.amount), Some(done.on)),
            _ => (*asked, None),
        };
        if let Some(amount) = amount {
            out.begin(&["OrgnlTxRef", "Amt"]);
            out.amount("InstdAmt", amount);
            out.end(1);
            if let Some(on) = on {
                out.leaf("IntrBkSttlmDt", on.to_string());
            }
            out.end(1);
        }
        out.end(1);
    }
    out.finish()
}

/// Writes `camt.054`: entries that were booked on a day.
pub fn notification(message: &str, created: Instant, account: &str, on: Date, lines: &[StatementLine]) -> String {
    let mut out = Written::document(CAMT_054);
    out.begin(&["BkToCstmrDbtCdtNtfctn", "GrpHdr"]);
    out.leaf("MsgId", message);
    out.leaf("CreDtTm", created.to_rfc3339());
    out.end(1);
    out.begin(&["Ntfctn"]);
    out.leaf("Id", message);
    out.leaf("CreDtTm", created.to_rfc3339());
    out.leaf_in(&["Acct", "Id", "Othr"], "Id", account);
    for line in lines {
        entry(&mut out, on, line);
    }
    out.finish()
}

/// Writes `camt.053`: the statement of a day.
pub fn statement(message: &str, created: Instant, told: &Statement) -> String {
    let mut out = Written::document(CAMT_053);
    out.begin(&["BkToCstmrStmt", "GrpHdr"]);
    out.leaf("MsgId", message);
    out.leaf("CreDtTm", created.to_rfc3339());
    out.end(1);
    out.begin(&["Stmt"]);
    out.leaf("Id", &told.id);
    out.leaf("CreDtTm", created.to_rfc3339());
    out.leaf_in(&["Acct", "Id", "Othr"], "Id", &told.account);
    for (code, balance) in [("OPBD", told.opening), ("CLBD", told.closing)] {
        out.begin(&["Bal"]);
        out.leaf_in(&["Tp", "CdOrPrtry"], "Cd", code);
        out.amount("Amt", Money::new(balance.minor().saturating_abs(), balance.currency()));
        out.leaf("CdtDbtInd", if balance.minor() < 0 { "DBIT" } else { "CRDT" });
        out.leaf_in(&["Dt"], "Dt", told.day.to_string());
        out.end(1);
    }
    out.begin(&["TxsSummry"]);
    for (name, flow) in [("TtlCdtNtries", Flow::In), ("TtlDbtNtries", Flow::Out)] {
        let amounts: Vec<i64> =
            told.lines.iter().filter(|line| line.flow == flow).map(|line| line.amount.minor()).collect();
        out.begin(&[name]);
        out.leaf("NbOfNtries", amounts.len().to_string());
        out.leaf("Sum", basics::money::format_minor(amounts.iter().fold(0, |sum, one| sum.saturating_add(*one))));
        out.end(1);
    }
    out.end(1);
    for line in &told.lines {
        entry(&mut out, told.day, line);
    }
    out.finish()
}

fn entry(out: &mut Written, on: Date, line: &StatementLine) {
    out.begin(&["Ntry"]);
    out.amount("Amt", line.amount);
    out.leaf("CdtDbtInd", if line.flow == Flow::In { "CRDT" } else { "DBIT" });
    out.leaf_in(&["Sts"], "Cd", "BOOK");
    out.leaf_in(&["BookgDt"], "Dt", on.to_string());
    out.leaf("AcctSvcrRef", &line.reference);
    out.leaf_in(&["BkTxCd", "Prtry"], "Cd", "TRF");
    out.begin(&["NtryDtls", "TxDtls"]);
    out.leaf_in(&["Refs"], "EndToEndId", line.order.as_ref().map_or("NOTPROVIDED", |order| order.as_str()));
    if !line.words.is_empty() {
        out.leaf_in(&["RmtInf"], "Ustrd", &line.words);
    }
    out.end(3);
}
