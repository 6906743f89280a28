//! A platform that says no: nobody gets richer by it, and nothing is told of who is not enrolled.

use std::collections::BTreeMap;

use super::household::Standing;
use super::*;
use crate::deed::{Act, Paper, Told, Wanted};
use crate::moments::Lender;

const HOUSEHOLDS: u32 = 400;

fn first() -> Date {
    Date::ymd(2024, 1, 1).unwrap()
}

/// A county in which schemes are common.
fn county() -> County {
    let mut county = County::shipped().unwrap();
    (county.fraud.mules, county.fraud.stolen_names, county.fraud.borrowed_names) = (200, 400, 200);
    county
}

/// A plain lender that says no to some acts, and tells where wallets stand last, as the driver does.
struct Refusing {
    lender: Lender,
    refuses: fn(&Act, usize) -> bool,
    asked: usize,
    /// What was refused: payments into wallets, out of wallets, of loans.
    refused: [usize; 3],
    wallets: BTreeMap<u32, i64>,
}

impl Refusing {
    fn new(refuses: fn(&Act, usize) -> bool) -> Refusing {
        let lender = Lender::new(HOUSEHOLDS as usize);
        Refusing { lender, refuses, asked: 0, refused: [0; 3], wallets: BTreeMap::new() }
    }

    /// The refusals, everything else with the wallets at the end, and what moved in wallets other than cash.
    fn answers(&mut self, date: Date, deeds: &[Deed]) -> (Vec<Reply>, Vec<Reply>, BTreeMap<u32, i64>) {
        let (mut refusals, mut told, mut moved) = (Vec::new(), Vec::new(), BTreeMap::new());
        for deed in deeds {
            let kind = match deed.act {
                Act::PayIn { .. } => Some(0),
                Act::TakeOut { .. } => Some(1),
                Act::Repay { .. } => Some(2),
                _ => None,
            };
            self.asked += usize::from(kind.is_some());
            if let Some(kind) = kind.filter(|_| (self.refuses)(&deed.act, self.asked)) {
                self.refused[kind] += 1;
                refusals.push(Reply { household: deed.household, told: Told::no("refused", &deed.act) });
                continue;
            }
            for reply in self.lender.answers(date, std::slice::from_ref(deed)) {
                let number = reply.household.0;
                let wallet = self.wallets.entry(number).or_default();
                match &reply.told {
                    Told::Wallet { balance_fen } => *wallet = *balance_fen,
                    Told::Drawn { amount_fen, .. } => {
                        *wallet += amount_fen;
                        *moved.entry(number).or_default() += amount_fen;
                    }
                    Told::Paid { amount_fen, .. } => {
                        *wallet -= amount_fen;
                        *moved.entry(number).or_default() -= amount_fen;
                    }
                    Told::Received { from, amount_fen } => {
                        *moved.entry(number).or_default() += amount_fen;
                        *moved.entry(from.0).or_default() -= amount_fen;
                    }
                    _ => {}
                }
                match reply.told {
                    Told::Wallet { .. } => {}
                    Told::No { .. } => refusals.push(reply),
                    _ => told.push(reply),
                }
            }
        }
        for deed in deeds.iter().filter(|deed| !matches!(deed.act, Act::Live(_) | Act::AskLimit)) {
            let balance_fen = self.wallets.get(&deed.household.0).copied().unwrap_or(0);
            told.push(Reply { household: deed.household, told: Told::Wallet { balance_fen } });
        }
        (refusals, told, moved)
    }
}

/// All that households have, less what they owe to other lenders.
fn pots(world: &World) -> i64 {
    let of = |h: &household::Household| h.cash + h.account + h.saved + h.wallet + h.pending - h.owed_other;
    world.folk.households.iter().map(of).sum()
}

/// Every household knows where its wallet stands and what of it is on its way.
fn check_beliefs(world: &World, platform: &Refusing, deeds: &[Deed]) {
    let mut underway: BTreeMap<u32, i64> = BTreeMap::new();
    for deed in deeds {
        *underway.entry(deed.household.0).or_default() += deed.act.back_fen();
    }
    for (number, h) in (0..).zip(&world.folk.households) {
        let wallet = platform.wallets.get(&number).copied().unwrap_or(0);
        let sent = underway.get(&number).copied().unwrap_or(0);
        assert_eq!((h.wallet, h.pending), (wallet, sent), "household {number}");
    }
}

