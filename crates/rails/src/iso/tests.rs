use basics::{Cell, Currency, Date, Id, Instant, Money};
use proptest::prelude::*;

use super::*;
use crate::payment::{Flow, Party, Settled, Standing, Statement, StatementLine, Way};

fn yuan(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

fn day() -> Date {
    Date::ymd(2026, 3, 2).unwrap()
}

fn noon() -> Instant {
    Instant(i64::from(day().days()) * 86_400_000_000 + 43_200_000_000)
}

fn order(n: u128, minor: i64) -> PaymentOrder {
    PaymentOrder {
        id: OrderId::of(Cell(3), Id::from_u128(n)),
        way: Way::PayOut,
        amount: yuan(minor),
        party: Party {
            name: "王 & 李 <合作社>".into(),
            account: "6222000000000000001".into(),
            bank: "102100099996".into(),
        },
        purpose: "化肥款".into(),
        on: day(),
        last_day: day(),
    }
}

fn two_orders() -> Initiation {
    Initiation {
        message: "M-1".into(),
        created: noon(),
        from: OwnAccount { name: "Test Co-operative".into(), account: "1002".into(), bank: "402".into() },
        on: day(),
        orders: vec![order(1, 12_345), order(2, 100)],
    }
}

fn line(reference: &str, flow: Flow, minor: i64, order: Option<u128>) -> StatementLine {
    let order = order.map(|n| OrderId::of(Cell(3), Id::from_u128(n)));
    StatementLine { reference: reference.into(), order, amount: yuan(minor), flow, words: "化肥款".into() }
}

fn a_day() -> Statement {
    Statement {
        id: "ST-2026-03-02".into(),
        account: "1002".into(),
        day: day(),
        opening: yuan(-5_000),
        closing: yuan(40_000),
        lines: vec![line("B1", Flow::In, 50_000, None), line("B2", Flow::Out, 5_000, Some(1))],
    }
}

#[test]
fn an_initiation_is_read_as_it_was_written() {
    let text = initiation(&two_orders());
    assert_eq!(read_initiation(&text), Ok(two_orders()));
    insta::assert_snapshot!(text.lines().skip(1).take(14).collect::<Vec<_>>().join("\n"), @r#"
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">
      <CstmrCdtTrfInitn>
        <GrpHdr>
          <MsgId>M-1</MsgId>
          <CreDtTm>2026-03-02T12:00:00.000000Z</CreDtTm>
          <NbOfTxs>2</NbOfTxs>
          <CtrlSum>124.45</CtrlSum>
          <InitgPty>
            <Nm>Test Co-operative</Nm>
          </InitgPty>
        </GrpHdr>
        <PmtInf>
          <PmtInfId>M-1</PmtInfId>
          <PmtMtd>TRF</PmtMtd>
    "#);
}

/// What each change of the message makes of it.
#[test]
fn what_breaks_a_rule_of_the_schema_is_refused_by_name() {
    let text = initiation(&two_orders());
    let said = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from} stands in the message");
        read_initiation(&changed).unwrap_err().to_string()
    };
    let told = [
        said("<NbOfTxs>2<", "<NbOfTxs>3<"),
        said("<CtrlSum>124.45<", "<CtrlSum>124.46<"),
        said("<MsgId>M-1</MsgId>", ""),
        said("<MsgId>M-1<", "<MsgId>M-1-234567890123456789012345678901234567890<"),
        said("Ccy=\"CNY\">123.45", "Ccy=\"CNY\">123.456"),
        said("Ccy=\"CNY\">123.45", "Ccy=\"CNY\">0.00"),
        said("Ccy=\"CNY\">123.45", "Ccy=\"cny\">123.45"),
        said(" Ccy=\"CNY\">123.45", ">123.45"),
        said("<Dt>2026-03-02<", "<Dt>02.03.2026<"),
        said("<CreDtTm>2026-03-02T12:00:00.000000Z<", "<CreDtTm>2026-03-02 12:00<"),
        said("<PmtMtd>TRF<", "<PmtMtd>CHK<"),
        said("pain.001.001.09", "pain.001.001.03"),
        said("&amp;", "&evil;"),
        said("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>"),
        said("<PmtMtd>TRF</PmtMtd>", "<PmtMtd>TRF</PmtMtd><PmtMtd>TRF</PmtMtd>"),
        read_initiation(&statement("S", noon(), &a_day())).unwrap_err().to_string(),
        read_initiation("").unwrap_err().to_string(),
        read_initiation("<a></a><b></b>").unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    <NbOfTxs> says 3, the message has 2: it is cut short or was changed, ask for it again
    <CtrlSum> says 124.46, the message has 124.45: it is cut short or was changed, ask for it again
    <MsgId> is missing in <GrpHdr>
    <MsgId> holds `M-1-234567890123456789012345678901234567`: it must be 1 to 35 characters without spaces around them
    <InstdAmt> holds `123.456`: it must be an amount of at most 18 digits, two of them after the point, without a sign
    <InstdAmt> holds `0.00`: it must be more than 0.00
    <InstdAmt> holds `123.45`: it must be in a currency of three capital letters
    <Ccy> is missing in <InstdAmt>
    <Dt> holds `02.03.2026`: it must be a date such as 2026-03-02
    <CreDtTm> holds `2026-03-02 12:00`: it must be a date and time such as 2026-03-02T08:00:00Z
    <PmtMtd> holds `CHK`: it must be TRF
    this is pain.001.001.03, expected was pain.001.001.09
    this is no XML that is read here: &evil; is nothing here
    this is no XML that is read here: it has instructions or a document type
    <PmtMtd> stands in <PmtInf> more than once
    this is camt.053.001.08, expected was pain.001.001.09
    this is no XML that is read here: it is empty
    this is no XML that is read here: it has more than one document
    ");
}

#[test]
fn statuses_come_through() {
    let id = |n| OrderId::of(Cell(3), Id::from_u128(n));
    let done = Settled { amount: yuan(12_345), on: day(), reference: "B7".into() };
    let refused = Standing::Refused { code: "AC04".into(), reason: "account closed".into() };
    let told = vec![
        (id(1), Some(yuan(12_345)), Standing::Settled(done.clone())),
        (id(2), None, refused),
        (id(3), Some(yuan(5)), Standing::Pending),
    ];
    let text = status_report("R-1", noon(), "M-1", &told);
    assert_eq!(read(&text), Ok(Incoming::Status { message: "R-1".into(), told }));
    let lacking = text.replacen("<AcctSvcrRef>B7</AcctSvcrRef>", "", 1);
    assert_eq!(read(&lacking).unwrap_err().to_string(), "<AcctSvcrRef> is missing in <TxInfAndSts>");
    let strange = text.replacen("ACSC", "DONE", 1);
    let said = "<TxSts> holds `DONE`: it must be a status of a payment, such as ACCP, ACSC or RJCT";
    assert_eq!(read(&strange).unwrap_err().to_string(), said);
}

#[test]
fn a_notification_tells_of_our_orders_and_of_money_from_others() {
    let lines = [line("B1", Flow::In, 500, None), line("B2", Flow::Out, 700, Some(9)), line("B3", Flow::Out, 30, None)];
    let text = notification("N-1", noon(), "1002", day(), &lines);
    let Ok(Incoming::Notification(notice)) = read(&text) else { panic!("{text}") };
    assert_eq!(notice.orders.len(), 1, "the bank's own fee is no order");
    let done = Settled { amount: yuan(700), on: day(), reference: "B2".into() };
    assert_eq!(notice.orders[0].1, Standing::Settled(done));
    assert_eq!((notice.credits.len(), notice.credits[0].reference.as_str()), (1, "B1"));
}

#[test]
fn a_statement_comes_through_and_one_that_was_changed_does_not() {
    let text = statement("S-1", noon(), &a_day());
    assert_eq!(read_statement(&text), Ok(a_day()));
    let said = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from} stands in the message");
        read_statement(&changed).unwrap_err().to_string()
    };
    let entry = text.split("<Ntry>").nth(2).unwrap().split("</Ntry>").next().unwrap();
    insta::assert_snapshot!([
        said(&format!("<Ntry>{entry}</Ntry>"), ""),
        said("<NbOfNtries>1<", "<NbOfNtries>2<"),
        said("<Sum>500.00<", "<Sum>500.01<"),
        said("Ccy=\"CNY\">400.00", "Ccy=\"CNY\">400.01"),
        said("<AcctSvcrRef>B2<", "<AcctSvcrRef>B1<"),
        said("<Cd>CLBD<", "<Cd>ITBD<"),
        said("<CdtDbtInd>CRDT</CdtDbtInd>\n        <Sts>", "<CdtDbtInd>C</CdtDbtInd>\n        <Sts>"),
    ].join("\n"), @r"
    <NbOfNtries> says 1, the message has 0: it is cut short or was changed, ask for it again
    <NbOfNtries> says 2, the message has 1: it is cut short or was changed, ask for it again
    <Sum> says 500.01, the message has 500.00: it is cut short or was changed, ask for it again
    statement ST-2026-03-02 does not add up: -50.00 and its 2 lines make 400.00, it closes with 400.01: it is cut short or was changed, ask the bank for it again
    statement ST-2026-03-02 has the reference B1 twice: ask the bank for it again
    <Bal of CLBD> is missing in <Stmt>
    <CdtDbtInd> holds `C`: it must be CRDT or DBIT
    ");
}

