//! A small village of people for tests of the driver: each does what its number says, and pays while its number lets it.

use std::collections::BTreeMap;

use basics::{Date, Id};
use insight::{Channel, EventKind, Purchase};
use sim::deed::{Act, Deed, Finding, HouseholdNo, Lived, Paper, Pay, Person, Reply, Spouse, Told, Way};
use sim::drive::People;

/// The village, and all it was told.
pub struct Village {
    pub first: Date,
    pub households: u32,
    pub told: Vec<(Date, Reply)>,
    pub visits: usize,
    /// What each last heard of its wallet and of the principal it owes, in fen.
    pub wallets: BTreeMap<u32, i64>,
    pub owes: BTreeMap<u32, i64>,
}

impl Village {
    pub fn new(first: Date, households: u32) -> Village {
        Village { first, households, told: Vec::new(), visits: 0, wallets: BTreeMap::new(), owes: BTreeMap::new() }
    }

    /// Who sells on statement lines, and who buys there.
    pub const SHOP: u32 = 23;
    pub const SHOPPER: u32 = 2;
    /// Who pays by its code.
    pub const PAYER: u32 = 9;
    /// Who borrow what waits for papers: one without a spouse, who never shows a receipt, and one with.
    pub const WIDOWED: u32 = 8;
    pub const MARRIED: u32 = 11;

    /// What shop and shopper do with a line: the loan is paid off first, then there is room for it.
    fn shopping(since: i32) -> Vec<Deed> {
        let shop = HouseholdNo(Village::SHOP);
        let own = |second, act| Village::deed(Village::SHOPPER, second, act);
        match since {
            3 => vec![Village::deed(Village::SHOP, 37_000, Act::SellOnLines { discount_bp: 60 })],
            10 => vec![
                Village::deed(Village::PAYER, 37_000, Act::PayByCode { shop, amount_fen: 2_500 }),
                Village::deed(Village::PAYER, 37_001, Act::PayByCode { shop: HouseholdNo(22), amount_fen: 1_000 }),
                Village::deed(Village::PAYER, 37_002, Act::PayByCode { shop, amount_fen: 9_000_000 }),
            ],
            24 => vec![own(37_000, Act::OpenLine { limit_fen: 200_000, months: 12 })],
            25 => vec![
                own(37_000, Act::PayIn { amount_fen: 600_000 }),
                own(37_001, Act::Repay { mine: 1, pay: Pay::Off }),
            ],
            26 => vec![own(37_000, Act::OpenLine { limit_fen: 200_000, months: 12 })],
            27 => vec![
                own(37_000, Act::Buy { shop, amount_fen: 30_000 }),
                own(37_001, Act::BringBack),
                own(37_002, Act::BringBack),
            ],
            28 => vec![
                own(37_000, Act::Buy { shop, amount_fen: 45_000 }),
                own(37_001, Act::Buy { shop, amount_fen: 170_000 }),
                own(37_002, Act::Buy { shop: HouseholdNo(22), amount_fen: 1_000 }),
            ],
            _ => Vec::new(),
        }
    }

    pub fn id(no: u32) -> Id {
        Id::default().derive(&format!("village {no}"))
    }

    fn person(no: u32) -> Person {
        let spouse =
            |no| Spouse { name: format!("示范{no}配偶"), resident_id: Village::resident_id("9900011", no) };
        Person {
            id: Village::id(no),
            village: format!("村{}", no % 3),
            name: format!("示范{no}"),
            resident_id: Village::resident_id("9900001", no),
            phone: format!("170{no:08}"),
            consents: vec![("platform".to_owned(), "2026-01".to_owned())],
            spouse: Some(no).filter(|no| no % 2 == 1).map(spouse),
        }
    }

    fn resident_id(area: &str, no: u32) -> String {
        let body = format!("{area}98{}{:02}{:02}{:03}", no % 10, 1 + no % 12, 1 + no % 28, no % 1_000);
        let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        let check = char::from(b"10X98765432"[(sum % 11) as usize]);
        format!("{body}{check}")
    }

    fn deed(no: u32, second: u32, act: Act) -> Deed {
        let way = if no.is_multiple_of(4) { Way::Window } else { Way::Phone };
        Deed { household: HouseholdNo(no), second, way, act }
    }