fn lived(refuses: fn(&Act, usize) -> bool) -> Refusing {
    let mut world = World::new(&county(), 4, HOUSEHOLDS, first());
    let mut platform = Refusing::new(refuses);
    for day in 0..500 {
        let date = first().add_days(day);
        let mut deeds = world.morning(date, &platform.lender.night());
        while !deeds.is_empty() {
            check_beliefs(&world, &platform, &deeds);
            let (refusals, told, moved) = platform.answers(date, &deeds);
            let before = pots(&world);
            assert!(world.react(date, &refusals).is_empty());
            assert_eq!(pots(&world), before, "{date}: refusals make and lose no money");
            for (number, h) in (0..).zip(&world.folk.households) {
                let wallet = platform.wallets.get(&number).copied().unwrap_or(0);
                let moved = moved.get(&number).copied().unwrap_or(0);
                assert_eq!(h.wallet + h.pending + moved, wallet, "{date}: household {number} reckons as the books do");
            }
            deeds = world.react(date, &told);
        }
        check_beliefs(&world, &platform, &[]);
        world.evening(date);
        platform.lender.close(date);
    }
    platform
}

#[test]
fn a_refusal_makes_no_money() {
    let mixed = lived(|_, nth| nth % 3 == 0);
    assert!(mixed.refused.iter().all(|count| *count > 20), "{:?}", mixed.refused);
    // Whatever is paid in stays there, since no loan takes it, and whatever is drawn cannot be taken out.
    let stuck = lived(|act, _| !matches!(act, Act::PayIn { .. }));
    assert!(stuck.refused[1] > 20 && stuck.refused[2] > 20, "{:?}", stuck.refused);
}

#[test]
fn what_happened_before_consent_is_never_told() {
    let mut world = World::new(&county(), 4, HOUSEHOLDS, first());
    let is_live = |deed: &Deed| matches!(deed.act, Act::Live(_));
    let mut asked = 0;
    for day in 0..400 {
        let deeds = world.morning(first().add_days(day), &[]);
        asked += deeds.iter().filter(|deed| matches!(deed.act, Act::Enrol(_))).count();
        assert!(!deeds.iter().any(is_live));
        world.evening(first().add_days(day));
    }
    // Feasts, gifts and loans went on for a year, and nobody was answered.
    assert!(asked > 20 && world.folk.waiting.is_empty(), "{asked} asked, {} wait", world.folk.waiting.len());
    let all: Vec<Reply> = world.numbers.iter().map(|who| Reply { household: *who, told: Told::Enrolled }).collect();
    let mut told = world.morning(first().add_days(400), &all);
    for day in 401..440 {
        told.extend(world.morning(first().add_days(day), &[]));
    }
    assert!(told.iter().any(is_live), "from then on it is told");
}

#[test]
fn a_visit_finds_out_a_stolen_name() {
    let mut world = World::new(&county(), 4, HOUSEHOLDS, first());
    let mut lender = Lender::new(HOUSEHOLDS as usize);
    lender.run(&mut world, first(), 60);
    let stolen = |world: &World, who: &HouseholdNo| {
        world.folk.get(who.0).is_some_and(|h| folk::is_stolen(&world.folk.schemes, h))
    };
    let names: Vec<HouseholdNo> = world.numbers.iter().copied().filter(|who| stolen(&world, who)).collect();
    assert!(!names.is_empty() && names.len() < 200);
    for who in &world.numbers {
        assert_eq!(world.visit(*who, first().add_days(60)).is_known, !names.contains(who));
    }
    assert!(world.folk.households.iter().any(|h| h.standing == Standing::Enrolled));
}