#[test]
fn an_entry_of_several_payments_is_told_payment_by_payment() {
    let text = statement("S-1", noon(), &a_day());
    let one = text.split("<NtryDtls>").nth(2).unwrap().split("</NtryDtls>").next().unwrap();
    let part = |reference: &str, amount: &str| {
        format!(
            "<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef><EndToEndId>{reference}</EndToEndId></Refs>\
             <Amt Ccy=\"CNY\">{amount}</Amt></TxDtls>"
        )
    };
    let batch = |second: &str| text.replacen(one, &(part("C1", "20.00") + &part("C2", second)), 1);
    let read = read_statement(&batch("30.00")).unwrap();
    let told: Vec<(&str, i64)> = read.lines.iter().map(|l| (l.reference.as_str(), l.amount.minor())).collect();
    assert_eq!(told, [("B1", 50_000), ("C1", 2_000), ("C2", 3_000)]);
    let short = read_statement(&batch("29.00")).unwrap_err().to_string();
    assert_eq!(short, "<Amt> says 50.00, the message has 49.00: it is cut short or was changed, ask for it again");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_beginning_of_a_message_is_taken_for_it(cut in 0usize..10_000) {
        let text = statement("S-1", noon(), &a_day());
        let text = text.trim_end();
        let mut end = cut % text.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        prop_assert!(read_statement(&text[..end]).is_err(), "{}", &text[..end]);
    }

    #[test]
    fn any_names_and_amounts_survive_the_trip(name in "[^\\p{C}\\s]{1,60}", minor in 1i64..1_000_000_000_000) {
        let mut told = two_orders();
        told.orders[0].party.name = name;
        told.orders[1].amount = yuan(minor);
        prop_assert_eq!(read_initiation(&initiation(&told)), Ok(told));
    }

    #[test]
    fn any_text_is_answered(text in ".{0,200}") {
        let _ = read(&text);
        let _ = read_initiation(&text);
    }
}