    fn listen(&mut self, date: Date, told: &[Reply]) -> Vec<Deed> {
        let mut deeds = Vec::new();
        for reply in told {
            self.told.push((date, reply.clone()));
            let no = reply.household.0;
            match &reply.told {
                Told::Wallet { balance_fen } => {
                    self.wallets.insert(no, *balance_fen);
                }
                Told::Drawn { mine, amount_fen, .. } => {
                    self.owes.insert(no, *amount_fen);
                    deeds.push(Village::deed(no, 50_000, Act::TakeOut { amount_fen: amount_fen / 2 }));
                    // Some see at once that they will need longer; one of them thinks better of it.
                    if no % 6 == 1 {
                        deeds.push(Village::deed(no, 51_000, Act::AskReplan { mine: *mine }));
                    }
                }
                Told::PapersWanted { mine, .. } => {
                    let paper = match no % 2 {
                        1 => Paper::Spouse { signs: true },
                        _ => Paper::NoSpouse { is_widowed: true },
                    };
                    deeds.push(Village::deed(no, 48_000, Act::BringPapers { mine: *mine, papers: vec![paper] }));
                }
                Told::UseWanted { mine, .. } if no == Village::MARRIED => {
                    deeds.push(Village::deed(no, 52_000, Act::ShowUse { mine: *mine }));
                }
                Told::ChangeProposed { mine, .. } if no != 13 => {
                    deeds.push(Village::deed(no, 39_000, Act::Agree { mine: *mine }));
                }
                Told::Paid { outstanding_fen, .. } => {
                    self.owes.insert(no, *outstanding_fen);
                }
                Told::Offered { mine, .. } if !no.is_multiple_of(7) => {
                    deeds.push(Village::deed(no, 40_000, Act::Accept { mine: *mine }));
                }
                Told::Offered { mine, .. } => deeds.push(Village::deed(no, 40_000, Act::Decline { mine: *mine })),
                Told::Statement { whole_fen, .. } => {
                    deeds.push(Village::deed(no, 42_000, Act::PayLine { amount_fen: *whole_fen }));
                }
                // Every fifth never pays; the others pay on the day.
                Told::Due { mine, amount_fen, days_past_due: 0, date: due }
                    if !no.is_multiple_of(5) && *due == date =>
                {
                    deeds.push(Village::deed(no, 41_000, Act::PayIn { amount_fen: *amount_fen }));
                    deeds.push(Village::deed(no, 41_001, Act::Repay { mine: *mine, pay: Pay::Due }));
                }
                _ => {}
            }
        }
        deeds.sort_by_key(|deed| (deed.second, deed.household));
        deeds
    }
}

/// Whether a household asks for a loan that waits for papers.
fn is_large(no: u32) -> bool {
    no == Village::WIDOWED || no == Village::MARRIED
}

impl People for Village {
    fn morning(&mut self, date: Date, told: &[Reply]) -> Vec<Deed> {
        let mut deeds = self.listen(date, told);
        let since = date - self.first;
        deeds.extend(Village::shopping(since));
        for no in 0..self.households {
            let lived = |kind, amount_fen| Lived {
                kind,
                amount_fen,
                balance_after_fen: None,
                counterparty: Some(u64::from(no % 3)),
                channel: Channel::OwnBusiness,
                measure: None,
            };
            if since == 0 {
                deeds.push(Village::deed(no, 28_800, Act::Enrol(Village::person(no))));
                deeds.push(Village::deed(no, 28_900, Act::PayIn { amount_fen: 100_000 + i64::from(no) }));
            }
            if since > 0 && (since + no as i32) % 3 == 0 {
                // Who borrows more has more coming in.
                let income = if is_large(no) { 200_000 } else { 20_000 + i64::from(no) * 100 };
                let lived = vec![
                    lived(EventKind::PaymentIn, income),
                    lived(EventKind::Purchase(Purchase::Food), -3_000 - i64::from(since % 9) * 100),
                ];
                deeds.push(Village::deed(no, 30_000 + no, Act::Live(lived)));
            }
            if since == 20 + (no % 5) as i32 {
                let product = if is_large(no) { "quarterly-interest" } else { "short-working-capital" };
                deeds.push(Village::deed(no, 36_000, Act::AskLimit));
                deeds.push(Village::deed(
                    no,
                    36_001,
                    Act::Apply {
                        mine: 1,
                        product: product.to_owned(),
                        amount_fen: 500_000,
                        months: 6,
                        purpose: "farming-inputs".to_owned(),
                        region: String::new(),
                        crops: Vec::new(),
                    },
                ));
            }
            if since > 1 && (since + no as i32) % 11 == 0 {
                let to = HouseholdNo((no + 1) % self.households);
                deeds.push(Village::deed(no, 45_000, Act::Give { to, amount_fen: 1_000 }));
            }
        }
        deeds.sort_by_key(|deed| (deed.second, deed.household));
        deeds
    }

    fn react(&mut self, date: Date, told: &[Reply]) -> Vec<Deed> {
        self.listen(date, told)
    }

    fn visit(&mut self, household: HouseholdNo, _: Date) -> Finding {
        self.visits += 1;
        Finding { is_known: true, capacity_fen: 300_000, standing: (household.0 % 3) as i8 - 1, purpose_seen: true }
    }

    fn evening(&mut self, _: Date) {}

    fn is_window_out(&self, _: HouseholdNo, date: Date) -> bool {
        (50..55).contains(&(date - self.first))
    }
}