/// A plain lender that lets everybody with a line buy by it, and keeps the account.
#[test]
fn what_is_bought_by_line_is_not_paid_for_twice_and_the_shop_is_paid_once() {
    let mut county = County::shipped().unwrap();
    (county.credit.campaign_days, county.place.signal_percent) = (20, 100);
    let mut world = World::new(&county, 9, HOUSEHOLDS, first());
    let (mut lender, mut owed, mut told) = (Lender::new(HOUSEHOLDS as usize), BTreeMap::<u32, i64>::new(), Vec::new());
    let (mut bought, mut paid, mut back, mut opened) = (0, 0, 0, 0);
    for day in 0..500 {
        let date = first().add_days(day);
        told.extend(lender.night());
        if date.day() == 17 {
            let bills = owed.iter().filter(|(_, fen)| **fen > 0).map(|(no, fen)| Reply {
                household: HouseholdNo(*no),
                told: Told::Statement {
                    minimum_fen: fen / 10,
                    whole_fen: *fen,
                    due: date.add_days(3),
                    days_past_due: 0,
                },
            });
            told.extend(bills);
        }
        let mut deeds = world.morning(date, &told);
        told.clear();
        for _ in 0..4 {
            let mut answers = Vec::new();
            for deed in &deeds {
                let no = deed.household.0;
                let reply = match &deed.act {
                    Act::SellOnLines { .. } => Told::SellsOnLines,
                    Act::OpenLine { limit_fen, .. } => {
                        opened += 1;
                        owed.insert(no, 0);
                        Told::LineOpen { limit_fen: *limit_fen }
                    }
                    Act::Buy { shop, amount_fen } => {
                        assert!(world.folk.get(shop.0).is_some_and(|h| h.takings_fen > 0), "a shop sells");
                        bought += amount_fen;
                        *owed.get_mut(&no).expect("only who has a line buys by it") += amount_fen;
                        Told::Bought { shop: *shop, amount_fen: *amount_fen }
                    }
                    Act::PayLine { amount_fen } => {
                        let left = owed.get_mut(&no).expect("only who has a line pays it");
                        assert!(*amount_fen <= *left);
                        *left -= amount_fen;
                        paid += amount_fen;
                        Told::LinePaid { amount_fen: *amount_fen, owed_fen: *left }
                    }
                    Act::BringBack => {
                        back += 1;
                        Told::NotOnLine { code: "shut".to_owned() }
                    }
                    _ => continue,
                };
                answers.push(Reply { household: deed.household, told: reply });
            }
            answers.extend(lender.answers(date, &deeds));
            deeds = world.react(date, &answers);
        }
        world.evening(date);
        lender.close(date);
    }
    assert!(opened > 3 && bought > 0 && paid > 0 && back > 0, "{opened} {bought} {paid} {back}");
    // Nobody uses up or is paid for more than was bought, and what is owed is what was bought less what was paid.
    let lines = || world.folk.households.iter().filter_map(|h| h.on_line.as_deref());
    assert_eq!(lines().map(|l| l.owed_fen).sum::<i64>(), bought - paid);
    assert!(lines().all(|l| l.goods_fen >= 0 && l.sold_fen >= 0 && l.owed_fen <= l.limit_fen));
    assert!(lines().map(|l| l.goods_fen).sum::<i64>() < bought && lines().map(|l| l.sold_fen).sum::<i64>() < bought);
}

/// A county whose first household is enrolled and has asked for a loan.
fn asking() -> World {
    let mut world = World::new(&county(), 4, HOUSEHOLDS, first());
    let asking = household::Asking {
        mine: 3,
        reason: Reason::Machine,
        amount_fen: 1_000_000,
        since: first().days(),
        has_asked_person: false,
    };
    let h = world.folk.get_mut(0).unwrap();
    (h.standing, h.asking, h.scheme) = (Standing::Enrolled, Some(asking), 0);
    world
}

fn tell(world: &mut World, told: Told) -> Vec<Act> {
    let deeds = world.react(first(), &[Reply { household: HouseholdNo(0), told }]);
    deeds.into_iter().map(|deed| deed.act).collect()
}

#[test]
fn a_no_ends_the_application_that_it_is_about_and_no_other() {
    let mut world = asking();
    let others = [
        Act::PayIn { amount_fen: 100 },
        Act::TakeOut { amount_fen: 100 },
        Act::Give { to: HouseholdNo(1), amount_fen: 100 },
        Act::Repay { mine: 3, pay: crate::deed::Pay::Due },
        Act::PayByCode { shop: HouseholdNo(1), amount_fen: 100 },
        Act::ShowUse { mine: 3 },
        Act::AskLimit,
        Act::Accept { mine: 2 },
    ];
    for act in others {
        assert!(tell(&mut world, Told::no("no", &act)).is_empty());
        assert!(world.folk.get(0).unwrap().asking.is_some(), "{act:?}");
    }
    for act in [Act::Accept { mine: 3 }, Act::Decline { mine: 3 }, Act::BringPapers { mine: 3, papers: Vec::new() }] {
        let mut world = asking();
        assert!(tell(&mut world, Told::no("no", &act)).is_empty());
        assert!(world.folk.get(0).unwrap().asking.is_none(), "{act:?}");
    }
}

#[test]
fn papers_are_brought_by_those_who_have_them() {
    let wanted = |papers: Vec<Wanted>| Told::PapersWanted { mine: 3, papers };
    let signs = || vec![Wanted::Spouse { signs: true }];
    let household = |adults: u8, elders: u8, refuses: i64| {
        let mut world = asking();
        world.county.papers.as_mut().unwrap().spouse_refuses_percent = refuses;
        let h = world.folk.get_mut(0).unwrap();
        (h.adults, h.elders) = (adults, elders);
        world
    };
    let brings = |paper| vec![Act::BringPapers { mine: 3, papers: vec![paper] }];
    assert_eq!(tell(&mut household(2, 0, 0), wanted(signs())), brings(Paper::Spouse { signs: true }));
    assert_eq!(tell(&mut household(0, 1, 0), wanted(signs())), brings(Paper::NoSpouse { is_widowed: true }));
    assert_eq!(tell(&mut household(1, 0, 100), wanted(signs())), brings(Paper::NoSpouse { is_widowed: false }));
    for (mut world, papers) in [
        (household(2, 0, 100), signs()),
        (household(2, 0, 0), vec![Wanted::Other("the document `green-certificate`".to_owned())]),
    ] {
        assert!(tell(&mut world, wanted(papers)).is_empty());
        let h = world.folk.get(0).unwrap();
        assert!(
            h.asking.is_none() && h.asks_from > first().days() + 80,
            "the contract lapses, and it does not ask at once"
        );
    }
}

#[test]
fn receipts_are_shown_after_a_week_by_those_who_keep_them() {
    for keeps in [100, 0] {
        let mut world = asking();
        world.county.papers.as_mut().unwrap().receipts_percent = keeps;
        let by = first().add_days(30);
        tell(
            &mut world,
            Told::Drawn { mine: 3, amount_fen: 1_000_000, dues: vec![(first().add_days(300), 1_050_000)] },
        );
        tell(&mut world, Told::UseWanted { mine: 3, by });
        let mut shown = Vec::new();
        for day in 1..30 {
            let date = first().add_days(day);
            let deeds = world.morning(date, &[]);
            let own = deeds.into_iter().filter(|deed| deed.household.0 == 0 && deed.act == Act::ShowUse { mine: 3 });
            shown.extend(own.map(|_| day));
        }
        assert_eq!(shown.len(), usize::from(keeps == 100), "{shown:?}");
        assert!(shown.iter().all(|day| *day >= 7));
    }
}

#[test]
fn lessons_are_noted_of_those_who_are_enrolled_and_slips_are_shown() {
    let mut world = asking();
    world.county.lessons.as_mut().unwrap().come_percent = 100;
    world.county.papers.as_mut().unwrap().slips_percent = 100;
    for h in &mut world.folk.households {
        h.standing = Standing::Enrolled;
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for day in 0..365 {
        let date = first().add_days(day);
        world.lessons(date);
        for deed in world.morning(date, &[]) {
            let Act::Live(lived) = deed.act else { continue };
            for lived in lived {
                let name = match lived.kind {
                    insight::EventKind::TrainingAttended => "lesson",
                    insight::EventKind::HarvestExpected => "expected",
                    insight::EventKind::HarvestWeighed => "weighed",
                    _ => continue,
                };
                assert_eq!(lived.kind.measure().is_some(), lived.measure.is_some_and(|kg| kg > 0));
                *seen.entry(name).or_default() += 1;
            }
        }
        world.evening(date);
    }
    let count = |name| seen.get(name).copied().unwrap_or(0);
    // Two lessons a year in each village, less what is not told by the end of it.
    assert!(count("lesson") > HOUSEHOLDS as usize && count("lesson") <= 2 * HOUSEHOLDS as usize + 400, "{seen:?}");
    assert!(count("weighed") > 200 && count("expected") > 200, "{seen:?}");
}
